/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonl - a trace as text, one event a line: written, and read back as a source of events.
 *
 * Spec: docs/JSONL.md. What is written with keyframes reads back as the same batches: 64-bit numbers, bytes that are no
 * UTF-8, what was cut, and what is missing included.
 */
#ifndef FMT_JSONL_H
#define FMT_JSONL_H

#include "format/base/alloc.h"
#include "format/file/source.h"

#define JSONL_VERSION 1
#define JSONL_MAX_LINE (16u << 20)	/* an event of a megabyte of payload, and room for its strings */

struct jsonl_writer;

void jsonl_writer__new(struct jsonl_writer **ret);
void jsonl_writer__free(struct jsonl_writer *w);
/* Append the first line. more: other machines, of the origins from 1 on; context: rows may be context. */
void jsonl_writer__head(struct jsonl_writer *w, const struct fmt_meta *meta, const struct fmt_meta *more,
			unsigned n_more, bool context, struct buf *out);
/* Append a batch: a line for each row, and one before those of a keyframe. */
void jsonl_writer__batch(struct jsonl_writer *w, const struct fmt_batch *b, const struct fmt_batch_info *info,
			 struct buf *out);

/* Do these first bytes look like the first line? */
bool fmt_jsonl__probe(const void *head, size_t n);
/*
 * Takes over fd, also on error; head: n bytes already read from it; regular: fd is a file, and n is 0. A line that cannot be
 * read is told (the first of several in a row) and left out.
 */
int fmt_jsonl__open(struct fmt_source **ret, int fd, bool regular, const char *name, const void *head, size_t n,
		    struct err *err);

#endif
