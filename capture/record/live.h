/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live - rules that run while recording: alerts go to standard output or to who asks, and into the trace behind
 * the event that they are about.
 */
#ifndef CAP_LIVE_H
#define CAP_LIVE_H

#include "engine/alert/alert.h"

#define CAP_MAX_RULE_FILES 64u

/* An alert as whoever passes it on gets it; borrowed for the call, in the recording thread. */
struct cap_live_alert {
	const struct eng_rule *rule;
	const struct eng_ctx *ctx;
	uint64_t ts;			/* of the event, ns since the epoch */
	const char *json, *text;	/* as Falco has them, without newline */
	size_t json_len, text_len;
};

struct cap_pending;			/* an alert whose row is still to be made */

struct cap_live {
	const char *files[CAP_MAX_RULE_FILES];
	unsigned n_files;
	bool json;			/* on standard output as Falco's JSON, one a line */
	struct eng_ruleset *rules;	/* NULL: none */
	struct eng_alert_opts alert;
	struct arena scratch;
	struct buf json_line, text;
	/* NULL: alerts go to standard output */
	void (*on_alert)(void *arg, const struct cap_live_alert *a);
	void *arg;
	struct cap_pending *pending;
	size_t n_pending, cap_pending;
	uint64_t alerts;
};

int cap_live__add_file(struct cap_live *l, const char *path, struct err *err);
/* Load and compile; what is wrong with the rules is printed. Without files: nothing. */
int cap_live__load(struct cap_live *l, const char *hostname, struct err *err);
/*
 * Rules of files and directories, compiled; their warnings are in the set. On an error err has the
 * first, and *ret is not touched.
 */
int cap_live__compile(const char *const *files, unsigned n, struct eng_ruleset **ret,
		      struct err *err);
void cap_live__done(struct cap_live *l);

/* Warn of conditions parts of which were given up, since a text would have taken too long. */
void cap_live__warn_gave_up(const struct cap_live *l, const struct eng_detector *d);

/* A rule has matched: print it, and remember it for the trace. */
void cap_live__alert(struct cap_live *l, const struct eng_rule *rule, const struct eng_ctx *ctx);
/*
 * Append the rows of what has been remembered; num is the number of the event that they are about.
 */
void cap_live__rows(struct cap_live *l, struct fmt_batch *b, uint64_t num);

#endif
