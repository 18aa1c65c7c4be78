// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/engine/lang_tsv.h"

char *lang_path(const char *name)
{
	const char *src = getenv("SPOOR_SRC");

	return xasprintf("%s/tests/engine/lang/%s", src ? src : ".", name);
}

static const struct { const char *name; char byte; } marks[] = {
	{ "<TAB>", '\t' }, { "<LF>", '\n' }, { "<CR>", '\r' }, { "<BS>", '\b' }, { "<NUL>", 0 },
	{ "<FF>", '\f' }, { "<VT>", '\v' },
};

/* One mark at p, into b. Its length, 0: none. */
static size_t mark(const char *p, struct buf *b)
{
	unsigned n, len = 0, byte;

	for (unsigned i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		if (!strncmp(p, marks[i].name, strlen(marks[i].name))) {
			buf__u8(b, (uint8_t)marks[i].byte);
			return strlen(marks[i].name);
		}
	}
	if (!strncmp(p, "<EMPTY>", 7))
		return 7;
	if (sscanf(p, "<x%2x>%n", &byte, (int *)&len) == 1 && len == 5) {
		buf__u8(b, (uint8_t)byte);
		return len;
	}
	if (sscanf(p, "<%ux%n", &n, (int *)&len) == 1 && len && strchr(p, '>') && n < 100000) {
		const char *end = strchr(p + len + 1, '>');

		for (unsigned i = 0; end && i < n; i++)
			buf__add(b, p + len, (size_t)(end - p - len));
		return end ? (size_t)(end + 1 - p) : 0;
	}
	return 0;
}

static char *column(struct arena *mem, const char *p, size_t n, size_t *ret_len)
{
	char *raw = arena__strndup(mem, p, n), *out;
	struct buf b = { 0 };

	for (const char *s = raw; *s;) {
		size_t took = *s == '<' ? mark(s, &b) : 0;

		if (!took)
			buf__u8(&b, (uint8_t)*s++);
		s += took;
	}
	out = arena__strndup(mem, (char *)b.p, b.len);
	*ret_len = b.len;
	buf__done(&b);
	return out;
}

static void split(struct tsv *t, struct tsv_line *l, const char *p)
{
	for (; *p && l->n < TSV_COLS; l->n++) {
		size_t n = strcspn(p, "\t");

		l->col[l->n] = column(&t->mem, p, n, &l->len[l->n]);
		p += n;
		p += strspn(p, "\t");
	}
	for (unsigned i = l->n; i < TSV_COLS; i++)
		l->col[i] = arena__strndup(&t->mem, "", 0);
}

void tsv__open(struct tsv *t, const char *name, size_t least)
{
	char *path = lang_path(name), *line = NULL;
	FILE *fp = fopen(path, "r");
	size_t cap = 0, cap_lines = 0;
	unsigned number = 0;

	*t = (struct tsv){ .name = xstrdup(name) };
	if (!fp)
		fail_msg("cannot read %s", path);
	while (getline(&line, &cap, fp) > 0) {
		struct tsv_line l = { .number = ++number };

		line[strcspn(line, "\n")] = 0;
		if (!*line || !strncmp(line, "# ", 2))
			continue;
		split(t, &l, line);
		t->lines = xgrow(t->lines, &cap_lines, t->n + 1, sizeof(l));
		t->lines[t->n++] = l;
	}
	free(line);
	free(path);
	fclose(fp);
	assert_true(t->n >= least);
}

void tsv__fail(struct tsv *t, const struct tsv_line *l, const char *fmt, ...)
{
	char msg[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	print_error("%s:%u: %s\n", t->name, l->number, msg);
	t->failed++;
}

void tsv__close(struct tsv *t)
{
	unsigned failed = t->failed;

	arena__done(&t->mem);
	free(t->lines);
	free(t->name);
	if (failed)
		fail_msg("%u cases failed", failed);
}
