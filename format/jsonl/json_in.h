/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_in - JSON from untrusted text, value by value, without a tree.
 *
 * A tree of doubles would lose what lies beyond 2^53; here a number stays what its digits say. After a fault `bad` says
 * what is wrong and everything returns false.
 *
 * Bounds: nothing is read outside p .. end; depth of what is skipped is limited to 32.
 */
#ifndef FMT_JSON_IN_H
#define FMT_JSON_IN_H

#include <stdbool.h>

#include "format/base/alloc.h"

struct json_in {
	const char *p, *end;
	const char *bad;		/* what is wrong, or NULL */
	struct buf *scratch;		/* strings that hold escapes are put together here; never reset */
};

/* A string: where it lies, in the text or in scratch, until scratch grows. */
struct json_str { const char *p; size_t n; };
bool json_str__is(const struct json_str *s, const char *text);

/* The first byte of the next value, blanks skipped; 0 at the end. */
char json_in__peek(struct json_in *j);
/* Fill j->bad, once. Returns false. */
bool json_in__fail(struct json_in *j, const char *what);
/* This byte must be next. */
bool json_in__byte(struct json_in *j, char c);
bool json_in__string(struct json_in *j, struct json_str *ret);
/* A whole number from -2^63 to 2^64 - 1, as its 64 bits. */
bool json_in__int(struct json_in *j, uint64_t *ret);
/* The same, up to max. */
bool json_in__max(struct json_in *j, uint64_t max, uint64_t *ret);
/* true, false or null: 't', 'f', 'n', else 0 and bad. */
char json_in__word(struct json_in *j);
/* Step over a value, checking its form. */
bool json_in__skip(struct json_in *j);
/*
 * Members of an object: true with the key, standing before its value; false at the end (or bad). *first is true
 * before the first call. json_in__item does the same for an array.
 */
bool json_in__member(struct json_in *j, bool *first, struct json_str *key);
bool json_in__item(struct json_in *j, bool *first);

#endif
