// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "format/scap_out/scap_block.h"

/* Kinds of event block: plain, and with a word of flags. */
#define EV_V2 0x216
#define EVF_V2 0x217
#define EV_V2_LARGE 0x221
#define EVF_V2_LARGE 0x222
#define HEADER 26

/*
 * Readers hold an event in 64 KiB, its block's lengths and padding included; while a parameter is fitted in, this much is kept
 * for each that follows, more than any number takes.
 */
#define MAX_EVENT 65000u
#define KEPT_FOR_EACH 16u

void scap_value__num(struct scap_value *v, uint64_t num, unsigned width)
{
	*v = (struct scap_value){ .num = num, .len = width, .put = SPUT_NUM };
}

void scap_value__str(struct scap_value *v, const char *s, uint32_t n)
{
	const char *nul = n ? memchr(s, 0, n) : NULL;

	*v = (struct scap_value){ .p = n ? s : "", .len = nul ? (uint32_t)(nul - s) : n, .put = SPUT_STR, .nul = true };
}

void scap_value__raw(struct scap_value *v, const void *p, uint32_t n)
{
	*v = (struct scap_value){ .p = n ? p : "", .len = n, .put = SPUT_RAW };
}

/* Room for at most n bytes of this value. */
static void cut(struct scap_value *v, uint32_t n)
{
	const char *p = v->p;

	if (v->put != SPUT_LIST) {
		v->len = n;
		return;
	}
	while (n && p[n - 1])	/* whole texts only */
		n--;
	v->len = n;
}

/* Cut what is too long. Returns the bytes of all parameters. */
static uint32_t fit(struct scap_block *b, unsigned *ret_cut)
{
	uint32_t total = 0, max = MAX_EVENT - HEADER - 2u * b->n;

	for (unsigned i = 0; i < b->n; i++) {
		struct scap_value *v = &b->v[i];
		uint32_t rest = KEPT_FOR_EACH * (b->n - i - 1u), extra = (uint32_t)v->nul + v->sel;

		if (!b->large && total + v->len + extra + rest > max) {
			cut(v, max - total - extra - rest);
			(*ret_cut)++;
		}
		total += v->len + extra;
	}
	return total;
}

static uint8_t *le(uint8_t *to, uint64_t v, unsigned width)
{
	memcpy(to, &v, width);
	return to + width;
}

unsigned scap_block__put(struct scap_block *b, struct scap_out *o)
{
	unsigned was_cut = 0, width = b->large ? 4 : 2, flags = b->flags ? 4 : 0;
	uint32_t len = HEADER + b->n * width + fit(b, &was_cut), total = (8 + 2 + flags + len + 3) / 4 * 4 + 4;
	uint8_t *to;

	buf__reserve(&o->pending, total);
	to = o->pending.p + o->pending.len;
	if (b->flags)
		to = le(to, b->large ? EVF_V2_LARGE : EVF_V2, 4);
	else
		to = le(to, b->large ? EV_V2_LARGE : EV_V2, 4);
	to = le(to, total, 4);
	to = le(to, b->cpu, 2);
	to = le(to, b->flags, flags);
	to = le(to, b->ts, 8);
	to = le(to, b->tid, 8);
	to = le(to, len, 4);
	to = le(to, b->code, 2);
	to = le(to, b->n, 4);
	for (unsigned i = 0; i < b->n; i++)
		to = le(to, b->v[i].len + b->v[i].nul + b->v[i].sel, width);
	for (unsigned i = 0; i < b->n; i++) {
		const struct scap_value *v = &b->v[i];

		if (v->sel)
			*to++ = v->selector;
		memcpy(to, v->p ? v->p : &v->num, v->len);
		to += v->len;
		if (v->nul)
			*to++ = 0;
	}
	for (; (to - (o->pending.p + o->pending.len)) % 4; to++)
		*to = 0;
	le(to, total, 4);
	o->pending.len += total;
	return was_cut;
}
