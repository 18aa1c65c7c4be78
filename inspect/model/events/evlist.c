// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "engine/field/field.h"
#include "inspect/model/events/evlist_internal.h"

#define MAX_KEPT 16384u		/* of a line's text; what is longer is seen in the event itself */
#define MAX_ARGS 400u		/* bytes of payload text in a line */

int ins_evlist__new(struct ins_evlist **ret, struct ins_trace *t, const struct ins_model *m,
		    const struct ins_lens *lens, struct ins_scope scope, bool all)
{
	struct ins_evlist *l = xcalloc(1, sizeof(*l));
	int r;

	l->t = t;
	l->m = m;
	l->lens = lens;
	l->scope = scope;
	l->all = all;
	l->needs_state = lens->cond || scope.kind == OF_FILE || scope.kind == OF_CONN;
	l->types = lens->cond ? eng_prog__types(lens->cond->prog, 0) : NULL;
	evlist__take_lives(l);
	r = evlist__scan_init(l, &l->here);
	if (!r)
		r = evlist__scan_init(l, &l->back);
	if (!r)
		r = ins_walk__new(&l->shown, t, NULL);
	if (r < 0) {
		ins_evlist__free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void ins_evlist__free(struct ins_evlist *l)
{
	if (!l)
		return;
	evlist__scan_done(&l->here);
	evlist__scan_done(&l->back);
	ins_walk__free(l->shown);
	for (uint32_t i = 0; i < l->n_hits; i++)
		evlist__hits_free(&l->hits[i]);
	for (unsigned i = 0; i < N_LINES; i++) {
		buf__done(&l->lines[i].container);
		buf__done(&l->lines[i].comm);
		buf__done(&l->lines[i].args);
	}
	free(l->hits);
	free(l->lives);
	buf__done(&l->scratch);
	free(l);
}

void ins_evlist__only(struct ins_evlist *l, struct ins_only only)
{
	l->only = only;
	ins_only__types(only, l->only_types);
}

/* Are the lives before this number, where all were known, the same now (b) as they were then (a)? Some have gone on since. */
static bool same_until(const struct pid_life *a, uint32_t n_a, const struct pid_life *b, uint32_t n_b, uint64_t num)
{
	uint32_t i = 0, k = 0;

	for (;;) {
		while (i < n_a && a[i].first >= num)
			i++;
		while (k < n_b && b[k].first >= num)
			k++;
		if (i == n_a || k == n_b)
			return i == n_a && k == n_b;
		if (a[i].who != b[k].who || a[i].first != b[k].first ||
		    (a[i].last != b[k].last && b[k].last < num))
			return false;
		i++;
		k++;
	}
}

static uint64_t number_of(const struct ins_evlist *l, struct ins_evpos pos)
{
	if (pos.chunk >= l->t->n_read)
		return UINT64_MAX;
	return l->t->chunks[pos.chunk].first_num + (pos.row == UINT32_MAX ? 0 : pos.row);
}

bool ins_evlist__rescope(struct ins_evlist *l, struct ins_evpos upto)
{
	struct pid_life *old = l->lives;
	uint64_t settled = l->settled;
	uint32_t n_old = l->n_lives;
	bool same;

	if (l->scope.kind == OF_ALL)
		return true;
	l->lives = NULL;
	evlist__take_lives(l);
	same = settled && same_until(old, n_old, l->lives, l->n_lives, settled);
	free(old);
	for (uint32_t i = 0; i < l->n_hits; i++) {
		const struct ins_chunk *c = &l->t->chunks[i];

		if (!l->hits[i].known || (same && c->first_num + c->n_events <= settled))
			continue;
		l->hit_bytes -= evlist__hits_bytes(&l->hits[i]);
		evlist__hits_free(&l->hits[i]);
	}
	l->counted = l->counted_chunks = 0;	/* those that are known are soon counted again */
	l->here.chunk = l->back.chunk = INS_NONE;
	return same && number_of(l, upto) < settled;
}

/* --- places ---------------------------------------------------------------------------------- */

/* The hit after (or before) a row; false if there is none in this chunk. */
static bool hit_after(const struct ins_hits *h, uint32_t row, uint32_t *ret)
{
	uint32_t i = row + 1;	/* UINT32_MAX becomes 0 */

	if (!h->n)
		return false;
	if (!h->bits) {
		for (uint32_t k = 0; k < h->n; k++) {
			if (h->rows[k] >= i) {
				*ret = h->rows[k];
				return true;
			}
		}
		return false;
	}
	for (; i < FMT_BATCH_MAX_EVENTS; i = (i | 63) + 1) {
		uint64_t word = h->map[i >> 6] >> (i & 63);

		if (word) {
			*ret = i + (uint32_t)__builtin_ctzll(word);
			return true;
		}
	}
	return false;
}

static bool hit_before(const struct ins_hits *h, uint32_t row, uint32_t *ret)
{
	if (!h->n)
		return false;
	if (!h->bits) {
		for (uint32_t k = h->n; k-- > 0;) {
			if (h->rows[k] < row) {
				*ret = h->rows[k];
				return true;
			}
		}
		return false;
	}
	if (row > FMT_BATCH_MAX_EVENTS)
		row = FMT_BATCH_MAX_EVENTS;
	while (row-- > 0) {
		uint64_t word = h->map[row >> 6] << (63 - (row & 63));

		if (word) {
			*ret = row - (uint32_t)__builtin_clzll(word);
			return true;
		}
		row &= ~63u;
	}
	return false;
}

enum ins_answer ins_evlist__next(struct ins_evlist *l, struct ins_evpos from, int dir, uint64_t ns,
				 struct ins_evpos *ret)
{
	uint64_t until = ins_now() + ns;
	uint32_t chunk = from.chunk, row = from.row;
	bool worked = false;	/* at least one chunk is looked at, however little time there is */

	if (dir < 0 && chunk >= l->t->n_read) {
		if (!l->t->n_read)
			return INS_END;
		chunk = l->t->n_read - 1;
		row = UINT32_MAX;
	}
	while (chunk < l->t->n_read) {
		uint64_t now = ins_now();
		const struct ins_hits *h;
		uint32_t found;

		if (chunk >= l->n_hits || !l->hits[chunk].known) {
			if (worked && now > until)
				return INS_PENDING;
			worked = true;
		}
		if (evlist__hits(l, &l->here, chunk, now < until ? until - now : 1,
				 &h) == INS_PENDING)
			return INS_PENDING;
		if (dir > 0 ? hit_after(h, row, &found) : hit_before(h, row, &found)) {
			*ret = (struct ins_evpos){ chunk, found };
			return INS_FOUND;
		}
		if (dir < 0 && !chunk)
			return INS_END;
		chunk += dir > 0 ? 1u : UINT32_MAX;
		row = UINT32_MAX;	/* before the first row; behind the last */
	}
	return dir > 0 && l->t->n_read < l->t->n_chunks ? INS_PENDING : INS_END;
}

struct ins_evpos ins_evlist__before_num(struct ins_evlist *l, uint64_t num)
{
	uint32_t chunk = ins_trace__chunk_of(l->t, num);
	const struct ins_chunk *c;

	if (chunk == INS_NONE)
		return INS_EV_FIRST;
	c = &l->t->chunks[chunk];
	if (num <= c->first_num)
		return (struct ins_evpos){ chunk, UINT32_MAX };
	if (num - c->first_num > c->n_events)
		return (struct ins_evpos){ chunk, c->n_events - 1 };
	return (struct ins_evpos){ chunk, (uint32_t)(num - c->first_num) - 1 };
}

enum ins_answer ins_evlist__before_time(struct ins_evlist *l, uint64_t ts, uint64_t ns,
					struct ins_evpos *ret)
{
	uint32_t chunk = ins_trace__chunk_at(l->t, ts), i = 0;
	const struct fmt_batch *b;
	int r;

	if (chunk == INS_NONE) {
		*ret = INS_EV_FIRST;
		return INS_FOUND;
	}
	r = ins_walk__to(l->shown, chunk, ns);
	if (r == 1)
		return INS_PENDING;
	b = ins_walk__batch(l->shown);
	while (r == 0 && i < b->n && b->ts[i] < ts)
		i++;
	*ret = (struct ins_evpos){ chunk, i - 1 };
	return INS_FOUND;
}

bool ins_evlist__step(struct ins_evlist *l, uint64_t ns)
{
	uint64_t until = ins_now() + ns;

	/* at least a step, however little time there is */
	while (l->counted_chunks < l->t->n_read) {
		const struct ins_hits *h;

		if (evlist__hits(l, &l->back, l->counted_chunks, ns, &h) == INS_PENDING)
			return true;
		l->counted += h->n;
		l->counted_chunks++;
		if (ins_now() > until)
			break;
	}
	return l->counted_chunks < l->t->n_chunks;
}

uint64_t ins_evlist__count(const struct ins_evlist *l, bool *ret_all, double *ret_done)
{
	*ret_all = l->counted_chunks >= l->t->n_chunks;
	*ret_done = l->t->n_chunks ? (double)l->counted_chunks / l->t->n_chunks : 1;
	return l->counted;
}

/* --- texts ----------------------------------------------------------------------------------- */

static unsigned line_slot(struct ins_evpos pos)
{
	return (pos.chunk * 7919u + pos.row) % N_LINES;
}

const struct ins_evline *ins_evlist__line(const struct ins_evlist *l, struct ins_evpos pos)
{
	const struct ins_evline *line = &l->lines[line_slot(pos)];

	return line->used && !ins_evpos__cmp(line->pos, pos) ? line : NULL;
}

static void set_text(struct buf *b, const char *p, size_t n)
{
	b->len = 0;
	buf__add(b, p, n);
	buf__u8(b, 0);
	b->len--;
}

static bool is_net(const struct eng_fd *fd)
{
	return fd && (fd->type == FDT_IPV4 || fd->type == FDT_IPV6 || fd->type == FDT_IPV4_LISTEN ||
		      fd->type == FDT_IPV6_LISTEN || fd->type == FDT_UNIX || fd->type == FDT_VSOCK);
}

/* Who did it: a process; or, of what none did, who asked for it or carried it out. */
static void take_doer(const struct eng_ctx *ctx, struct buf *out)
{
	const struct fmt_str *s = NULL;

	if (ctx->ev->type == EV_trigger)
		s = fmt_ev__str(ctx->ev, P_trigger_by);
	else if (ctx->ev->type == EV_action)
		s = fmt_ev__str(ctx->ev, P_action_playbook);
	if (s)
		set_text(out, s->p, s->len);
	else if (ctx->proc->pid)
		set_text(out, ctx->thread->comm->s, ctx->thread->comm->len);
	else
		set_text(out, "", 0);
}

static void make_line(void *arg, const struct eng_ctx *ctx)
{
	struct ins_evlist *l = arg;
	const struct fmt_ev *ev = ctx->ev;
	struct ins_evpos pos = { ins_walk__chunk(l->shown), ev->row };
	struct ins_evline *line = &l->lines[line_slot(pos)];
	const struct eng_container *c = ctx->proc->container;
	const char *container = !c ? "" : c->name && c->name->len ? c->name->s : c->id;

	line->pos = pos;
	line->used = true;
	line->num = fmt_ev__num(ev);
	line->ts = fmt_ev__ts(ev);
	line->dur = fmt_ev__dur(ev);
	line->res = fmt_ev__res(ev);
	line->type = ev->type;
	line->cpu = (uint16_t)fmt_ev__cpu(ev);
	line->tid = fmt_ev__tid(ev);
	line->pid = fmt_ev__pid(ev);
	line->origin = (uint8_t)fmt_ev__origin(ev);
	line->about_net = ev->info->category == CAT_NET || is_net(ctx->fd);
	line->about_file = !line->about_net && (ev->info->category == CAT_FILE || ctx->fd);
	set_text(&line->container, container, strlen(container));
	line->args.len = 0;
	if (ev->type == EV_k8s_audit) {
		const struct fmt_str *user = fmt_ev__str(ev, P_k8s_audit_user);

		set_text(&line->comm, user ? user->p : "", user ? user->len : 0);
		eng_event__audit_line(ctx, &line->args);
	} else {
		take_doer(ctx, &line->comm);
		eng_event__args(ctx, MAX_ARGS, &line->args);
	}
	if (line->args.cap > MAX_KEPT) {	/* an argument may be a megabyte */
		line->args.len = line->args.len < MAX_KEPT ? line->args.len : MAX_KEPT - 1;
		line->args.cap = MAX_KEPT;
		line->args.p = xrealloc(line->args.p, MAX_KEPT);
	}
	buf__u8(&line->args, 0);
	line->args.len--;
}

enum ins_answer ins_evlist__fill(struct ins_evlist *l, const struct ins_evpos *pos, unsigned n,
				 uint64_t ns)
{
	uint64_t until = ins_now() + ns;

	for (unsigned i = 0; i < n; i++) {
		int r;

		if (ins_evlist__line(l, pos[i]))
			continue;
		r = ins_walk__to(l->shown, pos[i].chunk, ns);
		if (r == 1)
			return INS_PENDING;
		if (r < 0)
			return INS_END;
		ins_walk__run(l->shown, pos[i].row, pos[i].row + 1, make_line, l);
		if (ins_now() > until)
			return i + 1 < n ? INS_PENDING : INS_FOUND;
	}
	return INS_FOUND;
}

enum ins_answer ins_evlist__visit(struct ins_evlist *l, struct ins_evpos pos, uint64_t ns,
				  ins_walk_fn fn, void *arg)
{
	int r = ins_walk__to(l->shown, pos.chunk, ns);

	if (r)
		return r == 1 ? INS_PENDING : INS_END;
	ins_walk__run(l->shown, pos.row, pos.row + 1, fn, arg);
	return INS_FOUND;
}
