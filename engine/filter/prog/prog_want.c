// SPDX-License-Identifier: Apache-2.0
/* What conditions need of a reader. */
#include "engine/filter/prog/prog.h"

/* Does this parameter hold a payload in some event? */
static bool is_payload_param(const struct eng_fref *ref)
{
	for (unsigned i = 0; i < FMT_MAX_EVENTS; i++)
		if (fmt_event(i) && ref->param_of[i] >= 0 &&
		    fmt_events[i].params[ref->param_of[i]].type == PT_BYTES)
			return true;
	return false;
}

static bool reads_payload(const struct eng_expr *field)
{
	if (field->ref.param_of)
		return is_payload_param(&field->ref);
	return field->type.type == T_BYTES || !strcmp(field->ref.field->name, "evt.arg") ||
	       !strcmp(field->ref.field->name, "evt.args") || !strcmp(field->ref.field->name, "evt.info");
}

void eng_expr__want(const struct eng_expr *x, bool payload, struct fmt_want *w)
{
	for (uint32_t i = 0; i < x->n_kids; i++)
		eng_expr__want(x->kids[i], payload, w);
	if (x->kind != X_FIELD)
		return;
	if (payload && reads_payload(x))
		w->no_payload = false;
	if (eng_expr__is_field(x, "evt.cpu"))
		w->no_cpu = false;
}

static bool has_payload(unsigned type)
{
	for (unsigned i = 0; fmt_event(type) && i < fmt_events[type].n_params; i++)
		if (fmt_events[type].params[i].type == PT_BYTES)
			return true;
	return false;
}

bool eng_prog__sees_payload(const struct eng_prog *p, int cond)
{
	for (unsigned i = 0; i < FMT_MAX_EVENTS; i++)
		if (evt_set__has(&p->conds[cond].types, i) && has_payload(i))
			return true;
	return false;
}

/*
 * Types with conditions need their parameters: what a field reads besides evt.arg.X is not known
 * here, so all of a type's are asked for. Payloads only if some field can read them of some event.
 */
void eng_prog__want(const struct eng_prog *p, struct fmt_want *w)
{
	bool payload = false;

	for (unsigned i = 0; i < FMT_MAX_EVENTS; i++) {
		if (!p->by_type[i])
			continue;
		w->types[i / 8] |= (uint8_t)(1u << (i & 7));
		payload = payload || has_payload(i);
	}
	for (uint32_t i = 0; i < p->n_exprs; i++)
		eng_expr__want(p->exprs[i], payload, w);
}
