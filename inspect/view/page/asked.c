// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "format/base/text.h"
#include "inspect/model/events/evtext.h"
#include "inspect/view/page/asked.h"
#include "inspect/view/common.h"

#define FEW 5u

/* The list of all events of a type, at one of them. */
static struct ins_target to_events(uint16_t type, uint64_t num)
{
	struct ins_target to = ins_to(OF_ALL, 0, VIEW_EVENTS);

	to.only = (struct ins_only){ .kind = ONLY_TYPE, .type = type };
	to.num = to.subject.num = num;
	return to;
}

static void put_title(struct ins_page *p, const char *text, uint64_t n)
{
	char title[96], count[32];

	snprintf(title, sizeof(title), "%s (%s)", text, text__count(n, count));
	ins_page__title(p, title);
}

/* Begin a line with a moment; returns where it begins. */
static int put_moment(struct ins_ui *ui, struct ins_page *p, uint64_t ts)
{
	struct buf text = { 0 };
	int x;

	ins_page__line(p);
	x = p->x + 1;
	ins_page__to(p, x);
	ins_ui__time(ui, ts, 12, &text);
	ins_page__put(p, ST_TIME, (char *)text.p, text.len);
	ins_page__put(p, ST_TEXT, " ", 1);
	buf__done(&text);
	return x;
}

static void put_str(const struct ins_model *m, struct ins_page *p, int style, const char *before, uint32_t str)
{
	const struct fmt_str *s = ins_model__fstr(m, str);

	if (!s->len)
		return;
	ins_page__put(p, ST_DIM, before, strlen(before));
	ins_page__put(p, style, s->p, s->len);
}

/* What was to be kept, and where it went. */
static void put_scope(const struct ins_model *m, struct ins_page *p, const struct ins_trigger *t)
{
	char before[16], after[16];

	ins_page__line(p);
	ins_page__to(p, 14);
	if (t->container < m->n_containers)
		ins_page__printf(p, ST_CONTAINER, "%s", ins_model__container_name(m, t->container));
	else if (t->id)
		ins_page__printf(p, ST_CONTAINER, "%.12s", ins_model__str(m, t->id));
	else
		ins_page__printf(p, ST_TEXT, "the whole host");
	ins_page__printf(p, ST_DIM, "  %s before, %s after  ", ins_dur__text(t->before, before),
			 ins_dur__text(t->after, after));
	if (t->file)
		put_str(m, p, ST_FILE, "", t->file);
	else
		ins_page__printf(p, ST_BAD, "refused");
}

void ins_asked__triggers(struct ins_ui *ui, struct ins_page *p)
{
	const struct ins_model *m = ins_ui__model(ui);

	if (!m->n_triggers)
		return;
	put_title(p, "Asked to keep this", m->n_triggers);
	for (uint32_t i = 0; i < m->n_triggers && i < FEW; i++) {
		const struct ins_trigger *t = &m->triggers[i];
		int x = put_moment(ui, p, t->ts);

		ins_page__printf(p, ST_STRONG, "%-13s ", ins_model__str(m, t->by));
		put_str(m, p, ST_WARN, "", t->reason ? t->reason : t->rule);
		if (t->reason && t->rule != t->reason)
			put_str(m, p, ST_TEXT, "  rule ", t->rule);
		put_str(m, p, ST_USER, "  for ", t->who);
		ins_page__link(p, x, to_events(EV_trigger, t->num));
		put_scope(m, p, t);
	}
	ins_page__more(p, m->n_triggers > FEW ? m->n_triggers - FEW : 0, to_events(EV_trigger, 0));
}

static int style_of(const char *result)
{
	return !strcmp(result, "done") ? ST_GOOD : !strcmp(result, "failed") ? ST_BAD : ST_WARN;
}

void ins_asked__deeds(struct ins_ui *ui, struct ins_page *p)
{
	const struct ins_model *m = ins_ui__model(ui);

	if (!m->n_deeds)
		return;
	put_title(p, "Done by playbooks", m->n_deeds);
	for (uint32_t i = 0; i < m->n_deeds && i < FEW; i++) {
		const struct ins_deed *d = &m->deeds[i];
		int x = put_moment(ui, p, d->ts);

		ins_page__printf(p, style_of(ins_model__str(m, d->result)), "%-9s ", ins_model__str(m, d->result));
		ins_page__printf(p, ST_STRONG, "%-12s ", ins_model__str(m, d->name));
		put_str(m, p, ST_CONTAINER, "", d->object);
		put_str(m, p, ST_TEXT, ": ", d->text);
		put_str(m, p, ST_DIM, "  by ", d->playbook);
		ins_page__link(p, x, to_events(EV_action, d->num));
	}
	ins_page__more(p, m->n_deeds > FEW ? m->n_deeds - FEW : 0, to_events(EV_action, 0));
}

/* Those who asked most. Returns how many. */
static uint32_t busiest(const struct ins_model *m, uint32_t best[FEW])
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m->n_askers; i++) {
		uint32_t at = n;

		while (at && m->askers[best[at - 1]].n < m->askers[i].n)
			at--;
		if (at == FEW)
			continue;
		n += n < FEW;
		memmove(best + at + 1, best + at, (n - 1 - at) * sizeof(*best));
		best[at] = i;
	}
	return n;
}

/* The entries of one user, by a filter, which says what it is. A name that no condition can hold: those of all. */
static struct ins_target to_entries(const struct ins_model *m, const struct ins_asker *a)
{
	struct ins_target to = to_events(EV_k8s_audit, 0);
	const struct fmt_str *user = ins_model__fstr(m, a->user);
	bool fits = user->len < sizeof(to.filter) - 32;

	for (uint32_t i = 0; i < user->len; i++)
		fits &= (unsigned char)user->p[i] >= ' ' && user->p[i] != '"' && user->p[i] != '\\';
	if (!user->len)
		snprintf(to.filter, sizeof(to.filter), "not ka.user.name exists");
	else if (fits)
		snprintf(to.filter, sizeof(to.filter), "ka.user.name=\"%.*s\"", (int)user->len, user->p);
	return to;
}

void ins_asked__audit(struct ins_ui *ui, struct ins_page *p)
{
	const struct ins_model *m = ins_ui__model(ui);
	uint32_t best[FEW], n = busiest(m, best);

	if (!m->n_audit)
		return;
	put_title(p, "Audit log of Kubernetes", m->n_audit);
	for (uint32_t i = 0; i < n; i++) {
		const struct ins_asker *a = &m->askers[best[i]];
		char text[32];
		int x;

		ins_page__line(p);
		x = p->x + 1;
		ins_page__to(p, x);
		ins_page__printf(p, ST_TEXT, "%5s entries  ", ins_short__text(a->n, text));
		ins_page__printf(p, ST_USER, "%s", a->user ? ins_model__str(m, a->user) : "of nobody that is named");
		ins_page__link(p, x, to_entries(m, a));
	}
	ins_page__more(p, m->n_askers > n ? m->n_askers - n : 0, to_events(EV_k8s_audit, 0));
}
