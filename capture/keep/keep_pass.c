// SPDX-License-Identifier: Apache-2.0
/* Files of containers: one pass over the ring cuts all of them that are at the same place. */
#include <stdlib.h>

#include "capture/keep/keep_internal.h"
#include "format/base/alloc.h"

/* --- who is in it --------------------------------------------------------------------------------- */

struct cap_pass *cap_pass__new(struct cap_keep *k, struct cap_job *j)
{
	struct cap_pass *p = xcalloc(1, sizeof(*p));

	p->jobs = j;
	p->n = 1;
	j->pass = p;
	p->next = k->passes;
	k->passes = p;
	k->st.passes++;
	return p;
}

void cap_pass__free(struct cap_keep *k, struct cap_pass *p)
{
	struct cap_pass **at = &k->passes;

	pthread_mutex_lock(&k->lock);
	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	k->st.passes--;
	pthread_mutex_unlock(&k->lock);
	cut_pass__free(p->cuts);
	fmt_source__close(p->source);
	free(p);
}

/* Complete, or failed: what is left to do, any worker does. */
static void leave(struct cap_keep *k, struct cap_pass *p, struct cap_job *j, int code, const struct err *err)
{
	struct cap_job **at = &p->jobs;

	while (*at != j)
		at = &(*at)->in_pass;
	*at = j->in_pass;
	if (j->cut)
		cut_pass__remove(p->cuts, j->cut);
	j->over = true;
	j->code = code;
	j->why = *err;
	pthread_mutex_lock(&k->lock);
	p->n--;
	j->pass = NULL;
	j->next_at = 0;
	pthread_cond_broadcast(&k->work);
	pthread_mutex_unlock(&k->lock);
}

static void end_job(struct cap_keep *k, struct cap_pass *p, struct cap_job *j)
{
	struct err err = { 0 };
	int code = cap_job__causes(k, j, UINT64_MAX, &err);

	leave(k, p, j, code ? code : cut__finish(j->cut, &err), &err);
}

static void enter(struct cap_keep *k, struct cap_pass *p, struct cap_job *j)
{
	struct err err = { 0 };
	int code = cap_job__begin(k, j, &err);

	if (code)
		leave(k, p, j, code, &err);
	else
		cut_pass__add(p->cuts, j->cut);
}

/* A file that waits for its turn and begins behind ts; not so far that reading up to there would take longer than itself. */
static struct cap_job *find_waiting(struct cap_keep *k, struct cap_pass *p, uint64_t ts)
{
	uint64_t now = cap_ring__now(k->o.ring);
	struct cap_job *j;

	pthread_mutex_lock(&k->lock);
	for (j = k->st.open < k->o.max_open && p->n < CUT_PASS_MAX ? k->jobs : NULL; j; j = j->next)
		if (!j->started && *j->container && j->from >= ts && (j->from >= now || j->from - ts <= now - j->from))
			break;
	if (j) {
		cap_keep__start(k, j);
		j->pass = p;
		j->in_pass = p->jobs;
		p->jobs = j;
		p->n++;
	}
	pthread_mutex_unlock(&k->lock);
	return j;
}

static void take_up(struct cap_keep *k, struct cap_pass *p)
{
	struct cap_job *j;

	while (p->b->n && (j = find_waiting(k, p, p->b->ts[0])) != NULL)
		enter(k, p, j);
}

/* --- reading ------------------------------------------------------------------------------------------ */

/* what: see look(). */
static bool is_complete(struct cap_keep *k, const struct cap_pass *p, struct cap_job *j, int what, uint64_t upto)
{
	bool stop;
	uint64_t to = cap_job__to(k, j, &stop);
	bool past = !what && !p->info.keyframe && fmt_batch__is_past(p->b, to);
	bool over = what == 1 || past || (what == FMT_SOURCE_WAIT && (upto > to || stop)) || j->short_ended;

	if (what == FMT_SOURCE_WAIT && cap_ring__now(k->o.ring) > to)
		cap_ring__hurry(k->o.ring);
	return over && cap_job__close_for(k, j, to, what == 1 || stop || j->short_ended);
}

/* Read the next batch, as fmt_source__next; those whose time is over leave. */
static int look(struct cap_keep *k, struct cap_pass *p)
{
	uint64_t upto = cap_ring__upto(k->o.ring);
	struct err err = { 0 };
	int what = fmt_source__next(p->source, &p->b, &p->info, &err);

	for (struct cap_job *j = p->jobs, *next; j; j = next) {
		next = j->in_pass;
		if (what < 0)
			leave(k, p, j, what, &err);
		else if (is_complete(k, p, j, what, upto))
			end_job(k, p, j);
	}
	p->at_hand = !what;
	return what;
}

static int after_batch(struct cap_keep *k, struct cap_pass *p, struct cap_job *j, struct err *err)
{
	int code = cut__error(j->cut, err);

	if (!code && p->at_hand && !p->info.keyframe && p->b->n)
		code = cap_job__causes(k, j, p->b->ts[p->b->n - 1], err);
	return code ? code : cap_job__look_after(k, j, err);
}

static void look_after(struct cap_keep *k, struct cap_pass *p)
{
	for (struct cap_job *j = p->jobs, *next; j; j = next) {
		struct err err = { 0 };
		int code = after_batch(k, p, j, &err);

		next = j->in_pass;
		if (code)
			leave(k, p, j, code, &err);
	}
}

/* The batch at hand goes to the cuts. */
static void take(struct cap_keep *k, struct cap_pass *p)
{
	if (!p->info.keyframe && p->b->n && p->b->type[0] == EV_drop && p->source->lost > p->lost) {
		cap_keep__count_loss(k, (p->source->lost - p->lost) * p->n);
		p->lost = p->source->lost;
	}
	cut_pass__batch(p->cuts, p->b, &p->info);
	look_after(k, p);
	p->at_hand = false;
}

/* Is any file to end before its time? */
static bool is_short(const struct cap_pass *p)
{
	bool found = false;

	for (const struct cap_job *j = p->jobs; j; j = j->in_pass)
		found |= j->short_ended;
	return found;
}

/* --- passes come together --------------------------------------------------------------------------------- */

static bool is_at(const struct cap_pass *p, uint64_t segment)
{
	return p->at_hand && p->info.segment && p->b->first_num == segment;
}

/* Another one that is in the same segment, or waits at its end; the caller has it then. *ret_comes: one will be here soon. */
static struct cap_pass *find_other(struct cap_keep *k, struct cap_pass *p, uint64_t segment, bool *ret_comes)
{
	struct cap_pass *found = NULL;

	*ret_comes = false;
	pthread_mutex_lock(&k->lock);
	for (struct cap_pass *q = k->passes; q && !found; q = q->next) {
		bool near = q->standing == segment || (p->segment && q->segment == p->segment);

		if (q == p || !near || q->n + p->n > CUT_PASS_MAX)
			continue;
		if (q->busy)
			*ret_comes = true;
		else
			found = q;
	}
	if (found)
		found->busy = true;
	pthread_mutex_unlock(&k->lock);
	return found;
}

/* Go on to where the segment begins; false: it is not there. */
static bool catch_up(struct cap_keep *k, struct cap_pass *q, uint64_t segment)
{
	while (q->jobs && !is_at(q, segment)) {
		if (q->at_hand && q->info.segment)
			return false;
		if (q->at_hand)
			take(k, q);
		else if (look(k, q))
			return false;
	}
	return true;
}

static void join(struct cap_keep *k, struct cap_pass *p, struct cap_pass *q)
{
	struct cap_job *j;

	while ((j = q->jobs) != NULL) {
		q->jobs = j->in_pass;
		cut_pass__add(p->cuts, j->cut);
		pthread_mutex_lock(&k->lock);
		j->in_pass = p->jobs;
		p->jobs = j;
		j->pass = p;
		p->n++;
		q->n--;
		pthread_mutex_unlock(&k->lock);
	}
	cap_pass__free(k, q);
}

static void set_place(struct cap_keep *k, struct cap_pass *p, uint64_t segment, uint64_t standing)
{
	pthread_mutex_lock(&k->lock);
	p->segment = segment;
	p->standing = standing;
	pthread_mutex_unlock(&k->lock);
}

/*
 * Where a segment begins: take in whoever is here, or not far. false: one is about to come, and will take this
 * one in.
 */
static bool gather(struct cap_keep *k, struct cap_pass *p)
{
	uint64_t segment = p->b->first_num;
	struct cap_pass *q;
	bool comes;

	while ((q = find_other(k, p, segment, &comes)) != NULL) {
		bool here = catch_up(k, q, segment);

		if (here) {
			join(k, p, q);
			continue;
		}
		pthread_mutex_lock(&k->lock);
		q->busy = false;
		pthread_mutex_unlock(&k->lock);
		break;
	}
	if (comes && !p->stood) {
		p->stood = true;
		set_place(k, p, p->segment, segment);
		return false;
	}
	p->stood = false;
	set_place(k, p, segment, 0);
	take_up(k, p);
	return true;
}

/* --- a step --------------------------------------------------------------------------------------------------- */

static void open_source(struct cap_keep *k, struct cap_pass *p)
{
	struct err err = { 0 };
	int code = cap_ring__read(&p->source, k->o.ring, p->jobs->from, &err);

	if (code) {
		leave(k, p, p->jobs, code, &err);
		return;
	}
	cut_pass__new(&p->cuts, p->source);
	enter(k, p, p->jobs);
}

enum cap_step cap_pass__step(struct cap_keep *k, struct cap_pass *p)
{
	if (!p->source)
		open_source(k, p);
	while (p->jobs) {
		int what = p->at_hand ? 0 : look(k, p);

		if (what == FMT_SOURCE_WAIT) {
			look_after(k, p);
			if (!is_short(p) && p->jobs)
				return CAP_STEP_WAIT;
		}
		if (!p->at_hand || !p->jobs)
			continue;
		if (p->info.segment && !gather(k, p))
			return CAP_STEP_WAIT;
		take(k, p);
	}
	return CAP_STEP_DONE;
}
