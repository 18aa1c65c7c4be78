// SPDX-License-Identifier: Apache-2.0
/* One event, with all its parameters and what was known of its process and file at that moment. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/field/field.h"
#include "engine/rules/rules.h"
#include "format/json/json_doc.h"
#include "inspect/model/events/evlist.h"
#include "inspect/model/events/evtext.h"
#include "inspect/view/common.h"

#define SLICE 20000000u		/* ns for one step towards the event */
#define MAX_DUMP 4096u		/* bytes of a payload that are shown */
#define MAX_ENTRY_LINES 2000u	/* of an entry of an audit log */

struct event {
	const struct ins_model *m;	/* that the list was made from */
	struct ins_evlist *list;
	struct ins_evpos at;		/* where the event is, if found */
	bool found;
	uint64_t num;
	struct ins_subject subject;
	int dir;			/* on the way to the next or previous one, 0: not */
	/* while building */
	struct ins_ui *ui;
	struct ins_page *page;
};

static struct event *data_of(struct ins_ui *ui, struct ins_frame *f, struct ins_page *p)
{
	const struct ins_model *m = ui->base;
	struct event *e = p->data;

	if (e && e->m == m)
		return e;
	if (e) {		/* another lens: the list's model is gone */
		ins_evlist__free(e->list);
		free(e);
	}
	p->data = e = xcalloc(1, sizeof(*e));
	e->m = m;
	e->num = f->num;
	e->subject = INS_NO_SUBJECT;
	/* all events, internal ones too: an alert may point at any */
	if (ins_evlist__new(&e->list, ui->trace, m, &ui->no_lens, f->scope,
			    f->scope.kind == OF_ALL) < 0)
		e->list = NULL;
	else
		ins_evlist__only(e->list, f->only);
	return e;
}

static void close_event(struct ins_page *p)
{
	struct event *e = p->data;

	if (e)
		ins_evlist__free(e->list);
	free(e);
}

/* --- parts ----------------------------------------------------------------------------------- */

static void put_str(struct ins_page *p, int style, const struct eng_str *s)
{
	if (s && s->len)
		ins_page__wrap(p, style, s->s, s->len);
}

static void put_result(struct ins_page *p, const struct eng_ctx *ctx)
{
	int64_t res = fmt_ev__res(ctx->ev);
	const char *name = res < 0 && res > -4096 ? fmt_errno_name((int)-res) : NULL;
	char dur[16];

	if (ctx->ev->info->flags & (EF_SYSCALL | EF_URING) && res != FMT_NO_RES) {
		ins_page__label(p, "result");
		ins_page__printf(p, res < 0 ? ST_BAD : ST_GOOD, "%lld", (long long)res);
		if (name)
			ins_page__printf(p, ST_BAD, " %s (%s)", name, strerror((int)-res));
		if (fmt_ev__dur(ctx->ev))
			ins_page__printf(p, ST_DIM, "  after %s",
					 ins_dur__text(fmt_ev__dur(ctx->ev), dur));
	}
}

static void put_when(struct ins_ui *ui, struct ins_page *p, const struct eng_ctx *ctx)
{
	uint64_t ts = fmt_ev__ts(ctx->ev), t0 = ui->trace->t_first;
	struct buf text = { 0 };

	ins_page__label(p, "time");
	ins_ui__time(ui, ts, 18, &text);
	ins_page__put(p, ST_TIME, (char *)text.p, text.len);
	ins_page__printf(p, ST_DIM, "  %+.9f s from the start, cpu %u",
			 ts >= t0 ? (double)(ts - t0) / 1e9 : -(double)(t0 - ts) / 1e9,
			 fmt_ev__cpu(ctx->ev));
	buf__done(&text);
}

static void put_ancestors(struct ins_page *p, const struct eng_proc *proc)
{
	int depth = 0;

	if (!proc->parent)
		return;
	ins_page__label(p, "started by");
	for (const struct eng_proc *a = proc->parent; a && depth < 12; a = a->parent, depth++)
		ins_page__printf(p, ST_TEXT, "%s%.*s[%lld]", depth ? " \u2190 " : "",
				 (int)a->comm->len, a->comm->s, (long long)a->pid);
}

static void put_came_in(struct ins_page *p, const struct eng_proc *proc)
{
	struct buf who = { 0 };

	eng_entry__who(proc->entry, &who);
	if (who.len) {
		ins_page__label(p, "came in by");
		ins_page__wrap(p, ST_USER, (char *)who.p, who.len);
	}
	buf__done(&who);
}

static void put_process(struct ins_ui *ui, struct ins_page *p, const struct eng_ctx *ctx,
			uint32_t idx)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct eng_proc *proc = ctx->proc;
	const struct eng_thread *t = ctx->thread;
	uint32_t in = idx != INS_NONE ? m->procs[idx].container : INS_NONE;
	char user[16], login[16];
	int x;

	ins_page__title(p, "Process");
	ins_page__label(p, "name");
	x = p->x;
	ins_page__printf(p, ST_PROC, "%.*s[%lld]", (int)t->comm->len, t->comm->s,
			 (long long)proc->pid);
	if (idx != INS_NONE)
		ins_page__link(p, x, ins_to(OF_PROC, idx, VIEW_OBJECT));
	if (t->tid != proc->pid)
		ins_page__printf(p, ST_DIM, "  thread %lld", (long long)t->tid);
	if (proc->vpid != proc->pid)
		ins_page__printf(p, ST_DIM, "  %lld in its namespace", (long long)proc->vpid);
	ins_page__label(p, "command");
	put_str(p, ST_TEXT, eng_proc__cmdline(ctx->proc));
	if (proc->image->exepath && proc->image->exepath->len) {
		ins_page__label(p, "executable");
		put_str(p, ST_FILE, proc->image->exepath);
	}
	ins_page__label(p, "user");
	ins_page__printf(p, ST_USER, "%s", ins_model__user(m, in, t->euid, user));
	if (t->uid != t->euid)
		ins_page__printf(p, ST_WARN, ", really %s", ins_model__user(m, in, t->uid, user));
	if (proc->loginuid != UINT32_MAX)
		ins_page__printf(p, ST_DIM, ", logged in as %s",
				 ins_model__user(m, ins_model__host_of(m, in), proc->loginuid, login));
	if (t->cap_effective)
		ins_page__printf(p, ST_DIM, ", capabilities %llx",
				 (unsigned long long)t->cap_effective);
	if (proc->cwd->len) {
		ins_page__label(p, "directory");
		put_str(p, ST_TEXT, proc->cwd);
	}
	if (proc->container) {
		ins_page__label(p, "container");
		ins_page__printf(p, ST_CONTAINER, "%s %.*s", proc->container->id,
				 proc->container->name ? (int)proc->container->name->len : 0,
				 proc->container->name ? proc->container->name->s : "");
	}
	put_came_in(p, proc);
	put_ancestors(p, proc);
}

static void put_descriptor(struct ins_page *p, const struct eng_fd *fd)
{
	char text[512];

	ins_page__title(p, "Descriptor");
	ins_page__label(p, "number");
	fmt_group__text(GROUP_fd_type, fd->type, text, sizeof(text));
	ins_page__printf(p, ST_TEXT, "%lld  %s", (long long)fd->num, text);
	if (fd->name && fd->name->len) {
		ins_page__label(p, "name");
		put_str(p, ST_FILE, fd->name);
	}
	if (fd->nameraw && fd->nameraw->len) {
		ins_page__label(p, "as given");
		put_str(p, ST_TEXT, fd->nameraw);
	}
	if (fd->flags) {
		ins_page__label(p, "opened");
		fmt_group__text(GROUP_file_flags, fd->flags, text, sizeof(text));
		ins_page__wrap(p, ST_TEXT, text, strlen(text));
	}
	if (fd->ino) {
		ins_page__label(p, "inode");
		ins_page__printf(p, ST_TEXT, "%llu on device %x", (unsigned long long)fd->ino,
				 fd->dev);
	}
}

/* Bytes in hexadecimal and as text, as many in a row as there is room for. */
static void put_dump(struct ins_page *p, const struct fmt_str *bytes)
{
	uint32_t per = p->width >= 78 ? 16 : 8, n = bytes->len < MAX_DUMP ? bytes->len : MAX_DUMP;

	for (uint32_t at = 0; at < n; at += per) {
		char hex[64], text[24];
		uint32_t row = n - at < per ? n - at : per;

		for (uint32_t i = 0; i < per; i++)
			snprintf(hex + i * 3, 4, i < row ? "%02x " : "   ",
				 (uint8_t)bytes->p[at + i % row]);
		for (uint32_t i = 0; i < row; i++) {
			uint8_t c = (uint8_t)bytes->p[at + i];

			text[i] = c >= 0x20 && c < 0x7f ? (char)c : '.';
		}
		ins_page__line(p);
		ins_page__printf(p, ST_DIM, "%06x  ", at);
		ins_page__printf(p, ST_TEXT, "%s ", hex);
		ins_page__put(p, ST_GOOD, text, row);
	}
	if (bytes->full_len > n) {
		ins_page__line(p);
		ins_page__printf(p, ST_DIM, "%u bytes of %u", n, bytes->full_len);
	}
}

static void put_params(struct ins_page *p, const struct eng_ctx *ctx)
{
	const struct fmt_event_info *info = ctx->ev->info;
	struct buf text = { 0 };

	ins_page__title(p, "Parameters");
	for (unsigned i = 0; i < info->n_params; i++) {
		const struct fmt_param *par = &info->params[i];
		bool present;

		text.len = 0;
		present = eng_event__arg(ctx, i, 400, &text);
		if (!present && par->src == SRC_DRV)
			continue;
		ins_page__label(p, par->name);
		ins_page__to(p, p->x < 18 ? 18 : p->x + 1);
		if (!present)
			ins_page__printf(p, ST_DIM, "not recorded");
		else if (text.len)
			ins_page__wrap(p, ST_TEXT, (char *)text.p, text.len);
		else
			ins_page__printf(p, ST_DIM, "empty");
		if (text.len < 24)
			ins_page__printf(p, ST_DIM, "  %s", par->doc);
	}
	buf__done(&text);
}

static void put_payload(struct ins_page *p, const struct eng_ctx *ctx)
{
	int data = ctx->ev->info->data_param;
	struct fmt_str bytes;

	if (data < 0 || !fmt_ev__bytes(ctx->ev, (unsigned)data, &bytes) || !bytes.len)
		return;
	ins_page__title(p, "Bytes");
	put_dump(p, &bytes);
}

/* An entry of an audit log with a line for each of its members. */
static void put_entry(struct ins_page *p, const struct eng_ctx *ctx)
{
	const struct json_doc *d = eng_ctx__audit(ctx, 0);
	struct buf text = { 0 };
	unsigned lines = 0;

	ins_page__title(p, "Entry");
	if (d)
		json_doc__put_indented(d, 0, &text);
	for (size_t at = 0; at < text.len && lines < MAX_ENTRY_LINES; lines++) {
		const char *line = (char *)text.p + at, *nl = memchr(line, '\n', text.len - at);
		size_t n = nl ? (size_t)(nl - line) : text.len - at;

		ins_page__line(p);
		ins_page__to(p, 3);
		ins_page__wrap(p, ST_TEXT, line, n);
		at += n + 1;
	}
	if (lines == MAX_ENTRY_LINES)
		ins_page__printf(p, ST_DIM, " and more");
	buf__done(&text);
}

static const struct eng_rule *rule_named(const struct eng_ruleset *rs, const char *name)
{
	unsigned n = 0;
	const struct eng_rule *rules = rs ? eng_ruleset__rules(rs, &n) : NULL;

	for (unsigned i = 0; i < n; i++)
		if (!strcmp(rules[i].name, name) && rules[i].cond >= 0)
			return &rules[i];
	return NULL;
}

/* The condition with the value of every part; the parts that decided are marked with a star. */
static void put_why(struct ins_ui *ui, struct ins_page *p, const struct eng_rule *rule,
		    const struct eng_ctx *ctx)
{
	struct buf text = { 0 };

	size_t n_desc = rule->desc ? strlen(rule->desc) : 0;

	while (n_desc && isspace((unsigned char)rule->desc[n_desc - 1]))
		n_desc--;	/* what a folded text of YAML ends with */
	if (n_desc) {
		ins_page__line(p);
		ins_page__to(p, 3);
		ins_page__wrap(p, ST_DIM, rule->desc, n_desc);
	}
	eng_prog__explain(eng_ruleset__prog(ui->rules), rule->cond, ctx, &text);
	for (size_t at = 0; at < text.len;) {
		const char *line = (char *)text.p + at, *nl = memchr(line, '\n', text.len - at);
		size_t n = nl ? (size_t)(nl - line) : text.len - at;

		ins_page__line(p);
		ins_page__to(p, 3);
		ins_page__put(p, n > 2 && line[0] == '*' ? ST_TEXT : ST_DIM, line, n);
		at += n + 1;
	}
	buf__done(&text);
}

/* The alerts on this event, and why: by the rules that are at hand now. */
static void put_alerts(struct ins_ui *ui, struct ins_page *p, const struct eng_ctx *ctx)
{
	const struct ins_model *m = ui->base;
	bool any = false;

	for (uint32_t i = 0; i < m->n_alerts; i++) {
		const struct ins_alert *a = &m->alerts[i];
		const struct eng_rule *rule;

		if (a->num != fmt_ev__num(ctx->ev))
			continue;
		if (!any)
			ins_page__title(p, "Alerts");
		any = true;
		ins_page__line(p);
		ins_page__printf(p, ins_priority__style(a->priority), "%s  ",
				 eng_priority__name((enum eng_priority)a->priority));
		ins_page__put(p, ST_STRONG, ins_model__str(m, a->rule), ins_model__fstr(m, a->rule)->len);
		rule = rule_named(ui->rules, ins_model__str(m, a->rule));
		if (rule)
			put_why(ui, p, rule, ctx);
		else
			ins_page__printf(p, ST_DIM, "  (-r RULES explains it)");
	}
}

static void build_it(void *arg, const struct eng_ctx *ctx)
{
	struct event *e = arg;
	struct ins_page *p = e->page;
	const struct ins_model *m = ins_ui__model(e->ui);

	e->subject = INS_NO_SUBJECT;
	e->subject.num = fmt_ev__num(ctx->ev);
	e->subject.ts = fmt_ev__ts(ctx->ev);
	e->subject.proc = ins_model__proc(m, fmt_ev__origin(ctx->ev), (int32_t)ctx->proc->pid,
					     e->subject.ts);
	if (e->subject.proc != INS_NONE)
		e->subject.container = m->procs[e->subject.proc].container;
	ins_page__line(p);
	ins_page__printf(p, ST_STRONG, "%s", ctx->ev->info->name);
	ins_page__printf(p, ST_DIM, "  event %llu  ", (unsigned long long)e->subject.num);
	ins_page__printf(p, ST_DIM, "%s", ctx->ev->info->doc);
	put_when(e->ui, p, ctx);
	put_result(p, ctx);
	put_alerts(e->ui, p, ctx);
	if (ctx->ev->type == EV_k8s_audit) {
		put_entry(p, ctx);
		return;
	}
	put_params(p, ctx);
	put_payload(p, ctx);
	if (ctx->fd)
		put_descriptor(p, ctx->fd);
	put_process(e->ui, p, ctx, e->subject.proc);
}

/* --- finding it ------------------------------------------------------------------------------ */

/* The event, or the next one of the list. INS_PENDING: not there yet. */
static enum ins_answer locate(struct event *e)
{
	struct ins_evpos from = e->at, to;
	int dir = e->dir;
	enum ins_answer a;

	if (!e->found) {
		from = ins_evlist__before_num(e->list, e->num);
		dir = 1;
	} else if (!dir) {
		return INS_FOUND;
	}
	a = ins_evlist__next(e->list, from, dir, SLICE, &to);
	if (a == INS_PENDING)
		return a;
	e->dir = 0;
	if (a == INS_FOUND) {
		e->at = to;
		e->found = true;
	}
	return a == INS_END && e->found ? INS_FOUND : a;
}

static void build(struct ins_ui *ui, struct ins_frame *f, struct ins_page *p)
{
	struct event *e = data_of(ui, f, p);
	enum ins_answer a = e->list ? locate(e) : INS_END;

	e->ui = ui;
	e->page = p;
	if (a == INS_FOUND)
		a = ins_evlist__visit(e->list, e->at, SLICE, build_it, e);
	if (a == INS_PENDING) {
		ins_page__pending(p);
	} else if (a == INS_END) {
		ins_page__line(p);
		ins_page__printf(p, ST_WARN, "This event cannot be read.");
	} else {
		f->num = e->subject.num;
	}
}

static bool act(struct ins_ui *ui, struct ins_frame *f, struct ins_page *p, enum ins_action a)
{
	struct event *e = data_of(ui, f, p);

	if ((a != ACT_LEFT && a != ACT_RIGHT) || !e->list)
		return false;
	e->dir = a == ACT_LEFT ? -1 : 1;
	p->void_ = true;
	p->pending = true;
	return true;
}

static bool subject(struct ins_ui *ui, struct ins_frame *f, struct ins_page *p,
		    struct ins_subject *ret)
{
	struct event *e = data_of(ui, f, p);

	if (!e->found || !e->subject.num)
		return false;
	*ret = e->subject;
	return true;
}

static const struct ins_page_ops ops = {
	.build = build, .act = act, .subject = subject, .close = close_event,
};

const struct ins_view ins_view_event = {
	.name = "event", .tab = NULL, .shorttab = NULL,
	.about = "One event: its result and parameters, the bytes it carried, and its descriptor "
		 "and process as they were at that moment. Left and right go to the event before "
		 "and after in the selection.",
	.where = WHERE_PAGE,
	INS_PAGE_FUNCTIONS,
	.page = &ops,
};
