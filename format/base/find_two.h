/* SPDX-License-Identifier: Apache-2.0 */
/*
 * find_two - two bytes that stand some way from each other: sixteen places at a time.
 */
#ifndef FMT_FIND_TWO_H
#define FMT_FIND_TWO_H

#include <stddef.h>
#include <stdint.h>

/* The bytes of which this is true: (byte | fold) == is. */
struct find_byte {
	uint8_t is, fold;
};

/* The first place of such a byte with one like second gap bytes behind it, both below n; n if there is none. */
size_t find_two(const char *p, size_t n, size_t gap, struct find_byte first, struct find_byte second);

#endif
