/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/*
 * The call at hand, as its collector sees it. The program at the tracepoint does the common cases
 * itself and hands the rest to one program for each kind by a tail call; each finds the call again
 * here.
 */
#ifndef CALL_BPF_H
#define CALL_BPF_H

#include "capture/bpf/thread.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, KIND__N);
	__uint(key_size, 4);
	__uint(value_size, 4);
} collectors SEC(".maps");

struct call {
	struct thread_slot *s;
	struct task_struct *task;
	const volatile struct cap_desc *d;
	__u64 regs;			/* address of struct pt_regs */
	__s64 ret;
	__u32 slot;			/* index of s */
	__u32 nr;
	bool compat;
	__u64 copy[N_COPIED];		/* without direct reads: the registers */
};

/* One call of a helper for all registers, where there has to be one. */
static __always_inline void call_regs(struct call *c)
{
	if (!direct_reads)
		regs_copy(c->copy, (void *)c->regs);
}

static __always_inline __u64 call_arg(const struct call *c, const int i)
{
	return direct_reads ? regs_arg((void *)c->regs, c->compat, i)
			    : copied_reg(c->copy, c->compat, i);
}

/* The entry of a call by the kernel's number. */
static __always_inline const volatile struct cap_desc *desc_of(__u32 nr)
{
	__u32 e = nr;

	if (__builtin_expect(nr & (NR_COMPAT | NR_X32), 0)) {
		e = nr & 0xffff;
		if (nr & NR_COMPAT)
			e = e < CAP_MAX_COMPAT ? compat[e & (CAP_MAX_COMPAT - 1)] : EV_syscall;
		else
			e = EV_syscall;
	} else {
		e = e < CAP_MAX_COMPAT ? native_event(e) : EV_syscall;
	}
	return &descs[e & (CAP_MAX_EVENTS - 1)];
}

/* Since the entry; 0 if that was not seen. Without a branch: times are positive. */
static __always_inline __u64 call_dur(const struct thread_slot *s, __u64 now)
{
	__u64 enter = s->enter, seen = (__s64)-enter >> 63;

	opaque(seen);
	return (now - enter) & seen;
}

/* In a program that was called: false if the thread's slot has gone. */
static __always_inline bool call_again(struct call *c, struct bpf_raw_tracepoint_args *ctx)
{
	c->regs = ctx->args[0];
	c->ret = ctx->args[1];
	c->s = slot_again(c->regs, &c->slot);
	if (!c->s)
		return false;
	c->nr = c->s->nr;
	c->compat = c->nr & NR_COMPAT;
	c->d = desc_of(c->nr);
	c->task = (void *)c->s->task;
	call_regs(c);
	return true;
}

/* Open the record and hand over the argument registers that the event has. */
static __always_inline int call_open(const struct call *c, struct out *o)
{
	__u32 n = c->d->n_regs;

	if (out_open(o, c->d->category))
		return -1;
	if (n > 0)
		out_num(o, call_arg(c, 0));
	if (n > 1)
		out_num(o, call_arg(c, 1));
	if (n > 2)
		out_num(o, call_arg(c, 2));
	if (n > 3)
		out_num(o, call_arg(c, 3));
	if (n > 4)
		out_num(o, call_arg(c, 4));
	if (n > 5)
		out_num(o, call_arg(c, 5));
	return 0;
}

/* The same for the programs that are called: see forget(). */
static __always_inline int call_begin(const struct call *c, struct out *o)
{
	if (call_open(c, o))
		return -1;
	o->off = forget(o, o->off);
	return 0;
}

/* One of them, and where in the record it is. */
static __always_inline void call_str(const struct call *c, struct out *o, const int i)
{
	__u64 off = o->off;

	if (i < 4)
		o->ring->str_off[i & 3] = 0;
	if (!(c->d->strs >> i & 1))
		return;
	out_user_str(o, TAG_S0 + i, (void *)call_arg(c, i));
	if (i < 4 && o->off > off)
		o->ring->str_off[i & 3] = off + 8;
	o->off = forget(o, o->off);
}

static __always_inline void call_strs(const struct call *c, struct out *o)
{
	call_str(c, o, 0);
	call_str(c, o, 1);
	call_str(c, o, 2);
	call_str(c, o, 3);
	call_str(c, o, 4);
}

/*
 * Go on with the program that follows the record's paths and closes it. Returns where there is none:
 * kernels before 5.17 have no bpf_loop.
 */
static __always_inline void call_resolve(struct out *o, struct bpf_raw_tracepoint_args *ctx)
{
	out_keep(o);
	o->ring->step = 0;
	bpf_tail_call(ctx, &collectors, KIND_RESOLVE);
}

/* The same where the call has succeeded and has paths. */
static __always_inline void call_follow(const struct call *c, struct out *o,
					struct bpf_raw_tracepoint_args *ctx)
{
	if (c->ret >= 0 && follows[c->d->event & (CAP_MAX_EVENTS - 1)][0].how)
		call_resolve(o, ctx);
}

static __always_inline __u32 call_abi(const struct call *c)
{
	return c->nr >> 30;
}

static __always_inline void call_close(const struct call *c, struct out *o)
{
	out_close(o, c->d->event, call_dur(c->s, o->now), c->ret, c->s->pid_tid, call_abi(c));
	c->s->enter = 0;
}

/*
 * exit and exit_group do not return: they are recorded as they begin, or, where no program sees that, as the
 * thread ends.
 */
static __always_inline void record_exit(struct thread_slot *s, const volatile struct cap_desc *d,
					__u64 regs)
{
	struct call c = { .s = s, .d = d, .regs = regs, .nr = s->nr,
			  .compat = s->nr & NR_COMPAT };
	struct out o;

	if ((s->flags | mode) & d->skip)
		return;
	call_regs(&c);
	if (call_open(&c, &o))
		return;
	s->enter = 0;			/* it takes no time */
	call_close(&c, &o);
}

static __always_inline bool is_exit(__u32 event)
{
	return event == EV_exit || event == EV_exit_group;
}

/* What is gone at the return of a successful execveat: its directory and flags. */
static __always_inline void keep_execveat(struct thread_slot *s, __u64 regs)
{
	bool is32 = s->nr & NR_COMPAT;
	struct pt_regs *r = (void *)regs;

	s->kept = (__u32)regs_arg(r, is32, 0) | regs_arg(r, is32, 4) << 32;
}

/* What may be gone at the return of a clone3: its flags, which lie in memory. */
static __always_inline void keep_clone3(struct thread_slot *s, __u64 regs)
{
	if (bpf_probe_read_user(&s->kept, sizeof(s->kept),
				(void *)regs_arg((void *)regs, s->nr & NR_COMPAT, 0)))
		s->kept = KEPT_NOTHING;
}

#endif
