// SPDX-License-Identifier: Apache-2.0
/*
 * --list: fields, events and rules, as text to read or as one JSON object a line.
 */
#include <string.h>

#include "format/base/log.h"
#include "replay/replay.h"

static void put_json(struct buf *out, const char *key, const char *value)
{
	buf__printf(out, "%s\"%s\":\"", out->p[out->len - 1] == '{' ? "" : ",", key);
	text__json(out, value, strlen(value));
	buf__add(out, "\"", 1);
}

/* What may follow the name of a field. */
static const char *arg_text(const struct eng_field *f)
{
	switch (f->arg) {
	case ARG_INDEX_OPT:		return "[N]?";
	case ARG_INDEX_REQ:		return "[N]";
	case ARG_KEY_OPT:		return "[KEY]?";
	case ARG_KEY_REQ:		return "[KEY]";
	case ARG_INDEX_OR_KEY:		return "[N|KEY]";
	case ARG_INDEX_OR_KEY_OPT:	return "[N|KEY]?";
	case ARG_SUFFIX_REQ:		return ".NAME";
	case ARG_SUFFIX_OPT:		return ".NAME?";
	case ARG_INDEX_OR_SUFFIX:	return "[N] or .NAME";
	}
	return "";
}

static const struct { uint32_t flag; const char *word; } field_flags[] = {
	{ FF_LIST, "list" }, { FF_FILTER_ONLY, "filter only" }, { FF_DEPRECATED, "deprecated" },
	{ FF_MISSING, "not in traces" },
};

static void list_fields(const struct rpl_opts *o, struct buf *out)
{
	size_t n;
	const struct eng_field *f = eng_field__all(&n);

	for (; n--; f++) {
		if (f->flags & FF_HIDDEN)
			continue;
		if (o->json) {
			buf__add(out, "{", 1);
			put_json(out, "name", f->name);
			put_json(out, "type", eng_type__name(f));
			put_json(out, "argument", arg_text(f));
			put_json(out, "source", f->source);
			put_json(out, "doc", f->doc);
			buf__puts(out, ",\"flags\":[");
		} else {
			buf__printf(out, "%-32s %-10s %s", f->name, eng_type__name(f), arg_text(f));
			buf__puts(out, *arg_text(f) ? ": " : "");
			buf__puts(out, f->doc);
			if (*f->source && strcmp(f->source, "syscall"))
				buf__printf(out, " (source %s)", f->source);
		}
		for (size_t i = 0, k = 0; i < sizeof(field_flags) / sizeof(*field_flags); i++) {
			if (!(f->flags & field_flags[i].flag))
				continue;
			if (o->json)
				buf__printf(out, "%s\"%s\"", k++ ? "," : "", field_flags[i].word);
			else
				buf__printf(out, " (%s)", field_flags[i].word);
		}
		buf__puts(out, o->json ? "]}\n" : "\n");
	}
}

static void list_params_json(const struct fmt_event_info *e, struct buf *out)
{
	buf__puts(out, ",\"params\":[");
	for (unsigned i = 0; i < e->n_params; i++) {
		buf__puts(out, i ? ",{" : "{");
		put_json(out, "name", e->params[i].name);
		put_json(out, "type", fmt_ptype_names[e->params[i].type]);
		if (e->params[i].group != GROUP_NONE)
			put_json(out, "group", fmt_groups[e->params[i].group].name);
		put_json(out, "doc", e->params[i].doc);
		buf__add(out, "}", 1);
	}
	buf__add(out, "]", 1);
}

static void list_events(const struct rpl_opts *o, struct buf *out)
{
	for (unsigned id = 0; id < FMT_MAX_EVENTS; id++) {
		const struct fmt_event_info *e = fmt_event(id);

		if (!e)
			continue;
		if (o->json) {
			buf__printf(out, "{\"id\":%u", id);
			put_json(out, "name", e->name);
			put_json(out, "category", fmt_category_names[e->category]);
			buf__printf(out, ",\"noise\":%s,\"internal\":%s", e->flags & EF_NOISE ? "true" : "false",
				    e->flags & EF_INTERNAL ? "true" : "false");
			put_json(out, "doc", e->doc);
			list_params_json(e, out);
			buf__puts(out, "}\n");
			continue;
		}
		buf__printf(out, "%s(", e->name);
		for (unsigned i = 0; i < e->n_params; i++)
			buf__printf(out, "%s%s", i ? ", " : "", e->params[i].name);
		buf__printf(out, ")  %s%s%s: %s\n", fmt_category_names[e->category],
			    e->flags & EF_NOISE ? ", noise" : "", e->flags & EF_INTERNAL ? ", internal" : "", e->doc);
	}
}

static void list_rule(const struct eng_rule *r, bool json, struct buf *out)
{
	const struct eng_threshold *t = r->threshold;
	char within[32];

	if (!json) {
		buf__printf(out, "%-13s %s%s", eng_priority__name(r->priority), r->name, r->enabled ? "" : " (off)");
		if (t)
			buf__printf(out, " (%u within %s)", t->count, text__duration(t->within_ns, within));
		buf__puts(out, r->n_tags ? "  [" : "");
		for (unsigned i = 0; i < r->n_tags; i++)
			buf__printf(out, "%s%s", i ? ", " : "", r->tags[i]);
		buf__puts(out, r->n_tags ? "]\n" : "\n");
		return;
	}
	buf__add(out, "{", 1);
	put_json(out, "name", r->name);
	put_json(out, "priority", eng_priority__name(r->priority));
	put_json(out, "source", r->source ? r->source : "syscall");
	buf__printf(out, ",\"enabled\":%s,\"tags\":[", r->enabled ? "true" : "false");
	for (unsigned i = 0; i < r->n_tags; i++) {
		buf__puts(out, i ? ",\"" : "\"");
		text__json(out, r->tags[i], strlen(r->tags[i]));
		buf__add(out, "\"", 1);
	}
	buf__add(out, "]", 1);
	if (t)
		buf__printf(out, ",\"threshold\":{\"count\":%u,\"within_ns\":%llu}", t->count, (unsigned long long)t->within_ns);
	put_json(out, "desc", r->desc);
	put_json(out, "output", r->output);
	put_json(out, "file", r->file);
	buf__printf(out, ",\"line\":%u}\n", r->line);
}

static int list_rules(const struct rpl_opts *o, struct buf *out)
{
	struct eng_ruleset *rs;
	struct err err = { 0 };
	const struct eng_rule *rules;
	struct buf raw = { 0 };
	unsigned n;

	if (!o->rules.n) {
		fprintf(stderr, "%s: --list rules needs rules: -r FILE\n", log__tool_name());
		return EXIT_ASKED;
	}
	if (rpl_rules__load(&rs, o, &err)) {
		err__print(log__tool_name(), &err);
		return EXIT_ASKED;
	}
	rules = eng_ruleset__rules(rs, &n);
	for (unsigned i = 0; i < n; i++) {
		raw.len = 0;
		list_rule(&rules[i], o->json, &raw);
		if (!o->json && raw.len) {	/* names are the file's: no escape sequence to the terminal */
			text__safe(out, (const char *)raw.p, raw.len - 1);
			buf__add(out, "\n", 1);
		} else {
			buf__add(out, raw.p, raw.len);
		}
	}
	buf__done(&raw);
	eng_ruleset__free(rs);
	return EXIT_OK;
}

int rpl_list(const struct rpl_opts *o)
{
	struct buf out = { 0 };
	int code = EXIT_OK;

	if (!strcmp(o->list, "fields"))
		list_fields(o, &out);
	else if (!strcmp(o->list, "events"))
		list_events(o, &out);
	else
		code = list_rules(o, &out);
	if (out.len)
		fwrite(out.p, 1, out.len, stdout);
	buf__done(&out);
	return code == EXIT_OK ? cli__finish_stdout() : code;
}
