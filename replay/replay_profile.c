// SPDX-License-Identifier: Apache-2.0
/*
 * --profile: what rules and predicates have cost, on stderr.
 *
 * JSON: {"rules":[{"rule":NAME,"events":N,"evals":N,"hits":N,"ns":N}...],"predicates":[{"predicate":TEXT,"evals":N,
 * "hits":N,"ns":N}...]}, all of them, the dearest first. events: that the rule could match by their type; evals of a
 * rule: events that something had to be worked out for; of a predicate: times it was worked out, where it was not
 * remembered.
 */
#include <stdlib.h>
#include <string.h>

#include "replay/replay.h"

#define MOST_PREDICATES 30u	/* shown in text */

struct line {
	const struct eng_cost *cost;
	const char *name;
};

static int by_cost(const void *x, const void *y)
{
	const struct line *a = x, *b = y;

	if (a->cost->ns != b->cost->ns)
		return a->cost->ns > b->cost->ns ? -1 : 1;
	return a->cost->evals > b->cost->evals ? -1 : a->cost->evals < b->cost->evals;
}

static uint32_t rule_lines(const struct eng_profile *p, const struct eng_ruleset *rs, struct line *out)
{
	uint32_t n = 0;

	for (uint32_t c = 0; c < p->n_conds; c++)
		out[n++] = (struct line){ &p->conds[c], eng_ruleset__by_cond(rs, (int)c)->name };
	qsort(out, n, sizeof(*out), by_cost);
	return n;
}

static uint32_t pred_lines(const struct eng_profile *p, const struct eng_prog *prog, struct line *out)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->n_preds; i++)
		if (p->preds[i].evals)
			out[n++] = (struct line){ &p->preds[i], eng_prog__pred(prog, i) };
	qsort(out, n, sizeof(*out), by_cost);
	return n;
}

/* As much of a name as a line has room for. */
static void put_name(const char *name, struct buf *out)
{
	size_t len = strlen(name), n = len < 100 ? len : 100;

	text__safe(out, name, n);
	buf__puts(out, n < len ? "...\n" : "\n");
}

static void put_rules(const struct line *l, uint32_t n, uint64_t all, struct buf *out)
{
	char a[32], b[32], c[32], d[48];

	buf__puts(out, "        time      %         events         worked out        matches  rule\n");
	for (uint32_t i = 0; i < n; i++) {
		const struct eng_cost *k = l[i].cost;

		buf__printf(out, "%12s  %5.1f %14s %18s %14s  ", text__duration(k->ns, d),
			    100.0 * (double)k->ns / (double)all, text__count(k->events, a),
			    text__count(k->evals, b), text__count(k->hits, c));
		put_name(l[i].name, out);
	}
}

static void put_preds(const struct line *l, uint32_t n, uint64_t all, struct buf *out)
{
	char a[32], b[32], d[48];

	buf__puts(out, "        time      %         each         worked out           true  predicate\n");
	for (uint32_t i = 0; i < n && i < MOST_PREDICATES; i++) {
		const struct eng_cost *k = l[i].cost;

		buf__printf(out, "%12s  %5.1f %9.0f ns %18s %14s  ", text__duration(k->ns, d),
			    100.0 * (double)k->ns / (double)all, (double)k->ns / (double)k->evals,
			    text__count(k->evals, a), text__count(k->hits, b));
		put_name(l[i].name, out);
	}
	if (n > MOST_PREDICATES)
		buf__printf(out, "and %u predicates that cost less; -o json has all\n", n - MOST_PREDICATES);
}

static void put_json(const char *key, const struct line *l, uint32_t n, bool events, struct buf *out)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct eng_cost *k = l[i].cost;

		buf__printf(out, "%s{\"%s\":\"", i ? "," : "", key);
		text__json(out, l[i].name, strlen(l[i].name));
		buf__puts(out, "\"");
		if (events)
			buf__printf(out, ",\"events\":%llu", (unsigned long long)k->events);
		buf__printf(out, ",\"evals\":%llu,\"hits\":%llu,\"ns\":%llu}", (unsigned long long)k->evals,
			    (unsigned long long)k->hits, (unsigned long long)k->ns);
	}
}

void rpl_profile__print(const struct eng_profile *p, const struct eng_ruleset *rs, bool json, FILE *to)
{
	struct line *rules = xmalloc((p->n_conds + 1) * sizeof(*rules)),
		    *preds = xmalloc((p->n_preds + 1) * sizeof(*preds));
	uint32_t n_rules = rule_lines(p, rs, rules),
		 n_preds = pred_lines(p, eng_ruleset__prog(rs), preds);
	uint64_t all = 0;
	struct buf out = { 0 };

	for (uint32_t i = 0; i < n_preds; i++)
		all += preds[i].cost->ns;
	if (json) {
		buf__puts(&out, "{\"rules\":[");
		put_json("rule", rules, n_rules, true, &out);
		buf__puts(&out, "],\"predicates\":[");
		put_json("predicate", preds, n_preds, false, &out);
		buf__puts(&out, "]}\n");
	} else {
		put_rules(rules, n_rules, all ? all : 1, &out);
		put_preds(preds, n_preds, all ? all : 1, &out);
	}
	fwrite(out.p, 1, out.len, to);
	buf__done(&out);
	free(rules);
	free(preds);
}
