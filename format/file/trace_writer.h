/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_writer - writes a spoor trace (format/TRACE-FORMAT.md).
 *
 * Crash-safe: each chunk goes out whole and in order; whatever is on disk up to the last complete chunk
 * can be read. A write that fails (full disk, closed pipe) ends the trace cleanly: further writes
 * return the same error, close reports what was saved.
 */
#ifndef FMT_TRACE_WRITER_H
#define FMT_TRACE_WRITER_H

#include "format/base/err.h"
#include "format/batch/batch.h"
#include "format/file/source.h"

struct fmt_encoders;

/*
 * When whoever writes has to bring another keyframe: what came since weighs twenty times as much, two seconds after the last
 * one at least, a minute at most. Weights are of one unit, the caller's.
 */
#define FMT_KEYFRAME_MAX_NS 60000000000u
static inline bool fmt_keyframe__due(uint64_t since_ns, uint64_t most_ns, uint64_t weight_since, uint64_t weight_of_keyframe)
{
	return since_ns >= most_ns || (since_ns >= 2000000000u && weight_since >= 20 * weight_of_keyframe);
}

enum fmt_fsync { FSYNC_NONE, FSYNC_END, FSYNC_CHUNK };

struct fmt_writer_opts {
	size_t sz;			/* sizeof(struct fmt_writer_opts) */
	int level;			/* zstd level; 0 = default (3) */
	enum fmt_fsync fsync;
	bool no_payload;		/* leave payloads out */
	bool raw;			/* do not compress: for looking at the bytes, and where zstd's version must not matter */
	/* events may be of other machines too, origins 1 .. n_more, or be context (see struct fmt_thread) */
	const struct fmt_meta *more;
	unsigned n_more;
	bool context;
	/*
	 * Called with the bytes of each chunk that is about to be written. A negative result ends the trace as a failure of
	 * writing does. NULL: none. fmt_writer__open_fd writes the first chunks: room is called there already.
	 */
	int (*room)(void *arg, uint64_t bytes);
	void *room_arg;
	/* Shared with other writers, and then of their level; borrowed. NULL: its own. Which ones it gets decides over its bytes, not over what they say. */
	struct fmt_encoders *encoders;
	uint64_t created_ns;		/* time of creation; 0 = now. With meta->uuid set too the file is a
					 * function of what is written. */
};

struct fmt_writer_stats {
	uint64_t events, keyframe_rows, chunks, bytes, raw_bytes;
	uint64_t dict_bytes, payload_bytes, column_bytes;	/* compressed, by section kind */
};

struct fmt_writer;

/*
 * meta->uuid names the trace; "" = a new one. Writing to what is not a regular file sets SIGPIPE to be ignored if
 * it was at its default, so that a closed pipe is an error and not the end of the process; SIGXFSZ likewise.
 */
/* path "-" is stdout. An existing file is replaced only if it is empty or force is set. */
int fmt_writer__open(struct fmt_writer **ret, const char *path, bool force, const struct fmt_meta *meta,
		     const struct fmt_writer_opts *opts, struct err *err);
/* The same to an open descriptor (pipe or file at offset 0); the writer owns it. */
int fmt_writer__open_fd(struct fmt_writer **ret, int fd, const char *name, const struct fmt_meta *meta,
			const struct fmt_writer_opts *opts, struct err *err);
/* Write a batch as one chunk. Keyframe: the first call must be one. The batch is not changed. */
int fmt_writer__batch(struct fmt_writer *w, const struct fmt_batch *b, bool keyframe, struct err *err);
/*
 * Copy a chunk of events or of a keyframe of another trace as it is; all its sections have been loaded. The schemas of the
 * two must be the same: it is not decoded. The numbers of its events stay.
 */
struct chunk;
int fmt_writer__copy(struct fmt_writer *w, const struct chunk *c, struct err *err);
/* The next keyframe begins another recording: what was known before it is void. */
void fmt_writer__anew(struct fmt_writer *w);
/* Containers seen since the last chunk, for the summary: 12-character ids. Optional. */
void fmt_writer__note_container(struct fmt_writer *w, const char *id);
void fmt_writer__stats(const struct fmt_writer *w, struct fmt_writer_stats *ret);
/* INDEX and END, fsync as asked, close. Frees w in any case. */
int fmt_writer__close(struct fmt_writer *w, struct err *err);

#endif
