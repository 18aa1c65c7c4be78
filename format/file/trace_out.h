/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_out - writes the chunks of a trace to a descriptor: chain, index, end, and what happens when
 * writing fails. What makes or copies traces stands on this.
 */
#ifndef FMT_TRACE_OUT_H
#define FMT_TRACE_OUT_H

#include "format/codec/chunk_build.h"
#include "format/codec/index_codec.h"
#include "format/file/chunk_stream.h"
#include "format/file/trace_writer.h"

struct trace_out {
	int fd;
	bool regular;			/* can be cut back */
	char name[256];
	enum fmt_fsync fsync;
	uint64_t offset, seq;		/* where the next chunk goes */
	uint8_t uuid[16], hash_prev[TRACE_HASH_SIZE];
	uint16_t last_kind;
	uint64_t t_last;		/* latest time so far */
	uint64_t events;		/* rows of EVENTS chunks */
	struct chunk_index index;
	int (*room)(void *arg, uint64_t bytes);	/* see fmt_writer_opts */
	void *room_arg;
	struct err failed;		/* the error that ended the trace */
};

/* Open a path ("-": stdout). An existing file is replaced only if it is empty or force is set. The descriptor, or negative. */
int trace_out__open_path(const char *path, bool force, enum fmt_fsync fsync, struct err *err);
/* Takes over fd. */
void trace_out__init(struct trace_out *o, int fd, const char *name, enum fmt_fsync fsync);
/* Write a packed preamble of n bytes. */
int trace_out__preamble(struct trace_out *o, const uint8_t uuid[16], const uint8_t *packed, size_t n,
			struct err *err);
/*
 * Write the chunk that is in b. The caller has set kind, flags and what the events say in h; the rest is filled in.
 * After an error every further call gives the same error.
 */
int trace_out__chunk(struct trace_out *o, struct chunk_build *b, struct chunk_header *h, struct err *err);
/*
 * Copy a chunk of another trace, all of whose bytes are at p. The bytes stay as they are if it
 * follows what has been written, else its header is given a new place, trace and predecessor.
 */
int trace_out__copy(struct trace_out *o, const struct chunk_header *h, const uint8_t *p, struct err *err);
/* The error that ended the trace, or 0. */
int trace_out__failed(const struct trace_out *o, struct err *err);
/* INDEX and END, fsync as asked, close. Frees what o holds in any case. b is used for building; NULL: without INDEX and END. */
int trace_out__close(struct trace_out *o, struct chunk_build *b, struct err *err);

/* Have the name of a new file survive a crash: sync the folder that it is in. What fails is passed over. */
void trace_out__sync_folder(const char *path);

#endif
