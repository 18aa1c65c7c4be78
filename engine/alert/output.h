/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output - compiled formats, as the files of engine/alert share them.
 */
#ifndef ENG_OUTPUT_H
#define ENG_OUTPUT_H

#include "engine/alert/alert.h"
#include "engine/filter/lang/filter_value.h"

struct output_token {
	struct eng_text literal;	/* x == NULL */
	struct eng_expr *x;
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
