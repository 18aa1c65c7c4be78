// SPDX-License-Identifier: Apache-2.0
/*
 * What one thread does with the batches it reads: state, filter or rules, and lines, JSON or alerts of what is left.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/base/progress.h"
#include "replay/replay_eval.h"

#define FLUSH_AT (256u << 10)

/* --- events ------------------------------------------------------------------------------------------- */

static bool in_window(const struct rpl_run *r, const struct eng_ctx *ctx)
{
	uint64_t ts = fmt_ev__ts(ctx->ev);

	return ts >= r->from && ts <= r->to;
}

static bool passes(struct rpl_eval *e, const struct eng_ctx *ctx)
{
	uint32_t hit;

	return !e->filter_run || eng_run__match(e->filter_run, ctx, true, &hit, 1);
}

/* Bytes that wait for the turn. */
static size_t kept(const struct rpl_part *p)
{
	return p->out.buf.len + p->keys.len + p->n_counted * sizeof(*p->counted);
}

/* Write out what there is, if it is this part's turn. */
static void flush(struct rpl_eval *e)
{
	struct rpl_part *p = e->part;

	if (!p->direct && (!p->is_turn(p, kept(p)) || p->too_much))
		return;
	if (!p->direct)
		p->too_much = !rpl_part__begin_turn(p, e->run);
	else
		rpl_out__flush(&p->out);
}

static bool is_over(const struct rpl_part *p)
{
	return p->printed >= p->limit || p->out.error || p->too_much;
}

/* One line has been printed: is it time to write, to stop? */
static int printed(struct rpl_eval *e)
{
	struct rpl_part *p = e->part;

	p->printed++;
	if (p->out.buf.len >= FLUSH_AT)
		flush(e);
	return is_over(p) ? RPL_STOP : 0;
}

static void put_format(struct rpl_eval *e, const struct eng_ctx *ctx)
{
	struct buf *out = &e->part->out.buf;

	e->text.len = 0;
	arena__reset(&e->scratch);
	eng_output__text(e->run->format, ctx, &e->scratch, &e->text);
	text__safe(out, (const char *)e->text.p, e->text.len);
	buf__add(out, "\n", 1);
}

static void put_event(struct rpl_eval *e, const struct eng_ctx *ctx)
{
	struct rpl_out *out = &e->part->out;

	if (e->run->format) {
		put_format(e, ctx);
	} else if (e->run->o->json) {
		rpl_json(ctx, &out->buf);
		buf__add(&out->buf, "\n", 1);
	} else {
		rpl_line(ctx, e->run->o->payload, out->color, &out->buf);
	}
}

static int on_event(void *arg, const struct eng_ctx *ctx)
{
	struct rpl_eval *e = arg;

	if (ctx->ev->info->flags & EF_INTERNAL && !e->run->o->internal)
		return 0;
	if (!in_window(e->run, ctx) || !passes(e, ctx))
		return 0;
	e->part->stats.matched++;
	put_event(e, ctx);
	return printed(e);
}

static int on_event_to_explain(void *arg, const struct eng_ctx *ctx)
{
	struct rpl_eval *e = arg;
	struct rpl_run *r = e->run;
	struct rpl_out *out = &e->part->out;

	if (fmt_ev__num(ctx->ev) != r->explain_num)
		return 0;
	rpl_line(ctx, r->o->payload, out->color, &out->buf);
	eng_prog__explain(eng_ruleset__prog(r->rs), r->explain_rule->cond, ctx, &out->buf);
	e->part->explained = true;
	return RPL_STOP;
}

static const char *priority_color(enum eng_priority p)
{
	return p <= PRIO_ERROR ? "\033[1;31m" : p == PRIO_WARNING ? "\033[33m" : "";
}

void rpl_put_alert(struct rpl_eval *e, const struct eng_rule *rule, const struct eng_ctx *ctx)
{
	struct rpl_out *out = &e->part->out;

	arena__reset(&e->scratch);
	if (e->run->o->json) {
		eng_alert__json(rule, ctx, &e->run->alert, &e->scratch, &out->buf);
	} else {
		if (out->color)
			buf__puts(&out->buf, priority_color(rule->priority));
		eng_alert__text(rule, ctx, &e->run->alert, &e->scratch, &out->buf);
		if (out->color)
			buf__puts(&out->buf, "\033[0m");
	}
	buf__add(&out->buf, "\n", 1);
}

/* What becomes of an alert; false: nothing is put out. */
static bool put_alert(struct rpl_eval *e, const struct eng_rule *rule, const struct eng_ctx *ctx)
{
	if (e->run->format)
		put_format(e, ctx);
	else if (!e->decider)
		rpl_put_alert(e, rule, ctx);
	else
		return rpl_playbooks__alert(e, rule, ctx);
	return true;
}

/* Before the turn has come it is written down, and the turn decides. */
static bool is_due(void *arg, const struct eng_rule *rule, const struct eng_ctx *ctx)
{
	struct rpl_eval *e = arg;
	struct rpl_part *p = e->part;
	struct rpl_counted c = { .at = p->out.buf.len, .key_at = p->keys.len, .ts = fmt_ev__ts(ctx->ev), .rule = rule };

	if (!in_window(e->run, ctx))
		return false;
	eng_tally__key(rule, ctx, &e->scratch, &e->key);
	if (p->direct)
		return eng_tally__add(e->run->tally, rule, c.ts, &e->key);
	buf__add(&p->keys, e->key.p, e->key.len);
	c.key_len = e->key.len;
	if (passes(e, ctx) && put_alert(e, rule, ctx))
		c.len = p->out.buf.len - c.at;
	p->counted = xgrow(p->counted, &p->cap_counted, p->n_counted + 1, sizeof(*p->counted));
	p->counted[p->n_counted++] = c;
	if (kept(p) >= FLUSH_AT)
		flush(e);
	return false;
}

static int on_alert(void *arg, const struct eng_rule *rule, const struct eng_ctx *ctx)
{
	struct rpl_eval *e = arg;
	struct rpl_run *r = e->run;

	if (!in_window(r, ctx) || !passes(e, ctx))
		return 0;
	rpl_part__count_alert(e->part, r, rule);
	return put_alert(e, rule, ctx) ? printed(e) : 0;
}

int rpl_eval__new(struct rpl_eval **ret, struct rpl_run *r)
{
	struct rpl_eval *e = xcalloc(1, sizeof(*e));
	struct eng_detector_opts d = { .sz = sizeof(d), .all_matches = r->o->all_matches,
				       .profile = r->o->profile, .is_due = is_due, .arg = e };
	bool explain = r->o->mode == MODE_EXPLAIN;
	int code;

	e->run = r;
	e->gave_up = xcalloc(r->n_rules + 1, sizeof(*e->gave_up));
	if (explain)
		d.on_event = on_event_to_explain;
	else if (r->rs)
		d.on_alert = on_alert;
	else
		d.on_event = on_event;
	if (r->filter && !r->rs && !explain)
		d.event_types = eng_prog__types(r->filter, 0);
	code = eng_state__new(&e->st);
	if (!code)
		code = eng_detector__new(&e->det, explain ? NULL : r->rs, e->st, &d);
	if (!code && r->filter)
		code = eng_run__new(&e->filter_run, r->filter);
	if (!code && r->pb)
		code = pb_decider__new(&e->decider, r->pb, &(struct pb_self){ 0 }, NULL);
	if (code) {
		rpl_eval__free(e);
		return code;
	}
	*ret = e;
	return 0;
}

void rpl_eval__free(struct rpl_eval *e)
{
	if (!e)
		return;
	eng_detector__free(e->det);
	eng_state__free(e->st);
	eng_run__free(e->filter_run);
	pb_decider__free(e->decider);
	arena__done(&e->scratch);
	buf__done(&e->text);
	buf__done(&e->key);
	free(e->gave_up);
	free(e);
}

/* --- batches ------------------------------------------------------------------------------------------ */

/* Count a batch for --stats: by columns where all of it is in the window. */
static void count_batch(struct rpl_eval *e, const struct fmt_batch *b)
{
	const struct rpl_run *r = e->run;
	struct rpl_stats *s = &e->part->stats;
	uint64_t first = 0, last = 0;
	bool whole = true;

	for (uint32_t i = 0; i < b->n && whole; i++)
		whole = b->ts[i] >= r->from && b->ts[i] <= r->to && !b->threads[b->thread[i]].context;
	if (whole && b->n) {
		for (uint32_t i = 0; i < b->n_types; i++)
			s->per_type[b->types[i]] += b->by_type[b->types[i]]->n;
		s->events += b->n;
		first = b->ts[0];
		last = b->ts[b->n - 1];
	}
	for (uint32_t i = 0; i < b->n && !whole; i++) {
		if (b->ts[i] < r->from || b->ts[i] > r->to || b->threads[b->thread[i]].context)
			continue;
		s->per_type[b->type[i]]++;
		s->events++;
		if (!first)
			first = b->ts[i];
		last = b->ts[i];
	}
	if (first && (!s->t_first || first < s->t_first))
		s->t_first = first;
	if (last > s->t_last)
		s->t_last = last;
}

/* The rows of a keyframe, after they have been applied: the state knows their threads then. */
static int show_keyframe(struct rpl_eval *e, const struct fmt_batch *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		struct fmt_ev ev = fmt_batch__ev(b, i);
		struct eng_ctx ctx;

		bool shown;

		eng_state__enter(e->st, &ev, &ctx);	/* once more: it changes nothing, and gives the surroundings */
		shown = passes(e, &ctx);
		if (shown)
			put_event(e, &ctx);
		eng_state__leave(e->st, &ctx);
		if (shown && printed(e))
			return RPL_STOP;
	}
	return 0;
}

/*
 * Is all that is asked for behind us? A source says so itself, but for the keyframe that a segment begins with: that it
 * always gives, and each segment behind the window would be begun for it.
 */
static bool is_past(const struct rpl_eval *e, const struct fmt_batch *b, bool keyframe)
{
	uint64_t late = keyframe ? FMT_LATE_NS : 0;

	return (!keyframe || e->part->from) && e->run->to < UINT64_MAX - late && fmt_batch__is_past(b, e->run->to + late);
}

static int feed(struct rpl_eval *e, const struct fmt_batch *b, const struct fmt_batch_info *info)
{
	const struct rpl_run *r = e->run;
	int stop;

	if (e->filter_run)
		eng_run__batch(e->filter_run, b);
	if (!info->keyframe && r->o->stats)
		count_batch(e, b);
	stop = eng_detector__feed(e->det, b, info->keyframe, 0, b->n);
	if (!stop && info->keyframe && r->o->keyframes && r->o->mode == MODE_RUN && !r->rs)
		stop = show_keyframe(e, b);
	if (!stop && is_past(e, b, info->keyframe))
		stop = RPL_STOP;
	flush(e);
	return stop || is_over(e->part) ? RPL_STOP : 0;
}

/* Errors behind which a source goes on: what is there besides is read. */
bool rpl_is_damage(int code)
{
	return code == -FMT_E_CORRUPT || code == -FMT_E_TRUNCATED || code == -FMT_E_VERSION;
}

void rpl_eval__damage(struct rpl_eval *e, struct err *err)
{
	struct rpl_part *p = e->part;

	p->damaged = true;
	err__file(err, e->run->path);
	if (p->direct) {
		rpl_out__flush(&p->out);
		rpl_print_damage(err);
	} else {
		p->marks = xgrow(p->marks, &p->cap_marks, p->n_marks + 1, sizeof(*p->marks));
		p->marks[p->n_marks++] = (struct rpl_mark){ p->out.buf.len, *err };
	}
	memset(err, 0, sizeof(*err));
}

/* How far we are, on the terminal, unless the output goes there too. */
static void show_progress(const struct rpl_eval *e, uint64_t offset)
{
	if (e->part->direct && e->run->size && !isatty(STDOUT_FILENO))
		progress__show(e->run->path, offset, e->run->size, 0);
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig)
{
	(void)sig;
	interrupted = 1;
}

int rpl_eval__follow(struct fmt_source *s, struct err *err)
{
	struct sigaction sa = { .sa_handler = on_interrupt };

	if (!s->ops->follow)
		return err__set(err, -FMT_E_UNSUPPORTED, "--follow: only a spoor trace can be followed");
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	return s->ops->follow(s, true, err);
}

#define LOOK_MS 200

/* One batch. 0, or what ends the reading. */
static int read_batch(struct rpl_eval *e, struct fmt_source *s, struct err *err)
{
	const struct fmt_batch *b;
	struct fmt_batch_info info = { 0 };
	int code = interrupted ? 1 : fmt_source__next(s, &b, &info, err);

	if (code == FMT_SOURCE_WAIT) {
		s->ops->wait(s, LOOK_MS);
		return 0;
	}
	if (info.new_section || info.segment)
		eng_state__reset(e->st);
	if (rpl_is_damage(code)) {
		rpl_eval__damage(e, err);
		return 0;
	}
	if (!code && !e->run->has_window && !info.keyframe && b->n)
		code = rpl_run__set_window(e->run, b->ts[0], err);
	if (code)
		return code;
	if (!eng_state__first_ts(e->st))	/* some sources know it once they have read */
		eng_state__describe(e->st, s->meta.hostname, s->meta.start_ns);
	show_progress(e, info.offset);
	return feed(e, b, &info) ? 2 : 0;
}

/* What has been given up since the part before. */
static void count_gave_up(struct rpl_eval *e)
{
	const struct rpl_run *r = e->run;

	for (unsigned i = 0; i <= r->n_rules; i++) {
		uint64_t n = i < r->n_rules ? eng_detector__gave_up(e->det, &r->rules[i]) :
			     e->filter_run ? eng_run__gave_up(e->filter_run, 0) : 0;

		e->part->stats.gave_up[i] = n - e->gave_up[i];
		e->gave_up[i] = n;
	}
}

void rpl_eval__read(struct rpl_eval *e, struct fmt_source *s)
{
	struct rpl_part *p = e->part;

	p->code = 0;
	p->err = (struct err){ 0 };
	eng_state__name_origins(e->st, s);
	while (!p->code)
		p->code = read_batch(e, s, &p->err);
	count_gave_up(e);
	p->stats.lost = s->lost;
	p->stats.skipped_unknown = s->skipped_unknown;
}
