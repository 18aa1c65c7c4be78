// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/outputs/out_output.h"
#include "capture/priority.h"
#include "capture/thread.h"

#define SECOND 1000000000ull

static const char *const kinds[] = { "stdout", "file", "syslog", "program", "http", "nats" };
static const struct out_ops *const ops[] = {
	&out_stream_ops, &out_stream_ops, &out_syslog_ops, &out_program_ops, &out_http_ops, &out_nats_ops
};

const char *cap_out_kind__name(enum cap_out_kind k)
{
	return kinds[k];
}

struct cap_outputs *cap_outputs__new(struct cap_metrics *metrics)
{
	struct cap_outputs *h = xcalloc(1, sizeof(*h));
	uint64_t id;
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	id = (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
	snprintf(h->run, sizeof(h->run), "%016" PRIx64, id);
	h->metrics = metrics;
	cap_priority__mutex(&h->lock);
	pthread_mutex_init(&h->showing, NULL);
	return h;
}

/* --- Options ------------------------------------------------------------------------------------- */

static const char *keep(struct output *o, const char *s)
{
	return s ? arena__strndup(&o->mem, s, strlen(s)) : NULL;
}

static const char *const *keep_list(struct output *o, const char *const *list, unsigned n)
{
	const char **copy = arena__zalloc(&o->mem, (n + 1) * sizeof(*copy));

	for (unsigned i = 0; i < n; i++)
		copy[i] = keep(o, list[i]);
	return copy;
}

static unsigned length(const char *const *list)
{
	unsigned n = 0;

	while (list && list[n])
		n++;
	return n;
}

static void keep_http(struct output *o)
{
	struct cap_http_opts *h = &o->o.http;
	const char **texts[] = {
		&h->ca.file, &h->ca.text, &h->cert.file, &h->cert.text, &h->key.file, &h->key.text, &h->token_file,
		&h->unix_socket, &h->proxy
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		*texts[i] = keep(o, *texts[i]);
}

static void keep_opts(struct output *o, const struct cap_out_opts *from)
{
	struct cap_out_opts *c = &o->o;
	const char **texts[] = {
		&c->name, &c->rule, &c->source, &c->spool_dir, &c->path, &c->address, &c->facility, &c->url, &c->subject,
		&c->user, &c->password_file, &c->creds_file
	};

	*c = *from;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		*texts[i] = keep(o, *texts[i]);
	c->tags = keep_list(o, from->tags, from->n_tags);
	c->headers = keep_list(o, from->headers, from->n_headers);
	c->command = keep_list(o, from->command, length(from->command));
	keep_http(o);
}

#define DEFAULT(field, value) ((field) = (field) ? (field) : (value))

static void set_defaults(struct cap_out_opts *c)
{
	DEFAULT(c->timeout_ns, 10 * SECOND);
	DEFAULT(c->give_up_ns, c->spool_dir ? 24 * 3600 * SECOND : 600 * SECOND);
	DEFAULT(c->retry_min_ns, SECOND / 2);
	DEFAULT(c->retry_max_ns, 60 * SECOND);
	DEFAULT(c->queue_len, 10000);
	DEFAULT(c->queue_bytes, 16 << 20);
	DEFAULT(c->spool_bytes, 64 << 20);
	DEFAULT(c->file_mode, 0640);
	if (c->rate > 0)
		DEFAULT(c->burst, c->rate < 0.1 ? 1 : (unsigned)(c->rate * 10));
	if (c->retry_max_ns < c->retry_min_ns)
		c->retry_max_ns = c->retry_min_ns;
}

static int check_name(const char *name, struct err *err)
{
	if (!name || !*name || strlen(name) > 64 ||
	    name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")])
		return err__set(err, -EINVAL, "the name of an output has letters, digits, '-', '_' and '.', up to 64");
	return 0;
}

/* --- An output ------------------------------------------------------------------------------------- */

void output__free(struct output *o)
{
	if (!o)
		return;
	o->ops->close(o);
	if (!o->held)
		out_spool__close(o->spool);
	out_queue__done(&o->queue);
	out_queue__done(&o->unspooled);
	pthread_cond_destroy(&o->work);
	pthread_mutex_destroy(&o->lock);
	arena__done(&o->mem);
	free(o);
}

static struct output *output__new(const struct cap_out_opts *opts)
{
	struct output *o = xcalloc(1, sizeof(*o));
	pthread_condattr_t attr;

	keep_opts(o, opts);
	set_defaults(&o->o);
	o->ops = ops[opts->kind];
	cap_priority__mutex(&o->lock);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&o->work, &attr);
	pthread_condattr_destroy(&attr);
	out_queue__init(&o->queue, o->o.queue_len, o->o.queue_bytes);
	out_queue__init(&o->unspooled, o->o.spool_dir ? o->o.queue_len : 1, o->o.queue_bytes);
	if (o->o.rule)
		o->rule = match_glob__new(o->o.rule, (uint32_t)strlen(o->o.rule), false, &o->mem);
	o->tokens = o->o.burst;
	o->tokens_ns = out_now();
	o->backoff = (struct cap_backoff){
		.min_ns = o->o.retry_min_ns, .max_ns = o->o.retry_max_ns, .rnd = (uint32_t)out_now()
	};
	for (int i = 0; i < OUT_N_COUNTS; i++)
		o->count[i] = &o->own[i];
	return o;
}

static void set_gauges(struct cap_outputs *h, const struct output *o, uint64_t waiting, bool failing)
{
	cap_metric__set(cap_metrics__labelled(h->metrics, CAP_GAUGE, "spoor_output_waiting",
					      "Alerts that an output has not delivered yet.", "output", o->o.name),
			(int64_t)waiting);
	cap_metric__set(cap_metrics__labelled(h->metrics, CAP_GAUGE, "spoor_output_failing", "1 while an output cannot deliver.",
					      "output", o->o.name),
			failing);
}

void outputs__forget_gauges(struct cap_outputs *h, const struct output *o)
{
	if (h->metrics)
		set_gauges(h, o, 0, false);
}

static void show_gauges(void *arg)
{
	struct cap_outputs *h = arg;

	pthread_mutex_lock(&h->showing);
	for (unsigned i = 0; i < h->n; i++) {
		struct cap_out_counts c;

		cap_outputs__counts(h, i, &c);
		set_gauges(h, h->outs[i], c.waiting, c.failing);
	}
	pthread_mutex_unlock(&h->showing);
}

static void register_counts(struct cap_outputs *h, struct output *o)
{
	static const char *const results[] = { "delivered", "limited", "dropped", "refused", "given_up", "damaged" };

	for (int i = 0; i < OUT_N_ERRORS; i++)
		o->count[i] = cap_metrics__get(h->metrics, CAP_COUNTER, "spoor_output_alerts_total",
			"What became of the alerts that an output was to have.",
			(struct cap_label[]){ { "output", o->o.name }, { "result", results[i] } }, 2);
	o->count[OUT_N_ERRORS] = cap_metrics__labelled(h->metrics, CAP_COUNTER, "spoor_output_errors_total",
			"Tries of an output that failed.", "output", o->o.name);
	o->lost_said = out_lost(o);	/* another of this name has counted there */
}

int cap_out_opts__check(const struct cap_out_opts *opts, struct err *err)
{
	int rc = check_name(opts->name, err);
	struct output *o;

	if (rc)
		return rc;
	if (opts->kind == CAP_OUT_FILE)		/* would make it */
		return opts->path ? 0 : err__set(err, -EINVAL, "output '%s': a file needs a path", opts->name);
	o = output__new(opts);
	rc = o->ops->open(o, err);
	output__free(o);
	return rc;
}

int cap_outputs__add(struct cap_outputs *h, const struct cap_out_opts *opts, struct err *err)
{
	int rc = check_name(opts->name, err);
	struct output *o;

	assert(!h->started);
	for (unsigned i = 0; !rc && i < h->n; i++)
		if (!strcmp(h->outs[i]->o.name, opts->name))
			rc = err__set(err, -EEXIST, "there are two outputs of the name '%s'", opts->name);
	if (rc)
		return rc;
	if (h->n == OUTPUTS_MAX)
		return err__set(err, -FMT_E_LIMIT, "there are at most %d outputs", OUTPUTS_MAX);
	o = output__new(opts);
	rc = o->ops->open(o, err);
	if (!rc && o->o.spool_dir)
		rc = outputs__open_spool(h, o, err);
	if (rc) {
		output__free(o);
		return rc;
	}
	if (h->metrics)
		register_counts(h, o);
	h->outs[h->n++] = o;
	return 0;
}

void output__wake(struct output *o)
{
	pthread_mutex_lock(&o->lock);
	pthread_cond_broadcast(&o->work);
	pthread_mutex_unlock(&o->lock);
}

static int output__start(struct output *o)
{
	int rc = cap_thread__start(&o->sender, output__send_thread, o);

	if (rc)
		return rc;
	rc = o->spool ? cap_thread__start(&o->spooler, output__spool_thread, o) : 0;
	if (rc) {
		atomic_store(&o->abandon, true);
		output__wake(o);
		pthread_join(o->sender, NULL);
		return rc;
	}
	o->started = true;
	return 0;
}

int cap_outputs__start(struct cap_outputs *h, struct err *err)
{
	int rc = outputs__check_spools(h, err);

	if (rc)
		return rc;
	h->started = true;
	for (unsigned i = 0; i < h->n && !rc; i++)
		if (!h->outs[i]->started)	/* one that is kept runs already */
			rc = output__start(h->outs[i]);
	if (rc) {
		err__set(err, rc, "cannot start the thread of an output: %s", strerror(-rc));
		if (!h->before)
			cap_outputs__stop(h, 0);
	} else if (h->metrics && !h->before) {
		cap_metrics__on_show(h->metrics, show_gauges, h);
	}
	return rc;
}

/* Give its sender until then to deliver what there is, then end it. */
static void output__end(struct output *o, uint64_t until_ns)
{
	pthread_mutex_lock(&o->lock);
	while (!o->ended && out_now() < until_ns)
		out_wait(o, until_ns);
	pthread_mutex_unlock(&o->lock);
	atomic_store(&o->abandon, true);
	output__wake(o);
	pthread_join(o->sender, NULL);
	o->started = false;
}

void outputs__end(struct output *const *outs, unsigned n, uint64_t until_ns)
{
	for (unsigned i = 0; i < n; i++) {
		struct output *o = outs[i];

		if (o->started && o->spool) {
			atomic_store(&o->spool_end, true);
			output__wake(o);
			pthread_join(o->spooler, NULL);
		}
		atomic_store(&o->stopping, true);
		output__wake(o);
	}
	for (unsigned i = 0; i < n; i++)
		if (outs[i]->started)
			output__end(outs[i], until_ns);
}

void cap_outputs__stop(struct cap_outputs *h, uint64_t grace_ns)
{
	outputs__join_leaving(h);
	outputs__end(h->outs, h->n, out_now() + grace_ns);
	h->started = false;
}

void cap_outputs__free(struct cap_outputs *h)
{
	if (!h)
		return;
	if (h->before) {
		outputs__cancel(h);
		return;
	}
	if (h->started)
		cap_outputs__stop(h, 0);
	if (h->metrics)
		cap_metrics__forget(h->metrics, h);
	for (unsigned i = 0; i < h->n; i++)
		output__free(h->outs[i]);
	pthread_mutex_destroy(&h->lock);
	pthread_mutex_destroy(&h->showing);
	free(h);
}

/* --- Sending -------------------------------------------------------------------------------------- */

static bool has_tag(const struct cap_out_opts *c, const struct cap_out_alert *a)
{
	for (unsigned i = 0; i < c->n_tags; i++)
		for (unsigned k = 0; k < a->n_tags; k++)
			if (!strcmp(c->tags[i], a->tags[k]))
				return true;
	return !c->n_tags;
}

static bool wants(const struct output *o, const struct cap_out_alert *a)
{
	const struct cap_out_opts *c = &o->o;

	return (!c->has_min_priority || a->priority <= c->min_priority) &&
	       (!c->source || (a->source && !strcmp(c->source, a->source))) && has_tag(c, a) &&
	       (!o->rule || match_glob(o->rule, a->rule ? a->rule : "", a->rule ? (uint32_t)strlen(a->rule) : 0));
}

/* One token of the bucket; the lock is held. */
static bool within_rate(struct output *o, uint64_t now)
{
	if (o->o.rate <= 0)
		return true;
	o->tokens += (double)(now - o->tokens_ns) * 1e-9 * o->o.rate;
	if (o->tokens > o->o.burst)
		o->tokens = o->o.burst;
	o->tokens_ns = now;
	if (o->tokens < 1)
		return false;
	o->tokens -= 1;
	return true;
}

static int put(struct output *o, struct out_record *r)
{
	int rc = 0;

	pthread_mutex_lock(&o->lock);
	if (!within_rate(o, r->born_ns))
		rc = -EAGAIN;
	else if (!out_queue__push(&o->queue, out_record__ref(r)))
		rc = -ENOSPC;
	else
		pthread_cond_broadcast(&o->work);
	pthread_mutex_unlock(&o->lock);
	if (rc == -ENOSPC)
		out_record__unref(r);
	if (rc)
		cap_metric__add(o->count[rc == -EAGAIN ? OUT_N_LIMITED : OUT_N_DROPPED], 1);
	return rc;
}

static struct out_record *make_record(struct cap_outputs *h, const struct cap_out_alert *a)
{
	char id[OUT_ID_MAX];

	snprintf(id, sizeof(id), "%s-%" PRIu64, h->run, atomic_fetch_add(&h->n_sent, 1));
	return out_record__new(a, id, out_now());
}

static bool too_long(const struct cap_out_alert *a)
{
	return a->json_len > CAP_OUT_ALERT_MAX || a->text_len > CAP_OUT_ALERT_MAX;
}

void cap_outputs__send(struct cap_outputs *h, const struct cap_out_alert *a)
{
	struct out_record *r = NULL;

	pthread_mutex_lock(&h->lock);
	for (unsigned i = 0; i < h->n; i++) {
		if (!wants(h->outs[i], a))
			continue;
		if (too_long(a)) {
			cap_metric__add(h->outs[i]->count[OUT_N_DROPPED], 1);
			continue;
		}
		if (!r)
			r = make_record(h, a);
		put(h->outs[i], r);
	}
	pthread_mutex_unlock(&h->lock);
	out_record__unref(r);
}

void cap_outputs__reopen(struct cap_outputs *h)
{
	pthread_mutex_lock(&h->lock);
	for (unsigned i = 0; i < h->n; i++)
		atomic_store(&h->outs[i]->reopen, true);
	pthread_mutex_unlock(&h->lock);
}

/* --- Counts ---------------------------------------------------------------------------------------- */

unsigned cap_outputs__n(const struct cap_outputs *h)
{
	return h->n;
}

const char *cap_outputs__name(const struct cap_outputs *h, unsigned i)
{
	return h->outs[i]->o.name;
}

static uint64_t count_of(const struct output *o, enum out_count i)
{
	return (uint64_t)cap_metric__value(o->count[i]);
}

void cap_outputs__counts(struct cap_outputs *h, unsigned i, struct cap_out_counts *ret)
{
	struct output *o = h->outs[i];

	*ret = (struct cap_out_counts){
		.delivered = count_of(o, OUT_N_DELIVERED), .limited = count_of(o, OUT_N_LIMITED),
		.dropped = count_of(o, OUT_N_DROPPED), .refused = count_of(o, OUT_N_REFUSED),
		.given_up = count_of(o, OUT_N_GIVEN_UP), .damaged = count_of(o, OUT_N_DAMAGED),
		.errors = count_of(o, OUT_N_ERRORS), .failing = atomic_load(&o->failing_ns) != 0
	};
	pthread_mutex_lock(&o->lock);
	ret->waiting = o->queue.n + o->unspooled.n;
	pthread_mutex_unlock(&o->lock);
	ret->waiting += atomic_load(&o->in_hand) + (o->spool ? out_spool__waiting(o->spool) : 0);
}
