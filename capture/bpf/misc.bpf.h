/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/* Collectors `poll`, `out_str`, `text_arg` and `deref`: small things behind pointers. */
#ifndef MISC_BPF_H
#define MISC_BPF_H

#include "capture/bpf/call.bpf.h"
#include "capture/bpf/path.bpf.h"

#define POLL_MAX 64
#define POLLFD_SIZE 8
#define TIOCSTI 0x5412			/* include/uapi/asm-generic/ioctls.h */

/* ppoll's time limit and mask are handed over as they lie in memory. */
SEC("raw_tp")
int collect_poll(struct bpf_raw_tracepoint_args *ctx)
{
	struct call c;
	struct out o;
	__u64 n;

	if (!call_again(&c, ctx) || call_begin(&c, &o))
		return 0;
	n = call_arg(&c, 1);
	out_user_mem(&o, TAG_POLL, (void *)call_arg(&c, 0),
		     (n < POLL_MAX ? n : POLL_MAX) * POLLFD_SIZE, n * POLLFD_SIZE,
		     POLL_MAX * POLLFD_SIZE);
	if (c.d->event == EV_ppoll && !c.compat) {
		if (call_arg(&c, 2))
			out_user_mem(&o, TAG_TEXT, (void *)call_arg(&c, 2), 16, 16, 16);
		if (call_arg(&c, 3))
			out_user_mem(&o, TAG_TEXT2, (void *)call_arg(&c, 3), 8, 8, 8);
	}
	call_close(&c, &o);
	return 0;
}

SEC("raw_tp")
int collect_out_str(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 ptr = 0, n = 0;
	struct call c;
	struct out o;

	if (!call_again(&c, ctx) || call_begin(&c, &o))
		return 0;
	switch (c.d->event) {
	case EV_getcwd:			/* the result counts the NUL */
		ptr = call_arg(&c, 0);
		n = c.ret > 0 ? c.ret - 1 : 0;
		break;
	case EV_readlink:
		ptr = call_arg(&c, 1);
		n = c.ret > 0 ? c.ret : 0;
		break;
	case EV_readlinkat:
		ptr = call_arg(&c, 2);
		n = c.ret > 0 ? c.ret : 0;
		break;
	default:			/* sethostname, setdomainname */
		ptr = call_arg(&c, 0);
		n = (__u32)call_arg(&c, 1);
	}
	call_strs(&c, &o);
	if (n)
		out_user_mem(&o, TAG_TEXT, (void *)ptr, n, n, CAP_STR_MAX);
	call_close(&c, &o);
	return 0;
}

#define PR_SET_NAME 15			/* include/uapi/linux/prctl.h */
#define PR_GET_NAME 16
#define KEYCTL_JOIN_SESSION_KEYRING 1	/* include/uapi/linux/keyctl.h */
#define KEYCTL_UPDATE 2
#define KEYCTL_SEARCH 10
#define KEYCTL_RESTRICT_KEYRING 29
#define FSCONFIG_SET_STRING 1		/* include/uapi/linux/mount.h */
#define FSCONFIG_SET_BINARY 2
#define FSCONFIG_SET_PATH 3
#define FSCONFIG_SET_PATH_EMPTY 4
#define LINUX_REBOOT_CMD_RESTART2 0xa1b2c3d4u	/* include/uapi/linux/reboot.h */

/* Where chdir and fchdir have led to. */
SEC("raw_tp")
int collect_cwd(struct bpf_raw_tracepoint_args *ctx)
{
	struct fs_struct *fs;
	struct call c;
	struct out o;

	if (!call_again(&c, ctx) || call_begin(&c, &o))
		return 0;
	fs = K(c.task, fs);
	call_strs(&c, &o);
	if (c.ret >= 0 && fs)
		out_path(&o, TAG_CWD, &fs->pwd, &fs->root);
	call_close(&c, &o);
	return 0;
}

/* Arguments that are text for some commands only. */
SEC("raw_tp")
int collect_text_arg(struct bpf_raw_tracepoint_args *ctx)
{
	struct call c;
	struct out o;
	__u32 cmd;

	if (!call_again(&c, ctx) || call_begin(&c, &o))
		return 0;
	cmd = call_arg(&c, 0);
	switch (c.d->event) {
	case EV_prctl:
		if (cmd == PR_SET_NAME || cmd == PR_GET_NAME)
			out_user_str(&o, TAG_TEXT, (void *)call_arg(&c, 1));
		else
			out_num(&o, call_arg(&c, 1));
		break;
	case EV_keyctl:
		if (cmd == KEYCTL_JOIN_SESSION_KEYRING) {
			out_user_str(&o, TAG_TEXT2, (void *)call_arg(&c, 1));
		} else if (cmd == KEYCTL_SEARCH || cmd == KEYCTL_RESTRICT_KEYRING) {
			out_user_str(&o, TAG_TEXT, (void *)call_arg(&c, 2));
			out_user_str(&o, TAG_TEXT2, (void *)call_arg(&c, 3));
		}
		break;
	case EV_fsconfig:
		cmd = call_arg(&c, 1);
		out_user_str(&o, TAG_TEXT2, (void *)call_arg(&c, 2));
		if (cmd == FSCONFIG_SET_BINARY) {
			__u32 n = call_arg(&c, 4);

			out_user_mem(&o, TAG_DATA, (void *)call_arg(&c, 3),
				     n < snaplen ? n : snaplen, n, CAP_SNAP_MAX);
		} else if (cmd == FSCONFIG_SET_STRING || cmd == FSCONFIG_SET_PATH ||
			   cmd == FSCONFIG_SET_PATH_EMPTY) {
			out_user_str(&o, TAG_TEXT, (void *)call_arg(&c, 3));
		}
		break;
	case EV_reboot:
		if ((__u32)call_arg(&c, 2) == LINUX_REBOOT_CMD_RESTART2)
			out_user_str(&o, TAG_TEXT, (void *)call_arg(&c, 3));
		break;
	}
	call_close(&c, &o);
	return 0;
}

/* One small structure behind one pointer, as it lies in memory. */
static __always_inline void out_deref(const struct call *c, struct out *o, const int i)
{
	__u32 e = c->d->event & (CAP_MAX_EVENTS - 1);
	__u32 arg = deref_arg[e][i];
	__u64 n = deref_len[e][i], addr;

	if (!n)
		return;
	addr = arg == 0 ? call_arg(c, 0) : arg == 1 ? call_arg(c, 1) : arg == 2 ? call_arg(c, 2) :
	       arg == 3 ? call_arg(c, 3) : arg == 4 ? call_arg(c, 4) : call_arg(c, 5);
	if (addr)
		out_user_mem(o, TAG_S0 + arg, (void *)addr, n, n, 128);
}

/* Number: the pipe's inode. */
static __always_inline void out_pipe(const struct call *c, struct out *o)
{
	struct file *f;
	__u32 fd = 0;

	if (bpf_probe_read_user(&fd, sizeof(fd), (void *)call_arg(c, 0)))
		return;
	f = file_of_fd(c->task, fd);
	if (f)
		out_num(o, K(K(f, f_inode), i_ino));
}

SEC("raw_tp")
int collect_deref(struct bpf_raw_tracepoint_args *ctx)
{
	struct call c;
	struct out o;

	if (!call_again(&c, ctx) || call_begin(&c, &o))
		return 0;
	if ((c.d->event == EV_pipe || c.d->event == EV_pipe2) && !c.ret)
		out_pipe(&c, &o);
	if (c.d->event == EV_pidfd_send_signal || c.d->event == EV_setns ||
	    c.d->event == EV_process_madvise || c.d->event == EV_process_mrelease) {
		__u32 pid = pid_of_pidfd(file_of_fd(c.task, call_arg(&c, 0)));

		if (pid)
			out_num(&o, pid);
	}
	if (c.d->event == EV_setns)
		slot_moved(c.s);
	/* a copy of where it was, which was inside: other calls of this kind are not recorded */
	if (c.d->event == EV_unshare && n_names)
		task_shows_inside(c.task);
	if (c.d->event == EV_ioctl && (__u32)call_arg(&c, 1) == TIOCSTI)
		out_user_mem(&o, TAG_S2, (void *)call_arg(&c, 2), 1, 1, 8);
	if (!c.compat) {
		/* the first of an array of pointers to struct iocb */
		if (c.d->event == EV_io_submit) {
			__u64 iocb = 0;

			if (!bpf_probe_read_user(&iocb, sizeof(iocb), (void *)call_arg(&c, 2)) &&
			    iocb)
				out_user_mem(&o, TAG_DATA, (void *)iocb, 64, 64, 64);
		}
		out_deref(&c, &o, 0);
		out_deref(&c, &o, 1);
		out_deref(&c, &o, 2);
	}
	call_strs(&c, &o);
	call_follow(&c, &o, ctx);
	call_close(&c, &o);
	return 0;
}

#endif
