// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "format/base/strtab.h"

static uint64_t seed;

static inline uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t m = (__uint128_t)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint64_t load(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	memcpy(&v, p, n);
	return v;
}

uint64_t strtab__hash(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint64_t h = seed ^ n * 0x9e3779b97f4a7c15u;

	for (; n > 16; n -= 16, p += 16)
		h = mix(load(p, 8) ^ 0xa0761d6478bd642fu, load(p + 8, 8) ^ h);
	if (n > 8)
		h = mix(load(p, 8) ^ 0xe7037ed1a0b428dbu, load(p + n - 8, 8) ^ h);
	else if (n)
		h = mix(load(p, n) ^ 0xe7037ed1a0b428dbu, h ^ 0x8ebc6af09c88c6e3u);
	return mix(h, 0x589965cc75374cc3u);
}

/* Seeded once, so that a hostile trace cannot aim at one bucket. */
__attribute__((constructor)) static void seed_hash(void)
{
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = 0x2d358dccaa6c78a5u ^ (uint64_t)(uintptr_t)&seed;
}

static void rehash(struct strtab *t, uint32_t n_slots)
{
	free(t->slots);
	uint32_t *old = t->hashes;
	uint32_t *hashes = xcalloc(n_slots, sizeof(*hashes));

	t->slots = xcalloc(n_slots, sizeof(*t->slots));
	for (uint32_t id = 1; id <= t->n; id++) {
		const struct fmt_str *s = &t->strs[id - 1];
		uint32_t h = (uint32_t)strtab__hash(s->p, s->len);
		uint32_t i = h & (n_slots - 1);

		while (t->slots[i])
			i = (i + 1) & (n_slots - 1);
		t->slots[i] = id;
		hashes[i] = h;
	}
	free(old);
	t->hashes = hashes;
	t->n_slots = n_slots;
	t->n_indexed = t->n;
}

/* Make sure that all strings can be found and that there is room for one more. */
static inline void index_all(struct strtab *t)
{
	uint32_t n_slots = t->n_slots ? t->n_slots : 256;

	if (t->n_indexed == t->n && (t->n + 1) * 2 <= t->n_slots)
		return;
	while ((t->n + 1) * 2 > n_slots)
		n_slots *= 2;
	rehash(t, n_slots);
}

/* The slot that holds the string, or the free one where it would go. */
static inline uint32_t probe(const struct strtab *t, uint32_t h, const char *p, uint32_t len,
			     uint32_t full_len)
{
	uint32_t i = h & (t->n_slots - 1);

	for (; t->slots[i]; i = (i + 1) & (t->n_slots - 1)) {
		const struct fmt_str *s;

		if (t->hashes[i] != h)
			continue;
		s = &t->strs[t->slots[i] - 1];
		if (s->len == len && s->full_len == full_len && (!len || !memcmp(s->p, p, len)))
			break;
	}
	return i;
}

uint32_t strtab__add(struct strtab *t, const char *p, uint32_t len, uint32_t full_len)
{
	uint32_t h = (uint32_t)strtab__hash(p, len), i;

	index_all(t);
	i = probe(t, h, p, len, full_len);
	if (t->slots[i])
		return t->slots[i];
	t->strs = xgrow(t->strs, &t->cap, t->n + 1, sizeof(*t->strs));
	t->strs[t->n] = (struct fmt_str){ arena__strndup(&t->mem, p, len), len, full_len };
	t->bytes += len;
	t->slots[i] = t->n_indexed = ++t->n;
	t->hashes[i] = h;
	return t->n;
}

uint32_t strtab__find(const struct strtab *t, const char *p, uint32_t len, uint32_t full_len)
{
	if (!t->n)
		return 0;
	index_all((struct strtab *)t);	/* the index is a cache, not part of the value */
	return t->slots[probe(t, (uint32_t)strtab__hash(p, len), p, len, full_len)];
}

struct fmt_str *strtab__append(struct strtab *t, uint32_t n, size_t bytes)
{
	struct fmt_str *first;

	t->strs = xgrow(t->strs, &t->cap, (size_t)t->n + (n ? n : 1), sizeof(*t->strs));
	first = &t->strs[t->n];
	t->n += n;
	t->bytes += bytes;
	return first;
}

void strtab__reset(struct strtab *t)
{
	arena__reset(&t->mem);
	t->n = 0;
	t->bytes = 0;
	if (t->n_indexed)
		memset(t->slots, 0, t->n_slots * sizeof(*t->slots));
	t->n_indexed = 0;
}

void strtab__done(struct strtab *t)
{
	arena__done(&t->mem);
	free(t->strs);
	free(t->slots);
	free(t->hashes);
	*t = (struct strtab){ 0 };
}
