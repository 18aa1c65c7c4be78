// SPDX-License-Identifier: Apache-2.0
/* Values that a field never has, whatever the event. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/lint/lint_internal.h"
#include "format/base/nearest.h"

#define MAX_COMM 15u			/* bytes of a name of a task, as the kernel keeps it */

struct look {
	struct lint *l;
	const struct eng_ast *a;
	const struct eng_pred *p;
	enum eng_op op;			/* as written */
	const char *field;
};

static void say(struct look *k, const char *value, const char *why)
{
	lint__say(k->l, LINT_IMPOSSIBLE_VALUE, k->a, k->a->check.values_pos, "%s is never '%s': %s",
		  k->field, value, why);
}

static bool op_in(enum eng_op op, uint32_t set)
{
	return set >> op & 1;
}

#define SAME (1u << OP_EQ | 1u << OP_NE | 1u << OP_IN | 1u << OP_INTERSECTS)
#define PART (1u << OP_CONTAINS | 1u << OP_ICONTAINS | 1u << OP_STARTSWITH | 1u << OP_ENDSWITH)

/* --- Paths ------------------------------------------------------------------------------------ */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '.' || c == '-';
}

/* A path without the slash in front; names of sockets, pipes and memory files hold one of these. */
static bool is_relative(const char *v)
{
	return is_word(v[0]) && strchr(v, '/') && !strpbrk(v, ":[]>()<");
}

static void look_at_path(struct look *k, const char *v, size_t len)
{
	static const char *const dots[] = { "/../", "/./", "//" };
	bool whole = op_in(k->op, SAME), start = whole || k->op == OP_STARTSWITH;

	if (!whole && !op_in(k->op, PART))
		return;
	for (unsigned i = 0; i < 3; i++) {
		if (strstr(v, dots[i]) && v[0] == '/') {
			say(k, v, "paths are absolute, without '.', '..' and empty parts");
			return;
		}
	}
	if (start && is_relative(v))
		say(k, v, "paths begin with '/'");
	else if (whole && len > 1 && v[len - 1] == '/' && v[0] == '/' &&
		 strcmp(k->field, "proc.cwd"))
		say(k, v, "there is no '/' at the end");
	else if (whole && len > 1 && v[0] == '/' && v[len - 1] != '/' &&
		 !strcmp(k->field, "proc.cwd"))
		say(k, v, "there is a '/' at the end");
}

static bool is_one_of_fields(const char *field, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(field, *names))
			return true;
	return false;
}

static void look_at_text(struct look *k, const char *v, size_t len)
{
	static const char *const paths[] = {
		"fd.name", "fd.directory", "proc.exepath", "proc.pexepath", "proc.aexepath",
		"proc.cwd", "fs.path.name", "fs.path.source", "fs.path.target", NULL,
	};
	static const char *const names[] = {
		"proc.name", "proc.pname", "proc.aname", "proc.sname", "proc.pgid.name",
		"proc.vpgid.name", NULL,
	};

	if (is_one_of_fields(k->field, paths))
		look_at_path(k, v, len);
	else if (is_one_of_fields(k->field, names) && len > MAX_COMM && op_in(k->op, SAME | PART))
		say(k, v, "the kernel cuts names of processes to 15 bytes");
	else if (!strcmp(k->field, "fd.filename") && strchr(v, '/') && op_in(k->op, SAME | PART))
		say(k, v, "it is what follows the last '/'");
}

/* --- Fields that have few values -------------------------------------------------------------- */

struct words {
	const char *value;
	bool found;
	struct nearest near;
	char best[32];
};

static void on_word(void *arg, const char *word)
{
	struct words *w = arg;
	unsigned before = w->near.best;

	w->found |= !strcmp(w->value, word);
	nearest__try(&w->near, word);
	if (w->near.best < before)
		snprintf(w->best, sizeof(w->best), "%s", word);
}

static void look_at_word(struct look *k, const char *v, size_t len)
{
	struct words w = { .value = v, .near = nearest__begin(v, len) };
	char why[160] = "it has no such value";

	if (!op_in(k->op, SAME) ||
	    !eng_field__words(k->p->left->ref.field, on_word, &w) || w.found)
		return;
	if (w.best[0])
		snprintf(why, sizeof(why), "did you mean '%s'?", w.best);
	say(k, v, why);
}

/* --- Numbers ---------------------------------------------------------------------------------- */

static void look_at_number(struct look *k, struct eng_text v)
{
	struct eng_vtype t = k->p->type;
	unsigned bits = eng_vtype__width(t) * 8;
	bool is_signed = eng_vtype__is_signed(t), negative = v.p[0] == '-';
	unsigned long long n = strtoull(v.p + (v.p[0] == '-' || v.p[0] == '+'), NULL, 10);
	unsigned long long max = ~0ull >> (64 - bits + is_signed);
	char why[120];

	if (t.type == T_PORT && strspn(v.p, "0123456789") != v.len)
		return;			/* a service by its name */
	if (n > max + (is_signed && negative)) {
		snprintf(why, sizeof(why), "it does not fit into %u bits", bits);
		say(k, v.p, why);
	} else if (!is_signed && !negative && !n && (k->op == OP_LT || k->op == OP_GE)) {
		lint__say(k->l, LINT_IMPOSSIBLE_VALUE, k->a, k->a->check.values_pos,
			  "%s is never below 0: this is always %s", k->field,
			  k->op == OP_LT ? "false" : "true if there is a value");
	}
}

static bool is_number(struct eng_vtype t)
{
	switch (t.type) {
	case T_S64:
	case T_U64:
	case T_PORT:
	case T_RELTIME:
	case T_ABSTIME:
		return true;
	}
	return false;
}

static void look_at(struct lint *l, const struct eng_ast *a)
{
	const struct eng_check *c = &a->check;
	const struct eng_pred *p = lint__pred(l, c);
	struct look k = { l, a, p, c->op, NULL };

	if (!p || p->right || p->left->kind != X_FIELD || p->left->ref.field->type == T_DYNAMIC ||
	    eng_expr__is_field(p->left, "evt.num"))
		return;
	k.field = p->left->ref.field->name;
	for (uint32_t i = 0; i < c->n_values; i++) {
		if (is_number(p->type)) {
			look_at_number(&k, c->values[i]);
		} else if (p->type.type == T_STR && c->values[i].len) {
			look_at_text(&k, c->values[i].p, c->values[i].len);
			look_at_word(&k, c->values[i].p, c->values[i].len);
		}
	}
}

void lint__values(struct lint *l, const struct eng_ast *a)
{
	for (uint32_t i = 0; i < a->n_kids; i++)
		lint__values(l, a->kids[i]);
	if (a->kind == N_CHECK)
		look_at(l, a);
}
