// SPDX-License-Identifier: Apache-2.0
#include <cjson/cJSON.h>
#include <string.h>

#include "engine/trigger/control_request.h"

static const char *const commands[] = { "trigger", "status", "reload", "playbooks", "stop" };
static const char *const dos[] = { "status", "stop", "resume" };

/* The index of a member's text in a list, -1 if it is none of them. */
static int find(const cJSON *v, const char *const *list, int n)
{
	while (n-- > 0)
		if (cJSON_IsString(v) && !strcmp(v->valuestring, list[n]))
			return n;
	return -1;
}

static int read_trigger(const cJSON *o, struct eng_control_request *r, struct err *err)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, "request");
	char *text = cJSON_IsObject(v) ? cJSON_PrintUnformatted(v) : NULL;
	int rc = text ? eng_trigger_request__parse(text, strlen(text), &r->trigger, err)
		      : err__set(err, -FMT_E_VALUE, "the request is missing");

	cJSON_free(text);
	v = cJSON_GetObjectItemCaseSensitive(o, "wait");
	r->wait = cJSON_IsTrue(v);
	if (!rc && v && !cJSON_IsBool(v)) {
		eng_trigger_request__done(&r->trigger);
		rc = err__set(err, -FMT_E_VALUE, "\"wait\" is true or false");
	}
	return rc;
}

static int read_playbooks(const cJSON *o, struct eng_control_request *r, struct err *err)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(o, "request"), "do");
	int what = v ? find(v, dos, 3) : PLAYBOOKS_STATUS;

	if (what < 0)
		return err__set(err, -FMT_E_VALUE, "\"do\" is one of: status, stop, resume");
	r->playbooks = (enum eng_control_playbooks)what;
	return 0;
}

static int read_object(const cJSON *o, struct eng_control_request *r, struct err *err)
{
	int command = find(cJSON_GetObjectItemCaseSensitive(o, "command"), commands, sizeof(commands) / sizeof(*commands));

	if (command < 0)
		return err__set(err, -FMT_E_UNKNOWN, "the command is one of: trigger, status, reload, playbooks, stop");
	r->command = (enum eng_control_command)command;
	if (command == CONTROL_TRIGGER)
		return read_trigger(o, r, err);
	return command == CONTROL_PLAYBOOKS ? read_playbooks(o, r, err) : 0;
}

int eng_control_request__parse(const char *line, size_t len, struct eng_control_request *ret, struct err *err)
{
	struct eng_control_request r = { 0 };
	cJSON *o;
	int rc;

	if (len > ENG_CONTROL_LINE_MAX)
		return err__set(err, -FMT_E_LIMIT, "a request has at most %u bytes", ENG_CONTROL_LINE_MAX);
	if (eng_trigger_json__depth(line, len) > ENG_TRIGGER_DEPTH_MAX)
		return err__set(err, -FMT_E_LIMIT, "nested deeper than %d", ENG_TRIGGER_DEPTH_MAX);
	o = cJSON_ParseWithLength(line, len);
	rc = cJSON_IsObject(o) ? read_object(o, &r, err)
			       : err__set(err, -FMT_E_SYNTAX, "a request is one JSON object on a line");
	cJSON_Delete(o);
	if (!rc)
		*ret = r;
	return rc;
}

void eng_control_request__done(struct eng_control_request *r)
{
	eng_trigger_request__done(&r->trigger);
}
