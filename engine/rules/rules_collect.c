// SPDX-License-Identifier: Apache-2.0
/* Definitions put together over all files: later ones replace, append to or change earlier ones. */
#include <stdio.h>
#include <string.h>

#include "engine/rules/ruleset.h"

static uint32_t find(const struct strtab *names, const char *name)
{
	return strtab__find(names, name, (uint32_t)strlen(name), (uint32_t)strlen(name));
}

static uint32_t add(struct strtab *names, const char *name)
{
	return strtab__add(names, name, (uint32_t)strlen(name), (uint32_t)strlen(name));
}

struct def_list *find_list(const struct eng_ruleset *rs, const char *name)
{
	uint32_t id = find(&rs->list_names, name);

	return id ? &rs->lists[id - 1] : NULL;
}

static const char *joined(struct eng_ruleset *rs, const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	char *s = arena__alloc(&rs->mem, na + nb + 2);

	memcpy(s, a, na);
	s[na] = ' ';
	memcpy(s + na + 1, b, nb + 1);
	return s;
}

/*
 * --- Lists and macros: a new definition keeps the place of the first --------------------------
 *
 * Files that are published on their own repeat what they need of each other: to say the same again
 * changes nothing of what has been compiled.
 */

/* It sees more lists now: none of its items may be the name of one that it did not see. */
static bool is_list_as_before(const struct eng_ruleset *rs, const struct def_list *prev, const struct def_list *l,
			      uint32_t now)
{
	if (l->n_items != prev->n_items)
		return false;
	for (uint32_t i = 0; i < l->n_items; i++) {
		const struct def_list *inner = find_list(rs, l->items[i]);

		if (strcmp(l->items[i], prev->items[i]) ||
		    (inner && inner->index >= prev->visibility && inner->index < now))
			return false;
	}
	return true;
}

int collect__list(struct eng_ruleset *rs, struct def_list *l, bool append)
{
	struct def_list *prev = find_list(rs, l->name);
	uint32_t now;
	const char **items;

	if (append && !prev)
		return rules__error(rs, LOAD_ERR_VALIDATE, l->ctx,
				    "List uses 'append' or 'override.items: append' but no list by "
				    "that name already exists");
	now = rs->next_index++;
	if (prev && (append || !is_list_as_before(rs, prev, l, now)))
		rs->changed = true;
	if (!append) {
		l->index = prev ? prev->index : now;
		l->visibility = now;
		l->used = prev && prev->used;
		if (!prev) {
			rs->lists = xgrow(rs->lists, &rs->cap_lists, rs->list_names.n + 1,
					  sizeof(*rs->lists));
			prev = &rs->lists[add(&rs->list_names, l->name) - 1];
		}
		*prev = *l;
		return 0;
	}
	items = arena__alloc(&rs->mem, ((size_t)prev->n_items + l->n_items) * sizeof(*items));
	if (prev->n_items)
		memcpy(items, prev->items, prev->n_items * sizeof(*items));
	if (l->n_items)
		memcpy(items + prev->n_items, l->items, l->n_items * sizeof(*items));
	prev->items = items;
	prev->n_items += l->n_items;
	prev->visibility = now;
	return 0;
}

int collect__macro(struct eng_ruleset *rs, struct def_macro *m, bool append)
{
	uint32_t id = find(&rs->macro_names, m->name), now;
	struct def_macro *prev = id ? &rs->macros[id - 1] : NULL;

	if (append && !prev)
		return rules__error(rs, LOAD_ERR_VALIDATE, m->ctx, "Macro uses 'append' or "
				    "'override.condition: append' but no macro by that name "
				    "already exists");
	now = rs->next_index++;
	if (prev && !append) {
		m->used = prev->used;
		m->parsed = prev->parsed;
		m->ast = prev->ast;	/* if it is the same: all that it names it has seen before */
	}
	if (prev && !append && rs->grows && id <= rs->n_macros && !strcmp(prev->cond, m->cond))
		m->parsed.origin->ctx = m->cond_ctx;
	else if (prev)
		rs->changed = true;
	if (append) {
		prev->cond = joined(rs, prev->cond, m->cond);
		prev->visibility = now;
		return 0;
	}
	m->index = prev ? prev->index : now;
	m->visibility = now;
	if (!prev) {
		rs->macros = xgrow(rs->macros, &rs->cap_macros, rs->macro_names.n + 1,
				   sizeof(*rs->macros));
		prev = &rs->macros[add(&rs->macro_names, m->name) - 1];
	}
	*prev = *m;
	return 0;
}

/* --- Rules ------------------------------------------------------------------------------------ */

/* What exceptions may name fields of. */
static const char *source_of(const struct def_rule *r)
{
	return r->unknown_source ? NULL : r->source;
}

/* The rule of this name, which must not have been given another source. */
static int find_rule(struct eng_ruleset *rs, const struct def_rule *r, struct def_rule **ret)
{
	uint32_t id = find(&rs->rule_names, r->name);

	*ret = id ? &rs->rules[id - 1] : NULL;
	if (*ret && r->source[0] && (*ret)->source[0] && strcmp((*ret)->source, r->source))
		return rules__error(rs, LOAD_ERR_VALIDATE, r->ctx,
				    "Rule has been re-defined with a different source");
	return 0;
}

int collect__rule(struct eng_ruleset *rs, struct def_rule *r)
{
	struct def_rule *prev;
	int rc = find_rule(rs, r, &prev);

	if (rc < 0)
		return rc;
	r->unknown_source = !source__is_known(r->source);
	if (r->unknown_source)
		rules__warn(rs, LOAD_UNKNOWN_SOURCE, r->ctx, "Unknown source %s, skipping",
			    r->source);
	for (uint32_t i = 0; i < r->exceptions.n && !rc; i++) {
		struct def_exception *e = &r->exceptions.p[i];

		if (!entry__given(&e->fields))
			rc = rules__error(rs, LOAD_ERR_VALIDATE, e->ctx,
					  "Rule exception item must have fields property with a "
					  "list of fields");
		else
			rc = exception__check(rs, e, source_of(r));
	}
	if (rc < 0)
		return rc;
	r->visibility = rs->next_index++;
	r->index = prev ? prev->index : r->visibility;
	rs->changed |= prev != NULL;
	if (prev)
		r->parsed = prev->parsed;
	if (!prev) {
		rs->rules = xgrow(rs->rules, &rs->cap_rules, rs->rule_names.n + 1,
				  sizeof(*rs->rules));
		prev = &rs->rules[add(&rs->rule_names, r->name) - 1];
	}
	*prev = *r;
	return 0;
}

int collect__enable(struct eng_ruleset *rs, const char *name, bool enabled,
		    const struct rules_ctx *ctx)
{
	uint32_t id = find(&rs->rule_names, name);

	if (!id)
		return rules__error(rs, LOAD_ERR_VALIDATE, ctx,
				    "Rule has 'enabled' key but no rule by that name already "
				    "exists");
	rs->rules[id - 1].enabled = enabled;
	return 0;
}

static void add_tags(struct eng_ruleset *rs, struct def_rule *to, const struct def_rule *from)
{
	const char **tags = arena__alloc(&rs->mem,
					 ((size_t)to->n_tags + from->n_tags) * sizeof(*tags));
	uint32_t a = 0, b = 0, n = 0;

	while (a < to->n_tags || b < from->n_tags) {	/* both are sorted */
		int c = a == to->n_tags ? 1 : b == from->n_tags ? -1 : strcmp(to->tags[a],
									      from->tags[b]);

		tags[n++] = c <= 0 ? to->tags[a] : from->tags[b];
		a += c <= 0;
		b += c >= 0;
	}
	to->tags = tags;
	to->n_tags = n;
}

static void add_values(struct eng_ruleset *rs, struct def_exception *to,
		       const struct def_exception *from)
{
	struct def_entry *v = arena__alloc(&rs->mem,
					   ((size_t)to->n_values + from->n_values) * sizeof(*v));

	if (to->n_values)
		memcpy(v, to->values, to->n_values * sizeof(*v));
	if (from->n_values)
		memcpy(v + to->n_values, from->values, from->n_values * sizeof(*v));
	to->values = v;
	to->n_values += from->n_values;
}

static int add_exception(struct eng_ruleset *rs, struct def_rule *to, struct def_exception *e)
{
	struct def_exception *p;
	int rc;

	if (!entry__given(&e->fields))
		return rules__error(rs, LOAD_ERR_VALIDATE, e->ctx,
				    "Rule exception must have fields property with a list of "
				    "fields");
	if (!e->n_values)
		return rules__error(rs, LOAD_ERR_VALIDATE, e->ctx,
				    "Rule exception must have values property with a list of "
				    "values");
	rc = exception__check(rs, e, source_of(to));
	if (rc < 0)
		return rc;
	p = arena__alloc(&rs->mem, (to->exceptions.n + 1) * sizeof(*p));
	if (to->exceptions.n)
		memcpy(p, to->exceptions.p, to->exceptions.n * sizeof(*p));
	p[to->exceptions.n++] = *e;
	to->exceptions.p = p;
	return 0;
}

static int merge_exception(struct eng_ruleset *rs, struct def_rule *to, struct def_exception *e)
{
	for (uint32_t i = 0; i < to->exceptions.n; i++) {
		struct def_exception *known = &to->exceptions.p[i];

		if (strcmp(known->name, e->name))
			continue;
		if (entry__given(&e->fields))
			return rules__error(rs, LOAD_ERR_VALIDATE, e->ctx,
					    "Can not append exception fields to existing "
					    "exception, only values");
		if (entry__given(&e->comps))
			return rules__error(rs, LOAD_ERR_VALIDATE, e->ctx,
					    "Can not append exception comps to existing exception, "
					    "only values");
		add_values(rs, known, e);
		return 0;
	}
	return add_exception(rs, to, e);
}

int collect__append(struct eng_ruleset *rs, struct def_update *u)
{
	struct def_rule *prev;
	int rc = find_rule(rs, &u->r, &prev);

	if (rc < 0)
		return rc;
	if (!prev)
		return rules__error(rs, LOAD_ERR_VALIDATE, u->r.ctx, "Rule uses 'append' or "
				    "'override.<key>: append' but no rule by that name already "
				    "exists");
	if (!u->has)
		return rules__error(rs, LOAD_ERR_VALIDATE, u->r.ctx,
				    "Appended rule must have exceptions or condition property");
	rs->changed = true;
	if (u->has & HAS_COND)
		prev->cond = joined(rs, prev->cond, u->r.cond);
	if (u->has & HAS_OUTPUT)
		prev->output = joined(rs, prev->output, u->r.output);
	if (u->has & HAS_DESC)
		prev->desc = joined(rs, prev->desc, u->r.desc);
	if (u->has & HAS_TAGS)
		add_tags(rs, prev, &u->r);
	for (uint32_t i = 0; i < u->r.exceptions.n && !rc; i++)
		rc = merge_exception(rs, prev, &u->r.exceptions.p[i]);
	prev->visibility = rs->next_index++;
	return rc;
}

/* Replaced exceptions are checked as those of a definition are. */
static int replace_exceptions(struct eng_ruleset *rs, struct def_rule *to,
			      const struct def_rule *from)
{
	int rc = 0;

	for (uint32_t i = 0; i < from->exceptions.n && !rc; i++)
		rc = exception__check(rs, &from->exceptions.p[i], source_of(to));
	to->exceptions = from->exceptions;
	return rc;
}

int collect__replace(struct eng_ruleset *rs, struct def_update *u)
{
	const struct def_rule *r = &u->r;
	struct def_rule *prev;
	int rc = find_rule(rs, r, &prev);

	if (rc < 0)
		return rc;
	if (!prev)
		return rules__error(rs, LOAD_ERR_VALIDATE, r->ctx,
				    "An 'override.<key>: replace' to a rule was requested but no "
				    "rule by that name already exists");
	rs->changed = true;
	if (u->has & HAS_COND) {
		prev->cond = r->cond;
		prev->cond_ctx = r->cond_ctx;
	}
	if (u->has & HAS_OUTPUT) {
		prev->output = r->output;
		prev->output_ctx = r->output_ctx;
	}
	if (u->has & HAS_DESC)
		prev->desc = r->desc;
	if (u->has & HAS_TAGS) {
		prev->tags = r->tags;
		prev->n_tags = r->n_tags;
	}
	if (u->has & HAS_EXCEPTIONS)
		rc = replace_exceptions(rs, prev, r);
	if (u->has & HAS_PRIORITY)
		prev->priority = r->priority;
	if (u->has & HAS_CAPTURE)
		prev->capture = r->capture;
	if (u->has & HAS_CAPTURE_MS)
		prev->capture_ms = r->capture_ms;
	if (u->has & HAS_ENABLED)
		prev->enabled = r->enabled;
	if (u->has & HAS_WARN)
		prev->warn_evttypes = r->warn_evttypes;
	if (u->has & HAS_THRESHOLD)
		prev->threshold = r->threshold;
	if (u->has & HAS_SKIP)
		prev->skip_unknown = r->skip_unknown;
	prev->visibility = rs->next_index++;
	return rc;
}
