// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "capture/metrics/metrics.h"
#include "capture/priority.h"
#include "format/base/text.h"

struct series {
	struct cap_metric value;
	char *labels;			/* as shown: {a="b",c="d"} or "" */
	uint64_t hash;
	struct series *next;		/* in order of registration: values never move */
};

struct family {
	enum cap_metric_kind kind;
	char *name, *help;
	struct series *first, **end;
	unsigned n;
	struct family *next;
};

struct hook {
	void (*fn)(void *arg);
	void *arg;
};

struct cap_metrics {
	pthread_mutex_t lock;		/* families and their lists */
	pthread_mutex_t show_lock;	/* hooks, and one exposition at a time */
	struct family *first, **end;
	struct hook *hooks;
	size_t n_hooks, cap_hooks;
};

struct cap_metrics *cap_metrics__new(void)
{
	struct cap_metrics *m = xcalloc(1, sizeof(*m));

	cap_priority__mutex(&m->lock);
	pthread_mutex_init(&m->show_lock, NULL);
	m->end = &m->first;
	return m;
}

static void family__free(struct family *f)
{
	for (struct series *s = f->first, *next; s; s = next) {
		next = s->next;
		free(s->labels);
		free(s);
	}
	free(f->name);
	free(f->help);
	free(f);
}

void cap_metrics__free(struct cap_metrics *m)
{
	if (!m)
		return;
	for (struct family *f = m->first, *next; f; f = next) {
		next = f->next;
		family__free(f);
	}
	free(m->hooks);
	pthread_mutex_destroy(&m->lock);
	pthread_mutex_destroy(&m->show_lock);
	free(m);
}

/* A label's value: backslash, quote and newline are escaped; what is no UTF-8, and other control characters, is made safe. */
static void add_value(struct buf *out, const char *value)
{
	struct buf safe = { 0 };
	size_t n = strnlen(value, CAP_METRIC_LABEL_MAX + 1);

	if (n > CAP_METRIC_LABEL_MAX) {
		n = CAP_METRIC_LABEL_MAX;
		while (n && ((unsigned char)value[n] & 0xc0) == 0x80)
			n--;
	}
	text__safe(&safe, value, n);
	for (size_t i = 0; i < safe.len; i++) {
		if (safe.p[i] == '\\' || safe.p[i] == '"')
			buf__u8(out, '\\');
		buf__u8(out, safe.p[i]);
	}
	buf__done(&safe);
}

static void add_labels(struct buf *out, const struct cap_label *labels, unsigned n, bool other)
{
	for (unsigned i = 0; i < n; i++) {
		buf__printf(out, "%s%s=\"", i ? "," : "{", labels[i].key);
		add_value(out, other ? "other" : labels[i].value);
		buf__puts(out, "\"");
	}
	if (n)
		buf__puts(out, "}");
	buf__u8(out, 0);
}

static uint64_t hash_of(const char *s)
{
	uint64_t h = 0xcbf29ce484222325;	/* FNV-1a */

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3;
	return h;
}

static struct series *find_series(const struct family *f, const char *labels, uint64_t hash)
{
	for (struct series *s = f->first; s; s = s->next)
		if (s->hash == hash && !strcmp(s->labels, labels))
			return s;
	return NULL;
}

static struct family *get_family(struct cap_metrics *m, enum cap_metric_kind kind, const char *name, const char *help)
{
	struct family *f;

	for (f = m->first; f; f = f->next)
		if (!strcmp(f->name, name)) {
			assert(f->kind == kind);
			return f;
		}
	f = xcalloc(1, sizeof(*f));
	f->kind = kind;
	f->name = xstrdup(name);
	f->help = xstrdup(help);
	f->end = &f->first;
	*m->end = f;
	m->end = &f->next;
	return f;
}

struct cap_metric *cap_metrics__get(struct cap_metrics *m, enum cap_metric_kind kind, const char *name,
				    const char *help, const struct cap_label *labels, unsigned n)
{
	struct buf text = { 0 };
	struct family *f;
	struct series *s;

	assert(n <= CAP_METRIC_LABELS_MAX);
	add_labels(&text, labels, n, false);
	pthread_mutex_lock(&m->lock);
	f = get_family(m, kind, name, help);
	s = find_series(f, (char *)text.p, hash_of((char *)text.p));
	if (!s && n && f->n >= CAP_METRIC_SERIES_MAX) {
		text.len = 0;
		add_labels(&text, labels, n, true);
		s = find_series(f, (char *)text.p, hash_of((char *)text.p));
	}
	if (!s) {
		s = xcalloc(1, sizeof(*s));
		s->hash = hash_of((char *)text.p);
		s->labels = xstrdup((char *)text.p);
		*f->end = s;
		f->end = &s->next;
		f->n++;
	}
	pthread_mutex_unlock(&m->lock);
	buf__done(&text);
	return &s->value;
}

struct cap_metric *cap_metrics__plain(struct cap_metrics *m, enum cap_metric_kind kind, const char *name,
				      const char *help)
{
	return cap_metrics__get(m, kind, name, help, NULL, 0);
}

struct cap_metric *cap_metrics__labelled(struct cap_metrics *m, enum cap_metric_kind kind, const char *name,
					 const char *help, const char *key, const char *value)
{
	return cap_metrics__get(m, kind, name, help, &(struct cap_label){ key, value }, 1);
}

void cap_metrics__on_show(struct cap_metrics *m, void (*fn)(void *arg), void *arg)
{
	pthread_mutex_lock(&m->show_lock);
	m->hooks = xgrow(m->hooks, &m->cap_hooks, m->n_hooks + 1, sizeof(*m->hooks));
	m->hooks[m->n_hooks++] = (struct hook){ fn, arg };
	pthread_mutex_unlock(&m->show_lock);
}

void cap_metrics__forget(struct cap_metrics *m, void *arg)
{
	size_t n = 0;

	pthread_mutex_lock(&m->show_lock);
	for (size_t i = 0; i < m->n_hooks; i++)
		if (m->hooks[i].arg != arg)
			m->hooks[n++] = m->hooks[i];
	m->n_hooks = n;
	pthread_mutex_unlock(&m->show_lock);
}

static void show_family(const struct family *f, struct buf *out)
{
	bool seconds = f->kind == CAP_COUNTER_NS || f->kind == CAP_GAUGE_NS;
	bool counter = f->kind == CAP_COUNTER || f->kind == CAP_COUNTER_NS;

	buf__printf(out, "# HELP %s %s\n# TYPE %s %s\n", f->name, f->help, f->name, counter ? "counter" : "gauge");
	for (const struct series *s = f->first; s; s = s->next) {
		int64_t v = cap_metric__value(&s->value);

		if (seconds)
			buf__printf(out, "%s%s %.9f\n", f->name, s->labels, (double)v / 1e9);
		else
			buf__printf(out, "%s%s %" PRId64 "\n", f->name, s->labels, v);
	}
}

void cap_metrics__show(struct cap_metrics *m, struct buf *out)
{
	pthread_mutex_lock(&m->show_lock);
	for (size_t i = 0; i < m->n_hooks; i++)
		m->hooks[i].fn(m->hooks[i].arg);
	pthread_mutex_lock(&m->lock);
	for (const struct family *f = m->first; f; f = f->next)
		show_family(f, out);
	pthread_mutex_unlock(&m->lock);
	pthread_mutex_unlock(&m->show_lock);
}
