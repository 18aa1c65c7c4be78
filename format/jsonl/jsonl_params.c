// SPDX-License-Identifier: Apache-2.0
/* Values of parameters, from what the text says of them. */
#include <string.h>

#include "format/jsonl/jsonl_params.h"
#include "format/jsonl/jsonl_text.h"

static bool get_base64(struct json_in *j, struct buf *out)
{
	struct json_str s;

	return json_in__string(j, &s) &&
	       (jsonl_base64__get(out, s.p, s.n) || json_in__fail(j, "no base64"));
}

/* {"size":N,"base64":"..."}; size only with payloads. */
bool jsonl_bytes__get(struct json_in *j, struct buf *out, uint64_t *size)
{
	struct json_str key;
	bool first = true;

	*size = 0;
	while (json_in__member(j, &first, &key)) {
		bool ok = json_str__is(&key, "size") ? json_in__max(j, UINT32_MAX, size) :
			  json_str__is(&key, "base64") ? get_base64(j, out) : json_in__skip(j);

		if (!ok)
			return false;
	}
	return !j->bad;
}

static bool get_list(struct json_in *j, struct buf *out)
{
	struct json_str s;
	bool first = true;

	while (json_in__item(j, &first)) {
		if (!json_in__string(j, &s))
			return false;
		buf__add(out, s.p, s.n);
		buf__u8(out, 0);
	}
	return !j->bad;
}

static bool get_fdlist(struct json_in *j, struct buf *out)
{
	uint64_t fd, events;
	uint16_t n = 0;
	bool first = true, inner;

	buf__le16(out, 0);
	while (json_in__item(j, &first)) {
		inner = true;
		if (!json_in__item(j, &inner) || !json_in__int(j, &fd) || !json_in__item(j, &inner) ||
		    !json_in__int(j, &events) || json_in__item(j, &inner) || ++n == UINT16_MAX)
			return json_in__fail(j, "no list of descriptors");
		buf__le64(out, fd);
		buf__le16(out, (uint16_t)events);
	}
	if (!j->bad)
		memcpy(out->p, &n, sizeof(n));
	return !j->bad;
}

/* The bytes of a string parameter into out. */
static bool get_string(struct json_in *j, const struct fmt_param *p, struct buf *out)
{
	struct json_str s;
	uint64_t size;

	switch (json_in__peek(j)) {
	case '{':
		return jsonl_bytes__get(j, out, &size);
	case '[':
		return p->type == PT_FDLIST ? get_fdlist(j, out) : get_list(j, out);
	}
	if (!json_in__string(j, &s))
		return false;
	if (p->type == PT_SOCKADDR || p->type == PT_SOCKTUPLE)
		return jsonl_addr__get(out, s.p, s.n, p->type == PT_SOCKTUPLE) || json_in__fail(j, "no address");
	buf__add(out, s.p, s.n);
	return true;
}

static bool get_hex(const struct json_str *s, uint64_t *ret)
{
	uint64_t v = 0;

	if (s->n < 3 || s->n > 18 || s->p[0] != '0' || s->p[1] != 'x')
		return false;
	for (size_t k = 2; k < s->n; k++) {
		char c = s->p[k];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*ret = v;
	return true;
}

static bool get_int(struct json_in *j, const struct fmt_param *p, uint64_t *ret)
{
	struct json_str s;
	char word;

	switch (json_in__peek(j)) {
	case '"':
		if (!json_in__string(j, &s))
			return false;
		return get_hex(&s, ret) || (p->group != GROUP_NONE && jsonl_flags__get(p->group, s.p, s.n, ret)) ||
		       json_in__fail(j, "an unknown symbol");
	case 't':
	case 'f':
		word = json_in__word(j);
		*ret = word == 't';
		return word;
	default:
		return json_in__int(j, ret);
	}
}

/* Read all there is of "cut": at most JSONL_MAX_CUT names with their true lengths. */
static unsigned read_cuts(struct json_in *j, struct jsonl_cut *cuts)
{
	unsigned n = 0;
	bool first = true;

	while (n < JSONL_MAX_CUT && json_in__member(j, &first, &cuts[n].name))
		if (json_in__max(j, UINT32_MAX, &cuts[n].full))
			n++;
	return n;
}

static uint32_t full_length(const struct jsonl_cut *cuts, unsigned n, const char *name, size_t len)
{
	for (unsigned k = 0; k < n; k++)
		if (json_str__is(&cuts[k].name, name) && cuts[k].full > len)
			return (uint32_t)cuts[k].full;
	return (uint32_t)len;
}

static bool get_param(struct jsonl_params *x, struct fmt_batch *b, struct json_in *j, const struct fmt_param *param,
		      unsigned p, unsigned n_cuts)
{
	uint64_t v;

	x->value.len = 0;
	buf__reserve(&x->value, 1);
	switch (fmt_ptype_store(param->type)) {
	case STORE_INT:
		if (!get_int(j, param, &v))
			return false;
		fmt_batch__int(b, p, v);
		return true;
	case STORE_STR:
		if (!get_string(j, param, &x->value))
			return false;
		fmt_batch__str(b, p, (char *)x->value.p, (uint32_t)x->value.len,
			       full_length(x->cuts, n_cuts, param->name, x->value.len));
		return true;
	default:
		if (json_in__peek(j) != '{')
			return json_in__fail(j, "payload is no object of 'size' and 'base64'");
		if (!jsonl_bytes__get(j, &x->value, &v))
			return false;
		fmt_batch__bytes(b, p, x->value.p, (uint32_t)x->value.len, (uint32_t)v);
		return true;
	}
}

const char *jsonl_params__get(struct jsonl_params *x, struct fmt_batch *b, uint16_t type, const char *args,
			      const char *cut, const char *end)
{
	struct json_in j = { .p = args, .end = end, .scratch = &x->scratch };
	struct json_in jc = { .p = cut, .end = end, .scratch = &x->scratch };
	const struct fmt_event_info *info = &fmt_events[type];
	unsigned n_cuts = 0;
	struct json_str key;
	uint64_t given = 0;
	bool first = true;

	x->scratch.len = 0;
	buf__reserve(&x->scratch, 2 * (size_t)(end - (args ? args : end)) + 2 * (size_t)(end - (cut ? cut : end)));
	if (cut)
		n_cuts = read_cuts(&jc, x->cuts);
	while (args && json_in__member(&j, &first, &key)) {
		unsigned p = 0;

		while (p < info->n_params && !json_str__is(&key, info->params[p].name))
			p++;
		if (p == info->n_params || given >> p & 1) {
			json_in__skip(&j);
			continue;
		}
		given |= (uint64_t)1 << p;
		get_param(x, b, &j, &info->params[p], p, n_cuts);
	}
	return j.bad ? j.bad : jc.bad;
}

void jsonl_params__done(struct jsonl_params *x)
{
	buf__done(&x->scratch);
	buf__done(&x->value);
}
