/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/*
 * Threads: what is remembered of each between the entry to a call and its return.
 *
 * A thread is told by the address of its registers, which sit at a fixed place of its kernel stack
 * and which both tracepoints pass: so the usual call needs no helper to find its slot. The table is
 * an array with two places for each thread; when both are taken, the older entry is given up, and
 * the duration of the call that it stood for is not known. A slot is freed when its thread ends,
 * before the stack is used again.
 */
#ifndef THREAD_BPF_H
#define THREAD_BPF_H

#include "capture/bpf/arch.bpf.h"
#include "capture/bpf/out.bpf.h"

/* arch/x86/include/asm/page_64_types.h: THREAD_SIZE without KASAN */
#define STACK_SHIFT 14
#define TALLY_NS 1000000000ull

static __always_inline __u32 slot_of(__u64 key)
{
	return (__u32)((key >> STACK_SHIFT) ^ (key >> (2 * STACK_SHIFT + 1))) &
	       (CAP_SLOTS - 1);
}

static __always_inline struct thread_slot *slot_at(__u32 k)
{
	return &slots[k & (CAP_SLOTS - 1)];
}

static __always_inline void tally_write(struct thread_slot *s, struct cap_tally *t)
{
	struct out o;

	if (!t->n || out_open(&o, CATEGORY_OF_noise))
		return;
	out_num(&o, t->event);
	out_num(&o, t->n);
	out_num(&o, t->errors);
	if (t->time)
		out_num(&o, t->time);
	out_close(&o, EV_noise, 0, 0, s->pid_tid, 0);
	t->n = 0;
	t->errors = 0;
	t->time = 0;
}

/* Write out what a thread has tallied. */
static __always_inline void tallies_flush(struct thread_slot *s, __u32 k, __u64 now)
{
	struct tallies *a = bpf_map_lookup_elem(&tallies, &k);

	if (!a)
		return;
	for (int i = 0; i < CAP_TALLIES; i++)
		tally_write(s, &a->t[i]);
	a->since = now;
}

static __always_inline bool name_wanted(const char *name)
{
	__u64 word[CAP_NAME_WORDS] = {};

	bpf_probe_read_kernel_str(word, sizeof(word), name);
	for (__u32 i = 0; i < CAP_IDS * CAP_NAMES_PER_ID && i < n_names; i++) {
		__u64 diff = 0;

#pragma unroll
		for (__u32 w = 0; w < CAP_NAME_WORDS; w++)
			diff |= (word[w] ^ names[i][w]) & name_masks[i][w];
		if (!diff)
			return true;
	}
	return false;
}

static __always_inline bool cgroup_wanted(struct cgroup *cg)
{
	struct kernfs_node *kn = K(cg, kn);

	for (int i = 0; i < 8 && kn; i++) {
		if (name_wanted(K(kn, name)))
			return true;
		kn = bpf_core_field_exists(kn->__parent) ? K(kn, __parent) :
		     KT(kernfs_node___v58, kn, parent);
	}
	return false;
}

/* Hierarchies may give a task different paths: any that names the container counts. */
static __always_inline bool task_wanted(struct task_struct *task)
{
	struct css_set *cs = K(task, cgroups);
	struct cgroup *last = K(cs, dfl_cgrp);

	if (cgroup_wanted(last))
		return true;
	for (__u32 i = 0; i < 16; i++) {
		struct cgroup_subsys_state *css;
		struct cgroup *cg;

		if (i >= bpf_core_enum_value(enum cgroup_subsys_id, CGROUP_SUBSYS_COUNT))
			break;
		css = (void *)k64(&cs->subsys[0] + i);
		cg = css ? K(css, cgroup) : NULL;
		if (!cg || cg == last)
			continue;
		if (cgroup_wanted(cg))
			return true;
		last = cg;
	}
	return false;
}

/*
 * Namespaces that are of the containers asked for: mount namespaces that their processes are in, and pid namespaces that
 * one of them is the init of. Who is in such a one acts inside of the container, whatever its cgroup. Their addresses: one
 * that is used again lets through what user space leaves out then.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, __u8);
} inside SEC(".maps");

static __always_inline bool ns_is_inside(__u64 ns)
{
	return bpf_map_lookup_elem(&inside, &ns) != NULL;
}

static __always_inline void ns_put_inside(__u64 ns)
{
	__u8 yes = 1;

	bpf_map_update_elem(&inside, &ns, &yes, BPF_ANY);
}

#define PIDNS_DEPTH 4			/* nested pid namespaces that are looked at */

/* The pid namespace of a task's children is what it has entered, too. */
static __always_inline bool task_is_inside(struct task_struct *task)
{
	struct nsproxy *n = K(task, nsproxy);
	struct pid_namespace *p = K(n, pid_ns_for_children);

	if (ns_is_inside((__u64)K(n, mnt_ns)))
		return true;
	for (int i = 0; i < PIDNS_DEPTH && p && K(p, level); i++) {
		if (ns_is_inside((__u64)p))
			return true;
		p = K(p, parent);
	}
	return false;
}

/*
 * A task that is inside is in these namespaces. Not the container's is the mount namespace that an init outside of it is in, the
 * machine's among them: runtimes begin there. What the container's own init is in is looked up to stay known, however many
 * its processes make.
 */
static __always_inline void task_shows_inside(struct task_struct *task)
{
	struct nsproxy *n = K(task, nsproxy);
	struct pid_namespace *p = K(n, pid_ns_for_children);
	__u64 mnt = (__u64)K(n, mnt_ns), of_init;

	if (!mnt)
		return;			/* it is ending */
	if (p && K(p, level) && K(p, child_reaper) == task)
		ns_put_inside((__u64)p);
	for (int i = 0; i <= PIDNS_DEPTH && p; i++) {
		of_init = (__u64)K(K(K(p, child_reaper), nsproxy), mnt_ns);
		if (ns_is_inside((__u64)p))
			ns_is_inside(of_init);
		else if (of_init == mnt)
			return;
		p = K(p, parent);
	}
	if (!ns_is_inside(mnt))
		ns_put_inside(mnt);
}

static __always_inline void slot_scope(struct thread_slot *s)
{
	struct task_struct *task = (void *)s->task;

	s->generation = scope_generation;
	s->flags &= ~THREAD_OUT;
	if (!n_names)
		return;
	if (task_wanted(task))
		task_shows_inside(task);
	else if (!task_is_inside(task))
		s->flags |= THREAD_OUT;
}

/* It has moved to other namespaces: where it is is looked up at its next call. */
static __always_inline void slot_moved(struct thread_slot *s)
{
	s->generation = scope_generation - 1;
}

/* Where any thread's registers are; 0: not known yet. */
static __always_inline __u64 regs_of(struct task_struct *task)
{
	return regs_offset ? (__u64)K(task, stack) + regs_offset : 0;
}

/* The number of the call that a thread is in, of its registers. */
static __always_inline __u32 nr_of(struct task_struct *task, __u64 regs)
{
	__u32 nr = regs_nr((void *)regs);

	return in_compat_call(task) ? nr | NR_COMPAT : nr;
}

/* Fill a slot for the current thread. */
static __always_inline void slot_claim(struct thread_slot *s, __u64 key)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u64 stack = (__u64)K(task, stack);

	s->pid_tid = bpf_get_current_pid_tgid();
	s->task = (__u64)task;
	s->enter = 0;
	s->kept = KEPT_NOTHING;
	s->signal = 0;
	s->flags = s->pid_tid >> 32 == own_tgid ? THREAD_OWN : 0;
	if (stack >> STACK_SHIFT != key >> STACK_SHIFT)
		s->flags |= THREAD_UNSURE;
	slot_scope(s);
	s->nr = nr_of(task, key);
	s->key = key;
	regs_offset = key - stack;
}

/* The slow half of slot_get: the second place, or a place of its own. Returns which. */
static __always_inline __u32 slot_find(__u64 key, __u32 k)
{
	struct thread_slot *a = slot_at(k), *b = slot_at(k ^ 1);

	if (b->key == key)
		return k ^ 1;
	if (!a->key || b->key) {
		if (a->key)
			tallies_flush(a, k, bpf_ktime_get_ns());
		slot_claim(a, key);
		return k;
	}
	slot_claim(b, key);
	return k ^ 1;
}

/* The current thread's slot; *k is its index. */
static __always_inline struct thread_slot *slot_get(__u64 key, __u32 *k)
{
	struct thread_slot *s;

	*k = slot_of(key);
	s = slot_at(*k);
	if (__builtin_expect(s->key != key, 0)) {
		*k = slot_find(key, *k);
		s = slot_at(*k);
	}
	if (n_names && s->generation != scope_generation)
		slot_scope(s);
	return s;
}

/* One of both places, in a way that the verifier need not tell them apart. NULL: neither. */
static __always_inline struct thread_slot *slot_which(__u64 key, __u32 shift, __u32 *k)
{
	struct thread_slot *s;

	*k = slot_of(key);
	if (slot_at(*k)->key >> shift != key >> shift)
		*k ^= 1;
	s = slot_at(*k);
	s = s->key >> shift == key >> shift ? s : NULL;
	opaque(s);
	return s;
}

/* The same where the thread surely has one. */
static __always_inline struct thread_slot *slot_again(__u64 key, __u32 *k)
{
	return slot_which(key, 0, k);
}

/* Any thread's slot by its stack, if it has one. */
static __always_inline struct thread_slot *slot_of_task(struct task_struct *task, __u32 *k)
{
	return slot_which((__u64)K(task, stack), STACK_SHIFT, k);
}

/*
 * Count a call that is not recorded. False if something has to be written out first: each second,
 * and when another kind of call needs the place.
 */
static __always_inline bool tally(__u32 k, const volatile struct cap_desc *d, __u64 now, __u64 dur,
				  long ret)
{
	struct tallies *a = bpf_map_lookup_elem(&tallies, &k);
	__u32 i = d->noise;
	struct cap_tally *t;

	if (!a || i >= CAP_TALLIES)
		return true;
	t = &a->t[i];
	if (t->event != d->event || now - a->since > TALLY_NS)
		return false;
	t->n++;
	if (ret < 0)
		t->errors++;
	t->time += dur;
	return true;
}

static __always_inline void tally_anew(struct thread_slot *s, __u32 k,
				       const volatile struct cap_desc *d, __u64 now, __u64 dur,
				       long ret)
{
	struct tallies *a = bpf_map_lookup_elem(&tallies, &k);
	__u32 i = d->noise;

	if (!a || i >= CAP_TALLIES)
		return;
	if (now - a->since > TALLY_NS)
		tallies_flush(s, k, now);
	else
		tally_write(s, &a->t[i]);
	a->t[i].event = d->event;
	tally(k, d, now, dur, ret);
}

#endif
