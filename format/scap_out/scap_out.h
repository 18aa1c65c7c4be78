/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scap_out - the bytes of a capture on their way to a descriptor, gzip'd or not.
 */
#ifndef FMT_SCAP_OUT_H
#define FMT_SCAP_OUT_H

#include <stdbool.h>

#include "format/base/alloc.h"
#include "format/base/err.h"

struct scap_out {
	int fd;
	char name[256];			/* for messages */
	struct buf pending;		/* where blocks are put; given on by scap_out__flush */
	struct z_stream_s *z;		/* NULL: plain */
	uint8_t *zbuf;
	uint64_t written;		/* bytes given to the descriptor */
	struct err failed;		/* every further call gives this */
};

/* fd stays the caller's. */
int scap_out__init(struct scap_out *o, int fd, const char *name, bool gzip, struct err *err);
/* Write what is pending if it is more than a few hundred KiB. */
int scap_out__flush(struct scap_out *o, struct err *err);
/* Write everything and end the gzip member. Nothing is pending afterwards. */
int scap_out__finish(struct scap_out *o, struct err *err);
void scap_out__done(struct scap_out *o);

/*
 * A block: begin, its body appended to pending, end. Returns where it starts, which end is given; end pads it and writes
 * its two lengths.
 */
size_t scap_out__block(struct scap_out *o, uint32_t type);
void scap_out__block_end(struct scap_out *o, size_t start);

#endif
