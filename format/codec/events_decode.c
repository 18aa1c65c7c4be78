// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "format/base/alloc.h"
#include "format/batch/batch_internal.h"
#include "format/codec/events_codec.h"
#include "format/codec/events_decode_internal.h"

int events_decoder__new(struct events_decoder **ret)
{
	struct events_decoder *d = xcalloc(1, sizeof(*d));

	d->dctx = ZSTD_createDCtx();
	if (!d->dctx) {
		free(d);
		return -FMT_E_LIMIT;
	}
	d->work = xmalloc(COL_LAST_SLOTS * sizeof(*d->work));
	d->clock.thread = xmalloc(LIMIT_ROWS * sizeof(*d->clock.thread));
	*ret = d;
	return 0;
}

void events_decoder__free(struct events_decoder *d)
{
	if (!d)
		return;
	ZSTD_freeDCtx(d->dctx);
	for (unsigned c = 0; c <= TABLE_MAX_COLS; c++)
		free(d->col[c]);
	buf__done(&d->raw);
	free(d->dict_nuls);
	free(d->dict_cut);
	free(d->work);
	free(d->clock.thread);
	free(d->rows);
	free(d->next);
	free(d->types);
	free(d->count);
	free(d);
}

uint64_t *decoder__column(struct events_decoder *d, unsigned k)
{
	if (!d->col[k])
		d->col[k] = xmalloc((d->cap_rows + FMT_COL_SLACK) * sizeof(*d->col[k]));
	return d->col[k];
}

int decoder__table(struct events_decoder *d, struct table_reader *tr, unsigned n_virtual)
{
	int r = table_reader__next(tr, n_virtual, &d->table);

	d->newer = d->newer || r == -FMT_E_VERSION;
	return r;
}

int decoder__invalid(const struct events_decoder *d, const char *section, struct err *err)
{
	if (d->newer)
		return err__set(err, -FMT_E_VERSION,
				"the %s section has a column coded in a way that this spoor (%u.%u) does not know: use a newer spoor",
				section, TRACE_MAJOR, TRACE_MINOR);
	return err__set(err, -FMT_E_CORRUPT, "the %s section is not valid", section);
}

/* they come behind those known here, with ids that are no event's. */
bool decoder__no_more_tables(struct events_decoder *d, struct table_reader *tr)
{
	int r;

	while ((r = decoder__table(d, tr, 0)) == 1)
		if (d->table.id < TABLE_ID_FUTURE)
			return false;
	return r == 0;
}

void decoder__fit_columns(struct events_decoder *d, uint32_t rows)
{
	if (rows <= d->cap_rows)
		return;
	for (unsigned c = 0; c <= TABLE_MAX_COLS; c++) {
		free(d->col[c]);
		d->col[c] = NULL;
	}
	while (d->cap_rows < rows)
		d->cap_rows = d->cap_rows ? 2 * d->cap_rows : 1024;
}

/* Bounded by the declared size, which was checked against the limit; zstd checks its checksum. */
static int unpack_into(struct events_decoder *d, const struct stored_section *s, uint8_t *out,
		       struct err *err)
{
	const char *name = section_kind__name(s->entry.kind);
	uint8_t hash[TRACE_HASH_SIZE];
	size_t n;

	if (s->entry.codec == CODEC_ZSTD) {
		n = ZSTD_decompressDCtx(d->dctx, out, s->entry.raw_size, s->p, s->entry.stored_size);
		if (ZSTD_isError(n) || n != s->entry.raw_size)
			return err__set(err, -FMT_E_CORRUPT, "the %s section is damaged", name);
		return 0;
	}
	trace_hash(hash, s->p, s->entry.stored_size);
	if (s->entry.stored_size != s->entry.raw_size || memcmp(hash, s->entry.hash, sizeof(hash)))
		return err__set(err, -FMT_E_CORRUPT, "the %s section is damaged", name);
	if (s->entry.raw_size)
		memcpy(out, s->p, s->entry.raw_size);
	return 0;
}

/* */
static int check_entry(const struct stored_section *s, struct err *err)
{
	const char *name = section_kind__name(s->entry.kind);

	if (s->entry.codec > CODEC_ZSTD || s->entry.flags & SECTION_INCOMPAT_MASK)
		return err__set(err, -FMT_E_VERSION,
				"the %s section is stored in a way (codec %u, flags 0x%x) that this spoor (%u.%u) does not know: use a newer spoor",
				name, s->entry.codec, s->entry.flags, TRACE_MAJOR, TRACE_MINOR);
	if (s->entry.raw_size > LIMIT_SECTION_RAW)
		return err__set(err, -FMT_E_LIMIT, "the %s section is over the size limit", name);
	return 0;
}

int events_decoder__section(struct events_decoder *d, const struct stored_section *s,
			    const uint8_t **ret, struct err *err)
{
	int r = check_entry(s, err);

	if (r < 0)
		return r;
	d->raw.len = 0;
	buf__reserve(&d->raw, s->entry.raw_size);
	r = unpack_into(d, s, d->raw.p, err);
	*ret = d->raw.p;
	return r;
}

static bool any_type(const struct fmt_want *w)
{
	for (unsigned k = 0; k < sizeof(w->types); k++)
		if (w->types[k])
			return true;
	return false;
}

uint64_t decoder__wanted(const struct fmt_want *w, uint16_t type)
{
	if (w->by_type && !(w->types[type / 8] >> (type % 8) & 1))
		return 0;
	return w->params ? w->params[type] : ~(uint64_t)0;
}

bool events_decoder__needs(const struct section_entry *s, const struct schema_map *map,
			   const struct fmt_want *w)
{
	switch (s->kind) {
	case SECTION_BASE:
		return true;
	case SECTION_DICT:
		return !w->by_type || any_type(w);
	case SECTION_COLUMNS:
		if (s->type == SECTION_ANY_TYPE)
			return !w->by_type || any_type(w);
		return s->type < LIMIT_FILE_TYPES && map->event[s->type] != MAP_NONE &&
		       decoder__wanted(w, map->event[s->type]);
	case SECTION_PAYLOAD:
		return !w->no_payload && (!w->by_type || any_type(w));
	}
	return false;
}

/* Room for the orders of rows. */
static void reserve_rows(struct events_decoder *d)
{
	if (d->rows)
		return;
	d->rows = xmalloc((LIMIT_ROWS + 1) * sizeof(*d->rows));
	d->next = xmalloc((LIMIT_ROWS + 1) * sizeof(*d->next));
	d->types = xmalloc(LIMIT_ROWS * sizeof(*d->types));
	d->count = xmalloc(LIMIT_ROWS * DECODE_LANES * sizeof(*d->count));
}

/* Strings: a table, then the strings, each with a NUL behind it (see encode_dict). raw is memory of the dictionary. */
static bool read_dict(struct events_decoder *d, const uint8_t *raw, size_t size, struct fmt_batch *b)
{
	struct table_reader tr;
	uint64_t *nuls, *cut;
	struct fmt_str *out;
	size_t bytes, cap;
	const char *p;
	uint32_t rows;

	if (!table_reader__init(&tr, raw, size) || decoder__table(d, &tr, 0) != 1)
		return false;
	rows = d->table.rows;
	cap = d->cap_dict;
	nuls = d->dict_nuls = xgrow(d->dict_nuls, &cap, rows + FMT_COL_SLACK, sizeof(*nuls));
	cut = d->dict_cut = xgrow(d->dict_cut, &d->cap_dict, rows + FMT_COL_SLACK, sizeof(*cut));
	if (!decoder__base_column(d, &d->table, DCOL_NULS, nuls) || !decoder__base_column(d, &d->table, DCOL_CUT, cut) ||
	    !decoder__no_more_tables(d, &tr))
		return false;
	bytes = cursor__left(&tr.data);
	p = (const char *)tr.data.p;
	out = strtab__append(&b->dict, rows, bytes);
	for (uint32_t k = 0; k < rows; k++) {
		const char *q = memchr(p, 0, bytes);

		for (uint64_t left = nuls[k]; q && left; left--)
			q = memchr(q + 1, 0, bytes - (size_t)(q + 1 - p));
		if (!q || q - p > LIMIT_STRING || cut[k] > UINT32_MAX - LIMIT_STRING)
			return false;
		out[k] = (struct fmt_str){ p, (uint32_t)(q - p), (uint32_t)((uint64_t)(q - p) + cut[k]) };
		bytes -= (size_t)(q + 1 - p);
		p = q + 1;
	}
	return !bytes;
}

static int decode_dict(struct events_decoder *d, const struct stored_section *s, struct fmt_batch *b, struct err *err)
{
	uint8_t *raw;
	int r = check_entry(s, err);

	if (r < 0)
		return r;
	if (b->dict.mem.used)		/* a second one */
		return decoder__invalid(d, "strings", err);
	raw = arena__alloc(&b->dict.mem, (size_t)s->entry.raw_size + 1);
	r = unpack_into(d, s, raw, err);
	if (r == 0 && !read_dict(d, raw, s->entry.raw_size, b))
		r = decoder__invalid(d, "strings", err);
	return r;
}

/* The pass of a section: columns are checked against base, strings and payload, so these come first. */
static unsigned pass_of(unsigned kind)
{
	return kind == SECTION_BASE ? 0 : kind == SECTION_DICT || kind == SECTION_PAYLOAD ? 1 : 2;
}

static int decode_payload(struct events_decoder *d, const struct stored_section *s, struct fmt_batch *b,
			  struct err *err)
{
	uint64_t size = b->payload_len + (uint64_t)s->entry.raw_size;
	int r = check_entry(s, err);

	if (r == 0 && size > LIMIT_SECTION_RAW)
		r = err__set(err, -FMT_E_LIMIT, "the payload is over the size limit");
	if (r < 0)
		return r;
	fmt_batch__reserve_payload(b, size);
	r = unpack_into(d, s, b->payload + b->payload_len, err);
	b->payload_len = (uint32_t)size;
	return r;
}

/* What a chunk holds, while it is decoded. */
struct chunk_work {
	const struct schema_map *map;
	const struct fmt_want *want;
	uint32_t n_events;
	uint64_t *skipped;
	bool have_base;
};

static int decode_section(struct events_decoder *d, struct chunk_work *w, const struct stored_section *s,
			  struct fmt_batch *b, struct err *err)
{
	uint32_t size = s->entry.raw_size;
	const uint8_t *raw;
	int r;

	if (s->entry.kind == SECTION_PAYLOAD)
		return decode_payload(d, s, b, err);
	if (s->entry.kind == SECTION_DICT)
		return decode_dict(d, s, b, err);
	r = events_decoder__section(d, s, &raw, err);
	if (r < 0)
		return r;
	if (s->entry.kind == SECTION_COLUMNS)
		return decoder__columns(d, w->map, w->want, raw, size, b, err);
	if (w->have_base || !decoder__base(d, w->map, w->want, raw, size, w->n_events, b) ||
	    !decoder__adopt_types(d, w->map, w->n_events, b, w->skipped))
		return decoder__invalid(d, "base", err);
	w->have_base = true;
	return 0;
}

static int decode_all(struct events_decoder *d, struct chunk_work *w, const struct stored_section *sections,
		      uint32_t n_sections, struct fmt_batch *b, struct err *err)
{
	for (unsigned pass = 0; pass < 3; pass++) {
		for (uint32_t k = 0; k < n_sections; k++) {
			const struct stored_section *s = &sections[k];
			int r;

			if (!s->p || s->entry.kind < SECTION_BASE || s->entry.kind > SECTION_PAYLOAD ||
			    pass_of(s->entry.kind) != pass)
				continue;
			r = decode_section(d, w, s, b, err);
			if (r < 0)
				return r;
		}
		if (!w->have_base)
			return err__set(err, -FMT_E_CORRUPT, "the chunk has no base section");
	}
	return 0;
}

int events_decoder__decode(struct events_decoder *d, const struct schema_map *map,
			   const struct fmt_want *want, const struct stored_section *sections,
			   uint32_t n_sections, uint64_t first_num, uint32_t n_events,
			   struct fmt_batch *b, uint64_t *ret_skipped, struct err *err)
{
	struct chunk_work w = { .map = map, .want = want, .n_events = n_events, .skipped = ret_skipped };
	int r;

	fmt_batch__reset(b, first_num);
	if (n_events > LIMIT_ROWS)
		return err__set(err, -FMT_E_LIMIT, "the chunk has more events than the limit");
	d->newer = false;
	reserve_rows(d);
	decoder__fit_columns(d, n_events);
	r = decode_all(d, &w, sections, n_sections, b, err);
	if (r < 0)
		fmt_batch__reset(b, first_num);
	return r;
}
