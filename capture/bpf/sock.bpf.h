/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/* Collectors `sock` and `sockopt`: addresses from the socket itself, and those that were passed. */
#ifndef SOCK_BPF_H
#define SOCK_BPF_H

#include "capture/bpf/call.bpf.h"
#include "capture/bpf/keep.bpf.h"

#define AF_UNIX 1
#define UNIX_PATH_MAX 108

/* A bound name of a unix socket behind a blob's fixed part. Returns its length. */
static __always_inline __u32 unix_name(char *dst, struct sock *sk)
{
	struct unix_address *a = sk ? KT(unix_sock, sk, addr) : NULL;
	__u32 len = a ? K(a, len) : 0;

	if (len <= 2)
		return 0;
	len -= 2;			/* without sun_family */
	opaque(len);
	if (len > UNIX_PATH_MAX)
		len = UNIX_PATH_MAX;
	bpf_probe_read_kernel(dst, len, &a->name[0].sun_path);
	return len;
}

static __always_inline void out_sock(struct out *o, struct file *file)
{
	struct sock *sk = sock_of_file(file);
	__u64 off = o->off;
	struct cap_sock *b;
	__u64 more = 0;

	if (!sk || off > OUT_LIMIT(sizeof(*b) + 512))
		return;
	b = (void *)(o->rec + off + 8);
	b->family = K(sk, __sk_common.skc_family);
	b->type = K(sk, sk_type);
	b->protocol = K(sk, sk_protocol);
	b->state = K(sk, __sk_common.skc_state);
	b->lpath = b->rpath = 0;
	b->lport = b->rport = 0;
	b->sock = b->peer = 0;
	*(__u64 *)b->laddr = *(__u64 *)(b->laddr + 8) = 0;
	*(__u64 *)b->raddr = *(__u64 *)(b->raddr + 8) = 0;
	if (b->family == AF_INET || b->family == AF_INET6) {
		b->lport = K(sk, __sk_common.skc_num);
		b->rport = swap16(K(sk, __sk_common.skc_dport));
	}
	if (b->family == AF_INET) {
		*(__u32 *)b->laddr = K(sk, __sk_common.skc_rcv_saddr);
		*(__u32 *)b->raddr = K(sk, __sk_common.skc_daddr);
	} else if (b->family == AF_INET6) {
		*(__u64 *)b->laddr = k64(&sk->__sk_common.skc_v6_rcv_saddr);
		*(__u64 *)(b->laddr + 8) = k64((void *)&sk->__sk_common.skc_v6_rcv_saddr + 8);
		*(__u64 *)b->raddr = k64(&sk->__sk_common.skc_v6_daddr);
		*(__u64 *)(b->raddr + 8) = k64((void *)&sk->__sk_common.skc_v6_daddr + 8);
	} else if (b->family == AF_UNIX) {
		struct sock *peer = KT(unix_sock, sk, peer);
		__u32 n = unix_name((char *)(b + 1), sk);

		b->sock = (__u64)sk;
		b->peer = (__u64)peer;
		b->lpath = n;
		opaque(n);
		if (n > UNIX_PATH_MAX)
			n = UNIX_PATH_MAX;
		more = n;
		n = unix_name((char *)(b + 1) + n, peer);
		b->rpath = n;
		opaque(n);
		if (n > UNIX_PATH_MAX)
			n = UNIX_PATH_MAX;
		more += n;
	}
	out_blob_end(o, TAG_SOCK, sizeof(*b) + more, sizeof(*b) + more);
}

SEC("raw_tp")
int collect_sock(struct bpf_raw_tracepoint_args *ctx)
{
	struct sock *sk;
	struct call c;
	struct out o;
	__u32 fd;

	if (!call_again(&c, ctx) || call_begin(&c, &o))
		return 0;
	fd = call_arg(&c, 0);
	if (c.d->event == EV_accept || c.d->event == EV_accept4) {
		sk = sock_of_file(file_of_fd(c.task, fd));
		if (sk) {
			out_num(&o, K(sk, sk_ack_backlog));
			out_num(&o, K(sk, sk_max_ack_backlog));
		}
		if (c.ret >= 0)
			out_sock(&o, file_of_fd(c.task, c.ret));
	} else {
		out_sock(&o, file_of_fd(c.task, fd));
		if (is_dns(sock_of_file(file_of_fd(c.task, fd))))
			*dns_mark(c.s->pid_tid) = 1;
		if (c.d->event == EV_connect || c.d->event == EV_bind) {
			__u32 len = call_arg(&c, 2);

			out_user_mem(&o, TAG_ADDR, (void *)call_arg(&c, 1), len, len, 128);
		}
	}
	call_close(&c, &o);
	return 0;
}

/* Numbers: the kernel's option number, the value's length. The value is the payload. */
SEC("raw_tp")
int collect_sockopt(struct bpf_raw_tracepoint_args *ctx)
{
	struct call c;
	struct out o;
	__u64 keep;
	__u32 len;

	if (!call_again(&c, ctx) || call_begin(&c, &o))
		return 0;
	len = call_arg(&c, 4);
	if (c.d->event == EV_getsockopt &&
	    bpf_probe_read_user(&len, sizeof(len), (void *)call_arg(&c, 4)))
		len = 0;
	out_num(&o, (__u32)call_arg(&c, 2));
	out_num(&o, len);
	keep = len < 128 ? len : 128;
	out_user_mem(&o, TAG_DATA, (void *)call_arg(&c, 3), keep, len, 128);
	call_close(&c, &o);
	return 0;
}

#endif
