// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "format/base/text.h"
#include "format/jsonl/jsonl.h"
#include "format/jsonl/jsonl_text.h"

/* Texts of flag words seen lately: the same few come again and again. */
#define FLAG_CACHE 1024u
#define FLAG_TEXT 116u

struct flag_text {
	uint32_t value;
	uint8_t group, len;		/* len 0: it has no text */
	char text[FLAG_TEXT];		/* with its quotes */
};

struct jsonl_writer {
	struct jsonl_clock clock;
	struct flag_text flags[FLAG_CACHE];
	char *keys[FMT_MAX_EVENTS];	/* `,"name":` of all parameters of a type one after the other; NULL: not made */
	uint8_t *key_len[FMT_MAX_EVENTS];
	struct buf tmp, cut;
};

void jsonl_writer__new(struct jsonl_writer **ret)
{
	*ret = xcalloc(1, sizeof(**ret));
}

void jsonl_writer__free(struct jsonl_writer *w)
{
	if (!w)
		return;
	for (unsigned t = 0; t < FMT_MAX_EVENTS; t++) {
		free(w->keys[t]);
		free(w->key_len[t]);
	}
	buf__done(&w->tmp);
	buf__done(&w->cut);
	free(w);
}

/* --- appending --------------------------------------------------------------------------------------------- */

static inline char *room(struct buf *b, size_t n)
{
	if (b->cap - b->len < n)
		buf__reserve(b, n);
	return (char *)b->p + b->len;
}

static inline void put(struct buf *b, const char *s, size_t n)
{
	memcpy(room(b, n), s, n);
	b->len += n;
}
#define PUT(b, literal) put(b, literal, sizeof(literal) - 1)

static inline void put_u64(struct buf *b, uint64_t v)
{
	char digits[20], *p = digits + sizeof(digits);

	do {
		*--p = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	put(b, p, (size_t)(digits + sizeof(digits) - p));
}

static inline void put_s64(struct buf *b, int64_t v)
{
	if (v < 0)
		PUT(b, "-");
	put_u64(b, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

static void put_hex(struct buf *b, uint64_t v)
{
	static const char hex[] = "0123456789abcdef";
	char digits[16], *p = digits + sizeof(digits);

	do {
		*--p = hex[v & 15];
		v >>= 4;
	} while (v);
	PUT(b, "\"0x");
	put(b, p, (size_t)(digits + sizeof(digits) - p));
	PUT(b, "\"");
}

static void put_base64(struct buf *b, const void *p, size_t n)
{
	PUT(b, "{\"base64\":\"");
	jsonl_base64__put(b, p, n);
	PUT(b, "\"}");
}

/* --- values ------------------------------------------------------------------------------------------------ */

static void put_text(struct buf *b, const char *p, size_t n)
{
	size_t k = 0;

	while (k < n && (unsigned char)p[k] >= 0x20 && (unsigned char)p[k] < 0x7f && p[k] != '"' && p[k] != '\\')
		k++;
	if (k < n && !text__is_utf8(p + k, n - k)) {
		put_base64(b, p, n);
		return;
	}
	PUT(b, "\"");
	put(b, p, k);
	if (k < n)
		text__json(b, p + k, n - k);
	PUT(b, "\"");
}

/* An array, if each string has its NUL; else the bytes as they are. */
static void put_list(struct buf *b, const struct fmt_str *s)
{
	const char *p = s->p, *end = p + s->len;

	if ((s->len && end[-1]) || !text__is_utf8(p, s->len)) {
		put_text(b, s->p, s->len);
		return;
	}
	PUT(b, "[");
	while (p < end) {
		size_t n = strlen(p);

		if (p > s->p)
			PUT(b, ",");
		put_text(b, p, n);
		p += n + 1;
	}
	PUT(b, "]");
}

/* [[descriptor, events], ...] */
static void put_fdlist(struct buf *b, const struct fmt_str *s)
{
	uint16_t count = 0, events;
	int64_t fd;

	if (s->len >= 2)
		memcpy(&count, s->p, 2);
	if (s->len != 2 + 10u * count) {
		put_base64(b, s->p, s->len);
		return;
	}
	PUT(b, "[");
	for (unsigned k = 0; k < count; k++) {
		memcpy(&fd, s->p + 2 + 10 * k, 8);
		memcpy(&events, s->p + 10 + 10 * k, 2);
		put(b, ",[", k ? 2 : 0);
		if (!k)
			PUT(b, "[");
		put_s64(b, fd);
		PUT(b, ",");
		put_s64(b, (int16_t)events);
		PUT(b, "]");
	}
	PUT(b, "]");
}

static void put_string(struct jsonl_writer *w, struct buf *b, const struct fmt_param *p, const struct fmt_str *s)
{
	switch (p->type) {
	case PT_SOCKADDR:
	case PT_SOCKTUPLE:
		w->tmp.len = 0;
		if (jsonl_addr__put(&w->tmp, s, p->type == PT_SOCKTUPLE))
			put_text(b, (char *)w->tmp.p, w->tmp.len);
		else
			put_base64(b, s->p, s->len);
		return;
	case PT_STRLIST:
		put_list(b, s);
		return;
	case PT_FDLIST:
		put_fdlist(b, s);
		return;
	default:
		put_text(b, s->p, s->len);
	}
}

/* A word of symbols; false if its number has to be written. */
static bool put_flags(struct jsonl_writer *w, struct buf *b, uint8_t group, uint64_t v)
{
	struct flag_text *f = &w->flags[((uint32_t)v * 0x9e3779b1u ^ group * 0x85ebca6bu) >> 22 & (FLAG_CACHE - 1)];

	if (v > UINT32_MAX)
		return false;
	if (f->group != group || f->value != v) {
		w->tmp.len = 0;
		PUT(&w->tmp, "\"");
		if (!jsonl_flags__put(&w->tmp, group, v)) {
			*f = (struct flag_text){ .value = (uint32_t)v, .group = group };
			return false;
		}
		PUT(&w->tmp, "\"");
		if (w->tmp.len > FLAG_TEXT) {
			put(b, (char *)w->tmp.p, w->tmp.len);
			return true;
		}
		*f = (struct flag_text){ .value = (uint32_t)v, .group = group, .len = (uint8_t)w->tmp.len };
		memcpy(f->text, w->tmp.p, w->tmp.len);
	}
	put(b, f->text, f->len);
	return f->len;
}

static void put_int(struct jsonl_writer *w, struct buf *b, const struct fmt_param *p, uint64_t v)
{
	if (p->group != GROUP_NONE && put_flags(w, b, p->group, v))
		return;
	if (p->type == PT_BOOL && v <= 1)
		put(b, v ? "true" : "false", v ? 4 : 5);
	else if (p->base == BASE_HEX && p->group == GROUP_NONE)
		put_hex(b, v);
	else if (p->type <= PT_S64 || p->type == PT_ERRNO || p->type == PT_FD || p->type == PT_PID)
		put_s64(b, (int64_t)v);
	else
		put_u64(b, v);
}

/* --- rows -------------------------------------------------------------------------------------------------- */

static void make_keys(struct jsonl_writer *w, uint16_t type)
{
	const struct fmt_event_info *info = &fmt_events[type];
	struct buf keys = { 0 };

	w->key_len[type] = xcalloc(info->n_params + 1u, 1);
	for (unsigned p = 0; p < info->n_params; p++) {
		size_t at = keys.len;

		buf__printf(&keys, ",\"%s\":", info->params[p].name);
		w->key_len[type][p] = (uint8_t)(keys.len - at);
	}
	buf__u8(&keys, 0);
	w->keys[type] = (char *)keys.p;
}

/* A parameter's value behind its key. */
static void put_value(struct jsonl_writer *w, struct buf *b, const struct fmt_ev *ev, unsigned p, bool *first,
		      const char *key, size_t key_len)
{
	const struct fmt_param *info = &ev->info->params[p];
	const struct fmt_str *s;
	struct fmt_str bytes;
	uint64_t v;

	switch (ev->cols->col[p].store) {
	case STORE_INT:
		if (!fmt_ev__int(ev, p, &v))
			return;
		put(b, key + *first, key_len - *first);
		put_int(w, b, info, v);
		break;
	case STORE_STR:
		s = fmt_ev__str(ev, p);
		if (!s)
			return;
		put(b, key + *first, key_len - *first);
		put_string(w, b, info, s);
		if (s->full_len > s->len)
			buf__printf(&w->cut, "%s\"%s\":%u", w->cut.len ? "," : "", info->name, s->full_len);
		break;
	default:
		if (!fmt_ev__bytes(ev, p, &bytes))
			return;
		put(b, key + *first, key_len - *first);
		PUT(b, "{\"size\":");
		put_u64(b, bytes.full_len);
		PUT(b, ",\"base64\":\"");
		jsonl_base64__put(b, bytes.p, bytes.len);
		PUT(b, "\"}");
	}
	*first = false;
}

static void put_args(struct jsonl_writer *w, struct buf *b, const struct fmt_ev *ev)
{
	const char *key = w->keys[ev->type];
	const uint8_t *len = w->key_len[ev->type];
	bool first = true;

	w->cut.len = 0;
	PUT(b, ",\"args\":{");
	for (unsigned p = 0; p < ev->info->n_params; key += len[p++])
		if (ev->cols->col[p].present)		/* not those that are the result */
			put_value(w, b, ev, p, &first, key, len[p]);
	PUT(b, "}");
	if (w->cut.len) {
		PUT(b, ",\"cut\":{");
		put(b, (char *)w->cut.p, w->cut.len);
		PUT(b, "}");
	}
}

static void put_row(struct jsonl_writer *w, struct buf *b, const struct fmt_ev *ev, bool keyframe)
{
	bool call = ev->info->flags & (EF_SYSCALL | EF_URING);
	int64_t res = fmt_ev__res(ev);
	char *p;

	if (!w->keys[ev->type])
		make_keys(w, ev->type);
	if (keyframe) {
		PUT(b, "{\"keyframe\":true");
	} else {
		PUT(b, "{\"num\":");
		put_u64(b, fmt_ev__num(ev));
	}
	PUT(b, ",\"time\":\"");
	p = room(b, JSONL_TIME_SIZE);
	jsonl_time__put(&w->clock, fmt_ev__ts(ev), p);
	b->len += JSONL_TIME_SIZE;
	PUT(b, "\",\"type\":\"");
	put(b, ev->info->name, strlen(ev->info->name));
	PUT(b, "\",\"tid\":");
	put_u64(b, fmt_ev__tid(ev));
	PUT(b, ",\"pid\":");
	put_u64(b, fmt_ev__pid(ev));
	if (fmt_ev__origin(ev)) {
		PUT(b, ",\"origin\":");
		put_u64(b, fmt_ev__origin(ev));
	}
	if (fmt_ev__is_context(ev))
		PUT(b, ",\"context\":true");
	if (!keyframe || fmt_ev__cpu(ev)) {
		PUT(b, ",\"cpu\":");
		put_u64(b, fmt_ev__cpu(ev));
	}
	if (fmt_ev__dur(ev)) {
		PUT(b, ",\"duration\":");
		put_u64(b, fmt_ev__dur(ev));
	}
	if (res == FMT_NO_RES) {
		PUT(b, ",\"res\":null");
	} else if (call || res) {
		PUT(b, ",\"res\":");
		put_s64(b, res);
	}
	put_args(w, b, ev);
	PUT(b, "}\n");
}

void jsonl_writer__batch(struct jsonl_writer *w, const struct fmt_batch *b, const struct fmt_batch_info *info,
			 struct buf *out)
{
	if (info->keyframe)
		buf__puts(out, info->new_section ? "{\"keyframe\":\"begin\",\"restart\":true}\n" : "{\"keyframe\":\"begin\"}\n");
	for (uint32_t row = 0; row < b->n; row++) {
		struct fmt_ev ev = fmt_batch__ev(b, row);

		put_row(w, out, &ev, info->keyframe);
	}
}

/* --- the first line ---------------------------------------------------------------------------------------- */

static void put_meta_text(struct buf *b, const char *key, const char *value)
{
	if (!*value)
		return;
	buf__printf(b, ",\"%s\":", key);
	put_text(b, value, strlen(value));
}

static void put_meta_time(struct jsonl_writer *w, struct buf *b, const char *key, uint64_t ns)
{
	char time[JSONL_TIME_SIZE];

	if (!ns)
		return;
	jsonl_time__put(&w->clock, ns, time);
	buf__printf(b, ",\"%s\":\"%.*s\"", key, (int)sizeof(time), time);
}

static void put_meta(struct jsonl_writer *w, struct buf *b, const struct fmt_meta *m)
{
	put_meta_text(b, "hostname", m->hostname);
	put_meta_text(b, "os", m->os);
	put_meta_text(b, "kernel", m->kernel);
	put_meta_text(b, "arch", m->arch);
	put_meta_text(b, "tool", m->tool);
	put_meta_text(b, "driver", m->driver);
	put_meta_text(b, "command", m->command);
	put_meta_text(b, "reason", m->reason);
	put_meta_text(b, "made_from", m->made_from);
	put_meta_text(b, "snaplen_for", m->snaplen_for);
	buf__printf(b, ",\"cpus\":%u,\"memory\":", m->n_cpus);
	put_u64(b, m->memory);
	buf__printf(b, ",\"snaplen\":%u,\"utc_offset\":%d,\"noise\":%s", m->snaplen, m->utc_offset,
		    m->noise ? "true" : "false");
	buf__puts(b, m->no_durations ? ",\"durations\":false" : "");
	put_meta_time(w, b, "boot", m->boot_ns);
	put_meta_time(w, b, "start", m->start_ns);
}

void jsonl_writer__head(struct jsonl_writer *w, const struct fmt_meta *meta, const struct fmt_meta *more,
			unsigned n_more, bool context, struct buf *b)
{
	buf__printf(b, "{\"spoor\":\"events\",\"version\":%u", JSONL_VERSION);
	put_meta(w, b, meta);
	for (unsigned k = 0; k < n_more; k++) {
		buf__printf(b, "%s{\"origin\":%u", k ? "," : ",\"more\":[", k + 1);
		put_meta(w, b, &more[k]);
		buf__puts(b, "}");
	}
	buf__puts(b, n_more ? "]" : "");
	buf__puts(b, context ? ",\"context\":true}\n" : "}\n");
}
