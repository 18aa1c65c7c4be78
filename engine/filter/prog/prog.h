/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prog - the program of a rule set, as its files share it.
 *
 * Conditions become one graph. Its nodes are predicates and conjunctions, each present once; a
 * reference to a node carries a bit that says "negated", so `or` is a negated conjunction of
 * negated parts and needs no node of its own. (A missing value makes a predicate false and `not`
 * turns that around: two values are enough.)
 *
 * Sealing makes, per event type, the list of conditions that can be true, each with what depends on
 * the type alone already decided. A condition's top conjunction is split by how long its parts
 * hold:
 *
 *   gates    parts that depend on the flags of the call, on the process, on the descriptor, or on its name: one
 *            conjunction per condition and level. A run remembers per process (descriptor, name, combination of
 *            flags), and per list, whose gate is open, as far as it has been asked for.
 *   tests    all other parts. Each distinct one has the mask of the conditions that need it.
 *
 * Predicates that ask for words in the same text are answered together (groups), and gates that need one of them are
 * found by these answers (indexes).
 *
 * So an event is: the mask of its type, without the gates that are remembered as closed; as long as
 * bits are left, the cheap tests, which take away the conditions that need them; the gates that
 * were not known; the other tests. Bits that stay are matches.
 */
#ifndef ENG_PROG_H
#define ENG_PROG_H

#include "engine/filter/evt_set.h"
#include "engine/filter/match/name_filter.h"
#include "engine/filter/prog/pred.h"

/* A node's number times two, plus one if negated. */
typedef uint32_t node_ref;
#define REF_TRUE 0u
#define REF_FALSE 1u
#define REF_NONE UINT32_MAX

enum node_kind { NK_TRUE, NK_PRED, NK_AND };

struct prog_node {
	uint8_t kind;			/* enum node_kind */
	uint8_t level;			/* enum eng_level */
	uint32_t cost;			/* rough, of asking for it, by what is remembered */
	uint32_t work;			/* rough, of working it out */
	uint32_t pred;			/* NK_PRED */
	uint32_t kids, n_kids;		/* NK_AND: in prog.kids, cheap ones first */
	uint32_t memo;			/* its bit in the memos of its level; UINT32_MAX: not
					 * remembered there */
	uint32_t group;			/* NK_PRED: that answers it, number + 1; 0: none */
};

/* Predicates that ask for words in the same text, all of one enum eng_together (prog_group.c). */
struct prog_group {
	uint32_t slot;			/* of the text among prog.exprs */
	uint32_t n, *preds;		/* at most 64 */
	uint64_t mask;			/* their bits in a word of what is remembered, in order */
	uint32_t shift;			/* the first one */
	uint32_t patience;		/* so many are worked out by themselves before all the others are */
	uint64_t negated;		/* those that are true of all other texts */
	struct match_set wholes;	/* words with the bits of those that name them */
	struct words *parts;		/* the same; a text that has none may still fail the test. NULL: wholes */
};

/* Predicates of a group, and the gates of a list that each can open. */
struct prog_key {
	uint32_t node;			/* one of them */
	uint64_t bits;			/* all, in their word of what is remembered */
	uint64_t *masks;		/* for each, in order: conditions */
};

/* Gates that are closed unless one of some predicates is true, which are all answered by a few look-ups. */
struct prog_index {
	uint64_t *indexed;		/* the conditions that have such a gate */
	struct prog_key *keys;
	uint32_t n_keys;
};

/* One cheap test of a list and the conditions (as bits of the list) that need it. */
struct prog_test {
	node_ref ref;
	uint64_t *mask;
};

/* The conditions that events of one type, or of several that agree, can satisfy. */
struct prog_list {
	uint32_t n, words;		/* conditions; 64-bit words of a mask */
	uint32_t *conds;		/* numbers, ascending */
	node_ref *refs;			/* what is left of each */
	bool opens_fd;			/* events have a descriptor of their own: remembered by
					 * name, not by number */
	node_ref *gates[LV__N];		/* LV_CALL .. LV_FD; NULL: no condition has any */
	struct prog_index *index[LV__N];	/* of the gates; NULL: none */
	uint32_t mask_at[LV__N];	/* where in the level's memo this list's masks begin */
	struct prog_test *tests;	/* the cheap ones: each with the conditions that need it */
	uint32_t n_tests;
	node_ref *late;			/* the others, by condition: late[late_at[c]] ..
					 * late[late_at[c + 1] - 1] */
	uint32_t *late_at;
	uint32_t id;			/* number among the lists */
};

struct prog_cond {
	const struct eng_ast *ast;	/* borrowed: for explain */
	node_ref ref;
	struct evt_set types;
	bool aside;			/* told besides the first */
};

/*
 * What a memo is made of, in words of 64 bits: two of its key; how often it was looked at, or of which class it
 * is; then bits that say what is known; then, in the same order, what it is. First one bit for each node of the
 * level, then for each list a mask of its gates.
 */
struct memo_layout {
	uint32_t n_nodes;
	uint32_t masks_at, n_bits_words;	/* within the known words, and how many those are */
	uint32_t words;				/* all */
};
#define MEMO_USES 2u
#define MEMO_KNOWN 3u			/* word where the known bits begin */

struct prog_seen {
	const struct eng_ast *ast;
	node_ref ref;
	bool again;			/* it warns: build it again wherever it is */
};

/* Open addressing from a hash to a number. */
struct hash_index {
	uint32_t *slots;		/* number + 1, 0 = free */
	uint32_t n, mask;
};

struct eng_prog {
	struct arena mem;
	struct eng_pred **known;	/* compiled, for this program or before it was begun anew */
	uint32_t n_known;
	struct hash_index known_index;	/* by text */
	struct eng_pred **preds;
	uint32_t n_preds;
	struct eng_expr **exprs;	/* distinct left and right sides: a run reads each once per
					 * event */
	struct eng_text *expr_texts;
	uint32_t n_exprs;
	struct hash_index expr_index;
	struct prog_node *nodes;
	uint32_t n_nodes;
	node_ref *kids;
	uint32_t n_kids;
	struct hash_index node_index;
	struct prog_group *groups;	/* made when it is sealed */
	uint32_t n_groups;
	struct prog_seen *seen;		/* trees already built: open addressing by the pointer */
	uint32_t n_seen, seen_slots;
	struct evt_set all;		/* events that its conditions may see */
	struct prog_cond *conds;
	uint32_t n_conds;
	bool any_aside;
	const struct eng_ast *culprit;
	/* after sealing */
	bool sealed;
	struct prog_list **lists;
	uint32_t n_lists;
	struct prog_list *by_type[FMT_MAX_EVENTS];
	struct memo_layout memo[LV__N];
	int8_t flags_of[FMT_MAX_EVENTS], mode_of[FMT_MAX_EVENTS];	/* parameters `flags` and `mode`; -1: none */
	struct name_filter names;
	uint32_t n_arg_memos;
	size_t cap_known, cap_preds, cap_exprs, cap_expr_texts, cap_nodes, cap_kids, cap_conds,
		cap_lists, cap_groups;
};

static inline node_ref ref_not(node_ref r)
{
	return r ^ 1;
}

static inline const struct prog_node *ref_node(const struct eng_prog *p, node_ref r)
{
	return &p->nodes[r >> 1];
}

/* The conditions of one of a key's predicates. */
static inline uint64_t *key__mask(const struct prog_key *k, uint64_t bit, uint32_t words)
{
	return k->masks + (size_t)__builtin_popcountll(k->bits & (bit - 1)) * words;
}

/* What is remembered for long costs next to nothing. */
static inline bool is_kept_long(enum eng_level level)
{
	return level == LV_PROC || level == LV_CALL;
}

static inline uint64_t prog__mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

/* Make room for one more, then find the slot for hash h where `same` holds, or a free one: it has 0 (prog_build.c). */
typedef uint64_t index_hash_fn(const void *arg, uint32_t i);
typedef bool index_same_fn(const void *arg, uint32_t i, const void *key);
uint32_t *index__slot(struct hash_index *x, uint64_t h, index_hash_fn *hash, index_same_fn *same, const void *arg,
		      const void *key);
void index__clear(struct hash_index *x);

/* prog_build.c: nodes. Where n.kids begin is found here. */
node_ref prog__add_node(struct eng_prog *p, struct prog_node n, const node_ref *kids);
/* The conjunction of any number of parts; the array is sorted. */
node_ref prog__and(struct eng_prog *p, node_ref *parts, uint32_t n);
/* Make the groups of what is remembered of processes and names, and give their nodes their bits (prog_group.c). */
void prog__group(struct eng_prog *p);
void prog__ungroup(struct eng_prog *p);
/* Indexes of gates, once nodes have their bits (prog_index.c). */
void prog__index(struct eng_prog *p);
/* The reference that stands for a tree of a condition added before, REF_NONE if it is none. */
node_ref prog__ref_of(const struct eng_prog *p, const struct eng_ast *a);

#endif
