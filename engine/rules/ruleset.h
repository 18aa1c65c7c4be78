/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ruleset - what the files of engine/rules share: definitions as collected, and the way to a place.
 *
 * Reading a file turns its items into definitions (rules_read.c, rules_read_rule.c), which
 * rules_collect.c puts together with those of earlier files. After each file what it brought is
 * compiled, after the last one everything collected (rules_compile.c): that is what finds errors in
 * conditions and outputs. eng_ruleset__compile makes the program of the rules that are on.
 */
#ifndef ENG_RULESET_H
#define ENG_RULESET_H

#include "engine/alert/output.h"
#include "engine/config/yaml_tree.h"

#define ENGINE_MAJOR 0u
#define ENGINE_MINOR 63u
#define ENGINE_PATCH 0u

/* Errors that stop a file, then warnings, last those of engine/lint: code and short text. */
#define RULES_CODES(X) \
	X(LOAD_ERR_FILE_READ, "File read error") \
	X(LOAD_ERR_YAML_PARSE, "YAML parse error") \
	X(LOAD_ERR_YAML_VALIDATE, "Error validating internal structure of YAML file") \
	X(LOAD_ERR_COMPILE_CONDITION, "Error compiling condition") \
	X(LOAD_ERR_COMPILE_OUTPUT, "Error compiling output") \
	X(LOAD_ERR_VALIDATE, "Error validating rule/macro/list/exception objects") \
	X(LOAD_UNKNOWN_SOURCE, "Unknown event source") \
	X(LOAD_UNSAFE_NA_CHECK, "Unsafe <NA> comparison in condition") \
	X(LOAD_NO_EVTTYPE, "Condition has no event-type restriction") \
	X(LOAD_UNKNOWN_FILTER, "Unknown field or event-type in condition or output") \
	X(LOAD_UNUSED_MACRO, "Unused macro") \
	X(LOAD_UNUSED_LIST, "Unused list") \
	X(LOAD_UNKNOWN_ITEM, "Unknown rules file item") \
	X(LOAD_DEPRECATED_ITEM, "Used deprecated item") \
	X(LOAD_APPEND_NO_VALUES, "Overriding/appending with no values") \
	X(LOAD_EXCEPTION_NAME_NOT_UNIQUE, "Multiple exceptions defined with the same name") \
	X(LOAD_INVALID_MACRO_NAME, "Invalid macro name") \
	X(LOAD_INVALID_LIST_NAME, "Invalid list name") \
	X(LOAD_COMPILE_CONDITION, "Warning in rule condition") \
	X(LOAD_UNKNOWN_KEY, "Unknown key in item definition") \
	X(LINT_NEVER_TRUE, "Condition that can never be true") \
	X(LINT_IMPOSSIBLE_VALUE, "Comparison with a value that the field never has") \
	X(LINT_NO_PARAMETER, "Parameter that none of the events has") \
	X(LINT_EMPTY_LIST, "Comparison with an empty list") \
	X(LINT_UNKNOWN_LIST, "Name of a list that does not exist") \
	X(LINT_SHADOWED, "Rule that an earlier rule leaves nothing to")

enum rules_code {
#define X(name, text) name,
	RULES_CODES(X)
#undef X
	RULES_CODES__N
};
#define FIRST_WARNING LOAD_UNKNOWN_SOURCE

/* Where something stands: a chain from the file inwards. */
struct rules_ctx {
	const struct rules_ctx *up;
	const char *name;		/* file, or short form of the condition */
	const char *type, *item;	/* "rule", its name */
	struct yaml_mark mark;
	struct eng_text text;		/* a condition's own text, for the snippet; len 0: the
					 * file's */
	const struct yaml_node *node;	/* of the condition in the file, NULL if it is not one */
};

struct def_list {
	const char *name;
	const char **items;
	uint32_t n_items;
	const struct rules_ctx *ctx;
	uint32_t index, visibility;
	bool used;
	bool open;			/* being put together */
};

/* A condition as it was parsed the last time, with lists put in but no macros. */
struct parsed {
	struct cond_origin *origin;	/* NULL: it was not */
	struct eng_ast *tree;
};

struct def_macro {
	const char *name, *cond;
	const struct rules_ctx *ctx, *cond_ctx;
	uint32_t index, visibility;
	bool used;
	struct parsed parsed;
	struct eng_ast *ast;		/* with macros put in, of the compilation at hand */
};

/* Whose text a part of a tree was: what trees hold as their origin. */
struct cond_origin {
	const struct rules_ctx *ctx;	/* of the condition */
	const char *macro;		/* whose it is; NULL: a rule's own */
	struct eng_text text;
};

/* A text or a list of such. Neither if it was not given: no text and no elements. */
struct def_entry {
	bool is_list;
	const char *text;
	struct def_entry *items;
	uint32_t n_items;
};

struct def_exception {
	const char *name;
	struct def_entry fields, comps;
	struct def_entry *values;
	uint32_t n_values;
	const struct rules_ctx *ctx;
};

struct def_exceptions {
	struct def_exception *p;
	uint32_t n;
};

struct def_threshold {
	uint32_t count;			/* 0: none */
	uint64_t within;
	const char **by;
	uint32_t n_by;
	const struct rules_ctx *ctx;
};

struct def_rule {
	const char *name, *cond, *output, *desc, *source;
	const char **tags;
	uint32_t n_tags;
	enum eng_priority priority;
	bool enabled, capture, warn_evttypes, skip_unknown, unknown_source;
	uint32_t capture_ms;
	struct def_exceptions exceptions;
	struct def_threshold threshold;
	struct parsed parsed;
	const struct rules_ctx *ctx, *cond_ctx, *output_ctx;
	const char *file;
	uint32_t index, visibility;
};

/* What an item with append or override brings; has says which. */
enum { HAS_COND = 1, HAS_OUTPUT = 2, HAS_DESC = 4, HAS_TAGS = 8, HAS_EXCEPTIONS = 16,
      HAS_PRIORITY = 32,
       HAS_CAPTURE = 64, HAS_CAPTURE_MS = 128, HAS_ENABLED = 256, HAS_WARN = 512, HAS_SKIP = 1024,
       HAS_THRESHOLD = 2048 };
struct def_update {
	struct def_rule r;
	unsigned has;
};

/* An entry of append_output. */
struct def_extra {
	const char *name, *format;	/* format NULL: the field of that name, typed */
};
struct def_append {
	const char *source, *rule, **tags;	/* which rules; NULL: all */
	uint32_t n_tags;
	const char *output;
	struct def_extra *fields;
	uint32_t n_fields;
	bool suggested;
};

/* A list as it is put into conditions. */
struct list_text {
	const char *name;
	uint32_t name_len;
	const char *text;		/* items joined by ", ", with the lists that they name put in */
	uint32_t len;
	uint32_t hash;			/* of its name; private to rules_lists.c, as what follows: */
	bool many_words;		/* its name is none: holds a delimiter */
	struct words *words;		/* of its text; NULL: not known yet */
};

/* All lists, and the conditions that they have been put into. */
struct list_texts {
	struct list_text *p;		/* as rs->lists, those that have been put together */
	uint32_t n;
	size_t bytes;			/* of all their texts */
	struct eng_text *conds;
	uint32_t n_conds;
	uint64_t words[1024];		/* of the conditions, by hash */
	size_t cap, cap_conds;
};

struct rules_file {
	const char *name;
	char *text;
	size_t len;
	bool failed;
	uint32_t first_diag, n_diags;
};

struct selection {
	bool enable;
	char *glob, *tag;
};

struct eng_ruleset {
	struct arena mem;		/* everything that lives as long as the set */
	struct rules_file *files;
	uint32_t n_files;
	struct eng_diag *diags;
	uint32_t n_diags;
	struct eng_diag *lints;		/* of all files, in the order in which they were found */
	uint32_t n_lints, lint_tries;
	struct def_list *lists;		/* in order of first definition */
	struct def_macro *macros;
	struct def_rule *rules;
	struct strtab list_names, macro_names, rule_names;	/* id - 1 is the index */
	uint32_t next_index;
	struct selection *selections;
	uint32_t n_selections;
	struct def_append *appends;	/* none: what Falco's configuration has by default */
	uint32_t n_appends;
	enum eng_priority min_priority;
	bool no_suggested;
	bool quiet;			/* warnings have been given already */
	uint32_t n_warned;		/* said or kept quiet */
	bool more_to_come;		/* as told; files that follow in the same folder count too: */
	bool more;			/* warnings of conditions wait for the last file */
	uint32_t tried;			/* what is older has been compiled without an error */
	bool all_tried;			/* nothing has changed since all was compiled together */
	const char *suggested;		/* text appended to outputs, made once */
	/*
	 * The last compilation. Of a set that only grows, what has been compiled stays as it is, and what has come
	 * since is added to it.
	 */
	bool grows;			/* it has everything that was there then, and its program takes more */
	bool changed;			/* what was there then is another now */
	bool warned;			/* there is something to warn of in it, said or kept quiet */
	bool sealed;			/* its program takes no more */
	struct arena build;		/* trees: what was parsed, what macros made of it, outputs */
	struct list_texts texts;
	struct output_known known;
	uint32_t n_macros;		/* compiled */
	struct eng_prog *prog;
	struct eng_rule *out;
	const struct eng_ast **trees;	/* of each, macros put in; NULL: not compiled */
	uint32_t n_out;
	int *rule_of_cond;
	uint32_t n_conds;
	size_t cap_files, cap_diags, cap_lints, cap_lists, cap_macros, cap_rules, cap_selections,
		cap_appends, cap_out, cap_trees;
};

/* --- rules_diag.c ----------------------------------------------------------------------------- */

const struct rules_ctx *ctx__file(struct eng_ruleset *rs, const char *name);
const struct rules_ctx *ctx__node(struct eng_ruleset *rs, const struct yaml_node *n,
				  const char *type,
				  const char *item, const struct rules_ctx *up);
const struct rules_ctx *ctx__mark(struct eng_ruleset *rs, struct yaml_mark mark,
				  const struct rules_ctx *up);
/* A place in a condition's text; up is the context of the condition. */
const struct rules_ctx *ctx__condition(struct eng_ruleset *rs, struct eng_pos pos,
				       struct eng_text text,
				       const struct rules_ctx *up);

/* A place in a condition with its macros put in: in a macro's, by way of the rule that uses it. */
const struct rules_ctx *ctx__place(struct eng_ruleset *rs, const struct def_rule *rule,
				   const struct cond_origin *o, struct eng_pos pos);

/* Record an error (returns a negative code, and marks the file at hand as failed) or a warning. */
int rules__error(struct eng_ruleset *rs, enum rules_code code, const struct rules_ctx *ctx,
		 const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void rules__warn(struct eng_ruleset *rs, enum rules_code code, const struct rules_ctx *ctx,
		 const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void rules__warn_field(struct eng_ruleset *rs, const char *field, const struct rules_ctx *ctx,
		       const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/*
 * Record a finding of lint, unless a comment says "# lint: off" or names the code after it: on its
 * line, or on the first of an item that it is in.
 */
void rules__lint(struct eng_ruleset *rs, enum rules_code code, const struct rules_ctx *ctx,
		 const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
enum rules_code rules__code(const char *name);
/* The lines of a snippet, moved in and made safe. */
void rules__put_snippet(struct buf *out, const char *s);

/* Said of lists, macros and rules alike. */
#define WARN_APPEND \
	"'append' key is deprecated. Add an 'append' entry (e.g. 'condition: append') " \
	"under 'override' instead."
#define APPEND_AND_OVERRIDE \
	"Keys 'override' and 'append: true' cannot be used together. Add an 'append' entry " \
	"(e.g. 'condition: append') under 'override' instead."
/* --- reading and collecting ------------------------------------------------------------------- */

int rules__read(struct eng_ruleset *rs, const char *name, const char *text, size_t len);
int rules__read_rule(struct eng_ruleset *rs, const struct yaml_node *item,
		     const struct rules_ctx *up);

/*
 * Values of keys, with Falco's messages for what is wrong. 0, 1 (optional and not there) or
 * negative.
 */
enum { GET_REQUIRED, GET_OPTIONAL, GET_OPTIONAL_EMPTY };
int get_text(struct eng_ruleset *rs, const struct yaml_node *item, const char *key, int how,
	     const struct rules_ctx *ctx, const char **ret);
int get_bool(struct eng_ruleset *rs, const struct yaml_node *item, const char *key, int how,
	     const struct rules_ctx *ctx, bool *ret);
int get_u32(struct eng_ruleset *rs, const struct yaml_node *item, const char *key, int how,
	    const struct rules_ctx *ctx, uint32_t *ret);
int get_texts(struct eng_ruleset *rs, const struct yaml_node *item, const char *key, bool optional,
	      const struct rules_ctx *ctx, const char ***ret, uint32_t *ret_n);

/*
 * The override map: which keys are to be appended to, which replaced. Names are separated by
 * blanks.
 */
struct overrides {
	const char *keys[16];
	bool replace[16];
	unsigned n;
};
int get_overrides(struct eng_ruleset *rs, const struct yaml_node *item, const char *appendable,
		  const char *replaceable, const struct rules_ctx *ctx, struct overrides *ret);
bool overrides__has(const struct overrides *o, const char *key, bool replace);
void warn_unknown_keys(struct eng_ruleset *rs, const struct yaml_node *item, const char *known,
		       const struct rules_ctx *ctx);
bool is_one_of(const char *words, const char *word);

int collect__list(struct eng_ruleset *rs, struct def_list *l, bool append);
int collect__macro(struct eng_ruleset *rs, struct def_macro *m, bool append);
int collect__rule(struct eng_ruleset *rs, struct def_rule *r);
int collect__append(struct eng_ruleset *rs, struct def_update *u);
int collect__replace(struct eng_ruleset *rs, struct def_update *u);
int collect__enable(struct eng_ruleset *rs, const char *name, bool enabled,
		    const struct rules_ctx *ctx);
struct def_list *find_list(const struct eng_ruleset *rs, const char *name);

/* --- rules_exception.c ------------------------------------------------------------------------ */

int read_exceptions(struct eng_ruleset *rs, const struct yaml_node *item,
		    const struct rules_ctx *up, bool append,
		    struct def_exceptions *ret);
bool entry__given(const struct def_entry *e);
/*
 * Check an exception that is complete and fill in what it leaves out. source: the rule's, NULL if
 * nothing is known of it.
 */
int exception__check(struct eng_ruleset *rs, struct def_exception *e, const char *source);
/* The condition with its exceptions, in mem. */
int exceptions__apply(struct eng_ruleset *rs, const struct def_rule *r, struct arena *mem,
		      struct eng_text *ret);

/* --- rules_lists.c ---------------------------------------------------------------------------- */

/* Put together the texts of the lists that have come since; marks those that others name as used. */
int lists__expand(struct eng_ruleset *rs);
/*
 * Put lists in the place of their names, into rs->build; marks them as used. before: what came of it the last time, or
 * NULL; it is given again if it is the same. -FMT_E_LIMIT: the text becomes too long.
 */
int lists__substitute(struct eng_ruleset *rs, struct eng_text cond, const struct eng_text *before, struct eng_text *ret);
/* Would lists that have come since be put into a text that was made before? */
bool lists__change_texts(const struct eng_ruleset *rs);
void lists__forget(struct list_texts *t);
void lists__done(struct list_texts *t);

/* --- rules_compile.c -------------------------------------------------------------------------- */

/* Which rules: those that came or changed since the last compilation, all, those that are on and severe enough. */
enum rules_scope { RULES_NEW, RULES_ALL, RULES_ON };
/* Compile what is collected, and make rs->out. */
int rules__compile(struct eng_ruleset *rs, enum rules_scope scope);

/* --- rules_threshold.c ------------------------------------------------------------------------ */

/* 0 if there is none, too. */
int threshold__read(struct eng_ruleset *rs, const struct yaml_node *item, const struct rules_ctx *up, struct def_threshold *ret);
int threshold__compile(struct eng_ruleset *rs, const struct def_rule *r, const struct eng_threshold **ret);

/* --- rules_append.c --------------------------------------------------------------------------- */

bool append__is_for(const struct def_append *a, const struct def_rule *r);
/* The extra fields for the rule, into its compiled output. */
int append__fields(struct eng_ruleset *rs, const struct def_rule *r, struct eng_output *o,
		   struct err *err);

/* --- rules_source.c --------------------------------------------------------------------------- */

bool source__is_known(const char *source);
/*
 * -FMT_E_UNKNOWN if a field is of another source than the rule; of a condition, with the check that
 * asks for it and the field's place.
 */
int source__check_operand(const struct eng_operand *o, const char *source, struct err *err);
int source__check_condition(const struct eng_ast *a, const char *source,
			    const struct eng_ast **ret_part, struct eng_pos *ret_at,
			    struct err *err);
int source__check_output(const struct eng_output *o, const char *source, struct err *err);

/* --- rules_check.c ---------------------------------------------------------------------------- */

/* Warn of comparisons with <NA> and of fields that are no more, in a rule's condition. */
void check__condition(struct eng_ruleset *rs, const struct eng_ast *a, const struct cond_origin *o);
/* The output as it is compiled: with suggested fields, without %container.info; warns. */
const char *check__output(struct eng_ruleset *rs, const struct def_rule *r);
/* Is the rule on, after selection? */
bool check__is_on(const struct eng_ruleset *rs, const struct def_rule *r);

#endif
