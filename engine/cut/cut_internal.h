/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cut_internal - one cut, and what the pass over the events tells it.
 */
#ifndef ENG_CUT_INTERNAL_H
#define ENG_CUT_INTERNAL_H

#include "engine/cut/cut.h"

#define CUT_NUMS 65536u			/* numbers of events remembered, for the alerts that come behind them */

struct cut {
	struct cut_opts o;
	struct cut_pass *pass;		/* NULL: none */
	uint64_t bit;			/* its own in the pass: in marks of tables that it follows */
	struct fmt_batch *b;		/* what is kept, not yet given to the output */
	struct fmt_batch *keyframe;
	bool shown;			/* b has an event that was asked for */
	char noted[65];			/* the container that the output was told of last, for b; "": none */
	uint64_t keyframe_at, keyframe_rows;	/* the last one: its time and size */
	uint64_t rows_since;
	uint64_t next_num;
	bool begun;			/* the first keyframe is written */
	struct { uint64_t was, is; } nums[CUT_NUMS];	/* by the number that the event had */
	uint64_t events, context;
	int failed;
	struct err why;
	/* for callbacks */
	struct err *err;
};

/* Are all events of the range asked for? */
static inline bool cut__takes_all(const struct cut *c)
{
	return !c->o.selection && !c->o.has;
}

/* --- cut.c: all of these 0 or negative with err ------------------------------------------------- */

/* Write the state as it is before the first event of the range. */
int cut__begin(struct cut *c, uint64_t ts, struct err *err);
/* The same later: what the output knows has been overtaken. */
int cut__begin_anew(struct cut *c, uint64_t ts, struct err *err);
/* Is it time that the output gets another one, at ts? */
bool cut__keyframe_due(const struct cut *c, uint64_t ts);
/* The keyframe of another recording. */
int cut__put_anew(struct cut *c, const struct fmt_batch *b, const struct fmt_batch_info *info, struct err *err);
/*
 * An event that has been entered into the state: keep it if it is asked for (sure: that is known already), or as context
 * if it is needed.
 */
int cut__event(struct cut *c, const struct eng_ctx *ctx, bool sure, bool needed, struct err *err);

/* --- cut_pass.c ----------------------------------------------------------------------------------- */

struct eng_state *cut_pass__state(struct cut_pass *p);
/* How many rows one cut may hold. */
uint32_t cut_pass__rows(const struct cut_pass *p);
void cut_pass__has_begun(struct cut_pass *p, const struct cut *c);

#endif
