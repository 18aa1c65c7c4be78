// SPDX-License-Identifier: Apache-2.0
/* spoor_threshold: a rule that is reported when its condition has held so often within a time. */
#include <string.h>

#include "engine/alert/alert.h"
#include "engine/rules/ruleset.h"
#include "format/base/text.h"

#define KEYS "count within by"
#define MAX_WITHIN (24ull * 3600 * 1000000000)

static int wrong(struct eng_ruleset *rs, const struct yaml_node *v, const char *key, const struct rules_ctx *ctx, const char *why)
{
	return rules__error(rs, LOAD_ERR_YAML_VALIDATE, ctx__node(rs, v, "value for", key, ctx), "%s", why);
}

static int read_within(struct eng_ruleset *rs, const struct yaml_node *v, const struct rules_ctx *ctx, struct def_threshold *t)
{
	const char *text;
	int rc = get_text(rs, v, "within", GET_REQUIRED, ctx, &text);

	if (rc < 0)
		return rc;
	if (text__parse_duration(text, &t->within, NULL) || !t->within || t->within > MAX_WITHIN)
		return wrong(rs, yaml_node__get(v, "within"), "within", ctx, "A duration of at most 24h is meant, as 60s or 5m");
	return 0;
}

int threshold__read(struct eng_ruleset *rs, const struct yaml_node *item, const struct rules_ctx *up, struct def_threshold *ret)
{
	const struct yaml_node *v = yaml_node__get(item, "spoor_threshold");
	struct def_threshold t = { 0 };
	int rc;

	if (!v)
		return 0;
	t.ctx = ctx__node(rs, v, "value for", "spoor_threshold", up);
	if (v->kind != Y_MAP)
		return rules__error(rs, LOAD_ERR_YAML_VALIDATE, t.ctx,
				    "Value is not a mapping: {count: 20, within: 60s, by: [field]} is meant");
	rc = get_u32(rs, v, "count", GET_REQUIRED, t.ctx, &t.count);
	if (!rc && (t.count < 2 || t.count > ENG_THRESHOLD_MAX))
		rc = wrong(rs, yaml_node__get(v, "count"), "count", t.ctx, "A number from 2 to 1000 is meant");
	if (rc >= 0)
		rc = read_within(rs, v, t.ctx, &t);
	if (rc >= 0)
		rc = get_texts(rs, v, "by", true, t.ctx, &t.by, &t.n_by);
	if (rc < 0)
		return rc;
	warn_unknown_keys(rs, v, KEYS, t.ctx);
	*ret = t;
	return 0;
}

/* What is counted apart is the text of these fields, with a character between them that texts seldom have. */
int threshold__compile(struct eng_ruleset *rs, const struct def_rule *r, const struct eng_threshold **ret)
{
	struct eng_threshold *t;
	struct eng_output *by = NULL;
	struct buf b = { 0 };
	struct err err = { 0 };
	int rc = 0;

	if (!r->threshold.count)
		return 0;
	for (uint32_t i = 0; i < r->threshold.n_by; i++)
		buf__printf(&b, "%s%%%s", i ? "\x1f" : "", r->threshold.by[i]);
	buf__u8(&b, 0);
	if (r->threshold.n_by)
		rc = eng_output__compile((char *)b.p, &rs->build, &by, &err);
	if (!rc && by)
		rc = source__check_output(by, r->source, &err);
	buf__done(&b);
	if (rc)
		return rules__error(rs, LOAD_ERR_COMPILE_OUTPUT, r->threshold.ctx, "%s", err.msg);
	t = arena__zalloc(&rs->build, sizeof(*t));
	*t = (struct eng_threshold){ .count = r->threshold.count, .within_ns = r->threshold.within, .by = by };
	*ret = t;
	return 0;
}
