// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "format/base/cursor.h"
#include "format/codec/schema_codec.h"

#define MAX_NAME 64u

static void put_name(struct buf *out, const char *s)
{
	size_t n = s ? strlen(s) : 0;

	if (n > MAX_NAME)
		n = MAX_NAME;
	buf__u8(out, (uint8_t)n);
	buf__add(out, s, n);
}

void schema__encode(struct buf *out)
{
	uint32_t n = 0;

	for (unsigned id = 0; id < FMT_MAX_EVENTS; id++)
		n += fmt_event(id) != NULL;
	buf__le32(out, n);
	for (unsigned id = 0; id < FMT_MAX_EVENTS; id++) {
		const struct fmt_event_info *ev = fmt_event(id);

		if (!ev)
			continue;
		buf__le16(out, ev->id);
		buf__le32(out, ev->flags);
		put_name(out, ev->name);
		put_name(out, fmt_category_names[ev->category]);
		buf__u8(out, ev->n_params);
		for (unsigned p = 0; p < ev->n_params; p++) {
			const struct fmt_param *fp = &ev->params[p];

			buf__u8(out, (uint8_t)fmt_ptype_store(fp->type));
			buf__u8(out, fp->src == SRC_RET);
			put_name(out, fp->name);
			put_name(out, fmt_ptype_names[fp->type]);
			put_name(out, fp->group ? fmt_groups[fp->group].name : "");
		}
	}
}

static const char *take_name(struct cursor *c, char buf[MAX_NAME + 1])
{
	size_t n = cursor__u8(c);
	const uint8_t *p = n <= MAX_NAME ? cursor__take(c, n) : NULL;

	if (!p) {
		c->bad = true;
		n = 0;
	} else {
		memcpy(buf, p, n);
	}
	buf[n] = 0;
	return buf;
}

/* One parameter of the file's; mine may be NULL. taken: ours that are mapped already. */
static uint8_t map_param(struct cursor *c, const struct fmt_event_info *mine, unsigned index,
			 uint64_t *taken)
{
	char name[MAX_NAME + 1], skipped[MAX_NAME + 1];
	unsigned store = cursor__u8(c);
	bool is_ret = cursor__u8(c) & 1;
	int p = -1;

	take_name(c, name);
	take_name(c, skipped);
	take_name(c, skipped);
	if (!mine || c->bad)
		return MAP_NO_PARAM;
	if (index < mine->n_params && !strcmp(mine->params[index].name, name))
		p = (int)index;
	else
		p = fmt_event__param(mine, name);
	if (p < 0 || (unsigned)fmt_ptype_store(mine->params[p].type) != store ||
	    (mine->params[p].src == SRC_RET) != is_ret || *taken >> p & 1)
		return MAP_NO_PARAM;
	*taken |= (uint64_t)1 << p;
	return (uint8_t)p;
}

static bool map_event(struct schema_map *m, struct cursor *c, bool taken[FMT_MAX_EVENTS])
{
	char name[MAX_NAME + 1], category[MAX_NAME + 1];
	uint64_t params_taken = 0;
	const struct fmt_event_info *mine;
	unsigned id = cursor__le16(c), n;

	cursor__le32(c);
	take_name(c, name);
	take_name(c, category);
	n = cursor__u8(c);
	if (c->bad || id >= LIMIT_FILE_TYPES || n > LIMIT_FILE_PARAMS || m->event[id] != MAP_NONE)
		return false;
	mine = fmt_event(id);
	if (!mine || strcmp(mine->name, name)) {
		int known = fmt_event__by_name(name);

		mine = known < 0 || strcmp(fmt_events[known].name, name) ? NULL : fmt_event((unsigned)known);
	}
	if (mine && taken[mine->id])
		return false;
	if (mine)
		taken[mine->id] = true;
	m->n_events++;
	m->n_unknown_events += !mine;
	m->n_params[id] = (uint8_t)n;
	m->event[id] = mine ? mine->id : MAP_NONE;
	for (unsigned p = 0; p < n; p++) {
		m->param[id][p] = map_param(c, mine, p, &params_taken);
		m->n_unknown_params += mine && m->param[id][p] == MAP_NO_PARAM;
	}
	return !c->bad;
}

int schema_map__new(struct schema_map **ret, const uint8_t *raw, size_t n, struct err *err)
{
	struct schema_map *m = xcalloc(1, sizeof(*m));
	struct cursor c = cursor__of(raw, n);
	uint32_t count = cursor__le32(&c);
	bool taken[FMT_MAX_EVENTS] = { false };

	m->param = xmalloc(LIMIT_FILE_TYPES * sizeof(*m->param));
	memset(m->param, MAP_NO_PARAM, LIMIT_FILE_TYPES * sizeof(*m->param));
	memset(m->event, 0xff, sizeof(m->event));
	for (uint32_t k = 0; k < count; k++) {
		if (!map_event(m, &c, taken)) {
			schema_map__free(m);
			return err__set(err, -FMT_E_CORRUPT, "the list of events in the trace is not valid");
		}
	}
	*ret = m;
	return 0;
}

void schema_map__free(struct schema_map *m)
{
	if (!m)
		return;
	free(m->param);
	free(m);
}
