// SPDX-License-Identifier: Apache-2.0
/* Files, where alerts go, the HTTP server, the audit log of Kubernetes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/daemon/daemon_internal.h"
#include "format/base/text.h"

#define ALIVE_NS 5000000000u		/* a round takes some milliseconds */

/* --- files ------------------------------------------------------------------------------------ */

struct cap_keep_opts cap_daemon__keep_opts(const struct cap_daemon *d, const struct cap_files_conf *c)
{
	return (struct cap_keep_opts){ .sz = sizeof(struct cap_keep_opts), .ring = d->ring, .dir = c->directory,
				       .max_open = (unsigned)c->open, .rate_files = c->rate_files, .rate_ns = c->rate_ns,
				       .max_files = c->max_files, .max_bytes = c->max_bytes,
				       .max_file_bytes = c->max_file_bytes, .min_free = c->min_free,
				       .max_age_ns = c->max_age_ns };
}

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

int cap_daemon__make_server(struct cap_daemon *d, const struct cap_daemon_conf *c, struct cap_serve **ret, struct err *err)
{
	struct cap_serve_opts o;
	struct cap_serve *s;
	int r;

	if (!c->http.listen)
		return 0;
	cap_serve_conf__opts(&c->http, &o);
	r = cap_serve__new(&s, &o, d->metrics, err);
	if (r)
		return r;
	cap_serve__add_metrics(s, d->metrics);
	cap_serve__add_health(s, "/healthz", is_healthy, d);
	cap_serve__add_health(s, "/readyz", is_healthy, d);
	cap_serve__add_trigger(s, on_trigger, d);
	if (c->audit.webhook)
		cap_audit_hook__add(s, d->audit);
	*ret = s;
	return 0;
}

/* --- Kubernetes ------------------------------------------------------------------------------- */

struct cap_audit_log_opts cap_daemon__audit_opts(const struct cap_daemon_conf *c)
{
	return (struct cap_audit_log_opts){ .path = c->audit.log, .state = c->audit.state, .from_start = c->audit.from_start };
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

static bool says_outputs(const struct cfg *file)
{
	return yaml_node__get(cfg__root(file), "outputs");
}

static bool is_same(const struct cap_out_conf *c, const struct cfg_list *before)
{
	for (uint32_t i = 0; i < before->n; i++)
		if (!cfg_section__differs(&cap_out_section, (const struct cap_out_conf *)before->p + i, c, NULL))
			return true;
	return false;
}

int cap_daemon__add_outputs(struct cap_outputs *h, const struct cap_daemon_conf *c, const struct cfg *file,
			    const struct cap_daemon_conf *before, const struct cfg *before_file, struct err *err)
{
	static const struct cap_out_opts standard = { .kind = CAP_OUT_STDOUT, .name = "stdout",
						      .format = CAP_OUT_JSON };
	const struct cap_out_conf *o = c->outputs.p;
	int r = 0;

	if (!says_outputs(file))
		return before && !says_outputs(before_file) && cap_outputs__keep(h, standard.name) ? 0
			: cap_outputs__add(h, &standard, err);
	for (uint32_t i = 0; i < c->outputs.n && !r; i++)
		if (!before || !is_same(&o[i], &before->outputs) || !cap_outputs__keep(h, o[i].name))
			r = cap_outputs__add_conf(h, &o[i], err);
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
	int r;

	d->outputs = cap_outputs__new(d->metrics);
	d->audit = cap_audit_queue__new();
	d->audited = d->conf.audit.log || d->conf.audit.webhook;
	r = cap_daemon__add_outputs(d->outputs, &d->conf, d->file, NULL, NULL, err);
	return r ? r : cap_daemon__make_server(d, &d->conf, &d->serve, err);
}

int cap_daemon__parts_begin(struct cap_daemon *d, struct err *err)
{
	const struct cap_audit_log_opts audit = cap_daemon__audit_opts(&d->conf);
	int r = cap_outputs__start(d->outputs, err);

	r = r ? r : cap_audit_log__start(&d->audit_log, &audit, d->audit, err);
	if (!r)
		cap_daemon__show_metrics(d);
	return r || !d->serve ? r : cap_serve__start(d->serve, err);
}

/* The outputs get what the last rounds have said. */
void cap_daemon__parts_end(struct cap_daemon *d)
{
	if (d->outputs)
		cap_outputs__stop(d->outputs, CAP_OUTPUTS_GRACE_NS);
}

void cap_daemon__parts_free(struct cap_daemon *d)
{
	cap_audit_log__free(d->audit_log);
	cap_audit_queue__free(d->audit);
	cap_outputs__free(d->outputs);
	cap_metrics__free(d->metrics);
}
