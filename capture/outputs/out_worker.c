// SPDX-License-Identifier: Apache-2.0
/*
 * The threads of an output: one that delivers and, with a spool, one that brings what comes to the disk meanwhile, so that a
 * collector which does not answer keeps nothing out of it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/outputs/out_output.h"
#include "capture/privilege.h"
#include "format/base/log.h"
#include "format/base/text.h"

#define BATCH 64
#define SAY_EVERY_NS 60000000000ull
#define TICK_NS 1000000000ull

uint64_t out_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static struct timespec to_timespec(uint64_t ns)
{
	return (struct timespec){ (time_t)(ns / 1000000000ull), (long)(ns % 1000000000ull) };
}

void out_wait(struct output *o, uint64_t until_ns)
{
	struct timespec t = to_timespec(until_ns);

	pthread_cond_timedwait(&o->work, &o->lock, &t);
}

/* --- Saying it ------------------------------------------------------------------------------------ */

uint64_t out_lost(const struct output *o)
{
	return (uint64_t)(cap_metric__value(o->count[OUT_N_DROPPED]) + cap_metric__value(o->count[OUT_N_REFUSED]) +
			  cap_metric__value(o->count[OUT_N_GIVEN_UP]) + cap_metric__value(o->count[OUT_N_DAMAGED]));
}

static uint64_t waiting(struct output *o)
{
	uint64_t n;

	pthread_mutex_lock(&o->lock);
	n = o->queue.n + o->unspooled.n;
	pthread_mutex_unlock(&o->lock);
	if (o->spool)
		return n + out_spool__waiting(o->spool);
	return n + atomic_load(&o->in_hand);
}

/* What was lost since the last time, at most once a minute. */
static void say_losses(struct output *o, bool now)
{
	uint64_t n, t = out_now();

	if (o->spool) {
		n = out_spool__damaged(o->spool);
		cap_metric__add(o->count[OUT_N_DAMAGED], (int64_t)(n - o->damaged_said));
		o->damaged_said = n;
	}
	n = out_lost(o);
	if (n == o->lost_said || (!now && o->lost_said_ns && t - o->lost_said_ns < SAY_EVERY_NS))
		return;
	log_warn("output '%s': %" PRIu64 " alerts not delivered (so far: %" PRId64 " had no room in the queue, %" PRId64
		 " refused, %" PRId64 " given up, %" PRId64 " damaged on disk)", o->o.name, n - o->lost_said,
		 cap_metric__value(o->count[OUT_N_DROPPED]), cap_metric__value(o->count[OUT_N_REFUSED]),
		 cap_metric__value(o->count[OUT_N_GIVEN_UP]), cap_metric__value(o->count[OUT_N_DAMAGED]));
	o->lost_said = n;
	o->lost_said_ns = t;
}

static void on_failure(struct output *o, const struct out_try *t)
{
	uint64_t now = out_now(), since = atomic_load(&o->failing_ns);

	cap_metric__add(o->count[OUT_N_ERRORS], 1);
	if (!o->said_ns || now - o->said_ns >= SAY_EVERY_NS) {
		log_warn("output '%s': %s; %" PRIu64 " alerts wait, trying again", o->o.name, t->msg, waiting(o));
		o->said_ns = now;
		o->failure_said = true;
	}
	if (!since)
		atomic_store(&o->failing_ns, now);
}

static void on_success(struct output *o)
{
	uint64_t since = atomic_load(&o->failing_ns);
	char d[32];

	cap_backoff__reset(&o->backoff);
	if (!since)
		return;
	atomic_store(&o->failing_ns, 0);
	if (!o->failure_said)
		return;
	o->failure_said = false;
	log_warn("output '%s': delivers again after %s", o->o.name, text__duration(out_now() - since, d));
}

enum out_verdict out_try__say(struct out_try *t, enum out_verdict v, const char *fmt, ...)
{
	struct buf safe = { 0 };
	char msg[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	text__safe(&safe, msg, strlen(msg));
	snprintf(t->msg, sizeof(t->msg), "%.*s", (int)safe.len, safe.p ? (char *)safe.p : "");
	buf__done(&safe);
	return v;
}

/* --- Taking --------------------------------------------------------------------------------------- */

struct batch {
	struct out_record *r[BATCH];
	bool refused[BATCH];
	unsigned n, from;	/* from: the first that is not confirmed */
	bool spooled;
};

static void take_spooled(struct output *o, struct batch *b)
{
	struct buf bytes = { 0 };
	struct out_clock now = out_clock__now();

	while (b->n < BATCH && out_spool__read(o->spool, &bytes)) {
		b->r[b->n] = out_record__load(bytes.p, bytes.len, &now);
		b->refused[b->n] = !b->r[b->n];		/* no alert: confirmed without delivery */
		if (!b->r[b->n])
			cap_metric__add(o->count[OUT_N_DAMAGED], 1);
		b->n++;
	}
	b->spooled = b->n > 0;
	buf__done(&bytes);
}

static void take_queued(struct output *o, struct out_queue *q, struct batch *b)
{
	while (b->n < BATCH && (b->r[b->n] = out_queue__pop(q)))
		b->refused[b->n++] = false;
	atomic_store(&o->in_hand, b->n);
}

/* Something to deliver, or after a second nothing. false: it is time to end, and there was nothing left. */
static bool take(struct output *o, struct batch *b)
{
	bool stopping = atomic_load(&o->stopping);	/* before looking: nothing comes after it is set */

	*b = (struct batch){ 0 };
	if (o->spool)
		take_spooled(o, b);
	if (b->n)
		return true;
	pthread_mutex_lock(&o->lock);
	take_queued(o, o->spool ? &o->unspooled : &o->queue, b);
	if (!b->n && !atomic_load(&o->stopping) && !(o->spool && out_spool__unread(o->spool)))
		out_wait(o, out_now() + TICK_NS);
	pthread_mutex_unlock(&o->lock);
	return b->n || !stopping;
}

/* The first n of what is not confirmed have been dealt with. */
static void confirm(struct output *o, struct batch *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++, b->from++) {
		if (!b->refused[b->from])
			cap_metric__add(o->count[OUT_N_DELIVERED], 1);
		out_record__unref(b->r[b->from]);
	}
	if (b->spooled)
		out_spool__confirm(o->spool, n);
	else
		atomic_fetch_sub(&o->in_hand, n);
}

/* --- Delivering ------------------------------------------------------------------------------------ */

static void give_up_first(struct output *o, struct batch *b)
{
	b->refused[b->from] = true;
	cap_metric__add(o->count[OUT_N_GIVEN_UP], 1);
	confirm(o, b, 1);
}

/* One pass over what is not confirmed: OUT_RETRY where it got stuck. */
static enum out_verdict pass(struct output *o, struct batch *b, struct out_try *t)
{
	enum out_verdict v = OUT_OK, f = OUT_OK;
	unsigned i;

	for (i = b->from; i < b->n && !atomic_load(&o->abandon); i++) {
		v = b->refused[i] ? OUT_REFUSED : o->ops->deliver(o, b->r[i], t);
		if (v == OUT_RETRY)
			break;
		if (v == OUT_REFUSED && !b->refused[i]) {
			b->refused[i] = true;
			cap_metric__add(o->count[OUT_N_REFUSED], 1);
			log_debug("output '%s': alert %s refused: %s", o->o.name, b->r[i]->id, t->msg);
		}
		if (!o->ops->flush)
			confirm(o, b, 1);
	}
	if (o->ops->flush && i > b->from) {
		struct out_try flushed = { 0 };

		f = o->ops->flush(o, &flushed);
		if (f == OUT_OK)
			confirm(o, b, i - b->from);
		else
			*t = flushed;
	}
	return v == OUT_RETRY || f != OUT_OK ? OUT_RETRY : OUT_OK;
}

/* Pause before the next try; false: there will be none. */
static bool pause_retry(struct output *o, uint64_t asked_ns)
{
	uint64_t until = out_now() + cap_backoff__next(&o->backoff), now;

	if (asked_ns && out_now() + asked_ns > until)
		until = out_now() + asked_ns;
	pthread_mutex_lock(&o->lock);
	while (!atomic_load(&o->abandon) && (now = out_now()) < until) {
		if (o->spool && atomic_load(&o->stopping))
			break;		/* it is safe where it is */
		out_wait(o, until < now + TICK_NS ? until : now + TICK_NS);
		pthread_mutex_unlock(&o->lock);
		say_losses(o, false);
		pthread_mutex_lock(&o->lock);
	}
	pthread_mutex_unlock(&o->lock);
	return !atomic_load(&o->abandon) && !(o->spool && atomic_load(&o->stopping));
}

static bool is_expired(const struct output *o, const struct out_record *r)
{
	uint64_t age = out_now() - r->born_ns;

	return o->o.give_up_ns != UINT64_MAX && age >= o->o.give_up_ns;
}

/* false: stopped with something left, which stays in b. */
static bool deliver(struct output *o, struct batch *b)
{
	struct out_try t;

	while (b->from < b->n) {
		unsigned before = b->from;

		t = (struct out_try){ 0 };
		if (atomic_load(&o->abandon))
			return false;
		if (pass(o, b, &t) == OUT_OK) {
			if (b->from == b->n)
				on_success(o);
			continue;
		}
		if (b->from > before)
			on_success(o);
		if (atomic_load(&o->abandon))
			return false;
		on_failure(o, &t);
		if (!b->refused[b->from] && is_expired(o, b->r[b->from])) {
			give_up_first(o, b);
			continue;	/* those that have waited as long have their one try, too */
		}
		if (!pause_retry(o, t.wait_ns))
			return false;
	}
	return true;
}

/* What is left when all ends: in the spool it stays, else it is lost. */
static void leave(struct output *o, struct batch *b)
{
	struct out_queue *q[] = { &o->queue, &o->unspooled };
	struct out_record *r;

	if (b->spooled)
		out_spool__rewind(o->spool);
	while (b->from < b->n) {
		if (!b->spooled && !b->refused[b->from])
			cap_metric__add(o->count[OUT_N_GIVEN_UP], 1);
		out_record__unref(b->r[b->from++]);
	}
	pthread_mutex_lock(&o->lock);
	for (int i = o->spool ? 1 : 0; i < 2; i++)
		while ((r = out_queue__pop(q[i]))) {
			cap_metric__add(o->count[OUT_N_GIVEN_UP], 1);
			out_record__unref(r);
		}
	pthread_mutex_unlock(&o->lock);
	atomic_store(&o->in_hand, 0);
	say_losses(o, true);
}

/* The spool may still be another's. */
static void wait_for_spool(struct output *o)
{
	pthread_mutex_lock(&o->lock);
	while (o->held && !atomic_load(&o->abandon))
		out_wait(o, out_now() + TICK_NS);
	pthread_mutex_unlock(&o->lock);
}

/* What a program is started with holds for it, too: so its output is not confined. */
static void confine(const struct output *o)
{
	switch (o->o.kind) {
	case CAP_OUT_STDOUT:
	case CAP_OUT_FILE:
		cap_privilege__confine(CAP_ROLE_STORE, NULL);
		break;
	case CAP_OUT_SYSLOG:
	case CAP_OUT_HTTP:
	case CAP_OUT_NATS:
		cap_privilege__confine(CAP_ROLE_SEND, o->o.spool_dir);
		break;
	case CAP_OUT_PROGRAM:
		break;
	}
}

void *output__send_thread(void *arg)
{
	struct output *o = arg;
	struct batch b = { 0 };

	confine(o);
	wait_for_spool(o);
	while (!atomic_load(&o->abandon) && take(o, &b)) {
		if (b.n && !deliver(o, &b))
			break;
		if (!b.n && o->ops->idle)
			o->ops->idle(o);
		say_losses(o, false);
	}
	leave(o, &b);
	if (o->ops->leave)
		o->ops->leave(o);
	if (o->spool && !o->held && !o->heir && atomic_load(&o->stopping) && out_spool__waiting(o->spool))
		log_warn("output '%s': %" PRIu64 " alerts stay in %s until the next start", o->o.name,
			 out_spool__waiting(o->spool), o->o.spool_dir);
	pthread_mutex_lock(&o->lock);
	o->ended = true;
	pthread_cond_broadcast(&o->work);
	pthread_mutex_unlock(&o->lock);
	return NULL;
}

/* --- Spooling ------------------------------------------------------------------------------------- */

/* The spool did not take it: to the sender as it is, unless the reason is the spool's own bound. */
static void pass_by(struct output *o, struct out_record *r, int rc, bool *said)
{
	bool taken = false;

	if (rc != -ENOSPC || out_spool__bytes(o->spool) + r->bytes < o->o.spool_bytes) {
		pthread_mutex_lock(&o->lock);
		taken = out_queue__push(&o->unspooled, r);
		pthread_mutex_unlock(&o->lock);
		if (!*said)
			log_warn("output '%s': cannot write to %s: %s; alerts are kept in memory only", o->o.name,
				 o->o.spool_dir, strerror(-rc));
		*said = true;
	}
	if (!taken) {
		cap_metric__add(o->count[OUT_N_DROPPED], 1);
		out_record__unref(r);
	}
}

static unsigned take_new(struct output *o, struct out_record **r)
{
	unsigned n = 0;

	pthread_mutex_lock(&o->lock);
	while (!o->queue.n && !atomic_load(&o->spool_end))
		out_wait(o, out_now() + TICK_NS);
	while (n < BATCH && (r[n] = out_queue__pop(&o->queue)))
		n++;
	pthread_mutex_unlock(&o->lock);
	return n;
}

void *output__spool_thread(void *arg)
{
	struct out_record *r[BATCH];
	struct output *o = arg;
	struct buf bytes = { 0 };
	bool said = false;
	unsigned n;
	int rc;

	cap_privilege__confine(CAP_ROLE_KEEP, o->o.spool_dir);
	wait_for_spool(o);
	while ((n = take_new(o, r))) {
		struct out_clock now = out_clock__now();

		for (unsigned i = 0; i < n; i++) {
			bytes.len = 0;
			out_record__save(r[i], &now, &bytes);
			rc = out_spool__append(o->spool, bytes.p, bytes.len);
			if (rc) {
				pass_by(o, r[i], rc, &said);
				continue;
			}
			said = false;
			out_record__unref(r[i]);
		}
		rc = out_spool__sync(o->spool);
		if (rc)
			log_warn("output '%s': %s: %s: a power cut may lose alerts", o->o.name, o->o.spool_dir,
				 strerror(-rc));
		pthread_mutex_lock(&o->lock);
		pthread_cond_broadcast(&o->work);
		pthread_mutex_unlock(&o->lock);
	}
	buf__done(&bytes);
	return NULL;
}
