/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tally - how often the conditions of rules with a threshold have held, and for whom.
 *
 * Time is the events'. What is counted apart is what the rule's `by` says. The count begins anew when it has led to an alert. Memory is
 * bounded: of each rule ENG_TALLY_KEYS are remembered; for a further one that which has been counted least recently is forgotten, and that is
 * counted. What comes of it depends on the order of the calls alone.
 */
#ifndef ENG_TALLY_H
#define ENG_TALLY_H

#include "engine/rules/rules.h"

#define ENG_TALLY_KEYS 4096u
#define ENG_TALLY_KEY_MAX 1024u		/* bytes of a key that count */

struct eng_tally;

/* rs must be compiled and outlive it. NULL if no rule has a threshold. */
struct eng_tally *eng_tally__new(const struct eng_ruleset *rs);
void eng_tally__free(struct eng_tally *t);	/* NULL is fine */
/* Nothing has been counted, nothing forgotten. NULL is fine. */
void eng_tally__reset(struct eng_tally *t);
/* What an event counts for, into out, which is emptied. scratch is reset. */
void eng_tally__key(const struct eng_rule *r, const struct eng_ctx *ctx, struct arena *scratch, struct buf *out);
/* The condition of r, which has a threshold, held at ts: is it to be reported? */
bool eng_tally__add(struct eng_tally *t, const struct eng_rule *r, uint64_t ts, const struct buf *key);
/* How often a count was forgotten for want of room. NULL: 0. */
uint64_t eng_tally__forgotten(const struct eng_tally *t);

#endif
