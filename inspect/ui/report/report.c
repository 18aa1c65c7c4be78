// SPDX-License-Identifier: Apache-2.0
/*
 * The sections answer, in this order, what a reader asks: what is this, why is it here, what was found, what was done
 * about it, what was noted, where, what ran, what was changed, who was talked to, what is missing.
 */
#include <string.h>
#include <unistd.h>

#include "format/base/text.h"
#include "inspect/ui/report/report_internal.h"
#include "inspect/ui/report/save.h"

void report__put(struct report *r, const char *text, size_t n)
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

void report__put_id(struct report *r, uint32_t str)
{
	const struct fmt_str *s = ins_model__fstr(r->m, str);

	report__put(r, s->p, s->len);
}

void report__put_time(struct report *r, uint64_t ts)
{
	char text[40];

	if (ts)
		buf__printf(r->out, "%.12s", text__clock(ts, text));
}

void report__put_proc(struct report *r, uint32_t proc)
{
	if (proc >= r->m->n_procs)
		return;
	report__put_id(r, r->m->procs[proc].comm);
	buf__printf(r->out, "\\[%d\\]", r->m->procs[proc].pid);
}

void report__put_container(struct report *r, uint32_t container)
{
	const char *name = ins_model__container_name(r->m, container);

	report__put(r, name, strlen(name));
}

void report__put_user(struct report *r, uint32_t container, uint32_t uid)
{
	char text[16];
	const char *name = ins_model__user(r->m, container, uid, text);

	report__put(r, name, strlen(name));
}

void report__put_cell(struct report *r, struct ins_out *o)
{
	if (o->text.len)
		report__put(r, (char *)o->text.p, o->text.len);
	o->text.len = 0;
}

void report__bar(struct report *r)
{
	buf__puts(r->out, " | ");
}

bool report__line(struct report *r, const char *title, const char *head)
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

void report__end_line(struct report *r)
{
	buf__puts(r->out, " |\n");
}

void report__end_section(struct report *r)
{
	if (r->n > MOST)
		buf__printf(r->out, "\nand %u more\n", r->n - MOST);
	r->n = 0;
}

bool report__has_proc(const struct report *r, uint32_t proc)
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
	report__put(r, t->name, strlen(t->name));
	buf__puts(r->out, "\n\n");
	if (m->hostname[0]) {
		buf__puts(r->out, "- host: ");
		report__put(r, m->hostname, strlen(m->hostname));
		buf__puts(r->out, ", ");
		report__put(r, m->os, strlen(m->os));
		buf__puts(r->out, " ");
		report__put(r, m->kernel, strlen(m->kernel));
		buf__puts(r->out, "\n");
	}
	buf__printf(r->out, "- recorded: %s to %s\n", text__iso(t->t_first, "Z", from),
		    text__iso(t->t_last, "Z", to));
	if (m->reason[0]) {
		buf__puts(r->out, "- because: ");
		report__put(r, m->reason, strlen(m->reason));
		buf__puts(r->out, "\n");
	}
	buf__printf(r->out, "- events: %s", text__count(t->n_listed, n));
	buf__printf(r->out, ", lost: %s\n", text__count(t->n_lost, n));
	if (m->uuid[0]) {
		buf__puts(r->out, "- trace: ");
		report__put(r, m->uuid, strlen(m->uuid));
		buf__puts(r->out, "\n");
	}
	ins_scope__name(r->m, r->scope, &name);
	if (name.len) {
		buf__puts(r->out, "- only: ");
		report__put(r, (char *)name.p, name.len);
		buf__puts(r->out, "\n");
	}
	if (r->ui->cond) {
		buf__puts(r->out, "- filter: ");
		report__put(r, r->ui->cond->text, strlen(r->ui->cond->text));
		buf__puts(r->out, "\n");
	}
	if (r->ui->lens.to)
		buf__printf(r->out, "- time: %s to %s\n", text__iso(r->ui->lens.from, "Z", from),
			    text__iso(r->ui->lens.to, "Z", to));
	buf__puts(r->out, "\nTimes below are local to where this was written.\n");
	buf__done(&name);
}

static void missing(struct report *r)
{
	const struct ins_trace *t = r->ui->trace;
	char n[32];

	buf__puts(r->out, "\n## What is not in the trace\n\n");
	for (uint32_t i = 0; i < r->m->n_losses && i < MOST; i++) {
		const struct ins_loss *l = &r->m->losses[i];

		buf__printf(r->out, "- %s events lost from ", text__count(l->n, n));
		report__put_time(r, l->from);
		buf__puts(r->out, " to ");
		report__put_time(r, l->to);
		buf__printf(r->out, l->cpu >= 0 ? " on cpu %d\n" : "\n", l->cpu);
	}
	if (!t->n_lost)
		buf__puts(r->out, "- No loss of events was stated.\n");
	if (t->damaged) {
		buf__printf(r->out, "- %u places cannot be read; the first: ", t->damaged);
		report__put(r, t->damage, strlen(t->damage));
		buf__puts(r->out, "\n");
	}
	if (!t->complete)
		buf__puts(r->out, "- The trace was not closed by its writer: it ends early, or goes on.\n");
	if (t->meta.snaplen)
		buf__printf(r->out, "- Of what was read and written, the first %u bytes of each call were kept.\n",
			    t->meta.snaplen);
	if (*t->meta.snaplen_for) {
		buf__puts(r->out, "- Other numbers of bytes were kept of these, the first that fits a call counts: ");
		report__put(r, t->meta.snaplen_for, strlen(t->meta.snaplen_for));
		buf__puts(r->out, "\n");
	}
	if (!t->meta.noise)
		buf__puts(r->out, "- Calls that are frequent and say little were counted, not recorded.\n");
	if (t->meta.no_durations)
		buf__puts(r->out, "- How long calls took was not recorded.\n");
}

void ins_report__make(struct ins_ui *ui, struct buf *out)
{
	struct report r = { .ui = ui, .m = ins_ui__model(ui), .out = out, .scope = ins_ui__top(ui)->scope };

	ins_scope__procs(r.m, r.scope, &r.procs);
	ins_scope__files(r.m, r.scope, &r.files);
	head(&r);
	report__asked(&r);
	report__findings(&r);
	report__done(&r);
	report__notes(&r);
	report__audit(&r);
	report__containers(&r);
	report__tree(&r);
	report__commands(&r);
	report__files(&r);
	report__connections(&r);
	report__names(&r);
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
