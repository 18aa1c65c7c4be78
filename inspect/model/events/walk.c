// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "inspect/model/events/walk.h"

#define SLICE_ROWS 2048u
#define MAX_SAVED 16u		/* batches; a larger state is made again from the keyframe */

struct ins_walk {
	struct ins_trace *t;
	struct eng_state *st;
	struct fmt_batch *b;		/* the chunk `chunk`, if loaded */
	struct fmt_batch *saved[MAX_SAVED];	/* the state at row 0 of `chunk`, if has_saved */
	unsigned n_saved;		/* of them in use */
	uint32_t chunk, row;		/* rows before `row` are applied */
	bool loaded, has_saved;
	bool valid;			/* st is the state at (chunk, row) */
	bool all;			/* b was decoded as wanted, not only what the state needs */
	struct fmt_want state_want, want;
};

int ins_walk__new(struct ins_walk **ret, struct ins_trace *t, const struct fmt_want *want)
{
	struct ins_walk *w = xcalloc(1, sizeof(*w));
	struct fmt_source as;
	int r;

	w->t = t;
	w->chunk = INS_NONE;
	r = eng_state__new(&w->st);
	if (!r)
		r = fmt_batch__new(&w->b);
	if (r < 0) {
		ins_walk__free(w);
		return r;
	}
	eng_state__describe(w->st, t->meta.hostname, t->meta.start_ns);
	fmt_reader__as_source(t->r, &as);
	eng_state__name_origins(w->st, &as);
	w->state_want = (struct fmt_want){ .by_type = true, .no_payload = true };
	eng_state__want(&w->state_want);
	if (want)
		w->want = *want;
	if (want && want->by_type)
		eng_state__want(&w->want);
	*ret = w;
	return 0;
}

void ins_walk__free(struct ins_walk *w)
{
	if (!w)
		return;
	eng_state__free(w->st);
	fmt_batch__free(w->b);
	for (unsigned i = 0; i < MAX_SAVED; i++)
		fmt_batch__free(w->saved[i]);
	free(w);
}

uint32_t ins_walk__chunk(const struct ins_walk *w)
{
	return w->loaded && w->all ? w->chunk : INS_NONE;
}

const struct fmt_batch *ins_walk__batch(const struct ins_walk *w)
{
	return w->b;
}

static void apply(struct ins_walk *w, const struct fmt_batch *b, uint32_t row, ins_walk_fn fn,
		  void *arg)
{
	struct fmt_ev ev = fmt_batch__ev(b, row);
	struct eng_ctx ctx;

	eng_state__enter(w->st, &ev, &ctx);
	if (fn)
		fn(arg, &ctx);
	eng_state__leave(w->st, &ctx);
}

/* Apply the rest of the loaded chunk until the deadline; true when it is at its end. */
static bool finish_chunk(struct ins_walk *w, uint64_t until)
{
	while (w->row < w->b->n) {
		apply(w, w->b, w->row++, NULL, NULL);
		if (!(w->row % SLICE_ROWS) && ins_now() > until)
			return false;
	}
	return true;
}

static int next_saved(void *arg, struct fmt_batch **b)
{
	struct ins_walk *w = arg;
	int r = 0;

	if (w->n_saved >= MAX_SAVED)
		return -FMT_E_LIMIT;
	if (!w->saved[w->n_saved])
		r = fmt_batch__new(&w->saved[w->n_saved]);
	if (r < 0)
		return r;
	*b = w->saved[w->n_saved++];
	fmt_batch__reset(*b, 1);
	return 0;
}

static void save(struct ins_walk *w)
{
	struct fmt_batch *first;

	w->n_saved = 0;
	w->has_saved = !next_saved(w, &first) &&
		       eng_state__save(w->st, w->b->n ? w->b->ts[0] : 0, first, next_saved, w) >= 0;
}

static int load(struct ins_walk *w, uint32_t chunk, bool all)
{
	int r = ins_trace__read(w->t, chunk, all ? &w->want : &w->state_want, w->b);

	if (chunk < w->t->n_read && w->t->chunks[chunk].anew)
		eng_state__reset(w->st);
	w->chunk = chunk;
	w->row = 0;
	w->loaded = r >= 0;
	w->all = all;
	w->has_saved = false;
	if (r < 0)
		w->b->n = 0;
	return r;
}

/* Is it shorter to go on from here than to begin at the target's keyframe? */
static bool can_go_on(const struct ins_walk *w, uint32_t target)
{
	return w->valid && w->chunk < target && ins_trace__keyframe(w->t, target) <= w->chunk + 1;
}

int ins_walk__to(struct ins_walk *w, uint32_t chunk, uint64_t ns)
{
	uint64_t until = ins_now() + ns;
	int r;

	if (w->valid && w->chunk == chunk && w->loaded && w->all)
		return 0;
	if (w->chunk >= chunk || !can_go_on(w, chunk)) {
		eng_state__reset(w->st);
		w->valid = true;
		w->row = 0;
		load(w, ins_trace__keyframe(w->t, chunk), false);
	}
	while (w->chunk < chunk) {
		/* the state misses what a damaged chunk held, until the next keyframe */
		if (!finish_chunk(w, until))
			return 1;
		if (w->chunk + 1 == chunk)
			break;
		load(w, w->chunk + 1, false);
		if (ins_now() > until)
			return 1;
	}
	r = load(w, chunk, true);
	if (r < 0) {
		w->valid = false;
		return r;
	}
	save(w);
	return 0;
}

/* Back to row 0 of the loaded chunk. */
static void rewind_chunk(struct ins_walk *w)
{
	uint32_t chunk = w->chunk;

	if (w->has_saved) {
		eng_state__reset(w->st);
		for (unsigned k = 0; k < w->n_saved; k++)
			for (uint32_t i = 0; i < w->saved[k]->n; i++)
				apply(w, w->saved[k], i, NULL, NULL);
		w->row = 0;
		return;
	}
	/* the state was too large to keep: from the keyframe again */
	w->valid = false;
	w->chunk = INS_NONE;
	while (ins_walk__to(w, chunk, 1000000000u) == 1)
		;
}

void ins_walk__run(struct ins_walk *w, uint32_t from, uint32_t to, ins_walk_fn fn, void *arg)
{
	if (from < w->row)
		rewind_chunk(w);
	if (to > w->b->n)
		to = w->b->n;
	for (; w->row < to; w->row++)
		apply(w, w->b, w->row, w->row >= from ? fn : NULL, arg);
}
