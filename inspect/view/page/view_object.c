// SPDX-License-Identifier: Apache-2.0
/*
 * One process, container, file or connection on a page: what it is, and the first of everything
 * that belongs to it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/field/field.h"
#include "inspect/model/events/evtext.h"
#include "inspect/view/common.h"
#include "inspect/view/page/tiles.h"

#define FEW 8u		/* lines of a list before "and N more" */
#define MANY 200u

static void put_str(const struct ins_model *m, struct ins_page *p, int style, uint32_t str)
{
	const struct fmt_str *s = ins_model__fstr(m, str);

	ins_page__wrap(p, style, s->p, s->len);
}

static void put_out(struct ins_page *p, struct ins_out *out)
{
	if (out->text.len)
		ins_page__put(p, out->style, (char *)out->text.p, out->text.len);
	out->text.len = 0;
	out->style = ST_TEXT;
}

static void put_time(struct ins_ui *ui, struct ins_page *p, uint64_t ts)
{
	struct buf text = { 0 };

	ins_ui__time(ui, ts, 18, &text);
	ins_page__put(p, ST_TIME, (char *)text.p, text.len);
	buf__done(&text);
}

/* A name that leads to a process. */
static void put_proc_link(struct ins_ui *ui, struct ins_page *p, uint32_t proc)
{
	const struct ins_model *m = ins_ui__model(ui);
	struct ins_out out = { 0 };
	int x = p->x;

	if (proc >= m->n_procs)
		return;
	ins_cell__proc(m, &out, proc);
	put_out(p, &out);
	ins_page__link(p, x, ins_to(OF_PROC, proc, VIEW_OBJECT));
	buf__done(&out.text);
}

static void put_container_link(struct ins_ui *ui, struct ins_page *p, uint32_t container)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_container *c;
	int x;

	if (container >= m->n_containers)
		return;
	c = &m->containers[container];
	if (m->trace->n_machines > 1) {
		ins_page__label(p, "machine");
		x = p->x;
		ins_page__printf(p, ST_STRONG, "%s",
				 ins_model__container_name(m, ins_model__host_of(m, container)));
		ins_page__link(p, x, ins_to(OF_CONTAINER, ins_model__host_of(m, container), VIEW_OBJECT));
	}
	if (c->is_host)
		return;
	ins_page__label(p, "container");
	x = p->x;
	ins_page__printf(p, ST_CONTAINER, "%s", ins_model__container_name(m, container));
	ins_page__link(p, x, ins_to(OF_CONTAINER, container, VIEW_OBJECT));
	if (c->image)
		ins_page__printf(p, ST_DIM, "  image %s", ins_model__str(m, c->image));
}

static void put_count(struct ins_page *p, const char *label, uint64_t n, struct ins_target to)
{
	char text[16];
	int x;

	if (p->x > p->width - 20)
		ins_page__label(p, "");
	x = p->x;
	ins_page__printf(p, ST_STRONG, "%s", ins_short__text(n, text));
	ins_page__printf(p, ST_LABEL, " %s", label);
	ins_page__link(p, x, to);
	ins_page__printf(p, ST_TEXT, "  ");
}

/* --- lists ----------------------------------------------------------------------------------- */

static void list_alerts(struct ins_ui *ui, struct ins_page *p, struct ins_scope scope,
			const struct ins_set *procs)
{
	const struct ins_model *m = ins_ui__model(ui);
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n_alerts; i++) {
		if (!ins_set__has(procs, m->alerts[i].proc))
			continue;
		if (!n++)
			ins_page__title(p, "Alerts");
		if (n <= FEW)
			ins_page__alert_line(ui, p, i);
	}
	ins_page__more(p, n > FEW ? n - FEW : 0,
		       ins_to((enum ins_scope_kind)scope.kind, scope.idx, VIEW_ALERTS));
}

static void list_cmds(struct ins_ui *ui, struct ins_page *p, const char *title,
		      struct ins_scope scope, const struct ins_set *procs)
{
	const struct ins_model *m = ins_ui__model(ui);
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n_cmds; i++) {
		if (!m->cmds[i].counted || !ins_scope__has_cmd(m, scope, procs, i))
			continue;
		if (!n++)
			ins_page__title(p, title);
		if (n <= FEW)
			ins_page__cmd_line(ui, p, i);
	}
	ins_page__more(p, n > FEW ? n - FEW : 0,
		       ins_to((enum ins_scope_kind)scope.kind, scope.idx, VIEW_COMMANDS));
}

static void list_conns(struct ins_ui *ui, struct ins_page *p, struct ins_scope scope,
		       const struct ins_set *procs)
{
	const struct ins_model *m = ins_ui__model(ui);
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n_conns; i++) {
		if (!ins_scope__has_conn(m, scope, procs, i) || (m->lens && !m->conns[i].n_events))
			continue;
		if (!n++)
			ins_page__title(p, "Connections");
		if (n <= FEW)
			ins_page__conn_line(ui, p, i);
	}
	ins_page__more(p, n > FEW ? n - FEW : 0,
		       ins_to((enum ins_scope_kind)scope.kind, scope.idx, VIEW_CONNECTIONS));
}

static void list_children(struct ins_ui *ui, struct ins_page *p, uint32_t proc)
{
	const struct ins_model *m = ins_ui__model(ui);
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n_procs; i++) {
		if (m->procs[i].parent != proc || i == proc)
			continue;
		if (!n++)
			ins_page__title(p, "Started");
		if (n <= FEW)
			ins_page__proc_line(ui, p, i);
	}
	ins_page__more(p, n > FEW ? n - FEW : 0, ins_to(OF_TREE, proc, VIEW_PROCESSES));
}

/* What was changed or executed says more than what was read. */
static unsigned weight(const struct ins_use *u)
{
	if (u->ops & (FOP_EXEC | FOP_FAIL | FOP_DELETE))
		return 3;
	if (u->ops & (FOP_WRITE | FOP_CREATE | FOP_RENAME | FOP_ATTR))
		return 2;
	return u->ops & FOP_READ;
}

static int by_weight(const void *a, const void *b)
{
	const struct ins_use *x = *(const struct ins_use *const *)a,
		*y = *(const struct ins_use *const *)b;

	if (weight(x) != weight(y))
		return weight(x) > weight(y) ? -1 : 1;
	return x->first_num < y->first_num ? -1 : x->first_num > y->first_num;
}

static void list_uses(struct ins_ui *ui, struct ins_page *p, uint32_t head, bool of_file,
		      struct ins_scope scope)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_use **uses = NULL;
	uint32_t n = 0, most = of_file ? MANY : FEW;
	size_t cap = 0;

	for (uint32_t u = head; u != INS_NONE; u = of_file ? m->uses[u].next_of_file :
	     m->uses[u].next_of_proc) {
		if (!m->uses[u].n_ops)
			continue;
		uses = xgrow(uses, &cap, n + 1, sizeof(*uses));
		uses[n++] = &m->uses[u];
	}
	if (n)
		qsort(uses, n, sizeof(*uses), by_weight);
	for (uint32_t i = 0; i < n && i < most; i++) {
		if (!i)
			ins_page__title(p, of_file ? "Who did what" : "Files");
		ins_page__use_line(ui, p, (uint32_t)(uses[i] - m->uses), of_file);
	}
	ins_page__more(p, n > most ? n - most : 0,
		       ins_to((enum ins_scope_kind)scope.kind, scope.idx,
							  of_file ? VIEW_PROCESSES : VIEW_FILES));
	free(uses);
}

/* --- objects --------------------------------------------------------------------------------- */

static void put_end(struct ins_ui *ui, struct ins_page *p, const struct ins_proc *pr)
{
	const struct ins_model *m = ins_ui__model(ui);
	char text[16];

	ins_page__label(p, "ended");
	if (pr->flags & PROC_ENDED) {
		put_time(ui, p, pr->end);
		ins_page__printf(p, pr->status ? ST_BAD : ST_GOOD, "  %s%s",
				 pr->status & 0x7f ? "killed by " : "exit code ",
				 ins_status__text(pr->status, text));
		if (pr->flags & PROC_OOM)
			ins_page__printf(p, ST_BAD, ", out of memory");
	} else if (pr->flags & PROC_VANISHED) {
		ins_page__printf(p, ST_WARN, "not seen: its pid was used again");
	} else {
		ins_page__printf(p, ST_TEXT, "not before the end of the trace");
	}
	ins_page__printf(p, ST_DIM, "  after %s", ins_dur__text(ins_proc__life(m, pr), text));
}

static void put_caps(struct ins_page *p, const struct ins_proc *pr)
{
	struct buf names = { 0 };

	if (eng_caps__names(pr->caps, &names)) {
		ins_page__printf(p, ST_WARN, ", all capabilities");
	} else if (names.len) {
		ins_page__label(p, "may");
		ins_page__wrap(p, ST_TEXT, (char *)names.p, names.len);
	}
	buf__done(&names);
}

static void build_process(struct ins_ui *ui, struct ins_page *p, struct ins_scope scope)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_proc *pr = &m->procs[scope.idx];
	struct ins_set procs = { 0 };
	char text[16];
	int depth = 0;

	ins_page__label(p, "command");
	put_str(m, p, ST_EXEC, pr->cmdline ? pr->cmdline : pr->comm);
	if (pr->vpid != pr->pid) {
		ins_page__label(p, "pid");
		ins_page__printf(p, ST_TEXT, "%d, %d in its namespace", pr->pid, pr->vpid);
	}
	ins_page__label(p, "executable");
	put_str(m, p, ST_FILE, pr->exe);
	ins_page__label(p, "user");
	ins_page__printf(p, ST_USER, "%s", ins_model__user(m, pr->container, pr->uid, text));
	if (pr->loginuid != UINT32_MAX)
		ins_page__printf(p, ST_DIM, ", logged in as %s",
				 ins_model__user(m, ins_model__host(m, pr->origin), pr->loginuid, text));
	if (pr->tty)
		ins_page__printf(p, ST_DIM, ", on %s", ins_tty__text(pr->tty, text));
	put_caps(p, pr);
	put_container_link(ui, p, pr->container);
	if (pr->came) {
		ins_page__label(p, "came in by");
		put_str(m, p, ST_USER, pr->came);
		ins_page__printf(p, ST_DIM, ", kubectl exec or the like");
	}
	ins_page__label(p, "started");
	put_time(ui, p, pr->start ? pr->start : pr->first_ts);
	if (pr->flags & PROC_BEFORE)
		ins_page__printf(p, ST_DIM, "  before the recording");
	put_end(ui, p, pr);
	if (pr->parent != INS_NONE) {
		ins_page__label(p, "started by");
		for (uint32_t a = pr->parent; a != INS_NONE && depth < 10; a = m->procs[a].parent,
		     depth++) {
			if (depth)
				ins_page__printf(p, ST_DIM, " \u2190 ");
			put_proc_link(ui, p, a);
		}
	}
	if (pr->adopter != INS_NONE) {
		ins_page__label(p, "handed to");
		put_proc_link(ui, p, pr->adopter);
		ins_page__printf(p, ST_DIM, "  when its parent ended");
	}
	ins_page__label(p, "did");
	put_count(p, "events", pr->n_events, ins_to(OF_PROC, scope.idx, VIEW_EVENTS));
	put_count(p, "failed", pr->n_errors, ins_to(OF_PROC, scope.idx, VIEW_EVENTS));
	put_count(p, "files", pr->n_files, ins_to(OF_PROC, scope.idx, VIEW_FILES));
	put_count(p, "read", pr->rd, ins_to(OF_PROC, scope.idx, VIEW_FILES));
	put_count(p, "written", pr->wr, ins_to(OF_PROC, scope.idx, VIEW_FILES));
	put_count(p, "received", pr->in, ins_to(OF_PROC, scope.idx, VIEW_CONNECTIONS));
	put_count(p, "sent", pr->out, ins_to(OF_PROC, scope.idx, VIEW_CONNECTIONS));
	ins_scope__procs(m, scope, &procs);
	list_alerts(ui, p, scope, &procs);
	list_cmds(ui, p, "Executed", (struct ins_scope){ OF_PROC, scope.idx }, &procs);
	list_children(ui, p, scope.idx);
	list_conns(ui, p, scope, &procs);
	list_uses(ui, p, pr->uses, false, scope);
	ins_set__done(&procs);
}

static void put_container(struct ins_ui *ui, struct ins_page *p, const struct ins_container *c)
{
	const struct ins_model *m = ins_ui__model(ui);

	ins_page__label(p, "container");
	ins_page__printf(p, ST_CONTAINER, "%s", c->id);
	if (c->pod) {
		ins_page__label(p, "pod");
		put_str(m, p, ST_STRONG, c->pod);
	}
	if (c->image) {
		ins_page__label(p, "image");
		put_str(m, p, ST_TEXT, c->image);
	}
	if (c->runtime) {
		ins_page__label(p, "runtime");
		put_str(m, p, ST_TEXT, c->runtime);
	}
	ins_page__label(p, "started");
	put_time(ui, p, c->start ? c->start : c->first_ts);
	ins_page__label(p, "ended");
	if (c->ended)
		put_time(ui, p, c->end);
	else
		ins_page__printf(p, ST_TEXT, "not before the end of the trace");
}

/* A machine, where there are several: that is all of its containers and what runs in none. */
static void put_machine(struct ins_page *p, const struct fmt_meta *m)
{
	ins_page__label(p, "machine");
	ins_page__printf(p, ST_STRONG, "%s", m->hostname[0] ? m->hostname : "unknown");
	if (m->os[0])
		ins_page__printf(p, ST_TEXT, "  %s", m->os);
	if (m->kernel[0])
		ins_page__printf(p, ST_DIM, "  %s %s", m->kernel, m->arch);
}

static void build_container(struct ins_ui *ui, struct ins_page *p, struct ins_scope scope)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_container c = ins_scope__container(m, scope.idx);
	struct ins_set procs = { 0 };

	if (c.is_host)
		put_machine(p, ins_trace__machine(m->trace, c.origin));
	else
		put_container(ui, p, &c);
	ins_page__label(p, "did");
	put_count(p, "events", c.n_events, ins_to(OF_CONTAINER, scope.idx, VIEW_EVENTS));
	ins_scope__procs(m, scope, &procs);
	list_alerts(ui, p, scope, &procs);
	ins_tiles__put(ui, p, scope);
	list_cmds(ui, p, "Commands", scope, &procs);
	list_conns(ui, p, scope, &procs);
	ins_set__done(&procs);
}

static void build_file(struct ins_ui *ui, struct ins_page *p, struct ins_scope scope)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_file *f = &m->files[scope.idx];
	struct ins_out out = { 0 };
	struct ins_set procs = { 0 };

	ins_page__label(p, "path");
	put_str(m, p, ST_FILE, f->path);
	put_container_link(ui, p, f->container);
	ins_page__label(p, "done to it");
	ins_cell__ops(&out, f->ops);
	put_out(p, &out);
	ins_page__printf(p, ST_TEXT, "  ");
	put_count(p, "read", f->rd, ins_to(OF_FILE, scope.idx, VIEW_STREAM));
	put_count(p, "written", f->wr, ins_to(OF_FILE, scope.idx, VIEW_STREAM));
	if (f->n_errors)
		put_count(p, "refused", f->n_errors, ins_to(OF_FILE, scope.idx, VIEW_EVENTS));
	ins_page__label(p, "first");
	put_time(ui, p, f->first_ts);
	ins_page__label(p, "last");
	put_time(ui, p, f->last_ts);
	ins_page__label(p, "");
	put_count(p, "operations; their events", f->n_ops, ins_to(OF_FILE, scope.idx, VIEW_EVENTS));
	list_uses(ui, p, f->uses, true, scope);
	ins_scope__procs(m, scope, &procs);
	list_cmds(ui, p, "Executions of it", scope, &procs);
	ins_set__done(&procs);
	buf__done(&out.text);
}

static void build_conn(struct ins_ui *ui, struct ins_page *p, struct ins_scope scope)
{
	static const char *const words[] = { "went out", "came in", "listens",
					    "direction not known" };
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_conn *c = &m->conns[scope.idx];
	struct ins_out out = { 0 };
	const char *error;

	ins_page__label(p, "kind");
	ins_page__printf(p, ST_TEXT, "%s, %s", ins_tuple__proto(&c->tuple, c->fd_type),
			 words[c->dir]);
	if (c->failed) {
		error = fmt_errno_name(c->error);
		ins_page__printf(p, ST_BAD, ", failed: %s (%s)", error ? error : "?",
				 strerror(c->error));
	}
	ins_page__label(p, "other end");
	ins_cell__remote(m, &out, c);
	put_out(p, &out);
	ins_page__label(p, "this end");
	ins_cell__local(m, &out, c);
	put_out(p, &out);
	put_container_link(ui, p, m->procs[c->proc].container);
	ins_page__label(p, "bytes");
	put_count(p, "received", c->in, ins_to(OF_CONN, scope.idx, VIEW_STREAM));
	put_count(p, "sent", c->out, ins_to(OF_CONN, scope.idx, VIEW_STREAM));
	put_count(p, "events", c->n_events, ins_to(OF_CONN, scope.idx, VIEW_EVENTS));
	ins_page__label(p, "opened");
	if (c->before)
		ins_page__printf(p, ST_DIM, "before the recording");
	else
		put_time(ui, p, c->first_ts);
	ins_page__label(p, "last used");
	put_time(ui, p, c->last_ts);
	ins_page__label(p, "closed");
	if (c->closed)
		put_time(ui, p, c->closed);
	else
		ins_page__printf(p, ST_TEXT, "not seen");
	ins_page__title(p, "Whose it is, and who started that");
	for (uint32_t a = c->proc, depth = 0; a != INS_NONE && depth < 10; a = m->procs[a].parent,
	     depth++)
		ins_page__proc_line(ui, p, a);
	buf__done(&out.text);
}

/* A model that is still being made may not have it yet. */
static bool is_known(const struct ins_model *m, struct ins_scope s)
{
	switch (s.kind) {
	case OF_PROC:
	case OF_TREE:
		return s.idx < m->n_procs;
	case OF_CONTAINER:
		return s.idx < m->n_containers;
	case OF_FILE:
		return s.idx < m->n_files;
	case OF_CONN:
		return s.idx < m->n_conns;
	default:
		return false;
	}
}

static void build(struct ins_ui *ui, struct ins_frame *f, struct ins_page *p)
{
	if (!is_known(ins_ui__model(ui), f->scope)) {
		ins_page__line(p);
		ins_page__printf(p, ST_DIM, "reading ...");
		return;
	}
	switch (f->scope.kind) {
	case OF_PROC:
	case OF_TREE:
		build_process(ui, p, f->scope);
		break;
	case OF_CONTAINER:
		build_container(ui, p, f->scope);
		break;
	case OF_FILE:
		build_file(ui, p, f->scope);
		break;
	case OF_CONN:
		build_conn(ui, p, f->scope);
		break;
	}
}

static bool subject(struct ins_ui *ui, struct ins_frame *f, struct ins_page *p,
		    struct ins_subject *ret)
{
	const struct ins_model *m = ins_ui__model(ui);

	(void)p;
	if (!is_known(m, f->scope))
		return false;
	switch (f->scope.kind) {
	case OF_PROC:
	case OF_TREE:
		ret->proc = f->scope.idx;
		ret->ts = m->procs[f->scope.idx].start;
		return true;
	case OF_CONTAINER:
		ret->container = f->scope.idx;
		return true;
	case OF_FILE:
		ret->file = f->scope.idx;
		ret->ts = m->files[f->scope.idx].first_ts;
		return true;
	case OF_CONN:
		ret->conn = f->scope.idx;
		ret->proc = m->conns[f->scope.idx].proc;
		ret->ts = m->conns[f->scope.idx].first_ts;
		return true;
	default:
		return false;
	}
}

static const struct ins_page_ops ops = { .build = build, .subject = subject };

const struct ins_view ins_view_object = {
	.name = "summary", .tab = "Summary", .shorttab = "Sum",
	.about = "One process, container, file or connection: what it is, where it comes from, and "
		 "the first of what belongs to it. Enter follows what is marked; the other views "
		 "list all of it.",
	.where = WHERE_PAGE,
	INS_PAGE_FUNCTIONS,
	.page = &ops,
};
