// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/filter/lang/filter_lex.h"

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_xdigit(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* White space as the patterns of the grammar mean it; blanks between tokens are a little fewer. */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\b' || c == '\r' || c == '\n';
}

static char at(const struct lexer *l, size_t i)
{
	return i < lex__left(l) ? l->text[l->pos.off + i] : 0;
}

static void advance(struct lexer *l, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = l->text[l->pos.off++];

		l->pos.col++;
		if (c == '\r' || c == '\n') {
			l->pos.col = 1;
			l->pos.line++;
		}
	}
}

static bool take(struct lexer *l, size_t n)
{
	if (!n)
		return false;
	l->tok = (struct eng_text){ l->text + l->pos.off, (uint32_t)n };
	advance(l, n);
	return true;
}

bool lex__blank(struct lexer *l)
{
	size_t n = 0;

	while (n < lex__left(l) && is_blank(at(l, n)))
		n++;
	advance(l, n);
	return n;
}

static bool looking_at(const struct lexer *l, const char *w, size_t n)
{
	return n <= lex__left(l) && !memcmp(l->text + l->pos.off, w, n);
}

bool lex__word(struct lexer *l, const char *w)
{
	size_t n = strlen(w);

	return looking_at(l, w, n) && take(l, n);
}

bool lex__word_blank(struct lexer *l, const char *w)
{
	size_t n = strlen(w);

	if (!looking_at(l, w, n) || n >= lex__left(l) || !is_blank(at(l, n)))
		return false;
	take(l, n);
	return lex__blank(l);
}

static size_t identifier(const struct lexer *l, size_t from)
{
	size_t n = from;

	if (n >= lex__left(l) || !is_alpha(at(l, n)))
		return from;
	while (n < lex__left(l) && (is_alpha(at(l, n)) || is_digit(at(l, n)) || at(l, n) == '_'))
		n++;
	return n;
}

bool lex__identifier(struct lexer *l)
{
	return take(l, identifier(l, 0));
}

bool lex__field_name(struct lexer *l)
{
	size_t n = identifier(l, 0), end = n;

	while (n && at(l, end) == '.') {
		size_t next = identifier(l, end + 1);

		if (next == end + 1)
			break;
		end = next;
	}
	return end > n && take(l, end);
}

bool lex__bare_arg(struct lexer *l)
{
	size_t n = 0;

	while (n < lex__left(l) && !is_space(at(l, n)) && at(l, n) != '[' && at(l, n) != ']' &&
	       at(l, n) != '"' && at(l, n) != '\'')
		n++;
	return take(l, n);
}

bool lex__bare_string(struct lexer *l)
{
	size_t n = 0;

	while (n < lex__left(l) && !is_space(at(l, n)) && at(l, n) != '(' && at(l, n) != ')' &&
	       at(l, n) != '"' && at(l, n) != '\'' && at(l, n) != '=' && at(l, n) != ',')
		n++;
	return take(l, n);
}

static size_t digits(const struct lexer *l, size_t n)
{
	while (is_digit(at(l, n)))
		n++;
	return n;
}

bool lex__number(struct lexer *l)
{
	size_t n = 2, sign;

	if (at(l, 0) == '0' && (at(l, 1) == 'x' || at(l, 1) == 'X') && is_xdigit(at(l, 2))) {
		while (is_xdigit(at(l, n)))
			n++;
		return take(l, n);
	}
	sign = at(l, 0) == '+' || at(l, 0) == '-';
	n = digits(l, sign);
	if (n == sign)
		return false;
	if (at(l, n) == '.')
		n++;
	n = digits(l, n);
	/* the exponent counts only with its sign and a digit */
	if ((at(l, n) == 'e' || at(l, n) == 'E') && (at(l, n + 1) == '+' || at(l, n + 1) == '-') &&
	    is_digit(at(l, n + 2)))
		n = digits(l, n + 2);
	return take(l, n);
}

bool lex__not(struct lexer *l)
{
	size_t n = 3;

	if (!looking_at(l, "not", 3))
		return false;
	while (n < lex__left(l) && is_space(at(l, n)))
		n++;
	return n > 3 && take(l, n);
}

static int hex(char c)
{
	return is_digit(c) ? c - '0' : (c | 32) - 'a' + 10;
}

static struct eng_pos pos_plus(struct lexer *l, size_t n)
{
	struct eng_pos start = l->pos, p;

	advance(l, n);
	p = l->pos;
	l->pos = start;
	return p;
}

static void bad_escape(struct lexer *l, size_t i, const char *what, char c)
{
	l->failed = true;
	if (c)
		lex__fail(l, pos_plus(l, i), -FMT_E_SYNTAX, "%s: \\%c", what, c);
	else
		lex__fail(l, pos_plus(l, i), -FMT_E_SYNTAX, "%s", what);
}

/* One escape: text[i] is the backslash, end the place of the closing quote. Bytes taken, 0: bad. */
static size_t unescape(struct lexer *l, size_t i, size_t end, char quote, char *out)
{
	static const char from[] = "bfnrt\\/ ", to[] = "\b\f\n\r\t\\/\\";
	char c = at(l, i + 1);
	const char *k = memchr(from, c, sizeof(from) - 1);

	if (k) {			/* backslash-blank is a backslash: old rules rely on it */
		*out = to[k - from];
		return 2;
	}
	if (c == '"' || c == '\'') {
		if (c != quote)
			bad_escape(l, i, c == '"' ? "invalid \\\" escape in a '-quoted string" :
				   "invalid \\' escape in a \"-quoted string", 0);
		*out = c;
		return c == quote ? 2 : 0;
	}
	if (c != 'x') {
		bad_escape(l, i, "unsupported string escape sequence", c);
		return 0;
	}
	if (i + 3 >= end) {
		bad_escape(l, i, "truncated hex char escape sequence", 0);
		return 0;
	}
	if (!is_xdigit(at(l, i + 2)) || !is_xdigit(at(l, i + 3))) {
		bad_escape(l, i, "invalid hex char escape sequence", c);
		return 0;
	}
	*out = (char)(hex(at(l, i + 2)) << 4 | hex(at(l, i + 3)));
	return 4;
}

static void no_end(struct lexer *l, char quote)
{
	const char *escaped = quote == '"' ? "\\\\\"" : "\\\\'";

	l->failed = true;
	if (memmem(l->text + l->pos.off, lex__left(l), escaped, 3))
		lex__fail(l, l->pos, -FMT_E_SYNTAX,
			  "the quoted string does not end: a quote behind \\\\ does not end it, "
			  "write \\x5c for a backslash there");
	else
		lex__fail(l, l->pos, -FMT_E_SYNTAX, "the quoted string does not end: expected %c",
			  quote);
}

bool lex__quoted(struct lexer *l)
{
	char quote = at(l, 0), *out;
	size_t end = 1, n = 0;

	if (quote != '"' && quote != '\'')
		return false;
	/* the string ends at a quote that no backslash precedes: one that ends in \\ never ends */
	while (end < lex__left(l) && (at(l, end) != quote || at(l, end - 1) == '\\'))
		end++;
	if (end >= lex__left(l)) {
		no_end(l, quote);
		return false;
	}
	out = arena__alloc(l->mem, end);
	for (size_t i = 1; i < end;) {
		if (at(l, i) != '\\') {
			out[n++] = at(l, i++);
			continue;
		}
		size_t took = unescape(l, i, end, quote, &out[n]);

		if (!took)
			return false;
		i += took;
		n++;
	}
	out[n] = 0;
	advance(l, end + 1);
	l->tok = (struct eng_text){ out, (uint32_t)n };
	return true;
}

int lex__fail(struct lexer *l, struct eng_pos pos, int code, const char *fmt, ...)
{
	char msg[400];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (l->err && !l->err->code) {
		unsigned line = 1, col = 1;

		/* for people a line ends at a line feed only */
		for (uint32_t i = 0; i < pos.off; i++) {
			col = l->text[i] == '\n' ? 1 : col + 1;
			line += l->text[i] == '\n';
		}
		err__set(l->err, code, "%s", msg);
		err__caret(l->err, l->text, l->len, line, col);
		l->err->offset = pos.off;
	}
	return code;
}
