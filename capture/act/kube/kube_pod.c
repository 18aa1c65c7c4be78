// SPDX-License-Identifier: Apache-2.0
/* Actions on pods. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "capture/act/kube/kube_internal.h"
#include "format/base/text.h"

#define MAX_MESSAGE 1024		/* core/v1 Event: note and message */
#define MAX_LABEL 63

void kube_put(struct buf *b, const char *before, const char *s)
{
	buf__printf(b, "%s\"", before);
	text__json(b, s, strlen(s));
	buf__puts(b, "\"");
}

const char *kube_text(struct buf *b)
{
	buf__u8(b, 0);
	b->len--;
	return (char *)b->p;
}

/* What the server said is no 2xx: an error, unless the code is one that will do. */
int kube_refused(const struct kube_answer *a, const char *what, struct err *err)
{
	if (a->status == 403)
		return err__set(err, -EACCES, "%s: forbidden: %s (spoor-capture playbooks --role FILE prints the rights that are needed)", what,
				a->message);
	return err__set(err, -EIO, "%s: the API server says %u%s%s: %s", what, a->status, *a->reason ? " " : "", a->reason, a->message);
}

static char *pod_path(const struct pb_target *t, const char *sub)
{
	return xasprintf("/api/v1/namespaces/%s/pods/%s%s", t->ns, t->pod, sub);
}

/* 404, and of a pod whose uid is known 409: it has gone, perhaps there is another of its name. */
static bool has_gone(const struct pb_target *t, const struct kube_answer *a)
{
	return a->status == 404 || (a->status == 409 && t->pod_uid && strcmp(a->reason, "AlreadyExists"));
}

/* A label's value: letters, digits, "-", "_", "."; begins and ends with one of the first two; 63 of them. */
static void put_label(struct buf *b, const char *s)
{
	char v[MAX_LABEL + 1] = "";
	size_t n = 0;

	for (; *s && n < MAX_LABEL; s++) {
		bool plain = (*s >= '0' && *s <= '9') || ((*s | 32) >= 'a' && (*s | 32) <= 'z');

		if (plain || n)
			v[n++] = plain || *s == '-' || *s == '.' ? *s : '_';
	}
	while (n && (v[n - 1] == '-' || v[n - 1] == '_' || v[n - 1] == '.'))
		n--;
	v[n] = 0;
	kube_put(b, "", v);
}

/* {"metadata":{"uid":...,"labels":{...}}}: a uid that does not fit is refused by the server. */
static int patch_pod(struct act_kube *k, const struct pb_target *t, const char *kind, const struct pb_step *s, const char *key,
		     const char *value, struct err *err)
{
	char *path = pod_path(t, "");
	struct kube_answer a = { 0 };
	struct buf b = { 0 };
	bool any = false;
	int r;

	buf__puts(&b, "{\"metadata\":{");
	if (t->pod_uid)
		kube_put(&b, "\"uid\":", t->pod_uid);
	buf__printf(&b, "%s\"%s\":{", t->pod_uid ? "," : "", kind);
	for (uint32_t i = 0; s && i < s->n_args; i++) {
		if (!s->args[i].key)
			continue;
		kube_put(&b, any ? "," : "", s->args[i].key);
		buf__puts(&b, ":");
		if (!strcmp(kind, "labels"))
			put_label(&b, s->args[i].value);
		else
			kube_put(&b, "", s->args[i].value);
		any = true;
	}
	if (key) {
		kube_put(&b, any ? "," : "", key);
		kube_put(&b, ":", value);
	}
	buf__puts(&b, "}}}");
	r = kube__call(k, "PATCH", path, "application/merge-patch+json", kube_text(&b), &a, err);
	if (!r && has_gone(t, &a))
		r = err__set(err, -ENOENT, "the pod has gone");
	else if (!r && a.status >= 300)
		r = kube_refused(&a, kind, err);
	kube_answer__done(&a);
	buf__done(&b);
	free(path);
	return r;
}

int kube_pod__label(struct act_kube *k, const struct pb_target *t, const struct pb_step *s, struct buf *text, struct err *err)
{
	bool labels = s->action->o->what == PB_label_pod;
	int r = patch_pod(k, t, labels ? "labels" : "annotations", s, NULL, NULL, err);

	if (!r)
		buf__puts(text, labels ? "labels set" : "annotations set");
	return r;
}

/* --- isolation --------------------------------------------------------------------------------------------- */

/* One policy a namespace and list of addresses, so that two playbooks with different lists do not undo each other. */
static uint32_t hash_of(const struct cfg_strings *s)
{
	uint32_t h = 2166136261u;	/* FNV-1a */

	for (uint32_t i = 0; i < s->n; i++)
		for (const char *p = s->p[i]; ; p++) {
			h = (h ^ (uint8_t)*p) * 16777619u;
			if (!*p)
				break;
		}
	return h;
}

static void put_peers(struct buf *b, const char *key, const char *side, const struct cfg_strings *s)
{
	buf__printf(b, "\"%s\":[", key);
	if (s->n)
		buf__printf(b, "{\"%s\":[", side);
	for (uint32_t i = 0; i < s->n; i++) {
		const char *whole = strchr(s->p[i], '/') ? "" : strchr(s->p[i], ':') ? "/128" : "/32";

		buf__printf(b, "%s{\"ipBlock\":{\"cidr\":\"%s%s\"}}", i ? "," : "", s->p[i], whole);
	}
	buf__puts(b, s->n ? "]}]" : "]");
}

static void put_policy(struct buf *b, const struct pb_target *t, const char *id, const struct cfg_strings *s)
{
	buf__printf(b, "{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\",\"metadata\":{\"name\":\"spoor-isolated-%s\","
		    "\"namespace\":\"%s\",\"labels\":{\"app.kubernetes.io/managed-by\":\"spoor\"}},\"spec\":{\"podSelector\":{\"matchLabels\":{"
		    "\"spoor/isolated\":\"%s\"}},\"policyTypes\":[\"Ingress\",\"Egress\"],", id, t->ns, id);
	put_peers(b, "ingress", "from", s);
	buf__puts(b, ",");
	put_peers(b, "egress", "to", s);
	buf__puts(b, "}}");
}

/* One that is there already may have been changed: it becomes what it should be. */
static int make_policy(struct act_kube *k, const struct pb_target *t, const char *id, const struct cfg_strings *s, struct err *err)
{
	char *path = xasprintf("/apis/networking.k8s.io/v1/namespaces/%s/networkpolicies", t->ns),
	     *one = xasprintf("%s/spoor-isolated-%s", path, id);
	struct kube_answer a = { 0 };
	struct buf b = { 0 };
	int r;

	put_policy(&b, t, id, s);
	r = kube__call(k, "POST", path, "application/json", kube_text(&b), &a, err);
	if (!r && a.status == 409) {
		kube_answer__done(&a);
		r = kube__call(k, "PATCH", one, "application/merge-patch+json", kube_text(&b), &a, err);
	}
	if (!r && a.status >= 300)
		r = kube_refused(&a, "the network policy", err);
	kube_answer__done(&a);
	buf__done(&b);
	free(path);
	free(one);
	return r;
}

int kube_pod__isolate(struct act_kube *k, const struct pb_target *t, const struct pb_step *s, struct buf *text, struct err *err)
{
	const struct cfg_strings *reachable = &s->action->o->reachable;
	char id[16];
	int r;

	snprintf(id, sizeof(id), "%08x", hash_of(reachable));
	r = make_policy(k, t, id, reachable, err);	/* first: then the label takes effect at once */
	if (!r)
		r = patch_pod(k, t, "labels", NULL, "spoor/isolated", id, err);
	if (!r)
		buf__printf(text, "isolated by network policy spoor-isolated-%s, %u networks stay reachable", id, reachable->n);
	return r;
}

/* --- ends -------------------------------------------------------------------------------------------------- */

static void put_delete_options(struct buf *b, const char *uid, uint64_t grace)
{
	buf__printf(b, "{\"apiVersion\":\"v1\",\"kind\":\"DeleteOptions\",\"gracePeriodSeconds\":%llu", (unsigned long long)(grace / 1000000000));
	if (uid) {
		kube_put(b, ",\"preconditions\":{\"uid\":", uid);
		buf__puts(b, "}");
	}
	buf__puts(b, "}");
}

int kube_pod__delete(struct act_kube *k, const struct pb_target *t, const struct pb_step *s, struct buf *text, struct err *err)
{
	char *path = pod_path(t, "");
	struct kube_answer a = { 0 };
	struct buf b = { 0 };
	int r;

	put_delete_options(&b, t->pod_uid, s->action->o->grace);
	r = kube__call(k, "DELETE", path, "application/json", kube_text(&b), &a, err);
	if (!r && has_gone(t, &a))
		buf__puts(text, "the pod had gone already");
	else if (!r && a.status >= 300)
		r = kube_refused(&a, "deleting the pod", err);
	else if (!r)
		buf__puts(text, "pod deleted");
	kube_answer__done(&a);
	buf__done(&b);
	free(path);
	return r;
}

int kube_pod__evict(struct act_kube *k, const struct pb_target *t, uint64_t grace, struct buf *text, struct err *err)
{
	char *path = pod_path(t, "/eviction");
	struct kube_answer a = { 0 };
	struct buf b = { 0 };
	int r;

	buf__printf(&b, "{\"apiVersion\":\"policy/v1\",\"kind\":\"Eviction\",\"metadata\":{\"name\":\"%s\",\"namespace\":\"%s\"},\"deleteOptions\":",
		    t->pod, t->ns);
	put_delete_options(&b, t->pod_uid, grace);
	buf__puts(&b, "}");
	r = kube__call(k, "POST", path, "application/json", kube_text(&b), &a, err);
	if (!r && has_gone(t, &a))
		buf__puts(text, "the pod had gone already");
	else if (!r && a.status == 429)
		r = err__set(err, -EBUSY, "not evicted: %s", *a.message ? a.message : "a disruption budget forbids it");
	else if (!r && a.status >= 300)
		r = kube_refused(&a, "evicting the pod", err);
	else if (!r)
		buf__puts(text, "pod evicted");
	kube_answer__done(&a);
	buf__done(&b);
	free(path);
	return r;
}

/* --- events ------------------------------------------------------------------------------------------------ */

/* UTF-8 is not cut within a character. */
static void put_short(struct buf *b, const char *before, const char *s, size_t max)
{
	size_t n = strlen(s);

	if (n > max)
		for (n = max; n && ((uint8_t)s[n] & 0xc0) == 0x80; n--)
			;
	buf__printf(b, "%s\"", before);
	text__json(b, s, n);
	buf__puts(b, "\"");
}

/* The same alert makes the same name: twice is as once. */
int kube_pod__event(struct act_kube *k, const struct pb_plan *p, const struct pb_step *s, struct buf *text, struct err *err)
{
	const struct pb_target *t = &p->target;
	const char *message = pb_step__arg(s, "message"), *reason = pb_step__arg(s, "reason");
	char *path = xasprintf("/api/v1/namespaces/%s/events", t->ns), iso[48];
	struct kube_answer a = { 0 };
	struct buf b = { 0 };
	int r;

	text__iso(p->ts, "Z", iso);
	strcpy(iso + 19, "Z");		/* of a second: metav1.Time */
	buf__printf(&b, "{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{\"name\":\"%.200s.%llx\",\"namespace\":\"%s\"},\"involvedObject\":"
		    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"namespace\":\"%s\",\"name\":\"%s\"", t->pod, (unsigned long long)(p->ts ^ p->num),
		    t->ns, t->ns, t->pod);
	if (t->pod_uid)
		kube_put(&b, ",\"uid\":", t->pod_uid);
	put_short(&b, "},\"reason\":", reason && *reason ? reason : "SpoorAlert", 128);
	put_short(&b, ",\"message\":", message && *message ? message : p->message, MAX_MESSAGE);
	buf__printf(&b, ",\"type\":\"Warning\",\"count\":1,\"firstTimestamp\":\"%s\",\"lastTimestamp\":\"%s\",\"source\":{\"component\":\"spoor\"",
		    iso, iso);
	if (t->node)
		kube_put(&b, ",\"host\":", t->node);
	buf__puts(&b, "},\"reportingComponent\":\"spoor\",\"reportingInstance\":\"spoor\"}");
	r = kube__call(k, "POST", path, "application/json", kube_text(&b), &a, err);
	if (!r && a.status >= 300 && a.status != 409)
		r = kube_refused(&a, "the event", err);
	if (!r)
		buf__puts(text, "event added");
	kube_answer__done(&a);
	buf__done(&b);
	free(path);
	return r;
}
