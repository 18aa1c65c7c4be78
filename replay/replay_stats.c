// SPDX-License-Identifier: Apache-2.0
/*
 * --stats: what a run has seen, on stderr.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format/base/log.h"
#include "replay/replay.h"

#define NS 1000000000ull

uint64_t rpl_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS + (uint64_t)ts.tv_nsec;
}

static const uint64_t *sort_key;

static int by_count(const void *a, const void *b)
{
	uint64_t x = sort_key[*(const unsigned *)a], y = sort_key[*(const unsigned *)b];

	return x != y ? (x < y ? 1 : -1) : *(const unsigned *)a < *(const unsigned *)b ? -1 : 1;
}

/* Indices of the counts that are not 0, most first. Freed by the caller. */
static unsigned *ranking(const uint64_t *counts, unsigned n, unsigned *ret_n)
{
	unsigned *idx = xmalloc((n + 1) * sizeof(*idx));

	*ret_n = 0;
	for (unsigned i = 0; i < n; i++)
		if (counts[i])
			idx[(*ret_n)++] = i;
	sort_key = counts;
	qsort(idx, *ret_n, sizeof(*idx), by_count);
	return idx;
}

static void print_types(const struct rpl_stats *s, FILE *to)
{
	unsigned n, *idx = ranking(s->per_type, FMT_MAX_EVENTS, &n);
	char count[32];

	for (unsigned i = 0; i < n; i++)
		fprintf(to, "  %-24s %14s %5.1f %%\n", fmt_events[idx[i]].name,
			text__count(s->per_type[idx[i]], count),
			100.0 * (double)s->per_type[idx[i]] / (double)s->events);
	free(idx);
}

static void print_rules(const struct rpl_stats *s, const struct eng_ruleset *rs, FILE *to)
{
	unsigned n_rules, n, *idx;
	const struct eng_rule *rules = eng_ruleset__rules(rs, &n_rules);
	char count[32];

	idx = ranking(s->per_rule, n_rules, &n);
	fprintf(to, "rules matched: %u of %u, alerts: %s\n", n, n_rules, text__count(s->matched, count));
	for (unsigned i = 0; i < n; i++) {
		struct buf name = { 0 };

		text__safe(&name, rules[idx[i]].name, strlen(rules[idx[i]].name));
		fprintf(to, "  %14s  %-13s %.*s\n", text__count(s->per_rule[idx[i]], count),
			eng_priority__name(rules[idx[i]].priority), (int)name.len, (const char *)name.p);
		buf__done(&name);
	}
	free(idx);
}

void rpl_stats__print(const struct rpl_stats *s, const struct eng_ruleset *rs, FILE *to)
{
	double took = (double)(rpl_now() - s->started) / NS;
	char a[48], b[48];

	fprintf(to, "events: %s in %.3f s, %s a second\n", text__count(s->events, a), took,
		text__count((uint64_t)((double)s->events / (took > 0 ? took : 1)), b));
	if (s->t_first)
		fprintf(to, "time:   %s, %s long\n", text__iso(s->t_first, "Z", a),
			text__duration(s->t_last - s->t_first, b));
	fprintf(to, "lost:   %s at capture\n", text__count(s->lost, a));
	if (s->skipped_unknown)
		fprintf(to, "unknown: %s events of kinds that a newer version knows\n",
			text__count(s->skipped_unknown, a));
	print_types(s, to);
	if (rs)
		print_rules(s, rs, to);
	else
		fprintf(to, "printed: %s\n", text__count(s->matched, a));
}

static void print_gave_up(uint64_t n, const char *what, const char *name, FILE *to)
{
	struct buf safe = { 0 };
	char count[32];

	if (!n)
		return;
	text__safe(&safe, name, strlen(name));
	fprintf(to, "%s: %s%.*s: %s texts were too long for a pattern of its condition: taken for no match\n",
		log__tool_name(), what, (int)safe.len, (const char *)safe.p, text__count(n, count));
	buf__done(&safe);
}

void rpl_stats__print_gave_up(const struct rpl_stats *s, const struct eng_ruleset *rs, FILE *to)
{
	unsigned n = 0;
	const struct eng_rule *rules = rs ? eng_ruleset__rules(rs, &n) : NULL;

	for (unsigned i = 0; i < n; i++)
		print_gave_up(s->gave_up[i], "rule ", rules[i].name, to);
	print_gave_up(s->gave_up[n], "-f", "", to);
}
