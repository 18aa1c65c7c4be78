/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules - rule files as Falco reads them: lists, macros, rules, exceptions, overrides.
 *
 * Files load one after another into one set; each must be complete together with those before it.
 * Errors and warnings carry Falco's codes, file, line, column and a caret. We stand for engine
 * version 0.63.0.
 *
 * Input:     rule files are untrusted: size, depth and what aliases, lists and macros grow to are
 * capped. Ownership: everything handed out is owned by the set and lives as long as it. Threads:  
 * one at a time while loading; constant after compile.
 */
#ifndef ENG_RULES_H
#define ENG_RULES_H

#include "engine/filter/filter.h"

enum eng_priority {		/* group priority; lower is more severe */
	PRIO_EMERGENCY, PRIO_ALERT, PRIO_CRITICAL, PRIO_ERROR, PRIO_WARNING, PRIO_NOTICE,
	PRIO_INFORMATIONAL, PRIO_DEBUG
};
const char *eng_priority__name(enum eng_priority p);
int eng_priority__parse(const char *s, enum eng_priority *ret);	/* case-insensitive; 0 or
								 * -FMT_E_VALUE */

#define ENG_THRESHOLD_MAX 1000u

/*
 * A rule with spoor_threshold is reported when its condition has held `count` times within a time, for the same values of some fields; the
 * event that makes it so many is the alert's. It is reported besides the first rule that matches, and keeps no other from it.
 */
struct eng_threshold {
	uint32_t count;			/* 2 .. ENG_THRESHOLD_MAX */
	uint64_t within_ns;
	const struct eng_output *by;	/* what is counted apart; NULL: all is one */
};

struct eng_rule {
	const char *name, *desc, *output, *source;	/* owned by the set */
	const char *const *tags;	/* sorted */
	unsigned n_tags;
	enum eng_priority priority;
	bool enabled;
	bool capture;
	uint32_t capture_ms;
	int cond;			/* number in the program; -1: not compiled (unknown source,
					 * skipped) */
	const char *file;
	unsigned line;
	const struct eng_output *format;	/* compiled output, see alert.h */
	const struct eng_threshold *threshold;	/* NULL: each match is an alert */
};

/* One step of the way to the place of an error: what it is in, from the file inwards. */
struct eng_loc {
	const char *name;		/* the file, or a short form of the condition */
	const char *item_type, *item_name;	/* "rule", "My rule"; name may be "" */
	unsigned line, col;		/* as in Falco's JSON: from 0 in files */
	uint64_t offset;		/* bytes */
};

/* One error or warning, as in Falco's result JSON. */
struct eng_diag {
	bool is_error;
	const char *code;		/* "LOAD_ERR_COMPILE_CONDITION" */
	const char *codedesc;		/* short text of the code */
	const char *message;		/* may be "" */
	const char *deprecated_field;	/* LOAD_DEPRECATED_ITEM of a field; else NULL */
	const char *file, *item_type, *item_name;	/* innermost named item */
	unsigned line, col;		/* for people: from 1, in the file */
	uint64_t offset;
	const char *snippet;		/* the line and a caret below it */
	const struct eng_loc *locs;
	unsigned n_locs;
};

struct eng_ruleset;

int eng_ruleset__new(struct eng_ruleset **ret);
void eng_ruleset__free(struct eng_ruleset *rs);
/*
 * Load a file, or all *.yaml and *.yml of a directory in order of path. 0, or negative if there was
 * an error (see diags).
 */
int eng_ruleset__load(struct eng_ruleset *rs, const char *path, struct err *err);
/*
 * Whether files follow that belong to the same set: then what conditions and outputs are warned of,
 * what is unused, and what a file makes wrong in those before it, is told after the last only.
 * Default: no, each file is judged with those before it.
 */
void eng_ruleset__more_to_come(struct eng_ruleset *rs, bool more);
/* The same from memory; name is for messages. */
int eng_ruleset__load_text(struct eng_ruleset *rs, const char *name, const char *text, size_t len,
			   struct err *err);
/*
 * Selection, applied in order by compile, on top of `enabled`: rules by name (`*` stands for any
 * text, else the whole name) or by tag; the other is NULL. Returns how many rules of those loaded
 * so far it names.
 */
int eng_ruleset__select(struct eng_ruleset *rs, bool enable, const char *rule_glob,
			const char *tag);
/* Rules less severe are left out, whatever is selected. */
void eng_ruleset__min_priority(struct eng_ruleset *rs, enum eng_priority p);
/*
 * Append the fields that Falco suggests (container.id, container.name, k8s.pod.name ...) to every
 * output, as its default configuration does. Default: on. To be set before loading.
 */
void eng_ruleset__suggested_output(struct eng_ruleset *rs, bool on);
/*
 * Append to outputs, before loading: a format for all rules, or in braces an entry of Falco's
 * append_output: {match: {source: S, tags: [T], rule: NAME}, extra_output: FORMAT, extra_fields:
 * [FIELD, {NAME: FORMAT}], suggested_output: true|false}. Entries apply in order. With one or more,
 * suggested fields are appended only where an entry says so (it does unless told otherwise).
 * Negative with err if the entry is wrong; a wrong format is an error of the rule.
 */
int eng_ruleset__append_output(struct eng_ruleset *rs, const char *text, struct err *err);
/*
 * Compile everything that is loaded, selected and enabled; after that the set is constant and may
 * be shared by threads.
 */
int eng_ruleset__compile(struct eng_ruleset *rs, struct err *err);
const struct eng_prog *eng_ruleset__prog(const struct eng_ruleset *rs);
/* What conditions, and what is counted by, need of a reader: see eng_prog__want. Outputs come on top. */
void eng_ruleset__want(const struct eng_ruleset *rs, struct fmt_want *w);
const struct eng_rule *eng_ruleset__rules(const struct eng_ruleset *rs, unsigned *ret_n);
const struct eng_rule *eng_ruleset__by_cond(const struct eng_ruleset *rs, int cond);
/* Errors and warnings of all files, in order. */
const struct eng_diag *eng_ruleset__diags(const struct eng_ruleset *rs, unsigned *ret_n);
/* Falco's result JSON for all files loaded so far ({"falco_load_results": [...]}). */
void eng_ruleset__result_json(const struct eng_ruleset *rs, struct buf *out);
/* Errors and warnings as text with place and caret. */
void eng_ruleset__result_text(const struct eng_ruleset *rs, bool color, struct buf *out);

#endif
