/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model_scope - what a view is about: the whole trace, or one container, process, file or
 * connection.
 */
#ifndef INS_SCOPE_H
#define INS_SCOPE_H

#include "inspect/model/model.h"

enum ins_scope_kind { OF_ALL, OF_CONTAINER, OF_PROC, OF_TREE, OF_FILE, OF_CONN };

struct ins_scope {
	uint8_t kind;		/* enum; OF_TREE: a process and all that it started */
	uint32_t idx;		/* in the model's table */
};

static inline bool ins_scope__equal(struct ins_scope a, struct ins_scope b)
{
	return a.kind == b.kind && (a.kind == OF_ALL || a.idx == b.idx);
}

/* A set of indexes into one table. Zero-initialise; indexes over its size are not in it. */
struct ins_set {
	uint64_t *bits;
	uint32_t n;
};
static inline bool ins_set__has(const struct ins_set *s, uint32_t i)
{
	return i < s->n && s->bits[i >> 6] >> (i & 63) & 1;
}
void ins_set__done(struct ins_set *s);

/* Is a container a scope's, or on the machine whose host the scope is? A scope of OF_CONTAINER. */
bool ins_scope__has_container(const struct ins_model *m, struct ins_scope scope, uint32_t container);
/* A container with what is counted of it; of a host, of all that is on its machine. */
struct ins_container ins_scope__container(const struct ins_model *m, uint32_t container);
/* Fill sets of the processes and of the files that belong to a scope. What was in the set goes. */
void ins_scope__procs(const struct ins_model *m, struct ins_scope scope, struct ins_set *ret);
void ins_scope__files(const struct ins_model *m, struct ins_scope scope, struct ins_set *ret);
bool ins_scope__has_conn(const struct ins_model *m, struct ins_scope scope,
			 const struct ins_set *procs, uint32_t conn);
bool ins_scope__has_cmd(const struct ins_model *m, struct ins_scope scope,
			const struct ins_set *procs, uint32_t cmd);

/* Append a short name: "web-1", "bash[812]", "/etc/shadow"; nothing for the whole trace. */
void ins_scope__name(const struct ins_model *m, struct ins_scope scope, struct buf *out);

#endif
