// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/containers/namer.h"
#include "capture/priority.h"
#include "capture/privilege.h"
#include "capture/thread.h"

#define SOON_NS 3000000u
#define SOON_TRIES 50u
#define TRIES 61u			/* six seconds in all */
#define REFRESH_NS 1000000000u
#define MAX_QUESTIONS 4096u

struct question {
	char full_id[65];
	uint32_t pid;
	bool begun;
	unsigned tries;
	uint64_t next_try, delay;
	bool fresh;			/* not looked at since it was asked */
	bool hurry;
	bool answered;
	uint64_t told;			/* hash of what was answered */
};

struct cap_namer {
	pthread_mutex_t lock;
	pthread_cond_t wake, settled;
	pthread_t thread;
	bool running, stop, with_env;
	struct question *q;
	size_t n_q, cap_q;
	struct cap_answer *a;
	size_t n_a, cap_a, first_a;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct timespec at(uint64_t ns)
{
	return (struct timespec){ (time_t)(ns / 1000000000u), (long)(ns % 1000000000u) };
}

static struct question *find(struct cap_namer *n, const char *full_id)
{
	for (size_t i = 0; i < n->n_q; i++)
		if (!strcmp(n->q[i].full_id, full_id))
			return &n->q[i];
	return NULL;
}

/* --- the thread ---------------------------------------------------------------------------------- */

static uint64_t hash(const struct buf *b)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < b->len; i++)
		h = (h ^ b->p[i]) * 0x100000001b3u;
	return h | 1;
}

static void push(struct cap_namer *n, const struct cap_answer *a)
{
	n->a = xgrow(n->a, &n->cap_a, n->n_a + 1, sizeof(*n->a));
	n->a[n->n_a++] = *a;
}

/* Whether the question is closed. */
static bool take_look(struct cap_namer *n, struct question *q, struct cap_answer *a)
{
	uint64_t h = a->found ? hash(&a->info.json) : 0;
	bool provisional = a->info.provisional;

	q->fresh = false;
	q->tries++;
	a->last = q->hurry || q->answered || q->tries >= TRIES;
	/* what is said when it is gone is no more than what was known */
	if (a->found && (h == q->told || (provisional && q->answered))) {
		a->found = false;
		buf__done(&a->info.json);
	}
	if (a->found || a->last)
		push(n, a);
	else
		buf__done(&a->info.json);
	q->told = h ? h : q->told;
	if (h && !provisional) {
		q->answered = true;
		q->delay = REFRESH_NS;
	} else if (q->tries > SOON_TRIES) {
		q->delay *= 2;
	}
	q->next_try = now_ns() + q->delay;
	return a->last;
}

static void look(struct cap_namer *n, const char *id)
{
	struct question *q = find(n, id);
	struct cap_answer a = { .info = { .with_env = n->with_env } };
	uint32_t pid = q->pid;
	bool hurry = q->hurry, begun = q->begun, same;

	memcpy(a.full_id, q->full_id, sizeof(a.full_id));
	pthread_mutex_unlock(&n->lock);
	a.found = cap_container__look_up(&a.info, a.full_id, pid, begun);
	pthread_mutex_lock(&n->lock);
	q = find(n, a.full_id);
	/* what was asked meanwhile is another look's */
	same = hurry == q->hurry && pid == q->pid && begun == q->begun;
	if (!same)
		buf__done(&a.info.json);
	else if (take_look(n, q, &a))
		*q = n->q[--n->n_q];
	pthread_cond_broadcast(&n->settled);
}

/* The question that is due first, or NULL. */
static struct question *next(struct cap_namer *n)
{
	struct question *first = NULL;

	for (size_t i = 0; i < n->n_q; i++)
		if (!first || n->q[i].next_try < first->next_try)
			first = &n->q[i];
	return first;
}

static void *run(void *arg)
{
	struct cap_namer *n = arg;

	/* It may have been made before the recorder gave anything up, and it reads what containers have written. */
	cap_privilege__drop(false);
	cap_privilege__confine(CAP_ROLE_NAMES, NULL);
	pthread_mutex_lock(&n->lock);
	while (!n->stop) {
		struct question *q = next(n);
		char id[65];

		if (q && q->next_try <= now_ns()) {
			memcpy(id, q->full_id, sizeof(id));
			look(n, id);
		} else if (q) {
			struct timespec t = at(q->next_try);

			pthread_cond_timedwait(&n->wake, &n->lock, &t);
		} else {
			pthread_cond_wait(&n->wake, &n->lock);
		}
	}
	pthread_mutex_unlock(&n->lock);
	return NULL;
}

/* --- the caller's ---------------------------------------------------------------------------------- */

static bool begin(struct cap_namer *n)
{
	if (!n->running)
		n->running = !cap_thread__start(&n->thread, run, n);
	return n->running;
}

int cap_namer__new(struct cap_namer **ret, bool with_env)
{
	struct cap_namer *n = xcalloc(1, sizeof(*n));
	pthread_condattr_t clock;

	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	cap_priority__mutex(&n->lock);
	pthread_cond_init(&n->wake, &clock);
	pthread_cond_init(&n->settled, &clock);
	pthread_condattr_destroy(&clock);
	n->with_env = with_env;
	begin(n);			/* if it cannot, each question tries again */
	*ret = n;
	return 0;
}

void cap_namer__free(struct cap_namer *n)
{
	struct cap_answer a;

	if (!n)
		return;
	if (n->running) {
		pthread_mutex_lock(&n->lock);
		n->stop = true;
		pthread_cond_signal(&n->wake);
		pthread_mutex_unlock(&n->lock);
		pthread_join(n->thread, NULL);
	}
	while (cap_namer__answer(n, &a))
		buf__done(&a.info.json);
	pthread_mutex_destroy(&n->lock);
	pthread_cond_destroy(&n->wake);
	pthread_cond_destroy(&n->settled);
	free(n->q);
	free(n->a);
	free(n);
}

void cap_namer__ask(struct cap_namer *n, const char *full_id, uint32_t pid, bool begun)
{
	struct question *q;

	if (!begin(n))
		return;
	pthread_mutex_lock(&n->lock);
	q = find(n, full_id);
	if (!q && n->n_q < MAX_QUESTIONS) {
		n->q = xgrow(n->q, &n->cap_q, n->n_q + 1, sizeof(*n->q));
		q = &n->q[n->n_q++];
		*q = (struct question){ .delay = SOON_NS };
		memcpy(q->full_id, full_id, strnlen(full_id, sizeof(q->full_id) - 1));
	}
	if (q) {
		q->pid = pid;
		q->begun = begun;
		if (q->hurry)		/* of one that has ended: this is its successor */
			q->hurry = q->answered = false;
		q->fresh = !q->answered;
		if (q->fresh)
			q->next_try = 0;
		pthread_cond_signal(&n->wake);
	}
	pthread_mutex_unlock(&n->lock);
}

void cap_namer__hurry(struct cap_namer *n, const char *full_id)
{
	struct question *q;

	pthread_mutex_lock(&n->lock);
	q = find(n, full_id);
	if (q) {
		q->hurry = q->fresh = true;
		q->next_try = 0;
		pthread_cond_signal(&n->wake);
	}
	pthread_mutex_unlock(&n->lock);
}

bool cap_namer__answer(struct cap_namer *n, struct cap_answer *ret)
{
	bool is;

	pthread_mutex_lock(&n->lock);
	is = n->first_a < n->n_a;
	if (is)
		*ret = n->a[n->first_a++];
	else
		n->first_a = n->n_a = 0;
	pthread_mutex_unlock(&n->lock);
	return is;
}

bool cap_namer__busy(struct cap_namer *n)
{
	bool busy;

	pthread_mutex_lock(&n->lock);
	busy = n->first_a < n->n_a;
	for (size_t i = 0; i < n->n_q && !busy; i++)
		busy = n->q[i].fresh;
	pthread_mutex_unlock(&n->lock);
	return busy;
}

void cap_namer__settle(struct cap_namer *n, unsigned ms)
{
	struct timespec until = at(now_ns() + ms * 1000000ull);

	pthread_mutex_lock(&n->lock);
	for (size_t i = 0; n->running && i < n->n_q;)
		if (!n->q[i].fresh)
			i++;
		else if (pthread_cond_timedwait(&n->settled, &n->lock, &until))
			break;
		else
			i = 0;
	pthread_mutex_unlock(&n->lock);
}
