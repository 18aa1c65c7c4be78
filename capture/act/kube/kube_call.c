// SPDX-License-Identifier: Apache-2.0
/* Requests to the API server, tried again where that can help. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cjson/cJSON.h>

#include "capture/act/kube/kube.h"
#include "capture/http/backoff.h"
#include "capture/http/http_client.h"

#define TRIES 6
#define MAX_WAIT_NS 10000000000ull	/* between two tries, whatever the server says */
#define MAX_REPLY (16u << 20)		/* a list of pods of a node */

struct act_kube {
	struct kube_access access;
	struct cap_http *http;
	uint64_t timeout_ns;
	const atomic_bool *stop;
};

static int connect_to(struct act_kube *k, struct err *err)
{
	const struct kube_access *a = &k->access;
	struct cap_http_opts o = { .ca = { a->ca_file, a->ca }, .cert = { a->cert_file, a->cert }, .key = { a->key_file, a->key },
				   .no_verify = a->no_verify, .token_file = a->token ? NULL : a->token_file,
				   .open_token = true, .proxy = a->proxy, .timeout_ns = k->timeout_ns, .max_reply = MAX_REPLY, .stop = k->stop };

	cap_http__free(k->http);
	k->http = NULL;
	return cap_http__new(&k->http, &o, err);
}

int kube_call__new(struct act_kube **ret, const struct pb_kubernetes *o, const atomic_bool *stop, struct err *err)
{
	struct act_kube *k = xcalloc(1, sizeof(*k));
	int r = o->kubeconfig ? kube_access__read(&k->access, o->kubeconfig, o->context, err) :
		kube_access__in_cluster(&k->access, o->account, err);

	k->timeout_ns = o->timeout;
	k->stop = stop;
	if (!r)
		r = kube_access__refresh(&k->access, stop, err);
	if (!r)
		r = connect_to(k, err);
	if (r) {
		act_kube__free(k);
		return r;
	}
	*ret = k;
	return 0;
}

void act_kube__free(struct act_kube *k)
{
	if (!k)
		return;
	cap_http__free(k->http);
	kube_access__done(&k->access);
	free(k);
}

void kube_answer__done(struct kube_answer *a)
{
	cJSON_Delete(a->json);
	*a = (struct kube_answer){ 0 };
}

/* Sleep, but not when all is to end. */
static bool wait_for(const struct act_kube *k, uint64_t ns)
{
	uint64_t until = act_clock() + (ns > MAX_WAIT_NS ? MAX_WAIT_NS : ns);

	while (act_clock() < until && !*k->stop)
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	return !*k->stop;
}

static void take_text(const cJSON *j, const char *key, char *to, size_t size)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(j, key);

	snprintf(to, size, "%s", cJSON_IsString(v) ? v->valuestring : "");
}

/* The server's Status object says why not. */
static void take_refusal(const struct cap_http_reply *r, struct kube_answer *a)
{
	cJSON *j = cJSON_ParseWithLength((char *)r->body.p, r->body.len);

	take_text(j, "reason", a->reason, sizeof(a->reason));
	take_text(j, "message", a->message, sizeof(a->message));
	cJSON_Delete(j);
}

static bool is_done(unsigned status)
{
	return status >= 200 && status < 300;
}

/* One try: 0 it is answered; 1 it is worth another, and err says what was wrong. */
static int try_once(struct act_kube *k, const struct cap_http_request *rq, struct cap_http_reply *r, struct kube_answer *a,
		    struct err *err)
{
	int rc = cap_http__do(k->http, rq, r, err);

	if (rc)
		return rc == -ECANCELED || rc == -EINVAL ? rc : 1;
	a->status = r->status;
	if (is_done(r->status)) {
		a->json = r->truncated ? NULL : cJSON_ParseWithLength((char *)r->body.p, r->body.len);
		if (cJSON_IsObject(a->json))
			return 0;
		kube_answer__done(a);
		err__set(err, -EPROTO, "the API server's answer is %s", r->truncated ? "too long" : "no JSON object");
		return 1;
	}
	take_refusal(r, a);
	if (r->status != 429 && r->status < 500)
		return 0;
	err__set(err, -EAGAIN, "the API server says %u: %s", r->status, a->message);
	return 1;
}

int kube__call(struct act_kube *k, const char *method, const char *path, const char *type, const char *body, struct kube_answer *ret,
	       struct err *err)
{
	struct cap_backoff wait = { .min_ns = 200000000, .max_ns = 5000000000, .rnd = (uint32_t)act_clock() };
	char *url = xasprintf("%s%s", k->access.server, path), *header = xasprintf("Content-Type: %s", type ? type : "");
	const char *headers[2] = { "Accept: application/json", header };
	struct cap_http_request rq = { .method = method, .url = url, .headers = headers, .n_headers = body ? 2 : 1, .body = body,
				       .body_len = body ? strlen(body) : 0 };
	struct cap_http_reply r = { 0 };
	struct kube_answer a = { 0 };
	bool refreshed = false;
	int rc = 1;

	for (unsigned n = 0; n < TRIES && rc == 1; n++) {
		struct err why = { 0 };

		a = (struct kube_answer){ 0 };
		rq.token = k->access.token;
		rc = try_once(k, &rq, &r, &a, &why);
		if (!rc && a.status == 401 && k->access.exec && !refreshed) {	/* it has run out: ask for another */
			refreshed = true;
			rc = kube_access__refresh(&k->access, k->stop, &why);
			rc = rc ? rc : connect_to(k, &why) ? -EIO : 1;
			continue;
		}
		if (rc && (rc < 0 || n + 1 == TRIES) && err)
			*err = why;
		if (rc == 1 && !wait_for(k, r.has_retry_after ? r.retry_after_ns : cap_backoff__next(&wait)))
			rc = err__set(err, -ECANCELED, "the recorder ends");
	}
	if (rc == 1) {				/* what it said last is the answer, if it said something */
		rc = a.status ? 0 : err && err->code ? err->code : -EIO;
		if (!rc && err)
			*err = (struct err){ 0 };
	}
	if (!rc)
		*ret = a;
	cap_http_reply__done(&r);
	free(url);
	free(header);
	return rc;
}
