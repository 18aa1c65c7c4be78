// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cjson/cJSON.h>

#include "capture/containers/monitor.h"
#include "capture/containers/runtime.h"
#include "engine/state/state.h"

#define MAX_LABELS 256u
#define MAX_MOUNTS 256u
#define MAX_ENV 1024u
#define N(a) (sizeof(a) / sizeof(*(a)))

const char *cap_json__text(const cJSON *obj, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(obj, key);

	return cJSON_IsString(v) ? v->valuestring : "";
}

const cJSON *cap_json__part(const cJSON *obj, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(obj, key);
}

/* --- image ------------------------------------------------------------------------------------- */

/* [registry[:port]/]repository[:tag][@digest] */
void cap_doc__image(struct cap_doc *d, const char *image)
{
	const char *at = strchr(image, '@'), *slash;
	size_t n = at ? (size_t)(at - image) : strlen(image), n_repo = n;
	const char *colon = memrchr(image, ':', n);
	char *repo, *tag;

	slash = memrchr(image, '/', n);
	if (colon && (!slash || colon > slash) && strncmp(image, "sha256:", 7))
		n_repo = (size_t)(colon - image);
	repo = xmemdup0(image, n_repo);
	tag = xmemdup0(image + n_repo + (n_repo < n), n - n_repo - (n_repo < n));
	cap_doc__text(d, "image", image);
	cap_doc__text(d, "imagerepo", repo);
	cap_doc__text(d, "imagetag", tag);
	if (at)
		cap_doc__text(d, "imagedigest", at + 1);
	free(repo);
	free(tag);
}

void cap_doc__image_id(struct cap_doc *d, const char *id)
{
	cap_doc__text(d, "imageid", strncmp(id, "sha256:", 7) ? id : id + 7);
}

/* --- beginning and end ------------------------------------------------------------------------- */

/* Falco's numbers of runtimes, in captures' documents. */
static int type_number(const char *runtime)
{
	static const struct { const char *name; int n; } types[] = {
		{ "docker", 0 }, { "lxc", 1 }, { "containerd", 7 }, { "cri-o", 8 },
		{ "podman", 11 },
	};

	for (unsigned i = 0; i < N(types); i++)
		if (!strcmp(types[i].name, runtime))
			return types[i].n;
	return 5;			/* custom */
}

void cap_doc__begin(struct cap_doc *d, struct cap_container_info *c, const char *full_id,
		    const char *runtime, const char *name, const char *image)
{
	char id[65];

	snprintf(c->name, sizeof(c->name), "%s", name);
	snprintf(c->image, sizeof(c->image), "%s", image);
	snprintf(c->runtime, sizeof(c->runtime), "%s", runtime);
	d->root = cJSON_CreateObject();
	d->c = cJSON_AddObjectToObject(d->root, "container");
	cJSON_AddNumberToObject(d->c, "type", type_number(runtime));
	snprintf(id, sizeof(id), "%.*s", (int)eng_container__id_len(full_id, strlen(full_id)),
		 full_id);
	cap_doc__text(d, "id", id);
	cap_doc__text(d, "full_id", full_id);
	cap_doc__text(d, "name", c->name);
	cap_doc__image(d, c->image);
	d->labels = cJSON_AddObjectToObject(d->c, "labels");
}

void cap_doc__end(struct cap_doc *d, struct cap_container_info *c)
{
	char *text = cJSON_PrintUnformatted(d->root);

	c->json.len = 0;
	if (text)
		buf__puts(&c->json, text);
	cJSON_free(text);
	cJSON_Delete(d->root);
}

/* --- parts -------------------------------------------------------------------------------------- */

void cap_doc__text(struct cap_doc *d, const char *key, const char *value)
{
	if (!value || !*value)
		return;
	cJSON_DeleteItemFromObjectCaseSensitive(d->c, key);
	cJSON_AddStringToObject(d->c, key, value);
}

void cap_doc__flag(struct cap_doc *d, const char *key, bool value)
{
	cJSON_DeleteItemFromObjectCaseSensitive(d->c, key);
	cJSON_AddBoolToObject(d->c, key, value);
}

static void label(cJSON *labels, const char *key, const char *value)
{
	if (!value || !*key || cJSON_GetObjectItemCaseSensitive(labels, key) ||
	    cJSON_GetArraySize(labels) >= (int)MAX_LABELS)
		return;
	cJSON_AddStringToObject(labels, key, value);
}

void cap_doc__label(struct cap_doc *d, const char *key, const char *value)
{
	label(d->labels, key, value);
}

void cap_doc__labels(struct cap_doc *d, const cJSON *object)
{
	const cJSON *l;

	if (cJSON_IsObject(object))
		cJSON_ArrayForEach(l, object)
			if (cJSON_IsString(l))
				label(d->labels, l->string, l->valuestring);
}

void cap_doc__pod_label(struct cap_doc *d, const char *key, const char *value)
{
	cJSON *labels = cJSON_GetObjectItemCaseSensitive(d->c, "pod_sandbox_labels");

	label(labels ? labels : cJSON_AddObjectToObject(d->c, "pod_sandbox_labels"), key, value);
}

void cap_doc__mount(struct cap_doc *d, const char *source, const char *dest, const char *mode,
		    bool writable, const char *propagation)
{
	cJSON *mounts = cJSON_GetObjectItemCaseSensitive(d->c, "Mounts"), *m;

	if (!mounts)
		mounts = cJSON_AddArrayToObject(d->c, "Mounts");
	if (cJSON_GetArraySize(mounts) >= (int)MAX_MOUNTS)
		return;
	m = cJSON_CreateObject();
	cJSON_AddStringToObject(m, "Source", source);
	cJSON_AddStringToObject(m, "Destination", dest);
	cJSON_AddStringToObject(m, "Mode", mode);
	cJSON_AddBoolToObject(m, "RW", writable);
	cJSON_AddStringToObject(m, "Propagation", propagation);
	cJSON_AddItemToArray(mounts, m);
}

void cap_doc__restarts(struct cap_doc *d, const cJSON *count)
{
	double n = cJSON_IsNumber(count) ? count->valuedouble :
		   cJSON_IsString(count) ? (double)strtoul(count->valuestring, NULL, 10) : 0;

	cJSON_DeleteItemFromObjectCaseSensitive(d->c, "restart_count");
	if (n >= 0 && n <= UINT32_MAX)
		cJSON_AddNumberToObject(d->c, "restart_count", n);
}

void cap_doc__env(struct cap_doc *d, const cJSON *list)
{
	if (cJSON_IsArray(list))
		cJSON_AddItemToObject(d->c, "env", cJSON_Duplicate(list, true));
}

void cap_doc__add_env(struct cap_doc *d, const char *text)
{
	cJSON *env = cJSON_GetObjectItemCaseSensitive(d->c, "env");

	if (!env)
		env = cJSON_AddArrayToObject(d->c, "env");
	if (cJSON_GetArraySize(env) < (int)MAX_ENV)
		cJSON_AddItemToArray(env, cJSON_CreateString(text));
}

static bool namespace_of(const char *process, const char *type, struct stat *st)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%s/ns/%s", process, type);
	return !stat(path, st);
}

/* Is a namespace of pid's the machine's? Ours, where init's may not be looked at. -1: not known. */
static int shares_with_init(uint32_t pid, const char *type)
{
	struct stat machine, other;
	char process[16];

	snprintf(process, sizeof(process), "%u", pid);
	if (!namespace_of(process, type, &other) ||
	    !(namespace_of("1", type, &machine) || namespace_of("self", type, &machine)))
		return -1;
	return machine.st_ino == other.st_ino && machine.st_dev == other.st_dev;
}

bool cap_doc__namespaces_of(struct cap_doc *d, const struct cap_look *l)
{
	static const char *const keys[][2] = { { "pid", "host_pid" }, { "net", "host_network" },
					       { "ipc", "host_ipc" } };
	int shared[N(keys)] = { 0 };
	bool any = false;

	for (unsigned i = 0; i < N(keys); i++) {
		if ((shared[i] = l->pid ? shares_with_init(l->pid, keys[i][0]) : -1) < 0)
			return false;
		any |= shared[i];
	}
	if (any && !l->begun)
		return false;
	/* one of the runtime's own lives outside */
	if (shared[0] && !cap_monitor__is_inside(l->pid, l->id))
		return false;
	for (unsigned i = 0; i < N(keys); i++)
		cap_doc__flag(d, keys[i][1], shared[i]);
	return true;
}

/* --- an OCI runtime's config.json ----------------------------------------------------------------- */

static bool has_option(const cJSON *options, const char *name)
{
	const cJSON *o;

	cJSON_ArrayForEach(o, options)
		if (cJSON_IsString(o) && !strcmp(o->valuestring, name))
			return true;
	return false;
}

static const char *propagation(const cJSON *options)
{
	static const char *const all[] = { "rprivate", "private", "rslave", "slave", "rshared",
					   "shared" };

	for (unsigned i = 0; i < N(all); i++)
		if (has_option(options, all[i]))
			return all[i];
	return "";
}

/* Of the mounts those that come from outside; every container has proc, sysfs and the like. */
static void add_binds(struct cap_doc *d, const cJSON *mounts)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, mounts) {
		const cJSON *o = cap_json__part(m, "options");
		bool ro = has_option(o, "ro");

		if (strcmp(cap_json__text(m, "type"), "bind") && !has_option(o, "bind") &&
		    !has_option(o, "rbind"))
			continue;
		cap_doc__mount(d, cap_json__text(m, "source"), cap_json__text(m, "destination"),
			       ro ? "ro" : "", !ro, propagation(o));
	}
}

/* Without a namespace of its own it uses the one of its runtime: the machine's. */
static bool shares(const cJSON *namespaces, const char *type)
{
	const cJSON *n;

	cJSON_ArrayForEach(n, namespaces)
		if (!strcmp(cap_json__text(n, "type"), type))
			return false;
	return true;
}

void cap_doc__namespaces(struct cap_doc *d, const cJSON *spec, bool with_pid)
{
	const cJSON *ns = cap_json__part(cap_json__part(spec, "linux"), "namespaces");

	if (!cJSON_IsArray(ns))
		return;
	if (with_pid)
		cap_doc__flag(d, "host_pid", shares(ns, "pid"));
	cap_doc__flag(d, "host_network", shares(ns, "network"));
	cap_doc__flag(d, "host_ipc", shares(ns, "ipc"));
}

/*
 * "Privileged" is a word of the runtimes' command lines; what it makes of a container is: nothing
 * masked, no filter of calls, and the capability that opens the rest.
 */
static bool is_privileged(const cJSON *spec)
{
	const cJSON *l = cap_json__part(spec, "linux"),
		    *caps = cap_json__part(cap_json__part(spec, "process"), "capabilities");

	return l && !cJSON_GetArraySize(cap_json__part(l, "maskedPaths")) &&
	       !cap_json__part(l, "seccomp") &&
	       has_option(cap_json__part(caps, "bounding"), "CAP_SYS_ADMIN");
}

void cap_doc__spec(struct cap_doc *d, const struct cap_container_info *c, const cJSON *spec)
{
	const cJSON *process = cap_json__part(spec, "process"),
		    *uid = cap_json__part(cap_json__part(process, "user"), "uid");
	char user[24];

	if (cJSON_IsNumber(uid)) {
		snprintf(user, sizeof(user), "%.0f", uid->valuedouble);
		cap_doc__text(d, "User", user);
	}
	cap_doc__namespaces(d, spec, true);
	cap_doc__flag(d, "privileged", is_privileged(spec));
	add_binds(d, cap_json__part(spec, "mounts"));
	if (c->with_env)
		cap_doc__env(d, cap_json__part(process, "env"));
}
