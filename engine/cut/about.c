// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cut/about.h"
#include "format/base/alloc.h"
#include "format/base/log.h"
#include "format/base/strtab.h"

#define MIN_NAMED 12u			/* a text that holds a shorter id may mean anything */
/* Ids that texts are searched for, and those of them that begin alike: a trace may name any number. */
#define MAX_NAMED (1u << 17)
#define MAX_ALIKE 64u

enum { UNKNOWN, NO, FIRST_ID };		/* of a string; FIRST_ID + k: it names that one */

/* One that texts are searched for, as it is shown. */
struct named {
	char id[65];
	bool out;			/* it is not one that is meant */
	uint32_t next;			/* FIRST_ID + k of another that begins with the same MIN_NAMED characters; 0: none */
};

struct about {
	about_fn is_it;
	void *arg;
	struct named *ids;
	size_t n_ids, cap_ids;
	struct strtab heads;		/* the first MIN_NAMED characters of each ... */
	uint32_t *first;		/* ... and FIRST_ID + k of one that begins so, by their number */
	size_t cap_first;
	uint64_t too_many;		/* how often there was no room for another */
	char last[65];			/* of them, that was met last */
	const struct fmt_batch *b;
	uint32_t *named;		/* by string of the batch */
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
	if (a->too_many)
		log_warn("too many containers are asked for: %llu times one was met whose id no text was searched for",
			 (unsigned long long)a->too_many);
	free(a->ids);
	strtab__done(&a->heads);
	free(a->first);
	free(a->named);
	free(a);
}

void about__batch(struct about *a, const struct fmt_batch *b)
{
	a->b = b;
	a->n_named = 0;
}

/* --- which containers ------------------------------------------------------------------------------------- */

static struct named *named_of(const struct about *a, uint32_t k)
{
	return k ? &a->ids[k - FIRST_ID] : NULL;
}

/* FIRST_ID + k of the first of those whose ids begin as p does, which has MIN_NAMED characters at least; 0: none. */
static uint32_t begins_as(const struct about *a, const char *p)
{
	uint32_t head = strtab__find(&a->heads, p, MIN_NAMED, MIN_NAMED);

	return head ? a->first[head] : 0;
}

static struct named *find_id(const struct about *a, const char *id)
{
	struct named *n = strlen(id) < MIN_NAMED ? NULL : named_of(a, begins_as(a, id));

	while (n && strcmp(n->id, id))
		n = named_of(a, n->next);
	return n;
}

static bool is_among(const struct about *a, const char *id)
{
	const struct named *n = find_id(a, id);

	return n && !n->out;
}

static bool has_room(struct about *a, const char *id)
{
	unsigned alike = 0;

	for (uint32_t k = begins_as(a, id); k; k = named_of(a, k)->next)
		alike++;
	if (a->n_ids < MAX_NAMED && alike < MAX_ALIKE)
		return true;
	a->too_many++;
	return false;
}

static void add_new_id(struct about *a, const char *id, size_t len)
{
	uint32_t head = strtab__add(&a->heads, id, MIN_NAMED, MIN_NAMED);
	struct named *n;

	while (a->cap_first <= head) {
		size_t had = a->cap_first;

		a->first = xgrow(a->first, &a->cap_first, head + 1u, sizeof(*a->first));
		memset(a->first + had, 0, (a->cap_first - had) * sizeof(*a->first));
	}
	a->ids = xgrow(a->ids, &a->cap_ids, a->n_ids + 1, sizeof(*a->ids));
	n = &a->ids[a->n_ids];
	*n = (struct named){ .next = a->first[head] };
	memcpy(n->id, id, len);
	a->first[head] = FIRST_ID + (uint32_t)a->n_ids++;
}

void about__add_id(struct about *a, const char *id)
{
	size_t len = eng_container__id_len(id, strlen(id));
	char shown[sizeof(a->ids->id)];
	struct named *n;

	if (len < MIN_NAMED || len >= sizeof(shown))
		return;
	memcpy(shown, id, len);
	shown[len] = 0;
	n = find_id(a, shown);
	if (n ? !n->out : !has_room(a, shown))
		return;
	if (n)
		n->out = false;
	else
		add_new_id(a, shown, len);
	a->n_named = 0;
}

/* It is not the one that was meant: strings have to be searched again. */
static void take_id_out(struct about *a, struct named *n)
{
	n->out = true;
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
static bool is_it_by_id(struct about *a, struct eng_state *st, const char *id)
{
	const struct eng_container *c = eng_state__container(st, id);

	return c ? about__is_it(a, c) : is_among(a, id);
}

bool about__is_inside(struct about *a, struct eng_state *st, const struct eng_thread *t)
{
	const char *id = t->entered ? eng_thread__inside(t) : NULL;

	return id && is_it_by_id(a, st, id);
}

static bool is_its(struct about *a, const struct eng_thread *t)
{
	return t && about__is_it(a, t->proc->container);
}

/* --- by a text ---------------------------------------------------------------------------------------------- */

static uint32_t whom_it_names(const struct about *a, const struct fmt_str *s)
{
	for (uint32_t i = 0; a->n_ids && i + MIN_NAMED <= s->len; i++)
		for (uint32_t k = begins_as(a, s->p + i); k; k = named_of(a, k)->next) {
			const struct named *n = named_of(a, k);
			size_t len = strlen(n->id);

			if (!n->out && len <= s->len - i && !memcmp(s->p + i, n->id, len))
				return k;
		}
	return NO;
}

/* Strings that have come since, or are to be searched again. */
static uint32_t *place_of(struct about *a, uint32_t str)
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
	struct named *n;
	uint32_t *named;

	if (!s || str > a->b->dict.n)
		return false;
	for (;;) {
		named = place_of(a, str);
		if (*named == UNKNOWN)
			*named = whom_it_names(a, s);
		if (*named == NO)
			return false;
		n = named_of(a, *named);
		if (is_it_by_id(a, ctx->state, n->id))
			return true;
		take_id_out(a, n);
	}
}

/* What leads from /proc/PID/ to all files of the process: also by way of one of its threads. */
static bool is_way_through(const char *s)
{
	int tid, at = 0;

	if (sscanf(s, "task/%d/%n", &tid, &at) == 1)
		s += at;
	return !strncmp(s, "root", 4) || !strncmp(s, "cwd", 3);
}

/*
 * /proc/PID/...: a file of one of its processes, or one that is reached through it. reading: only the latter counts, for who
 * looks at processes reads the others all the time.
 */
static bool is_in_proc(struct about *a, const struct eng_ctx *ctx, const char *p, size_t len, bool reading)
{
	char head[64], slash;		/* a text need not end in NUL */
	int pid, at = 0;

	if (len < 8 || memcmp(p, "/proc/", 6))
		return false;
	snprintf(head, sizeof(head), "%.*s", (int)(len < sizeof(head) ? len : sizeof(head) - 1), p);
	if (sscanf(head, "/proc/%d%c%n", &pid, &slash, &at) != 2 || slash != '/')
		return false;
	if (reading && !is_way_through(head + at))
		return false;
	return is_its(a, eng_state__seen_by(ctx->state, ctx->proc, pid));
}

static bool is_its_file(struct about *a, const struct eng_ctx *ctx, uint32_t str)
{
	const struct fmt_str *s = strtab__get(&a->b->dict, str);

	return s && is_in_proc(a, ctx, s->p, s->len, false);
}

static bool is_reached_through_it(struct about *a, const struct eng_ctx *ctx, uint32_t str)
{
	const struct fmt_str *s = strtab__get(&a->b->dict, str);

	return s && is_in_proc(a, ctx, s->p, s->len, true);
}

/* The name, below /proc, by which the directory was opened that a path begins at; NULL: it begins elsewhere. */
static const struct eng_str *begins_in_proc(const struct eng_ctx *ctx, unsigned param)
{
	const struct fmt_ev *ev = ctx->ev;
	int dirfd = ev->info->params[param].dirfd;
	const struct fmt_str *s = dirfd >= 0 ? fmt_ev__str(ev, param) : NULL;
	const struct eng_fd *fd;
	uint64_t num;

	if (!s || (s->len && s->p[0] == '/') || !fmt_ev__int(ev, (unsigned)dirfd, &num) || (int64_t)num < 0)
		return NULL;
	fd = eng_fdtable__get(ctx->proc->fds, (int64_t)num);
	return fd && fd->nameraw && !strncmp(fd->nameraw->s, "/proc/", 6) ? fd->nameraw : NULL;
}

static bool is_below_its_file(struct about *a, const struct eng_ctx *ctx, bool reading)
{
	for (unsigned p = 0; p < ctx->ev->info->n_params; p++) {
		const struct eng_str *dir = begins_in_proc(ctx, p);

		if (dir && is_in_proc(a, ctx, dir->s, dir->len, reading))
			return true;
	}
	return false;
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
	return ended && is_it_by_id(a, ctx->state, ended);
}

static bool enters(struct about *a, const struct eng_ctx *ctx)
{
	uint32_t kinds;
	const char *id = eng_ctx__entered(ctx, &kinds);

	return id && is_it_by_id(a, ctx->state, id);
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
	const struct fmt_str *s = eng_ev__container_told(ctx->ev);
	char id[65];

	if (!s || !s->len || s->len >= sizeof(id))
		return false;
	snprintf(id, sizeof(id), "%.*s", (int)eng_container__id_len(s->p, s->len), s->p);
	return is_it_by_id(a, ctx->state, id);
}

/*
 * Calls that are done to a process or thread by its number, or by a descriptor that holds it. What only asks how one is
 * scheduled, or in which group it is, is done to nobody.
 */
enum whose { CALLERS, KERNELS };	/* numbers: as the caller sees them, or as the kernel has found them */

static const struct by_number {
	uint16_t type;
	uint8_t param, whose;
} by_number[] = {
	{ EV_kill, P_kill_pid, CALLERS },
	{ EV_tkill, P_tkill_tid, CALLERS },
	{ EV_tgkill, P_tgkill_tid, CALLERS },
	{ EV_rt_sigqueueinfo, P_rt_sigqueueinfo_pid, CALLERS },
	{ EV_rt_tgsigqueueinfo, P_rt_tgsigqueueinfo_tid, CALLERS },
	{ EV_pidfd_send_signal, P_pidfd_send_signal_target_pid, KERNELS },
	{ EV_ptrace, P_ptrace_pid, CALLERS },
	{ EV_process_vm_readv, P_process_vm_readv_pid, CALLERS },
	{ EV_process_vm_writev, P_process_vm_writev_pid, CALLERS },
	{ EV_process_madvise, P_process_madvise_target_pid, KERNELS },
	{ EV_process_mrelease, P_process_mrelease_target_pid, KERNELS },
	{ EV_pidfd_open, P_pidfd_open_pid, CALLERS },
	{ EV_pidfd_getfd, P_pidfd_getfd_target_pid, KERNELS },
	{ EV_kcmp, P_kcmp_pid1, CALLERS },
	{ EV_kcmp, P_kcmp_pid2, CALLERS },
	{ EV_get_robust_list, P_get_robust_list_pid, CALLERS },
	{ EV_perf_event_open, P_perf_event_open_pid, CALLERS },
	{ EV_prlimit, P_prlimit_pid, CALLERS },
	{ EV_migrate_pages, P_migrate_pages_pid, CALLERS },
	{ EV_move_pages, P_move_pages_pid, CALLERS },
	{ EV_sched_setaffinity, P_sched_setaffinity_pid, CALLERS },
	{ EV_sched_setscheduler, P_sched_setscheduler_pid, CALLERS },
	{ EV_sched_setparam, P_sched_setparam_pid, CALLERS },
	{ EV_sched_setattr, P_sched_setattr_pid, CALLERS },
	{ EV_setpriority, P_setpriority_who, CALLERS },
	{ EV_ioprio_set, P_ioprio_set_who, CALLERS },
};

static bool is_by_number(uint16_t type)
{
	for (unsigned k = 0; k < sizeof(by_number) / sizeof(*by_number); k++)
		if (by_number[k].type == type)
			return true;
	return false;
}

/* Is the number that of a user? include/uapi/linux/resource.h, include/uapi/linux/ioprio.h */
static bool is_of_user(const struct fmt_ev *ev)
{
	uint64_t which;

	return (ev->type == EV_setpriority && fmt_ev__int(ev, P_setpriority_which, &which) && which == 2) ||
	       (ev->type == EV_ioprio_set && fmt_ev__int(ev, P_ioprio_set_which, &which) && which == 3);
}

static bool meets_number(struct about *a, const struct eng_ctx *ctx)
{
	const struct by_number *n = by_number, *end = n + sizeof(by_number) / sizeof(*by_number);

	for (; n < end; n++)
		if (n->type == ctx->ev->type && meets(a, ctx, n->param, n->whose == KERNELS))
			return !is_of_user(ctx->ev);
	return false;
}

/* How an event says whom it is done to. */
enum how { TO_ITSELF, TO_NUMBER, TO_NAMESPACE, TO_NAMED, TO_CONTAINER, TO_POD, TO_FILE };

static enum how how_done(uint16_t type)
{
	switch (type) {
	case EV_setns:
		return TO_NAMESPACE;
	case EV_mount: case EV_umount2: case EV_umount: case EV_move_mount: case EV_open_tree: case EV_open_tree_attr:
	case EV_mount_setattr: case EV_fspick: case EV_pivot_root: case EV_chroot:
	case EV_execve: case EV_execveat: case EV_alert: case EV_trigger:
	case EV_cgroup_attach: case EV_cgroup_mkdir: case EV_cgroup_rmdir:
		return TO_NAMED;
	case EV_container: case EV_container_end: case EV_useradded: case EV_userdeleted: case EV_groupadded:
	case EV_groupdeleted: case EV_action:
		return TO_CONTAINER;
	case EV_k8s_audit:
		return TO_POD;
	default:
		if (is_by_number(type))
			return TO_NUMBER;
		return fmt_events[type].flags & EF_OPENS_FD ? TO_FILE : TO_ITSELF;
	}
}

/* Is it opened to be written? */
static bool writes(const struct eng_ctx *ctx)
{
	return ctx->fd && ctx->fd->flags & FDF_WRONLY;
}

/* Was it opened by a name below /proc? Of other files reading is nobody's matter. */
static bool is_through_proc(const struct eng_ctx *ctx)
{
	const struct eng_str *name = ctx->fd ? ctx->fd->nameraw : NULL;
	const struct fmt_event_info *info = ctx->ev->info;

	if (!name || name->s[0] == '/')
		return name && !strncmp(name->s, "/proc/", 6);
	for (unsigned p = 0; p < info->n_params; p++)
		if (info->params[p].dirfd >= 0 && begins_in_proc(ctx, p))
			return true;
	return false;
}

bool about__concerns_others(const struct eng_ctx *ctx)
{
	enum how how = how_done(ctx->ev->type);

	return how == TO_FILE ? writes(ctx) || is_through_proc(ctx) : how != TO_ITSELF;
}

static bool is_done_to_file(struct about *a, const struct eng_ctx *ctx)
{
	if (writes(ctx))
		return any_text(a, ctx, names_one) || any_text(a, ctx, is_its_file) || is_below_its_file(a, ctx, false);
	return is_through_proc(ctx) && (any_text(a, ctx, is_reached_through_it) || is_below_its_file(a, ctx, true));
}

static bool is_done_to(struct about *a, const struct eng_ctx *ctx)
{
	switch (how_done(ctx->ev->type)) {
	case TO_NUMBER:
		return meets_number(a, ctx);
	case TO_NAMESPACE:
		return enters(a, ctx);
	case TO_NAMED:
		return any_text(a, ctx, names_one) || any_text(a, ctx, is_its_file) || is_below_its_file(a, ctx, false);
	case TO_CONTAINER:
		return is_about_it(a, ctx);
	case TO_POD:
		return any_text(a, ctx, names_one) || is_about_its_pod(a, ctx);
	case TO_FILE:
		return is_done_to_file(a, ctx);
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
	return (!eng_ctx__nobody(ctx) &&
		(about__is_it(a, ctx->proc->container) || about__is_inside(a, ctx->state, ctx->thread))) || is_done_to(a, ctx);
}
