/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pass - one run over all events of a trace that fills a model.
 *
 * Works in slices between keys, so that what it has found can be shown, and can be dropped at any
 * time. Memory: one decoded chunk, the engine's state, and the model.
 */
#ifndef INS_PASS_H
#define INS_PASS_H

#include "engine/rules/rules.h"
#include "inspect/model/cond.h"
#include "inspect/model/model.h"

struct ins_pass;

/*
 * rules: run over the events too, their alerts go to the model; NULL for none. Trace, model, lens
 * and rules are borrowed and must outlive the pass.
 */
int ins_pass__new(struct ins_pass **ret, struct ins_trace *t, struct ins_model *m,
		  const struct ins_lens *lens, const struct eng_ruleset *rules);
void ins_pass__free(struct ins_pass *p);
/*
 * Work for about ns nanoseconds. True: there is more to do. The model's `done` is set at the end.
 */
bool ins_pass__step(struct ins_pass *p, uint64_t ns);
/* The trace has grown, before it ended at `was`: there is more to do now. Its keyframes need no new beginning. */
void ins_pass__go_on(struct ins_pass *p, uint64_t was);
/* How much is done, 0 to 1. */
double ins_pass__progress(const struct ins_pass *p);

#endif
