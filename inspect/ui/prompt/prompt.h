/* SPDX-License-Identifier: Apache-2.0 */
/* prompt - a line of text that is being typed, at the foot of the screen. */
#ifndef INS_PROMPT_H
#define INS_PROMPT_H

#include "format/base/err.h"
#include "inspect/term/keys.h"
#include "inspect/term/screen.h"
#include "inspect/ui/prompt/complete.h"

enum ins_prompt_kind { ASK_FILTER, ASK_SEARCH, ASK_RANGE, ASK_GOTO, ASK_SAVE, ASK_NOTE, ASK_WRITE, ASK_COLUMNS,
		       ASK__N };
enum ins_prompt_result { PROMPT_MORE, PROMPT_DONE, PROMPT_CANCEL };

#define INS_PROMPT_MAX 2048
#define INS_PROMPT_KEPT 32

struct ins_prompt {
	bool on;
	uint8_t kind;			/* enum ins_prompt_kind */
	char text[INS_PROMPT_MAX];
	size_t len, at;			/* bytes; the cursor */
	struct err err;			/* what is wrong with the text, shown below it */
	char hint[512];			/* what could follow */
	char *kept[ASK__N][INS_PROMPT_KEPT];	/* typed before, the newest first */
	int recall;			/* -1, or which of them is shown */
	/* Offers the values that a field has; may be NULL. */
	void (*values)(void *arg, const char *field, struct ins_candidates *c);
	void *values_arg;
};

void ins_prompt__open(struct ins_prompt *p, enum ins_prompt_kind kind, const char *text);
void ins_prompt__done(struct ins_prompt *p);
/*
 * Take a key. After PROMPT_DONE the text is to be tried; keep it open by setting p->err, else close
 * it.
 */
enum ins_prompt_result ins_prompt__key(struct ins_prompt *p, uint32_t key);
/* Remember the text and close. */
void ins_prompt__close(struct ins_prompt *p, bool remember);
/* Rows that it takes now, and drawing it in the last ones of the screen. */
int ins_prompt__rows(const struct ins_prompt *p, struct ins_screen *s);
void ins_prompt__draw(const struct ins_prompt *p, struct ins_screen *s);

#endif
