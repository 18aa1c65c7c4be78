// SPDX-License-Identifier: Apache-2.0
/* Sources of events: a rule sees the events and the fields of its own, and fields of all. */
#include <string.h>

#include "engine/alert/output.h"
#include "engine/rules/ruleset.h"

bool source__is_known(const char *source)
{
	return !strcmp(source, "syscall") || !strcmp(source, "k8s_audit");
}

static int refuse(const struct eng_field *f, const char *source, struct err *err)
{
	return err__set(err, -FMT_E_UNKNOWN,
			"filter_check called with nonexistent field %s (it is a field of source %s; "
			"the source of the rule is %s)", f->name, f->source, source);
}

static int check_operand(const struct eng_operand *o, const char *source,
			 const struct eng_operand **ret_at, struct err *err)
{
	int r = 0;

	if (o->kind == OPD_FIELD) {
		if (!o->field || eng_field__is_of(o->field, source))
			return 0;
		*ret_at = o;
		return refuse(o->field, source, err);
	}
	for (uint32_t i = 0; i < o->n_kids && !r; i++)
		r = check_operand(o->kids[i], source, ret_at, err);
	return r;
}

int source__check_operand(const struct eng_operand *o, const char *source, struct err *err)
{
	const struct eng_operand *at;

	return check_operand(o, source, &at, err);
}

int source__check_condition(const struct eng_ast *a, const char *source,
			    const struct eng_ast **ret_part, struct eng_pos *ret_at,
			    struct err *err)
{
	const struct eng_operand *at = NULL;
	int r = 0;

	for (uint32_t i = 0; i < a->n_kids && !r; i++)
		r = source__check_condition(a->kids[i], source, ret_part, ret_at, err);
	if (r || a->kind != N_CHECK)
		return r;
	r = check_operand(a->check.left, source, &at, err);
	if (!r && a->check.right)
		r = check_operand(a->check.right, source, &at, err);
	if (r) {
		*ret_part = a;
		*ret_at = at->pos;
	}
	return r;
}

int source__check_output(const struct eng_output *o, const char *source, struct err *err)
{
	int r = 0;

	for (uint32_t i = 0; i < o->n_fields && !r; i++) {
		const struct output_field *f = &o->fields[i];

		if (f->text)
			r = source__check_output(f->text, source, err);
		else if (!eng_field__is_of(f->x->ref.field, source))
			r = refuse(f->x->ref.field, source, err);
	}
	return r;
}
