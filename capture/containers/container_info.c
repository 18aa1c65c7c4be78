// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture/containers/monitor.h"
#include "capture/containers/patience.h"
#include "capture/containers/runtime.h"
#include "capture/machine.h"

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

#define SLOW_NS 10000000u

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

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

/* The machine's mounts: ours, or, where we are in a container, those of its first process. */
static bool same_mounts(uint32_t pid)
{
	struct stat own, first, other;
	char path[40];

	snprintf(path, sizeof(path), "/proc/%u/ns/mnt", pid);
	return !stat(path, &other) && ((!stat("/proc/self/ns/mnt", &own) && own.st_ino == other.st_ino) ||
				       (!stat("/proc/1/ns/mnt", &first) && first.st_ino == other.st_ino));
}

/* --- files that are somebody else's: they may not answer (patience.h), and are read to a limit ------ */

#define WAIT_MS 500u
#define NEXT_WAIT_MS 50u		/* for further homes: they may all be on the one server that is gone */
#define LIMIT (8u << 20)		/* bytes of one look */

/* A look on a thread of its own: with its own copies of everything. */
struct foreign {
	struct cap_look l;
	char id[65], home[400];
	struct cap_container_info info;
	bool found;
	/* instead, for a home: the ids of all that are there */
	bool list;
	struct buf ids;			/* each with its NUL */
};

static struct foreign *new_foreign(const struct cap_look *l, const struct cap_container_info *c, const char *home)
{
	struct foreign *f = xcalloc(1, sizeof(*f));

	f->l = *l;
	f->l.root = dup(l->root);
	if (l->id)
		snprintf(f->id, sizeof(f->id), "%s", l->id);
	f->l.id = f->id;
	snprintf(f->home, sizeof(f->home), "%s", home ? home : "");
	f->l.home = home ? f->home : NULL;
	if (c)
		f->info.with_env = c->with_env;
	return f;
}

static void free_foreign(void *arg)
{
	struct foreign *f = arg;

	close(f->l.root);
	buf__done(&f->info.json);
	buf__done(&f->ids);
	free(f);
}

/* What was found becomes the caller's. */
static bool take_found(struct foreign *f, struct cap_container_info *c)
{
	bool found = f->found;

	if (found) {
		buf__done(&c->json);
		*c = f->info;
		f->info.json = (struct buf){ 0 };
	}
	free_foreign(f);
	return found;
}

/* Where the monitor says, in its own root. */
static void look_by_monitor(void *arg)
{
	struct foreign *f = arg;
	const struct cap_look *l = &f->l;
	struct cap_look there = *l;
	struct cap_monitor m;
	unsigned first = 0, end;
	char path[40];
	int own;

	cap_root__limit(LIMIT);
	if (!cap_monitor__find(&m, l->pid, l->id))
		return;
	snprintf(path, sizeof(path), "/proc/%u/root", m.pid);
	own = open_root(path);
	there.bundle = *m.bundle ? m.bundle : NULL;
	there.foreign = own >= 0 && !(same_mounts(m.pid) && same_place(own, l->root));
	if (there.foreign)
		there.root = own;
	else
		cap_root__limit(0);
	end = there.foreign ? N : N_WITH_DAEMON;
	if (m.kind == CAP_LXC_MONITOR || m.kind == CAP_NSPAWN) {
		first = m.kind == CAP_NSPAWN ? NSPAWN : LXC;
		end = first + 1;
		there.monitor = m.pid;
	}
	f->found = look(&there, &f->info, first, end);
	if (own >= 0)
		close(own);
}

static bool ask_monitor(const struct cap_look *l, struct cap_container_info *c)
{
	struct foreign *f = l->pid ? new_foreign(l, c, NULL) : NULL;
	char key[CAP_PATIENCE_KEY];

	snprintf(key, sizeof(key), "container %s", l->id);
	return f && cap_patience__do(key, WAIT_MS, look_by_monitor, free_foreign, f) && take_found(f, c);
}

static void add_id(void *arg, const char *id)
{
	struct foreign *f = arg;

	if (f->ids.len < 65536 && *id && strlen(id) <= 64)
		buf__add(&f->ids, id, strlen(id) + 1);
}

static void look_in_home(void *arg)
{
	struct foreign *f = arg;

	cap_root__limit(LIMIT);
	if (f->list) {
		cap_docker__each(&f->l, add_id, f);
		cap_storage__each(&f->l, add_id, f);
		return;
	}
	f->found = cap_docker__look_up(&f->l, &f->info) || cap_storage__look_up(&f->l, &f->info);
}

/* NULL: it does not answer. */
static struct foreign *ask_home(struct foreign *f, unsigned ms)
{
	return cap_patience__do(f->home, ms, look_in_home, free_foreign, f) ? f : NULL;
}

struct in_homes {
	const struct cap_look *look;
	struct cap_container_info *c;
	bool found;
	uint64_t took;			/* those that have answered, ns */
	bool mute;			/* one has not */
};

static void see_home(void *arg, const char *home)
{
	struct in_homes *h = arg;
	uint64_t began = now_ns();
	struct foreign *f;

	if (h->found)
		return;
	f = ask_home(new_foreign(h->look, h->c, home), h->mute ? NEXT_WAIT_MS : WAIT_MS);
	h->mute |= !f;
	if (!f)
		return;
	h->took += now_ns() - began;
	h->found = take_found(f, h->c);
}

/*
 * Homes get a tenth of the time at most: what users have written there may take long to read, and it is read for each
 * container that nobody else knows. One that does not answer costs its wait once.
 */
static bool look_in_homes(const struct cap_look *l, struct cap_container_info *c)
{
	static uint64_t rested;		/* CLOCK_MONOTONIC; one thread at a time asks */
	struct in_homes h = { .look = l, .c = c };

	if (now_ns() < rested)
		return false;
	cap_homes__each(l->root, see_home, &h);
	rested = h.took > SLOW_NS ? now_ns() + 9 * h.took : 0;
	return h.found;
}

/*
 * The machine's own runtimes first: what one inside of a container says, or any user, cannot
 * replace it.
 */
bool cap_container__look_up(struct cap_container_info *c, const char *full_id, uint32_t pid, bool begun)
{
	struct cap_look l = { .id = full_id, .root = cap_machine__root(), .pid = pid, .begun = begun };
	bool found;

	if (l.root < 0)
		return false;
	c->provisional = false;
	found = cap_root__is_name(full_id) &&
		(look(&l, c, 0, N_WITH_DAEMON) || ask_monitor(&l, c) ||
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
	bool several, mute;		/* mute: a home did not answer */
};

static bool id_or_name(const char *id, const struct by_name *b)
{
	struct cap_container_info c = { 0 };
	bool same;

	if (!strcmp(id, b->name) || (b->n >= 6 && !strncmp(id, b->name, b->n)))
		return true;
	same = cap_container__look_up(&c, id, 0, true) && !strcmp(c.name, b->name);
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
	struct cap_look l = { .root = b->root };
	struct foreign *f = new_foreign(&l, NULL, home);

	f->list = true;
	f = ask_home(f, b->mute ? NEXT_WAIT_MS : WAIT_MS);
	b->mute |= !f;
	for (size_t at = 0; f && at < f->ids.len; at += strlen((char *)f->ids.p + at) + 1)
		compare(b, (char *)f->ids.p + at);
	if (f)
		free_foreign(f);
}

bool cap_container__id_of_name(const char *name, char id[65], const char **runtime)
{
	struct by_name b = { .name = name, .n = strlen(name), .root = cap_machine__root() };
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
