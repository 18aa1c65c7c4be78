// SPDX-License-Identifier: Apache-2.0
/* Who asked for what: triggers of the flight recorder, actions of playbooks, requests in the audit log of Kubernetes. */
#include <stdio.h>

#include "inspect/model/pass/pass_internal.h"

static uint32_t intern(struct ins_pass *p, const struct fmt_ev *ev, unsigned param)
{
	const struct fmt_str *s = fmt_ev__str(ev, param);

	return s ? ins_model__intern(p->m, s->p, s->len) : 0;
}

/* The container that a full id means, INS_NONE if the trace has nothing of it. */
static uint32_t container_named(struct ins_pass *p, const struct fmt_ev *ev, unsigned param)
{
	const struct fmt_str *s = fmt_ev__str(ev, param);
	char id[13];

	if (!s || !s->len)
		return INS_NONE;
	snprintf(id, sizeof(id), "%.*s", (int)(s->len < 12 ? s->len : 12), s->p);
	return eng_state__container(p->here, id) ? ins_model__container(p->m, p->origin, id) : INS_NONE;
}

static void on_trigger(struct ins_pass *p, const struct fmt_ev *ev)
{
	struct ins_model *m = p->m;
	struct ins_trigger *t;

	if (m->n_triggers >= INS_MAX_ALERTS) {
		m->left_out++;
		return;
	}
	m->triggers = xgrow(m->triggers, &m->cap_triggers, m->n_triggers + 1, sizeof(*t));
	t = &m->triggers[m->n_triggers++];
	*t = (struct ins_trigger){
		.by = intern(p, ev, P_trigger_by), .who = intern(p, ev, P_trigger_who),
		.reason = intern(p, ev, P_trigger_reason), .rule = intern(p, ev, P_trigger_rule),
		.id = intern(p, ev, P_trigger_container), .file = intern(p, ev, P_trigger_file),
		.container = container_named(p, ev, P_trigger_container),
		.ts = fmt_ev__ts(ev), .num = fmt_ev__num(ev),
	};
	fmt_ev__int(ev, P_trigger_before, &t->before);
	fmt_ev__int(ev, P_trigger_after, &t->after);
}

static void on_action(struct ins_pass *p, const struct fmt_ev *ev)
{
	struct ins_model *m = p->m;

	if (m->n_deeds >= INS_MAX_ALERTS) {
		m->left_out++;
		return;
	}
	m->deeds = xgrow(m->deeds, &m->cap_deeds, m->n_deeds + 1, sizeof(*m->deeds));
	m->deeds[m->n_deeds++] = (struct ins_deed){
		.playbook = intern(p, ev, P_action_playbook), .name = intern(p, ev, P_action_name),
		.object = intern(p, ev, P_action_object), .result = intern(p, ev, P_action_result),
		.text = intern(p, ev, P_action_text), .ts = fmt_ev__ts(ev), .num = fmt_ev__num(ev),
	};
}

static void on_audit(struct ins_pass *p, const struct fmt_ev *ev)
{
	struct ins_model *m = p->m;
	uint32_t user = intern(p, ev, P_k8s_audit_user), i = ins_map__get(&m->by_asker, user + 1ull);

	m->n_audit++;
	if (i == INS_NONE && m->n_askers >= INS_MAX_ASKERS) {
		m->left_out++;
		return;
	}
	if (i == INS_NONE) {
		i = m->n_askers++;
		m->askers = xgrow(m->askers, &m->cap_askers, m->n_askers, sizeof(*m->askers));
		m->askers[i] = (struct ins_asker){ .user = user };
		ins_map__put(&m->by_asker, user + 1ull, i);
	}
	m->askers[i].n++;
}

void pass__asked_event(struct ins_pass *p, const struct fmt_ev *ev)
{
	if (ev->type == EV_trigger)
		on_trigger(p, ev);
	else if (ev->type == EV_action)
		on_action(p, ev);
	else if (ev->type == EV_k8s_audit)
		on_audit(p, ev);
}
