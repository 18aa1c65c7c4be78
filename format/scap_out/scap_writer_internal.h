/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FMT_SCAP_WRITER_INTERNAL_H
#define FMT_SCAP_WRITER_INTERNAL_H

#include "format/scap_out/scap_block.h"
#include "format/scap_out/scap_put_lists.h"
#include "format/scap_out/scap_writer.h"

struct scap_writer {
	struct scap_out out;
	struct scap_writer_opts o;
	struct scap_writer_stats st;
	struct scap_lists_out *lists;	/* rows of the section's keyframe, until its first event */
	struct fmt_batch *later;	/* rows that become events behind the lists */
	bool in_events;			/* the section's head is written */
	struct scap_block block;	/* the event at hand */
	struct buf text;		/* a text made for it */
};

#define SCAP_NO_TID UINT64_MAX	/* of events that no thread makes */

/* What no thread makes has the same number here and there, in as many bits. */
static inline uint64_t scap_put__tid(const struct fmt_ev *ev)
{
	return fmt_ev__tid(ev) == UINT32_MAX ? SCAP_NO_TID : fmt_ev__tid(ev);
}

/* Parameters of an event into w->block. */
void scap_put__params(struct scap_writer *w, const struct fmt_ev *ev, const struct scap_plan *plan);
/* Write w->block. */
void scap_put__block(struct scap_writer *w);

/* Events without a code of their name that captures know in another form. False: they do not. */
bool scap_put__other(struct scap_writer *w, const struct fmt_ev *ev);
/* The container, user or group that a keyframe row describes, as an event. */
void scap_put__container(struct scap_writer *w, const struct fmt_ev *ev, uint64_t ts);
void scap_put__owned_user(struct scap_writer *w, const struct fmt_ev *ev, uint64_t ts);

#endif
