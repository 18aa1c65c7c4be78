// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "engine/state/state_internal.h"

struct eng_str *eng_str__new(const char *p, size_t len, size_t full_len)
{
	struct eng_str *s = xmalloc(sizeof(*s) + len + 1);

	s->refs = 1;
	s->len = (uint32_t)len;
	s->full_len = (uint32_t)full_len;
	if (len)
		memcpy(s->s, p, len);
	s->s[len] = 0;
	return s;
}

void eng_str__unref(struct eng_str *s)
{
	if (s && !--s->refs)
		free(s);
}

static bool same(const struct eng_str *a, const struct eng_str *b)
{
	return a == b || (a && b && a->len == b->len && a->full_len == b->full_len &&
			  !memcmp(a->s, b->s, a->len));
}

bool eng_str__set(struct eng_str **at, struct eng_str *s)
{
	if (same(*at, s)) {
		eng_str__unref(s);
		return false;
	}
	eng_str__unref(*at);
	*at = s;
	return true;
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
