/* SPDX-License-Identifier: Apache-2.0 */
/*
 * yaml_tree - a YAML stream as a tree that knows where everything stood. Used for rule files and
 * configurations.
 *
 * Input: untrusted. Size, depth and the number of nodes, with aliases counted as often as they are
 * used, are
 *        capped; what is over a cap is refused with a sentence that says so.
 * Ownership: the tree lives in the caller's arena and does not need the text any more.
 */
#ifndef ENG_YAML_TREE_H
#define ENG_YAML_TREE_H

#include "format/base/alloc.h"
#include "format/base/err.h"

#define YAML_MAX_BYTES (64u << 20)
#define YAML_MAX_DEPTH 64u
#define YAML_MAX_NODES (4u << 20)

enum yaml_kind { Y_NULL, Y_SCALAR, Y_SEQ, Y_MAP };

struct yaml_mark {
	uint32_t off;			/* bytes */
	uint32_t line, col;		/* from 0; col counts bytes */
};

struct yaml_node {
	uint8_t kind;			/* enum yaml_kind */
	bool verbatim;			/* scalar: plain or block style, its text stands in the file
					 * as it is */
	struct yaml_mark mark;
	const char *text;		/* Y_SCALAR: NUL-terminated */
	uint32_t len;
	uint32_t n;			/* Y_SEQ: elements; Y_MAP: pairs */
	struct yaml_node **kids;	/* Y_SEQ: n; Y_MAP: 2n, key and value in turn */
	uint32_t size;			/* nodes in it, aliases followed */
};

/*
 * Parse a whole stream: documents in order. 0, or negative with the message in err and its place in
 * *ret_at: -FMT_E_SYNTAX for what is not YAML, -FMT_E_LIMIT for what is over a cap.
 */
int yaml_tree__parse(const char *text, size_t len, struct arena *mem, struct yaml_node ***ret,
		     uint32_t *ret_n,
		     struct yaml_mark *ret_at, struct err *err);

/*
 * The value of a key of a mapping, the first if it is there twice; NULL if it is not there or n is
 * no mapping.
 */
const struct yaml_node *yaml_node__get(const struct yaml_node *n, const char *key);

/* YAML 1.1: y, yes, true, on and their opposites, in lower, upper or capital letters. */
bool yaml_node__bool(const struct yaml_node *n, bool *ret);
bool yaml_node__u32(const struct yaml_node *n, uint32_t *ret);

#endif
