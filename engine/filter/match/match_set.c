// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "engine/filter/match/match.h"
#include "format/base/strtab.h"

static uint64_t len_bit(uint32_t len)
{
	return 1ull << (len < 63 ? len : 63);
}

/* The slot that it has, or would have. */
static uint32_t slot_of(const struct match_set *s, const char *p, uint32_t len)
{
	uint32_t at = (uint32_t)strtab__hash(p, len) & s->mask;

	while (s->slots[at].p && (s->slots[at].len != len || memcmp(s->slots[at].p, p, len)))
		at = (at + 1) & s->mask;
	return at;
}

void match_set__build(struct match_set *s, const struct match_str *strs, const uint64_t *of, uint32_t n,
		      struct arena *mem)
{
	uint32_t slots = 4;

	while (slots < n * 2)
		slots *= 2;
	*s = (struct match_set){ .slots = arena__zalloc(mem, slots * sizeof(*s->slots)),
				.of = of ? arena__zalloc(mem, slots * sizeof(*s->of)) : NULL,
				.mask = slots - 1 };
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = slot_of(s, strs[i].p, strs[i].len);

		s->n += !s->slots[at].p;
		s->slots[at] = strs[i];
		s->lens |= len_bit(strs[i].len);
		if (of)
			s->of[at] |= of[i];
	}
}

bool match_set__has(const struct match_set *s, const char *p, uint32_t len)
{
	return s->lens & len_bit(len) && s->slots[slot_of(s, p, len)].p;
}

uint64_t match_set__of(const struct match_set *s, const char *p, uint32_t len)
{
	return s->lens & len_bit(len) ? s->of[slot_of(s, p, len)] : 0;
}
