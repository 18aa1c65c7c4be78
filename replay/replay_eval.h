/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay_eval - what one thread of a run works with, and what becomes of the part of a trace that it works on.
 *
 * A part is a segment of a trace, or all of it: its output, its counts, the damage that was met. Parts are put out in
 * the order of the trace. The thread whose part's turn it is writes straight to stdout; others keep what they have.
 */
#ifndef RPL_REPLAY_EVAL_H
#define RPL_REPLAY_EVAL_H

#include "engine/alert/tally.h"
#include "engine/playbook/playbook.h"
#include "format/file/source.h"
#include "replay/replay.h"

#define RPL_STOP 1		/* what callbacks return to end the reading of a part */

/* Damage, and how much of the output stands before it. */
struct rpl_mark {
	size_t at;
	struct err err;
};

/*
 * A rule's condition has held that is reported only when it has so often: whether it is now is known when the turn comes. What would be put
 * out is among the output already.
 */
struct rpl_counted {
	size_t at, len;			/* in the output; len 0: a filter leaves it out */
	size_t key_at, key_len;		/* in keys */
	uint64_t ts;
	const struct eng_rule *rule;
};

struct rpl_part {
	uint64_t from, to;		/* of the file: see fmt_source_ops.segment */
	struct rpl_out out;
	struct rpl_mark *marks;
	size_t n_marks, cap_marks;
	struct rpl_counted *counted;
	size_t n_counted, cap_counted;
	struct buf keys;
	struct rpl_stats stats;
	uint64_t printed;		/* lines */
	uint64_t limit;			/* of lines */
	/*
	 * It is this part's turn: what comes goes straight out. Else what is kept waits for is_turn, which begin_turn
	 * follows; both are NULL where turns are not taken.
	 */
	bool direct;
	bool (*is_turn)(struct rpl_part *p, size_t kept);
	void *arg;
	bool too_much;			/* more was printed than is wanted: do it again, with the limit */
	bool damaged, failed_on, explained;
	int code;			/* of reading: 1 the end, 2 stopped, negative with err */
	struct err err;
};

/* What a run shares between its threads. */
struct rpl_run {
	const struct rpl_opts *o;
	struct eng_ruleset *rs;		/* NULL without -r */
	const struct eng_rule *rules;
	unsigned n_rules;
	struct eng_prog *filter;	/* -f: a program of one condition */
	struct eng_output *format;	/* -p */
	struct eng_tally *tally;	/* of rules with thresholds: of the part whose turn it is */
	uint64_t forgotten;		/* by it, of all traces */
	struct playbook *pb;		/* --playbooks */
	uint64_t verdicts[PBV__N];	/* on its actions */
	struct arena mem;
	struct fmt_want want;
	struct eng_alert_opts alert;
	/* --explain */
	const struct eng_rule *explain_rule;
	uint64_t explain_num;
	/* the trace at hand */
	const char *path;
	uint64_t size;			/* bytes; 0: not a file */
	uint64_t from, to;		/* ns since the epoch */
	bool has_window;		/* those are set */
	/* of all parts that have been put out */
	struct rpl_stats stats;
	uint64_t printed;
	int error;			/* errno of the first write that failed */
	bool out_color;
	bool damaged, failed_on, explained;
	struct rpl_eval **evals;	/* one a thread, room for all; the first is the main one's */
	unsigned n_evals;
	struct rpl_part whole;		/* a trace that is not divided */
};

struct rpl_eval {
	struct rpl_run *run;
	struct eng_state *st;
	struct eng_detector *det;
	struct eng_run *filter_run;	/* NULL without -f */
	struct pb_decider *decider;	/* NULL without --playbooks */
	struct arena scratch;		/* for one event */
	struct buf text;		/* for one event, before it is made safe */
	struct buf key;			/* for what a rule counts */
	struct rpl_part *part;		/* at hand */
	uint64_t *gave_up;		/* as in rpl_stats, of all parts before */
};

int rpl_eval__new(struct rpl_eval **ret, struct rpl_run *r);
void rpl_eval__free(struct rpl_eval *e);
/* --follow: what is not there yet is waited for, until SIGINT or SIGTERM. Before anything is read. */
int rpl_eval__follow(struct fmt_source *s, struct err *err);
/*
 * Read what the source still has as e->part and set part->code. Damage is printed (or kept until the turn comes), noted
 * and passed over.
 */
void rpl_eval__read(struct rpl_eval *e, struct fmt_source *s);
/* One damage that was met outside of reading; err is cleared. */
void rpl_eval__damage(struct rpl_eval *e, struct err *err);

/* One alert as a line. */
void rpl_put_alert(struct rpl_eval *e, const struct eng_rule *rule, const struct eng_ctx *ctx);
/* What would be done because of it (replay_playbooks.c). False: no playbook is for it, and nothing is put out. */
bool rpl_playbooks__alert(struct rpl_eval *e, const struct eng_rule *rule, const struct eng_ctx *ctx);
/* How many actions would have been done, and how many not, and why. */
void rpl_playbooks__print(const struct rpl_run *r, FILE *to);

/* For a new use: nothing printed, nothing counted. Memory is kept. */
void rpl_part__reset(struct rpl_part *p, const struct rpl_run *r);
void rpl_part__done(struct rpl_part *p);
/* All counts 0, with room for those of the rules; freed with s->per_rule. */
void rpl_stats__reset(struct rpl_stats *s, unsigned n_rules);
/*
 * Its turn has come: put out what it has kept. False: it has printed more than the run wants, nothing is written and it
 * must be done again.
 */
bool rpl_part__begin_turn(struct rpl_part *p, struct rpl_run *r);
/* An alert has been put out. */
void rpl_part__count_alert(struct rpl_part *p, const struct rpl_run *r, const struct eng_rule *rule);
/* It is done: add its counts to the run's. Returns 0, or RPL_STOP if nothing more is to be read of this trace. */
int rpl_part__end_turn(struct rpl_part *p, struct rpl_run *r);

/* An error behind which a source goes on: what is there besides is read. */
bool rpl_is_damage(int code);
void rpl_print_damage(const struct err *err);

/* Base of --from and --to: ns since the epoch. */
int rpl_run__set_window(struct rpl_run *r, uint64_t base, struct err *err);

/*
 * Read s with as many threads as the run has (replay_parallel.c). 0, 1: it cannot be divided, nothing has been read;
 * negative with err.
 */
int rpl_parallel(struct rpl_run *r, struct fmt_source *s, struct err *err);

#endif
