/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/*
 * Collector `open`: what the path led to. Numbers: flags mode resolve, then, after success, dev
 * ino.
 */
#ifndef OPEN_BPF_H
#define OPEN_BPF_H

#include "capture/bpf/call.bpf.h"
#include "capture/bpf/path.bpf.h"

#define O_CREAT 0100
#define S_IALLUGO 07777
#define O_TMPFILE_BIT 020000000		/* __O_TMPFILE, include/uapi/asm-generic/fcntl.h */

struct open_how_head {			/* include/uapi/linux/openat2.h */
	__u64 flags, mode, resolve;
};

static __always_inline void open_args(const struct call *c, struct open_how_head *h)
{
	switch (c->d->event) {
	case EV_open:
		h->flags = (__u32)call_arg(c, 1);
		h->mode = (__u32)call_arg(c, 2);
		break;
	case EV_openat:
		h->flags = (__u32)call_arg(c, 2);
		h->mode = (__u32)call_arg(c, 3);
		break;
	case EV_openat2:
		if (bpf_probe_read_user(h, sizeof(*h), (void *)call_arg(c, 2)))
			h->flags = h->mode = h->resolve = 0;
		break;
	case EV_open_by_handle_at:
		h->flags = (__u32)call_arg(c, 2);
		break;
	}
	h->flags &= 0xffffffff;
	h->mode &= S_IALLUGO;		/* fs/open.c, build_open_how() */
	if (!(h->flags & (O_CREAT | O_TMPFILE_BIT)))
		h->mode = 0;
}

/*
 * hot: as part of the program at the return, and only what is short; false if it was not, and the
 * record is still open.
 */
static __always_inline bool record_open(const struct call *c, struct out *o, const bool hot)
{
	struct open_how_head h = {};
	struct file *file = NULL;
	struct inode *inode = NULL;
	struct super_block *sb = NULL;
	__u32 magic = 0;

	open_args(c, &h);
	if (c->ret >= 0)
		file = file_of_fd(c->task, c->ret);
	if (file)
		inode = K(file, f_inode);
	if (inode) {
		sb = K(inode, i_sb);
		magic = K(sb, s_magic);
		h.flags |= overlay_layer(inode, magic);
		if (K(file, f_mode) & FMODE_CREATED)
			h.flags |= FD_CREATED;
	}
	out_num(o, h.flags);
	out_num(o, h.mode);
	out_num(o, h.resolve);
	if (inode) {
		out_num(o, dev_number(K(sb, s_dev)));
		out_num(o, K(inode, i_ino));
		if (!hot && c->d->event == EV_pidfd_getfd)
			out_num(o, pid_of_pidfd(file_of_fd(c->task, call_arg(c, 0))));
	}
	if (hot) {
		o->n = forget(o, o->n);
		if (c->d->event == EV_openat)
			out_user_str(o, TAG_S1, (void *)call_arg(c, 1));
		else
			out_user_str(o, TAG_S0, (void *)call_arg(c, 0));
		if (inode && !out_short_path(o, TAG_PATH, &file->f_path, magic, &K(c->task, fs)->root))
			return false;
	} else {
		call_strs(c, o);
		if (inode)
			out_path(o, TAG_PATH, &file->f_path, &K(c->task, fs)->root);
	}
	call_close(c, o);
	return true;
}

SEC("raw_tp")
int collect_open(struct bpf_raw_tracepoint_args *ctx)
{
	struct call c;
	struct out o;

	if (call_again(&c, ctx) && !call_begin(&c, &o))
		record_open(&c, &o, false);
	return 0;
}

#endif
