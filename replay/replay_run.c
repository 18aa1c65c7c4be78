// SPDX-License-Identifier: Apache-2.0
/*
 * A run over traces: what is asked is compiled once, then one trace after another is read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/base/log.h"
#include "format/base/progress.h"
#include "replay/replay_eval.h"

/* --- making a run ------------------------------------------------------------------------------------- */

static int compile_filter(struct rpl_run *r, struct err *err)
{
	struct eng_ast *ast;
	int code = eng_prog__new(&r->filter);

	if (!code)
		eng_prog__see_rows(r->filter);
	if (!code)
		code = rpl_condition(r->o->filter, r->filter, &r->mem, &ast, NULL, err);
	if (!code)
		code = eng_prog__seal(r->filter, err);
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

/*
 * What the sources have to decode. Printing whole events needs everything; conditions and formats say what they need,
 * and are only about events of the conditions' types.
 */
static void make_want(struct rpl_run *r)
{
	struct fmt_want *w = &r->want;

	if (r->o->mode == MODE_EXPLAIN || (!r->rs && !r->filter))
		return;
	w->by_type = w->wanted_results = w->no_payload = w->no_cpu = true;
	eng_state__want_changes(w);
	if (r->rs)
		eng_ruleset__want(r->rs, w);
	if (r->filter)
		eng_prog__want(r->filter, w);
	for (unsigned i = 0; i < r->n_rules; i++)
		if (r->rules[i].cond >= 0)
			eng_output__want(r->rules[i].format, eng_prog__sees_payload(eng_ruleset__prog(r->rs), r->rules[i].cond), w);
	if (r->pb)
		playbook__want(r->pb, w);
	if (r->format)
		eng_output__want(r->format, true, w);
	else if (!r->rs)
		w->no_payload = w->no_cpu = false;	/* what matches is printed whole */
}

static int compile(struct rpl_run *r, struct err *err)
{
	const struct rpl_opts *o = r->o;
	int code = 0;

	if (o->rules.n)
		code = rpl_rules__load(&r->rs, o, err);
	if (!code && r->rs) {
		r->rules = eng_ruleset__rules(r->rs, &r->n_rules);
		r->tally = eng_tally__new(r->rs);
	}
	if (!code && o->mode == MODE_EXPLAIN)
		code = parse_explain(r, err);
	if (!code && o->filter)
		code = compile_filter(r, err);
	if (!code && o->format)
		code = compile_format(r, err);
	if (!code && o->playbooks)
		code = playbook__open(&r->pb, o->playbooks, false, err);
	return code;
}

int rpl_run__new(struct rpl_run **ret, const struct rpl_opts *o, struct err *err)
{
	struct rpl_run *r = xcalloc(1, sizeof(*r));
	uint64_t started = rpl_now();
	int code;

	r->o = o;
	r->out_color = cli__color(STDOUT_FILENO);
	r->evals = xcalloc(o->threads, sizeof(struct rpl_eval *));
	code = compile(r, err);
	if (!code)
		code = rpl_eval__new(&r->evals[0], r);
	if (code) {
		rpl_run__free(r);
		return code;
	}
	r->n_evals = 1;
	rpl_stats__reset(&r->stats, r->n_rules);
	r->stats.started = started;
	make_want(r);
	*ret = r;
	return 0;
}

void rpl_run__free(struct rpl_run *r)
{
	if (!r)
		return;
	for (unsigned i = 0; i < r->n_evals; i++)
		rpl_eval__free(r->evals[i]);
	free(r->evals);
	rpl_part__done(&r->whole);
	eng_prog__free(r->filter);
	eng_tally__free(r->tally);
	playbook__unref(r->pb);
	eng_ruleset__free(r->rs);
	free(r->stats.per_rule);
	arena__done(&r->mem);
	free(r);
}

/* --- one trace ------------------------------------------------------------------------------------------- */

int rpl_run__set_window(struct rpl_run *r, uint64_t base, struct err *err)
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
static int go_to_window(struct rpl_run *r, struct fmt_source *s, struct err *err)
{
	int code = 0;

	r->from = 0;
	r->to = UINT64_MAX;
	r->has_window = !r->o->from && !r->o->to;
	if (!r->has_window && s->meta.start_ns)		/* else the first event says when it began */
		code = rpl_run__set_window(r, s->meta.start_ns, err);
	r->want.until = r->to == UINT64_MAX ? 0 : r->to;
	fmt_source__want(s, &r->want);
	if (code || !r->o->from || !r->has_window || !s->ops->seek)
		return code;
	code = s->ops->seek(s, r->from, err);
	if (rpl_is_damage(code))
		rpl_eval__damage(r->evals[0], err);
	else if (code != -FMT_E_UNSUPPORTED)
		return code;
	memset(err, 0, sizeof(*err));			/* a pipe: it is read from its beginning */
	return 0;
}

static int read_whole(struct rpl_run *r, struct fmt_source *s, struct err *err)
{
	struct rpl_part *p = &r->whole;

	rpl_eval__read(r->evals[0], s);
	rpl_part__end_turn(p, r);
	if (p->code < 0)
		*err = p->err;
	return p->code < 0 ? p->code : 0;
}

/* With several threads where that can be, and where nobody waits for one event only. */
static int read_trace(struct rpl_run *r, struct fmt_source *s, struct err *err)
{
	int code = 1;

	if (r->o->threads > 1 && r->has_window && r->o->mode == MODE_RUN && s->ops->clone) {
		rpl_part__end_turn(&r->whole, r);	/* damage that was met on the way to the window */
		code = rpl_parallel(r, s, err);
	}
	if (code == 1 && r->o->threads > 1)
		log_info("%s: has no segments that could be shared between threads", r->path);
	return code == 1 ? read_whole(r, s, err) : code;
}

static void describe_trace(struct rpl_run *r, const struct fmt_source *s, const char *path)
{
	struct stat sb;

	r->alert.hostname = s->meta.hostname;
	r->path = path;
	r->size = !stat(path, &sb) && S_ISREG(sb.st_mode) ? (uint64_t)sb.st_size : 0;
}

int rpl_run__trace(struct rpl_run *r, const char *path, struct err *err)
{
	struct fmt_source *s;
	int code = fmt_source__open(&s, path, err);

	if (code) {
		err__file(err, path);
		return code;
	}
	describe_trace(r, s, path);
	eng_tally__reset(r->tally);
	eng_state__reset(r->evals[0]->st);
	eng_state__describe(r->evals[0]->st, s->meta.hostname, s->meta.start_ns);
	rpl_part__reset(&r->whole, r);
	rpl_part__begin_turn(&r->whole, r);
	r->evals[0]->part = &r->whole;
	code = r->o->follow ? rpl_eval__follow(s, err) : 0;
	if (!code)
		code = go_to_window(r, s, err);
	if (!code)
		code = read_trace(r, s, err);
	r->forgotten += eng_tally__forgotten(r->tally);
	progress__end();
	fmt_source__close(s);
	if (code < 0) {
		err__file(err, path);
		return code;
	}
	if (r->error && r->error != EPIPE)
		return err__set(err, r->error, "writing the output: %s", strerror(r->error));
	/* A window that ends in this trace does not end the run: others may follow. */
	return r->printed >= r->o->count || r->error || r->explained ? 1 : 0;
}

static void print_profile(const struct rpl_run *r)
{
	struct eng_profile costs = { 0 };

	for (unsigned i = 0; i < r->n_evals; i++)
		eng_detector__costs(r->evals[i]->det, &costs);
	rpl_profile__print(&costs, r->rs, r->o->json, stderr);
	eng_profile__done(&costs);
}

int rpl_run__finish(struct rpl_run *r, bool failed)
{
	if (failed)
		return EXIT_ASKED;
	rpl_stats__print_gave_up(&r->stats, r->rs, stderr);
	if (r->forgotten)
		fprintf(stderr, "%s: %llu counts for spoor_threshold were forgotten: there were more than %u at once\n", log__tool_name(),
			(unsigned long long)r->forgotten, ENG_TALLY_KEYS);
	if (r->pb)
		rpl_playbooks__print(r, stderr);
	if (r->o->stats)
		rpl_stats__print(&r->stats, r->rs, stderr);
	if (r->o->profile)
		print_profile(r);
	if (r->o->mode == MODE_EXPLAIN && !r->explained) {
		fprintf(stderr, "%s: --explain: the trace has no event number %llu\n", log__tool_name(),
			(unsigned long long)r->explain_num);
		return EXIT_ASKED;
	}
	if (r->error && r->error != EPIPE)
		return EXIT_ASKED;
	return r->failed_on ? EXIT_FAIL_ON : r->damaged ? EXIT_DAMAGED : EXIT_OK;
}
