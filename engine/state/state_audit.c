// SPDX-License-Identifier: Apache-2.0
/* Entries of a Kubernetes audit log, as fields and printers look into them. */
#include "engine/state/state_internal.h"

void on_audit(struct eng_state *st, struct eng_ctx *ctx)
{
	st->audit.tried = false;
	cause__on_audit(st, ctx);
}

const struct json_doc *eng_ctx__audit(const struct eng_ctx *ctx, unsigned i)
{
	struct audit_look *l = &ctx->state->audit;
	const struct eng_cause *c = NULL;
	const struct fmt_str *s = NULL;
	uint64_t id = 0;

	if (i >= eng_ctx__n_audit(ctx))
		return NULL;
	if (ctx->ev->type != EV_k8s_audit) {
		c = ctx->proc->entry->at[i];
		id = c->id;
	}
	if (!l->tried || l->id != id) {
		l->tried = true;
		l->id = id;
		if (!c)
			s = fmt_ev__str(ctx->ev, P_k8s_audit_json);
		l->ok = c ? !json_doc__parse(&l->doc, c->json->s, c->json->len)
			  : s && !json_doc__parse(&l->doc, s->p, s->len);
	}
	return l->ok ? &l->doc : NULL;
}

static void put_text(const struct json_doc *d, uint32_t node, struct buf *out)
{
	struct arena mem = { 0 };
	const char *p;
	uint32_t len;

	p = json_doc__text(d, node, &mem, &len);
	buf__add(out, p, len);
	arena__done(&mem);
}

static void put_who(const struct eng_cause *c, struct buf *out)
{
	struct json_doc d = { 0 };
	uint32_t user, from, agent;

	if (!json_doc__parse(&d, c->json->s, c->json->len)) {
		user = json_doc__get(&d, json_doc__get(&d, 0, "user"), "username");
		from = json_doc__at(&d, json_doc__get(&d, 0, "sourceIPs"), 0);
		agent = json_doc__get(&d, 0, "userAgent");
		if (user != JSON_NONE)
			put_text(&d, user, out);
		if (from != JSON_NONE) {
			buf__puts(out, "@");
			put_text(&d, from, out);
		}
		if (agent != JSON_NONE) {
			buf__puts(out, " (");
			put_text(&d, agent, out);
			buf__puts(out, ")");
		}
	}
	json_doc__done(&d);
}

void eng_entry__who(const struct eng_entry *e, struct buf *out)
{
	for (unsigned k = 0; e && k < e->n; k++) {
		if (k)
			buf__puts(out, ", or ");
		put_who(e->at[k], out);
	}
}
