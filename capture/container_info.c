// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "capture/container_info.h"
#include "capture/proc_text.h"

#define MAX_FILE (4u << 20)

static const char *const docker_dirs[] = { "/var/lib/docker/containers" };
static const char *const podman_files[] = {
	"/var/lib/containers/storage/overlay-containers/containers.json",
	"/var/lib/containers/storage/vfs-containers/containers.json"
};
/* runc's state by runtime: plain, docker, containerd's namespaces, podman. */
static const char *const runc_dirs[] = {
	"/run/runc", "/run/docker/runtime-runc/moby", "/var/run/docker/runtime-runc/moby",
	"/run/containerd/runc/k8s.io", "/run/containerd/runc/default", "/run/containerd/runc/moby",
};
static const char *const bundle_dirs[] = {
	"/run/containerd/io.containerd.runtime.v2.task/k8s.io",
	"/run/containerd/io.containerd.runtime.v2.task/default",
	"/run/containerd/io.containerd.runtime.v2.task/moby",
};
#define N(a) (sizeof(a) / sizeof(*(a)))

/* --- reading ---------------------------------------------------------------------------------- */

static cJSON *read_json(const char *path)
{
	char *text = xmalloc(MAX_FILE + 1);
	long n = cap_proc__slurp(AT_FDCWD, path, text, MAX_FILE);
	cJSON *j = n > 0 ? cJSON_ParseWithLength(text, (size_t)n) : NULL;

	free(text);
	return j;
}

static cJSON *read_json_of(const char *dir, const char *id, const char *file)
{
	char path[512];

	if (strchr(id, '/') || *id == '.' ||
	    (size_t)snprintf(path, sizeof(path), "%s/%s/%s", dir, id, file) >= sizeof(path))
		return NULL;
	return read_json(path);
}

static const char *text_of(const cJSON *obj, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(obj, key);

	return cJSON_IsString(v) ? v->valuestring : "";
}

static const cJSON *part_of(const cJSON *obj, const char *key)
{
	return cJSON_GetObjectItemCaseSensitive(obj, key);
}

/* --- the document ----------------------------------------------------------------------------- */

/* Falco's numbers of runtimes, in captures' documents. */
static int type_number(const char *runtime)
{
	static const struct { const char *name; int n; } types[] = {
		{ "docker", 0 }, { "cri", 6 }, { "containerd", 7 }, { "cri-o", 8 },
		{ "podman", 11 },
	};

	for (unsigned i = 0; i < N(types); i++)
		if (!strcmp(types[i].name, runtime))
			return types[i].n;
	return 5;			/* custom */
}

static void add_image(cJSON *c, const char *image)
{
	const char *at = strchr(image, '@'), *slash = strrchr(image, '/');
	size_t n = at ? (size_t)(at - image) : strlen(image);
	const char *colon = memrchr(image, ':', n);
	char *repo;

	if (colon && slash && colon < slash)
		colon = NULL;		/* a port of the registry */
	repo = xmemdup0(image, colon ? (size_t)(colon - image) : n);
	cJSON_AddStringToObject(c, "image", image);
	cJSON_AddStringToObject(c, "imagerepo", repo);
	cJSON_AddStringToObject(c, "imagetag", colon && !at ? colon + 1 : "");
	free(repo);
}

static void add_labels(cJSON *c, const cJSON *labels)
{
	cJSON *copy = cJSON_IsObject(labels) ? cJSON_Duplicate(labels, true) : cJSON_CreateObject();

	cJSON_AddItemToObject(c, "labels", copy);
}

static void make_json(struct cap_container_info *i, const char *full_id, const cJSON *labels)
{
	cJSON *root = cJSON_CreateObject(), *c = cJSON_AddObjectToObject(root, "container");
	char *text, *id = xmemdup0(full_id, strnlen(full_id, 12));

	cJSON_AddNumberToObject(c, "type", type_number(i->runtime));
	cJSON_AddStringToObject(c, "id", id);
	cJSON_AddStringToObject(c, "full_id", full_id);
	cJSON_AddStringToObject(c, "name", i->name);
	add_image(c, i->image);
	add_labels(c, labels);
	text = cJSON_PrintUnformatted(root);
	i->json.len = 0;
	if (text)
		buf__puts(&i->json, text);
	cJSON_free(text);
	cJSON_Delete(root);
	free(id);
}

static void set(char *at, size_t size, const char *text)
{
	snprintf(at, size, "%s", text);
}

/* --- runtimes --------------------------------------------------------------------------------- */

static bool from_docker_dir(struct cap_container_info *c, const char *dir, const char *id)
{
	cJSON *j = read_json_of(dir, id, "config.v2.json");
	const cJSON *config = part_of(j, "Config");
	const char *name = text_of(j, "Name");

	if (!j)
		return false;
	set(c->name, sizeof(c->name), *name == '/' ? name + 1 : name);
	set(c->image, sizeof(c->image), text_of(config, "Image"));
	set(c->runtime, sizeof(c->runtime), "docker");
	make_json(c, id, part_of(config, "Labels"));
	cJSON_Delete(j);
	return true;
}

/*
 * docker binds DIR/ID/hostname and others into the container: the mounts of a process in it name
 * DIR.
 */
static bool docker_dir_of(uint32_t pid, const char *id, char *dir, size_t size)
{
	char path[64], *line = NULL, *at;
	bool found = false;
	size_t cap = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/mountinfo", pid);
	f = fopen(path, "re");
	while (f && !found && getline(&line, &cap, f) > 0) {
		char *root = line;

		for (int i = 0; i < 3 && root; i++)
			root = strchr(root, ' ') ? strchr(root, ' ') + 1 : NULL;
		at = root ? strstr(root, id) : NULL;
		if (!at || at - root < 12 || memcmp(at - 12, "/containers/", 12) ||
		    memchr(root, ' ', (size_t)(at - root)))
			continue;
		at[-1] = 0;
		found = (size_t)snprintf(dir, size, "%s", root) < size;
	}
	free(line);
	if (f)
		fclose(f);
	return found;
}

static bool from_docker(struct cap_container_info *c, const char *id, uint32_t pid)
{
	char dir[512];

	for (unsigned i = 0; i < N(docker_dirs); i++)
		if (from_docker_dir(c, docker_dirs[i], id))
			return true;
	return pid && docker_dir_of(pid, id, dir, sizeof(dir)) && from_docker_dir(c, dir, id);
}

/* The annotations of CRI: what kubelet calls the container. */
static bool from_bundle(struct cap_container_info *c, const char *id)
{
	for (unsigned i = 0; i < N(bundle_dirs); i++) {
		cJSON *j = read_json_of(bundle_dirs[i], id, "config.json");
		const cJSON *notes = part_of(j, "annotations");
		const char *name = text_of(notes, "io.kubernetes.cri.container-name");

		if (!j)
			continue;
		if (!*name &&
		    !strcmp(text_of(notes, "io.kubernetes.cri.container-type"), "sandbox"))
			name = "POD";
		set(c->name, sizeof(c->name), *name ? name : id);
		set(c->image, sizeof(c->image), text_of(notes, "io.kubernetes.cri.image-name"));
		set(c->runtime, sizeof(c->runtime), "containerd");
		make_json(c, id, notes);
		cJSON_Delete(j);
		return true;
	}
	return false;
}

static bool from_podman(struct cap_container_info *c, const char *id)
{
	for (unsigned i = 0; i < N(podman_files); i++) {
		cJSON *list = read_json(podman_files[i]), *e;

		cJSON_ArrayForEach(e, list) {
			cJSON *meta;

			if (strcmp(text_of(e, "id"), id))
				continue;
			meta = cJSON_Parse(text_of(e, "metadata"));
			set(c->name, sizeof(c->name), text_of(meta, "name"));
			set(c->image, sizeof(c->image), text_of(meta, "image-name"));
			set(c->runtime, sizeof(c->runtime), "podman");
			make_json(c, id, NULL);
			cJSON_Delete(meta);
			cJSON_Delete(list);
			return true;
		}
		cJSON_Delete(list);
	}
	return false;
}

/* "key=value" strings: annotations, and "bundle=". */
static cJSON *labels_of_runc(const cJSON *list)
{
	cJSON *labels = cJSON_CreateObject(), *e;

	cJSON_ArrayForEach(e, list) {
		char *eq = cJSON_IsString(e) ? strchr(e->valuestring, '=') : NULL;

		if (!eq)
			continue;
		*eq = 0;
		cJSON_AddStringToObject(labels, e->valuestring, eq + 1);
	}
	return labels;
}

/*
 * Bare runc knows no names: a container is called what it was started as, in short if that is a
 * long number.
 */
static bool from_runc(struct cap_container_info *c, const char *id)
{
	for (unsigned i = 0; i < N(runc_dirs); i++) {
		cJSON *j = read_json_of(runc_dirs[i], id, "state.json"), *labels;
		const char *name;

		if (!j)
			continue;
		labels = labels_of_runc(part_of(part_of(j, "config"), "labels"));
		name = text_of(labels, "io.kubernetes.cri.container-name");
		if (*name)
			set(c->name, sizeof(c->name), name);
		else
			snprintf(c->name, sizeof(c->name), "%.*s", strlen(id) == 64 ? 12 : 64, id);
		set(c->image, sizeof(c->image), text_of(labels, "io.kubernetes.cri.image-name"));
		set(c->runtime, sizeof(c->runtime), strstr(runc_dirs[i], "docker") ? "docker" :
		    strstr(runc_dirs[i], "containerd") ? "containerd" : "runc");
		make_json(c, id, labels);
		cJSON_Delete(labels);
		cJSON_Delete(j);
		return true;
	}
	return false;
}

bool cap_container__look_up(struct cap_container_info *c, const char *full_id, uint32_t pid)
{
	return from_docker(c, full_id, pid) || from_bundle(c, full_id) || from_podman(c, full_id) ||
	       from_runc(c, full_id);
}

/* --- by name ---------------------------------------------------------------------------------- */

static bool id_or_name(const char *id, const char *name)
{
	struct cap_container_info c = { 0 };
	size_t n = strlen(name);
	bool same;

	if (!strcmp(id, name) || (n >= 6 && !strncmp(id, name, n)))
		return true;
	same = cap_container__look_up(&c, id, 0) && !strcmp(c.name, name);
	buf__done(&c.json);
	return same;
}

static bool find_in_dir(const char *dir, const char *name, char id[65])
{
	DIR *d = opendir(dir);
	struct dirent *e;
	bool found = false;

	while (d && !found && (e = readdir(d)))
		if (*e->d_name != '.' && strlen(e->d_name) <= 64 && id_or_name(e->d_name, name)) {
			strcpy(id, e->d_name);
			found = true;
		}
	if (d)
		closedir(d);
	return found;
}

static bool find_in_podman(const char *file, const char *name, char id[65])
{
	cJSON *list = read_json(file), *e;
	bool found = false;

	cJSON_ArrayForEach(e, list) {
		const char *this = text_of(e, "id");

		if (strlen(this) <= 64 && *this && id_or_name(this, name)) {
			strcpy(id, this);
			found = true;
			break;
		}
	}
	cJSON_Delete(list);
	return found;
}

bool cap_container__id_of_name(const char *name, char id[65])
{
	for (unsigned i = 0; i < N(docker_dirs); i++)
		if (find_in_dir(docker_dirs[i], name, id))
			return true;
	for (unsigned i = 0; i < N(bundle_dirs); i++)
		if (find_in_dir(bundle_dirs[i], name, id))
			return true;
	for (unsigned i = 0; i < N(podman_files); i++)
		if (find_in_podman(podman_files[i], name, id))
			return true;
	for (unsigned i = 0; i < N(runc_dirs); i++)
		if (find_in_dir(runc_dirs[i], name, id))
			return true;
	return false;
}
