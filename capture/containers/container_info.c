// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/containers/monitor.h"
#include "capture/containers/runtime.h"

/*
 * In this order: docker's containers are also containerd's. Everybody's are also runc's, which is
 * asked when nobody else knows one.
 */
static const struct {
	const char *name;
	bool (*look_up)(const struct cap_look *l, struct cap_container_info *c);
	void (*each)(const struct cap_look *l, cap_id_fn *fn, void *arg);
} runtimes[] = {
	{ "docker", cap_docker__look_up, cap_docker__each },
	{ "containerd", cap_containerd__look_up, cap_containerd__each },
	{ "storage", cap_storage__look_up, cap_storage__each },
	{ "runc", cap_runc__look_up, cap_runc__each },
	{ "lxc", cap_lxc__look_up, cap_lxc__each },
	{ "systemd-nspawn", cap_nspawn__look_up, cap_nspawn__each },
};
#define N (sizeof(runtimes) / sizeof(*runtimes))
enum { N_WITH_DAEMON = 3, LXC = 4, NSPAWN = 5 };

static int open_root(const char *path)
{
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static bool same_place(int a, int b)
{
	struct stat x, y;

	return !fstat(a, &x) && !fstat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool look(const struct cap_look *l, struct cap_container_info *c, unsigned first,
		 unsigned end)
{
	for (unsigned i = first; i < end; i++)
		if (runtimes[i].look_up(l, c))
			return true;
	return false;
}

static bool same_mounts(uint32_t pid)
{
	struct stat own, other;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%u/ns/mnt", pid);
	return !stat(path, &other) && !stat("/proc/self/ns/mnt", &own) && own.st_ino == other.st_ino;
}

/* Where the monitor says, in its own root. */
static bool look_by_monitor(const struct cap_look *l, struct cap_container_info *c)
{
	struct cap_look there = *l;
	struct cap_monitor m;
	unsigned first = 0, end;
	char path[40];
	bool found;
	int own;

	if (!l->pid || !cap_monitor__find(&m, l->pid, l->id))
		return false;
	snprintf(path, sizeof(path), "/proc/%u/root", m.pid);
	own = open_root(path);
	there.bundle = *m.bundle ? m.bundle : NULL;
	there.foreign = own >= 0 && !(same_mounts(m.pid) && same_place(own, l->root));
	if (there.foreign)
		there.root = own;
	end = there.foreign ? N : N_WITH_DAEMON;
	if (m.kind == CAP_LXC_MONITOR || m.kind == CAP_NSPAWN) {
		first = m.kind == CAP_NSPAWN ? NSPAWN : LXC;
		end = first + 1;
		there.monitor = m.pid;
	}
	found = look(&there, c, first, end);
	if (own >= 0)
		close(own);
	return found;
}

struct in_homes {
	struct cap_look look;
	struct cap_container_info *c;
	bool found;
};

static void look_in_home(void *arg, const char *home)
{
	struct in_homes *h = arg;

	if (h->found)
		return;
	h->look.home = home;
	h->found = cap_docker__look_up(&h->look, h->c) || cap_storage__look_up(&h->look, h->c);
}

static bool look_in_homes(const struct cap_look *l, struct cap_container_info *c)
{
	struct in_homes h = { .look = *l, .c = c };

	cap_homes__each(l->root, look_in_home, &h);
	return h.found;
}

/*
 * The machine's own runtimes first: what one inside of a container says, or any user, cannot
 * replace it.
 */
bool cap_container__look_up(struct cap_container_info *c, const char *full_id, uint32_t pid)
{
	struct cap_look l = { .id = full_id, .root = open_root("/"), .pid = pid };
	bool found;

	if (l.root < 0)
		return false;
	c->provisional = false;
	found = cap_root__is_name(full_id) &&
		(look(&l, c, 0, N_WITH_DAEMON) || look_by_monitor(&l, c) ||
		 look(&l, c, N_WITH_DAEMON, N) || look_in_homes(&l, c));
	close(l.root);
	return found;
}

/* --- by name ---------------------------------------------------------------------------------- */

struct by_name {
	const char *name;
	size_t n;
	int root;
	char id[65];
	const char *asked, *runtime;	/* whose containers these are; who knows the one that was found */
	bool several;
};

static bool id_or_name(const char *id, const struct by_name *b)
{
	struct cap_container_info c = { 0 };
	bool same;

	if (!strcmp(id, b->name) || (b->n >= 6 && !strncmp(id, b->name, b->n)))
		return true;
	same = cap_container__look_up(&c, id, 0) && !strcmp(c.name, b->name);
	buf__done(&c.json);
	return same;
}

static void compare(void *arg, const char *id)
{
	struct by_name *b = arg;

	if (!*id || strlen(id) >= sizeof(b->id) || !strcmp(id, b->id) || !id_or_name(id, b))
		return;
	b->several |= *b->id;
	strcpy(b->id, id);
	b->runtime = b->asked;
}

static void compare_in_home(void *arg, const char *home)
{
	struct by_name *b = arg;
	struct cap_look l = { .root = b->root, .home = home };

	cap_docker__each(&l, compare, b);
	cap_storage__each(&l, compare, b);
}

bool cap_container__id_of_name(const char *name, char id[65], const char **runtime)
{
	struct by_name b = { .name = name, .n = strlen(name), .root = open_root("/") };
	struct cap_look l = { .root = b.root };

	for (unsigned i = 0; b.root >= 0 && i < N; i++) {
		b.asked = runtimes[i].name;
		runtimes[i].each(&l, compare, &b);
	}
	b.asked = NULL;
	if (b.root >= 0) {
		cap_homes__each(b.root, compare_in_home, &b);
		close(b.root);
	}
	if (!*b.id || b.several)
		return false;
	strcpy(id, b.id);
	*runtime = b.runtime;
	return true;
}
