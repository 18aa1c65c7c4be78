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
 * Any number of cuts are made in one pass over the events: they are entered into one state.
 *
 * Threads: one at a time for a pass and all that is cut in it.
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
	struct output *out;		/* borrowed */
	/* Bring the output keyframes, as often as a recorder does, and tell it of the containers: see sink_opts.told. */
	bool tell;
	uint32_t rows;			/* most that the output gets at once; 0: what memory allows */
};

struct cut;
struct cut_pass;

/* One that takes part in no pass yet. */
void cut__new(struct cut **ret, const struct cut_opts *o);
void cut__free(struct cut *c);

#define CUT_PASS_MAX 64u

/* One pass over the batches of a source (borrowed: the machines' names), for up to CUT_PASS_MAX cuts. */
void cut_pass__new(struct cut_pass **ret, const struct fmt_source *source);
/* The cuts are not freed, and belong to no pass then. */
void cut_pass__free(struct cut_pass *p);
/* Take part from the next batch on: it is the first, or one with which a segment begins. Out of the pass that it was in. */
void cut_pass__add(struct cut_pass *p, struct cut *c);
void cut_pass__remove(struct cut_pass *p, struct cut *c);
/*
 * The next batch, in order; true: it is behind what any of the cuts wants. An output that fails is the concern of its own
 * cut: cut__error.
 */
bool cut_pass__batch(struct cut_pass *p, const struct fmt_batch *b, const struct fmt_batch_info *info);
/*
 * The same in parts, for who has other things to do meanwhile: rows from .. to - 1, the first part from row 0 and each from
 * where the one before ended. A keyframe goes whole.
 */
bool cut_pass__part(struct cut_pass *p, const struct fmt_batch *b, const struct fmt_batch_info *info, uint32_t from,
		    uint32_t to);

/* Has its output failed? 0, or the error; nothing more goes to it then. */
int cut__error(const struct cut *c, struct err *err);
/* Rows that are for this cut alone, in order; 0, or negative with err. */
int cut__rows(struct cut *c, const struct fmt_batch *b, struct err *err);
/* The range goes on to another time than first said. */
void cut__extend(struct cut *c, uint64_t to);
/* Give the output what has been kept so far, for who reads it meanwhile. */
int cut__flush(struct cut *c, struct err *err);
/* No more batches. */
int cut__finish(struct cut *c, struct err *err);
/* How many events were asked for, and how many went along. */
void cut__counts(const struct cut *c, uint64_t *ret_events, uint64_t *ret_context);

#endif
