// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "capture/audit/audit_hook.h"

static void on_post(void *arg, const struct cap_serve_request *rq, struct cap_serve_reply *re)
{
	struct err err = { 0 };
	int n = cap_audit_queue__put(arg, rq->body, rq->body_len, &err);

	if (n == -EAGAIN) {
		re->retry_after_s = 1;
		cap_serve_reply__error(re, 429, "too many entries wait to be recorded");
	} else if (n < 0) {
		cap_serve_reply__error(re, 400, "%s", err.msg);
	} else {
		buf__printf(&re->body, "{\"entries\":%d}\n", n);
	}
}

void cap_audit_hook__add(struct cap_serve *s, struct cap_audit_queue *q)
{
	struct cap_serve_route route = { .method = "POST", .path = CAP_AUDIT_PATH, .fn = on_post, .arg = q,
					 .max_body = CAP_AUDIT_BODY_MAX };

	cap_serve__route(s, &route);
}
