// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>

#include "tests/inspect/opened.h"

static void must(bool ok, const char *what, const struct err *e)
{
	if (ok)
		return;
	fprintf(stderr, "%s: %s\n", what, e ? e->msg : "failed");
	abort();
}

struct ins_trace *opened__trace(const char *path)
{
	struct err e = { 0 };
	struct ins_trace *t;

	must(ins_trace__open(&t, path, &e) >= 0, path, &e);
	while (ins_trace__step(t, OPENED_WHOLE))
		;
	return t;
}

struct ins_model *opened__model(struct ins_trace *t, const struct ins_lens *lens, uint64_t slice)
{
	struct ins_model *m;
	struct ins_pass *p;

	must(!ins_model__new(&m, t, lens->cond || lens->to), "model", NULL);
	must(!ins_pass__new(&p, t, m, lens, NULL), "pass", NULL);
	while (ins_pass__step(p, slice))
		;
	must(m->done, "pass", NULL);
	ins_pass__free(p);
	return m;
}
