// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "engine/state/idmap.h"
#include "format/base/alloc.h"

#define MIN_SLOTS 8u
#define KEEP_SLOTS 4096u

uint64_t idmap_factor = 0x9e3779b97f4a7c15u;

/* An odd multiplier. */
__attribute__((constructor)) static void choose_factor(void)
{
	uint64_t r;

	if (getrandom(&r, sizeof(r), GRND_NONBLOCK) == sizeof(r))
		idmap_factor = r | 1;
}

/* Its slot, or the free one where it would go. */
static struct idmap_slot *probe(const struct idmap *m, int64_t key)
{
	uint32_t i = idmap__home(m, key);

	while (m->slots[i].p && m->slots[i].key != key)
		i = (i + 1) & m->mask;
	return &m->slots[i];
}

static void resize(struct idmap *m, uint32_t n_slots)
{
	struct idmap_slot *old = m->slots;
	uint32_t old_n = m->has_slots ? m->mask + 1 : 0;

	m->slots = xcalloc(n_slots, sizeof(*m->slots));
	m->mask = n_slots - 1;
	m->has_slots = true;
	for (uint32_t i = 0; i < old_n; i++)
		if (old[i].p)
			*probe(m, old[i].key) = old[i];
	free(old);
}

void **idmap__at(struct idmap *m, int64_t key)
{
	struct idmap_slot *s;

	if (!m->has_slots)
		resize(m, MIN_SLOTS);
	s = probe(m, key);
	if (s->p)
		return &s->p;
	if ((m->n + 1) * 4 > (m->mask + 1) * 3) {
		resize(m, (m->mask + 1) * 2);
		s = probe(m, key);
	}
	s->key = key;
	m->n++;
	return &s->p;
}

void *idmap__put(struct idmap *m, int64_t key, void *p)
{
	void **at = idmap__at(m, key), *was = *at;

	*at = p;
	return was;
}

/* Close the hole at i: move back what probing would no longer reach. */
static void close_hole(struct idmap *m, uint32_t i)
{
	for (uint32_t j = (i + 1) & m->mask; m->slots[j].p; j = (j + 1) & m->mask) {
		uint32_t home = idmap__home(m, m->slots[j].key);

		if (((j - home) & m->mask) >= ((j - i) & m->mask)) {
			m->slots[i] = m->slots[j];
			i = j;
		}
	}
	m->slots[i].p = NULL;
}

void *idmap__del(struct idmap *m, int64_t key)
{
	if (!m->n)
		return NULL;
	for (uint32_t i = idmap__home(m, key); m->slots[i].p; i = (i + 1) & m->mask) {
		void *was = m->slots[i].p;

		if (m->slots[i].key != key)
			continue;
		close_hole(m, i);
		m->n--;
		if (m->mask + 1 > KEEP_SLOTS && m->n * 8 < m->mask + 1)
			resize(m, (m->mask + 1) / 2);
		return was;
	}
	return NULL;
}

void idmap__clear(struct idmap *m)
{
	if (m->has_slots && m->mask + 1 > KEEP_SLOTS)
		idmap__done(m);
	else if (m->n)
		memset(m->slots, 0, (m->mask + 1) * sizeof(*m->slots));
	m->n = 0;
}

void idmap__done(struct idmap *m)
{
	free(m->slots);
	*m = (struct idmap){ 0 };
}

static int by_key(const void *a, const void *b)
{
	const struct idmap_slot *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

void **idmap__sorted(const struct idmap *m)
{
	struct idmap_slot *s = xmalloc(m->n * sizeof(*s));
	void **out = xmalloc(m->n * sizeof(*out));
	uint32_t k = 0;
	void *p;

	idmap__each(m, i, p)
		s[k++] = m->slots[i];
	qsort(s, k, sizeof(*s), by_key);
	for (uint32_t i = 0; i < k; i++)
		out[i] = s[i].p;
	free(s);
	return out;
}
