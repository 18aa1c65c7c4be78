// SPDX-License-Identifier: Apache-2.0
/*
 * Cases in systems that keep them: Cortex XSOAR (its REST API, POST /incident) and Splunk SOAR (its REST API, "REST Containers" and
 * "REST Artifact": both in one request, so that there is never one without the other).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "capture/act/notify/notify.h"
#include "engine/config/config.h"
#include "format/base/text.h"

static char *join(const char *url, const char *path)
{
	size_t n = strlen(url);

	while (n && url[n - 1] == '/')
		n--;
	return xasprintf("%.*s%s", (int)n, url, path);
}

/* POST with the secret in a header of its own; the answer parsed, NULL if it is no JSON. */
static int post(const struct notify *n, const char *path, const char *header, const char *more, struct buf *body, cJSON **ret,
		struct err *err)
{
	const struct pb_action_opts *o = n->step->action->o;
	char *url = join(o->url, path), *secret = NULL, *line;
	struct cap_http_reply reply = { 0 };
	int r = cfg_secret__read(o->token_file, &secret, err);

	if (r) {
		free(url);
		return r;
	}
	line = xasprintf("%s: %s", header, secret);
	buf__u8(body, 0);
	r = notify_post(n, url, (const char *const[]){ line, more }, more ? 2 : 1, NULL, (char *)body->p, &reply, err);
	if (!r)
		*ret = cJSON_ParseWithLength((char *)reply.body.p, reply.body.len);
	explicit_bzero(line, strlen(line));
	explicit_bzero(secret, strlen(secret));
	free(line);
	free(secret);
	free(url);
	cap_http_reply__done(&reply);
	return r;
}

static void put_label(struct buf *b, const char *type, const char *value, bool *any)
{
	if (!value)
		return;
	notify_put(b, *any ? ",{\"type\":" : "{\"type\":", type);
	notify_put(b, ",\"value\":", value);
	buf__puts(b, "}");
	*any = true;
}

static void put_title_and_details(const struct notify *n, const char *details, struct buf *b)
{
	struct buf t = { 0 };

	notify_title(n, &t);
	notify_put(b, "{\"name\":", (char *)t.p);
	t.len = 0;
	notify_details(n, &t);
	buf__printf(b, ",\"%s\":", details);
	notify_put(b, "", (char *)t.p);
	buf__done(&t);
}

/* 0 unknown, 1 low, 2 medium, 3 high, 4 critical. */
static unsigned xsoar_severity(enum eng_priority p)
{
	return p <= PRIO_CRITICAL ? 4 : p == PRIO_ERROR ? 3 : p == PRIO_WARNING ? 2 : 1;
}

int notify_xsoar(const struct notify *n, struct buf *text, struct err *err)
{
	const struct pb_action_opts *o = n->step->action->o;
	const struct pb_target *t = &n->plan->target;
	char *id = o->auth_id ? xasprintf("x-xdr-auth-id: %s", o->auth_id) : NULL, iso[48];
	struct buf b = { 0 };
	cJSON *answer = NULL;
	bool any = false;
	int r;

	put_title_and_details(n, "details", &b);
	if (o->type)
		notify_put(&b, ",\"type\":", o->type);
	buf__printf(&b, ",\"severity\":%u,\"createInvestigation\":true,\"occurred\":\"%s\",\"labels\":[", xsoar_severity(n->plan->priority),
		    text__iso(n->plan->ts, "Z", iso));
	put_label(&b, "Rule", n->plan->rule, &any);
	put_label(&b, "Container", t->full_id ? t->full_id : t->container, &any);
	put_label(&b, "Image", t->image, &any);
	put_label(&b, "Namespace", t->ns, &any);
	put_label(&b, "Pod", t->pod, &any);
	put_label(&b, "Node", t->node, &any);
	notify_put(&b, "],\"rawJSON\":", n->plan->json);
	buf__puts(&b, "}");
	r = post(n, "/incident", "Authorization", id, &b, &answer, err);
	if (!r && cJSON_IsString(cJSON_GetObjectItemCaseSensitive(answer, "id")))
		buf__printf(text, "incident %s", cJSON_GetObjectItemCaseSensitive(answer, "id")->valuestring);
	else if (!r)
		buf__puts(text, "incident created");
	cJSON_Delete(answer);
	buf__done(&b);
	free(id);
	return r;
}

/* --- Splunk SOAR ------------------------------------------------------------------------------------------- */

static void put_cef(struct buf *b, const char *key, const char *value, bool *any)
{
	if (!value)
		return;
	buf__printf(b, "%s\"%s\":", *any ? "," : "", key);
	notify_put(b, "", value);
	*any = true;
}

static void put_artifact(const struct notify *n, const char *id, const char *severity, struct buf *b)
{
	const struct pb_target *t = &n->plan->target;
	char pid[24];
	bool any = false;

	snprintf(pid, sizeof(pid), "%lld", (long long)t->pid);
	notify_put(b, ",\"artifacts\":[{\"name\":", n->plan->rule);
	notify_put(b, ",\"label\":\"alert\",\"source_data_identifier\":", id);
	buf__printf(b, ",\"severity\":\"%s\",\"cef\":{", severity);
	put_cef(b, "message", n->plan->message, &any);
	put_cef(b, "deviceHostname", t->node, &any);
	put_cef(b, "filePath", t->exe, &any);
	put_cef(b, "sourceProcessId", t->pid ? pid : NULL, &any);
	put_cef(b, "containerId", t->full_id ? t->full_id : t->container, &any);
	put_cef(b, "containerName", t->name, &any);
	put_cef(b, "containerImage", t->image, &any);
	put_cef(b, "kubernetesNamespace", t->ns, &any);
	put_cef(b, "kubernetesPod", t->pod, &any);
	buf__printf(b, "},\"data\":%s}]", n->plan->json);
}

/* {"success":true,"id":5}, or of one that is there already {"failed":true,"existing_container_id":5}. */
static int take_container(const cJSON *answer, struct buf *text, struct err *err)
{
	const cJSON *id = cJSON_GetObjectItemCaseSensitive(answer, "id"), *old = cJSON_GetObjectItemCaseSensitive(answer, "existing_container_id"),
		    *message = cJSON_GetObjectItemCaseSensitive(answer, "message");

	if (cJSON_IsNumber(id))
		buf__printf(text, "container %.0f", id->valuedouble);
	else if (cJSON_IsNumber(old))
		buf__printf(text, "container %.0f, which was there already", old->valuedouble);
	else
		return err__set(err, -EPROTO, "the server's answer is not understood: %.200s", cJSON_IsString(message) ? message->valuestring : "");
	return 0;
}

int notify_splunk_soar(const struct notify *n, struct buf *text, struct err *err)
{
	const struct pb_action_opts *o = n->step->action->o;
	const char *severity = n->plan->priority <= PRIO_ERROR ? "high" : n->plan->priority == PRIO_WARNING ? "medium" : "low";
	char *id = xasprintf("spoor-%llu-%llu-%s", (unsigned long long)n->plan->ts, (unsigned long long)n->plan->num,
			     n->plan->target.node ? n->plan->target.node : "");
	struct buf b = { 0 };
	cJSON *answer = NULL;
	int r;

	put_title_and_details(n, "description", &b);
	notify_put(&b, ",\"label\":", o->label);
	buf__printf(&b, ",\"severity\":\"%s\"", severity);
	notify_put(&b, ",\"source_data_identifier\":", id);
	put_artifact(n, id, severity, &b);
	buf__puts(&b, "}");
	r = post(n, "/rest/container", "ph-auth-token", NULL, &b, &answer, err);
	if (!r)
		r = take_container(answer, text, err);
	cJSON_Delete(answer);
	buf__done(&b);
	free(id);
	return r;
}
