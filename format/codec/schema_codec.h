/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema_codec - the events that a file's writer knew, and which of ours they are.
 *
 * Spec: TRACE-FORMAT.md section 10. Events and parameters are matched by name; what differs in how it is
 * stored counts as unknown.
 */
#ifndef FMT_SCHEMA_CODEC_H
#define FMT_SCHEMA_CODEC_H

#include "format/codec/layout.h"
#include "format/schema/schema.h"

#define MAP_NONE 0xffffu
#define MAP_NO_PARAM 0xffu

struct schema_map {
	uint16_t event[LIMIT_FILE_TYPES];	/* file's id -> ours, or MAP_NONE */
	uint8_t n_params[LIMIT_FILE_TYPES];
	uint32_t first[LIMIT_FILE_TYPES];	/* of an event's parameters in params */
	uint8_t *params;			/* file's parameter -> ours, or MAP_NO_PARAM */
	uint32_t n_events, n_unknown_events, n_unknown_params;
	uint32_t shared;			/* holders besides the first, of any thread */
};

/* Our index of parameter `index` of the file's event `type`, which has more than that. */
static inline uint8_t *schema_map__param(const struct schema_map *m, unsigned type, unsigned index)
{
	return &m->params[m->first[type] + index];
}

/* The schema of this build, as the section's raw bytes. */
void schema__encode(struct buf *out);
int schema_map__new(struct schema_map **ret, const uint8_t *raw, size_t n, struct err *err);
/* That of a file that was written with this build's schema. */
struct schema_map *schema_map__own(void);
/* For one more holder, who frees it too. */
struct schema_map *schema_map__share(struct schema_map *m);
void schema_map__free(struct schema_map *m);

#endif
