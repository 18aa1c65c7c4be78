// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "capture/hierarchy.h"

static void add_name(struct cap_hierarchies *h, int id, const char *name)
{
	unsigned i = 0;
	size_t len;

	while (i < h->n && h->h[i].id != id)
		i++;
	if (i == CAP_MAX_HIERARCHIES)
		return;
	if (i == h->n) {
		h->n++;
		h->h[i].id = id;
		h->h[i].names[0] = 0;
	}
	len = strlen(h->h[i].names);
	snprintf(h->h[i].names + len, sizeof(h->h[i].names) - len, "%s%s", len ? "," : "", name);
}

/* Named hierarchies, "9:name=systemd:/": they have no subsystem, and no line in /proc/cgroups. */
static void read_named(struct cap_hierarchies *h)
{
	char line[4352];
	FILE *f = fopen("/proc/self/cgroup", "re");

	while (f && fgets(line, sizeof(line), f)) {
		char *name = strstr(line, ":name="), *end = name ? strchr(name + 6, ':') : NULL;

		if (!end)
			continue;
		*end = 0;
		add_name(h, atoi(line), name + 6);
	}
	if (f)
		fclose(f);
}

void cap_hierarchies__read(struct cap_hierarchies *h)
{
	char line[256], name[64];
	FILE *f = fopen("/proc/cgroups", "re");
	bool unified = false;
	int id, n, on;

	h->n = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %d %d %d", name, &id, &n, &on) != 4 || *line == '#')
			continue;
		add_name(h, id, name);
		unified |= !id;
	}
	if (f)
		fclose(f);
	if (!unified)
		add_name(h, 0, "unified");
	read_named(h);
}

static const char *find(const struct cap_hierarchies *h, int id)
{
	for (unsigned i = 0; i < h->n; i++)
		if (h->h[i].id == id)
			return h->h[i].names;
	return NULL;
}

const char *cap_hierarchies__names(struct cap_hierarchies *h, int id)
{
	const char *names = find(h, id);

	if (!names) {
		cap_hierarchies__read(h);
		names = find(h, id);
	}
	return names ? names : "";
}

/* --- paths ------------------------------------------------------------------------------------ */

#define CGROUP_INIT_NS 0xeffffffbu	/* the machine's, include/linux/proc_ns.h */

bool cap_hierarchies__are_private(void)
{
	struct stat st;

	return !stat("/proc/self/ns/cgroup", &st) && st.st_ino != CGROUP_INIT_NS;
}

void cap_hierarchies__root(struct cap_hierarchies *h, int id, const char *path)
{
	unsigned i = 0;

	while (i < h->n_roots && h->roots[i].id != id)
		i++;
	if (i == CAP_MAX_HIERARCHIES || strlen(path) >= sizeof(h->roots[0].path))
		return;
	h->roots[i].id = id;
	strcpy(h->roots[i].path, path);
	if (i == h->n_roots)
		h->n_roots++;
}

static const char *root_of(const struct cap_hierarchies *h, int id)
{
	for (unsigned i = 0; i < h->n_roots; i++)
		if (h->roots[i].id == id)
			return h->roots[i].path;
	return "/";
}

/* "/../x" below "/a/b" is "/a/x"; below "/", or where the root is not known, "/x". */
static void add_path(struct buf *out, const char *root, const char *path, size_t n)
{
	size_t keep = strcmp(root, "/") ? strlen(root) : 0;

	while (n >= 3 && !memcmp(path, "/..", 3) && (n == 3 || path[3] == '/')) {
		while (keep && root[--keep] != '/')
			;
		path += 3;
		n -= 3;
	}
	if (n == 1 && keep)		/* the root itself is "/" */
		n = 0;
	buf__add(out, root, keep);
	buf__add(out, n || keep ? path : "/", n || keep ? n : 1);
}

static void add_paths(struct buf *out, const char *names, const char *root, const char *path, size_t n_path)
{
	while (*names) {
		size_t n = strcspn(names, ",");

		buf__add(out, names, n);
		buf__u8(out, '=');
		add_path(out, root, path, n_path);
		buf__u8(out, 0);
		names += n + (names[n] == ',');
	}
}

void cap_hierarchies__list(struct cap_hierarchies *h, const char *text, struct buf *out)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		const char *colon = memchr(text, ':', len), *path;

		path = colon ? memchr(colon + 1, ':', len - (size_t)(colon + 1 - text)) : NULL;
		if (path)
			add_paths(out, cap_hierarchies__names(h, atoi(text)), root_of(h, atoi(text)), path + 1,
				  len - (size_t)(path + 1 - text));
		text += len + (text[len] == '\n');
	}
}
