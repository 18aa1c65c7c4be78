// SPDX-License-Identifier: Apache-2.0
/* Results of loading: Falco's JSON, and text for people. */
#include <string.h>

#include "engine/rules/ruleset.h"
#include "format/base/text.h"

static void put_string(struct buf *out, const char *key, const char *s)
{
	buf__printf(out, "\"%s\":\"", key);
	text__json(out, s, strlen(s));
	buf__puts(out, "\"");
}

static void put_locations(struct buf *out, const struct eng_diag *d)
{
	buf__puts(out, "\"context\":{\"locations\":[");
	for (unsigned i = 0; i < d->n_locs; i++) {
		const struct eng_loc *l = &d->locs[i];

		buf__puts(out, i ? ",{" : "{");
		put_string(out, "item_name", l->item_name);
		buf__puts(out, ",");
		put_string(out, "item_type", l->item_type);
		buf__printf(out, ",\"position\":{\"column\":%u,\"line\":%u,", l->col, l->line);
		put_string(out, "name", l->name);
		buf__printf(out, ",\"offset\":%llu}}", (unsigned long long)l->offset);
	}
	buf__puts(out, "],");
	put_string(out, "snippet", d->snippet);
	buf__puts(out, "}");
}

static void put_diag(struct buf *out, const struct eng_diag *d)
{
	buf__puts(out, "{");
	put_string(out, "code", d->code);
	buf__puts(out, ",");
	put_string(out, "codedesc", d->codedesc);
	buf__puts(out, ",");
	put_locations(out, d);
	if (d->deprecated_field) {
		buf__puts(out, ",");
		put_string(out, "deprecated_field", d->deprecated_field);
	}
	buf__puts(out, ",");
	put_string(out, "message", d->message);
	buf__puts(out, "}");
}

static void put_diags(struct buf *out, const struct eng_ruleset *rs, const struct rules_file *f,
		      bool errors)
{
	bool any = false;

	buf__puts(out, errors ? "\"errors\":[" : "\"warnings\":[");
	for (uint32_t i = 0; i < f->n_diags; i++) {
		const struct eng_diag *d = &rs->diags[f->first_diag + i];

		if (d->is_error != errors)
			continue;
		buf__puts(out, any ? "," : "");
		put_diag(out, d);
		any = true;
	}
	for (uint32_t i = 0; !errors && i < rs->n_lints; i++) {
		if (strcmp(rs->lints[i].file, f->name))
			continue;
		buf__puts(out, any ? "," : "");
		put_diag(out, &rs->lints[i]);
		any = true;
	}
	buf__puts(out, "]");
}

void eng_ruleset__result_json(const struct eng_ruleset *rs, struct buf *out)
{
	buf__puts(out, "{\"falco_load_results\":[");
	for (uint32_t i = 0; i < rs->n_files; i++) {
		const struct rules_file *f = &rs->files[i];

		buf__puts(out, i ? ",{" : "{");
		put_diags(out, rs, f, true);
		buf__puts(out, ",");
		put_string(out, "name", f->name);
		buf__printf(out, ",\"successful\":%s,", f->failed ? "false" : "true");
		put_diags(out, rs, f, false);
		buf__puts(out, "}");
	}
	buf__puts(out, "]}");
}

/* --- Text ------------------------------------------------------------------------------------- */

static void put_safe(struct buf *out, const char *s)
{
	text__safe(out, s, strlen(s));
}

void rules__put_snippet(struct buf *out, const char *s)
{
	while (*s) {
		size_t n = strcspn(s, "\n");

		buf__puts(out, "    ");
		for (size_t i = 0; i < n; i++) {
			if (s[i] == '\t')
				buf__puts(out, " ");	/* one column, as the caret counts it */
			else if ((uint8_t)s[i] < 32 || s[i] == 127)
				buf__puts(out, "?");
			else
				buf__add(out, s + i, 1);
		}
		buf__puts(out, "\n");
		s += n + (s[n] == '\n');
	}
}

static void put_text_diag(struct buf *out, const struct eng_diag *d, bool color)
{
	const char *on = !color ? "" : d->is_error ? "\033[1;31m" : "\033[1;33m",
		*off = color ? "\033[0m" : "";

	put_safe(out, d->file);
	buf__printf(out, ":%u:%u: %s%s: %s%s", d->line, d->col, on,
		    d->is_error ? "error" : "warning", d->code, off);
	if (d->item_name[0]) {
		buf__printf(out, ", in %s '", d->item_type);
		put_safe(out, d->item_name);
		buf__puts(out, "'");
	}
	buf__puts(out, ": ");
	put_safe(out, d->message[0] ? d->message : d->codedesc);
	buf__puts(out, "\n");
	rules__put_snippet(out, d->snippet);
}

void eng_ruleset__result_text(const struct eng_ruleset *rs, bool color, struct buf *out)
{
	for (uint32_t i = 0; i < rs->n_files; i++) {
		const struct rules_file *f = &rs->files[i];
		unsigned errors = 0, lints = 0;

		for (uint32_t k = 0; k < f->n_diags; k++)
			errors += rs->diags[f->first_diag + k].is_error;
		for (uint32_t k = 0; k < rs->n_lints; k++)
			lints += !strcmp(rs->lints[k].file, f->name);
		put_safe(out, f->name);
		buf__printf(out, ": %s\n", errors ? "Invalid" :
			    f->n_diags || lints ? "Ok, with warnings" : "Ok");
		for (uint32_t k = 0; k < f->n_diags; k++)
			put_text_diag(out, &rs->diags[f->first_diag + k], color);
		for (uint32_t k = 0; k < rs->n_lints; k++)
			if (!strcmp(rs->lints[k].file, f->name))
				put_text_diag(out, &rs->lints[k], color);
	}
}
