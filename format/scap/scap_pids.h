/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scap_pids - which process a thread belongs to: events of captures name only the thread.
 */
#ifndef FMT_SCAP_PIDS_H
#define FMT_SCAP_PIDS_H

#include <stdint.h>

struct scap_pid { uint32_t tid, pid; };

struct scap_pids {
	struct scap_pid *slots;		/* open addressing by tid; tid 0 = free */
	uint32_t n_slots, n;
};

void scap_pids__init(struct scap_pids *p);
void scap_pids__reset(struct scap_pids *p);	/* forget all */
void scap_pids__done(struct scap_pids *p);
void scap_pids__set(struct scap_pids *p, uint32_t tid, uint32_t pid);

static inline struct scap_pid *scap_pids__slot(struct scap_pid *slots, uint32_t n, uint32_t tid)
{
	uint32_t i = (tid * 0x9e3779b1u) >> 7 & (n - 1);

	while (slots[i].tid && slots[i].tid != tid)
		i = (i + 1) & (n - 1);
	return &slots[i];
}

/* The process; of a thread that is not known, the thread itself. */
static inline uint32_t scap_pids__get(const struct scap_pids *p, uint32_t tid)
{
	const struct scap_pid *slot = scap_pids__slot(p->slots, p->n_slots, tid);

	return tid && slot->tid ? slot->pid : tid;
}

#endif
