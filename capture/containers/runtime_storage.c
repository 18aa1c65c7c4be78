// SPDX-License-Identifier: Apache-2.0
/*
 * podman and CRI-O: what keeps images and containers for both (containers/storage):
 *   ROOT/DRIVER-containers/containers.json             id, names, image (store.go, containers.go);
 *   ROOT/DRIVER-containers/volatile-containers.json    of those that need not outlive the machine: all of
 *                                                      CRI-O's, podman's that go when they end
 *   ROOT/DRIVER-containers/ID/userdata/config.json     what the OCI runtime is told; CRI-O's
 *                                                      annotations (cri-o, pkg/annotations)
 *   ROOT/DRIVER-images/images.json                     an image's digest
 *   ROOT/db.sql                                        podman's labels, restarts, address since
 *                                                      version 5 (libpod, sqlite_state.go)
 *   ROOT/libpod/bolt_state.db                          the same before (libpod, boltdb_state.go)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "capture/containers/bolt.h"
#include "capture/containers/runtime.h"
#include "capture/containers/sqlite.h"

#define CRIO "io.kubernetes.cri-o."

static const char *const usual[] = { "/var/lib/containers/storage", "/run/containers/storage",
				     NULL };
static const char *const drivers[] = { "overlay", "vfs", "btrfs", "zfs", "fuse-overlayfs" };
static struct cap_places places = { .usual = usual };
#define N(a) (sizeof(a) / sizeof(*(a)))

/* --- podman -------------------------------------------------------------------------------------- */

static cJSON *parsed(bool found, struct buf *text)
{
	cJSON *j = found ? cJSON_ParseWithLength((const char *)text->p, text->len) : NULL;

	text->len = 0;
	return j;
}

/* A container's configuration and its state: documents, wherever they are kept. */
static void read_bolt(const struct cap_look *l, const char *file, cJSON **config, cJSON **state)
{
	const char *const path[] = { "ctr", l->id, "config", NULL };
	const char *const state_path[] = { "ctr", l->id, "state", NULL };
	struct buf text = { 0 };
	struct cap_bolt db;

	if (!cap_bolt__open(&db, cap_root__open(l->root, file)))
		return;
	*config = parsed(cap_bolt__get(&db, path, &text), &text);
	*state = parsed(cap_bolt__get(&db, state_path, &text), &text);
	buf__done(&text);
	cap_bolt__close(&db);
}

/* ContainerConfig: ID, Name, PodID, JSON; ContainerState: ID, State, ExitCode, JSON. */
static bool read_sqlite(const struct cap_look *l, const char *file, cJSON **config, cJSON **state)
{
	struct buf text = { 0 };
	struct cap_sqlite db;

	if (!cap_sqlite__open(&db, l->root, file))
		return false;
	*config = parsed(cap_sqlite__get(&db, "ContainerConfig", l->id, 3, &text), &text);
	*state = parsed(cap_sqlite__get(&db, "ContainerState", l->id, 3, &text), &text);
	buf__done(&text);
	cap_sqlite__close(&db);
	return *config;
}

/* "10.88.0.5/16" of the first interface that has one. */
static void add_address(struct cap_doc *d, const cJSON *networks)
{
	const cJSON *net, *i, *sub;

	cJSON_ArrayForEach(net, networks)
		cJSON_ArrayForEach(i, cap_json__part(net, "interfaces"))
			cJSON_ArrayForEach(sub, cap_json__part(i, "subnets")) {
				const char *ip = cap_json__text(sub, "ipnet");
				char text[64];

				snprintf(text, sizeof(text), "%.*s", (int)strcspn(ip, "/"), ip);
				cap_doc__text(d, "ip", text);
				return;
			}
}

static void add_podman_config(struct cap_doc *d, const struct cap_look *l, const char *dir)
{
	cJSON *config = NULL, *state = NULL;
	char file[600];

	snprintf(file, sizeof(file), "%s/db.sql", dir);
	if (!read_sqlite(l, file, &config, &state)) {
		cJSON_Delete(state);
		state = NULL;
		snprintf(file, sizeof(file), "%s/libpod/bolt_state.db", dir);
		read_bolt(l, file, &config, &state);
	}
	cap_doc__labels(d, cap_json__part(config, "labels"));
	cap_doc__text(d, "User", cap_json__text(config, "user"));
	if (cap_json__part(config, "privileged"))
		cap_doc__flag(d, "privileged", cJSON_IsTrue(cap_json__part(config, "privileged")));
	cap_doc__text(d, "started_time", cap_json__text(state, "startedTime"));
	if (state)
		cap_doc__restarts(d, cap_json__part(state, "restartCount"));
	add_address(d, cap_json__part(state, "networkStatus"));
	cJSON_Delete(config);
	cJSON_Delete(state);
}

static void add_digest(struct cap_doc *d, const struct cap_look *l, const char *dir,
		       const char *driver, const char *image)
{
	cJSON *list = cap_root__json(l->root, "%s/%s-images/images.json", dir, driver), *e;

	cJSON_ArrayForEach(e, list)
		if (*image && !strcmp(cap_json__text(e, "id"), image))
			cap_doc__text(d, "imagedigest", cap_json__text(e, "digest"));
	cJSON_Delete(list);
}

/* --- CRI-O ---------------------------------------------------------------------------------------- */

static void add_note_labels(struct cap_doc *d, const cJSON *notes,
			    void (*add)(struct cap_doc *d, const char *key, const char *value))
{
	cJSON *labels = cJSON_Parse(cap_json__text(notes, CRIO "Labels")), *l;

	cJSON_ArrayForEach(l, labels)
		if (cJSON_IsString(l) && l->string)
			add(d, l->string, l->valuestring);
	cJSON_Delete(labels);
}

static void add_crio_pod(struct cap_doc *d, const struct cap_look *l, const char *dir,
			 const char *driver, const char *sandbox)
{
	cJSON *spec = cap_root__is_name(sandbox)
			      ? cap_root__json(l->root, "%s/%s-containers/%s/userdata/config.json",
					       dir, driver, sandbox)
			      : NULL;
	const cJSON *notes = cap_json__part(spec, "annotations");

	add_note_labels(d, notes, cap_doc__pod_label);
	cap_doc__text(d, "ip", cap_json__text(notes, CRIO "IP.0"));
	cap_doc__text(d, "cni_json", cap_json__text(notes, CRIO "CNIResult"));
	cJSON_Delete(spec);
}

static void add_crio(struct cap_doc *d, const cJSON *notes, bool is_pod)
{
	static const char *const same[] = { "io.kubernetes.pod.name", "io.kubernetes.pod.namespace",
					    "io.kubernetes.pod.uid",
					    "io.kubernetes.container.name" };

	for (unsigned i = 0; i < N(same); i++)
		if (*cap_json__text(notes, same[i]))
			cap_doc__label(d, same[i], cap_json__text(notes, same[i]));
	add_note_labels(d, notes, cap_doc__label);
	cap_doc__flag(d, "is_pod_sandbox", is_pod);
	/* one without a process has namespaces in its configuration that nobody makes */
	if (is_pod && *cap_json__text(notes, CRIO "HostNetwork"))
		cap_doc__flag(d, "host_network", !strcmp(cap_json__text(notes, CRIO "HostNetwork"), "true"));
	cap_doc__text(d, "created_time", cap_json__text(notes, CRIO "Created"));
	cap_doc__restarts(d, cap_json__part(notes, "io.kubernetes.container.restartCount"));
	if (!is_pod && *cap_json__text(notes, CRIO "PrivilegedRuntime"))
		cap_doc__flag(d, "privileged",
			      !strcmp(cap_json__text(notes, CRIO "PrivilegedRuntime"), "true"));
}

/* --- both ---------------------------------------------------------------------------------------- */

static const char *const lists[] = { "containers.json", "volatile-containers.json" };

/* Borrowed from *list, which is the caller's to delete. */
static cJSON *entry_of(const struct cap_look *l, const char *dir, const char *driver, cJSON **list)
{
	cJSON *e;

	for (unsigned i = 0; i < N(lists); i++) {
		cJSON_Delete(*list);
		*list = cap_root__json(l->root, "%s/%s-containers/%s", dir, driver, lists[i]);
		cJSON_ArrayForEach(e, *list)
			if (!strcmp(cap_json__text(e, "id"), l->id))
				return e;
	}
	return NULL;
}

/*
 * What is only while the machine runs may be elsewhere, and that is what CRI-O's monitor is told. The place of
 * everything else is in front of the container's root: ROOT/DRIVER/LAYER/merged.
 */
static bool root_of_crio(const cJSON *notes, const char *driver, char *root, size_t size)
{
	const char *mount = cap_json__text(notes, CRIO "MountPoint"), *at = NULL, *next = mount;
	char part[40];

	snprintf(part, sizeof(part), "/%s/", driver);
	while ((next = strstr(next, part)))
		at = next++;
	return at && (size_t)snprintf(root, size, "%.*s", (int)(at - mount), mount) < size;
}

/* CRI-O says itself; podman writes its own name, and CRI-O's words for pods. */
static bool is_crio(const cJSON *notes)
{
	return *cap_json__text(notes, CRIO "ContainerID") ||
	       *cap_json__text(notes, CRIO "SandboxName");
}

static bool look_in(const struct cap_look *l, const char *dir, const char *driver,
		    struct cap_container_info *c)
{
	cJSON *list = NULL, *e = entry_of(l, dir, driver, &list), *meta,
	      *spec = cap_root__json(l->root, "%s/%s-containers/%s/userdata/config.json", dir, driver,
				     l->id);
	const cJSON *notes = cap_json__part(spec, "annotations");
	bool crio = is_crio(notes),
	     is_pod = !strcmp(cap_json__text(notes, CRIO "ContainerType"), "sandbox");
	const char *name, *image = cap_json__text(notes, CRIO "ImageName"),
		   *sandbox = cap_json__text(notes, CRIO "SandboxID"), *images = dir;
	char root[600];
	struct cap_doc d;

	if (!e && crio && root_of_crio(notes, driver, root, sizeof(root))) {
		images = root;
		e = entry_of(l, root, driver, &list);
	}
	meta = e ? cJSON_Parse(cap_json__text(e, "metadata")) : NULL;
	name = cap_json__text(meta, crio ? "metadata-name" : "name");
	if (crio && *cap_json__text(notes, "io.kubernetes.container.name"))
		name = cap_json__text(notes, "io.kubernetes.container.name");
	if (!*name)
		name = cap_json__text(notes, CRIO "Name");
	if (!*image)
		image = cap_json__text(meta, "image-name");
	if (e || crio) {
		cap_doc__begin(&d, c, l->id, crio ? "cri-o" : "podman", *name ? name : l->id,
			       image);
		cap_doc__image_id(&d, cap_json__text(e, "image"));
		cap_doc__text(&d, "created_time", cap_json__text(e, "created"));
		cap_doc__text(&d, "pod_sandbox_id", sandbox);
		cap_doc__spec(&d, c, spec);
		add_digest(&d, l, images, driver, cap_json__text(e, "image"));
		if (crio) {
			add_crio(&d, notes, is_pod);
			add_crio_pod(&d, l, dir, driver, is_pod ? l->id : sandbox);
		} else {
			add_podman_config(&d, l, dir);
		}
		cap_doc__end(&d, c);
	}
	cJSON_Delete(list);
	cJSON_Delete(meta);
	cJSON_Delete(spec);
	return e || crio;
}

/* conmon's bundle: ROOT/DRIVER-containers/ID/userdata */
static bool from_known(const struct cap_look *l, struct cap_container_info *c)
{
	const char *at = l->bundle ? strstr(l->bundle, "-containers/") : NULL, *slash = at;
	char dir[600], driver[32];

	while (slash && slash > l->bundle && *slash != '/')
		slash--;
	if (!at || at - slash - 1 >= (int)sizeof(driver) || at == slash)
		return false;
	snprintf(dir, sizeof(dir), "%.*s", (int)(slash - l->bundle), l->bundle);
	snprintf(driver, sizeof(driver), "%.*s", (int)(at - slash - 1), slash + 1);
	if (!look_in(l, dir, driver, c))
		return false;
	cap_places__meet(&places, l, dir);
	return true;
}

/* Podman that a user runs without root. */
static const char *own_place(const struct cap_look *l, char place[512])
{
	snprintf(place, 512, "%s/.local/share/containers/storage", l->home);
	return place;
}

static bool look_in_all(const struct cap_look *l, const char *dir, struct cap_container_info *c)
{
	for (unsigned k = 0; k < N(drivers); k++)
		if (look_in(l, dir, drivers[k], c))
			return true;
	return false;
}

bool cap_storage__look_up(const struct cap_look *l, struct cap_container_info *c)
{
	const char *dir;
	char place[512];

	if (l->home)
		return look_in_all(l, own_place(l, place), c);
	for (unsigned i = 0; (dir = cap_places__at(&places, i)); i++)
		if (look_in_all(l, dir, c))
			return true;
	return from_known(l, c);
}

static void each_in(const struct cap_look *l, const char *dir, cap_id_fn *fn, void *arg)
{
	for (unsigned k = 0; k < N(drivers) * N(lists); k++) {
		cJSON *list = cap_root__json(l->root, "%s/%s-containers/%s", dir, drivers[k / N(lists)],
					     lists[k % N(lists)]), *e;

		cJSON_ArrayForEach(e, list)
			fn(arg, cap_json__text(e, "id"));
		cJSON_Delete(list);
	}
}

void cap_storage__each(const struct cap_look *l, cap_id_fn *fn, void *arg)
{
	const char *dir;
	char place[512];

	if (l->home)
		each_in(l, own_place(l, place), fn, arg);
	for (unsigned i = 0; !l->home && (dir = cap_places__at(&places, i)); i++)
		each_in(l, dir, fn, arg);
}
