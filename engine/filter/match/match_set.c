// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "engine/filter/match/match.h"
#include "format/base/strtab.h"

static uint64_t len_bit(uint32_t len)
{
	return 1ull << (len < 63 ? len : 63);
}

void match_set__build(struct match_set *s, const struct match_str *strs, uint32_t n,
		      struct arena *mem)
{
	uint32_t slots = 4;

	while (slots < n * 2)
		slots *= 2;
	*s = (struct match_set){ .slots = arena__zalloc(mem, slots * sizeof(*s->slots)),
				.mask = slots - 1 };
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = (uint32_t)strtab__hash(strs[i].p, strs[i].len) & s->mask;

		if (match_set__has(s, strs[i].p, strs[i].len))
			continue;
		while (s->slots[at].p)
			at = (at + 1) & s->mask;
		s->slots[at] = strs[i];
		s->lens |= len_bit(strs[i].len);
		s->n++;
	}
}

bool match_set__has(const struct match_set *s, const char *p, uint32_t len)
{
	uint32_t at;

	if (!(s->lens & len_bit(len)))
		return false;
	at = (uint32_t)strtab__hash(p, len) & s->mask;
	for (; s->slots[at].p; at = (at + 1) & s->mask)
		if (s->slots[at].len == len && !memcmp(s->slots[at].p, p, len))
			return true;
	return false;
}
