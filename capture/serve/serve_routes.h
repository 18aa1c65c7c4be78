/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve_routes - the routes that every recorder has: /metrics, /healthz and /readyz, /trigger.
 */
#ifndef CAP_SERVE_ROUTES_H
#define CAP_SERVE_ROUTES_H

#include "capture/serve/serve.h"
#include "engine/trigger/trigger_request.h"

/* GET /metrics, for Prometheus. m is borrowed. */
void cap_serve__add_metrics(struct cap_serve *s, struct cap_metrics *m);

/*
 * GET /healthz: 200 while healthy says so, else 503; /readyz with ready. They are open to all and say "ok" or what is
 * wrong: fn returns true, or false with a few words in why, which must give nothing away.
 */
typedef bool (*cap_health_fn)(void *arg, char why[128]);
void cap_serve__add_health(struct cap_serve *s, const char *path, cap_health_fn fn, void *arg);

/*
 * POST /trigger. fn gets what was asked and the body as it came (borrowed for the call) and fills the reply: 202 with a word about
 * the file that comes to be; 404 for a container that is not known; 429 with retry_after_s when a limit refuses it. It must not wait.
 */
typedef void (*cap_trigger_fn)(void *arg, const struct eng_trigger_request *rq, const char *json, size_t len,
			       struct cap_serve_reply *re);
void cap_serve__add_trigger(struct cap_serve *s, cap_trigger_fn fn, void *arg);

#endif
