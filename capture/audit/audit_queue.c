// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "capture/audit/audit_queue.h"
#include "capture/priority.h"
#include "format/audit/audit.h"

/* Two batches: one is filled while the other is recorded. */
struct cap_audit_queue {
	pthread_mutex_t putting;	/* held while a text is parsed: the recording thread never takes it */
	struct json_doc doc;		/* of who puts */
	pthread_mutex_t lock;		/* taken after it */
	struct fmt_batch *in, *out;
	struct audit_scratch scratch;
	struct cap_audit_counts n;
	uint64_t flushed;		/* by the recorder, when entries were taken last */
};

struct cap_audit_queue *cap_audit_queue__new(void)
{
	struct cap_audit_queue *q = xcalloc(1, sizeof(*q));

	pthread_mutex_init(&q->putting, NULL);
	cap_priority__mutex(&q->lock);
	fmt_batch__new(&q->in);
	fmt_batch__new(&q->out);
	fmt_batch__reset(q->in, 1);
	fmt_batch__reset(q->out, 1);
	return q;
}

void cap_audit_queue__free(struct cap_audit_queue *q)
{
	if (!q)
		return;
	fmt_batch__free(q->in);
	fmt_batch__free(q->out);
	json_doc__done(&q->doc);
	audit_scratch__done(&q->scratch);
	pthread_mutex_destroy(&q->lock);
	pthread_mutex_destroy(&q->putting);
	free(q);
}

/* How many entries a document holds that has been parsed. */
static uint32_t count_entries(const struct json_doc *d)
{
	uint32_t at = 0, n = 0;

	while (audit_doc__next(d, &at) != JSON_NONE)
		n++;
	return n;
}

static bool has_room(const struct cap_audit_queue *q, size_t len)
{
	return !q->in->n || (q->in->dict.bytes + len <= CAP_AUDIT_QUEUE_BYTES &&
			     q->in->n + count_entries(&q->doc) <= FMT_BATCH_MAX_EVENTS);
}

static int put_entries(struct cap_audit_queue *q)
{
	uint32_t at = 0, node;
	int n = 0;

	while ((node = audit_doc__next(&q->doc, &at)) != JSON_NONE) {
		struct audit_entry e;
		const char *why;

		if (audit_entry__read(&q->doc, node, &e, &why) && audit_entry__add(&e, q->in, &q->scratch))
			n++;
		else
			q->n.faulty++;
	}
	q->n.entries += (uint64_t)n;
	return n;
}

static bool only_blanks(const char *p, const char *end)
{
	while (p < end && strchr(" \t\r\n", *p) && *p)
		p++;
	return p == end;
}

int cap_audit_queue__put(struct cap_audit_queue *q, const char *text, size_t len, struct err *err)
{
	int r;

	pthread_mutex_lock(&q->putting);
	r = json_doc__parse(&q->doc, text, len);
	if (!r && !only_blanks(text + q->doc.used, text + len)) {
		r = JSON_BAD;
		q->doc.bad = "there is more behind the document";
	}
	pthread_mutex_lock(&q->lock);
	if (r) {
		q->n.faulty++;
		r = err__set(err, -FMT_E_CORRUPT, "%s", r == JSON_MORE ? "the text ends within an entry" : q->doc.bad);
	} else if (!has_room(q, len)) {
		q->n.refused++;
		r = -EAGAIN;
	} else {
		r = put_entries(q);
	}
	pthread_mutex_unlock(&q->lock);
	pthread_mutex_unlock(&q->putting);
	return r;
}

static void record_row(void *arg, struct fmt_batch *b, uint64_t now)
{
	const struct fmt_ev *ev = arg;
	const struct fmt_str *s;
	uint64_t ts = fmt_ev__ts(ev), v;

	if (fmt_batch__begin(b, EV_k8s_audit, now, ts < now ? now - ts : 0, 0, 0, 0, 0) < 0)
		return;
	for (unsigned p = 0; p < ev->info->n_params; p++) {
		if (fmt_ptype_store(ev->info->params[p].type) == STORE_INT) {
			if (fmt_ev__int(ev, p, &v))
				fmt_batch__int(b, p, v);
			continue;
		}
		s = fmt_ev__str(ev, p);
		if (s)
			fmt_batch__str(b, p, s->p, s->len, s->full_len);
	}
	fmt_batch__end(b);
}

void cap_audit_queue__each(struct cap_audit_queue *q, void (*fn)(void *arg, const struct fmt_ev *ev), void *arg)
{
	struct fmt_batch *full;

	pthread_mutex_lock(&q->lock);
	full = q->in;
	q->in = q->out;
	q->out = full;
	pthread_mutex_unlock(&q->lock);
	for (uint32_t k = 0; k < full->n; k++) {
		struct fmt_ev ev = fmt_batch__ev(full, k);

		fn(arg, &ev);
	}
	pthread_mutex_lock(&q->lock);
	q->n.taken += full->n;
	pthread_mutex_unlock(&q->lock);
	fmt_batch__reset(full, 1);
}

static void add_row(void *arg, const struct fmt_ev *ev)
{
	cap_recorder__add(arg, record_row, (void *)ev);
}

void cap_audit_queue__all_written(struct cap_audit_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->n.written = q->n.taken;
	pthread_mutex_unlock(&q->lock);
}

void cap_audit_queue__take(struct cap_audit_queue *q, struct cap_recorder *r)
{
	if (cap_recorder__flushed(r) != q->flushed)
		cap_audit_queue__all_written(q);
	cap_audit_queue__each(q, add_row, r);
	q->flushed = cap_recorder__flushed(r);
}

void cap_audit_queue__counts(struct cap_audit_queue *q, struct cap_audit_counts *ret)
{
	pthread_mutex_lock(&q->lock);
	*ret = q->n;
	pthread_mutex_unlock(&q->lock);
}
