// SPDX-License-Identifier: Apache-2.0
/*
 * After a loss of what carries state: what is there is read again.
 *
 * When the rings have emptied, tasks and descriptors are walked as at the beginning. The rows go
 * into the trace where the events have come to the time of the walk: they say "read again", which
 * makes whoever reads them forget what he knew of a process's descriptors before, and take a process
 * of another start for another. Threads that the state has and the machine has not have ended
 * without being seen to: that is said a little later, when an end that was seen after all has come.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/record/recorder_internal.h"

#define HEAL_PAUSE_NS 1000000000u	/* between two walks */
#define HEAL_FILL 0.25			/* rings fuller than this have other worries */
#define GONE_NS 200000000u

struct cap_gone {
	int64_t tid, pid;
	uint64_t start;
};

void cap_heal__note(struct cap_recorder *r, const struct cap_loss *loss)
{
	r->heal.due |= loss->lane[LANE_KEY] || loss->lane[LANE_LIFE];
	r->heal.lives |= loss->lane[LANE_LIFE] != 0;
}

void cap_heal__done(struct cap_heal *h)
{
	cap_snapshot__free(h->snap);
	free(h->gone);
	*h = (struct cap_heal){ 0 };
}

static int begin(struct cap_recorder *r, struct err *err)
{
	struct cap_heal *h = &r->heal;
	int code = cap_snapshot__again(&h->snap, r->driver, &r->dec, h->lives, err);

	if (!code)
		h->ts = cap_snapshot__ts(h->snap);
	h->due = h->lives = false;
	return code;
}

/* --- rows ------------------------------------------------------------------------------------- */

struct sink {
	struct cap_recorder *r;
	struct err *err;
};

static int rows_full(void *arg, struct fmt_batch *b)
{
	struct sink *s = arg;
	struct cap_recorder *r = s->r;
	int code = 0;

	eng_detector__feed(r->detector, b, true, 0, b->n);
	for (uint32_t i = 0; i < b->n && !code; i++) {
		struct fmt_ev ev = fmt_batch__ev(b, i);

		if (fmt_batch__full(r->batch))
			code = cap_recorder__flush(r, s->err);
		if (fmt_batch__copy(r->batch, &ev) >= 0)
			r->events++;
	}
	fmt_batch__reset(b, 1);
	return code;
}

struct absent {
	struct cap_heal *h;
	size_t cap;
};

static void see_absent(struct eng_proc *p, void *arg)
{
	struct absent *a = arg;
	struct cap_heal *h = a->h;

	for (const struct eng_thread *t = p->dead ? NULL : p->threads; t; t = t->next) {
		if (cap_snapshot__has(h->snap, (uint32_t)t->tid))
			continue;
		h->gone = xgrow(h->gone, &a->cap, h->n_gone + 1, sizeof(*h->gone));
		h->gone[h->n_gone++] = (struct cap_gone){ t->tid, p->pid, t->start };
	}
}

int cap_heal__apply(struct cap_recorder *r, struct err *err)
{
	struct cap_heal *h = &r->heal;
	struct sink s = { r, err };
	int code;

	fmt_batch__reset(r->keyframe, 1);
	code = cap_snapshot__rows_again(h->snap, r->keyframe, rows_full, &s);
	code = code ? code : rows_full(&s, r->keyframe);
	/* The rules' memory was about that batch. */
	eng_detector__feed(r->detector, r->look ? r->look : r->batch, false, 0, 0);
	free(h->gone);
	h->gone = NULL;
	h->n_gone = 0;
	eng_state__each_proc(r->state, see_absent, &(struct absent){ .h = h });
	cap_snapshot__free(h->snap);
	h->snap = NULL;
	h->done_at = cap_recorder__now(r);
	return code;
}

/* --- ends that nobody saw --------------------------------------------------------------------- */

static bool has_gone(const struct cap_gone *g)
{
	return syscall(SYS_tgkill, g->pid, g->tid, 0) && errno == ESRCH;
}

/* How it ended is not known: the row has no status. */
static void end_row(struct cap_recorder *r, const struct cap_gone *g)
{
	const struct eng_thread *t = eng_state__thread(r->state, g->tid);
	struct fmt_batch *b;
	uint32_t first;

	if (!t || t->proc->pid != g->pid || t->start != g->start || !has_gone(g))
		return;
	b = cap_recorder__for_rows(r, &first);
	if (fmt_batch__begin(b, EV_procexit, r->complete_to, 0, (uint32_t)g->tid,
			     (uint32_t)g->pid, 0, 0) < 0)
		return;
	fmt_batch__end(b);
	cap_recorder__rows_made(r, b, first);
}

bool cap_heal__has_work(const struct cap_heal *h)
{
	return h->snap || h->n_gone || h->due;
}

int cap_heal__round(struct cap_recorder *r, struct err *err)
{
	struct cap_heal *h = &r->heal;
	uint64_t now = cap_recorder__now(r);
	int code = 0;

	if (h->snap && r->complete_to > h->ts)
		return cap_heal__apply(r, err);
	while (h->n_gone && now > h->done_at + GONE_NS && !code) {
		end_row(r, &h->gone[--h->n_gone]);
		if (fmt_batch__full(r->batch))
			code = cap_recorder__flush(r, err);
	}
	if (!code && !h->snap && !h->n_gone && h->due && now > h->done_at + HEAL_PAUSE_NS &&
	    cap_rings__fill(r->driver) < HEAL_FILL)
		code = begin(r, err);
	return code;
}
