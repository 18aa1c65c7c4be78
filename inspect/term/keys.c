// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "inspect/term/keys.h"
#include "inspect/term/screen.h"

const char *const ins_key_groups[KEYS__N] = {
	[KEYS_MOVE] = "Moving",
	[KEYS_GO] = "Going somewhere",
	[KEYS_FIND] = "Finding",
	[KEYS_LENS] = "What is shown",
	[KEYS_VIEW] = "How it is shown",
	[KEYS_OTHER] = "Other",
};

const struct ins_action_info ins_actions[ACT__N] = {
	[ACT_NONE] = { "", "", "", KEYS_OTHER, 0 },
#define ACTION(id, k, g, w, l, h) [ACT_##id] = { k, l, h, KEYS_##g, WHERE_##w },
#include "inspect/term/keys.def"
#undef ACTION
};

static const struct { const char *name; uint32_t key; } names[] = {
	{ "Enter", IK_ENTER }, { "Esc", IK_ESC }, { "Tab", IK_TAB }, { "S-Tab", IK_BACKTAB },
	{ "Space", ' ' }, { "Backspace", IK_BACKSPACE }, { "Del", IK_DEL }, { "Up", IK_UP },
	{ "Down", IK_DOWN }, { "Left", IK_LEFT }, { "Right", IK_RIGHT }, { "PgUp", IK_PGUP },
	{ "PgDn", IK_PGDN }, { "Home", IK_HOME }, { "End", IK_END }, { "lt", '<' },
};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

/* The inside of <...>: a name, a function key or C-x. */
static bool parse_name(const char *s, size_t n, uint32_t *ret)
{
	char *end, word[16];
	unsigned long f;

	if (!n || n >= sizeof(word))
		return false;
	memcpy(word, s, n);
	word[n] = 0;
	for (size_t i = 0; i < N_NAMES; i++) {
		if (!strcasecmp(word, names[i].name)) {
			*ret = names[i].key;
			return true;
		}
	}
	if (n == 3 && (word[0] == 'C' || word[0] == 'c') && word[1] == '-' && word[2] > 32) {
		*ret = (uint32_t)IK_CTRL(word[2]);
		return true;
	}
	if (word[0] != 'F' && word[0] != 'f')
		return false;
	f = strtoul(word + 1, &end, 10);
	if (*end || f < 1 || f > 12)
		return false;
	*ret = IK_F1 + (uint32_t)f - 1;
	return true;
}

size_t ins_key__parse(const char *text, size_t n, uint32_t *ret)
{
	const char *end;

	if (!n)
		return 0;
	if (text[0] != '<')
		return ins_utf8__get(text, n, ret);
	end = memchr(text, '>', n);
	if (!end || !parse_name(text + 1, (size_t)(end - text) - 1, ret))
		return 0;
	return (size_t)(end - text) + 1;
}

void ins_key__name(uint32_t key, struct buf *out)
{
	for (size_t i = 0; i < N_NAMES; i++) {
		if (names[i].key == key) {
			buf__printf(out, "<%s>", names[i].name);
			return;
		}
	}
	if (key >= IK_F1 && key < IK_F1 + 12)
		buf__printf(out, "<F%u>", key - IK_F1 + 1);
	else if (key < 32)
		buf__printf(out, "<C-%c>", (char)(key + 96));
	else
		ins_utf8__add(out, key);
}

enum ins_action ins_key__action(uint32_t key)
{
	for (unsigned a = ACT_NONE + 1; a < ACT__N; a++) {
		const char *p = ins_actions[a].keys;

		while (*p) {
			size_t len = strcspn(p, " ");
			uint32_t k;

			if (ins_key__parse(p, len, &k) == len && k == key)
				return (enum ins_action)a;
			p += len;
			p += strspn(p, " ");
		}
	}
	return ACT_NONE;
}

const char *ins_action__key(enum ins_action a, char buf[16])
{
	const char *keys = ins_actions[a].keys;
	size_t len = strcspn(keys, " ");

	if (len > 2 && keys[0] == '<' && keys[len - 1] == '>')
		snprintf(buf, 16, "%.*s", (int)len - 2, keys + 1);
	else
		snprintf(buf, 16, "%.*s", (int)len, keys);
	if (!strcmp(buf, "Backspace"))
		strcpy(buf, "Bksp");
	return buf;
}

void ins_keys__list(struct buf *out)
{
	for (unsigned g = 0; g < KEYS__N; g++) {
		buf__printf(out, "%s%s\n", g ? "\n" : "", ins_key_groups[g]);
		for (unsigned a = ACT_NONE + 1; a < ACT__N; a++) {
			const struct ins_action_info *i = &ins_actions[a];

			if (i->group != g || !*i->help)
				continue;
			if (a == ACT_VIEW_1)
				buf__printf(out, "1 .. 9\t%s\n", i->help);
			else
				buf__printf(out, "%s\t%s\n", i->keys, i->help);
		}
	}
}
