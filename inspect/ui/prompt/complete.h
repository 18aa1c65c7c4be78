/* SPDX-License-Identifier: Apache-2.0 */
/*
 * complete - what the word under the cursor of a filter may become: a field's name, or behind a field and an operator
 * one of the values that the trace has for it.
 */
#ifndef INS_COMPLETE_H
#define INS_COMPLETE_H

#include <stdbool.h>
#include <stddef.h>

#define INS_CANDIDATE_MAX 256

/* Collects what begins with a prefix: how many, what they have in common, and a list of them to show. */
struct ins_candidates {
	const char *prefix;
	size_t len;
	char first[INS_CANDIDATE_MAX];
	size_t common;		/* bytes of first that all begin with */
	unsigned found;
	char *hint;		/* names with blanks between, cut at hint_size */
	size_t hint_size, hint_len;
};

/* Offer one; the same twice in a row counts once. What a filter would need quotes for is passed over. */
void ins_candidates__add(struct ins_candidates *c, const char *text, size_t n);
/*
 * The field whose value is being typed at `at`: its place and length in text, and where the value begins. False: it is
 * no value that is being typed.
 */
bool ins_complete__value_of(const char *text, size_t at, size_t *ret_field, size_t *ret_len, size_t *ret_value);

#endif
