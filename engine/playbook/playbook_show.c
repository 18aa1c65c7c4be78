// SPDX-License-Identifier: Apache-2.0
/* Plans as text and as JSON; the reference of the file. */
#include <string.h>

#include "engine/playbook/playbook_internal.h"
#include "format/base/text.h"

const char *const pb_verdict_names[PBV__N] = { "do", "dry_run", "stopped", "cool_down", "limit", "protected", "no_object" };

static void put_safe(struct buf *out, const char *s)
{
	text__safe(out, s, strlen(s));
}

static void put_args(const struct pb_step *s, struct buf *out)
{
	for (uint32_t i = 0; i < s->n_args; i++) {
		const struct pb_arg *a = &s->args[i];

		buf__printf(out, "%s%s", i ? ", " : " (", a->name);
		if (a->key)
			buf__puts(out, ".");
		put_safe(out, a->key ? a->key : "");
		buf__puts(out, "=");
		put_safe(out, a->value);
	}
	buf__puts(out, s->n_args ? ")" : "");
}

static void put_step(const struct pb_part *part, const struct pb_step *s, struct buf *out)
{
	bool would = s->verdict == PBV_DO || s->verdict == PBV_DRY_RUN;

	buf__puts(out, "    ");
	put_safe(out, part->entry->name);
	buf__printf(out, ": %s %s", would ? "would do" : "would not do", s->action->info->name);
	if (*s->object)
		buf__puts(out, ": ");
	put_safe(out, s->object);
	put_args(s, out);
	if (s->why) {
		buf__puts(out, would ? " [" : ": ");
		put_safe(out, s->why);
		buf__puts(out, would ? "]" : "");
	}
	buf__puts(out, "\n");
}

void pb_plan__text(const struct pb_plan *p, struct buf *out)
{
	for (uint32_t i = 0; i < p->n_parts; i++) {
		const struct pb_part *part = &p->parts[i];

		if (part->verdict == PBV_COOL_DOWN) {
			buf__puts(out, "    ");
			put_safe(out, part->entry->name);
			buf__printf(out, ": would do nothing: %s\n", part->why);
		}
		for (uint32_t k = 0; k < part->n_steps; k++)
			put_step(part, &part->steps[k], out);
	}
}

static void put_string(struct buf *out, const char *before, const char *key, const char *s)
{
	buf__printf(out, "%s\"%s\":\"", before, key);
	text__json(out, s, strlen(s));
	buf__puts(out, "\"");
}

static void put_json_string(struct buf *out, const char *s)
{
	buf__puts(out, "\"");
	text__json(out, s, strlen(s));
	buf__puts(out, "\"");
}

/* Arguments of one name stand together: one value, a list, or an object by key. */
void pb_step__args_json(const struct pb_step *s, struct buf *out)
{
	buf__puts(out, "{");
	for (uint32_t i = 0, end; i < s->n_args; i = end) {
		const struct pb_arg *a = &s->args[i];
		bool list = !strcmp(a->name, "args") || !strcmp(a->name, "reachable");

		for (end = i + 1; end < s->n_args && !strcmp(s->args[end].name, a->name);)
			end++;
		buf__printf(out, "%s\"%s\":%s", i ? "," : "", a->name, list ? "[" : a->key ? "{" : "");
		for (uint32_t k = i; k < end; k++) {
			buf__puts(out, k > i ? "," : "");
			if (a->key) {
				put_json_string(out, s->args[k].key);
				buf__puts(out, ":");
			}
			put_json_string(out, s->args[k].value);
		}
		buf__puts(out, list ? "]" : a->key ? "}" : "");
	}
	buf__puts(out, "}");
}

static void put_step_json(const struct pb_step *s, struct buf *out)
{
	buf__printf(out, "{\"action\":\"%s\",\"verdict\":\"%s\"", s->action->info->name, pb_verdict_names[s->verdict]);
	if (s->why)
		put_string(out, ",", "why", s->why);
	put_string(out, ",", "object", s->object);
	buf__puts(out, ",\"args\":");
	pb_step__args_json(s, out);
	buf__puts(out, "}");
}

void pb_plan__json(const struct pb_plan *p, struct buf *out)
{
	buf__printf(out, "{\"alert\":%s,\"playbooks\":[", p->json);
	for (uint32_t i = 0; i < p->n_parts; i++) {
		const struct pb_part *part = &p->parts[i];

		put_string(out, i ? ",{" : "{", "name", part->entry->name);
		buf__printf(out, ",\"verdict\":\"%s\"", pb_verdict_names[part->verdict]);
		if (part->why)
			put_string(out, ",", "why", part->why);
		buf__puts(out, ",\"actions\":[");
		for (uint32_t k = 0; k < part->n_steps; k++) {
			buf__puts(out, k ? "," : "");
			put_step_json(&part->steps[k], out);
		}
		buf__puts(out, "]}");
	}
	buf__puts(out, "]}");
}

/* "!program args" without the mark. */
static void put_keys(const char *keys, enum cfg_doc form, struct buf *out)
{
	for (const char *p = keys; *p; p++) {
		if (*p == ' ')
			buf__puts(out, ", ");
		else if (*p != '!')
			buf__u8(out, (uint8_t)*p);
	}
	buf__puts(out, *keys ? "" : form == CFG_DOC_MARKDOWN ? "-" : "none");
}

void playbook__doc(enum cfg_doc form, struct buf *out)
{
	cfg_section__doc(&pb_file_section, form, out);
	if (form == CFG_DOC_MARKDOWN)
		buf__puts(out, "\n| action | done to | disturbs | keys | |\n|---|---|---|---|---|\n");
	for (unsigned i = 0; i < PB__N; i++) {
		static const char *const objects[] = { "-", "process", "container", "pod", "node" };
		const struct pb_action_info *a = &pb_actions[i];

		if (form == CFG_DOC_MARKDOWN)
			buf__printf(out, "| `%s` | %s | %s | ", a->name, objects[a->object], a->flags & PBF_DISTURBS ? "yes" : "no");
		else
			buf__printf(out, ".TP\n.B %s\n%s\nKeys: ", a->name, a->doc);
		put_keys(a->keys, form, out);
		if (form == CFG_DOC_MARKDOWN)
			buf__printf(out, " | %s |\n", a->doc);
		else
			buf__puts(out, ".\n");
	}
}
