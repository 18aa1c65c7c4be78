/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay - what the parts of spoor-replay share: what was asked, and the state of a run.
 *
 * Ownership: options own nothing but their arrays; a run owns everything it opens.
 * Errors:    functions return 0 or negative with err; exit codes are made in the main file only.
 */
#ifndef RPL_REPLAY_H
#define RPL_REPLAY_H

#include <stdio.h>

#include "engine/alert/alert.h"
#include "format/base/cli.h"
#include "format/base/text.h"

enum rpl_mode { MODE_RUN, MODE_VALIDATE, MODE_CHECK, MODE_LIST, MODE_DUMP, MODE_EXPLAIN };

/* Values of an option that may be given several times. */
struct rpl_words {
	const char **v;
	size_t n, cap;
};

struct rpl_opts {
	enum rpl_mode mode;
	struct rpl_words rules, tags, globs, appends;
	const char *filter, *format, *condition, *list, *explain;
	const char *from, *to;
	const char *playbooks;
	enum eng_priority priority, fail_on;
	bool has_fail_on;
	bool follow;			/* wait for what is still being written */
	bool no_lint, json, all_matches, stats, profile, keyframes, internal, syntax_only;
	uint64_t count;			/* UINT64_MAX: no limit */
	uint32_t payload;		/* bytes of payload shown in a line */
	unsigned threads;
};

/* What goes to stdout. Flushed once a batch, so that a pipe's reader sees it soon. */
struct rpl_out {
	struct buf buf;
	int error;			/* errno of the first write that failed; EPIPE ends a run quietly */
	bool color;
};
/* Write all that is buffered. 0, or negative errno; after an error everything is dropped. */
int rpl_out__flush(struct rpl_out *o);

/* False for what no process did: losses, what is known of users. (-1 in imported files) */
static inline bool rpl_has_process(const struct fmt_ev *e)
{
	return fmt_ev__pid(e) && fmt_ev__pid(e) != UINT32_MAX;
}

/* --- lines (replay_line.c, replay_value.c) ----------------------------------------------------------- */

/* One event as a line: time, container, process, call, result, duration. Text from the trace is made safe. */
void rpl_line(const struct eng_ctx *ctx, uint32_t payload, bool color, struct buf *out);
/* One parameter as it stands in such a line. False if the event does not carry it. */
bool rpl_value(const struct eng_ctx *ctx, unsigned param, uint32_t payload, struct buf *out);
/* Decimal number; the fast way. */
void rpl_put_u64(struct buf *out, uint64_t v);
/* "HH:MM:SS.nnnnnnnnn", local. The seconds are kept between calls. */
void rpl_put_clock(struct buf *out, uint64_t ns);

/* One event as a JSON object without newline (replay_json.c); the shape is described there. */
void rpl_json(const struct eng_ctx *ctx, struct buf *out);

/* --- a run over traces (replay_run.c) ---------------------------------------------------------------- */

struct rpl_run;
int rpl_run__new(struct rpl_run **ret, const struct rpl_opts *o, struct err *err);
void rpl_run__free(struct rpl_run *r);
/*
 * Replay one trace. Damage is printed, noted and passed over. 0 done, 1 nothing more is wanted (count reached, closed
 * pipe), negative with err if the trace cannot be read at all or the output cannot be written.
 */
int rpl_run__trace(struct rpl_run *r, const char *path, struct err *err);
/* After the last trace, or the one that failed: the rest of the output, --stats. Returns the exit code. */
int rpl_run__finish(struct rpl_run *r, bool failed);

/* Counts for --stats (replay_stats.c). */
struct rpl_stats {
	uint64_t events, matched, lost, skipped_unknown;
	uint64_t per_type[FMT_MAX_EVENTS];
	uint64_t *per_rule;		/* as eng_ruleset__rules */
	uint64_t *gave_up;		/* per rule, and behind them -f: see eng_run__gave_up */
	uint64_t t_first, t_last;	/* ns since the epoch; t_first 0: no event yet */
	uint64_t started;		/* monotonic ns */
};
void rpl_stats__print(const struct rpl_stats *s, const struct eng_ruleset *rs, FILE *to);
/* Say of which rules parts were given up. */
void rpl_stats__print_gave_up(const struct rpl_stats *s, const struct eng_ruleset *rs, FILE *to);
uint64_t rpl_now(void);			/* monotonic ns */
/* --profile: as a table, or as one JSON object (replay_profile.c). */
void rpl_profile__print(const struct eng_profile *p, const struct eng_ruleset *rs, bool json, FILE *to);

/* --- rules (replay_rules.c) -------------------------------------------------------------------------- */

/* Load -r, select by --rule, --tag and --priority, compile. Warnings and errors go to stderr as they are found. */
int rpl_rules__load(struct eng_ruleset **ret, const struct rpl_opts *o, struct err *err);
/*
 * Parse a condition into mem and, unless prog is NULL, add it there. 0, or negative with err: place and caret within
 * the text.
 */
int rpl_condition(const char *text, struct eng_prog *prog, struct arena *mem, struct eng_ast **ret, eng_warn_fn warn,
		  struct err *err);
/* --validate, --check, --dump-prog. Return the exit code. */
int rpl_validate(const struct rpl_opts *o, char **files, int n);
int rpl_check(const struct rpl_opts *o);
int rpl_dump(const struct rpl_opts *o);
/* --list (replay_list.c). Returns the exit code. */
int rpl_list(const struct rpl_opts *o);

#endif
