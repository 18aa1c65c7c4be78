// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "engine/filter/match/match.h"

/* From common to rare, as bytes go in paths and command lines; what is not named is rarer still. */
uint32_t match_rarest(const char *p, uint32_t len)
{
	static const char common[] = "/eatsrionlcdpu-m.gbhf vykw_x01";
	uint32_t best = 0;
	size_t best_rank = 0;

	for (uint32_t i = 0; i < len; i++) {
		char c = p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] + 32) : p[i];
		const char *at = memchr(common, c, sizeof(common) - 1);
		size_t rank = at ? (size_t)(at - common) : sizeof(common);

		if (rank > best_rank) {
			best_rank = rank;
			best = i;
		}
	}
	return best;
}

bool match_find(const char *p, uint32_t len, const char *word, uint32_t n, uint32_t rare)
{
	const char *from = p + rare, *end, *hit;

	if (n > len)
		return false;
	if (!n)
		return true;
	end = p + len - (n - 1 - rare);
	while ((hit = memchr(from, word[rare], (size_t)(end - from)))) {
		if (!memcmp(hit - rare, word, n))
			return true;
		from = hit + 1;
	}
	return false;
}
