/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/*
 * Exceptions to the snap length: which one fits the call at hand. A program of its own between the one
 * at the return and the collector; it is called only if there are exceptions.
 */
#ifndef SNAP_BPF_H
#define SNAP_BPF_H

#include "capture/bpf/io.bpf.h"

#define S_IFCHR 0020000
#define NO_RULE 0xffffffffu

/*
 * What was found out of a file by its path, until its entry in the directory is another. A name's
 * hash has its directory in it; a directory above that is renamed is not noticed.
 */
struct kept_key {
	__u64 dentry, mnt, root;
};
struct kept {
	__u64 hash_len, parent, inode;
	__u32 rule;			/* its number, or NO_RULE */
	__u32 pad;
};
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);	/* 1 when loading, without such exceptions */
	__type(key, struct kept_key);
	__type(value, struct kept);
} kept_by_path SEC(".maps");

/* Where the walk writes: far enough from the beginning that one can look back by a whole rule. */
#define SNAP_AREA 4096

struct snap_search {
	struct out *o;
	struct ports ports;
	__u64 end;			/* of the names in the record; 0: no path */
	__u32 fd;			/* NO_RULE: none */
	__u32 rule;			/* what has been found */
	bool tty;
};

static LOOP_STEP long snap_step(__u32 i, struct snap_search *w)
{
	const volatile struct cap_snap *s = &snaps[i & (CAP_SNAPS - 1)];
	__u64 end = w->end, diff = 0;

	if (i >= n_snaps)
		return 1;
	switch (s->kind) {
	case SNAP_PORT:
		if (!has_port(&w->ports, s->value))
			return 0;
		break;
	case SNAP_TTY:
		if (!w->tty)
			return 0;
		break;
	case SNAP_FD:
		if (w->fd != s->value)
			return 0;
		break;
	default:
		opaque(end);
		if (end < SNAP_AREA || end > CAP_RECORD_MAX)
			return 0;
#pragma unroll
		for (__u32 k = 0; k < CAP_SNAP_WORDS; k++)
			diff |= (*(__u64 *)(w->o->rec + end - 8 * (CAP_SNAP_WORDS - k)) ^
				 s->word[k]) & s->mask[k];
		if (diff)
			return 0;
	}
	w->rule = i;
	return 1;
}

static __always_inline void snap_find(struct snap_search *w)
{
	w->rule = NO_RULE;
	LOOP(CAP_SNAPS, snap_step, w);
	w->rule = forget(w->o, w->rule);
}

/* The path as out_place() walks it, into the ring's free space; its end goes to w. */
static __always_inline void snap_walk(struct snap_search *w, struct file *f, const struct path *root)
{
	struct out *o = w->o;
	struct cap_path *head = (void *)(o->rec + SNAP_AREA + 8);

	o->off = SNAP_AREA;
	head->flags = CAP_PATH_PSEUDO;
	out_path(o, TAG_PATH, &f->f_path, root);
	/* out_blob_end() has written how long it is. */
	if (!(head->flags & (CAP_PATH_PSEUDO | CAP_PATH_CUT | CAP_PATH_OUTSIDE)))
		w->end = forget(o, SNAP_AREA + 8 +
				(*(__u64 *)(o->rec + SNAP_AREA) >> 8 & 0xffffff));
}

static __always_inline void snap_by_path(struct snap_search *w, struct task_struct *task,
					 struct file *f)
{
	const struct path *root = &K(task, fs)->root;
	struct dentry *d = K(f, f_path.dentry);
	struct kept_key key = { (__u64)d, (__u64)K(f, f_path.mnt), (__u64)K(root, dentry) };
	struct kept now = { .hash_len = K(d, d_name.hash_len), .parent = (__u64)K(d, d_parent),
			    .inode = (__u64)K(f, f_inode) };
	struct kept *was = bpf_map_lookup_elem(&kept_by_path, &key);

	if (was && was->hash_len == now.hash_len && was->parent == now.parent &&
	    was->inode == now.inode) {
		w->rule = was->rule;
		return;
	}
	snap_walk(w, f, root);
	snap_find(w);
	now.rule = w->rule;
	bpf_map_update_elem(&kept_by_path, &key, &now, BPF_ANY);
}

static __always_inline void snap_search(struct snap_search *w, struct task_struct *task,
					struct file *f)
{
	struct inode *inode = f ? K(f, f_inode) : NULL;
	__u32 mode = inode ? K(inode, i_mode) & S_IFMT : 0, first;

	if (mode == S_IFCHR)
		w->tty = CAP_IS_TTY_MAJOR(K(inode, i_rdev) >> 20);
	snap_find(w);
	if (!inode || !snaps_by_path || mode == S_IFSOCK)
		return;
	/* What is remembered of a path must not depend on the descriptor. */
	first = w->rule;
	w->fd = NO_RULE;
	snap_by_path(w, task, f);
	if (first < w->rule)
		w->rule = first;
}

/* The address that a call names, or 0. */
static __always_inline __u64 snap_addr(const struct call *c)
{
	struct msghdr64 m = {};

	switch (c->d->event) {
	case EV_sendto:
	case EV_recvfrom:
		return call_arg(c, 4);
	case EV_sendmsg:
	case EV_recvmsg:
	case EV_sendmmsg:
	case EV_recvmmsg:
		return msghdr_read(c, call_arg(c, 1), &m) ? m.name : 0;
	}
	return 0;
}

static __always_inline bool snap_has_fd(const struct cap_desc *d)
{
	return d->event != EV_process_vm_readv && d->event != EV_process_vm_writev &&
	       d->event != EV_init_module;
}

SEC("raw_tp")
int collect_snap(struct bpf_raw_tracepoint_args *ctx)
{
	struct snap_search w = { .fd = NO_RULE };
	struct file *f = NULL;
	struct call c;
	struct out o;

	if (!call_again(&c, ctx))
		return 0;
	/* Without room the collector will find none either. */
	if (!out_borrow(&o)) {
		w.o = &o;
		if (snap_has_fd((void *)c.d)) {
			w.fd = call_arg(&c, 0);
			f = file_of_fd(c.task, w.fd);
		}
		w.ports = ports_of(sock_of_file(f), snap_addr(&c));
		snap_search(&w, c.task, f);
		o.ring->snap = w.rule;
		out_cancel(&o);
	}
	bpf_tail_call(ctx, &collectors, c.d->kind);
	return 0;
}

#endif
