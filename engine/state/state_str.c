// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "engine/state/path.h"
#include "engine/state/state_internal.h"

#define CACHED_LEN 4096u		/* longer strings are not kept in the cache */

/*
 * Long strings of all states together. One string of a file may be a million processes' arguments:
 * above MAX_LONG_BYTES long strings are cut to what is never counted.
 */
#define LONG_LEN 256u
static size_t long_bytes;

struct eng_str *eng_str__alloc(size_t len, size_t full_len)
{
	struct eng_str *s;

	if (len > LONG_LEN &&
	    __atomic_add_fetch(&long_bytes, len, __ATOMIC_RELAXED) > MAX_LONG_BYTES) {
		__atomic_sub_fetch(&long_bytes, len, __ATOMIC_RELAXED);
		len = LONG_LEN;
	}
	s = xmalloc(sizeof(*s) + len + 1);
	s->refs = 1;
	s->len = (uint32_t)len;
	s->full_len = (uint32_t)full_len;
	s->as_path = 0;
	s->s[len] = 0;
	return s;
}

struct eng_str *eng_str__new(const char *p, size_t len, size_t full_len)
{
	struct eng_str *s = eng_str__alloc(len, full_len);

	if (s->len)
		memcpy(s->s, p, s->len);
	return s;
}

void eng_str__free(struct eng_str *s)
{
	if (s->len > LONG_LEN)
		__atomic_sub_fetch(&long_bytes, s->len, __ATOMIC_RELAXED);
	free(s);
}

bool eng_str__is_normal(struct eng_str *s)
{
	enum { UNKNOWN, YES, NO };

	if (s->as_path == UNKNOWN)
		s->as_path = path__is_normal(s->s, s->len) ? YES : NO;
	return s->as_path == YES;
}

bool eng_str__same(const struct eng_str *a, const struct eng_str *b)
{
	return a == b || (a && b && a->len == b->len && a->full_len == b->full_len &&
			  !memcmp(a->s, b->s, a->len));
}

bool eng_str__set(struct eng_str **at, struct eng_str *s)
{
	if (eng_str__same(*at, s)) {
		eng_str__unref(s);
		return false;
	}
	eng_str__unref(*at);
	*at = s;
	return true;
}

struct eng_str *ev_str(struct eng_state *st, const struct fmt_ev *ev, unsigned p)
{
	uint32_t id = fmt_ev__str_id(ev, p);
	struct seen_str *seen = &st->strs[id % STR_CACHE];
	const struct fmt_str *f;
	struct eng_str *s = seen->s;

	if (!id)
		return NULL;
	if (seen->batch == ev->b->serial && seen->id == id)
		return eng_str__ref(s);
	f = strtab__get(&ev->b->dict, id);
	if (!f)
		return NULL;
	if (!s || s->len != f->len || s->full_len != f->full_len || memcmp(s->s, f->p, f->len)) {
		s = eng_str__new(f->p, f->len, f->full_len);
		if (f->len > CACHED_LEN)
			return s;
		eng_str__unref(seen->s);
	}
	*seen = (struct seen_str){ ev->b->serial, id, s };
	return eng_str__ref(s);
}

bool ev_str_set(struct eng_state *st, struct eng_str **at, const struct fmt_ev *ev, unsigned p)
{
	struct eng_str *s = ev_str(st, ev, p);

	return s && eng_str__set(at, s);
}

uint32_t slots__take(struct slots *s)
{
	return s->n_free ? s->free[--s->n_free] : s->next++;
}

void slots__give(struct slots *s, uint32_t slot)
{
	s->free = xgrow(s->free, &s->cap, s->n_free + 1, sizeof(*s->free));
	s->free[s->n_free++] = slot;
}

void slots__done(struct slots *s)
{
	free(s->free);
	*s = (struct slots){ 0 };
}
