/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/*
 * The state before the first event: iterators over threads and descriptors. Their records look as
 * those of the rings do and are read from the iterator's file. What lies in user memory comes from
 * /proc.
 */
#ifndef ITER_BPF_H
#define ITER_BPF_H

#include "capture/bpf/exec.bpf.h"
#include "capture/bpf/sched.bpf.h"
#include "capture/bpf/sock.bpf.h"
#include "capture/bpf/thread.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);		/* one walk at a time */
	__uint(key_size, 4);
	__uint(value_size, CAP_RING_CTL + 2 * CAP_RECORD_MAX);
} walk_area SEC(".maps");

static __always_inline int walk_open(struct out *o)
{
	__u32 zero = 0;
	struct cap_ring *r = bpf_map_lookup_elem(&walk_area, &zero);

	if (!r)
		return -1;
	o->ring = r;
	o->head = 0;
	o->rec = (char *)r + CAP_RING_CTL;
	o->off = sizeof(struct cap_record);
	o->n = 0;
	return 0;
}

static __always_inline void walk_close(struct out *o, struct seq_file *seq, __u32 type,
				       struct task_struct *t)
{
	__u64 off = o->off;

	out_head(o->rec, off, o->n, type, bpf_ktime_get_ns(), 0, 0,
		 (__u64)(__u32)K(t, tgid) << 32 | (__u32)K(t, pid), 0);
	if (off > CAP_RECORD_MAX)
		return;
	bpf_seq_write(seq, o->rec, off);
}

/* A task's mount namespace; 0: it is that of the machine's init. */
static __always_inline __u64 own_mnt(struct task_struct *t)
{
	struct upid *u = (void *)K(t, thread_pid) + bpf_core_field_offset(struct pid, numbers);
	__u64 mnt = (__u64)K(K(t, nsproxy), mnt_ns);

	return mnt == (__u64)K(K(K(K(u, ns), child_reaper), nsproxy), mnt_ns) ? 0 : mnt;
}

/*
 * Numbers: kernel_thread ptid pgid vpgid sid vtid vpid cgroup_id uid euid gid egid loginuid
 * cap_inheritable cap_permitted cap_effective tty fdlimit pidns_start start pgft_maj pgft_min, the
 * addresses of descriptor table, mount namespace and pid namespace (0 for the machine's), then, if there is one, those of the executable (out_exe).
 */
SEC("iter/task")
int walk_task(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	const struct cred *cred;
	struct mm_struct *mm;
	struct fs_struct *fs;
	struct pid_namespace *pidns;
	struct file *exe;
	struct out o;

	if (!t || walk_open(&o))
		return 0;
	if (n_names && task_wanted(t))
		task_shows_inside(t);
	cred = K(t, real_cred);
	mm = K(t, mm);
	fs = K(t, fs);
	exe = mm ? K(mm, exe_file) : NULL;
	out_num(&o, (K(t, flags) & 0x200000) != 0);	/* PF_KTHREAD */
	out_num(&o, K(K(t, real_parent), pid));
	out_num(&o, pid_global(group_pid(t, PIDTYPE_PGID)));
	out_num(&o, pid_in_ns(group_pid(t, PIDTYPE_PGID)));
	out_num(&o, pid_global(group_pid(t, PIDTYPE_SID)));
	out_num(&o, pid_in_ns(K(t, thread_pid)));
	out_num(&o, pid_in_ns(K(K(t, group_leader), thread_pid)));
	out_num(&o, K(K(K(K(t, cgroups), dfl_cgrp), kn), id));
	out_num(&o, K(cred, uid.val));
	out_num(&o, K(cred, euid.val));
	out_num(&o, K(cred, gid.val));
	out_num(&o, K(cred, egid.val));
	out_num(&o, login_uid(t));
	out_num(&o, cap_word(&cred->cap_inheritable));
	out_num(&o, cap_word(&cred->cap_permitted));
	out_num(&o, cap_word(&cred->cap_effective));
	out_num(&o, tty_number(t));
	out_num(&o, k64((void *)K(t, signal) + bpf_core_field_offset(struct signal_struct, rlim) +
			RLIMIT_NOFILE * sizeof(struct rlimit)));
	out_num(&o, pidns_start(t));
	out_num(&o, K(t, start_boottime));
	out_num(&o, K(t, maj_flt));
	out_num(&o, K(t, min_flt));
	out_num(&o, (__u64)K(t, files));
	out_num(&o, own_mnt(t));
	pidns = K(K(t, nsproxy), pid_ns_for_children);
	out_num(&o, pidns && K(pidns, level) ? (__u64)pidns : 0);
	if (exe)
		out_exe(&o, exe, cred);
	out_comm(&o, t);
	if (fs && K(t, group_leader) == t) {
		const struct path *path = (void *)forget(&o, exe ? (__u64)&exe->f_path : 0);

		out_path(&o, TAG_CWD, &fs->pwd, &fs->root);
		out_path(&o, TAG_ROOT, &fs->root, NULL);
		if (path)
			out_path(&o, TAG_EXE, path, &fs->root);
	}
	walk_close(&o, seq, EV_state_thread, t);
	return 0;
}

static __always_inline void walk_cgroup(struct seq_file *seq, struct task_struct *t, struct cgroup *cg)
{
	struct out o;

	if (walk_open(&o))
		return;
	out_num(&o, K(K(cg, root), hierarchy_id));
	out_cgroup(&o, cg);
	walk_close(&o, seq, EV_cgroup_attach, t);
}

/*
 * Where the recorder's cgroup namespace begins, a record for each hierarchy: paths in /proc begin there. Numbers: hierarchy.
 */
SEC("iter/task")
int walk_cgroups(struct bpf_iter__task *ctx)
{
	struct task_struct *t = ctx->task;
	struct seq_file *seq = ctx->meta->seq;
	struct cgroup *last;
	struct css_set *cs;

	if (!t || K(t, pid) != own_tgid)
		return 0;
	cs = K(K(K(t, nsproxy), cgroup_ns), root_cset);
	last = K(cs, dfl_cgrp);
	walk_cgroup(seq, t, last);
	for (__u32 i = 0; i < 16; i++) {
		struct cgroup_subsys_state *css;
		struct cgroup *cg;

		if (i >= bpf_core_enum_value(enum cgroup_subsys_id, CGROUP_SUBSYS_COUNT))
			break;
		css = (void *)k64(&cs->subsys[0] + i);
		cg = css ? K(css, cgroup) : NULL;
		if (!cg || cg == last)
			continue;
		walk_cgroup(seq, t, cg);
		last = cg;
	}
	return 0;
}

/* Numbers: fd flags mode dev ino, position-independent; and the descriptor table's address. */
SEC("iter/task_file")
int walk_file(struct bpf_iter__task_file *ctx)
{
	struct task_struct *t = ctx->task;
	struct file *f = ctx->file;
	struct seq_file *seq = ctx->meta->seq;
	struct inode *inode;
	struct out o;

	if (!t || !f || walk_open(&o))
		return 0;
	inode = K(f, f_inode);
	out_num(&o, ctx->fd);
	out_num(&o, K(f, f_flags) | overlay_layer(inode, magic_of(inode)));
	out_num(&o, K(inode, i_mode));
	out_num(&o, dev_number(K(K(inode, i_sb), s_dev)));
	out_num(&o, K(inode, i_ino));
	out_num(&o, (__u64)K(t, files));
	out_path(&o, TAG_PATH, &f->f_path, &K(t, fs)->root);
	out_sock(&o, f);
	walk_close(&o, seq, EV_state_fd, t);
	return 0;
}

#endif
