// SPDX-License-Identifier: Apache-2.0
/*
 * What a process or thread changes of itself: directories, ids, capabilities, groups, name, limits.
 */
#include <string.h>

#include "engine/state/path.h"
#include "engine/state/state_internal.h"

/* --- directories ------------------------------------------------------------------------------ */

/* cwd always ends with '/'. */
static void set_cwd(struct eng_state *st, struct eng_proc *p, const char *path, size_t n)
{
	st->scratch.len = 0;
	path__join(p->cwd->s, p->cwd->len, path, n, &st->scratch);
	if (!st->scratch.len || st->scratch.p[st->scratch.len - 1] != '/')
		buf__u8(&st->scratch, '/');
	if (eng_str__set(&p->cwd, eng_str__new((char *)st->scratch.p, st->scratch.len,
					       st->scratch.len)))
		p->epoch = next_epoch(st);
}

/* Where the kernel says that the process is now; else what the call's own argument comes to. */
static bool kernel_cwd(struct eng_state *st, struct eng_ctx *ctx, unsigned param)
{
	const struct fmt_str *s = fmt_ev__str(ctx->ev, param);

	if (!s || !s->len || s->p[0] != '/')
		return false;
	set_cwd(st, ctx->proc, s->p, s->len);
	return true;
}

void on_chdir(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_str *s = fmt_ev__str(ctx->ev, P_chdir_path);

	if (fmt_ev__res(ctx->ev) >= 0 && !kernel_cwd(st, ctx, P_chdir_cwd) && s)
		set_cwd(st, ctx->proc, s->p, s->len);
}

void on_fchdir(struct eng_state *st, struct eng_ctx *ctx)
{
	if (fmt_ev__res(ctx->ev) >= 0 && !kernel_cwd(st, ctx, P_fchdir_cwd) && ctx->fd &&
	    ctx->fd->name &&
	    ctx->fd->name->len)
		set_cwd(st, ctx->proc, ctx->fd->name->s, ctx->fd->name->len);
}

/* The kernel's own word, in case a chdir was missed. "(unreachable)/x" is outside of the root. */
void on_getcwd(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_str *s = fmt_ev__str(ctx->ev, P_getcwd_path);

	if (fmt_ev__res(ctx->ev) >= 0 && s && s->len && s->p[0] == '/')
		set_cwd(st, ctx->proc, s->p, s->len);
}

void on_chroot(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_str *s = fmt_ev__str(ctx->ev, P_chroot_path);
	struct eng_proc *p = ctx->proc;

	if (fmt_ev__res(ctx->ev) != 0 || !s)
		return;
	st->scratch.len = 0;
	path__join(p->cwd->s, p->cwd->len, s->p, s->len, &st->scratch);
	eng_str__set(&p->root, eng_str__new((char *)st->scratch.p, st->scratch.len,
					    st->scratch.len));
}

/* --- ids -------------------------------------------------------------------------------------- */

/* Set an id that a parameter gives; -1 leaves it. */
static bool set_id(uint32_t *at, const struct fmt_ev *ev, unsigned p)
{
	uint64_t v;

	if (!fmt_ev__int(ev, p, &v) || (uint32_t)v == UINT32_MAX || *at == (uint32_t)v)
		return false;
	*at = (uint32_t)v;
	return true;
}

/* real < 0: the call has none. */
static void set_ids(struct eng_state *st, struct eng_ctx *ctx, uint32_t *real, int p_real,
		    uint32_t *eff, unsigned p_eff)
{
	bool changed;

	if (fmt_ev__res(ctx->ev) != 0)
		return;
	changed = p_real >= 0 && set_id(real, ctx->ev, (unsigned)p_real);
	changed |= set_id(eff, ctx->ev, p_eff);
	if (changed)
		thread__changed(st, ctx->thread);
}

/* With privilege it sets all of them. */
void on_setuid(struct eng_state *st, struct eng_ctx *ctx)
{
	struct eng_thread *t = ctx->thread;

	set_ids(st, ctx, &t->uid, t->euid == 0 ? P_setuid_uid : -1, &t->euid, P_setuid_uid);
}

void on_setreuid(struct eng_state *st, struct eng_ctx *ctx)
{
	set_ids(st, ctx, &ctx->thread->uid, P_setreuid_ruid, &ctx->thread->euid, P_setreuid_euid);
}

void on_setresuid(struct eng_state *st, struct eng_ctx *ctx)
{
	set_ids(st, ctx, &ctx->thread->uid, P_setresuid_ruid, &ctx->thread->euid,
		P_setresuid_euid);
}

void on_setgid(struct eng_state *st, struct eng_ctx *ctx)
{
	struct eng_thread *t = ctx->thread;

	set_ids(st, ctx, &t->gid, t->euid == 0 ? P_setgid_gid : -1, &t->egid, P_setgid_gid);
}

void on_setregid(struct eng_state *st, struct eng_ctx *ctx)
{
	set_ids(st, ctx, &ctx->thread->gid, P_setregid_rgid, &ctx->thread->egid, P_setregid_egid);
}

void on_setresgid(struct eng_state *st, struct eng_ctx *ctx)
{
	set_ids(st, ctx, &ctx->thread->gid, P_setresgid_rgid, &ctx->thread->egid,
		P_setresgid_egid);
}

void on_capset(struct eng_state *st, struct eng_ctx *ctx)
{
	struct eng_thread *t = ctx->thread;
	bool changed;

	if (fmt_ev__res(ctx->ev) < 0)
		return;
	changed = EV_SET(&t->cap_inheritable, ctx->ev, P_capset_cap_inheritable);
	changed |= EV_SET(&t->cap_permitted, ctx->ev, P_capset_cap_permitted);
	changed |= EV_SET(&t->cap_effective, ctx->ev, P_capset_cap_effective);
	if (changed)
		thread__changed(st, t);
}

#define ALL_CAPS (((uint64_t)1 << 41) - 1)	/* CAP_CHOWN .. CAP_CHECKPOINT_RESTORE */
enum { NEW_USER = 0x100000, UNSHARE_FILES = 1 };	/* group clone_flags */

/* unshare and setns: in a user namespace of one's own one has every capability. */
void on_unshare(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	struct eng_thread *t = ctx->thread;
	uint64_t flags = ev_u64(ev, ev->type == EV_unshare ? (unsigned)P_unshare_flags :
							     (unsigned)P_setns_nstype, 0);

	if (fmt_ev__res(ev) < 0)
		return;
	if (ev->type == EV_unshare && flags & UNSHARE_FILES)
		proc__unshare_fds(st, ctx->proc);
	if (flags & NEW_USER) {
		t->cap_inheritable = t->cap_permitted = t->cap_effective = ALL_CAPS;
		thread__changed(st, t);
	}
}

/* --- sessions, groups, name, limits ----------------------------------------------------------- */

void on_setsid(struct eng_state *st, struct eng_ctx *ctx)
{
	struct eng_proc *p = ctx->proc;

	if (fmt_ev__res(ctx->ev) < 0)
		return;
	p->sid = fmt_ev__res(ctx->ev);
	p->vpgid = fmt_ev__res(ctx->ev);
	p->pgid = p->pid;
	p->tty = 0;
	proc__changed(st, p);
}

/*
 * The numbers are the caller's namespace's: 0 is itself, and one that the pid equals is a new
 * group.
 */
void on_setpgid(struct eng_state *st, struct eng_ctx *ctx)
{
	int64_t pid = ev_s64(ctx->ev, P_setpgid_pid, 0), pgid = ev_s64(ctx->ev, P_setpgid_pgid, 0);
	struct eng_proc *p = ctx->proc, *leader;
	bool inside = p->vpid > 0 && p->vpid != p->pid;

	if (fmt_ev__res(ctx->ev) != 0)
		return;
	if (pid && pid != p->vpid) {
		p = inside ? NULL : eng_state__proc(st, pid);
		if (!p || p->dead)
			return;
	}
	if (!pgid)
		pgid = p->vpid > 0 ? p->vpid : p->pid;
	p->vpgid = pgid;
	if (pgid == p->vpid)
		p->pgid = p->pid;
	else if (!inside && (leader = eng_state__proc(st, pgid)))
		p->pgid = leader->pid;
	proc__changed(st, p);
}

void on_prctl(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	const struct fmt_str *s;
	size_t n;

	if (fmt_ev__res(ev) < 0 || ev_u64(ev, P_prctl_option, 0) != PRCTL_SET_NAME)
		return;
	s = fmt_ev__str(ev, P_prctl_arg2_str);
	if (!s)
		return;
	n = s->len < TASK_COMM_LEN ? s->len : TASK_COMM_LEN;
	proc__set_comm(st, ctx->thread, eng_str__new(s->p, n, n));
}

/* setrlimit. */
void on_rlimit(struct eng_state *st, struct eng_ctx *ctx)
{
	(void)st;
	if (fmt_ev__res(ctx->ev) >= 0 &&
	    ev_u64(ctx->ev, P_setrlimit_resource, 0) == LIMIT_NOFILE)
		EV_SET(&ctx->proc->fdlimit, ctx->ev, P_setrlimit_cur);
}

void on_prlimit(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	int64_t tid = ev_s64(ev, P_prlimit_pid, 0), cur = ev_s64(ev, P_prlimit_newcur, -1);
	const struct eng_thread *t = tid ? eng_state__thread(st, tid) : ctx->thread;

	if (fmt_ev__res(ev) == 0 && t && cur != -1 &&
	    ev_u64(ev, P_prlimit_resource, 0) == LIMIT_NOFILE)
		t->proc->fdlimit = cur;
}
