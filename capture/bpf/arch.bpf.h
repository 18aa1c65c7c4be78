/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/*
 * What differs between machines: where a call's number and arguments stand, and how a 32-bit one is
 * told. Types of both: vmlinux_min.h.
 */
#ifndef ARCH_BPF_H
#define ARCH_BPF_H

#include "capture/bpf/common.bpf.h"

#define NR_NONE (~0u)			/* no call: the tracer's, or the caller's own number is -1 */
#define NR_RT_SIGRETURN_COMPAT 173	/* of both machines */

#if defined(__TARGET_ARCH_x86)

#define NR_RT_SIGRETURN 15

#define N_COPIED 11
/* Their order in memory: arch/x86/include/asm/ptrace.h, which user space relies on too. */
enum { COPY_BP, COPY_BX, COPY_R11, COPY_R10, COPY_R9, COPY_R8, COPY_AX, COPY_CX, COPY_DX, COPY_SI,
	COPY_DI };

static __always_inline void regs_copy(__u64 copy[N_COPIED], struct pt_regs *r)
{
	bpf_probe_read_kernel(copy, N_COPIED * sizeof(*copy), &r->bp);
}

static __always_inline __u64 copied_reg(const __u64 *copy, bool compat_call, const int i)
{
	if (compat_call)
		return (__u32)copy[i == 0 ? COPY_BX : i == 1 ? COPY_CX : i == 2 ? COPY_DX :
				   i == 3 ? COPY_SI : i == 4 ? COPY_DI : COPY_BP];
	return copy[i == 0 ? COPY_DI : i == 1 ? COPY_SI : i == 2 ? COPY_DX :
		    i == 3 ? COPY_R10 : i == 4 ? COPY_R8 : COPY_R9];
}

/* Of the two registers that may have the argument, without a branch: one load for both. */
static __always_inline __u64 either_reg(bool compat_call, const unsigned long *native_at,
					const unsigned long *compat_at)
{
	__u64 narrow = -(__u64)compat_call;

	opaque(narrow);
	return k64((void *)native_at + (((__u64)compat_at - (__u64)native_at) & narrow)) &
	       ~(narrow << 32);
}

static __always_inline __u64 regs_arg(struct pt_regs *r, bool compat_call, const int i)
{
	return either_reg(compat_call,
			  i == 0 ? &r->di : i == 1 ? &r->si : i == 2 ? &r->dx :
			  i == 3 ? &r->r10 : i == 4 ? &r->r8 : &r->r9,
			  i == 0 ? &r->bx : i == 1 ? &r->cx : i == 2 ? &r->dx :
			  i == 3 ? &r->si : i == 4 ? &r->di : &r->bp);
}

static __always_inline __u32 regs_nr(struct pt_regs *r)
{
	return K(r, orig_ax);
}

#define TS_COMPAT 2			/* arch/x86/include/asm/thread_info.h */

static __always_inline bool in_compat_call(struct task_struct *t)
{
	return K(t, thread_info.status) & TS_COMPAT;
}

/* Events have the numbers of these calls. */
static __always_inline __u32 native_event(__u32 nr)
{
	return nr;
}

#elif defined(__TARGET_ARCH_arm64)

#define NR_RT_SIGRETURN 139
#define N_COPIED 6

/* The first argument's register takes the result: what it was stands in orig_x0. */
static __always_inline void regs_copy(__u64 copy[N_COPIED], struct pt_regs *r)
{
	bpf_probe_read_kernel(copy, N_COPIED * sizeof(*copy), &r->regs[0]);
	copy[0] = K(r, orig_x0);
}

static __always_inline __u64 copied_reg(const __u64 *copy, bool compat_call, const int i)
{
	return compat_call ? (__u32)copy[i] : copy[i];
}

static __always_inline __u64 regs_arg(struct pt_regs *r, bool compat_call, const int i)
{
	__u64 v = i ? k64(&r->regs[0] + i) : K(r, orig_x0);

	return compat_call ? (__u32)v : v;
}

static __always_inline __u32 regs_nr(struct pt_regs *r)
{
	return K(r, syscallno);
}

#define TIF_32BIT 22			/* arch/arm64/include/asm/thread_info.h */

static __always_inline bool in_compat_call(struct task_struct *t)
{
	return K(t, thread_info.flags) >> TIF_32BIT & 1;
}

const volatile __u16 native[CAP_MAX_COMPAT] = {};	/* the machine's number -> event */

static __always_inline __u32 native_event(__u32 nr)
{
	return native[nr & (CAP_MAX_COMPAT - 1)];
}

#endif
#endif
