// SPDX-License-Identifier: Apache-2.0
/*
 * Rows of keyframes into the state. A row that says what is known already changes nothing.
 */
#include <string.h>

#include "engine/state/sockaddr.h"
#include "engine/state/state_internal.h"

static bool same_image(const struct eng_image *a, const struct eng_image *b)
{
	return eng_str__same(a->exe, b->exe) && eng_str__same(a->exepath, b->exepath) &&
	       eng_str__same(a->args, b->args) && eng_str__same(a->env, b->env) &&
	       a->exe_flags == b->exe_flags && a->exe_ino == b->exe_ino &&
	       a->exe_dev == b->exe_dev && a->exe_ino_ctime == b->exe_ino_ctime &&
	       a->exe_ino_mtime == b->exe_ino_mtime;
}

static void set_image(struct eng_proc *p, struct eng_image *im)
{
	image__unref(p->image);
	p->image = im;
	eng_str__unref(p->cmdline);
	p->cmdline = NULL;
}

/* The image of a row: the one that the process has, or its parent's, if that is the same. */
static bool load_image(struct eng_state *st, struct eng_proc *p, const struct fmt_ev *ev,
		       const struct eng_str *comm)
{
	struct eng_image *im = image__new(st), *was = p->image;

	ev_str_set(st, &im->exe, ev, P_state_thread_exe);
	ev_str_set(st, &im->exepath, ev, P_state_thread_exepath);
	ev_str_set(st, &im->args, ev, P_state_thread_args);
	ev_str_set(st, &im->env, ev, P_state_thread_env);
	EV_SET(&im->exe_flags, ev, P_state_thread_exe_flags);
	EV_SET(&im->exe_ino, ev, P_state_thread_exe_ino);
	EV_SET(&im->exe_dev, ev, P_state_thread_exe_dev);
	EV_SET(&im->exe_ino_ctime, ev, P_state_thread_exe_ino_ctime);
	EV_SET(&im->exe_ino_mtime, ev, P_state_thread_exe_ino_mtime);
	if (was != st->no_image && same_image(im, was)) {
		image__unref(im);
		return false;
	}
	if (p->parent && same_image(im, p->parent->image)) {
		image__unref(im);
		p->parent->image->refs++;
		set_image(p, p->parent->image);
		return true;
	}
	eng_str__set(&im->comm, eng_str__new(comm->s, comm->len, comm->full_len));
	image__make_cmdline(im);
	set_image(p, im);
	return true;
}

/* A table that several processes share has the same number in the rows of all of them. */
static void load_table(struct eng_state *st, struct eng_proc *p, const struct fmt_ev *ev)
{
	uint64_t number = ev_u64(ev, P_state_thread_fdtable, 0);
	struct eng_proc *owner;
	int64_t pid;

	if (st->tables_ts != fmt_ev__ts(ev)) {
		idmap__clear(&st->tables);
		st->tables_ts = fmt_ev__ts(ev);
	}
	if (!number)
		return;
	/*
	 * The map holds the first one's pid (never 0), for a process may go while the rows are
	 * read.
	 */
	pid = (intptr_t)idmap__get(&st->tables, (int64_t)number);
	owner = pid ? idmap__get(&st->procs, pid) : NULL;
	if (!owner) {
		idmap__put(&st->tables, (int64_t)number, (void *)(intptr_t)p->pid);
		return;
	}
	if (owner->fds == p->fds)
		return;
	fdtable__unref(st, p->fds);
	p->fds = owner->fds;
	p->fds->refs++;
}

static bool load_proc(struct eng_state *st, struct eng_proc *p, const struct fmt_ev *ev)
{
	bool changed = false;

	changed |= EV_SET(&p->vpid, ev, P_state_thread_vpid);
	changed |= EV_SET(&p->real_ptid, ev, P_state_thread_real_ptid);
	changed |= EV_SET(&p->pgid, ev, P_state_thread_pgid);
	changed |= EV_SET(&p->vpgid, ev, P_state_thread_vpgid);
	changed |= EV_SET(&p->sid, ev, P_state_thread_sid);
	changed |= EV_SET(&p->loginuid, ev, P_state_thread_loginuid);
	changed |= EV_SET(&p->tty, ev, P_state_thread_tty);
	changed |= EV_SET(&p->pidns_start, ev, P_state_thread_pidns_start);
	changed |= EV_SET(&p->exec_time, ev, P_state_thread_exec_time);
	changed |= EV_SET(&p->cgroup_id, ev, P_state_thread_cgroup_id);
	changed |= ev_str_set(st, &p->root, ev, P_state_thread_root);
	changed |= ev_str_set(st, &p->cgroups, ev, P_state_thread_cgroups);
	EV_SET(&p->fdlimit, ev, P_state_thread_fdlimit);
	EV_SET(&p->vm_size, ev, P_state_thread_vm_size);
	EV_SET(&p->vm_rss, ev, P_state_thread_vm_rss);
	EV_SET(&p->vm_swap, ev, P_state_thread_vm_swap);
	return changed;
}

/* cwd, with the slash that it always has at its end. */
static bool load_cwd(struct eng_state *st, struct eng_proc *p, const struct fmt_ev *ev)
{
	const struct fmt_str *s = fmt_ev__str(ev, P_state_thread_cwd);
	struct buf *b = &st->scratch;

	if (!s || !s->len)
		return false;
	b->len = 0;
	buf__add(b, s->p, s->len);
	if (s->p[s->len - 1] != '/')
		buf__u8(b, '/');
	return eng_str__set(&p->cwd, eng_str__new((char *)b->p, b->len, b->len));
}

static unsigned first_given(const struct fmt_ev *ev, unsigned p, unsigned otherwise)
{
	uint64_t v;

	return fmt_ev__int(ev, p, &v) ? p : otherwise;
}

/* Of one that is inside of no container the row says nothing. */
static void load_entered(struct eng_state *st, struct eng_thread *t, const struct fmt_ev *ev)
{
	const struct fmt_str *id = fmt_ev__str(ev, P_state_thread_entered);

	if (!id || !id->len || id->len >= sizeof(((struct eng_container *)NULL)->id))
		return;
	ev_str_set(st, &t->entered, ev, P_state_thread_entered);
	EV_SET(&t->entered_by, ev, P_state_thread_entered_by);
}

static bool load_thread(struct eng_state *st, struct eng_thread *t, const struct fmt_ev *ev)
{
	bool changed = false;

	load_entered(st, t, ev);
	changed |= EV_SET(&t->vtid, ev, P_state_thread_vtid);
	changed |= EV_SET(&t->uid, ev, P_state_thread_uid);
	changed |= EV_SET(&t->gid, ev, P_state_thread_gid);
	changed |= EV_SET(&t->euid, ev, first_given(ev, P_state_thread_euid, P_state_thread_uid));
	changed |= EV_SET(&t->egid, ev, first_given(ev, P_state_thread_egid, P_state_thread_gid));
	changed |= EV_SET(&t->cap_inheritable, ev, P_state_thread_cap_inheritable);
	changed |= EV_SET(&t->cap_permitted, ev, P_state_thread_cap_permitted);
	changed |= EV_SET(&t->cap_effective, ev, P_state_thread_cap_effective);
	changed |= EV_SET(&t->start, ev, P_state_thread_start);
	EV_SET(&t->pgft_maj, ev, P_state_thread_pgft_maj);
	EV_SET(&t->pgft_min, ev, P_state_thread_pgft_min);
	EV_SET(&t->clone_flags, ev, P_state_thread_flags);
	return changed;
}

static void load_all(struct eng_state *st, struct eng_proc *p, const struct fmt_ev *ev)
{
	bool changed;

	proc__set_ptid(st, p, ev_s64(ev, P_state_thread_ptid, p->ptid));
	changed = load_proc(st, p, ev);
	changed |= load_cwd(st, p, ev);
	if (fmt_ev__tid(ev) == p->pid)
		changed |= EV_SET(&p->start, ev, P_state_thread_start);
	if (fmt_ev__str_id(ev, P_state_thread_exe))
		changed |= load_image(st, p, ev, p->comm);
	if (changed)
		proc__changed(st, p);
}

/*
 * What a process is in may have been decided when its cgroups told more: a saved state says it.
 * Rows of further threads say nothing.
 */
static void load_container(struct eng_state *st, struct eng_proc *p, const struct fmt_ev *ev)
{
	const struct fmt_str *id = fmt_ev__str(ev, P_state_thread_container_id);

	proc__count_outside(st, p);
	if (!id || !id->len) {
		if (fmt_ev__str_id(ev, P_state_thread_cgroups))
			proc__find_container(st, p);
		return;
	}
	if (id->len == 4 && !memcmp(id->p, "host", 4))
		proc__set_container(st, p, NULL);
	else
		proc__set_container(st, p, container__get(st, id->p, id->len, true));
}

/*
 * A process that has ended and is kept for its children: no threads, no descriptors. Or the main
 * thread of one that goes on: its other threads follow.
 */
static void load_dead(struct eng_state *st, const struct fmt_ev *ev)
{
	struct eng_proc *p = idmap__get(&st->procs, fmt_ev__pid(ev));
	struct eng_str *comm;

	if (p && !p->dead)
		return;			/* the number has been used again since */
	if (!p && eng_state__thread(st, fmt_ev__pid(ev)))
		return;
	if (!p)
		p = proc__new(st, fmt_ev__pid(ev));
	p->dead = true;
	comm = ev_str(st, ev, P_state_thread_comm);
	if (comm && eng_str__set(&p->comm, comm))
		proc__changed(st, p);
	load_all(st, p, ev);
	load_container(st, p, ev);
}

static struct eng_thread *row_thread(struct eng_state *st, const struct fmt_ev *ev)
{
	struct eng_thread *t = idmap__get(&st->threads, fmt_ev__tid(ev));
	struct eng_proc *p = idmap__get(&st->procs, fmt_ev__pid(ev));

	if (!t && p && p->dead && fmt_ev__tid(ev) != fmt_ev__pid(ev))
		return thread__new(st, p, fmt_ev__tid(ev));	/* its main thread is dead */
	return thread__get(st, fmt_ev__tid(ev), fmt_ev__pid(ev));
}

#define SAME_START_NS 20000000u		/* /proc counts hundredths of a second */

/* Read again after a loss: a thread that began at another time is another. */
static void forget_other(struct eng_state *st, const struct fmt_ev *ev)
{
	struct eng_thread *t = idmap__get(&st->threads, fmt_ev__tid(ev));
	uint64_t start = ev_u64(ev, P_state_thread_start, 0);

	if (t && t->start && start &&
	    (t->start > start + SAME_START_NS || start > t->start + SAME_START_NS))
		thread__remove(st, t, 0);
}

static void forget_fds(struct eng_state *st, struct eng_proc *p)
{
	fdtable__unref(st, p->fds);
	p->fds = fdtable__new();
	proc__changed(st, p);
}

void on_state_thread(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	struct eng_thread *t;
	struct eng_str *comm;
	struct eng_proc *p;

	if (ev_u64(ev, P_state_thread_dead, 0)) {
		load_dead(st, ev);
		return;
	}
	if (!fmt_ev__tid(ev))
		return;
	if (ev_u64(ev, P_state_thread_reread, 0))
		forget_other(st, ev);
	t = ctx->thread = row_thread(st, ev);
	p = ctx->proc = t->proc;
	t->guessed = false;
	comm = ev_str(st, ev, P_state_thread_comm);
	if (comm)
		proc__set_comm(st, t, comm);
	if (load_thread(st, t, ev))
		thread__changed(st, t);
	/* What is the process's is taken from its main thread, or from whichever comes first. */
	if (t->tid == p->pid || p->n_threads == 1) {
		if (ev_u64(ev, P_state_thread_reread, 0))
			forget_fds(st, p);
		load_all(st, p, ev);
		load_table(st, p, ev);
	}
	load_container(st, p, ev);
}

/* --- descriptors ------------------------------------------------------------------------------ */

static void load_addrs(struct eng_tuple *t, const struct fmt_str *s, bool listening)
{
	struct sock_addrs a;

	if (!s || !sock_addrs__read(&a, s->p, s->len, true) ||
	    (a.family != SA_INET && a.family != SA_INET6))
		return;
	sock_addrs__unmap(&a, true);
	t->family = a.family;
	if (!listening) {
		memcpy(t->cip, a.src.ip, 16);
		t->cport = a.src.port;
	}
	memcpy(t->sip, a.dst.ip, 16);
	t->sport = a.dst.port;
}

static bool is_listening(uint8_t type)
{
	return type == FDT_IPV4_LISTEN || type == FDT_IPV6_LISTEN;
}

static bool is_inet(uint8_t type)
{
	return type >= FDT_IPV4 && type <= FDT_IPV6_LISTEN;
}

/* The address family says whether it is IPv4: one that is mapped into IPv6 is. */
static uint8_t settle_type(uint8_t type, const struct eng_tuple *t)
{
	if (!is_inet(type) || t->family != SA_INET)
		return type;
	return is_listening(type) ? FDT_IPV4_LISTEN : FDT_IPV4;
}

/* A socket that has an address somewhere. */
static bool has_address(const struct eng_fd *fd)
{
	static const uint8_t none[16];
	const struct eng_tuple *t = &fd->tuple;

	return is_inet(fd->type) && t->family &&
	       (t->cport || t->sport || memcmp(t->cip, none, 16) || memcmp(t->sip, none, 16));
}

/* Rows that come from elsewhere may leave a socket's name to its addresses. */
static struct eng_str *fd_name(struct eng_state *st, const struct fmt_ev *ev,
			       const struct eng_fd *fd)
{
	struct eng_str *s = ev_str(st, ev, P_state_fd_name);

	if (s && (s->len || !has_address(fd)))
		return s;
	eng_str__unref(s);
	if (!has_address(fd))
		return eng_str__ref(st->empty);
	st->scratch.len = 0;
	if (is_listening(fd->type)) {
		struct sock_end e = { .port = fd->tuple.sport };

		memcpy(e.ip, fd->tuple.sip, 16);
		sock_end__text(fd->tuple.family, &e, &st->scratch);
	} else {
		eng_tuple__text(&fd->tuple, &st->scratch);
	}
	return eng_str__new((char *)st->scratch.p, st->scratch.len, st->scratch.len);
}

static bool same_fd(const struct eng_fd *a, const struct eng_fd *b)
{
	return a->type == b->type && a->role == b->role && a->connected == b->connected &&
	       a->flags == b->flags && a->dev == b->dev && a->ino == b->ino &&
	       !memcmp(&a->tuple, &b->tuple, sizeof(a->tuple)) &&
	       eng_str__same(a->name, b->name) && eng_str__same(a->nameraw, b->nameraw);
}

void on_state_fd(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	struct eng_proc *p = eng_state__proc(st, fmt_ev__pid(ev));
	struct eng_fd row = { .num = ev_s64(ev, P_state_fd_fd, -1) }, *fd;

	if (!p || p->dead || row.num < 0)
		return;
	row.type = (uint8_t)ev_u64(ev, P_state_fd_type, 0);
	if (row.type == 16)		/* Falco's other number for a file */
		row.type = FDT_FILE;
	row.role = (uint8_t)ev_u64(ev, P_state_fd_role, 0);
	row.connected = ev_u64(ev, P_state_fd_connected, 0);
	row.flags = (uint32_t)ev_u64(ev, P_state_fd_open_flags, 0);
	row.dev = (uint32_t)ev_u64(ev, P_state_fd_dev, 0);
	row.ino = ev_u64(ev, P_state_fd_ino, 0);
	load_addrs(&row.tuple, fmt_ev__str(ev, P_state_fd_tuple), is_listening(row.type));
	row.type = settle_type(row.type, &row.tuple);
	row.tuple.l4 = (uint8_t)ev_u64(ev, P_state_fd_l4, 0);
	row.name = fd_name(st, ev, &row);
	row.nameraw = ev_str(st, ev, P_state_fd_nameraw);
	fd = eng_fdtable__get(p->fds, row.num);
	if (fd && same_fd(fd, &row)) {
		eng_str__unref(row.name);
		eng_str__unref(row.nameraw);
		return;
	}
	fd = fdtable__open(st, p->fds, row.num, row.type);
	row.slot = fd->slot;
	row.epoch = fd->epoch;
	*fd = row;
}
