// SPDX-License-Identifier: Apache-2.0
/* Output formats: whatever compiles prints, and the fields of an event are valid JSON. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "engine/alert/alert.h"
#include "tests/fuzz/lang_events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_json(const struct buf *b)
{
	cJSON *tree = cJSON_ParseWithLength((char *)b->p, b->len);

	if (!tree)
		abort();
	cJSON_Delete(tree);
}

static void print(const struct eng_output *o, const struct eng_ctx *ctx, struct arena *scratch)
{
	struct eng_rule rule = { .name = "rule", .source = "syscall", .format = o, .cond = 0 };
	struct eng_alert_opts opts = { .hostname = "host" };
	struct buf b = { 0 };

	eng_output__text(o, ctx, scratch, &b);
	b.len = 0;
	eng_output__json(o, ctx, scratch, &b);
	check_json(&b);
	b.len = 0;
	eng_alert__json(&rule, ctx, &opts, scratch, &b);
	check_json(&b);
	b.len = 0;
	eng_alert__text(&rule, ctx, &opts, scratch, &b);
	for (size_t i = 0; i < b.len; i++)
		if (b.p[i] < 32)
			abort();	/* control characters are to be escaped */
	buf__done(&b);
}

static void print_events(const struct eng_output *o)
{
	static struct fmt_batch *events;
	struct arena scratch = { 0 };
	struct eng_state *st;

	if (!events)
		events = lang_events__new();
	eng_state__new(&st);
	for (uint32_t i = 0; i < events->n; i++) {
		struct fmt_ev ev = fmt_batch__ev(events, i);
		struct eng_ctx ctx;

		eng_state__enter(st, &ev, &ctx);
		if (i)		/* the first is a keyframe's */
			print(o, &ctx, &scratch);
		eng_state__leave(st, &ctx);
	}
	eng_state__free(st);
	arena__done(&scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *format = xmemdup0(data, size);
	struct arena mem = { 0 };
	struct err err = { 0 };
	struct eng_output *o;

	if (!eng_output__compile(format, &mem, &o, &err))
		print_events(o);
	else if (!err.code || !err.msg[0])
		abort();
	arena__done(&mem);
	free(format);
	return 0;
}
