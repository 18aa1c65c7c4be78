// SPDX-License-Identifier: Apache-2.0
/*
 * Alerts by POST, one a request: the body is Falco's alert as it is, which Falcosidekick and what understands it accept.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/outputs/out_output.h"

#define ID_HEADER "X-Alert-Id: "
#define PAUSE_MAX_NS 3600000000000ull	/* of what Retry-After asks for */

struct poster {
	struct cap_http *http;
	struct cap_http_reply reply;
	const char **headers;		/* the configured ones, type, id */
	unsigned n_headers;
	char id[sizeof(ID_HEADER) + OUT_ID_MAX];
};

static bool has_header(const struct output *o, const char *name)
{
	for (unsigned i = 0; i < o->o.n_headers; i++)
		if (!strncasecmp(o->o.headers[i], name, strlen(name)))
			return true;
	return false;
}

static int check_headers(const struct output *o, struct err *err)
{
	for (unsigned i = 0; i < o->o.n_headers; i++) {
		const char *colon = strchr(o->o.headers[i], ':');

		if (!colon || colon == o->o.headers[i] || strpbrk(o->o.headers[i], "\r\n"))
			return err__set(err, -EINVAL, "output '%s': a header is written 'Name: value'", o->o.name);
	}
	return 0;
}

static int http__open(struct output *o, struct err *err)
{
	struct poster *p = xcalloc(1, sizeof(*p));
	struct cap_http_opts h = o->o.http;
	char *token;
	int rc;

	o->state = p;
	if (!o->o.url)
		return err__set(err, -EINVAL, "output '%s': http needs a url", o->o.name);
	rc = cap_http__check_url(o->o.url, err);
	if (!rc)
		rc = check_headers(o, err);
	if (!rc && h.token_file) {
		rc = cap_http__read_token(h.token_file, false, &token, err);
		if (!rc)
			free(token);
	}
	if (rc)
		return rc;
	h.timeout_ns = o->o.timeout_ns;
	h.max_reply = 4096;
	h.stop = &o->abandon;
	p->headers = xcalloc(o->o.n_headers + 2, sizeof(*p->headers));
	for (unsigned i = 0; i < o->o.n_headers; i++)
		p->headers[p->n_headers++] = o->o.headers[i];
	if (!has_header(o, "Content-Type:"))
		p->headers[p->n_headers++] = "Content-Type: application/json";
	p->headers[p->n_headers++] = p->id;
	return cap_http__new(&p->http, &h, err);
}

/*
 * What the answer means. Refused is only what this alert alone is to blame for; what somebody has to put right (a token, a
 * path) keeps the alerts until it is. A URL may hold a secret and is not named.
 */
static enum out_verdict judge(const struct cap_http_reply *r, struct out_try *t)
{
	if (r->status >= 200 && r->status < 300)
		return OUT_OK;
	if (r->has_retry_after)
		t->wait_ns = r->retry_after_ns < PAUSE_MAX_NS ? r->retry_after_ns : PAUSE_MAX_NS;
	switch (r->status) {
	case 400: case 413: case 415: case 422:
		return out_try__say(t, OUT_REFUSED, "the server answers %u", r->status);
	default:
		return out_try__say(t, OUT_RETRY, "the server answers %u%s", r->status,
			r->status >= 300 && r->status < 400 ? " (a redirect, which is not followed)" : "");
	}
}

static enum out_verdict http__deliver(struct output *o, const struct out_record *r, struct out_try *t)
{
	struct poster *p = o->state;
	struct cap_http_request rq = {
		.method = "POST", .url = o->o.url, .headers = p->headers, .n_headers = p->n_headers,
		.body = r->json, .body_len = r->json_len
	};
	struct err err = { 0 };

	memcpy(p->id, ID_HEADER, sizeof(ID_HEADER) - 1);
	memcpy(p->id + sizeof(ID_HEADER) - 1, r->id, OUT_ID_MAX);
	if (cap_http__do(p->http, &rq, &p->reply, &err))
		return out_try__say(t, OUT_RETRY, "%s", err.msg);
	return judge(&p->reply, t);
}

static void http__close(struct output *o)
{
	struct poster *p = o->state;

	if (!p)
		return;
	cap_http__free(p->http);
	cap_http_reply__done(&p->reply);
	free(p->headers);
	free(p);
}

const struct out_ops out_http_ops = { .open = http__open, .deliver = http__deliver, .close = http__close };
