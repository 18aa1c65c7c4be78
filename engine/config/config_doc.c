// SPDX-License-Identifier: Apache-2.0
/* The reference of the keys, out of the tables that read them. */
#include <stdio.h>
#include <string.h>

#include "engine/config/config_internal.h"
#include "format/base/text.h"

static const char *kind_name(const struct cfg_key *k)
{
	static const char *const names[] = {
		[CFG_BOOL] = "true or false",
		[CFG_NUMBER] = "number",
		[CFG_SIZE] = "size",
		[CFG_DURATION] = "duration",
		[CFG_STRING] = "text",
		[CFG_PATH] = "path",
		[CFG_ENUM] = "one of",
		[CFG_STRINGS] = "list of texts",
		[CFG_PATHS] = "list of paths",
		[CFG_PAIRS] = "mapping of names to texts",
		[CFG_SECTION] = "section",
		[CFG_SECTIONS] = "list of sections",
	};

	return names[k->kind];
}

static void put_amount(const struct cfg_key *k, uint64_t v, struct buf *out)
{
	char b[32];

	if (k->kind == CFG_SIZE)
		buf__puts(out, text__size(v, b));
	else if (k->kind == CFG_DURATION)
		buf__puts(out, text__duration(v, b));
	else
		buf__printf(out, "%llu", (unsigned long long)v);
}

static void put_bounds(const struct cfg_key *k, struct buf *out)
{
	if (k->min) {
		buf__puts(out, ", at least ");
		put_amount(k, k->min, out);
	}
	if (k->max) {
		buf__puts(out, ", at most ");
		put_amount(k, k->max, out);
	}
	if (k->off)
		buf__puts(out, ", or off");
}

/* "size, at least 1.0 MiB; 64MiB if it is not given" */
static void put_kind(const struct cfg_key *k, struct buf *out)
{
	buf__puts(out, kind_name(k));
	if (k->kind == CFG_ENUM) {
		buf__u8(out, ' ');
		for (const char *p = k->choices; *p; p++)
			buf__puts(out, *p == '|' ? ", " : (char[]){ *p, 0 });
	}
	if (k->kind == CFG_NUMBER || k->kind == CFG_SIZE || k->kind == CFG_DURATION)
		put_bounds(k, out);
	if (k->required)
		buf__puts(out, "; must be given");
	else if (k->dflt)
		buf__printf(out, "; %s if not given", k->dflt);
}

/* --- Markdown --------------------------------------------------------------------------------- */

static void md_keys(const struct cfg_section *s, struct buf *out)
{
	buf__puts(out, "| key | value | meaning |\n|---|---|---|\n");
	for (const struct cfg_key *k = s->keys; k->name; k++) {
		buf__printf(out, "| `%s` | ", k->name);
		put_kind(k, out);
		buf__printf(out, " | %s |\n", k->doc);
	}
	buf__u8(out, '\n');
}

static void md_section(const struct cfg_section *s, const char *path, struct buf *out)
{
	if (*path)
		buf__printf(out, "### `%s`\n\n", path);
	buf__printf(out, "%s\n\n", s->doc);
	md_keys(s, out);
}

/* --- man page --------------------------------------------------------------------------------- */

static void roff(const char *s, struct buf *out)
{
	if (*s == '.' || *s == '\'')
		buf__puts(out, "\\&");
	for (; *s; s++) {
		if (*s == '\\')
			buf__puts(out, "\\e");
		else if (*s == '-')
			buf__puts(out, "\\-");
		else
			buf__u8(out, (uint8_t)*s);
	}
}

static void man_key(const struct cfg_key *k, struct buf *out)
{
	struct buf kind = { 0 };

	buf__printf(out, ".TP\n.BR ");
	roff(k->name, out);
	put_kind(k, &kind);
	buf__u8(&kind, 0);
	buf__puts(out, " \" \\(en ");
	roff((char *)kind.p, out);
	buf__puts(out, "\"\n");
	roff(k->doc, out);
	buf__u8(out, '\n');
	buf__done(&kind);
}

static void man_section(const struct cfg_section *s, const char *path, struct buf *out)
{
	if (*path) {
		buf__puts(out, ".SS ");
		roff(path, out);
		buf__u8(out, '\n');
	}
	roff(s->doc, out);
	buf__u8(out, '\n');
	for (const struct cfg_key *k = s->keys; k->name; k++)
		man_key(k, out);
}

/* --- all -------------------------------------------------------------------------------------- */

static void put_section(const struct cfg_section *s, enum cfg_doc form, const char *path,
			struct buf *out)
{
	char inner[256];

	if (form == CFG_DOC_MARKDOWN)
		md_section(s, path, out);
	else
		man_section(s, path, out);
	for (const struct cfg_key *k = s->keys; k->name; k++) {
		if (!k->section)
			continue;
		snprintf(inner, sizeof(inner), "%s%s%s%s", path, *path ? "." : "", k->name,
			 k->kind == CFG_SECTIONS ? "[]" : "");
		put_section(k->section, form, inner, out);
	}
}

void cfg_section__doc(const struct cfg_section *s, enum cfg_doc form, struct buf *out)
{
	put_section(s, form, "", out);
}

/* --- the tables themselves -------------------------------------------------------------------- */

static int verify_key(const struct cfg_section *s, const struct cfg_key *k, struct err *err)
{
	union { uint64_t n; const char *s; bool b; int i; } value;
	struct cfg_key plain = *k;
	bool nested = k->kind == CFG_SECTION || k->kind == CFG_SECTIONS;

	if (!k->doc || !*k->doc)
		return err__set(err, -FMT_E_VALUE, "%s: has no doc", k->name);
	if (k->kind < CFG_BOOL || k->kind > CFG_SECTIONS || nested != !!k->section ||
	    (k->kind == CFG_ENUM) != !!k->choices || (k->max && k->max < k->min) ||
	    k->at >= s->size)
		return err__set(err, -FMT_E_VALUE, "%s: the entry contradicts itself", k->name);
	for (const struct cfg_key *o = s->keys; o < k; o++)
		if (!strcmp(o->name, k->name))
			return err__set(err, -FMT_E_VALUE, "%s: is there twice", k->name);
	plain.at = 0;
	if (plain.kind == CFG_PATH)
		plain.kind = CFG_STRING;
	if (k->dflt && cfg_kind__is_text(k->kind))
		return cfg_value__set(&plain, k->dflt, &value, NULL, err);
	return k->section ? cfg_section__verify(k->section, err) : 0;
}

int cfg_section__verify(const struct cfg_section *s, struct err *err)
{
	int r = 0;

	if (!s->doc || !s->size)
		return err__set(err, -FMT_E_VALUE, "a section without doc or size");
	for (const struct cfg_key *k = s->keys; !r && k->name; k++)
		r = verify_key(s, k, err);
	return r;
}
