// SPDX-License-Identifier: Apache-2.0
/*
 * LXC: DIR/NAME/config, lxc.container.conf(5). LXD and Incus, which keep their containers in a
 * database, write the same for each that they start: LXD LOGS/NAME/lxc.conf, Incus
 * RUN/NAME/lxc.conf (instance/drivers/driver_lxc.go, LogPath and RunPath). What a configuration
 * includes is not followed: the distribution's common part. And they write all that they know of it
 * beside its root: DIR/NAME/backup.yaml (backup/config; shared/api/instance.go).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/containers/runtime.h"
#include "engine/config/yaml_tree.h"

static const char *const usual[] = { "/var/lib/lxc", "/var/snap/lxd/common/lxd/containers",
				     "/var/lib/lxd/containers", "/var/lib/incus/containers", NULL };
static struct cap_places places = { .usual = usual };

/* Where these have it. One that was told where to keep everything (LXD_DIR, INCUS_DIR) has it in there, beside DIR. */
static const struct { const char *dir, *place; } places_of_conf[] = {
	{ "/var/lib/incus/containers", "/run/incus" },
	{ "/var/lib/lxd/containers", "/var/log/lxd" },
};
#define N_CONF (sizeof(places_of_conf) / sizeof(*places_of_conf))

struct reading {
	struct cap_doc *d;
	bool with_env, mapped;
	const struct yaml_node *known;	/* to LXD or Incus; NULL */
};

/* --- LXD and Incus ------------------------------------------------------------------------------------ */

/* All that is known of one: config and devices, with those of its profiles as expanded_config and expanded_devices. NULL */
static const struct yaml_node *read_backup(const struct cap_look *l, const char *dir, const char *name,
					   struct arena *mem)
{
	struct yaml_node **docs;
	struct buf text = { 0 };
	struct err err = { 0 };
	struct yaml_mark at;
	char path[700];
	uint32_t n = 0;

	snprintf(path, sizeof(path), "%s/%s/backup.yaml", dir, name);
	if (cap_root__read(l->root, path, &text) &&
	    yaml_tree__parse((const char *)text.p, text.len, mem, &docs, &n, &at, &err))
		n = 0;
	buf__done(&text);
	return n ? yaml_node__get(docs[0], "container") : NULL;
}

static const char *text_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *v = yaml_node__get(map, key);

	return v && v->kind == Y_SCALAR ? v->text : "";
}

/* Images have no names there, but properties. "os:release" */
static void image_of(const struct yaml_node *config, char *out, size_t size)
{
	const char *os = text_of(config, "image.os"), *release = text_of(config, "image.release");

	snprintf(out, size, "%s%s%s", os, *os && *release ? ":" : "", *os ? release : "");
}

/* Keys that are the user's are labels; not what cloud-init is to do, which has secrets. */
static bool is_label(const char *key)
{
	static const char *const not[] = { "user-data", "vendor-data", "network-config", "meta-data" };

	if (strncmp(key, "user.", 5))
		return false;
	for (unsigned i = 0; i < sizeof(not) / sizeof(*not); i++)
		if (!strcmp(key + 5, not[i]))
			return false;
	return true;
}

static void add_known(struct cap_doc *d, const struct yaml_node *known)
{
	const struct yaml_node *config = yaml_node__get(known, "expanded_config");

	for (uint32_t i = 0; config && config->kind == Y_MAP && i < config->n; i++) {
		const struct yaml_node *key = config->kids[2 * i], *value = config->kids[2 * i + 1];

		if (key->kind == Y_SCALAR && value->kind == Y_SCALAR && is_label(key->text))
			cap_doc__label(d, key->text, value->text);
	}
	cap_doc__image_id(d, text_of(config, "volatile.base_image"));
	cap_doc__text(d, "created_time", text_of(known, "created_at"));
}

/* The directory behind a device that is mounted there; NULL: it is none of the machine's. */
static const char *device_source(const struct yaml_node *known, const char *dest)
{
	const struct yaml_node *devices = yaml_node__get(known, "expanded_devices");

	for (uint32_t i = 0; devices && devices->kind == Y_MAP && i < devices->n; i++) {
		const struct yaml_node *device = devices->kids[2 * i + 1];

		if (!strcmp(text_of(device, "type"), "disk") && !strcmp(text_of(device, "path"), dest) &&
		    *text_of(device, "source") == '/')
			return text_of(device, "source");
	}
	return NULL;
}

/* --- LXC ------------------------------------------------------------------------------------------------ */

static bool has(const char *options, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = options; (at = strstr(at, name)); at += n)
		if ((at == options || at[-1] == ',') && (!at[n] || at[n] == ','))
			return true;
	return false;
}

/* Like a line of fstab, but that the place is below the container's root. */
static void add_mount(const struct reading *r, const char *value)
{
	char source[512], place[512], type[32], options[512], dest[520];
	const char *device;
	bool ro;

	if (sscanf(value, "%511s %511s %31s %511s", source, place, type, options) != 4 ||
	    !(has(options, "bind") || has(options, "rbind")))
		return;
	ro = has(options, "ro");
	snprintf(dest, sizeof(dest), "%s%s", *place == '/' ? "" : "/", place);
	device = device_source(r->known, dest);
	cap_doc__mount(r->d, device ? device : source, dest, ro ? "ro" : "", !ro, "");
}

/* "dir:/path", "overlay:/lower:/upper": the path that is the container's own is the last. */
static void add_root(struct cap_doc *d, const char *value)
{
	const char *colon = strrchr(value, ':');

	cap_doc__text(d, "rootfs", colon ? colon + 1 : value);
}

static void on_pair(void *arg, const char *key, const char *value)
{
	struct reading *r = arg;

	if (!strcmp(key, "lxc.rootfs.path") || !strcmp(key, "lxc.rootfs"))
		add_root(r->d, value);
	else if (!strcmp(key, "lxc.mount.entry"))
		add_mount(r, value);
	else if (!strcmp(key, "lxc.environment") && r->with_env)
		cap_doc__add_env(r->d, value);
	else if (!strcmp(key, "lxc.init.uid"))
		cap_doc__text(r->d, "User", value);
	else if (!strcmp(key, "lxc.idmap") || !strcmp(key, "lxc.id_map"))
		r->mapped = true;
}

/* "Privileged" is LXC's own word: root in it is root. */
static bool read_config(const struct cap_look *l, const char *path, const char *name,
			const struct yaml_node *known, struct cap_container_info *c)
{
	struct cap_doc d;
	struct reading r = { .d = &d, .with_env = c->with_env, .known = known };
	char image[256];
	bool found;

	image_of(yaml_node__get(known, "expanded_config"), image, sizeof(image));
	cap_doc__begin(&d, c, l->id, "lxc", name, image);
	add_known(&d, known);
	found = cap_root__pairs(l->root, path, on_pair, &r);
	cap_doc__flag(&d, "privileged", !r.mapped);
	/* LXC makes the cgroup before there is a process in it */
	c->provisional = found && !cap_doc__namespaces_of(&d, l);
	cap_doc__end(&d, c);
	return found;
}

static bool read_started(const struct cap_look *l, const char *dir, const char *name,
			 struct cap_container_info *c)
{
	static const char *const below[] = { "run", "logs" };
	const char *slash = strrchr(dir, '/');
	struct arena mem = { 0 };
	const struct yaml_node *known = read_backup(l, dir, name, &mem);
	bool found = false;
	char path[700];

	for (unsigned i = 0; !found && i < N_CONF; i++) {
		if (strcmp(dir, places_of_conf[i].dir))
			continue;
		snprintf(path, sizeof(path), "%s/%s/lxc.conf", places_of_conf[i].place, name);
		found = read_config(l, path, name, known, c);
	}
	for (unsigned i = 0; !found && i < sizeof(below) / sizeof(*below); i++) {
		snprintf(path, sizeof(path), "%.*s/%s/%s/lxc.conf", slash ? (int)(slash - dir) : 0, dir,
			 below[i], name);
		found = read_config(l, path, name, known, c);
	}
	arena__done(&mem);
	return found;
}

static bool look_in(const struct cap_look *l, const char *dir, const char *name,
		    struct cap_container_info *c)
{
	char path[700];

	snprintf(path, sizeof(path), "%s/%s/config", dir, name);
	return read_config(l, path, name, NULL, c) || read_started(l, dir, name, c);
}

bool cap_lxc__look_up(const struct cap_look *l, struct cap_container_info *c)
{
	const char *dir, *slash = l->bundle ? strrchr(l->bundle, '/') : NULL;
	char met[512];

	if (slash) {			/* where its monitor says */
		snprintf(met, sizeof(met), "%.*s", (int)(slash - l->bundle), l->bundle);
		if (look_in(l, met, slash + 1, c)) {
			cap_places__meet(&places, l, met);
			return true;
		}
	}
	for (unsigned i = 0; (dir = cap_places__at(&places, i)); i++)
		if (look_in(l, dir, l->id, c))
			return true;
	return false;
}

void cap_lxc__each(const struct cap_look *l, cap_id_fn *fn, void *arg)
{
	const char *dir;

	for (unsigned i = 0; (dir = cap_places__at(&places, i)); i++)
		cap_root__list(l->root, dir, fn, arg);
}
