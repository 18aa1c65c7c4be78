// SPDX-License-Identifier: Apache-2.0
/* Triggers, the queue of files, and the threads that make them. */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "capture/keep/keep_internal.h"
#include "capture/priority.h"
#include "capture/privilege.h"
#include "format/base/alloc.h"
#include "format/base/log.h"
#include "format/file/encoders.h"

#define WORKERS 2u
#define MAX_OPEN 16u
#define MAX_WAITING 256u
#define MAX_CAUSES 256u
#define NICE -5			/* a little work, wanted soon; the recording thread, which makes these, has less */
#define LOOK_NS 200000000u		/* how often an open file looks for more */
#define STAND_NS 2000000u		/* and a pass that waits for another */
#define END_NS 30000000000u
#define SWEEP_NS 60000000000u		/* how often the directory is looked at anyway */

uint64_t cap_keep__mono(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void cap_cause__free(struct cap_cause *c)
{
	if (!c)
		return;
	free(c->alert);
	free(c->rule);
	free(c->reason);
	free(c);
}

/* --- triggers ------------------------------------------------------------------------------------------ */

static uint64_t key_of(const char *container, const char *rule)
{
	uint64_t h = strtab__hash(container, strlen(container));

	return (h ^ strtab__hash(rule, strlen(rule)) * 0x9e3779b97f4a7c15u) | 1;
}

/* May this container and rule have one more file? */
static bool take_rate(struct cap_keep *k, uint64_t key)
{
	uint64_t now = cap_keep__mono();
	struct cap_rate *r = NULL, *oldest = &k->rates[0];

	if (!k->o.rate_files)
		return true;
	for (struct cap_rate *c = k->rates; c < k->rates + CAP_KEEP_RATES && !r; c++) {
		if (c->key == key)
			r = c;
		else if (c->since < oldest->since)
			oldest = c;
	}
	if (!r || now - r->since >= k->o.rate_ns) {
		r = r ? r : oldest;
		*r = (struct cap_rate){ .key = key, .since = now };
	}
	if (r->n >= k->o.rate_files)
		return false;
	r->n++;
	return true;
}

static char *copy_or_null(const char *s)
{
	return s && *s ? xstrdup(s) : NULL;
}

/* While a file waits for its turn, who can ask can ask often: what is kept of it has an end. */
static bool too_many_causes(struct cap_job *j)
{
	unsigned n = 0;

	for (struct cap_cause *c = j->causes; c; c = c->next)
		n++;
	if (n < MAX_CAUSES)
		return false;
	if (!j->causes_full)
		log_warn("%s: further alerts of other tools will not be in it: %u wait", j->name, n);
	j->causes_full = true;
	return true;
}

static void add_cause(struct cap_job *j, const struct cap_trigger *t, uint64_t time)
{
	struct cap_cause *c, **at = &j->causes;

	if (too_many_causes(j))
		return;
	c = xcalloc(1, sizeof(*c));
	*c = (struct cap_cause){ .time = time, .priority = t->priority, .tid = t->tid, .pid = t->pid };
	c->alert = t->recorded ? NULL : copy_or_null(t->alert);
	c->rule = copy_or_null(t->rule);
	c->reason = copy_or_null(t->reason);
	if (!c->alert) {
		cap_cause__free(c);
		return;
	}
	while (*at && (*at)->time <= time)
		at = &(*at)->next;
	c->next = *at;
	*at = c;
}

static struct cap_job *find_open(struct cap_keep *k, uint64_t key)
{
	struct cap_job *j = k->jobs;

	while (j && (j->closing || j->key != key))
		j = j->next;
	return j;
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static struct cap_job *add_job(struct cap_keep *k, const struct cap_trigger *t, uint64_t time, uint64_t key,
			       const char *host)
{
	struct cap_job *j = xcalloc(1, sizeof(*j)), **at = &k->jobs;
	const char *container = t->container ? t->container : "", *rule = t->rule ? t->rule : "";

	j->id = k->next_id++;
	j->key = key;
	j->container = xstrdup(container);
	j->rule = xstrdup(rule);
	j->reason = xstrdup(t->reason && *t->reason ? t->reason : rule);
	j->from = time > t->before_ns ? time - t->before_ns : 0;
	j->to = sum(time, t->after_ns);
	j->asked = cap_ring__now(k->o.ring);
	cap_keep__name(host, container, rule, time, j->id, j->name);
	while (*at)
		at = &(*at)->next;
	*at = j;
	k->st.waiting++;
	return j;
}

static bool is_id(const char *c)
{
	size_t n = strlen(c);

	return n < 256 && !memchr(c, '\n', n);
}

/* With the lock held. */
static int take(struct cap_keep *k, const struct cap_trigger *t, const char *host, struct cap_job **ret, struct err *err)
{
	uint64_t time = t->time ? t->time : cap_ring__now(k->o.ring);
	const char *container = t->container ? t->container : "";
	uint64_t key = key_of(container, t->rule ? t->rule : "");
	struct cap_job *j = find_open(k, key);

	k->st.triggers++;
	if (j) {
		if (sum(time, t->after_ns) > j->to)
			j->to = sum(time, t->after_ns);
		k->st.extended++;
	} else if (k->st.waiting >= k->o.max_waiting) {
		k->st.refused_busy++;
		return err__set(err, -EBUSY, "%u files are waiting to be made already", k->o.max_waiting);
	} else if (!take_rate(k, key)) {
		k->st.refused_rate++;
		return err__set(err, -EDQUOT, "this container and rule have had their %llu files for now",
				(unsigned long long)k->o.rate_files);
	} else {
		j = add_job(k, t, time, key, host);
	}
	add_cause(j, t, time);
	*ret = j;
	return 0;
}

int cap_keep__trigger(struct cap_keep *k, const struct cap_trigger *t, char **ret_name, uint64_t *ret_id, struct err *err)
{
	struct cap_job *j = NULL;
	struct fmt_meta meta;
	int code;

	if (!cap_ring__meta(k->o.ring, &meta))
		return err__set(err, -EAGAIN, "nothing has been recorded yet");
	if (t->container && !is_id(t->container))
		return err__set(err, -FMT_E_VALUE, "this is no id of a container");
	pthread_mutex_lock(&k->lock);
	code = take(k, t, meta.hostname, &j, err);
	if (!code && ret_name)
		*ret_name = xstrdup(j->name);
	if (!code && ret_id)
		*ret_id = j->id;
	pthread_cond_signal(&k->work);
	pthread_mutex_unlock(&k->lock);
	if (!code && !t->after_ns)
		cap_ring__hurry(k->o.ring);
	return code;
}

bool cap_keep__is_open(struct cap_keep *k, uint64_t id)
{
	struct cap_job *j;

	pthread_mutex_lock(&k->lock);
	for (j = k->jobs; j && j->id != id; j = j->next)
		;
	pthread_mutex_unlock(&k->lock);
	return j != NULL;
}

bool cap_keep__has_work(struct cap_keep *k)
{
	bool any;

	pthread_mutex_lock(&k->lock);
	any = k->jobs;
	pthread_mutex_unlock(&k->lock);
	return any;
}

void cap_keep__stats(struct cap_keep *k, struct cap_keep_stats *ret)
{
	pthread_mutex_lock(&k->lock);
	*ret = k->st;
	pthread_mutex_unlock(&k->lock);
}

static void set_limit(uint64_t *to, uint64_t value)
{
	__atomic_store_n(to, value, __ATOMIC_RELAXED);
}

void cap_keep__set_limits(struct cap_keep *k, const struct cap_keep_opts *o)
{
	pthread_mutex_lock(&k->lock);
	k->o.max_open = o->max_open ? o->max_open : MAX_OPEN;
	set_limit(&k->o.rate_files, o->rate_files);
	set_limit(&k->o.rate_ns, o->rate_ns);
	set_limit(&k->o.max_files, o->max_files);
	set_limit(&k->o.max_bytes, o->max_bytes);
	set_limit(&k->o.max_file_bytes, o->max_file_bytes);
	set_limit(&k->o.min_free, o->min_free);
	set_limit(&k->o.max_age_ns, o->max_age_ns);
	k->swept = 0;			/* look at the directory now */
	pthread_cond_broadcast(&k->work);
	pthread_mutex_unlock(&k->lock);
}

/* --- workers --------------------------------------------------------------------------------------------- */

/* A file or a pass, or neither. */
struct task {
	struct cap_job *job;
	struct cap_pass *pass;
	uint64_t at;
};

static void consider(struct task *t, uint64_t at, uint64_t now, struct cap_job *j, struct cap_pass *p, uint64_t *next)
{
	if (at < *next)
		*next = at;
	if (at <= now && ((!t->job && !t->pass) || at < t->at))
		*t = (struct task){ .job = j, .pass = p, .at = at };
}

/* What has waited longest for its turn; neither: nothing is due, *ret_next says when something is. Lock held. */
static struct task pick(const struct cap_keep *k, uint64_t now, uint64_t *ret_next)
{
	struct task t = { 0 };

	*ret_next = UINT64_MAX;
	now = k->stop ? UINT64_MAX : now;
	for (struct cap_job *j = k->jobs; j; j = j->next)
		if (!j->busy && !j->pass && (j->started || k->st.open < k->o.max_open))
			consider(&t, j->next_at, now, j, NULL, ret_next);
	for (struct cap_pass *p = k->passes; p; p = p->next)
		if (!p->busy)
			consider(&t, p->next_at, now, NULL, p, ret_next);
	return t;
}

void cap_keep__start(struct cap_keep *k, struct cap_job *j)
{
	j->started = true;
	k->st.waiting--;
	k->st.open++;
}

void cap_keep__count_loss(struct cap_keep *k, uint64_t n)
{
	pthread_mutex_lock(&k->lock);
	k->st.lost_events += n;
	pthread_mutex_unlock(&k->lock);
}

static void remove_job(struct cap_keep *k, struct cap_job *j)
{
	struct cap_job **at = &k->jobs;

	while (*at != j)
		at = &(*at)->next;
	*at = j->next;
	k->st.open--;
}

/* What files have needed is not kept for the next, if none is being made. Lock held, released meanwhile. */
static void give_memory_back(struct cap_keep *k)
{
	if (k->st.open || k->passes)
		return;
	pthread_mutex_unlock(&k->lock);
	fmt_encoders__shrink(k->encoders);
	malloc_trim(0);
	pthread_mutex_lock(&k->lock);
}

/* With the lock held, which is released meanwhile; the same for a pass. */
static void work_on(struct cap_keep *k, struct cap_job *j)
{
	enum cap_step step;

	j->busy = true;
	pthread_mutex_unlock(&k->lock);
	step = cap_job__step(k, j);
	pthread_mutex_lock(&k->lock);
	j->busy = false;
	j->next_at = cap_keep__mono() + LOOK_NS;
	if (step != CAP_STEP_DONE)
		return;
	remove_job(k, j);
	pthread_cond_broadcast(&k->work);	/* one of those that wait may begin */
	pthread_mutex_unlock(&k->lock);
	cap_job__free(j);
	pthread_mutex_lock(&k->lock);
	give_memory_back(k);
}

static void work_on_pass(struct cap_keep *k, struct cap_pass *p)
{
	enum cap_step step;

	p->busy = true;
	pthread_mutex_unlock(&k->lock);
	step = cap_pass__step(k, p);
	if (step == CAP_STEP_DONE)
		cap_pass__free(k, p);
	pthread_mutex_lock(&k->lock);
	if (step == CAP_STEP_DONE) {
		give_memory_back(k);
		return;
	}
	p->busy = false;
	p->next_at = cap_keep__mono() + (p->standing ? STAND_NS : LOOK_NS);
	pthread_cond_broadcast(&k->work);
}

static void work_on_task(struct cap_keep *k, const struct task *t)
{
	struct cap_job *j = t->job;

	if (t->pass) {
		work_on_pass(k, t->pass);
		return;
	}
	if (!j->started) {
		cap_keep__start(k, j);
		if (*j->container) {
			work_on_pass(k, cap_pass__new(k, j));
			return;
		}
	}
	work_on(k, j);
}

static void wait_until(struct cap_keep *k, uint64_t at)
{
	struct timespec t = { .tv_sec = (time_t)(at / 1000000000u), .tv_nsec = (long)(at % 1000000000u) };

	pthread_cond_timedwait(&k->work, &k->lock, &t);
}

/* Something is due that concerns the directory, and nobody does it? Lock held, released meanwhile. */
static bool sweep(struct cap_keep *k, uint64_t now)
{
	if (k->n_left && !k->recovering) {
		k->recovering = true;
		pthread_mutex_unlock(&k->lock);
		cap_folder__recover(k);
		pthread_mutex_lock(&k->lock);
		return true;
	}
	if (now - k->swept < SWEEP_NS)
		return false;
	k->swept = now;
	pthread_mutex_unlock(&k->lock);
	cap_folder__tidy(k);
	pthread_mutex_lock(&k->lock);
	return true;
}

static void *work(void *arg)
{
	struct cap_keep *k = arg;

	pthread_setname_np(pthread_self(), "spoor-keep");
	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICE);
	cap_privilege__confine(CAP_ROLE_KEEP, k->dir);
	pthread_mutex_lock(&k->lock);
	while (!k->stop || k->jobs) {
		uint64_t now = cap_keep__mono(), next;
		struct task t = pick(k, now, &next);

		if (t.job || t.pass)
			work_on_task(k, &t);
		else if (k->stop || !sweep(k, now))
			wait_until(k, next < now + SWEEP_NS ? next : now + SWEEP_NS);
	}
	pthread_mutex_unlock(&k->lock);
	return NULL;
}

/* --- making and freeing ------------------------------------------------------------------------------------ */

static void init(struct cap_keep *k, const struct cap_keep_opts *o)
{
	pthread_condattr_t a;

	k->o = *o;
	k->o.workers = o->workers ? o->workers : WORKERS;
	k->o.max_open = o->max_open ? o->max_open : MAX_OPEN;
	k->o.end_ns = o->end_ns ? o->end_ns : END_NS;
	k->o.max_waiting = o->max_waiting ? o->max_waiting : MAX_WAITING;
	k->dir = xstrdup(o->dir);
	k->dir_fd = -1;
	k->next_id = 1;
	cap_priority__mutex(&k->lock);
	pthread_mutex_init(&k->sweeping, NULL);
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&k->work, &a);
	pthread_condattr_destroy(&a);
}

int cap_keep__new(struct cap_keep **ret, const struct cap_keep_opts *o, struct err *err)
{
	struct cap_keep *k = xcalloc(1, sizeof(*k));
	int code;

	init(k, o);
	code = fmt_encoders__new(&k->encoders, o->level);
	code = code ? err__set(err, code, "%s", err__text(code)) : cap_folder__open(k, err);
	k->threads = xcalloc(k->o.workers, sizeof(*k->threads));
	for (; !code && k->n_threads < k->o.workers; k->n_threads++)
		if ((code = -pthread_create(&k->threads[k->n_threads], NULL, work, k)) < 0) {
			err__set(err, code, "no thread to be had: %s", err__text(code));
			break;
		}
	if (code) {
		cap_keep__free(k);
		return code;
	}
	*ret = k;
	return 0;
}

void cap_keep__free(struct cap_keep *k)
{
	if (!k)
		return;
	pthread_mutex_lock(&k->lock);
	k->stop = true;
	k->end_at = cap_keep__mono() + k->o.end_ns;
	pthread_cond_broadcast(&k->work);
	pthread_mutex_unlock(&k->lock);
	for (unsigned i = 0; i < k->n_threads; i++)
		pthread_join(k->threads[i], NULL);
	for (unsigned i = 0; i < k->n_left; i++)
		free(k->left[i]);
	if (k->dir_fd >= 0)
		close(k->dir_fd);
	fmt_encoders__free(k->encoders);
	pthread_cond_destroy(&k->work);
	pthread_mutex_destroy(&k->lock);
	pthread_mutex_destroy(&k->sweeping);
	free(k->left);
	free(k->threads);
	free(k->dir);
	free(k);
}
