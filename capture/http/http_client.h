/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http_client - one HTTP(S) request at a time, over connections that stay open.
 *
 * Certificates are verified, redirects are not followed, http and https are the only protocols, and a reply is read up
 * to a limit. Nothing here retries: who asks knows what a second time would do (cap_backoff helps).
 *
 * Input:     the reply is untrusted: its size is capped while it comes in.
 * Ownership: a client copies its options. Replies are the caller's (cap_http_reply__done).
 * Threads:   a client belongs to one thread at a time; different clients are independent. *stop may be set from any.
 */
#ifndef CAP_HTTP_CLIENT_H
#define CAP_HTTP_CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "format/base/alloc.h"
#include "format/base/err.h"

#define CAP_HTTP_TIMEOUT_NS 10000000000ull	/* unless told otherwise: a whole request */
#define CAP_HTTP_REPLY_MAX (1u << 20)		/* bytes of a reply, unless told otherwise */
#define CAP_HTTP_TOKEN_MAX 16384		/* bytes of a token file */

/* PEM, in a file or in memory; the memory goes first where both are given. NULL: none. */
struct cap_http_pem {
	const char *file;
	const char *text;
};

struct cap_http_opts {
	struct cap_http_pem ca;		/* none: the system's */
	struct cap_http_pem cert, key;	/* of this client */
	bool no_verify;			/* accept any certificate. Off by default, and should stay so. */
	const char *token_file;		/* "Authorization: Bearer ..."; read for each request, since tokens change */
	bool open_token;		/* it may be readable by everybody, as that of a pod's account is */
	const char *unix_socket;	/* path of a socket to connect to instead of the URL's host */
	const char *proxy;		/* its URL; NULL: none, whatever the environment says */
	uint64_t timeout_ns;		/* of a whole request; 0: CAP_HTTP_TIMEOUT_NS */
	size_t max_reply;		/* 0: CAP_HTTP_REPLY_MAX */
	const atomic_bool *stop;	/* when it is set a running request ends within a second; or NULL */
};

struct cap_http_request {
	const char *method;		/* NULL: "GET" */
	const char *url;		/* http:// or https:// */
	const char *const *headers;	/* "Name: value", n_headers of them */
	unsigned n_headers;
	const char *token;		/* instead of token_file; or NULL */
	const void *body;		/* NULL: none */
	size_t body_len;
	uint64_t timeout_ns;		/* 0: the client's */
};

struct cap_http_reply {
	unsigned status;		/* 200, 404, ... */
	struct buf body;
	bool truncated;			/* there was more than max_reply */
	bool has_retry_after;
	uint64_t retry_after_ns;	/* from Retry-After: seconds or a date; at most a day */
};

struct cap_http;

/* Negative with err: a certificate or key that cannot be read, no such URL scheme, no memory. */
int cap_http__new(struct cap_http **ret, const struct cap_http_opts *o, struct err *err);
void cap_http__free(struct cap_http *c);
/*
 * 0 when an answer came, whatever its status; else what went wrong on the way in err: -ETIMEDOUT, -ECONNREFUSED,
 * -EHOSTUNREACH (no such name), -EPROTO (TLS), -ECANCELED (*stop), -EINVAL (URL, header), -EIO. ret must be zeroed
 * or from the request before: its memory is used again.
 */
int cap_http__do(struct cap_http *c, const struct cap_http_request *rq, struct cap_http_reply *ret, struct err *err);
void cap_http_reply__done(struct cap_http_reply *r);

/* Is it a URL that cap_http__do takes? Negative with err if not. */
int cap_http__check_url(const char *url, struct err *err);
/*
 * A token from a file, without what is white around it; free() it. -EINVAL if there are others than printable characters, -EPERM if
 * everybody can read it and may not.
 */
int cap_http__read_token(const char *path, bool may_be_open, char **ret, struct err *err);

#endif
