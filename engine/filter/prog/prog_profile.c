// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <time.h>

#include "engine/filter/prog/prog_profile.h"

uint64_t run_profile__now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* What is measured around nothing. */
static uint64_t measure_overhead(void)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < 1000; i++) {
		uint64_t t = run_profile__now(), d = run_profile__now() - t;

		least = d < least ? d : least;
	}
	return least;
}

static void make_costs(struct eng_profile *c, uint32_t n_preds, uint32_t n_conds)
{
	c->n_preds = n_preds;
	c->n_conds = n_conds;
	c->preds = xcalloc(n_preds + 1, sizeof(*c->preds));
	c->conds = xcalloc(n_conds + 1, sizeof(*c->conds));
}

struct run_profile *run_profile__new(const struct eng_prog *p)
{
	struct run_profile *f = xcalloc(1, sizeof(*f));

	make_costs(&f->costs, p->n_preds, p->n_conds);
	f->charged = xcalloc(p->n_conds + 1, sizeof(*f->charged));
	f->overhead = measure_overhead();
	return f;
}

void run_profile__free(struct run_profile *f)
{
	if (!f)
		return;
	eng_profile__done(&f->costs);
	free(f->charged);
	free(f);
}

void eng_profile__done(struct eng_profile *p)
{
	free(p->preds);
	free(p->conds);
	*p = (struct eng_profile){ 0 };
}

void run_profile__event(struct run_profile *f, const struct prog_list *l, const uint64_t *alive)
{
	f->event++;
	for (uint32_t c = 0; c < l->n; c++)
		f->costs.conds[l->conds[c]].events += alive[c >> 6] >> (c & 63) & 1;
}

uint64_t run_profile__since(const struct run_profile *f, uint64_t since)
{
	uint64_t ns = run_profile__now() - since;

	return ns > f->overhead ? ns - f->overhead : 0;
}

void run_profile__pred(struct run_profile *f, uint32_t pred, uint64_t ns, bool hit)
{
	struct eng_cost *c = &f->costs.preds[pred];

	c->evals++;
	c->hits += hit;
	c->ns += ns;
	f->evals++;
	f->ns += ns;
}

static void charge(struct run_profile *f, uint32_t cond, uint64_t ns)
{
	struct eng_cost *c = &f->costs.conds[cond];

	c->ns += ns;
	c->evals += f->charged[cond] != f->event;
	f->charged[cond] = f->event;
}

void run_profile__cond(struct run_profile *f, uint32_t cond, struct run_mark since)
{
	if (f->evals != since.evals)
		charge(f, cond, f->ns - since.ns);
}

void run_profile__conds(struct run_profile *f, const struct prog_list *l, const uint64_t *alive,
			const uint64_t *mask, struct run_mark since)
{
	uint32_t n = 0;

	if (f->evals == since.evals)
		return;
	for (uint32_t w = 0; w < l->words; w++)
		n += (uint32_t)__builtin_popcountll(alive[w] & mask[w]);
	for (uint32_t c = 0; c < l->n; c++)
		if (alive[c >> 6] & mask[c >> 6] & 1ull << (c & 63))
			charge(f, l->conds[c], (f->ns - since.ns) / n);
}

static void add(struct eng_cost *to, const struct eng_cost *c, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		to[i].events += c[i].events;
		to[i].evals += c[i].evals;
		to[i].hits += c[i].hits;
		to[i].ns += c[i].ns;
	}
}

void run_profile__add(const struct run_profile *f, struct eng_profile *into)
{
	if (!into->preds)
		make_costs(into, f->costs.n_preds, f->costs.n_conds);
	add(into->preds, f->costs.preds, f->costs.n_preds);
	add(into->conds, f->costs.conds, f->costs.n_conds);
}

const char *eng_prog__pred(const struct eng_prog *p, uint32_t pred)
{
	return p->preds[pred]->text.p;
}
