/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alert - output formats ("%proc.name"), and alerts as text and as Falco-shaped JSON.
 */
#ifndef ENG_ALERT_H
#define ENG_ALERT_H

#include "engine/rules/rules.h"

struct eng_output;		/* a compiled format */

/*
 * Compile a format: literal text and tokens. A token is '%', an optional width (the value is cut or
 * padded to so many bytes), and the longest text that is a field or a transformer of fields. There
 * is no escape for '%'. A leading '*' ("print <NA> for what is missing") is taken for granted.
 *
 * Everything lives in mem. Errors, with place and caret: -FMT_E_UNKNOWN no field there;
 * -FMT_E_SYNTAX '%' or a number at the end, empty; -FMT_E_VALUE, -FMT_E_LIMIT. The format is
 * untrusted.
 */
int eng_output__compile(const char *format, struct arena *mem, struct eng_output **ret,
			struct err *err);
/*
 * Append the text; missing values print <NA>. Values are as they are: what goes to a terminal must
 * be made safe by the caller. scratch is working memory: it is reset.
 */
void eng_output__text(const struct eng_output *o, const struct eng_ctx *ctx, struct arena *scratch,
		      struct buf *out);
/*
 * Append {"field": value, ...}: the plain fields of the format, sorted, typed, null where missing.
 */
void eng_output__json(const struct eng_output *o, const struct eng_ctx *ctx, struct arena *scratch,
		      struct buf *out);

/*
 * What a format needs of a reader besides all parameters of the events it is for: see eng_prog__want. payload: such an
 * event can have one.
 */
void eng_output__want(const struct eng_output *o, bool payload, struct fmt_want *w);

struct eng_alert_opts {
	const char *hostname;		/* where the state has no name of the machine; NULL: "" */
	bool iso_time;			/* UTC with date in the text; else the local time of day */
};
/*
 * "HH:MM:SS.nnnnnnnnn: Priority message", escaped as the inside of a JSON string, without newline.
 */
void eng_alert__text(const struct eng_rule *r, const struct eng_ctx *ctx,
		     const struct eng_alert_opts *o,
		     struct arena *scratch, struct buf *out);
/* One JSON object with exactly Falco's keys in Falco's order, without newline. */
void eng_alert__json(const struct eng_rule *r, const struct eng_ctx *ctx,
		     const struct eng_alert_opts *o,
		     struct arena *scratch, struct buf *out);

/*
 * detector - state, program and selection together: feed it batches, get alerts. Live capture,
 * replay and the inspector use this one, so they cannot disagree.
 */
struct eng_detector;

/*
 * Called for each match in order of events, then of rules. Return non-zero to stop feeding
 * (returned by feed).
 */
typedef int (*eng_alert_fn)(void *arg, const struct eng_rule *r, const struct eng_ctx *ctx);
/* Called when the condition of a rule with a threshold has held: is it to be reported now? */
typedef bool (*eng_due_fn)(void *arg, const struct eng_rule *r, const struct eng_ctx *ctx);
/*
 * Called for each event after its state is applied and before its rules; NULL to leave out. Same
 * return.
 */
typedef int (*eng_event_fn)(void *arg, const struct eng_ctx *ctx);

struct eng_detector_opts {
	size_t sz;
	eng_event_fn on_context;	/* as on_event, for events that are kept for the state's sake only; or NULL */
	bool all_matches;		/* report every rule that matches; else the first only */
	bool profile;			/* find out what rules and predicates cost: slower */
	eng_alert_fn on_alert;
	eng_due_fn is_due;		/* NULL: the detector counts, from its first event on */
	eng_event_fn on_event;
	const uint8_t *event_types;	/* types that on_event wants, FMT_MAX_EVENTS bits; NULL: all */
	void *arg;
};

/*
 * rs may be NULL: state only; else it must be compiled. rs and st are borrowed and must outlive the
 * detector.
 */
int eng_detector__new(struct eng_detector **ret, const struct eng_ruleset *rs, struct eng_state *st,
		      const struct eng_detector_opts *o);
void eng_detector__free(struct eng_detector *d);
/*
 * Rows from..to-1 of a batch; keyframe rows are applied to the state only. from 0 also starts the
 * batch. Returns 0, or what a callback returned to stop; the event it was called for is then done
 * with.
 */
int eng_detector__feed(struct eng_detector *d, const struct fmt_batch *b, bool keyframe,
		       uint32_t from, uint32_t to);
/* Rows of this type are passed over: no callback is called, and nothing but the thread's descriptor changes (a close). */
bool eng_detector__passes(const struct eng_detector *d, uint16_t type);
/* Add what rules and predicates have cost, if that was asked for; indexed by the rules' cond. */
void eng_detector__costs(const struct eng_detector *d, struct eng_profile *into);
/* How often a count for a threshold was forgotten for want of room; 0 with is_due. */
uint64_t eng_detector__forgotten(const struct eng_detector *d);
/* eng_run__gave_up for a rule; 0 without rules. */
uint64_t eng_detector__gave_up(const struct eng_detector *d, const struct eng_rule *r);
/* Matches per rule so far, indexed as eng_ruleset__rules. */
const uint64_t *eng_detector__counts(const struct eng_detector *d);

#endif
