// SPDX-License-Identifier: Apache-2.0
/*
 * systemd-nspawn:
 *   its command line, while it runs     systemd-nspawn(1)
 *   /run/systemd/machines/NAME          of those that are registered (systemd, src/machine/machine.c)
 *   /etc/systemd/nspawn/NAME.nspawn     systemd.nspawn(5)
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "capture/containers/runtime.h"
#include "capture/snapshot/proc_text.h"
#include "engine/state/nspawn_args.h"

#define MAX_TEXT 16384

static const char machines[] = "/run/systemd/machines";
static const char *const settings[] = { "/etc/systemd/nspawn", "/run/systemd/nspawn", NULL };

struct reading {
	struct cap_doc *d;
	bool with_env, all_caps, is_container;
};

/* "SOURCE[:PLACE[:OPTIONS]]"; a "+" in front of the source: below the container's root. */
static void add_bind(struct cap_doc *d, const char *value, bool ro)
{
	const char *colon = strchr(value, ':'), *place = colon ? colon + 1 : value, *end;
	char source[512], dest[512];

	end = strchr(place, ':');
	snprintf(source, sizeof(source), "%.*s", (int)(colon ? colon - value : (long)strlen(value)), value);
	snprintf(dest, sizeof(dest), "%.*s", (int)(end ? end - place : (long)strlen(place)), place);
	cap_doc__mount(d, source, dest, ro ? "ro" : "", !ro, "");
}

static void on_option(void *arg, const char *name, const char *value)
{
	struct reading *r = arg;

	if (!strcmp(name, "directory") || !strcmp(name, "image"))
		cap_doc__text(r->d, "rootfs", value);
	else if (!strcmp(name, "user"))
		cap_doc__text(r->d, "User", value);
	else if (!strcmp(name, "bind") || !strcmp(name, "bind-ro"))
		add_bind(r->d, value, name[4]);
	else if (!strcmp(name, "setenv") && r->with_env)
		cap_doc__add_env(r->d, value);
	else if (!strcmp(name, "capability"))
		r->all_caps |= !strcmp(value, "all");
}

static void on_setting(void *arg, const char *key, const char *value)
{
	static const char *const same[][2] = {
		{ "User", "user" }, { "Bind", "bind" }, { "BindReadOnly", "bind-ro" },
		{ "Environment", "setenv" }, { "Capability", "capability" },
	};

	for (unsigned i = 0; i < sizeof(same) / sizeof(*same); i++)
		if (!strcmp(key, same[i][0]))
			on_option(arg, same[i][1], value);
}

static void on_machine(void *arg, const char *key, const char *value)
{
	struct reading *r = arg;

	if (!strcmp(key, "CLASS"))
		r->is_container = !strcmp(value, "container");
	else if (!strcmp(key, "ROOT"))
		cap_doc__text(r->d, "rootfs", value);
}

static bool from_command(const struct cap_look *l, struct reading *r)
{
	char path[40], args[MAX_TEXT + 1];
	size_t own;
	long n;

	if (!l->monitor)
		return false;
	snprintf(path, sizeof(path), "/proc/%u/cmdline", l->monitor);
	n = cap_proc__slurp(AT_FDCWD, path, args, MAX_TEXT);
	if (n <= 0)
		return false;
	args[n] = 0;
	own = strlen(args) + 1;
	if (own < (size_t)n)
		eng_nspawn__options(args + own, (size_t)n - own, on_option, r);
	return true;
}

bool cap_nspawn__look_up(const struct cap_look *l, struct cap_container_info *c)
{
	struct cap_doc d;
	struct reading r = { .d = &d, .with_env = c->with_env };
	char path[256];

	cap_doc__begin(&d, c, l->id, "systemd-nspawn", l->id, "");
	snprintf(path, sizeof(path), "%s/%s", machines, l->id);
	cap_root__pairs(l->root, path, on_machine, &r);
	r.is_container |= from_command(l, &r);
	for (unsigned i = 0; r.is_container && settings[i]; i++) {
		snprintf(path, sizeof(path), "%s/%s.nspawn", settings[i], l->id);
		if (cap_root__pairs(l->root, path, on_setting, &r))
			break;		/* the first that there is */
	}
	cap_doc__flag(&d, "privileged", r.all_caps);
	/* asked again until there is a process whose namespaces can be looked at */
	c->provisional = r.is_container && !cap_doc__namespaces_of(&d, l);
	cap_doc__end(&d, c);
	return r.is_container;
}

void cap_nspawn__each(const struct cap_look *l, cap_id_fn *fn, void *arg)
{
	cap_root__list(l->root, machines, fn, arg);
}
