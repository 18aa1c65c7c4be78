// SPDX-License-Identifier: Apache-2.0
/* What all messages have in common, and the plain ones. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/act/notify/notify.h"
#include "capture/http/backoff.h"
#include "engine/config/config.h"
#include "format/base/text.h"

#define TRIES 4
#define MAX_WAIT_NS 10000000000ull
#define MAX_HEADERS 34

void notify_put(struct buf *b, const char *before, const char *s)
{
	buf__printf(b, "%s\"", before);
	text__json(b, s, strlen(s));
	buf__puts(b, "\"");
}

static void put_where(const struct pb_target *t, struct buf *out)
{
	if (t->container)
		buf__printf(out, " in %s", t->name ? t->name : t->container);
	if (t->pod)
		buf__printf(out, " (%s/%s)", t->ns, t->pod);
	if (t->node)
		buf__printf(out, " on %s", t->node);
}

void notify_title(const struct notify *n, struct buf *out)
{
	const char *title = pb_step__arg(n->step, "title");

	if (title) {
		buf__puts(out, title);
	} else {
		buf__printf(out, "%s", n->plan->rule);
		put_where(&n->plan->target, out);
	}
	buf__u8(out, 0);
	out->len--;
}

static void put_steps(const struct notify *n, struct buf *out)
{
	for (uint32_t i = 0; i < n->n_outcomes; i++) {
		const struct act_outcome *o = &n->outcomes[i];

		if (!o->known)
			continue;
		buf__printf(out, "\n%s: %s%s%s", o->step->action->info->name,
			    o->step->verdict == PBV_DO ? o->error ? "failed" : "done" : "not done", *o->text ? ": " : "", o->text);
	}
}

void notify_details(const struct notify *n, struct buf *out)
{
	buf__puts(out, n->plan->message);
	put_steps(n, out);
	buf__u8(out, 0);
	out->len--;
}


/* --- delivery ---------------------------------------------------------------------------------------------- */

static bool is_busy(int r, const struct cap_http_reply *a)
{
	if (r)
		return r == -ECONNREFUSED || r == -EHOSTUNREACH;
	return a->status == 429 || (a->status >= 502 && a->status <= 504);
}

static bool wait_for(const struct notify *n, uint64_t ns)
{
	uint64_t until = act_clock() + (ns > MAX_WAIT_NS ? MAX_WAIT_NS : ns);

	while (act_clock() < until && !*n->stop)
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	return !*n->stop;
}

int notify_post(const struct notify *n, const char *url, const char *const *headers, unsigned n_headers, const char *token_file,
		const char *body, struct cap_http_reply *ret, struct err *err)
{
	const struct pb_action_opts *o = n->step->action->o;
	struct cap_http_opts ho = { .ca = { .file = o->ca_file }, .token_file = token_file, .proxy = o->proxy, .timeout_ns = o->timeout, .stop = n->stop };
	const char *all[MAX_HEADERS] = { "Content-Type: application/json" };
	struct cap_http_request rq = { .method = "POST", .url = url, .headers = all, .n_headers = 1, .body = body, .body_len = strlen(body) };
	struct cap_backoff wait = { .min_ns = 300000000, .max_ns = 5000000000, .rnd = (uint32_t)act_clock() };
	struct cap_http *http;
	struct err why = { 0 };
	int r = cap_http__new(&http, &ho, err);

	if (r)
		return r;
	for (unsigned i = 0; i < n_headers && rq.n_headers < MAX_HEADERS; i++)
		all[rq.n_headers++] = headers[i];
	for (unsigned i = 0; i < TRIES; i++) {
		why = (struct err){ 0 };
		r = cap_http__do(http, &rq, ret, &why);
		if (!is_busy(r, ret) || i + 1 == TRIES || !wait_for(n, ret->has_retry_after ? ret->retry_after_ns : cap_backoff__next(&wait)))
			break;
	}
	cap_http__free(http);
	if (r)
		return err__set(err, r, "%s", why.msg);
	if (ret->status < 200 || ret->status > 299)
		return err__set(err, -EIO, "the server says %u: %.*s", ret->status, ret->body.len > 200 ? 200 : (int)ret->body.len,
				ret->body.len ? (char *)ret->body.p : "");
	return 0;
}

/* The address: from the file, or from a file of its own. */
static int find_url(const struct pb_action_opts *o, char **ret, struct err *err)
{
	int r = 0;

	if (o->url_file)
		r = cfg_secret__read(o->url_file, ret, err);
	else
		*ret = xstrdup(o->url);
	if (!r && cap_http__check_url(*ret, NULL)) {
		free(*ret);
		r = err__set(err, -EINVAL, "the URL in %s is none", o->url_file ? o->url_file : "the file of playbooks");
	}
	return r;
}

static int send_plain(const struct notify *n, const char *body, struct buf *text, struct err *err)
{
	const struct pb_action_opts *o = n->step->action->o;
	char *headers[MAX_HEADERS] = { NULL }, *url = NULL;
	struct cap_http_reply reply = { 0 };
	unsigned k = 0;
	int r = find_url(o, &url, err);

	if (r)
		return r;
	for (; k < o->headers.n && k < MAX_HEADERS - 1; k++)
		headers[k] = xasprintf("%s: %s", o->headers.p[k].name, o->headers.p[k].value);
	r = notify_post(n, url, (const char *const *)headers, k, o->token_file, body, &reply, err);
	if (!r)
		buf__printf(text, "delivered: %u", reply.status);
	while (k)
		free(headers[--k]);
	cap_http_reply__done(&reply);
	free(url);
	return r;
}

int notify_webhook(const struct notify *n, struct buf *text, struct err *err)
{
	const char *body = pb_step__arg(n->step, "body");

	return send_plain(n, body ? body : n->plan->json, text, err);
}

/* --- Slack: api.slack.com "Sending messages using incoming webhooks", "Formatting text" ----------------------- */

/* Nothing in it is a link, a mention or an end of the block. */
static void put_slack(struct buf *out, const char *s)
{
	for (; *s; s++) {
		switch (*s) {
		case '&':
			buf__puts(out, "&amp;");
			break;
		case '<':
			buf__puts(out, "&lt;");
			break;
		case '>':
			buf__puts(out, "&gt;");
			break;
		case '`':
			buf__u8(out, '\'');
			break;
		default:
			buf__u8(out, (uint8_t)*s);
		}
	}
}

static void slack_message(const struct notify *n, struct buf *out)
{
	struct buf title = { 0 }, details = { 0 };

	notify_title(n, &title);
	notify_details(n, &details);
	buf__printf(out, "*%s*: ", eng_priority__name(n->plan->priority));
	put_slack(out, (char *)title.p);
	buf__puts(out, "\n```");
	put_slack(out, (char *)details.p);
	buf__puts(out, "```");
	buf__done(&title);
	buf__done(&details);
}

int notify_slack(const struct notify *n, struct buf *text, struct err *err)
{
	const char *said = pb_step__arg(n->step, "text"), *channel = n->step->action->o->channel;
	struct buf message = { 0 }, body = { 0 };
	int r;

	if (said)
		put_slack(&message, said);
	else
		slack_message(n, &message);
	buf__u8(&message, 0);
	notify_put(&body, "{\"text\":", (char *)message.p);
	if (channel)
		notify_put(&body, ",\"channel\":", channel);
	buf__puts(&body, "}");
	buf__u8(&body, 0);
	r = send_plain(n, (char *)body.p, text, err);
	buf__done(&message);
	buf__done(&body);
	return r;
}

int act_notify__do(struct act_env *env, const struct pb_plan *p, const struct pb_step *s, const struct act_outcome *outcomes, uint32_t n,
		   struct buf *text, struct err *err)
{
	const struct notify what = { p, s, outcomes, n, env->stop };

	switch ((enum pb_do)s->action->o->what) {
	case PB_slack:
		return notify_slack(&what, text, err);
	case PB_xsoar:
		return notify_xsoar(&what, text, err);
	case PB_splunk_soar:
		return notify_splunk_soar(&what, text, err);
	default:
		return notify_webhook(&what, text, err);
	}
}
