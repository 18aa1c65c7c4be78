// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "format/base/alloc.h"
#include "format/scap/scap_pids.h"

#define MAX_SLOTS (1u << 23)	/* for more threads than any kernel allows */

void scap_pids__init(struct scap_pids *p)
{
	p->n_slots = 4096;
	p->n = 0;
	p->slots = xcalloc(p->n_slots, sizeof(*p->slots));
}

void scap_pids__reset(struct scap_pids *p)
{
	memset(p->slots, 0, p->n_slots * sizeof(*p->slots));
	p->n = 0;
}

void scap_pids__done(struct scap_pids *p)
{
	free(p->slots);
}

static void grow(struct scap_pids *p)
{
	struct scap_pid *bigger = xcalloc(p->n_slots * 2, sizeof(*bigger));

	for (uint32_t i = 0; i < p->n_slots; i++)
		if (p->slots[i].tid)
			*scap_pids__slot(bigger, p->n_slots * 2, p->slots[i].tid) = p->slots[i];
	free(p->slots);
	p->slots = bigger;
	p->n_slots *= 2;
}

void scap_pids__set(struct scap_pids *p, uint32_t tid, uint32_t pid)
{
	struct scap_pid *slot;

	if (!tid)
		return;
	if ((p->n + 1) * 2 > p->n_slots) {
		if (p->n_slots < MAX_SLOTS)
			grow(p);
		else
			scap_pids__reset(p);	/* the file lies */
	}
	slot = scap_pids__slot(p->slots, p->n_slots, tid);
	p->n += !slot->tid;
	*slot = (struct scap_pid){ tid, pid };
}
