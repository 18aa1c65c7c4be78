// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "format/base/cursor.h"
#include "format/codec/summary_codec.h"

enum summary_tag { SUMMARY_TYPES = 1, SUMMARY_PIDS = 2, SUMMARY_CONTAINERS = 3 };

void summary__totals(const struct fmt_batch *b, struct summary_totals *ret)
{
	const struct fmt_type_cols *alerts = b->by_type[EV_alert], *drops = b->by_type[EV_drop];

	*ret = (struct summary_totals){ 0 };
	for (uint32_t k = 0; k < b->n; k++) {
		ret->t_first = !k || b->ts[k] < ret->t_first ? b->ts[k] : ret->t_first;
		ret->t_last = b->ts[k] > ret->t_last ? b->ts[k] : ret->t_last;
	}
	ret->n_alerts = alerts ? alerts->n : 0;
	if (!drops || !drops->n || !drops->col[P_drop_n].present)
		return;
	for (uint32_t k = 0; k < drops->n; k++)
		ret->n_lost += drops->col[P_drop_n].i[k];
}

/* Begin an item; item_end fills in its length. */
static size_t item_begin(struct buf *out, enum summary_tag tag)
{
	buf__le16(out, (uint16_t)tag);
	buf__le32(out, 0);
	return out->len;
}

static void item_end(struct buf *out, size_t at)
{
	uint32_t n = (uint32_t)(out->len - at);

	memcpy(out->p + at - sizeof(n), &n, sizeof(n));
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* */
static void put_pids(const struct fmt_batch *b, struct buf *out)
{
	uint32_t *pids = xmalloc(b->n_threads * sizeof(*pids)), all = 0, n = 0, last = 0;
	size_t at = item_begin(out, SUMMARY_PIDS);

	for (uint32_t k = 0; k < b->n_threads; k++)
		if (!b->threads[k].context)
			pids[all++] = b->threads[k].pid;
	if (all)
		qsort(pids, all, sizeof(*pids), by_value);
	for (uint32_t k = 0; k < all; k++)
		if (!n || pids[n - 1] != pids[k])
			pids[n++] = pids[k];
	buf__u8(out, n <= SUMMARY_MAX_PIDS);
	if (n > SUMMARY_MAX_PIDS)
		n = SUMMARY_MAX_PIDS;
	buf__varint(out, n);
	for (uint32_t k = 0; k < n; k++) {
		buf__varint(out, pids[k] - last);
		last = pids[k];
	}
	item_end(out, at);
	free(pids);
}

static void put_containers(const char *const *containers, uint32_t n, bool complete, struct buf *out)
{
	size_t at = item_begin(out, SUMMARY_CONTAINERS);

	buf__u8(out, complete);
	buf__varint(out, n);
	for (uint32_t k = 0; k < n; k++) {
		size_t len = strlen(containers[k]);

		buf__u8(out, (uint8_t)len);
		buf__add(out, containers[k], len);
	}
	item_end(out, at);
}

/* context is not what a reader looks for. */
static void put_types(const struct fmt_batch *b, struct buf *out)
{
	uint32_t context[FMT_MAX_EVENTS] = { 0 }, n = 0;
	size_t at = item_begin(out, SUMMARY_TYPES);

	for (uint32_t k = 0; k < b->n; k++)
		context[b->type[k]] += b->threads[b->thread[k]].context;
	for (uint32_t k = 0; k < b->n_types; k++)
		n += b->by_type[b->types[k]]->n > context[b->types[k]];
	buf__varint(out, n);
	for (uint32_t k = 0; k < b->n_types; k++) {
		uint32_t rows = b->by_type[b->types[k]]->n - context[b->types[k]];

		if (!rows)
			continue;
		buf__varint(out, b->types[k]);
		buf__varint(out, rows);
	}
	item_end(out, at);
}

void summary__encode(const struct fmt_batch *b, const char *const *containers, uint32_t n_containers,
		     bool containers_complete, struct buf *out)
{
	put_types(b, out);
	put_pids(b, out);
	if (n_containers || !containers_complete)
		put_containers(containers, n_containers, containers_complete, out);
}

static bool get_types(struct cursor *c, const struct schema_map *map, struct summary_store *s,
		      struct fmt_summary *ret)
{
	uint64_t n = cursor__varint(c);
	struct fmt_type_count *t;

	if (n > LIMIT_FILE_TYPES)
		return false;
	ret->n_types = 0;
	t = s->types = xgrow(s->types, &s->cap_types, n + 1, sizeof(*t));
	for (uint64_t k = 0; k < n; k++) {
		uint64_t type = cursor__varint(c), count = cursor__varint(c);

		if (type >= LIMIT_FILE_TYPES || count > LIMIT_ROWS)
			return false;
		if (map->event[type] != MAP_NONE)
			t[ret->n_types++] = (struct fmt_type_count){ map->event[type], (uint32_t)count };
	}
	ret->types = t;
	return !c->bad;
}

static bool get_pids(struct cursor *c, struct summary_store *s, struct fmt_summary *ret)
{
	bool complete = cursor__u8(c);
	uint64_t n = cursor__varint(c), last = 0;

	if (n > LIMIT_ROWS)
		return false;
	s->pids = xgrow(s->pids, &s->cap_pids, n + 1, sizeof(*s->pids));
	for (uint64_t k = 0; k < n; k++) {
		last += cursor__varint(c);
		if (last > UINT32_MAX)
			return false;
		s->pids[k] = (uint32_t)last;
	}
	ret->pids_complete = complete;
	ret->pids = s->pids;
	ret->n_pids = (uint32_t)n;
	return !c->bad;
}

static bool get_containers(struct cursor *c, struct summary_store *s, struct fmt_summary *ret)
{
	bool complete = cursor__u8(c);
	uint64_t n = cursor__varint(c);

	if (n > LIMIT_ROWS)
		return false;
	s->containers = xgrow(s->containers, &s->cap_containers, n + 1, sizeof(*s->containers));
	for (uint64_t k = 0; k < n; k++) {
		size_t len = cursor__u8(c);
		const uint8_t *p = cursor__take(c, len);

		if (!p || len > CONTAINER_ID_MAX || memchr(p, 0, len))
			return false;
		s->containers[k] = arena__strndup(&s->mem, (const char *)p, len);
	}
	ret->containers_complete = complete;
	ret->containers = s->containers;
	ret->n_containers = (uint32_t)n;
	return true;
}

int summary__decode(const uint8_t *p, size_t n, const struct schema_map *map, struct summary_store *s,
		    struct fmt_summary *ret, struct err *err)
{
	struct cursor c = cursor__of(p, n);

	arena__reset(&s->mem);
	ret->n_types = ret->n_pids = ret->n_containers = 0;
	ret->pids_complete = false;
	ret->containers_complete = true;
	while (cursor__left(&c)) {
		unsigned tag = cursor__le16(&c);
		uint32_t len = cursor__le32(&c);
		const uint8_t *body = cursor__take(&c, len);
		struct cursor item;
		bool ok = body != NULL;

		item = cursor__of(body, ok ? len : 0);
		/* others are skipped */
		if (ok && tag == SUMMARY_TYPES)
			ok = get_types(&item, map, s, ret);
		else if (ok && tag == SUMMARY_PIDS)
			ok = get_pids(&item, s, ret);
		else if (ok && tag == SUMMARY_CONTAINERS)
			ok = get_containers(&item, s, ret);
		if (!ok)
			return err__set(err, -FMT_E_CORRUPT, "the summary of the chunk is not valid");
	}
	return 0;
}

void summary_store__done(struct summary_store *s)
{
	free(s->types);
	free(s->pids);
	free(s->containers);
	arena__done(&s->mem);
	*s = (struct summary_store){ 0 };
}
