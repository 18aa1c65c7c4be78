/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script - keys from a file, for tests and for showing something to others.
 *
 * Each character of a line is a key; <Name> is a key with a name (keys.h). The end of a line is
 * none. A line that begins with '#' is a comment. These lines are commands:
 *	dump [TITLE]		print the screen
 *	resize WxH		the terminal has another size now
 *	click X,Y		press the mouse there; also: double, wheel-up, wheel-down, release
 */
#ifndef INS_SCRIPT_H
#define INS_SCRIPT_H

#include "format/base/err.h"
#include "inspect/term/term.h"

enum ins_step_kind { STEP_INPUT, STEP_DUMP, STEP_RESIZE };

struct ins_step {
	uint8_t kind;		/* enum ins_step_kind */
	struct ins_input in;	/* STEP_INPUT; STEP_RESIZE has its size in x, y */
	char title[64];		/* STEP_DUMP */
};

struct ins_script {
	struct ins_step *steps;
	size_t n, cap;
};

/* Read a script; "-" is stdin. Errors name the line and column. */
int ins_script__read(struct ins_script *s, const char *path, struct err *err);
int ins_script__parse(struct ins_script *s, const char *text, size_t n, struct err *err);
void ins_script__done(struct ins_script *s);
/* "80x24" */
int ins_size__parse(const char *text, int *ret_w, int *ret_h, struct err *err);

#endif
