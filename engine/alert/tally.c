// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "engine/alert/alert.h"
#include "engine/alert/tally.h"
#include "format/base/alloc.h"
#include "format/base/strtab.h"

/* One that is counted. Times are a ring: the last `count` at most. */
struct counted {
	char *key;
	uint32_t len;
	uint64_t hash;
	uint64_t *times;
	uint32_t n, next;		/* how many there are; where the next goes */
	uint32_t size;			/* room for so many */
	struct counted *same_slot;
	struct counted *older, *newer;	/* in the order of when they were counted last */
};

struct tally_rule {
	struct counted *slots[ENG_TALLY_KEYS];
	struct counted *oldest, *newest;
	uint32_t n;
};

struct eng_tally {
	const struct eng_rule *rules;
	unsigned n_rules;
	struct tally_rule **of;		/* by rule; NULL: nothing yet */
	uint64_t forgotten;
};

struct eng_tally *eng_tally__new(const struct eng_ruleset *rs)
{
	const struct eng_rule *rules;
	struct eng_tally *t;
	bool any = false;
	unsigned n;

	rules = eng_ruleset__rules(rs, &n);
	for (unsigned i = 0; i < n; i++)
		any |= rules[i].cond >= 0 && rules[i].threshold;
	if (!any)
		return NULL;
	t = xcalloc(1, sizeof(*t));
	t->rules = rules;
	t->n_rules = n;
	t->of = xcalloc(n, sizeof(*t->of));
	return t;
}

static void counted__free(struct counted *c)
{
	free(c->key);
	free(c->times);
	free(c);
}

void eng_tally__reset(struct eng_tally *t)
{
	for (unsigned i = 0; t && i < t->n_rules; i++) {
		while (t->of[i] && t->of[i]->oldest) {
			struct counted *c = t->of[i]->oldest;

			t->of[i]->oldest = c->newer;
			counted__free(c);
		}
		free(t->of[i]);
		t->of[i] = NULL;
	}
	if (t)
		t->forgotten = 0;
}

void eng_tally__free(struct eng_tally *t)
{
	if (!t)
		return;
	eng_tally__reset(t);
	free(t->of);
	free(t);
}

void eng_tally__key(const struct eng_rule *r, const struct eng_ctx *ctx, struct arena *scratch, struct buf *out)
{
	out->len = 0;
	if (r->threshold->by)
		eng_output__text(r->threshold->by, ctx, scratch, out);
	if (out->len > ENG_TALLY_KEY_MAX)
		out->len = ENG_TALLY_KEY_MAX;
}

/* --- one rule's ---------------------------------------------------------------------------------------------- */

static void unlink_age(struct tally_rule *r, struct counted *c)
{
	*(c->older ? &c->older->newer : &r->oldest) = c->newer;
	*(c->newer ? &c->newer->older : &r->newest) = c->older;
}

static void link_newest(struct tally_rule *r, struct counted *c)
{
	c->older = r->newest;
	c->newer = NULL;
	*(r->newest ? &r->newest->newer : &r->oldest) = c;
	r->newest = c;
}

static struct counted **slot_of(struct tally_rule *r, uint64_t hash)
{
	return &r->slots[hash % ENG_TALLY_KEYS];
}

static void forget_oldest(struct tally_rule *r)
{
	struct counted *c = r->oldest, **at = slot_of(r, c->hash);

	while (*at != c)
		at = &(*at)->same_slot;
	*at = c->same_slot;
	unlink_age(r, c);
	counted__free(c);
	r->n--;
}

static struct counted *find(struct eng_tally *t, struct tally_rule *r, const struct buf *key)
{
	uint64_t hash = strtab__hash((const char *)key->p, (uint32_t)key->len);
	struct counted *c;

	for (c = *slot_of(r, hash); c; c = c->same_slot) {
		if (c->hash == hash && c->len == key->len && (!key->len || !memcmp(c->key, key->p, key->len))) {
			unlink_age(r, c);
			link_newest(r, c);
			return c;
		}
	}
	if (r->n == ENG_TALLY_KEYS) {
		forget_oldest(r);
		t->forgotten++;
	}
	c = xcalloc(1, sizeof(*c));
	c->key = xmemdup0(key->len ? (const char *)key->p : "", key->len);
	c->len = (uint32_t)key->len;
	c->hash = hash;
	c->same_slot = *slot_of(r, hash);
	*slot_of(r, hash) = c;
	link_newest(r, c);
	r->n++;
	return c;
}

/* The times, oldest first, in a ring of twice the room, or of count. */
static void make_room(struct counted *c, uint32_t count)
{
	uint32_t size = c->size ? 2 * c->size : 4;

	if (c->n < c->size || c->size == count)
		return;
	size = size > count ? count : size;
	c->times = xrealloc(c->times, size * sizeof(*c->times));
	c->size = size;			/* it was full, and has never been turned: its next is its end */
	c->next = c->n;
}

bool eng_tally__add(struct eng_tally *t, const struct eng_rule *rule, uint64_t ts, const struct buf *key)
{
	struct tally_rule **of = &t->of[rule - t->rules];
	const struct eng_threshold *th = rule->threshold;
	struct counted *c;
	uint64_t first;

	if (!*of)
		*of = xcalloc(1, sizeof(**of));
	c = find(t, *of, key);
	make_room(c, th->count);
	c->times[c->next] = ts;
	c->next = (c->next + 1) % c->size;
	c->n += c->n < c->size;
	if (c->n < th->count)
		return false;
	first = c->times[c->next];	/* of count: the ring is full */
	if (ts > first && ts - first > th->within_ns)
		return false;
	c->n = c->next = 0;
	return true;
}

uint64_t eng_tally__forgotten(const struct eng_tally *t)
{
	return t ? t->forgotten : 0;
}
