// SPDX-License-Identifier: Apache-2.0
/* Where a container's control group is mounted. */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/act/act.h"
#include "format/base/text.h"

#define MAX_DEPTH 12

/* The first mount of cgroup2, or of the v1 hierarchy that has the freezer. */
bool act_cgroup__mount(enum act_tree tree, char path[4096])
{
	char line[8192], where[4096], type[64], opts[2048];
	FILE *f = fopen("/proc/self/mounts", "re");
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*s %4095s %63s %2047s", where, type, opts) != 3)
			continue;
		if (tree == ACT_V2)
			found = !strcmp(type, "cgroup2");
		else
			found = !strcmp(type, "cgroup") && strstr(opts, "freezer");
	}
	if (f)
		fclose(f);
	if (found)
		strcpy(path, text__unescape_octal(where));
	return found;
}

/* Is this the path of that container's control group, and how much of it is the container's own? 0: no. */
static size_t own_part(const struct pb_target *t, const char *path)
{
	char id[65], full[65];
	size_t n;

	if (!eng_container_from_cgroup(path, id, full, NULL) || strcmp(id, t->container))
		return 0;
	if (t->full_id && *full && strcmp(full, t->full_id))
		return 0;
	n = eng_container__cgroup_len(path);
	return n;
}

/* The process may be gone, or in another container by now: its number has been used again then. */
static bool by_process(const struct pb_target *t, enum act_tree tree, const char *mount, char path[4096])
{
	char line[4352], name[64];
	size_t n = 0;
	FILE *f;

	snprintf(name, sizeof(name), "/proc/%lld/cgroup", (long long)t->pid);
	f = t->pid > 0 ? fopen(name, "re") : NULL;
	while (f && !n && fgets(line, sizeof(line), f)) {
		char *names = strchr(line, ':'), *at = names ? strchr(names + 1, ':') : NULL;

		if (!at)
			continue;
		at++;
		at[strcspn(at, "\n")] = 0;
		if (!strncmp(at, "/..", 3))	/* seen from a cgroup namespace of our own: it says not where */
			continue;
		if (tree == ACT_V2 ? !strncmp(line, "0::", 3) : strstr(names, "freezer") && strstr(names, "freezer") < at) {
			n = own_part(t, at);
			if (n && snprintf(path, 4096, "%s%.*s", mount, (int)n, at) >= 4096)
				n = 0;
		}
	}
	if (f)
		fclose(f);
	return n != 0;
}

static bool by_name(const struct pb_target *t, const char *mount, char path[4096])
{
	size_t n = t->cgroup ? own_part(t, t->cgroup) : 0;

	return n && snprintf(path, 4096, "%s%.*s", mount, (int)n, t->cgroup) < 4096 && !access(path, F_OK);
}

/* Hierarchies need not agree on paths: go through the tree. */
static bool by_search(const struct pb_target *t, const char *mount, char path[4096])
{
	char *roots[] = { (char *)mount, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	size_t len = strlen(mount), n = 0;
	FTSENT *e;

	while (tree && !n && (e = fts_read(tree))) {
		if (e->fts_info != FTS_D)
			continue;
		if (e->fts_level > MAX_DEPTH) {
			fts_set(tree, e, FTS_SKIP);
			continue;
		}
		n = own_part(t, e->fts_path + len);
		if (n && snprintf(path, 4096, "%s%.*s", mount, (int)n, e->fts_path + len) >= 4096)
			n = 0;
	}
	if (tree)
		fts_close(tree);
	return n != 0;
}

int act_cgroup__find(const struct pb_target *t, enum act_tree tree, char path[4096], struct err *err)
{
	const char *what = tree == ACT_V2 ? "cgroup2" : "the freezer's cgroups";
	char mount[4096];

	if (!t->container)
		return err__set(err, -ENOENT, "there is no container");
	if (!act_cgroup__mount(tree, mount))
		return err__set(err, -FMT_E_UNSUPPORTED, "%s: not mounted here", what);
	if (by_process(t, tree, mount, path) || by_name(t, mount, path) || by_search(t, mount, path))
		return 0;
	return err__set(err, -ENOENT, "container %s has no control group in %s: it has ended, or its runtime makes none there", t->container,
			mount);
}
