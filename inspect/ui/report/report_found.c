// SPDX-License-Identifier: Apache-2.0
/* What was found, who had it kept, what was done about it, and what a reader noted. */
#include <string.h>

#include "engine/rules/rules.h"
#include "inspect/model/events/evtext.h"
#include "inspect/ui/report/report_internal.h"

void report__findings(struct report *r)
{
	for (uint32_t i = 0; i < r->m->n_alerts; i++) {
		const struct ins_alert *a = &r->m->alerts[i];

		if (!report__has_proc(r, a->proc) ||
		    !report__line(r, "Findings", "time | priority | rule | container | process | event | what"))
			continue;
		report__put_time(r, a->ts);
		report__bar(r);
		buf__puts(r->out, eng_priority__name((enum eng_priority)a->priority));
		report__bar(r);
		report__put_id(r, a->rule);
		report__bar(r);
		report__put_container(r, a->container);
		report__bar(r);
		report__put_proc(r, a->proc);
		buf__printf(r->out, " | %llu | ", (unsigned long long)a->num);
		report__put_id(r, a->text);
		report__end_line(r);
	}
	report__end_section(r);
}

/* Who had this kept, and why: of the whole trace, since a container's file is there because of it. */
void report__asked(struct report *r)
{
	char before[16], after[16];

	for (uint32_t i = 0; i < r->m->n_triggers; i++) {
		const struct ins_trigger *t = &r->m->triggers[i];
		const uint32_t cells[] = { t->by, t->who, t->reason, t->rule };

		if (!report__line(r, "Asked to keep this", "time | by | who | reason | rule | of | kept | file"))
			continue;
		report__put_time(r, t->ts);
		for (unsigned k = 0; k < sizeof(cells) / sizeof(*cells); k++) {
			report__bar(r);
			report__put_id(r, cells[k]);
		}
		report__bar(r);
		if (t->container < r->m->n_containers)
			report__put_container(r, t->container);
		else if (t->id)
			report__put_id(r, t->id);
		else
			buf__puts(r->out, "the whole host");
		buf__printf(r->out, " | %s before, %s after | ", ins_dur__text(t->before, before),
			    ins_dur__text(t->after, after));
		if (t->file)
			report__put_id(r, t->file);
		else
			buf__puts(r->out, "refused");
		report__end_line(r);
	}
	report__end_section(r);
}

void report__done(struct report *r)
{
	for (uint32_t i = 0; i < r->m->n_deeds; i++) {
		const struct ins_deed *d = &r->m->deeds[i];
		const uint32_t cells[] = { d->result, d->name, d->object, d->text, d->playbook };

		if (!report__line(r, "Done by playbooks", "time | result | action | object | what | playbook"))
			continue;
		report__put_time(r, d->ts);
		for (unsigned k = 0; k < sizeof(cells) / sizeof(*cells); k++) {
			report__bar(r);
			report__put_id(r, cells[k]);
		}
		report__end_line(r);
	}
	report__end_section(r);
}

void report__notes(struct report *r)
{
	const struct ins_notes *notes = &r->ui->notes;

	for (uint32_t i = 0; i < notes->n; i++) {
		const struct ins_note *n = &notes->v[i];

		if (!ins_lens__has_time(&r->ui->lens, n->ts) || !report__line(r, "Notes", "time | about | note"))
			continue;
		report__put_time(r, n->ts);
		report__bar(r);
		report__put(r, n->about, strlen(n->about));
		report__bar(r);
		report__put(r, n->text, strlen(n->text));
		report__end_line(r);
	}
	report__end_section(r);
}

/* Of the whole trace only: which part of it they were about is not known here. */
void report__audit(struct report *r)
{
	if (r->scope.kind != OF_ALL)
		return;
	for (uint32_t i = 0; i < r->m->n_askers; i++) {
		const struct ins_asker *a = &r->m->askers[i];

		if (!report__line(r, "Users in the audit log of Kubernetes", "user | entries"))
			continue;
		if (a->user)
			report__put_id(r, a->user);
		else
			buf__puts(r->out, "(none is named)");
		buf__printf(r->out, " | %llu", (unsigned long long)a->n);
		report__end_line(r);
	}
	report__end_section(r);
}
