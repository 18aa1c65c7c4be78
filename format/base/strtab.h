/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strtab - interning of byte strings: equal bytes get equal ids. Ids count from 1; 0 means none.
 *
 * Open addressing, one multiplication-based hash per look-up, strings kept in an arena.
 */
#ifndef FMT_STRTAB_H
#define FMT_STRTAB_H

#include <stddef.h>
#include <stdint.h>

#include "format/base/alloc.h"

struct fmt_str {		/* borrowed bytes, not NUL-terminated unless said */
	const char *p;
	uint32_t len;
	uint32_t full_len;	/* true length where the capture cut it; == len otherwise */
};

struct strtab {
	struct arena mem;
	struct fmt_str *strs;	/* strs[id - 1]; each is followed by a NUL in memory */
	size_t cap;
	uint32_t n;
	uint32_t *slots;	/* id or 0 */
	uint32_t *hashes;	/* parallel to slots */
	uint32_t n_slots;	/* power of two */
	uint32_t n_indexed;	/* strings that are in slots; the rest follow at the first look-up */
	size_t bytes;		/* sum of lengths */
};

uint32_t strtab__add(struct strtab *t, const char *p, uint32_t len, uint32_t full_len);
uint32_t strtab__find(const struct strtab *t, const char *p, uint32_t len, uint32_t full_len);
static inline const struct fmt_str *strtab__get(const struct strtab *t, uint32_t id)
{
	return id && id <= t->n ? &t->strs[id - 1] : NULL;
}
/*
 * Append n strings without looking whether they are new: they get the ids from t->n + 1. If some are equal, a look-up
 * finds one of them. Returns where to write their lengths and places. p must lie in t->mem and be followed by a NUL.
 */
struct fmt_str *strtab__append(struct strtab *t, uint32_t n, size_t bytes);
void strtab__reset(struct strtab *t);	/* forget all, keep memory for reuse */
void strtab__done(struct strtab *t);
uint64_t strtab__hash(const void *p, size_t n);	/* not for hostile collision resistance: seeded per process */

#endif
