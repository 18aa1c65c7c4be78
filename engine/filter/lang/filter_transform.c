// SPDX-License-Identifier: Apache-2.0
/* What transformers do to values. Subjects are hostile text of any length. */
#include <string.h>

#include "engine/filter/lang/filter_value.h"
#include "format/base/text.h"

static char to_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static char to_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

static void change_case(struct eng_val *v, char (*fn)(char), struct arena *scratch)
{
	char *out = arena__alloc(scratch, v->str.len + 1);

	for (uint32_t i = 0; i < v->str.len; i++)
		out[i] = fn(v->str.p[i]);
	out[v->str.len] = 0;
	v->str.p = out;
}

static void take_basename(struct eng_val *v)
{
	const char *slash = memrchr(v->str.p, '/', v->str.len);

	if (slash) {
		v->str.len -= (uint32_t)(slash + 1 - v->str.p);
		v->str.p = slash + 1;
	}
}

/* Padding may be missing; bits left over are dropped, a single digit left over is an error. */
static bool decode_b64(struct eng_val *v, struct arena *scratch)
{
	uint32_t n = v->str.len, k = 0, word = 0;
	char *out;

	for (unsigned pad = 0; pad < 2 && n && v->str.p[n - 1] == '='; pad++)
		n--;
	if (n % 4 == 1 || (!n && v->str.len))
		return false;
	out = arena__alloc(scratch, n / 4 * 3 + 3);
	for (uint32_t i = 0; i < n; i++) {
		int d = text__base64_digit(v->str.p[i]);

		if (d < 0)
			return false;
		word = word << 6 | (uint32_t)d;
		if (i % 4)
			out[k++] = (char)(word >> (6 - 2 * (i % 4)));
	}
	out[k] = 0;
	v->str.p = out;
	v->str.len = k;
	return true;
}

static bool apply(enum eng_call call, struct eng_val *v, struct arena *scratch)
{
	switch (call) {
	case CALL_TOLOWER:
		change_case(v, to_lower, scratch);
		return true;
	case CALL_TOUPPER:
		change_case(v, to_upper, scratch);
		return true;
	case CALL_BASENAME:
		take_basename(v);
		return true;
	default:
		return decode_b64(v, scratch);
	}
}

/* Element by element on lists. */
static bool map(enum eng_call call, const struct eng_vals *in, struct arena *scratch,
		struct eng_vals *out)
{
	struct eng_val *list;

	*out = *in;
	if (!in->is_list)
		return apply(call, &out->v[0], scratch);
	list = arena__alloc(scratch, in->n * sizeof(*list));
	for (uint32_t i = 0; i < in->n; i++) {
		list[i] = in->list[i];
		if (!apply(call, &list[i], scratch))
			return false;
	}
	out->list = list;
	return true;
}

static bool give_text(struct eng_vals *out, const char *p, size_t len)
{
	out->n = 1;
	out->is_list = false;
	out->v[0] = (struct eng_val){ .type = T_STR };
	out->v[0].str.p = p;
	out->v[0].str.len = (uint32_t)len;
	return true;
}

static bool length(const struct eng_vals *in, struct eng_vals *out)
{
	uint64_t n = in->is_list ? in->n : in->v[0].str.len;

	if (!in->is_list && in->v[0].type == T_STR)	/* a text ends at its first NUL */
		n = strnlen(in->v[0].str.p, n);
	out->n = 1;
	out->is_list = false;
	out->v[0] = (struct eng_val){ .type = T_U64 };
	out->v[0].u = n;
	return true;
}

/* The text of an operand of join and concat; a number that len() left is written out. */
static struct eng_text as_text(const struct eng_val *v, char num[24])
{
	int n;

	if (v->type == T_STR || v->type == T_BYTES)
		return (struct eng_text){ v->str.p, v->str.len };
	n = 0;
	for (uint64_t u = v->u; u || !n; u /= 10)
		num[23 - ++n] = (char)('0' + u % 10);
	return (struct eng_text){ num + 23 - n, (uint32_t)n };
}

static bool join(const struct eng_vals *args, struct arena *scratch, struct eng_vals *out)
{
	const struct eng_vals *list = &args[1];
	char num[24];
	struct eng_text sep = as_text(&args[0].v[0], num);
	size_t len = 0, k = 0;
	char *s;

	for (uint32_t i = 0; i < list->n; i++)
		len += eng_vals__at(list, i)->str.len + sep.len;
	s = arena__alloc(scratch, len + 1);
	for (uint32_t i = 0; i < list->n; i++) {
		const struct eng_val *v = eng_vals__at(list, i);

		if (i && sep.len) {
			memcpy(s + k, sep.p, sep.len);
			k += sep.len;
		}
		if (v->str.len)
			memcpy(s + k, v->str.p, v->str.len);
		k += v->str.len;
	}
	s[k] = 0;
	return give_text(out, s, k);
}

static bool concat(const struct eng_vals *args, uint32_t n, struct arena *scratch,
		   struct eng_vals *out)
{
	size_t len = 0, k = 0;
	char num[24], *s;

	for (uint32_t i = 0; i < n; i++)
		len += as_text(&args[i].v[0], num).len;
	s = arena__alloc(scratch, len + 1);
	for (uint32_t i = 0; i < n; i++) {
		struct eng_text t = as_text(&args[i].v[0], num);

		if (t.len)
			memcpy(s + k, t.p, t.len);
		k += t.len;
	}
	s[k] = 0;
	return give_text(out, s, k);
}

/* --- getopt ----------------------------------------------------------------------------------- */

enum { OPT_UNKNOWN, OPT_FLAG, OPT_VALUE };

struct getopt_run {
	uint8_t kind[256];
	const struct eng_vals *argv;
	char selector;
	struct eng_val *list;		/* selector: list[0] is the last hit */
	uint32_t n;
	struct arena *scratch;
};

static void read_optstring(const struct eng_val *s, uint8_t kind[256])
{
	memset(kind, OPT_UNKNOWN, 256);
	for (uint32_t i = 0; i < s->str.len; i++) {
		uint8_t c = (uint8_t)s->str.p[i];
		bool value = i + 1 < s->str.len && s->str.p[i + 1] == ':';

		if (c == ':')
			continue;
		if (value || kind[c] != OPT_VALUE)
			kind[c] = value ? OPT_VALUE : OPT_FLAG;
		i += value;
	}
}

static void emit(struct getopt_run *g, const char *p, uint32_t len)
{
	struct eng_val v = { .type = T_STR };
	uint32_t at = g->selector ? 0 : g->n;
	char *copy = arena__strndup(g->scratch, p, len);

	v.str.p = copy;
	v.str.len = len;
	g->list[at] = v;
	g->n = at + 1;
}

/* An option with a value: the rest of its word, else the next word. */
static void emit_value(struct getopt_run *g, const struct eng_val *word, uint32_t i, uint32_t *arg)
{
	bool wanted = !g->selector || g->selector == word->str.p[i];
	const struct eng_val *next;

	if (i + 1 < word->str.len) {
		if (wanted && !g->selector)
			emit(g, &word->str.p[i], 1);
		if (wanted)
			emit(g, &word->str.p[i + 1], word->str.len - i - 1);
		return;
	}
	if (*arg + 1 >= g->argv->n) {
		if (wanted)
			emit(g, "", 0);
		return;
	}
	next = eng_vals__at(g->argv, ++*arg);
	if (wanted && !g->selector)
		emit(g, &word->str.p[i], 1);
	if (wanted)
		emit(g, next->str.p, next->str.len);
}

static void read_cluster(struct getopt_run *g, const struct eng_val *word, uint32_t *arg)
{
	for (uint32_t i = 1; i < word->str.len; i++) {
		char c = word->str.p[i];

		switch (c == ':' ? OPT_UNKNOWN : g->kind[(uint8_t)c]) {
		case OPT_UNKNOWN:
			if (!g->selector)
				emit(g, "?", 1);
			break;
		case OPT_FLAG:
			if (!g->selector || g->selector == c)
				emit(g, &c, 1);
			break;
		case OPT_VALUE:
			emit_value(g, word, i, arg);
			return;
		}
	}
}

static bool run_getopt(const struct eng_expr *x, const struct eng_vals *args, struct arena *scratch,
		       struct eng_vals *out)
{
	struct getopt_run g = { .argv = &args[0], .selector = x->option, .scratch = scratch };
	size_t most = 1;

	read_optstring(&args[1].v[0], g.kind);
	for (uint32_t i = 0; i < args[0].n; i++)
		most += eng_vals__at(&args[0], i)->str.len + 2;
	g.list = arena__alloc(scratch, most * sizeof(*g.list));
	for (uint32_t i = 0; i < args[0].n; i++) {
		const struct eng_val *w = eng_vals__at(&args[0], i);
		bool dashes = w->str.len >= 2 && w->str.p[0] == '-' && w->str.p[1] == '-';

		if (dashes && w->str.len > 2)
			continue;
		if (dashes || w->str.len < 2 || w->str.p[0] != '-')
			break;
		read_cluster(&g, w, &i);
	}
	if (g.selector)
		return g.n && give_text(out, g.list[0].str.p, g.list[0].str.len);
	out->is_list = true;
	out->n = g.n;
	out->list = g.list;
	return true;
}

bool eng_transform(const struct eng_expr *x, struct eng_vals *args, struct arena *scratch,
		   struct eng_vals *out)
{
	switch (x->call) {
	case CALL_LEN:
		return length(&args[0], out);
	case CALL_JOIN:
		return join(args, scratch, out);
	case CALL_CONCAT:
		return concat(args, x->n_kids, scratch, out);
	case CALL_GETOPT:
		return run_getopt(x, args, scratch, out);
	}
	return map(x->call, &args[0], scratch, out);
}
