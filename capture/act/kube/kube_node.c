// SPDX-License-Identifier: Apache-2.0
/* Actions on the node. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "capture/act/kube/kube_internal.h"

#define MAX_PODS 1000			/* of a node */

static const cJSON *get(const cJSON *j, const char *a, const char *b)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(j, a);

	return b ? cJSON_GetObjectItemCaseSensitive(v, b) : v;
}

static const char *text_of(const cJSON *v)
{
	return cJSON_IsString(v) ? v->valuestring : "";
}

static bool is_control_plane(const cJSON *node)
{
	const cJSON *labels = get(node, "metadata", "labels");

	return get(labels, "node-role.kubernetes.io/control-plane", NULL) || get(labels, "node-role.kubernetes.io/master", NULL);
}

/* Whoever could drain the control plane by an alert would have the cluster. */
static int check_node(struct act_kube *k, const char *path, struct err *err)
{
	struct kube_answer a = { 0 };
	int r = kube__call(k, "GET", path, NULL, NULL, &a, err);

	if (!r && a.status >= 300)
		r = kube_refused(&a, "looking at the node", err);
	else if (!r && is_control_plane(a.json))
		r = err__set(err, -EPERM, "nodes of the control plane are protected");
	kube_answer__done(&a);
	return r;
}

static int patch(struct act_kube *k, const char *path, const char *body, const char *what, struct err *err)
{
	struct kube_answer a = { 0 };
	int r = kube__call(k, "PATCH", path, "application/strategic-merge-patch+json", body, &a, err);

	if (!r && a.status >= 300)
		r = kube_refused(&a, what, err);
	kube_answer__done(&a);
	return r;
}

static int cordon(struct act_kube *k, const char *path, struct err *err)
{
	return patch(k, path, "{\"spec\":{\"unschedulable\":true}}", "cordoning the node", err);
}

/* The server merges taints by their key. */
static int taint(struct act_kube *k, const char *path, const struct pb_action_opts *o, struct err *err)
{
	static const char *const effects[] = { "NoSchedule", "PreferNoSchedule", "NoExecute" };
	struct buf b = { 0 };
	int r;

	kube_put(&b, "{\"spec\":{\"taints\":[{\"key\":", o->key);
	kube_put(&b, ",\"value\":", o->value);
	kube_put(&b, ",\"effect\":", effects[o->effect]);
	buf__puts(&b, "}]}}");
	r = patch(k, path, kube_text(&b), "tainting the node", err);
	buf__done(&b);
	return r;
}

/* --- draining ---------------------------------------------------------------------------------------------- */

/* Not those that come back at once, nor those that are over, nor those that are protected. */
static bool is_to_go(const struct playbook *pb, const cJSON *pod)
{
	const char *phase = text_of(get(pod, "status", "phase")), *ns = text_of(get(pod, "metadata", "namespace"));
	const cJSON *owner;

	if (!strcmp(phase, "Succeeded") || !strcmp(phase, "Failed") || get(get(pod, "metadata", "annotations"), "kubernetes.io/config.mirror", NULL))
		return false;
	cJSON_ArrayForEach(owner, get(pod, "metadata", "ownerReferences"))
		if (!strcmp(text_of(get(owner, "kind", NULL)), "DaemonSet"))
			return false;
	return !pb_globs__match(&pb->protect.namespaces, ns) && !pb_globs__match(&pb->protect.pods, text_of(get(pod, "metadata", "name")));
}

static int evict_all(struct act_kube *k, const struct playbook *pb, const cJSON *items, uint64_t grace, struct buf *text, struct err *err)
{
	unsigned gone = 0, left = 0, failed = 0, n = 0;
	struct err first = { 0 };
	const cJSON *pod;

	cJSON_ArrayForEach(pod, items) {
		struct pb_target t = { .ns = text_of(get(pod, "metadata", "namespace")), .pod = text_of(get(pod, "metadata", "name")),
				       .pod_uid = text_of(get(pod, "metadata", "uid")) };
		struct buf said = { 0 };
		struct err why = { 0 };

		if (n++ >= MAX_PODS || !is_to_go(pb, pod) || !pb_is_dns_name(t.ns) || !pb_is_dns_name(t.pod)) {
			left++;
			continue;
		}
		t.pod_uid = *t.pod_uid ? t.pod_uid : NULL;
		if (kube_pod__evict(k, &t, grace, &said, &why)) {
			first = failed++ ? first : why;
		} else {
			gone++;
		}
		buf__done(&said);
	}
	if (failed)
		return err__set(err, first.code, "node cordoned, %u pods evicted, %u not: %s", gone, failed, first.msg);
	buf__printf(text, "node cordoned, %u pods evicted, %u left", gone, left);
	return 0;
}

static int drain(struct act_kube *k, const struct pb_plan *p, const char *path, uint64_t grace, struct buf *text, struct err *err)
{
	char *list = xasprintf("/api/v1/pods?fieldSelector=spec.nodeName%%3D%s", p->target.node);
	struct kube_answer a = { 0 };
	int r = cordon(k, path, err);

	if (!r)
		r = kube__call(k, "GET", list, NULL, NULL, &a, err);
	if (!r && a.status >= 300)
		r = kube_refused(&a, "listing the node's pods", err);
	if (!r)
		r = evict_all(k, p->pb, get(a.json, "items", NULL), grace, text, err);
	kube_answer__done(&a);
	free(list);
	return r;
}

int kube_node__do(struct act_kube *k, const struct pb_plan *p, const struct pb_step *s, struct buf *text, struct err *err)
{
	const struct pb_action_opts *o = s->action->o;
	char *path = xasprintf("/api/v1/nodes/%s", p->target.node);
	int r = check_node(k, path, err);

	if (!r && o->what == PB_drain_node) {
		r = drain(k, p, path, o->grace, text, err);
	} else if (!r && o->what == PB_taint_node) {
		r = taint(k, path, o, err);
		buf__puts(text, r ? "" : "node tainted");
	} else if (!r) {
		r = cordon(k, path, err);
		buf__puts(text, r ? "" : "node cordoned");
	}
	free(path);
	return r;
}
