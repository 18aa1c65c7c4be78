// SPDX-License-Identifier: Apache-2.0
/* What the events say: containers with their names, programs that ran, and for what is no trace in a file all the rest. */
#include <stdlib.h>
#include <string.h>

#include "engine/state/state.h"
#include "format/base/alloc.h"
#include "trace/info/info.h"

#define PID_BITS (1u << 22)		/* Linux gives no higher process id */

struct gather {
	struct info *in;
	struct eng_state *st;
	uint8_t *pid_seen[FMT_MAX_ORIGINS];	/* bit set over all process ids */
	struct strtab programs;		/* id - 1 is the program's place */
	struct strtab containers;	/* likewise */
	size_t cap_programs, cap_containers;
	const struct eng_container *last;	/* the container of the last event, and its place */
	uint32_t last_place;
	bool renamed;			/* something was said of containers */
};

#define NO_PLACE UINT32_MAX

static uint32_t intern(struct info *in, const struct eng_str *s)
{
	return s && s->len ? strtab__add(&in->names, s->s, s->len, s->len) : 0;
}

/* The place of a container, NO_PLACE if there are too many. */
static uint32_t place_of(struct gather *g, const struct eng_container *c)
{
	struct info *in = g->in;
	uint32_t n = (uint32_t)strlen(c->id), id;

	if (c == g->last)
		return g->last_place;
	id = strtab__find(&g->containers, c->id, n, n);
	if (!id && in->n_containers < INFO_MAX_CONTAINERS) {
		id = strtab__add(&g->containers, c->id, n, n);
		in->containers = xgrow(in->containers, &g->cap_containers, id, sizeof(*in->containers));
		in->containers[in->n_containers++] = (struct info_container){ .id = strtab__add(&in->names, c->id, n, n) };
	}
	g->last = c;
	g->last_place = id ? id - 1 : NO_PLACE;
	return g->last_place;
}

/* What is known of it now. */
static void refresh(struct eng_container *c, void *arg)
{
	struct gather *g = arg;
	uint32_t place = place_of(g, c);
	struct info_container *x;

	if (place == NO_PLACE)
		return;
	x = &g->in->containers[place];
	x->name = c->name ? intern(g->in, c->name) : x->name;
	x->image = c->image ? intern(g->in, c->image) : x->image;
	x->runtime = c->runtime ? intern(g->in, c->runtime) : x->runtime;
	x->start_ns = c->start ? c->start : x->start_ns;
	x->ended |= c->ended;
}

/* The container that ends: it may be forgotten next. */
static void refresh_ended(struct gather *g, const struct eng_ctx *ctx)
{
	const struct fmt_str *id = fmt_ev__str(ctx->ev, P_container_end_id);
	struct eng_container *c = id ? eng_state__container(ctx->state, id->p) : NULL;

	if (c)
		refresh(c, g);
}

static void count_process(struct gather *g, const struct fmt_ev *ev, uint32_t place)
{
	unsigned origin = fmt_ev__origin(ev);
	uint32_t pid = fmt_ev__pid(ev);
	uint8_t *seen, bit = (uint8_t)(1u << pid % 8);

	if (pid >= PID_BITS)
		return;
	if (!g->pid_seen[origin])
		g->pid_seen[origin] = xcalloc(PID_BITS / 8, 1);
	seen = &g->pid_seen[origin][pid / 8];
	if (*seen & bit)
		return;
	*seen |= bit;
	g->in->n_pids++;
	if (place != NO_PLACE)
		g->in->containers[place].processes++;
}

static void count_program(struct gather *g, const struct eng_str *path, uint32_t place)
{
	struct info *in = g->in;
	uint32_t id = strtab__find(&g->programs, path->s, path->len, path->len), k = 0;
	struct info_program *p;

	if (!id && in->n_programs == INFO_MAX_PROGRAMS) {
		in->programs_left_out++;
		return;
	}
	if (!id) {
		id = strtab__add(&g->programs, path->s, path->len, path->len);
		in->programs = xgrow(in->programs, &g->cap_programs, id, sizeof(*in->programs));
		in->programs[in->n_programs++] = (struct info_program){ .path = intern(in, path) };
	}
	p = &in->programs[id - 1];
	p->n++;
	if (place == NO_PLACE) {
		p->host = true;
		return;
	}
	while (k < p->n_containers && k < INFO_PROGRAM_CONTAINERS && p->containers[k] != place)
		k++;
	if (k < p->n_containers)
		return;
	if (k < INFO_PROGRAM_CONTAINERS)
		p->containers[k] = place;
	if (p->n_containers <= INFO_PROGRAM_CONTAINERS)
		p->n_containers++;
}

static bool is_exec(const struct fmt_ev *ev)
{
	return (ev->type == EV_execve || ev->type == EV_execveat) && fmt_ev__res(ev) >= 0;
}

/* Captures have events without a time. */
static void note_time(struct info *in, uint64_t ts)
{
	if (!ts)
		return;
	in->t_first = !in->t_first || ts < in->t_first ? ts : in->t_first;
	in->t_last = ts > in->t_last ? ts : in->t_last;
}

static void count_event(struct gather *g, const struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	uint32_t place = ctx->proc->container ? place_of(g, ctx->proc->container) : NO_PLACE;

	note_time(g->in, fmt_ev__ts(ev));
	if (place != NO_PLACE)
		g->in->containers[place].events++;
	if (fmt_ev__pid(ev))
		count_process(g, ev, place);
	if (is_exec(ev)) {
		const struct eng_image *im = ctx->proc->image;

		count_program(g, im->exepath && im->exepath->len ? im->exepath : im->exe, place);
	}
}

/* What the headers of chunks say where there are chunks. */
static void count_plain(struct info *in, const struct fmt_ev *ev)
{
	uint64_t n;

	in->events++;
	in->types[ev->type].n++;
	in->alerts += ev->type == EV_alert;
	if (ev->type == EV_drop && fmt_ev__int(ev, P_drop_n, &n))
		in->lost += n;
}

static int gather_batch(void *arg, const struct fmt_batch *b, const struct fmt_batch_info *info, struct err *err)
{
	struct gather *g = arg;

	(void)err;
	if (info->new_section || info->segment) {
		eng_state__reset(g->st);
		g->last = NULL;
	}
	for (uint32_t row = 0; row < b->n; row++) {
		struct fmt_ev ev = fmt_batch__ev(b, row);
		bool context = fmt_ev__is_context(&ev);
		struct eng_ctx ctx;

		eng_state__enter(g->st, &ev, &ctx);
		g->renamed |= ev.type == EV_container || ev.type == EV_state_container || ev.type == EV_asyncevent;
		if (!info->keyframe && !context)
			count_event(g, &ctx);
		if (!info->keyframe && !g->in->has_chunks && !context)
			count_plain(g->in, &ev);
		g->in->context += !info->keyframe && context;
		if (ev.type == EV_container_end)
			refresh_ended(g, &ctx);
		eng_state__leave(g->st, &ctx);
		if (ev.type == EV_container_end || ev.type == EV_procexit)
			g->last = NULL;		/* it may be gone */
	}
	if (g->renamed)
		eng_state__each_container(g->st, refresh, g);
	g->renamed = false;
	return 0;
}

static int by_events(const void *a, const void *b)
{
	const struct info_container *x = a, *y = b;

	return x->events != y->events ? (x->events < y->events ? 1 : -1) : x->id < y->id ? -1 : x->id > y->id;
}

static int by_number(const void *a, const void *b)
{
	const struct info_program *x = a, *y = b;

	return x->n != y->n ? (x->n < y->n ? 1 : -1) : x->path < y->path ? -1 : x->path > y->path;
}

/* Containers and programs by what they did. */
static void sort_all(struct info *in)
{
	uint32_t *old_id = xcalloc(in->n_containers + 1u, sizeof(*old_id));

	for (uint32_t k = 0; k < in->n_containers; k++)
		old_id[k] = in->containers[k].id;
	if (in->n_containers)
		qsort(in->containers, in->n_containers, sizeof(*in->containers), by_events);
	if (in->n_programs)
		qsort(in->programs, in->n_programs, sizeof(*in->programs), by_number);
	for (uint32_t k = 0; k < in->n_programs; k++) {
		struct info_program *p = &in->programs[k];

		for (uint32_t i = 0; i < p->n_containers && i < INFO_PROGRAM_CONTAINERS; i++)
			p->containers[i] = old_id[p->containers[i]];	/* the name's id: it does not move */
	}
	free(old_id);
}

int info__read_events(struct info *in, struct reading *r, struct err *err)
{
	struct fmt_want want = { .by_type = true, .no_payload = true };
	static const uint16_t mine[] = { EV_alert, EV_drop };
	struct gather g = { .in = in };
	int code;

	eng_state__new(&g.st);
	eng_state__want(&want);
	for (size_t k = 0; k < sizeof(mine) / sizeof(*mine); k++)
		want.types[mine[k] / 8] |= (uint8_t)(1 << mine[k] % 8);
	fmt_source__want(r->s, &want);
	code = reading__all(r, gather_batch, &g, err);
	in->unknown_events = r->s->skipped_unknown;
	if (in->has_chunks)		/* headers count all rows */
		in->events -= in->context < in->events ? in->context : in->events;
	sort_all(in);
	eng_state__free(g.st);
	for (unsigned k = 0; k < FMT_MAX_ORIGINS; k++)
		free(g.pid_seen[k]);
	strtab__done(&g.programs);
	strtab__done(&g.containers);
	return code;
}

void info__done(struct info *in)
{
	strtab__done(&in->names);
	free(in->containers);
	free(in->programs);
	free(in->columns);
}
