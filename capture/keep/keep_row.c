// SPDX-License-Identifier: Apache-2.0
/* The row of an alert that came from elsewhere, out of its JSON. */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "capture/keep/keep_internal.h"
#include "engine/alert/alert.h"
#include "format/base/alloc.h"

static void put(struct fmt_batch *b, unsigned param, const char *s)
{
	size_t n = strlen(s);

	fmt_batch__str(b, param, s, (uint32_t)n, (uint32_t)n);
}

static const char *text_of(const cJSON *j, const char *key, const char *otherwise)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(j, key);

	return cJSON_IsString(v) ? v->valuestring : otherwise;
}

/* Its fields; so that it is known which container they are about, that one's id among them. */
static char *fields_of(cJSON *j, const char *container)
{
	cJSON *f = cJSON_DetachItemFromObjectCaseSensitive(j, "output_fields");
	char id[65] = "", *text;

	if (!cJSON_IsObject(f)) {
		cJSON_Delete(f);
		f = cJSON_CreateObject();
	}
	memcpy(id, container, strnlen(container, 64));
	id[eng_container__id_len(id, strlen(id))] = 0;
	if (*id && !*text_of(f, "container.id", "")) {	/* it may be there and say nothing, where a pod is named */
		cJSON_DeleteItemFromObjectCaseSensitive(f, "container.id");
		cJSON_AddStringToObject(f, "container.id", id);
	}
	text = cJSON_PrintUnformatted(f);
	cJSON_Delete(f);
	return text;
}

static void put_tags(struct fmt_batch *b, const cJSON *j)
{
	const cJSON *tags = cJSON_GetObjectItemCaseSensitive(j, "tags"), *t;
	struct buf all = { 0 };

	cJSON_ArrayForEach(t, tags)
		if (cJSON_IsString(t) && strlen(t->valuestring) < 256 && all.len < 4096)
			buf__add(&all, t->valuestring, strlen(t->valuestring) + 1);
	fmt_batch__str(b, P_alert_tags, (const char *)all.p, (uint32_t)all.len, (uint32_t)all.len);
	buf__done(&all);
}

void cap_cause__row(const struct cap_cause *c, const char *container, struct fmt_batch *b)
{
	cJSON *j = cJSON_Parse(c->alert);
	char *fields;

	if (!cJSON_IsObject(j)) {
		cJSON_Delete(j);
		j = cJSON_CreateObject();
	}
	fields = fields_of(j, container);
	if (fmt_batch__begin(b, EV_alert, c->time, 0, c->tid, c->pid, 0, 0) >= 0) {
		put(b, P_alert_rule, text_of(j, "rule", c->rule ? c->rule : ""));
		fmt_batch__int(b, P_alert_priority, (uint64_t)(c->priority < 0 ? 6 : c->priority));
		put(b, P_alert_source, text_of(j, "source", "syscall"));
		put(b, P_alert_output, text_of(j, "output", c->reason ? c->reason : ""));
		put_tags(b, j);
		put(b, P_alert_fields, fields ? fields : "{}");
		fmt_batch__end(b);
	}
	cJSON_free(fields);
	cJSON_Delete(j);
}
