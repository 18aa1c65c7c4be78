// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/field/field.h"
#include "inspect/ui/prompt/complete.h"
#include "inspect/ui/prompt/prompt.h"

#define MAX_SAID 4	/* lines of an error or a hint */

static const char *const labels[ASK__N] = {
	[ASK_FILTER] = "Filter: ", [ASK_SEARCH] = "Search: ",
	[ASK_RANGE] = "Time from [to]: ", [ASK_GOTO] = "Go to time or #event: ",
	[ASK_SAVE] = "Save to file: ",
	[ASK_NOTE] = "Note: ", [ASK_WRITE] = "Write to (.md .spoor .jsonl .scap): ",
	[ASK_COLUMNS] = "Columns: ",
};

void ins_prompt__open(struct ins_prompt *p, enum ins_prompt_kind kind, const char *text)
{
	p->on = true;
	p->kind = (uint8_t)kind;
	snprintf(p->text, sizeof(p->text), "%s", text);
	p->len = p->at = strlen(p->text);
	p->err = (struct err){ 0 };
	p->hint[0] = 0;
	p->recall = -1;
}

void ins_prompt__done(struct ins_prompt *p)
{
	for (unsigned k = 0; k < ASK__N; k++)
		for (unsigned i = 0; i < INS_PROMPT_KEPT; i++)
			free(p->kept[k][i]);
	memset(p->kept, 0, sizeof(p->kept));
}

void ins_prompt__close(struct ins_prompt *p, bool remember)
{
	char **kept = p->kept[p->kind];

	p->on = false;
	if (!remember || !p->len || (kept[0] && !strcmp(kept[0], p->text)))
		return;
	free(kept[INS_PROMPT_KEPT - 1]);
	memmove(kept + 1, kept, (INS_PROMPT_KEPT - 1) * sizeof(*kept));
	kept[0] = xstrdup(p->text);
}

/* Start of the character before `at`, and of the one behind it. */
static size_t back(const struct ins_prompt *p, size_t at)
{
	while (at > 0 && ((unsigned char)p->text[--at] & 0xc0) == 0x80)
		;
	return at;
}

static size_t forth(const struct ins_prompt *p, size_t at)
{
	if (at < p->len)
		at++;
	while (at < p->len && ((unsigned char)p->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static void cut(struct ins_prompt *p, size_t from, size_t to)
{
	memmove(p->text + from, p->text + to, p->len - to + 1);
	p->len -= to - from;
	p->at = from;
}

static void insert(struct ins_prompt *p, const char *text, size_t n)
{
	if (p->len + n >= sizeof(p->text))
		return;
	memmove(p->text + p->at + n, p->text + p->at, p->len - p->at + 1);
	memcpy(p->text + p->at, text, n);
	p->at += n;
	p->len += n;
}

static void recall(struct ins_prompt *p, int step)
{
	int to = p->recall + step;

	if (to < -1 || to >= INS_PROMPT_KEPT || (to >= 0 && !p->kept[p->kind][to]))
		return;
	p->recall = to;
	snprintf(p->text, sizeof(p->text), "%s", to < 0 ? "" : p->kept[p->kind][to]);
	p->len = p->at = strlen(p->text);
}

/* Tab in a filter: what is typed, as far as it is certain; what could follow goes to the hint. */
static void complete(struct ins_prompt *p)
{
	struct ins_candidates c = { .hint = p->hint, .hint_size = sizeof(p->hint) };
	size_t n, field, field_len, from;
	const struct eng_field *fields = eng_field__all(&n);
	char name[64];
	bool value = ins_complete__value_of(p->text, p->at, &field, &field_len, &from) &&
		     field_len < sizeof(name);

	p->hint[0] = 0;
	if (!value)
		for (from = p->at; from > 0 && (isalnum((unsigned char)p->text[from - 1]) ||
						strchr("._", p->text[from - 1]));)
			from--;
	c.prefix = p->text + from;
	c.len = p->at - from;
	if (value) {
		snprintf(name, sizeof(name), "%.*s", (int)field_len, p->text + field);
		if (p->values)
			p->values(p->values_arg, name, &c);
	} else {
		for (size_t i = 0; i < n; i++)
			if (!(fields[i].flags & FF_HIDDEN))
				ins_candidates__add(&c, fields[i].name, strlen(fields[i].name));
	}
	if (!c.found) {
		snprintf(p->hint, sizeof(p->hint), value ? "the trace has no value that begins with this" :
							   "no field begins with this");
		return;
	}
	if (c.common > c.len)
		insert(p, c.first + c.len, c.common - c.len);
	if (c.found == 1) {
		p->hint[0] = 0;
		insert(p, " ", 1);
	}
}

enum ins_prompt_result ins_prompt__key(struct ins_prompt *p, uint32_t key)
{
	struct buf utf8 = { 0 };

	if (key == IK_TAB && p->kind == ASK_FILTER) {
		complete(p);
		return PROMPT_MORE;
	}
	p->hint[0] = 0;
	p->err = (struct err){ 0 };
	switch (key) {
	case IK_ENTER:
		return PROMPT_DONE;
	case IK_ESC:
	case IK_CTRL('c'):
		return PROMPT_CANCEL;
	case IK_BACKSPACE:
		if (!p->len)
			return PROMPT_CANCEL;
		cut(p, back(p, p->at), p->at);
		break;
	case IK_DEL:
		cut(p, p->at, forth(p, p->at));
		break;
	case IK_CTRL('u'):
		cut(p, 0, p->at);
		break;
	case IK_CTRL('k'):
		cut(p, p->at, p->len);
		break;
	case IK_CTRL('w'): {
		size_t from = p->at;

		while (from > 0 && p->text[from - 1] == ' ')
			from--;
		while (from > 0 && p->text[from - 1] != ' ')
			from--;
		cut(p, from, p->at);
		break;
	}
	case IK_LEFT:
		p->at = back(p, p->at);
		break;
	case IK_RIGHT:
		p->at = forth(p, p->at);
		break;
	case IK_HOME:
	case IK_CTRL('a'):
		p->at = 0;
		break;
	case IK_END:
	case IK_CTRL('e'):
		p->at = p->len;
		break;
	case IK_UP:
		recall(p, 1);
		break;
	case IK_DOWN:
		recall(p, -1);
		break;
	default:
		if (key < 32 || key >= IK_UP)
			break;
		ins_utf8__add(&utf8, key);
		insert(p, (const char *)utf8.p, utf8.len);
		buf__done(&utf8);
	}
	return PROMPT_MORE;
}

/* What is said below the text, over as many lines as it takes; draw false: only count them. */
static int say(const struct ins_prompt *p, struct ins_screen *s, int y, bool draw)
{
	const char *text = p->err.code ? p->err.msg : p->hint;
	size_t n = strlen(text);
	int lines = 0;

	while (n && lines < MAX_SAID) {
		size_t len = ins_text__break(s, text, n, s->w - 1);

		if (draw)
			ins_screen__put(s, y + lines, 0, s->w, p->err.code ? ST_BAD : ST_DIM, text,
					len);
		text += len;
		n -= len;
		while (n && *text == ' ') {
			text++;
			n--;
		}
		lines++;
	}
	return lines;
}

int ins_prompt__rows(const struct ins_prompt *p, struct ins_screen *s)
{
	int rows;

	if (!p->on)
		return 0;
	rows = 1 + (p->err.code && p->err.col ? 1 : 0) + say(p, s, 0, false);
	return rows < s->h ? rows : s->h - 1;
}

void ins_prompt__draw(const struct ins_prompt *p, struct ins_screen *s)
{
	int rows = ins_prompt__rows(p, s), y = s->h - rows, x, label, skip, room, at;

	for (int i = 0; i < rows; i++)
		ins_screen__fill(s, y + i, 0, s->w, ST_INPUT, ' ');
	label = ins_screen__puts(s, y, 0, s->w / 2, ST_TITLE, labels[p->kind]);
	room = s->w - label - 1;
	at = ins_text__width(s, p->text, p->at);
	skip = at >= room ? at - room + 1 : 0;
	ins_screen__put_skip(s, y, label, room + 1, skip, ST_INPUT, p->text, p->len);
	x = label + at - skip;
	ins_screen__restyle(s, y, x, 1, ST_HIT);
	if (p->err.code && p->err.col) {
		size_t col = p->err.col - 1;

		at = ins_text__width(s, p->text, col < p->len ? col : p->len);
		if (at - skip >= 0)
			ins_screen__puts(s, y + 1, label + at - skip, 1, ST_BAD, "^");
		y++;
	}
	say(p, s, y + 1, true);
}
