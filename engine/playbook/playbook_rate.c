// SPDX-License-Identifier: Apache-2.0
/* How often something was done within a time that slides, and what is remembered of objects. */
#include <stdlib.h>
#include <string.h>

#include "engine/playbook/playbook_internal.h"

bool pb_meter__has_room(const struct pb_meter *m, const struct pb_rate *r, uint64_t now)
{
	if (!r->n)
		return false;
	return m->n < r->n || m->times[(m->next + m->size - r->n) % m->size] + r->per_ns <= now;
}

/* Room for more, the moments in order. */
static void grow(struct pb_meter *m, uint32_t size)
{
	uint64_t *times = xcalloc(size, sizeof(*times));

	for (uint32_t i = 0; i < m->n; i++)
		times[i] = m->times[(m->next + m->size - m->n + i) % m->size];
	free(m->times);
	m->times = times;
	m->next = m->n;
	m->size = size;
}

void pb_meter__add(struct pb_meter *m, uint32_t size, uint64_t now)
{
	if (m->size < size)
		grow(m, size);
	if (!m->size)
		return;
	m->next %= m->size;
	m->times[m->next] = now;
	m->next = (m->next + 1) % m->size;
	m->n += m->n < m->size;
}

static uint32_t find(const struct pb_memory *m, const char *key, uint64_t hash)
{
	uint32_t i = 0;

	while (i < m->n && (m->p[i].hash != hash || strcmp(m->p[i].key, key)))
		i++;
	return i;
}

static void forget(struct pb_memory_entry *e)
{
	free(e->key);
	free(e->meter.times);
	*e = (struct pb_memory_entry){ 0 };
}

static void forget_old(struct pb_memory *m, uint64_t now)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < m->n; i++) {
		if (m->p[i].until <= now)
			forget(&m->p[i]);
		else
			m->p[kept++] = m->p[i];
	}
	m->n = kept;
}

struct pb_memory_entry *pb_memory__get(struct pb_memory *m, const char *key, uint64_t now)
{
	uint64_t hash = strtab__hash(key, strlen(key));
	uint32_t i = find(m, key, hash);

	if (i < m->n)
		return &m->p[i];
	if (m->n >= PB_MAX_OBJECTS)
		forget_old(m, now);
	if (m->n >= PB_MAX_OBJECTS)
		return NULL;
	m->p = xgrow(m->p, &m->cap, m->n + 1, sizeof(*m->p));
	m->p[m->n] = (struct pb_memory_entry){ .key = xstrdup(key), .hash = hash };
	return &m->p[m->n++];
}

const struct pb_memory_entry *pb_memory__find(const struct pb_memory *m, const char *key)
{
	uint32_t i = find(m, key, strtab__hash(key, strlen(key)));

	return i < m->n ? &m->p[i] : NULL;
}

void pb_memory__done(struct pb_memory *m)
{
	for (uint32_t i = 0; i < m->n; i++)
		forget(&m->p[i]);
	free(m->p);
	*m = (struct pb_memory){ 0 };
}
