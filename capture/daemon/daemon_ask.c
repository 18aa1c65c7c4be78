// SPDX-License-Identifier: Apache-2.0
/* Triggers from other threads: what somebody said becomes a request, made in the recording thread. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "capture/daemon/daemon_internal.h"
#include "format/base/text.h"

struct ask {
	struct cap_daemon *d;
	const char *by, *who, *alert;
	const struct eng_trigger_request *a;
	char **ret_file;
	uint64_t *ret_id;
	struct err *err;
	int result;
};

static int check(const struct cap_triggers_conf *o, const struct eng_trigger_request *a, struct err *err)
{
	char max[32];

	if (a->has_before && a->before_ns > o->max_before_ns)
		return err__set(err, -FMT_E_VALUE, "before: at most %s (max_before)",
				text__duration(o->max_before_ns, max));
	if (a->has_after && a->after_ns > o->max_after_ns)
		return err__set(err, -FMT_E_VALUE, "after: at most %s (max_after)",
				text__duration(o->max_after_ns, max));
	return 0;
}

/*
 * An alert that took its time on the way asks for the past before it, not before its arrival. Both times are of the machines'
 * clocks, which may be anything: more than anybody may ask for is not added.
 */
static uint64_t lag_of(const struct eng_trigger_request *a, const struct cap_triggers_conf *o)
{
	struct timespec t;
	uint64_t now;

	clock_gettime(CLOCK_REALTIME, &t);
	now = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	return a->time_ns && a->time_ns < now && now - a->time_ns <= o->max_before_ns ? now - a->time_ns : 0;
}

static void ask(void *arg)
{
	struct ask *k = arg;
	const struct eng_trigger_request *a = k->a;
	const struct cap_triggers_conf *o = &k->d->conf.triggers;
	struct cap_request rq = { .by = k->by, .who = (char *)k->who, .reason = (char *)a->reason,
				  .rule = (char *)a->rule, .alert = (char *)k->alert,
				  .priority = a->has_priority ? (int)a->priority : -1 };
	char *container = NULL;

	k->result = check(o, a, k->err);
	if (!k->result && !a->host)
		k->result = cap_daemon__find_container(k->d, a, &container, k->err);
	if (k->result)
		return;
	rq.container = container ? container : (char *)"";
	rq.time = cap_ring__now(k->d->ring);
	rq.before_ns = (a->has_before ? a->before_ns : o->before_ns) + lag_of(a, o);
	rq.after_ns = a->has_after ? a->after_ns : o->after_ns;
	k->result = cap_daemon__make_file(k->d, &rq, k->ret_file, k->ret_id, k->err);
	free(container);
}

int cap_daemon__ask(struct cap_daemon *d, const char *by, const char *who, const struct eng_trigger_request *a,
		    const char *alert, char **ret_file, uint64_t *ret_id, struct err *err)
{
	struct ask k = { d, by, who, alert, a, ret_file, ret_id, err, 0 };

	if (!cap_post__call(&d->post, ask, &k))
		return err__set(err, -ESHUTDOWN, "the recording has ended");
	return k.result;
}
