// SPDX-License-Identifier: Apache-2.0
/*
 * Events that captures hold in another form than ours: containers, alerts, losses, audit entries, calls by name only.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "format/base/text.h"
#include "format/scap_out/scap_writer_internal.h"

/* A plugin's own id for entries of the Kubernetes audit log: k8saudit in Falco's registry of plugins. */
#define PLUGIN_K8SAUDIT 1
static struct scap_block *begin(struct scap_writer *w, unsigned code, uint64_t ts, uint64_t tid, unsigned cpu, unsigned n)
{
	struct scap_block *b = &w->block;

	b->ts = ts;
	b->tid = tid;
	b->cpu = (uint16_t)cpu;
	b->code = (uint16_t)code;
	b->n = (uint8_t)n;
	b->large = scap_codes()[code].large;
	return b;
}

static void str_of(struct scap_value *v, const struct fmt_str *s)
{
	scap_value__str(v, s ? s->p : "", s ? s->len : 0);
}

/* --- containers ------------------------------------------------------------------------------- */

struct container_text {
	const struct fmt_str *json, *id, *full_id, *name, *image, *runtime;
};

static bool add_member(cJSON *o, const char *key, const struct fmt_str *s)
{
	return s && s->len && !cJSON_HasObjectItem(o, key) && cJSON_AddStringToObject(o, key, s->p);
}

/*
 * The container's document as readers look for it: {"container":{...}}, with its id. What is known beside the document is
 * added where it is missing.
 */
static void container_json(struct buf *b, const struct container_text *c)
{
	int type = c->runtime ? scap_runtime__type(c->runtime->p) : -1;
	cJSON *json = c->json ? cJSON_ParseWithLength(c->json->p, c->json->len) : NULL;
	cJSON *o = cJSON_GetObjectItemCaseSensitive(json, "container");
	bool changed = !cJSON_IsObject(o);
	char *text;

	b->len = 0;
	if (changed) {
		cJSON_Delete(json);
		json = cJSON_CreateObject();
		o = cJSON_AddObjectToObject(json, "container");
	}
	changed |= add_member(o, "id", c->id);
	changed |= add_member(o, "full_id", c->full_id);
	changed |= add_member(o, "name", c->name);
	changed |= add_member(o, "image", c->image);
	if (type >= 0 && !cJSON_HasObjectItem(o, "type"))
		changed |= !!cJSON_AddNumberToObject(o, "type", type);
	text = changed ? cJSON_PrintUnformatted(json) : NULL;
	if (text)
		buf__puts(b, text);
	else
		buf__add(b, c->json->p, strnlen(c->json->p, c->json->len));
	cJSON_free(text);
	cJSON_Delete(json);
}

/* Falco's container plugin: an asynchronous event with its document. */
static void container_event(struct scap_writer *w, const char *name, const struct container_text *c, uint64_t ts,
			    unsigned cpu)
{
	struct scap_block *b = begin(w, SCAP_CODE_ASYNC, ts, 0, cpu, 3);

	container_json(&w->text, c);
	buf__u8(&w->text, 0);
	scap_value__num(&b->v[0], 0, 4);
	scap_value__str(&b->v[1], name, (uint32_t)strlen(name));
	scap_value__raw(&b->v[2], w->text.p, (uint32_t)w->text.len);
	scap_put__block(w);
}

static void container(struct scap_writer *w, const struct fmt_ev *ev)
{
	struct container_text c = {
		.json = fmt_ev__str(ev, P_container_json), .id = fmt_ev__str(ev, P_container_id),
		.full_id = fmt_ev__str(ev, P_container_full_id), .name = fmt_ev__str(ev, P_container_name),
		.image = fmt_ev__str(ev, P_container_image), .runtime = fmt_ev__str(ev, P_container_runtime),
	};

	container_event(w, "container", &c, fmt_ev__ts(ev), fmt_ev__cpu(ev));
}

static void container_end(struct scap_writer *w, const struct fmt_ev *ev)
{
	struct container_text c = { .id = fmt_ev__str(ev, P_container_end_id) };

	container_event(w, "container_removed", &c, fmt_ev__ts(ev), fmt_ev__cpu(ev));
}

void scap_put__container(struct scap_writer *w, const struct fmt_ev *ev, uint64_t ts)
{
	struct container_text c = {
		.json = fmt_ev__str(ev, P_state_container_json), .id = fmt_ev__str(ev, P_state_container_id),
		.full_id = fmt_ev__str(ev, P_state_container_full_id), .name = fmt_ev__str(ev, P_state_container_name),
		.image = fmt_ev__str(ev, P_state_container_image), .runtime = fmt_ev__str(ev, P_state_container_runtime),
	};

	container_event(w, "container", &c, ts, 0);
	w->st.made++;
}

/* --- users and groups of containers: the user list has only the machine's own ------------------ */

static uint64_t num_of(const struct fmt_ev *ev, unsigned param)
{
	uint64_t v = 0;

	fmt_ev__int(ev, param, &v);
	return v;
}

void scap_put__owned_user(struct scap_writer *w, const struct fmt_ev *ev, uint64_t ts)
{
	struct scap_block *b;

	if (ev->type == EV_state_user) {
		b = begin(w, SCAP_CODE_USER, ts, SCAP_NO_TID, 0, 6);
		scap_value__num(&b->v[0], num_of(ev, P_state_user_uid), 4);
		scap_value__num(&b->v[1], num_of(ev, P_state_user_gid), 4);
		str_of(&b->v[2], fmt_ev__str(ev, P_state_user_name));
		str_of(&b->v[3], fmt_ev__str(ev, P_state_user_home));
		str_of(&b->v[4], fmt_ev__str(ev, P_state_user_shell));
		str_of(&b->v[5], fmt_ev__str(ev, P_state_user_container_id));
	} else {
		b = begin(w, SCAP_CODE_GROUP, ts, SCAP_NO_TID, 0, 3);
		scap_value__num(&b->v[0], num_of(ev, P_state_group_gid), 4);
		str_of(&b->v[1], fmt_ev__str(ev, P_state_group_name));
		str_of(&b->v[2], fmt_ev__str(ev, P_state_group_container_id));
	}
	scap_put__block(w);
	w->st.made++;
}

/* --- alerts and losses: notifications, an id and a text ---------------------------------------- */

static void notification(struct scap_writer *w, const struct fmt_ev *ev, const char *id, uint32_t id_len)
{
	struct scap_block *b = begin(w, SCAP_CODE_NOTIFICATION, fmt_ev__ts(ev), scap_put__tid(ev), fmt_ev__cpu(ev), 2);

	scap_value__str(&b->v[0], id, id_len);
	scap_value__str(&b->v[1], (char *)w->text.p, (uint32_t)w->text.len);
	scap_put__block(w);
}

static void alert(struct scap_writer *w, const struct fmt_ev *ev)
{
	const struct fmt_str *rule = fmt_ev__str(ev, P_alert_rule), *output = fmt_ev__str(ev, P_alert_output);
	const char *priority = NULL;
	char word[32];

	w->text.len = 0;
	fmt_group__text(GROUP_priority, (uint32_t)num_of(ev, P_alert_priority), word, sizeof(word));
	priority = word[0] ? word : "Alert";
	buf__printf(&w->text, "%s: ", priority);
	if (output)
		buf__add(&w->text, output->p, output->len);
	notification(w, ev, rule ? rule->p : "", rule ? rule->len : 0);
}

static void drop(struct scap_writer *w, const struct fmt_ev *ev, uint64_t n)
{
	uint64_t reason = num_of(ev, P_drop_reason), cpu;
	char word[64] = "";

	w->text.len = 0;
	buf__printf(&w->text, "%llu events lost", (unsigned long long)n);
	if (fmt_ev__int(ev, P_drop_cpu, &cpu) && (int64_t)cpu >= 0)
		buf__printf(&w->text, " on cpu %llu", (unsigned long long)cpu);
	if (reason)
		fmt_group__text(GROUP_drop_reason, (uint32_t)reason, word, sizeof(word));
	if (word[0])
		buf__printf(&w->text, ": %s", word);
	notification(w, ev, "drop", 4);
}

/* Imported losses do not say how many: they go back to what they were, with a sampling ratio of 1. */
static void uncounted_drop(struct scap_writer *w, const struct fmt_ev *ev)
{
	struct scap_block *b = begin(w, SCAP_CODE_DROP, fmt_ev__ts(ev), scap_put__tid(ev), fmt_ev__cpu(ev), 1);

	scap_value__num(&b->v[0], 1, 4);
	scap_put__block(w);
}

/* --- the rest --------------------------------------------------------------------------------- */

static void k8s_audit(struct scap_writer *w, const struct fmt_ev *ev)
{
	const struct fmt_str *json = fmt_ev__str(ev, P_k8s_audit_json);
	struct scap_block *b = begin(w, SCAP_CODE_PLUGIN, fmt_ev__ts(ev), SCAP_NO_TID, fmt_ev__cpu(ev), 2);

	scap_value__num(&b->v[0], PLUGIN_K8SAUDIT, 4);
	scap_value__raw(&b->v[1], json ? json->p : NULL, json ? json->len : 0);
	scap_put__block(w);
}

/* A call of which captures keep that it was made: its number among all calls and on x86-64. */
static bool generic(struct scap_writer *w, const struct fmt_ev *ev)
{
	unsigned call = scap_call__of_event(ev->type);
	uint64_t nr = ev->type < FMT_URING_BASE ? ev->type : UINT16_MAX;
	struct scap_block *b;

	if (!(ev->info->flags & EF_SYSCALL))
		return false;
	if (ev->type == EV_syscall)
		nr = num_of(ev, P_syscall_abi) == 0 ? num_of(ev, P_syscall_nr) : UINT16_MAX;
	b = begin(w, SCAP_CODE_GENERIC, fmt_ev__ts(ev), scap_put__tid(ev), fmt_ev__cpu(ev), 2);
	scap_value__num(&b->v[0], call, 2);
	scap_value__num(&b->v[1], nr > UINT16_MAX ? UINT16_MAX : nr, 2);
	scap_put__block(w);
	w->st.generic += fmt_ev__res(ev) != FMT_NO_RES;	/* else there is no more to keep */
	return true;
}

bool scap_put__other(struct scap_writer *w, const struct fmt_ev *ev)
{
	uint64_t n;

	switch (ev->type) {
	case EV_container: container(w, ev); return true;
	case EV_container_end: container_end(w, ev); return true;
	case EV_alert: alert(w, ev); return true;
	case EV_k8s_audit: k8s_audit(w, ev); return true;
	case EV_drop:
		if (fmt_ev__int(ev, P_drop_n, &n))
			drop(w, ev, n);
		else
			uncounted_drop(w, ev);
		return true;
	}
	return generic(w, ev);
}
