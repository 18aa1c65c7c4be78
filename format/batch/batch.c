// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/alloc.h"
#include "format/base/err.h"
#include "format/batch/batch.h"
#include "format/batch/batch_internal.h"

/* Column memory kept over a reset; above it everything is given back, so that a trace that
 * uses every event type in turn does not add up. */
#define KEEP_BYTES (24u << 20)
#define MIN_ROWS 64u

struct batch_build {
	/* threads by (tid, pid): index + 1, 0 = free */
	uint32_t *slots;
	uint32_t n_slots;		/* power of two */
	uint32_t n_indexed;		/* threads that are in slots; a decoder fills them unindexed */
	/* the event being appended */
	struct fmt_type_cols *cols;
	const struct fmt_event_info *info;
	uint64_t given;			/* parameters given so far */
	size_t held;			/* bytes of column memory */
};

static_assert(FMT_MAX_PARAMS <= 64, "parameters of an event fit a mask");

static void new_serial(struct fmt_batch *b)
{
	static uint64_t last;

	b->serial = __atomic_add_fetch(&last, 1, __ATOMIC_RELAXED);
}

static size_t elem_size(uint8_t store)
{
	switch (store) {
	case STORE_INT:
		return sizeof(uint64_t);
	case STORE_STR:
		return sizeof(uint32_t);
	default:
		return 3 * sizeof(uint32_t);
	}
}

static size_t null_words(uint32_t rows)
{
	return (rows + FMT_COL_SLACK + 63) / 64;
}

static size_t col_bytes(const struct fmt_col *c, uint32_t rows)
{
	return elem_size(c->store) * (rows + FMT_COL_SLACK) +
	       (c->store == STORE_INT ? null_words(rows) * sizeof(uint64_t) : 0);
}

static void free_col(struct fmt_col *c)
{
	free(c->i);
	c->i = NULL;
	free(c->len);
	free(c->full);
	free(c->null);
	c->len = c->full = NULL;
	c->null = NULL;
	c->present = c->has_null = false;
}

static void size_col(struct fmt_col *c, uint32_t rows)
{
	size_t n = (size_t)rows + FMT_COL_SLACK;

	switch (c->store) {
	case STORE_INT:
		c->i = xrealloc(c->i, n * sizeof(*c->i));
		c->null = xrealloc(c->null, null_words(rows) * sizeof(*c->null));
		break;
	case STORE_STR:
		c->s = xrealloc(c->s, n * sizeof(*c->s));
		break;
	default:
		c->off = xrealloc(c->off, n * sizeof(*c->off));
		c->len = xrealloc(c->len, n * sizeof(*c->len));
		c->full = xrealloc(c->full, n * sizeof(*c->full));
	}
}

void fmt_batch__alloc_col(struct fmt_batch *b, struct fmt_type_cols *tc, unsigned param)
{
	struct fmt_col *c = &tc->col[param];

	if (c->i)
		return;
	size_col(c, tc->cap);
	b->build->held += col_bytes(c, tc->cap);
}

static void grow_cols(struct fmt_batch *b, struct fmt_type_cols *tc, uint32_t need)
{
	unsigned n_params = fmt_events[tc->type].n_params;
	uint32_t cap = tc->cap ? tc->cap : MIN_ROWS;

	while (cap < need)
		cap *= 2;
	for (unsigned p = 0; p < n_params; p++) {
		struct fmt_col *c = &tc->col[p];

		if (!c->i)
			continue;
		b->build->held -= col_bytes(c, tc->cap);
		size_col(c, cap);
		b->build->held += col_bytes(c, cap);
		if (c->has_null)
			memset(c->null + null_words(tc->cap), 0,
			       (null_words(cap) - null_words(tc->cap)) * sizeof(*c->null));
	}
	tc->cap = cap;
}

struct fmt_type_cols *fmt_batch__cols(struct fmt_batch *b, uint16_t type, uint32_t n)
{
	struct fmt_type_cols *tc = b->by_type[type];

	if (!tc) {
		const struct fmt_event_info *info = &fmt_events[type];

		tc = xcalloc(1, sizeof(*tc));
		tc->type = type;
		tc->col = xcalloc(info->n_params, sizeof(*tc->col));
		for (unsigned p = 0; p < info->n_params; p++)
			tc->col[p].store = (uint8_t)fmt_ptype_store(info->params[p].type);
		b->by_type[type] = tc;
	}
	if (n > tc->cap)
		grow_cols(b, tc, n);
	return tc;
}

static void free_cols(struct fmt_batch *b)
{
	for (unsigned t = 0; t < FMT_MAX_EVENTS; t++) {
		struct fmt_type_cols *tc = b->by_type[t];

		if (!tc)
			continue;
		for (unsigned p = 0; p < fmt_events[t].n_params; p++)
			free_col(&tc->col[p]);
		free(tc->col);
		free(tc);
		b->by_type[t] = NULL;
	}
	b->build->held = 0;
}

int fmt_batch__new(struct fmt_batch **ret)
{
	struct fmt_batch *b = xcalloc(1, sizeof(*b));
	size_t n = FMT_BATCH_MAX_EVENTS + FMT_COL_SLACK;

	b->build = xcalloc(1, sizeof(*b->build));
	b->ts = xmalloc(n * sizeof(*b->ts));
	b->dur = xmalloc(n * sizeof(*b->dur));
	b->res = xmalloc(n * sizeof(*b->res));
	b->type = xmalloc(n * sizeof(*b->type));
	b->cpu = xmalloc(n * sizeof(*b->cpu));
	b->thread = xmalloc(n * sizeof(*b->thread));
	b->sub = xmalloc(n * sizeof(*b->sub));
	fmt_batch__reserve_threads(b, 256);
	fmt_batch__reserve_payload(b, 4096);
	b->first_num = 1;
	new_serial(b);
	*ret = b;
	return 0;
}

void fmt_batch__free(struct fmt_batch *b)
{
	if (!b)
		return;
	free_cols(b);
	free(b->build->slots);
	free(b->build);
	free(b->ts);
	free(b->dur);
	free(b->res);
	free(b->type);
	free(b->cpu);
	free(b->thread);
	free(b->sub);
	free(b->threads);
	strtab__done(&b->dict);
	free(b->payload);
	free(b);
}

void fmt_batch__reset(struct fmt_batch *b, uint64_t first_num)
{
	if (b->build->held > KEEP_BYTES)
		free_cols(b);
	for (uint32_t k = 0; k < b->n_types; k++) {
		struct fmt_type_cols *tc = b->by_type[b->types[k]];

		if (!tc)
			continue;
		for (unsigned p = 0; p < fmt_events[tc->type].n_params; p++)
			tc->col[p].present = tc->col[p].has_null = false;
		tc->n = 0;
	}
	if (b->build->n_indexed)
		memset(b->build->slots, 0, b->build->n_slots * sizeof(*b->build->slots));
	b->build->n_indexed = 0;
	b->n_types = 0;
	b->n_threads = 0;
	b->n = 0;
	b->first_num = first_num;
	b->payload_len = 0;
	b->build->cols = NULL;
	new_serial(b);
	strtab__reset(&b->dict);
}

void fmt_batch__reserve_threads(struct fmt_batch *b, uint32_t n)
{
	size_t cap = b->cap_threads;

	b->threads = xgrow(b->threads, &cap, n, sizeof(*b->threads));
	b->cap_threads = (uint32_t)cap;
}

void fmt_batch__reserve_payload(struct fmt_batch *b, size_t n)
{
	size_t cap = b->payload_cap;

	b->payload = xgrow(b->payload, &cap, n, 1);
	b->payload_cap = (uint32_t)cap;
}

static inline uint32_t thread_hash(const struct fmt_thread *t)
{
	uint64_t who = (uint64_t)t->tid << 32 | t->pid;

	return (uint32_t)((who ^ ((uint64_t)t->origin << 56 | (uint64_t)t->context << 55)) * 0x9e3779b97f4a7c15u >> 32);
}

static inline bool thread_same(const struct fmt_thread *a, const struct fmt_thread *b)
{
	return a->tid == b->tid && a->pid == b->pid && a->origin == b->origin && a->context == b->context;
}

static void rehash_threads(struct fmt_batch *b)
{
	struct batch_build *bb = b->build;

	if (!bb->n_slots)
		bb->n_slots = 256;
	while (bb->n_slots < (b->n_threads + 1) * 2)
		bb->n_slots *= 2;
	free(bb->slots);
	bb->slots = xcalloc(bb->n_slots, sizeof(*bb->slots));
	for (uint32_t k = 0; k < b->n_threads; k++) {
		uint32_t i = thread_hash(&b->threads[k]) & (bb->n_slots - 1);

		while (bb->slots[i])
			i = (i + 1) & (bb->n_slots - 1);
		bb->slots[i] = k + 1;
	}
	bb->n_indexed = b->n_threads;
}

static inline uint32_t thread_index(struct fmt_batch *b, uint32_t tid, uint32_t pid)
{
	const struct fmt_thread want = { tid, pid, b->origin, b->context };
	struct batch_build *bb = b->build;
	uint32_t i;

	if ((b->n_threads + 1) * 2 > bb->n_slots || bb->n_indexed != b->n_threads)
		rehash_threads(b);
	for (i = thread_hash(&want) & (bb->n_slots - 1); bb->slots[i]; i = (i + 1) & (bb->n_slots - 1))
		if (thread_same(&b->threads[bb->slots[i] - 1], &want))
			return bb->slots[i] - 1;
	if (b->n_threads == b->cap_threads)
		fmt_batch__reserve_threads(b, b->n_threads + 1);
	b->threads[b->n_threads] = want;
	bb->slots[i] = bb->n_indexed = ++b->n_threads;
	return b->n_threads - 1;
}

int fmt_batch__begin(struct fmt_batch *b, uint16_t type, uint64_t ts, uint64_t dur, uint32_t tid,
		     uint32_t pid, uint16_t cpu, int64_t res)
{
	const struct fmt_event_info *info = fmt_event(type);
	struct batch_build *bb = b->build;
	struct fmt_type_cols *tc;
	uint32_t row = b->n;

	if (!info)
		return -FMT_E_UNKNOWN;
	if (row >= FMT_BATCH_MAX_EVENTS || b->n_threads >= FMT_BATCH_MAX_EVENTS)
		return -FMT_E_LIMIT;
	tc = b->by_type[type];
	if (!tc || tc->n >= tc->cap)
		tc = fmt_batch__cols(b, type, tc ? tc->n + 1 : 1);
	bb->cols = tc;
	bb->info = info;
	bb->given = 0;
	b->ts[row] = ts;
	b->dur[row] = dur;
	b->n_no_dur = 0;
	b->res[row] = res;
	b->type[row] = type;
	b->cpu[row] = cpu;
	b->thread[row] = (uint16_t)thread_index(b, tid, pid);
	b->sub[row] = (uint16_t)tc->n;
	return (int)row;
}

/* Mark row k of a column that has memory as missing. */
static inline void set_missing(struct fmt_col *c, uint32_t cap, uint32_t k)
{
	switch (c->store) {
	case STORE_INT:
		if (!c->has_null) {
			memset(c->null, 0, null_words(cap) * sizeof(*c->null));
			c->has_null = true;
		}
		c->null[k >> 6] |= (uint64_t)1 << (k & 63);
		c->i[k] = 0;
		break;
	case STORE_STR:
		c->s[k] = 0;
		break;
	default:
		c->off[k] = UINT32_MAX;
		c->len[k] = c->full[k] = 0;
	}
}

/* The first value of a column in this batch: the rows before it lack it. */
static void open_col(struct fmt_batch *b, unsigned param)
{
	struct fmt_type_cols *tc = b->build->cols;
	struct fmt_col *c = &tc->col[param];

	fmt_batch__alloc_col(b, tc, param);
	c->present = true;
	for (uint32_t k = 0; k < tc->n; k++)
		set_missing(c, tc->cap, k);
}

static inline struct fmt_col *column_for(struct fmt_batch *b, unsigned param, uint8_t store)
{
	struct batch_build *bb = b->build;
	struct fmt_col *c;

	assert(bb->cols && param < bb->info->n_params);
	c = &bb->cols->col[param];
	assert(c->store == store);
	(void)store;
	if (!c->present)
		open_col(b, param);
	bb->given |= (uint64_t)1 << param;
	return c;
}

void fmt_batch__int(struct fmt_batch *b, unsigned param, uint64_t v)
{
	if (b->build->info->params[param].src == SRC_RET)
		return;
	column_for(b, param, STORE_INT)->i[b->build->cols->n] = v;
}

/* What a reader takes: what was cut is at most so much that the sum fits into 32 bits. */
static uint32_t true_length(uint32_t len, uint32_t full_len)
{
	return full_len < len ? len : full_len > UINT32_MAX - FMT_MAX_STR ? UINT32_MAX - FMT_MAX_STR : full_len;
}

void fmt_batch__str(struct fmt_batch *b, unsigned param, const char *p, uint32_t len,
		    uint32_t full_len)
{
	struct fmt_col *c = column_for(b, param, STORE_STR);

	full_len = true_length(len, full_len);
	if (len > FMT_MAX_STR)
		len = FMT_MAX_STR;
	c->s[b->build->cols->n] = strtab__add(&b->dict, p, len, full_len);
}

void fmt_batch__bytes(struct fmt_batch *b, unsigned param, const void *p, uint32_t len,
		      uint32_t full_len)
{
	struct fmt_col *c = column_for(b, param, STORE_BYTES);
	uint32_t k = b->build->cols->n;

	full_len = true_length(len, full_len);
	if (len > FMT_MAX_STR)
		len = FMT_MAX_STR;
	if (b->payload_len + (size_t)len > b->payload_cap)
		fmt_batch__reserve_payload(b, b->payload_len + (size_t)len);
	if (len)
		memcpy(b->payload + b->payload_len, p, len);
	c->off[k] = b->payload_len;
	c->len[k] = len;
	c->full[k] = full_len;
	b->payload_len += len;
}

void fmt_batch__end(struct fmt_batch *b)
{
	struct batch_build *bb = b->build;
	struct fmt_type_cols *tc = bb->cols;
	uint64_t missing = ~bb->given & (((uint64_t)1 << bb->info->n_params) - 1);

	for (; missing; missing &= missing - 1) {
		struct fmt_col *c = &tc->col[__builtin_ctzll(missing)];

		if (c->present)
			set_missing(c, tc->cap, tc->n);
	}
	if (!tc->n)
		b->types[b->n_types++] = tc->type;
	tc->n++;
	b->n++;
	bb->cols = NULL;
}

int fmt_batch__copy(struct fmt_batch *b, const struct fmt_ev *ev)
{
	const struct fmt_thread *t = &ev->b->threads[ev->b->thread[ev->row]];
	uint8_t origin = b->origin;
	bool context = b->context;
	int r;

	b->origin = t->origin;
	b->context = t->context;
	r = fmt_batch__copy_as(b, ev);
	b->origin = origin;
	b->context = context;
	return r;
}

int fmt_batch__copy_as(struct fmt_batch *b, const struct fmt_ev *ev)
{
	const struct fmt_event_info *info = ev->info;
	struct fmt_str bytes;
	int r = fmt_batch__begin(b, ev->type, fmt_ev__ts(ev), fmt_ev__dur(ev), fmt_ev__tid(ev),
				 fmt_ev__pid(ev), (uint16_t)fmt_ev__cpu(ev), fmt_ev__res(ev));

	if (r < 0)
		return r;
	for (unsigned p = 0; p < info->n_params; p++) {
		const struct fmt_str *s;
		uint64_t v;

		switch (ev->cols->col[p].store) {
		case STORE_INT:
			if (fmt_ev__int(ev, p, &v))
				fmt_batch__int(b, p, v);
			break;
		case STORE_STR:
			s = fmt_ev__str(ev, p);
			if (s)
				fmt_batch__str(b, p, s->p, s->len, s->full_len);
			break;
		default:
			if (!b->context && fmt_ev__bytes(ev, p, &bytes))
				fmt_batch__bytes(b, p, bytes.p, bytes.len, bytes.full_len);
		}
	}
	fmt_batch__end(b);
	return r;
}
