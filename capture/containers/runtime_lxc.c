// SPDX-License-Identifier: Apache-2.0
/*
 * LXC: DIR/NAME/config, lxc.container.conf(5). LXD and Incus, which keep their containers in a
 * database, write the same for each that they start: DIR/../logs/NAME/lxc.conf. What a
 * configuration includes is not followed: the distribution's common part.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/containers/runtime.h"

static const char *const usual[] = { "/var/lib/lxc", "/var/snap/lxd/common/lxd/containers",
				     "/var/lib/lxd/containers", "/var/lib/incus/containers", NULL };
static struct cap_places places = { .usual = usual };

struct reading {
	struct cap_doc *d;
	bool with_env, mapped;
};

static bool has(const char *options, const char *name)
{
	size_t n = strlen(name);

	for (const char *at = options; (at = strstr(at, name)); at += n)
		if ((at == options || at[-1] == ',') && (!at[n] || at[n] == ','))
			return true;
	return false;
}

/* Like a line of fstab, but that the place is below the container's root. */
static void add_mount(struct cap_doc *d, const char *value)
{
	char source[512], place[512], type[32], options[512], dest[520];
	bool ro;

	if (sscanf(value, "%511s %511s %31s %511s", source, place, type, options) != 4 ||
	    !(has(options, "bind") || has(options, "rbind")))
		return;
	ro = has(options, "ro");
	snprintf(dest, sizeof(dest), "%s%s", *place == '/' ? "" : "/", place);
	cap_doc__mount(d, source, dest, ro ? "ro" : "", !ro, "");
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
		add_mount(r->d, value);
	else if (!strcmp(key, "lxc.environment") && r->with_env)
		cap_doc__add_env(r->d, value);
	else if (!strcmp(key, "lxc.init.uid"))
		cap_doc__text(r->d, "User", value);
	else if (!strcmp(key, "lxc.idmap") || !strcmp(key, "lxc.id_map"))
		r->mapped = true;
}

/* "Privileged" is LXC's own word: root in it is root. */
static bool read_config(const struct cap_look *l, const char *path, const char *name,
			struct cap_container_info *c)
{
	struct cap_doc d;
	struct reading r = { .d = &d, .with_env = c->with_env };
	bool found;

	cap_doc__begin(&d, c, l->id, "lxc", name, "");
	found = cap_root__pairs(l->root, path, on_pair, &r);
	cap_doc__flag(&d, "privileged", !r.mapped);
	/* LXC makes the cgroup before there is a process in it */
	c->provisional = found && !cap_doc__namespaces_of(&d, l);
	cap_doc__end(&d, c);
	return found;
}

static bool look_in(const struct cap_look *l, const char *dir, const char *name,
		    struct cap_container_info *c)
{
	const char *slash = strrchr(dir, '/');
	char path[700];

	snprintf(path, sizeof(path), "%s/%s/config", dir, name);
	if (read_config(l, path, name, c))
		return true;
	snprintf(path, sizeof(path), "%.*s/logs/%s/lxc.conf", slash ? (int)(slash - dir) : 0, dir,
		 name);
	return read_config(l, path, name, c);
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
