// SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause)
/*
 * The driver: both ends of every system call, and the tracepoints of process life.
 *
 * At entry only the time and the call's number are kept: the argument registers are still there at
 * the return, and what pointers lead to is in memory then, since the kernel has just read it. An
 * exec replaces registers and memory, and takes what it needs from the kernel's objects.
 */
#include "capture/bpf/call.bpf.h"
#include "capture/bpf/exec.bpf.h"
#include "capture/bpf/io.bpf.h"
#include "capture/bpf/misc.bpf.h"
#include "capture/bpf/open.bpf.h"
#include "capture/bpf/resolve.bpf.h"
#include "capture/bpf/sched.bpf.h"
#include "capture/bpf/snap.bpf.h"
#include "capture/bpf/sock.bpf.h"
#include "capture/bpf/iter.bpf.h"
#include "capture/bpf/uring.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Generic: numbers and strings. */
SEC("raw_tp")
int collect_strs(struct bpf_raw_tracepoint_args *ctx)
{
	struct call c;
	struct out o;

	if (!call_again(&c, ctx) || call_begin(&c, &o))
		return 0;
	call_strs(&c, &o);
	call_follow(&c, &o, ctx);
	call_close(&c, &o);
	return 0;
}

/* A call that the table does not have: its number, the way it was called, and all six registers. */
SEC("raw_tp")
int collect_unknown(struct bpf_raw_tracepoint_args *ctx)
{
	struct call c;
	struct out o;

	if (!call_again(&c, ctx) || call_begin(&c, &o))
		return 0;
	out_num(&o, c.nr & ~(NR_COMPAT | NR_X32));
	out_num(&o, c.compat ? 1 : c.nr & NR_X32 ? 2 : 0);	/* events.def: parameter abi */
	call_close(&c, &o);
	return 0;
}

SEC("raw_tp")
int collect_noise(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 now = bpf_ktime_get_ns();
	struct call c;

	if (!call_again(&c, ctx))
		return 0;
	tally_anew(c.s, c.slot, c.d, now, call_dur(c.s, now), c.ret);
	c.s->enter = 0;
	return 0;
}

/* Entries whose arguments are gone at the return, or that have none. */
static __always_inline bool is_special(__u32 event)
{
	return is_exit(event) || event == EV_execveat || event == EV_clone3;
}

static __noinline void enter_special(struct thread_slot *s, __u64 regs)
{
	const volatile struct cap_desc *d = desc_of(s->nr);

	if (is_exit(d->event))
		record_exit(s, d, regs);
	else if (d->event == EV_execveat)
		keep_execveat(s, regs);
	else if (d->event == EV_clone3)
		keep_clone3(s, regs);
}

/*
 * By a thread that is in no container that is asked for: may this opening be about one all the same? A file opened for
 * writing may be one of its files, and a namespace's one of its namespaces; and what is in another mount namespace than the
 * thread was reached through a process in it.
 */
static __always_inline bool may_be_about_one(const struct call *c)
{
	struct task_struct *task = (void *)c->s->task;
	struct file *f = c->ret < 0 ? NULL : file_of_fd(task, c->ret);
	__u64 ns;

	if (!f)
		return false;
	if (K(f, f_mode) & FMODE_WRITE || magic_of(K(f, f_inode)) == NSFS_MAGIC)
		return true;
	ns = (__u64)K(mount_of(K(f, f_path.mnt)), mnt_ns);
	return ns != (__u64)K(K(task, nsproxy), mnt_ns) && ns_is_inside(ns);
}

/*
 * Nobody asked for it. At the return (c is not NULL) that is so for certain; but names of machines may come that way. At the
 * entry it is said where no result can change it: the clock, which is half of the entry's time, is not read then. Before the
 * recording begins it is: who waits in a call then may return when it has.
 */
static __always_inline bool is_left_out(const struct thread_slot *s, const volatile struct cap_desc *d, const struct call *c)
{
	__u16 why = (s->flags | mode) & d->skip;

	if (__builtin_expect(!why, 1) || (!c && why & THREAD_WAIT))
		return false;
	if (why == THREAD_ANY)
		return !*dns_mark(s->pid_tid);
	return why != THREAD_OUT || d->kind != KIND_OPEN || (c && !may_be_about_one(c));
}

/* A thread that is new, is in the second place, or is not simply followed. NULL: it is our own. */
static __noinline struct thread_slot *enter_slot(__u64 regs)
{
	__u32 k;
	struct thread_slot *s = slot_get(regs, &k);

	if (s->flags & THREAD_OWN)
		return NULL;
	if (s->flags & THREAD_UNSURE)
		slot_claim(s, regs);
	return s;
}

SEC("raw_tp/sys_enter")
int on_sys_enter(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 regs = ctx->args[0];
	__u32 nr = ctx->args[1];
	struct thread_slot *s = slot_at(slot_of(regs));

	if (s->key != regs || s->flags & (THREAD_OWN | THREAD_UNSURE) ||
	    (n_names && s->generation != scope_generation)) {
		s = enter_slot(regs);
		if (!s)
			return 0;
	}
	if (in_compat_call((void *)s->task))
		nr |= NR_COMPAT;
	s->nr = nr;
	s->enter = is_left_out(s, desc_of(nr), NULL) ? 0 : bpf_ktime_get_ns();
	if (nr & NR_COMPAT || is_special(native_event(nr)))
		enter_special(s, regs);
	return 0;
}

/* Payload of plain reads and writes: the hot half of collect_read and collect_write. */
static __always_inline void record_io(struct call *c, bool reading)
{
	__u64 size, n;
	struct out o;

	call_regs(c);
	if (call_open(c, &o))
		return;
	size = call_arg(c, 2);
	if (reading)
		size = c->ret > 0 ? c->ret : 0;
	n = size < snaplen ? size : snaplen;
	if (n <= FEW_BYTES)
		out_user_few(&o, TAG_DATA, (void *)call_arg(c, 1), n, size);
	else
		out_user_mem(&o, TAG_DATA, (void *)call_arg(c, 1), n, size, CAP_SNAP_MAX);
	call_close(c, &o);
}

/* By its entry; but what a filter has refused (seccomp) was not entered. An exec has been given the new program's. */
static __always_inline bool is_entered(const struct call *c, __u32 nr)
{
	__u32 event;

	if (__builtin_expect(nr == (c->s->nr & ~NR_COMPAT), 1) || nr == NR_NONE)
		return true;
	event = desc_of(c->s->nr)->event;
	return !c->ret && (event == EV_execve || event == EV_execveat);
}

/*
 * The number of the call that returns. Where no program was at its entry, by the registers: but a return from a
 * signal's handler has taken its own out of them, and an exec's is kept in the slot.
 */
static __always_inline __u32 returned_nr(const struct call *c)
{
	__u32 nr = regs_nr((void *)c->regs);
	struct thread_slot *s = c->s;
	bool is32;

	if (!returns_only) {
		if (is_entered(c, nr))
			return s->nr;
		s->enter = 0;
	} else if (__builtin_expect(s->flags & (THREAD_UNSURE | THREAD_EXEC), 0)) {
		if (s->flags & THREAD_EXEC) {
			s->flags &= ~THREAD_EXEC;
			return s->nr;
		}
		slot_claim(s, c->regs);
	}
	is32 = in_compat_call((void *)s->task);
	if (__builtin_expect(nr == NR_NONE, 0) && c->ret != -ENOSYS)
		nr = is32 ? NR_RT_SIGRETURN_COMPAT : NR_RT_SIGRETURN;
	return s->nr = is32 ? nr | NR_COMPAT : nr;
}

#define CALL(kind) case KIND_##kind: bpf_tail_call(ctx, &collectors, KIND_##kind); break

SEC("raw_tp/sys_exit")
int on_sys_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct call c;
	struct out o;
	__u64 now;

	c.regs = ctx->args[0];
	c.ret = ctx->args[1];
	c.s = slot_get(c.regs, &c.slot);
	c.nr = returned_nr(&c);
	c.d = desc_of(c.nr);
	if (is_left_out(c.s, c.d, &c))
		return 0;
	c.compat = c.nr & NR_COMPAT;
	switch (c.d->kind) {
	case KIND_INTS:
		if (c.d->n_regs)
			call_regs(&c);
		if (!call_open(&c, &o))
			call_close(&c, &o);
		return 0;
	case KIND_OPEN:
		if (c.nr >= CAP_MAX_COMPAT || (c.d->event != EV_open && c.d->event != EV_openat))
			break;
		c.compat = false;
		call_regs(&c);
		c.task = (void *)c.s->task;
		if (call_open(&c, &o) || record_open(&c, &o, true))
			return 0;
		out_cancel(&o);
		break;
	case KIND_NOISE:
		now = bpf_ktime_get_ns();
		if (tally(c.slot, c.d, now, call_dur(c.s, now), c.ret)) {
			c.s->enter = 0;
			return 0;
		}
		break;
	/* What may be about names has to be looked at, and with exceptions all. */
	case KIND_READ:
		if (!n_snaps && c.d->event != EV_recvfrom && !*dns_mark(c.s->pid_tid)) {
			record_io(&c, true);
			return 0;
		}
		break;
	case KIND_WRITE:
		if (!n_snaps && c.d->event != EV_sendto && c.d->event != EV_init_module &&
		    !*dns_mark(c.s->pid_tid)) {
			record_io(&c, false);
			return 0;
		}
		break;
	}
	if (n_snaps)
		switch (c.d->kind) {
		case KIND_READ:
		case KIND_WRITE:
		case KIND_IOV_READ:
		case KIND_IOV_WRITE:
		case KIND_MSG_READ:
		case KIND_MSG_WRITE:
			bpf_tail_call(ctx, &collectors, KIND_SNAP);
		}
	switch (c.d->kind) {
	CALL(NOISE);
	CALL(READ);
	CALL(WRITE);
	CALL(STRS);
	CALL(OPEN);
	CALL(EXEC);
	CALL(CLONE);
	CALL(IOV_READ);
	CALL(IOV_WRITE);
	CALL(MSG_READ);
	CALL(MSG_WRITE);
	CALL(SOCK);
	CALL(SOCKOPT);
	CALL(POLL);
	CALL(OUT_STR);
	CALL(TEXT_ARG);
	CALL(DEREF);
	CALL(CRED);
	CALL(CWD);
	CALL(UNKNOWN);
	}
	return 0;
}
