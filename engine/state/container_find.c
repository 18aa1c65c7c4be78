// SPDX-License-Identifier: Apache-2.0
/*
 * Which container a process is in: by the cgroups it has, or moves to.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/state/nspawn_args.h"
#include "engine/state/state_internal.h"
#include "format/base/strtab.h"

/*
 * The next "subsystem=path" of a list; path is followed by NUL. NULL at the end, and where a list
 * is longer than any that a kernel makes.
 */
#define MAX_CGROUPS (64u << 10)
#define MAX_SUBSYS 512u		/* names of one hierarchy: a kernel has a dozen, short ones */
static const char *next_cgroup(const struct eng_str *list, uint32_t *at, const char **subsys,
			       size_t *n_subsys)
{
	while (*at < list->len && *at < MAX_CGROUPS) {
		const char *s = list->s + *at, *eq = strchr(s, '=');

		*at += (uint32_t)strlen(s) + 1;
		if (!eq)
			continue;
		*subsys = s;
		*n_subsys = (size_t)(eq - s);
		return eq + 1;
	}
	return NULL;
}

static struct container *by_path(struct eng_state *st, const char *path)
{
	struct container *c = container__announced(st, path);
	const char *runtime;
	char id[65], full[65];

	/* Below an announced one there may be another that has not been announced yet. */
	if (!eng_container_from_cgroup(c ? path + c->c.cgroup->len : path, id, full, &runtime))
		return c;
	c = container__get(st, id, strlen(id), true);
	if (!c->c.full_id)
		c->c.full_id = eng_str__new(full, strlen(full), strlen(full));
	if (!c->c.runtime && runtime)
		c->c.runtime = eng_str__new(runtime, strlen(runtime), strlen(runtime));
	return c;
}

static bool in_pidns(const struct eng_proc *p)
{
	return p->vpid > 0 && p->vpid != p->pid;
}

/* The path of a subsystem in a list, or NULL. */
static const char *path_of(const struct eng_str *list, const char *subsys, size_t n)
{
	const char *s, *path;
	uint32_t at = 0;
	size_t m;

	while ((path = next_cgroup(list, &at, &s, &m)))
		if (m == n && !memcmp(s, subsys, n))
			return path;
	return NULL;
}

static bool is_unit(const char *name, size_t n)
{
	return (n > 6 && !memcmp(name + n - 6, ".slice", 6)) ||
	       (n > 6 && !memcmp(name + n - 6, ".scope", 6)) ||
	       (n > 8 && !memcmp(name + n - 8, ".service", 8));
}

/* --- by what watches over it ------------------------------------------------------------------ */

static struct container *called(struct eng_state *st, const char *id, size_t n,
				const char *runtime)
{
	struct container *c = container__get(st, id, n, true);

	if (c && !c->c.full_id)
		c->c.full_id = eng_str__new(id, n, n);
	if (c && !c->c.runtime)
		c->c.runtime = eng_str__new(runtime, strlen(runtime), strlen(runtime));
	return c;
}

/* The argument after an option, if all of it is there; NULL. */
static const char *option(const struct eng_str *args, const char *name)
{
	size_t n = strlen(name) + 1;

	for (uint32_t at = 0; at + n < args->len; at += (uint32_t)strlen(args->s + at) + 1)
		if (!memcmp(args->s + at, name, n))
			return memchr(args->s + at + n, 0, args->len - at - n) ? args->s + at + n : NULL;
	return NULL;
}

/* One that does not register with systemd has its unit's cgroup, with "payload" in it. */
static struct container *by_nspawn(struct eng_state *st, const struct eng_str *args)
{
	char name[65];

	return eng_nspawn__name(args->s, args->len, name) ?
		       called(st, name, strlen(name), "systemd-nspawn") : NULL;
}

/* Podman's and CRI-O's: "conmon ... -c ID". */
static struct container *by_conmon(struct eng_state *st, const struct eng_str *args)
{
	const char *id = option(args, "-c");

	return id && strlen(id) == 64 ? called(st, id, 64, "podman") : NULL;
}

/*
 * Docker's and containerd's: "containerd-shim-runc-v2 -namespace NAMESPACE -id ID". That of a pod watches over
 * several containers, and its id is the first one's.
 */
static struct container *by_shim(struct eng_state *st, const struct eng_str *args)
{
	const char *id = option(args, "-id"), *space = option(args, "-namespace");

	if (!id || !*id || !space || !strcmp(space, "k8s.io"))
		return NULL;
	return called(st, id, strnlen(id, 64), strcmp(space, "moby") ? "containerd" : "docker");
}

static const struct {
	const char *program;
	struct container *(*find)(struct eng_state *st, const struct eng_str *args);
} watchers[] = {
	{ "/systemd-nspawn", by_nspawn },
	{ "/conmon", by_conmon },
	{ "/containerd-shim-runc-v2", by_shim },
};

/* A program as the distribution has it: what anybody may put into a directory of their own is none. */
static struct container *watched_by(struct eng_state *st, const struct eng_proc *p)
{
	const struct eng_str *path = p->image->exepath, *args = p->image->args;

	for (unsigned i = 0; path && args && i < sizeof(watchers) / sizeof(*watchers); i++) {
		size_t n = strlen(watchers[i].program);

		if (path->len > n + 5 && !memcmp(path->s, "/usr/", 5) &&
		    !memcmp(path->s + path->len - n, watchers[i].program, n))
			return watchers[i].find(st, args);
	}
	return NULL;
}

#define MAX_ABOVE 1024u		/* ancestors that are looked at */

/*
 * Containers of users may have no cgroup of their own, machines of systemd-nspawn one of any name. The nearest
 * ancestor outside of the pid namespace that watches over a container was told its id.
 */
static struct container *by_watcher(struct eng_state *st, const struct eng_proc *p)
{
	const struct eng_proc *up = p->parent;
	struct container *c = NULL;

	for (unsigned n = 0; !c && up && up->pid != 1 && n < MAX_ABOVE; n++, up = up->parent)
		if (!in_pidns(up))
			c = watched_by(st, up);
	return c;
}

/* --- by its pid namespace ----------------------------------------------------------------------- */

static uint64_t outside_key(const struct eng_str *cgroups)
{
	uint64_t h = strtab__hash(cgroups->s, cgroups->len);

	return h ? h : 1;
}

static void add_outside(struct eng_state *st, uint64_t key, intptr_t by)
{
	intptr_t n = key ? (intptr_t)idmap__get(&st->outside, (int64_t)key) + by : 0;

	if (n)
		idmap__put(&st->outside, (int64_t)key, (void *)n);
	else if (key)
		idmap__del(&st->outside, (int64_t)key);
}

void proc__count_outside(struct eng_state *st, struct eng_proc *p)
{
	const struct eng_proc *up = p->parent;
	uint64_t key = 0;

	if (!p->dead && p->vpid == p->pid && p->cgroups->len)
		key = up && up->outside && up->cgroups == p->cgroups ? up->outside : outside_key(p->cgroups);
	if (key == p->outside)
		return;
	add_outside(st, p->outside, -1);
	add_outside(st, key, 1);
	p->outside = key;
}

/*
 * Is a process whose nearest ancestor outside of its pid namespace is this one in a cgroup that is no container's? Init may
 * be that ancestor only because the true one has ended, and the process still where its caller was: so it is if others outside
 * are there, too. What was decided of its parent holds for it.
 */
static bool is_sandbox(const struct eng_state *st, const struct eng_proc *p, const struct eng_proc *host)
{
	const struct eng_proc *up = p->parent;

	if (in_pidns(up) && !up->dead && !up->container && eng_str__same(up->cgroups, p->cgroups))
		return true;
	return host->pid == 1 && idmap__get(&st->outside, (int64_t)outside_key(p->cgroups));
}

/*
 * Bare runc gives a container any name: /NAME. A process is taken to be in one if it lives in a pid
 * namespace of its own and in another cgroup than the nearest ancestor outside of that namespace,
 * and the cgroup is no unit of systemd's. (A sandbox that only makes a pid namespace stays in its
 * caller's cgroup: see is_sandbox.) The cgroup's last component is the id.
 */
static struct container *by_namespace(struct eng_state *st, const struct eng_proc *p)
{
	const struct eng_proc *host = p;
	const char *subsys, *path;
	struct container *c;
	uint32_t at = 0;
	size_t n;

	for (unsigned k = 0; host && in_pidns(host); k++, host = host->parent)
		if (k == MAX_ABOVE)
			return NULL;
	if (!host || host == p || !host->cgroups->len || is_sandbox(st, p, host))
		return NULL;
	while ((path = next_cgroup(p->cgroups, &at, &subsys, &n))) {
		const char *outside = path_of(host->cgroups, subsys, n), *name = strrchr(path, '/');

		if (!outside || !strcmp(outside, path) || !name || !name[1] ||
		    is_unit(name + 1, strlen(name + 1)))
			continue;
		if (!strcmp(name, "/payload") && (c = by_watcher(st, p)))
			return c;
		return called(st, name + 1, strlen(name + 1), "runc");
	}
	return NULL;
}

static struct container *find(struct eng_state *st, const struct eng_proc *p)
{
	struct container *c = NULL;
	const char *subsys, *path;
	uint32_t at = 0;
	size_t n;

	while (!c && (path = next_cgroup(p->cgroups, &at, &subsys, &n)))
		c = by_path(st, path);
	if (c || !in_pidns(p))
		return c;
	c = by_namespace(st, p);
	return c ? c : by_watcher(st, p);
}

void proc__find_container(struct eng_state *st, struct eng_proc *p)
{
	const struct eng_proc *up = p->parent;

	proc__count_outside(st, p);
	/* Most forks change nothing. */
	if (up && !up->dead && eng_str__same(up->cgroups, p->cgroups) &&
	    (up->container || !in_pidns(p)))
		proc__set_container(st, p, (struct container *)up->container);
	else
		proc__set_container(st, p, find(st, p));
}

/*
 * Processes that were there before their container was announced, or announced elsewhere. A container that is left without
 * a process in between is not forgotten: others may come.
 */
void containers__find_again(struct eng_state *st, const struct container *c)
{
	const struct eng_str *cgroup = c->c.cgroup;
	struct eng_proc *p;

	st->keeps_idle = true;
	idmap__each(&st->procs, i, p)
		if (!p->dead && (p->container == &c->c ||
				 memmem(p->cgroups->s, p->cgroups->len, cgroup->s, cgroup->len)))
			proc__set_container(st, p, find(st, p));
	st->keeps_idle = false;
}


/* Is a subsystem one of a list "cpu,cpuacct"? */
static bool in_hierarchy(const struct fmt_str *list, const char *subsys, size_t n)
{
	const char *p = list->p, *end = p + list->len;

	while (p < end) {
		const char *comma = memchr(p, ',', (size_t)(end - p)), *stop = comma ? comma : end;

		if ((size_t)(stop - p) == n && !memcmp(p, subsys, n))
			return true;
		p = stop + 1;
	}
	return false;
}

/* The subsystems of a hierarchy that a list lacks: nothing was known of them before. */
static void add_unknown(struct buf *b, const struct eng_str *list, const struct fmt_str *path,
			const struct fmt_str *hierarchy)
{
	const char *s = hierarchy->p, *end = s + hierarchy->len;

	while (s < end) {
		const char *comma = memchr(s, ',', (size_t)(end - s)), *stop = comma ? comma : end;

		if (b->len + (size_t)(stop - s) + path->len > MAX_CGROUPS)
			return;
		if (!path_of(list, s, (size_t)(stop - s))) {
			buf__add(b, s, (size_t)(stop - s));
			buf__u8(b, '=');
			buf__add(b, path->p, path->len);
			buf__u8(b, 0);
		}
		s = stop + 1;
	}
}

/*
 * Replace the paths of the hierarchy that the process has moved in. Where the event does not say
 * which that is, there must be only one.
 */
static void move_cgroups(struct eng_state *st, struct eng_proc *p, const struct fmt_str *path,
			 const struct fmt_str *hierarchy)
{
	const char *subsys, *old, *first = NULL;
	struct buf b = { 0 };
	uint32_t at = 0;
	size_t n;

	while ((old = next_cgroup(p->cgroups, &at, &subsys, &n))) {
		bool move = !hierarchy || in_hierarchy(hierarchy, subsys, n);

		if (b.len + path->len > MAX_CGROUPS)
			goto out;
		if (!hierarchy && first && strcmp(first, old))
			goto out;		/* several hierarchies: it is not said which */
		first = old;
		buf__add(&b, subsys, n);
		buf__u8(&b, '=');
		if (move)
			buf__add(&b, path->p, path->len);
		else
			buf__puts(&b, old);
		buf__u8(&b, 0);
	}
	if (hierarchy)
		add_unknown(&b, p->cgroups, path, hierarchy);
	if (b.len && eng_str__set(&p->cgroups, eng_str__new((char *)b.p, b.len, b.len)))
		p->epoch = next_epoch(st);
out:
	buf__done(&b);
}

void on_cgroup_attach(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	const struct eng_thread *t = eng_state__thread(st, ev_s64(ev, P_cgroup_attach_tid, 0));
	const struct fmt_str *path = fmt_ev__str(ev, P_cgroup_attach_path);
	const struct fmt_str *subsys = fmt_ev__str(ev, P_cgroup_attach_subsys);
	struct container *c;
	struct eng_proc *p;

	if (!t || !path)
		return;
	p = t->proc;
	EV_SET(&p->cgroup_id, ev, P_cgroup_attach_id);
	if (subsys && subsys->len > MAX_SUBSYS)
		subsys = NULL;
	move_cgroups(st, p, path, subsys);
	proc__count_outside(st, p);
	c = by_path(st, path->p);
	if (c)
		proc__set_container(st, p, c);
	else
		proc__set_container(st, p, find(st, p));
}
