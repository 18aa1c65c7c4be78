/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match - tests of one text against many or against a pattern. Built once, constant then.
 *
 * Subjects are hostile: no test takes more than (length of the subject) x (length of the pattern)
 * steps, but for regular expressions, whose limits are stated at match_regex. Ownership: everything
 * lives in the arena that was given, except compiled regular expressions.
 */
#ifndef ENG_MATCH_H
#define ENG_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "format/base/alloc.h"
#include "format/base/err.h"
#include "engine/filter/match/regex_need.h"

/* --- A set of byte strings -------------------------------------------------------------------- */

struct match_str {
	const char *p;
	uint32_t len;
};

struct match_set {
	struct match_str *slots;	/* p == NULL: free */
	uint64_t *of;			/* whose each is; NULL: nobody asks */
	uint32_t mask;			/* slots - 1, a power of two */
	uint32_t n;
	uint64_t lens;			/* bit l: an element of length l is there; bit 63: of 63 and
					 * more */
};

/* of: for each string, bits that the caller knows it by (joined where strings are equal); or NULL. */
void match_set__build(struct match_set *s, const struct match_str *strs, const uint64_t *of, uint32_t n,
		      struct arena *mem);
bool match_set__has(const struct match_set *s, const char *p, uint32_t len);
/* Of a set that was built with `of`: the bits of this string, 0 if it is not there. */
uint64_t match_set__of(const struct match_set *s, const char *p, uint32_t len);

/* --- A word in a text ------------------------------------------------------------------------- */

/* The place of the byte that is rarest in paths and command lines. */
uint32_t match_rarest(const char *word, uint32_t n);
/* Look for that byte, then compare: most texts do not even hold it. */
bool match_find(const char *p, uint32_t len, const char *word, uint32_t n, uint32_t rare);

/* --- glob: as fnmatch(pattern, text, 0) in the C locale --------------------------------------- */

struct match_glob;
struct match_glob *match_glob__new(const char *pattern, uint32_t len, bool fold, struct arena *mem);
bool match_glob(const struct match_glob *g, const char *p, uint32_t len);

/* --- pmatch: path prefixes, component by component -------------------------------------------- */

struct match_paths;
struct match_paths *match_paths__new(const struct match_str *paths, uint32_t n, struct arena *mem);
bool match_paths(const struct match_paths *m, const char *p, uint32_t len);

/*
 * --- regex: RE2 in POSIX syntax, the whole text must match ------------------------------------
 *
 * One match takes bounded time whatever the text: a fixed number of steps of backtracking, then a matcher whose time
 * grows with the text and with the square of the places in the pattern that it must follow at once; these are limited
 * so that the product is. Where that is not enough the answer is "no match", and it is counted.
 */

struct match_regex;
/* 0, or -FMT_E_SYNTAX with what is wrong in err. */
int match_regex__new(const char *pattern, uint32_t len, struct match_regex **ret, struct err *err);
void match_regex__free(struct match_regex *r);
/* What a text that matches holds; as long as r. */
const struct regex_need *match_regex__need(const struct match_regex *r);

/* Working memory of one thread for all its expressions. */
struct match_scratch;
struct match_scratch *match_scratch__new(void);
void match_scratch__free(struct match_scratch *s);
bool match_regex(const struct match_regex *r, struct match_scratch *s, const char *p, uint32_t len);
/* How often a match was given up so far. */
uint64_t match_scratch__gave_up(const struct match_scratch *s);
/* Count one that was given up elsewhere, and answer "no". */
bool match_scratch__give_up(struct match_scratch *s);

#endif
