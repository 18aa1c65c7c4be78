// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/alloc.h"
#include "format/base/strtab.h"
#include "format/codec/schema_codec.h"
#include "format/codec/table.h"

enum schema_table { SCHEMA_EVENTS = 0, SCHEMA_PARAMS = 1 };
enum schema_event_col { SEV_ID = 0, SEV_NAME = 1, SEV_CATEGORY = 2, SEV_FLAGS = 3, SEV_PARAMS = 4, SEV__N };
enum schema_param_col { SPA_NAME = 0, SPA_STORE = 1, SPA_RESULT = 2, SPA_TYPE = 3, SPA_GROUP = 4, SPA__N };

#define COLS_MAX 5u

static_assert((int)SEV__N <= (int)COLS_MAX && (int)SPA__N <= (int)COLS_MAX, "columns of a schema table");

static uint64_t name_id(struct strtab *names, const char *s)
{
	size_t n = s ? strlen(s) : 0;

	return strtab__add(names, n ? s : "", (uint32_t)n, (uint32_t)n);
}

static void put_table(struct table_writer *w, uint32_t id, uint64_t *const v[COLS_MAX], unsigned n_cols,
		      uint32_t rows)
{
	uint64_t *z = xmalloc(rows * sizeof(*z));

	table_writer__begin(w, id, rows);
	for (unsigned c = 0; c < n_cols; c++) {
		struct col_desc d = { .id = (uint8_t)c, .ref = COL_REF_NONE };

		/* names, the first column but one of events and the first of params, come mostly in order */
		if (c == (id == SCHEMA_EVENTS ? (unsigned)SEV_NAME : (unsigned)SPA_NAME))
			d.pred = PRED_NEXT;
		else if (id == SCHEMA_EVENTS && c == SEV_ID)
			d.pred = PRED_PREV;
		col__encode(&d, v[c], rows, NULL, NULL, NULL, z, &w->data);
		table_writer__col(w, &d);
	}
	free(z);
}

/* Room for all parameters of all events, by column. */
static void alloc_columns(uint64_t *v[COLS_MAX], size_t rows)
{
	for (unsigned c = 0; c < COLS_MAX; c++)
		v[c] = xmalloc(rows * sizeof(**v));
}

static void free_columns(uint64_t *v[COLS_MAX])
{
	for (unsigned c = 0; c < COLS_MAX; c++)
		free(v[c]);
}

void schema__encode(struct buf *out)
{
	uint64_t *ev[COLS_MAX], *pa[COLS_MAX];
	uint32_t n_ev = 0, n_pa = 0;
	struct table_writer tw = { 0 };
	struct strtab names = { 0 };

	alloc_columns(ev, FMT_MAX_EVENTS);
	alloc_columns(pa, FMT_MAX_EVENTS * FMT_MAX_PARAMS);
	for (unsigned id = 0; id < FMT_MAX_EVENTS; id++) {
		const struct fmt_event_info *info = fmt_event(id);

		if (!info)
			continue;
		ev[SEV_ID][n_ev] = id;
		ev[SEV_NAME][n_ev] = name_id(&names, info->name);
		ev[SEV_CATEGORY][n_ev] = name_id(&names, fmt_category_names[info->category]);
		ev[SEV_FLAGS][n_ev] = info->flags;
		ev[SEV_PARAMS][n_ev++] = info->n_params;
		for (unsigned p = 0; p < info->n_params; p++) {
			const struct fmt_param *fp = &info->params[p];

			pa[SPA_NAME][n_pa] = name_id(&names, fp->name);
			pa[SPA_STORE][n_pa] = fmt_ptype_store(fp->type);
			pa[SPA_RESULT][n_pa] = fp->src == SRC_RET;
			pa[SPA_TYPE][n_pa] = name_id(&names, fmt_ptype_names[fp->type]);
			pa[SPA_GROUP][n_pa++] = name_id(&names, fp->group ? fmt_groups[fp->group].name : "");
		}
	}
	put_table(&tw, SCHEMA_EVENTS, ev, SEV__N, n_ev);
	put_table(&tw, SCHEMA_PARAMS, pa, SPA__N, n_pa);
	table_writer__finish(&tw, out);
	for (uint32_t k = 1; k <= names.n; k++)
		buf__add(out, strtab__get(&names, k)->p, strtab__get(&names, k)->len + 1);
	table_writer__done(&tw);
	strtab__done(&names);
	free_columns(ev);
	free_columns(pa);
}

/* A schema section while it is read. */
struct schema_read {
	struct table *t;
	uint64_t *ev[COLS_MAX], *pa[COLS_MAX];
	uint32_t n_ev, n_pa;
	const char **names;		/* by id - 1 */
	size_t cap_names;
	uint32_t n_names;
};

/* Decode the table in s->t; every column of it has to be there. */
static bool read_columns(const struct table *t, uint64_t *v[COLS_MAX], unsigned n_cols)
{
	unsigned seen = 0;

	for (unsigned c = 0; c < n_cols; c++)
		v[c] = xmalloc((t->rows + 64) * sizeof(**v));
	for (unsigned c = 0; c < t->n_cols; c++) {
		const struct col_desc *d = &t->col[c];

		if (d->id >= n_cols)
			continue;	/* something newer */
		if (d->ref != COL_REF_NONE || d->pred == PRED_LAST || seen >> d->id & 1)
			return false;
		col__decode(d, t->data[c], t->rows, NULL, NULL, v[d->id]);
		seen |= 1u << d->id;
	}
	return seen == (1u << n_cols) - 1;
}

static bool read_names(struct schema_read *s, const struct cursor *rest)
{
	const char *p = (const char *)rest->p, *end = (const char *)rest->end;

	while (p < end) {
		const char *nul = memchr(p, 0, (size_t)(end - p));

		if (!nul || s->n_names >= LIMIT_ROWS)
			return false;
		s->names = xgrow(s->names, &s->cap_names, s->n_names + 1, sizeof(*s->names));
		s->names[s->n_names++] = p;
		p = nul + 1;
	}
	return true;
}

static bool read_all(struct schema_read *s, const uint8_t *raw, size_t n)
{
	struct table_reader tr;
	int r;

	if (!table_reader__init(&tr, raw, n) || table_reader__next(&tr, 0, s->t) != 1 ||
	    s->t->id != SCHEMA_EVENTS || s->t->rows > LIMIT_ROWS || !read_columns(s->t, s->ev, SEV__N))
		return false;
	s->n_ev = s->t->rows;
	if (table_reader__next(&tr, 0, s->t) != 1 || s->t->id != SCHEMA_PARAMS ||
	    s->t->rows > LIMIT_ROWS || !read_columns(s->t, s->pa, SPA__N))
		return false;
	s->n_pa = s->t->rows;
	while ((r = table_reader__next(&tr, 0, s->t)) == 1)
		if (s->t->id < TABLE_ID_FUTURE)
			return false;
	return r == 0 && read_names(s, &tr.data);
}

static const char *name_of(const struct schema_read *s, uint64_t id)
{
	return id && id <= s->n_names ? s->names[id - 1] : NULL;
}

/* Which of our parameters is row `at` of the file's, the index'th of its event? taken: those found before. */
static uint8_t map_param(const struct schema_read *s, uint32_t at, unsigned index,
			 const struct fmt_event_info *mine, uint64_t *taken)
{
	const char *name = name_of(s, s->pa[SPA_NAME][at]);
	int p = -1;

	if (!name)
		return MAP_NO_PARAM;
	if (index < mine->n_params && !strcmp(mine->params[index].name, name))
		p = (int)index;
	else
		p = fmt_event__param(mine, name);
	if (p < 0 || fmt_ptype_store(mine->params[p].type) != s->pa[SPA_STORE][at] ||
	    (mine->params[p].src == SRC_RET) != (s->pa[SPA_RESULT][at] & 1) || *taken >> p & 1)
		return MAP_NO_PARAM;
	*taken |= (uint64_t)1 << p;
	return (uint8_t)p;
}

/* Our event of that name. The same id is tried first; aliases are not names. */
static const struct fmt_event_info *find_event(uint64_t id, const char *name)
{
	const struct fmt_event_info *mine = id < FMT_MAX_EVENTS ? fmt_event((unsigned)id) : NULL;
	int known;

	if (mine && !strcmp(mine->name, name))
		return mine;
	known = fmt_event__by_name(name);
	mine = known < 0 ? NULL : fmt_event((unsigned)known);
	return mine && !strcmp(mine->name, name) ? mine : NULL;
}

/* */
static bool map_events(struct schema_map *m, const struct schema_read *s)
{
	bool taken[FMT_MAX_EVENTS] = { false };
	uint32_t at = 0;

	for (uint32_t k = 0; k < s->n_ev; k++) {
		uint64_t id = s->ev[SEV_ID][k], n = s->ev[SEV_PARAMS][k], params_taken = 0;
		const char *name = name_of(s, s->ev[SEV_NAME][k]);
		const struct fmt_event_info *mine;

		if (id >= LIMIT_FILE_TYPES || n > LIMIT_FILE_PARAMS || n > s->n_pa - at || !name ||
		    m->n_params[id] || m->event[id] != MAP_NONE)
			return false;
		mine = find_event(id, name);
		if (mine && taken[mine->id])
			return false;
		m->n_events++;
		m->n_unknown_events += !mine;
		m->n_params[id] = (uint8_t)n;
		m->first[id] = at;
		if (mine) {
			taken[mine->id] = true;
			m->event[id] = mine->id;
			for (unsigned p = 0; p < n; p++) {
				m->params[at + p] = map_param(s, at + p, p, mine, &params_taken);
				m->n_unknown_params += m->params[at + p] == MAP_NO_PARAM;
			}
		}
		at += (uint32_t)n;
	}
	return at == s->n_pa;
}

int schema_map__new(struct schema_map **ret, const uint8_t *raw, size_t n, struct err *err)
{
	struct schema_read s = { .t = xmalloc(sizeof(*s.t)) };
	struct schema_map *m = xcalloc(1, sizeof(*m));
	bool ok;

	memset(m->event, 0xff, sizeof(m->event));
	ok = read_all(&s, raw, n);
	m->params = xmalloc(s.n_pa);
	memset(m->params, MAP_NO_PARAM, s.n_pa);
	ok = ok && map_events(m, &s);
	free_columns(s.ev);
	free_columns(s.pa);
	free(s.names);
	free(s.t);
	if (!ok) {
		schema_map__free(m);
		return err__set(err, -FMT_E_CORRUPT, "the list of events in the trace is not valid");
	}
	*ret = m;
	return 0;
}

struct schema_map *schema_map__own(void)
{
	struct schema_map *m = xcalloc(1, sizeof(*m));

	memset(m->event, 0xff, sizeof(m->event));
	m->params = xmalloc(FMT_MAX_PARAMS);
	for (unsigned p = 0; p < FMT_MAX_PARAMS; p++)
		m->params[p] = (uint8_t)p;
	for (unsigned id = 0; id < FMT_MAX_EVENTS; id++) {
		if (!fmt_event(id))
			continue;
		m->event[id] = (uint16_t)id;
		m->n_params[id] = fmt_events[id].n_params;
		m->n_events++;
	}
	return m;
}

struct schema_map *schema_map__share(struct schema_map *m)
{
	__atomic_add_fetch(&m->shared, 1, __ATOMIC_RELAXED);
	return m;
}

void schema_map__free(struct schema_map *m)
{
	if (!m || __atomic_fetch_sub(&m->shared, 1, __ATOMIC_ACQ_REL))
		return;
	free(m->params);
	free(m);
}
