/* SPDX-License-Identifier: Apache-2.0 */
/*
 * proc_row - the row of a process from /proc alone, for one that the kernel's iterators do not show
 * us.
 */
#ifndef CAP_PROC_ROW_H
#define CAP_PROC_ROW_H

#include "capture/hierarchy.h"
#include "capture/snapshot/proc_text.h"
#include "format/batch/batch.h"

/*
 * Parameters of a state_thread row that come from the process's own memory, and its cgroups.
 * Between begin and end.
 */
void cap_proc_row__text(struct fmt_batch *b, const struct cap_proc_text *t,
			struct cap_hierarchies *h, struct buf *scratch);
/*
 * A whole row. boot_ns: time of boot since the epoch. Nothing is appended if the process has gone.
 */
void cap_proc_row__add(struct fmt_batch *b, uint64_t ts, uint32_t pid, uint64_t boot_ns,
		       struct cap_hierarchies *h, struct buf *scratch, struct arena *mem);
/* Every process in /proc, by its number. */
void cap_proc_row__each(void (*fn)(void *arg, uint32_t pid), void *arg);

#endif
