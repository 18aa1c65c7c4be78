/* SPDX-License-Identifier: Apache-2.0 */
/*
 * name_filter - which names of descriptors are alike, as far as the predicates of a program can tell.
 *
 * Of the hundreds of tests of names in a rule set most names pass none, but for some of where they begin. A test that
 * few names can pass needs one of some words in them; which tests of a beginning are passed follows from the longest
 * beginning that is asked for. So names without any of the words that agree in that beginning have the same answers,
 * and one entry of what is remembered serves them together: one pass over a name instead of a test for each predicate.
 */
#ifndef ENG_NAME_FILTER_H
#define ENG_NAME_FILTER_H

#include "engine/filter/match/words.h"
#include "engine/filter/prog/pred.h"

struct name_start {
	const char *p;
	uint32_t len;
	uint32_t shorter;		/* the longest other one that this one begins with: number + 1 */
};

struct name_filter {
	bool usable;			/* else some test cannot be told like this: no name is like others */
	struct words words;
	struct name_start *starts;	/* in order of their bytes, each once */
	size_t n_starts, cap_starts;
	uint32_t starts_at[257];	/* how many are before all names with this byte behind their slash */
};

/* Of these predicates, of which those that are not about names are passed over; borrowed. */
void name_filter__build(struct name_filter *f, struct eng_pred *const *preds, uint32_t n, struct arena *mem);
void name_filter__done(struct name_filter *f);
/*
 * The class of a name: all names of a class have the same answers for descriptors of the same kind. 0: it is like no
 * other. raw (NULL: the same) is the name as it was given. The texts are untrusted.
 */
uint32_t name_filter__class(const struct name_filter *f, const char *name, uint32_t len, const char *raw,
			    uint32_t raw_len);

#endif
