/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evlist - the events of a selection (a scope under a lens) as a list that is never held in memory.
 *
 * Places are (chunk, row). Which rows of a chunk belong to the list is worked out when that chunk
 * is needed and kept at one bit an event or less. Chunks whose summary excludes them are not
 * decoded. Texts of events are made for the rows that are shown, from the state at that moment.
 *
 * All that may take long works in slices: INS_PENDING means "call again, with the same question".
 */
#ifndef INS_EVLIST_H
#define INS_EVLIST_H

#include "inspect/model/cond.h"
#include "inspect/model/model_scope.h"
#include "inspect/model/only.h"
#include "inspect/model/events/walk.h"

enum ins_answer { INS_FOUND, INS_END, INS_PENDING };

struct ins_evpos {
	uint32_t chunk, row;
};

/* A line of the list. */
struct ins_evline {
	struct ins_evpos pos;
	bool used;
	uint64_t num, ts, dur;
	int64_t res;
	uint16_t type, cpu;
	uint32_t tid, pid;
	uint8_t origin;			/* machine */
	struct buf container, comm, args;	/* each followed by a NUL that is not counted */
	bool about_file, about_net;		/* for its colour */
};

struct ins_evlist;

/* Model and lens are borrowed. all: internal events too. */
int ins_evlist__new(struct ins_evlist **ret, struct ins_trace *t, const struct ins_model *m,
		    const struct ins_lens *lens, struct ins_scope scope, bool all);
void ins_evlist__free(struct ins_evlist *l);
/* Before anything is asked of the list: leave out what is not of this kind. */
void ins_evlist__only(struct ins_evlist *l, struct ins_only only);
/*
 * The model has grown, or is through: which processes the scope has is asked again, and what may have changed by that is
 * found again. True: up to this place nothing has, so what was made of the list so far holds.
 */
bool ins_evlist__rescope(struct ins_evlist *l, struct ins_evpos upto);

/*
 * Does an event, which has been entered into a state of the caller's, belong to the list? Before the first event of each
 * batch, batch is called. Of an alert the condition is not asked: it is about another event. For who goes through the trace
 * on their own.
 */
void ins_evlist__batch(struct ins_evlist *l, const struct fmt_batch *b);
bool ins_evlist__has(struct ins_evlist *l, const struct eng_ctx *ctx);

/*
 * The next event of the list after (dir 1) or before (dir -1) a place, which need not be of the
 * list. Works for at most about ns nanoseconds.
 */
enum ins_answer ins_evlist__next(struct ins_evlist *l, struct ins_evpos from, int dir, uint64_t ns,
				 struct ins_evpos *ret);
/* Places before everything and behind everything. */
#define INS_EV_FIRST ((struct ins_evpos){ 0, UINT32_MAX })
#define INS_EV_LAST ((struct ins_evpos){ INS_NONE, 0 })
/* The place just before the event with this number / the first event at or after this time. */
struct ins_evpos ins_evlist__before_num(struct ins_evlist *l, uint64_t num);
enum ins_answer ins_evlist__before_time(struct ins_evlist *l, uint64_t ts, uint64_t ns,
					struct ins_evpos *ret);

/* Count the whole list in the background. True: not finished. */
bool ins_evlist__step(struct ins_evlist *l, uint64_t ns);
/* Events found so far; whether that is all; and how much has been looked at, 0 to 1. */
uint64_t ins_evlist__count(const struct ins_evlist *l, bool *ret_all, double *ret_done);

/*
 * Make the texts of n events, in the order of the list. INS_FOUND: ins_evlist__line gives them now.
 */
enum ins_answer ins_evlist__fill(struct ins_evlist *l, const struct ins_evpos *pos, unsigned n,
				 uint64_t ns);
const struct ins_evline *ins_evlist__line(const struct ins_evlist *l, struct ins_evpos pos);
/* Call fn in the surroundings of one event. */
enum ins_answer ins_evlist__visit(struct ins_evlist *l, struct ins_evpos pos, uint64_t ns,
				  ins_walk_fn fn, void *arg);

static inline int ins_evpos__cmp(struct ins_evpos a, struct ins_evpos b)
{
	if (a.chunk != b.chunk)
		return a.chunk < b.chunk ? -1 : 1;
	return a.row != b.row ? (a.row < b.row ? -1 : 1) : 0;
}

#endif
