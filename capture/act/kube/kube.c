// SPDX-License-Identifier: Apache-2.0
/* Which action is whose, and the rights that they need. */
#include <string.h>

#include "capture/act/kube/kube_internal.h"

/* The server of these playbooks: another when they have been read again. */
static int reach(struct act_env *env, struct playbook *pb, struct err *err)
{
	if (env->kube_pb != pb) {
		act_kube__free(env->kube);
		env->kube = NULL;
		playbook__unref(env->kube_pb);
		env->kube_pb = playbook__ref(pb);
	}
	return env->kube ? 0 : kube_call__new(&env->kube, &pb->kubernetes, env->stop, err);
}

int act_kube__do(struct act_env *env, const struct pb_plan *p, const struct pb_step *s, struct buf *text, struct err *err)
{
	const struct pb_target *t = &p->target;
	int r = reach(env, p->pb, err);

	if (r)
		return r;
	switch ((enum pb_do)s->action->o->what) {
	case PB_isolate_pod:
		return kube_pod__isolate(env->kube, t, s, text, err);
	case PB_delete_pod:
		return kube_pod__delete(env->kube, t, s, text, err);
	case PB_evict_pod:
		return kube_pod__evict(env->kube, t, s->action->o->grace, text, err);
	case PB_label_pod:
	case PB_annotate_pod:
		return kube_pod__label(env->kube, t, s, text, err);
	case PB_event_pod:
		return kube_pod__event(env->kube, p, s, text, err);
	default:
		return kube_node__do(env->kube, p, s, text, err);
	}
}

/* --- rights ------------------------------------------------------------------------------------------------ */

static const struct right {
	enum pb_do what;
	const char *group, *resource, *verb;
} rights[] = {
	{ PB_isolate_pod, "", "pods", "patch" },
	{ PB_isolate_pod, "networking.k8s.io", "networkpolicies", "create" },
	{ PB_isolate_pod, "networking.k8s.io", "networkpolicies", "patch" },
	{ PB_delete_pod, "", "pods", "delete" },
	{ PB_evict_pod, "", "pods/eviction", "create" },
	{ PB_label_pod, "", "pods", "patch" },
	{ PB_annotate_pod, "", "pods", "patch" },
	{ PB_event_pod, "", "events", "create" },
	{ PB_cordon_node, "", "nodes", "get" },
	{ PB_cordon_node, "", "nodes", "patch" },
	{ PB_taint_node, "", "nodes", "get" },
	{ PB_taint_node, "", "nodes", "patch" },
	{ PB_drain_node, "", "nodes", "get" },
	{ PB_drain_node, "", "nodes", "patch" },
	{ PB_drain_node, "", "pods", "list" },
	{ PB_drain_node, "", "pods/eviction", "create" },
};
#define N_RIGHTS (sizeof(rights) / sizeof(*rights))

static bool is_used(const struct playbook *pb, enum pb_do what)
{
	for (uint32_t i = 0; i < pb->n; i++)
		for (uint32_t k = 0; k < pb->entries[i].n_actions; k++)
			if (pb->entries[i].actions[k].o->what == (int)what)
				return true;
	return false;
}

static bool is_same(const struct right *a, const struct right *b)
{
	return !strcmp(a->group, b->group) && !strcmp(a->resource, b->resource);
}

/* All verbs of the resource of right i, if it is the first of that resource that is used. */
static void put_resource(const struct playbook *pb, size_t i, struct buf *out)
{
	const char *sep = "";

	for (size_t k = 0; k < i; k++)
		if (is_used(pb, rights[k].what) && is_same(&rights[k], &rights[i]))
			return;
	buf__printf(out, "- apiGroups: [\"%s\"]\n  resources: [%s]\n  verbs: [", rights[i].group, rights[i].resource);
	for (size_t k = i; k < N_RIGHTS; k++) {
		bool done = false;

		for (size_t j = i; j < k; j++)
			done |= is_used(pb, rights[j].what) && is_same(&rights[j], &rights[k]) && !strcmp(rights[j].verb, rights[k].verb);
		if (done || !is_used(pb, rights[k].what) || !is_same(&rights[k], &rights[i]))
			continue;
		buf__printf(out, "%s%s", sep, rights[k].verb);
		sep = ", ";
	}
	buf__puts(out, "]\n");
}

void act_kube__role(const struct playbook *pb, struct buf *out)
{
	size_t before;

	buf__puts(out, "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: spoor-playbooks\nrules:");
	before = out->len;
	buf__puts(out, "\n");
	for (size_t i = 0; i < N_RIGHTS; i++)
		if (is_used(pb, rights[i].what))
			put_resource(pb, i, out);
	if (out->len == before + 1) {
		out->len = before;
		buf__puts(out, " []\n");
	}
}
