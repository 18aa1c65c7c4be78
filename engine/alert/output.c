// SPDX-License-Identifier: Apache-2.0
/* Output formats: compiled once, then text or JSON for an event. */
#include <stdlib.h>
#include <string.h>

#include "engine/alert/output.h"
#include "format/base/text.h"

#define MAX_FORMAT (64u << 10)		/* bytes of a format */
#define MAX_WIDTH 4096u
#define MAX_LIST_TEXT 1023u		/* bytes of a printed list */
#define MAX_CALL_ENDS 64u		/* closing parentheses tried as the end of a token */

struct compile {
	const char *text;
	size_t len, at;
	struct arena *mem;
	struct output_known *known;
	struct err *err;
	struct eng_output *out;
	size_t cap_tokens, cap_fields;
};

static int fail(struct compile *c, size_t at, int code, const char *what, const char *detail)
{
	unsigned line = 1, col = 1;

	for (size_t i = 0; i < at && i < c->len; i++) {
		col = c->text[i] == '\n' ? 1 : col + 1;
		line += c->text[i] == '\n';
	}
	if (c->err && !c->err->code) {
		err__set(c->err, code, "%s%s", what, detail);
		err__caret(c->err, c->text, c->len, line, col);
		c->err->offset = at;
	}
	return code;
}

static void add_token(struct compile *c, struct output_token t)
{
	c->out->tokens = xgrow(c->out->tokens, &c->cap_tokens, c->out->n_tokens + 1, sizeof(t));
	c->out->tokens[c->out->n_tokens++] = t;
}

static void add_literal(struct compile *c, size_t from, size_t to)
{
	struct output_token t = { .literal = { arena__strndup(c->mem, c->text + from, to - from),
					       (uint32_t)(to - from) } };

	if (to > from)
		add_token(c, t);
}

static void add_plain(struct compile *c, struct output_field f)
{
	c->out->fields = xgrow(c->out->fields, &c->cap_fields, c->out->n_fields + 1, sizeof(f));
	c->out->fields[c->out->n_fields++] = f;
}

/* The fields of an expression, those inside transformers too. */
static void add_fields(struct compile *c, struct eng_expr *x)
{
	struct output_field f = { .x = x };
	struct buf b = { 0 };

	for (uint32_t i = 0; i < x->n_kids; i++)
		add_fields(c, x->kids[i]);
	if (x->kind != X_FIELD)
		return;
	eng_operand__print(x->source, &b);
	f.name = (struct eng_text){ arena__strndup(c->mem, (char *)b.p, b.len), (uint32_t)b.len };
	buf__done(&b);
	add_plain(c, f);
}

/* Letters, digits, '_' and dots, not followed by a bracket; else 0. */
static size_t word_length(const char *p, size_t len)
{
	size_t n = 0;

	while (n < len && ((p[n] >= 'a' && p[n] <= 'z') || (p[n] >= 'A' && p[n] <= 'Z') || (p[n] >= '0' && p[n] <= '9') ||
			   p[n] == '_' || p[n] == '.'))
		n++;
	return n < len && (p[n] == '[' || p[n] == '(') ? 0 : n;
}

/* The field that the whole word here is, if a format has named it before. */
static const struct output_field *known_field(const struct compile *c)
{
	uint32_t n = (uint32_t)word_length(c->text + c->at, c->len - c->at);
	uint32_t id = n ? strtab__find(&c->known->names, c->text + c->at, n, n) : 0;

	return id ? &c->known->fields[id - 1] : NULL;
}

static void keep_field(struct compile *c, const char *p, size_t len, size_t used, struct eng_expr *x)
{
	struct output_known *k = c->known;
	uint32_t n = (uint32_t)word_length(p, len), id;

	if (!n || n != used || x->kind != X_FIELD)
		return;
	id = strtab__add(&k->names, p, n, n);
	k->fields = xgrow(k->fields, &k->cap, id, sizeof(*k->fields));
	k->fields[id - 1] = c->out->fields[c->out->n_fields - 1];
}

/* Does text of this length make a field or transformer, all of it? */
static bool try_length(struct compile *c, const char *p, size_t len, struct eng_expr **ret,
		       size_t *ret_used,
		       struct err *err)
{
	const struct eng_operand *at;
	struct eng_operand *o;

	return !eng_filter__parse_operand(p, len, 100, c->mem, &o, ret_used, err) &&
	       !eng_expr__compile(o, c->mem, ret, &at, err);
}

/*
 * The longest expression that starts here; its length, or 0 with what is wrong with the first try.
 */
static size_t longest(struct compile *c, const char *p, size_t len, struct eng_expr **ret,
		      struct err *err)
{
	struct eng_fref ref;
	size_t used, n;

	if (try_length(c, p, len, ret, &used, err))
		return used;
	n = eng_field__longest(p, len, c->mem, &ref);
	if (n && try_length(c, p, n, ret, &used, NULL))
		return used;
	/* a transformer whose bracket is none of its own ends at a parenthesis */
	n = len;
	for (unsigned i = 0; i < MAX_CALL_ENDS; i++) {
		const char *end = memrchr(p, ')', n);

		if (!end)
			break;
		n = (size_t)(end - p);
		if (try_length(c, p, n + 1, ret, &used, NULL))
			return used;
	}
	return 0;
}

/* The '%' has been taken. */
static int add_field(struct compile *c)
{
	size_t start = c->at - 1, used;
	const struct output_field *known;
	struct eng_expr *x;
	struct output_token t = { 0 };
	struct err why = { 0 };

	if (c->at == c->len)
		return fail(c, start, -FMT_E_SYNTAX,
			    "invalid formatting syntax: formatting cannot end with a %", "");
	while (c->at < c->len && c->text[c->at] >= '0' && c->text[c->at] <= '9') {
		t.width = t.width * 10 + (uint32_t)(c->text[c->at++] - '0');
		if (t.width > MAX_WIDTH)
			return fail(c, start, -FMT_E_LIMIT, "field width is too large", "");
	}
	if (c->at == c->len)
		return fail(c, start, -FMT_E_SYNTAX,
			    "invalid formatting syntax: formatting cannot end with a number", "");
	known = known_field(c);
	if (known) {
		t.x = known->x;
		c->at += known->name.len;
		add_token(c, t);
		add_plain(c, *known);
		return 0;
	}
	used = longest(c, c->text + c->at, c->len - c->at, &x, &why);
	if (!used)
		return fail(c, c->at, -FMT_E_UNKNOWN, "unknown filter: ", why.msg);
	t.x = x;
	add_token(c, t);
	add_fields(c, x);
	keep_field(c, c->text + c->at, c->len - c->at, used, x);
	c->at += used;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct output_field *x = a, *y = b;
	uint32_t n = x->name.len < y->name.len ? x->name.len : y->name.len;
	int r = memcmp(x->name.p, y->name.p, n);

	return r ? r : x->name.len < y->name.len ? -1 : x->name.len > y->name.len;
}

/* Move the arrays into the arena, fields sorted and each once. */
static void finish(struct compile *c)
{
	struct eng_output *o = c->out;
	struct output_field *fields;
	struct output_token *tokens;
	uint32_t n = 0;

	if (o->n_fields)
		qsort(o->fields, o->n_fields, sizeof(*o->fields), by_name);
	for (uint32_t i = 0; i < o->n_fields; i++)
		if (!n || by_name(&o->fields[n - 1], &o->fields[i]))
			o->fields[n++] = o->fields[i];
	o->n_fields = n;
	fields = arena__alloc(c->mem, n * sizeof(*fields));
	if (n)
		memcpy(fields, o->fields, n * sizeof(*fields));
	tokens = arena__alloc(c->mem, o->n_tokens * sizeof(*tokens));
	if (o->n_tokens)
		memcpy(tokens, o->tokens, o->n_tokens * sizeof(*tokens));
	free(o->fields);
	free(o->tokens);
	o->fields = fields;
	o->tokens = tokens;
}

int output__compile(const char *format, struct arena *mem, struct output_known *known, struct eng_output **ret,
		    struct err *err)
{
	struct compile c = { .text = format, .len = strlen(format), .mem = mem, .known = known, .err = err };
	size_t from;
	int r = 0;

	if (!c.len)
		return fail(&c, 0, -FMT_E_SYNTAX, "empty formatting token", "");
	if (c.len > MAX_FORMAT)
		return err__set(err, -FMT_E_LIMIT, "output is longer than %u bytes", MAX_FORMAT);
	c.out = arena__zalloc(mem, sizeof(*c.out));
	c.at = from = format[0] == '*';
	while (!r && c.at < c.len) {
		if (c.text[c.at] != '%') {
			c.at++;
			continue;
		}
		add_literal(&c, from, c.at);
		c.at++;
		r = add_field(&c);
		from = c.at;
	}
	if (!r)
		add_literal(&c, from, c.at);
	finish(&c);
	if (!r)
		*ret = c.out;
	return r;
}

int eng_output__compile(const char *format, struct arena *mem, struct eng_output **ret,
			struct err *err)
{
	struct output_known known = { 0 };
	int r = output__compile(format, mem, &known, ret, err);

	output_known__done(&known);
	return r;
}

void output_known__reset(struct output_known *k)
{
	strtab__reset(&k->names);
}

void output_known__done(struct output_known *k)
{
	strtab__done(&k->names);
	free(k->fields);
}

/* The one field that a format consists of. */
static int plain_field(const char *name, struct arena *mem, const struct eng_expr **ret,
		       struct err *err)
{
	char *format = xasprintf("%%%s", name);
	struct eng_output *o = NULL;
	int r = eng_output__compile(format, mem, &o, err);

	free(format);
	if (r < 0)
		return r;
	if (o->n_tokens != 1 || !o->tokens[0].x || o->tokens[0].width ||
	    o->tokens[0].x->kind != X_FIELD)
		return err__set(err, -FMT_E_UNKNOWN, "unknown filter: '%s' is not the name of a field",
				name);
	*ret = o->tokens[0].x;
	return 0;
}

int output__add_field(struct eng_output *o, const char *name, const char *format, struct arena *mem,
		      struct err *err)
{
	struct output_field f = { .name = { name, (uint32_t)strlen(name) } }, *fields;
	struct eng_output *text = NULL;
	uint32_t at = 0;
	int r;

	r = format ? eng_output__compile(format, mem, &text, err) :
		     plain_field(name, mem, &f.x, err);
	if (r < 0)
		return r;
	f.text = text;
	while (at < o->n_fields && by_name(&o->fields[at], &f) < 0)
		at++;
	if (at < o->n_fields && !by_name(&o->fields[at], &f))
		return 0;
	fields = arena__alloc(mem, (o->n_fields + 1) * sizeof(*fields));
	memcpy(fields, o->fields, at * sizeof(*fields));
	fields[at] = f;
	memcpy(fields + at + 1, o->fields + at, (o->n_fields - at) * sizeof(*fields));
	o->fields = fields;
	o->n_fields++;
	return 0;
}

/* --- Text ------------------------------------------------------------------------------------- */

static void put_bytes(struct buf *out, const struct eng_val *v)
{
	for (uint32_t i = 0; i < v->str.len; i++)
		buf__u8(out, v->str.p[i] >= 32 && v->str.p[i] < 127 ? (uint8_t)v->str.p[i] : '.');
}

/* An element of what a transformer gives. */
static void put_plain(struct buf *out, const struct eng_val *v)
{
	if (v->type == T_STR)
		buf__add(out, v->str.p, v->str.len);
	else if (v->type == T_BYTES)
		put_bytes(out, v);
	else
		buf__printf(out, "%llu", (unsigned long long)v->u);
}

static void put_list(struct buf *out, const struct eng_vals *v)
{
	size_t start = out->len;

	buf__puts(out, "(");
	for (uint32_t i = 0; i < v->n; i++) {
		buf__puts(out, i ? "," : "");
		put_plain(out, &v->list[i]);
	}
	buf__puts(out, ")");
	if (out->len - start > MAX_LIST_TEXT)
		out->len = start + MAX_LIST_TEXT;
}

static bool get(const struct eng_expr *x, const struct eng_ctx *ctx, struct arena *scratch,
		struct eng_vals *v)
{
	if (x->kind == X_FIELD && x->ref.field->flags & FF_FILTER_ONLY)
		return false;
	return eng_expr__get(x, ctx, false, scratch, v);
}

static void put_value(const struct eng_expr *x, const struct eng_ctx *ctx, struct arena *scratch,
		      struct buf *out)
{
	struct eng_vals v;

	if (!get(x, ctx, scratch, &v))
		buf__puts(out, "<NA>");
	else if (x->kind == X_FIELD)
		eng_val__text(&x->ref, &v, out);
	else if (v.is_list)
		put_list(out, &v);
	else
		put_plain(out, &v.v[0]);
}

void eng_output__text(const struct eng_output *o, const struct eng_ctx *ctx, struct arena *scratch,
		      struct buf *out)
{
	for (uint32_t i = 0; i < o->n_tokens; i++) {
		const struct output_token *t = &o->tokens[i];
		size_t start = out->len;

		if (!t->x) {
			buf__add(out, t->literal.p, t->literal.len);
			continue;
		}
		put_value(t->x, ctx, scratch, out);
		while (t->width && out->len < start + t->width)
			buf__u8(out, ' ');
		if (t->width)
			out->len = start + t->width;
	}
	arena__reset(scratch);
}

/* --- JSON ------------------------------------------------------------------------------------- */

void output_field__json(const struct output_field *f, const struct eng_ctx *ctx,
			struct arena *scratch,
			struct buf *out)
{
	struct eng_vals v;

	buf__puts(out, "\"");
	text__json(out, f->name.p, f->name.len);
	buf__puts(out, "\":");
	if (f->text) {
		struct buf text = { 0 };

		eng_output__text(f->text, ctx, scratch, &text);
		buf__puts(out, "\"");
		text__json(out, (char *)text.p, text.len);
		buf__puts(out, "\"");
		buf__done(&text);
		return;
	}
	if (!get(f->x, ctx, scratch, &v))
		buf__puts(out, "null");
	else
		eng_val__json(&f->x->ref, &v, out);
}

void eng_output__json(const struct eng_output *o, const struct eng_ctx *ctx, struct arena *scratch,
		      struct buf *out)
{
	buf__puts(out, "{");
	for (uint32_t i = 0; i < o->n_fields; i++) {
		buf__puts(out, i ? "," : "");
		output_field__json(&o->fields[i], ctx, scratch, out);
	}
	buf__puts(out, "}");
	arena__reset(scratch);
}

void eng_output__want(const struct eng_output *o, bool payload, struct fmt_want *w)
{
	for (uint32_t i = 0; i < o->n_tokens; i++)
		if (o->tokens[i].x)
			eng_expr__want(o->tokens[i].x, payload, w);
	for (uint32_t i = 0; i < o->n_fields; i++) {	/* those that only JSON shows too */
		if (o->fields[i].text)
			eng_output__want(o->fields[i].text, payload, w);
		else
			eng_expr__want(o->fields[i].x, payload, w);
	}
}
