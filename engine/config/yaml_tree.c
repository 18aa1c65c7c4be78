// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#include "engine/config/yaml_tree.h"

struct anchor {
	const char *name;
	struct yaml_node *node;		/* NULL while the node is not complete */
};

/* A collection being read. */
struct level {
	struct yaml_node *node;
	struct yaml_node **kids;
	size_t n, cap;
	uint64_t size;
	size_t anchor;			/* its own, SIZE_MAX if none */
};

struct build {
	yaml_parser_t yaml;
	const char *text;
	size_t len;
	bool ascii;
	struct arena *mem;
	struct level levels[YAML_MAX_DEPTH];
	unsigned depth;
	struct anchor *anchors;
	size_t n_anchors, cap_anchors;
	struct yaml_node **docs;
	size_t n_docs, cap_docs;
	uint32_t n_nodes;
	size_t done_chars, done_off, done_line;	/* how far characters have been counted: see
						 * mark_of */
	struct yaml_mark at;
	struct err *err;
};

/* libyaml counts characters; places are wanted in bytes. Places come in order, or nearly. */
static struct yaml_mark mark_of(struct build *b, const yaml_mark_t *m)
{
	struct yaml_mark out = { .off = (uint32_t)m->index, .line = (uint32_t)m->line,
				.col = (uint32_t)m->column };

	if (b->ascii)
		return out;
	if (m->index < b->done_chars)
		b->done_chars = b->done_off = b->done_line = 0;
	for (; b->done_off < b->len && b->done_chars < m->index; b->done_chars++) {
		if (b->text[b->done_off++] == '\n')
			b->done_line = b->done_off;
		while (b->done_off < b->len && ((uint8_t)b->text[b->done_off] & 0xc0) == 0x80)
			b->done_off++;
	}
	out.off = (uint32_t)b->done_off;
	out.col = (uint32_t)(b->done_off - b->done_line);
	return out;
}

static struct yaml_mark mark_at_byte(const struct build *b, size_t off)
{
	struct yaml_mark out = { 0 };

	for (; out.off < off && out.off < b->len; out.off++) {
		out.col++;
		if (b->text[out.off] == '\n') {
			out.line++;
			out.col = 0;
		}
	}
	return out;
}

static int fail(struct build *b, int code, const yaml_mark_t *m, const char *what)
{
	b->at = mark_of(b, m);
	return err__set(b->err, code, "%s", what);
}

static bool is_null_text(const char *s, size_t n)
{
	return !n || (n == 1 && *s == '~') ||
	       (n == 4 && (!memcmp(s, "null", 4) || !memcmp(s, "Null", 4) ||
			   !memcmp(s, "NULL", 4)));
}

static struct yaml_node *new_node(struct build *b, enum yaml_kind kind, const yaml_mark_t *m)
{
	struct yaml_node *n = arena__zalloc(b->mem, sizeof(*n));

	n->kind = kind;
	n->mark = mark_of(b, m);
	n->size = 1;
	return n;
}

/* Put a complete node where it belongs. */
static int place(struct build *b, struct yaml_node *n, const yaml_mark_t *m)
{
	struct level *l;

	if (!b->depth) {
		b->docs = xgrow(b->docs, &b->cap_docs, b->n_docs + 1, sizeof(*b->docs));
		b->docs[b->n_docs++] = n;
		return 0;
	}
	l = &b->levels[b->depth - 1];
	l->size += n->size;
	if (l->size > YAML_MAX_NODES)
		return fail(b, -FMT_E_LIMIT, m, "too many nodes once aliases are followed");
	l->kids = xgrow(l->kids, &l->cap, l->n + 1, sizeof(*l->kids));
	l->kids[l->n++] = n;
	return 0;
}

/* Anchors are looked through one by one: no honest file has many. */
#define MAX_ANCHORS 4096u

static size_t add_anchor(struct build *b, const yaml_char_t *name, struct yaml_node *n)
{
	if (!name || b->n_anchors == MAX_ANCHORS)
		return SIZE_MAX;
	b->anchors = xgrow(b->anchors, &b->cap_anchors, b->n_anchors + 1, sizeof(*b->anchors));
	b->anchors[b->n_anchors] = (struct anchor){
		arena__strndup(b->mem, (const char *)name, strlen((const char *)name)), n };
	return b->n_anchors++;
}

static int on_scalar(struct build *b, const yaml_event_t *e)
{
	const char *s = (const char *)e->data.scalar.value;
	size_t n = e->data.scalar.length;
	bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	bool null = plain && !e->data.scalar.tag && is_null_text(s, n);
	struct yaml_node *node = new_node(b, null ? Y_NULL : Y_SCALAR, &e->start_mark);

	node->text = arena__strndup(b->mem, s, n);
	node->len = (uint32_t)n;
	node->verbatim = plain || e->data.scalar.style == YAML_FOLDED_SCALAR_STYLE ||
			 e->data.scalar.style == YAML_LITERAL_SCALAR_STYLE;
	add_anchor(b, e->data.scalar.anchor, node);
	return place(b, node, &e->start_mark);
}

static int on_alias(struct build *b, const yaml_event_t *e)
{
	const char *name = (const char *)e->data.alias.anchor;

	for (size_t i = b->n_anchors; i-- > 0;) {
		if (strcmp(b->anchors[i].name, name))
			continue;
		if (!b->anchors[i].node)
			return fail(b, -FMT_E_SYNTAX, &e->start_mark,
				    "an alias stands inside the node that it names");
		return place(b, b->anchors[i].node, &e->start_mark);
	}
	return fail(b, -FMT_E_SYNTAX, &e->start_mark,
		    "an alias names no anchor, or there are too many anchors");
}

static int on_open(struct build *b, const yaml_event_t *e, enum yaml_kind kind,
		   const yaml_char_t *anchor)
{
	struct level *l = &b->levels[b->depth];

	if (b->depth == YAML_MAX_DEPTH)
		return fail(b, -FMT_E_LIMIT, &e->start_mark, "nested too deeply");
	l->node = new_node(b, kind, &e->start_mark);
	l->n = 0;
	l->size = 1;
	l->anchor = add_anchor(b, anchor, NULL);
	b->depth++;
	return 0;
}

static int on_close(struct build *b, const yaml_event_t *e)
{
	struct level *l = &b->levels[--b->depth];
	struct yaml_node *n = l->node;

	n->n = (uint32_t)(n->kind == Y_MAP ? l->n / 2 : l->n);
	n->kids = arena__alloc(b->mem, l->n * sizeof(*n->kids));
	if (l->n)
		memcpy(n->kids, l->kids, l->n * sizeof(*n->kids));
	n->size = (uint32_t)l->size;
	if (l->anchor != SIZE_MAX)
		b->anchors[l->anchor].node = n;
	return place(b, n, &e->start_mark);
}

static int on_event(struct build *b, const yaml_event_t *e)
{
	if (++b->n_nodes > YAML_MAX_NODES)
		return fail(b, -FMT_E_LIMIT, &e->start_mark, "too many nodes");
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		b->n_anchors = 0;
		return 0;
	case YAML_SCALAR_EVENT:
		return on_scalar(b, e);
	case YAML_ALIAS_EVENT:
		return on_alias(b, e);
	case YAML_SEQUENCE_START_EVENT:
		return on_open(b, e, Y_SEQ, e->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		return on_open(b, e, Y_MAP, e->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_close(b, e);
	default:
		return 0;
	}
}

static int parse_error(struct build *b)
{
	const char *problem = b->yaml.problem ? b->yaml.problem : "not valid YAML";
	const char *context = b->yaml.context ? b->yaml.context : "";

	if (b->yaml.error == YAML_READER_ERROR) {	/* it knows the byte only */
		b->at = mark_at_byte(b, b->yaml.problem_offset);
		return err__set(b->err, -FMT_E_SYNTAX, "%s", problem);
	}
	b->at = mark_of(b, &b->yaml.problem_mark);
	return err__set(b->err, -FMT_E_SYNTAX, "%s%s%s", problem, *context ? ", " : "", context);
}

static int parse_all(struct build *b)
{
	yaml_event_t e;
	bool end = false;
	int r = 0;

	while (!end && !r) {
		if (!yaml_parser_parse(&b->yaml, &e))
			return parse_error(b);
		end = e.type == YAML_STREAM_END_EVENT;
		r = on_event(b, &e);
		yaml_event_delete(&e);
	}
	return r;
}

static bool is_ascii(const char *s, size_t n)
{
	uint8_t all = 0;

	for (size_t i = 0; i < n; i++)
		all |= (uint8_t)s[i];
	return all < 128;
}

int yaml_tree__parse(const char *text, size_t len, struct arena *mem, struct yaml_node ***ret,
		     uint32_t *ret_n,
		     struct yaml_mark *ret_at, struct err *err)
{
	struct build *b = xcalloc(1, sizeof(*b));
	int r;

	b->text = text;
	b->len = len;
	b->mem = mem;
	b->err = err;
	b->ascii = is_ascii(text, len);
	if (len > YAML_MAX_BYTES) {
		r = err__set(err, -FMT_E_LIMIT, "larger than %u MiB", YAML_MAX_BYTES >> 20);
		goto out;
	}
	if (!yaml_parser_initialize(&b->yaml)) {
		r = -ENOMEM;
		goto out;
	}
	yaml_parser_set_input_string(&b->yaml, (const uint8_t *)text, len);
	r = parse_all(b);
	yaml_parser_delete(&b->yaml);
	if (!r) {
		*ret = arena__alloc(mem, b->n_docs * sizeof(**ret));
		if (b->n_docs)
			memcpy(*ret, b->docs, b->n_docs * sizeof(**ret));
		*ret_n = (uint32_t)b->n_docs;
	}
out:
	*ret_at = b->at;
	for (unsigned i = 0; i < YAML_MAX_DEPTH; i++)
		free(b->levels[i].kids);
	free(b->anchors);
	free(b->docs);
	free(b);
	return r;
}

const struct yaml_node *yaml_node__get(const struct yaml_node *n, const char *key)
{
	if (!n || n->kind != Y_MAP)
		return NULL;
	for (uint32_t i = 0; i < n->n; i++)
		if (n->kids[2 * i]->kind == Y_SCALAR && !strcmp(n->kids[2 * i]->text, key))
			return n->kids[2 * i + 1];
	return NULL;
}

static bool is_word(const char *s, const char *word)
{
	size_t n = strlen(word);
	bool upper = true, rest_lower = true;

	if (strcasecmp(s, word))
		return false;
	for (size_t i = 0; i < n; i++) {
		upper &= s[i] >= 'A' && s[i] <= 'Z';
		rest_lower &= !i || (s[i] >= 'a' && s[i] <= 'z');
	}
	return upper || rest_lower;	/* with a small first letter, all are small */
}

bool yaml_node__bool(const struct yaml_node *n, bool *ret)
{
	static const char *const words[] = { "n", "y", "no", "yes", "false", "true", "off", "on" };

	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (n->kind == Y_SCALAR && is_word(n->text, words[i])) {
			*ret = i & 1;
			return true;
		}
	}
	return false;
}

bool yaml_node__u32(const struct yaml_node *n, uint32_t *ret)
{
	unsigned long long v;
	char *end;

	if (n->kind != Y_SCALAR || n->text[0] < '0' || n->text[0] > '9')
		return false;
	errno = 0;
	v = strtoull(n->text, &end, 0);
	if (errno || *end || v > UINT32_MAX)
		return false;
	*ret = (uint32_t)v;
	return true;
}
