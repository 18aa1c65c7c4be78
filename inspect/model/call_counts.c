// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "inspect/model/call_counts.h"

#define MAX_FAILURES 65536u
#define LOOK_AT_CLOCK 4096u	/* events between two looks */

int ins_calls__new(struct ins_calls **ret, struct ins_trace *t, const struct ins_model *m,
		   const struct ins_lens *lens, struct ins_scope scope)
{
	struct ins_calls *c = xcalloc(1, sizeof(*c));
	int r = ins_evlist__new(&c->list, t, m, lens, scope, false);

	if (!r)
		r = fmt_batch__new(&c->b);
	if (r < 0) {
		ins_calls__free(c);
		return r;
	}
	c->t = t;
	c->at = INS_EV_FIRST;
	c->loaded = INS_NONE;
	c->gen = 1;
	*ret = c;
	return 0;
}

void ins_calls__free(struct ins_calls *c)
{
	if (!c)
		return;
	ins_evlist__free(c->list);
	fmt_batch__free(c->b);
	ins_map__done(&c->by_failure);
	free(c->failures);
	free(c);
}

void ins_calls__again(struct ins_calls *c)
{
	c->done = false;
	c->gen++;
	if (ins_evlist__rescope(c->list, c->at))
		return;
	memset(c->by_type, 0, sizeof(c->by_type));
	c->n_failures = 0;
	ins_map__done(&c->by_failure);
	c->at = INS_EV_FIRST;
}

uint64_t ins_latency__from(unsigned bucket)
{
	return bucket ? 1ull << (INS_LATENCY_FIRST + bucket - 1) : 0;
}

static unsigned bucket_of(uint64_t ns)
{
	unsigned b = ns >> INS_LATENCY_FIRST ? 64u - (unsigned)__builtin_clzll(ns) - INS_LATENCY_FIRST : 0;

	return b < INS_LATENCIES ? b : INS_LATENCIES - 1;
}

static void count_failure(struct ins_calls *c, uint16_t type, int16_t err, uint64_t ts, uint64_t num)
{
	uint64_t key = (uint64_t)(type + 1u) << 16 | (uint16_t)err;
	uint32_t i = ins_map__get(&c->by_failure, key);

	if (i == INS_NONE) {
		if (c->n_failures >= MAX_FAILURES)
			return;
		c->failures = xgrow(c->failures, &c->cap, c->n_failures + 1, sizeof(*c->failures));
		i = c->n_failures++;
		c->failures[i] = (struct ins_failure){ .type = type, .err = err, .first_ts = ts,
						       .first_num = num };
		ins_map__put(&c->by_failure, key, i);
	}
	c->failures[i].n++;
	c->failures[i].last_ts = ts;
}

static void count_row(struct ins_calls *c, uint32_t row)
{
	const struct fmt_batch *b = c->b;
	uint16_t type = b->type[row];
	struct ins_call *call = &c->by_type[type];
	uint64_t dur = b->dur[row];
	int64_t res = b->res[row];

	call->n++;
	if (!(fmt_events[type].flags & (EF_SYSCALL | EF_URING)))
		return;
	if (dur) {
		call->n_timed++;
		call->ns += dur;
		call->latency[bucket_of(dur)]++;
		if (dur > call->longest) {
			call->longest = dur;
			call->longest_num = b->first_num + row;
		}
	}
	if (res >= 0 || res == FMT_NO_RES)
		return;
	call->failed++;
	count_failure(c, type, res > -4096 ? (int16_t)-res : 0, b->ts[row], b->first_num + row);
}

bool ins_calls__step(struct ins_calls *c, uint64_t ns)
{
	static const struct fmt_want base_only = { .by_type = true, .no_payload = true };
	uint64_t until = ins_now() + ns;
	struct ins_evpos to;

	for (unsigned n = 1; !c->done; n++) {
		enum ins_answer a = ins_evlist__next(c->list, c->at, 1, ns, &to);

		if (a == INS_END)
			c->done = true;
		if (a != INS_FOUND)
			break;
		c->at = to;
		if (to.chunk != c->loaded) {
			c->loaded = INS_NONE;
			if (ins_trace__read(c->t, to.chunk, &base_only, c->b)) {
				c->at.row = UINT32_MAX - 1;	/* behind what cannot be read */
				continue;
			}
			c->loaded = to.chunk;
		}
		if (to.row < c->b->n)
			count_row(c, to.row);
		if (n % LOOK_AT_CLOCK == 0 && ins_now() > until)
			break;
	}
	c->gen++;
	return !c->done;
}
