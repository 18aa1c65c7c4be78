// SPDX-License-Identifier: Apache-2.0
/* What an alert is about, and what must not be touched. */
#include <string.h>

#include "engine/playbook/playbook_internal.h"

/* --- fields ------------------------------------------------------------------------------------------------ */

enum { F_NS, F_POD, F_UID, F_KA_RESOURCE, F_KA_NS, F_KA_NAME, F_KA_CODE, F__N };

static const char *const field_names[F__N] = {
	[F_NS] = "k8s.ns.name", [F_POD] = "k8s.pod.name", [F_UID] = "k8s.pod.uid",
	[F_KA_RESOURCE] = "ka.target.resource", [F_KA_NS] = "ka.target.namespace", [F_KA_NAME] = "ka.target.name",
	[F_KA_CODE] = "ka.response.code",
};

struct pb_fields {
	struct eng_fref refs[F__N];
};

struct pb_fields *pb_fields__new(struct arena *mem)
{
	struct pb_fields *f = arena__zalloc(mem, sizeof(*f));

	for (unsigned i = 0; i < F__N; i++)
		if (eng_field__resolve(field_names[i], strlen(field_names[i]), mem, &f->refs[i], NULL))
			f->refs[i].field = NULL;
	return f;
}

/* The value as a text, in mem; NULL: missing. */
static const char *get(const struct pb_fields *f, unsigned which, const struct eng_ctx *ctx, struct arena *mem, struct arena *scratch)
{
	struct eng_vals v = { .scratch = scratch };
	const struct eng_fref *ref = &f->refs[which];
	struct buf b = { 0 };
	char *s = NULL;

	if (ref->field && eng_field__get(ref, ctx, false, &v)) {
		eng_val__text(ref, &v, &b);
		s = b.len ? arena__strndup(mem, (char *)b.p, b.len) : NULL;
	}
	buf__done(&b);
	arena__reset(scratch);
	return s;
}

bool pb_is_dns_name(const char *s)
{
	size_t n = strlen(s);

	if (!n || n > 253 || strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-.") != n)
		return false;
	return s[0] != '-' && s[0] != '.' && s[n - 1] != '-' && s[n - 1] != '.' && !strstr(s, "..");
}

static const char *copy(struct arena *mem, const struct eng_str *s)
{
	return s && s->len ? arena__strndup(mem, s->s, s->len) : NULL;
}

static void of_process(struct pb_target *t, const struct eng_proc *p, struct arena *mem)
{
	const struct eng_container *c = p->container;

	t->pid = p->pid;
	t->start_ns = p->start;
	t->exe = copy(mem, p->image->exepath);
	t->exe_ino = p->image->exe_ino;
	if (!c)
		return;
	t->container = arena__strndup(mem, c->id, strlen(c->id));
	t->full_id = copy(mem, c->full_id);
	t->name = copy(mem, c->name);
	t->image = copy(mem, c->image);
	t->cgroup = copy(mem, c->cgroup);
}

/*
 * The pod that a request to the API server was about, if it was let through: who may not touch a pod must not be able to
 * have it deleted by asking.
 */
static void of_request(struct pb_target *t, const struct pb_fields *f, const struct eng_ctx *ctx, struct arena *mem,
		       struct arena *scratch)
{
	const char *resource = get(f, F_KA_RESOURCE, ctx, mem, scratch), *code = get(f, F_KA_CODE, ctx, mem, scratch);

	if (!resource || strcmp(resource, "pods") || !code || code[0] > '2' || strlen(code) != 3)
		return;
	t->ns = get(f, F_KA_NS, ctx, mem, scratch);
	t->pod = get(f, F_KA_NAME, ctx, mem, scratch);
}

void pb_target__find(struct pb_target *t, const struct pb_fields *f, const struct eng_ctx *ctx, const char *node, struct arena *mem,
		     struct arena *scratch)
{
	const char *host = eng_state__hostname(ctx->state);

	*t = (struct pb_target){ .node = node ? node : host ? arena__strndup(mem, host, strlen(host)) : NULL };
	if (eng_ctx__nobody(ctx)) {
		of_request(t, f, ctx, mem, scratch);
	} else {
		of_process(t, ctx->proc, mem);
		t->ns = get(f, F_NS, ctx, mem, scratch);
		t->pod = get(f, F_POD, ctx, mem, scratch);
		t->pod_uid = get(f, F_UID, ctx, mem, scratch);
	}
	if (!t->ns || !t->pod || !pb_is_dns_name(t->ns) || !pb_is_dns_name(t->pod))
		t->pod = NULL;
	if (t->node && !pb_is_dns_name(t->node))
		t->node = NULL;
	t->object = t->pod ? pb_printf(mem, "%s/%s", t->ns, t->pod) : t->full_id ? t->full_id : t->container ? t->container :
		    t->pid ? "host" : "cluster";
}

const char *pb_target__object(const struct pb_target *t, uint8_t kind, struct arena *mem, const char **ret_why)
{
	switch (kind) {
	case PBO_PROCESS:
		if (t->pid > 0 && t->pid < INT32_MAX)
			return pb_printf(mem, "process %lld (%s)", (long long)t->pid, t->exe ? t->exe : "?");
		*ret_why = "the alert is about no process";
		return NULL;
	case PBO_CONTAINER:
		if (t->container)
			return pb_printf(mem, "container %s", t->container);
		*ret_why = "the alert is about no container";
		return NULL;
	case PBO_POD:
		if (t->pod)
			return pb_printf(mem, "pod %s/%s", t->ns, t->pod);
		*ret_why = t->container ? "the container's pod is not known" : "the alert is about no pod, or about a request that was refused";
		return NULL;
	case PBO_NODE:
		if (t->node)
			return pb_printf(mem, "node %s", t->node);
		*ret_why = "the node's name is not known: give it as 'kubernetes: {node: NAME}'";
		return NULL;
	}
	return "";
}

/* --- protection -------------------------------------------------------------------------------------------- */

/* Programs that run containers. Only outside of containers: inside anybody may call a program so. */
static bool is_runtime(const char *exe)
{
	static const char *const names[] = { "containerd", "dockerd", "docker-proxy", "runc", "crun", "crio", "conmon", "kubelet",
					     "podman", "systemd", "init", "spoor-capture" };
	const char *base = exe ? strrchr(exe, '/') : NULL;

	if (!base)
		return false;
	if (!strncmp(base + 1, "containerd-shim", 15))
		return true;
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(base + 1, names[i]))
			return true;
	return false;
}

static const char *protected_process(const struct playbook *pb, const struct pb_self *self, const struct pb_target *t,
				     const struct eng_ctx *ctx)
{
	if (t->pid == 1)
		return "process 1 is protected";
	if (self->pid && t->pid == self->pid)
		return "the recorder does not act against itself";
	if (t->container)
		return NULL;
	if (t->pid == 2 || ctx->proc->ptid == 2)
		return "threads of the kernel are protected";
	if (is_runtime(t->exe))
		return "container runtimes and the system's manager are protected";
	return pb->protect_opts.host ? "what runs in no container is protected (protect: host)" : NULL;
}

static const char *by_glob(const struct pb_globs *g, const char *value, const char *what, struct arena *mem)
{
	if (!g->n)
		return NULL;
	if (!value)
		return pb_printf(mem, "the %s is not known, and some are protected", what);
	return pb_globs__match(g, value) ? pb_printf(mem, "the %s %.200s is protected", what, value) : NULL;
}

static const char *protected_container(const struct playbook *pb, const struct pb_self *self, const struct pb_target *t,
				       struct arena *mem)
{
	bool in_pod = t->cgroup && strstr(t->cgroup, "kubepods");
	const char *why = NULL;

	if (self->full_id && ((t->full_id && !strcmp(t->full_id, self->full_id)) ||
			      (t->container && !strncmp(t->container, self->full_id, strlen(t->container)))))
		return "the recorder does not act against itself";
	if (self->pod && t->pod && !strcmp(t->pod, self->pod) && !strcmp(t->ns, self->ns))
		return "the recorder does not act against itself";
	if (t->ns || in_pod)
		why = by_glob(&pb->protect.namespaces, t->ns, "namespace", mem);
	if (!why && (t->pod || in_pod))
		why = by_glob(&pb->protect.pods, t->pod, "pod", mem);
	if (!why && t->container)
		why = by_glob(&pb->protect.containers, t->name, "container's name", mem);
	if (!why && t->container)
		why = by_glob(&pb->protect.images, t->image, "image", mem);
	return why;
}

const char *pb_target__protected(const struct playbook *pb, const struct pb_self *self, const struct pb_target *t, uint8_t kind,
				 const struct eng_ctx *ctx, struct arena *mem)
{
	const char *why = NULL;

	switch (kind) {
	case PBO_PROCESS:
		why = protected_process(pb, self, t, ctx);
		return why || !t->container ? why : protected_container(pb, self, t, mem);
	case PBO_CONTAINER:
	case PBO_POD:
		return protected_container(pb, self, t, mem);
	case PBO_NODE:
		return by_glob(&pb->protect.nodes, t->node, "node", mem);
	}
	return NULL;
}
