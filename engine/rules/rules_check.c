// SPDX-License-Identifier: Apache-2.0
/* What is said of rules beyond whether they compile, and which of them are on. */
#include <stdlib.h>
#include <string.h>

#include "engine/rules/ruleset.h"

/* Fields that upstream has given up with the enter events. */
static const char *const dead_fields[] = {
	"evt.dir", "evt.latency", "evt.latency.s", "evt.latency.ns", "evt.latency.human",
		"evt.wait_latency",
};
#define N_DEAD (sizeof(dead_fields) / sizeof(*dead_fields))

struct found {
	bool dead[N_DEAD];
	bool unsafe_na;
	bool any;
};

/* --- Conditions ------------------------------------------------------------------------------- */

static bool is_text(struct eng_text t, const char *s)
{
	return t.len == strlen(s) && !memcmp(t.p, s, t.len);
}

/* Fields of whose absence <NA> is no sign. *ret: this operand is such a field. */
static void look_at_operand(const struct eng_operand *o, struct found *f, bool *ret_unsafe)
{
	for (uint32_t i = 0; i < o->n_kids; i++)
		look_at_operand(o->kids[i], f, ret_unsafe);
	if (o->kind != OPD_FIELD)
		return;
	for (unsigned i = 0; i < N_DEAD && !strncmp(o->name.p, "evt.", 4); i++)
		if (is_text(o->name, dead_fields[i]))
			f->dead[i] = f->any = true;
	*ret_unsafe = !strncmp(o->name.p, "ka.", 3) || !strncmp(o->name.p, "jevt.", 5);
}

static void look_at_check(const struct eng_check *c, struct found *f)
{
	bool equality = c->op == OP_EQ || c->op == OP_NE || c->op == OP_IN ||
		c->op == OP_INTERSECTS ||
			c->op == OP_PMATCH;
	bool unsafe = false;

	look_at_operand(c->left, f, &unsafe);
	for (uint32_t i = 0; unsafe && equality && !c->mod && i < c->n_values; i++)
		if (is_text(c->values[i], "<NA>"))
			f->unsafe_na = f->any = true;
}

static void look_at(const struct eng_ast *a, struct found *f)
{
	if (a->kind == N_CHECK)
		look_at_check(&a->check, f);
	for (uint32_t i = 0; i < a->n_kids; i++)
		look_at(a->kids[i], f);
}

void check__condition(struct eng_ruleset *rs, const struct eng_ast *a, const struct cond_origin *o)
{
	const struct rules_ctx *ctx;
	struct found f = { 0 };

	look_at(a, &f);
	if (!f.any)
		return;
	ctx = ctx__condition(rs, (struct eng_pos){ 0 }, o->text, o->ctx);
	if (f.unsafe_na)
		rules__warn(rs, LOAD_UNSAFE_NA_CHECK, ctx, "%s", "");
	for (unsigned i = 0; i < N_DEAD; i++) {
		if (!f.dead[i])
			continue;
		rules__warn_field(rs, dead_fields[i], ctx, "%s", i == 0 ?
				  "there are no enter events: 'evt.dir = <' is always true and "
				  "'evt.dir = >' always false, the comparison can be left out" :
				  "there are no enter events: the field has no value any more");
	}
}

/* --- Outputs ---------------------------------------------------------------------------------- */

static const char *suggested(struct eng_ruleset *rs)
{
	struct buf b = { 0 };
	size_t n;
	const struct eng_field *f = eng_field__all(&n);

	if (rs->suggested || rs->no_suggested)
		return rs->no_suggested ? "" : rs->suggested;
	for (size_t i = 0; i < n; i++) {
		/* k8smeta is a plugin that one has or has not: never here */
		if (!(f[i].flags & FF_SUGGESTED) || !strncmp(f[i].name, "k8smeta.", 8) ||
		    (f[i].source[0] && strcmp(f[i].source, "syscall")))
			continue;
		buf__puts(&b, " ");
		for (const char *s = f[i].name; *s; s++)
			buf__u8(&b, *s == '.' ? '_' : (uint8_t)*s);
		buf__printf(&b, "=%%%s", f[i].name);
	}
	rs->suggested = arena__strndup(&rs->mem, (char *)b.p, b.len);
	buf__done(&b);
	return rs->suggested;
}

/* What entries of append_output add; suggested fields once, of the source that has them. */
static void add_appended(struct eng_ruleset *rs, const struct def_rule *r, struct buf *b)
{
	bool suggest = !rs->n_appends;

	for (uint32_t i = 0; i < rs->n_appends; i++) {
		const struct def_append *a = &rs->appends[i];

		if (!append__is_for(a, r))
			continue;
		if (a->output)
			buf__printf(b, " %s", a->output);
		suggest |= a->suggested;
	}
	if (suggest && !strcmp(r->source, "syscall"))
		buf__puts(b, suggested(rs));
}

const char *check__output(struct eng_ruleset *rs, const struct def_rule *r)
{
	static const char info[] = "%container.info";
	const char *s = r->output, *hit, *out;
	struct buf b = { 0 };

	if (strstr(s, info))
		rules__warn(rs, LOAD_DEPRECATED_ITEM, r->ctx,
			    "%%container.info is deprecated: it is left out; the container's "
			    "fields are appended to the output where they are wanted");
	for (; (hit = strstr(s, info)); s = hit + sizeof(info) - 1)
		buf__add(&b, s, (size_t)(hit - s));
	buf__puts(&b, s);
	add_appended(rs, r, &b);
	for (unsigned i = 0; i < N_DEAD; i++)
		if (strstr(r->output, dead_fields[i]))
			rules__warn_field(rs, dead_fields[i], r->output_ctx,
					  "usage of deprecated field '%s' has been detected in the "
					  "rule output", dead_fields[i]);
	out = arena__strndup(&rs->mem, (char *)b.p, b.len);
	buf__done(&b);
	return out;
}

/* --- Selection -------------------------------------------------------------------------------- */

/*
 * `*` is any text. After a star that fits too little, it takes one byte more: `*ab` is `abab`
 * (upstream takes each part where it first occurs, and does not go back).
 */
static bool name_matches(const char *glob, const char *name)
{
	const char *star = NULL, *from = NULL;

	while (*name) {
		if (*glob == '*') {
			star = ++glob;
			from = name;
		} else if (*glob == *name) {
			glob++;
			name++;
		} else if (star) {
			glob = star;
			name = ++from;
		} else {
			return false;
		}
	}
	return !glob[strspn(glob, "*")];
}

static bool names(const struct selection *s, const struct def_rule *r)
{
	if (s->glob)
		return name_matches(s->glob, r->name);
	for (uint32_t i = 0; i < r->n_tags; i++)
		if (!strcmp(r->tags[i], s->tag))
			return true;
	return false;
}

bool check__is_on(const struct eng_ruleset *rs, const struct def_rule *r)
{
	bool on = r->enabled;

	if (r->priority > rs->min_priority)
		return false;
	for (uint32_t i = 0; i < rs->n_selections; i++)
		if (names(&rs->selections[i], r))
			on = rs->selections[i].enable;
	return on;
}

int eng_ruleset__select(struct eng_ruleset *rs, bool enable, const char *rule_glob, const char *tag)
{
	struct selection s = { .enable = enable, .glob = rule_glob ? xstrdup(rule_glob) : NULL,
			       .tag = !rule_glob && tag ? xstrdup(tag) : NULL };
	int n = 0;

	if (!s.glob && !s.tag)
		return 0;
	for (uint32_t i = 0; i < rs->rule_names.n; i++)
		n += names(&s, &rs->rules[i]);
	rs->selections = xgrow(rs->selections, &rs->cap_selections, rs->n_selections + 1,
			       sizeof(s));
	rs->selections[rs->n_selections++] = s;
	return n;
}
