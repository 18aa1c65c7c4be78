// SPDX-License-Identifier: Apache-2.0
/* Do two configurations say the same? */
#include <string.h>

#include "engine/config/config.h"

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_strings(const struct cfg_strings *a, const struct cfg_strings *b)
{
	uint32_t i = 0;

	while (a->n == b->n && i < a->n && same_text(a->p[i], b->p[i]))
		i++;
	return i == a->n && i == b->n;
}

static bool same_pairs(const struct cfg_pairs *a, const struct cfg_pairs *b)
{
	uint32_t i = 0;

	while (a->n == b->n && i < a->n && same_text(a->p[i].name, b->p[i].name) && same_text(a->p[i].value, b->p[i].value))
		i++;
	return i == a->n && i == b->n;
}

static bool same_list(const struct cfg_section *s, const struct cfg_list *a, const struct cfg_list *b)
{
	uint32_t i = 0;

	while (a->n == b->n && i < a->n &&
	       !cfg_section__differs(s, (const char *)a->p + i * s->size, (const char *)b->p + i * s->size, NULL))
		i++;
	return i == a->n && i == b->n;
}

static bool same_value(const struct cfg_key *k, const void *a, const void *b)
{
	switch (k->kind) {
	case CFG_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case CFG_NUMBER:
	case CFG_SIZE:
	case CFG_DURATION:
		return *(const uint64_t *)a == *(const uint64_t *)b;
	case CFG_ENUM:
		return *(const int *)a == *(const int *)b;
	case CFG_STRING:
	case CFG_PATH:
		return same_text(*(const char *const *)a, *(const char *const *)b);
	case CFG_STRINGS:
	case CFG_PATHS:
		return same_strings(a, b);
	case CFG_PAIRS:
		return same_pairs(a, b);
	case CFG_SECTION:
		return !cfg_section__differs(k->section, a, b, NULL);
	case CFG_SECTIONS:
		return same_list(k->section, a, b);
	}
	return false;
}

const struct cfg_key *cfg_section__differs(const struct cfg_section *s, const void *a, const void *b,
					   const struct cfg_key *after)
{
	for (const struct cfg_key *k = after ? after + 1 : s->keys; k->name; k++)
		if (!same_value(k, (const char *)a + k->at, (const char *)b + k->at))
			return k;
	return NULL;
}
