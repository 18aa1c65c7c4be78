/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_doc - a JSON document from untrusted text as a flat list of nodes, for who looks things up in it.
 *
 * Strict: RFC 8259, in UTF-8. Strings and numbers stay where they are in the text; nothing is copied. One pass, no recursion.
 * A document that says a name twice within one object is refused: two readers could read it in two ways.
 *
 * Bounds: JSON_DOC_DEPTH brackets within each other, JSON_DOC_NODES nodes; memory follows the text, and is kept for the next.
 */
#ifndef FMT_JSON_DOC_H
#define FMT_JSON_DOC_H

#include <stdbool.h>

#include "format/base/alloc.h"

#define JSON_DOC_DEPTH 256u
#define JSON_DOC_NODES (8u << 20)
#define JSON_NONE UINT32_MAX		/* no node */

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* A value; in an object, a name (JSON_STRING) stands before each. What a container holds follows it. */
struct json_node {
	uint32_t at, len;		/* in the text; of a string, what is between the quotes */
	uint32_t next;			/* the node behind it and all that it holds */
	uint8_t kind;			/* enum json_kind */
	bool escaped;			/* a string that holds escapes */
};

struct json_doc {
	const char *text;		/* borrowed */
	struct json_node *nodes;	/* nodes[0] is the value */
	uint32_t n;
	size_t used;			/* where the value ends in the text */
	bool blanks;			/* there are blanks between its parts */
	/* after an error */
	const char *bad;
	size_t bad_at;
	bool bad_value;			/* its form may still be followed to its end: see json_doc__end */
	/* private */
	size_t cap, cap_names;
	struct json_name *names;
	uint32_t n_names;
};

enum { JSON_OK, JSON_MORE, JSON_BAD };

/*
 * Parse the one value that text begins with (blanks before it are passed over). JSON_MORE: the text ends within it. JSON_BAD:
 * bad and bad_at say what and where. Zero-initialise before the first use.
 */
int json_doc__parse(struct json_doc *d, const char *text, size_t len);
void json_doc__done(struct json_doc *d);
/*
 * The end of the value that text begins with, by its brackets and quotes alone; 0 if it does not end, or breaks off within a
 * string. For going on behind what json_doc__parse refuses.
 */
size_t json_doc__end(const char *text, size_t len);

/* The value of an object's member, or of an array's element; JSON_NONE if there is none, or node is none (or JSON_NONE). */
uint32_t json_doc__get(const struct json_doc *d, uint32_t node, const char *name);
uint32_t json_doc__get_n(const struct json_doc *d, uint32_t node, const char *name, size_t len);
uint32_t json_doc__at(const struct json_doc *d, uint32_t node, uint64_t index);
/*
 * Over what a container holds: *at is 0 before the first call. The next value, and in an object its name (may be NULL);
 * JSON_NONE at the end.
 */
uint32_t json_doc__next(const struct json_doc *d, uint32_t node, uint32_t *at, uint32_t *ret_name);
/* Is it this string? */
bool json_doc__is(const struct json_doc *d, uint32_t node, const char *text);
static inline enum json_kind json_doc__kind(const struct json_doc *d, uint32_t node)
{
	return node == JSON_NONE ? JSON_NULL : (enum json_kind)d->nodes[node].kind;
}
/*
 * The text of a string with its escapes resolved (half surrogates become U+FFFD), else the value as it stands. Borrowed from
 * the document's text, or in mem.
 */
const char *json_doc__text(const struct json_doc *d, uint32_t node, struct arena *mem, uint32_t *ret_len);
/* Append the value without blanks between its parts. */
void json_doc__put(const struct json_doc *d, uint32_t node, struct buf *out);
/* Append the value with a line for each part, indented by two blanks. */
void json_doc__put_indented(const struct json_doc *d, uint32_t node, struct buf *out);

#endif
