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

/* tables of the future come behind those known here, with ids that are no event's. */
static bool no_more_tables(struct events_decoder *d, struct table_reader *tr)
{
	int r;

	while ((r = decoder__table(d, tr, 0)) == 1)
		if (d->table.id < TABLE_ID_FUTURE)
			return false;
	return r == 0;
}

/* Columns from now on hold this many rows. */
static void fit_columns(struct events_decoder *d, uint32_t rows)
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

/* Room for `rows` numbers of 32 bits in two arrays. */
static void reserve_rows(struct events_decoder *d)
{
	if (d->rows)
		return;
	d->rows = xmalloc((LIMIT_ROWS + 1) * sizeof(*d->rows));
	d->next = xmalloc((LIMIT_ROWS + 1) * sizeof(*d->next));
}

/* The column of a base table with this id, or -1. */
static int find_column(const struct table *t, unsigned id)
{
	for (unsigned c = 0; c < t->n_cols; c++)
		if (t->col[c].id == id && t->col[c].part == COL_VALUE)
			return (int)c;
	return -1;
}

/* Decode a column of a base table into out; false if the table lacks it or it is not of a base column's form. */
static bool base_column(struct events_decoder *d, const struct table *t, unsigned id, uint64_t *out)
{
	int c = find_column(t, id);

	if (c < 0 || t->col[c].ref != COL_REF_NONE || t->col[c].flags & COL_NULLS)
		return false;
	col__decode(&t->col[c], t->data[c], t->rows, NULL, d->work, out);
	return true;
}

static bool decode_threads(struct events_decoder *d, const struct table *t, struct fmt_batch *b)
{
	uint64_t *tid, *pid;
	unsigned seen = 0;

	if (t->id != BASE_THREADS || t->rows > LIMIT_ROWS)
		return false;
	fit_columns(d, t->rows);
	tid = decoder__column(d, 0);
	pid = decoder__column(d, 1);
	for (unsigned c = 0; c < t->n_cols; c++) {
		const struct col_desc *cd = &t->col[c];
		uint64_t *out = cd->id == BCOL_TID ? tid : cd->id == BCOL_PID ? pid : NULL;

		if (!out)
			continue;
		/* the process may be described by the thread, which is column 0 */
		if ((cd->ref != COL_REF_NONE && (cd->ref || cd->id != BCOL_PID || t->col[0].id != BCOL_TID)) ||
		    cd->flags & COL_NULLS)
			return false;
		col__decode(cd, t->data[c], t->rows, tid, d->work, out);
		seen |= 1u << cd->id;
	}
	if (seen != (1u << BCOL_TID | 1u << BCOL_PID))
		return false;
	fmt_batch__reserve_threads(b, t->rows);
	for (uint32_t k = 0; k < t->rows; k++)
		b->threads[k] = (struct fmt_thread){ (uint32_t)tid[k], (uint32_t)pid[k] };
	b->n_threads = t->rows;
	return true;
}

/* Threads by row; then the order by thread: d->rows says which row comes where. */
static bool decode_order(struct events_decoder *d, const struct table *t, uint32_t n, struct fmt_batch *b)
{
	uint64_t *v = decoder__column(d, 0);
	uint32_t at = 0;

	if (!base_column(d, t, BCOL_THREAD, v))
		return false;
	memset(d->next, 0, (b->n_threads + 1) * sizeof(*d->next));
	for (uint32_t k = 0; k < n; k++) {
		if (v[k] >= b->n_threads)
			return false;
		b->thread[k] = (uint32_t)v[k];
		d->next[v[k]]++;
	}
	for (uint32_t k = 0; k < b->n_threads; k++) {
		uint32_t count = d->next[k];

		d->next[k] = at;
		at += count;
	}
	for (uint32_t k = 0; k < n; k++)
		d->rows[d->next[b->thread[k]]++] = k;
	return true;
}

/*
 * Split the rows by type: from d->start on, d->next holds the rows of each in order; b->sub is their place. The
 * type indices of the file are left in b->type.
 */
static bool split_rows(struct events_decoder *d, const struct table *t, uint32_t n, struct fmt_batch *b)
{
	uint64_t *v = decoder__column(d, 0);
	uint32_t at = 0;

	if (!base_column(d, t, BCOL_TYPE, v))
		return false;
	memset(d->fill, 0, sizeof(d->fill));
	d->n_types = 0;
	for (uint32_t k = 0; k < n; k++) {
		if (v[k] >= LIMIT_FILE_TYPES)
			return false;
		d->n_types = v[k] >= d->n_types ? (uint32_t)v[k] + 1 : d->n_types;
		d->fill[v[k]]++;
	}
	for (uint32_t k = 0; k < d->n_types; k++) {
		uint32_t count = d->fill[k];

		d->start[k] = d->fill[k] = at;
		at += count;
	}
	d->start[d->n_types] = at;
	for (uint32_t k = 0; k < n; k++) {
		uint32_t row = d->rows[k], type = (uint32_t)v[k], to = d->fill[type]++;

		b->type[row] = (uint16_t)type;
		b->sub[row] = to - d->start[type];
		d->next[to] = row;
	}
	return true;
}

/* Times from what the clock expects, in order: needs threads, processors and durations. */
static bool decode_clock(struct events_decoder *d, const struct table *t, uint32_t n, struct fmt_batch *b)
{
	int first = find_column(t, BCOL_TIME);

	if (first < 0 || !base_column(d, t, BCOL_CLOCK, b->ts))
		return false;
	d->clock.prev = t->col[first].base;
	memset(d->clock.thread, 0, b->n_threads * sizeof(*d->clock.thread));
	memset(d->clock.cpu, 0, sizeof(d->clock.cpu));
	for (uint32_t k = 0; k < n; k++) {
		b->ts[k] += clock__expect(&d->clock, b->thread[k], b->cpu[k], b->dur[k]);
		clock__set(&d->clock, b->thread[k], b->cpu[k], b->ts[k]);
	}
	return true;
}

static bool decode_rows(struct events_decoder *d, const struct table *t, uint32_t n, struct fmt_batch *b)
{
	uint64_t *v = decoder__column(d, 0);

	if (t->id != BASE_ROWS || t->rows != n || !decode_order(d, t, n, b) || !split_rows(d, t, n, b))
		return false;
	if (!base_column(d, t, BCOL_CPU, v))
		return false;
	for (uint32_t k = 0; k < n; k++)
		b->cpu[d->rows[k]] = (uint16_t)v[k];
	if (!base_column(d, t, BCOL_DUR, v))
		return false;
	for (uint32_t k = 0; k < n; k++)
		b->dur[d->next[k]] = v[k];
	if (find_column(t, BCOL_CLOCK) >= 0)
		return decode_clock(d, t, n, b);
	return base_column(d, t, BCOL_TIME, b->ts);
}

/* The results of one type. */
static bool decode_results(struct events_decoder *d, const struct table *t, uint32_t index,
			   struct fmt_batch *b)
{
	uint64_t *v = decoder__column(d, 0);
	const uint32_t *rows = d->next + d->start[index];
	uint32_t n = d->start[index + 1] - d->start[index];

	if (t->rows != n || t->id >= LIMIT_FILE_TYPES)
		return false;
	d->type[index] = (uint16_t)t->id;
	if (!base_column(d, t, BCOL_RES, v))
		return false;
	for (uint32_t k = 0; k < n; k++)
		b->res[rows[k]] = (int64_t)v[k];
	return true;
}

static bool decode_base_tables(struct events_decoder *d, const uint8_t *raw, size_t size, uint32_t n,
			       struct fmt_batch *b)
{
	struct table_reader tr;

	if (!table_reader__init(&tr, raw, size))
		return false;
	if (decoder__table(d, &tr, 0) != 1 || !decode_threads(d, &d->table, b))
		return false;
	if (decoder__table(d, &tr, 0) != 1 || !decode_rows(d, &d->table, n, b))
		return false;
	for (uint32_t k = 0; k < d->n_types; k++)
		if (decoder__table(d, &tr, 0) != 1 || !decode_results(d, &d->table, k, b))
			return false;
	return no_more_tables(d, &tr) && !cursor__left(&tr.data);
}

/* From the file's type indices to our types; the rows of unknown types go. */
static bool adopt_types(struct events_decoder *d, const struct schema_map *map, uint32_t n,
			struct fmt_batch *b, uint64_t *ret_skipped)
{
	uint16_t mine[LIMIT_FILE_TYPES];
	bool all_known = true;
	uint32_t kept = 0;

	memset(d->index_of, 0xff, sizeof(d->index_of));
	for (uint32_t t = 0; t < d->n_types; t++) {
		uint32_t rows = d->start[t + 1] - d->start[t];

		if (d->index_of[d->type[t]] != UINT16_MAX)
			return false;
		d->index_of[d->type[t]] = (uint16_t)t;
		mine[t] = map->event[d->type[t]];
		if (mine[t] == MAP_NONE) {
			all_known = all_known && !rows;
			*ret_skipped += rows;
		} else if (rows) {
			fmt_batch__cols(b, mine[t], rows)->n = rows;
			b->types[b->n_types++] = mine[t];
		}
	}
	for (uint32_t k = 0; k < n; k++) {
		uint16_t t = mine[b->type[k]];

		if (!all_known) {
			if (t == MAP_NONE)
				continue;
			b->ts[kept] = b->ts[k];
			b->dur[kept] = b->dur[k];
			b->res[kept] = b->res[k];
			b->cpu[kept] = b->cpu[k];
			b->thread[kept] = b->thread[k];
			b->sub[kept] = b->sub[k];
		}
		b->type[kept++] = t;
	}
	b->n = kept;
	return true;
}

/* Strings: a table, then the strings, each with a NUL behind it (see encode_dict). */
static bool decode_dict(struct events_decoder *d, const uint8_t *raw, size_t size, struct fmt_batch *b)
{
	struct table_reader tr;
	uint64_t *nuls, *cut;
	struct fmt_str *out;
	size_t bytes, cap;
	uint32_t rows;
	char *p;

	if (b->dict.n || !table_reader__init(&tr, raw, size) || decoder__table(d, &tr, 0) != 1)
		return false;
	rows = d->table.rows;
	cap = d->cap_dict;
	nuls = d->dict_nuls = xgrow(d->dict_nuls, &cap, rows + FMT_COL_SLACK, sizeof(*nuls));
	cut = d->dict_cut = xgrow(d->dict_cut, &d->cap_dict, rows + FMT_COL_SLACK, sizeof(*cut));
	if (!base_column(d, &d->table, DCOL_NULS, nuls) || !base_column(d, &d->table, DCOL_CUT, cut) ||
	    !no_more_tables(d, &tr))
		return false;
	bytes = cursor__left(&tr.data);
	p = arena__alloc(&b->dict.mem, bytes + 1);
	memcpy(p, tr.data.p, bytes);
	out = strtab__append(&b->dict, rows, bytes);
	for (uint32_t k = 0; k < rows; k++) {
		char *q = memchr(p, 0, bytes);

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

int events_decoder__decode(struct events_decoder *d, const struct schema_map *map,
			   const struct fmt_want *want, const struct stored_section *sections,
			   uint32_t n_sections, uint64_t first_num, uint32_t n_events,
			   struct fmt_batch *b, uint64_t *ret_skipped, struct err *err)
{
	const struct stored_section *base = NULL;
	uint64_t payload = 0;
	const uint8_t *raw;
	int r;

	fmt_batch__reset(b, first_num);
	if (n_events > LIMIT_ROWS)
		return err__set(err, -FMT_E_LIMIT, "the chunk has more events than the limit");
	d->newer = false;
	reserve_rows(d);
	fit_columns(d, n_events);
	for (uint32_t k = 0; k < n_sections; k++) {
		if (sections[k].entry.kind == SECTION_BASE)
			base = &sections[k];
	}
	if (!base)
		return err__set(err, -FMT_E_CORRUPT, "the chunk has no base section");
	r = events_decoder__section(d, base, &raw, err);
	if (r < 0)
		goto fail;
	if (!decode_base_tables(d, raw, base->entry.raw_size, n_events, b) ||
	    !adopt_types(d, map, n_events, b, ret_skipped)) {
		r = decoder__invalid(d, "base", err);
		goto fail;
	}
	/* strings and payload first: the columns are checked against them */
	for (uint32_t k = 0; k < n_sections; k++) {
		const struct stored_section *s = &sections[k];

		if (s->entry.kind == SECTION_DICT && s->p) {
			r = events_decoder__section(d, s, &raw, err);
			if (r == 0 && !decode_dict(d, raw, s->entry.raw_size, b))
				r = decoder__invalid(d, "strings", err);
		} else if (s->entry.kind == SECTION_PAYLOAD && s->p) {
			r = check_entry(s, err);
			payload += s->entry.raw_size;
			if (r == 0 && payload > LIMIT_SECTION_RAW)
				r = err__set(err, -FMT_E_LIMIT, "the payload is over the size limit");
			if (r < 0)
				goto fail;
			fmt_batch__reserve_payload(b, payload);
			r = unpack_into(d, s, b->payload + b->payload_len, err);
			b->payload_len = (uint32_t)payload;
		}
		if (r < 0)
			goto fail;
	}
	for (uint32_t k = 0; k < n_sections; k++) {
		const struct stored_section *s = &sections[k];

		if (s->entry.kind != SECTION_COLUMNS || !s->p)
			continue;
		r = events_decoder__section(d, s, &raw, err);
		if (r == 0)
			r = decoder__columns(d, map, want, raw, s->entry.raw_size, b, err);
		if (r < 0)
			goto fail;
	}
	return 0;
fail:
	fmt_batch__reset(b, first_num);
	return r;
}
