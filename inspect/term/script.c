// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/term/script.h"

#define MAX_SCRIPT (1u << 20)

static struct ins_step *add_step(struct ins_script *s, uint8_t kind)
{
	s->steps = xgrow(s->steps, &s->cap, s->n + 1, sizeof(*s->steps));
	s->steps[s->n] = (struct ins_step){ .kind = kind };
	return &s->steps[s->n++];
}

int ins_size__parse(const char *text, int *ret_w, int *ret_h, struct err *err)
{
	int w, h, end = 0;

	if (sscanf(text, "%4dx%4d%n", &w, &h, &end) != 2 || text[end] || w < 10 || h < 4 ||
	    w > INS_MAX_W || h > INS_MAX_H)
		return err__set(err, -FMT_E_VALUE, "'%s' is not a screen size: WIDTHxHEIGHT, from "
						   "10x4 to %dx%d", text, INS_MAX_W, INS_MAX_H);
	*ret_w = w;
	*ret_h = h;
	return 0;
}

/* "click 3,4": the mouse words. Returns 1 if it was one. */
static int parse_mouse(struct ins_script *s, const char *line)
{
	static const struct { const char *word; uint8_t mouse; } words[] = {
		{ "click ", MOUSE_CLICK }, { "double ", MOUSE_DOUBLE },
		{ "wheel-up ", MOUSE_WHEEL_UP }, { "wheel-down ", MOUSE_WHEEL_DOWN },
		{ "release ", MOUSE_RELEASE },
	};
	int x, y, end = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t len = strlen(words[i].word);

		if (strncmp(line, words[i].word, len))
			continue;
		if (sscanf(line + len, "%d,%d%n", &x, &y, &end) != 2 || line[len + (size_t)end])
			return 0;
		add_step(s, STEP_INPUT)->in = (struct ins_input){ .kind = IN_MOUSE,
			.mouse = words[i].mouse, .x = x, .y = y };
		return 1;
	}
	return 0;
}

/* Returns 1 if the line is a command, 0 if it is keys. */
static int parse_command(struct ins_script *s, const char *line, struct err *err)
{
	struct ins_step *step;
	int w, h;

	if (!strcmp(line, "dump") || !strncmp(line, "dump ", 5)) {
		step = add_step(s, STEP_DUMP);
		snprintf(step->title, sizeof(step->title), "%s", line[4] ? line + 5 : "");
		return 1;
	}
	if (!strncmp(line, "resize ", 7)) {
		int r = ins_size__parse(line + 7, &w, &h, err);

		if (r < 0)
			return r;
		add_step(s, STEP_RESIZE)->in = (struct ins_input){ .kind = IN_RESIZE, .x = w,
								  .y = h };
		return 1;
	}
	return parse_mouse(s, line);
}

static int parse_keys(struct ins_script *s, const char *line, size_t n, size_t *ret_bad)
{
	for (size_t at = 0; at < n;) {
		uint32_t key;
		size_t len = ins_key__parse(line + at, n - at, &key);

		if (!len) {
			*ret_bad = at;
			return -FMT_E_SYNTAX;
		}
		add_step(s, STEP_INPUT)->in = (struct ins_input){ .kind = IN_KEY, .key = key };
		at += len;
	}
	return 0;
}

int ins_script__parse(struct ins_script *s, const char *text, size_t n, struct err *err)
{
	unsigned line_no = 1;

	for (size_t at = 0; at < n; line_no++) {
		const char *nl = memchr(text + at, '\n', n - at);
		size_t len = nl ? (size_t)(nl - text) - at : n - at, bad = 0;
		char *line = xmemdup0(text + at, len && text[at + len - 1] == '\r' ? len - 1 : len);
		int r = line[0] == '#' ? 1 : parse_command(s, line, err);

		if (!r && parse_keys(s, line, strlen(line), &bad) < 0)
			r = err__set(err, -FMT_E_SYNTAX,
				     "no key has this name; '<' itself is <lt>");
		free(line);
		if (r < 0) {
			err__caret(err, text, n, line_no, (unsigned)bad + 1);
			return r;
		}
		at += len + 1;
	}
	return 0;
}

int ins_script__read(struct ins_script *s, const char *path, struct err *err)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "r") : stdin;
	struct buf text = { 0 };
	char block[4096];
	size_t n;
	int r = 0;

	if (!f) {
		r = err__set(err, -errno, "cannot open the key script: %s", strerror(errno));
		err__file(err, path);
		return r;
	}
	while (text.len <= MAX_SCRIPT && (n = fread(block, 1, sizeof(block), f)) > 0)
		buf__add(&text, block, n);
	if (ferror(f))
		r = err__set(err, -EIO, "cannot read the key script");
	else if (text.len > MAX_SCRIPT)
		r = err__set(err, -FMT_E_LIMIT, "the key script is over 1 MiB");
	else if (memchr(text.p ? text.p : (uint8_t *)"", 0, text.len))
		r = err__set(err, -FMT_E_SYNTAX, "the key script holds a NUL byte: it is no text");
	else
		r = ins_script__parse(s, (const char *)text.p, text.len, err);
	if (f != stdin)
		fclose(f);
	if (r < 0)
		err__file(err, path);
	buf__done(&text);
	return r;
}

void ins_script__done(struct ins_script *s)
{
	free(s->steps);
	*s = (struct ins_script){ 0 };
}
