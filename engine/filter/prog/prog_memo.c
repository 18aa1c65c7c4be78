// SPDX-License-Identifier: Apache-2.0
/*
 * What a run remembers. Everything is bounded: an entry that another key needs is thrown out, and
 * asked for again.
 */
#include <stdlib.h>

#include "engine/filter/prog/prog_eval.h"
#include "engine/state/path.h"

#define MEMO_BYTES (8u << 20)		/* at most, per level */
#define MEMO_MOST 4096u			/* entries at most: a power of two */
#define MEMO_CALLS 256u			/* few calls differ in their flags */
#define MEMO_CLASSES 512u
#define MEMO_NAMES 4096u

static uint32_t table_entries(const struct memo_layout *m, enum eng_level level)
{
	uint32_t n = level == LV_CALL ? MEMO_CALLS : MEMO_MOST;

	while (n > 16 && (size_t)n * m->words * sizeof(uint64_t) > MEMO_BYTES)
		n /= 2;
	return n;
}

void run_memo__init(struct eng_run *r)
{
	for (unsigned lv = LV_CALL; lv <= LV_FD; lv++) {
		const struct memo_layout *m = &r->p->memo[lv];
		uint32_t n = table_entries(m, lv);

		r->memo[lv] = (struct memo_table){ .layout = m, .mask = n - 1 };
		r->memo[lv].words = xcalloc((size_t)n * m->words, sizeof(uint64_t));
	}
	r->classes = (struct memo_table){ .layout = &r->p->memo[LV_NAME], .mask = MEMO_CLASSES - 1 };
	r->names = xcalloc(MEMO_NAMES, sizeof(*r->names));
	r->classes.words = xcalloc((size_t)MEMO_CLASSES * r->classes.layout->words, sizeof(uint64_t));
}

void run_memo__done(struct eng_run *r)
{
	for (unsigned lv = 0; lv < LV__N; lv++)
		free(r->memo[lv].words);
	free(r->names);
	free(r->classes.words);
}

/* The entry for a key; what another key left there is forgotten. */
static uint64_t *table__at(struct memo_table *t, uint32_t hash, uint64_t key0, uint64_t key1)
{
	const struct memo_layout *m = t->layout;
	uint64_t *e = t->words + (size_t)(hash & t->mask) * m->words;

	if (e[0] == key0 && e[1] == key1)
		return e;
	e[0] = key0;
	e[1] = key1;
	memset(e + MEMO_USES, 0, (1 + m->n_bits_words) * sizeof(*e));
	return e;
}

/* A parameter of the event, and one bit that says whether it is there. */
static uint64_t param_of(const struct fmt_ev *ev, int8_t param, uint64_t *ret_there)
{
	uint64_t v;

	*ret_there = param >= 0 && fmt_ev__int(ev, (unsigned)param, &v);
	return *ret_there ? v : 0;
}

/*
 * All that fields of SCOPE_CALL look at, and what predicates ask of the number of a descriptor (see
 * pred_compile.c). NULL if it does not fit into the key: a mode or an error that no kernel knows.
 */
static uint64_t *call_memo(struct eng_run *r)
{
	const struct eng_ctx *c = r->ctx;
	const struct fmt_ev *ev = c->ev;
	int64_t res = fmt_ev__res(ev);
	uint64_t has_flags, has_mode, key0, key1, failed;
	uint64_t flags = param_of(ev, r->p->flags_of[ev->type], &has_flags);
	uint64_t mode = param_of(ev, r->p->mode_of[ev->type], &has_mode);

	failed = res >= 0 ? 0 : res > -4096 ? (uint64_t)-res : res == FMT_NO_RES ? 4096 : 4097;
	if (failed == 4097 || mode > UINT32_MAX >> 2)
		return NULL;
	key0 = flags;
	key1 = 1u | (uint64_t)c->has_fd_num << 1 | (uint64_t)(c->fd_num < 0) << 2 | has_flags << 3 |
	       has_mode << 4 | failed << 5 | (uint64_t)ev->type << 18 | mode << 34;
	return table__at(&r->memo[LV_CALL],
			 (uint32_t)((key0 * 0x9e3779b97f4a7c15ull ^ key1 * 0xc2b2ae3d27d4eb4full) >> 40),
			 key0, key1);
}

/* Of a call that has failed the name is as it was given, if that is in no need of being put right. */
static uint32_t class_of(const struct eng_run *r)
{
	const struct name_filter *f = &r->p->names;
	const struct eng_ctx *c = r->ctx;
	const struct fmt_str *s;

	if (c->fd && c->fd->name)
		return name_filter__class(f, c->fd->name->s, c->fd->name->len,
					  c->fd->nameraw ? c->fd->nameraw->s : NULL,
					  c->fd->nameraw ? c->fd->nameraw->len : 0);
	s = c->fd ? NULL : strtab__get(&c->ev->b->dict, c->fd_name_id);
	return s && path__is_normal(s->p, s->len) ? name_filter__class(f, s->p, s->len, NULL, 0) : 0;
}

/*
 * By name and kind of descriptor; where nothing was opened the kind follows from the call. Names of a class share what
 * is remembered.
 */
static uint64_t *name_memo(struct eng_run *r)
{
	const struct eng_ctx *c = r->ctx;
	uint64_t kind = c->fd ? c->fd->type + 1u : 0x10000u + c->ev->type;
	uint64_t key0 = r->batch << 32 | c->fd_name_id, key1 = (uint64_t)c->fd_nameraw_id << 32 | kind;
	uint32_t hash = c->fd_name_id + c->fd_nameraw_id * 0x9e3779b9u;
	struct name_class *n = &r->names[hash % MEMO_NAMES];

	if (n->key0 != key0 || n->key1 != key1)
		*n = (struct name_class){ key0, key1, class_of(r) };
	r->name_is_shared = n->class;
	if (!n->class)
		return table__at(&r->memo[LV_NAME], hash, key0, key1);
	return table__at(&r->classes, n->class + (uint32_t)kind * 0x9e3779b9u, kind, n->class);
}

uint64_t *run_memo__find(struct eng_run *r, enum eng_level level)
{
	const struct eng_ctx *c = r->ctx;
	struct memo_table *t = &r->memo[level];

	switch (level) {
	case LV_CALL:
		return call_memo(r);
	case LV_PROC:
		return table__at(t, c->thread->slot, c->thread->epoch, c->proc->epoch);
	case LV_NAME:
		return name_memo(r);
	default:
		/*
		 * no descriptor: one entry for "not known", one for "not about one"; epochs are
		 * never 0
		 */
		if (!c->fd)
			return table__at(t, c->has_fd_num, 0, c->has_fd_num + 1u);
		return table__at(t, c->fd->slot, c->fd->epoch, 0);
	}
}
