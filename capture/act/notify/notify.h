/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify - messages to people and systems by HTTP.
 *
 * A message says what the alert was, where, and what the steps before it came to. Delivery is tried again when the server cannot be
 * reached or is busy (429, 502 to 504), not when it may have taken the message. Addresses and tokens are read from
 * their files for each message, so that they can be changed.
 */
#ifndef CAP_NOTIFY_H
#define CAP_NOTIFY_H

#include "capture/act/act.h"
#include "capture/http/http_client.h"

/* One step of a plan that has PBF_NOTIFY; outcomes: of the plan's steps so far. */
int act_notify__do(struct act_env *env, const struct pb_plan *p, const struct pb_step *s, const struct act_outcome *outcomes, uint32_t n,
		   struct buf *text, struct err *err);

/* --- what the files share --- */

struct notify {
	const struct pb_plan *plan;
	const struct pb_step *step;
	const struct act_outcome *outcomes;
	uint32_t n_outcomes;
	const atomic_bool *stop;
};

/* before, then a JSON string. */
void notify_put(struct buf *b, const char *before, const char *s);
/* "Rule on web (shop/web-1)", or what the file has as title. */
void notify_title(const struct notify *n, struct buf *out);
/* Where it happened and what was done, line by line. */
void notify_details(const struct notify *n, struct buf *out);
/*
 * POST JSON, with these headers more. 0 if it was taken (2xx); the answer is in ret, the caller's. What else it was is in err,
 * without the URL, which may be a secret.
 */
int notify_post(const struct notify *n, const char *url, const char *const *headers, unsigned n_headers, const char *token_file,
		const char *body, struct cap_http_reply *ret, struct err *err);

int notify_slack(const struct notify *n, struct buf *text, struct err *err);
int notify_webhook(const struct notify *n, struct buf *text, struct err *err);
int notify_xsoar(const struct notify *n, struct buf *text, struct err *err);
int notify_splunk_soar(const struct notify *n, struct buf *text, struct err *err);

#endif
