// SPDX-License-Identifier: Apache-2.0
/*
 * A sink that writes a .scap capture. The state runs beside: captures tell at every birth and exec what a trace leaves to it.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/state/state.h"
#include "format/base/alloc.h"
#include "format/base/log.h"
#include "format/base/text.h"
#include "format/scap_out/scap_writer.h"
#include "engine/sink/reopen.h"
#include "engine/sink/sink.h"

#define KINDS_SAID 6u
#define FLAG_CHILD_IN_PIDNS 0x20000000u	/* group clone_flags */

struct capture_sink {
	struct sink s;
	int fd;
	char name[256];
	const struct fmt_meta *meta;
	struct scap_writer *w;
	struct eng_state *st;
	struct eng_thread *thread;	/* of the event that is being written */
	bool begun;
	struct fmt_batch *made;		/* what is written instead of the event at hand */
};

static bool is_birth(const struct fmt_ev *ev)
{
	return ev->type == EV_clone || ev->type == EV_clone3 || ev->type == EV_fork || ev->type == EV_vfork;
}

/* --- what the state knows --------------------------------------------------------------------- */

static bool text(struct fmt_str *ret, const struct eng_str *s)
{
	if (!s)
		return false;
	*ret = (struct fmt_str){ s->s, s->len, s->full_len };
	return true;
}

static bool known(uint64_t *ret, int64_t v)
{
	*ret = (uint64_t)v;
	return v >= 0;
}

/* What births and execs have in common, by the indices of clone: both begin alike. */
static bool of_process(const struct eng_thread *t, unsigned param, uint64_t *num, struct fmt_str *str)
{
	const struct eng_proc *p = t->proc;

	switch (param) {
	case P_clone_exe: return text(str, p->image->exe);
	case P_clone_args: return text(str, p->image->args);
	case P_clone_tid: return known(num, t->tid);
	case P_clone_pid: return known(num, p->pid);
	case P_clone_ptid: return known(num, p->ptid);
	case P_clone_fdlimit: *num = (uint64_t)p->fdlimit; return true;
	case P_clone_pgft_maj: *num = t->pgft_maj; return true;
	case P_clone_pgft_min: *num = t->pgft_min; return true;
	case P_clone_vm_size: *num = p->vm_size; return true;
	case P_clone_vm_rss: *num = p->vm_rss; return true;
	case P_clone_vm_swap: *num = p->vm_swap; return true;
	case P_clone_comm: return text(str, t->comm);
	case P_clone_cgroups: return text(str, p->cgroups);
	}
	return false;
}

static_assert((int)P_clone_exe == P_execve_exe && (int)P_clone_cgroups == P_execve_cgroups &&
	      (int)P_clone_vm_swap == P_execve_vm_swap && (int)P_clone_comm == P_execve_comm &&
	      (int)P_clone_cgroups == P_clone3_cgroups && (int)P_clone_cgroups == P_execveat_cgroups,
	      "births and execs begin alike");

static bool of_birth(const struct eng_thread *t, unsigned param, uint64_t *num)
{
	switch (param) {
	case P_clone_flags: *num = t->clone_flags; return true;
	case P_clone_uid: *num = t->euid; return true;
	case P_clone_gid: *num = t->egid; return true;
	case P_clone_vtid: return known(num, t->vtid >= 0 ? t->vtid : t->tid);
	case P_clone_vpid: return known(num, t->proc->vpid >= 0 ? t->proc->vpid : t->proc->pid);
	case P_clone_pidns_init_start_ts: *num = t->proc->pidns_start; return *num;
	}
	return false;
}

static bool fill(void *arg, const struct fmt_ev *ev, unsigned param, uint64_t *num, struct fmt_str *str)
{
	const struct capture_sink *k = arg;

	if (!k->thread)
		return false;
	if (is_birth(ev))
		return of_process(k->thread, param, num, str) || of_birth(k->thread, param, num);
	if (ev->type == EV_execve || ev->type == EV_execveat)
		return of_process(k->thread, param, num, str);
	return false;
}

/* --- events ----------------------------------------------------------------------------------- */

/*
 * Readers of captures learn of a child by its own return from clone, and give it what its creator has then: too late if that has
 * changed by the time the child runs. So the birth is written as that return, at its own time; it is not to be
 * shown, for the return itself follows.
 */
static int birth(struct capture_sink *k, const struct fmt_ev *ev, struct err *err)
{
	static const uint8_t same[][2] = {
		{ P_task_new_tid, P_clone_tid }, { P_task_new_pid, P_clone_pid }, { P_task_new_ptid, P_clone_ptid },
		{ P_task_new_flags, P_clone_flags }, { P_task_new_vtid, P_clone_vtid },
		{ P_task_new_vpid, P_clone_vpid }, { P_task_new_pidns_start, P_clone_pidns_init_start_ts },
	};
	const struct fmt_str *comm = fmt_ev__str(ev, P_task_new_comm);
	uint64_t tid = 0, pid = 0, v;
	struct fmt_ev made;

	fmt_ev__int(ev, P_task_new_tid, &tid);
	fmt_ev__int(ev, P_task_new_pid, &pid);
	k->thread = eng_state__thread(k->st, (int64_t)tid);
	fmt_batch__reset(k->made, 0);
	k->made->context = fmt_ev__is_context(ev);
	fmt_batch__begin(k->made, EV_clone, fmt_ev__ts(ev), 0, (uint32_t)tid, (uint32_t)pid, (uint16_t)fmt_ev__cpu(ev), 0);
	for (unsigned i = 0; i < sizeof(same) / sizeof(*same); i++)
		if (fmt_ev__int(ev, same[i][0], &v))
			fmt_batch__int(k->made, same[i][1], v);
	if (comm)
		fmt_batch__str(k->made, P_clone_comm, comm->p, comm->len, comm->full_len);
	fmt_batch__end(k->made);
	made = fmt_batch__ev(k->made, 0);
	return scap_writer__birth(k->w, &made, fmt_ev__tid(ev), err);
}

/*
 * The creator's return, if the child counts in a pid namespace of its own: readers must not take its number here for the one
 * that it has there, and wait for its own return if this flag is set. Captures have it from their driver.
 */
static struct fmt_ev with_namespace(struct capture_sink *k, const struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	struct eng_thread *child = eng_state__seen_by(k->st, ctx->proc, fmt_ev__res(ev));
	struct fmt_col *flags;

	if (!child || child->vtid < 0 || child->vtid == child->tid)
		return *ev;
	fmt_batch__reset(k->made, 0);
	if (fmt_batch__copy(k->made, ev) < 0)
		return *ev;
	flags = &k->made->by_type[ev->type]->col[P_clone_flags];
	if (flags->present)
		flags->i[0] |= FLAG_CHILD_IN_PIDNS;
	return fmt_batch__ev(k->made, 0);
}

/*
 * A row of state between events: a descriptor becomes the calls that open it; threads are known by their births, which go along
 * with what follows.
 */
static int state_row(struct capture_sink *k, const struct fmt_ev *ev, struct err *err)
{
	int r = 0;

	fmt_batch__reset(k->made, 0);
	if (ev->type == EV_state_fd)
		reopen(k->made, ev);
	for (uint32_t row = 0; row < k->made->n && r == 0; row++) {
		struct fmt_ev call = fmt_batch__ev(k->made, row);

		r = scap_writer__event(k->w, &call, err);
	}
	return r;
}

static int event(struct capture_sink *k, const struct fmt_ev *ev, struct err *err)
{
	struct eng_ctx ctx;
	struct fmt_ev in_namespace;
	int r = 0;

	eng_state__enter(k->st, ev, &ctx);
	k->thread = ctx.thread;
	if (ev->info->flags & EF_KEYFRAME) {
		r = state_row(k, ev, err);
	} else if (ev->type == EV_task_new) {
		r = birth(k, ev, err);
	} else if (is_birth(ev) && fmt_ev__res(ev) > 0) {
		in_namespace = with_namespace(k, &ctx);
		r = scap_writer__event(k->w, &in_namespace, err);
	} else if (ev->type != EV_exec) {	/* the call's own event says it */
		r = scap_writer__event(k->w, ev, err);
	}
	k->thread = NULL;
	eng_state__leave(k->st, &ctx);
	return r;
}

static int keyframe_row(struct capture_sink *k, const struct fmt_ev *ev, struct err *err)
{
	struct eng_ctx ctx;

	eng_state__enter(k->st, ev, &ctx);
	eng_state__leave(k->st, &ctx);
	return scap_writer__keyframe_row(k->w, ev, err);
}

static int capture_batch(struct sink *s, const struct fmt_batch *b, const struct fmt_batch_info *info, struct err *err)
{
	struct capture_sink *k = (struct capture_sink *)s;
	int r = 0;

	if (info->new_section)
		eng_state__reset(k->st);
	if (info->new_section || !k->begun)
		r = scap_writer__section(k->w, k->meta, err);
	k->begun = true;
	for (uint32_t row = 0; row < b->n && r == 0; row++) {
		struct fmt_ev ev = fmt_batch__ev(b, row);

		r = info->keyframe ? keyframe_row(k, &ev, err) : event(k, &ev, err);
	}
	return r;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* "12 uring_read, 3 cgroup_attach, 2 more": the kinds that were left out most. */
static void say_kinds(struct buf *b, const struct scap_writer_stats *st)
{
	uint64_t rest = st->left_out, last = UINT64_MAX;
	unsigned last_type = 0;
	char n[32];

	for (unsigned said = 0; said < KINDS_SAID && rest; said++) {
		unsigned best = FMT_MAX_EVENTS;

		/* the next in order of number, then of id */
		for (unsigned i = 0; i < FMT_MAX_EVENTS; i++)
			if (st->by_type[i] && (st->by_type[i] < last || (st->by_type[i] == last && i > last_type)) &&
			    (best == FMT_MAX_EVENTS || st->by_type[i] > st->by_type[best]))
				best = i;
		if (best == FMT_MAX_EVENTS)
			break;
		last = st->by_type[best];
		last_type = best;
		rest -= last;
		buf__printf(b, "%s%s %s", said ? ", " : "", text__count(last, n), fmt_events[best].name);
	}
	if (rest)
		buf__printf(b, ", %s of other kinds", text__count(rest, n));
	buf__puts(b, " left out");
}

static void say(struct buf *b, uint64_t n, const char *what)
{
	char count[32];

	if (n)
		buf__printf(b, "%s%s %s", b->len ? "; " : "", text__count(n, count), what);
}

/* One line of what the capture has no place for, beyond what it never has (docs/SCAP.md). */
static void say_losses(const struct capture_sink *k, const struct scap_writer_stats *st)
{
	struct buf b = { 0 };

	if (st->left_out)
		say_kinds(&b, st);
	say(&b, st->generic, "calls by their name only");
	say(&b, st->cut, "texts cut");
	say(&b, st->malformed, "malformed values emptied");
	buf__u8(&b, 0);
	if (b.len > 1)
		log_warn("%s: a capture has no place for everything: %s", k->name, (char *)b.p);
	if (!st->events)
		log_warn("%s: it holds no event: sysdig and Falco refuse such a capture", k->name);
	buf__done(&b);
}

static int capture_close(struct sink *s, bool finish, struct sink_stats *stats, struct err *err)
{
	struct capture_sink *k = (struct capture_sink *)s;
	struct scap_writer_stats st;
	int r = scap_writer__close(k->w, finish, &st, err);

	if (close(k->fd) < 0 && finish && r == 0) {
		r = -errno;
		err__set(err, r, "cannot write: %s", err__text(r));
		err__file(err, k->name);
	}
	if (finish && r == 0)
		say_losses(k, &st);
	if (stats)
		*stats = (struct sink_stats){ .events = st.events, .bytes = st.bytes };	/* the rest has been said */
	eng_state__free(k->st);
	fmt_batch__free(k->made);
	free(k);
	return r;
}

static const struct sink_ops ops = { .batch = capture_batch, .close = capture_close };

static int open_sink(struct sink **ret, int fd, const char *name, const struct sink_opts *o, bool gzip, struct err *err)
{
	struct capture_sink *k = xcalloc(1, sizeof(*k));
	struct scap_writer_opts w = { .sz = sizeof(w), .gzip = gzip, .fill = fill, .fill_arg = k };
	int r = scap_writer__open(&k->w, fd, name, &w, err);

	if (r < 0) {
		close(fd);
		free(k);
		return r;
	}
	k->s.ops = &ops;
	k->fd = fd;
	k->meta = o->meta;
	snprintf(k->name, sizeof(k->name), "%s", name);
	eng_state__new(&k->st);
	fmt_batch__new(&k->made);
	*ret = &k->s;
	return 0;
}

static int open_plain(struct sink **ret, int fd, const char *name, const struct sink_opts *o, struct err *err)
{
	return open_sink(ret, fd, name, o, false, err);
}

static int open_gzip(struct sink **ret, int fd, const char *name, const struct sink_opts *o, struct err *err)
{
	return open_sink(ret, fd, name, o, true, err);
}

const struct sink_format sink_scap = { "scap", open_plain, true };
const struct sink_format sink_scap_gz = { "scap.gz", open_gzip, true };
