// SPDX-License-Identifier: Apache-2.0
/*
 * Who is inside of a container without belonging to it: by setns, as nsenter and debuggers of nodes do.
 *
 * Only the mount namespace counts, and the pid namespace for who comes from no container: containers of a pod share the
 * others, and may share that of their sandbox, which the runtime enters for each.
 */
#include <stdio.h>
#include <string.h>

#include "engine/state/state_internal.h"

enum { KIND_MNT = 0x20, KIND_PID = 0x40 };	/* NEWNS, NEWPID of group clone_flags */

/* "/proc/PID/ns/KIND", or the same of a thread. false: it is not. */
static bool parse_ns_file(const struct eng_str *name, int *ret_pid, char kind[24])
{
	int tid;

	if (!name)
		return false;
	if (sscanf(name->s, "/proc/%d/task/%d/ns/%23s", ret_pid, &tid, kind) == 3) {
		*ret_pid = tid;
		return true;
	}
	return sscanf(name->s, "/proc/%d/ns/%23s", ret_pid, kind) == 2;
}

static uint32_t kind_of(const char *name)
{
	if (!strncmp(name, "mnt", 3))
		return KIND_MNT;
	return !strncmp(name, "pid", 3) ? KIND_PID : 0;
}

static const char *container_of_thread(const struct eng_ctx *ctx, const struct eng_proc *by, int64_t tid)
{
	const struct eng_thread *t = by ? eng_state__seen_by(ctx->state, by, tid) : eng_state__thread(ctx->state, tid);

	if (t)
		return t->proc->container ? t->proc->container->id : NULL;
	return eng_state__ended_container(ctx->state, by, tid, fmt_ev__ts(ctx->ev));
}

const char *eng_ctx__entered(const struct eng_ctx *ctx, uint32_t *ret_kinds)
{
	const struct eng_fd *fd = ctx->fd;
	int64_t target = ev_s64(ctx->ev, P_setns_target_pid, 0);
	char kind[24];
	int pid;

	*ret_kinds = (uint32_t)ev_u64(ctx->ev, P_setns_nstype, 0);
	if (target > 0)
		return container_of_thread(ctx, NULL, target);
	if (!fd)
		return NULL;
	/* the kernel calls it "mnt:[4026531841]"; only who opened it says whose it is */
	if (!*ret_kinds && fd->name)
		*ret_kinds = kind_of(fd->name->s);
	if (!parse_ns_file(fd->nameraw, &pid, kind) && !parse_ns_file(fd->name, &pid, kind))
		return NULL;
	if (!*ret_kinds)
		*ret_kinds = kind_of(kind);
	return container_of_thread(ctx, ctx->proc, pid);
}

/* At the end: the call itself is still made where the thread was. */
void on_setns_leave(struct eng_state *st, struct eng_ctx *ctx)
{
	struct eng_thread *t = ctx->thread;
	uint32_t kinds;
	const char *id;

	(void)st;
	if (fmt_ev__res(ctx->ev) < 0)
		return;
	id = eng_ctx__entered(ctx, &kinds);
	kinds &= KIND_MNT | KIND_PID;
	if (!kinds)
		return;
	if (id && t->entered && !strcmp(t->entered->s, id)) {
		t->entered_by |= kinds;
	} else if (id) {
		eng_str__set(&t->entered, eng_str__new(id, strlen(id), strlen(id)));
		t->entered_by = kinds;
	} else {
		t->entered_by &= ~kinds;
		if (!t->entered_by)
			eng_str__set(&t->entered, NULL);
	}
}

const char *eng_thread__inside(const struct eng_thread *t)
{
	return t->entered && (t->entered_by & KIND_MNT || !t->proc->container) ? t->entered->s : NULL;
}
