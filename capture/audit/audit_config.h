/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_config - the audit log of Kubernetes as a part of a recording: what follows the file, what takes what is posted, and the
 * queue between them and the recorder, as a configuration asks for them.
 */
#ifndef CAP_AUDIT_CONFIG_H
#define CAP_AUDIT_CONFIG_H

#include "capture/audit/audit_queue.h"
#include "capture/serve/serve.h"
#include "engine/config/config.h"

struct cap_audit_conf {
	const char *log, *state;
	bool from_start, webhook;
};
extern const struct cfg_section cap_audit_section;

struct cap_audit;

/* What is asked for; *ret is NULL if that is nothing. serve (not started yet) may be NULL: then a webhook is an error. c is borrowed. */
int cap_audit__new(struct cap_audit **ret, const struct cap_audit_conf *c, struct cap_serve *serve, struct cap_metrics *m,
		   struct err *err);
int cap_audit__begin(struct cap_audit *a, struct err *err);
/* Between rounds, in the recording thread. a may be NULL here and below. */
void cap_audit__round(struct cap_audit *a, struct cap_recorder *r);
/* Before the recording ends: the file is followed no more, and what waits is recorded. */
void cap_audit__end(struct cap_audit *a, struct cap_recorder *r);
/* After the server is gone. */
void cap_audit__free(struct cap_audit *a);

#endif
