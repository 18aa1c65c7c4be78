// SPDX-License-Identifier: Apache-2.0
#include <stdbool.h>
#include <string.h>

#include "format/base/find_two.h"

#define LANES 16u
typedef uint8_t lanes __attribute__((vector_size(LANES)));

static inline lanes load(const char *p)
{
	lanes v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline bool any(lanes v)
{
	uint64_t half[2];

	memcpy(half, &v, sizeof(half));
	return half[0] | half[1];
}

size_t find_two(const char *p, size_t n, size_t gap, struct find_byte first, struct find_byte second)
{
	size_t end = n > gap ? n - gap : 0, at = 0;

	for (size_t to = LANES; end >= LANES; to += LANES) {
		lanes hit;

		at = (to < end ? to : end) - LANES;	/* the last ones may be looked at twice */
		hit = (lanes)((load(p + at) | first.fold) == first.is) &
		      (lanes)((load(p + at + gap) | second.fold) == second.is);
		if (any(hit))
			break;
		if (to >= end)
			return n;
	}
	for (; at < end; at++)
		if (((uint8_t)p[at] | first.fold) == first.is && ((uint8_t)p[at + gap] | second.fold) == second.is)
			return at;
	return n;
}
