// SPDX-License-Identifier: Apache-2.0
/* What is appended to outputs: entries of Falco's append_output. */
#include <string.h>

#include "engine/alert/output.h"
#include "engine/rules/ruleset.h"

#define MAX_ENTRIES 256u

static int wrong(struct err *err, const char *key, const char *what)
{
	return err__set(err, -FMT_E_VALUE, "'%s' %s; keys are match (source, tags, rule), "
			"extra_output, extra_fields and suggested_output", key, what);
}

/* Has a key of the mapping come before? Each has one value, and what is read for it one place. */
static bool is_repeated(const struct yaml_node *map, uint32_t at)
{
	const char *key = map->kids[2 * at]->text;

	for (uint32_t i = 0; key && i < at; i++)
		if (map->kids[2 * i]->text && !strcmp(map->kids[2 * i]->text, key))
			return true;
	return false;
}

static int text_of(const struct yaml_node *v, const char *key, const char **ret, struct err *err)
{
	if (v->kind != Y_SCALAR || !v->len || memchr(v->text, 0, v->len))
		return wrong(err, key, "must be a text");
	*ret = v->text;
	return 0;
}

static int read_tags(struct eng_ruleset *rs, const struct yaml_node *v, struct def_append *a,
		     struct err *err)
{
	int r = 0;

	if (v->kind != Y_SEQ)
		return wrong(err, "tags", "must be a list");
	a->tags = arena__alloc(&rs->mem, v->n * sizeof(*a->tags));
	for (uint32_t i = 0; i < v->n && !r; i++)
		r = text_of(v->kids[i], "tags", &a->tags[a->n_tags++], err);
	return r;
}

static int read_match(struct eng_ruleset *rs, const struct yaml_node *m, struct def_append *a,
		      struct err *err)
{
	int r = 0;

	if (m->kind != Y_MAP)
		return wrong(err, "match", "must be a mapping");
	for (uint32_t i = 0; i < m->n && !r; i++) {
		const char *key = m->kids[2 * i]->text ? m->kids[2 * i]->text : "";
		const struct yaml_node *v = m->kids[2 * i + 1];

		if (is_repeated(m, i))
			r = wrong(err, key, "is there twice");
		else if (!strcmp(key, "source"))
			r = text_of(v, key, &a->source, err);
		else if (!strcmp(key, "rule"))
			r = text_of(v, key, &a->rule, err);
		else if (!strcmp(key, "tags"))
			r = read_tags(rs, v, a, err);
		else
			r = wrong(err, key, "is not known in match");
	}
	return r;
}

/* Elements are names of fields, or {NAME: FORMAT}. */
static int read_fields(struct eng_ruleset *rs, const struct yaml_node *v, struct def_append *a,
		       struct err *err)
{
	int r = 0;

	if (v->kind != Y_SEQ)
		return wrong(err, "extra_fields", "must be a list");
	a->fields = arena__zalloc(&rs->mem, v->n * sizeof(*a->fields));
	for (uint32_t i = 0; i < v->n && !r; i++) {
		const struct yaml_node *f = v->kids[i];
		struct def_extra *x = &a->fields[a->n_fields++];

		if (f->kind != Y_MAP) {
			r = text_of(f, "extra_fields", &x->name, err);
			continue;
		}
		if (f->n != 1)
			return wrong(err, "extra_fields", "has an element that is not NAME: FORMAT");
		r = text_of(f->kids[0], "extra_fields", &x->name, err);
		if (!r)
			r = text_of(f->kids[1], "extra_fields", &x->format, err);
	}
	return r;
}

static int read_key(struct eng_ruleset *rs, const char *key, const struct yaml_node *v,
		    struct def_append *a, struct err *err)
{
	if (!strcmp(key, "match"))
		return read_match(rs, v, a, err);
	if (!strcmp(key, "extra_output"))
		return text_of(v, key, &a->output, err);
	if (!strcmp(key, "extra_fields"))
		return read_fields(rs, v, a, err);
	if (strcmp(key, "suggested_output"))
		return wrong(err, key, "is not known");
	return yaml_node__bool(v, &a->suggested) ? 0 : wrong(err, key, "must be true or false");
}

static int read_entry(struct eng_ruleset *rs, const char *text, struct def_append *a,
		      struct err *err)
{
	struct yaml_node **docs;
	struct yaml_mark at;
	uint32_t n;
	int r;

	r = yaml_tree__parse(text, strlen(text), &rs->mem, &docs, &n, &at, err);
	if (r < 0)
		return r;
	if (n != 1 || docs[0]->kind != Y_MAP)
		return err__set(err, -FMT_E_VALUE, "expected a format, or a mapping in braces");
	for (uint32_t i = 0; i < docs[0]->n && !r; i++) {
		const struct yaml_node *k = docs[0]->kids[2 * i];
		const char *key = k->kind == Y_SCALAR ? k->text : "?";

		r = is_repeated(docs[0], i) ? wrong(err, key, "is there twice") :
					      read_key(rs, key, docs[0]->kids[2 * i + 1], a, err);
	}
	return r;
}

int eng_ruleset__append_output(struct eng_ruleset *rs, const char *text, struct err *err)
{
	struct def_append a = { .suggested = true };
	int r = 0;

	if (rs->n_appends == MAX_ENTRIES)
		return err__set(err, -FMT_E_LIMIT, "more than %u texts to append", MAX_ENTRIES);
	if (text[strspn(text, " \t\n")] == '{')
		r = read_entry(rs, text, &a, err);
	else if (*text)
		a.output = arena__strndup(&rs->mem, text, strlen(text));
	else
		r = err__set(err, -FMT_E_VALUE, "nothing to append");
	if (r < 0)
		return r;
	rs->appends = xgrow(rs->appends, &rs->cap_appends, rs->n_appends + 1,
			    sizeof(*rs->appends));
	rs->appends[rs->n_appends++] = a;
	rs->all_tried = false;
	rs->changed = true;
	return 0;
}

bool append__is_for(const struct def_append *a, const struct def_rule *r)
{
	if ((a->source && strcmp(a->source, r->source)) || (a->rule && strcmp(a->rule, r->name)))
		return false;
	for (uint32_t i = 0; i < a->n_tags; i++) {
		bool has = false;

		for (uint32_t k = 0; k < r->n_tags; k++)
			has |= !strcmp(a->tags[i], r->tags[k]);
		if (!has)
			return false;
	}
	return true;
}

int append__fields(struct eng_ruleset *rs, const struct def_rule *r, struct eng_output *o,
		   struct err *err)
{
	int rc = 0;

	for (uint32_t i = 0; i < rs->n_appends; i++)
		for (uint32_t k = 0; append__is_for(&rs->appends[i], r) && !rc &&
		     k < rs->appends[i].n_fields; k++)
			rc = output__add_field(o, rs->appends[i].fields[k].name,
					       rs->appends[i].fields[k].format, &rs->build, err);
	return rc;
}
