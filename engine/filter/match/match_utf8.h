/* SPDX-License-Identifier: Apache-2.0 */
/*
 * match_utf8 - one step over UTF-8.
 */
#ifndef ENG_MATCH_UTF8_H
#define ENG_MATCH_UTF8_H

#include <stdint.h>

/*
 * The sequence at p (p < end). > 0: its length, the character in *ret. < 0: broken; minus the bytes
 * of the largest part that could have begun a character (Unicode 3.9), to be replaced by one
 * U+FFFD.
 */
static inline int utf8_step(const uint8_t *p, const uint8_t *end, uint32_t *ret)
{
	static const uint8_t masks[5] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	int n = p[0] < 0x80 ? 1 : p[0] < 0xc2 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 :
		p[0] < 0xf5 ? 4 : 0;
	uint32_t c;

	if (!n)
		return -1;
	c = p[0] & masks[n];
	for (int i = 1; i < n; i++) {
		uint8_t lo = 0x80, hi = 0xbf;

		if (i == 1) {		/* overlong forms, surrogates, beyond U+10FFFF */
			lo = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : lo;
			hi = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : hi;
		}
		if (p + i >= end || p[i] < lo || p[i] > hi)
			return -i;
		c = c << 6 | (p[i] & 0x3f);
	}
	*ret = c;
	return n;
}

#endif
