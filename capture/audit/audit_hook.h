/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_hook - the route that an API server's audit webhook posts to.
 */
#ifndef CAP_AUDIT_HOOK_H
#define CAP_AUDIT_HOOK_H

#include "capture/audit/audit_queue.h"
#include "capture/serve/serve.h"

#define CAP_AUDIT_PATH "/k8s-audit"
#define CAP_AUDIT_BODY_MAX (64u << 20)	/* 400 entries, what an API server sends at once, are some MiB */

/*
 * POST CAP_AUDIT_PATH, before the server starts: an entry or an EventList. 200 when all of it waits to be recorded; 429 when there is no
 * room, so that the API server sends it again; 400 for what is no JSON. q is borrowed.
 */
void cap_audit_hook__add(struct cap_serve *s, struct cap_audit_queue *q);

#endif
