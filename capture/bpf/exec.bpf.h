/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/*
 * Collectors `exec`, `clone` and `cred`: processes.
 *
 * After a successful exec everything is taken from the new program's memory descriptor, credentials
 * and file before its first instruction runs, so nobody has had a chance to change it. The name
 * that was asked for lies behind the environment: fs/exec.c copies it there from its own copy.
 */
#ifndef EXEC_BPF_H
#define EXEC_BPF_H

#include "capture/bpf/call.bpf.h"
#include "capture/bpf/path.bpf.h"

#define EXE_WRITABLE (1ull << 32)	/* flags.def, execve_flags */
#define EXE_UPPER_LAYER (1ull << 33)
#define EXE_FROM_MEMFD (1ull << 34)
#define EXE_LOWER_LAYER (1ull << 35)
#define CAP_DAC_OVERRIDE 1
#define SB_RDONLY 1
#define S_IMMUTABLE 8			/* include/linux/fs.h */
#define MEMFD_NAME 0x3a64666d656dull	/* "memfd:" */
#define PIDTYPE_PGID 2			/* include/linux/pid_types.h */
#define PIDTYPE_SID 3
#define RLIMIT_NOFILE 7

/* A process id as its own innermost pid namespace numbers it. */
static __always_inline __u32 pid_in_ns(struct pid *pid)
{
	struct upid *u;

	if (!pid)
		return 0;
	u = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
	    (__u64)K(pid, level) * bpf_core_type_size(struct upid);
	return K(u, nr);
}

static __always_inline struct pid *group_pid(struct task_struct *t, __u32 type)
{
	return (void *)k64((void *)K(t, signal) +
			   bpf_core_field_offset(struct signal_struct, pids) + 8 * type);
}

static __always_inline __u64 cap_word(const void *addr)
{
	/* one word since 6.3, two halves in the same order before */
	return k64(addr);
}

static __always_inline __u32 tty_number(struct task_struct *t)
{
	struct tty_struct *tty = K(K(t, signal), tty);
	struct tty_driver *drv = tty ? K(tty, driver) : NULL;
	__u32 minor;

	if (!drv)
		return 0;
	minor = K(drv, minor_start) + K(tty, index);
	return (minor & 0xff) | (__u32)K(drv, major) << 8 | (minor & ~0xffu) << 12;
}

static __always_inline __u32 login_uid(struct task_struct *t)
{
	return bpf_core_field_exists(t->loginuid) ? K(t, loginuid.val) : ~0u;
}

static __always_inline __u64 pidns_start(struct task_struct *t)
{
	struct pid *pid = K(t, thread_pid);
	struct pid_namespace *ns;
	struct task_struct *init;

	if (!pid)
		return 0;
	ns = K((struct upid *)((void *)pid + bpf_core_field_offset(struct pid, numbers) +
			       (__u64)K(pid, level) * bpf_core_type_size(struct upid)), ns);
	init = ns ? K(ns, child_reaper) : NULL;
	return init ? K(init, start_boottime) : 0;
}

/* Could the program's own user write to it? By its mode bits, or by CAP_DAC_OVERRIDE. */
static __always_inline bool exe_writable(struct inode *inode, const struct cred *cred)
{
	__u32 mode = K(inode, i_mode);

	if (K(K(inode, i_sb), s_flags) & SB_RDONLY || K(inode, i_flags) & S_IMMUTABLE)
		return false;
	if (cap_word(&cred->cap_effective) >> CAP_DAC_OVERRIDE & 1)
		return true;
	if (K(inode, i_uid.val) == K(cred, fsuid.val))
		return mode & 0200;
	if (K(inode, i_gid.val) == K(cred, fsgid.val))
		return mode & 0020;
	return mode & 0002;
}

static __always_inline __u64 exe_flags(struct file *exe, const struct cred *cred)
{
	struct inode *inode = K(exe, f_inode);
	__u64 layer = overlay_layer(inode, magic_of(inode)), flags = 0;

	if (layer)
		flags |= layer == FD_UPPER ? EXE_UPPER_LAYER : EXE_LOWER_LAYER;
	if (exe_writable(inode, cred))
		flags |= EXE_WRITABLE;
	/* A file without a directory, named by memfd_create(2): mm/memfd.c. */
	if ((k64(K(K(exe, f_path.dentry), d_name.name)) & 0xffffffffffffull) == MEMFD_NAME &&
	    K(K(exe, f_path.dentry), d_parent) == K(exe, f_path.dentry))
		flags |= EXE_FROM_MEMFD;
	return flags;
}

static __always_inline __u64 inode_ctime(struct inode *i)
{
	struct inode___v58 *a = (void *)i;
	struct inode___v66 *b = (void *)i;

	if (bpf_core_field_exists(i->i_ctime_sec))
		return K(i, i_ctime_sec) * 1000000000ull + K(i, i_ctime_nsec);
	if (bpf_core_field_exists(b->__i_ctime))
		return K(b, __i_ctime.tv_sec) * 1000000000ull + K(b, __i_ctime.tv_nsec);
	return K(a, i_ctime.tv_sec) * 1000000000ull + K(a, i_ctime.tv_nsec);
}

static __always_inline __u64 inode_mtime(struct inode *i)
{
	struct inode___v58 *a = (void *)i;
	struct inode___v66 *b = (void *)i;

	if (bpf_core_field_exists(i->i_mtime_sec))
		return K(i, i_mtime_sec) * 1000000000ull + K(i, i_mtime_nsec);
	if (bpf_core_field_exists(b->__i_mtime))
		return K(b, __i_mtime.tv_sec) * 1000000000ull + K(b, __i_mtime.tv_nsec);
	return K(a, i_mtime.tv_sec) * 1000000000ull + K(a, i_mtime.tv_nsec);
}

/* exe_flags exe_ino exe_ino_ctime exe_ino_mtime exe_dev */
static __always_inline void out_exe(struct out *o, struct file *exe, const struct cred *cred)
{
	struct inode *inode = K(exe, f_inode);

	out_num(o, exe_flags(exe, cred));
	out_num(o, K(inode, i_ino));
	out_num(o, inode_ctime(inode));
	out_num(o, inode_mtime(inode));
	out_num(o, dev_number(K(K(inode, i_sb), s_dev)));
}

/* 15 bytes and a NUL: never cut. */
static __always_inline void out_comm(struct out *o, struct task_struct *t)
{
	out_kernel_str(o, TAG_COMM, &t->comm, 17);
}

/*
 * The bytes between two addresses of user memory, at most `want` and max (a constant). Read whole if
 * all pages are there, which they are after an exec, else up to the first that is not.
 */
static __always_inline void out_area(struct out *o, __u32 tag, __u64 from, __u64 to, __u32 want,
				     const __u32 max)
{
	__u64 off = o->off, full = to > from ? to - from : 0, n = full < want ? full : want,
	      got = 0;

	if (off > OUT_LIMIT(8) - max || !from)
		return;
	opaque(n);
	if (n > max)
		n = max;
	if (!n || !bpf_probe_read_user(o->rec + off + 8, n, (void *)from)) {
		out_blob_end(o, tag, n, full);
		return;
	}
	for (int i = 0; i < 9; i++) {
		__u64 step = 4096 - ((from + got) & 4095);

		if (got >= n || got > max)
			break;
		if (step > n - got)
			step = n - got;
		opaque(step);
		if (step > 4096)
			step = 4096;
		if (got > max - 4096 ||
		    bpf_probe_read_user(o->rec + off + 8 + got, step, (void *)from + got))
			break;
		got = forget(o, got + step);
	}
	if (got > max)
		got = max;
	out_blob_end(o, tag, got, full);
	o->off = forget(o, o->off);
}

/* After a failure: what was asked for, string by string, up to a page. */
static __always_inline void out_argv(struct out *o, bool is32, __u64 argv)
{
	__u64 off = o->off, got = 0;

	if (off > OUT_LIMIT(3 * CAP_SMALL_MAX) || !argv)
		return;
	for (int i = 0; i < 64; i++) {
		__u64 p = 0;
		long n;

		if (got > CAP_SMALL_MAX ||
		    bpf_probe_read_user(&p, is32 ? 4 : 8, (void *)argv + i * (is32 ? 4 : 8)) || !p)
			break;
		n = bpf_probe_read_user_str(o->rec + off + 8 + got, CAP_SMALL_MAX, (void *)p);
		if (n <= 0 || n > CAP_SMALL_MAX)
			break;
		got = forget(o, got + n);
	}
	if (got > 2 * CAP_SMALL_MAX)
		got = 2 * CAP_SMALL_MAX;
	out_blob_end(o, TAG_ARGS, got, got > CAP_SMALL_MAX ? got + 1 : got);
}

/*
 * Numbers: tid pid ptid fdlimit tty vpgid pgid loginuid uid gid cap_inheritable cap_permitted
 * cap_effective dirfd at_flags, whether it is a script, then, if there is one, those of the
 * executable.
 *
 * Three programs, one after the other: two walks of a path are more than the verifier takes at
 * once.
 */
SEC("raw_tp")
int collect_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *t;
	const struct cred *cred;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct call c;
	struct out o;

	if (!call_again(&c, ctx) || call_begin(&c, &o))
		return 0;
	t = c.task;
	cred = K(t, cred);
	mm = K(t, mm);
	fs = K(t, fs);
	if (c.ret < 0 && !c.s->enter)
		keep_execveat(c.s, c.regs);
	out_num(&o, (__u32)c.s->pid_tid);
	out_num(&o, c.s->pid_tid >> 32);
	out_num(&o, K(K(t, real_parent), pid));
	out_num(&o, k64((void *)K(t, signal) + bpf_core_field_offset(struct signal_struct, rlim) +
			RLIMIT_NOFILE * sizeof(struct rlimit)));
	out_num(&o, tty_number(t));
	out_num(&o, pid_in_ns(group_pid(t, PIDTYPE_PGID)));
	out_num(&o, pid_global(group_pid(t, PIDTYPE_PGID)));
	out_num(&o, login_uid(t));
	out_num(&o, K(cred, euid.val));
	out_num(&o, K(cred, egid.val));
	out_num(&o, cap_word(&cred->cap_inheritable));
	out_num(&o, cap_word(&cred->cap_permitted));
	out_num(&o, cap_word(&cred->cap_effective));
	out_num(&o, c.s->kept & 0xffffffff);
	out_num(&o, c.s->kept >> 32);
	out_num(&o, c.s->flags & THREAD_SCRIPT);
	if (mm && K(mm, exe_file))
		out_exe(&o, K(mm, exe_file), cred);
	out_comm(&o, t);
	if (fs)
		out_path(&o, TAG_CWD, &fs->pwd, &fs->root);
	out_keep(&o);
	bpf_tail_call(ctx, &collectors, KIND_EXEC_FILE);
	out_cancel(&o);
	return 0;
}

SEC("raw_tp")
int collect_exec_file(struct bpf_raw_tracepoint_args *ctx)
{
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct file *exe;
	struct call c;
	struct out o;

	if (out_again(&o))
		return 0;
	if (!call_again(&c, ctx)) {
		out_cancel(&o);
		return 0;
	}
	mm = K(c.task, mm);
	fs = K(c.task, fs);
	exe = mm ? K(mm, exe_file) : NULL;
	if (exe && fs)
		out_path(&o, TAG_EXE, &exe->f_path, &fs->root);
	out_keep(&o);
	bpf_tail_call(ctx, &collectors, KIND_EXEC_ARGS);
	out_cancel(&o);
	return 0;
}

SEC("raw_tp")
int collect_exec_args(struct bpf_raw_tracepoint_args *ctx)
{
	struct mm_struct *mm;
	struct call c;
	struct out o;

	if (out_again(&o))
		return 0;
	if (!call_again(&c, ctx)) {
		out_cancel(&o);
		return 0;
	}
	mm = K(c.task, mm);
	if (c.ret < 0) {
		bool at = c.d->event == EV_execveat;

		out_user_str(&o, TAG_FILENAME, (void *)(at ? call_arg(&c, 1) : call_arg(&c, 0)));
		out_argv(&o, c.compat, at ? call_arg(&c, 2) : call_arg(&c, 1));
	} else if (mm) {
		__u64 name = o.off + 8;

		out_user_str(&o, TAG_FILENAME, (void *)K(mm, env_end));
		if (o.off < name)
			name = 0;
		out_area(&o, TAG_ENV, K(mm, env_start), K(mm, env_end), env_len, CAP_ENV_MAX);
		out_area(&o, TAG_ARGS, K(mm, arg_start), K(mm, arg_end), CAP_ARGS_MAX,
			 CAP_ARGS_MAX);
		if (c.s->flags & THREAD_SCRIPT) {
			c.s->flags &= ~THREAD_SCRIPT;
			o.ring->str_off[0] = name;
			call_resolve(&o, ctx);
		}
	}
	call_close(&c, &o);
	return 0;
}

#define CSIGNAL 0xff			/* include/uapi/linux/sched.h */

/*
 * Numbers: tid pid ptid uid gid vtid vpid flags. Those of a clone3 are not known if it began before the
 * recording, or its child found no slot at its birth.
 */
SEC("raw_tp")
int collect_clone(struct bpf_raw_tracepoint_args *ctx)
{
	const struct cred *cred;
	__u64 flags = 0;
	bool known = true;
	struct call c;
	struct out o;

	if (!call_again(&c, ctx) || call_begin(&c, &o))
		return 0;
	switch (c.d->event) {
	case EV_clone:
		flags = call_arg(&c, 0) & 0xffffffff & ~CSIGNAL;
		break;
	case EV_clone3:
		if (c.ret < 0 && !c.s->enter)
			keep_clone3(c.s, c.regs);
		known = c.s->kept != KEPT_NOTHING;
		flags = c.s->kept & 0x3ffffffff;
		break;
	case EV_vfork:
		flags = 0x4100;		/* CLONE_VFORK | CLONE_VM: kernel/fork.c */
		break;
	}
	cred = K(c.task, cred);
	out_num(&o, (__u32)c.s->pid_tid);
	out_num(&o, c.s->pid_tid >> 32);
	out_num(&o, K(K(c.task, real_parent), pid));
	out_num(&o, K(cred, euid.val));
	out_num(&o, K(cred, egid.val));
	out_num(&o, pid_in_ns(K(c.task, thread_pid)));
	out_num(&o, pid_in_ns(K(K(c.task, group_leader), thread_pid)));
	if (known)
		out_num(&o, flags);
	out_comm(&o, c.task);
	call_close(&c, &o);
	return 0;
}

/* Numbers: cap_inheritable cap_permitted cap_effective. */
SEC("raw_tp")
int collect_cred(struct bpf_raw_tracepoint_args *ctx)
{
	const struct cred *cred;
	struct call c;
	struct out o;

	if (!call_again(&c, ctx) || call_begin(&c, &o))
		return 0;
	cred = K(c.task, cred);
	out_num(&o, cap_word(&cred->cap_inheritable));
	out_num(&o, cap_word(&cred->cap_permitted));
	out_num(&o, cap_word(&cred->cap_effective));
	call_close(&c, &o);
	return 0;
}

#endif
