// SPDX-License-Identifier: Apache-2.0
/*
 * docker: DATA-ROOT/containers/ID/config.v2.json and hostconfig.json (moby, container/container.go),
 * and DATA-ROOT/image/DRIVER/repositories.json, which knows an image's digests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "capture/containers/runtime.h"

static const char *const usual[] = { "/var/lib/docker", "/var/snap/docker/common/var-lib-docker",
				     NULL };
static struct cap_places places = { .usual = usual };

/*
 * The bundle's mounts name docker's own files: DATA-ROOT/containers/ID/hostname at /etc/hostname.
 */
static bool root_of_bundle(const struct cap_look *l, char *dir, size_t size)
{
	cJSON *spec = l->bundle ? cap_root__json(l->root, "%s/config.json", l->bundle) : NULL;
	bool found = false;
	const cJSON *m;

	cJSON_ArrayForEach(m, cap_json__part(spec, "mounts")) {
		const char *source = cap_json__text(m, "source"), *at = strstr(source, l->id);

		if (!at || at - source < 12 || memcmp(at - 12, "/containers/", 12) || found)
			continue;
		found = (size_t)snprintf(dir, size, "%.*s", (int)(at - 12 - source), source) < size;
	}
	cJSON_Delete(spec);
	return found;
}

/* "name@sha256:..." among the names of the same image. */
static void add_digest(struct cap_doc *d, int root, const char *dir, const char *driver,
		       const char *image)
{
	cJSON *j = cap_root__is_name(driver)
			   ? cap_root__json(root, "%s/image/%s/repositories.json", dir, driver)
			   : NULL;
	const cJSON *repo, *ref;

	cJSON_ArrayForEach(repo, cap_json__part(j, "Repositories"))
		cJSON_ArrayForEach(ref, repo) {
			const char *at = ref->string ? strchr(ref->string, '@') : NULL;

			if (at && cJSON_IsString(ref) && !strcmp(ref->valuestring, image))
				cap_doc__text(d, "imagedigest", at + 1);
		}
	cJSON_Delete(j);
}

static void add_network(struct cap_doc *d, const cJSON *settings)
{
	const cJSON *n;

	cJSON_ArrayForEach(n, cap_json__part(settings, "Networks"))
		if (*cap_json__text(n, "IPAddress")) {
			cap_doc__text(d, "ip", cap_json__text(n, "IPAddress"));
			return;
		}
}

static void add_mounts(struct cap_doc *d, const cJSON *points)
{
	const cJSON *m;

	cJSON_ArrayForEach(m, points)
		cap_doc__mount(d, cap_json__text(m, "Source"), cap_json__text(m, "Destination"),
			       cap_json__text(m, "Mode"), cJSON_IsTrue(cap_json__part(m, "RW")),
			       cap_json__text(m, "Propagation"));
}

static bool is_host(const cJSON *host, const char *key)
{
	return !strcmp(cap_json__text(host, key), "host");
}

static void add_host(struct cap_doc *d, const cJSON *host)
{
	cap_doc__flag(d, "privileged", cJSON_IsTrue(cap_json__part(host, "Privileged")));
	cap_doc__flag(d, "host_pid", is_host(host, "PidMode"));
	cap_doc__flag(d, "host_network", is_host(host, "NetworkMode"));
	cap_doc__flag(d, "host_ipc", is_host(host, "IpcMode"));
}

static bool look_in(const struct cap_look *l, const char *dir, struct cap_container_info *c)
{
	cJSON *j = cap_root__json(l->root, "%s/containers/%s/config.v2.json", dir, l->id), *host;
	const cJSON *config = cap_json__part(j, "Config");
	const char *name = cap_json__text(j, "Name"), *image = cap_json__text(j, "Image");
	struct cap_doc d;

	if (!j)
		return false;
	cap_doc__begin(&d, c, l->id, "docker", *name == '/' ? name + 1 : name,
		       cap_json__text(config, "Image"));
	cap_doc__labels(&d, cap_json__part(config, "Labels"));
	cap_doc__image_id(&d, image);
	add_digest(&d, l->root, dir, cap_json__text(j, "Driver"), image);
	cap_doc__text(&d, "User", cap_json__text(config, "User"));
	cap_doc__text(&d, "created_time", cap_json__text(j, "Created"));
	cap_doc__text(&d, "started_time", cap_json__text(cap_json__part(j, "State"), "StartedAt"));
	cap_doc__restarts(&d, cap_json__part(j, "RestartCount"));
	add_network(&d, cap_json__part(j, "NetworkSettings"));
	add_mounts(&d, cap_json__part(j, "MountPoints"));
	if (c->with_env)
		cap_doc__env(&d, cap_json__part(config, "Env"));
	host = cap_root__json(l->root, "%s/containers/%s/hostconfig.json", dir, l->id);
	if (host)
		add_host(&d, host);
	cJSON_Delete(host);
	cap_doc__end(&d, c);
	cJSON_Delete(j);
	return true;
}

/* One that a user runs without root. */
static const char *own_place(const struct cap_look *l, char place[512])
{
	snprintf(place, 512, "%s/.local/share/docker", l->home);
	return place;
}

bool cap_docker__look_up(const struct cap_look *l, struct cap_container_info *c)
{
	const char *dir;
	char met[512];

	if (l->home)
		return look_in(l, own_place(l, met), c);
	for (unsigned i = 0; (dir = cap_places__at(&places, i)); i++)
		if (look_in(l, dir, c))
			return true;
	if (!root_of_bundle(l, met, sizeof(met)))
		return false;
	cap_places__meet(&places, l, met);
	return look_in(l, met, c);
}

static void each_in(const struct cap_look *l, const char *dir, cap_id_fn *fn, void *arg)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/containers", dir);
	cap_root__list(l->root, path, fn, arg);
}

void cap_docker__each(const struct cap_look *l, cap_id_fn *fn, void *arg)
{
	const char *dir;
	char place[512];

	if (l->home)
		each_in(l, own_place(l, place), fn, arg);
	for (unsigned i = 0; !l->home && (dir = cap_places__at(&places, i)); i++)
		each_in(l, dir, fn, arg);
}
