// SPDX-License-Identifier: Apache-2.0
/* A file's items: versions, lists and macros; rules are in rules_read_rule.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/rules/ruleset.h"
#include "format/base/nearest.h"

/* --- Values of keys --------------------------------------------------------------------------- */

static int wrong_value(struct eng_ruleset *rs, const struct yaml_node *v, const char *key, const struct rules_ctx *ctx,
		       const char *what)
{
	return rules__error(rs, LOAD_ERR_YAML_VALIDATE, ctx__node(rs, v, "value for", key, ctx), "%s", what);
}

static int undecodable(struct eng_ruleset *rs, const struct yaml_node *v, const char *key, const struct rules_ctx *ctx)
{
	return wrong_value(rs, v, key, ctx, "Can't decode YAML scalar value");
}

/* The scalar of a key: 0 with *ret, 1 if it may be absent or empty and is, negative. */
static int get_scalar(struct eng_ruleset *rs, const struct yaml_node *item, const char *key,
		      int how,
		      const struct rules_ctx *ctx, const struct yaml_node **ret)
{
	const struct yaml_node *v = yaml_node__get(item, key);

	if (!v && how != GET_REQUIRED)
		return 1;
	if (!v)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, ctx,
				    "Item has no mapping for key '%s'", key);
	if (v->kind == Y_NULL && how == GET_OPTIONAL_EMPTY)
		return 1;
	if (v->kind == Y_NULL)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, ctx,
				    "Mapping for key '%s' is empty", key);
	if (v->kind != Y_SCALAR)
		return wrong_value(rs, v, key, ctx, "Value is not a scalar value");
	if (!v->len && how == GET_OPTIONAL_EMPTY)
		return 1;
	if (!v->len)
		return wrong_value(rs, v, key, ctx, "Value must be non-empty");
	if (memchr(v->text, 0, v->len))
		return undecodable(rs, v, key, ctx);
	*ret = v;
	return 0;
}

int get_text(struct eng_ruleset *rs, const struct yaml_node *item, const char *key, int how,
	     const struct rules_ctx *ctx, const char **ret)
{
	const struct yaml_node *v;
	int r = get_scalar(rs, item, key, how, ctx, &v);

	if (!r)
		*ret = v->text;
	return r;
}

int get_bool(struct eng_ruleset *rs, const struct yaml_node *item, const char *key, int how,
	     const struct rules_ctx *ctx, bool *ret)
{
	const struct yaml_node *v;
	int r = get_scalar(rs, item, key, how, ctx, &v);

	if (!r && !yaml_node__bool(v, ret))
		return undecodable(rs, v, key, ctx);
	return r;
}

int get_u32(struct eng_ruleset *rs, const struct yaml_node *item, const char *key, int how,
	    const struct rules_ctx *ctx, uint32_t *ret)
{
	const struct yaml_node *v;
	int r = get_scalar(rs, item, key, how, ctx, &v);

	if (!r && !yaml_node__u32(v, ret))
		return undecodable(rs, v, key, ctx);
	return r;
}

int get_texts(struct eng_ruleset *rs, const struct yaml_node *item, const char *key, bool optional,
	      const struct rules_ctx *ctx, const char ***ret, uint32_t *ret_n)
{
	const struct yaml_node *v = yaml_node__get(item, key);
	const char **out;

	if (!v && optional)
		return 1;
	if (!v)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, ctx,
				    "Item has no mapping for key '%s'", key);
	if (v->kind != Y_SEQ)
		return wrong_value(rs, v, key, ctx, "Value is not a sequence");
	out = arena__alloc(&rs->mem, v->n * sizeof(*out));
	for (uint32_t i = 0; i < v->n; i++) {
		if (v->kids[i]->kind != Y_SCALAR || memchr(v->kids[i]->text, 0, v->kids[i]->len))
			return rules__error(rs, LOAD_ERR_YAML_VALIDATE,
					    ctx__node(rs, v->kids[i], "list item", "",
						      ctx__node(rs, v, "value for", key, ctx)),
					    "sequence value is not scalar");
		out[i] = v->kids[i]->text;
	}
	*ret = out;
	*ret_n = v->n;
	return 0;
}

bool is_one_of(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *w = words; *w;) {
		size_t l = strcspn(w, " ");

		if (l == n && !memcmp(w, word, n))
			return true;
		w += l + (w[l] == ' ');
	}
	return false;
}

#define MAX_KEYS 100u			/* looked at in one item: no honest one has more */

static void unknown_key(struct eng_ruleset *rs, const char *key, const char *known,
			const struct rules_ctx *ctx)
{
	struct nearest near = nearest__begin(key, strlen(key));
	char *words = xstrdup(known), *save;

	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		nearest__try(&near, w);
	rules__warn(rs, LOAD_UNKNOWN_KEY, ctx, "Unknown key '%s'. The key will be ignored.%s%s%s",
		    key, near.name ? " Did you mean '" : "", near.name ? near.name : "",
		    near.name ? "'?" : "");
	free(words);
}

void warn_unknown_keys(struct eng_ruleset *rs, const struct yaml_node *item, const char *known,
		       const struct rules_ctx *ctx)
{
	for (uint32_t i = 0; i < item->n && i < MAX_KEYS; i++) {
		const struct yaml_node *k = item->kids[2 * i];
		bool text = k->kind == Y_SCALAR;

		if (!text || !is_one_of(known, k->text) || strchr(k->text, ' '))
			unknown_key(rs, text || k->kind == Y_NULL ? k->text : "?", known, ctx);
		for (uint32_t j = 0; j < i && text; j++)
			if (item->kids[2 * j]->kind == Y_SCALAR &&
			    !strcmp(item->kids[2 * j]->text, k->text))
				rules__warn(rs, LOAD_UNKNOWN_KEY, ctx,
					    "Key '%s' is there more than once. Only the first counts.",
					    k->text);
	}
}

/* --- Overrides -------------------------------------------------------------------------------- */

static int add_override(struct eng_ruleset *rs, const struct yaml_node *k,
			const struct yaml_node *v,
			const char *appendable, const char *replaceable,
			const struct rules_ctx *ctx,
			struct overrides *ret)
{
	bool can_append = is_one_of(appendable, k->text),
		can_replace = is_one_of(replaceable, k->text);
	bool replace = !strcmp(v->text, "replace");

	if (!strcmp(v->text, "append") && !can_append)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE,
				    ctx__node(rs, k, "overrides", k->text, ctx),
				    "Key '%s' cannot be appended to, use 'replace' instead",
				    k->text);
	if (replace && !can_replace)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE,
				    ctx__node(rs, k, "overrides", k->text, ctx),
				    "Key '%s' cannot be replaced", k->text);
	if (!replace && strcmp(v->text, "append"))
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE,
				    ctx__node(rs, v, "value for", k->text, ctx),
				    "Invalid override operation for key '%s': '%s'. Allowed values "
				    "are: %s%s",
				    k->text, v->text, can_append ? "append " : "",
				    can_replace ? "replace " : "");
	if (ret->n < sizeof(ret->keys) / sizeof(*ret->keys)) {
		ret->keys[ret->n] = k->text;
		ret->replace[ret->n++] = replace;
	}
	return 0;
}

int get_overrides(struct eng_ruleset *rs, const struct yaml_node *item, const char *appendable,
		  const char *replaceable, const struct rules_ctx *ctx, struct overrides *ret)
{
	const struct yaml_node *o = yaml_node__get(item, "override");
	const struct rules_ctx *in;
	int r = 0;

	*ret = (struct overrides){ 0 };
	if (!o)
		return 0;
	in = ctx__node(rs, item, "overrides", "", ctx);
	if (o->kind != Y_MAP && o->kind != Y_NULL)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, in,
				    "Value of override must be a mapping");
	for (uint32_t i = 0; i < o->n && !r; i++) {
		const struct yaml_node *k = o->kids[2 * i], *v = o->kids[2 * i + 1];

		if (k->kind != Y_SCALAR || v->kind != Y_SCALAR)
			return rules__error(rs, LOAD_ERR_YAML_VALIDATE, in,
					    "Keys and operations of override must be scalars");
		r = add_override(rs, k, v, appendable, replaceable, in, ret);
	}
	return r;
}

bool overrides__has(const struct overrides *o, const char *key, bool replace)
{
	for (unsigned i = 0; i < o->n; i++)
		if (o->replace[i] == replace && !strcmp(o->keys[i], key))
			return true;
	return false;
}

/* --- Versions --------------------------------------------------------------------------------- */

static bool parse_version(const char *s, unsigned v[3])
{
	int used = 0;

	return sscanf(s, "%u.%u.%u%n", &v[0], &v[1], &v[2], &used) == 3 && used &&
	       (!s[used] || s[used] == '-' || s[used] == '+');
}

static int read_engine_version(struct eng_ruleset *rs, const struct yaml_node *item,
			       const struct rules_ctx *up)
{
	const struct rules_ctx *ctx = ctx__node(rs, item, "required_engine_version", "", up);
	const struct yaml_node *v = yaml_node__get(item, "required_engine_version");
	unsigned want[3] = { 0 };
	const char *text = NULL;
	uint32_t n;
	int r;

	r = get_text(rs, item, "required_engine_version", GET_REQUIRED, ctx, &text);
	if (r < 0)
		return r;
	if (yaml_node__u32(v, &n))
		want[1] = n;
	else if (!parse_version(text, want))
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, ctx,
				    "Unable to parse engine version '%s' as a semver string. "
				    "Expected \"x.y.z\" semver format.", text);
	if (want[0] != ENGINE_MAJOR || want[1] > ENGINE_MINOR ||
	    (want[1] == ENGINE_MINOR && want[2] > ENGINE_PATCH))
		return rules__error(rs, LOAD_ERR_VALIDATE, ctx,
				    "Rules require engine version %u.%u.%u, but engine version is "
				    "%u.%u.%u", want[0], want[1], want[2],
				    ENGINE_MAJOR,
				    ENGINE_MINOR, ENGINE_PATCH);
	warn_unknown_keys(rs, item, "required_engine_version", ctx);
	return 0;
}

struct requirement {
	const char *name, *version;
};

static int read_requirement(struct eng_ruleset *rs, const struct yaml_node *n, const char *type,
			    const struct rules_ctx *up, struct requirement *ret,
			    const struct rules_ctx **ret_ctx)
{
	const struct rules_ctx *ctx = ctx__node(rs, n, type, "", up);
	int r;

	if (n->kind != Y_MAP)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, ctx,
				    "Plugin version must be a mapping");
	r = get_text(rs, n, "name", GET_REQUIRED, ctx, &ret->name);
	if (r < 0)
		return r;
	*ret_ctx = ctx__node(rs, n, type, ret->name, up);
	return get_text(rs, n, "version", GET_REQUIRED, *ret_ctx, &ret->version);
}

static int check_requirement(struct eng_ruleset *rs, const struct requirement *all, uint32_t n,
			     const struct rules_ctx *ctx)
{
	unsigned v[3];

	for (uint32_t i = 0; i < n; i++) {
		if (!parse_version(all[i].version, v))
			return rules__error(rs, LOAD_ERR_VALIDATE, ctx,
					    "Invalid required version '%s' for plugin "
					    "'%s'", all[i].version, all[i].name);
		for (uint32_t k = 0; k < i; k++)
			if (!strcmp(all[i].name, all[k].name))
				return rules__error(rs, LOAD_ERR_VALIDATE, ctx,
						    "Defined multiple alternative version "
						    "requirements for plugin '%s'",
						    all[i].name);
	}
	return 0;
}

#define BUILT_IN_MAJOR 0u

static bool is_built_in(const char *plugin)
{
	return !strcmp(plugin, "container") || !strcmp(plugin, "k8saudit") || !strcmp(plugin, "json");
}

/*
 * The first that is built in decides: container, k8saudit and json count as every version 0. Where none is, rules for
 * the sources of other plugins are passed over with a warning.
 */
static int satisfy(struct eng_ruleset *rs, const struct requirement *all, uint32_t n, const struct rules_ctx *ctx)
{
	unsigned v[3];

	for (uint32_t i = 0; i < n; i++) {
		if (!is_built_in(all[i].name))
			continue;
		if (parse_version(all[i].version, v) && v[0] != BUILT_IN_MAJOR)
			return rules__error(rs, LOAD_ERR_VALIDATE, ctx,
					    "Rules require version %s of plugin '%s', but versions %u are built in",
					    all[i].version, all[i].name, BUILT_IN_MAJOR);
		return 0;
	}
	return 0;
}

#define MAX_ALTERNATIVES 64u

static int read_plugin(struct eng_ruleset *rs, const struct yaml_node *n,
		       const struct rules_ctx *up)
{
	const struct yaml_node *alts = yaml_node__get(n, "alternatives");
	struct requirement all[MAX_ALTERNATIVES];
	const struct rules_ctx *ctx, *alt_ctx;
	uint32_t count = 1;
	int r;

	r = read_requirement(rs, n, "required plugin versions entry", up, &all[0], &ctx);
	if (r < 0)
		return r;
	if (alts && alts->kind != Y_SEQ)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, ctx,
				    "Value of plugin version alternatives must be a sequence");
	if (alts && alts->n >= MAX_ALTERNATIVES)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, ctx, "Too many alternatives");
	for (uint32_t i = 0; alts && i < alts->n; i++) {
		r = read_requirement(rs, alts->kids[i], "required plugin versions alternative", ctx,
				     &all[count++], &alt_ctx);
		if (r < 0)
			return r;
	}
	r = check_requirement(rs, all, count, ctx);
	return r < 0 ? r : satisfy(rs, all, count, ctx);
}

static int read_plugin_versions(struct eng_ruleset *rs, const struct yaml_node *item,
				const struct rules_ctx *up)
{
	const struct yaml_node *seq = yaml_node__get(item, "required_plugin_versions");
	const struct rules_ctx *ctx = ctx__node(rs, seq, "required plugin versions", "", up);
	int r = 0;

	if (seq->kind != Y_SEQ)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, ctx,
				    "Value of required_plugin_versions must be a sequence");
	for (uint32_t i = 0; i < seq->n && !r; i++)
		r = read_plugin(rs, seq->kids[i], ctx);
	if (!r)
		warn_unknown_keys(rs, item, "required_plugin_versions",
				  ctx__node(rs, item, "required plugin versions", "", up));
	return r;
}

/* --- Lists and macros ------------------------------------------------------------------------- */

static bool is_bare_string(const char *s)
{
	return *s && !strpbrk(s, "()\"' \t\n\v\f\r=,");
}

static bool is_identifier(const char *s)
{
	if (!((*s | 32) >= 'a' && (*s | 32) <= 'z'))
		return false;
	for (; *s; s++)
		if (!((*s | 32) >= 'a' && (*s | 32) <= 'z') && !(*s >= '0' && *s <= '9') &&
		    *s != '_')
			return false;
	return true;
}

/* append: true or override of the one key that lists and macros have. */
static int read_append(struct eng_ruleset *rs, const struct yaml_node *item, const char *key,
		       const struct rules_ctx *ctx, bool *ret)
{
	struct overrides o;
	bool append = false;
	int r;

	r = get_bool(rs, item, "append", GET_OPTIONAL, ctx, &append);
	if (r < 0)
		return r;
	if (append)
		rules__warn(rs, LOAD_DEPRECATED_ITEM, ctx, WARN_APPEND);
	r = get_overrides(rs, item, key, key, ctx, &o);
	if (r < 0)
		return r;
	if (append && o.n)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, ctx, APPEND_AND_OVERRIDE);
	*ret = append || overrides__has(&o, key, false);
	return 0;
}

static int read_list(struct eng_ruleset *rs, const struct yaml_node *item,
		     const struct rules_ctx *up)
{
	struct def_list l = { 0 };
	bool append;
	int r;

	r = get_text(rs, item, "list", GET_REQUIRED, ctx__node(rs, item, "list", "", up), &l.name);
	if (r < 0)
		return r;
	l.ctx = ctx__node(rs, item, "list", l.name, up);
	if (!is_bare_string(l.name))
		rules__warn(rs, LOAD_INVALID_LIST_NAME, l.ctx,
			    "List has an invalid name. List names should match a regular "
			    "expression: ([^()\"'[:space:]=,]+)");
	r = get_texts(rs, item, "items", false, l.ctx, &l.items, &l.n_items);
	if (r < 0)
		return r;
	r = read_append(rs, item, "items", l.ctx, &append);
	if (!r)
		r = collect__list(rs, &l, append);
	if (!r)
		warn_unknown_keys(rs, item, "list items append override", l.ctx);
	return r;
}

static int read_macro(struct eng_ruleset *rs, const struct yaml_node *item,
		      const struct rules_ctx *up)
{
	struct def_macro m = { 0 };
	bool append;
	int r;

	r = get_text(rs, item, "macro", GET_REQUIRED, ctx__node(rs, item, "macro", "", up),
		     &m.name);
	if (r < 0)
		return r;
	m.ctx = ctx__node(rs, item, "macro", m.name, up);
	if (!is_identifier(m.name))
		rules__warn(rs, LOAD_INVALID_MACRO_NAME, m.ctx,
			    "Macro has an invalid name. Macro names should match a regular "
			    "expression: ([a-zA-Z]+[a-zA-Z0-9_]*)");
	r = get_text(rs, item, "condition", GET_REQUIRED, m.ctx, &m.cond);
	if (r < 0)
		return r;
	m.cond_ctx = ctx__node(rs, yaml_node__get(item, "condition"), "macro condition", "", m.ctx);
	r = read_append(rs, item, "condition", m.ctx, &append);
	if (!r)
		r = collect__macro(rs, &m, append);
	if (!r)
		warn_unknown_keys(rs, item, "macro condition append override", m.ctx);
	return r;
}

/* --- Items and documents ---------------------------------------------------------------------- */

static int read_item(struct eng_ruleset *rs, const struct yaml_node *item,
		     const struct rules_ctx *up)
{
	const struct rules_ctx *ctx = ctx__node(rs, item, "rules content item", "", up);

	if (item->kind != Y_MAP)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, ctx,
				    "Unexpected element type. Each element should be a yaml "
				    "associative array.");
	if (yaml_node__get(item, "required_engine_version"))
		return read_engine_version(rs, item, up);
	if (yaml_node__get(item, "required_plugin_versions"))
		return read_plugin_versions(rs, item, up);
	if (yaml_node__get(item, "list"))
		return read_list(rs, item, up);
	if (yaml_node__get(item, "macro"))
		return read_macro(rs, item, up);
	if (yaml_node__get(item, "rule"))
		return rules__read_rule(rs, item, up);
	rules__warn(rs, LOAD_UNKNOWN_ITEM, ctx, "Unknown top level item");
	return 0;
}

static int read_document(struct eng_ruleset *rs, const struct yaml_node *doc,
			 const struct rules_ctx *ctx)
{
	int r = 0;

	if (doc->kind == Y_NULL)
		return 0;
	if (doc->kind == Y_SCALAR)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, ctx, "Rules content is not yaml");
	if (doc->kind != Y_SEQ)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, ctx,
				    "Rules content is not yaml array of objects");
	for (uint32_t i = 0; i < doc->n && !r; i++)
		if (doc->kids[i]->kind != Y_NULL)
			r = read_item(rs, doc->kids[i], ctx);
	return r;
}

int rules__read(struct eng_ruleset *rs, const char *name, const char *text, size_t len)
{
	const struct rules_ctx *ctx = ctx__file(rs, name);
	struct err err = { 0 };
	struct yaml_node **docs;
	struct yaml_mark at;
	uint32_t n;
	int r;

	r = yaml_tree__parse(text, len, &rs->mem, &docs, &n, &at, &err);
	if (r < 0)
		return rules__error(rs, LOAD_ERR_YAML_PARSE, ctx__mark(rs, at, ctx), "%s", err.msg);
	for (uint32_t i = 0; i < n && !r; i++)
		r = read_document(rs, docs[i], ctx);
	return r;
}
