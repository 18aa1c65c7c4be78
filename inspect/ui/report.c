// SPDX-License-Identifier: Apache-2.0
/*
 * The sections answer, in this order, what a reader asks: what is this, what was found, what was noted, where, what
 * ran, what was changed, who was talked to, what is missing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/rules/rules.h"
#include "format/base/text.h"
#include "inspect/model/events/evtext.h"
#include "inspect/ui/report.h"
#include "inspect/ui/save.h"
#include "inspect/ui/ui.h"
#include "inspect/view/common.h"

#define MOST 500u		/* lines of a section */
#define DEEPEST 40u		/* levels of the tree */

struct report {
	struct ins_ui *ui;
	const struct ins_model *m;
	struct buf *out;
	struct ins_scope scope;
	struct ins_set procs, files;
	uint32_t n;		/* lines of the section */
};

/* Text of the trace in a cell of a table: no markup, no control characters, no end of the cell. */
static void put(struct report *r, const char *text, size_t n)
{
	struct buf safe = { 0 };

	text__safe(&safe, text, n);
	for (size_t i = 0; i < safe.len; i++) {
		if (strchr("\\`*_{}[]<>|~#", safe.p[i]))
			buf__u8(r->out, '\\');
		buf__u8(r->out, safe.p[i]);
	}
	buf__done(&safe);
}

static void put_id(struct report *r, uint32_t str)
{
	const struct fmt_str *s = ins_model__fstr(r->m, str);

	put(r, s->p, s->len);
}

static void put_time(struct report *r, uint64_t ts)
{
	char text[40];

	if (ts)
		buf__printf(r->out, "%.12s", text__clock(ts, text));
}

static void put_proc(struct report *r, uint32_t proc)
{
	if (proc >= r->m->n_procs)
		return;
	put_id(r, r->m->procs[proc].comm);
	buf__printf(r->out, "\\[%d\\]", r->m->procs[proc].pid);
}

static void put_container(struct report *r, uint32_t container)
{
	const char *name = ins_model__container_name(r->m, container);

	put(r, name, strlen(name));
}

static void put_user(struct report *r, uint32_t container, uint32_t uid)
{
	char text[16];
	const char *name = ins_model__user(r->m, container, uid, text);

	put(r, name, strlen(name));
}

/* A cell that a view makes. */
static void put_cell(struct report *r, struct ins_out *o)
{
	if (o->text.len)
		put(r, (char *)o->text.p, o->text.len);
	o->text.len = 0;
}

static void bar(struct report *r)
{
	buf__puts(r->out, " | ");
}

/* Heading and head of a table, before its first line; false if there are lines enough. */
static bool line(struct report *r, const char *title, const char *head)
{
	if (!r->n) {
		unsigned cols = 1;

		buf__printf(r->out, "\n## %s\n\n", title);
		if (*head) {
			for (const char *p = head; (p = strchr(p, '|')); p++)
				cols++;
			buf__printf(r->out, "| %s |\n|", head);
			while (cols--)
				buf__puts(r->out, "---|");
			buf__puts(r->out, "\n");
		}
	}
	if (r->n++ >= MOST)
		return false;
	buf__puts(r->out, *head ? "| " : "");
	return true;
}

static void end_line(struct report *r)
{
	buf__puts(r->out, " |\n");
}

static void end_section(struct report *r)
{
	if (r->n > MOST)
		buf__printf(r->out, "\nand %u more\n", r->n - MOST);
	r->n = 0;
}

static bool has_proc(const struct report *r, uint32_t proc)
{
	return r->scope.kind == OF_ALL || ins_set__has(&r->procs, proc);
}

/* --- sections -------------------------------------------------------------------------------- */

static void head(struct report *r)
{
	const struct ins_trace *t = r->ui->trace;
	const struct fmt_meta *m = &t->meta;
	char from[48], to[48], n[32];
	struct buf name = { 0 };

	buf__puts(r->out, "# Report on ");
	put(r, t->name, strlen(t->name));
	buf__puts(r->out, "\n\n");
	if (m->hostname[0]) {
		buf__puts(r->out, "- host: ");
		put(r, m->hostname, strlen(m->hostname));
		buf__puts(r->out, ", ");
		put(r, m->os, strlen(m->os));
		buf__puts(r->out, " ");
		put(r, m->kernel, strlen(m->kernel));
		buf__puts(r->out, "\n");
	}
	buf__printf(r->out, "- recorded: %s to %s\n", text__iso(t->t_first, "Z", from),
		    text__iso(t->t_last, "Z", to));
	if (m->reason[0]) {
		buf__puts(r->out, "- because: ");
		put(r, m->reason, strlen(m->reason));
		buf__puts(r->out, "\n");
	}
	buf__printf(r->out, "- events: %s", text__count(t->n_listed, n));
	buf__printf(r->out, ", lost: %s\n", text__count(t->n_lost, n));
	if (m->uuid[0]) {
		buf__puts(r->out, "- trace: ");
		put(r, m->uuid, strlen(m->uuid));
		buf__puts(r->out, "\n");
	}
	ins_scope__name(r->m, r->scope, &name);
	if (name.len) {
		buf__puts(r->out, "- only: ");
		put(r, (char *)name.p, name.len);
		buf__puts(r->out, "\n");
	}
	if (r->ui->cond) {
		buf__puts(r->out, "- filter: ");
		put(r, r->ui->cond->text, strlen(r->ui->cond->text));
		buf__puts(r->out, "\n");
	}
	if (r->ui->lens.to)
		buf__printf(r->out, "- time: %s to %s\n", text__iso(r->ui->lens.from, "Z", from),
			    text__iso(r->ui->lens.to, "Z", to));
	buf__puts(r->out, "\nTimes below are local to where this was written.\n");
	buf__done(&name);
}

static void findings(struct report *r)
{
	for (uint32_t i = 0; i < r->m->n_alerts; i++) {
		const struct ins_alert *a = &r->m->alerts[i];

		if (!has_proc(r, a->proc) ||
		    !line(r, "Findings", "time | priority | rule | container | process | event | what"))
			continue;
		put_time(r, a->ts);
		bar(r);
		buf__puts(r->out, eng_priority__name((enum eng_priority)a->priority));
		bar(r);
		put_id(r, a->rule);
		bar(r);
		put_container(r, a->container);
		bar(r);
		put_proc(r, a->proc);
		buf__printf(r->out, " | %llu | ", (unsigned long long)a->num);
		put_id(r, a->text);
		end_line(r);
	}
	end_section(r);
}

static void notes(struct report *r)
{
	const struct ins_notes *notes = &r->ui->notes;

	for (uint32_t i = 0; i < notes->n; i++) {
		const struct ins_note *n = &notes->v[i];

		if (!ins_lens__has_time(&r->ui->lens, n->ts) || !line(r, "Notes", "time | about | note"))
			continue;
		put_time(r, n->ts);
		bar(r);
		put(r, n->about, strlen(n->about));
		bar(r);
		put(r, n->text, strlen(n->text));
		end_line(r);
	}
	end_section(r);
}

static void containers(struct report *r)
{
	for (uint32_t i = 0; i < r->m->n_containers; i++) {
		const struct ins_container sum = ins_scope__container(r->m, i), *c = &sum;

		if ((r->m->lens && !c->n_events) ||
		    (r->scope.kind == OF_CONTAINER && !ins_scope__has_container(r->m, r->scope, i)) ||
		    !line(r, "Containers", "container | id | image | began | ended | processes | events"))
			continue;
		put_container(r, i);
		bar(r);
		put(r, c->id, strlen(c->id));
		bar(r);
		put_id(r, c->image);
		bar(r);
		put_time(r, c->start);
		bar(r);
		put_time(r, c->ended ? c->end : 0);
		buf__printf(r->out, " | %u | %llu", c->n_procs, (unsigned long long)c->n_events);
		end_line(r);
	}
	end_section(r);
}

/* In a block of code nothing is markup; a line of it must only not end the block. */
static void tree_line(struct report *r, uint32_t i, unsigned depth)
{
	const struct ins_proc *p = &r->m->procs[i];
	struct ins_out o = { 0 };
	struct buf safe = { 0 };
	char dur[16], user[16];

	if (r->n == 0)
		buf__puts(r->out, "\n## Processes\n\n```\n");
	if (r->n++ >= MOST)
		return;
	ins_cell__exit(r->m, &o, p);
	text__safe(&safe, ins_model__str(r->m, p->cmdline ? p->cmdline : p->comm),
		   ins_model__fstr(r->m, p->cmdline ? p->cmdline : p->comm)->len);
	buf__printf(r->out, "%7d %-8.8s %6s %-5.*s %*s", p->pid,
		    ins_model__user(r->m, p->container, p->uid, user),
		    ins_dur__text(ins_proc__life(r->m, p), dur), (int)o.text.len,
		    o.text.len ? (char *)o.text.p : "", (int)depth * 2, "");
	buf__add(r->out, safe.p, safe.len);
	buf__puts(r->out, "\n");
	buf__done(&safe);
	buf__done(&o.text);
}

/* What is to be shown: what did something, and what leads there. */
static void mark_shown(const struct report *r, uint8_t *shown)
{
	for (uint32_t i = 0; i < r->m->n_procs; i++) {
		const struct ins_proc *p = &r->m->procs[i];

		if (!has_proc(r, i) || !p->n_events)
			continue;
		for (uint32_t k = i, d = 0; k != INS_NONE && d < DEEPEST && !shown[k];
		     k = r->m->procs[k].parent, d++)
			shown[k] = 1;
	}
}

static void tree(struct report *r)
{
	uint32_t n = r->m->n_procs, stack[DEEPEST];
	uint32_t *first = xmalloc((n + 1) * sizeof(*first)), *next = xmalloc((n + 1) * sizeof(*next));
	uint8_t *shown = xcalloc(n + 1, 1);

	mark_shown(r, shown);
	for (uint32_t i = 0; i <= n; i++)
		first[i] = INS_NONE;
	for (uint32_t i = n; i-- > 0;) {
		uint32_t up = r->m->procs[i].parent, *at = &first[up < n && up != i && shown[up] ? up : n];

		next[i] = *at;
		*at = i;
	}
	stack[0] = first[n];
	for (unsigned depth = 1; depth;) {
		uint32_t i = stack[depth - 1];

		if (i == INS_NONE) {
			depth--;
			continue;
		}
		stack[depth - 1] = next[i];
		if (!shown[i])
			continue;
		shown[i] = 0;		/* a ring of parents ends here */
		tree_line(r, i, depth - 1);
		if (depth < DEEPEST)
			stack[depth++] = first[i];
	}
	if (r->n)
		buf__puts(r->out, "```\n");
	end_section(r);
	free(first);
	free(next);
	free(shown);
}

static void commands(struct report *r)
{
	char tty[16];

	for (uint32_t i = 0; i < r->m->n_cmds; i++) {
		const struct ins_cmd *c = &r->m->cmds[i];

		if (!c->counted || !has_proc(r, c->proc) ||
		    !line(r, "Commands", "time | user | container | terminal | started by | command"))
			continue;
		put_time(r, c->ts);
		bar(r);
		put_user(r, r->m->procs[c->proc].container, c->uid);
		bar(r);
		put_container(r, r->m->procs[c->proc].container);
		buf__printf(r->out, " | %s | ", ins_tty__text(c->tty, tty));
		put_proc(r, c->parent);
		bar(r);
		put_id(r, c->cmdline);
		end_line(r);
	}
	end_section(r);
}

/* What was only read is left out: programs read hundreds of files. What was refused is in. */
static void files(struct report *r)
{
	const uint32_t told = FOP_WRITE | FOP_CREATE | FOP_DELETE | FOP_RENAME | FOP_EXEC | FOP_ATTR | FOP_FAIL;
	struct ins_out o = { 0 };

	for (uint32_t i = 0; i < r->m->n_files; i++) {
		const struct ins_file *f = &r->m->files[i];

		if (!f->n_ops || !(f->ops & told) || !ins_set__has(&r->files, i) ||
		    !line(r, "Files changed, executed, refused", "first | done | written | container | file"))
			continue;
		put_time(r, f->first_ts);
		bar(r);
		ins_cell__ops(&o, f->ops);
		put_cell(r, &o);
		bar(r);
		ins_cell__size(&o, f->wr);
		put_cell(r, &o);
		bar(r);
		put_container(r, f->container);
		bar(r);
		put_id(r, f->path);
		end_line(r);
	}
	if (r->n)
		buf__puts(r->out, "\nr read, w written, c created, d deleted, m moved, a mode or owner changed, "
				  "x executed, ! refused.\n");
	end_section(r);
	buf__done(&o.text);
}

/* Connections alike: the same process, ends and outcome, but for the port of the side that came. */
struct group {
	uint32_t conn;		/* the first */
	uint32_t n;
	uint64_t in, out;
};

static uint32_t kind_of(const struct report *r, struct strtab *kinds, const struct ins_conn *c, struct ins_out *o)
{
	uint32_t id;

	o->text.len = 0;
	buf__printf(&o->text, "%u %u %u ", c->proc, c->dir, c->failed);
	if (c->dir == CONN_IN && (c->tuple.family == AF_INET || c->tuple.family == AF_INET6)) {
		buf__add(&o->text, c->tuple.cip, sizeof(c->tuple.cip));
		ins_cell__local(r->m, o, c);
	} else {
		buf__puts(&o->text, ins_model__str(r->m, c->name));
	}
	id = strtab__add(kinds, (char *)o->text.p, (uint32_t)o->text.len, (uint32_t)o->text.len);
	o->text.len = 0;
	return id;
}

static struct group *group_conns(struct report *r, uint32_t *ret_n)
{
	struct strtab kinds = { 0 };
	struct ins_out o = { 0 };
	struct group *g = NULL;
	size_t cap = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->m->n_conns; i++) {
		const struct ins_conn *c = &r->m->conns[i];
		uint32_t k;

		if (!ins_scope__has_conn(r->m, r->scope, &r->procs, i) || (r->m->lens && !c->n_events))
			continue;
		k = kind_of(r, &kinds, c, &o);
		if (k > n) {
			g = xgrow(g, &cap, k, sizeof(*g));
			g[n++] = (struct group){ .conn = i };
		}
		g[k - 1].n++;
		g[k - 1].in += c->in;
		g[k - 1].out += c->out;
	}
	strtab__done(&kinds);
	buf__done(&o.text);
	*ret_n = n;
	return g;
}

static void connections(struct report *r)
{
	static const char *const words[] = { "out", "in", "listens", "?" };
	struct ins_out o = { 0 };
	uint32_t n;
	struct group *groups = group_conns(r, &n);

	for (uint32_t i = 0; i < n; i++) {
		const struct group *g = &groups[i];
		const struct ins_conn *c = &r->m->conns[g->conn];

		if (!line(r, "Connections", "first | direction | protocol | other end | this end | times | received "
					    "| sent | process"))
			continue;
		put_time(r, c->before ? 0 : c->first_ts);
		buf__printf(r->out, " | %s%s | %s | ", words[c->dir], c->failed ? ", failed" : "",
			    ins_tuple__proto(&c->tuple, c->fd_type));
		ins_cell__remote(r->m, &o, c);
		put_cell(r, &o);
		bar(r);
		ins_cell__local(r->m, &o, c);
		put_cell(r, &o);
		buf__printf(r->out, " | %u | ", g->n);
		ins_cell__size(&o, g->in);
		put_cell(r, &o);
		bar(r);
		ins_cell__size(&o, g->out);
		put_cell(r, &o);
		bar(r);
		put_proc(r, c->proc);
		end_line(r);
	}
	end_section(r);
	free(groups);
	buf__done(&o.text);
}

static void names(struct report *r)
{
	for (uint32_t i = 0; i < r->m->n_names; i++) {
		const struct ins_name *n = &r->m->names[i];

		if (!n->first_num || !has_proc(r, n->proc) ||
		    !line(r, "Names asked for", "first | name | asked | answer | container | process"))
			continue;
		put_time(r, n->first_ts);
		bar(r);
		put_id(r, n->name);
		buf__printf(r->out, " | %u | ", n->asked);
		put_id(r, n->addresses);
		bar(r);
		put_container(r, n->container);
		bar(r);
		put_proc(r, n->proc);
		end_line(r);
	}
	end_section(r);
}

static void missing(struct report *r)
{
	const struct ins_trace *t = r->ui->trace;
	char n[32];

	buf__puts(r->out, "\n## What is not in the trace\n\n");
	for (uint32_t i = 0; i < r->m->n_losses && i < MOST; i++) {
		const struct ins_loss *l = &r->m->losses[i];

		buf__printf(r->out, "- %s events lost from ", text__count(l->n, n));
		put_time(r, l->from);
		buf__puts(r->out, " to ");
		put_time(r, l->to);
		buf__printf(r->out, l->cpu >= 0 ? " on cpu %d\n" : "\n", l->cpu);
	}
	if (!t->n_lost)
		buf__puts(r->out, "- No loss of events was stated.\n");
	if (t->damaged) {
		buf__printf(r->out, "- %u places cannot be read; the first: ", t->damaged);
		put(r, t->damage, strlen(t->damage));
		buf__puts(r->out, "\n");
	}
	if (!t->complete)
		buf__puts(r->out, "- The trace was not closed by its writer: it ends early, or goes on.\n");
	if (t->meta.snaplen)
		buf__printf(r->out, "- Of what was read and written, the first %u bytes of each call were kept.\n",
			    t->meta.snaplen);
	if (!t->meta.noise)
		buf__puts(r->out, "- Calls that are frequent and say little were counted, not recorded.\n");
}

void ins_report__make(struct ins_ui *ui, struct buf *out)
{
	struct report r = { .ui = ui, .m = ins_ui__model(ui), .out = out, .scope = ins_ui__top(ui)->scope };

	ins_scope__procs(r.m, r.scope, &r.procs);
	ins_scope__files(r.m, r.scope, &r.files);
	head(&r);
	findings(&r);
	notes(&r);
	containers(&r);
	tree(&r);
	commands(&r);
	files(&r);
	connections(&r);
	names(&r);
	missing(&r);
	ins_set__done(&r.procs);
	ins_set__done(&r.files);
}

int ins_report__save(struct ins_ui *ui, const char *path, struct err *err)
{
	struct buf out = { 0 };
	char n[32];
	int fd, r;

	if (!ins_ui__model(ui)->done)
		return err__set(err, -FMT_E_VALUE, "the trace is still being read: wait until that is through");
	fd = ins_save__new_file(path, err);
	if (fd < 0)
		return fd;
	ins_report__make(ui, &out);
	r = ins_save__write(fd, path, out.p, out.len, err);
	close(fd);
	if (r < 0)
		unlink(path);
	else
		ins_ui__message(ui, ST_GOOD, "%s: %s", path, text__size(out.len, n));
	buf__done(&out);
	return r;
}
