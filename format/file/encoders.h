/* SPDX-License-Identifier: Apache-2.0 */
/*
 * encoders - what a writer of a trace needs while it writes a chunk: memory for the columns, compressors, and what has been
 * found out about the columns, which costs as much as some tens of thousands of events.
 *
 * Writers that are opened one after the other, or are many at the same time, can share them: each takes one for the chunk that
 * it writes. So there are as many as threads that write, not as files, and a new file begins with what others have found out.
 * All calls from any thread.
 */
#ifndef FMT_ENCODERS_H
#define FMT_ENCODERS_H

#include "format/codec/events_codec.h"

struct fmt_encoder {
	struct chunk_build build;
	struct events_encoder *events;
	struct fmt_encoder *next;
};

struct fmt_encoders;

/* level: of zstd, 0: the writer's default. 0, or -FMT_E_LIMIT for want of memory. */
int fmt_encoders__new(struct fmt_encoders **ret, int level);
/* No writer uses them any more. NULL is allowed. */
void fmt_encoders__free(struct fmt_encoders *e);
/* NULL: there is no memory. To be given back. */
struct fmt_encoder *fmt_encoders__take(struct fmt_encoders *e);
void fmt_encoders__give(struct fmt_encoders *e, struct fmt_encoder *one);

/* Give their memory back, of those that nobody has; what has been found out stays. */
void fmt_encoders__shrink(struct fmt_encoders *e);

#endif
