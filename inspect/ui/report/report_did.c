// SPDX-License-Identifier: Apache-2.0
/* What ran, what it changed, and whom it talked to. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "format/base/text.h"
#include "inspect/model/events/evtext.h"
#include "inspect/ui/report/report_internal.h"

#define DEEPEST 40u		/* levels of the tree */

void report__containers(struct report *r)
{
	for (uint32_t i = 0; i < r->m->n_containers; i++) {
		const struct ins_container sum = ins_scope__container(r->m, i), *c = &sum;

		if ((r->m->lens && !c->n_events) ||
		    (r->scope.kind == OF_CONTAINER && !ins_scope__has_container(r->m, r->scope, i)) ||
		    !report__line(r, "Containers", "container | pod | id | image | began | ended | processes | events"))
			continue;
		report__put_container(r, i);
		report__bar(r);
		report__put_id(r, c->pod);
		report__bar(r);
		report__put(r, c->id, strlen(c->id));
		report__bar(r);
		report__put_id(r, c->image);
		report__bar(r);
		report__put_time(r, c->start);
		report__bar(r);
		report__put_time(r, c->ended ? c->end : 0);
		buf__printf(r->out, " | %u | %llu", c->n_procs, (unsigned long long)c->n_events);
		report__end_line(r);
	}
	report__end_section(r);
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
	if (p->came && (p->parent >= r->m->n_procs || r->m->procs[p->parent].came != p->came)) {
		buf__puts(&safe, "  came in by ");
		text__safe(&safe, ins_model__str(r->m, p->came), ins_model__fstr(r->m, p->came)->len);
	}
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

		if (!report__has_proc(r, i) || !p->n_events)
			continue;
		for (uint32_t k = i, d = 0; k != INS_NONE && d < DEEPEST && !shown[k];
		     k = r->m->procs[k].parent, d++)
			shown[k] = 1;
	}
}

void report__tree(struct report *r)
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
	report__end_section(r);
	free(first);
	free(next);
	free(shown);
}

void report__commands(struct report *r)
{
	char tty[16];

	for (uint32_t i = 0; i < r->m->n_cmds; i++) {
		const struct ins_cmd *c = &r->m->cmds[i];

		if (!c->counted || !report__has_proc(r, c->proc) ||
		    !report__line(r, "Commands", "time | user | container | terminal | started by | command"))
			continue;
		report__put_time(r, c->ts);
		report__bar(r);
		report__put_user(r, r->m->procs[c->proc].container, c->uid);
		report__bar(r);
		report__put_container(r, r->m->procs[c->proc].container);
		buf__printf(r->out, " | %s | ", ins_tty__text(c->tty, tty));
		report__put_proc(r, c->parent);
		report__bar(r);
		report__put_id(r, c->cmdline);
		report__end_line(r);
	}
	report__end_section(r);
}

/* What was only read is left out: programs read hundreds of files. What was refused is in. */
void report__files(struct report *r)
{
	const uint32_t told = FOP_WRITE | FOP_CREATE | FOP_DELETE | FOP_RENAME | FOP_EXEC | FOP_ATTR | FOP_FAIL;
	struct ins_out o = { 0 };

	for (uint32_t i = 0; i < r->m->n_files; i++) {
		const struct ins_file *f = &r->m->files[i];

		if (!f->n_ops || !(f->ops & told) || !ins_set__has(&r->files, i) ||
		    !report__line(r, "Files changed, executed, refused", "first | done | written | container | file"))
			continue;
		report__put_time(r, f->first_ts);
		report__bar(r);
		ins_cell__ops(&o, f->ops);
		report__put_cell(r, &o);
		report__bar(r);
		ins_cell__size(&o, f->wr);
		report__put_cell(r, &o);
		report__bar(r);
		report__put_container(r, f->container);
		report__bar(r);
		report__put_id(r, f->path);
		report__end_line(r);
	}
	if (r->n)
		buf__puts(r->out, "\nr read, w written, c created, d deleted, m moved, a mode or owner changed, "
				  "x executed, ! refused.\n");
	report__end_section(r);
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

void report__connections(struct report *r)
{
	static const char *const words[] = { "out", "in", "listens", "?" };
	struct ins_out o = { 0 };
	uint32_t n;
	struct group *groups = group_conns(r, &n);

	for (uint32_t i = 0; i < n; i++) {
		const struct group *g = &groups[i];
		const struct ins_conn *c = &r->m->conns[g->conn];

		if (!report__line(r, "Connections", "first | direction | protocol | other end | this end | times | received "
					    "| sent | process"))
			continue;
		report__put_time(r, c->before ? 0 : c->first_ts);
		buf__printf(r->out, " | %s%s | %s | ", words[c->dir], c->failed ? ", failed" : "",
			    ins_tuple__proto(&c->tuple, c->fd_type));
		ins_cell__remote(r->m, &o, c);
		report__put_cell(r, &o);
		report__bar(r);
		ins_cell__local(r->m, &o, c);
		report__put_cell(r, &o);
		buf__printf(r->out, " | %u | ", g->n);
		ins_cell__size(&o, g->in);
		report__put_cell(r, &o);
		report__bar(r);
		ins_cell__size(&o, g->out);
		report__put_cell(r, &o);
		report__bar(r);
		report__put_proc(r, c->proc);
		report__end_line(r);
	}
	report__end_section(r);
	free(groups);
	buf__done(&o.text);
}

void report__names(struct report *r)
{
	for (uint32_t i = 0; i < r->m->n_names; i++) {
		const struct ins_name *n = &r->m->names[i];

		if (!n->first_num || !report__has_proc(r, n->proc) ||
		    !report__line(r, "Names asked for", "first | name | asked | answer | container | process"))
			continue;
		report__put_time(r, n->first_ts);
		report__bar(r);
		report__put_id(r, n->name);
		buf__printf(r->out, " | %u | ", n->asked);
		report__put_id(r, n->addresses);
		report__bar(r);
		report__put_container(r, n->container);
		report__bar(r);
		report__put_proc(r, n->proc);
		report__end_line(r);
	}
	report__end_section(r);
}
