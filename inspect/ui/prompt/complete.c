// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "inspect/ui/prompt/complete.h"

static bool is_plain(char c)
{
	return isalnum((unsigned char)c) || strchr("_./:@+-", c);
}

void ins_candidates__add(struct ins_candidates *c, const char *text, size_t n)
{
	size_t i = 0;

	if (!n || n >= sizeof(c->first) || n < c->len || memcmp(text, c->prefix, c->len))
		return;
	for (i = 0; i < n; i++)
		if (!is_plain(text[i]))
			return;
	if (c->found && strlen(c->first) == n && !memcmp(c->first, text, n))
		return;
	if (!c->found++) {
		memcpy(c->first, text, n);
		c->first[n] = 0;
		c->common = n;
	}
	for (i = 0; i < c->common && i < n && c->first[i] == text[i]; i++)
		;
	c->common = i;
	if (c->hint_len < c->hint_size)
		c->hint_len += (size_t)snprintf(c->hint + c->hint_len, c->hint_size - c->hint_len, "%s%.*s",
						c->hint_len ? " " : "", (int)n, text);
}

/* One step back over blanks; over the characters of a word. */
static size_t before_blanks(const char *text, size_t at)
{
	while (at && text[at - 1] == ' ')
		at--;
	return at;
}

static size_t before_word(const char *text, size_t at)
{
	while (at && (isalnum((unsigned char)text[at - 1]) || strchr("._[]", text[at - 1])))
		at--;
	return at;
}

static bool is_word_operator(const char *text, size_t n)
{
	static const char *const words[] = { "in", "intersects", "contains", "icontains", "startswith", "endswith",
					    "pmatch", "glob", "iglob" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i]) == n && !memcmp(words[i], text, n))
			return true;
	return false;
}

bool ins_complete__value_of(const char *text, size_t at, size_t *ret_field, size_t *ret_len, size_t *ret_value)
{
	size_t value = at, end, word;

	while (value && is_plain(text[value - 1]))
		value--;
	end = before_blanks(text, value);
	if (end && (text[end - 1] == ',' || text[end - 1] == '(')) {	/* an element of a list */
		while (end && text[end - 1] != '(')
			end--;
		end = before_blanks(text, end ? end - 1 : 0);
	}
	if (end && strchr("=<>", text[end - 1])) {
		while (end && strchr("=<>!", text[end - 1]))
			end--;
	} else {
		word = before_word(text, end);
		if (!is_word_operator(text + word, end - word))
			return false;
		end = word;
	}
	end = before_blanks(text, end);
	word = before_word(text, end);
	*ret_field = word;
	*ret_len = end - word;
	*ret_value = value;
	return end > word;
}
