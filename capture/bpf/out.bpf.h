/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/*
 * Writing one record. Open, numbers, blobs, close: the record lies in the ring from the start and
 * begins to exist when close moves the head.
 *
 * Every write tests that it stays within CAP_RECORD_MAX, which is also what shows the verifier that
 * it stays within the map. Numbers come before blobs.
 */
#ifndef OUT_BPF_H
#define OUT_BPF_H

#include "capture/bpf/common.bpf.h"

/* Events without a call, and categories; events.def has them. */
enum bpf_event {
#define EVENT(id, name, cat, flags, coll, doc) EV_##name = id, CATEGORY_OF_##name = CAT_##cat,
#define FIELD(ev, name, type, fmt, group, src, doc)
#define END(ev)
	CAT_OTHER = 0, CAT_FILE, CAT_NET, CAT_IPC, CAT_MEMORY, CAT_PROCESS, CAT_SLEEP, CAT_SYSTEM,
	CAT_SIGNAL, CAT_USER, CAT_TIME, CAT_IO_READ, CAT_IO_WRITE, CAT_IO_OTHER, CAT_WAIT,
	CAT_SCHEDULER, CAT_INTERNAL,
#include "format/schema/events.def"
#undef EVENT
#undef FIELD
#undef END
};

#define LIFE(category) ((category) | LANE_LIFE << CAP_LANE_SHIFT)

struct out {
	struct cap_ring *ring;
	__u64 head;
	__u64 now;			/* the time of the record */
	char *rec;			/* where the record is written */
	__u64 off;			/* bytes written */
	__u32 n;			/* numbers written */
};

/*
 * A value by way of memory: what the verifier knew of it is forgotten. In a loop that writes, or
 * before another one, this lets it see that all ways that lead here are alike, and walk on only
 * once.
 */
static __always_inline __u64 forget(struct out *o, __u64 v)
{
	*(volatile __u64 *)&o->ring->scratch = v;
	return *(volatile __u64 *)&o->ring->scratch;
}

#define OUT_LIMIT(n) (CAP_RECORD_MAX - sizeof(struct cap_record) - (n))

/* Who loses most: whoever has more votes than all others together is found (Boyer and Moore). */
static __always_inline void out_loser(struct cap_ring *r)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	if (r->loser != tgid && r->loser_votes) {
		r->loser_votes--;
		return;
	}
	if (r->loser != tgid)
		r->loser_n = 0;
	r->loser = tgid;
	r->loser_votes++;
	r->loser_n++;
}

static __always_inline void out_lost(struct cap_ring *r, __u32 category, bool reentered)
{
	if (reentered) {
		r->reentered++;
	} else {
		r->lost++;
		r->lost_lane[category >> CAP_LANE_SHIFT & 3]++;
		out_loser(r);
	}
	r->lost_by[category & (CAP_N_CATEGORIES - 1)]++;
	r->lost_last = bpf_ktime_get_ns();
}

/*
 * The ring is a quarter full or more: may this record still go in? Bulk up to five eighths, key
 * events up to seven; but those of a process that has a quarter of the ring only as far as bulk.
 * Lives always. What a process has in the ring is what it has written since a mark that moves on as
 * the reader does: it may be taken for twice as much as it is, not for less.
 */
static __always_inline bool out_pressed(struct cap_ring *r, __u64 head, __u64 used, __u32 lane)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	struct cap_share *s = &r->shares[(tgid ^ tgid >> 6) & (CAP_SHARES - 1)];
	__u64 mine = 0;

	if (s->tgid != tgid && s->mark <= r->tail) {
		s->tgid = tgid;
		s->bytes = 0;
	}
	if (s->tgid == tgid) {
		if (s->mark <= r->tail) {
			s->before = s->bytes;
			s->bytes = 0;
			s->mark = head;
		}
		mine = s->before + s->bytes;
		r->share = (__u64)(s - r->shares) + 1;
	}
	if (lane == LANE_LIFE || used <= ring_room / 8 * 5)
		return used <= ring_room;
	return lane == LANE_KEY && used <= ring_room / 8 * 7 && mine <= ring_room / 4;
}

#define OUT_CALM (ring_room / 4)

/* Who reads sleeps, or much of the ring is in use: wake him once; may this record go in? */
static __always_inline bool out_fits(struct cap_ring *r, __u64 head, __u64 used, __u32 lane)
{
	if (!r->calm) {
		r->calm = OUT_CALM + 1;
		bpf_ringbuf_output(&bell, &r->head, sizeof(r->head), BPF_RB_FORCE_WAKEUP);
	}
	return used <= OUT_CALM || out_pressed(r, head, used, lane);
}

/*
 * category: with its lane. 0, or -1 when there is no room (which is counted).
 *
 * The clock and `calm` are read when `busy` says that there will be a record: so who finds it unset after some
 * time knows that no record of an earlier one is still to come (capture/driver/rings.c), and those of
 * a ring are in the order of time, whatever interrupts.
 */
static __always_inline int out_open(struct out *o, __u32 category)
{
	struct cap_ring *r = this_ring();
	__u64 head, used;

	if (!r) {
		__sync_fetch_and_add(&without_ring, 1);
		return -1;
	}
	if (r->busy) {
		out_lost(r, category, true);
		return -1;
	}
	r->busy = 1;
	compiler_barrier();
	r->share = 0;
	head = r->head;
	used = head - r->tail;
	if (used >= *(volatile __u64 *)&r->calm && !out_fits(r, head, used, category >> CAP_LANE_SHIFT)) {
		out_lost(r, category, false);
		r->busy = 0;
		return -1;
	}
	o->now = bpf_ktime_get_ns();
	o->ring = r;
	o->head = head;
	o->rec = (char *)r + CAP_RING_CTL + (head & ring_mask);
	o->off = sizeof(struct cap_record);
	o->n = 0;
	return 0;
}

static __always_inline void out_num(struct out *o, __u64 v)
{
	__u64 off = o->off;

	if (off > OUT_LIMIT(8))
		return;
	*(__u64 *)(o->rec + off) = v;
	o->off = off + 8;
	o->n++;
}

/* Close a blob whose n bytes have been written behind its head. */
static __always_inline void out_blob_end(struct out *o, __u32 tag, __u32 n, __u32 full)
{
	__u64 off = o->off;
	struct cap_blob *b;

	if (off > OUT_LIMIT(8) || n > CAP_RECORD_MAX)
		return;
	b = (void *)(o->rec + off);
	*(__u64 *)b = tag | (__u64)n << 8 | (__u64)full << 32;
	o->off = off + 8 + ((n + 7) & ~7ull);
}

/*
 * The string at a user address. If its page is not there the blob is left out. How much longer a
 * cut one was is not known: its true length says one more.
 */
static __always_inline void out_user_str(struct out *o, __u32 tag, const void *addr)
{
	__u64 off = o->off;
	long n;

	if (off > OUT_LIMIT(CAP_STR_MAX + 16) || !addr)
		return;
	n = bpf_probe_read_user_str(o->rec + off + 8, CAP_STR_MAX + 1, addr);
	if (n <= 0 || n > CAP_STR_MAX + 1)
		return;
	out_blob_end(o, tag, n - 1, n > CAP_STR_MAX ? n : n - 1);
}

/* n bytes at a user address, at most max (a constant); full is how many there are. */
static __always_inline void out_user_mem(struct out *o, __u32 tag, const void *addr, __u64 n,
					 __u64 full, const __u32 max)
{
	__u64 off = o->off;

	if (off > OUT_LIMIT(8) - max)
		return;
	opaque(n);
	if (n > max)
		n = max;
	if (n && (!addr || bpf_probe_read_user(o->rec + off + 8, n, addr)))
		n = 0;
	out_blob_end(o, tag, n, full > 0xffffffffu ? 0xffffffffu : full);
}

/*
 * The same for few bytes, by way of the stack: what user memory is copied to is checked (mm/usercopy.c),
 * and the check is done sooner with a stack than with memory like the ring's, by more than the second
 * copy takes. What it leaves behind the bytes is behind the blob.
 */
#define FEW_BYTES 64
static __always_inline void out_user_few(struct out *o, __u32 tag, const void *addr, __u64 n,
					 __u64 full)
{
	__u64 few[FEW_BYTES / 8] = {}, off = o->off, *to;

	if (off > OUT_LIMIT(8 + FEW_BYTES))
		return;
	opaque(n);
	if (n > FEW_BYTES)
		n = FEW_BYTES;
	if (n && (!addr || bpf_probe_read_user(few, n, addr)))
		n = 0;
	to = (void *)(o->rec + off + 8);
#pragma unroll
	for (int i = 0; i < FEW_BYTES / 8; i++)
		to[i] = few[i];
	out_blob_end(o, tag, n, full > 0xffffffffu ? 0xffffffffu : full);
}

static __always_inline void out_kernel_mem(struct out *o, __u32 tag, const void *addr, __u64 n,
					   const __u32 max)
{
	__u64 off = o->off;

	if (off > OUT_LIMIT(8) - max)
		return;
	opaque(n);
	if (n > max)
		n = max;
	if (bpf_probe_read_kernel(o->rec + off + 8, n, addr))
		return;
	out_blob_end(o, tag, n, n);
}

static __always_inline void out_kernel_str(struct out *o, __u32 tag, const void *addr,
					   const __u32 max)
{
	__u64 off = o->off;
	long n;

	if (off > OUT_LIMIT(8) - max || !addr)
		return;
	n = bpf_probe_read_kernel_str(o->rec + off + 8, max, addr);
	if (n <= 0 || n > max)
		return;
	out_blob_end(o, tag, n - 1, n == max ? n : n - 1);
}

static __always_inline void out_head(char *rec, __u64 off, __u32 n, __u32 type, __u64 ts, __u64 dur,
				     __s64 res, __u64 pid_tid, __u32 abi)
{
	struct cap_record *h = (void *)rec;

	h->ts = ts;
	h->dur = dur;
	h->res = res;
	h->pid_tid = pid_tid;
	*(__u64 *)&h->type = type | n << 16 | abi << 24 | off << 32;
}

/*
 * Whoever sees the head moved sees the record in front of it. A processor that keeps its stores in order
 * needs no more for that than the compiler to do so; arm64 does not, and there an exchange is a full barrier
 * (arch/arm64/net/bpf_jit_comp.c, since 5.18).
 */
static __always_inline void out_publish(struct cap_ring *r, __u64 head)
{
#if defined(__TARGET_ARCH_arm64) && !defined(WITHOUT_LOOPS)
	__sync_lock_test_and_set(&r->head, head);
#else
	compiler_barrier();
	r->head = head;
#endif
}

static __always_inline void out_close(struct out *o, __u32 type, __u64 dur, __s64 res, __u64 pid_tid,
				      __u32 abi)
{
	__u64 off = o->off;

	out_head(o->rec, off, o->n, type, o->now, dur, res, pid_tid, abi);
	out_publish(o->ring, o->head + off);
	if (o->ring->share)
		o->ring->shares[(o->ring->share - 1) & (CAP_SHARES - 1)].bytes += off;
	o->ring->busy = 0;
}

/* Leave a record open for the program that is called next, and find it there. */
static __always_inline void out_keep(struct out *o)
{
	o->ring->open_off = o->off;
	o->ring->open_n = o->n;
	o->ring->open_now = o->now;
}

static __always_inline int out_again(struct out *o)
{
	struct cap_ring *r = this_ring();

	if (!r)
		return -1;
	o->ring = r;
	o->head = r->head;
	o->rec = (char *)r + CAP_RING_CTL + (o->head & ring_mask);
	o->off = r->open_off;
	o->n = r->open_n;
	o->now = r->open_now;
	return 0;
}

/* Room behind the head to work in, for a program that writes no record. out_cancel() gives it back. */
static __always_inline int out_borrow(struct out *o)
{
	struct cap_ring *r = this_ring();

	if (!r || r->busy || r->head - r->tail > ring_room)
		return -1;
	r->busy = 1;
	o->ring = r;
	o->head = r->head;
	o->rec = (char *)r + CAP_RING_CTL + (o->head & ring_mask);
	o->off = 0;
	o->n = 0;
	return 0;
}

static __always_inline void out_cancel(struct out *o)
{
	o->ring->busy = 0;
}

#endif
