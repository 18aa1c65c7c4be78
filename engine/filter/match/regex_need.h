/* SPDX-License-Identifier: Apache-2.0 */
/*
 * regex_need - what a text must hold, at the least, for a regular expression to match it.
 *
 * Most texts lack it, and looking for a few words takes a hundredth of the time of matching. What is found is never
 * more than what is needed; of a pattern that is read as no good nothing may be needed.
 */
#ifndef ENG_REGEX_NEED_H
#define ENG_REGEX_NEED_H

#include <stdbool.h>
#include <stdint.h>

#define NEED_WORDS 16u		/* in a set */
#define NEED_SETS 3u

struct regex_word {
	const char *p;		/* in text */
	uint32_t len;
	uint32_t rare;		/* see match_rarest */
};

/* One word at least of each set is needed. */
struct regex_need {
	struct { struct regex_word word[NEED_WORDS]; uint32_t n; } set[NEED_SETS];
	uint32_t n_sets;
	char *text;		/* all words */
};

void regex_need__find(struct regex_need *n, const char *pattern, uint32_t len);
void regex_need__done(struct regex_need *n);
/* False: the text cannot match. */
bool regex_need__holds(const struct regex_need *n, const char *p, uint32_t len);

#endif
