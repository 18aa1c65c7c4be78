/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/*
 * Collectors of bytes that are read and written: iov_*, msg_*, and read_buf and write_buf of calls
 * that may name an address. Plain reads and writes are in spoor.bpf.c. Number: size, the sum of all
 * lengths (process_vm_*: and the other process's address).
 */
#ifndef IO_BPF_H
#define IO_BPF_H

#include "capture/bpf/sock.bpf.h"

#define IOV_MAX_READ 32			/* iovecs looked at; with more, the size is the result */
#define SOCKADDR_MAX 128

struct iovec64 {			/* include/uapi/linux/uio.h */
	__u64 base, len;
};
struct iovec32 {
	__u32 base, len;
};
struct msghdr64 {			/* include/linux/socket.h: struct user_msghdr */
	__u64 name;
	__s32 namelen;
	__u32 pad;
	__u64 iov, iovlen, control, controllen;
	__u32 flags;
	__u32 pad2;
};
struct msghdr32 {			/* include/net/compat.h: struct compat_msghdr */
	__u32 name, namelen, iov, iovlen, control, controllen, flags;
};

/*
 * Gather what iovecs point at: up to `want` bytes of payload behind *o as a blob. The iovecs
 * themselves are read into the record's own free space, far behind where the payload goes.
 */
#define IOV_AREA (CAP_RECORD_MAX - 2 * IOV_MAX_READ * sizeof(struct iovec64))

static __always_inline struct iovec64 iov_at(struct out *o, bool is32, __u32 i)
{
	struct iovec64 v;

	i &= IOV_MAX_READ - 1;
	if (is32) {
		struct iovec32 *p = (void *)(o->rec + IOV_AREA);

		v.base = p[i].base;
		v.len = p[i].len;
		return v;
	}
	return ((struct iovec64 *)(o->rec + IOV_AREA))[i];
}

struct iov_walk {
	struct out *o;
	__u64 n, sum;			/* iovecs, and their lengths so far */
	__u64 off, got, want;		/* where payload goes, how much there is and is wanted */
	bool is32;
};

static LOOP_STEP long iov_sum(__u32 i, struct iov_walk *w)
{
	if (i >= w->n)
		return 1;
	w->sum = forget(w->o, w->sum + iov_at(w->o, w->is32, i).len);
	return 0;
}

static LOOP_STEP long iov_take(__u32 i, struct iov_walk *w)
{
	__u64 got = w->got, off = w->off, n;
	struct iovec64 v;

	if (i >= w->n || got >= w->want || got > CAP_SNAP_MAX ||
	    off > OUT_LIMIT(2 * CAP_SNAP_MAX + 1024 + 8))
		return 1;
	v = iov_at(w->o, w->is32, i);
	n = v.len < w->want - got ? v.len : w->want - got;
	opaque(n);
	if (!n)
		return 0;
	if (n > CAP_SNAP_MAX)
		n = CAP_SNAP_MAX;
	if (bpf_probe_read_user(w->o->rec + off + 8 + got, n, (void *)v.base))
		return 1;
	w->got = forget(w->o, got + n);
	return 0;
}

/* Sum of lengths, or `ret` where there are more iovecs than we look at. Loads the iovecs. */
static __always_inline __u64 iov_load(struct out *o, bool is32, __u64 iov, __u64 count, __s64 ret)
{
	struct iov_walk w = { .o = o, .is32 = is32 };
	__u64 sum = 0, n = count;

	opaque(n);
	if (n > IOV_MAX_READ)
		n = IOV_MAX_READ;
	if (!n || bpf_probe_read_user(o->rec + IOV_AREA,
				      n * (is32 ? sizeof(struct iovec32) : sizeof(struct iovec64)),
				      (void *)iov)) {
		/* Nothing to gather: iov_gather sees lengths of zero. */
		*(struct iovec64 *)(o->rec + IOV_AREA) = (struct iovec64){};
		return 0;
	}
	w.n = n;
	LOOP(IOV_MAX_READ, iov_sum, &w);
	sum = forget(o, w.sum);
	if (count > IOV_MAX_READ && ret > (__s64)sum)
		sum = ret;
	return sum;
}

static __always_inline void iov_gather(struct out *o, bool is32, __u64 count, __u64 size,
				       const struct keep *keep)
{
	__u64 off = forget(o, o->off), got;
	struct iov_walk w = { .o = o, .off = off, .is32 = is32 };

	if (off > OUT_LIMIT(2 * CAP_SNAP_MAX + 1024 + 8))
		return;
	o->off = off;
	w.n = forget(o, count);
	w.want = forget(o, size < keep->n ? size : keep->n);
	w.got = forget(o, 0);
	LOOP(IOV_MAX_READ, iov_take, &w);
	got = forget(o, w.got);
	if (got > CAP_SNAP_MAX)
		got = CAP_SNAP_MAX;
	out_blob_end(o, keep->tag, got, size > 0xffffffffu ? 0xffffffffu : size);
}

static __always_inline int collect_iov(struct bpf_raw_tracepoint_args *ctx, bool reading)
{
	struct keep keep = { .n = snaplen, .tag = TAG_DATA };
	__u64 iov, count, size;
	struct call c;
	struct out o;

	if (!call_again(&c, ctx) || call_begin(&c, &o))
		return 0;
	iov = call_arg(&c, 1);
	count = call_arg(&c, 2);
	size = iov_load(&o, c.compat, iov, count, c.ret);
	out_num(&o, size);
	if (c.d->event == EV_process_vm_readv || c.d->event == EV_process_vm_writev) {
		__u64 remote = 0;

		bpf_probe_read_user(&remote, c.compat ? 4 : 8, (void *)call_arg(&c, 3));
		out_num(&o, remote);
	}
	if (reading)
		size = c.ret > 0 ? c.ret : 0;
	if (n_snaps || *dns_mark(c.s->pid_tid))
		keep = keep_of(&o, file_of_fd(c.task, call_arg(&c, 0)), 0);
	iov_gather(&o, c.compat, count, size, &keep);
	if (keep.dns)
		out_sock(&o, file_of_fd(c.task, call_arg(&c, 0)));
	call_close(&c, &o);
	return 0;
}

SEC("raw_tp")
int collect_iov_read(struct bpf_raw_tracepoint_args *ctx)
{
	return collect_iov(ctx, true);
}

SEC("raw_tp")
int collect_iov_write(struct bpf_raw_tracepoint_args *ctx)
{
	return collect_iov(ctx, false);
}

static __always_inline bool msghdr_read(const struct call *c, __u64 addr, struct msghdr64 *m)
{
	struct msghdr32 m32;

	if (!c->compat)
		return !bpf_probe_read_user(m, sizeof(*m), (void *)addr);
	if (bpf_probe_read_user(&m32, sizeof(m32), (void *)addr))
		return false;
	*m = (struct msghdr64){ .name = m32.name, .namelen = m32.namelen, .iov = m32.iov,
				.iovlen = m32.iovlen, .control = m32.control,
				.controllen = m32.controllen };
	return true;
}

static __always_inline int collect_msg(struct bpf_raw_tracepoint_args *ctx, bool reading)
{
	struct msghdr64 m = {};
	__u64 size = 0;
	struct keep keep;
	struct call c;
	struct out o;
	bool many;

	if (!call_again(&c, ctx) || call_begin(&c, &o))
		return 0;
	many = c.d->event == EV_recvmmsg || c.d->event == EV_sendmmsg;
	c.compat = forget(&o, c.compat);
	if (msghdr_read(&c, call_arg(&c, 1), &m))
		size = iov_load(&o, c.compat, m.iov, m.iovlen, many ? 0 : c.ret);
	out_num(&o, size);
	if (reading) {
		__u32 n = c.ret > 0 ? c.ret : 0;

		/* Of several messages the first: its length stands behind its header. */
		if (many && n) {
			n = 0;
			bpf_probe_read_user(&n, sizeof(n),
					    (void *)call_arg(&c, 1) +
						    (c.compat ? sizeof(struct msghdr32)
							      : sizeof(struct msghdr64)));
		}
		size = n;
	}
	c.compat = forget(&o, c.compat);
	c.ret = forget(&o, c.ret);
	size = forget(&o, size);
	keep = keep_of(&o, file_of_fd(c.task, call_arg(&c, 0)),
		       !reading || c.ret >= 0 ? m.name : 0);
	keep.n = forget(&o, keep.n);
	keep.tag = forget(&o, keep.tag);
	iov_gather(&o, c.compat, m.iovlen, size, &keep);
	if (m.name || keep.dns) {
		if (m.name && (!reading || c.ret >= 0))
			out_user_mem(&o, TAG_ADDR, (void *)m.name, (__u32)m.namelen,
				     (__u32)m.namelen, SOCKADDR_MAX);
		out_sock(&o, file_of_fd(c.task, call_arg(&c, 0)));
	}
	if (m.control && m.controllen && (!reading || c.ret >= 0))
		out_user_mem(&o, TAG_CONTROL, (void *)m.control, m.controllen, m.controllen,
			     CAP_SMALL_MAX);
	call_close(&c, &o);
	return 0;
}

SEC("raw_tp")
int collect_msg_read(struct bpf_raw_tracepoint_args *ctx)
{
	return collect_msg(ctx, true);
}

SEC("raw_tp")
int collect_msg_write(struct bpf_raw_tracepoint_args *ctx)
{
	return collect_msg(ctx, false);
}

/* sendto, recvfrom with an address; init_module. */
static __always_inline int collect_buf(struct bpf_raw_tracepoint_args *ctx, bool reading)
{
	__u64 size, n, ptr, addr = 0;
	struct keep keep;
	struct call c;
	struct out o;

	if (!call_again(&c, ctx) || call_begin(&c, &o))
		return 0;
	ptr = call_arg(&c, 1);
	size = call_arg(&c, 2);
	if (c.d->event == EV_init_module) {
		ptr = call_arg(&c, 0);
		size = call_arg(&c, 1);
	} else if (c.d->event == EV_sendto || c.d->event == EV_recvfrom) {
		addr = call_arg(&c, 4);
	}
	if (reading)
		size = c.ret > 0 ? c.ret : 0;
	keep = keep_of(&o, file_of_fd(c.task, call_arg(&c, 0)), !reading || c.ret >= 0 ? addr : 0);
	n = size < keep.n ? size : keep.n;
	out_user_mem(&o, keep.tag, (void *)ptr, n, size, CAP_SNAP_MAX);
	if (addr && (!reading || c.ret >= 0)) {
		__u32 len = call_arg(&c, 5);

		if (reading && bpf_probe_read_user(&len, sizeof(len), (void *)call_arg(&c, 5)))
			len = 0;
		out_user_mem(&o, TAG_ADDR, (void *)addr, len, len, SOCKADDR_MAX);
		keep.dns = true;
	}
	if (keep.dns)
		out_sock(&o, file_of_fd(c.task, call_arg(&c, 0)));
	call_strs(&c, &o);
	call_close(&c, &o);
	return 0;
}

SEC("raw_tp")
int collect_read(struct bpf_raw_tracepoint_args *ctx)
{
	return collect_buf(ctx, true);
}

SEC("raw_tp")
int collect_write(struct bpf_raw_tracepoint_args *ctx)
{
	return collect_buf(ctx, false);
}

#endif
