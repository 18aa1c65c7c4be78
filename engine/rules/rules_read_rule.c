// SPDX-License-Identifier: Apache-2.0
/* Items that are rules: whole definitions, `enabled` alone, append and override. */
#include <stdlib.h>
#include <string.h>

#include "engine/rules/ruleset.h"

#define KEYS \
	"rule condition output desc priority source enabled capture capture_duration " \
	"warn_evttypes skip-if-unknown-filter tags exceptions override append spoor_threshold"
#define APPENDABLE "condition output desc tags exceptions"
#define REPLACEABLE \
	"condition output desc priority capture capture_duration tags exceptions enabled " \
	"warn_evttypes skip-if-unknown-filter spoor_threshold"
#define WARN_ENABLED \
	"The standalone 'enabled' key usage is deprecated. The correct approach requires " \
	"also a 'replace' entry under the 'override' key (i.e. 'enabled: replace')."
static const char *trimmed(struct eng_ruleset *rs, const char *s)
{
	size_t n;

	s += strspn(s, " \t\r\n\v\f");
	n = strlen(s);
	while (n && strchr(" \t\r\n\v\f", s[n - 1]))
		n--;
	return arena__strndup(&rs->mem, s, n);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Tags are a set: sorted, each once. */
static int read_tags(struct eng_ruleset *rs, const struct yaml_node *item,
		     const struct rules_ctx *ctx,
		     struct def_rule *r)
{
	uint32_t n = 0;
	int rc = get_texts(rs, item, "tags", true, ctx, &r->tags, &r->n_tags);

	if (rc)
		return rc < 0 ? rc : 0;
	qsort(r->tags, r->n_tags, sizeof(*r->tags), by_text);
	for (uint32_t i = 0; i < r->n_tags; i++)
		if (!n || strcmp(r->tags[n - 1], r->tags[i]))
			r->tags[n++] = r->tags[i];
	r->n_tags = n;
	return 0;
}

static int read_priority(struct eng_ruleset *rs, const struct yaml_node *item,
			 const struct rules_ctx *ctx,
			 struct def_rule *r)
{
	const char *text;
	int rc = get_text(rs, item, "priority", GET_REQUIRED, ctx, &text);

	if (rc < 0)
		return rc;
	if (eng_priority__parse(text, &r->priority) < 0)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE,
				    ctx__node(rs, yaml_node__get(item, "priority"), "rule priority",
					      "", ctx),
				    "Invalid priority '%s': one of emergency, alert, critical, error, "
				    "warning, notice, informational, debug", text);
	return 0;
}

static int read_condition(struct eng_ruleset *rs, const struct yaml_node *item, struct def_rule *r)
{
	int rc = get_text(rs, item, "condition", GET_REQUIRED, r->ctx, &r->cond);

	if (!rc)
		r->cond_ctx = ctx__node(rs, yaml_node__get(item, "condition"), "rule condition", "",
					r->ctx);
	return rc;
}

static int read_output(struct eng_ruleset *rs, const struct yaml_node *item, struct def_rule *r)
{
	int rc = get_text(rs, item, "output", GET_REQUIRED, r->ctx, &r->output);

	if (!rc)
		r->output_ctx = ctx__node(rs, yaml_node__get(item, "output"), "rule output", "",
					  r->ctx);
	return rc;
}

static int read_flags(struct eng_ruleset *rs, const struct yaml_node *item, struct def_rule *r)
{
	int rc = get_text(rs, item, "source", GET_OPTIONAL, r->ctx, &r->source);

	if (rc >= 0)
		rc = get_bool(rs, item, "enabled", GET_OPTIONAL, r->ctx, &r->enabled);
	if (rc >= 0)
		rc = get_bool(rs, item, "capture", GET_OPTIONAL, r->ctx, &r->capture);
	if (rc >= 0)
		rc = get_u32(rs, item, "capture_duration", GET_OPTIONAL, r->ctx, &r->capture_ms);
	if (rc >= 0)
		rc = get_bool(rs, item, "warn_evttypes", GET_OPTIONAL, r->ctx, &r->warn_evttypes);
	if (rc >= 0)
		rc = get_bool(rs, item, "skip-if-unknown-filter", GET_OPTIONAL, r->ctx,
			      &r->skip_unknown);
	return rc < 0 ? rc : 0;
}

static int read_definition(struct eng_ruleset *rs, const struct yaml_node *item, struct def_rule *r)
{
	int rc = read_condition(rs, item, r);

	if (!rc)
		rc = read_output(rs, item, r);
	if (!rc)
		rc = get_text(rs, item, "desc", GET_REQUIRED, r->ctx, &r->desc);
	if (!rc)
		rc = read_priority(rs, item, r->ctx, r);
	if (rc)
		return rc;
	r->output = trimmed(rs, r->output);
	r->source = "syscall";
	rc = read_flags(rs, item, r);
	if (!rc)
		rc = threshold__read(rs, item, r->ctx, &r->threshold);
	if (!rc)
		rc = read_tags(rs, item, r->ctx, r);
	if (!rc)
		rc = read_exceptions(rs, item, r->ctx, false, &r->exceptions);
	return rc ? rc : collect__rule(rs, r);
}

static int read_enabled(struct eng_ruleset *rs, const struct yaml_node *item, struct def_rule *r)
{
	int rc = get_bool(rs, item, "enabled", GET_REQUIRED, r->ctx, &r->enabled);

	if (rc < 0)
		return rc;
	rules__warn(rs, LOAD_DEPRECATED_ITEM, r->ctx, WARN_ENABLED);
	return collect__enable(rs, r->name, r->enabled, r->ctx);
}

/* append: true, the old way: condition and exceptions only. */
static int read_append(struct eng_ruleset *rs, const struct yaml_node *item, struct def_rule *r)
{
	struct def_update u = { .r = *r };
	int rc = 0;

	if (yaml_node__get(item, "condition")) {
		rc = read_condition(rs, item, &u.r);
		u.has |= HAS_COND;
	}
	if (!rc && yaml_node__get(item, "exceptions")) {
		rc = read_exceptions(rs, item, r->ctx, true, &u.r.exceptions);
		u.has |= HAS_EXCEPTIONS;
	}
	return rc ? rc : collect__append(rs, &u);
}

/* --- Overrides -------------------------------------------------------------------------------- */

struct part {
	const char *key;
	unsigned has;
};

static const struct part parts[] = {	/* in the order in which they are read */
	{ "condition", HAS_COND }, { "exceptions", HAS_EXCEPTIONS }, { "output", HAS_OUTPUT },
	{ "desc", HAS_DESC }, { "tags", HAS_TAGS }, { "priority", HAS_PRIORITY },
	{ "capture", HAS_CAPTURE },
	{ "capture_duration", HAS_CAPTURE_MS }, { "enabled", HAS_ENABLED },
	{ "warn_evttypes", HAS_WARN },
	{ "skip-if-unknown-filter", HAS_SKIP }, { "spoor_threshold", HAS_THRESHOLD },
};
#define N_PARTS (sizeof(parts) / sizeof(*parts))

static int read_part(struct eng_ruleset *rs, const struct yaml_node *item, unsigned has,
		     bool append,
		     struct def_rule *r)
{
	switch (has) {
	case HAS_COND:
		return read_condition(rs, item, r);
	case HAS_EXCEPTIONS:
		return read_exceptions(rs, item, r->ctx, append, &r->exceptions);
	case HAS_OUTPUT:
		return read_output(rs, item, r);
	case HAS_DESC:
		return get_text(rs, item, "desc", GET_REQUIRED, r->ctx, &r->desc);
	case HAS_TAGS:
		return read_tags(rs, item, r->ctx, r);
	case HAS_PRIORITY:
		return read_priority(rs, item, r->ctx, r);
	case HAS_CAPTURE:
		return get_bool(rs, item, "capture", GET_REQUIRED, r->ctx, &r->capture);
	case HAS_CAPTURE_MS:
		return get_u32(rs, item, "capture_duration", GET_REQUIRED, r->ctx, &r->capture_ms);
	case HAS_ENABLED:
		return get_bool(rs, item, "enabled", GET_REQUIRED, r->ctx, &r->enabled);
	case HAS_WARN:
		return get_bool(rs, item, "warn_evttypes", GET_REQUIRED, r->ctx, &r->warn_evttypes);
	case HAS_THRESHOLD:
		return threshold__read(rs, item, r->ctx, &r->threshold);
	default:
		return get_bool(rs, item, "skip-if-unknown-filter", GET_REQUIRED, r->ctx,
				&r->skip_unknown);
	}
}

/* Read what is to be appended, or replaced; expected loses what has been read. */
static int read_update(struct eng_ruleset *rs, const struct yaml_node *item,
		       const struct overrides *o,
		       bool replace, unsigned *expected, struct def_update *u)
{
	int rc = 0;

	for (unsigned i = 0; i < N_PARTS && !rc; i++) {
		if (!overrides__has(o, parts[i].key, replace))
			continue;
		if (!(*expected & parts[i].has))
			return rules__error(rs, LOAD_ERR_YAML_VALIDATE, u->r.ctx,
					    "An %s override for '%s' was specified but '%s' is not "
					    "defined",
					    replace ? "replace" : "append",
					    parts[i].key, parts[i].key);
		*expected &= ~parts[i].has;
		rc = read_part(rs, item, parts[i].has, !replace, &u->r);
		u->has |= parts[i].has;
	}
	return rc;
}

static bool any(const struct overrides *o, bool replace)
{
	for (unsigned i = 0; i < o->n; i++)
		if (o->replace[i] == replace)
			return true;
	return false;
}

static int read_overrides(struct eng_ruleset *rs, const struct yaml_node *item,
			  const struct overrides *o,
			  struct def_rule *r)
{
	unsigned expected = 0;
	int rc = 0;

	for (unsigned i = 0; i < N_PARTS; i++)
		if (yaml_node__get(item, parts[i].key))
			expected |= parts[i].has;
	for (unsigned replace = 0; replace < 2 && !rc; replace++) {
		struct def_update u = { .r = *r };

		if (!any(o, replace))
			continue;
		rc = read_update(rs, item, o, replace, &expected, &u);
		if (!rc)
			rc = replace ? collect__replace(rs, &u) : collect__append(rs, &u);
	}
	for (unsigned i = 0; i < N_PARTS && !rc; i++)
		if (expected & parts[i].has)
			rc = rules__error(rs, LOAD_ERR_YAML_VALIDATE,
					  ctx__node(rs, yaml_node__get(item, parts[i].key),
						    "overrides",
						    parts[i].key, r->ctx),
					  "Unexpected key '%s': no corresponding entry under "
					  "'override' is defined.", parts[i].key);
	return rc;
}

static bool is_definition(const struct yaml_node *item)
{
	return yaml_node__get(item, "condition") || yaml_node__get(item, "output") ||
	       yaml_node__get(item, "desc") || yaml_node__get(item, "priority");
}

int rules__read_rule(struct eng_ruleset *rs, const struct yaml_node *item,
		     const struct rules_ctx *up)
{
	struct def_rule r = { .enabled = true, .warn_evttypes = true, .source = "" };
	struct overrides o;
	bool append = false;
	int rc;

	rc = get_text(rs, item, "rule", GET_REQUIRED, ctx__node(rs, item, "rule", "", up), &r.name);
	if (rc < 0)
		return rc;
	r.ctx = ctx__node(rs, item, "rule", r.name, up);
	r.file = up->name;
	rc = get_text(rs, item, "source", GET_OPTIONAL_EMPTY, r.ctx, &r.source);
	if (rc >= 0)
		rc = get_bool(rs, item, "append", GET_OPTIONAL, r.ctx, &append);
	if (rc < 0)
		return rc;
	if (append)
		rules__warn(rs, LOAD_DEPRECATED_ITEM, r.ctx, WARN_APPEND);
	rc = get_overrides(rs, item, APPENDABLE, REPLACEABLE, r.ctx, &o);
	if (rc < 0)
		return rc;
	if (append && o.n)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, r.ctx, APPEND_AND_OVERRIDE);
	if (o.n)
		rc = read_overrides(rs, item, &o, &r);
	else if (append)
		rc = read_append(rs, item, &r);
	else if (is_definition(item))
		rc = read_definition(rs, item, &r);
	else
		rc = read_enabled(rs, item, &r);
	if (!rc)
		warn_unknown_keys(rs, item, KEYS, r.ctx);
	return rc;
}
