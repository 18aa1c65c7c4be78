/* SPDX-License-Identifier: Apache-2.0 */
/* playbook_internal - what the files of engine/playbook share. */
#ifndef ENG_PLAYBOOK_INTERNAL_H
#define ENG_PLAYBOOK_INTERNAL_H

#include "engine/filter/match/match.h"
#include "engine/playbook/playbook.h"
#include "format/base/strtab.h"

#define PB_MAX_ARG (32u << 10)		/* bytes of one argument; what is longer is cut, and says so */
#define PB_MAX_OBJECTS 4096u		/* that are remembered at a time */
#define PB_MAX_RATE 1000u

/* --- sections of the file (playbook_keys.c) --- */

struct pb_entry_opts {
	const char *name, *source, *condition, *per_object;
	struct cfg_strings rules, tags;
	int priority;
	uint64_t cool_down;
	bool dry_run, enabled;
	struct cfg_list actions;
};


struct pb_limit_opts {
	const char *per_object, *total, *disturbing, *nodes;
};


struct pb_file_opts {
	bool dry_run;
	const char *stop_file;
	uint64_t cool_down;
	struct cfg_strings reachable;
	struct pb_limit_opts limits;
	struct pb_protect_opts protect;
	struct pb_kubernetes kubernetes;
	struct cfg_list playbooks;
};

extern const struct cfg_section pb_action_section;

/* A text with fields: which argument it is of, and the compiled text, or a JSON document with texts in it. */
struct pb_segment {
	const char *literal;		/* JSON; NULL: a text of the document */
	size_t len;
	const struct eng_output *text;
};
struct pb_template {
	const char *name, *key;
	const struct eng_output *text;	/* NULL: segments */
	struct pb_segment *segments;
	uint32_t n_segments;
};

/* Compile all templates of an action, and report what is wrong with them at the place in the file. node: the entry. */
void pb_action__compile(struct playbook *pb, const struct yaml_node *node, struct pb_action *a);
/* Report err, whose line and column are within the value at node. */
void pb_cfg__problem_in(struct cfg *c, const struct yaml_node *node, const char *what, const struct err *err);
/* Fill a step's args; texts live in mem. */
void pb_step__render(struct pb_step *s, const struct eng_ctx *ctx, struct arena *mem, struct arena *scratch);
/* "5/10m". */
int pb_rate__parse(const char *s, struct pb_rate *ret, struct err *err);

/* --- what the alert is about (playbook_target.c) --- */

/* Fields of the rule language that a target is made of: resolved once. */
struct pb_fields;
struct pb_fields *pb_fields__new(struct arena *mem);
void pb_target__find(struct pb_target *t, const struct pb_fields *f, const struct eng_ctx *ctx, const char *node, struct arena *mem,
		     struct arena *scratch);
/* What the action would be done to, for people, in mem; NULL, and why, if the alert is about no such thing. */
const char *pb_target__object(const struct pb_target *t, uint8_t kind, struct arena *mem, const char **ret_why);
/* Why nothing that disturbs may be done to it, in mem; NULL: it may. */
const char *pb_target__protected(const struct playbook *pb, const struct pb_self *self, const struct pb_target *t, uint8_t kind,
				 const struct eng_ctx *ctx, struct arena *mem);

/* --- counting (playbook_rate.c) --- */

/* The moments of what was done last. */
struct pb_meter {
	uint64_t *times;		/* a ring of this size */
	uint32_t size, n, next;
};
/* Would one more at this time be within the limit? */
bool pb_meter__has_room(const struct pb_meter *m, const struct pb_rate *r, uint64_t now);
/* size: of the largest limit that it is compared with. */
void pb_meter__add(struct pb_meter *m, uint32_t size, uint64_t now);

struct pb_memory_entry {
	char *key;
	uint64_t hash;
	uint64_t until;			/* nothing needs it any more then */
	struct pb_meter meter;
};
struct pb_memory {
	struct pb_memory_entry *p;
	size_t cap;
	uint32_t n;
};
/* NULL: there are too many that are still needed. A new one has until 0. */
struct pb_memory_entry *pb_memory__get(struct pb_memory *m, const char *key, uint64_t now);
const struct pb_memory_entry *pb_memory__find(const struct pb_memory *m, const char *key);
void pb_memory__done(struct pb_memory *m);

char *pb_printf(struct arena *mem, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
