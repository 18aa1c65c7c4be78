// SPDX-License-Identifier: Apache-2.0
/* make_json FILE - its YAML documents as JSON, one a line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/config/yaml_tree.h"
#include "format/base/text.h"

static void put_text(struct buf *b, const struct yaml_node *n)
{
	buf__u8(b, '"');
	text__json(b, n->text, n->len);
	buf__u8(b, '"');
}

static void put(struct buf *b, const struct yaml_node *n);

static void put_kids(struct buf *b, const struct yaml_node *n)
{
	for (uint32_t i = 0; i < n->n; i++) {
		buf__puts(b, i ? "," : "");
		if (n->kind == Y_MAP) {
			put_text(b, n->kids[2 * i]);
			buf__u8(b, ':');
		}
		put(b, n->kids[n->kind == Y_MAP ? 2 * i + 1 : i]);
	}
}

static void put(struct buf *b, const struct yaml_node *n)
{
	if (n->kind == Y_NULL) {
		buf__puts(b, "null");
	} else if (n->kind == Y_SCALAR) {
		bool plain = n->verbatim && n->len && n->len < 10;

		if (plain && (!strcmp(n->text, "true") || !strcmp(n->text, "false") || strspn(n->text, "0123456789") == n->len))
			buf__puts(b, n->text);
		else
			put_text(b, n);
	} else {
		buf__u8(b, n->kind == Y_MAP ? '{' : '[');
		put_kids(b, n);
		buf__u8(b, n->kind == Y_MAP ? '}' : ']');
	}
}

int main(int argc, char **argv)
{
	static char text[1 << 20];
	FILE *f = argc == 2 ? fopen(argv[1], "re") : NULL;
	size_t len = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	struct yaml_node **docs;
	struct yaml_mark at;
	struct arena mem = { 0 };
	struct err err = { 0 };
	struct buf b = { 0 };
	uint32_t n;

	if (f)
		fclose(f);
	if (yaml_tree__parse(text, len, &mem, &docs, &n, &at, &err)) {
		fprintf(stderr, "make_json: line %u: %s\n", at.line + 1, err.msg);
		return 1;
	}
	for (uint32_t i = 0; i < n; i++) {
		put(&b, docs[i]);
		buf__u8(&b, '\n');
	}
	fwrite(b.p, 1, b.len, stdout);
	buf__done(&b);
	arena__done(&mem);
	return 0;
}
