// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/containers/monitor.h"
#include "capture/snapshot/proc_text.h"
#include "engine/state/nspawn_args.h"
#include "engine/state/state.h"

#define MAX_UP 32
#define MAX_TEXT 8192

static uint32_t parent_of(uint32_t pid)
{
	char path[40], text[512], *p;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	if (cap_proc__slurp(AT_FDCWD, path, text, sizeof(text) - 1) <= 0)
		return 0;
	p = strrchr(text, ')');		/* "pid (comm) state ppid" */
	return p && strlen(p) > 4 ? (uint32_t)strtoul(p + 4, NULL, 10) : 0;
}

/* The argument after an option, or behind it if that ends with "="; "" if there is none. */
static const char *option(const char *args, size_t n, const char *name)
{
	size_t len = strlen(name);

	for (const char *a = args; a < args + n; a += strlen(a) + 1)
		if (name[len - 1] == '=' && !strncmp(a, name, len))
			return a + len;
		else if (!strcmp(a, name) && a + len + 1 < args + n)
			return a + len + 1;
	return "";
}

bool cap_monitor__is_inside(uint32_t pid, const char *full_id)
{
	char path[40], text[MAX_TEXT + 1], id[65], full[65], *line = text, *next;

	snprintf(path, sizeof(path), "/proc/%u/cgroup", pid);
	if (cap_proc__slurp(AT_FDCWD, path, text, MAX_TEXT) <= 0)
		return true;
	for (; line && *line; line = next) {
		char *cgroup = strchr(line, ':');

		next = strchr(line, '\n');
		if (next)
			*next++ = 0;
		cgroup = cgroup ? strchr(cgroup + 1, ':') : NULL;
		if (cgroup && eng_container_from_cgroup(cgroup + 1, id, full, NULL) &&
		    !strcmp(full, full_id))
			return true;
	}
	return false;
}

/* A shim's working directory is a bundle: the container's, or that of the first one in its pod. */
static bool shim_bundle(struct cap_monitor *m, const char *full_id)
{
	char path[40], cwd[400], *slash;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/cwd", m->pid);
	n = readlink(path, cwd, sizeof(cwd) - 1);
	if (n <= 0)
		return false;
	cwd[n] = 0;
	slash = strrchr(cwd, '/');
	if (!slash)
		return false;
	*slash = 0;
	snprintf(m->bundle, sizeof(m->bundle), "%s/%s", cwd, full_id);
	return true;
}

/*
 * "[lxc monitor] DIR NAME". Where a cgroup of this name is left over, the container's has a number
 * behind its name.
 */
static bool lxc_bundle(struct cap_monitor *m, const char *title, const char *full_id)
{
	const char *blank = strrchr(title, ' ');
	size_t n;

	if (!blank || *title != '/')
		return false;
	n = strlen(blank + 1);
	if (!n || strncmp(full_id, blank + 1, n) ||
	    (full_id[n] && (full_id[n] != '-' || full_id[n + 1 + strspn(full_id + n + 1, "0123456789")])))
		return false;
	return (size_t)snprintf(m->bundle, sizeof(m->bundle), "%.*s/%s", (int)(blank - title), title,
				blank + 1) < sizeof(m->bundle);
}

/* In the foreground it is lxc-start itself: "lxc-start -P DIR -n NAME". */
static bool lxc_start_bundle(struct cap_monitor *m, const char *args, size_t n,
			     const char *full_id)
{
	const char *dir = option(args, n, "-P");
	char title[1024];

	if (!*dir)
		dir = option(args, n, "--lxcpath=");
	snprintf(title, sizeof(title), "%s %s", *dir ? dir : "/var/lib/lxc", full_id);
	return lxc_bundle(m, title, full_id);
}

static bool is_nspawn(const char *args, size_t n, const char *full_id)
{
	size_t own = strlen(args) + 1;
	char name[65];

	return own <= n && eng_nspawn__name(args + own, n - own, name) && !strcmp(name, full_id);
}

static bool is_monitor(struct cap_monitor *m, const char *full_id)
{
	static const char lxc[] = "[lxc monitor] ";
	char path[40], args[MAX_TEXT + 1];
	const char *name, *slash;
	long n;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", m->pid);
	n = cap_proc__slurp(AT_FDCWD, path, args, MAX_TEXT);
	if (n <= 0)
		return false;
	args[n] = 0;
	*m->bundle = 0;
	if (!strncmp(args, lxc, sizeof(lxc) - 1)) {
		m->kind = CAP_LXC_MONITOR;
		return lxc_bundle(m, args + sizeof(lxc) - 1, full_id);
	}
	slash = strrchr(args, '/');
	name = slash ? slash + 1 : args;
	if (!strcmp(name, "conmon")) {
		m->kind = CAP_CONMON;
		snprintf(m->bundle, sizeof(m->bundle), "%s", option(args, (size_t)n, "-b"));
		return !strcmp(option(args, (size_t)n, "-c"), full_id) && *m->bundle;
	}
	if (!strcmp(name, "lxc-start") || !strcmp(name, "lxc-execute")) {
		m->kind = CAP_LXC_MONITOR;
		return lxc_start_bundle(m, args, (size_t)n, full_id);
	}
	if (!strcmp(name, "systemd-nspawn")) {
		m->kind = CAP_NSPAWN;
		return is_nspawn(args, (size_t)n, full_id);
	}
	m->kind = CAP_SHIM;
	return !strncmp(name, "containerd-shim", 15) && shim_bundle(m, full_id);
}

bool cap_monitor__find(struct cap_monitor *m, uint32_t pid, const char *full_id)
{
	for (int i = 0; pid > 1 && i < MAX_UP; i++, pid = parent_of(pid)) {
		m->pid = pid;
		if (is_monitor(m, full_id) && !cap_monitor__is_inside(pid, full_id))
			return true;
	}
	return false;
}
