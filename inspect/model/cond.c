// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "inspect/model/cond.h"

#define MAX_DEPTH 100	/* of nesting, as for any condition that is not a rule's */

int ins_cond__new(struct ins_cond **ret, const char *text, struct err *err)
{
	struct ins_cond *c = xcalloc(1, sizeof(*c));
	struct eng_ast *ast;
	int r;

	c->text = xstrdup(text);
	r = eng_filter__parse(c->text, strlen(c->text), MAX_DEPTH, &c->mem, &ast, err);
	if (r < 0)
		goto out;
	r = eng_prog__new(&c->prog);
	if (r < 0)
		goto out;
	r = eng_prog__add(c->prog, ast, NULL, NULL, err);
	if (r < 0)
		goto out;
	r = eng_prog__seal(c->prog, err);
	if (r < 0)
		goto out;
	*ret = c;
	return 0;
out:
	if (err && err->line)
		err__caret(err, text, strlen(text), err->line, err->col);
	ins_cond__free(c);
	return r;
}

void ins_cond__free(struct ins_cond *c)
{
	if (!c)
		return;
	eng_prog__free(c->prog);
	arena__done(&c->mem);
	free(c->text);
	free(c);
}
