/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prog_eval - a run, as its files share it: what is remembered, and the value of nodes.
 */
#ifndef ENG_PROG_EVAL_H
#define ENG_PROG_EVAL_H

#include "engine/filter/prog/prog_profile.h"

/* What is remembered of calls, processes, descriptors or names: entries of layout->words each. */
struct memo_table {
	const struct memo_layout *layout;
	uint64_t *words;
	uint32_t mask;			/* entries - 1 */
};

/* Of which class a name is (see name_filter): apart from what is remembered of the few that are of none. */
struct name_class {
	uint64_t key0, key1;		/* as in memos of LV_NAME */
	uint32_t class;
};

/* The value of a field or transformer for the event at hand: valid if gen is the event's. */
struct run_slot {
	uint32_t gen;
	bool present;
	struct eng_vals vals;
};

/* Answers of a test of evt.arg.X where X is a number that alone makes the text. */
#define ARG_WAYS 8u
struct arg_memo {
	struct {
		uint64_t value;
		uint16_t type;		/* of the event; 0xffff: free */
		bool hit;
	} way[ARG_WAYS];
};

struct eng_run {
	const struct eng_prog *p;
	const struct eng_ctx *ctx;
	const struct prog_list *list;
	uint32_t gen;			/* of the event at hand */
	uint64_t batch;			/* number of the batch at hand */
	uint32_t *known;		/* per node: gen * 2 + value; of another event if gen
					 * differs */
	struct run_slot *slots;
	struct memo_table memo[LV__N];
	struct memo_table classes;	/* what LV_NAME remembers of classes of names */
	struct name_class *names;
	struct arg_memo *args;
	uint64_t *at[LV__N];		/* the event's entries, found when first needed */
	bool name_is_shared;		/* at[LV_NAME], if found: it is a class's */
	uint64_t **enabled;		/* per list: mask of the conditions that are on */
	uint64_t *alive;		/* conditions still possible, as wide as the widest list */
	uint64_t *open;			/* those whose gate can be open, of the level at hand */
	struct match_scratch *match;
	uint64_t n_gave_up, *gave_up;	/* matches that were given up: all, and by predicate */
	struct arena scratch;
	struct run_profile *profile;	/* NULL: not asked for */
};

/* Tables of all levels that are remembered, for r->p. */
void run_memo__init(struct eng_run *r);
void run_memo__done(struct eng_run *r);
/* The event's entry of a level, for run_memo__of. */
uint64_t *run_memo__find(struct eng_run *r, enum eng_level level);

/* The event's entry of a level, NULL if it has none there. */
static inline uint64_t *run_memo__of(struct eng_run *r, enum eng_level level)
{
	if (level == LV_NAME || level == LV_FD) {
		if (!r->list->opens_fd)
			level = LV_FD;		/* names are remembered with their descriptors */
		else if (level == LV_FD || !r->ctx->fd_name_id)
			return NULL;
	} else if (level == LV_EVENT) {
		return NULL;
	}
	if (!r->at[level])
		r->at[level] = run_memo__find(r, level);
	return r->at[level];
}

/* How many words behind what is known of an entry of this level is what it is. */
static inline uint32_t run_memo__width(const struct eng_run *r, enum eng_level level)
{
	return r->memo[level == LV_NAME && !r->list->opens_fd ? LV_FD : level].layout->n_bits_words;
}

/* The value of a node for the event at hand. */
bool run__eval(struct eng_run *r, node_ref ref);
/* The same of one whose level has that entry. */
bool run__eval_kept(struct eng_run *r, node_ref ref, uint64_t *memo, uint32_t width);

#endif
