/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/*
 * Maps, options, and reading the kernel's memory.
 *
 * All programs are raw tracepoints: their arguments are plain numbers, kernel addresses among them.
 * They are read in one of two ways. Since 6.2 the verifier lets us call any address a structure
 * (bpf_rdonly_cast): a read is one load instruction then, and a bad address reads as zero. We
 * always say struct timespec64, which begins with a number of 8 bytes. Before that it is a call of
 * bpf_probe_read_kernel. There is an object for each: a constant that user space sets would be
 * loaded again for each read, which took as long as the read itself.
 */
#ifndef COMMON_BPF_H
#define COMMON_BPF_H

#include "vmlinux_min.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "capture/bpf/record.h"

#ifdef WITHOUT_DIRECT_READS
#define direct_reads false
#else
#define direct_reads true
#endif

/* All with a value: then all objects have them in the same places. */
const volatile __u32 own_tgid = 0;
const volatile __u64 ring_mask = (1 << 20) - 1;
const volatile __u64 ring_room = (1 << 20) - CAP_RECORD_MAX;	/* full above it */
const volatile __u32 snaplen = 80;
const volatile __u32 n_snaps = 0;	/* exceptions to it ... */
const volatile bool snaps_by_path = false;	/* ... of which some go by path */
const volatile struct cap_snap snaps[CAP_SNAPS] = {};
const volatile __u32 env_len = CAP_ENV_DEFAULT;
const volatile bool returns_only = false;	/* no program at the entry of calls: no durations */
const volatile __u32 n_names = 0;	/* cgroups of the containers that are asked for; 0: all */
/* how they begin, zero-padded ... */
const volatile __u64 names[CAP_IDS * CAP_NAMES_PER_ID][CAP_NAME_WORDS] = {};
/* ... and the bits that count */
const volatile __u64 name_masks[CAP_IDS * CAP_NAMES_PER_ID][CAP_NAME_WORDS] = {};
const volatile struct cap_desc descs[CAP_MAX_EVENTS] = {};
const volatile __u16 compat[CAP_MAX_COMPAT] = {};	/* i386 number -> event */
/* KIND_DEREF: structures behind arguments: */
const volatile __u8 deref_arg[CAP_MAX_EVENTS][3] = {};
const volatile __u8 deref_len[CAP_MAX_EVENTS][3] = {};	/* which argument, how many bytes */
/* Paths that are followed after a success. */
const volatile struct cap_follow follows[CAP_MAX_EVENTS][2] = {};

/* Changed by user space while the programs run. */
__u8 mode = THREAD_WAIT;
__u8 dns_procs[CAP_DNS_PROCS];		/* processes that may have a socket to port 53, by hash */
__u64 without_ring;			/* records of a processor that came later than the rings */
__u16 scope_generation = 1;		/* tasks have moved: containers are looked up again */
__u64 regs_offset;			/* where on its stack a thread's registers are; 0: not seen yet */

struct thread_slot {
	__u64 key;			/* address of the registers on its kernel stack; 0: free */
	__u64 enter;			/* time of entry to the call at hand, 0: not seen */
	__u32 nr;			/* its number, with NR_COMPAT */
	__u16 flags;			/* enum cap_thread_flag */
	__u16 generation;		/* of scope, when THREAD_OUT was found out */
	__u64 pid_tid;
	__u64 task;
	/* of the call at hand: execveat's directory and flags, clone3's flags or KEPT_NOTHING */
	__u64 kept;
	__u64 signal;			/* last signal sent to it << 32 | sender */
} __attribute__((aligned(64)));		/* a line of the cache each */
#define KEPT_NOTHING (~0ull)
#define NR_COMPAT 0x80000000u
#define NR_X32 0x40000000u

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);		/* one a processor, sized when loading */
	__uint(key_size, 4);
	__uint(value_size, CAP_RING_CTL + (1 << 20) + CAP_RECORD_MAX);
} rings SEC(".maps");

/* Who reads polls it while there is nothing to read; what is in it does not matter. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);	/* a page, sized when loading */
} bell SEC(".maps");

/* Not a map of its own kind: a global needs no key in memory and no test of what was found. */
static struct thread_slot slots[CAP_SLOTS];

struct tallies {
	struct cap_tally t[CAP_TALLIES];
	__u64 since;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, CAP_SLOTS);
	__type(key, __u32);
	__type(value, struct tallies);
} tallies SEC(".maps");

extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

/*
 * A loop whose body the verifier walks once or twice (bpf_loop, since 5.17), or, in the object for
 * kernels before it, as often as it may run. A step ends the loop by returning 1.
 */
#ifdef WITHOUT_LOOPS
#define LOOP_STEP __always_inline
#define LOOP(n, step, arg)						\
	for (__u32 loop_i = 0; loop_i < (n); loop_i++)			\
		if (step(loop_i, arg))					\
			break
#else
#define LOOP_STEP __noinline
#define LOOP(n, step, arg) bpf_loop(n, step, arg, 0)
#endif

/* Hide a value from the optimiser, so that a bound tested once stays visible to the verifier. */
#define opaque(v) asm volatile("" : "+r"(v))
#define compiler_barrier() asm volatile("" ::: "memory")

#define as_memory(addr) bpf_rdonly_cast(addr, bpf_core_type_id_kernel(struct timespec64))

#define KREAD(bits)							\
static __always_inline __u##bits k##bits(const void *addr)		\
{									\
	__u##bits v = 0;						\
									\
	if (direct_reads)						\
		return *(__u##bits *)as_memory(addr);			\
	bpf_probe_read_kernel(&v, sizeof(v), addr);			\
	return v;							\
}
KREAD(8)
KREAD(16)
KREAD(32)
KREAD(64)

/* The value of a field of a kernel structure at address p. */
#define K(p, f) ({							\
	typeof((p)->f) *k_addr = &(p)->f;				\
	(typeof((p)->f))(sizeof(*k_addr) == 8 ? k64(k_addr) :		\
			 sizeof(*k_addr) == 4 ? k32(k_addr) :		\
			 sizeof(*k_addr) == 2 ? k16(k_addr) : k8(k_addr)); })
/* The same, where p has to be told its type. */
#define KT(type, p, f) K((struct type *)(p), f)

static __always_inline struct cap_ring *this_ring(void)
{
	__u32 cpu = bpf_get_smp_processor_id();

	return bpf_map_lookup_elem(&rings, &cpu);
}

#endif
