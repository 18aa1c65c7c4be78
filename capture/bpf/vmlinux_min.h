/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/*
 * vmlinux_min - the kernel's structures, as far as the programs read them.
 *
 * Only names matter here: offsets come from the running kernel's BTF when the object is loaded, so
 * that neither the order nor the rest of a structure need be stated. Beside each stands the kernel
 * file that defines it. A name with ___ and a suffix is the same structure as older or newer
 * kernels have it.
 */
#ifndef VMLINUX_MIN_H
#define VMLINUX_MIN_H

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef __u16 __sum16;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

/* include/uapi/linux/bpf.h */
enum bpf_map_type {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PROG_ARRAY = 3,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum {
	BPF_ANY = 0,
	BPF_F_MMAPABLE = 1U << 10,
	BPF_RB_FORCE_WAKEUP = 1U << 1,
};
#define ENOSYS 38			/* include/uapi/asm-generic/errno.h */
struct bpf_raw_tracepoint_args {
	__u64 args[0];
};

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

#if defined(__TARGET_ARCH_arm64)
/* arch/arm64/include/asm/ptrace.h */
struct pt_regs {
	u64 regs[31];
	u64 orig_x0;
	s32 syscallno;
};

/* arch/arm64/include/asm/thread_info.h; flags has TIF_32BIT */
struct thread_info {
	unsigned long flags;
};
#else
/* arch/x86/include/asm/ptrace.h */
struct pt_regs {
	unsigned long bx, bp, r10, r9, r8, ax, cx, dx, si, di, orig_ax, sp;
};

/* arch/x86/include/asm/thread_info.h; status has TS_COMPAT */
struct thread_info {
	u32 status;
};
#endif

/* include/linux/mount.h */
struct vfsmount {
	struct dentry *mnt_root;
	int mnt_flags;
};

/* include/linux/dcache.h */
struct qstr {
	u64 hash_len;
	u32 len;
	const unsigned char *name;
};
struct hlist_bl_node {
	struct hlist_bl_node **pprev;
};
struct hlist_node {
	struct hlist_node *next;
};
struct hlist_head {
	struct hlist_node *first;
};
struct list_head {
	struct list_head *next, *prev;
};
struct dentry {
	unsigned int d_flags;
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
	struct super_block *d_sb;
	struct hlist_node d_sib;	/* since 6.8 */
	struct hlist_head d_children;
};
struct dentry___v58 {			/* up to 6.7 */
	struct list_head d_child, d_subdirs;
};
enum dentry_flags {			/* an enumeration since 6.14 */
	DCACHE_MOUNTED = 0x8000,
};

/* fs/mount.h */
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
	struct list_head mnt_mounts, mnt_child;
};

/* include/linux/path.h */
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

/* include/linux/fs.h, include/linux/fs/super_types.h */
struct file_system_type {
	const char *name;
};
struct super_block {
	u32 s_dev;
	unsigned long s_flags;
	unsigned long s_magic;
	struct file_system_type *s_type;
	struct user_namespace *s_user_ns;
};
typedef struct {
	u32 val;
} kuid_t;
typedef struct {
	u32 val;
} kgid_t;
typedef unsigned short umode_t;
struct timespec64 {
	s64 tv_sec;
	long tv_nsec;
};
struct inode {
	umode_t i_mode;
	kuid_t i_uid;
	kgid_t i_gid;
	unsigned int i_flags;
	struct super_block *i_sb;
	unsigned long i_ino;
	u32 i_rdev;
	const char *i_link;
	void *i_private;
	/* since 6.11 */
	s64 i_mtime_sec, i_ctime_sec;
	u32 i_mtime_nsec, i_ctime_nsec;
};
struct inode___v58 {			/* up to 6.6 (mtime: 6.6, ctime: 6.5) */
	struct timespec64 i_mtime, i_ctime;
};
struct inode___v66 {			/* 6.6 to 6.10 */
	struct timespec64 __i_mtime, __i_ctime;
};
struct file {
	unsigned int f_mode;
	unsigned int f_flags;
	void *private_data;
	struct inode *f_inode;
	struct path f_path;
	s64 f_pos;
};

/* include/linux/fdtable.h */
struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};
struct files_struct {
	struct fdtable *fdt;
};

/* include/linux/fs_struct.h */
struct fs_struct {
	struct path root, pwd;
};

/* include/linux/mm_types.h */
struct mm_struct {
	unsigned long arg_start, arg_end, env_start, env_end;
	struct file *exe_file;
};

/* include/linux/capability.h: an array of two up to 6.2, one word since */
typedef struct {
	u64 val;
} kernel_cap_t;
struct kernel_cap_struct {
	u32 cap[2];
};

/* include/linux/cred.h */
struct group_info {
	int ngroups;
	kgid_t gid[0];
};
struct cred {
	kuid_t uid, euid, fsuid;
	kgid_t gid, egid, fsgid;
	kernel_cap_t cap_inheritable, cap_permitted, cap_effective;
	struct group_info *group_info;
	struct user_namespace *user_ns;
};

/* include/linux/pid.h, include/linux/pid_namespace.h */
struct upid {
	int nr;
	struct pid_namespace *ns;
};
struct pid {
	unsigned int level;
	struct hlist_head tasks[4];
	struct upid numbers[1];
};
struct pid_namespace {
	struct task_struct *child_reaper;
	unsigned int level;
	struct pid_namespace *parent;
};

/* include/linux/ns_common.h, include/linux/proc_ns.h, fs/proc/internal.h */
struct proc_ns_operations {
	const char *name;
};
struct ns_common {
	const struct proc_ns_operations *ops;
};
struct proc_inode {
	struct pid *pid;
	unsigned int fd;
	struct inode vfs_inode;
};

/* include/linux/nsproxy.h */
struct nsproxy {
	struct uts_namespace *uts_ns;
	struct ipc_namespace *ipc_ns;
	struct mnt_namespace *mnt_ns;
	struct pid_namespace *pid_ns_for_children;
	struct net *net_ns;
	struct cgroup_namespace *cgroup_ns;
};

/* include/linux/tty.h, include/linux/tty_driver.h */
struct tty_driver {
	int major, minor_start;
};
struct tty_struct {
	int index;
	struct tty_driver *driver;
};

/* include/linux/sched/signal.h, include/uapi/linux/resource.h */
struct rlimit {
	unsigned long rlim_cur, rlim_max;
};
struct signal_struct {
	int group_exit_code;
	unsigned int flags;
	struct pid *pids[4];
	struct tty_struct *tty;
	struct rlimit rlim[16];
	short oom_score_adj;
};

/* include/linux/kernfs.h; the parent is __parent since 6.15 */
struct kernfs_node {
	struct kernfs_node *__parent;
	const char *name;
	u64 id;
};
struct kernfs_node___v58 {
	struct kernfs_node *parent;
};

/* include/linux/cgroup-defs.h */
struct cgroup_root {
	int hierarchy_id;
};
struct cgroup {
	struct kernfs_node *kn;
	struct cgroup_root *root;
};
struct cgroup_subsys_state {
	struct cgroup *cgroup;
};
struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};

/* include/linux/cgroup.h */
struct cgroup_namespace {
	struct css_set *root_cset;
};

/* include/linux/cgroup-defs.h (counted by include/linux/cgroup_subsys.h) */
enum cgroup_subsys_id {
	CGROUP_SUBSYS_COUNT = 12,
};

/* include/linux/sched.h */
struct task_struct {
	struct thread_info thread_info;
	void *stack;
	unsigned int flags;
	struct mm_struct *mm;
	int exit_code;
	int pid, tgid;
	struct task_struct *real_parent, *group_leader;
	struct list_head children, sibling;
	struct pid *thread_pid;
	struct hlist_node pid_links[4];
	struct completion *vfork_done;
	u64 start_time, start_boottime;
	unsigned long min_flt, maj_flt;
	const struct cred *real_cred, *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	kuid_t loginuid;
	struct css_set *cgroups;
};

/* include/linux/binfmts.h */
struct linux_binprm {
	const char *filename, *interp;
};

/* include/linux/net.h, include/net/sock.h */
struct socket {
	short type;
	struct sock *sk;
};
struct in6_addr {
	__u8 bytes[16];
};
struct sock_common {
	__be32 skc_daddr, skc_rcv_saddr;
	__be16 skc_dport;
	u16 skc_num;
	unsigned short skc_family;
	unsigned char skc_state;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
};
struct sock {
	struct sock_common __sk_common;
	u16 sk_type;
	u16 sk_protocol;		/* a bit field up to 5.6 */
	u32 sk_ack_backlog, sk_max_ack_backlog;
	struct socket *sk_socket;
};

/* include/net/inet_sock.h: the source address for packets, where the socket is not bound */
struct inet_sock {
	__be32 inet_saddr;
	__be16 inet_sport;
};

/* include/net/af_unix.h */
struct sockaddr_un {
	unsigned short sun_family;
	char sun_path[108];
};
struct unix_address {
	int len;
	struct sockaddr_un name[0];
};
struct unix_sock {
	struct unix_address *addr;
	struct sock *peer;
};

/* include/linux/fs.h */
struct filename {
	const char *name;
};
struct kiocb {
	s64 ki_pos;
};

/* io_uring/rw.h, io_uring/openclose.c, io_uring/fs.c, io_uring/net.c */
struct io_rw {
	struct kiocb kiocb;
	u64 addr;
	u32 len;
};
struct open_how {			/* include/uapi/linux/openat2.h */
	u64 flags, mode;
};
struct io_open {
	int dfd;
	struct filename *filename;
	struct open_how how;
};
struct io_close {
	int fd;
	u32 file_slot;
};
struct io_unlink {
	int dfd;
	struct filename *filename;
};
struct io_mkdir {
	int dfd;
	umode_t mode;
	struct filename *filename;
};
struct io_rename {
	int old_dfd, new_dfd;
	struct filename *oldpath, *newpath;
};
struct io_link {
	int old_dfd, new_dfd;
	struct filename *oldpath, *newpath;
};
struct io_socket {
	int domain, type, protocol, flags;
};

/* kernel/bpf/task_iter.c, include/linux/bpf.h */
struct seq_file;
struct bpf_iter_meta {
	struct seq_file *seq;
};
struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
};
struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	u32 fd;
	struct file *file;
};

#pragma clang attribute pop

#endif
