// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cut/about.h"
#include "format/base/alloc.h"

#define MIN_NAMED 12u			/* a text that holds a shorter id may mean anything */
#define MAX_NAMED 1024u			/* ids that texts are searched for */

enum { UNKNOWN, NO, FIRST_ID };		/* of a string; FIRST_ID + k: it names that one */

struct about {
	about_fn is_it;
	void *arg;
	struct named { char id[65]; } *ids;	/* as they are shown */
	size_t n_ids, cap_ids;
	char last[65];			/* of them, that was met last */
	const struct fmt_batch *b;
	uint16_t *named;		/* by string of the batch */
	size_t n_named, cap_named;
};

void about__new(struct about **ret, about_fn is_it, void *arg)
{
	struct about *a = xcalloc(1, sizeof(*a));

	a->is_it = is_it;
	a->arg = arg;
	*ret = a;
}

void about__free(struct about *a)
{
	if (!a)
		return;
	free(a->ids);
	free(a->named);
	free(a);
}

void about__batch(struct about *a, const struct fmt_batch *b)
{
	a->b = b;
	a->n_named = 0;
}

/* --- which containers ------------------------------------------------------------------------------------- */

static bool is_among(const struct about *a, const char *id)
{
	for (size_t k = 0; k < a->n_ids; k++)
		if (!strcmp(a->ids[k].id, id))
			return true;
	return false;
}

void about__add_id(struct about *a, const char *id)
{
	size_t len = eng_container__id_len(id, strlen(id));
	char shown[sizeof(a->ids->id)];

	if (len < MIN_NAMED || len >= sizeof(shown) || a->n_ids == MAX_NAMED)
		return;
	memcpy(shown, id, len);
	shown[len] = 0;
	if (is_among(a, shown))
		return;
	a->ids = xgrow(a->ids, &a->cap_ids, a->n_ids + 1, sizeof(*a->ids));
	memcpy(a->ids[a->n_ids++].id, shown, len + 1);
	a->n_named = 0;
}

/* It is not the one that was meant: strings have to be searched again. */
static void take_id_out(struct about *a, size_t k)
{
	a->ids[k] = a->ids[--a->n_ids];
	a->n_named = 0;
	*a->last = 0;
}

bool about__is_it(struct about *a, const struct eng_container *c)
{
	if (!c || !a->is_it(a->arg, c))
		return false;
	if (strcmp(c->id, a->last)) {
		about__add_id(a, c->id);
		memcpy(a->last, c->id, sizeof(a->last));
	}
	return true;
}

/* By an id, for one that may be gone. */
static bool is_it_by_id(struct about *a, const struct eng_ctx *ctx, const char *id)
{
	const struct eng_container *c = eng_state__container(ctx->state, id);

	return c ? about__is_it(a, c) : is_among(a, id);
}

static bool is_its(struct about *a, const struct eng_thread *t)
{
	return t && about__is_it(a, t->proc->container);
}

/* --- by a text ---------------------------------------------------------------------------------------------- */

static uint16_t whom_it_names(const struct about *a, const struct fmt_str *s)
{
	for (size_t k = 0; k < a->n_ids; k++)
		if (memmem(s->p, s->len, a->ids[k].id, strlen(a->ids[k].id)))
			return (uint16_t)(FIRST_ID + k);
	return NO;
}

/* Strings that have come since, or are to be searched again. */
static uint16_t *place_of(struct about *a, uint32_t str)
{
	if (str >= a->n_named) {
		a->named = xgrow(a->named, &a->cap_named, a->b->dict.n + 1u, sizeof(*a->named));
		memset(a->named + a->n_named, 0, (a->b->dict.n + 1u - a->n_named) * sizeof(*a->named));
		a->n_named = a->b->dict.n + 1u;
	}
	return &a->named[str];
}

/* Does the text hold the id of one? */
static bool names_one(struct about *a, const struct eng_ctx *ctx, uint32_t str)
{
	const struct fmt_str *s = strtab__get(&a->b->dict, str);
	uint16_t *named;

	if (!s || str > a->b->dict.n)
		return false;
	for (;;) {
		named = place_of(a, str);
		if (*named == UNKNOWN)
			*named = whom_it_names(a, s);
		if (*named == NO)
			return false;
		if (is_it_by_id(a, ctx, a->ids[*named - FIRST_ID].id))
			return true;
		take_id_out(a, *named - FIRST_ID);
	}
}

/* /proc/PID/...: a file of one of its processes, or one that is reached through it. */
static bool is_in_proc(struct about *a, const struct eng_ctx *ctx, uint32_t str)
{
	const struct fmt_str *s = strtab__get(&a->b->dict, str);
	char head[24], slash;		/* a text need not end in NUL */
	int pid;

	if (!s || s->len < 8 || memcmp(s->p, "/proc/", 6))
		return false;
	snprintf(head, sizeof(head), "%.*s", (int)(s->len < sizeof(head) ? s->len : sizeof(head) - 1), s->p);
	return sscanf(head, "/proc/%d%c", &pid, &slash) == 2 && slash == '/' &&
	       is_its(a, eng_state__seen_by(ctx->state, ctx->proc, pid));
}

static bool any_text(struct about *a, const struct eng_ctx *ctx,
		     bool (*fn)(struct about *a, const struct eng_ctx *ctx, uint32_t str))
{
	const struct fmt_ev *ev = ctx->ev;

	for (unsigned p = 0; p < ev->info->n_params; p++)
		if (fmt_ptype_store(ev->info->params[p].type) == STORE_STR && ev->info->params[p].src != SRC_RET &&
		    fn(a, ctx, fmt_ev__str_id(ev, p)))
			return true;
	return false;
}

/* --- what is done to it ------------------------------------------------------------------------------------- */

/* A number of a process or thread, as the caller has it, or (kernels) as the kernel has it; a group by its leader. */
static bool meets(struct about *a, const struct eng_ctx *ctx, unsigned param, bool kernels)
{
	const struct eng_proc *by = kernels ? NULL : ctx->proc;
	const struct eng_thread *t;
	const char *ended;
	uint64_t v;
	int64_t n;

	if (!fmt_ev__int(ctx->ev, param, &v))
		return false;
	n = (int64_t)v;
	if (n == 0 || n == -1 || n == INT64_MIN)
		return false;		/* itself, or all that there are */
	n = n < 0 ? -n : n;
	t = by ? eng_state__seen_by(ctx->state, by, n) : eng_state__thread(ctx->state, n);
	if (t)
		return is_its(a, t);
	ended = eng_state__ended_container(ctx->state, by, n, fmt_ev__ts(ctx->ev));
	return ended && is_it_by_id(a, ctx, ended);
}

/* A namespace's file, opened as /proc/PID/ns/KIND (the kernel calls it "net:[4026531840]"), or a process. */
static bool enters(struct about *a, const struct eng_ctx *ctx)
{
	const struct eng_str *name = !ctx->fd ? NULL : ctx->fd->nameraw ? ctx->fd->nameraw : ctx->fd->name;
	char slash;
	int pid;

	if (meets(a, ctx, P_setns_target_pid, true))
		return true;
	return name && sscanf(name->s, "/proc/%d/ns%c", &pid, &slash) == 2 && slash == '/' &&
	       is_its(a, eng_state__seen_by(ctx->state, ctx->proc, pid));
}

struct pod_search {
	struct about *a;
	const struct eng_ctx *ctx;
	bool found;
};

static void see_container(struct eng_container *c, void *arg)
{
	struct pod_search *s = arg;

	s->found = s->found || (about__is_it(s->a, c) && eng_ctx__is_about_pod(s->ctx, c));
}

/* An entry of the audit log about its pod. */
static bool is_about_its_pod(struct about *a, const struct eng_ctx *ctx)
{
	struct pod_search s = { .a = a, .ctx = ctx };

	eng_state__each_container(eng_state__origin(ctx->state, 0), see_container, &s);
	return s.found;
}

/* A row that says of a container: it is there, it has ended, it has this user. */
static bool is_about_it(struct about *a, const struct eng_ctx *ctx)
{
	static const struct { uint16_t type; uint8_t id; } rows[] = {
		{ EV_container, P_container_id }, { EV_container_end, P_container_end_id },
		{ EV_useradded, P_useradded_container_id }, { EV_groupadded, P_groupadded_container_id },
		{ EV_action, P_action_container },
	};

	for (unsigned k = 0; k < sizeof(rows) / sizeof(*rows); k++) {
		const struct fmt_str *s = rows[k].type == ctx->ev->type ? fmt_ev__str(ctx->ev, rows[k].id) : NULL;
		char id[65];

		if (s && s->len && s->len < sizeof(id)) {
			snprintf(id, sizeof(id), "%.*s", (int)eng_container__id_len(s->p, s->len), s->p);
			return is_it_by_id(a, ctx, id);
		}
	}
	return false;
}

/* How an event says whom it is done to. */
enum how { TO_ITSELF, TO_NUMBER, TO_NAMESPACE, TO_NAMED, TO_CONTAINER, TO_POD, TO_FILE };

static enum how how_done(uint16_t type)
{
	switch (type) {
	case EV_kill: case EV_tkill: case EV_tgkill: case EV_rt_sigqueueinfo: case EV_rt_tgsigqueueinfo:
	case EV_pidfd_send_signal: case EV_ptrace: case EV_process_vm_readv: case EV_process_vm_writev: case EV_pidfd_getfd:
		return TO_NUMBER;
	case EV_setns:
		return TO_NAMESPACE;
	case EV_mount: case EV_umount2: case EV_umount: case EV_move_mount: case EV_open_tree: case EV_pivot_root:
	case EV_execve: case EV_execveat: case EV_alert: case EV_trigger:
	case EV_cgroup_attach: case EV_cgroup_mkdir: case EV_cgroup_rmdir:
		return TO_NAMED;
	case EV_container: case EV_container_end: case EV_useradded: case EV_groupadded: case EV_action:
		return TO_CONTAINER;
	case EV_k8s_audit:
		return TO_POD;
	default:
		return fmt_events[type].flags & EF_OPENS_FD ? TO_FILE : TO_ITSELF;
	}
}

static bool meets_number(struct about *a, const struct eng_ctx *ctx)
{
	switch (ctx->ev->type) {
	case EV_kill:
		return meets(a, ctx, P_kill_pid, false);
	case EV_tkill:
		return meets(a, ctx, P_tkill_tid, false);
	case EV_tgkill:
		return meets(a, ctx, P_tgkill_tid, false);
	case EV_rt_sigqueueinfo:
		return meets(a, ctx, P_rt_sigqueueinfo_pid, false);
	case EV_rt_tgsigqueueinfo:
		return meets(a, ctx, P_rt_tgsigqueueinfo_tid, false);
	case EV_ptrace:
		return meets(a, ctx, P_ptrace_pid, false);
	case EV_process_vm_readv:
		return meets(a, ctx, P_process_vm_readv_pid, false);
	case EV_process_vm_writev:
		return meets(a, ctx, P_process_vm_writev_pid, false);
	case EV_pidfd_getfd:
		return meets(a, ctx, P_pidfd_getfd_target_pid, true);
	default:
		return meets(a, ctx, P_pidfd_send_signal_target_pid, true);
	}
}

bool about__concerns_others(const struct eng_ctx *ctx)
{
	enum how how = how_done(ctx->ev->type);

	return how == TO_FILE ? ctx->fd && ctx->fd->flags & FDF_WRONLY : how != TO_ITSELF;
}

static bool is_done_to(struct about *a, const struct eng_ctx *ctx)
{
	switch (how_done(ctx->ev->type)) {
	case TO_NUMBER:
		return meets_number(a, ctx);
	case TO_NAMESPACE:
		return enters(a, ctx);
	case TO_NAMED:
		return any_text(a, ctx, names_one) || any_text(a, ctx, is_in_proc);
	case TO_CONTAINER:
		return is_about_it(a, ctx);
	case TO_POD:
		return any_text(a, ctx, names_one) || is_about_its_pod(a, ctx);
	case TO_FILE:
		return about__concerns_others(ctx) && (any_text(a, ctx, names_one) || any_text(a, ctx, is_in_proc));
	case TO_ITSELF:
		break;
	}
	return false;
}

bool about__may_concern_others(uint16_t type)
{
	return how_done(type) != TO_ITSELF;
}

bool about__has(struct about *a, const struct eng_ctx *ctx)
{
	return (!eng_ctx__nobody(ctx) && about__is_it(a, ctx->proc->container)) || is_done_to(a, ctx);
}
