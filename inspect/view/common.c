// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "engine/rules/rules.h"
#include "inspect/model/events/evtext.h"
#include "inspect/view/common.h"

/* --- cells ----------------------------------------------------------------------------------- */

static void style(struct ins_out *out, int s)
{
	/* a row that is all in one style stays so */
	if (out->style == ST_TEXT)
		out->style = s;
}

void ins_cell__str(const struct ins_model *m, struct ins_out *out, uint32_t str)
{
	const struct fmt_str *s = ins_model__fstr(m, str);

	buf__add(&out->text, s->p, s->len);
}

void ins_cell__user(const struct ins_model *m, struct ins_out *out, uint32_t container,
		    uint32_t uid)
{
	char num[16];

	buf__puts(&out->text, ins_model__user(m, container, uid, num));
	style(out, uid == 0 ? ST_USER : ST_TEXT);
}

void ins_cell__container(const struct ins_model *m, struct ins_out *out, uint32_t container)
{
	if (ins_model__is_host(m, container))
		return;
	buf__puts(&out->text, ins_model__container_name(m, container));
	style(out, ST_CONTAINER);
}

void ins_cell__machine(const struct ins_model *m, struct ins_out *out, uint32_t container)
{
	buf__puts(&out->text, ins_model__container_name(m, ins_model__host_of(m, container)));
	style(out, ST_DIM);
}

void ins_cell__proc(const struct ins_model *m, struct ins_out *out, uint32_t proc)
{
	if (proc >= m->n_procs)
		return;
	buf__printf(&out->text, "%s[%d]", ins_model__str(m, m->procs[proc].comm),
		    m->procs[proc].pid);
	style(out, ST_PROC);
}

void ins_cell__time(const struct ins_ui *ui, struct ins_out *out, uint64_t ts)
{
	ins_ui__time(ui, ts, out->width && out->width < 12 ? 8 : 12, &out->text);
	style(out, ST_TIME);
}

void ins_cell__dur(struct ins_out *out, uint64_t ns)
{
	char text[16];

	buf__puts(&out->text, ins_dur__text(ns, text));
}

void ins_cell__size(struct ins_out *out, uint64_t n)
{
	char text[16];

	if (n)
		buf__puts(&out->text, ins_short__text(n, text));
}

void ins_cell__exit(const struct ins_model *m, struct ins_out *out, const struct ins_proc *p)
{
	char text[16];

	(void)m;
	if (p->flags & PROC_OOM)
		buf__puts(&out->text, "OOM");
	else if (p->flags & PROC_ENDED)
		buf__puts(&out->text, ins_status__text(p->status, text));
	else if (p->flags & PROC_VANISHED)
		buf__puts(&out->text, "?");
	if (p->flags & PROC_ENDED && p->status)
		out->style = ST_BAD;
}

void ins_cell__ops(struct ins_out *out, uint32_t ops)
{
	static const struct { uint32_t op; char letter; } letters[] = {
		{ FOP_READ, 'r' }, { FOP_WRITE, 'w' }, { FOP_CREATE, 'c' }, { FOP_DELETE, 'd' },
		{ FOP_RENAME, 'm' }, { FOP_ATTR, 'a' }, { FOP_EXEC, 'x' }, { FOP_FAIL, '!' },
	};

	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		buf__u8(&out->text, (uint8_t)(ops & letters[i].op ? letters[i].letter : '-'));
	style(out, ops & FOP_FAIL ? ST_BAD : ops & FOP_EXEC ? ST_EXEC :
	      ops & (FOP_WRITE | FOP_CREATE | FOP_DELETE | FOP_RENAME) ? ST_WARN : ST_TEXT);
}

/* Is the far end the tuple's server side? */
static bool far_is_server(const struct ins_conn *c)
{
	return c->dir == CONN_OUT || c->dir == CONN_OTHER;
}

void ins_cell__remote(const struct ins_model *m, struct ins_out *out, const struct ins_conn *c)
{
	style(out, ST_NET);
	if (c->peer) {		/* its name says more than its address, and may be cut less */
		ins_cell__str(m, out, c->peer);
		buf__puts(&out->text, " ");
	}
	if (c->fd_type == FDT_UNIX || !c->tuple.family)
		ins_cell__str(m, out, c->name);
	else if (c->dir != CONN_LISTEN)
		ins_tuple__text(&c->tuple, far_is_server(c), &out->text);
}

void ins_cell__local(const struct ins_model *m, struct ins_out *out, const struct ins_conn *c)
{
	if (c->fd_type == FDT_UNIX || !c->tuple.family)
		return;
	ins_tuple__text(&c->tuple, c->dir == CONN_LISTEN || !far_is_server(c), &out->text);
	if (!out->text.len && c->dir == CONN_LISTEN)
		ins_cell__str(m, out, c->name);
}

const char *ins_conn__arrow(const struct ins_conn *c)
{
	switch (c->dir) {
	case CONN_OUT:
		return "\u2192";
	case CONN_IN:
		return "\u2190";
	case CONN_LISTEN:
		return "\u25cb";
	default:
		return "\u00b7";
	}
}

uint64_t ins_proc__life(const struct ins_model *m, const struct ins_proc *p)
{
	uint64_t start = p->start ? p->start : p->first_ts;
	uint64_t end = p->end ? p->end : m->done ? m->trace->t_last : m->upto_ts;

	return start && end > start ? end - start : 0;
}

bool ins_piece__subject(const struct ins_model *m, const struct ins_piece *p, struct ins_subject *ret)
{
	if (!p)
		return false;
	*ret = INS_NO_SUBJECT;
	ret->num = p->num;
	ret->ts = p->ts;
	ret->proc = ins_model__proc(m, p->origin, p->pid, p->ts);
	if (ret->proc != INS_NONE)
		ret->container = m->procs[ret->proc].container;
	return true;
}

int ins_priority__style(uint8_t priority)
{
	return priority <= PRIO_ERROR ? ST_BAD : priority <= PRIO_WARNING ? ST_WARN : ST_TEXT;
}

/* --- pages ----------------------------------------------------------------------------------- */

struct ins_target ins_to(enum ins_scope_kind kind, uint32_t idx, enum ins_view_id view)
{
	struct ins_target t = { .scope = { (uint8_t)kind, idx }, .view = view,
				.subject = INS_NO_SUBJECT };

	if (kind == OF_PROC || kind == OF_TREE)
		t.subject.proc = idx;
	else if (kind == OF_FILE)
		t.subject.file = idx;
	else if (kind == OF_CONN)
		t.subject.conn = idx;
	else if (kind == OF_CONTAINER)
		t.subject.container = idx;
	return t;
}

struct ins_target ins_to_event(uint64_t num)
{
	struct ins_target t = ins_to(OF_ALL, 0, VIEW_EVENT);

	t.num = num;
	t.subject.num = num;
	return t;
}

/* Put a cell into a page, filled up to w columns and a blank. */
static void put_cell(struct ins_page *p, struct ins_out *out, int w)
{
	int x = p->x;

	if (out->text.len)
		ins_page__put(p, out->style, (char *)out->text.p, out->text.len);
	ins_page__to(p, x + w + 1 > p->x + 1 ? x + w + 1 : p->x + 1);
	out->text.len = 0;
	out->style = ST_TEXT;
}

void ins_page__proc_line(struct ins_ui *ui, struct ins_page *p, uint32_t proc)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_proc *pr = &m->procs[proc];
	struct ins_out out = { 0 };
	int x;

	ins_page__line(p);
	x = p->x + 1;
	ins_page__to(p, x);
	ins_cell__time(ui, &out, pr->start ? pr->start : pr->first_ts);
	put_cell(p, &out, 12);
	buf__printf(&out.text, "%7d", pr->pid);
	put_cell(p, &out, 7);
	ins_cell__exit(m, &out, pr);
	put_cell(p, &out, 4);
	ins_cell__str(m, &out, pr->cmdline ? pr->cmdline : pr->comm);
	out.style = pr->flags & PROC_ENDED ? ST_GONE : ST_PROC;
	put_cell(p, &out, 0);
	ins_page__link(p, x, ins_to(OF_PROC, proc, VIEW_OBJECT));
	buf__done(&out.text);
}

void ins_page__cmd_line(struct ins_ui *ui, struct ins_page *p, uint32_t cmd)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_cmd *c = &m->cmds[cmd];
	struct ins_out out = { 0 };
	int x;

	ins_page__line(p);
	x = p->x + 1;
	ins_page__to(p, x);
	ins_cell__time(ui, &out, c->ts);
	put_cell(p, &out, 12);
	ins_cell__user(m, &out, m->procs[c->proc].container, c->uid);
	put_cell(p, &out, 8);
	ins_cell__str(m, &out, c->cmdline);
	out.style = ST_EXEC;
	put_cell(p, &out, 0);
	ins_page__link(p, x, ins_to_event(c->num));
	p->links[p->n_links - 1].to.subject.proc = c->proc;
	p->links[p->n_links - 1].to.subject.ts = c->ts;
	buf__done(&out.text);
}

void ins_page__alert_line(struct ins_ui *ui, struct ins_page *p, uint32_t alert)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_alert *a = &m->alerts[alert];
	struct ins_out out = { 0 };
	int x;

	ins_page__line(p);
	x = p->x + 1;
	ins_page__to(p, x);
	ins_cell__time(ui, &out, a->ts);
	put_cell(p, &out, 12);
	buf__puts(&out.text, eng_priority__name((enum eng_priority)a->priority));
	out.style = ins_priority__style(a->priority);
	put_cell(p, &out, 13);
	ins_cell__proc(m, &out, a->proc);
	put_cell(p, &out, 16);
	ins_cell__str(m, &out, a->rule);
	put_cell(p, &out, 0);
	ins_page__link(p, x, ins_to_event(a->num));
	p->links[p->n_links - 1].to.subject.proc = a->proc;
	p->links[p->n_links - 1].to.subject.ts = a->ts;
	buf__done(&out.text);
}

void ins_page__use_line(struct ins_ui *ui, struct ins_page *p, uint32_t use, bool of_file)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_use *u = &m->uses[use];
	struct ins_out out = { 0 };
	int x;

	ins_page__line(p);
	x = p->x + 1;
	ins_page__to(p, x);
	ins_cell__time(ui, &out, u->first_ts);
	put_cell(p, &out, 12);
	ins_cell__ops(&out, u->ops);
	put_cell(p, &out, 8);
	ins_cell__size(&out, u->rd);
	put_cell(p, &out, 5);
	ins_cell__size(&out, u->wr);
	put_cell(p, &out, 5);
	if (of_file) {
		ins_cell__proc(m, &out, u->proc);
		put_cell(p, &out, 18);
		ins_cell__str(m, &out, m->procs[u->proc].cmdline);
	} else {
		ins_cell__str(m, &out, m->files[u->file].path);
		out.style = ST_FILE;
	}
	put_cell(p, &out, 0);
	ins_page__link(p, x, of_file ? ins_to(OF_PROC, u->proc, VIEW_OBJECT) :
				       ins_to(OF_FILE, u->file, VIEW_OBJECT));
	p->links[p->n_links - 1].to.subject.ts = u->first_ts;
	buf__done(&out.text);
}

void ins_page__conn_line(struct ins_ui *ui, struct ins_page *p, uint32_t conn)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_conn *c = &m->conns[conn];
	struct ins_out out = { 0 };
	int x;

	ins_page__line(p);
	x = p->x + 1;
	ins_page__to(p, x);
	ins_cell__time(ui, &out, c->first_ts);
	put_cell(p, &out, 12);
	buf__printf(&out.text, "%s %s", ins_conn__arrow(c),
		    ins_tuple__proto(&c->tuple, c->fd_type));
	put_cell(p, &out, 6);
	ins_cell__size(&out, c->in);
	put_cell(p, &out, 5);
	ins_cell__size(&out, c->out);
	put_cell(p, &out, 5);
	if (c->dir == CONN_LISTEN)
		ins_cell__local(m, &out, c);
	else
		ins_cell__remote(m, &out, c);
	put_cell(p, &out, 22);
	ins_cell__proc(m, &out, c->proc);
	put_cell(p, &out, 0);
	ins_page__link(p, x, ins_to(OF_CONN, conn, VIEW_OBJECT));
	p->links[p->n_links - 1].to.subject.proc = c->proc;
	p->links[p->n_links - 1].to.subject.ts = c->first_ts;
	buf__done(&out.text);
}

void ins_page__more(struct ins_page *p, uint64_t n, struct ins_target to)
{
	int x;

	if (!n)
		return;
	ins_page__line(p);
	x = p->x + 1;
	ins_page__to(p, x);
	ins_page__printf(p, ST_DIM, "and %llu more", (unsigned long long)n);
	ins_page__link(p, x, to);
}
