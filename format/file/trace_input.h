/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_input - the bytes of a file or a pipe, through one window that moves forward.
 *
 * A file is read with pread and not mapped: one that shrinks under the reader must not kill it.
 */
#ifndef FMT_TRACE_INPUT_H
#define FMT_TRACE_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "format/base/err.h"

struct trace_input {
	int fd;
	bool regular;
	size_t ahead;			/* bytes to read at least at a time */
	uint64_t pos;			/* offset in the input of the window's first byte */
	uint8_t *buf;
	size_t cap, from, have;		/* the window is buf[from .. from + have - 1] */
};

#define INPUT_AHEAD (256u << 10)	/* reading in order */
#define INPUT_AHEAD_RANDOM 4096u	/* a chunk's head here and there */

/* Takes over fd. head: n bytes already read from it (n is 0 for a regular file: it is read from 0). */
void trace_input__init(struct trace_input *in, int fd, bool regular, const void *head, size_t n);
void trace_input__done(struct trace_input *in);
static inline const uint8_t *trace_input__p(const struct trace_input *in)
{
	return in->buf + in->from;
}
/*
 * Have at least n bytes in the window: 0; 1: the input ends before (all there is is in the window);
 * negative errno. Memory grows with what is there, not with what is asked for.
 */
int trace_input__need(struct trace_input *in, size_t n);
/* Move the window forward by n bytes, which need not be in it. 1: the input ends before. */
int trace_input__skip(struct trace_input *in, uint64_t n);
/* Regular files only. */
void trace_input__seek(struct trace_input *in, uint64_t pos);
/* Size of a regular file now, 0 for others; ns since it was last written, UINT64_MAX if unknown. */
uint64_t trace_input__size(const struct trace_input *in);
uint64_t trace_input__age(const struct trace_input *in);

#endif
