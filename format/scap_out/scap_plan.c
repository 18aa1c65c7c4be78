// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>

#include "format/base/alloc.h"
#include "format/scap_out/scap_plan.h"

static struct scap_plan *plans[FMT_MAX_EVENTS];

static uint8_t put_of(uint8_t scap_type, uint8_t ours)
{
	switch (scap_type) {
	case ST_STR: return SPUT_STR;
	case ST_DYN: return SPUT_DYN;
	case ST_BYTES: break;
	default: return SPUT_NUM;
	}
	switch (ours) {
	case PT_STRLIST: return SPUT_LIST;
	case PT_SOCKADDR: return SPUT_ADDR;
	case PT_SOCKTUPLE: return SPUT_TUPLE;
	case PT_FDLIST: return SPUT_FDLIST;
	}
	return SPUT_RAW;
}

static uint32_t since(unsigned code, unsigned i);

static uint32_t later(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/*
 * The old form had no parameters. Where readers do not complete forms of this code (it is not managed), any may then be missing;
 * elsewhere this says nothing of one alone.
 */
static bool all_empty(const struct scap_conv *v)
{
	for (unsigned i = 0; i < v->n_args; i++)
		if (v->arg[i].from != SF_EMPTY)
			return false;
	return true;
}

/* What a conversion that makes an event of this code says of a parameter: that it was not there before, or that it was. */
static uint32_t since_conv(unsigned from, const struct scap_conv *v, unsigned code, unsigned i)
{
	unsigned first = v->action == SA_ADD ? v->n_params : 0;	/* these are appended */
	const struct scap_from_arg *a;

	if (v->action == SA_ADD ? from != code : v->action != SA_CHANGE || v->to != code)
		return 0;
	if (i < first || i >= first + v->n_args)
		return 0;
	a = &v->arg[i - first];
	if (v->action == SA_CHANGE && all_empty(v))
		return scap_codes()[code].managed ? 0 : SCAP_ANY_TIME;
	if (a->from == SF_EMPTY || a->optional)
		return (code * (SCAP_MAX_PARAMS + 1) + first + 1) << 1 | (a->optional && v->action == SA_ADD);
	return v->action == SA_CHANGE && a->from == SF_OLD ? since(from, a->index) : 0;
}

/*
 * What a reader leaves empty when it brings an old event to this form, it must bear to find empty; other numbers it takes
 * to be there, and refuses the event if one is not. Conversions lead from older codes to newer ones, so this ends.
 */
static uint32_t since(unsigned code, unsigned i)
{
	const struct scap_code *codes = scap_codes();
	uint32_t found = 0;

	for (unsigned c = 0; c < SCAP_N_CODES; c++)
		for (unsigned k = 0; k < codes[c].n_convs; k++)
			found = later(found, since_conv(c, &codes[c].conv[k], code, i));
	return found;
}

static struct scap_plan *make(unsigned code)
{
	const struct scap_code *c = &scap_codes()[code];
	const struct fmt_event_info *ev = fmt_event((unsigned)c->event);
	struct scap_plan *plan = xcalloc(1, sizeof(*plan));

	plan->code = (uint16_t)code;
	plan->n = c->n_params;
	plan->large = c->large;
	for (unsigned i = 0; i < c->n_params; i++) {
		const struct fmt_param *ours = c->param[i] >= 0 ? &ev->params[c->param[i]] : NULL;
		struct scap_plan_param *p = &plan->p[i];

		p->put = put_of(c->type[i], ours ? ours->type : (uint8_t)PT_BYTES);
		p->width = (uint8_t)scap_type__width(c->type[i]);
		p->store = (uint8_t)(ours ? fmt_ptype_store(ours->type) : STORE_INT);
		p->param = c->param[i];
		p->ones = c->type[i] == ST_UID;
		p->since = since(code, i);
		plan->has_res |= ours && ours->src == SRC_RET;
	}
	return plan;
}

/* Calls are written at their return; of what is no call there is only the first of the two codes, as a rule. */
static void build(void)
{
	const struct scap_code *c = scap_codes();

	for (unsigned i = 0; i < SCAP_N_CODES; i++) {
		int ev = c[i].event;

		if (c[i].unused || c[i].old || ev < 0 || i == SCAP_CODE_GENERIC)
			continue;
		if (c[i].enter && fmt_event((unsigned)ev)->flags & EF_SYSCALL)
			continue;
		if (ev == EV_container || ev == EV_drop)	/* have another form */
			continue;
		if (!plans[ev])
			plans[ev] = make(i);
	}
}

const struct scap_plan *scap_plan(unsigned event)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, build);
	return event < FMT_MAX_EVENTS ? plans[event] : NULL;
}
