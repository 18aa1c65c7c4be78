// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "engine/state/state_internal.h"
#include "format/file/source.h"

/* What each event does to the state, when it is entered and when it is left. */
static state_fn *const enter_fns[FMT_MAX_EVENTS] = {
	[EV_open] = on_open, [EV_openat] = on_open, [EV_openat2] = on_open, [EV_creat] = on_open,
	[EV_open_by_handle_at] = on_open, [EV_uring_openat] = on_open,
	[EV_uring_openat2] = on_open, [EV_mq_open] = on_open,
	[EV_eventfd] = on_anon_fd, [EV_eventfd2] = on_anon_fd, [EV_signalfd] = on_anon_fd,
	[EV_signalfd4] = on_anon_fd, [EV_timerfd_create] = on_anon_fd,
	[EV_inotify_init] = on_anon_fd, [EV_inotify_init1] = on_anon_fd,
	[EV_userfaultfd] = on_anon_fd, [EV_epoll_create] = on_anon_fd,
	[EV_epoll_create1] = on_anon_fd, [EV_io_uring_setup] = on_anon_fd,
	[EV_memfd_secret] = on_anon_fd, [EV_perf_event_open] = on_anon_fd,
	[EV_fanotify_init] = on_anon_fd, [EV_fsopen] = on_anon_fd, [EV_fspick] = on_anon_fd,
	[EV_fsmount] = on_anon_fd, [EV_open_tree] = on_anon_fd, [EV_open_tree_attr] = on_anon_fd,
	[EV_landlock_create_ruleset] = on_anon_fd,
	[EV_pipe] = on_pipe, [EV_pipe2] = on_pipe, [EV_uring_pipe] = on_pipe,
	[EV_memfd_create] = on_memfd, [EV_pidfd_open] = on_pidfd_open,
	[EV_pidfd_getfd] = on_pidfd_getfd, [EV_bpf] = on_bpf,
	[EV_dup] = on_dup, [EV_dup2] = on_dup, [EV_dup3] = on_dup, [EV_fcntl] = on_fcntl,
	[EV_close_range] = on_close_range, [EV_uring_fixed_fd_install] = on_other_fd,
	[EV_socket] = on_socket, [EV_uring_socket] = on_socket, [EV_socketpair] = on_socketpair,
	[EV_connect] = on_connect, [EV_uring_connect] = on_connect, [EV_accept] = on_accept,
	[EV_accept4] = on_accept, [EV_uring_accept] = on_accept, [EV_bind] = on_bind,
	[EV_uring_bind] = on_bind,
	[EV_recvfrom] = on_read_socket, [EV_recv] = on_read_socket, [EV_recvmsg] = on_read_socket,
	[EV_recvmmsg] = on_read_socket, [EV_sendto] = on_write_socket, [EV_send] = on_write_socket,
	[EV_sendmsg] = on_write_socket, [EV_sendmmsg] = on_write_socket,
	[EV_task_new] = on_task_new, [EV_clone] = on_clone, [EV_clone3] = on_clone,
	[EV_fork] = on_clone, [EV_vfork] = on_clone, [EV_execve] = on_exec, [EV_execveat] = on_exec,
	[EV_exec] = on_exec_leader, [EV_procexit] = on_procexit,
	[EV_chdir] = on_chdir, [EV_fchdir] = on_fchdir, [EV_getcwd] = on_getcwd,
	[EV_chroot] = on_chroot, [EV_setuid] = on_setuid, [EV_setreuid] = on_setreuid,
	[EV_setresuid] = on_setresuid, [EV_setgid] = on_setgid, [EV_setregid] = on_setregid,
	[EV_setresgid] = on_setresgid, [EV_capset] = on_capset, [EV_setsid] = on_setsid,
	[EV_setpgid] = on_setpgid, [EV_prctl] = on_prctl, [EV_setrlimit] = on_rlimit,
	[EV_prlimit] = on_prlimit, [EV_unshare] = on_unshare, [EV_setns] = on_unshare,
	[EV_cgroup_attach] = on_cgroup_attach, [EV_container] = on_container,
	[EV_container_end] = on_container_end, [EV_asyncevent] = on_asyncevent,
	[EV_useradded] = on_user, [EV_userdeleted] = on_user_gone, [EV_groupadded] = on_group,
	[EV_groupdeleted] = on_group_gone,
	[EV_state_thread] = on_state_thread, [EV_state_fd] = on_state_fd,
	[EV_state_container] = on_container, [EV_state_user] = on_user, [EV_state_group] = on_group,
	[EV_k8s_audit] = on_audit, [EV_state_cause] = on_state_cause,
	[EV_dns] = on_dns, [EV_state_dns] = on_state_dns, [EV_state_iface] = on_iface, [EV_state_mount] = on_mount_row,
};

static state_fn *const leave_fns[FMT_MAX_EVENTS] = {
	[EV_close] = on_close_leave, [EV_uring_close] = on_close_leave,
	[EV_procexit] = on_procexit_leave, [EV_container_end] = on_container_end_leave,
	[EV_setns] = on_setns_leave,
};

/* --- life ------------------------------------------------------------------------------------- */

/* Whoever events without a thread are about: in no table, with number 0. */
static void make_nobody(struct eng_state *st)
{
	struct eng_proc *p = proc__new(st, 0);

	st->nobody = thread__new(st, p, 0);
	idmap__del(&st->threads, 0);
	idmap__del(&st->procs, 0);
}

static struct eng_state *state_new(struct shared *shared)
{
	struct eng_state *st = xcalloc(1, sizeof(*st));

	st->shared = shared;
	st->empty = eng_str__new("", 0, 0);
	st->unknown = eng_str__new("<NA>", 4, 4);
	st->no_image = image__new(st);
	eng_str__set(&st->no_image->exe, eng_str__ref(st->unknown));
	eng_str__set(&st->no_image->comm, eng_str__ref(st->unknown));
	image__make_cmdline(st->no_image);
	make_nobody(st);
	return st;
}

int eng_state__new(struct eng_state **ret)
{
	struct shared *shared = xcalloc(1, sizeof(*shared));

	shared->n = shared->gen = 1;
	*ret = shared->all[0] = state_new(shared);
	return 0;
}

/* The state of another machine: made when it is first met. */
static struct eng_state *state_of(struct eng_state *st, unsigned origin)
{
	struct shared *s = st->shared;

	if (!s->all[origin]) {
		s->all[origin] = state_new(s);
		s->n = origin >= s->n ? origin + 1 : s->n;
	}
	return s->all[origin];
}

static void state_reset(struct eng_state *st)
{
	struct eng_proc *p;

	/* Freeing one may free others, moves what is in the table, and makes that smaller. */
	while (st->procs.n)
		for (uint32_t i = 0; st->procs.n && i <= st->procs.mask; i++)
			while (i <= st->procs.mask && (p = st->procs.slots[i].p))
				proc__free(st, p);
	containers__clear(st);
	tables__clear(st);
	idmap__clear(&st->tables);
	st->tables_ts = 0;
	idmap__clear(&st->entries);
	st->entries_ts = 0;
	dns_names__free(st);
	for (unsigned i = 0; i < RECENT_EXITS; i++)
		eng_str__unref(st->exits[i].comm);
	memset(st->exits, 0, sizeof(st->exits));
	st->next_exit = 0;
	st->shared->gen++;
}

void eng_state__reset(struct eng_state *st)
{
	for (unsigned k = 0; k < st->shared->n; k++)
		if (st->shared->all[k])
			state_reset(st->shared->all[k]);
	causes__clear(&st->shared->causes);
}

struct eng_state *eng_state__origin(struct eng_state *st, unsigned origin)
{
	return state_of(st, origin);
}

void eng_state__reset_origin(struct eng_state *st, unsigned origin)
{
	if (st->shared->all[origin])
		state_reset(st->shared->all[origin]);
}

static void state_free(struct eng_state *st)
{
	proc__free(st, st->nobody->proc);
	idmap__done(&st->threads);
	idmap__done(&st->procs);
	idmap__done(&st->orphans);
	idmap__done(&st->containers);
	idmap__done(&st->by_cgroup);
	idmap__done(&st->outside);
	idmap__done(&st->tables);
	idmap__done(&st->entries);
	dns_names__free(st);
	image__unref(st->no_image);
	for (unsigned i = 0; i < STR_CACHE; i++)
		eng_str__unref(st->strs[i].s);
	for (unsigned i = 0; i < MADE_NAMES; i++)
		eng_str__unref(st->made[i].s);
	eng_str__unref(st->empty);
	eng_str__unref(st->unknown);
	while (st->n_spare_fds)
		free(st->spare_fds[--st->n_spare_fds]);
	buf__done(&st->scratch);
	free(st->hostname);
	json_doc__done(&st->audit.doc);
	free(st);
}

void eng_state__free(struct eng_state *st)
{
	struct shared *s;

	if (!st)
		return;
	s = st->shared;
	eng_state__reset(st);
	for (unsigned k = 0; k < s->n; k++)
		if (s->all[k])
			state_free(s->all[k]);
	slots__done(&s->thread_slots);
	slots__done(&s->proc_slots);
	slots__done(&s->fd_slots);
	free(s->hits);
	free(s);
}

static void set_hostname(struct eng_state *st, const char *hostname)
{
	free(st->hostname);
	st->hostname = hostname && *hostname ? xstrdup(hostname) : NULL;
}

void eng_state__name_origins(struct eng_state *st, const struct fmt_source *s)
{
	for (unsigned k = 0; k <= s->n_more; k++)
		set_hostname(state_of(st, k), fmt_source__origin(s, k)->hostname);
}

void eng_state__describe(struct eng_state *st, const char *hostname, uint64_t first_ts)
{
	set_hostname(st, hostname);
	st->first_ts = first_ts;
}

const char *eng_state__hostname(const struct eng_state *st)
{
	return st->hostname;
}

uint64_t eng_state__first_ts(const struct eng_state *st)
{
	return st->first_ts;
}

/* --- events ----------------------------------------------------------------------------------- */

/* Numbers of threads that are none: the idle task's, and imported files' -1. */
static bool is_nobody(uint32_t tid)
{
	return !tid || tid == UINT32_MAX;
}

/* What happens to a thread that is not known does not make it known: it may have ended. */
static bool is_passing(uint16_t type)
{
	return type == EV_procinfo || type == EV_switch || type == EV_action || type == EV_container || type == EV_container_end;
}

static struct eng_thread *find_thread(struct eng_state *st, const struct fmt_batch *b, uint32_t row)
{
	uint32_t idx = b->thread[row];
	const struct fmt_thread want = b->threads[idx];
	struct eng_thread *t = st->nobody;

	if (!is_nobody(want.tid)) {
		if (is_passing(b->type[row]) && !eng_state__thread(st, want.tid))
			return t;
		t = thread__get(st, want.tid, want.pid);
	}
	st->shared->hits[idx] = (struct thread_hit){ t, st->shared->gen };
	return t;
}

/* Room for all threads of the batch, of which none is known if it is another batch than before. */
static void take_batch(struct shared *s, const struct fmt_batch *b)
{
	size_t was = s->n_hits;

	if (s->batch != b->serial)
		s->gen++;
	s->batch = b->serial;
	if (b->n_threads <= was)
		return;
	s->hits = xgrow(s->hits, &s->n_hits, b->n_threads, sizeof(*s->hits));
	memset(s->hits + was, 0, (s->n_hits - was) * sizeof(*s->hits));
}

static inline void look_at_batch(struct shared *s, const struct fmt_batch *b)
{
	if (s->batch != b->serial || s->n_hits < b->n_threads)
		take_batch(s, b);
}

static inline bool knows_thread(const struct shared *s, uint32_t idx)
{
	return s->hits[idx].gen == s->gen;
}

static inline struct eng_thread *thread_of(struct eng_state *st, const struct fmt_ev *ev)
{
	uint32_t idx = ev->b->thread[ev->row];

	look_at_batch(st->shared, ev->b);
	return knows_thread(st->shared, idx) ? st->shared->hits[idx].t : find_thread(st, ev->b, ev->row);
}

/* Of what happens to nobody, only that counts which is not about a process. */
static void enter_nobody(struct eng_state *st, struct eng_ctx *ctx, state_fn *fn)
{
	switch (ctx->ev->type) {
	case EV_cgroup_attach:
	case EV_container:
	case EV_container_end:
	case EV_asyncevent:
	case EV_useradded:
	case EV_userdeleted:
	case EV_groupadded:
	case EV_groupdeleted:
	case EV_k8s_audit:
		fn(st, ctx);
	}
}

/* Rows of a keyframe are about threads that they bring themselves. */
static void enter_row(struct eng_state *st, struct eng_ctx *ctx)
{
	state_fn *fn = enter_fns[ctx->ev->type];
	uint64_t num;

	ctx->thread = eng_state__thread(st, fmt_ev__tid(ctx->ev));
	if (!ctx->thread)
		ctx->thread = st->nobody;
	ctx->proc = ctx->thread->proc;
	if (fn)
		fn(st, ctx);
	if (ctx->ev->type == EV_state_fd && fmt_ev__int(ctx->ev, P_state_fd_fd, &num)) {
		ctx->has_fd_num = true;
		ctx->fd_num = (int64_t)num;
		ctx->fd = idmap__get(&ctx->proc->fds->fds, (int64_t)num);
	}
}

static inline uint32_t in_use(const struct slots *s)
{
	return s->next - s->n_free;
}

/* More than machines have, all of a trace together: a file that lies must not eat the memory. */
static inline bool has_too_many(const struct eng_state *st)
{
	const struct shared *s = st->shared;

	return in_use(&s->thread_slots) > MAX_THREADS || in_use(&s->proc_slots) > MAX_THREADS ||
	       in_use(&s->fd_slots) > MAX_FDS;
}

/*
 * A birth takes a number: if a file lies that may be the number of its own witness, which has ended
 * then.
 */
static void find_again(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;

	if (ctx->thread == st->nobody ||
	    idmap__get(&st->threads, fmt_ev__tid(ev)) == ctx->thread)
		return;
	ctx->thread = thread__get(st, fmt_ev__tid(ev), fmt_ev__pid(ev));
	ctx->proc = ctx->thread->proc;
}

/* What a change of many processes left to each of them. */
static inline void renew(struct eng_state *st, struct eng_proc *p)
{
	if (p->epoch < st->stale)
		p->epoch = next_epoch(st);
}

void eng_state__enter(struct eng_state *st, const struct fmt_ev *ev, struct eng_ctx *ctx)
{
	const struct fmt_event_info *info = ev->info;
	state_fn *fn = enter_fns[ev->type];
	struct eng_thread *t;
	uint64_t num;

	if (__builtin_expect(fmt_ev__origin(ev), 0))
		st = state_of(st, fmt_ev__origin(ev));
	if (__builtin_expect(has_too_many(st), 0))
		eng_state__reset(st);
	*ctx = (struct eng_ctx){ .ev = ev, .state = st };
	if (info->flags & EF_KEYFRAME) {
		enter_row(st, ctx);
		renew(st, ctx->proc);
		return;
	}
	t = thread_of(st, ev);
	ctx->thread = t;
	ctx->proc = t->proc;
	if (info->flags & (EF_USES_FD | EF_OPENS_FD | EF_CLOSES_FD)) {
		ctx->has_fd_num = info->flags & EF_OPENS_FD;
		ctx->fd_num = -1;
		if (info->fd_param >= 0 && fmt_ev__int(ev, (unsigned)info->fd_param, &num)) {
			ctx->has_fd_num = true;
			ctx->fd_num = (int64_t)num;
			ctx->fd = idmap__get(&t->proc->fds->fds, (int64_t)num);
		}
	}
	if (fn && t != st->nobody)
		fn(st, ctx);
	else if (fn)
		enter_nobody(st, ctx, fn);
	if (ev->type == EV_task_new || fn == on_clone)
		find_again(st, ctx);
	renew(st, ctx->proc);
}

void eng_state__leave(struct eng_state *st, struct eng_ctx *ctx)
{
	state_fn *fn = leave_fns[ctx->ev->type];

	st = ctx->state;
	if (fn && (ctx->thread != st->nobody || ctx->ev->type == EV_container_end))
		fn(st, ctx);
}

/* The first row from `from` on of which there is more to be done. */
static inline uint32_t pass_over(const struct shared *s, const struct fmt_batch *b, uint32_t from, uint32_t to,
				 const uint8_t *how)
{
	const struct thread_hit *hits = s->hits;
	const uint16_t *thread = b->thread;
	const uint16_t *type = b->type;
	uint64_t gen = s->gen;

	while (from < to && how[type[from]] == PASS_OVER && hits[thread[from]].gen == gen)
		from++;
	return from;
}

/* What entering and leaving would do. */
static inline void pass_close(struct eng_state *st, const struct eng_thread *t, const struct fmt_batch *b, uint32_t row)
{
	struct fmt_ev ev = fmt_batch__ev(b, row);
	uint64_t num;

	if (t->tid && fmt_ev__res(&ev) >= 0 && fmt_ev__int(&ev, (unsigned)ev.info->fd_param, &num))
		fdtable__del(st, t->proc->fds, (int64_t)num);
}

bool eng_state__needs(uint16_t type)
{
	return enter_fns[type] || leave_fns[type] || fmt_events[type].flags & EF_KEYFRAME;
}

bool eng_state__is_about_fds(uint16_t type)
{
	return (fmt_events[type].flags & (EF_OPENS_FD | EF_CLOSES_FD | EF_USES_FD) && type != EV_setns) || type == EV_close_range;
}

enum eng_pass eng_state__can_pass(uint16_t type)
{
	if (leave_fns[type] == on_close_leave && !enter_fns[type] && fmt_events[type].fd_param >= 0)
		return PASS_CLOSE;
	return eng_state__needs(type) ? PASS_NOT : PASS_OVER;
}

uint32_t eng_state__pass(struct eng_state *st, const struct fmt_batch *b, uint32_t from, uint32_t to,
			 const uint8_t *how)
{
	look_at_batch(st->shared, b);
	for (; (from = pass_over(st->shared, b, from, to, how)) < to && how[b->type[from]] != PASS_NOT; from++) {
		uint32_t idx = b->thread[from];

		if (!knows_thread(st->shared, idx)) {
			if (has_too_many(st))
				eng_state__reset(st);
			find_thread(state_of(st, b->threads[idx].origin), b, from);
		}
		if (how[b->type[from]] == PASS_CLOSE)
			pass_close(st, st->shared->hits[idx].t, b, from);
	}
	return from;
}

struct eng_thread *eng_state__thread_at(struct eng_state *st, const struct fmt_batch *b, uint32_t row)
{
	uint32_t idx = b->thread[row];

	look_at_batch(st->shared, b);
	return knows_thread(st->shared, idx) ? st->shared->hits[idx].t
					     : find_thread(state_of(st, b->threads[idx].origin), b, row);
}

/* --- look-ups --------------------------------------------------------------------------------- */

struct eng_thread *eng_state__thread(struct eng_state *st, int64_t tid)
{
	return idmap__get(&st->threads, tid);
}

struct eng_proc *eng_state__proc(struct eng_state *st, int64_t pid)
{
	return idmap__get(&st->procs, pid);
}

static bool same_namespace(const struct eng_proc *a, const struct eng_proc *b)
{
	if (a->pidns_start && b->pidns_start)
		return a->pidns_start == b->pidns_start;
	return a->container && a->container == b->container;
}

struct eng_thread *eng_state__seen_by(struct eng_state *st, const struct eng_proc *by, int64_t tid)
{
	struct eng_thread *t;

	if (by->vpid <= 0 || by->vpid == by->pid)
		return eng_state__thread(st, tid);
	idmap__each(&st->threads, i, t)
		if (t->vtid == tid && !t->proc->dead && same_namespace(t->proc, by))
			return t;
	return NULL;
}

void eng_state__each_proc(struct eng_state *st, void (*fn)(struct eng_proc *p, void *arg),
			  void *arg)
{
	struct eng_proc *p;

	for (unsigned k = 0; k < st->shared->n; k++)
		if (st->shared->all[k])
			idmap__each(&st->shared->all[k]->procs, i, p)
				fn(p, arg);
}

static uint64_t payload_params(const struct fmt_event_info *info)
{
	uint64_t mask = 0;

	for (unsigned p = 0; p < info->n_params; p++)
		if (fmt_ptype_store(info->params[p].type) == STORE_BYTES)
			mask |= (uint64_t)1 << p;
	return mask;
}

/* Masks of parameters narrow a type that is wanted already; without masks all of it is decoded. */
static void add_want(struct fmt_want *w, unsigned type, uint64_t params)
{
	w->types[type / 8] |= (uint8_t)(1 << type % 8);
	if (w->params)
		((uint64_t *)(uintptr_t)w->params)[type] |= params;
}

void eng_state__want_changes(struct fmt_want *w)
{
	for (unsigned t = 0; w->by_type && t < FMT_MAX_EVENTS; t++) {
		const struct fmt_event_info *info = &fmt_events[t];
		uint64_t params = ((uint64_t)1 << info->n_params) - 1;

		if (enter_fns[t] || leave_fns[t])
			add_want(w, t, params & ~payload_params(info));
	}
}

void eng_state__want(struct fmt_want *w)
{
	eng_state__want_changes(w);
	for (unsigned t = 0; w->by_type && t < FMT_MAX_EVENTS; t++)
		if (fmt_event(t) && fmt_events[t].flags & EF_USES_FD)
			add_want(w, t, (uint64_t)1 << fmt_events[t].fd_param);
}
