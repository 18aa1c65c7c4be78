// SPDX-License-Identifier: Apache-2.0
/* Prompts are opened, and what their answers do. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "format/base/text.h"
#include "inspect/ui/report/report.h"
#include "inspect/ui/ui_internal.h"

/* "FROM", "FROM TO", "FROM +DURATION"; the first of a file is the base of "+". */
static int parse_range(struct ins_ui *ui, const char *text, struct err *err)
{
	const struct ins_trace *t = ui->trace;
	char words[2][64] = { "", "" };
	uint64_t from, to = t->t_last;
	int n = sscanf(text, "%63s %63s", words[0], words[1]), r;

	if (n < 1) {
		ins_ui__set_range(ui, 0, 0);
		return 0;
	}
	r = text__parse_time(words[0], t->t_first, &from, err);
	if (r >= 0 && n > 1)
		r = text__parse_time(words[1], words[0][0] != '+' &&
				     words[1][0] == '+' ? from : t->t_first,
				     &to, err);
	if (r < 0)
		return r;
	if (to < from)
		return err__set(err, -FMT_E_VALUE, "the range ends before it begins");
	ins_ui__set_range(ui, from, to ? to : 1);
	return 0;
}

static int parse_goto(struct ins_ui *ui, const char *text, struct err *err)
{
	uint64_t v;
	int r;

	if (text[0] == '#') {
		r = text__parse_u64(text + 1, UINT64_MAX, &v, err);
		if (r >= 0)
			ins_ui__go(ui, 0, v ? v : 1);
		return r;
	}
	r = text__parse_time(text, ui->trace->t_first, &v, err);
	if (r >= 0)
		ins_ui__go(ui, v ? v : 1, 0);
	return r;
}

/* --- notes ----------------------------------------------------------------------------------- */

/* What the cursor is on, in words. */
static void put_about(const struct ins_ui *ui, const struct ins_subject *s, struct buf *out)
{
	const struct ins_model *m = ui->base;

	if (s->file != INS_NONE)
		ins_scope__name(m, (struct ins_scope){ OF_FILE, s->file }, out);
	else if (s->conn != INS_NONE)
		ins_scope__name(m, (struct ins_scope){ OF_CONN, s->conn }, out);
	if (s->proc != INS_NONE) {
		buf__puts(out, out->len ? " of " : "");
		ins_scope__name(m, (struct ins_scope){ OF_PROC, s->proc }, out);
	}
	if (s->container != INS_NONE) {
		buf__puts(out, out->len ? " in " : "");
		ins_scope__name(m, (struct ins_scope){ OF_CONTAINER, s->container }, out);
	}
	buf__u8(out, 0);
}

static int take_note(struct ins_ui *ui, const char *text, struct err *err)
{
	struct buf about = { 0 };
	struct ins_subject s;
	int r;

	if (ui->edited != INS_NONE) {
		r = ins_notes__set(&ui->notes, ui->edited, text, err);
	} else {
		ui__subject(ui, &s);
		put_about(ui, &s, &about);
		r = ins_notes__add(&ui->notes, s.ts ? s.ts : ui->at, s.num, (char *)about.p, text, err);
	}
	ins_ui__renew_views(ui);
	buf__done(&about);
	ins_ui__message(ui, r < 0 ? ST_WARN : ST_GOOD, "%s", r < 0 ? err->msg : "noted; I lists all notes");
	return 0;		/* the note is there, whatever became of the file */
}

/* --- writing --------------------------------------------------------------------------------- */

/* The name as it was typed, in the folder for it. */
static const char *out_path(const struct ins_ui *ui, char *buf, size_t size)
{
	if (!ui->out || ui->prompt.text[0] == '/')
		return ui->prompt.text;
	return (size_t)snprintf(buf, size, "%s/%s", ui->out, ui->prompt.text) < size ? buf : ui->prompt.text;
}

/* By the name that was given: a report, or the selection as a recording. */
static int write_selection(struct ins_ui *ui, const char *path, struct err *err)
{
	const struct ins_frame *f = ins_ui__top(ui);
	const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');

	if (ui->export)
		return err__set(err, -FMT_E_VALUE, "%s is still being written; Esc there gives it up",
				ins_export__path(ui->export));
	if (!dot || !strcmp(dot, ".md"))
		return ins_report__save(ui, path, err);
	if (!ins_export__has_format(path))
		return err__set(err, -FMT_E_VALUE, "a report is .md; a recording .spoor, .jsonl, .scap or .scap.gz");
	if (!access(path, F_OK))
		return err__set(err, -EEXIST, "%s exists: give another name", path);
	return ins_export__new(&ui->export, ui->trace, ui->base, ins_ui__lens(ui), f->scope, f->only, path, err);
}

/* --- prompts --------------------------------------------------------------------------------- */

void ins_ui__answer(struct ins_ui *ui)
{
	struct ins_frame *f = ins_ui__top(ui);
	const struct ins_view *v = ins_views[f->view];
	struct ins_prompt *p = &ui->prompt;
	struct err err = { 0 };
	char buf[4096];
	int r = 0;

	switch (p->kind) {
	case ASK_FILTER:
		r = ins_ui__set_filter(ui, p->text, &err);
		break;
	case ASK_SEARCH:
		snprintf(ui->search, sizeof(ui->search), "%.255s", p->text);
		break;
	case ASK_RANGE:
		r = parse_range(ui, p->text, &err);
		break;
	case ASK_GOTO:
		if (p->len)
			r = parse_goto(ui, p->text, &err);
		break;
	case ASK_NOTE:
		r = take_note(ui, p->text, &err);
		break;
	case ASK_WRITE:
		if (p->len)
			r = write_selection(ui, out_path(ui, buf, sizeof(buf)), &err);
		break;
	case ASK_COLUMNS:
		r = ins_columns__choose(&ui->columns, f->view, p->text, &err);
		break;
	case ASK_SAVE:
		if (p->len && v->save)
			r = v->save(ui, f, ins_ui__state(ui, f), out_path(ui, buf, sizeof(buf)), &err);
		break;
	}
	if (r < 0) {
		p->err = err;
		if (!err.code)
			err__set(&p->err, r, "%s", err__text(r));
		return;
	}
	ins_prompt__close(p, true);
	if (p->kind == ASK_SEARCH && p->len)
		ui__find(ui, 1, false);
}

void ins_ui__ask(struct ins_ui *ui, enum ins_prompt_kind kind, const char *text)
{
	ins_prompt__open(&ui->prompt, kind, text);
}

void ui__ask_columns(struct ins_ui *ui)
{
	struct ins_prompt *p = &ui->prompt;
	struct buf list = { 0 };

	if (!ins_views[ins_ui__top(ui)->view]->table) {
		ins_ui__message(ui, ST_TEXT, "this view has no columns to choose from");
		return;
	}
	ins_columns__list(&ui->columns, ins_ui__top(ui)->view, &list);
	ins_ui__ask(ui, ASK_COLUMNS, (char *)list.p);
	list.len = 0;
	ins_columns__others(&ui->columns, ins_ui__top(ui)->view, &list);
	if (list.len)
		snprintf(p->hint, sizeof(p->hint), "not shown: %s", (char *)list.p);
	buf__done(&list);
}
