/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_file - an open trace with its description, its schema and a decoder: what the sequential and
 * the random reader share.
 */
#ifndef FMT_TRACE_FILE_H
#define FMT_TRACE_FILE_H

#include "format/codec/index_codec.h"
#include "format/codec/schema_codec.h"
#include "format/file/chunk_stream.h"
#include "format/file/source.h"
#include "format/file/trace_reader.h"

struct trace_file {
	struct chunk_stream cs;
	struct fmt_meta meta;		/* of origin 0 */
	struct fmt_meta *more;		/* of the others */
	unsigned n_more;
	struct schema_map *map;		/* of the file; ours if its own is damaged */
	bool map_own;			/* map is the file's */
	bool opened;			/* events have come: what would describe them has been before */
	struct events_decoder *dec;
	struct fmt_want want;
	uint64_t *params;		/* copy that want.params points to */
};

/*
 * Takes over fd, also on error; head as for chunk_stream__open. Reads up to the first chunk of events: damage on
 * the way is reported by the first trace_file__next.
 */
int trace_file__open(struct trace_file *f, int fd, bool regular, const char *name, const void *head,
		     size_t n, struct err *err);
/* A second reader of the same regular file, with the same description and schema; it stands nowhere yet. */
int trace_file__clone(struct trace_file *f, const struct trace_file *of, struct err *err);
void trace_file__close(struct trace_file *f);
/* Rows may be context. */
static inline bool trace_file__has_context(const struct trace_file *f)
{
	return f->cs.pre_ok && f->cs.pre.incompat & PREAMBLE_WHOSE;
}
void trace_file__want(struct trace_file *f, const struct fmt_want *w);
/* The next chunk that holds events or a keyframe; 1 at the end. */
int trace_file__next(struct trace_file *f, const struct chunk **ret, struct err *err);
/* Decode the current chunk. *skipped is added to. */
int trace_file__decode(struct trace_file *f, struct fmt_batch *b, uint64_t *skipped, struct err *err);
/*
 * All chunks of a regular file, from INDEX or by walking the headers (damage is stepped over).
 * *ret_complete: there is a valid END. The place in the stream is lost.
 */
int trace_file__index(struct trace_file *f, struct chunk_index *ret, bool *ret_complete, struct err *err);

#endif
