/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics - counters and gauges that any thread changes without a lock, shown as Prometheus reads them.
 *
 * A metric is a family (name, kind, help) of values told apart by labels. Registering takes a lock and gives the value
 * itself; who counts keeps it and adds to it with one atomic instruction. Families may come from several parts; the
 * same name and labels give the same value.
 *
 * Input:     label values may be anything (the name of a rule, of a container): they are escaped, made UTF-8 and cut at
 *            CAP_METRIC_LABEL_MAX bytes. A family has at most CAP_METRIC_SERIES_MAX values; further labels are
 *            counted together, under "other". Names and keys are ours.
 * Ownership: values live as long as the registry.
 * Threads:   everything from any thread.
 * Format:    the text exposition format 0.0.4, which Prometheus has read since its version 1.
 */
#ifndef CAP_METRICS_H
#define CAP_METRICS_H

#include <stdatomic.h>

#include "format/base/alloc.h"

#define CAP_METRIC_SERIES_MAX 1000
#define CAP_METRIC_LABELS_MAX 4
#define CAP_METRIC_LABEL_MAX 128

enum cap_metric_kind {
	CAP_COUNTER,		/* only grows; its name ends in _total */
	CAP_GAUGE,
	CAP_COUNTER_NS,		/* counted in nanoseconds, shown in seconds */
	CAP_GAUGE_NS
};

struct cap_metrics;
struct cap_metric {		/* one value */
	_Atomic int64_t v;
};
struct cap_label {
	const char *key, *value;	/* copied */
};

struct cap_metrics *cap_metrics__new(void);
void cap_metrics__free(struct cap_metrics *m);

/* The value of these labels, made at 0 if it is new. labels: n of them, at most CAP_METRIC_LABELS_MAX. */
struct cap_metric *cap_metrics__get(struct cap_metrics *m, enum cap_metric_kind kind, const char *name,
				    const char *help, const struct cap_label *labels, unsigned n);
/* The same without labels, and with one. */
struct cap_metric *cap_metrics__plain(struct cap_metrics *m, enum cap_metric_kind kind, const char *name,
				      const char *help);
struct cap_metric *cap_metrics__labelled(struct cap_metrics *m, enum cap_metric_kind kind, const char *name,
					 const char *help, const char *key, const char *value);
/*
 * fn runs before each exposition, in the thread that asks and in order of registration, so that gauges which cost
 * something are only looked at then. Must not register callbacks itself.
 */
void cap_metrics__on_show(struct cap_metrics *m, void (*fn)(void *arg), void *arg);
/* No more of arg's callbacks; waits for one that runs. */
void cap_metrics__forget(struct cap_metrics *m, void *arg);

/* Append the exposition: families in order of registration. */
void cap_metrics__show(struct cap_metrics *m, struct buf *out);

static inline void cap_metric__add(struct cap_metric *v, int64_t n)
{
	atomic_fetch_add_explicit(&v->v, n, memory_order_relaxed);
}
static inline void cap_metric__set(struct cap_metric *v, int64_t n)
{
	atomic_store_explicit(&v->v, n, memory_order_relaxed);
}
static inline int64_t cap_metric__value(const struct cap_metric *v)
{
	return atomic_load_explicit(&v->v, memory_order_relaxed);
}

#endif
