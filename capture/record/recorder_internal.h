/* SPDX-License-Identifier: Apache-2.0 */
/*
 * recorder_internal - the recorder's own state, shared by its rounds (recorder.c) and its beginning
 * and end.
 */
#ifndef CAP_RECORDER_INTERNAL_H
#define CAP_RECORDER_INTERNAL_H

#include "capture/containers/containers.h"
#include "capture/record/recorder.h"
#include "capture/snapshot/snapshot.h"

struct cap_gone;

/* What a loss has left wrong, and is being read again: recorder_heal.c. */
struct cap_heal {
	bool due, lives;		/* state was lost; births, executions or ends among it */
	struct cap_snapshot *snap;	/* walked, waits for the events to come to its time */
	uint64_t ts;			/* its time */
	uint64_t done_at;
	struct cap_gone *gone;		/* threads that it has not */
	size_t n_gone;
};

struct cap_recorder {
	struct cap_recorder_opts o;
	struct cap_driver *driver;
	struct cap_decoder dec;
	struct eng_state *state;
	/* applies rows to the state, and runs the rules, if there are any */
	struct eng_detector *detector;
	struct cap_target *target;
	struct cap_containers containers;
	struct fmt_batch *batch;	/* rows for the next chunk */
	struct fmt_batch *look;		/* rows that may not be wanted; NULL: all are */
	enum cap_wanted wanted;		/* the row that was fed last */
	uint64_t context;		/* rows that were kept as context */
	struct fmt_batch *keyframe;
	uint64_t events;		/* written or in batch */
	uint64_t lost, lost_by_lane[CAP_N_LANES];
	uint64_t last_ts;		/* the latest of a row so far */
	/* What was before has come. Rows that are made here have this time: so they are in order, too. */
	uint64_t complete_to;
	uint64_t flushed;		/* when the last chunk was written */
	uint64_t keyframe_at;		/* the last one: when, and its bytes */
	uint64_t keyframe_bytes, keyframe_total;
	uint64_t bytes_at_keyframe;
	uint64_t loss_since;		/* losses were counted up to then */
	struct cap_loss *losses;	/* of each processor, of the round at hand */
	uint64_t records;		/* that the driver has handed over */
	uint64_t in_round;		/* records of this round */
	uint64_t looked;		/* when the rings were looked at last; 0: not yet */
	bool asked;			/* the driver is to wake us */
	bool slept;			/* since the rings were looked at last */
	uint64_t longest_pause;		/* between two looks */
	struct cap_heal heal;
	int error;			/* of the writer: nothing more is written */
};

uint64_t cap_recorder__now(const struct cap_recorder *r);
uint64_t cap_recorder__written(const struct cap_recorder *r);	/* bytes */
int cap_recorder__write(struct cap_recorder *r, struct fmt_batch *b, bool keyframe,
			struct err *err);
int cap_recorder__flush(struct cap_recorder *r, struct err *err);
/* losses and records */
int cap_recorder__take(struct cap_recorder *r, bool last, struct err *err);
/*
 * Rows that are made here, not by the kernel: where they go, and how many rows that has; afterwards
 * they are applied, counted, and put into the trace.
 */
struct fmt_batch *cap_recorder__for_rows(struct cap_recorder *r, uint32_t *ret_n);
void cap_recorder__rows_made(struct cap_recorder *r, struct fmt_batch *b, uint32_t n);
bool cap_recorder__enough(const struct cap_recorder *r);
/* A keyframe has been written since `before` bytes. */
void cap_recorder__keyframe_done(struct cap_recorder *r, uint64_t before);
/* State was lost: see recorder_heal.c. */
void cap_heal__note(struct cap_recorder *r, const struct cap_loss *loss);
/* Begin a walk, or go on with what it has shown, if it is time. */
int cap_heal__round(struct cap_recorder *r, struct err *err);
/* The events have come to the time of the walk. */
int cap_heal__apply(struct cap_recorder *r, struct err *err);
/* It needs more rounds, whether or not something comes. */
bool cap_heal__has_work(const struct cap_heal *h);
void cap_heal__done(struct cap_heal *h);
/* What the detector calls. */
int cap_recorder__on_event(void *arg, const struct eng_ctx *ctx);
int cap_recorder__on_alert(void *arg, const struct eng_rule *rule, const struct eng_ctx *ctx);

#endif
