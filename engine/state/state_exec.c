// SPDX-License-Identifier: Apache-2.0
/*
 * Threads and processes that begin, execute a program, and end.
 *
 * A birth is told up to three times: by task_new, before the child runs; by the creator's return
 * from clone; by the child's first return. Our own driver always records task_new; imported files
 * have only the returns. Whichever comes first makes the thread, the others add what they know.
 */
#include <assert.h>
#include <string.h>

#include "engine/state/path.h"
#include "engine/state/state_internal.h"

#define SAME_START_NS 20000000u		/* start times out of /proc count hundredths of a second */
#define RECENT_NS 2000000000u

/* What a new thread is, as told by one of its birth's witnesses. */
struct birth {
	int64_t tid, pid;
	int64_t ptid;			/* of the process, if it is one; -1: the creator */
	uint32_t flags;
	uint64_t start;
	int64_t creator;		/* its thread id, 0: not known */
};

/* Can this be a thread's number? A file may say anything. */
static bool is_number(int64_t tid)
{
	return tid > 0 && tid < UINT32_MAX;
}

static void inherit_thread(struct eng_thread *t, const struct eng_thread *from)
{
	t->uid = from->uid;
	t->euid = from->euid;
	t->gid = from->gid;
	t->egid = from->egid;
	t->cap_inheritable = from->cap_inheritable;
	t->cap_permitted = from->cap_permitted;
	t->cap_effective = from->cap_effective;
	eng_str__unref(t->comm);
	t->comm = eng_str__ref(from->comm);
	eng_str__set(&t->entered, eng_str__ref(from->entered));
	t->entered_by = from->entered_by;
}

static void inherit_proc(struct eng_state *st, struct eng_proc *p, const struct eng_thread *creator,
			 uint32_t flags)
{
	const struct eng_proc *from = creator->proc;

	image__unref(p->image);
	p->image = from->image;
	p->image->refs++;
	eng_str__set(&p->comm, eng_str__ref(creator->comm));
	eng_str__set(&p->cwd, eng_str__ref(from->cwd));
	eng_str__set(&p->root, eng_str__ref(from->root));
	eng_str__set(&p->cgroups, eng_str__ref(from->cgroups));
	p->cgroup_id = from->cgroup_id;
	p->pgid = from->pgid;
	p->vpgid = from->vpgid;
	p->sid = from->sid;
	p->loginuid = from->loginuid;
	p->tty = from->tty;
	p->fdlimit = from->fdlimit;
	p->pidns_start = from->pidns_start;
	p->exec_time = from->exec_time;
	p->entry = from->entry;
	if (p->entry)
		p->entry->refs++;
	fdtable__unref(st, p->fds);
	if (flags & CL_FILES) {
		p->fds = from->fds;
		p->fds->refs++;
	} else {
		p->fds = fdtable__copy(st, from->fds);
	}
}

/* Looked up again after each change: a birth may end threads, if a file lies even this one. */
static const struct eng_thread *creator_of(struct eng_state *st, const struct birth *b)
{
	return b->creator > 0 ? idmap__get(&st->threads, b->creator) : NULL;
}

static struct eng_thread *make_process(struct eng_state *st, const struct birth *b)
{
	struct eng_proc *p = proc__new(st, b->pid);
	const struct eng_thread *from = creator_of(st, b);
	struct eng_thread *t;

	if (from) {
		inherit_proc(st, p, from, b->flags);
		p->real_ptid = from->tid;
	}
	t = thread__new(st, p, b->tid);
	if (from)
		inherit_thread(t, from);
	p->start = b->start;
	if (b->ptid > 0)
		proc__set_ptid(st, p, b->ptid);
	else if (from)
		proc__set_ptid(st, p, b->flags & CL_PARENT ? from->proc->ptid : from->tid);
	return t;
}

static struct eng_thread *make_thread(struct eng_state *st, const struct birth *b)
{
	struct eng_proc *p = idmap__get(&st->procs, b->pid);
	const struct eng_thread *from;
	struct eng_thread *t;

	if (!p || p->dead)
		p = thread__get(st, b->pid, b->pid)->proc;
	t = thread__new(st, p, b->tid);
	from = creator_of(st, b);
	if (!from || from->proc != p)
		from = t->next;
	if (from)
		inherit_thread(t, from);
	return t;
}

static struct eng_thread *give_birth(struct eng_state *st, const struct birth *b)
{
	struct eng_thread *old = idmap__get(&st->threads, b->tid), *t;
	const struct eng_thread *from = creator_of(st, b);
	bool own = from && from->proc->pid == b->pid;	/* whatever flags say */

	if (old)
		thread__remove(st, old, 0);
	if (own || b->tid != b->pid)
		t = make_thread(st, b);
	else
		t = make_process(st, b);
	t->clone_flags = b->flags;
	t->start = b->start;
	if (t->tid == t->proc->pid) {
		t->proc->start = t->start;
		proc__set_comm(st, t, eng_str__ref(t->comm));
	}
	return t;
}

/* Namespace ids, then what follows from them. */
static void set_ns_ids(struct eng_state *st, struct eng_thread *t, int64_t vtid, int64_t vpid)
{
	struct eng_proc *p = t->proc;

	t->vtid = vtid;
	if (p->vpid != vpid) {
		p->vpid = vpid;
		proc__changed(st, p);
	}
	proc__find_container(st, p);
}

static bool same_birth(const struct eng_thread *t, const struct fmt_ev *ev, uint64_t start)
{
	uint64_t a = t->start, b = start ? start : fmt_ev__ts(ev);
	uint64_t near = start ? SAME_START_NS : RECENT_NS;

	return a && a < b + near && b < a + near;
}

void on_task_new(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	uint64_t start = ev_u64(ev, P_task_new_start, 0);
	struct birth b = {
		.tid = ev_s64(ev, P_task_new_tid, 0), .pid = ev_s64(ev, P_task_new_pid, 0),
		.ptid = ev_s64(ev, P_task_new_ptid, -1),
		.flags = (uint32_t)ev_u64(ev, P_task_new_flags, 0),
		.start = start ? start : fmt_ev__ts(ev), .creator = ctx->thread->tid,
	};
	struct eng_thread *t = idmap__get(&st->threads, b.tid);
	struct eng_str *comm;

	if (!is_number(b.tid) || !is_number(b.pid) || b.tid == ctx->thread->tid ||
	    (b.tid == ctx->proc->pid && b.pid != b.tid))	/* the caller's process lives */
		return;
	if (!t || t->proc->pid != b.pid || !same_birth(t, ev, start))
		t = give_birth(st, &b);
	comm = ev_str(st, ev, P_task_new_comm);
	if (comm)
		proc__set_comm(st, t, comm);
	if (ev_u64(ev, P_task_new_pidns_start, 0))
		t->proc->pidns_start = ev_u64(ev, P_task_new_pidns_start, 0);
	set_ns_ids(st, t, ev_s64(ev, P_task_new_vtid, b.tid), ev_s64(ev, P_task_new_vpid, b.pid));
}

/* --- clone: the four calls have the same parameters ------------------------------------------- */

static_assert((int)P_clone_pidns_init_start_ts == P_fork_pidns_init_start_ts &&
	      (int)P_clone_pidns_init_start_ts == P_vfork_pidns_init_start_ts &&
	      (int)P_clone_pidns_init_start_ts == P_clone3_pidns_init_start_ts &&
	      (int)P_clone_flags == P_clone3_flags && (int)P_clone_flags == P_vfork_flags,
	      "the clone family has the same parameters");

/* What imported files say of the thread that returns. */
static void take_clone_params(struct eng_state *st, struct eng_thread *t, const struct fmt_ev *ev,
			      bool is_child)
{
	struct eng_proc *p = t->proc;
	struct eng_str *s;

	if (is_child && (s = ev_str(st, ev, P_clone_comm)))
		proc__set_comm(st, t, s);
	EV_SET(&p->fdlimit, ev, P_clone_fdlimit);
	EV_SET(&t->pgft_maj, ev, P_clone_pgft_maj);
	EV_SET(&t->pgft_min, ev, P_clone_pgft_min);
	EV_SET(&p->vm_size, ev, P_clone_vm_size);
	EV_SET(&p->vm_rss, ev, P_clone_vm_rss);
	EV_SET(&p->vm_swap, ev, P_clone_vm_swap);
	if (EV_SET(&t->euid, ev, P_clone_uid) | EV_SET(&t->egid, ev, P_clone_gid))
		thread__changed(st, t);
	if (ev_str_set(st, &p->cgroups, ev, P_clone_cgroups))
		proc__find_container(st, p);
}

/* exe and args, where the process has no image of its own: the file began after its exec. */
static void take_clone_image(struct eng_state *st, struct eng_thread *t, const struct fmt_ev *ev)
{
	struct eng_proc *p = t->proc;
	struct eng_thread *leader;
	struct eng_image *im;

	if (p->image != st->no_image || !fmt_ev__str_id(ev, P_clone_exe))
		return;
	im = image__new(st);
	ev_str_set(st, &im->exe, ev, P_clone_exe);
	ev_str_set(st, &im->args, ev, P_clone_args);
	if (!ev_str_set(st, &im->comm, ev, P_clone_comm))
		eng_str__set(&im->comm, eng_str__ref(im->exe));
	image__make_cmdline(im);
	image__unref(p->image);
	p->image = im;
	proc__set_comm(st, t, eng_str__ref(im->comm));
	leader = idmap__get(&st->threads, p->pid);
	if (leader && leader != t)
		proc__set_comm(st, leader, eng_str__ref(im->comm));
	proc__changed(st, p);
}

static bool ended_lately(const struct eng_state *st, int64_t tid, int64_t ptid, uint64_t ts)
{
	for (unsigned i = 0; i < RECENT_EXITS; i++)
		if (st->exits[i].tid == tid && st->exits[i].ptid == ptid &&
		    ts - st->exits[i].ts < RECENT_NS)
			return true;
	return false;
}

/*
 * The creator's return. Only imported files need it: where the driver does not say what the child
 * is, it is like its creator. Its number is the creator's namespace's, so nothing can be said
 * inside one; and a vfork's child may have ended before its creator goes on.
 */
static void on_clone_creator(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	uint32_t flags = (uint32_t)ev_u64(ev, P_clone_flags, 0);
	int64_t tid = fmt_ev__res(ev), here = ctx->thread->tid;
	struct eng_thread *t;
	struct birth b = {
		.tid = tid, .pid = flags & CL_THREAD ? ctx->proc->pid : tid, .ptid = -1,
		.flags = flags, .start = fmt_ev__ts(ev), .creator = ctx->thread->tid,
	};

	take_clone_image(st, ctx->thread, ev);
	if (ctx->thread->vtid < 0)
		set_ns_ids(st, ctx->thread, ev_s64(ev, P_clone_vtid, here),
			   ev_s64(ev, P_clone_vpid, ctx->proc->pid));
	if (ctx->proc->ptid < 0)
		proc__set_ptid(st, ctx->proc, ev_s64(ev, P_clone_ptid, -1));
	if (flags & (CL_CHILD_IN_PIDNS | CL_NEWPID | CL_PARENT | CL_VFORK) || tid == here ||
	    ev->type == EV_vfork || !is_number(tid) ||
	    (ctx->thread->vtid > 0 && ctx->thread->vtid != here) ||
	    ended_lately(st, tid, here, fmt_ev__ts(ev)))
		return;
	t = idmap__get(&st->threads, tid);
	if (t && t->clone_flags & CL_INVERTED && same_birth(t, ev, 0))
		return;
	t = give_birth(st, &b);
	take_clone_params(st, t, ev, false);
	set_ns_ids(st, t, b.tid, b.pid);
}

static void on_clone_child(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	struct eng_thread *t = ctx->thread;
	uint32_t flags = (uint32_t)ev_u64(ev, P_clone_flags, 0);
	struct birth b = {
		.tid = t->tid, .pid = ev_s64(ev, P_clone_pid, ctx->proc->pid),
		.ptid = ev_s64(ev, P_clone_ptid, -1), .flags = flags | CL_INVERTED,
		.start = fmt_ev__ts(ev),
	};

	if (!is_number(b.pid))
		b.pid = ctx->proc->pid;
	if (!t->start || (is_imported_clone(ev) && !same_birth(t, ev, 0))) {
		b.creator = flags & CL_THREAD ? b.pid : b.ptid;
		if (b.creator == t->tid)
			b.creator = 0;
		t = give_birth(st, &b);
		ctx->thread = t;
		ctx->proc = t->proc;
		take_clone_params(st, t, ev, true);
		take_clone_image(st, t, ev);
		if (flags & (CL_CHILD_IN_PIDNS | CL_NEWPID))
			EV_SET(&t->proc->pidns_start, ev, P_clone_pidns_init_start_ts);
	} else if (ev_str_set(st, &t->proc->cgroups, ev, P_clone_cgroups)) {
		proc__find_container(st, t->proc);	/* its creator had been moved, and no event had said so */
	}
	if (t->vtid < 0)
		set_ns_ids(st, t, ev_s64(ev, P_clone_vtid, t->tid),
			   ev_s64(ev, P_clone_vpid, t->proc->pid));
	if (t->proc->ptid < 0)
		proc__set_ptid(st, t->proc, b.ptid);
}

void on_clone(struct eng_state *st, struct eng_ctx *ctx)
{
	if (fmt_ev__res(ctx->ev) == 0)
		on_clone_child(st, ctx);
	else if (fmt_ev__res(ctx->ev) > 0 && is_imported_clone(ctx->ev))
		on_clone_creator(st, ctx);
}

/* --- exec ------------------------------------------------------------------------------------- */

static_assert((int)P_execve_gid == P_execveat_gid && (int)P_execve_env == P_execveat_env &&
	      (int)P_execve_trusted_exepath == P_execveat_trusted_exepath,
	      "both have the same parameters, but for the last ones");

/* The path without the mark that the kernel puts on files that are gone. */
static struct eng_str *strip_deleted(struct eng_str *s)
{
	static const char mark[] = " (deleted)";
	size_t n = sizeof(mark) - 1;
	struct eng_str *cut;

	if (s->len <= n || memcmp(s->s + s->len - n, mark, n))
		return s;
	cut = eng_str__new(s->s, s->len - n, s->len - n);
	eng_str__unref(s);
	return cut;
}

static struct eng_str *exe_path(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	struct eng_str *s = ev_str(st, ev, P_execve_trusted_exepath);
	const struct fmt_str *given;
	long dirfd = PATH_AT_FDCWD;

	if (s)
		return strip_deleted(s);
	given = fmt_ev__str(ev, ev->type == EV_execve ? (unsigned)P_execve_filename :
							(unsigned)P_execveat_pathname);
	if (!given)
		return eng_str__ref(st->empty);
	if (ev->type == EV_execveat)
		dirfd = (long)ev_s64(ev, P_execveat_dirfd, PATH_AT_FDCWD);
	st->scratch.len = 0;
	path__at(ctx->proc, dirfd, given->p, given->len, &st->scratch);
	return eng_str__new((char *)st->scratch.p, st->scratch.len, st->scratch.len);
}

static void new_image(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	struct eng_image *im = image__new(st);
	struct eng_proc *p = ctx->proc;

	ev_str_set(st, &im->exe, ev, P_execve_exe);
	ev_str_set(st, &im->args, ev, P_execve_args);
	ev_str_set(st, &im->env, ev, P_execve_env);
	eng_str__set(&im->exepath, exe_path(st, ctx));
	if (!fmt_ev__str_id(ev, P_execve_comm))
		eng_str__set(&im->comm, eng_str__ref(im->exe));
	ev_str_set(st, &im->comm, ev, P_execve_comm);
	image__make_cmdline(im);
	EV_SET(&im->exe_flags, ev, P_execve_flags);
	EV_SET(&im->exe_ino, ev, P_execve_exe_ino);
	EV_SET(&im->exe_ino_ctime, ev, P_execve_exe_ino_ctime);
	EV_SET(&im->exe_ino_mtime, ev, P_execve_exe_ino_mtime);
	EV_SET(&im->exe_dev, ev, ev->type == EV_execve ? (unsigned)P_execve_exe_dev :
							  (unsigned)P_execveat_exe_dev);
	image__unref(p->image);
	p->image = im;
	eng_str__unref(p->cmdline);
	eng_str__unref(ctx->thread->cmdline);
	p->cmdline = ctx->thread->cmdline = NULL;
	proc__set_comm(st, ctx->thread, eng_str__ref(im->comm));
	eng_str__set(&p->comm, eng_str__ref(im->comm));
}

/* Take a directory over, with the slash at its end that proc.cwd has. */
static void set_dir(struct eng_str **at, const struct fmt_str *s)
{
	bool slash = s->len && s->p[s->len - 1] == '/';
	struct eng_str *n;

	if (!s->len || s->p[0] != '/')
		return;
	n = eng_str__alloc(s->len + !slash, s->len + !slash);
	memcpy(n->s, s->p, n->len < s->len ? n->len : s->len);
	n->s[n->len - 1] = '/';
	eng_str__set(at, n);
}

static void take_exec_params(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	struct eng_thread *t = ctx->thread;
	struct eng_proc *p = ctx->proc;

	if (fmt_ev__str(ev, P_execve_cwd))
		set_dir(&p->cwd, fmt_ev__str(ev, P_execve_cwd));
	EV_SET(&p->fdlimit, ev, P_execve_fdlimit);
	EV_SET(&t->pgft_maj, ev, P_execve_pgft_maj);
	EV_SET(&t->pgft_min, ev, P_execve_pgft_min);
	EV_SET(&p->vm_size, ev, P_execve_vm_size);
	EV_SET(&p->vm_rss, ev, P_execve_vm_rss);
	EV_SET(&p->vm_swap, ev, P_execve_vm_swap);
	EV_SET(&p->tty, ev, P_execve_tty);
	EV_SET(&p->vpgid, ev, P_execve_vpgid);
	EV_SET(&p->pgid, ev, P_execve_pgid);
	EV_SET(&p->loginuid, ev, P_execve_loginuid);
	EV_SET(&t->cap_inheritable, ev, P_execve_cap_inheritable);
	EV_SET(&t->cap_permitted, ev, P_execve_cap_permitted);
	EV_SET(&t->cap_effective, ev, P_execve_cap_effective);
	EV_SET(&t->euid, ev, P_execve_uid);
	EV_SET(&t->egid, ev, P_execve_gid);
	if (ev_str_set(st, &p->cgroups, ev, P_execve_cgroups))
		proc__find_container(st, p);
}

void on_exec(struct eng_state *st, struct eng_ctx *ctx)
{
	struct eng_proc *p = ctx->proc;

	if (fmt_ev__res(ctx->ev) < 0)
		return;
	/* Whatever else ran in the process has ended with the old program. */
	for (struct eng_thread *t = p->threads, *next; t; t = next) {
		next = t->next;
		if (t != ctx->thread)
			thread__remove(st, t, 0);
	}
	new_image(st, ctx);
	take_exec_params(st, ctx);
	if (p->ptid < 0)
		proc__set_ptid(st, p, ev_s64(ctx->ev, P_execve_ptid, -1));
	if (p->vpid < 0)	/* nothing says where it lives: Falco's guess is the host */
		set_ns_ids(st, ctx->thread, ctx->thread->tid, p->pid);
	p->exec_time = fmt_ev__ts(ctx->ev);
	cause__on_exec(st, ctx);
	proc__unshare_fds(st, p);
	fdtable__exec(st, p->fds);
	proc__changed(st, p);
	thread__changed(st, ctx->thread);
}

/* A thread has taken the leader's number: it goes on under that, with what it had. */
void on_exec_leader(struct eng_state *st, struct eng_ctx *ctx)
{
	struct eng_thread *old = idmap__get(&st->threads, ev_s64(ctx->ev, P_exec_old_tid, 0));
	struct eng_thread *t = ctx->thread;

	if (!old || old == t || old->proc != t->proc)
		return;
	inherit_thread(t, old);
	proc__set_comm(st, t, eng_str__ref(t->comm));
	t->start = t->start ? t->start : t->proc->start;
	t->vtid = t->proc->vpid;
	thread__changed(st, t);
	thread__remove(st, old, t->tid);
}

/* --- the end ---------------------------------------------------------------------------------- */

static const struct ended *find_ended(const struct eng_state *st, const struct eng_proc *by, int64_t tid, uint64_t ts)
{
	bool inside = by && by->vpid > 0 && by->vpid != by->pid;

	for (unsigned i = 1; i <= RECENT_EXITS && i <= st->next_exit; i++) {
		const struct ended *e = &st->exits[(st->next_exit - i) % RECENT_EXITS];

		if (ts - e->ts < RECENT_NS &&
		    (inside ? e->vtid == tid && e->pidns_start && e->pidns_start == by->pidns_start
			    : e->tid == tid))
			return e;
	}
	return NULL;
}

const struct eng_str *eng_state__ended_name(const struct eng_state *st, const struct eng_proc *by,
					    int64_t tid, uint64_t ts)
{
	const struct ended *e = find_ended(st, by, tid, ts);

	return e ? e->comm : NULL;
}

const char *eng_state__ended_container(const struct eng_state *st, const struct eng_proc *by,
				       int64_t tid, uint64_t ts)
{
	const struct ended *e = find_ended(st, by, tid, ts);

	return e && *e->container ? e->container : NULL;
}

void on_procexit(struct eng_state *st, struct eng_ctx *ctx)
{
	(void)st;
	ctx->proc->exit_status = (int32_t)ev_s64(ctx->ev, P_procexit_status, 0);
}

void on_procexit_leave(struct eng_state *st, struct eng_ctx *ctx)
{
	struct ended *e = &st->exits[st->next_exit++ % RECENT_EXITS];
	struct eng_str *comm = ctx->thread->comm ? ctx->thread->comm : ctx->proc->comm;

	eng_str__unref(e->comm);
	*e = (struct ended){ .tid = ctx->thread->tid, .vtid = ctx->thread->vtid,
			     .ptid = ctx->proc->ptid, .ts = fmt_ev__ts(ctx->ev),
			     .pidns_start = ctx->proc->pidns_start,
			     .comm = comm ? eng_str__ref(comm) : NULL };
	if (ctx->proc->container)
		memcpy(e->container, ctx->proc->container->id, sizeof(e->container));
	thread__remove(st, ctx->thread, ev_s64(ctx->ev, P_procexit_reaper_tid, 0));
}
