// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "format/base/text.h"
#include "inspect/ui/ui.h"

#define HALF_DAY (12 * 3600 * 1000000000ull)

static int load_rules(struct ins_ui *ui, const struct ins_ui_opts *o, struct err *err)
{
	int r = 0;

	if (!o->n_rules)
		return 0;
	r = eng_ruleset__new(&ui->rules);
	for (unsigned i = 0; !r && i < o->n_rules; i++)
		r = eng_ruleset__load(ui->rules, o->rules[i], err);
	if (r >= 0)
		r = eng_ruleset__compile(ui->rules, err);
	return r;
}

static struct ins_frame *new_frame(struct ins_scope scope, enum ins_view_id view)
{
	struct ins_frame *f = xcalloc(1, sizeof(*f));

	f->scope = scope;
	f->view = view;
	return f;
}

static void free_frame(struct ins_frame *f)
{
	for (unsigned i = 0; i < VIEW__N; i++)
		if (f->states[i])
			ins_views[i]->close(f->states[i]);
	free(f->filter);
	free(f->before);
	free(f);
}

void *ins_ui__state(struct ins_ui *ui, struct ins_frame *f)
{
	if (!f->states[f->view])
		f->states[f->view] = ins_views[f->view]->open(ui, f);
	return f->states[f->view];
}

/* A time that was asked for on the command line. */
static int begin_at(struct ins_ui *ui, const char *at, struct err *err)
{
	struct ins_subject to = INS_NO_SUBJECT;
	int r;

	if (!at)
		return 0;
	r = text__parse_time(at, ui->trace->t_first, &to.ts, err);
	if (r < 0)
		return r;
	ui->frames[0]->view = VIEW_EVENTS;
	ui->at = to.ts;
	ins_views[VIEW_EVENTS]->go(ui, ui->frames[0], ins_ui__state(ui, ui->frames[0]), &to);
	return 0;
}

int ins_ui__new(struct ins_ui **ret, struct ins_trace *t, const struct ins_ui_opts *o,
		struct err *err)
{
	struct ins_ui *ui = xcalloc(1, sizeof(*ui));
	int r;

	ui->trace = t;
	ui->out = o->out;
	ui->prompt.recall = -1;
	ui->prompt.values = ins_ui__values;
	ui->prompt.values_arg = ui;
	ins_columns__open(&ui->columns, o->config);
	ui->columns.machines = t->n_machines > 1;
	ins_notes__open(&ui->notes, t->path);
	if (ui->notes.trouble[0])
		ins_ui__message(ui, ST_WARN, "%s", ui->notes.trouble);
	ui->frames[0] = new_frame((struct ins_scope){ OF_ALL, 0 }, VIEW_OVERVIEW);
	ui->n_frames = 1;
	/* some of the summaries: enough for a first screen of nearly any file */
	ins_trace__step(t, 60000000u);
	ui->at = t->t_first;
	r = load_rules(ui, o, err);
	if (r < 0)
		goto out;
	r = ins_model__new(&ui->base, t, false);
	if (!r)
		r = ins_pass__new(&ui->base_pass, t, ui->base, &ui->no_lens, ui->rules);
	if (!r && o->filter)
		r = ins_ui__set_filter(ui, o->filter, err);
	if (r >= 0)
		r = begin_at(ui, o->at, err);
	if (r < 0)
		goto out;
	*ret = ui;
	return 0;
out:
	ui->trace = NULL;	/* remains the caller's */
	ins_ui__free(ui);
	return r;
}

void ins_ui__free(struct ins_ui *ui)
{
	if (!ui)
		return;
	while (ui->n_frames)
		free_frame(ui->frames[--ui->n_frames]);
	ins_export__free(ui->export);
	ins_timeline__done(&ui->timeline);
	ins_pass__free(ui->lens_pass);
	ins_pass__free(ui->base_pass);
	ins_model__free(ui->lensed);
	ins_model__free(ui->base);
	ins_cond__free(ui->cond);
	eng_ruleset__free(ui->rules);
	ins_trace__close(ui->trace);
	ins_notes__done(&ui->notes);
	ins_prompt__done(&ui->prompt);
	free(ui);
}

bool ins_ui__is_damaged(const struct ins_ui *ui)
{
	return ui->trace->damaged || !ui->trace->complete;
}

/* --- the path -------------------------------------------------------------------------------- */

static bool has_room(struct ins_ui *ui)
{
	if (ui->n_frames >= INS_MAX_FRAMES)
		ins_ui__message(ui, ST_WARN, "this path is long enough; Backspace goes back");
	return ui->n_frames < INS_MAX_FRAMES;
}

static void push(struct ins_ui *ui, struct ins_scope scope, enum ins_view_id view, uint64_t num,
		 struct ins_only only)
{
	struct ins_frame *top = ins_ui__top(ui), *f;
	struct ins_subject to = INS_NO_SUBJECT;

	if (!has_room(ui))
		return;
	if (view == VIEW_OVERVIEW && scope.kind != OF_ALL)
		view = VIEW_OBJECT;
	if (ins_scope__equal(top->scope, scope) && view == top->view && num == top->num &&
	    ins_only__equal(top->only, only))
		return;		/* here already */
	f = new_frame(scope, view);
	f->only = only;
	f->num = num;
	ui->frames[ui->n_frames++] = f;
	to.num = num;
	if (num && view != VIEW_EVENT && ins_views[view]->go)
		ins_views[view]->go(ui, f, ins_ui__state(ui, f), &to);
}

void ins_ui__push(struct ins_ui *ui, struct ins_scope scope, enum ins_view_id view, uint64_t num)
{
	struct ins_only only = { 0 };

	/* one of the events of a kind: those beside it are of that kind too */
	if (view == VIEW_EVENT && ins_ui__top(ui)->view == VIEW_EVENTS)
		only = ins_ui__top(ui)->only;
	push(ui, scope, view, num, only);
}

void ins_ui__push_only(struct ins_ui *ui, struct ins_scope scope, enum ins_view_id view, uint64_t num,
		       struct ins_only only)
{
	push(ui, scope, view, num, only);
}

int ins_ui__push_under(struct ins_ui *ui, struct ins_scope scope, enum ins_view_id view, uint64_t num,
		       struct ins_only only, const char *filter, struct err *err)
{
	unsigned n = ui->n_frames;
	char *before;
	int r;

	if (!has_room(ui))
		return 0;
	before = xstrdup(ui->cond ? ui->cond->text : "");
	r = ins_ui__set_filter(ui, filter, err);
	if (r >= 0)
		push(ui, scope, view, num, only);
	if (r >= 0 && ui->n_frames > n) {
		ins_ui__top(ui)->filter = xstrdup(filter);
		ins_ui__top(ui)->before = before;
	} else {
		free(before);
	}
	return r;
}

void ins_ui__pop(struct ins_ui *ui)
{
	struct ins_frame *f = ui->frames[--ui->n_frames];
	char *before = NULL;

	/* one that was typed since then stays */
	if (f->filter && ui->cond && !strcmp(ui->cond->text, f->filter)) {
		before = f->before;
		f->before = NULL;
	}
	free_frame(f);		/* first: its views run the filter that goes */
	if (before)
		ins_ui__set_filter(ui, before, NULL);
	free(before);
}

void ins_ui__message(struct ins_ui *ui, int style, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ui->message, sizeof(ui->message), fmt, ap);
	va_end(ap);
	ui->message_style = style;
}

/* --- lens ------------------------------------------------------------------------------------ */

void ins_ui__renew_views(struct ins_ui *ui)
{
	for (unsigned i = 0; i < ui->n_frames; i++)
		for (unsigned v = 0; v < VIEW__N; v++)
			if (ui->frames[i]->states[v] && ins_views[v]->renew)
				ins_views[v]->renew(ui, ui->frames[i], ui->frames[i]->states[v]);
}

void ins_ui__relens(struct ins_ui *ui)
{
	struct ins_pass *pass = NULL;
	struct ins_model *model = NULL;

	if (ins_lens__is_set(&ui->lens) &&
	    (ins_model__new(&model, ui->trace, true) < 0 ||
	     ins_pass__new(&pass, ui->trace, model, &ui->lens, ui->rules) < 0)) {
		ins_model__free(model);
		ins_ui__message(ui, ST_BAD, "this filter cannot be run");
		ui->lens = ui->no_lens;
		model = NULL;
	}
	ins_pass__free(ui->lens_pass);
	ins_model__free(ui->lensed);
	ui->lens_pass = pass;
	ui->lensed = model;
	ins_timeline__renew(ui);
	ins_ui__renew_views(ui);
}

int ins_ui__set_filter(struct ins_ui *ui, const char *text, struct err *err)
{
	struct ins_cond *cond = NULL, *old = ui->cond;
	int r = 0;

	if (text && text[strspn(text, " ")])
		r = ins_cond__new(&cond, text, err);
	if (r < 0)
		return r;
	ui->lens.cond = ui->cond = cond;
	ins_ui__relens(ui);
	ins_cond__free(old);	/* nothing runs it any more */
	return 0;
}

void ins_ui__set_range(struct ins_ui *ui, uint64_t from, uint64_t to)
{
	ui->lens.from = to ? from : 0;
	ui->lens.to = to;
	ins_ui__relens(ui);
}

/* --- work ------------------------------------------------------------------------------------ */

/* Get on with what is being written. */
static void work_export(struct ins_ui *ui, uint64_t ns)
{
	struct buf said = { 0 };
	struct err err = { 0 };
	int r = ins_export__step(ui->export, ns, &err);

	if (r == 1)
		return;
	if (r == 0) {
		ins_export__say(ui->export, &said);
		ins_ui__message(ui, ST_GOOD, "%.*s", (int)said.len, (char *)said.p);
	} else {
		ins_ui__message(ui, ST_BAD, "%s: %s", ins_export__path(ui->export), err.msg[0] ? err.msg : err__text(r));
	}
	ins_export__free(ui->export);
	ui->export = NULL;
	buf__done(&said);
}

bool ins_ui__work(struct ins_ui *ui, uint64_t ns)
{
	struct ins_frame *f = ins_ui__top(ui);
	const struct ins_view *v = ins_views[f->view];
	bool more = false;

	if (ui->trace->n_read < ui->trace->n_chunks)
		more |= ins_trace__step(ui->trace, ns / 4);
	if (ui->export) {
		work_export(ui, ns / 2);
		more = true;
	}
	/* what is on the screen first */
	if (v->work)
		more |= v->work(ui, f, ins_ui__state(ui, f), ns / 2);
	more |= ins_timeline__work(ui, ns / 2);
	if (ui->lens_pass && !ui->lensed->done)
		more |= ins_pass__step(ui->lens_pass, ns / 2);
	else if (!ui->base->done)
		more |= ins_pass__step(ui->base_pass, ns / 2);
	if (ui->lensed && ui->lensed->done && ui->base->done && !ui->lensed->has_ends)
		ins_model__take_ends(ui->lensed, ui->base);
	return more;
}

/* --- texts ----------------------------------------------------------------------------------- */

/* Of another day the date says more than the time. */
static void put_date(uint64_t ts, int digits, struct buf *out)
{
	time_t s = (time_t)(ts / 1000000000u);
	struct tm tm;
	char text[32];

	if (localtime_r(&s, &tm) && strftime(text, sizeof(text),
					     digits < 12 ? "%b %d" : "%b %d %H:%M", &tm))
		buf__puts(out, text);
}

void ins_ui__time(const struct ins_ui *ui, uint64_t ts, int digits, struct buf *out)
{
	char clock[40];
	size_t n = (size_t)(digits < 8 ? 8 : digits);

	if (!ts)
		return;
	if (ts + HALF_DAY < ui->trace->t_first || ts > ui->trace->t_last + HALF_DAY) {
		put_date(ts, digits, out);
		return;
	}
	if (!ui->relative) {
		text__clock(ts, clock);
		buf__add(out, clock, strlen(clock) < n ? strlen(clock) : n);
		return;
	}
	if (ts >= ui->trace->t_first)
		snprintf(clock, sizeof(clock), "+%.*f", digits < 15 ? 3 : 6,
			 (double)(ts - ui->trace->t_first) / 1e9);
	else
		snprintf(clock, sizeof(clock), "-%.*f", digits < 15 ? 3 : 6,
			 (double)(ui->trace->t_first - ts) / 1e9);
	buf__add(out, clock, strlen(clock) < n ? strlen(clock) : n);
	if (out->len && out->p[out->len - 1] == '.')
		out->len--;
}

int ins_ui__matches(const struct ins_ui *ui, const char *text, size_t n)
{
	size_t len = strlen(ui->search);
	bool any_case = true;

	if (!len || len > n)
		return -1;
	for (size_t i = 0; i < len; i++)
		any_case &= !isupper((unsigned char)ui->search[i]);
	for (size_t i = 0; i + len <= n; i++)
		if (any_case ? !strncasecmp(text + i, ui->search, len) :
		    !memcmp(text + i, ui->search, len))
			return (int)i;
	return -1;
}
