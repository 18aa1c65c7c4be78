// SPDX-License-Identifier: Apache-2.0
/* Entries of a Kubernetes audit log. */
#include "engine/state/state_internal.h"

void on_audit(struct eng_state *st, struct eng_ctx *ctx)
{
	(void)ctx;
	st->audit.tried = false;
}

const struct json_doc *eng_ctx__audit(const struct eng_ctx *ctx)
{
	struct audit_look *l = &ctx->state->audit;
	const struct fmt_str *s;

	if (ctx->ev->type != EV_k8s_audit)
		return NULL;
	if (!l->tried) {
		s = fmt_ev__str(ctx->ev, P_k8s_audit_json);
		l->tried = true;
		l->ok = s && !json_doc__parse(&l->doc, s->p, s->len);
	}
	return l->ok ? &l->doc : NULL;
}
