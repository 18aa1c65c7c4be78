// SPDX-License-Identifier: Apache-2.0
/*
 * Which events belong to a list: by summary, by type and process alone where that decides, else by
 * state.
 */
#include <stdlib.h>
#include <string.h>

#include "inspect/model/events/evlist_internal.h"
#include "inspect/model/events/evtext.h"

#define MAX_HIT_BYTES (64u << 20)
#define SLICE_ROWS 2048u

static uint64_t life_of(uint32_t pid, unsigned origin)
{
	return (uint64_t)pid << 8 | origin;
}

static int life_cmp(const void *a, const void *b)
{
	const struct pid_life *x = a, *y = b;

	if (x->who != y->who)
		return x->who < y->who ? -1 : 1;
	return x->first < y->first ? -1 : x->first > y->first;
}

void evlist__take_lives(struct ins_evlist *l)
{
	struct ins_set procs = { 0 };
	size_t cap = 0;

	free(l->lives);
	l->lives = NULL;
	l->n_lives = 0;
	l->by_pid = l->scope.kind != OF_ALL;
	l->settled = l->m->done ? l->m->upto_num : 0;
	if (!l->by_pid)
		return;
	ins_scope__procs(l->m, l->scope, &procs);
	for (uint32_t i = 0; i < l->m->n_procs; i++) {
		const struct ins_proc *p = &l->m->procs[i];
		bool over = p->flags & (PROC_ENDED | PROC_VANISHED);

		if (!ins_set__has(&procs, i) || !p->first_num)
			continue;
		l->lives = xgrow(l->lives, &cap, l->n_lives + 1, sizeof(*l->lives));
		l->lives[l->n_lives++] = (struct pid_life){ life_of((uint32_t)p->pid, p->origin), p->first_num,
			over || l->m->done ? p->last_num : UINT64_MAX };
	}
	if (l->n_lives)
		qsort(l->lives, l->n_lives, sizeof(*l->lives), life_cmp);
	ins_set__done(&procs);
}

/* The first life of a process or of a later one, or n_lives. */
static uint32_t first_from(const struct ins_evlist *l, uint64_t who)
{
	uint32_t lo = 0, hi = l->n_lives;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (l->lives[mid].who < who)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* The first life of a process, or n_lives. */
static uint32_t find_life(const struct ins_evlist *l, uint64_t who)
{
	uint32_t i = first_from(l, who);

	return i < l->n_lives && l->lives[i].who == who ? i : l->n_lives;
}

/* Is there one on any machine? */
static bool has_pid(const struct ins_evlist *l, uint32_t pid)
{
	uint32_t i = first_from(l, life_of(pid, 0));

	return i < l->n_lives && l->lives[i].who >> 8 == pid;
}

static bool is_alive(const struct ins_evlist *l, uint32_t life, uint64_t num)
{
	uint64_t who = life < l->n_lives ? l->lives[life].who : 0;

	for (; life < l->n_lives && l->lives[life].who == who; life++)
		if (num >= l->lives[life].first && num <= l->lives[life].last)
			return true;
	return false;
}

static bool has_type(const uint8_t *types, uint16_t type)
{
	return !types || (type < FMT_MAX_EVENTS && types[type / 8] >> (type & 7) & 1);
}

static bool is_only(const struct ins_evlist *l, uint16_t type)
{
	return !l->only.kind || has_type(l->only_types, type);
}

bool evlist__may_hold(struct ins_evlist *l, uint32_t chunk)
{
	const struct ins_chunk *c = &l->t->chunks[chunk];
	struct fmt_summary s;
	bool any = false;

	if (c->kind != CHUNK_EVENTS || c->bad || !c->n_events)
		return false;
	if (l->lens->to && (c->t_first > l->lens->to || c->t_last < l->lens->from))
		return false;
	if (!l->by_pid && !l->types && !l->only.kind)
		return true;
	if (fmt_reader__summary(l->t->r, chunk, &s, NULL) < 0)
		return true;
	for (uint32_t i = 0; i < s.n_types && !any; i++)
		any = has_type(l->types, s.types[i].type) && is_only(l, s.types[i].type);
	if ((l->types || l->only.kind) && !any)
		return false;
	if (!l->by_pid || !s.pids_complete)
		return true;
	for (uint32_t i = 0; i < s.n_pids; i++)
		if (has_pid(l, s.pids[i]))
			return true;
	return false;
}

int evlist__scan_init(struct ins_evlist *l, struct ins_scan *s)
{
	struct fmt_want want = { .no_payload = true };
	int r = 0;

	s->chunk = INS_NONE;
	s->rows = xmalloc(FMT_BATCH_MAX_EVENTS * sizeof(*s->rows));
	if (!l->needs_state)
		return fmt_batch__new(&s->plain);
	if (l->scope.kind != OF_FILE) {
		want.by_type = true;
		if (l->lens->cond)
			eng_prog__want(l->lens->cond->prog, &want);
	} else {
		/* any path of any event may be the file's; the condition may want bytes */
		want.no_payload = !l->lens->cond;
	}
	r = ins_walk__new(&s->walk, l->t, &want);
	if (!r && l->lens->cond)
		r = eng_run__new(&s->run, l->lens->cond->prog);
	return r;
}

void evlist__scan_done(struct ins_scan *s)
{
	eng_run__free(s->run);
	ins_walk__free(s->walk);
	fmt_batch__free(s->plain);
	free(s->rows);
	*s = (struct ins_scan){ 0 };
}

void evlist__hits_free(struct ins_hits *h)
{
	free(h->rows);
	*h = (struct ins_hits){ 0 };
}

size_t evlist__hits_bytes(const struct ins_hits *h)
{
	return h->bits ? FMT_BATCH_MAX_EVENTS / 8 : h->n * sizeof(*h->rows);
}

/*
 * Give room by forgetting the hits of chunks that are far from what is looked at; they can be found
 * again.
 */
static void forget_far(struct ins_evlist *l, uint32_t keep)
{
	while (l->hit_bytes > MAX_HIT_BYTES) {
		uint32_t far = INS_NONE, best = 0;

		for (uint32_t i = 0; i < l->n_hits; i++) {
			uint32_t d = i > keep ? i - keep : keep - i;

			if (l->hits[i].rows && d > best) {
				best = d;
				far = i;
			}
		}
		if (far == INS_NONE)
			return;
		l->hit_bytes -= evlist__hits_bytes(&l->hits[far]);
		evlist__hits_free(&l->hits[far]);
	}
}

static void keep_hits(struct ins_evlist *l, uint32_t chunk, const uint16_t *rows, uint32_t n)
{
	struct ins_hits *h = &l->hits[chunk];

	*h = (struct ins_hits){ .n = n, .known = true, .bits = n > FMT_BATCH_MAX_EVENTS / 16 };
	if (h->bits) {
		h->map = xcalloc(FMT_BATCH_MAX_EVENTS / 64, sizeof(*h->map));
		for (uint32_t i = 0; i < n; i++)
			h->map[rows[i] >> 6] |= 1ull << (rows[i] & 63);
		l->hit_bytes += FMT_BATCH_MAX_EVENTS / 8;
	} else if (n) {
		h->rows = xmalloc(n * sizeof(*rows));
		memcpy(h->rows, rows, n * sizeof(*rows));
		l->hit_bytes += n * 2;
	}
	forget_far(l, chunk);
}

static bool is_listed(const struct ins_evlist *l, uint16_t type, int64_t res, uint64_t dur)
{
	return is_only(l, type) && ins_only__has_result(l->only, res, dur) &&
	       (l->all || !(fmt_events[type].flags & (EF_INTERNAL | EF_KEYFRAME)));
}

/* Match by type, time and process alone. */
static void match_plain(struct ins_evlist *l, struct ins_scan *s)
{
	const struct fmt_batch *b = s->plain;
	uint32_t *life = NULL;

	if (l->by_pid) {
		life = xmalloc((b->n_threads + 1) * sizeof(*life));
		for (uint32_t i = 0; i < b->n_threads; i++)
			life[i] = find_life(l, life_of(b->threads[i].pid, b->threads[i].origin));
	}
	s->n = 0;
	for (uint32_t i = 0; i < b->n; i++) {
		if (!is_listed(l, b->type[i], b->res[i], b->dur[i]) || b->threads[b->thread[i]].context ||
		    !ins_lens__has_time(l->lens, b->ts[i]))
			continue;
		if (life && (life[b->thread[i]] >= l->n_lives ||
			     !is_alive(l, life[b->thread[i]], b->first_num + i)))
			continue;
		s->rows[s->n++] = (uint16_t)i;
	}
	free(life);
}

struct match_arg {
	struct ins_evlist *l;
	struct ins_scan *s;
};

static bool is_of_scope(struct ins_evlist *l, const struct eng_ctx *ctx)
{
	const struct fmt_str *name;

	if (l->by_pid && !is_alive(l, find_life(l, life_of((uint32_t)ctx->proc->pid, fmt_ev__origin(ctx->ev))),
				   fmt_ev__num(ctx->ev)))
		return false;
	/* a model that is being made may not have it yet */
	if (l->scope.kind == OF_FILE) {
		if (l->scope.idx >= l->m->n_files)
			return false;
		name = ins_model__fstr(l->m, l->m->files[l->scope.idx].path);
		return ins_ctx__names_file(ctx, name->p, name->len, &l->scratch);
	}
	if (l->scope.kind == OF_CONN) {
		struct eng_tuple tuple;

		if (l->scope.idx >= l->m->n_conns)
			return false;
		name = ins_model__fstr(l->m, l->m->conns[l->scope.idx].name);
		l->scratch.len = 0;
		if (ins_ctx__refused_peer(ctx, &tuple, &l->scratch))
			return l->scratch.len == name->len &&
				!memcmp(l->scratch.p, name->p, name->len);
		return ctx->fd && ctx->fd->name && ctx->fd->name->len == name->len &&
		       !memcmp(ctx->fd->name->s, name->p, name->len);
	}
	return true;
}

static bool is_hit(struct ins_evlist *l, struct eng_run *run, const struct eng_ctx *ctx)
{
	uint32_t hit;

	if (!is_listed(l, ctx->ev->type, fmt_ev__res(ctx->ev), fmt_ev__dur(ctx->ev)) || fmt_ev__is_context(ctx->ev) ||
	    !ins_lens__has_time(l->lens, fmt_ev__ts(ctx->ev)) || !is_of_scope(l, ctx))
		return false;
	return !run || eng_run__match(run, ctx, true, &hit, 1);
}

static void match_one(void *arg, const struct eng_ctx *ctx)
{
	struct match_arg *a = arg;

	if (is_hit(a->l, a->s->run, ctx))
		a->s->rows[a->s->n++] = (uint16_t)ctx->ev->row;
}

void ins_evlist__batch(struct ins_evlist *l, const struct fmt_batch *b)
{
	if (l->here.run)
		eng_run__batch(l->here.run, b);
}

bool ins_evlist__has(struct ins_evlist *l, const struct eng_ctx *ctx)
{
	return is_hit(l, ctx->ev->type == EV_alert ? NULL : l->here.run, ctx);
}

/* Match with the state. A chunk may take several calls. */
static enum ins_answer match_with_state(struct ins_evlist *l, struct ins_scan *s, uint32_t chunk,
					uint64_t ns)
{
	uint64_t until = ins_now() + ns;
	struct match_arg arg = { l, s };
	const struct fmt_batch *b;
	int r;

	if (s->chunk != chunk) {
		s->chunk = INS_NONE;
		r = ins_walk__to(s->walk, chunk, ns);
		if (r)
			return r == 1 ? INS_PENDING : INS_END;
		s->chunk = chunk;
		s->row = s->n = 0;
		if (s->run)
			eng_run__batch(s->run, ins_walk__batch(s->walk));
	}
	b = ins_walk__batch(s->walk);
	while (s->row < b->n) {
		uint32_t to = s->row + SLICE_ROWS;

		ins_walk__run(s->walk, s->row, to, match_one, &arg);
		s->row = to;
		if (s->row < b->n && ins_now() > until)
			return INS_PENDING;
	}
	s->chunk = INS_NONE;
	return INS_FOUND;
}

static enum ins_answer match_chunk(struct ins_evlist *l, struct ins_scan *s, uint32_t chunk,
				   uint64_t ns)
{
	static const struct fmt_want base_only = { .by_type = true, .no_payload = true };
	enum ins_answer a = INS_FOUND;

	s->n = s->chunk == chunk ? s->n : 0;
	if (!evlist__may_hold(l, chunk))
		;
	else if (l->needs_state)
		a = match_with_state(l, s, chunk, ns);
	else if (!ins_trace__read(l->t, chunk, &base_only, s->plain))
		match_plain(l, s);
	if (a != INS_PENDING)
		keep_hits(l, chunk, s->rows, a == INS_END ? 0 : s->n);
	return a;
}

/*
 * On the way from the keyframe to a chunk the state passes all chunks between. Who goes back
 * through the list needs those next: they are matched on the way.
 */
static uint32_t next_to_match(const struct ins_evlist *l, uint32_t chunk)
{
	uint32_t i = l->needs_state ? ins_trace__keyframe(l->t, chunk) : chunk;

	while (i < chunk && (l->hits[i].known || l->t->chunks[i].kind != CHUNK_EVENTS))
		i++;
	return i;
}

enum ins_answer evlist__hits(struct ins_evlist *l, struct ins_scan *s, uint32_t chunk, uint64_t ns,
			     const struct ins_hits **ret)
{
	uint64_t until = ins_now() + ns;

	if (chunk >= l->n_hits) {
		size_t was = l->cap_hits;

		l->hits = xgrow(l->hits, &l->cap_hits, l->t->n_read, sizeof(*l->hits));
		memset(l->hits + was, 0, (l->cap_hits - was) * sizeof(*l->hits));
		l->n_hits = l->t->n_read;
	}
	while (!l->hits[chunk].known) {
		uint64_t now = ins_now();

		if (match_chunk(l, s, next_to_match(l, chunk),
				now < until ? until - now : 1) == INS_PENDING)
			return INS_PENDING;
	}
	*ret = &l->hits[chunk];
	return INS_FOUND;
}
