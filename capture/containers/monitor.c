// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/containers/monitor.h"
#include "capture/snapshot/proc_text.h"
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

/* The argument after an option, "" if there is none. */
static const char *option(const char *args, size_t n, const char *name)
{
	for (const char *a = args; a < args + n; a += strlen(a) + 1)
		if (!strcmp(a, name) && a + strlen(a) + 1 < args + n)
			return a + strlen(a) + 1;
	return "";
}

static bool is_inside(uint32_t pid, const char *full_id)
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

static bool is_monitor(struct cap_monitor *m, const char *full_id)
{
	char path[40], args[MAX_TEXT + 1];
	const char *name, *slash;
	long n;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", m->pid);
	n = cap_proc__slurp(AT_FDCWD, path, args, MAX_TEXT);
	if (n <= 0)
		return false;
	slash = strrchr(args, '/');
	name = slash ? slash + 1 : args;
	if (!strcmp(name, "conmon")) {
		snprintf(m->bundle, sizeof(m->bundle), "%s", option(args, (size_t)n, "-b"));
		return !strcmp(option(args, (size_t)n, "-c"), full_id) && *m->bundle;
	}
	return !strncmp(name, "containerd-shim", 15) && shim_bundle(m, full_id);
}

bool cap_monitor__find(struct cap_monitor *m, uint32_t pid, const char *full_id)
{
	for (int i = 0; pid > 1 && i < MAX_UP; i++, pid = parent_of(pid)) {
		m->pid = pid;
		if (is_monitor(m, full_id) && !is_inside(pid, full_id))
			return true;
	}
	return false;
}
