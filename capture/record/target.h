/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target - where a recording goes: a file, or the flight recorder's ring.
 *
 * Asked once per chunk, never per event. All calls come from the recording thread.
 */
#ifndef CAP_TARGET_H
#define CAP_TARGET_H

#include "format/file/trace_writer.h"

struct cap_target;

struct cap_target_ops {
	/* The recording begins: what it says of itself. */
	int (*begin)(struct cap_target *t, const struct fmt_meta *meta, struct err *err);
	/* As fmt_writer__batch. A negative result ends the recording. */
	int (*batch)(struct cap_target *t, const struct fmt_batch *b, bool keyframe, struct err *err);
	/* As fmt_writer__note_container. */
	void (*note)(struct cap_target *t, const char *id);
	/* All rows before ts (ns since the epoch) have been given. NULL: no interest. */
	void (*upto)(struct cap_target *t, uint64_t ts);
	/* Does somebody wait for the rows that have not been given yet? NULL: never. */
	bool (*hurry)(struct cap_target *t);
	/* What has been taken: bytes and events; those of keyframes count in bytes only. */
	void (*stats)(const struct cap_target *t, uint64_t *ret_bytes, uint64_t *ret_events);
	/* The recording is over, or could not begin. t is not used after it. */
	int (*end)(struct cap_target *t, struct err *err);
};

struct cap_target {
	const struct cap_target_ops *ops;
	/* A keyframe at the latest after so much; 0: as the recorder sees fit. */
	uint64_t keyframe_ns, keyframe_bytes;
	bool keyframe_now;		/* one is needed as soon as may be */
	int64_t mono_offset;		/* set before begin: CLOCK_MONOTONIC + this is the time of rows */
};

/* A trace in a file: see fmt_writer__open. path and opts are borrowed. The target is freed by its end. */
struct cap_target *cap_target__file(const char *path, bool force, const struct fmt_writer_opts *opts);

#endif
