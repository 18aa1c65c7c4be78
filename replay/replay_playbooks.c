// SPDX-License-Identifier: Apache-2.0
/* --playbooks: what would have been done because of the alerts. Nothing is done. */
#include "replay/replay_eval.h"

/* Only alerts that a playbook is for are put out. Whether something was. */
bool rpl_playbooks__alert(struct rpl_eval *e, const struct eng_rule *rule, const struct eng_ctx *ctx)
{
	struct rpl_run *r = e->run;
	struct buf *out = &e->part->out.buf;
	struct pb_plan *p;

	playbook__decide(e->decider, rule, ctx, &r->alert, false, &p);
	if (!p)
		return false;
	for (unsigned v = 0; v < PBV__N; v++)
		r->verdicts[v] += pb_plan__count(p, v);
	for (uint32_t i = 0; i < p->n_parts; i++)
		r->verdicts[PBV_COOL_DOWN] += p->parts[i].verdict == PBV_COOL_DOWN ? p->parts[i].entry->n_actions : 0;
	if (r->o->json) {
		pb_plan__json(p, out);
		buf__add(out, "\n", 1);
	} else {
		rpl_put_alert(e, rule, ctx);
		pb_plan__text(p, out);
	}
	pb_plan__free(p);
	return true;
}

void rpl_playbooks__print(const struct rpl_run *r, FILE *to)
{
	uint64_t done = r->verdicts[PBV_DO] + r->verdicts[PBV_DRY_RUN], not_done = 0;
	const char *before = ": ";

	for (unsigned v = PBV_STOPPED; v < PBV__N; v++)
		not_done += r->verdicts[v];
	fprintf(to, "%llu actions would have been done, %llu would not", (unsigned long long)done, (unsigned long long)not_done);
	for (unsigned v = PBV_STOPPED; v < PBV__N; v++) {
		if (!r->verdicts[v])
			continue;
		fprintf(to, "%s%llu %s", before, (unsigned long long)r->verdicts[v], pb_verdict_names[v]);
		before = ", ";
	}
	fprintf(to, "\n");
}
