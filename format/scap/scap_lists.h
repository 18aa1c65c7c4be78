/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scap_lists - the lists at the head of a capture (processes, descriptors, users, interfaces) as keyframe rows.
 */
#ifndef FMT_SCAP_LISTS_H
#define FMT_SCAP_LISTS_H

#include "format/base/cursor.h"
#include "format/base/err.h"
#include "format/batch/batch.h"
#include "format/scap/scap_pids.h"

enum scap_list { SCAP_PROCESSES, SCAP_FDS, SCAP_USERS, SCAP_INTERFACES };

struct scap_lists {
	struct fmt_batch *rows;		/* where rows go */
	uint64_t ts;			/* their time */
	struct scap_pids *pids;		/* learns the threads of process lists */
	/* the list at hand */
	bool begun;			/* false: its beginning is still to be read; set it for each list */
	bool more;			/* rows are full: empty them and call again */
	uint32_t tid, pid;		/* whose descriptors */
};

/*
 * Parse the body of a list block, or what is left of it in c; version as in the block's name (processes 1-9, others 1-2).
 * 0, or negative if something in it is damaged: what could be read besides is in rows all the same. l->more says whether
 * c stands at an entry for which there was no room.
 */
int scap_lists__read(struct scap_lists *l, enum scap_list which, unsigned version, struct cursor *c, struct err *err);

#endif
