/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring - the flight recorder's memory: what was recorded last, bounded by bytes and by time.
 *
 * It is a list of segments. Each is a complete trace (META with part_of and part, SCHEMA, keyframe, events; INDEX
 * and END once the next one has begun), in memory (memfd) or in a file of a directory. The oldest goes first. Files
 * that an earlier run has left count towards the bound, and go before all others; they are not read here, for every
 * tool reads them as they are.
 *
 * The bound on bytes is hard: room is made before anything is written, the segment in work included. What a reader
 * still needs is taken away from it all the same, and it says so. When a segment cannot be written (full disk), older
 * ones are given up; when that does not help, what comes is lost and counted until a new segment can begin: the
 * recording goes on in any case.
 *
 * Threads: the recording thread is the only one that writes, through the target. All else is for any thread. Nothing
 * here makes the recording thread wait for a reader.
 */
#ifndef CAP_RING_H
#define CAP_RING_H

#include "capture/record/target.h"
#include "format/file/source.h"

#define CAP_RING_MIN_BYTES (4u << 20)

struct cap_ring_opts {
	size_t sz;			/* sizeof(struct cap_ring_opts) */
	uint64_t bytes;			/* at most, all segments together; at least CAP_RING_MIN_BYTES */
	uint64_t ns;			/* what is older need not be kept; 0: as much as there is room for */
	const char *dir;		/* NULL: in memory. The directory must exist; one recorder at a time */
	uint64_t sync_ns;		/* with dir: what is older is on the disk; 0: a second; UINT64_MAX: as the kernel likes */
	int level;			/* zstd; 0: the writer's default */
	bool context;			/* rows may be context: see fmt_writer_opts */
};

struct cap_ring;

/* The directory is locked and its segments are taken up. Errors name it, and what to do. */
int cap_ring__new(struct cap_ring **ret, const struct cap_ring_opts *o, struct err *err);
/* All readers have been closed, and the recording has ended. Files stay where they are. */
void cap_ring__free(struct cap_ring *r);
/* What the recorder writes to, one recording. Lasts as long as the ring; its end closes the last segment, the ring can still be read. */
struct cap_target *cap_ring__target(struct cap_ring *r);

/* Now, in the recording's time: that of rows, which steps of the machine's clock do not change. */
uint64_t cap_ring__now(const struct cap_ring *r);
/* All rows before this time are in the ring. */
uint64_t cap_ring__upto(struct cap_ring *r);
/* Somebody waits for what has been recorded up to now: it is written at the next round, not after a second. */
void cap_ring__hurry(struct cap_ring *r);
/* What the recording says of itself; false: none has begun. */
bool cap_ring__meta(struct cap_ring *r, struct fmt_meta *ret);

bool cap_ring__has_context(const struct cap_ring *r);

struct cap_ring_stats {
	uint64_t bytes, max_bytes;
	uint64_t segments, old_segments;	/* old: of earlier runs, counted in segments and bytes too */
	uint64_t t_oldest, t_newest;		/* of this run: the time that can be read, 0 before there is any */
	uint64_t evicted_segments, evicted_bytes;
	uint64_t lost_events;			/* could not be written: no room, no disk */
	uint64_t failures;			/* times that a segment could not be written on */
	uint64_t overruns, overrun_events;	/* readers that lost what they had not read yet */
};
void cap_ring__stats(struct cap_ring *r, struct cap_ring_stats *ret);

/*
 * Read the ring as a source, from the last keyframe at or before `from` (ns since the epoch), or from the oldest that
 * there is. It follows what is written: next gives FMT_SOURCE_WAIT, and wait() waits; 1 when the recording has ended. What
 * was evicted before it could be read comes as a row `drop` of reason evicted. seek, clone and segment are not there.
 */
int cap_ring__read(struct fmt_source **ret, struct cap_ring *r, uint64_t from, struct err *err);

/* --- chunks as they are, for who copies them ------------------------------------------------------ */

struct chunk;
struct cap_ring_reader;

#define CAP_RING_LOST 3			/* of next: events are missing here, see cap_ring_loss */

struct cap_ring_loss { uint64_t n, from, to, num; };	/* num: what the first of them was */

int cap_ring_reader__new(struct cap_ring_reader **ret, struct cap_ring *r, uint64_t from, struct err *err);
void cap_ring_reader__free(struct cap_ring_reader *rd);
/* The next chunk of events or of a keyframe: 0, borrowed until the next call; 1; FMT_SOURCE_WAIT; CAP_RING_LOST; negative. */
int cap_ring_reader__next(struct cap_ring_reader *rd, const struct chunk **ret, struct err *err);
/* After 0: load all of it, for fmt_writer__copy. CAP_RING_LOST: it has just been evicted; the next call tells. */
int cap_ring_reader__load(struct cap_ring_reader *rd, struct err *err);
const struct cap_ring_loss *cap_ring_reader__loss(const struct cap_ring_reader *rd);
/* Append the row that says a loss. */
void cap_ring_loss__row(const struct cap_ring_loss *l, struct fmt_batch *b);
int cap_ring_reader__wait(struct cap_ring_reader *rd, int timeout_ms);

#endif
