/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output - compiled formats, as the files of engine/alert share them.
 */
#ifndef ENG_OUTPUT_H
#define ENG_OUTPUT_H

#include "engine/alert/alert.h"
#include "engine/filter/lang/filter_value.h"
#include "format/base/strtab.h"

struct output_token {
	struct eng_text literal;	/* x == NULL */
	const struct eng_expr *x;
	uint32_t width;			/* 0: as long as it is */
};

/* A plain field of the format, for JSON. */
struct output_field {
	struct eng_text name;		/* as written, argument quoted where it must be */
	const struct eng_expr *x;
	const struct eng_output *text;	/* instead of x: this format, as a text */
};

struct eng_output {
	struct output_token *tokens;
	uint32_t n_tokens;
	struct output_field *fields;	/* sorted by name, each once */
	uint32_t n_fields;
};

/*
 * Fields without an argument that formats have named, compiled once for all of them: most outputs of a set name the same.
 * It goes with the arena that they are compiled into.
 */
struct output_known {
	struct strtab names;
	struct output_field *fields;	/* by name's id - 1 */
	size_t cap;
};
void output_known__reset(struct output_known *k);
void output_known__done(struct output_known *k);

/* As eng_output__compile. */
int output__compile(const char *format, struct arena *mem, struct output_known *known, struct eng_output **ret,
		    struct err *err);

/*
 * A further field for JSON only: the field `name`, typed, or under that name what format makes. One
 * that is there already stays. Errors as eng_output__compile.
 */
int output__add_field(struct eng_output *o, const char *name, const char *format, struct arena *mem,
		      struct err *err);

/* One value of output_fields as JSON. */
void output_field__json(const struct output_field *f, const struct eng_ctx *ctx,
			struct arena *scratch,
			struct buf *out);

#endif
