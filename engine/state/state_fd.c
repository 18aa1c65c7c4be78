// SPDX-License-Identifier: Apache-2.0
/*
 * Descriptor tables, and the calls that make, copy and close descriptors other than files and
 * sockets.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/state/state_internal.h"
#include "format/base/cursor.h"

/* --- tables ----------------------------------------------------------------------------------- */

struct eng_fdtable *fdtable__new(void)
{
	struct eng_fdtable *t = xcalloc(1, sizeof(*t));

	t->refs = 1;
	return t;
}

static void drop_names(struct eng_fd *fd)
{
	eng_str__unref(fd->name);
	eng_str__unref(fd->nameraw);
}

static void free_fd(struct eng_state *st, struct eng_fd *fd)
{
	drop_names(fd);
	slots__give(&st->shared->fd_slots, fd->slot);
	if (st->n_spare_fds < SPARE_FDS)
		st->spare_fds[st->n_spare_fds++] = fd;
	else
		free(fd);
}

void fdtable__unref(struct eng_state *st, struct eng_fdtable *t)
{
	struct eng_fd *fd;

	if (!t || --t->refs)
		return;
	idmap__each(&t->fds, i, fd)
		free_fd(st, fd);
	idmap__done(&t->fds);
	free(t);
}

/*
 * The entry for num, with its slot, number and a new epoch; anything else of it is the caller's to
 * set.
 */
static struct eng_fd *entry(struct eng_state *st, struct eng_fdtable *t, int64_t num)
{
	void **at = idmap__at(&t->fds, num);
	struct eng_fd *fd = *at;

	if (fd) {
		drop_names(fd);
	} else {
		fd = *at = st->n_spare_fds ? st->spare_fds[--st->n_spare_fds] : xmalloc(sizeof(*fd));
		fd->slot = slots__take(&st->shared->fd_slots);
	}
	fd->num = num;
	fd__changed(st, fd);
	return fd;
}

struct eng_fd *fdtable__open(struct eng_state *st, struct eng_fdtable *t, int64_t num, uint8_t type)
{
	struct eng_fd *fd = entry(st, t, num);

	*fd = (struct eng_fd){ .num = num, .slot = fd->slot, .epoch = fd->epoch, .type = type };
	return fd;
}

static void copy_fd(struct eng_fd *to, const struct eng_fd *from)
{
	uint32_t slot = to->slot;
	uint64_t epoch = to->epoch;
	int64_t num = to->num;

	*to = *from;
	to->slot = slot;
	to->epoch = epoch;
	to->num = num;
	eng_str__ref(to->name);
	eng_str__ref(to->nameraw);
}

struct eng_fd *fdtable__dup(struct eng_state *st, struct eng_fdtable *t, int64_t num,
			    const struct eng_fd *from, bool cloexec)
{
	struct eng_fd *fd;

	if (from->num == num && idmap__get(&t->fds, num) == from)
		return (struct eng_fd *)from;
	fd = entry(st, t, num);
	copy_fd(fd, from);
	fd->flags &= ~(uint32_t)FDF_CLOEXEC;
	if (cloexec)
		fd->flags |= FDF_CLOEXEC;
	return fd;
}

struct eng_fdtable *fdtable__copy(struct eng_state *st, const struct eng_fdtable *t)
{
	struct eng_fdtable *n = fdtable__new();
	struct eng_fd *fd;

	idmap__each(&t->fds, i, fd)
		copy_fd(entry(st, n, fd->num), fd);
	n->mark = t->mark;
	return n;
}

uint64_t eng_fdtable__mark(const struct eng_fdtable *t)
{
	return t->mark;
}

void eng_fdtable__set_mark(struct eng_fdtable *t, uint64_t mark)
{
	t->mark = mark;
}

void fdtable__del(struct eng_state *st, struct eng_fdtable *t, int64_t num)
{
	struct eng_fd *fd = idmap__del(&t->fds, num);

	if (fd)
		free_fd(st, fd);
}

/* Delete what test says, going over the numbers apart from the table that changes. */
static void del_those(struct eng_state *st, struct eng_fdtable *t,
		      bool (*test)(const struct eng_fd *fd, uint64_t first, uint64_t last),
		      uint64_t first, uint64_t last)
{
	int64_t *nums = xmalloc(t->fds.n * sizeof(*nums));
	uint32_t n = 0;
	struct eng_fd *fd;

	idmap__each(&t->fds, i, fd)
		if (test(fd, first, last))
			nums[n++] = fd->num;
	while (n)
		fdtable__del(st, t, nums[--n]);
	free(nums);
}

static bool in_range(const struct eng_fd *fd, uint64_t first, uint64_t last)
{
	return fd->num >= 0 && (uint64_t)fd->num >= first && (uint64_t)fd->num <= last;
}

static bool closes_on_exec(const struct eng_fd *fd, uint64_t first, uint64_t last)
{
	(void)first;
	(void)last;
	return fd->flags & FDF_CLOEXEC;
}

void fdtable__del_range(struct eng_state *st, struct eng_fdtable *t, uint64_t first, uint64_t last,
			bool only_mark_cloexec)
{
	struct eng_fd *fd;

	if (!only_mark_cloexec) {
		del_those(st, t, in_range, first, last);
		return;
	}
	idmap__each(&t->fds, i, fd)
		if (in_range(fd, first, last))
			fd->flags |= FDF_CLOEXEC;
}

void fdtable__exec(struct eng_state *st, struct eng_fdtable *t)
{
	del_those(st, t, closes_on_exec, 0, 0);
}

void proc__unshare_fds(struct eng_state *st, struct eng_proc *p)
{
	struct eng_fdtable *t;

	if (p->fds->refs == 1)
		return;
	t = fdtable__copy(st, p->fds);
	fdtable__unref(st, p->fds);
	p->fds = t;
}

struct eng_fd *eng_fdtable__get(struct eng_fdtable *t, int64_t num)
{
	return idmap__get(&t->fds, num);
}

void eng_fdtable__each(struct eng_fdtable *t, void (*fn)(struct eng_fd *fd, void *arg), void *arg)
{
	struct eng_fd *fd;

	idmap__each(&t->fds, i, fd)
		fn(fd, arg);
}

uint32_t eng_fdtable__count(const struct eng_fdtable *t)
{
	return t->fds.n;
}

void ctx__set_fd(struct eng_ctx *ctx, struct eng_fd *fd)
{
	ctx->fd = fd;
	ctx->fd_num = fd->num;
	ctx->has_fd_num = true;
}

/* --- what events do --------------------------------------------------------------------------- */

static struct eng_fd *opened(struct eng_state *st, struct eng_ctx *ctx, int64_t num, uint8_t type,
			     uint32_t flags)
{
	struct eng_fd *fd = fdtable__open(st, ctx->proc->fds, num, type);

	fd->flags = flags;
	ctx__set_fd(ctx, fd);
	return fd;
}

/* Nothing is known of it but its number. */
static void opened_unknown(struct eng_state *st, struct eng_ctx *ctx, int64_t num, uint32_t flags)
{
	opened(st, ctx, num, FDT_UNKNOWN, flags)->name = eng_str__ref(st->empty);
}

static void name_it(struct eng_ctx *ctx, struct eng_fd *fd, const char *name)
{
	fd->name = eng_str__new(name, strlen(name), strlen(name));
	ctx->fd_name_changed = *name;
}

/* Calls that make a descriptor of one kind: what it is, and where its flags are. */
struct anon {
	uint16_t event;
	uint8_t type;
	int8_t flags_param;		/* stored with FDF_CLOEXEC's value; -1 none */
	bool cloexec;			/* the kernel always sets it */
	const char *name;
};

static const struct anon anons[] = {
	{ EV_eventfd, FDT_EVENT, -1, false, "" },
	{ EV_eventfd2, FDT_EVENT, P_eventfd2_flags, false, "" },
	{ EV_signalfd, FDT_SIGNALFD, -1, false, "" },
	{ EV_signalfd4, FDT_SIGNALFD, P_signalfd4_flags, false, "" },
	{ EV_timerfd_create, FDT_TIMERFD, P_timerfd_create_flags, false, "" },
	{ EV_inotify_init, FDT_INOTIFY, -1, false, "" },
	{ EV_inotify_init1, FDT_INOTIFY, P_inotify_init1_flags, false, "" },
	{ EV_userfaultfd, FDT_USERFAULTFD, P_userfaultfd_flags, false, "" },
	{ EV_epoll_create, FDT_EVENTPOLL, -1, false, "" },
	{ EV_epoll_create1, FDT_EVENTPOLL, -1, false, "" },
	{ EV_io_uring_setup, FDT_IO_URING, -1, true, "" },
	{ EV_memfd_secret, FDT_MEMFD, P_memfd_secret_flags, false, "secretmem" },
	{ EV_perf_event_open, FDT_UNSUPPORTED, -1, false, "[perf_event]" },
	{ EV_fanotify_init, FDT_UNSUPPORTED, -1, false, "[fanotify]" },
	{ EV_fsopen, FDT_UNSUPPORTED, -1, false, "[fscontext]" },
	{ EV_fspick, FDT_UNSUPPORTED, -1, false, "[fscontext]" },
	{ EV_fsmount, FDT_UNSUPPORTED, -1, false, "[fsmount]" },
	{ EV_open_tree, FDT_UNSUPPORTED, -1, false, "[open_tree]" },
	{ EV_open_tree_attr, FDT_UNSUPPORTED, -1, false, "[open_tree]" },
	{ EV_landlock_create_ruleset, FDT_UNSUPPORTED, -1, true, "[landlock-ruleset]" },
};

/* Close-on-exec where it is not in a group that has FDF_CLOEXEC's value. */
static bool asks_cloexec(const struct fmt_ev *ev)
{
	switch (ev->type) {
	case EV_epoll_create1:
		return ev_u64(ev, P_epoll_create1_flags, 0);
	case EV_perf_event_open:
		return ev_u64(ev, P_perf_event_open_flags, 0) & 8;
	case EV_fanotify_init:
		return ev_u64(ev, P_fanotify_init_flags, 0) & 1;
	case EV_fsopen:
		return ev_u64(ev, P_fsopen_flags, 0) & 1;
	case EV_fsmount:
		return ev_u64(ev, P_fsmount_flags, 0) & 1;
	case EV_fspick:
		return ev_u64(ev, P_fspick_flags, 0) & 1;
	case EV_open_tree:
		return ev_u64(ev, P_open_tree_flags, 0) & 0x80000;
	case EV_open_tree_attr:
		return ev_u64(ev, P_open_tree_attr_flags, 0) & 0x80000;
	}
	return false;
}

void on_anon_fd(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	int64_t num = fmt_ev__res(ev);
	const struct anon *a = anons;
	uint32_t flags = 0;

	if (num < 0)
		return;
	if (ev->type == EV_landlock_create_ruleset &&
	    ev_u64(ev, P_landlock_create_ruleset_flags, 0))
		return;			/* asked for the version: no descriptor */
	while (a->event != ev->type)
		a++;
	if (a->flags_param >= 0)
		flags = (uint32_t)ev_u64(ev, (unsigned)a->flags_param, 0) & FDF_CLOEXEC;
	if (a->cloexec || asks_cloexec(ev))
		flags |= FDF_CLOEXEC;
	name_it(ctx, opened(st, ctx, num, a->type, flags), a->name);
}

/* Commands of bpf whose result is a descriptor. */
static bool bpf_opens(uint64_t cmd)
{
	switch (cmd) {
	case 0:			/* BPF_MAP_CREATE */
	case 5:			/* BPF_PROG_LOAD */
	case 7:			/* BPF_OBJ_GET */
	case 13: case 14:	/* BPF_PROG_GET_FD_BY_ID, BPF_MAP_GET_FD_BY_ID */
	case 17: case 18: case 19:	/* RAW_TRACEPOINT_OPEN, BTF_LOAD, BTF_GET_FD_BY_ID */
	case 28:		/* BPF_LINK_CREATE */
	case 30:		/* BPF_LINK_GET_FD_BY_ID */
	case 32: case 33:	/* BPF_ENABLE_STATS, BPF_ITER_CREATE */
	case 36:		/* BPF_TOKEN_CREATE */
		return true;
	}
	return false;
}

void on_bpf(struct eng_state *st, struct eng_ctx *ctx)
{
	int64_t num = fmt_ev__res(ctx->ev);

	if (num >= 0 && bpf_opens(ev_u64(ctx->ev, P_bpf_cmd, UINT64_MAX)))
		name_it(ctx, opened(st, ctx, num, FDT_BPF, FDF_CLOEXEC), "");
}

static void add_pipe(struct eng_state *st, struct eng_ctx *ctx, int64_t num, uint64_t ino,
		     uint32_t flags)
{
	struct eng_fd *fd = opened(st, ctx, num, FDT_FIFO, flags);

	fd->ino = ino;
	fd->name = eng_str__ref(st->empty);
}

void on_pipe(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	uint64_t fd1, fd2, ino = 0;
	uint32_t flags = 0;

	if (fmt_ev__res(ev) < 0)
		return;
	if (ev->type == EV_uring_pipe) {
		if (!fmt_ev__int(ev, P_uring_pipe_fd1, &fd1) ||
		    !fmt_ev__int(ev, P_uring_pipe_fd2, &fd2))
			return;
	} else {
		static_assert((int)P_pipe_fd1 == P_pipe2_fd1 && (int)P_pipe_fd2 == P_pipe2_fd2 &&
			      (int)P_pipe_ino == P_pipe2_ino, "same parameters");
		if (!fmt_ev__int(ev, P_pipe_fd1, &fd1) || !fmt_ev__int(ev, P_pipe_fd2, &fd2))
			return;
		ino = ev_u64(ev, P_pipe_ino, 0);
		if (ev->type == EV_pipe2)
			flags = (uint32_t)ev_u64(ev, P_pipe2_flags, 0);
	}
	if ((int64_t)fd1 < 0 || (int64_t)fd2 < 0)
		return;
	add_pipe(st, ctx, (int64_t)fd1, ino, flags);
	add_pipe(st, ctx, (int64_t)fd2, ino, flags);
}

void on_memfd(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	struct eng_fd *fd;

	if (fmt_ev__res(ev) < 0)
		return;
	fd = opened(st, ctx, fmt_ev__res(ev), FDT_MEMFD,
		    ev_u64(ev, P_memfd_create_flags, 0) & 1 ? FDF_CLOEXEC : 0);
	fd->name = ev_str(st, ev, P_memfd_create_name);
	if (!fd->name)
		fd->name = eng_str__ref(st->empty);
	ctx->fd_name_id = fmt_ev__str_id(ev, P_memfd_create_name);
	ctx->fd_name_changed = fd->name->len;
}

void on_pidfd_open(struct eng_state *st, struct eng_ctx *ctx)
{
	char name[32];

	if (fmt_ev__res(ctx->ev) < 0)
		return;
	snprintf(name, sizeof(name), "/proc/%lld",
		 (long long)ev_s64(ctx->ev, P_pidfd_open_pid, 0));
	name_it(ctx, opened(st, ctx, fmt_ev__res(ctx->ev), FDT_PIDFD, FDF_CLOEXEC), name);
}

void on_pidfd_getfd(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	const struct eng_fd *from = NULL, *pidfd;
	const struct eng_proc *p = NULL;

	if (fmt_ev__res(ev) < 0)
		return;
	pidfd = eng_fdtable__get(ctx->proc->fds, ev_s64(ev, P_pidfd_getfd_pid_fd, -1));
	if (pidfd && pidfd->type == FDT_PIDFD && pidfd->name && pidfd->name->len > 6)
		p = eng_state__proc(st, atoll(pidfd->name->s + 6));
	if (p)
		from = eng_fdtable__get(p->fds, ev_s64(ev, P_pidfd_getfd_target_fd, -1));
	if (from)
		ctx__set_fd(ctx, fdtable__dup(st, ctx->proc->fds, fmt_ev__res(ev), from, true));
	else
		opened_unknown(st, ctx, fmt_ev__res(ev), FDF_CLOEXEC);
}

static void dup_to(struct eng_state *st, struct eng_ctx *ctx, int64_t num, bool cloexec)
{
	if (ctx->fd)
		ctx__set_fd(ctx, fdtable__dup(st, ctx->proc->fds, num, ctx->fd, cloexec));
	else
		opened_unknown(st, ctx, num, cloexec ? FDF_CLOEXEC : 0);
}

void on_dup(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;

	if (fmt_ev__res(ev) >= 0)
		dup_to(st, ctx, fmt_ev__res(ev),
		       ev->type == EV_dup3 && ev_u64(ev, P_dup3_flags, 0) & FDF_CLOEXEC);
}

enum { FCNTL_DUPFD = 1, FCNTL_SETFD = 3, FCNTL_DUPFD_CLOEXEC = 26 };	/* group fcntl_commands */

void on_fcntl(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;

	if (fmt_ev__res(ev) < 0)
		return;
	switch (ev_u64(ev, P_fcntl_cmd, 0)) {
	case FCNTL_DUPFD:
		dup_to(st, ctx, fmt_ev__res(ev), false);
		break;
	case FCNTL_DUPFD_CLOEXEC:
		dup_to(st, ctx, fmt_ev__res(ev), true);
		break;
	case FCNTL_SETFD:
		if (ctx->fd && ev_u64(ev, P_fcntl_arg, 0) & 1)
			ctx->fd->flags |= FDF_CLOEXEC;
		else if (ctx->fd)
			ctx->fd->flags &= ~(uint32_t)FDF_CLOEXEC;
	}
}

enum { CLOSE_RANGE_UNSHARE_ = 2, CLOSE_RANGE_CLOEXEC_ = 4 };	/* group close_range_flags */

void on_close_range(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	uint64_t first, last, flags = ev_u64(ev, P_close_range_flags, 0);

	if (fmt_ev__res(ev) < 0 || !fmt_ev__int(ev, P_close_range_first, &first) ||
	    !fmt_ev__int(ev, P_close_range_last, &last))
		return;
	if (flags & CLOSE_RANGE_UNSHARE_)
		proc__unshare_fds(st, ctx->proc);
	fdtable__del_range(st, ctx->proc->fds, first, last, flags & CLOSE_RANGE_CLOEXEC_);
}

/* A descriptor of which no more is known. */
void on_other_fd(struct eng_state *st, struct eng_ctx *ctx)
{
	if (fmt_ev__res(ctx->ev) >= 0)
		opened_unknown(st, ctx, fmt_ev__res(ctx->ev), 0);
}

void on_close_leave(struct eng_state *st, struct eng_ctx *ctx)
{
	if (fmt_ev__res(ctx->ev) >= 0 && ctx->has_fd_num)
		fdtable__del(st, ctx->proc->fds, ctx->fd_num);
}

/*
 * Descriptors that came in a message: a u16 count, then s64 number and s16 each. What they are is
 * not known.
 */
void on_recv_fds(struct eng_state *st, struct eng_ctx *ctx)
{
	unsigned p = ctx->ev->type == EV_recvmsg ? (unsigned)P_recvmsg_scm_fds :
						   (unsigned)P_recvmmsg_scm_fds;
	const struct fmt_str *s = fmt_ev__str(ctx->ev, p);
	struct cursor c;

	if (!s)
		return;
	c = cursor__of(s->p, s->len);
	for (unsigned n = cursor__le16(&c); n && !c.bad; n--) {
		int64_t num = (int64_t)cursor__le64(&c);

		cursor__le16(&c);
		if (!c.bad && num >= 0)
			fdtable__open(st, ctx->proc->fds, num, FDT_UNKNOWN)->name =
				eng_str__ref(st->empty);
	}
}
