/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/*
 * How many bytes are kept of what goes through a descriptor: the snap length, more of what name
 * servers say, or what an exception says (snap.bpf.h).
 */
#ifndef KEEP_BPF_H
#define KEEP_BPF_H

#include "capture/bpf/call.bpf.h"
#include "capture/bpf/path.bpf.h"

#define AF_INET 2
#define AF_INET6 10
#define DNS_PORT 53

static __always_inline __u16 swap16(__u16 v)
{
	return __builtin_bswap16(v);
}

static __always_inline struct sock *sock_of_file(struct file *file)
{
	struct inode *inode = file ? K(file, f_inode) : NULL;
	struct socket *s;

	if (!inode || (K(inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	s = K(file, private_data);
	return s ? K(s, sk) : NULL;
}

/* Processes, not threads: what one has connected, others write to. */
static __always_inline __u8 *dns_mark(__u64 pid_tid)
{
	return &dns_procs[pid_tid >> 32 & (CAP_DNS_PROCS - 1)];
}

/* Of a socket and of the address that a caller names, in host order; 0: none. */
struct ports {
	__u16 local, remote, named;
};

static __always_inline struct ports ports_of(struct sock *sk, __u64 addr)
{
	__u16 family = sk ? K(sk, __sk_common.skc_family) : 0, head[2] = {};
	struct ports p = {};

	if (family != AF_INET && family != AF_INET6)
		return p;
	p.local = K(sk, __sk_common.skc_num);
	p.remote = swap16(K(sk, __sk_common.skc_dport));
	if (addr && !bpf_probe_read_user(head, sizeof(head), (void *)addr) &&
	    (head[0] == AF_INET || head[0] == AF_INET6))
		p.named = swap16(head[1]);
	return p;
}

static __always_inline bool has_port(const struct ports *p, __u16 port)
{
	return p->local == port || p->remote == port || p->named == port;
}

/* A socket of which one end is port 53. */
static __always_inline bool is_dns(struct sock *sk)
{
	struct ports p = ports_of(sk, 0);

	return has_port(&p, DNS_PORT);
}

struct keep {
	__u32 n;			/* bytes */
	__u32 tag;			/* of the blob that they are written as */
	bool dns;			/* it is about names: the socket is wanted too */
};

/* addr: an address that the caller names; 0: none. */
static __always_inline struct keep keep_of(const struct out *o, struct file *f, __u64 addr)
{
	struct ports ports = ports_of(sock_of_file(f), addr);
	struct keep k = { .n = snaplen, .tag = TAG_DATA, .dns = has_port(&ports, DNS_PORT) };

	if (n_snaps && o->ring->snap < n_snaps) {
		k.n = snaps[o->ring->snap & (CAP_SNAPS - 1)].keep;
	} else if (k.dns && snaplen < CAP_DNS_SNAP) {
		k.n = CAP_DNS_SNAP;
		k.tag = TAG_DATA_MORE;
	}
	return k;
}

#endif
