// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "format/base/err.h"
#include "format/base/log.h"
#include "format/base/text.h"

static int set_va(struct err *e, int code, bool has_offset, uint64_t offset, const char *fmt, va_list ap)
{
	char raw[sizeof(e->msg)];
	struct buf safe = { 0 };

	if (code > 0)
		code = -code;
	if (!e || e->code)
		return code;
	vsnprintf(raw, sizeof(raw), fmt, ap);
	text__safe(&safe, raw, strlen(raw));
	e->code = code;
	e->has_offset = has_offset;
	e->offset = offset;
	snprintf(e->msg, sizeof(e->msg), "%.*s", (int)safe.len, safe.p ? (char *)safe.p : "");
	buf__done(&safe);
	return code;
}

int err__set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = set_va(e, code, false, 0, fmt, ap);
	va_end(ap);
	return r;
}

int err__set_at(struct err *e, int code, uint64_t offset, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = set_va(e, code, true, offset, fmt, ap);
	va_end(ap);
	return r;
}

void err__file(struct err *e, const char *file)
{
	struct buf safe = { 0 };

	if (!e || e->file[0])
		return;
	text__safe(&safe, file, strlen(file));
	snprintf(e->file, sizeof(e->file), "%.*s", (int)safe.len, safe.p ? (char *)safe.p : "");
	buf__done(&safe);
}

/* The shown part of a long line: a window of this many bytes around the place. */
#define CARET_WINDOW 160

void err__caret(struct err *e, const char *text, uint64_t len, unsigned line, unsigned col)
{
	const char *p = text, *end = text + len, *eol, *from;
	struct buf out = { 0 };
	unsigned l = 1, c = col ? col - 1 : 0;

	if (!e || e->snippet[0])
		return;
	e->line = line;
	e->col = col;
	while (l < line && p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		if (!nl)
			break;
		p = nl + 1;
		l++;
	}
	eol = memchr(p, '\n', (size_t)(end - p));
	if (!eol)
		eol = end;
	if (c > (unsigned)(eol - p))
		c = (unsigned)(eol - p);
	from = p;
	if (c > CARET_WINDOW / 2)
		from = p + c - CARET_WINDOW / 2;
	if (eol - from > CARET_WINDOW)
		eol = from + CARET_WINDOW;
	buf__puts(&out, "    ");
	for (const char *q = from; q < eol; q++) {
		char ch = *q == '\t' ? ' ' : *q;

		if ((unsigned char)ch < 32 || ch == 127)
			ch = '?';
		buf__add(&out, &ch, 1);
	}
	buf__puts(&out, "\n    ");
	for (unsigned i = 0; i < (unsigned)(p + c - from); i++)
		if (((unsigned char)from[i] & 0xc0) != 0x80)	/* one column a character, not a byte */
			buf__puts(&out, " ");
	buf__puts(&out, "^");
	snprintf(e->snippet, sizeof(e->snippet), "%.*s", (int)out.len, (char *)out.p);
	buf__done(&out);
}

const char *err__text(int code)
{
	switch (code < 0 ? -code : code) {
#define X(name, num, text) case num: return text;
	FMT_ERRORS(X)
#undef X
	}
	return strerror(code < 0 ? -code : code);
}

void err__print(const char *tool, const struct err *e)
{
	struct buf out = { 0 };

	buf__printf(&out, "%s: ", tool);
	if (e->file[0])
		buf__printf(&out, "%s:%s", e->file, e->line ? "" : " ");
	if (e->line)
		buf__printf(&out, "%u:%u: ", e->line, e->col);
	buf__puts(&out, e->msg[0] ? e->msg : err__text(e->code));
	if (e->has_offset)
		buf__printf(&out, " (at byte %llu)", (unsigned long long)e->offset);
	buf__printf(&out, "\n%s%s", e->snippet, e->snippet[0] ? "\n" : "");
	log__lines(LOG_ERROR_, (const char *)out.p, out.len);
	buf__done(&out);
}
