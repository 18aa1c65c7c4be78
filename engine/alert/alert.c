// SPDX-License-Identifier: Apache-2.0
/* Alerts as Falco prints them: one line of text, or one JSON object with its keys in order. */
#include <string.h>

#include "engine/alert/output.h"
#include "format/base/text.h"

static void put_message(const struct eng_rule *r, const struct eng_ctx *ctx,
			const struct eng_alert_opts *o,
			struct arena *scratch, struct buf *out)
{
	uint64_t ts = fmt_ev__ts(ctx->ev);
	char clock[48];

	buf__printf(out, "%s: %s ",
		    o->iso_time ? text__iso(ts, "+0000", clock) : text__clock(ts, clock),
		    eng_priority__name(r->priority));
	eng_output__text(r->format, ctx, scratch, out);
	if (ctx->ev->type == EV_k8s_audit || !eng_ctx__n_audit(ctx))
		return;
	buf__puts(out, " came_in_by=");
	eng_entry__who(ctx->proc->entry, out);
}

void eng_alert__text(const struct eng_rule *r, const struct eng_ctx *ctx,
		     const struct eng_alert_opts *o,
		     struct arena *scratch, struct buf *out)
{
	struct buf raw = { 0 };

	put_message(r, ctx, o, scratch, &raw);
	text__json(out, (char *)raw.p, raw.len);
	buf__done(&raw);
}

static void put_string(struct buf *out, const char *key, const char *s, size_t len)
{
	buf__printf(out, "\"%s\":\"", key);
	text__json(out, s, len);
	buf__puts(out, "\"");
}

/* Of who let the process in: what the request says of them, behind the fields of the message. */
static void put_cause(const struct eng_rule *r, const struct eng_ctx *ctx, struct arena *scratch, struct buf *out)
{
	static const char *const names[] = { "ka.auditid", "ka.sourceips", "ka.user.groups", "ka.user.name", "ka.useragent" };

	if (ctx->ev->type == EV_k8s_audit || !eng_ctx__n_audit(ctx))
		return;
	for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++) {
		struct eng_vals v = { .scratch = scratch };
		struct eng_fref ref;
		bool there = false;

		for (uint32_t i = 0; i < r->format->n_fields; i++)
			there |= !strcmp(r->format->fields[i].name.p, names[k]);
		if (there || eng_field__resolve(names[k], strlen(names[k]), scratch, &ref, NULL))
			continue;
		eng_field__get(&ref, ctx, false, &v);
		buf__printf(out, ",\"%s\":", names[k]);
		eng_val__json(&ref, &v, out);
	}
}

/* The fields of the message, and the time of the event where its name belongs among theirs. */
static void put_fields(const struct eng_rule *r, const struct eng_ctx *ctx,
		       const struct eng_alert_opts *o,
		       struct arena *scratch, struct buf *out)
{
	const char *time = o->iso_time ? "evt.time.iso8601" : "evt.time";
	const struct eng_output *f = r->format;
	bool done = false, any = false;

	buf__puts(out, "\"output_fields\":{");
	for (uint32_t i = 0; i <= f->n_fields; i++) {
		int order = i == f->n_fields ? 1 : strcmp(f->fields[i].name.p, time);

		if (order >= 0 && !done) {
			buf__printf(out, "%s\"%s\":%llu", any ? "," : "", time,
				    (unsigned long long)fmt_ev__ts(ctx->ev));
			done = any = true;
		}
		if (i == f->n_fields || !order)
			continue;
		buf__puts(out, any ? "," : "");
		output_field__json(&f->fields[i], ctx, scratch, out);
		any = true;
	}
	put_cause(r, ctx, scratch, out);
	buf__puts(out, "}");
	arena__reset(scratch);
}

void eng_alert__json(const struct eng_rule *r, const struct eng_ctx *ctx,
		     const struct eng_alert_opts *o,
		     struct arena *scratch, struct buf *out)
{
	const char *host = eng_state__hostname(ctx->state);
	struct buf raw = { 0 };
	char iso[48];

	buf__puts(out, "{");
	host = host ? host : o->hostname ? o->hostname : "";
	put_string(out, "hostname", host, strlen(host));
	buf__puts(out, ",");
	put_message(r, ctx, o, scratch, &raw);
	put_string(out, "output", (char *)raw.p, raw.len);
	buf__done(&raw);
	buf__puts(out, ",");
	put_fields(r, ctx, o, scratch, out);
	buf__printf(out, ",\"priority\":\"%s\",", eng_priority__name(r->priority));
	put_string(out, "rule", r->name, strlen(r->name));
	buf__puts(out, ",");
	put_string(out, "source", r->source, strlen(r->source));
	buf__puts(out, ",\"tags\":[");
	for (unsigned i = 0; i < r->n_tags; i++) {
		buf__puts(out, i ? ",\"" : "\"");
		text__json(out, r->tags[i], strlen(r->tags[i]));
		buf__puts(out, "\"");
	}
	buf__printf(out, "],\"time\":\"%s\"}", text__iso(fmt_ev__ts(ctx->ev), "Z", iso));
}
