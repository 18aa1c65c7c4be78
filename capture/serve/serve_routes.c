// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "capture/serve/serve_routes.h"
#include "capture/serve/serve_internal.h"

/* What a route of ours calls: kept in the server's memory. */
struct health_route {
	cap_health_fn fn;
	void *arg;
};

struct trigger_route {
	cap_trigger_fn fn;
	void *arg;
};

static void get_metrics(void *arg, const struct cap_serve_request *rq, struct cap_serve_reply *re)
{
	(void)rq;
	re->content_type = "text/plain; version=0.0.4; charset=utf-8";
	cap_metrics__show(arg, &re->body);
}

void cap_serve__add_metrics(struct cap_serve *s, struct cap_metrics *m)
{
	cap_serve__route(s, &(struct cap_serve_route){ .method = "GET", .path = "/metrics", .fn = get_metrics, .arg = m });
}

static void get_health(void *arg, const struct cap_serve_request *rq, struct cap_serve_reply *re)
{
	const struct health_route *h = arg;
	char why[128] = "not healthy";

	(void)rq;
	if (h->fn(h->arg, why))
		buf__puts(&re->body, "{\"status\": \"ok\"}\n");
	else
		cap_serve_reply__error(re, 503, "%s", why);
}

void cap_serve__add_health(struct cap_serve *s, const char *path, cap_health_fn fn, void *arg)
{
	struct health_route *h = arena__zalloc(&s->mem, sizeof(*h));

	*h = (struct health_route){ fn, arg };
	cap_serve__route(s, &(struct cap_serve_route){
		.method = "GET", .path = path, .fn = get_health, .arg = h, .open_to_all = true });
}

static void post_trigger(void *arg, const struct cap_serve_request *rq, struct cap_serve_reply *re)
{
	const struct trigger_route *t = arg;
	struct eng_trigger_request asked;
	struct err err = { 0 };
	int rc = eng_trigger_request__parse(rq->body, rq->body_len, &asked, &err);

	if (rc) {
		cap_serve_reply__error(re, rc == -FMT_E_LIMIT ? 413 : 400, "%s", err.msg);
		return;
	}
	re->status = 202;
	t->fn(t->arg, &asked, rq->body, rq->body_len, re);
	eng_trigger_request__done(&asked);
}

void cap_serve__add_trigger(struct cap_serve *s, cap_trigger_fn fn, void *arg)
{
	struct trigger_route *t = arena__zalloc(&s->mem, sizeof(*t));

	*t = (struct trigger_route){ fn, arg };
	cap_serve__route(s, &(struct cap_serve_route){
		.method = "POST", .path = "/trigger", .fn = post_trigger, .arg = t, .max_body = ENG_TRIGGER_JSON_MAX });
}
