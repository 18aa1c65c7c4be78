// SPDX-License-Identifier: Apache-2.0
/*
 * Files of playbooks: whatever is read, it loads or says what is wrong; what loads decides about an event, and the plan's
 * JSON is JSON and its text is for terminals.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cJSON.h>

#include "engine/playbook/playbook.h"
#include "tests/fuzz/lang_events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_plan(const struct pb_plan *p)
{
	struct buf b = { 0 };
	cJSON *j;

	pb_plan__json(p, &b);
	j = cJSON_ParseWithLength((char *)b.p, b.len);
	if (!j)
		abort();
	cJSON_Delete(j);
	b.len = 0;
	pb_plan__text(p, &b);
	for (size_t i = 0; i < b.len; i++)
		if ((b.p[i] < 32 && b.p[i] != '\n') || b.p[i] == 127)
			abort();
	for (uint32_t i = 0; i < p->n_parts; i++)
		for (uint32_t k = 0; k < p->parts[i].n_steps; k++) {
			const char *body = pb_step__arg(&p->parts[i].steps[k], "body");

			j = body ? cJSON_Parse(body) : NULL;
			if (body && !j)
				abort();
			cJSON_Delete(j);
		}
	buf__done(&b);
}

static void decide(struct playbook *pb)
{
	static struct fmt_batch *events;
	static const char *const tags[] = { "shell" };
	struct arena mem = { 0 };
	struct eng_rule rule = { .name = "A rule", .source = "syscall", .priority = PRIO_WARNING, .tags = tags, .n_tags = 1 };
	struct pb_decider *d;
	struct eng_state *st;
	struct eng_output *o;

	events = events ? events : lang_events__new();
	if (pb_decider__new(&d, pb, &(struct pb_self){ .node = "n" }, NULL))
		abort();
	if (eng_output__compile("%proc.cmdline %fd.name", &mem, &o, NULL))
		abort();
	rule.format = o;
	eng_state__new(&st);
	for (uint32_t i = 0; i < events->n; i++) {
		struct fmt_ev ev = fmt_batch__ev(events, i);
		struct pb_plan *p = NULL;
		struct eng_ctx ctx;

		eng_state__enter(st, &ev, &ctx);
		if (i)		/* the first is a keyframe's */
			playbook__decide(d, &rule, &ctx, &(struct eng_alert_opts){ 0 }, false, &p);
		eng_state__leave(st, &ctx);
		if (p)
			check_plan(p);
		pb_plan__free(p);
	}
	eng_state__free(st);
	pb_decider__free(d);
	arena__done(&mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct playbook *pb;
	struct err err = { 0 };

	if (!playbook__parse(&pb, "p.yaml", (const char *)data, size, false, &err)) {
		decide(pb);
		playbook__unref(pb);
	} else if (!err.code || !err.msg[0]) {
		abort();
	}
	return 0;
}
