/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/*
 * Collector `uring`: operations that come without a system call. What was asked for is read when
 * the kernel has taken the entry over, names from the kernel's own copies; the event is written at
 * the completion, in the name of the thread that submitted it, whoever completes it.
 *
 * Kernels before 6.3 have another tracepoint at the submission: there, these operations are not
 * recorded.
 */
#ifndef URING_BPF_H
#define URING_BPF_H

#include "capture/bpf/path.bpf.h"
#include "capture/bpf/sock.bpf.h"
#include "capture/bpf/thread.bpf.h"

#define URING_EVENT 512			/* format/schema/events.def: id of an operation, less its number */
#define URING_OPS 65
#define URING_NAME 256			/* kept of a name */
#define REQ_F_FIXED_FILE 1		/* include/linux/io_uring_types.h */

enum {					/* include/uapi/linux/io_uring.h */
	OP_READV = 1, OP_WRITEV = 2, OP_READ_FIXED = 4, OP_WRITE_FIXED = 5, OP_ACCEPT = 13,
	OP_CONNECT = 16, OP_OPENAT = 18, OP_CLOSE = 19, OP_READ = 22, OP_WRITE = 23, OP_OPENAT2 = 28,
	OP_RENAMEAT = 35, OP_UNLINKAT = 36, OP_MKDIRAT = 37, OP_SYMLINKAT = 38, OP_LINKAT = 39,
	OP_SOCKET = 45,
};

struct io_kiocb___min {			/* include/linux/io_uring_types.h */
	__u8 opcode;
	__u64 flags;
	struct io_cqe___min {
		__u64 user_data;
		__s32 fd;
	} __attribute__((preserve_access_index)) cqe;
	struct io_cmd_data___min {
		__u8 data[8];
	} __attribute__((preserve_access_index)) cmd;
} __attribute__((preserve_access_index));

/*
 * Operations that the kernel takes no file for: nop, timeout, timeout_remove, async_cancel,
 * link_timeout, files_update, madvise, provide_buffers, remove_buffers, setxattr, getxattr, waitid,
 * futex_*. io_uring/opdef.c.
 */
#define WITHOUT_FILE (1ull << 0 | 1ull << 11 | 1ull << 12 | 1ull << 14 | 1ull << 15 | 1ull << 20 | \
	1ull << 25 | 1ull << 31 | 1ull << 32 | 1ull << 42 | 1ull << 44 | 1ull << 50 | 1ull << 51 | \
	1ull << 52 | 1ull << 53)

struct uring_op {
	__u64 enter;
	__u64 pid_tid;
	__u64 user_data;
	__u64 off, addr;		/* of a socket: domain, type, */
	__u64 flags, mode;		/* of an opening */
	__u32 len;			/* and protocol */
	__s32 fd;
	__u32 op;
	__u32 n_name, n_name2;		/* with the NUL; 0: none */
	__s32 fd2;
	char name[URING_NAME], name2[URING_NAME];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);	/* operations on their way; older ones are forgotten */
	__type(key, __u64);		/* the request's address */
	__type(value, struct uring_op);
} uring_ops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct uring_op);
} uring_new SEC(".maps");

static __always_inline __u32 uring_name(char *dst, struct filename *f)
{
	long n = f ? bpf_probe_read_kernel_str(dst, URING_NAME, K(f, name)) : 0;

	return n > 0 ? n : 0;
}

/* What the operation's own part of the request says. */
static __always_inline void uring_args(struct uring_op *o, void *cmd)
{
	switch (o->op) {
	case OP_READV:
	case OP_WRITEV:
	case OP_READ_FIXED:
	case OP_WRITE_FIXED:
	case OP_READ:
	case OP_WRITE:
		o->off = KT(io_rw, cmd, kiocb.ki_pos);
		o->addr = KT(io_rw, cmd, addr);
		o->len = KT(io_rw, cmd, len);
		break;
	case OP_CLOSE:
		o->fd = KT(io_close, cmd, file_slot) ? -1 : KT(io_close, cmd, fd);
		break;
	case OP_OPENAT:
	case OP_OPENAT2:
		o->fd = KT(io_open, cmd, dfd);
		o->flags = KT(io_open, cmd, how.flags);
		o->mode = KT(io_open, cmd, how.mode);
		o->n_name = uring_name(o->name, KT(io_open, cmd, filename));
		break;
	case OP_UNLINKAT:
		o->fd = KT(io_unlink, cmd, dfd);
		o->n_name = uring_name(o->name, KT(io_unlink, cmd, filename));
		break;
	case OP_MKDIRAT:
		o->fd = KT(io_mkdir, cmd, dfd);
		o->mode = KT(io_mkdir, cmd, mode);
		o->n_name = uring_name(o->name, KT(io_mkdir, cmd, filename));
		break;
	case OP_RENAMEAT:
		o->fd = KT(io_rename, cmd, old_dfd);
		o->fd2 = KT(io_rename, cmd, new_dfd);
		o->n_name = uring_name(o->name, KT(io_rename, cmd, oldpath));
		o->n_name2 = uring_name(o->name2, KT(io_rename, cmd, newpath));
		break;
	case OP_SYMLINKAT:
	case OP_LINKAT:
		o->fd2 = KT(io_link, cmd, new_dfd);
		o->fd = o->op == OP_SYMLINKAT ? o->fd2 : KT(io_link, cmd, old_dfd);
		o->n_name = uring_name(o->name, KT(io_link, cmd, oldpath));
		o->n_name2 = uring_name(o->name2, KT(io_link, cmd, newpath));
		break;
	case OP_SOCKET:
		o->fd = -1;
		o->off = (__u32)KT(io_socket, cmd, domain);
		o->addr = (__u32)KT(io_socket, cmd, type) | (__u32)KT(io_socket, cmd, flags);
		o->len = KT(io_socket, cmd, protocol);
		break;
	}
}

SEC("raw_tp/io_uring_submit_req")
int on_uring_submit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	struct io_kiocb___min *req = (void *)ctx->args[0];
	const volatile struct cap_desc *d;
	__u64 key = (__u64)req;
	struct thread_slot *s;
	__u32 zero = 0, k, op;
	struct uring_op *o;

	if (!bpf_core_type_exists(struct io_kiocb___min))
		return 0;
	op = K(req, opcode);
	if (op >= URING_OPS)
		return 0;
	d = &descs[URING_EVENT + op];
	s = slot_of_task(t, &k);
	if (d->kind == KIND_NOISE || ((s ? s->flags : 0) | mode) & d->skip)
		return 0;
	o = bpf_map_lookup_elem(&uring_new, &zero);
	if (!o)
		return 0;
	o->enter = bpf_ktime_get_ns();
	o->pid_tid = bpf_get_current_pid_tgid();
	o->user_data = K(req, cqe.user_data);
	o->op = op;
	o->fd = K(req, flags) & REQ_F_FIXED_FILE || WITHOUT_FILE >> op & 1 ? -1 : K(req, cqe.fd);
	o->off = o->addr = o->flags = o->mode = 0;
	o->len = o->n_name = o->n_name2 = o->fd2 = 0;
	uring_args(o, &req->cmd);
	bpf_map_update_elem(&uring_ops, &key, o, BPF_ANY);
	return 0;
}

/*
 * Numbers: fd user_data off addr len flags mode newdirfd, then, after an opening that succeeded,
 * dev ino.
 */
static __always_inline void uring_write(struct uring_op *op, __s32 res)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	bool opens = op->op == OP_OPENAT || op->op == OP_OPENAT2;
	__u32 event = URING_EVENT + op->op;
	struct inode *inode = NULL;
	struct file *file = NULL;
	struct out o;
	__u64 flags = op->flags;

	if (out_open(&o, descs[event & (CAP_MAX_EVENTS - 1)].category))
		return;
	if (opens && res >= 0)
		file = file_of_fd(t, res);
	if (file)
		inode = K(file, f_inode);
	if (inode) {
		flags |= overlay_layer(inode, magic_of(inode));
		if (K(file, f_mode) & FMODE_CREATED)
			flags |= FD_CREATED;
	}
	out_num(&o, (__u32)op->fd);
	out_num(&o, op->user_data);
	out_num(&o, op->off);
	out_num(&o, op->addr);
	out_num(&o, op->len);
	out_num(&o, flags);
	out_num(&o, op->mode);
	out_num(&o, (__u32)op->fd2);
	if (inode) {
		out_num(&o, dev_number(K(K(inode, i_sb), s_dev)));
		out_num(&o, K(inode, i_ino));
	}
	if (op->n_name)
		out_kernel_str(&o, TAG_FILENAME, op->name, URING_NAME);
	if (op->n_name2)
		out_kernel_str(&o, TAG_TEXT, op->name2, URING_NAME);
	o.off = forget(&o, o.off);
	if (op->op == OP_CONNECT || op->op == OP_ACCEPT)
		out_sock(&o, file_of_fd(t, op->op == OP_CONNECT ? op->fd : res));
	if (inode)
		out_path(&o, TAG_PATH, &file->f_path, &K(t, fs)->root);
	out_close(&o, event, o.now - op->enter, res, op->pid_tid, 0);
}

static __always_inline int uring_done(__u64 key, __s32 res)
{
	struct uring_op *op = bpf_map_lookup_elem(&uring_ops, &key);

	if (!op)
		return 0;
	uring_write(op, res);
	bpf_map_delete_elem(&uring_ops, &key);
	return 0;
}

/* Arguments: context, request, completion entry (struct io_uring_cqe: user_data, res). */
SEC("raw_tp/io_uring_complete")
int on_uring_complete(struct bpf_raw_tracepoint_args *ctx)
{
	return uring_done(ctx->args[1], k32((void *)ctx->args[2] + 8));
}

/*
 * Up to 6.9: context, request, user_data, res, and more. Cannot be attached where there are fewer.
 */
SEC("raw_tp/io_uring_complete")
int on_uring_complete_old(struct bpf_raw_tracepoint_args *ctx)
{
	return uring_done(ctx->args[1], ctx->args[3]);
}

#endif
