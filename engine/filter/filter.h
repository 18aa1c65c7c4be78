/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter - Falco's condition language: text to tree to program.
 *
 * Lexer and recursive descent give a tree; the compiler resolves fields, folds constants and puts
 * every distinct predicate once into one program for the whole rule set, indexed by event type. A
 * single filter (-f) is a rule set of one.
 *
 *	expr       = conj { "or" conj } .
 *	conj       = neg { "and" neg } .
 *	neg        = { "not" SPACE } ( "not(" expr ")" | check ) .
 *	check      = "(" expr ")" | operand test | MACRO .
 *	operand    = field | call .
 *	field      = NAME "." NAME { "." NAME } [ "[" ( QUOTED | ARG ) "]" ] .
 *	call       = CALL "(" arg { "," arg } ")" [ "[" ( QUOTED | ARG ) "]" ] .
 *	arg        = NUMBER | QUOTED | "(" [ elem { "," elem } ] ")" | call | field .
 *	elem       = field | call | QUOTED | NUMBER .
 *	test       = "exists"
 *	           | ( "<=" | "<" | ">=" | ">" ) ( right | NUMBER )
 *	           | strop ( modifier ( list | NAME ) | right | QUOTED | WORD )
 *	           | ( "intersects" | "in" | "pmatch" ) ( list | right | NAME ) .
 *	strop      = "==" | "=" | "!=" | "glob" | "iglob" | "contains" | "icontains" | "bcontains"
 *	           | "startswith" | "bstartswith" | "endswith" | "regex" .
 *	modifier   = "oneof" | "anyof" | "allof" .
 *	right      = "val(" field ")" | call .
 *	list       = "(" [ ( QUOTED | WORD ) { "," ( QUOTED | WORD ) } ] ")" .
 *	CALL       =
 "tolower" | "toupper" | "b64" | "basename" | "len" | "join" | "concat" | "getopt" .
 *
 * Blanks (space, tab, backspace, CR, LF) may stand between all tokens. `and` and `or` need a blank
 * or "(" behind them, word operators and modifiers a blank; exists, in, intersects and pmatch need
 * none. NAME is a letter, then letters, digits and "_"; WORD is anything but blanks, quotes,
 * parentheses, "=" and ","; ARG anything but blanks, quotes and brackets. QUOTED knows \b \f \n \r
 * \t \\ \/ \xHH and its own quote; it ends at the first quote that no backslash stands before.
 *
 * Memos: how long a predicate's answer holds follows from what it reads (eng_scope); a run keeps
 * answers per combination of flags, per process and thread, per descriptor, and per class of names. See prog.h.
 *
 * Input: conditions are untrusted: depth, size and time are bounded.
 */
#ifndef ENG_FILTER_H
#define ENG_FILTER_H

#include "engine/field/field.h"
#include "format/file/source.h"

struct eng_ast;			/* tree; lives in an arena */

enum eng_node { N_AND, N_OR, N_NOT, N_CHECK, N_MACRO };

/*
 * Parse a condition. Errors carry line, column (within text) and the caret snippet. max_depth: 100
 * for libraries, 1000 for rules and macros. Nothing is resolved yet.
 */
int eng_filter__parse(const char *text, size_t len, unsigned max_depth, struct arena *mem,
		      struct eng_ast **ret, struct err *err);
/* Print a tree back in its canonical form. */
void eng_ast__print(const struct eng_ast *a, struct buf *out);

struct eng_prog;		/* compiled conditions of a rule set; constant once sealed, may be
				 * shared by threads */

int eng_prog__new(struct eng_prog **ret);
/*
 * Begin anew, without conditions; what has been compiled of them is there if it is asked for again. The trees of
 * conditions that were added must stay. Not after sealing.
 */
void eng_prog__begin_anew(struct eng_prog *p);
void eng_prog__free(struct eng_prog *p);
/* What is added from now on is about the rows of keyframes too, as it is about events: not what rules want. */
void eng_prog__see_rows(struct eng_prog *p);
/*
 * Add a condition; macros must be expanded. Returns its number (>= 0), or negative with err. Type
 * checks, literal checks and the event types that can satisfy it happen here. Warnings through
 * warn. The tree is borrowed for the life of the program. err gets line and column but no caret:
 * the text is not known here.
 */
typedef void (*eng_warn_fn)(void *arg, const char *code, const char *msg);
int eng_prog__add(struct eng_prog *p, const struct eng_ast *ast, eng_warn_fn warn, void *arg,
		  struct err *err);
/* Only events of this source ("syscall", "k8s_audit") can satisfy condition c. */
void eng_prog__limit(struct eng_prog *p, int c, const char *source);
/* Condition c is told besides the first that holds, and is not taken for the first. */
void eng_prog__aside(struct eng_prog *p, int c);
/* The part of a tree that the last error or warning is about. */
const struct eng_ast *eng_prog__culprit(const struct eng_prog *p);
/* Set of event types that can satisfy condition c: bits FMT_MAX_EVENTS wide, borrowed. */
const uint8_t *eng_prog__types(const struct eng_prog *p, int c);
/*
 * How many of Falco's event codes, entry and exit counted, these types stand for: over 100 is
 * LOAD_NO_EVTTYPE.
 */
unsigned eng_prog__codes(const struct eng_prog *p, int c);
/* After the last add, before the first run: builds the index by event type. */
int eng_prog__seal(struct eng_prog *p, struct err *err);

/*
 * A run over events in order: memo tables and scratch. One per thread; the program is shared and
 * constant.
 */
struct eng_run;
int eng_run__new(struct eng_run **ret, const struct eng_prog *p);
void eng_run__free(struct eng_run *r);
/* Tell the run that a new batch begins: per-string memos are forgotten. */
void eng_run__batch(struct eng_run *r, const struct fmt_batch *b);
/*
 * Which conditions does this event satisfy? Fills hits (ascending, at most max) and returns how
 * many. first: stop at the first hit. Conditions that are disabled (eng_run__enable) are passed
 * over.
 */
unsigned eng_run__match(struct eng_run *r, const struct eng_ctx *ctx, bool first, uint32_t *hits,
			unsigned max);
void eng_run__enable(struct eng_run *r, int cond, bool on);

/*
 * How often a part of a condition (a regex, or a pattern out of a field) was given up and taken for false, since the
 * text would have taken too long. 0 in all but hostile traces.
 */
uint64_t eng_run__gave_up(const struct eng_run *r, int cond);

/* What a predicate or a condition has cost. */
struct eng_cost {
	uint64_t events;		/* conditions: that it could match by their type */
	uint64_t evals;			/* predicates: times worked out, not remembered; conditions: events that
					 * a part of it was worked out for */
	uint64_t hits;			/* predicates: true; conditions: reported */
	uint64_t ns;			/* a part of several conditions is the one's that asked first, a test
					 * of all is shared out */
};
struct eng_profile {
	uint32_t n_preds, n_conds;
	struct eng_cost *preds, *conds;
};
/* Count and time from now on; events take some times as long. */
void eng_run__profile(struct eng_run *r);
/* Add a run's costs to those of others of the same program; into is zero at first. Free with __done. */
void eng_run__costs(const struct eng_run *r, struct eng_profile *into);
void eng_profile__done(struct eng_profile *p);
/* A predicate in its canonical form, borrowed; to make it safe for a terminal is up to the caller. */
const char *eng_prog__pred(const struct eng_prog *p, uint32_t pred);

/*
 * What the program needs of a reader, added to w, in which the caller has set by_type,
 * no_payload and no_cpu (the state's needs are added by eng_state__want).
 */
void eng_prog__want(const struct eng_prog *p, struct fmt_want *w);
/* Of a sealed program: can an event that the condition is true of have a payload? */
bool eng_prog__sees_payload(const struct eng_prog *p, int cond);
/* Readable listing of the program: predicates with scope and users, conditions, index by type. */
void eng_prog__dump(const struct eng_prog *p, struct buf *out);
/* A condition in its canonical form, macros put in. */
void eng_prog__print(const struct eng_prog *p, int cond, struct buf *out);
/* For one condition and event: the tree with the value of every part, and which part decided. */
void eng_prog__explain(const struct eng_prog *p, int cond, const struct eng_ctx *ctx,
		       struct buf *out);

#endif
