// SPDX-License-Identifier: Apache-2.0
/*
 * Everything collected, compiled: lists, macros, then rules in the order of their first definition.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/alert/alert.h"
#include "engine/rules/ruleset.h"
#include "format/base/nearest.h"

#define MAX_DEPTH 1000u			/* of rules' and macros' conditions */
#define MAX_CODES 100u			/* of event types, before it costs too much */

struct compile {
	struct eng_ruleset *rs;
	struct arena *mem;
	const struct def_rule *rule;
	const struct def_macro *macro;	/* whose references are put in; NULL: a rule's */
	/* warnings of the condition at hand: given only if it compiles */
	struct { struct eng_text msg; const struct rules_ctx *ctx; const char *code; } *warnings;
	size_t n_warnings, cap_warnings;
};

/* --- Conditions ------------------------------------------------------------------------------- */

static struct eng_pos pos_of(const struct err *e)
{
	return (struct eng_pos){ (uint32_t)e->offset, e->line, e->col };
}

static struct cond_origin *new_origin(struct compile *c, const struct rules_ctx *ctx, const char *macro,
				      struct eng_text text)
{
	struct cond_origin *o = arena__alloc(c->mem, sizeof(*o));

	*o = (struct cond_origin){ ctx, macro, text };
	return o;
}

/* Put lists in and parse, unless it is as it was. macro: whose condition it is; NULL: a rule's. */
static int parse(struct compile *c, struct eng_text text, const struct rules_ctx *ctx, const char *macro,
		 struct parsed *ret)
{
	struct cond_origin *o = ret->origin;
	struct err err = { 0 };
	int r;

	r = lists__substitute(c->rs, text, o ? &o->text : NULL, &text);
	if (r < 0)
		return rules__error(c->rs, LOAD_ERR_COMPILE_CONDITION, ctx,
				    "condition becomes too long with the lists that it names");
	if (o && o->text.p == text.p) {
		o->ctx = ctx;
		return 0;
	}
	ret->origin = NULL;
	o = new_origin(c, ctx, macro, text);
	r = eng_filter__parse_from(o, text.p, text.len, MAX_DEPTH, c->mem, &ret->tree, &err);
	if (r < 0)
		return rules__error(c->rs, LOAD_ERR_COMPILE_CONDITION, ctx__place(c->rs, c->rule, o, pos_of(&err)),
				    "%s", err.msg);
	ret->origin = o;
	return 0;
}

static struct def_macro *find_macro(const struct eng_ruleset *rs, struct eng_text name)
{
	uint32_t id = strtab__find(&rs->macro_names, name.p, name.len, name.len);

	return id ? &rs->macros[id - 1] : NULL;
}

/* A macro sees those that stand before its own last change; a rule sees all. */
static const struct eng_ast *get_macro(void *arg, struct eng_text name)
{
	struct compile *c = arg;
	struct def_macro *m = find_macro(c->rs, name);

	return m && (!c->macro || m->index < c->macro->visibility) ? m->ast : NULL;
}

static void use_macro(void *arg, struct eng_text name)
{
	struct compile *c = arg;
	struct def_macro *m = find_macro(c->rs, name);

	if (m)
		m->used = true;
}

/* What may be meant by the name of a macro that cannot be used here. */
static void suggest_macro(struct compile *c, const char *name, size_t len, char out[], size_t size)
{
	struct eng_text text = { name, (uint32_t)len };
	const struct def_macro *m = find_macro(c->rs, text);
	struct nearest near = nearest__begin(name, len);

	out[0] = 0;
	if (m && m == c->macro) {
		snprintf(out, size, " A macro cannot use itself.");
		return;
	}
	if (m) {
		snprintf(out, size, " It is defined after this macro, in %s line %u.",
			 m->ctx->name, m->ctx->mark.line + 1);
		return;
	}
	for (uint32_t i = 0; i < c->rs->macro_names.n; i++)
		nearest__try(&near, c->rs->macros[i].name);
	if (near.name)
		snprintf(out, size, " Did you mean '%s'?", near.name);
}

static int put_macros(struct compile *c, const struct cond_origin *o, struct eng_ast **a)
{
	struct eng_macro_env env = { .get = get_macro, .used = use_macro, .arg = c };
	struct err err = { 0 };
	struct eng_pos at;
	char hint[512];
	size_t len = 0;
	int r;

	r = eng_ast__expand(a, &env, c->mem, &at, &err);
	if (!r)
		return 0;
	while (at.off + len < o->text.len && (isalnum((uint8_t)o->text.p[at.off + len]) ||
					      o->text.p[at.off + len] == '_'))
		len++;
	hint[0] = 0;
	if (r == -FMT_E_UNKNOWN)
		suggest_macro(c, o->text.p + at.off, len, hint, sizeof(hint));
	return rules__error(c->rs, LOAD_ERR_VALIDATE, ctx__place(c->rs, c->rule, o, at), "%s%s", err.msg, hint);
}

/* Those that have come since. */
static int compile_macros(struct compile *c)
{
	struct eng_ruleset *rs = c->rs;
	uint32_t first = rs->n_macros;
	int r = 0;

	for (uint32_t i = first; i < rs->macro_names.n && !r; i++) {
		struct def_macro *m = &rs->macros[i];

		m->used = false;
		r = parse(c, (struct eng_text){ m->cond, (uint32_t)strlen(m->cond) }, m->cond_ctx,
			  m->name, &m->parsed);
		m->ast = m->parsed.tree;
	}
	for (uint32_t i = first; i < rs->macro_names.n && !r; i++) {
		c->macro = &rs->macros[i];
		r = put_macros(c, rs->macros[i].parsed.origin, &rs->macros[i].ast);
	}
	c->macro = NULL;
	rs->n_macros = rs->macro_names.n;
	return r;
}

/* --- Rules ------------------------------------------------------------------------------------ */

static void keep_warning(void *arg, const char *code, const char *msg)
{
	struct compile *c = arg;
	const struct eng_ast *at = eng_prog__culprit(c->rs->prog);

	if (!at->origin)
		return;
	if (c->rs->quiet) {
		c->rs->n_warned++;
		return;
	}
	c->warnings = xgrow(c->warnings, &c->cap_warnings, c->n_warnings + 1, sizeof(*c->warnings));
	c->warnings[c->n_warnings].code = code;
	c->warnings[c->n_warnings].msg.p = arena__strndup(c->mem, msg, strlen(msg));
	c->warnings[c->n_warnings++].ctx = ctx__place(c->rs, c->rule, at->origin,
						 at->check.values_pos.line ? at->check.values_pos :
						 at->pos);
}

static void give_warnings(struct compile *c)
{
	for (size_t i = 0; i < c->n_warnings; i++)
		rules__warn(c->rs, rules__code(c->warnings[i].code), c->warnings[i].ctx, "%s",
			    c->warnings[i].msg.p);
	c->n_warnings = 0;
}

/* 0, 1: left out because of an unknown name that it allows for, negative. */
static int compile_output(struct compile *c, const struct def_rule *r, struct eng_rule *out)
{
	struct eng_output *format = NULL;
	struct err err = { 0 };
	int rc;

	out->output = check__output(c->rs, r);
	rc = output__compile(out->output, &c->rs->build, &c->rs->known, &format, &err);
	if (!rc)
		rc = append__fields(c->rs, r, format, &err);
	if (!rc)
		rc = source__check_output(format, r->source, &err);
	out->format = format;
	if (!rc)
		return 0;
	if (rc == -FMT_E_UNKNOWN && r->skip_unknown) {
		rules__warn(c->rs, LOAD_UNKNOWN_FILTER, r->output_ctx, "%s", err.msg);
		return 1;
	}
	return rules__error(c->rs, LOAD_ERR_COMPILE_OUTPUT, r->output_ctx, "%s", err.msg);
}

static int add_to_prog(struct compile *c, const struct def_rule *r, const struct eng_ast *a,
		       const struct cond_origin *own)
{
	struct eng_ruleset *rs = c->rs;
	struct err err = { 0 };
	const struct eng_ast *at;
	const struct rules_ctx *ctx;
	struct eng_pos pos;
	int cond;

	c->n_warnings = 0;
	cond = source__check_condition(a, r->source, &at, &pos, &err);
	if (!cond) {
		cond = eng_prog__add(rs->prog, a, keep_warning, c, &err);
		at = eng_prog__culprit(rs->prog);
		pos = pos_of(&err);
	}
	if (cond >= 0) {
		eng_prog__limit(rs->prog, cond, r->source);
		give_warnings(c);
		return cond;
	}
	ctx = ctx__place(c->rs, c->rule, at && at->origin ? at->origin : own, pos);
	if (cond == -FMT_E_UNKNOWN && r->skip_unknown) {
		rules__warn(rs, LOAD_UNKNOWN_FILTER, ctx, "%s", err.msg);
		return -1;
	}
	rules__error(rs, LOAD_ERR_COMPILE_CONDITION, ctx, "%s", err.msg);
	return -2;
}

/* *ret: the number of its condition, -1 if it is left out. */
static int compile_condition(struct compile *c, struct def_rule *r, int *ret, const struct eng_ast **ret_tree)
{
	const struct cond_origin *o;
	struct eng_text text;
	struct eng_ast *a;
	int rc;

	rc = exceptions__apply(c->rs, r, c->mem, &text);
	if (!rc)
		rc = parse(c, text, r->cond_ctx, NULL, &r->parsed);
	if (rc < 0)
		return rc;
	o = r->parsed.origin;
	a = r->parsed.tree;
	rc = put_macros(c, o, &a);
	if (rc < 0)
		return rc;
	*ret_tree = a;
	check__condition(c->rs, a, o);
	*ret = add_to_prog(c, r, a, o);
	if (*ret == -2)
		return -FMT_E_VALUE;
	if (*ret >= 0 && r->warn_evttypes && eng_prog__codes(c->rs->prog, *ret) > MAX_CODES)
		rules__warn(c->rs, LOAD_NO_EVTTYPE, r->ctx,
			    "Rule matches too many evt.type values. This has a significant "
			    "performance penalty.");
	return 0;
}

static void describe(const struct def_rule *r, struct eng_rule *out)
{
	*out = (struct eng_rule){
		.name = r->name, .desc = r->desc, .output = r->output, .source = r->source,
			.tags = r->tags,
		.n_tags = r->n_tags, .priority = r->priority, .enabled = r->enabled,
		.capture = r->capture,
		.capture_ms = r->capture_ms, .cond = -1, .file = r->file,
		.line = r->ctx->mark.line + 1,
	};
}

static int compile_rule(struct compile *c, struct def_rule *d, uint32_t i)
{
	struct eng_ruleset *rs = c->rs;
	struct eng_rule *out = &rs->out[i];
	int r = compile_output(c, d, out);

	if (!r)
		r = threshold__compile(rs, d, &out->threshold);
	if (!r)
		r = compile_condition(c, d, &out->cond, &rs->trees[i]);
	if (!r && out->cond >= 0 && out->threshold)
		eng_prog__aside(rs->prog, out->cond);
	return r;
}

static bool is_wanted(const struct eng_ruleset *rs, uint32_t i, enum rules_scope scope)
{
	const struct def_rule *d = &rs->rules[i];

	return !d->unknown_source && (scope != RULES_ON || rs->out[i].enabled) &&
	       (scope != RULES_NEW || d->visibility >= rs->tried);
}

/* Those that have come since. */
static int compile_rules(struct compile *c, enum rules_scope scope)
{
	struct eng_ruleset *rs = c->rs;
	uint32_t first = rs->n_out;
	int r = 0;

	rs->out = xgrow(rs->out, &rs->cap_out, rs->rule_names.n, sizeof(*rs->out));
	rs->trees = xgrow(rs->trees, &rs->cap_trees, rs->rule_names.n, sizeof(*rs->trees));
	for (uint32_t i = 0; i < first; i++)
		rs->out[i].enabled = rs->rules[i].enabled;
	for (uint32_t i = first; i < rs->rule_names.n && r >= 0; i++) {
		struct def_rule *d = &rs->rules[i];

		describe(d, &rs->out[i]);
		rs->trees[i] = NULL;
		rs->n_out = i + 1;
		c->rule = d;
		if (scope == RULES_ON)
			rs->out[i].enabled = check__is_on(rs, d);
		if (is_wanted(rs, i, scope))
			r = compile_rule(c, d, i);
	}
	c->rule = NULL;
	return r < 0 ? r : 0;
}

static void warn_unused(struct eng_ruleset *rs)
{
	for (uint32_t i = 0; i < rs->macro_names.n; i++)
		if (!rs->macros[i].used)
			rules__warn(rs, LOAD_UNUSED_MACRO, rs->macros[i].ctx,
				    "Macro not referred to by any other rule/macro");
	for (uint32_t i = 0; i < rs->list_names.n; i++)
		if (!rs->lists[i].used)
			rules__warn(rs, LOAD_UNUSED_LIST, rs->lists[i].ctx,
				    "List not referred to by any other rule/macro");
}

static void index_conds(struct eng_ruleset *rs)
{
	rs->n_conds = 0;
	rs->rule_of_cond = arena__alloc(&rs->build, (rs->n_out + 1) * sizeof(int));
	for (uint32_t i = 0; i < rs->n_out; i++)
		if (rs->out[i].cond >= 0)
			/* conditions are numbered in order */
			rs->rule_of_cond[rs->n_conds++] = (int)i;
}

static bool are_all_on(const struct eng_ruleset *rs)
{
	for (uint32_t i = 0; i < rs->n_out; i++)
		if (rs->out[i].cond >= 0 && !check__is_on(rs, &rs->rules[i]))
			return false;
	return true;
}

/* All rules have been compiled, and nothing has changed since: the program of those that are on. */
static int take_those_on(struct eng_ruleset *rs)
{
	bool all = are_all_on(rs);

	if (!all)
		eng_prog__begin_anew(rs->prog);
	for (uint32_t i = 0; i < rs->n_out; i++) {
		struct eng_rule *out = &rs->out[i];
		bool compiled = out->cond >= 0;

		out->enabled = check__is_on(rs, &rs->rules[i]);
		if (all)
			continue;
		out->cond = -1;
		if (!compiled || !out->enabled)
			continue;
		out->cond = eng_prog__add(rs->prog, rs->trees[i], NULL, NULL, NULL);
		if (out->cond < 0)
			return out->cond;
		eng_prog__limit(rs->prog, out->cond, out->source);
		if (out->threshold)
			eng_prog__aside(rs->prog, out->cond);
	}
	index_conds(rs);
	return 0;
}

/* Does all that has been compiled stay as it is, with nothing more to be said of it? */
static bool can_grow(const struct eng_ruleset *rs)
{
	return rs->grows && !rs->changed && (rs->quiet || !rs->warned) && !lists__change_texts(rs);
}

/* What has been parsed and compiled is kept for the next time as long as it is not more than this. */
#define KEEP_BYTES (16u << 20)

static int forget_all(struct eng_ruleset *rs)
{
	eng_prog__free(rs->prog);
	rs->prog = NULL;
	for (uint32_t i = 0; i < rs->macro_names.n; i++)
		rs->macros[i].parsed = (struct parsed){ 0 };
	for (uint32_t i = 0; i < rs->rule_names.n; i++)
		rs->rules[i].parsed = (struct parsed){ 0 };
	output_known__reset(&rs->known);
	arena__reset(&rs->build);
	rs->sealed = false;
	return eng_prog__new(&rs->prog);
}

static int start_anew(struct eng_ruleset *rs)
{
	lists__forget(&rs->texts);
	rs->n_macros = rs->n_out = rs->n_conds = 0;
	rs->changed = rs->warned = false;
	if (!rs->prog || rs->sealed || rs->build.used > KEEP_BYTES)
		return forget_all(rs);
	eng_prog__begin_anew(rs->prog);
	return 0;
}

static int compile(struct compile *c, enum rules_scope scope)
{
	struct eng_ruleset *rs = c->rs;
	bool grows = scope != RULES_ON && can_grow(rs);
	uint32_t warned = rs->n_warned;
	int r = grows ? 0 : start_anew(rs);

	/* with what is older left out, it is no beginning for others */
	grows |= scope == RULES_ALL || (scope == RULES_NEW && !rs->tried);
	rs->grows = false;
	if (!r)
		r = lists__expand(rs);
	if (!r)
		r = compile_macros(c);
	if (!r)
		r = compile_rules(c, scope);
	rs->warned |= rs->n_warned != warned;
	rs->grows = grows && !r;
	return r;
}

int rules__compile(struct eng_ruleset *rs, enum rules_scope scope)
{
	struct compile c = { .rs = rs, .mem = &rs->build };
	bool as_before = scope == RULES_ON && rs->all_tried;
	int r;

	rs->all_tried = false;
	if (as_before) {
		rs->grows = false;
		return take_those_on(rs);
	}
	r = compile(&c, scope);
	if (!r) {
		index_conds(rs);
		warn_unused(rs);
		rs->tried = rs->next_index;
		rs->all_tried = scope == RULES_ALL;
	}
	free(c.warnings);
	return r;
}
