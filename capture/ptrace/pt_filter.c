// SPDX-License-Identifier: Apache-2.0
/*
 * The seccomp filter of a traced command: calls that are not recorded run at full speed, all others
 * stop. Only the number and the entry are looked at.
 */
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/decode/call_table.h"
#include "capture/ptrace/pt.h"
#include "capture/ptrace/tracer.h"
#include "format/base/alloc.h"
#include "format/schema/schema.h"

#define MAX_SKIPPED 250u		/* a jump reaches 255 instructions */

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#define COMPAT AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#endif

struct maker {
	struct sock_filter code[2 * MAX_SKIPPED + 16];
	unsigned short n;
};

static void add(struct maker *m, struct sock_filter i)
{
	m->code[m->n++] = i;
}

/* For one entry: numbers that are allowed, then "allow", which they jump to. */
static void add_entry(struct maker *m, uint32_t arch, const uint16_t *nr, unsigned n)
{
	unsigned first;

	add(m, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    offsetof(struct seccomp_data, arch)));
	/* another entry: over the load, the comparisons, "trace" and "allow" */
	add(m, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0));
	add(m, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, n + 3));
	add(m, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
					    offsetof(struct seccomp_data, nr)));
	first = m->n;
	for (unsigned i = 0; i < n; i++)
		add(m, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr[i],
						    (uint8_t)(first + n - m->n), 0));
	add(m, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
	add(m, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

static unsigned skipped(const struct pt *p, uint32_t entry, uint16_t nr[MAX_SKIPPED])
{
	unsigned n = 0;

	for (uint32_t i = 0; i < CAP_MAX_COMPAT && n < MAX_SKIPPED; i++)
		if (pt_desc(p, i | entry)->kind == KIND_NOISE)
			nr[n++] = (uint16_t)i;
	return n;
}

const struct sock_fprog *cap_tracer__filter(bool noise)
{
	static struct sock_fprog prog;
	static struct maker m;
	uint32_t action = SECCOMP_RET_TRACE;
	uint16_t nr[MAX_SKIPPED];
	struct pt *p;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action))
		return NULL;
	p = xcalloc(1, sizeof(*p));
	cap_calls__descs(p->tables.descs, p->tables.compat, noise);
	cap_calls__native(p->tables.native);
	m.n = 0;
	add_entry(&m, NATIVE, nr, skipped(p, 0, nr));
#ifdef COMPAT
	add_entry(&m, COMPAT, nr, skipped(p, PT_COMPAT, nr));
#endif
	add(&m, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
	free(p);
	prog = (struct sock_fprog){ .len = m.n, .filter = m.code };
	return &prog;
}
