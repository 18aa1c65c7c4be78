/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config - a configuration in YAML: sections of keys, each described once in a table.
 *
 * The table of a section says of each key its name, its kind of value, what it is if it is not
 * given, what is allowed, what it means, and where in a struct its value goes. The same table reads a file
 * (cfg__read), finds what is wrong in it, and is printed as its reference (cfg_section__doc).
 *
 *	struct example_opts { uint64_t memory; const char *path; };
 *	static const struct cfg_key keys[] = {
 *		CFG_KEY(struct example_opts, memory, CFG_SIZE, "memory", "64MiB", "What may be used.",
 *			.min = 1 << 20),
 *		CFG_KEY(struct example_opts, path, CFG_PATH, "path", NULL, "Where to.", .required = true),
 *		CFG_END,
 *	};
 *	const struct cfg_section example_section = { "The example.", keys, sizeof(struct example_opts),
 *						     NULL };
 *
 * Sections are put together by keys of kind CFG_SECTION (a mapping) and CFG_SECTIONS (a sequence of
 * mappings); an option struct holds those of its sections.
 *
 * Input: untrusted in form. Errors: all that is wrong in a file is found at once and kept, each
 * with line, column and caret. Keys that are not in the table are errors, and so are keys given twice.
 * Ownership: strings and lists that were read live as long as the struct cfg.
 */
#ifndef ENG_CONFIG_H
#define ENG_CONFIG_H

#include <stddef.h>

#include "engine/config/yaml_tree.h"

#define CFG_MAX_PROBLEMS 100u		/* kept; further ones are only counted */
#define CFG_MAX_BYTES (4u << 20)	/* of a file */
#define CFG_MAX_ENTRIES 1024u		/* of a list, keys of a mapping */

enum cfg_kind {			/* in the file				in the struct */
	CFG_BOOL = 1,		/* true, false, yes, on ...		bool */
	CFG_NUMBER,		/* 4					uint64_t */
	CFG_SIZE,		/* 256MiB				uint64_t, bytes */
	CFG_DURATION,		/* 1m30s; a bare number is seconds	uint64_t, ns */
	CFG_STRING,		/*					const char *, NULL: not given */
	CFG_PATH,		/* relative: to the file's own folder	const char *, made whole */
	CFG_ENUM,		/* one of choices			int, its index */
	CFG_STRINGS,		/* a sequence, or one string		struct cfg_strings */
	CFG_PATHS,		/* the same, each as CFG_PATH		struct cfg_strings */
	CFG_PAIRS,		/* a mapping of names to strings	struct cfg_pairs */
	CFG_SECTION,		/* a mapping				the section's struct */
	CFG_SECTIONS,		/* a sequence of mappings		struct cfg_list */
};

struct cfg_strings {
	const char **p;
	uint32_t n;
};

struct cfg_pair {
	const char *name, *value;
};

struct cfg_pairs {
	struct cfg_pair *p;
	uint32_t n;
};

struct cfg_list {
	void *p;			/* array of the section's struct */
	uint32_t n;
	const struct yaml_node **nodes;	/* where each stands: see cfg__problem */
};

struct cfg;
struct cfg_section;

struct cfg_key {
	const char *name;		/* NULL ends the table */
	enum cfg_kind kind;
	size_t at;			/* offset in the struct */
	const char *dflt;		/* as one would write it; NULL: nothing, 0, false, none */
	const char *doc;		/* sentences */
	uint64_t min, max;		/* numbers, sizes, durations; max 0: no limit */
	const char *choices;		/* CFG_ENUM: "text|json"; in order */
	const struct cfg_section *section;	/* CFG_SECTION, CFG_SECTIONS */
	bool required;
	bool off;			/* numbers ...: "off" is written for 0, which is below min */
};

struct cfg_section {
	const char *doc;		/* sentences for the reference */
	const struct cfg_key *keys;
	size_t size;			/* of its struct */
	/*
	 * Called when the section has been read without errors, and for an absent one with n NULL: for
	 * what concerns several keys. Reports by cfg__problem. NULL: nothing to check.
	 */
	void (*check)(struct cfg *c, const struct yaml_node *n, void *opts);
};

/* An entry of a table, what is not named in it as 0; and the end of one. */
#define CFG_KEY(type, member, kind_, name_, dflt_, doc_, ...) \
	{ .name = name_, .kind = kind_, .at = offsetof(type, member), .dflt = dflt_, .doc = doc_, \
	  ##__VA_ARGS__ }
#define CFG_END { .name = NULL }

/*
 * Read a file, or a text under the name of one. -errno, or -FMT_E_LIMIT; text that is no YAML is a
 * problem like others (and leaves an empty configuration).
 */
int cfg__open(struct cfg **ret, const char *path, struct err *err);
int cfg__parse(struct cfg **ret, const char *name, const char *text, size_t len, struct err *err);
void cfg__free(struct cfg *c);

/* The mapping that the file is; NULL: it is empty. */
const struct yaml_node *cfg__root(const struct cfg *c);
/*
 * Fill a section's struct, whole, from a mapping; n NULL: as if none of its keys were given. What is
 * wrong becomes a problem, and the value is then the default.
 */
void cfg__read(struct cfg *c, const struct yaml_node *n, const struct cfg_section *s, void *opts);

/* Two structs of a section that were read: the first key behind `after` of which they say something else; NULL: there is none. */
const struct cfg_key *cfg_section__differs(const struct cfg_section *s, const void *a, const void *b,
					   const struct cfg_key *after);

/* Report a problem at a node; NULL: with the file as a whole. */
void cfg__problem(struct cfg *c, const struct yaml_node *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Where a key's value stands in a section's mapping; the mapping's place if it is not given. */
const struct yaml_node *cfg__place(const struct yaml_node *section, const char *key);
/* In the order of their places; each has file, line, column, sentence and snippet. */
unsigned cfg__n_problems(const struct cfg *c);	/* counted; CFG_MAX_PROBLEMS of them are kept */
const struct err *cfg__problem_at(const struct cfg *c, unsigned i);
/* The first of them into err, if there are any, with their number; else 0. */
int cfg__result(const struct cfg *c, struct err *err);

/* A relative path made whole, from the folder that the file is in; borrowed. */
const char *cfg__path(struct cfg *c, const char *path);

/*
 * A secret that a file holds, such as a token: its first line. It goes to the heap: the caller
 * overwrites and frees it. Refused: longer than 64 KiB, empty, or readable by everybody.
 */
int cfg_secret__read(const char *path, char **ret, struct err *err);

/* The reference of a section and those within: as Markdown, or as the body of a man page. */
enum cfg_doc { CFG_DOC_MARKDOWN, CFG_DOC_MAN };
void cfg_section__doc(const struct cfg_section *s, enum cfg_doc form, struct buf *out);

/* Is the table right: names, defaults within bounds? For tests: a sentence in err if not. */
int cfg_section__verify(const struct cfg_section *s, struct err *err);

#endif
