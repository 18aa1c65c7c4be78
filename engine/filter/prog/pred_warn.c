// SPDX-License-Identifier: Apache-2.0
/* Literals that are probably not what was meant. */
#include <stdio.h>
#include <string.h>

#include "engine/filter/prog/pred.h"
#include "format/base/nearest.h"

/* A pattern in which nothing is special but its ends. */
static bool is_plain_pattern(struct eng_text v)
{
	static const char special[] = ".+*?^$()[]{}|\\";

	for (uint32_t i = 0; i < v.len; i++) {
		if ((i == 0 && v.p[i] == '^') || (i == v.len - 1 && v.p[i] == '$'))
			continue;
		if (((i == 0 && v.len > 1) || i + 2 == v.len) && v.p[i] == '.' &&
		    strchr("+*?", v.p[i + 1])) {
			i++;
			continue;
		}
		if (memchr(special, v.p[i], sizeof(special) - 1))
			return false;
	}
	return true;
}

static bool is_letter(char c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

/* Worth a look among the fields? Most values are not, and lists are long. */
static bool looks_like_field(const char *s, uint32_t len)
{
	const char *dot = memchr(s, '.', len);

	return len && is_letter(s[0]) && dot && dot + 1 < s + len && is_letter(dot[1]);
}

static bool is_field(const char *s, uint32_t len)
{
	struct arena mem = { 0 };
	struct eng_fref ref;
	bool hit;

	if (!looks_like_field(s, len))
		return false;
	hit = !eng_field__resolve(s, len, &mem, &ref, NULL);
	arena__done(&mem);
	return hit;
}

static bool is_call(const char *s, uint32_t len)
{
	for (unsigned i = 0; i < CALL__N; i++) {
		size_t n = strlen(eng_call_names[i]);

		if (len >= n + 2 && !memcmp(s, eng_call_names[i], n) && s[n] == '(' &&
		    s[len - 1] == ')')
			return true;
	}
	return false;
}

void eng_pred__warn_literal(enum eng_op op, struct eng_text v, eng_warn_fn warn, void *arg)
{
	char bare[ENG_MAX_LITERAL + 1], msg[ENG_MAX_LITERAL + 160];
	uint32_t n = 0;

	if (v.len > ENG_MAX_LITERAL)
		return;
	for (uint32_t i = 0; i < v.len; i++)
		if (v.p[i] != ' ' && (v.p[i] < '\t' || v.p[i] > '\r'))
			bare[n++] = v.p[i];
	if (op == OP_REGEX && is_plain_pattern(v)) {
		snprintf(msg, sizeof(msg),
			 "regex check with '%.*s' may be optimized with simpler operators such as "
			 "'=', 'contains', 'startswith', 'endswith'", (int)v.len, v.p);
		warn(arg, "LOAD_COMPILE_CONDITION", msg);
	}
	if (is_field(bare, n)) {
		snprintf(msg, sizeof(msg),
			 "'%.*s' may be a valid field misused as a const string value",
			 (int)v.len, v.p);
		warn(arg, "LOAD_COMPILE_CONDITION", msg);
	}
	if (is_call(bare, n)) {
		snprintf(msg, sizeof(msg),
			 "'%.*s' may be a valid field transformer misused as a const string "
			 "value", (int)v.len, v.p);
		warn(arg, "LOAD_COMPILE_CONDITION", msg);
	}
}

const char *eng_event__nearest(const char *name)
{
	struct nearest near = nearest__begin(name, strlen(name));

	for (unsigned i = 0; i < FMT_MAX_EVENTS; i++) {
		const struct fmt_event_info *ev = fmt_event(i);

		if (ev && !(ev->flags & EF_INTERNAL))
			nearest__try(&near, ev->name);
	}
	return near.name;
}
