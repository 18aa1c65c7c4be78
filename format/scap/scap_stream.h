/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scap_stream - the bytes of a capture, plain or gzip'd (told by content), from a file or a pipe.
 *
 * Offsets are positions in the uncompressed bytes. Several gzip members in a row are one stream.
 */
#ifndef FMT_SCAP_STREAM_H
#define FMT_SCAP_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "format/base/err.h"

struct scap_stream;

/* Takes over fd. head: n bytes that were already read from it (copied). */
int scap_stream__open(struct scap_stream **ret, int fd, const void *head, size_t n, struct err *err);
void scap_stream__close(struct scap_stream *s);
/*
 * Make at least `want` bytes (at most SCAP_STREAM_MAX) available at *p without consuming them. Returns how many
 * there are: fewer than want only at the end of the stream. Negative on a read or gzip error; what was
 * readable before it is given first.
 */
#define SCAP_STREAM_MAX (64u << 20)
int64_t scap_stream__peek(struct scap_stream *s, size_t want, const uint8_t **p, struct err *err);
void scap_stream__skip(struct scap_stream *s, size_t n);	/* n <= what the last peek gave */
uint64_t scap_stream__offset(const struct scap_stream *s);

#endif
