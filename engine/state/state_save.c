// SPDX-License-Identifier: Apache-2.0
/*
 * The state as rows of a keyframe, in an order that depends on nothing but what it holds.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/state/sockaddr.h"
#include "engine/state/state_internal.h"

struct saver {
	struct eng_state *st;
	struct fmt_batch *b;
	uint64_t ts;
	eng_next_batch_fn next;
	void *arg;
	struct idmap tables;	/* of tables that are shared: pid of the first owner, by address */
	uint8_t origin;
	int r;
};

/* A new row; false if there is no more room to be had. */
static bool row(struct saver *s, uint16_t type, int64_t tid, int64_t pid)
{
	if (s->r < 0)
		return false;
	if (fmt_batch__full(s->b)) {
		s->r = s->next ? s->next(s->arg, &s->b) : -FMT_E_LIMIT;
		if (s->r < 0)
			return false;
	}
	s->b->origin = s->origin;
	s->r = fmt_batch__begin(s->b, type, s->ts, 0, (uint32_t)tid, (uint32_t)pid, 0, 0);
	s->b->origin = 0;
	return s->r >= 0;
}

static void str(struct saver *s, unsigned p, const struct eng_str *e)
{
	if (e)
		fmt_batch__str(s->b, p, e->s, e->len, e->full_len);
}

static void text(struct saver *s, unsigned p, const char *v)
{
	fmt_batch__str(s->b, p, v, (uint32_t)strlen(v), (uint32_t)strlen(v));
}

static void num(struct saver *s, unsigned p, uint64_t v)
{
	fmt_batch__int(s->b, p, v);
}

/* --- small tables ----------------------------------------------------------------------------- */

static void save_accounts(struct saver *s, const struct accounts *a, const char *container)
{
	struct eng_user **users = (struct eng_user **)idmap__sorted(&a->users);
	struct eng_group **groups = (struct eng_group **)idmap__sorted(&a->groups);

	for (uint32_t i = 0; i < a->users.n && row(s, EV_state_user, 0, 0); i++) {
		num(s, P_state_user_uid, users[i]->uid);
		num(s, P_state_user_gid, users[i]->gid);
		str(s, P_state_user_name, users[i]->name);
		str(s, P_state_user_home, users[i]->home);
		str(s, P_state_user_shell, users[i]->shell);
		text(s, P_state_user_container_id, container);
		fmt_batch__end(s->b);
	}
	for (uint32_t i = 0; i < a->groups.n && row(s, EV_state_group, 0, 0); i++) {
		num(s, P_state_group_gid, groups[i]->gid);
		str(s, P_state_group_name, groups[i]->name);
		text(s, P_state_group_container_id, container);
		fmt_batch__end(s->b);
	}
	free(users);
	free(groups);
}

static void save_ifaces(struct saver *s)
{
	for (size_t i = 0; i < s->st->n_ifaces && row(s, EV_state_iface, 0, 0); i++) {
		const struct iface *f = &s->st->ifaces[i];
		uint8_t addr[19] = { f->family };
		uint32_t n = f->family == SA_INET ? 4 : 16;

		memcpy(addr + 1, f->ip, n);
		str(s, P_state_iface_name, f->name);
		fmt_batch__str(s->b, P_state_iface_addr, (char *)addr, n + 3, n + 3);
		num(s, P_state_iface_prefix, f->prefix);
		fmt_batch__end(s->b);
	}
}

static void save_name(void *arg, uint8_t family, const uint8_t *ip, uint64_t ts,
		      const struct eng_str *name)
{
	struct saver *s = arg;
	uint8_t addr[19] = { family };
	uint32_t n = family == 2 ? 4 : 16;	/* AF_INET */

	if (!row(s, EV_state_dns, 0, 0))
		return;
	memcpy(addr + 1, ip, n);
	fmt_batch__str(s->b, P_state_dns_addr, (char *)addr, n + 3, n + 3);
	str(s, P_state_dns_name, name);
	num(s, P_state_dns_since, ts);
	fmt_batch__end(s->b);
}

static void save_mounts(struct saver *s)
{
	struct mount **m = (struct mount **)idmap__sorted(&s->st->mounts);

	for (uint32_t i = 0; i < s->st->mounts.n && row(s, EV_state_mount, 0, 0); i++) {
		num(s, P_state_mount_id, m[i]->id);
		num(s, P_state_mount_dev, m[i]->dev);
		str(s, P_state_mount_path, m[i]->path);
		str(s, P_state_mount_fstype, m[i]->fstype);
		str(s, P_state_mount_source, m[i]->source);
		str(s, P_state_mount_root, m[i]->root);
		fmt_batch__end(s->b);
	}
	free(m);
}

static int by_id(const void *a, const void *b)
{
	struct container *const *x = a, *const *y = b;

	return strcmp((*x)->c.id, (*y)->c.id);
}

struct container **containers__sorted(struct eng_state *st, size_t *ret_n)
{
	struct container **all = NULL, *c;
	size_t n = 0, cap = 0;

	idmap__each(&st->containers, i, c) {
		for (; c; c = c->next) {
			all = xgrow(all, &cap, n + 1, sizeof(*all));
			all[n++] = c;
		}
	}
	if (n)
		qsort(all, n, sizeof(*all), by_id);
	*ret_n = n;
	return all;
}

static void save_containers(struct saver *s)
{
	struct container **all;
	size_t n;

	all = containers__sorted(s->st, &n);
	for (size_t i = 0; i < n && row(s, EV_state_container, 0, 0); i++) {
		const struct eng_container *c = &all[i]->c;

		text(s, P_state_container_id, c->id);
		str(s, P_state_container_full_id, c->full_id);
		str(s, P_state_container_runtime, c->runtime);
		str(s, P_state_container_name, c->name);
		str(s, P_state_container_image, c->image);
		str(s, P_state_container_cgroup, c->cgroup);
		str(s, P_state_container_json, c->json);
		num(s, P_state_container_start, c->start);
		if (c->ended)
			num(s, P_state_container_ended, true);
		fmt_batch__end(s->b);
		save_accounts(s, &all[i]->accounts, c->id);
	}
	free(all);
}

/* --- processes -------------------------------------------------------------------------------- */

/*
 * Among processes that share a table, the number of it: the first one's pid. 0: it is not shared.
 */
static uint64_t table_number(struct saver *s, const struct eng_proc *p, bool *ret_first)
{
	int64_t key = (int64_t)(intptr_t)p->fds;
	intptr_t pid;

	*ret_first = true;
	if (p->fds->refs == 1)
		return 0;
	pid = (intptr_t)idmap__get(&s->tables, key);
	*ret_first = !pid;
	if (!pid) {
		pid = p->pid;
		idmap__put(&s->tables, key, (void *)pid);
	}
	return (uint64_t)pid;
}

/* What belongs to the process: on the row of its main thread. */
static void proc_params(struct saver *s, const struct eng_proc *p)
{
	const struct eng_image *im = p->image;

	num(s, P_state_thread_ptid, (uint64_t)p->ptid);
	num(s, P_state_thread_real_ptid, (uint64_t)p->real_ptid);
	num(s, P_state_thread_pgid, (uint64_t)p->pgid);
	num(s, P_state_thread_vpgid, (uint64_t)p->vpgid);
	num(s, P_state_thread_sid, (uint64_t)p->sid);
	num(s, P_state_thread_vpid, (uint64_t)p->vpid);
	if (im != s->st->no_image) {
		str(s, P_state_thread_exe, im->exe);
		str(s, P_state_thread_exepath, im->exepath);
		str(s, P_state_thread_args, im->args);
		str(s, P_state_thread_env, im->env);
	}
	str(s, P_state_thread_cwd, p->cwd);
	str(s, P_state_thread_root, p->root);
	str(s, P_state_thread_cgroups, p->cgroups);
	num(s, P_state_thread_cgroup_id, p->cgroup_id);
	text(s, P_state_thread_container_id, p->container ? p->container->id : "host");
	num(s, P_state_thread_loginuid, p->loginuid);
	num(s, P_state_thread_tty, p->tty);
	num(s, P_state_thread_fdlimit, (uint64_t)p->fdlimit);
	num(s, P_state_thread_exe_ino, im->exe_ino);
	num(s, P_state_thread_exe_dev, im->exe_dev);
	num(s, P_state_thread_exe_ino_ctime, im->exe_ino_ctime);
	num(s, P_state_thread_exe_ino_mtime, im->exe_ino_mtime);
	num(s, P_state_thread_exe_flags, im->exe_flags);
	num(s, P_state_thread_pidns_start, p->pidns_start);
	num(s, P_state_thread_exec_time, p->exec_time);
	num(s, P_state_thread_vm_size, p->vm_size);
	num(s, P_state_thread_vm_rss, p->vm_rss);
	num(s, P_state_thread_vm_swap, p->vm_swap);
}

static void thread_params(struct saver *s, const struct eng_thread *t)
{
	num(s, P_state_thread_vtid, (uint64_t)t->vtid);
	str(s, P_state_thread_comm, t->comm);
	num(s, P_state_thread_flags, t->clone_flags);
	num(s, P_state_thread_uid, t->uid);
	num(s, P_state_thread_euid, t->euid);
	num(s, P_state_thread_gid, t->gid);
	num(s, P_state_thread_egid, t->egid);
	num(s, P_state_thread_cap_inheritable, t->cap_inheritable);
	num(s, P_state_thread_cap_permitted, t->cap_permitted);
	num(s, P_state_thread_cap_effective, t->cap_effective);
	num(s, P_state_thread_start, t->start);
	num(s, P_state_thread_pgft_maj, t->pgft_maj);
	num(s, P_state_thread_pgft_min, t->pgft_min);
	if (t->entered) {
		str(s, P_state_thread_entered, t->entered);
		num(s, P_state_thread_entered_by, t->entered_by);
	}
}

static void save_dead(struct saver *s, const struct eng_proc *p)
{
	if (!row(s, EV_state_thread, p->pid, p->pid))
		return;
	proc_params(s, p);
	str(s, P_state_thread_comm, p->comm);
	num(s, P_state_thread_start, p->start);
	num(s, P_state_thread_dead, 1);
	fmt_batch__end(s->b);
}

static uint32_t put_tuple(const struct eng_tuple *t, uint8_t *to)
{
	uint32_t n = t->family == SA_INET ? 4 : 16, at = 1;

	to[0] = t->family;
	memcpy(to + at, t->cip, n);
	at += n;
	memcpy(to + at, &t->cport, 2);
	at += 2;
	memcpy(to + at, t->sip, n);
	at += n;
	memcpy(to + at, &t->sport, 2);
	return at + 2;
}

static void save_fd(struct saver *s, const struct eng_proc *p, const struct eng_fd *fd,
		    uint64_t number)
{
	uint8_t tuple[40];
	uint32_t n;

	if (!row(s, EV_state_fd, p->pid, p->pid))
		return;
	num(s, P_state_fd_fd, (uint64_t)fd->num);
	num(s, P_state_fd_type, fd->type);
	str(s, P_state_fd_name, fd->name);
	num(s, P_state_fd_open_flags, fd->flags);
	num(s, P_state_fd_ino, fd->ino);
	num(s, P_state_fd_dev, fd->dev);
	if (fd->tuple.family) {
		n = put_tuple(&fd->tuple, tuple);
		fmt_batch__str(s->b, P_state_fd_tuple, (char *)tuple, n, n);
		num(s, P_state_fd_l4, fd->tuple.l4);
	}
	num(s, P_state_fd_role, fd->role);
	num(s, P_state_fd_connected, fd->connected);
	str(s, P_state_fd_nameraw, fd->nameraw);
	num(s, P_state_fd_fdtable, number);
	fmt_batch__end(s->b);
}

static int by_tid(const void *a, const void *b)
{
	const struct eng_thread *const *x = a, *const *y = b;

	return (*x)->tid < (*y)->tid ? -1 : (*x)->tid > (*y)->tid;
}

/* The main thread first, if it is there, then by number. */
struct eng_thread **threads__sorted(const struct eng_proc *p)
{
	struct eng_thread **all = xmalloc((p->n_threads + 1) * sizeof(*all));
	uint32_t n = 0;

	for (struct eng_thread *t = p->threads; t; t = t->next)
		all[n++] = t;
	qsort(all, n, sizeof(*all), by_tid);
	for (uint32_t i = 1; i < n; i++) {
		if (all[i]->tid == p->pid) {
			struct eng_thread *main = all[i];

			memmove(all + 1, all, i * sizeof(*all));
			all[0] = main;
		}
	}
	return all;
}

/* Who entered a pod, the k-th of what it has run and of the requests that may have let it in. */
static void save_cause(struct saver *s, const struct eng_proc *p, unsigned k)
{
	const struct eng_entry *e = p->entry;

	if (!row(s, EV_state_cause, p->pid, p->pid))
		return;
	num(s, P_state_cause_number, e->id);
	num(s, P_state_cause_time, e->ts);
	str(s, P_state_cause_namespace, e->ns);
	str(s, P_state_cause_pod, e->pod);
	str(s, P_state_cause_container, e->container);
	str(s, P_state_cause_args, e->args[k < e->n_args ? k : e->n_args - 1]);
	num(s, P_state_cause_settled, e->settled);
	str(s, P_state_cause_json, k < e->n ? e->at[k]->json : NULL);
	fmt_batch__end(s->b);
}

static void save_causes(struct saver *s, const struct eng_proc *p)
{
	const struct eng_entry *e = p->entry;

	if (!e || !e->pod || (!e->n && !entry__is_recent(&s->st->shared->causes, e)))
		return;
	for (unsigned k = 0; k < e->n_args || k < e->n; k++)
		save_cause(s, p, k);
}

/* Requests whose process may still come. */
static void save_requests(struct saver *s)
{
	const struct causes *cs = &s->st->shared->causes;

	for (unsigned k = 0; k < RECENT_CAUSES; k++) {
		const struct eng_cause *c = cs->requests[(cs->next_request + k) % RECENT_CAUSES];

		if (!c || !row(s, EV_state_cause, 0, 0))
			continue;
		num(s, P_state_cause_time, c->ts);
		str(s, P_state_cause_namespace, c->ns);
		str(s, P_state_cause_pod, c->pod);
		num(s, P_state_cause_settled, c->used);
		str(s, P_state_cause_json, c->json);
		fmt_batch__end(s->b);
	}
}

static void save_proc(struct saver *s, const struct eng_proc *p)
{
	struct eng_thread **threads;
	struct eng_fd **fds;
	uint64_t number;
	bool first;

	if (p->dead) {
		save_dead(s, p);
		return;
	}
	number = table_number(s, p, &first);
	threads = threads__sorted(p);
	if (threads[0]->tid != p->pid)
		save_dead(s, p);	/* the main thread has ended: the process's own part */
	for (uint32_t i = 0; i < p->n_threads && row(s, EV_state_thread, threads[i]->tid, p->pid);
	     i++) {
		if (threads[i]->tid == p->pid)
			proc_params(s, p);
		thread_params(s, threads[i]);
		num(s, P_state_thread_fdtable, number);
		num(s, P_state_thread_dead, 0);
		fmt_batch__end(s->b);
	}
	free(threads);
	save_causes(s, p);
	if (!first)
		return;
	fds = (struct eng_fd **)idmap__sorted(&p->fds->fds);
	for (uint32_t i = 0; i < p->fds->fds.n; i++)
		save_fd(s, p, fds[i], number);
	free(fds);
}

static void save_state(struct saver *s)
{
	struct eng_state *st = s->st;
	struct eng_proc **procs;

	save_accounts(s, &st->accounts, "");
	save_ifaces(s);
	save_mounts(s);
	dns_names__each(s->st, save_name, s);
	save_containers(s);
	procs = (struct eng_proc **)idmap__sorted(&st->procs);
	for (uint32_t i = 0; i < st->procs.n; i++)
		save_proc(s, procs[i]);
	free(procs);
	idmap__done(&s->tables);
}

int eng_state__save(struct eng_state *st, uint64_t ts, struct fmt_batch *into,
		    eng_next_batch_fn next, void *arg)
{
	struct saver s = { .b = into, .ts = ts, .next = next, .arg = arg };

	for (unsigned k = 0; k < st->shared->n && s.r >= 0; k++) {
		if (!st->shared->all[k])
			continue;
		s.st = st->shared->all[k];
		s.origin = (uint8_t)k;
		s.tables = (struct idmap){ 0 };
		if (!k)
			save_requests(&s);
		save_state(&s);
	}
	return s.r < 0 ? s.r : 0;
}

int eng_proc__save(struct eng_state *st, const struct eng_proc *p, uint64_t ts, struct fmt_batch *into,
		   eng_next_batch_fn next, void *arg)
{
	struct saver s = { .st = st, .b = into, .ts = ts, .next = next, .arg = arg, .origin = into->origin };

	save_proc(&s, p);
	s.b->origin = s.origin;
	idmap__done(&s.tables);
	return s.r < 0 ? s.r : 0;
}
