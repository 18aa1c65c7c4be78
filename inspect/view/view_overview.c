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
#include "inspect/model/evtext.h"
#include "inspect/model/kinds.h"
#include "inspect/view/common.h"

#define FEW 5u
#define TILE_W 39

/* "2026-11-27 14:03:07 +0100", in the reader's time zone as all times are. */
static void put_date(struct ins_page *p, uint64_t ns)
{
	time_t s = (time_t)(ns / 1000000000u);
	struct tm tm;
	char text[64];

	if (ns && localtime_r(&s, &tm) && strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S %z", &tm))
		ins_page__printf(p, ST_TIME, "%s", text);
}

static void put_host(struct ins_ui *ui, struct ins_page *p)
{
	const struct fmt_meta *m = &ui->trace->meta;
	char size[32];

	ins_page__label(p, "host");
	ins_page__printf(p, ST_STRONG, "%s", m->hostname[0] ? m->hostname : "unknown");
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
		ins_page__printf(p, ST_WARN, "it was not closed: still being written (r looks "
					     "again), or cut off");
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

/* --- tiles ----------------------------------------------------------------------------------- */

struct tile {
	const char *label;
	uint64_t value;
	int style;
	enum ins_view_id view;
	int metric;		/* enum ins_metric whose course is drawn; -1: none */
	uint8_t only;		/* enum ins_only_kind */
};

static void put_tile(struct ins_ui *ui, struct ins_page *p, const struct tile *t)
{
	const struct ins_model *m = ins_ui__model(ui);
	struct ins_target to = ins_to(OF_ALL, 0, t->view);
	char n[32];
	int x = p->x;

	ins_page__printf(p, ST_LABEL, "%-14s", t->label);
	ins_page__printf(p, t->value ? t->style : ST_DIM, "%7s ", ins_short__text(t->value, n));
	if (t->metric >= 0)
		ins_page__graph(p, TILE_W - 24, ST_BAR, m->slots[t->metric], INS_SLOTS);
	to.only.kind = t->only;
	ins_page__link(p, x, to);
}

static uint32_t count_seen(const struct ins_model *m)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n_procs; i++)
		n += !m->lens || m->procs[i].n_events;
	return n;
}

static void put_tiles(struct ins_ui *ui, struct ins_page *p)
{
	const struct ins_model *m = ins_ui__model(ui);
	const struct tile tiles[] = {
		{ "commands", m->total[MET_COMMANDS], ST_STRONG, VIEW_COMMANDS, MET_COMMANDS, 0 },
		{ "on terminals", m->n_interactive, ST_WARN, VIEW_COMMANDS, -1, ONLY_TERMINAL },
		{ "dropped, run", m->n_dropped_exec, ST_BAD, VIEW_COMMANDS, -1, ONLY_DROPPED },
		{ "secrets read", ins_kind__files(m, ONLY_SECRETS), ST_BAD, VIEW_FILES, -1, ONLY_SECRETS },
		{ "system files", ins_kind__files(m, ONLY_SYSTEM), ST_WARN, VIEW_FILES, -1, ONLY_SYSTEM },
		{ "rights changed", m->total[MET_PRIVS], ST_WARN, VIEW_EVENTS, MET_PRIVS, ONLY_RIGHTS },
		{ "connects out", m->total[MET_CONNECTS], ST_STRONG, VIEW_CONNECTIONS, MET_CONNECTS,
		  ONLY_OUT },
		{ "connects in", m->total[MET_ACCEPTS], ST_STRONG, VIEW_CONNECTIONS, MET_ACCEPTS, ONLY_IN },
		{ "bytes sent", m->total[MET_OUT], ST_STRONG, VIEW_CONNECTIONS, MET_OUT, 0 },
		{ "received", m->total[MET_IN], ST_STRONG, VIEW_CONNECTIONS, MET_IN, 0 },
		{ "new listeners", ins_kind__conns(m, ONLY_LISTEN), ST_WARN, VIEW_CONNECTIONS, -1,
		  ONLY_LISTEN },
		{ "files written", ins_kind__files(m, ONLY_WRITTEN), ST_STRONG, VIEW_FILES, -1,
		  ONLY_WRITTEN },
		{ "files deleted", ins_kind__files(m, ONLY_DELETED), ST_WARN, VIEW_FILES, -1, ONLY_DELETED },
		{ "names changed", m->total[MET_CHANGED], ST_STRONG, VIEW_FILES, MET_CHANGED, 0 },
		{ "bytes written", m->total[MET_WRITTEN], ST_STRONG, VIEW_FILES, MET_WRITTEN, 0 },
		{ "bytes read", m->total[MET_READ], ST_STRONG, VIEW_FILES, MET_READ, 0 },
		{ "slow I/O", m->total[MET_SLOW], ST_WARN, VIEW_EVENTS, MET_SLOW, ONLY_SLOW },
		{ "failed calls", m->total[MET_ERRORS], ST_STRONG, VIEW_FAILURES, MET_ERRORS, 0 },
		{ "signals", m->total[MET_SIGNALS], ST_STRONG, VIEW_EVENTS, MET_SIGNALS, ONLY_SIGNALS },
		{ "processes", count_seen(m), ST_STRONG, VIEW_PROCESSES, -1, 0 },
	};
	unsigned n = sizeof(tiles) / sizeof(tiles[0]),
		per = p->width / TILE_W ? (unsigned)p->width / TILE_W : 1;

	ins_page__title(p, "Activity");
	for (unsigned i = 0; i < n; i++) {
		if (i % per == 0)
			ins_page__line(p);
		ins_page__to(p, 2 + (int)(i % per) * TILE_W);
		put_tile(ui, p, &tiles[i]);
	}
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

		if (m->lens && !c->n_events)
			continue;
		if (!n++)
			ins_page__title(p, "Containers");
		if (n > FEW)
			continue;
		ins_page__line(p);
		x = p->x + 1;
		ins_page__to(p, x);
		ins_page__printf(p, ST_CONTAINER, "%-16s", ins_model__container_name(m, i));
		ins_page__printf(p, ST_TEXT, " %5s events", ins_short__text(c->n_events, text));
		ins_page__printf(p, ST_TEXT, " %5s processes", ins_short__text(c->n_procs, text));
		if (c->n_alerts)
			ins_page__printf(p, ST_BAD, " %5s alerts",
					 ins_short__text(c->n_alerts, text));
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
	put_host(ui, p);
	put_recording(ui, p);
	put_file(ui, p);
	put_findings(ui, p);
	put_tiles(ui, p);
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
