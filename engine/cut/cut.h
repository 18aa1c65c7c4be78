/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cut - what is asked for of a recording, as a recording that stands alone.
 *
 * It begins with a keyframe of the state at that moment. Events that were not asked for but without which the others
 * could not be understood go along as context (struct fmt_thread): births, execs, exits, changes of users, names and
 * containers of all processes; and what is done with descriptors by those processes that events were asked for of.
 * A process of which an event is asked for the first time is written down as it is then, and followed from there.
 * DECISIONS.md says why.
 *
 * Threads: one at a time.
 */
#ifndef ENG_CUT_H
#define ENG_CUT_H

#include "engine/cut/select.h"
#include "engine/sink/sink.h"

struct cut_opts {
	uint64_t from, to;		/* ns since the epoch, both included */
	struct selection *selection;	/* NULL: all events. Borrowed. */
	/* A question in place of a selection; the event has been entered into the state. NULL: none. */
	bool (*has)(void *arg, const struct eng_ctx *ctx);
	void *arg;
	const struct fmt_source *source;	/* whose batches they are: the machines' names */
	struct output *out;		/* borrowed */
};

struct cut;

void cut__new(struct cut **ret, const struct cut_opts *o);
void cut__free(struct cut *c);
/* The next batch of a source, in order. 0; 1: the range is over; negative with err: the output failed. */
int cut__batch(struct cut *c, const struct fmt_batch *b, const struct fmt_batch_info *info, struct err *err);
/* The range goes on to another time than first said. */
void cut__extend(struct cut *c, uint64_t to);
/* Give the output what has been kept so far, for who reads it meanwhile. */
int cut__flush(struct cut *c, struct err *err);
/* No more batches. */
int cut__finish(struct cut *c, struct err *err);
/* How many events were asked for, and how many went along. */
void cut__counts(const struct cut *c, uint64_t *ret_events, uint64_t *ret_context);

#endif
