// SPDX-License-Identifier: Apache-2.0
#include <cjson/cJSON.h>
#include <ctype.h>
#include <string.h>

#include "engine/trigger/trigger_request.h"
#include "format/base/text.h"

#define CONTAINER_MAX 256
#define NAME_MAX_ 512
#define REASON_MAX 4096

static const char *const forms[] = { "plain", "falco", "falcosidekick", "tetragon" };

const char *eng_trigger_form__name(enum eng_trigger_form f)
{
	return forms[f];
}

/* --- JSON -------------------------------------------------------------------------------------------- */

unsigned eng_trigger_json__depth(const char *s, size_t n)
{
	unsigned depth = 0, most = 0;
	bool in_text = false;

	for (size_t i = 0; i < n; i++) {
		if (in_text) {
			if (s[i] == '\\')
				i++;
			else if (s[i] == '"')
				in_text = false;
		} else if (s[i] == '"') {
			in_text = true;
		} else if (s[i] == '{' || s[i] == '[') {
			most = ++depth > most ? depth : most;
		} else if ((s[i] == '}' || s[i] == ']') && depth) {
			depth--;
		}
	}
	return most;
}

/* The text of a member, "" if it is none. */
static const char *text_of(const cJSON *o, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

	return cJSON_IsString(v) && v->valuestring ? v->valuestring : "";
}

static const cJSON *object_of(const cJSON *o, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(o, key);

	return cJSON_IsObject(v) ? v : NULL;
}

/* A copy of at most max bytes, cut between characters. */
static const char *copy(struct eng_trigger_request *r, const char *s, size_t max)
{
	size_t n = strnlen(s, max + 1);

	if (n > max) {
		n = max;
		while (n && ((unsigned char)s[n] & 0xc0) == 0x80)
			n--;
	}
	return arena__strndup(&r->mem, s, n);
}

static const char *known(const char *s)	/* Falco prints <NA> for what it does not know */
{
	return strcmp(s, "<NA>") ? s : "";
}

static int set_container(struct eng_trigger_request *r, const char *s, struct err *err)
{
	for (const char *scheme; (scheme = strstr(s, "://")); )	/* the runtime's name, as Kubernetes writes it */
		s = scheme + 3;
	s = known(s);
	if (!strcmp(s, "host"))
		s = "";
	if (strlen(s) > CONTAINER_MAX)
		return err__set(err, -FMT_E_VALUE, "the container's name or id is longer than %d bytes", CONTAINER_MAX);
	for (const char *p = s; *p; p++)
		if (!isgraph((unsigned char)*p))
			return err__set(err, -FMT_E_VALUE, "'%s' is no name or id of a container", s);
	r->container = copy(r, s, CONTAINER_MAX);
	return 0;
}

static void set_time(struct eng_trigger_request *r, const char *s)
{
	uint64_t ns;

	if (isdigit((unsigned char)*s) && strchr(s, 'T') && text__parse_time(s, 0, &ns, NULL) == 0)
		r->time_ns = ns;
}

static void set_priority(struct eng_trigger_request *r, const char *s)
{
	r->has_priority = eng_priority__parse(s, &r->priority) == 0;
}

/* --- Falco and Falcosidekick ----------------------------------------------------------------------------- */

static const char *field(const cJSON *fields, const char *name)
{
	return fields ? known(text_of(fields, name)) : "";
}

static int read_falco(const cJSON *o, struct eng_trigger_request *r, struct err *err)
{
	const cJSON *f = object_of(o, "output_fields");
	const char *ns = field(f, "k8s.ns.name"), *pod = field(f, "k8s.pod.name"), *id = field(f, "container.id");

	r->form = cJSON_GetObjectItemCaseSensitive(o, "uuid") ? TRIGGER_FALCOSIDEKICK : TRIGGER_FALCO;
	/* An alert of the audit log names the pod that the request was about. */
	if (!*pod && (!strcmp(field(f, "ka.target.resource"), "pods") || *field(f, "ka.target.pod.name"))) {
		ns = field(f, "ka.target.namespace");
		pod = field(f, "ka.target.pod.name");
		pod = *pod ? pod : field(f, "ka.target.name");
	}
	r->rule = copy(r, text_of(o, "rule"), NAME_MAX_);
	r->reason = copy(r, text_of(o, "output"), REASON_MAX);
	r->machine = copy(r, text_of(o, "hostname"), NAME_MAX_);
	r->ns = copy(r, ns, NAME_MAX_);
	r->pod = copy(r, pod, NAME_MAX_);
	set_priority(r, text_of(o, "priority"));
	set_time(r, text_of(o, "time"));
	return set_container(r, *id ? id : field(f, "container.name"), err);
}

/* --- Tetragon --------------------------------------------------------------------------------------------- */

/* The event of an export's line: its only member of the kind process_*, which says what process it is of. */
static const cJSON *tetragon_event(const cJSON *o)
{
	for (const cJSON *v = o->child; v; v = v->next)
		if (cJSON_IsObject(v) && v->string && !strncmp(v->string, "process_", 8) && object_of(v, "process"))
			return v;
	return NULL;
}

static int read_tetragon(const cJSON *o, const cJSON *event, struct eng_trigger_request *r, struct err *err)
{
	const cJSON *process = object_of(event, "process"), *pod = object_of(process, "pod");
	const cJSON *container = pod ? object_of(pod, "container") : NULL;
	const char *policy = text_of(event, "policy_name"), *message = text_of(event, "message");
	const char *id = container ? text_of(container, "id") : "";
	struct buf b = { 0 };

	r->form = TRIGGER_TETRAGON;
	r->rule = copy(r, *policy ? policy : event->string, NAME_MAX_);
	buf__printf(&b, "%s%s%s %s %s", message, *message ? ": " : "", text_of(event, "function_name"),
		    text_of(process, "binary"), text_of(process, "arguments"));
	buf__u8(&b, 0);
	for (message = (char *)b.p; *message == ' '; message++)
		;
	r->reason = copy(r, message, REASON_MAX);
	buf__done(&b);
	r->machine = copy(r, text_of(o, "node_name"), NAME_MAX_);
	if (pod) {
		r->ns = copy(r, text_of(pod, "namespace"), NAME_MAX_);
		r->pod = copy(r, text_of(pod, "name"), NAME_MAX_);
	}
	set_time(r, text_of(o, "time"));
	return set_container(r, *id ? id : text_of(process, "docker"), err);
}

/* --- The plain form ---------------------------------------------------------------------------------------- */

static int read_span(const cJSON *v, bool *has, uint64_t *ns, struct err *err)
{
	struct err why = { 0 };

	if (cJSON_IsNumber(v) && v->valuedouble >= 0 && v->valuedouble <= 86400)
		*ns = (uint64_t)(v->valuedouble * 1e9);
	else if (!cJSON_IsString(v) || text__parse_duration(v->valuestring, ns, &why))
		return err__set(err, -FMT_E_VALUE, "\"%s\" is a duration such as \"60s\", or a number of seconds", v->string);
	if (*ns > ENG_TRIGGER_SPAN_MAX_NS)
		return err__set(err, -FMT_E_VALUE, "\"%s\" is longer than a day", v->string);
	*has = true;
	return 0;
}

static int read_text(const cJSON *v, const char **to, size_t max, struct eng_trigger_request *r, struct err *err)
{
	if (!cJSON_IsString(v))
		return err__set(err, -FMT_E_VALUE, "\"%s\" is a text", v->string);
	*to = copy(r, v->valuestring, max);
	return 0;
}

static int read_member(const cJSON *v, struct eng_trigger_request *r, struct err *err)
{
	const char *key = v->string, *text = "";
	int rc;

	if (!strcmp(key, "before"))
		return read_span(v, &r->has_before, &r->before_ns, err);
	if (!strcmp(key, "after"))
		return read_span(v, &r->has_after, &r->after_ns, err);
	if (!strcmp(key, "reason"))
		return read_text(v, &r->reason, REASON_MAX, r, err);
	if (!strcmp(key, "rule"))
		return read_text(v, &r->rule, NAME_MAX_, r, err);
	if (!strcmp(key, "pod"))
		return read_text(v, &r->pod, NAME_MAX_, r, err);
	if (!strcmp(key, "namespace"))
		return read_text(v, &r->ns, NAME_MAX_, r, err);
	if (!strcmp(key, "host")) {
		r->host = cJSON_IsTrue(v);
		return cJSON_IsBool(v) ? 0 : err__set(err, -FMT_E_VALUE, "\"host\" is true or false");
	}
	if (!strcmp(key, "container")) {
		rc = read_text(v, &text, CONTAINER_MAX + 1, r, err);
		return rc ? rc : set_container(r, text, err);
	}
	if (!strcmp(key, "priority")) {
		set_priority(r, cJSON_IsString(v) ? v->valuestring : "");
		return r->has_priority ? 0 : err__set(err, -FMT_E_VALUE, "\"priority\" is emergency, alert, ... debug");
	}
	return err__set(err, -FMT_E_UNKNOWN, "neither an alert of Falco, Falcosidekick or Tetragon, nor a request: there is no key "
			"\"%s\" in one (container, pod, namespace, host, reason, rule, priority, before, after)", key);
}

static int read_plain(const cJSON *o, struct eng_trigger_request *r, struct err *err)
{
	int rc = 0;

	for (const cJSON *v = o->child; v && !rc; v = v->next)
		rc = read_member(v, r, err);
	if (!rc && r->host && (*r->container || *r->pod))
		rc = err__set(err, -FMT_E_VALUE, "either \"host\" or a container or pod");
	return rc;
}

/* --- All ---------------------------------------------------------------------------------------------------- */

static int read_object(const cJSON *o, struct eng_trigger_request *r, struct err *err)
{
	const cJSON *event = tetragon_event(o);

	r->container = r->ns = r->pod = r->rule = r->reason = r->machine = "";
	if (event)
		return read_tetragon(o, event, r, err);
	if (*text_of(o, "rule") && (cJSON_GetObjectItemCaseSensitive(o, "output") || object_of(o, "output_fields")))
		return read_falco(o, r, err);
	return read_plain(o, r, err);
}

int eng_trigger_request__parse(const char *json, size_t len, struct eng_trigger_request *ret, struct err *err)
{
	struct eng_trigger_request r = { 0 };
	const char *end = NULL;
	cJSON *o;
	int rc;

	if (len > ENG_TRIGGER_JSON_MAX)
		return err__set(err, -FMT_E_LIMIT, "more than %u bytes", ENG_TRIGGER_JSON_MAX);
	if (eng_trigger_json__depth(json, len) > ENG_TRIGGER_DEPTH_MAX)
		return err__set(err, -FMT_E_LIMIT, "nested deeper than %d", ENG_TRIGGER_DEPTH_MAX);
	o = cJSON_ParseWithLengthOpts(json, len, &end, false);
	if (!o)
		return err__set(err, -FMT_E_SYNTAX, "no JSON: wrong at byte %zu", end ? (size_t)(end - json) : 0);
	while (end < json + len && isspace((unsigned char)*end))
		end++;
	if (!cJSON_IsObject(o) || end != json + len)
		rc = err__set(err, -FMT_E_SYNTAX, "one JSON object is expected");
	else
		rc = read_object(o, &r, err);
	cJSON_Delete(o);
	if (rc) {
		eng_trigger_request__done(&r);
		return rc;
	}
	r.host = r.host || (!*r.container && !*r.pod);
	*ret = r;
	return 0;
}

void eng_trigger_request__done(struct eng_trigger_request *r)
{
	arena__done(&r->mem);
}
