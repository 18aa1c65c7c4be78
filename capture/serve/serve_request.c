// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <gnutls/gnutls.h>

#include "capture/serve/serve_internal.h"


struct request {
	const struct cap_serve_route *route;
	struct buf body;
};

/* --- Who may ----------------------------------------------------------------------------------------- */

/* Takes as long for any two texts of the same length. */
static bool same_secret(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);
	volatile unsigned char diff = n != m;

	for (size_t i = 0; i < m; i++)
		diff |= (unsigned char)(a[n ? i % n : 0] ^ b[i]);
	return !diff;
}

static bool has_certificate(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	unsigned status = 0;

	return info && info->tls_session &&
	       gnutls_certificate_verify_peers2((gnutls_session_t)info->tls_session, &status) == 0 && status == 0;
}

bool serve__may(const struct cap_serve *s, struct MHD_Connection *c)
{
	const char *auth = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");

	if (s->client_ca && has_certificate(c))
		return true;
	if (s->token)
		return auth && !strncasecmp(auth, "Bearer ", 7) && same_secret(s->token, auth + 7);
	return !s->client_ca && (s->is_unix || s->is_loopback);
}

/* Is this header's host, without port, that one? */
static bool is_host(const char *header, const char *host)
{
	size_t n = strlen(host);

	return !strncasecmp(header, host, n) && (!header[n] || header[n] == ':');
}

/*
 * A page that a browser has from elsewhere may have this machine's address under a name of its own (DNS rebinding), and asks
 * then as if it were ours. Where loopback is the only lock, the name must be ours.
 */
static bool names_us(const struct cap_serve *s, struct MHD_Connection *c)
{
	const char *header = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Host"), *port;
	struct in_addr a;
	char host[64];

	if (!header || s->is_unix || s->token || s->client_ca)
		return true;
	port = strchr(header, ':');
	snprintf(host, sizeof(host), "%.*s", port ? (int)(port - header) : (int)strlen(header), header);
	return is_host(header, "localhost") || is_host(header, "[::1]") || is_host(header, s->host) ||
	       (inet_pton(AF_INET, host, &a) == 1 && ntohl(a.s_addr) >> 24 == 127);
}

/* --- Answers ----------------------------------------------------------------------------------------- */

static void count(struct cap_serve *s, const struct cap_serve_route *r, unsigned status)
{
	char code[8];

	if (!s->metrics)
		return;
	snprintf(code, sizeof(code), "%u", status % 1000);
	cap_metric__add(cap_metrics__get(s->metrics, CAP_COUNTER, "spoor_http_requests_total", "Requests answered.",
		(struct cap_label[]){ { "path", r ? r->path : "other" }, { "status", code } }, 2), 1);
}

static enum MHD_Result answer(struct cap_serve *s, struct MHD_Connection *c, const struct cap_serve_route *route,
			      const struct cap_serve_reply *re, const char *allow)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(re->body.len, re->body.p, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result ok;
	char text[16];

	if (!r)
		return MHD_NO;
	MHD_add_response_header(r, "Content-Type", re->content_type);
	MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	if (re->retry_after_s) {
		snprintf(text, sizeof(text), "%u", re->retry_after_s);
		MHD_add_response_header(r, "Retry-After", text);
	}
	if (re->status == 401)
		MHD_add_response_header(r, "WWW-Authenticate", "Bearer");
	if (allow)
		MHD_add_response_header(r, "Allow", allow);
	if (re->status >= 400)
		MHD_add_response_header(r, "Connection", "close");
	ok = MHD_queue_response(c, re->status, r);
	MHD_destroy_response(r);
	count(s, route, re->status);
	return ok;
}

static void reply__init(struct cap_serve_reply *re)
{
	*re = (struct cap_serve_reply){ .status = 200, .content_type = "application/json" };
}

/* Refuse before the body is read. */
static enum MHD_Result refuse(struct cap_serve *s, struct MHD_Connection *c, const struct cap_serve_route *route,
			      unsigned status, const char *why, const char *allow)
{
	struct cap_serve_reply re;
	enum MHD_Result ok;

	reply__init(&re);
	cap_serve_reply__error(&re, status, "%s", why);
	ok = answer(s, c, route, &re, allow);
	buf__done(&re.body);
	return ok;
}

/* --- Requests ---------------------------------------------------------------------------------------- */

static const struct cap_serve_route *find(const struct cap_serve *s, const char *path, const char *method,
					  const char **allow)
{
	for (size_t i = 0; i < s->n_routes; i++) {
		if (strcmp(s->routes[i].path, path))
			continue;
		if (!strcmp(s->routes[i].method, method))
			return &s->routes[i];
		*allow = s->routes[i].method;
	}
	return NULL;
}

static enum MHD_Result begin(struct cap_serve *s, struct MHD_Connection *c, const char *path, const char *method,
			     void **own)
{
	const char *length = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Length"), *allow = NULL;
	const struct cap_serve_route *route = find(s, path, method, &allow);
	struct request *rq;

	if (MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Origin"))
		return refuse(s, c, route, 403, "not for browsers", NULL);
	if (!names_us(s, c))
		return refuse(s, c, route, 403, "the header Host names another machine", NULL);
	if (!(route && route->open_to_all) && !serve__may(s, c))
		return refuse(s, c, route, 401, "a bearer token is needed, or a certificate", NULL);
	if (!route)
		return allow ? refuse(s, c, NULL, 405, "another method", allow) : refuse(s, c, NULL, 404, "no such path", NULL);
	if (length && strtoull(length, NULL, 10) > route->max_body)
		return refuse(s, c, route, 413, "the body is too large", NULL);
	rq = xcalloc(1, sizeof(*rq));
	rq->route = route;
	*own = rq;
	return MHD_YES;
}

static enum MHD_Result finish(struct cap_serve *s, struct MHD_Connection *c, struct request *rq, const char *method)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
	const char *type = MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Content-Type");
	struct cap_serve_request in = { .method = method, .path = rq->route->path };
	struct cap_serve_reply re;
	enum MHD_Result ok;
	char peer[64];

	serve__peer(info ? info->client_addr : NULL, peer);
	buf__u8(&rq->body, 0);
	in.body = (char *)rq->body.p;
	in.body_len = rq->body.len - 1;
	in.content_type = type ? type : "";
	in.peer = peer;
	reply__init(&re);
	if (in.body_len > rq->route->max_body)
		cap_serve_reply__error(&re, 413, "the body is too large");
	else
		rq->route->fn(rq->route->arg, &in, &re);
	ok = answer(s, c, rq->route, &re, NULL);
	buf__done(&re.body);
	return ok;
}

enum MHD_Result serve__on_request(void *arg, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *upload, size_t *upload_len, void **own)
{
	struct cap_serve *s = arg;
	struct request *rq = *own;

	(void)version;
	if (!rq)
		return begin(s, c, url, method, own);
	if (*upload_len) {
		/* One byte more than is allowed is kept, to know that there was more. */
		size_t room = rq->route->max_body + 1 - rq->body.len;

		buf__add(&rq->body, upload, *upload_len < room ? *upload_len : room);
		*upload_len = 0;
		return MHD_YES;
	}
	return finish(s, c, rq, method);
}

void serve__on_done(void *arg, struct MHD_Connection *c, void **own, enum MHD_RequestTerminationCode why)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct serve_conn *k = info ? info->socket_context : NULL;
	struct request *rq = *own;
	struct timespec t;

	(void)arg, (void)why;
	if (k) {
		clock_gettime(CLOCK_MONOTONIC, &t);
		k->since_ns = (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
	}
	if (rq) {
		buf__done(&rq->body);
		free(rq);
		*own = NULL;
	}
}
