/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scap_lists - the lists at the head of a capture (processes, descriptors, users, interfaces) as keyframe rows.
 */
#ifndef FMT_SCAP_LISTS_H
#define FMT_SCAP_LISTS_H

#include "format/base/cursor.h"
#include "format/base/err.h"
#include "format/batch/batch.h"

struct scap_lists {
	struct fmt_batch *rows;		/* where rows go */
	uint64_t ts;			/* their time */
	uint64_t dropped;		/* rows that found no room */
	/* called for each thread of a process list */
	void (*thread)(void *arg, uint32_t tid, uint32_t pid);
	void *arg;
};

/* Parse the body of a list block; version as in the block's name (processes 1-9, others 1-2). 0, or negative if damaged. */
int scap_lists__processes(struct scap_lists *l, struct cursor body, unsigned version, struct err *err);
int scap_lists__fds(struct scap_lists *l, struct cursor body, unsigned version, uint32_t (*pid_of)(void *, uint32_t),
		    struct err *err);
int scap_lists__users(struct scap_lists *l, struct cursor body, unsigned version, struct err *err);
int scap_lists__interfaces(struct scap_lists *l, struct cursor body, unsigned version, struct err *err);

#endif
