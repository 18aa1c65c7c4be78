// SPDX-License-Identifier: Apache-2.0
/* Looking things up in a document, and putting them out. */
#include <string.h>

#include "format/json/json_doc.h"
#include "format/json/json_text.h"

uint32_t json_doc__next(const struct json_doc *d, uint32_t node, uint32_t *at, uint32_t *ret_name)
{
	const struct json_node *n;
	uint32_t name;

	if (node == JSON_NONE || d->nodes[node].kind < JSON_ARRAY)
		return JSON_NONE;
	n = &d->nodes[node];
	name = *at ? *at : node + 1;
	if (name >= n->next)
		return JSON_NONE;
	if (ret_name)
		*ret_name = name;
	node = n->kind == JSON_OBJECT ? name + 1 : name;
	*at = d->nodes[node].next;
	return node;
}

bool json_doc__is(const struct json_doc *d, uint32_t node, const char *text)
{
	return node != JSON_NONE && d->nodes[node].kind == JSON_STRING && json_text__is(d, &d->nodes[node], text, strlen(text));
}

uint32_t json_doc__get_n(const struct json_doc *d, uint32_t node, const char *name, size_t len)
{
	uint32_t at = 0, key, v;

	if (json_doc__kind(d, node) != JSON_OBJECT)
		return JSON_NONE;
	while ((v = json_doc__next(d, node, &at, &key)) != JSON_NONE)
		if (json_text__is(d, &d->nodes[key], name, len))
			return v;
	return JSON_NONE;
}

uint32_t json_doc__get(const struct json_doc *d, uint32_t node, const char *name)
{
	return json_doc__get_n(d, node, name, strlen(name));
}

uint32_t json_doc__at(const struct json_doc *d, uint32_t node, uint64_t index)
{
	uint32_t at = 0, v;

	if (json_doc__kind(d, node) != JSON_ARRAY)
		return JSON_NONE;
	while ((v = json_doc__next(d, node, &at, NULL)) != JSON_NONE && index--)
		;
	return v;
}

const char *json_doc__text(const struct json_doc *d, uint32_t node, struct arena *mem, uint32_t *ret_len)
{
	const struct json_node *n = &d->nodes[node];
	struct buf compact = { 0 };
	char *text;

	*ret_len = n->len;
	if (n->kind == JSON_STRING && n->escaped) {
		text = arena__alloc(mem, (size_t)n->len + 1);
		*ret_len = (uint32_t)json_text__decode(d, n, text);
		text[*ret_len] = '\0';
		return text;
	}
	if (n->kind < JSON_ARRAY || !d->blanks)
		return d->text + n->at;
	json_doc__put(d, node, &compact);
	*ret_len = (uint32_t)compact.len;
	text = arena__strndup(mem, (char *)compact.p, compact.len);
	buf__done(&compact);
	return text;
}

/* The value as it stands, quotes of strings included. */
static void put_scalar(const struct json_doc *d, const struct json_node *n, struct buf *out)
{
	uint32_t quote = n->kind == JSON_STRING;

	buf__add(out, d->text + n->at - quote, n->len + 2 * quote);
}

static void put_line(struct buf *out, unsigned depth)
{
	static const char blanks[] = "                                ";
	size_t n = (size_t)depth * 2;

	buf__u8(out, '\n');
	for (; n > sizeof(blanks) - 1; n -= sizeof(blanks) - 1)
		buf__add(out, blanks, sizeof(blanks) - 1);
	buf__add(out, blanks, n);
}

/* A value and what it holds, without recursion. indented: a line for each part. */
static void put(const struct json_doc *d, uint32_t node, bool indented, struct buf *out)
{
	uint32_t open[JSON_DOC_DEPTH] = { 0 }, end = d->nodes[node].next;
	bool first = true, is_value = false;
	unsigned depth = 0;

	for (uint32_t i = node;;) {
		while (depth && i >= d->nodes[open[depth - 1]].next) {
			bool object = d->nodes[open[--depth]].kind == JSON_OBJECT;

			if (indented && !first)
				put_line(out, depth);
			buf__u8(out, object ? '}' : ']');
			first = false;
		}
		if (i >= end)
			return;
		if (depth && !is_value) {
			if (!first)
				buf__u8(out, ',');
			if (indented)
				put_line(out, depth);
		}
		first = false;
		if (depth && !is_value && d->nodes[open[depth - 1]].kind == JSON_OBJECT) {
			put_scalar(d, &d->nodes[i++], out);
			buf__puts(out, indented ? ": " : ":");
			is_value = true;
			continue;
		}
		is_value = false;
		if (d->nodes[i].kind >= JSON_ARRAY) {
			buf__u8(out, d->nodes[i].kind == JSON_OBJECT ? '{' : '[');
			open[depth++] = i++;
			first = true;
		} else {
			put_scalar(d, &d->nodes[i++], out);
		}
	}
}

void json_doc__put(const struct json_doc *d, uint32_t node, struct buf *out)
{
	if (d->blanks && d->nodes[node].kind >= JSON_ARRAY)
		put(d, node, false, out);
	else
		put_scalar(d, &d->nodes[node], out);
}

void json_doc__put_indented(const struct json_doc *d, uint32_t node, struct buf *out)
{
	put(d, node, true, out);
}
