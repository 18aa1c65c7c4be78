// SPDX-License-Identifier: Apache-2.0
/* The two threads that carry out plans, and their queues. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/act/act.h"
#include "capture/act/kube/kube.h"
#include "capture/act/notify/notify.h"
#include "capture/priority.h"
#include "capture/thread.h"

/* A plan on its way, with what its quick steps came to. */
struct job {
	struct job *next;
	struct pb_plan *plan;
	struct act_outcome *outcomes;	/* one a step */
	uint32_t n;
};

struct lane {
	struct act *act;
	pthread_t thread;
	bool running;			/* the thread is there */
	bool slow;
	struct job *first, **last;
	unsigned n;
	bool busy;
};

struct act {
	struct act_opts o;
	struct act_env env;
	struct act_counts counts;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct lane lanes[2];		/* quick, slow */
	atomic_bool stop;
};

uint64_t act_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* Whatever is set later, the times of a recording go on as they began. */
static int64_t boot_offset(void)
{
	struct timespec t;
	uint64_t now = act_now();

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)(now - ((uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec));
}

uint64_t act_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* --- steps ------------------------------------------------------------------------------------------------- */

static bool is_slow(const struct pb_step *s)
{
	return s->action->o->what == PB_run || !(s->action->info->flags & PBF_LOCAL);
}

static void report(struct act *a, struct job *j, uint32_t i, const struct pb_part *part, const struct pb_step *s, int error,
		   const char *text, uint64_t at, uint64_t duration)
{
	struct act_result r = { j->plan, part, s, s->verdict, error, text, at, duration };

	j->outcomes[i] = (struct act_outcome){ .step = s, .known = true, .error = error, .text = xstrdup(text) };
	if (s->verdict != PBV_DO)
		a->counts.not_done++;
	else if (error)
		a->counts.failed++;
	else
		a->counts.done++;
	if (a->o.on_result)
		a->o.on_result(a->o.arg, &r);
}

static int do_step(struct act *a, struct job *j, const struct pb_step *s, struct buf *text, struct err *err)
{
	const struct pb_target *t = &j->plan->target;

	switch ((enum pb_do)s->action->o->what) {
	case PB_capture:
		return a->o.capture ? a->o.capture(a->o.arg, j->plan, s, err) :
		       err__set(err, -FMT_E_UNSUPPORTED, "there is no recorder to ask");
	case PB_kill_process:
		return act_kill__process(t, a->env.boot_offset, text, err);
	case PB_kill_container:
		return act_kill__container(t, text, err);
	case PB_freeze:
	case PB_thaw:
		return act_freeze__set(t, s->action->o->what == PB_freeze, text, err);
	case PB_cut_network:
		return act_network__cut(t, &s->action->o->reachable, a->o.pin_dir, text, err);
	case PB_restore_network:
		return act_network__restore(t, a->o.pin_dir, text, err);
	case PB_run:
		return act_run__program(j->plan, s, &a->stop, text, err);
	default:
		if (s->action->info->flags & PBF_KUBE)
			return act_kube__do(&a->env, j->plan, s, text, err);
		return act_notify__do(&a->env, j->plan, s, j->outcomes, j->n, text, err);
	}
}

static void run_step(struct act *a, struct job *j, uint32_t i, const struct pb_part *part, const struct pb_step *s)
{
	uint64_t at = act_now(), start = act_clock();
	struct buf text = { 0 };
	struct err err = { 0 };
	int r = do_step(a, j, s, &text, &err);

	buf__u8(&text, 0);
	report(a, j, i, part, s, r, r ? err.code ? err.msg : err__text(r) : (char *)text.p, at, act_clock() - start);
	buf__done(&text);
}

/* What all steps of a lane get: `do_it` false, they are reported as failed with this reason. */
static void each_step(struct act *a, struct job *j, bool slow, const char *failed)
{
	uint32_t i = 0;

	for (uint32_t p = 0; p < j->plan->n_parts; p++)
		for (uint32_t k = 0; k < j->plan->parts[p].n_steps; k++, i++) {
			const struct pb_step *s = &j->plan->parts[p].steps[k];

			if (j->outcomes[i].known || is_slow(s) != slow)
				continue;
			if (failed) {
				a->counts.dropped++;
				report(a, j, i, &j->plan->parts[p], s, -EBUSY, failed, act_now(), 0);
			} else {
				run_step(a, j, i, &j->plan->parts[p], s);
			}
		}
}

/* Steps that are not to be done. */
static void report_refused(struct act *a, struct job *j)
{
	uint32_t i = 0;

	for (uint32_t p = 0; p < j->plan->n_parts; p++)
		for (uint32_t k = 0; k < j->plan->parts[p].n_steps; k++, i++) {
			const struct pb_step *s = &j->plan->parts[p].steps[k];

			if (s->verdict != PBV_DO)
				report(a, j, i, &j->plan->parts[p], s, 0, s->why ? s->why : "", 0, 0);
		}
}

/* --- jobs -------------------------------------------------------------------------------------------------- */

static struct job *job__new(struct pb_plan *p)
{
	struct job *j = xcalloc(1, sizeof(*j));

	j->plan = p;
	for (uint32_t i = 0; i < p->n_parts; i++)
		j->n += p->parts[i].n_steps;
	j->outcomes = xcalloc(j->n + 1, sizeof(*j->outcomes));
	return j;
}

static void job__free(struct job *j)
{
	for (uint32_t i = 0; i < j->n; i++)
		free(j->outcomes[i].text);
	free(j->outcomes);
	pb_plan__free(j->plan);
	free(j);
}

/* False: the queue is full, or we are ending. */
static bool put(struct lane *l, struct job *j)
{
	struct act *a = l->act;
	bool fits;

	pthread_mutex_lock(&a->lock);
	fits = l->n < ACT_QUEUE && !a->stop;
	if (fits) {
		j->next = NULL;
		*l->last = j;
		l->last = &j->next;
		l->n++;
		pthread_cond_broadcast(&a->changed);
	}
	pthread_mutex_unlock(&a->lock);
	return fits;
}

/* The next one; NULL: it is over. */
static struct job *take(struct lane *l)
{
	struct act *a = l->act;
	struct job *j;

	pthread_mutex_lock(&a->lock);
	l->busy = false;
	pthread_cond_broadcast(&a->changed);
	while (!l->first && !a->stop)
		pthread_cond_wait(&a->changed, &a->lock);
	j = l->first;
	if (j) {
		l->first = j->next;
		l->last = l->first ? l->last : &l->first;
		l->n--;
		l->busy = true;
	}
	pthread_mutex_unlock(&a->lock);
	return j;
}

static void *work(void *arg)
{
	struct lane *l = arg;
	struct act *a = l->act;
	struct job *j;

	while ((j = take(l))) {
		each_step(a, j, l->slow, a->stop ? "the recorder has ended" : NULL);
		if (l->slow || !put(&a->lanes[1], j)) {
			each_step(a, j, true, "too much is waiting to be done");
			job__free(j);
		}
	}
	return NULL;
}

bool act__submit(struct act *a, struct pb_plan *p)
{
	struct job *j = job__new(p);

	report_refused(a, j);
	if (put(&a->lanes[0], j))
		return true;
	each_step(a, j, false, "too much is waiting to be done");
	each_step(a, j, true, "too much is waiting to be done");
	job__free(j);
	return false;
}

bool act__drain(struct act *a, uint64_t timeout_ns)
{
	uint64_t until = act_clock() + timeout_ns;
	struct timespec ts = { (time_t)(until / 1000000000ull), (long)(until % 1000000000ull) };
	bool idle;
	int r = 0;

	pthread_mutex_lock(&a->lock);
	while (!(idle = !a->lanes[0].n && !a->lanes[0].busy && !a->lanes[1].n && !a->lanes[1].busy) && !r)
		r = pthread_cond_timedwait(&a->changed, &a->lock, &ts);
	pthread_mutex_unlock(&a->lock);
	return idle;
}

const struct act_counts *act__counts(const struct act *a)
{
	return &a->counts;
}

static int start(struct lane *l, struct err *err)
{
	int r = cap_thread__start(&l->thread, work, l);

	l->running = !r;
	return r ? err__set(err, r, "cannot start the thread of playbooks: %s", strerror(-r)) : 0;
}

int act__new(struct act **ret, const struct act_opts *o, struct err *err)
{
	struct act *a = xcalloc(1, sizeof(*a));
	pthread_condattr_t clock;
	int r = 0;

	a->o = *o;
	a->env = (struct act_env){ .o = &a->o, .stop = &a->stop, .boot_offset = boot_offset() };
	cap_priority__mutex(&a->lock);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&a->changed, &clock);
	pthread_condattr_destroy(&clock);
	act_network__sweep(o->pin_dir);
	for (unsigned i = 0; i < 2 && !r; i++) {
		a->lanes[i] = (struct lane){ .act = a, .slow = i == 1 };
		a->lanes[i].last = &a->lanes[i].first;
		r = start(&a->lanes[i], err);
	}
	if (r) {
		act__free(a);
		return r;
	}
	*ret = a;
	return 0;
}

void act__free(struct act *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_broadcast(&a->changed);
	pthread_mutex_unlock(&a->lock);
	for (unsigned i = 0; i < 2; i++)
		if (a->lanes[i].running)
			pthread_join(a->lanes[i].thread, NULL);
	act_kube__free(a->env.kube);
	playbook__unref(a->env.kube_pb);
	act_network__done();
	pthread_cond_destroy(&a->changed);
	pthread_mutex_destroy(&a->lock);
	free(a);
}
