// SPDX-License-Identifier: Apache-2.0
/* What the chunks of a trace say of themselves: nothing is decoded, but with --columns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "format/base/alloc.h"
#include "format/base/progress.h"
#include "format/codec/summary_codec.h"
#include "format/codec/table.h"
#include "format/file/source_probe.h"
#include "format/file/trace_file.h"
#include "trace/info/info.h"
#include "trace/tool_error.h"

/* What is needed while a trace is walked. */
struct walk {
	struct info *in;
	struct trace_file f;
	struct summary_store store;
	bool columns;
	struct table table;
	struct buf packed;
	struct strtab column_names;	/* id - 1 is the column's place */
	size_t cap_columns;
	int code;			/* exit code */
};

static struct info_column *column_named(struct walk *w, const char *name)
{
	uint32_t id = strtab__add(&w->column_names, name, (uint32_t)strlen(name), (uint32_t)strlen(name));
	struct info *in = w->in;

	if (id <= in->n_columns)
		return &in->columns[id - 1];
	in->columns = xgrow(in->columns, &w->cap_columns, in->n_columns + 1, sizeof(*in->columns));
	in->columns[in->n_columns] = (struct info_column){ 0 };
	snprintf(in->columns[in->n_columns].name, sizeof(in->columns->name), "%s", name);
	return &in->columns[in->n_columns++];
}

/* is_anchor: it only says where another column begins. */
static void add_column(struct walk *w, const char *name, const struct col_desc *d, const uint8_t *data,
		       uint32_t rows, bool is_anchor)
{
	struct info_column *c = column_named(w, name);
	size_t raw = col_desc__size(d, rows), n = 0;

	if (raw) {
		w->packed.len = 0;
		buf__reserve(&w->packed, ZSTD_compressBound(raw));
		n = ZSTD_compress(w->packed.p, w->packed.cap, data, raw, 3);
	}
	c->rows += d->part == COL_VALUE && !is_anchor ? rows : 0;
	c->raw += raw;
	c->stored += ZSTD_isError(n) ? raw : n;
}

static void base_column_name(const struct walk *w, const struct col_desc *d, uint32_t table_id, char *out, size_t n)
{
	static const char *const names[] = {
		[BCOL_TID] = "thread ids", [BCOL_PID] = "process ids", [BCOL_THREAD] = "threads",
		[BCOL_TIME] = "times", [BCOL_CLOCK] = "times", [BCOL_TYPE] = "event types",
		[BCOL_CPU] = "processors", [BCOL_DUR] = "durations", [BCOL_RES] = "", [BCOL_STEP] = "times", [BCOL_ORIGIN] = "machines", [BCOL_CONTEXT] = "context",
	};
	uint16_t mine = table_id < LIMIT_FILE_TYPES ? w->f.map->event[table_id] : MAP_NONE;

	if (d->id == BCOL_RES)
		snprintf(out, n, "%s result", mine != MAP_NONE ? fmt_events[mine].name : "unknown");
	else
		snprintf(out, n, "%s", d->id < BCOL__N ? names[d->id] : "unknown");
}

static void param_column_name(const struct walk *w, const struct col_desc *d, uint32_t type, char *out, size_t n)
{
	uint16_t mine = type < LIMIT_FILE_TYPES ? w->f.map->event[type] : MAP_NONE;
	uint8_t p = mine != MAP_NONE && d->id < w->f.map->n_params[type] ? *schema_map__param(w->f.map, type, d->id) : MAP_NO_PARAM;

	snprintf(out, n, "%s.%s%s", mine != MAP_NONE ? fmt_events[mine].name : "unknown",
		 p != MAP_NO_PARAM ? fmt_events[mine].params[p].name : "unknown",
		 d->part == COL_FULL ? " (true size)" : "");
}

static void count_columns(struct walk *w, const struct stored_section *s)
{
	struct table_reader tr;
	const uint8_t *raw;
	bool base = s->entry.kind == SECTION_BASE;

	if (events_decoder__section(w->f.dec, s, &raw, NULL) || !table_reader__init(&tr, raw, s->entry.raw_size))
		return;
	while (table_reader__next(&tr, base ? 0 : 1, &w->table) == 1) {
		for (unsigned c = 0; c < w->table.n_cols; c++) {
			const struct col_desc *d = &w->table.col[c];
			char name[96];

			if (base)
				base_column_name(w, d, w->table.id, name, sizeof(name));
			else
				param_column_name(w, d, w->table.id, name, sizeof(name));
			add_column(w, name, d, w->table.data[c], w->table.rows,
				   base && d->id == BCOL_TIME && !d->width);
		}
	}
}

static void take_summary(struct walk *w, const struct chunk *c, bool keyframe)
{
	struct fmt_summary s = { 0 };
	struct info *in = w->in;

	if (keyframe || summary__decode(c->head, c->h.summary_size, w->f.map, &w->store, &s, NULL) < 0)
		return;
	for (uint32_t k = 0; k < s.n_types; k++)
		in->types[s.types[k].type].n += s.types[k].n;
}

static void count_section(struct walk *w, const struct section_entry *s)
{
	struct info *in = w->in;
	struct info_size *size = &in->sections[s->kind < INFO_KINDS ? s->kind : 0];
	uint16_t mine = s->type < LIMIT_FILE_TYPES ? w->f.map->event[s->type] : MAP_NONE;

	size->n++;
	size->raw += s->raw_size;
	size->stored += s->stored_size;
	if (s->kind == SECTION_COLUMNS && mine != MAP_NONE) {
		in->types[mine].raw += s->raw_size;
		in->types[mine].stored += s->stored_size;
	}
}

static int take_chunk(struct walk *w, const struct chunk *c, struct err *err)
{
	struct info *in = w->in;
	struct info_size *kind = &in->chunks[c->h.kind < INFO_KINDS ? c->h.kind : 0];
	bool keyframe = c->h.kind == CHUNK_KEYFRAME;
	int r = 0;

	kind->n++;
	kind->stored += c->h.length;
	in->complete = c->h.kind == CHUNK_END;
	for (uint32_t k = 0; k < c->h.n_sections; k++)
		count_section(w, &c->sections[k].entry);
	if (!keyframe && c->h.kind != CHUNK_EVENTS)
		return 0;
	take_summary(w, c, keyframe);
	in->lost += c->h.n_lost;
	in->alerts += c->h.n_alerts;
	if (keyframe) {
		in->keyframe_rows += c->h.n_events;
	} else {
		in->events += c->h.n_events;	/* context, where there is any, is taken off when it has been counted */
	}
	if (w->columns && !keyframe)
		r = chunk_stream__body(&w->f.cs, NULL, NULL, err);
	for (uint32_t k = 0; r == 0 && w->columns && !keyframe && k < c->h.n_sections; k++)
		if (c->sections[k].entry.kind == SECTION_BASE || c->sections[k].entry.kind == SECTION_COLUMNS)
			count_columns(w, &c->sections[k]);
	return r;
}

static void walk_all(struct walk *w)
{
	struct chunk_stream *cs = &w->f.cs;
	const struct chunk *c;

	/* from the beginning: what lies before the first events counts too */
	if (cs->pre_ok)
		chunk_stream__seek(cs, cs->pre.size);
	for (;;) {
		struct err err = { 0 };
		int r = chunk_stream__next(cs, &c, &err);

		if (r == 1)
			break;
		if (r == 0)
			r = take_chunk(w, c, &err);
		if (r < 0) {
			w->code = tool_error(&err);
			w->in->damaged++;
			if (tool_error_code(r) != EXIT_DAMAGED)
				break;
		}
		progress__show(w->in->file, cs->in.pos, w->in->bytes, w->in->events);
	}
	progress__end();
}

static int by_size(const void *a, const void *b)
{
	const struct info_column *x = a, *y = b;

	if (x->stored != y->stored)
		return x->stored < y->stored ? 1 : -1;
	return strcmp(x->name, y->name);
}

int info__read_chunks(struct info *in, const char *file, bool columns)
{
	struct walk *w = xcalloc(1, sizeof(*w));
	struct err err = { 0 };
	const char *name;
	bool regular;
	int code, fd = source_open_file(file, &name, &regular, &err);

	if (fd < 0 || trace_file__open(&w->f, fd, regular, name, NULL, 0, &err) < 0) {
		free(w);
		return tool_error(&err);
	}
	w->columns = columns;
	w->in = in;
	in->pre = w->f.cs.pre;
	in->has_chunks = true;
	walk_all(w);
	if (in->n_columns)
		qsort(in->columns, in->n_columns, sizeof(*in->columns), by_size);
	code = w->code;
	trace_file__close(&w->f);
	summary_store__done(&w->store);
	strtab__done(&w->column_names);
	buf__done(&w->packed);
	free(w);
	return code;
}
