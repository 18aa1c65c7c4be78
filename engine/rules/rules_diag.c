// SPDX-License-Identifier: Apache-2.0
/* Errors and warnings: where they are, and how that is shown. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/rules/ruleset.h"

#define SNIPPET_WIDTH 160u
#define MAX_LINTS 2000u		/* findings of lint, those that are kept quiet too */
#define MAX_DIAGS 10000u		/* a file can have as many warnings as it has items */

static const struct { const char *name, *text; } codes[RULES_CODES__N] = {
#define X(name, text) [name] = { #name, text },
	RULES_CODES(X)
#undef X
};

enum rules_code rules__code(const char *name)
{
	for (unsigned i = 0; i < RULES_CODES__N; i++)
		if (!strcmp(codes[i].name, name))
			return i;
	return LOAD_COMPILE_CONDITION;
}

/* --- Places ----------------------------------------------------------------------------------- */

static struct rules_ctx *new_ctx(struct eng_ruleset *rs, const struct rules_ctx *up)
{
	struct rules_ctx *c = arena__zalloc(&rs->mem, sizeof(*c));

	c->up = up;
	c->name = up ? up->name : "";
	c->item = "";
	return c;
}

const struct rules_ctx *ctx__file(struct eng_ruleset *rs, const char *name)
{
	struct rules_ctx *c = new_ctx(rs, NULL);

	c->name = name;
	c->type = "rules content";
	return c;
}

const struct rules_ctx *ctx__node(struct eng_ruleset *rs, const struct yaml_node *n,
				  const char *type,
				  const char *item, const struct rules_ctx *up)
{
	struct rules_ctx *c = new_ctx(rs, up);

	c->type = type;
	c->item = item;
	c->mark = n->mark;
	c->node = n;
	return c;
}

const struct rules_ctx *ctx__mark(struct eng_ruleset *rs, struct yaml_mark mark,
				  const struct rules_ctx *up)
{
	struct rules_ctx *c = new_ctx(rs, up);

	c->type = "value for";
	c->mark = mark;
	return c;
}

const struct rules_ctx *ctx__condition(struct eng_ruleset *rs, struct eng_pos pos,
				       struct eng_text text,
				       const struct rules_ctx *up)
{
	struct rules_ctx *c = new_ctx(rs, up);
	char name[24];

	snprintf(name, sizeof(name), "\"%.*s%s\"", text.len > 20 ? 17 : (int)text.len, text.p,
		 text.len > 20 ? "..." : "");
	for (char *s = name; *s; s++)
		if (*s == '\n' || *s == '\r')
			*s = ' ';
	c->name = arena__strndup(&rs->mem, name, strlen(name));
	c->type = "condition expression";
	c->text = (struct eng_text){ arena__strndup(&rs->mem, text.p, text.len), text.len };
	/* from the start of the condition in the file, as upstream adds the two */
	c->mark.off = pos.off + up->mark.off;
	c->mark.line = pos.line + up->mark.line;
	c->mark.col = pos.col + up->mark.col;
	return c;
}

const struct rules_ctx *ctx__place(struct eng_ruleset *rs, const struct def_rule *rule,
				   const struct cond_origin *o, struct eng_pos pos)
{
	struct rules_ctx *macro;

	if (!o->macro || !rule)
		return ctx__condition(rs, pos, o->text, o->ctx);
	macro = arena__alloc(&rs->mem, sizeof(*macro));
	*macro = *o->ctx;		/* the macro's condition, seen from the rule */
	macro->type = "macro";
	macro->item = o->macro;
	macro->up = rule->ctx;
	return ctx__condition(rs, pos, o->text, macro);
}

/* --- Snippets --------------------------------------------------------------------------------- */

/* The line around a byte, at most so wide, and a caret below it. */
static const char *snippet(struct eng_ruleset *rs, const char *s, size_t len, size_t pos)
{
	size_t from, to, half = SNIPPET_WIDTH / 2;
	struct buf b = { 0 };
	const char *out;

	if (!len)
		return "<No context available>\n";
	while (pos > 0 && (pos >= len || s[pos] == '\n'))
		pos--;
	for (from = pos; from > 0 && s[from] != '\n' && pos - from < half;)
		from--;
	for (to = pos; to < len - 1 && s[to] != '\n' && to - pos < half;)
		to++;
	from += s[from] == '\n';
	to -= s[to] == '\n' && to > from;
	if (from > to || (from == to && s[from] == '\n'))
		return "<No context available>\n";
	buf__add(&b, s + from, to - from + 1);
	if (pos - from >= half)
		memcpy(b.p, "...", 3);
	if (to - pos >= half)
		memcpy(b.p + b.len - 3, "...", 3);
	buf__puts(&b, "\n");
	for (size_t i = from; i < pos; i++)
		buf__puts(&b, " ");
	buf__puts(&b, "^\n");
	out = arena__strndup(&rs->mem, (char *)b.p, b.len);
	buf__done(&b);
	return out;
}

/* The file that a context is in: a condition's own name is its beginning. */
static const struct rules_file *file_of(const struct eng_ruleset *rs, const struct rules_ctx *ctx)
{
	if (ctx->text.len)
		ctx = ctx->up;
	for (uint32_t i = rs->n_files; i-- > 0;)
		if (!strcmp(rs->files[i].name, ctx->name))
			return &rs->files[i];
	return NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/*
 * Where in the file does byte `off` of a condition's text stand? The text is the file's but for
 * white space, as long as no list has been put in before it. SIZE_MAX: it cannot be said.
 */
static size_t place_in_file(const struct rules_file *f, const struct yaml_node *n,
			    struct eng_text text, size_t off)
{
	size_t at = n->mark.off, i = 0;

	if (!n->verbatim)
		return SIZE_MAX;
	if (at < f->len && (f->text[at] == '>' || f->text[at] == '|'))
		while (at < f->len && f->text[at] != '\n')
			at++;
	for (;;) {
		while (i < off && is_blank(text.p[i]))
			i++;
		while (at < f->len && is_blank(f->text[at]))
			at++;
		if (i >= off || i >= text.len || at >= f->len)
			break;
		if (text.p[i] != f->text[at])
			return SIZE_MAX;
		i++;
		at++;
	}
	return at < f->len ? at : SIZE_MAX;
}

/* Line and column for people, from 1, and the snippet. */
static void show_place(struct eng_ruleset *rs, const struct rules_ctx *ctx, struct eng_diag *d)
{
	const struct rules_file *f = file_of(rs, ctx);
	const struct rules_ctx *in = ctx;
	size_t at, off;

	d->offset = ctx->mark.off;
	if (ctx->text.len)
		d->snippet = snippet(rs, ctx->text.p, ctx->text.len,
				     ctx->mark.off - ctx->up->mark.off);
	else
		d->snippet = f && f->text ? snippet(rs, f->text, f->len, ctx->mark.off) :
			     "<No context available>\n";
	if (ctx->text.len)
		in = ctx->up;
	d->file = in->name;
	d->line = in->mark.line + 1;
	d->col = in->mark.col + 1;
	if (!ctx->text.len || !f || !in->node)
		return;
	off = ctx->mark.off - in->mark.off;
	at = place_in_file(f, in->node, ctx->text, off);
	if (at == SIZE_MAX)
		return;
	d->line = 1;
	d->col = 1;
	for (size_t i = 0; i < at; i++) {
		d->col = f->text[i] == '\n' ? 1 : d->col + 1;
		d->line += f->text[i] == '\n';
	}
}

static void set_locs(struct eng_ruleset *rs, const struct rules_ctx *ctx, struct eng_diag *d)
{
	struct eng_loc *locs;
	unsigned n = 0;

	for (const struct rules_ctx *c = ctx; c; c = c->up)
		n++;
	locs = arena__alloc(&rs->mem, n * sizeof(*locs));
	d->locs = locs;
	d->n_locs = n;
	d->item_type = ctx->type;
	d->item_name = "";
	for (const struct rules_ctx *c = ctx; c; c = c->up) {
		locs[--n] = (struct eng_loc){ .name = c->name, .item_type = c->type,
					     .item_name = c->item,
					      .line = c->mark.line, .col = c->mark.col,
					      .offset = c->mark.off };
		if (!d->item_name[0] && c->item[0]) {
			d->item_type = c->type;
			d->item_name = c->item;
		}
	}
}

static void make_diag(struct eng_ruleset *rs, enum rules_code code, const struct rules_ctx *ctx,
		      const char *field, const char *fmt, va_list ap, struct eng_diag *d)
{
	char msg[1024];

	*d = (struct eng_diag){ .is_error = code < FIRST_WARNING, .code = codes[code].name,
				.codedesc = codes[code].text, .deprecated_field = field };
	vsnprintf(msg, sizeof(msg), fmt, ap);
	d->message = arena__strndup(&rs->mem, msg, strlen(msg));
	set_locs(rs, ctx, d);
	show_place(rs, ctx, d);
}

static void add_diag(struct eng_ruleset *rs, enum rules_code code, const struct rules_ctx *ctx,
		     const char *field, const char *fmt, va_list ap)
{
	rs->n_warned += code >= FIRST_WARNING;
	if (code >= FIRST_WARNING && (rs->quiet || rs->n_diags >= MAX_DIAGS))
		return;
	rs->diags = xgrow(rs->diags, &rs->cap_diags, rs->n_diags + 1, sizeof(*rs->diags));
	make_diag(rs, code, ctx, field, fmt, ap, &rs->diags[rs->n_diags]);
	if (rs->diags[rs->n_diags++].is_error && rs->n_files)
		rs->files[rs->n_files - 1].failed = true;
}

int rules__error(struct eng_ruleset *rs, enum rules_code code, const struct rules_ctx *ctx,
		 const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_diag(rs, code, ctx, NULL, fmt, ap);
	va_end(ap);
	return -FMT_E_VALUE;
}

void rules__warn(struct eng_ruleset *rs, enum rules_code code, const struct rules_ctx *ctx,
		 const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_diag(rs, code, ctx, NULL, fmt, ap);
	va_end(ap);
}

void rules__warn_field(struct eng_ruleset *rs, const char *field, const struct rules_ctx *ctx,
		       const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_diag(rs, LOAD_DEPRECATED_ITEM, ctx, field, fmt, ap);
	va_end(ap);
}

/* --- Findings of lint ------------------------------------------------------------------------- */

/* Does the line, counted from 1, have a comment that keeps this code quiet? */
static bool is_silenced(const struct rules_file *f, unsigned line, const char *code)
{
	static const char mark[] = "# lint: off";
	const char *p = f->text, *end = f->text + f->len, *eol, *hit;

	for (unsigned i = 1; i < line && p < end; i++) {
		eol = memchr(p, '\n', (size_t)(end - p));
		p = eol ? eol + 1 : end;
	}
	eol = memchr(p, '\n', (size_t)(end - p));
	if (!eol)
		eol = end;
	hit = memmem(p, (size_t)(eol - p), mark, sizeof(mark) - 1);
	if (!hit)
		return false;
	hit += sizeof(mark) - 1;
	return !memmem(hit, (size_t)(eol - hit), "LINT_", 5) ||
	       memmem(hit, (size_t)(eol - hit), code, strlen(code));
}

void rules__lint(struct eng_ruleset *rs, enum rules_code code, const struct rules_ctx *ctx,
		 const char *fmt, ...)
{
	const struct rules_file *f = file_of(rs, ctx);
	struct eng_diag *d;
	va_list ap;

	if (rs->lint_tries++ >= MAX_LINTS)
		return;
	rs->lints = xgrow(rs->lints, &rs->cap_lints, rs->n_lints + 1, sizeof(*rs->lints));
	d = &rs->lints[rs->n_lints];
	va_start(ap, fmt);
	make_diag(rs, code, ctx, NULL, fmt, ap, d);
	va_end(ap);
	if (f && is_silenced(f, d->line, d->code))
		return;
	for (const struct rules_ctx *c = ctx->text.len ? ctx->up : ctx; f && c->up; c = c->up)
		if (is_silenced(f, c->mark.line + 1, d->code))
			return;
	rs->n_lints++;
}
