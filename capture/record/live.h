/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live - rules that run while recording: alerts go to standard output, and into the trace behind
 * the event that they are about.
 */
#ifndef CAP_LIVE_H
#define CAP_LIVE_H

#include "engine/alert/alert.h"

#define CAP_MAX_RULE_FILES 64u

struct cap_pending;			/* an alert whose row is still to be made */

struct cap_live {
	const char *files[CAP_MAX_RULE_FILES];
	unsigned n_files;
	bool json;			/* alerts as Falco's JSON, one a line */
	struct eng_ruleset *rules;	/* NULL: none */
	struct eng_alert_opts alert;
	struct arena scratch;
	struct buf text;
	struct cap_pending *pending;
	size_t n_pending, cap_pending;
	uint64_t alerts;
};

int cap_live__add_file(struct cap_live *l, const char *path, struct err *err);
/* Load and compile; what is wrong with the rules is printed. Without files: nothing. */
int cap_live__load(struct cap_live *l, const char *hostname, struct err *err);
void cap_live__done(struct cap_live *l);

/* A rule has matched: print it, and remember it for the trace. */
void cap_live__alert(struct cap_live *l, const struct eng_rule *rule, const struct eng_ctx *ctx);
/*
 * Append the rows of what has been remembered; num is the number of the event that they are about.
 */
void cap_live__rows(struct cap_live *l, struct fmt_batch *b, uint64_t num);

#endif
