/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve - a small HTTP server: a table of routes, on loopback, a unix socket, or with a lock before it.
 *
 * One thread of its own serves all connections, so a handler must be short: it takes what came and returns. Handlers run one at a
 * time.
 *
 * Who may ask: on a unix socket whoever its mode lets in; on loopback everybody on the machine, unless a token is
 * set; from elsewhere who has the token or, with client_ca, a certificate of that authority. An address that is not
 * loopback without either is refused. What a browser sends for a page of somebody else is refused: a header Origin always, a Host
 * that is not ours where loopback is the only lock.
 *
 * Input:     everything that comes in is hostile: sizes of headers and bodies, connections in all and of one address, and
 *            the time that a request may take are bounded.
 * Ownership: options and routes are copied.
 * Threads:   new, route, start, free from one thread; handlers run in the server's.
 */
#ifndef CAP_SERVE_H
#define CAP_SERVE_H

#include <stdbool.h>
#include <stddef.h>

#include "capture/metrics/metrics.h"
#include "format/base/err.h"

#define CAP_SERVE_BODY_MAX (256u << 10)	/* of a route that does not say otherwise */
#define CAP_SERVE_TIME_NS 30000000000ull	/* from the connection, or the answer before, to the whole request */

struct cap_serve_opts {
	const char *listen;		/* "127.0.0.1:9376", "[::1]:9376", "HOST:PORT", "unix:/PATH"; port 0: any free one */
	uint32_t socket_mode;		/* of a unix socket; 0: 0660 */
	const char *token_file;		/* bearer token; NULL: none. Read once. */
	const char *cert_file, *key_file;	/* PEM: TLS; NULL: none */
	const char *client_ca_file;	/* PEM: clients must show a certificate of it, or the token */
	unsigned max_connections;	/* 0: 64; of one address half of that */
	uint64_t time_ns;		/* 0: CAP_SERVE_TIME_NS */
};

struct cap_serve_request {		/* borrowed for the call */
	const char *method, *path;
	const char *content_type;	/* "" if not said */
	const char *body;		/* a NUL follows it */
	size_t body_len;
	const char *peer;		/* "127.0.0.1", "unix" */
};

struct cap_serve_reply {
	unsigned status;		/* 200 at first */
	const char *content_type;	/* a constant; "application/json" at first */
	unsigned retry_after_s;		/* 0: no such header */
	struct buf body;
};

typedef void (*cap_serve_fn)(void *arg, const struct cap_serve_request *rq, struct cap_serve_reply *re);

struct cap_serve_route {
	const char *method, *path;	/* "POST", "/trigger": the whole path, without query */
	cap_serve_fn fn;
	void *arg;
	size_t max_body;		/* bytes; 0: CAP_SERVE_BODY_MAX */
	bool open_to_all;		/* needs no token or certificate: says nothing that anybody would want */
};

struct cap_serve;

/* Check options, read token and certificates. metrics may be NULL. */
int cap_serve__new(struct cap_serve **ret, const struct cap_serve_opts *o, struct cap_metrics *metrics, struct err *err);
void cap_serve__route(struct cap_serve *s, const struct cap_serve_route *r);	/* before start */
int cap_serve__start(struct cap_serve *s, struct err *err);
/*
 * The same for one that is to take the place of another: it listens on the same socket if both name the same address. Both serve
 * until cap_serve__take_over; if this one is freed instead, all is as it was.
 */
int cap_serve__start_beside(struct cap_serve *s, struct cap_serve *before, struct err *err);
/* Ends the one that was there before, which has a second for the connections that it has. */
void cap_serve__take_over(struct cap_serve *s, struct cap_serve *before);
/* Do both listen at the same place, with the same secrets, limits and routes? */
bool cap_serve__same(const struct cap_serve *a, const struct cap_serve *b);
/* Ends the thread and what it serves; NULL is fine. */
void cap_serve__free(struct cap_serve *s);

/* The port listened on, 0 for a unix socket. After start. */
unsigned cap_serve__port(const struct cap_serve *s);
/* Set the reply to {"error": "..."}. */
void cap_serve_reply__error(struct cap_serve_reply *re, unsigned status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
