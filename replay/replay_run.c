// SPDX-License-Identifier: Apache-2.0
/*
 * A run over traces: source -> detector -> lines, JSON or alerts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/base/log.h"
#include "replay/replay.h"

#define STOP 1			/* what callbacks return to end the run */
#define FLUSH_AT (256u << 10)

struct rpl_run {
	const struct rpl_opts *o;
	struct eng_ruleset *rs;		/* NULL without -r */
	const struct eng_rule *rules;
	struct eng_state *st;
	struct eng_detector *det;
	/* -f: a program of one condition; run is NULL without */
	struct eng_prog *filter;
	struct eng_run *filter_run;
	struct eng_output *format;	/* -p */
	struct arena mem, scratch;	/* mem: for the run; scratch: for one event */
	struct buf text;		/* for one event, before it is made safe */
	struct rpl_out out;
	struct rpl_stats stats;
	struct fmt_want want;
	struct eng_alert_opts alert;
	/* --explain */
	const struct eng_rule *explain_rule;
	uint64_t explain_num;
	bool explained;
	/* the trace at hand */
	uint64_t from, to;		/* ns since the epoch */
	bool has_window;		/* those are set */
	/* so far */
	uint64_t printed;
	bool damaged, failed_on;
};

int rpl_out__flush(struct rpl_out *o)
{
	size_t done = 0;

	while (!o->error && done < o->buf.len) {
		ssize_t n = write(STDOUT_FILENO, o->buf.p + done, o->buf.len - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			o->error = errno;
	}
	o->buf.len = 0;
	return -o->error;
}

static bool in_window(const struct rpl_run *r, const struct eng_ctx *ctx)
{
	uint64_t ts = fmt_ev__ts(ctx->ev);

	return ts >= r->from && ts <= r->to;
}

static bool passes(struct rpl_run *r, const struct eng_ctx *ctx)
{
	uint32_t hit;

	return !r->filter_run || eng_run__match(r->filter_run, ctx, true, &hit, 1);
}

/* One line has been printed: is it time to write, to stop? */
static int printed(struct rpl_run *r)
{
	r->printed++;
	if (r->out.buf.len >= FLUSH_AT)
		rpl_out__flush(&r->out);
	return r->printed >= r->o->count || r->out.error ? STOP : 0;
}

static void put_format(struct rpl_run *r, const struct eng_ctx *ctx)
{
	r->text.len = 0;
	arena__reset(&r->scratch);
	eng_output__text(r->format, ctx, &r->scratch, &r->text);
	text__safe(&r->out.buf, (const char *)r->text.p, r->text.len);
	buf__add(&r->out.buf, "\n", 1);
}

static void put_event(struct rpl_run *r, const struct eng_ctx *ctx)
{
	if (r->format) {
		put_format(r, ctx);
	} else if (r->o->json) {
		rpl_json(ctx, &r->out.buf);
		buf__add(&r->out.buf, "\n", 1);
	} else {
		rpl_line(ctx, r->o->payload, r->out.color, &r->out.buf);
	}
}

static int on_event(void *arg, const struct eng_ctx *ctx)
{
	struct rpl_run *r = arg;

	if (ctx->ev->info->flags & EF_INTERNAL && !r->o->internal)
		return 0;
	if (!in_window(r, ctx) || !passes(r, ctx))
		return 0;
	r->stats.matched++;
	put_event(r, ctx);
	return printed(r);
}

static int on_event_to_explain(void *arg, const struct eng_ctx *ctx)
{
	struct rpl_run *r = arg;

	if (fmt_ev__num(ctx->ev) != r->explain_num)
		return 0;
	rpl_line(ctx, r->o->payload, r->out.color, &r->out.buf);
	eng_prog__explain(eng_ruleset__prog(r->rs), r->explain_rule->cond, ctx, &r->out.buf);
	r->explained = true;
	return STOP;
}

static const char *priority_color(enum eng_priority p)
{
	return p <= PRIO_ERROR ? "\033[1;31m" : p == PRIO_WARNING ? "\033[33m" : "";
}

static int on_alert(void *arg, const struct eng_rule *rule, const struct eng_ctx *ctx)
{
	struct rpl_run *r = arg;
	struct buf *out = &r->out.buf;

	if (!in_window(r, ctx) || !passes(r, ctx))
		return 0;
	r->stats.matched++;
	r->stats.per_rule[rule - r->rules]++;
	if (r->o->has_fail_on && rule->priority <= r->o->fail_on)
		r->failed_on = true;
	if (r->format) {
		put_format(r, ctx);
		return printed(r);
	}
	arena__reset(&r->scratch);
	if (r->o->json) {
		eng_alert__json(rule, ctx, &r->alert, &r->scratch, out);
	} else {
		if (r->out.color)
			buf__puts(out, priority_color(rule->priority));
		eng_alert__text(rule, ctx, &r->alert, &r->scratch, out);
		if (r->out.color)
			buf__puts(out, "\033[0m");
	}
	buf__add(out, "\n", 1);
	return printed(r);
}

/* --- making a run ------------------------------------------------------------------------------------- */

static int compile_filter(struct rpl_run *r, struct err *err)
{
	struct eng_ast *ast;
	int code = eng_prog__new(&r->filter);

	if (!code)
		code = rpl_condition(r->o->filter, r->filter, &r->mem, &ast, NULL, err);
	if (!code)
		code = eng_prog__seal(r->filter, err);
	if (!code)
		code = eng_run__new(&r->filter_run, r->filter);
	if (code)
		err__file(err, "-f");
	return code;
}

static int compile_format(struct rpl_run *r, struct err *err)
{
	int code = eng_output__compile(r->o->format, &r->mem, &r->format, err);

	if (code)
		err__file(err, "-p");
	return code;
}

static int parse_explain(struct rpl_run *r, struct err *err)
{
	const char *at = strrchr(r->o->explain, '@');
	unsigned n_rules;
	size_t len;

	if (!at || text__parse_u64(at + 1, UINT64_MAX, &r->explain_num, NULL))
		return err__set(err, -FMT_E_VALUE, "--explain %s: write RULE@NUMBER, the number as %%evt.num prints it",
				r->o->explain);
	len = (size_t)(at - r->o->explain);
	eng_ruleset__rules(r->rs, &n_rules);
	for (unsigned i = 0; i < n_rules; i++)
		if (strlen(r->rules[i].name) == len && !memcmp(r->rules[i].name, r->o->explain, len))
			r->explain_rule = &r->rules[i];
	if (!r->explain_rule)
		return err__set(err, -FMT_E_UNKNOWN, "--explain: no rule is called '%.*s' (--list rules -r FILE lists them)",
				(int)len, r->o->explain);
	if (r->explain_rule->cond < 0)
		return err__set(err, -FMT_E_VALUE, "--explain: '%s' is not compiled: disabled, or for another source",
				r->explain_rule->name);
	return 0;
}

/* What the sources have to decode. Printing whole events needs everything; rules say what they need. */
static void make_want(struct rpl_run *r)
{
	const struct rpl_opts *o = r->o;

	r->want.no_keyframes = !o->keyframes;
	if (o->mode == MODE_EXPLAIN || (!r->rs && !r->filter))
		return;
	if (r->rs && (r->format || r->filter))
		return;			/* those may read any parameter of an event that matches */
	r->want.by_type = true;
	eng_state__want(&r->want);
	if (r->rs) {
		eng_prog__want(eng_ruleset__prog(r->rs), &r->want);
	} else {
		eng_prog__want(r->filter, &r->want);
		r->want.params = NULL;	/* what matches is printed whole */
		r->want.no_payload = false;
	}
}

int rpl_run__new(struct rpl_run **ret, const struct rpl_opts *o, struct err *err)
{
	struct rpl_run *r = xcalloc(1, sizeof(*r));
	struct eng_detector_opts d = { .sz = sizeof(d), .all_matches = o->all_matches, .arg = r };
	unsigned n_rules = 0;
	int code = 0;

	r->o = o;
	r->out.color = cli__color(STDOUT_FILENO);
	r->stats.started = rpl_now();
	if (o->rules.n)
		code = rpl_rules__load(&r->rs, o, err);
	if (!code && r->rs)
		r->rules = eng_ruleset__rules(r->rs, &n_rules);
	if (!code && o->mode == MODE_EXPLAIN)
		code = parse_explain(r, err);
	if (!code && o->filter)
		code = compile_filter(r, err);
	if (!code && o->format)
		code = compile_format(r, err);
	if (code)
		goto out;
	r->stats.per_rule = xcalloc(n_rules + 1, sizeof(*r->stats.per_rule));
	if (o->mode == MODE_EXPLAIN)
		d.on_event = on_event_to_explain;
	else if (r->rs)
		d.on_alert = on_alert;
	else
		d.on_event = on_event;
	make_want(r);
	code = eng_state__new(&r->st);
	if (!code)
		code = eng_detector__new(&r->det, o->mode == MODE_EXPLAIN ? NULL : r->rs, r->st, &d);
out:
	if (code) {
		rpl_run__free(r);
		return code;
	}
	*ret = r;
	return 0;
}

void rpl_run__free(struct rpl_run *r)
{
	if (!r)
		return;
	eng_detector__free(r->det);
	eng_state__free(r->st);
	eng_run__free(r->filter_run);
	eng_prog__free(r->filter);
	eng_ruleset__free(r->rs);
	free(r->stats.per_rule);
	arena__done(&r->mem);
	arena__done(&r->scratch);
	buf__done(&r->text);
	buf__done(&r->out.buf);
	free(r);
}

/* --- one trace ------------------------------------------------------------------------------------------- */

/* Count a batch for --stats: by columns where all of it is in the window. */
static void count_batch(struct rpl_run *r, const struct fmt_batch *b)
{
	struct rpl_stats *s = &r->stats;
	uint64_t first = 0, last = 0;
	bool whole = true;

	for (uint32_t i = 0; i < b->n && whole; i++)
		whole = b->ts[i] >= r->from && b->ts[i] <= r->to;
	if (whole && b->n) {
		for (uint32_t i = 0; i < b->n_types; i++)
			s->per_type[b->types[i]] += b->by_type[b->types[i]]->n;
		s->events += b->n;
		first = b->ts[0];
		last = b->ts[b->n - 1];
	}
	for (uint32_t i = 0; i < b->n && !whole; i++) {
		if (b->ts[i] < r->from || b->ts[i] > r->to)
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
static int show_keyframe(struct rpl_run *r, const struct fmt_batch *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		struct fmt_ev ev = fmt_batch__ev(b, i);
		struct eng_ctx ctx;

		eng_state__enter(r->st, &ev, &ctx);	/* once more: it changes nothing, and gives the surroundings */
		put_event(r, &ctx);
		eng_state__leave(r->st, &ctx);
		if (printed(r))
			return STOP;
	}
	return 0;
}

static int feed(struct rpl_run *r, const struct fmt_batch *b, const struct fmt_batch_info *info)
{
	int stop;

	if (info->new_section)
		eng_state__reset(r->st);
	if (r->filter_run)
		eng_run__batch(r->filter_run, b);
	if (!info->keyframe && r->o->stats)
		count_batch(r, b);
	stop = eng_detector__feed(r->det, b, info->keyframe, 0, b->n);
	if (!stop && info->keyframe && r->o->keyframes && r->o->mode == MODE_RUN && !r->rs)
		stop = show_keyframe(r, b);
	if (!stop && !info->keyframe && b->n && b->ts[0] > r->to)
		stop = STOP;
	rpl_out__flush(&r->out);
	return stop || r->out.error ? STOP : 0;
}

/* Errors behind which a source goes on: what is there besides is read. */
static bool is_damage(int code)
{
	return code == -FMT_E_CORRUPT || code == -FMT_E_TRUNCATED || code == -FMT_E_VERSION;
}

static void note_damage(struct rpl_run *r, const char *path, struct err *err)
{
	cli__progress(path, -1);
	rpl_out__flush(&r->out);
	err__file(err, path);
	err__print(log__tool_name(), err);
	memset(err, 0, sizeof(*err));
	r->damaged = true;
}

/* base: when the trace began, ns since the epoch. */
static int set_window(struct rpl_run *r, uint64_t base, struct err *err)
{
	int code = 0;

	r->has_window = true;
	if (r->o->from)
		code = text__parse_time(r->o->from, base, &r->from, err);
	if (!code && r->o->to)
		code = text__parse_time(r->o->to, base, &r->to, err);
	if (!code && r->to < r->from)
		code = err__set(err, -FMT_E_VALUE, "--to is before --from");
	return code;
}

/* Before the first batch: --from and --to, and to the place where to begin. Damage is noted. */
static int go_to_window(struct rpl_run *r, struct fmt_source *s, const char *path, struct err *err)
{
	int code = 0;

	r->from = 0;
	r->to = UINT64_MAX;
	r->has_window = !r->o->from && !r->o->to;
	if (!r->has_window && s->meta.start_ns)		/* else the first event says when it began */
		code = set_window(r, s->meta.start_ns, err);
	if (code || !r->o->from || !r->has_window || !s->ops->seek)
		return code;
	code = s->ops->seek(s, r->from, err);
	if (is_damage(code))
		note_damage(r, path, err);
	else if (code != -FMT_E_UNSUPPORTED)
		return code;
	memset(err, 0, sizeof(*err));			/* a pipe: it is read from its beginning */
	return 0;
}

/* How far we are, on the terminal, unless the output goes there too. */
static void show_progress(const char *path, uint64_t offset, uint64_t size)
{
	if (size && !isatty(STDOUT_FILENO))
		cli__progress(path, (double)offset / (double)size);
}

static int read_batches(struct rpl_run *r, struct fmt_source *s, const char *path, struct err *err)
{
	const struct fmt_batch *b;
	struct fmt_batch_info info;
	struct stat sb;
	uint64_t size = !stat(path, &sb) && S_ISREG(sb.st_mode) ? (uint64_t)sb.st_size : 0;
	int code = 0;

	while (!code) {
		memset(&info, 0, sizeof(info));
		code = fmt_source__next(s, &b, &info, err);
		if (!code && !r->has_window && !info.keyframe && b->n)
			code = set_window(r, b->ts[0], err);
		if (!code) {
			show_progress(path, info.offset, size);
			code = feed(r, b, &info) ? 2 : 0;
		} else if (is_damage(code)) {
			note_damage(r, path, err);
			code = 0;
		}
	}
	cli__progress(path, -1);
	return code;
}

int rpl_run__trace(struct rpl_run *r, const char *path, struct err *err)
{
	struct fmt_source *s;
	int code = fmt_source__open(&s, path, err);
	bool past_end;

	if (code) {
		err__file(err, path);
		return code;
	}
	r->alert.hostname = s->meta.hostname;
	eng_state__reset(r->st);
	fmt_source__want(s, &r->want);
	code = go_to_window(r, s, path, err);
	if (!code)
		code = read_batches(r, s, path, err);
	r->stats.lost += s->lost;
	r->stats.skipped_unknown += s->skipped_unknown;
	fmt_source__close(s);
	if (code < 0) {
		err__file(err, path);
		return code;
	}
	if (r->out.error && r->out.error != EPIPE)
		return err__set(err, r->out.error, "writing the output: %s", strerror(r->out.error));
	/* A window that ends in this trace does not end the run: others may follow. */
	past_end = r->printed >= r->o->count || r->out.error || r->explained;
	return past_end ? 1 : 0;
}

int rpl_run__finish(struct rpl_run *r, bool failed)
{
	rpl_out__flush(&r->out);
	if (failed)
		return EXIT_ASKED;
	if (r->o->stats)
		rpl_stats__print(&r->stats, r->rs, stderr);
	if (r->o->mode == MODE_EXPLAIN && !r->explained) {
		fprintf(stderr, "%s: --explain: the trace has no event number %llu\n", log__tool_name(),
			(unsigned long long)r->explain_num);
		return EXIT_ASKED;
	}
	if (r->out.error && r->out.error != EPIPE)
		return EXIT_ASKED;
	return r->failed_on ? EXIT_FAIL_ON : r->damaged ? EXIT_DAMAGED : EXIT_OK;
}
