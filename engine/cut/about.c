// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cut/about.h"
#include "format/base/alloc.h"

#define MIN_NAMED 12u			/* a text that holds a shorter id may mean anything */

enum { UNKNOWN, NO, YES };

struct about {
	char id[256];			/* as it was given */
	size_t len, shown;		/* of it; and of what is shown */
	const struct fmt_batch *b;
	uint8_t *named;			/* by string of the batch: does it name the container? */
	size_t cap;
};

int about__new(struct about **ret, const char *id, struct err *err)
{
	size_t len = strlen(id);
	struct about *a;

	if (!len || len >= sizeof(a->id))
		return err__set(err, -FMT_E_VALUE, "this is no id of a container");
	a = xcalloc(1, sizeof(*a));
	a->len = len;
	a->shown = eng_container__id_len(id, len);
	memcpy(a->id, id, len);
	*ret = a;
	return 0;
}

void about__free(struct about *a)
{
	if (!a)
		return;
	free(a->named);
	free(a);
}

void about__batch(struct about *a, const struct fmt_batch *b)
{
	a->b = b;
	a->named = xgrow(a->named, &a->cap, b->dict.n + 1u, 1);
	memset(a->named, UNKNOWN, b->dict.n + 1u);
}

bool about__is_it(const struct about *a, const struct eng_container *c)
{
	if (!c || strncmp(c->id, a->id, a->shown) || c->id[a->shown])
		return false;
	return a->len == a->shown || !c->full_id || !strcmp(c->full_id->s, a->id);
}

static bool is_its(const struct about *a, const struct eng_thread *t)
{
	return t && about__is_it(a, t->proc->container);
}

/* Does the text hold its id, or what is shown of it? */
static bool names_it(struct about *a, uint32_t str)
{
	const struct fmt_str *s = strtab__get(&a->b->dict, str);

	if (!s || a->shown < MIN_NAMED || str > a->b->dict.n)
		return false;
	if (a->named[str] == UNKNOWN)
		a->named[str] = memmem(s->p, s->len, a->id, a->shown) ? YES : NO;
	return a->named[str] == YES;
}

static bool any_names_it(struct about *a, const struct fmt_ev *ev)
{
	for (unsigned p = 0; p < ev->info->n_params; p++)
		if (fmt_ptype_store(ev->info->params[p].type) == STORE_STR && ev->info->params[p].src != SRC_RET &&
		    names_it(a, fmt_ev__str_id(ev, p)))
			return true;
	return false;
}

/* --- what the host does to it ------------------------------------------------------------------------------ */

/* A number of a process or thread, as the caller has it; a group by its leader. */
static bool meets(struct about *a, const struct eng_ctx *ctx, unsigned param)
{
	uint64_t v;
	int64_t n;

	if (!fmt_ev__int(ctx->ev, param, &v))
		return false;
	n = (int64_t)v;
	if (n == -1 || n == INT64_MIN)
		return false;		/* all that there are */
	return is_its(a, eng_state__seen_by(ctx->state, ctx->proc, n < 0 ? -n : n));
}

/* A namespace's file, /proc/PID/ns/KIND, or a process. */
static bool enters(struct about *a, const struct eng_ctx *ctx)
{
	int pid;
	char slash;

	if (meets(a, ctx, P_setns_target_pid))
		return true;
	return ctx->fd && sscanf(ctx->fd->name->s, "/proc/%d/ns%c", &pid, &slash) == 2 && slash == '/' &&
	       is_its(a, eng_state__thread(ctx->state, pid));
}

/* An entry of the audit log about its pod. */
static bool is_about_its_pod(const struct about *a, const struct eng_ctx *ctx)
{
	char id[sizeof(a->id)];
	const struct eng_container *c;

	snprintf(id, sizeof(id), "%.*s", (int)a->shown, a->id);
	c = eng_state__container(eng_state__origin(ctx->state, 0), id);
	return about__is_it(a, c) && eng_ctx__is_about_pod(ctx, c);
}

/* How an event says whom it is done to. */
enum how { TO_ITSELF, TO_NUMBER, TO_NAMESPACE, TO_NAMED, TO_POD, TO_FILE };

static enum how how_done(uint16_t type)
{
	switch (type) {
	case EV_kill: case EV_tkill: case EV_tgkill: case EV_rt_sigqueueinfo: case EV_pidfd_send_signal:
		return TO_NUMBER;
	case EV_setns:
		return TO_NAMESPACE;
	case EV_mount: case EV_umount2: case EV_umount: case EV_move_mount: case EV_open_tree: case EV_pivot_root:
	case EV_execve: case EV_execveat:
	case EV_alert: case EV_container: case EV_container_end: case EV_trigger:
	case EV_cgroup_attach: case EV_cgroup_mkdir: case EV_cgroup_rmdir:
		return TO_NAMED;
	case EV_k8s_audit:
		return TO_POD;
	default:
		return fmt_events[type].flags & EF_OPENS_FD ? TO_FILE : TO_ITSELF;
	}
}

static unsigned number_param(uint16_t type)
{
	switch (type) {
	case EV_kill:
		return P_kill_pid;
	case EV_tkill:
		return P_tkill_tid;
	case EV_tgkill:
		return P_tgkill_tid;
	case EV_rt_sigqueueinfo:
		return P_rt_sigqueueinfo_pid;
	default:
		return P_pidfd_send_signal_target_pid;
	}
}

bool about__concerns_others(const struct eng_ctx *ctx)
{
	enum how how = how_done(ctx->ev->type);

	return how == TO_FILE ? ctx->fd && ctx->fd->flags & FDF_WRONLY : how != TO_ITSELF;
}

static bool is_done_to(struct about *a, const struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;

	switch (how_done(ev->type)) {
	case TO_NUMBER:
		return meets(a, ctx, number_param(ev->type));
	case TO_NAMESPACE:
		return enters(a, ctx);
	case TO_NAMED:
		return any_names_it(a, ev);
	case TO_POD:
		return any_names_it(a, ev) || is_about_its_pod(a, ctx);
	case TO_FILE:
		return about__concerns_others(ctx) && any_names_it(a, ev);
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
