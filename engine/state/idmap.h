/* SPDX-License-Identifier: Apache-2.0 */
/*
 * idmap - from a number (thread, process, descriptor, user) to an object. Open addressing, linear
 * probing.
 *
 * The multiplier is chosen per process, so that a hostile trace cannot aim at one slot.
 * Ownership: the map owns its slots, never the objects. Zero-initialise; idmap__done frees.
 */
#ifndef ENG_IDMAP_H
#define ENG_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct idmap_slot {
	int64_t key;
	void *p;		/* NULL: free */
};

struct idmap {
	struct idmap_slot *slots;
	uint32_t n;
	uint32_t mask;		/* slots - 1 */
	bool has_slots;
};

extern uint64_t idmap_factor;

/*
 * The lower bits: whoever goes through one map to fill or empty another meets the slots of a smaller
 * one in turn. By the upper bits all would crowd at one end of it.
 */
static inline uint32_t idmap__home(const struct idmap *m, int64_t key)
{
	uint64_t h = (uint64_t)key * idmap_factor;

	return (uint32_t)(h ^ h >> 32) & m->mask;
}

/* The object of key, or NULL. */
static inline void *idmap__get(const struct idmap *m, int64_t key)
{
	if (!m->n)
		return NULL;
	for (uint32_t i = idmap__home(m, key);; i = (i + 1) & m->mask) {
		const struct idmap_slot *s = &m->slots[i];

		if (!s->p || s->key == key)
			return s->p;
	}
}

/* Where the object of key is. NULL is there if it has just been made: it is to be filled before anything else is done. */
void **idmap__at(struct idmap *m, int64_t key);
/* Add or replace. Returns what was there before, or NULL. p is not NULL. */
void *idmap__put(struct idmap *m, int64_t key, void *p);
/* Remove. Returns what was there, or NULL. */
void *idmap__del(struct idmap *m, int64_t key);
void idmap__clear(struct idmap *m);	/* keeps a small table, frees a large one */
void idmap__done(struct idmap *m);

/* All objects, in an order that stands still while nothing is added or removed. */
#define idmap__each(m, i, var) \
	for (uint32_t i = 0; (m)->n && i <= (m)->mask; i++) \
		if (((var) = (m)->slots[i].p) != NULL)

/* All objects in ascending order of key: a malloc'd array of (m)->n pointers. */
void **idmap__sorted(const struct idmap *m);

#endif
