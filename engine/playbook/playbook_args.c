// SPDX-License-Identifier: Apache-2.0
/*
 * Arguments that hold fields. A value of the event becomes part of one argument, or of one text of a JSON document, and
 * nothing reads it as anything else.
 */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "engine/playbook/playbook_internal.h"
#include "format/base/text.h"

#define MAX_JSON_DEPTH 32

struct compiling {
	struct playbook *pb;
	struct pb_template *list;
	size_t n, cap;
};

static const struct eng_output *compile_text(struct playbook *pb, const struct yaml_node *at, const char *name, const char *text)
{
	struct eng_output *out = NULL;
	struct err err = { 0 };

	if (eng_output__compile(text, &pb->mem, &out, &err))
		pb_cfg__problem_in(pb->cfg, at, name, &err);
	return out;
}

static struct pb_template *add(struct compiling *c, const char *name, const char *key)
{
	c->list = xgrow(c->list, &c->cap, c->n + 1, sizeof(*c->list));
	c->list[c->n] = (struct pb_template){ .name = name, .key = key };
	return &c->list[c->n++];
}

/* An empty text is one without a program. */
static void add_text(struct compiling *c, const struct yaml_node *at, const char *name, const char *key, const char *text)
{
	struct pb_template *t = add(c, name, key);

	if (*text)
		t->text = compile_text(c->pb, at, name, text);
}

static void add_one(struct compiling *c, const struct yaml_node *n, const char *name, const char *text)
{
	if (text)
		add_text(c, cfg__place(n, name), name, NULL, text);
}

static void add_pairs(struct compiling *c, const struct yaml_node *n, const char *name, const struct cfg_pairs *p)
{
	const struct yaml_node *map = cfg__place(n, name);

	for (uint32_t i = 0; i < p->n; i++)
		add_text(c, cfg__place(map, p->p[i].name), name, p->p[i].name, p->p[i].value);
}

/* Whoever chooses the value of a first field chooses an option of the program. */
static void add_args(struct compiling *c, const struct yaml_node *n, const struct cfg_strings *s)
{
	const struct yaml_node *list = cfg__place(n, "args");
	bool ended = false;

	for (uint32_t i = 0; i < s->n; i++) {
		const struct yaml_node *at = list->kind == Y_SEQ && i < list->n ? list->kids[i] : list;

		if (s->p[i][0] == '%' && !ended)
			cfg__problem(c->pb->cfg, at, "args: one that begins with a field could be taken for an option: write --name=%s, "
				     "or '--' before it", s->p[i]);
		ended |= !strcmp(s->p[i], "--");
		add_text(c, at, "args", NULL, s->p[i]);
	}
}

/* --- JSON documents ---------------------------------------------------------------------------------------- */

struct json_compile {
	struct playbook *pb;
	const struct yaml_node *at;
	struct buf literal;
	struct pb_segment *list;
	size_t n, cap;
};

static void end_literal(struct json_compile *j)
{
	struct pb_segment s = { .literal = arena__strndup(&j->pb->mem, (char *)j->literal.p, j->literal.len), .len = j->literal.len };

	j->list = xgrow(j->list, &j->cap, j->n + 1, sizeof(s));
	j->list[j->n++] = s;
	j->literal.len = 0;
}

static void put_json_text(struct json_compile *j, const char *text)
{
	buf__puts(&j->literal, "\"");
	if (*text && strchr(text, '%')) {
		end_literal(j);
		j->list = xgrow(j->list, &j->cap, j->n + 1, sizeof(*j->list));
		j->list[j->n++] = (struct pb_segment){ .text = compile_text(j->pb, j->at, "body", text) };
	} else {
		text__json(&j->literal, text, strlen(text));
	}
	buf__puts(&j->literal, "\"");
}

static void put_json(struct json_compile *j, const cJSON *v, unsigned depth)
{
	const cJSON *kid;
	char *text;

	if (depth > MAX_JSON_DEPTH) {
		cfg__problem(j->pb->cfg, j->at, "body: nested more than %d levels deep", MAX_JSON_DEPTH);
		return;
	}
	if (cJSON_IsString(v)) {
		put_json_text(j, v->valuestring);
		return;
	}
	if (!cJSON_IsObject(v) && !cJSON_IsArray(v)) {
		text = cJSON_PrintUnformatted(v);
		buf__puts(&j->literal, text ? text : "null");
		cJSON_free(text);
		return;
	}
	buf__puts(&j->literal, cJSON_IsObject(v) ? "{" : "[");
	cJSON_ArrayForEach(kid, v) {
		buf__puts(&j->literal, kid == v->child ? "" : ",");
		if (cJSON_IsObject(v)) {
			buf__puts(&j->literal, "\"");
			text__json(&j->literal, kid->string, strlen(kid->string));
			buf__puts(&j->literal, "\":");
		}
		put_json(j, kid, depth + 1);
	}
	buf__puts(&j->literal, cJSON_IsObject(v) ? "}" : "]");
}

static void add_body(struct compiling *c, const struct yaml_node *n, const char *body)
{
	struct json_compile j = { .pb = c->pb, .at = cfg__place(n, "body") };
	struct pb_template *t;
	const char *end = NULL;
	cJSON *doc;

	if (!body)
		return;
	doc = cJSON_ParseWithOpts(body, &end, true);
	if (!doc) {
		cfg__problem(c->pb->cfg, j.at, "body: not a JSON document, from '%.20s' on", end ? end : body);
		return;
	}
	put_json(&j, doc, 0);
	end_literal(&j);
	cJSON_Delete(doc);
	buf__done(&j.literal);
	t = add(c, "body", NULL);
	t->segments = arena__alloc(&c->pb->mem, j.n * sizeof(*j.list));
	memcpy(t->segments, j.list, j.n * sizeof(*j.list));
	t->n_segments = (uint32_t)j.n;
	free(j.list);
}

void pb_action__compile(struct playbook *pb, const struct yaml_node *node, struct pb_action *a)
{
	struct compiling c = { .pb = pb };
	const struct pb_action_opts *o = a->o;

	add_one(&c, node, "reason", o->reason);
	add_one(&c, node, "message", o->message);
	add_one(&c, node, "title", o->title);
	add_one(&c, node, "text", o->text);
	add_args(&c, node, &o->args);
	add_pairs(&c, node, "labels", &o->labels);
	add_pairs(&c, node, "annotations", &o->annotations);
	add_body(&c, node, o->body);
	a->templates = arena__alloc(&pb->mem, c.n * sizeof(*c.list));
	if (c.n)
		memcpy(a->templates, c.list, c.n * sizeof(*c.list));
	a->n_templates = (uint32_t)c.n;
	free(c.list);
}

/* --- rendering --------------------------------------------------------------------------------------------- */

/* As an argument of a program: no NUL may end it early, and it has an end. */
static char *keep(const struct buf *b, struct arena *mem)
{
	static const char cut[] = " [cut]";
	size_t n = b->len > PB_MAX_ARG ? PB_MAX_ARG : b->len;
	char *s = arena__alloc(mem, n + sizeof(cut)), *to = s;

	for (size_t i = 0; i < n; i++)
		if (b->p[i])
			*to++ = (char)b->p[i];
	memcpy(to, n < b->len ? cut : "", n < b->len ? sizeof(cut) : 1);
	return s;
}

/* A document that is cut is none: each text in it is. */
static void render_json(const struct pb_template *t, const struct eng_ctx *ctx, struct arena *scratch, struct buf *out)
{
	struct buf text = { 0 };

	for (uint32_t i = 0; i < t->n_segments; i++) {
		const struct pb_segment *s = &t->segments[i];

		if (s->literal) {
			buf__add(out, s->literal, s->len);
			continue;
		}
		text.len = 0;
		eng_output__text(s->text, ctx, scratch, &text);
		text__json(out, (char *)text.p, text.len > PB_MAX_ARG ? PB_MAX_ARG : text.len);
	}
	buf__done(&text);
}

void pb_step__render(struct pb_step *s, const struct eng_ctx *ctx, struct arena *mem, struct arena *scratch)
{
	const struct pb_action *a = s->action;
	const struct cfg_strings *reachable = &a->o->reachable;
	struct buf b = { 0 };

	s->args = arena__alloc(mem, (1 + reachable->n + a->n_templates) * sizeof(*s->args));
	if (a->o->program)
		s->args[s->n_args++] = (struct pb_arg){ "program", NULL, a->o->program };
	for (uint32_t i = 0; i < reachable->n; i++)
		s->args[s->n_args++] = (struct pb_arg){ "reachable", NULL, reachable->p[i] };
	for (uint32_t i = 0; i < a->n_templates; i++) {
		const struct pb_template *t = &a->templates[i];
		const char *value;

		b.len = 0;
		if (t->text)
			eng_output__text(t->text, ctx, scratch, &b);
		else
			render_json(t, ctx, scratch, &b);
		value = t->n_segments ? arena__strndup(mem, (char *)b.p, b.len) : keep(&b, mem);
		s->args[s->n_args++] = (struct pb_arg){ t->name, t->key, value };
	}
	buf__done(&b);
}

void playbook__want(const struct playbook *pb, struct fmt_want *w)
{
	eng_prog__want(pb->prog, w);
	for (uint32_t i = 0; i < pb->n; i++)
		for (uint32_t k = 0; k < pb->entries[i].n_actions; k++) {
			const struct pb_action *a = &pb->entries[i].actions[k];

			for (uint32_t t = 0; t < a->n_templates; t++) {
				if (a->templates[t].text)
					eng_output__want(a->templates[t].text, true, w);
				for (uint32_t s = 0; s < a->templates[t].n_segments; s++)
					if (a->templates[t].segments[s].text)
						eng_output__want(a->templates[t].segments[s].text, true, w);
			}
		}
}
