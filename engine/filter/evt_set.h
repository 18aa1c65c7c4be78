/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evt_set - the event types that can make a condition true, found from its shape.
 */
#ifndef ENG_EVT_SET_H
#define ENG_EVT_SET_H

#include <string.h>

#include "engine/filter/lang/filter_ast.h"

/* What old rules call a call without a name; no event has it. */
#define EVT_UNKNOWN_NAME "<unknown>"

struct evt_set {
	uint64_t w[FMT_MAX_EVENTS / 64];
};

static inline void evt_set__add(struct evt_set *s, unsigned id)
{
	s->w[id >> 6] |= 1ull << (id & 63);
}

static inline bool evt_set__has(const struct evt_set *s, unsigned id)
{
	return s->w[id >> 6] >> (id & 63) & 1;
}

/* All events that rules see: not the rows of keyframes. */
void evt_set__all(struct evt_set *s);

/* Those too. */
void evt_set__add_rows(struct evt_set *s);

/* Leave only events of this source. */
void evt_set__keep_source(struct evt_set *s, const char *source);

/*
 * The set of a condition among the events that it may see. Errors: -FMT_E_UNSUPPORTED for evt.type compared with a
 * field or under a transformer; *ret_at is the place.
 */
int evt_set__of(const struct eng_ast *a, const struct evt_set *all, struct evt_set *ret, struct eng_pos *ret_at,
		struct err *err);

/*
 * evt.num is never below 1: is this check of it always false, always true, or neither (also for
 * other fields)?
 */
enum evt_verdict { EVT_NEVER, EVT_ALWAYS, EVT_DEPENDS };
enum evt_verdict evt_set__judge(const struct eng_check *c);

/* How many of upstream's event codes the set stands for: it counts entry and exit of a call. */
unsigned evt_set__codes(const struct evt_set *s);

#endif
