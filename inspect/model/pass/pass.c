// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "inspect/model/only.h"
#include "inspect/model/pass/pass_internal.h"

#define SLICE_ROWS 2048u	/* rows between two looks at the clock */

static void add_alert(struct ins_pass *p, const struct ins_alert *a)
{
	struct ins_model *m = p->m;

	if (m->n_alerts >= INS_MAX_ALERTS) {
		m->left_out++;
		return;
	}
	m->alerts = xgrow(m->alerts, &m->cap_alerts, m->n_alerts + 1, sizeof(*a));
	m->alerts[m->n_alerts++] = *a;
	pass__count(p, MET_ALERTS, 1);
	if (a->proc != INS_NONE)
		m->procs[a->proc].n_alerts++;
	if (a->container != INS_NONE)
		m->containers[a->container].n_alerts++;
}

static int on_alert(void *arg, const struct eng_rule *r, const struct eng_ctx *ctx)
{
	struct ins_pass *p = arg;
	struct ins_alert a = { .proc = p->proc, .container = INS_NONE,
			      .priority = (uint8_t)r->priority,
			       .ts = fmt_ev__ts(ctx->ev), .num = fmt_ev__num(ctx->ev) };

	if (!p->counts)
		return 0;
	if (p->proc != INS_NONE)
		a.container = p->m->procs[p->proc].container;
	arena__reset(&p->scratch);
	p->text.len = 0;
	if (r->format)
		eng_output__text(r->format, ctx, &p->scratch, &p->text);
	a.rule = ins_model__intern(p->m, r->name, strlen(r->name));
	a.text = ins_model__intern(p->m, (const char *)p->text.p, p->text.len);
	add_alert(p, &a);
	return 0;
}

/* An alert that was found while recording. */
static void recorded_alert(struct ins_pass *p, const struct fmt_ev *ev)
{
	const struct fmt_str *rule = fmt_ev__str(ev, P_alert_rule);
	const struct fmt_str *text = fmt_ev__str(ev, P_alert_output);
	struct ins_alert a = { .proc = p->proc, .container = INS_NONE, .live = true,
			       .ts = fmt_ev__ts(ev), .num = fmt_ev__num(ev) };
	uint64_t v = PRIO_DEBUG;

	if (p->proc != INS_NONE)
		a.container = p->m->procs[p->proc].container;
	if (rule)
		a.rule = ins_model__intern(p->m, rule->p, rule->len);
	if (text)
		a.text = ins_model__intern(p->m, text->p, text->len);
	fmt_ev__int(ev, P_alert_priority, &v);
	a.priority = v > PRIO_DEBUG ? PRIO_DEBUG : (uint8_t)v;
	if (fmt_ev__int(ev, P_alert_num, &v) && v)
		a.num = v;
	add_alert(p, &a);
}

static void add_loss(struct ins_pass *p, const struct fmt_ev *ev)
{
	struct ins_model *m = p->m;
	struct ins_loss l = { .from = fmt_ev__ts(ev), .to = fmt_ev__ts(ev), .cpu = -1 };
	uint64_t v;

	fmt_ev__int(ev, P_drop_n, &l.n);
	fmt_ev__int(ev, P_drop_from, &l.from);
	fmt_ev__int(ev, P_drop_to, &l.to);
	if (fmt_ev__int(ev, P_drop_cpu, &v))
		l.cpu = (int32_t)v;
	pass__count(p, MET_LOST, l.n);
	if (m->n_losses >= INS_MAX_ALERTS)
		return;
	m->losses = xgrow(m->losses, &m->cap_losses, m->n_losses + 1, sizeof(l));
	m->losses[m->n_losses++] = l;
}

/* What is counted of every event, whatever it is. */
static void count_event(struct ins_pass *p, const struct fmt_ev *ev)
{
	bool failed = fmt_ev__failed(ev);
	struct ins_proc *pr;

	p->m->type_counts[ev->type]++;
	pass__count(p, MET_EVENTS, 1);
	if (failed)
		pass__count(p, MET_ERRORS, 1);
	if (ev->info->flags & (EF_READS | EF_WRITES) && fmt_ev__dur(ev) >= INS_SLOW)
		pass__count_own(p, MET_SLOW, OWN_SLOW);
	if (p->proc == INS_NONE)
		return;
	pr = &p->m->procs[p->proc];
	pr->n_events++;
	pr->n_errors += failed;
	if (pr->container != INS_NONE) {
		struct ins_container *c = &p->m->containers[pr->container];

		c->n_events++;
		if (!c->first_ts)
			c->first_ts = fmt_ev__ts(ev);
		c->last_ts = fmt_ev__ts(ev);
	}
}

static void enter_slot(struct ins_pass *p, uint64_t ts)
{
	p->slot = ins_model__slot(p->m, ts);
	p->slot_from = ins_model__slot_time(p->m, p->slot);
	p->slot_to = ins_model__slot_time(p->m, p->slot + 1);
}

static bool is_under_lens(struct ins_pass *p, const struct eng_ctx *ctx)
{
	uint32_t hit;

	return ins_lens__has_time(p->lens, fmt_ev__ts(ctx->ev)) &&
	       (!p->run || eng_run__match(p->run, ctx, true, &hit, 1));
}

static int on_event(void *arg, const struct eng_ctx *ctx)
{
	struct ins_pass *p = arg;
	const struct fmt_ev *ev = ctx->ev;
	uint64_t ts = fmt_ev__ts(ev);

	p->here = ctx->state;
	p->origin = (uint8_t)fmt_ev__origin(ev);
	p->proc = pass__proc(p, ctx);
	if (ts < p->slot_from || ts >= p->slot_to)
		enter_slot(p, ts);
	p->counts = !p->keyframe && !p->context && !(ev->info->flags & EF_INTERNAL) && is_under_lens(p, ctx);
	if (p->proc != INS_NONE && !p->keyframe && !p->context) {
		struct ins_proc *pr = &p->m->procs[p->proc];

		if (!pr->first_num) {
			pr->first_num = fmt_ev__num(ev);
			pr->first_ts = ts;
		}
		pr->last_num = fmt_ev__num(ev);
		pr->last_ts = ts;
	}
	if (p->counts)
		count_event(p, ev);
	if (ev->type == EV_container || ev->type == EV_container_end)
		pass__container_event(p, ctx);
	else if (p->proc != INS_NONE && ev->info->flags & (EF_STATE | EF_KEYFRAME))
		pass__proc_event(p, ctx);
	if (p->proc != INS_NONE && ev->type == EV_dns)
		pass__dns_event(p, ctx);
	else if (p->proc != INS_NONE)
		pass__io_event(p, ctx);
	if (!p->counts)
		return 0;
	if (ev->type == EV_alert)
		recorded_alert(p, ev);
	else if (ev->type == EV_drop)
		add_loss(p, ev);
	else if (ev->type == EV_signaldeliver)
		pass__count_own(p, MET_SIGNALS, OWN_SIGNALS);
	else
		pass__asked_event(p, ev);
	return 0;
}

static int on_context(void *arg, const struct eng_ctx *ctx)
{
	struct ins_pass *p = arg;

	p->context = true;
	on_event(p, ctx);
	p->context = false;
	return 0;
}

static void make_want(struct ins_pass *p)
{
	static const uint16_t mine[] = { EV_dns, EV_alert, EV_drop, EV_signaldeliver, EV_procexit,
					 EV_container, EV_container_end, EV_trigger, EV_action, EV_k8s_audit };

	p->want = (struct fmt_want){ .by_type = true, .no_payload = true };
	eng_state__want(&p->want);
	for (size_t i = 0; i < sizeof(mine) / sizeof(mine[0]); i++)
		pass__want_type(&p->want, mine[i]);
	for (unsigned i = 0; i < FMT_MAX_EVENTS; i++)
		if (fmt_events[i].name && fmt_events[i].flags & (EF_STATE | EF_KEYFRAME))
			pass__want_type(&p->want, i);
	pass__io_want(p);
	if (p->lens->cond)
		eng_prog__want(p->lens->cond->prog, &p->want);
	if (p->rules)
		eng_ruleset__want(p->rules, &p->want);
}

int ins_pass__new(struct ins_pass **ret, struct ins_trace *t, struct ins_model *m,
		  const struct ins_lens *lens, const struct eng_ruleset *rules)
{
	struct ins_pass *p = xcalloc(1, sizeof(*p));
	struct eng_detector_opts opts = { .sz = sizeof(opts), .all_matches = true,
		.on_alert = on_alert, .on_event = on_event, .on_context = on_context, .arg = p };
	struct fmt_source as;
	int r;

	p->t = t;
	p->m = m;
	p->lens = lens;
	p->rules = rules;
	r = eng_state__new(&p->st);
	if (!r)
		r = fmt_batch__new(&p->b);
	if (!r)
		r = eng_detector__new(&p->det, rules, p->st, &opts);
	if (!r && lens->cond)
		r = eng_run__new(&p->run, lens->cond->prog);
	if (r < 0) {
		ins_pass__free(p);
		return r;
	}
	eng_state__describe(p->st, t->meta.hostname, t->meta.start_ns);
	fmt_reader__as_source(t->r, &as);
	eng_state__name_origins(p->st, &as);
	make_want(p);
	if (m->t_to) {		/* a window: from the keyframe before it */
		uint32_t chunk = ins_trace__chunk_at(t, m->t_from);

		p->chunk = chunk == INS_NONE ? 0 : ins_trace__keyframe(t, chunk);
	}
	*ret = p;
	return 0;
}

void ins_pass__free(struct ins_pass *p)
{
	if (!p)
		return;
	eng_run__free(p->run);
	eng_detector__free(p->det);
	eng_state__free(p->st);
	fmt_batch__free(p->b);
	free(p->proc_hits);
	free(p->fd_hits);
	buf__done(&p->text);
	arena__done(&p->scratch);
	free(p);
}

/* Have the next chunk in p->b; false at the end. A chunk that cannot be read is passed over. */
static bool load_chunk(struct ins_pass *p)
{
	while (!p->loaded && p->chunk < p->t->n_read) {
		const struct ins_chunk *c = &p->t->chunks[p->chunk];

		if (!c->bad && !(p->lens->to && c->kind == CHUNK_EVENTS && c->n_events &&
				 c->t_first > p->lens->to) &&
		    !ins_trace__read(p->t, p->chunk, &p->want, p->b)) {
			p->loaded = true;
			p->row = 0;
			p->keyframe = c->kind == CHUNK_KEYFRAME;
			if (c->anew)
				eng_state__reset(p->st);
			if (!p->keyframe && !p->begun) {
				p->begun = true;
				pass__settle(p);
			}
			if (p->run)
				eng_run__batch(p->run, p->b);
			return true;
		}
		p->chunk++;
	}
	return p->loaded;
}

/*
 * Rows up to `to`. The detector does not show rows of keyframes, which name what was there before.
 */
static void feed(struct ins_pass *p, uint32_t to)
{
	if (!p->keyframe) {
		eng_detector__feed(p->det, p->b, false, p->row, to);
		return;
	}
	for (uint32_t i = p->row; i < to; i++) {
		struct fmt_ev ev = fmt_batch__ev(p->b, i);
		struct eng_ctx ctx;

		eng_state__enter(p->st, &ev, &ctx);
		on_event(p, &ctx);
		eng_state__leave(p->st, &ctx);
	}
}

bool ins_pass__step(struct ins_pass *p, uint64_t ns)
{
	uint64_t until = ins_now() + ns;

	if (p->m->done)
		return false;
	do {
		uint32_t to;

		if (!load_chunk(p)) {
			if (p->chunk < p->t->n_chunks)
				return true;	/* its summary is still to be read */
			if (!p->begun)
				pass__settle(p);
			p->m->done = true;
			p->m->gen++;
			return false;
		}
		to = p->row + SLICE_ROWS < p->b->n ? p->row + SLICE_ROWS : p->b->n;
		feed(p, to);
		p->row = to;
		if (to && !p->keyframe) {
			p->m->upto_num = p->b->first_num + to;
			p->m->upto_ts = p->b->ts[to - 1];
		}
		p->m->upto_chunk = p->chunk;
		if (to == p->b->n) {
			p->loaded = false;
			p->chunk++;
		}
		p->m->gen++;
	} while (ins_now() < until);
	return true;
}

void ins_pass__go_on(struct ins_pass *p, uint64_t was)
{
	ins_model__grow(p->m, was);
	p->slot_from = p->slot_to = 0;
	p->m->done = p->m->has_ends = false;
	p->m->gen++;
}

double ins_pass__progress(const struct ins_pass *p)
{
	double chunks = p->t->n_chunks ? p->t->n_chunks : 1;
	double part = p->loaded && p->b->n ? (double)p->row / p->b->n : 0;

	return p->m->done ? 1 : ((double)p->chunk + part) / chunks;
}
