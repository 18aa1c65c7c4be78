// SPDX-License-Identifier: Apache-2.0
/* Where alerts go, the HTTP server, the audit log of Kubernetes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/daemon/daemon_internal.h"
#include "format/base/text.h"

#define GRACE_NS 5000000000u		/* for outputs, at the end */
#define ALIVE_NS 5000000000u		/* a round takes some milliseconds */

/* --- HTTP ------------------------------------------------------------------------------------- */

static bool is_healthy(void *arg, char why[128])
{
	struct cap_daemon *d = arg;
	struct timespec t;
	uint64_t now;

	clock_gettime(CLOCK_MONOTONIC, &t);
	now = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	if (now < d->round_at + ALIVE_NS)
		return true;
	snprintf(why, 128, "the recording does not go on");
	return false;
}

static unsigned status_of(int error)
{
	switch (error) {
	case -FMT_E_UNKNOWN:
		return 404;
	case -FMT_E_VALUE:
		return 400;
	case -EAGAIN:
		return 429;
	default:
		return 503;
	}
}

static void on_trigger(void *arg, const struct eng_trigger_request *rq, const char *json, size_t len,
		       struct cap_serve_reply *re)
{
	struct cap_daemon *d = arg;
	struct err err = { 0 };
	char *alert = rq->form == TRIGGER_PLAIN ? xstrdup("") : xmemdup0(json, len), *file = NULL;
	int r = cap_daemon__ask(d, "http", eng_trigger_form__name(rq->form), rq, alert, &file, NULL, &err);

	if (r) {
		cap_serve_reply__error(re, status_of(r), "%s", err.msg);
		re->retry_after_s = r == -EAGAIN ? 10 : 0;
	} else {
		re->status = 202;
		buf__puts(&re->body, "{\"file\": \"");
		text__json(&re->body, file, strlen(file));
		buf__puts(&re->body, "\"}\n");
	}
	free(file);
	free(alert);
}

static int make_server(struct cap_daemon *d, struct err *err)
{
	struct cap_serve_opts o;
	int r;

	if (!d->conf.http.listen)
		return 0;
	cap_serve_conf__opts(&d->conf.http, &o);
	r = cap_serve__new(&d->serve, &o, d->metrics, err);
	if (r)
		return r;
	cap_serve__add_metrics(d->serve, d->metrics);
	cap_serve__add_health(d->serve, "/healthz", is_healthy, d);
	cap_serve__add_health(d->serve, "/readyz", is_healthy, d);
	cap_serve__add_trigger(d->serve, on_trigger, d);
	if (d->conf.audit.webhook)
		cap_audit_hook__add(d->serve, d->audit);
	return 0;
}

/* --- Kubernetes ------------------------------------------------------------------------------- */

static int follow_audit(struct cap_daemon *d, struct err *err)
{
	const struct cap_audit_conf *c = &d->conf.audit;
	const struct cap_audit_log_opts o = { .path = c->log, .state = c->state, .from_start = c->from_start };

	return c->log ? cap_audit_log__start(&d->audit_log, &o, d->audit, err) : 0;
}

/* Before the recorder ends: nobody asks any more, and what has come is recorded. */
void cap_daemon__sources_end(struct cap_daemon *d)
{
	cap_serve__free(d->serve);
	d->serve = NULL;
	if (d->audit_log)
		cap_audit_log__stop(d->audit_log);
	if (d->audit && d->rec)
		cap_audit_queue__take(d->audit, d->rec);
}

/* --- outputs ---------------------------------------------------------------------------------- */

static int make_outputs(struct cap_daemon *d, struct err *err)
{
	static const struct cap_out_opts standard = { .kind = CAP_OUT_STDOUT, .name = "stdout",
						      .format = CAP_OUT_JSON };
	const struct cap_out_conf *c = d->conf.outputs.p;
	int r = 0;

	d->outputs = cap_outputs__new(d->metrics);
	if (!d->conf.outputs.n && !yaml_node__get(cfg__root(d->file), "outputs"))
		return cap_outputs__add(d->outputs, &standard, err);
	for (uint32_t i = 0; i < d->conf.outputs.n && !r; i++)
		r = cap_outputs__add_conf(d->outputs, &c[i], err);
	return r;
}

void cap_daemon__put_out(struct cap_daemon *d, const struct cap_live_alert *a, const char *container)
{
	const struct cap_out_alert o = { .time_ns = a->ts,
					 .priority = a->rule->priority,
					 .rule = a->rule->name,
					 .source = a->rule->source,
					 .container = container,
					 .tags = a->rule->tags,
					 .n_tags = a->rule->n_tags,
					 .json = a->json,
					 .json_len = a->json_len,
					 .text = a->text,
					 .text_len = a->text_len };

	cap_outputs__send(d->outputs, &o);
}

/* --- all -------------------------------------------------------------------------------------- */

int cap_daemon__parts(struct cap_daemon *d, struct err *err)
{
	int r = make_outputs(d, err);

	if (d->conf.audit.log || d->conf.audit.webhook)
		d->audit = cap_audit_queue__new();
	return r ? r : make_server(d, err);
}

int cap_daemon__parts_begin(struct cap_daemon *d, struct err *err)
{
	int r = cap_outputs__start(d->outputs, err);

	cap_daemon__show_metrics(d);
	r = r ? r : follow_audit(d, err);
	return r || !d->serve ? r : cap_serve__start(d->serve, err);
}

/* The outputs get what the last rounds have said. */
void cap_daemon__parts_end(struct cap_daemon *d)
{
	if (d->outputs)
		cap_outputs__stop(d->outputs, GRACE_NS);
}

void cap_daemon__parts_free(struct cap_daemon *d)
{
	cap_audit_log__free(d->audit_log);
	cap_audit_queue__free(d->audit);
	cap_outputs__free(d->outputs);
	cap_metrics__free(d->metrics);
}
