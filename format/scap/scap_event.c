// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "format/base/alloc.h"
#include "format/base/cursor.h"
#include "format/base/text.h"
#include "format/scap/scap_event.h"

#define CODE_NOTIFICATION 280
#define CODE_INFRA 286

static const uint8_t zeros[8], ones[8] = { 255, 255, 255, 255, 255, 255, 255, 255 };

/* Old events do not say how many parameters they have: the largest number whose lengths add up to the event's. */
static int count_params(const struct scap_code *code, const uint8_t *p, size_t n)
{
	unsigned width = code->large ? 4 : 2;

	for (int k = code->n_params; k >= 0; k--) {
		struct cursor c = cursor__of(p, n);
		uint64_t sum = (uint64_t)k * width;

		for (int i = 0; i < k; i++)
			sum += width == 4 ? cursor__le32(&c) : cursor__le16(&c);
		if (!c.bad && sum == n)
			return k;
	}
	return -1;
}

int scap_event__parse(struct scap_event *ev, const uint8_t *body, size_t n, bool has_flags, bool v1, struct err *err)
{
	const struct scap_code *code;
	struct cursor c = cursor__of(body, n), lens;
	uint32_t len, head = v1 ? 22 : 26;
	int k;

	ev->cpu = cursor__le16(&c);
	ev->flags = has_flags ? cursor__le32(&c) : 0;
	ev->ts = cursor__le64(&c);
	ev->tid = cursor__le64(&c);
	len = cursor__le32(&c);
	ev->code = cursor__le16(&c);
	ev->n = v1 ? 0 : cursor__le32(&c);
	ev->enter_ts = 0;
	if (c.bad)
		return err__set(err, FMT_E_CORRUPT, "an event is shorter than its header");
	if (ev->code >= SCAP_N_CODES)
		return 1;
	code = &scap_codes()[ev->code];
	if (v1 && (ev->code == CODE_NOTIFICATION || ev->code == CODE_INFRA) && len >= head + 3)
		len -= 3;	/* these two were written with a length three bytes too large */
	if (len < head || len - head > cursor__left(&c))
		return err__set(err, FMT_E_CORRUPT, "event %s says it is %u bytes long, its block holds %zu",
				code->name, len, cursor__left(&c) + head);
	c.end = c.p + (len - head);
	if (v1) {
		k = count_params(code, c.p, cursor__left(&c));
		if (k < 0)
			return err__set(err, FMT_E_CORRUPT, "the parameter lengths of event %s do not add up", code->name);
		ev->n = (unsigned)k;
	}
	if (ev->n > cursor__left(&c) / (code->large ? 4 : 2))
		return err__set(err, FMT_E_CORRUPT, "event %s claims %u parameters", code->name, ev->n);
	lens = c;
	cursor__take(&c, (size_t)ev->n * (code->large ? 4 : 2));
	for (unsigned i = 0; i < ev->n; i++) {
		uint32_t l = code->large ? cursor__le32(&lens) : cursor__le16(&lens);
		const uint8_t *p = cursor__take(&c, l);

		if (i < SCAP_MAX_PARAMS) {
			ev->p[i] = p;
			ev->len[i] = l;
		}
	}
	if (c.bad)
		return err__set(err, FMT_E_CORRUPT, "the parameters of event %s run past its end", code->name);
	if (ev->n > SCAP_MAX_PARAMS)
		ev->n = SCAP_MAX_PARAMS;
	return 0;
}

struct pending {
	uint64_t tid;
	uint64_t ts;
	uint16_t code, first;	/* in its newest form, and as it was in the file */
	bool used, stored;
	uint8_t n;
	uint32_t len[6];	/* no stored enter event has more parameters */
	uint32_t off[6];
	uint32_t cap;
	uint8_t *data;
};

/* A table by thread id. Threads come and go, so it is emptied when it grows beyond what any machine's threads need. */
#define MAX_PENDING (1u << 20)
#define MAX_PENDING_BYTES (64u << 20)

struct scap_pending {
	struct pending *slots;
	uint32_t n_slots, n;
	size_t bytes;		/* of parameters kept */
	struct buf text;	/* made-up parameter of the event at hand */
};

struct scap_pending *scap_pending__new(void)
{
	struct scap_pending *p = xcalloc(1, sizeof(*p));

	p->n_slots = 1024;
	p->slots = xcalloc(p->n_slots, sizeof(*p->slots));
	return p;
}

void scap_pending__reset(struct scap_pending *p)
{
	for (uint32_t i = 0; i < p->n_slots; i++)
		free(p->slots[i].data);
	memset(p->slots, 0, p->n_slots * sizeof(*p->slots));
	p->n = 0;
	p->bytes = 0;
}

void scap_pending__free(struct scap_pending *p)
{
	if (!p)
		return;
	scap_pending__reset(p);
	free(p->slots);
	buf__done(&p->text);
	free(p);
}

static struct pending *probe(struct pending *slots, uint32_t n_slots, uint64_t tid)
{
	uint32_t i = (uint32_t)((tid * 0x9e3779b97f4a7c15u) >> 32) & (n_slots - 1);

	while (slots[i].used && slots[i].tid != tid)
		i = (i + 1) & (n_slots - 1);
	return &slots[i];
}

static struct pending *slot_of(struct scap_pending *p, uint64_t tid)
{
	struct pending *s = probe(p->slots, p->n_slots, tid);

	if (s->used)
		return s;
	if (p->n >= MAX_PENDING || p->bytes > MAX_PENDING_BYTES)
		scap_pending__reset(p);
	if ((p->n + 1) * 2 > p->n_slots) {
		struct pending *bigger = xcalloc(p->n_slots * 2, sizeof(*bigger));

		for (uint32_t i = 0; i < p->n_slots; i++)
			if (p->slots[i].used)
				*probe(bigger, p->n_slots * 2, p->slots[i].tid) = p->slots[i];
		free(p->slots);
		p->slots = bigger;
		p->n_slots *= 2;
	}
	s = probe(p->slots, p->n_slots, tid);
	s->used = true;
	s->tid = tid;
	p->n++;
	return s;
}

static void keep_enter(struct scap_pending *p, const struct scap_event *ev, uint16_t first, bool params)
{
	struct pending *s = slot_of(p, ev->tid);
	uint32_t total = 0;

	s->code = ev->code;
	s->first = first;
	s->ts = ev->ts;
	s->n = 0;
	s->stored = params;
	if (!params)
		return;
	for (unsigned i = 0; i < ev->n && i < 6; i++)
		total += ev->len[i];
	if (total > s->cap) {
		p->bytes += total - s->cap;
		s->cap = total;
		s->data = xrealloc(s->data, total);
	}
	total = 0;
	for (; s->n < ev->n && s->n < 6; s->n++) {
		s->off[s->n] = total;
		s->len[s->n] = ev->len[s->n];
		if (ev->len[s->n])
			memcpy(s->data + total, ev->p[s->n], ev->len[s->n]);
		total += ev->len[s->n];
	}
}

/* The four parameters of the oldest container event as the JSON text that came after it. */
static void container_json(struct scap_pending *p, const struct scap_event *ev, unsigned at, struct scap_event *to)
{
	static const char *const keys[] = { "id", "type", "name", "image" };
	struct buf *b = &p->text;

	b->len = 0;
	buf__puts(b, "{\"container\":{");
	for (unsigned i = 0; i < 4; i++) {
		buf__printf(b, "%s\"%s\":", i ? "," : "", keys[i]);
		if (i == 1) {
			uint32_t v = 0;

			if (i < ev->n && ev->len[i] == 4)
				memcpy(&v, ev->p[i], 4);
			buf__printf(b, "%u", v);
		} else {
			buf__puts(b, "\"");
			if (i < ev->n && ev->len[i] && ev->p[i][ev->len[i] - 1] == 0)
				text__json(b, (const char *)ev->p[i], strlen((const char *)ev->p[i]));
			buf__puts(b, "\"");
		}
	}
	buf__puts(b, "}}");
	buf__u8(b, 0);
	to->p[at] = b->p;
	to->len[at] = (uint32_t)b->len;
}

static int apply(struct scap_pending *p, struct scap_event *ev, const struct scap_conv *v, struct err *err)
{
	const struct scap_code *codes = scap_codes();
	struct pending *s = probe(p->slots, p->n_slots, ev->tid);
	bool have = s->used && s->stored && s->code + 1 == ev->code;
	struct scap_event to = *ev;
	unsigned at = v->action == SA_ADD ? ev->n : 0;

	if (v->action == SA_CHANGE)
		to.code = v->to;
	for (unsigned i = 0; i < v->n_args; i++, at++) {
		const struct scap_from_arg *a = &v->arg[i];
		unsigned width;

		if (at >= codes[to.code].n_params)
			return err__set(err, FMT_E_CORRUPT, "event %s has more parameters than its kind", codes[ev->code].name);
		width = scap_type__width(codes[to.code].type[at]);
		to.p[at] = codes[to.code].type[at] == ST_UID ? ones : zeros;
		to.len[at] = width;
		if (a->from == SF_OLD && a->index < ev->n) {
			to.p[at] = ev->p[a->index];
			to.len[at] = ev->len[a->index];
		} else if (a->from == SF_ENTER && have && a->index < s->n) {
			to.len[at] = s->len[a->index];
			to.p[at] = to.len[at] ? s->data + s->off[a->index] : zeros;	/* data is NULL if all are empty */
		} else if (a->from == SF_EMPTY || (a->from == SF_ENTER && a->optional)) {
			to.len[at] = 0;
		} else if (a->from == SF_CALLBACK) {
			container_json(p, ev, at, &to);
		}
	}
	to.n = at;
	*ev = to;
	return 0;
}

/* The time of entry of this exit event, if its enter event was there. */
static void take_enter_time(struct scap_pending *p, struct scap_event *ev, uint16_t first)
{
	struct pending *s = probe(p->slots, p->n_slots, ev->tid);

	if (!s->used || s->first + 1 != first)
		return;
	ev->enter_ts = s->ts;
	s->stored = false;
	s->first = s->code = UINT16_MAX - 1;
}

int scap_event__convert(struct scap_pending *p, struct scap_event *ev, struct err *err)
{
	const struct scap_code *codes = scap_codes();
	uint16_t first = ev->code;

	for (unsigned step = 0; step < 50; step++) {
		const struct scap_code *c = &codes[ev->code];
		const struct scap_conv *v;
		bool call_enter = c->call_enter;

		if (c->unused)
			return 1;
		if (!c->managed && c->enter && c->old) {
			keep_enter(p, ev, first, false);
			return 1;
		}
		if (!c->managed || (!c->enter && !c->old && ev->n == c->n_params))
			break;
		if (ev->n > c->n_params)
			return err__set(err, FMT_E_CORRUPT, "event %s has %u parameters, its kind has %u", c->name, ev->n,
					c->n_params);
		v = scap_code__conv(c, ev->n);
		if (!v && call_enter)
			break;		/* its newest form; kept below for the time of its call */
		if (!v)
			return err__set(err, FMT_E_CORRUPT, "event %s with %u parameters is not known", c->name, ev->n);
		if (v->action == SA_PASS || v->action == SA_STORE || v->action == SA_STOREPASS) {
			if (call_enter || v->action != SA_PASS) {
				keep_enter(p, ev, first, v->action != SA_PASS);
				return 1;
			}
			break;
		}
		if (apply(p, ev, v, err))
			return err ? err->code : -FMT_E_CORRUPT;
	}
	if (codes[ev->code].call_enter) {
		keep_enter(p, ev, first, false);
		return 1;
	}
	take_enter_time(p, ev, first);
	return 0;
}
