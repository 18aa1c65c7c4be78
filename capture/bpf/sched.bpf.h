/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/* What is not a call: births, execs of threads, deaths, signals, cgroups. */
#ifndef SCHED_BPF_H
#define SCHED_BPF_H

#include "capture/bpf/exec.bpf.h"
#include "capture/bpf/sock.bpf.h"

#define NR_CLONE3 435			/* on all machines */

static __always_inline bool is_own(struct task_struct *t)
{
	return K(t, tgid) == own_tgid;
}

static __always_inline __u64 id_of_task(struct task_struct *t)
{
	return (__u64)(__u32)K(t, tgid) << 32 | (__u32)K(t, pid);
}

/*
 * What the child has in common with its creator, and what it has new: facts, whatever was asked
 * for.
 */
static __always_inline __u64 birth_flags(struct task_struct *p, struct task_struct *c)
{
	struct nsproxy *a = K(p, nsproxy), *b = K(c, nsproxy);
	__u64 f = 0;

	if (K(c, mm) && K(c, mm) == K(p, mm))
		f |= 0x100;		/* CLONE_VM; numbers: include/uapi/linux/sched.h */
	if (K(c, fs) == K(p, fs))
		f |= 0x200;		/* CLONE_FS */
	if (K(c, files) == K(p, files))
		f |= 0x400;		/* CLONE_FILES */
	if (K(c, vfork_done))
		f |= 0x4000;		/* CLONE_VFORK */
	if (K(c, tgid) == K(p, tgid))
		f |= 0x10000;		/* CLONE_THREAD */
	else if (K(c, real_parent) != p)
		f |= 0x8000;		/* CLONE_PARENT */
	if (K(K(c, thread_pid), level) != K(K(p, thread_pid), level))
		f |= 0x20000000;	/* CLONE_NEWPID */
	if (K(K(c, cred), user_ns) != K(K(p, cred), user_ns))
		f |= 0x10000000;	/* CLONE_NEWUSER */
	if (a && b && a != b) {
		if (K(a, mnt_ns) != K(b, mnt_ns))
			f |= 0x20000;	/* CLONE_NEWNS */
		if (K(a, cgroup_ns) != K(b, cgroup_ns))
			f |= 0x2000000;	/* CLONE_NEWCGROUP */
		if (K(a, uts_ns) != K(b, uts_ns))
			f |= 0x4000000;	/* CLONE_NEWUTS */
		if (K(a, ipc_ns) != K(b, ipc_ns))
			f |= 0x8000000;	/* CLONE_NEWIPC */
		if (K(a, net_ns) != K(b, net_ns))
			f |= 0x40000000;	/* CLONE_NEWNET */
	}
	return f;
}

/*
 * The path of a cgroup below its root, names in the order of the walk, as struct cap_path has them.
 */
static __always_inline void out_cgroup(struct out *o, struct cgroup *cg)
{
	__u64 off = o->off, start = off + 8 + sizeof(struct cap_path);
	struct kernfs_node *kn = K(cg, kn), *parent;
	struct cap_path *head;

	if (off > OUT_LIMIT(CAP_STR_MAX + 512))
		return;
	head = (void *)(o->rec + off + 8);
	head->flags = head->magic = 0;
	head->ino = 0;
	*(__u64 *)&head->dev = 0;
	off = start;
	for (int i = 0; i < 16 && kn; i++) {
		long n;

		parent = bpf_core_field_exists(kn->__parent) ? K(kn, __parent) :
			 KT(kernfs_node___v58, kn, parent);
		if (!parent || off > OUT_LIMIT(512))
			break;
		n = bpf_probe_read_kernel_str(o->rec + off, 256, K(kn, name));
		if (n <= 0 || n > 256)
			break;
		off = forget(o, off + n);
		kn = parent;
	}
	out_blob_end(o, TAG_PATH, off - start + sizeof(*head), off - start + sizeof(*head));
}

/*
 * A task is in another cgroup than its creator without having been moved there: CLONE_INTO_CGROUP.
 */
static __always_inline void born_in_cgroup(struct task_struct *c)
{
	struct cgroup *cg = K(K(c, cgroups), dfl_cgrp);
	__u64 id = id_of_task(c);
	struct out o;

	if (out_open(&o, LIFE(CATEGORY_OF_cgroup_attach)))
		return;
	out_num(&o, (__u32)id);
	out_num(&o, id >> 32);
	out_num(&o, K(K(cg, kn), id));
	out_num(&o, K(K(cg, root), hierarchy_id));
	out_cgroup(&o, cg);
	out_close(&o, EV_cgroup_attach, 0, 0, id, 0);
}

/* Where no program was at the entry: the slot of the current thread with what that keeps, if it is in a clone3. */
static __noinline struct thread_slot *slot_in_clone3(struct task_struct *p)
{
	__u64 regs = regs_of(p);
	struct thread_slot *s;
	__u32 k;

	if (!regs || regs_nr((void *)regs) != NR_CLONE3)
		return NULL;
	s = slot_get(regs, &k);
	s->nr = nr_of(p, regs);
	keep_clone3(s, regs);
	return s;
}

/*
 * The child of a clone3 has its slot before it runs: the flags lie in memory that its creator may have
 * written over when the child returns from the call. Both have their registers at the same place of
 * their stacks. Without room for it nothing is said of the flags.
 */
static __always_inline void slot_birth(struct task_struct *p, struct task_struct *c)
{
	__u64 stack = (__u64)K(c, stack);
	struct thread_slot *from, *s;
	__u32 k;

	from = returns_only ? slot_in_clone3(p) : slot_of_task(p, &k);
	if (!from || (from->nr & ~NR_COMPAT) != NR_CLONE3)
		return;
	k = slot_of(stack);
	s = slot_at(k);
	if (s->key)
		s = slot_at(k ^ 1);
	if (s->key)
		return;
	s->pid_tid = id_of_task(c);
	s->task = (__u64)c;
	s->enter = 0;
	s->kept = from->kept;
	s->signal = 0;
	s->nr = from->nr;
	s->flags = s->pid_tid >> 32 == own_tgid ? THREAD_OWN : 0;
	slot_scope(s);
	s->key = from->key - (__u64)K(p, stack) + stack;
}

/* A mount namespace that is born with a child is a copy of its creator's. */
static __always_inline void birth_inside(struct task_struct *p, struct task_struct *c)
{
	if (K(p, nsproxy) != K(c, nsproxy) && ns_is_inside((__u64)K(K(p, nsproxy), mnt_ns)))
		task_shows_inside(c);
}

/* Numbers: tid pid ptid flags vtid vpid start pidns_start. */
SEC("raw_tp/sched_process_fork")
int on_fork(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *p = (void *)ctx->args[0], *c = (void *)ctx->args[1];
	__u64 id = id_of_task(c);
	struct thread_slot *s;
	struct out o;
	__u32 k;

	s = slot_of_task(c, &k);
	if (s)
		s->key = 0;
	if (n_names)
		birth_inside(p, c);
	slot_birth(p, c);
	if (*dns_mark(id_of_task(p)))
		*dns_mark(id) = 1;	/* it has the same descriptors */
	if ((__u32)(id >> 32) == own_tgid || out_open(&o, LIFE(CATEGORY_OF_task_new)))
		return 0;
	out_num(&o, (__u32)id);
	out_num(&o, id >> 32);
	out_num(&o, K(K(c, real_parent), pid));
	out_num(&o, birth_flags(p, c));
	out_num(&o, pid_in_ns(K(c, thread_pid)));
	out_num(&o, pid_in_ns(K(K(c, group_leader), thread_pid)));
	out_num(&o, K(c, start_boottime));
	out_num(&o, pidns_start(c));
	out_comm(&o, c);
	out_close(&o, EV_task_new, 0, 0, id_of_task(p), 0);
	if (K(K(c, cgroups), dfl_cgrp) != K(K(p, cgroups), dfl_cgrp))
		born_in_cgroup(c);
	return 0;
}

/*
 * Where no program is at the entry: the new program takes the registers, and on x86 the number is another then
 * (arch/x86/kernel/process_64.c, set_personality_64bit). Since 6.11; before it, an execveat that succeeds is
 * recorded as an execve.
 */
SEC("raw_tp/sched_prepare_exec")
int on_prepare_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *t = (void *)ctx->args[0];
	__u64 regs = regs_of(t);
	struct thread_slot *s;
	__u32 nr, event, k;

	if (!regs)
		return 0;
	nr = nr_of(t, regs);
	event = desc_of(nr)->event;
	if (event != EV_execve && event != EV_execveat)
		return 0;		/* the kernel's own, in a thread of its own */
	s = slot_get(regs, &k);
	s->nr = nr;
	s->flags |= THREAD_EXEC;
	if (event == EV_execveat)
		keep_execveat(s, regs);
	return 0;
}

/*
 * A thread that was not the leader takes the leader's id. What runs is not what was asked for if
 * that is a script.
 */
SEC("raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *t = (void *)ctx->args[0];
	struct linux_binprm *bprm = (void *)ctx->args[2];
	__u32 old = ctx->args[1], k;
	struct thread_slot *s = slot_of_task(t, &k);
	struct out o;

	if (s) {
		s->pid_tid = id_of_task(t);
		s->flags &= ~THREAD_SCRIPT;
		if (K(bprm, interp) != K(bprm, filename))
			s->flags |= THREAD_SCRIPT;
	}
	if (old == (__u32)K(t, pid) || is_own(t) || out_open(&o, LIFE(CATEGORY_OF_exec)))
		return 0;
	out_num(&o, old);
	out_close(&o, EV_exec, 0, 0, id_of_task(t), 0);
	return 0;
}

#define SIGNAL_GROUP_EXIT 4		/* include/linux/sched/signal.h */

struct signal_struct___oom {
	struct mm_struct *oom_mm;
	unsigned int is_child_subreaper : 1;
} __attribute__((preserve_access_index));

/* The thread that the children of a dying process go to: kernel/exit.c, find_new_reaper(). */
static __always_inline __u32 reaper_of(struct task_struct *t)
{
	struct task_struct *up = K(t, real_parent), *init;
	struct upid *u;

	if (k64(&t->children.next) == (__u64)&t->children)
		return 0;
	u = (void *)K(t, thread_pid) + bpf_core_field_offset(struct pid, numbers) +
	    (__u64)K(K(t, thread_pid), level) * bpf_core_type_size(struct upid);
	init = K(K(u, ns), child_reaper);
	for (int i = 0; i < 32 && up != init; i++) {
		struct signal_struct___oom *sig = (void *)K(up, signal);

		if (BPF_CORE_READ_BITFIELD_PROBED(sig, is_child_subreaper))
			return K(up, pid);
		if (K(up, real_parent) == up)
			break;
		up = K(up, real_parent);
	}
	return K(init, pid);
}

/* A thread that ends by a call, which nobody has seen begin. */
static __noinline void exit_by_call(struct task_struct *t)
{
	__u64 regs = regs_of(t);
	const volatile struct cap_desc *d;
	struct thread_slot *s;
	__u32 nr, k;

	if (!regs)
		return;
	nr = nr_of(t, regs);
	d = desc_of(nr);
	if (!is_exit(d->event))
		return;
	s = slot_get(regs, &k);
	s->nr = nr;
	record_exit(s, d, regs);
}

/* Numbers: status reaper_tid oom. */
SEC("raw_tp/sched_process_exit")
int on_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *t = (void *)ctx->args[0];
	struct signal_struct___oom *oom = (void *)K(t, signal);
	struct thread_slot *s;
	struct out o;
	__u32 k;

	if (returns_only)
		exit_by_call(t);
	s = slot_of_task(t, &k);
	if (s) {
		tallies_flush(s, k, bpf_ktime_get_ns());
		s->key = 0;
	}
	if (is_own(t) || out_open(&o, LIFE(CATEGORY_OF_procexit)))
		return 0;
	out_num(&o, (__u32)K(t, exit_code));
	out_num(&o, reaper_of(t));
	out_num(&o, K(oom, oom_mm) != NULL);
	out_close(&o, EV_procexit, 0, 0, id_of_task(t), 0);
	return 0;
}

/* Who sends a signal is known here; it is remembered until the signal is delivered. */
SEC("raw_tp/signal_generate")
int on_signal_generate(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *t = (void *)ctx->args[2];
	struct thread_slot *s;
	__u32 k;

	s = slot_of_task(t, &k);
	if (s)
		s->signal = (__u64)(__u32)ctx->args[0] << 32 | (__u32)bpf_get_current_pid_tgid();
	return 0;
}

struct kernel_siginfo_head {		/* include/uapi/asm-generic/siginfo.h */
	__s32 signo, error, code, pad;
	__s32 pid;
};
#define SI_KERNEL 0x80

/* Numbers: spid dpid sig. */
SEC("raw_tp/signal_deliver")
int on_signal_deliver(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *t = (void *)bpf_get_current_task();
	__u32 sig = ctx->args[0], k, sender = 0;
	struct kernel_siginfo_head *info = (void *)ctx->args[1];
	struct thread_slot *s;
	struct out o;
	__s32 code;

	if (is_own(t))
		return 0;
	s = slot_of_task(t, &k);
	if (!s || s->signal >> 32 != sig)
		s = slot_of_task(K(t, group_leader), &k);
	if (s && s->signal >> 32 == sig)
		sender = s->signal;
	/* 0 and 1 stand for no information and the kernel: include/linux/sched/signal.h */
	if ((__u64)info > 1) {
		code = (__s32)k32(&info->code);
		if (code > 0 && code != SI_KERNEL && sig != 17)
			/* a fault or a timer: raised by the kernel on the thread itself */
			sender = 0;
		else if (code == SI_KERNEL)
			sender = 0;
		else if (!sender && (code <= 0 || sig == 17))
			sender = k32(&info->pid);
	}
	if (out_open(&o, CATEGORY_OF_signaldeliver))
		return 0;
	out_num(&o, sender);
	out_num(&o, K(t, pid));
	out_num(&o, sig);
	out_close(&o, EV_signaldeliver, 0, 0, id_of_task(t), 0);
	return 0;
}

/* Numbers: tid pid id hierarchy. With threads, the whole process moves. */
SEC("raw_tp/cgroup_attach_task")
int on_cgroup_attach(struct bpf_raw_tracepoint_args *ctx)
{
	struct cgroup *cg = (void *)ctx->args[0];
	struct task_struct *t = (void *)ctx->args[2];
	__u64 id = id_of_task(t);
	struct out o;

	scope_generation++;
	if (out_open(&o, LIFE(CATEGORY_OF_cgroup_attach)))
		return 0;
	out_num(&o, (__u32)id);
	out_num(&o, id >> 32);
	out_num(&o, K(K(cg, kn), id));
	out_num(&o, K(K(cg, root), hierarchy_id));
	out_kernel_str(&o, TAG_CGROUP, (void *)ctx->args[1], CAP_STR_MAX);
	out_close(&o, EV_cgroup_attach, 0, 0, id, 0);
	return 0;
}

/* Numbers: id hierarchy. */
static __always_inline int cgroup_event(struct bpf_raw_tracepoint_args *ctx, __u32 event)
{
	struct cgroup *cg = (void *)ctx->args[0];
	struct out o;

	if (out_open(&o, LIFE(CATEGORY_OF_cgroup_mkdir)))
		return 0;
	out_num(&o, K(K(cg, kn), id));
	out_num(&o, K(K(cg, root), hierarchy_id));
	out_kernel_str(&o, TAG_CGROUP, (void *)ctx->args[1], CAP_STR_MAX);
	out_close(&o, event, 0, 0, bpf_get_current_pid_tgid(), 0);
	return 0;
}

SEC("raw_tp/cgroup_mkdir")
int on_cgroup_mkdir(struct bpf_raw_tracepoint_args *ctx)
{
	return cgroup_event(ctx, EV_cgroup_mkdir);
}

SEC("raw_tp/cgroup_rmdir")
int on_cgroup_rmdir(struct bpf_raw_tracepoint_args *ctx)
{
	return cgroup_event(ctx, EV_cgroup_rmdir);
}

#endif
