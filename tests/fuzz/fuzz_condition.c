// SPDX-License-Identifier: Apache-2.0
/*
 * Conditions: whatever parses prints back to a text that parses to the same; whatever compiles
 * gives the same answer to each event from the program, asked twice, and from the explanation.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/filter/filter.h"
#include "tests/fuzz/lang_events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sink;

static void count(void *arg, const char *code, const char *msg)
{
	(void)arg;
	sink += strlen(code) + strlen(msg);
}

static void check_print(const struct eng_ast *a, struct arena *mem)
{
	struct buf first = { 0 }, again = { 0 };
	struct eng_ast *b;

	eng_ast__print(a, &first);
	if (eng_filter__parse((char *)first.p, first.len, 100000, mem, &b, NULL) < 0)
		abort();	/* it does not read what it wrote */
	eng_ast__print(b, &again);
	if (first.len != again.len || memcmp(first.p, again.p, first.len))
		abort();
	buf__done(&first);
	buf__done(&again);
}

static void check_event(const struct eng_prog *p, struct eng_run *run, const struct eng_ctx *ctx)
{
	struct buf b = { 0 };
	uint32_t hits[1];
	unsigned n = eng_run__match(run, ctx, false, hits, 1);

	if (eng_run__match(run, ctx, true, hits, 1) != n)
		abort();	/* it remembers wrongly */
	eng_prog__explain(p, 0, ctx, &b);
	if (b.len < 6 || memcmp(b.p, n ? "* true" : "* fals", 6))
		abort();	/* it explains something else */
	buf__done(&b);
}

static void check_events(struct eng_prog *p)
{
	static struct fmt_batch *events;
	struct eng_state *st;
	struct eng_run *run;
	struct buf dump = { 0 };

	if (!events)
		events = lang_events__new();
	eng_prog__seal(p, NULL);
	eng_prog__dump(p, &dump);
	sink += dump.len;
	buf__done(&dump);
	eng_state__new(&st);
	eng_run__new(&run, p);
	eng_run__batch(run, events);
	for (uint32_t i = 0; i < events->n; i++) {
		struct fmt_ev ev = fmt_batch__ev(events, i);
		struct eng_ctx ctx;

		eng_state__enter(st, &ev, &ctx);
		if (i)		/* the first is a keyframe's */
			check_event(p, run, &ctx);
		eng_state__leave(st, &ctx);
	}
	eng_run__free(run);
	eng_state__free(st);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena mem = { 0 };
	struct err err = { 0 };
	struct eng_ast *a;
	struct eng_prog *p;

	if (eng_filter__parse((const char *)data, size, 1000, &mem, &a, &err) < 0) {
		if (!err.code || !err.msg[0] || !err.line)
			abort();	/* an error without a reason or a place */
	} else {
		check_print(a, &mem);
		eng_prog__new(&p);
		if (eng_prog__add(p, a, count, NULL, &err) >= 0)
			check_events(p);
		else if (!err.code || !err.msg[0] || !err.line)
			abort();
		eng_prog__free(p);
	}
	arena__done(&mem);
	return 0;
}
