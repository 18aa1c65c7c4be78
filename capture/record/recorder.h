/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder - from the driver's records to the trace: rows, state, keyframes, losses, containers.
 *
 * Each round takes what the rings hold. A chunk is written when its batch is full, and every second
 * at the latest. A keyframe follows when the chunks since the last one weigh twenty times as much
 * as it did: so keyframes take about a twentieth of the file, whatever the machine's size; never
 * sooner than two seconds after the last one, and after a minute at the latest.
 */
#ifndef CAP_RECORDER_H
#define CAP_RECORDER_H

#include "capture/driver/driver.h"
#include "capture/record/live.h"
#include "capture/record/scope.h"
#include "capture/record/target.h"

struct cap_recorder_opts {
	struct cap_target *target;	/* where it goes; NULL: to the file at path. Used up by start and finish */
	const char *path;		/* "-": standard output */
	bool force;
	struct fmt_writer_opts writer;
	struct cap_driver_opts driver;
	struct cap_scope *scope;	/* which rows are wanted; borrowed */
	struct cap_live *live;		/* rules; borrowed */
	bool container_env;		/* keep the environment of containers */
	uint64_t max_events;		/* 0: no limit */
	uint64_t flush_ns;		/* longest time that a row waits to be written */
	/* for the trace's own description; NULL: the whole machine */
	const char *command;
	/* Told of the end of each container (event container_end), in the recording thread. */
	void (*on_container_end)(void *arg, const struct eng_ctx *ctx);
	void *arg;
};

struct cap_recorder;

/*
 * Load, attach, take the snapshot, open the file and write the first keyframe. Recording has begun
 * when this returns.
 */
int cap_recorder__start(struct cap_recorder **ret, const struct cap_recorder_opts *o,
			struct err *err);
/*
 * Take what there is. 0; 1 when the number of events is reached; negative when the trace cannot be
 * written any more.
 */
int cap_recorder__round(struct cap_recorder *r, struct err *err);
/*
 * Wait until the next round is due: some milliseconds, fewer while much comes in. With may_sleep, when nothing comes, until
 * something does or a flush is due. most_ms, and that fd can be read, end it in any case. After a long sleep the recording's
 * time (see cap_recorder__add) is that of before until the next round.
 */
void cap_recorder__wait(struct cap_recorder *r, int fd, int most_ms, bool may_sleep);

/* ptrace: nothing is left to trace; see cap_driver__traced_ended. */
bool cap_recorder__traced_ended(struct cap_recorder *r, int *ret_status);

/*
 * Between rounds, in the recording thread.
 *
 * A row that is made here, not by the kernel: make begins and ends it, at the time now, which is what
 * the recording has come to: some milliseconds ago, so that rows are in the order of time. It is
 * applied, matched and recorded like others.
 */
void cap_recorder__add(struct cap_recorder *r,
		       void (*make)(void *arg, struct fmt_batch *b, uint64_t now), void *arg);
/* Other rules from the next event on; the old ones, which are not used any more, go to the caller. */
int cap_recorder__set_rules(struct cap_recorder *r, struct eng_ruleset *rules,
			    struct eng_ruleset **ret_old, struct err *err);
/* Borrowed: what is known now. */
struct eng_state *cap_recorder__state(struct cap_recorder *r);

struct cap_recorder_stats {
	uint64_t events, lost, bytes, keyframe_bytes;
	uint64_t records;		/* that the driver has handed over, for these events or in vain */
	uint64_t lost_by_lane[CAP_N_LANES];	/* of lost, for want of room in the rings */
	uint64_t context;		/* of the events: those of others, for their state only */
	struct cap_late late;		/* behind younger ones, because a processor was stopped for long */
	uint64_t longest_pause_ns;	/* from one look at the rings to the next: what they must have room for */
};
/* When rows were last written to the target, on the recording's clock: it differs after each time. Rows added before are written then. */
uint64_t cap_recorder__flushed(const struct cap_recorder *r);
void cap_recorder__stats(const struct cap_recorder *r, struct cap_recorder_stats *ret);
/* Of the driver: see cap_driver__memory. From any thread. */
void cap_recorder__memory(const struct cap_recorder *r, uint64_t *ret_bytes, uint64_t *ret_resident);
/*
 * Stop recording, take the rest, close the file. Frees the recorder in any case; stats (may be
 * NULL) say what is in the file, after an error too. bytes are what was written, also where the
 * trace goes to a pipe.
 */
int cap_recorder__finish(struct cap_recorder *r, struct cap_recorder_stats *stats, struct err *err);

#endif
