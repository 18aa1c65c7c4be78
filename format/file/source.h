/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source - where events come from: one interface for a spoor trace, a .scap file, the live driver.
 *
 * A source yields batches. Some are keyframes: their rows are state_* events that describe everything
 * alive at that moment. The first batch of a source is a keyframe (it may be empty). A keyframe and the
 * chunks up to the next are a segment: it needs nothing of what was before.
 */
#ifndef FMT_SOURCE_H
#define FMT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "format/base/err.h"
#include "format/batch/batch.h"

/* What the recording says of itself (chunk META). Strings are owned by the source; "" if unknown. */
struct fmt_meta {
	char hostname[256], kernel[256], arch[32], tool[128], driver[32], command[512], os[128];
	char reason[512];		/* why it was recorded: an alert, a trigger */
	char made_from[512];		/* a cut or a merge: of what */
	char snaplen_for[2304];		/* exceptions to snaplen, "port:53=4096,tty=65536": the first that fits counts */
	char uuid[37];
	uint32_t n_cpus, snaplen;
	uint64_t memory;		/* bytes */
	uint64_t boot_ns;		/* time of boot, ns since the epoch */
	uint64_t start_ns;		/* when recording began */
	int32_t utc_offset;		/* seconds east of UTC where it was recorded */
	bool noise;			/* noise calls were recorded */
	bool no_durations;		/* calls were recorded without their durations */
	char part_of[37];		/* a segment of a flight recorder's ring: uuid of the recording, */
	uint64_t part;			/* and its number, from 1 */
};

/* How much later than younger ones an event can stand and still be found by its time. */
#define FMT_LATE_NS 5000000000u

/* What is asked of a reader. Zero: everything. */
struct fmt_want {
	bool by_type;			/* use types below; false = all */
	uint8_t types[FMT_MAX_EVENTS / 8];	/* bit set: parameter columns of this type are decoded.
						 * Base columns and rows are there for all events. */
	const uint64_t *params;		/* FMT_MAX_EVENTS masks of parameters to decode, or NULL = all */
	bool wanted_results;		/* results of the other types are not asked for: they read 0 */
	bool no_payload;		/* do not decompress payloads */
	bool no_cpu;			/* processors are not asked for: they say nothing */
	bool no_keyframes;		/* skip keyframes after the first */
	/*
	 * Not 0: events later than this are not asked for. A source that knows beforehand may leave out batches that have
	 * no others; the end may come FMT_LATE_NS behind this time.
	 */
	uint64_t until;
};

struct fmt_batch_info {
	bool keyframe;			/* state_* rows; a large state takes several such batches in a row */
	bool new_section;		/* another recording begins: what was known is void, reset the state
					 * before applying this */
	/*
	 * A segment begins: what was known is no longer needed. Who resets here too says of each event the same wherever
	 * reading began. Also set with an error: nothing to apply then.
	 */
	bool segment;
	uint64_t chunk;			/* ordinal of the chunk in its file, for messages */
	uint64_t offset;		/* its byte offset */
};

struct fmt_source {
	const struct fmt_source_ops *ops;
	char name[256];			/* the file's name, for messages */
	struct fmt_meta meta;		/* of origin 0 */
	struct fmt_meta *more;		/* of the origins from 1 on: other machines; the source's own */
	unsigned n_more;
	bool has_context;		/* rows may be context (struct fmt_thread) */
	uint64_t lost;			/* events lost at capture, as stated so far */
	uint64_t skipped_unknown;	/* events of kinds this version does not know */
};

#define FMT_SOURCE_WAIT 2		/* of next, when following: nothing more is there yet */

struct fmt_source_ops {
	/*
	 * The next batch: 0 with *ret (borrowed until the next call), 1 at the end, FMT_SOURCE_WAIT, negative on error.
	 * After -FMT_E_CORRUPT, -FMT_E_TRUNCATED or -FMT_E_VERSION (a chunk that is too new) a further
	 * call goes on behind it if there is more to read; each such error is given once.
	 */
	int (*next)(struct fmt_source *s, const struct fmt_batch **ret, struct fmt_batch_info *info,
		    struct err *err);
	/* Go to the last keyframe at or before ts (ns since the epoch). NULL: cannot seek. */
	int (*seek)(struct fmt_source *s, uint64_t ts, struct err *err);
	/*
	 * For reading with several threads; NULL: cannot, and -FMT_E_UNSUPPORTED for a pipe. A second reader of the
	 * same file with the same wishes, at the same place. It says nothing of damage before that place.
	 */
	int (*clone)(struct fmt_source *s, struct fmt_source **ret, struct err *err);
	/* Go forward to the next whole keyframe without decoding: 0 with its byte offset, 1 if there is none. */
	int (*next_keyframe)(struct fmt_source *s, uint64_t *ret_offset);
	/*
	 * Read only chunks that begin at from .. to - 1, then say that this is the end; from is the offset of a whole
	 * keyframe, or 0: the place where the reader stands. What was lost is counted from 0, unless from is 0.
	 */
	void (*segment)(struct fmt_source *s, uint64_t from, uint64_t to);
	void (*want)(struct fmt_source *s, const struct fmt_want *w);
	/*
	 * Follow what is still being written: next gives FMT_SOURCE_WAIT where there is no more yet, and 1 only behind an
	 * END. With on == false it is again as at first: what has no END is cut off, and that is said. To be called
	 * before the first next, or after FMT_SOURCE_WAIT. NULL: cannot; a pipe waits by itself, it takes no notice.
	 */
	int (*follow)(struct fmt_source *s, bool on, struct err *err);
	/* After FMT_SOURCE_WAIT: until there may be more (0), or timeout_ms have passed (1). There if follow is. */
	int (*wait)(struct fmt_source *s, int timeout_ms);
	void (*close)(struct fmt_source *s);
};

/*
 * Open a trace by content: a spoor trace or (as far as built in) another format. "-" is stdin; pipes
 * are read in order without seeking. Errors name the file, the place and the remedy.
 */
int fmt_source__open(struct fmt_source **ret, const char *path, struct err *err);
/* The machine that events of an origin are of. One that nothing is known of has an empty description. */
const struct fmt_meta *fmt_source__origin(const struct fmt_source *s, unsigned origin);
static inline int fmt_source__next(struct fmt_source *s, const struct fmt_batch **ret,
				   struct fmt_batch_info *info, struct err *err)
{
	return s->ops->next(s, ret, info, err);
}
static inline void fmt_source__want(struct fmt_source *s, const struct fmt_want *w)
{
	if (s->ops->want)
		s->ops->want(s, w);
}
static inline void fmt_source__close(struct fmt_source *s)
{
	if (s)
		s->ops->close(s);
}

#endif
