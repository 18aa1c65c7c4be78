// SPDX-License-Identifier: Apache-2.0
/*
 * The first screen: what this is, what was found, and how much of what there is, each leading to
 * its view.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format/base/text.h"
#include "inspect/model/events/evtext.h"
#include "inspect/view/page/asked.h"
#include "inspect/view/common.h"
#include "inspect/view/page/tiles.h"

#define FEW 5u

/* "2026-11-27 14:03:07 +0100", in the reader's time zone as all times are. */
static void put_date(struct ins_page *p, uint64_t ns)
{
	time_t s = (time_t)(ns / 1000000000u);
	struct tm tm;
	char text[64];

	if (ns && localtime_r(&s, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z", &tm))
		ins_page__printf(p, ST_TIME, "%s", text);
}

static void put_host(struct ins_ui *ui, struct ins_page *p, unsigned machine)
{
	const struct fmt_meta *m = ins_trace__machine(ui->trace, machine);
	char size[32];
	int x;

	ins_page__label(p, "host");
	x = p->x;
	ins_page__printf(p, ST_STRONG, "%s", m->hostname[0] ? m->hostname : "unknown");
	if (ui->trace->n_machines > 1)
		ins_page__link(p, x, ins_to(OF_CONTAINER, machine, VIEW_OBJECT));
	if (m->os[0])
		ins_page__printf(p, ST_TEXT, "  %s", m->os);
	if (m->kernel[0])
		ins_page__printf(p, ST_DIM, "  %s %s", m->kernel, m->arch);
	if (m->n_cpus)
		ins_page__printf(p, ST_DIM, "  %u cpus", m->n_cpus);
	if (m->memory)
		ins_page__printf(p, ST_DIM, "  %s", text__size(m->memory, size));
}

static void put_recording(struct ins_ui *ui, struct ins_page *p)
{
	const struct ins_trace *t = ui->trace;
	char dur[16];

	ins_page__label(p, "recorded");
	put_date(p, t->meta.start_ns ? t->meta.start_ns : t->t_first);
	ins_page__printf(p, ST_TEXT, "  for %s", ins_dur__text(t->t_last - t->t_first, dur));
	if (t->meta.tool[0])
		ins_page__printf(p, ST_DIM, "  by %s%s%s", t->meta.tool,
				 t->meta.driver[0] ? ", " : "", t->meta.driver);
	if (t->meta.command[0]) {
		ins_page__label(p, "by command");
		ins_page__wrap(p, ST_TEXT, t->meta.command, strlen(t->meta.command));
	}
	if (t->meta.reason[0]) {
		ins_page__label(p, "because");
		ins_page__wrap(p, ST_WARN, t->meta.reason, strlen(t->meta.reason));
	}
}

static void put_file(struct ins_ui *ui, struct ins_page *p)
{
	const struct ins_trace *t = ui->trace;
	const struct ins_model *m = ins_ui__model(ui);
	uint64_t lost = t->n_lost > m->total[MET_LOST] ? t->n_lost : m->total[MET_LOST];
	char n[32], size[32];
	int x;

	ins_page__label(p, "trace");
	x = p->x;
	ins_page__printf(p, ST_STRONG, "%s events", text__count(t->n_listed, n));
	ins_page__link(p, x, ins_to(OF_ALL, 0, VIEW_EVENTS));
	if (t->bytes) {
		ins_page__printf(p, ST_TEXT, "  %s", text__size(t->bytes, size));
		if (t->n_events)
			ins_page__printf(p, ST_DIM, "  %.1f bytes each",
					 (double)t->bytes / (double)t->n_events);
	}
	if (lost)
		ins_page__printf(p, ST_BAD, "  %s events lost", text__count(lost, n));
	else
		ins_page__printf(p, ST_GOOD, "  none lost");
	if (t->damaged) {
		ins_page__label(p, "damage");
		ins_page__printf(p, ST_BAD, "%u places cannot be read; the first: ", t->damaged);
		ins_page__wrap(p, ST_BAD, t->damage, strlen(t->damage));
	} else if (!t->complete) {
		ins_page__label(p, "unfinished");
		ins_page__printf(p, ST_WARN, "it was not closed: still being written (r "
					     "follows it), or cut off");
	}
	if (m->left_out) {
		ins_page__label(p, "left out");
		ins_page__printf(p, ST_WARN, "%s objects over the limits of the tables; a filter "
					     "or a time range brings "
					     "others", text__count(m->left_out, n));
	}
}

/* --- findings -------------------------------------------------------------------------------- */

static int by_severity(const void *a, const void *b)
{
	const struct ins_alert *x = *(const struct ins_alert *const *)a;
	const struct ins_alert *y = *(const struct ins_alert *const *)b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	return x->num < y->num ? -1 : x->num > y->num;
}

static void put_findings(struct ins_ui *ui, struct ins_page *p)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct ins_alert **list;
	char title[64], n[32];

	if (!m->n_alerts)
		return;
	list = xmalloc(m->n_alerts * sizeof(*list));
	for (uint32_t i = 0; i < m->n_alerts; i++)
		list[i] = &m->alerts[i];
	qsort(list, m->n_alerts, sizeof(*list), by_severity);
	snprintf(title, sizeof(title), "Findings (%s)", text__count(m->n_alerts, n));
	ins_page__title(p, title);
	for (uint32_t i = 0; i < m->n_alerts && i < FEW; i++)
		ins_page__alert_line(ui, p, (uint32_t)(list[i] - m->alerts));
	ins_page__more(p, m->n_alerts > FEW ? m->n_alerts - FEW : 0,
		       ins_to(OF_ALL, 0, VIEW_ALERTS));
	free(list);
}

/* --- the busiest ----------------------------------------------------------------------------- */

static void put_containers(struct ins_ui *ui, struct ins_page *p)
{
	const struct ins_model *m = ins_ui__model(ui);
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n_containers; i++) {
		const struct ins_container *c = &m->containers[i];
		char text[16];
		int x;

		if (c->is_host || (m->lens && !c->n_events))
			continue;
		if (!n++)
			ins_page__title(p, "Containers");
		if (n > FEW)
			continue;
		ins_page__line(p);
		x = p->x + 1;
		ins_page__to(p, x);
		ins_page__printf(p, ST_CONTAINER, "%-16s", ins_model__container_name(m, i));
		if (ui->trace->n_machines > 1)
			ins_page__printf(p, ST_DIM, " on %s",
					 ins_model__container_name(m, ins_model__host_of(m, i)));
		ins_page__printf(p, ST_TEXT, " %5s events", ins_short__text(c->n_events, text));
		ins_page__printf(p, ST_TEXT, " %5s processes", ins_short__text(c->n_procs, text));
		if (c->n_alerts)
			ins_page__printf(p, ST_BAD, " %5s alerts",
					 ins_short__text(c->n_alerts, text));
		if (c->pod)
			ins_page__printf(p, ST_TEXT, "  pod %s", ins_model__str(m, c->pod));
		if (c->image)
			ins_page__printf(p, ST_DIM, "  %s", ins_model__str(m, c->image));
		if (c->ended)
			ins_page__printf(p, ST_DIM, "  ended");
		ins_page__link(p, x, ins_to(OF_CONTAINER, i, VIEW_OBJECT));
	}
	ins_page__more(p, n > FEW ? n - FEW : 0, ins_to(OF_ALL, 0, VIEW_CONTAINERS));
}

static void put_busiest(struct ins_ui *ui, struct ins_page *p)
{
	const struct ins_model *m = ins_ui__model(ui);
	uint32_t best[FEW], n = 0;

	for (uint32_t i = 0; i < m->n_procs; i++) {
		uint32_t at = n < FEW ? n++ : FEW;

		if (!m->procs[i].n_events) {
			n -= at < FEW;
			continue;
		}
		if (at == FEW && m->procs[best[FEW - 1]].n_events >= m->procs[i].n_events)
			continue;
		at = at == FEW ? FEW - 1 : at;
		while (at && m->procs[best[at - 1]].n_events < m->procs[i].n_events) {
			best[at] = best[at - 1];
			at--;
		}
		best[at] = i;
	}
	if (n)
		ins_page__title(p, "Busiest processes");
	for (uint32_t i = 0; i < n; i++)
		ins_page__proc_line(ui, p, best[i]);
}

static void build(struct ins_ui *ui, struct ins_frame *f, struct ins_page *p)
{
	(void)f;
	for (unsigned k = 0; k < ui->trace->n_machines && k < FEW; k++)
		put_host(ui, p, k);
	ins_page__more(p, ui->trace->n_machines > FEW ? ui->trace->n_machines - FEW : 0,
		       ins_to(OF_ALL, 0, VIEW_CONTAINERS));
	put_recording(ui, p);
	put_file(ui, p);
	ins_asked__triggers(ui, p);
	put_findings(ui, p);
	ins_asked__deeds(ui, p);
	ins_asked__audit(ui, p);
	ins_tiles__put(ui, p, (struct ins_scope){ OF_ALL, 0 });
	put_containers(ui, p);
	put_busiest(ui, p);
}

static const struct ins_page_ops ops = { .build = build };

const struct ins_view ins_view_overview = {
	.name = "overview", .tab = "Overview", .shorttab = "Over",
	.about = "What was recorded, where and when; what was found in it; and how much of "
		 "everything there is, with its course over time. Enter leads from each to its "
		 "list.",
	.where = WHERE_PAGE,
	INS_PAGE_FUNCTIONS,
	.page = &ops,
};
