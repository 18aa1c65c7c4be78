// SPDX-License-Identifier: Apache-2.0
/* An entry of an audit log in one line. */
#include <inttypes.h>

#include "engine/field/field.h"
#include "format/json/json_doc.h"

static bool put(const struct eng_ctx *ctx, unsigned param, const char *before, struct buf *out)
{
	const struct fmt_str *s = fmt_ev__str(ctx->ev, param);

	if (!s || !s->len)
		return false;
	buf__puts(out, before);
	buf__add(out, s->p, s->len);
	return true;
}

void eng_event__audit_line(const struct eng_ctx *ctx, struct buf *out)
{
	const struct json_doc *d;
	uint32_t uri;
	uint64_t code;
	bool space;

	put(ctx, P_k8s_audit_verb, "", out);
	if (put(ctx, P_k8s_audit_resource, " ", out)) {
		put(ctx, P_k8s_audit_subresource, "/", out);
		space = put(ctx, P_k8s_audit_namespace, " ", out);
		put(ctx, P_k8s_audit_name, space ? "/" : " ", out);
	} else {
		d = eng_ctx__audit(ctx, 0);
		uri = d ? json_doc__get(d, 0, "requestURI") : JSON_NONE;
		if (uri != JSON_NONE && json_doc__kind(d, uri) == JSON_STRING) {
			buf__puts(out, " ");
			buf__add(out, d->text + d->nodes[uri].at, d->nodes[uri].len);
		}
	}
	if (fmt_ev__int(ctx->ev, P_k8s_audit_code, &code))
		buf__printf(out, " = %" PRIu64, code);
	else
		put(ctx, P_k8s_audit_stage, " ", out);
}
