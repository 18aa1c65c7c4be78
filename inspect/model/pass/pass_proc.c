// SPDX-License-Identifier: Apache-2.0
/*
 * Processes and containers. A process of the model is one life of a pid: from its birth, through
 * all its execs, to its end. The state's processes are looked up by slot and epoch; only when an
 * epoch changes is anything looked at again.
 */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "inspect/model/only.h"
#include "inspect/model/pass/pass_internal.h"

#define MAX_DEPTH 64	/* ancestors that are made at once; the rest when they are next heard of */

static uint32_t proc_of(struct ins_pass *p, struct eng_proc *ep, unsigned depth);

static uint32_t intern(struct ins_pass *p, const struct eng_str *s)
{
	return s ? ins_model__intern(p->m, s->s, s->len) : 0;
}

static const char *label(const struct eng_container *ec, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
		cJSON_GetObjectItemCaseSensitive(eng_container__json(ec), "labels"), name));
}

/* As the labels say that Kubernetes' runtimes give. */
static uint32_t pod_of(struct ins_pass *p, const struct eng_container *ec)
{
	const char *pod = label(ec, "io.kubernetes.pod.name"), *ns = label(ec, "io.kubernetes.pod.namespace");

	if (!pod || !*pod)
		return 0;
	p->m->pods = true;
	p->text.len = 0;
	buf__printf(&p->text, "%s%s%s", ns ? ns : "", ns && *ns ? "/" : "", pod);
	return ins_model__intern(p->m, (const char *)p->text.p, p->text.len);
}

static uint32_t container_of(struct ins_pass *p, const struct eng_container *ec)
{
	uint32_t i = ec ? ins_model__container(p->m, p->origin, ec->id) : INS_NONE;
	struct ins_container *c;

	if (i == INS_NONE)
		return ins_model__host(p->m, p->origin);
	c = &p->m->containers[i];
	if (!c->name && ec->name) {	/* labels come with it */
		c->name = intern(p, ec->name);
		c->pod = pod_of(p, ec);
	}
	if (!c->image)
		c->image = intern(p, ec->image);
	if (!c->runtime)
		c->runtime = intern(p, ec->runtime);
	if (!c->start)
		c->start = ec->start;
	return i;
}

/* argv as one line, blanks between. */
static uint32_t command_line(struct ins_pass *p, const struct eng_proc *ep)
{
	const struct eng_image *im = ep->image;
	size_t n;

	p->text.len = 0;
	if (im->exe)
		buf__add(&p->text, im->exe->s, im->exe->len);
	if (im->args && im->args->len) {
		if (p->text.len)
			buf__u8(&p->text, ' ');
		n = im->args->len > INS_MAX_TEXT ? INS_MAX_TEXT : im->args->len;
		buf__add(&p->text, im->args->s, n);
		while (p->text.len && !p->text.p[p->text.len - 1])
			p->text.len--;
		for (size_t i = 0; i < p->text.len; i++)
			if (!p->text.p[i])
				p->text.p[i] = ' ';
	}
	return ins_model__intern(p->m, (const char *)p->text.p, p->text.len);
}

static void know_user(struct ins_pass *p, const struct eng_proc *ep, uint32_t container,
		      uint32_t uid)
{
	uint64_t key = ins_user__key(container, uid);
	const struct eng_user *u;
	uint32_t name;

	if (uid == UINT32_MAX || ins_map__get(&p->m->users, key) != INS_NONE)
		return;
	u = container == ins_model__host(p->m, p->origin) ? eng_state__user(p->here, uid) :
							     eng_proc__user(p->here, ep, uid);
	name = u ? intern(p, u->name) : 0;
	if (name)
		ins_map__put(&p->m->users, key, name);
}

/* Who created it: by the creator's thread, if that is still the one it was. */
static uint32_t creator_of(struct ins_pass *p, const struct eng_proc *ep, unsigned depth)
{
	struct eng_thread *t = ep->real_ptid > 0 ? eng_state__thread(p->here, ep->real_ptid) : NULL;
	struct eng_proc *parent = t ? t->proc : ep->parent;

	if (!parent || !parent->pid || parent == ep ||
	    (parent->start && ep->start && parent->start > ep->start))
		return INS_NONE;
	return proc_of(p, parent, depth + 1);
}

static void move_to_container(struct ins_pass *p, struct ins_proc *pr, uint32_t to)
{
	if (pr->container == to)
		return;
	if (pr->container != INS_NONE)
		p->m->containers[pr->container].n_procs--;
	pr->container = to;
	if (to != INS_NONE)
		p->m->containers[to].n_procs++;
}

/* Take over what the state says of a process now. */
static void refresh(struct ins_pass *p, uint32_t i, struct eng_proc *ep, unsigned depth)
{
	const struct eng_thread *t = ep->threads;
	struct ins_proc *pr;
	uint32_t parent, adopter, container = container_of(p, ep->container);

	parent = p->m->procs[i].parent == INS_NONE ? creator_of(p, ep, depth) :
		p->m->procs[i].parent;
	adopter = ep->parent && ep->parent->pid &&
		ep->parent != ep ? proc_of(p, ep->parent, depth + 1) : INS_NONE;
	pr = &p->m->procs[i];	/* the table may have moved */
	pr->parent = parent;
	pr->adopter = adopter != parent ? adopter : INS_NONE;
	move_to_container(p, pr, container);
	if (ep->comm && ep->comm->len)
		pr->comm = intern(p, ep->comm);
	if (ep->image->exepath && ep->image->exepath->len)
		pr->exe = intern(p, ep->image->exepath);
	if (ep->image->exe && ep->image->exe->len)
		pr->cmdline = command_line(p, ep);
	if (ep->cwd && ep->cwd->len)
		pr->cwd = intern(p, ep->cwd);
	if (ep->entry && ep->entry->n) {
		p->text.len = 0;
		eng_entry__who(ep->entry, &p->text);
		pr->came = ins_model__intern(p->m, (const char *)p->text.p, p->text.len);
	}
	if (!pr->start)
		pr->start = ep->start;
	pr->vpid = (int32_t)ep->vpid;
	pr->tty = ep->tty;
	pr->loginuid = ep->loginuid;
	/* the main thread's; the list has the newest first */
	for (; t; t = t->next)
		if (t->tid == ep->pid || !t->next) {
			if (t->euid != UINT32_MAX)
				pr->uid = t->euid;
			pr->caps = t->cap_effective;
			p->m->caps |= pr->caps != 0;
			break;
		}
	know_user(p, ep, pr->container, pr->uid);
	know_user(p, ep, ins_model__host(p->m, p->origin), pr->loginuid);
}

static uint32_t new_proc(struct ins_pass *p, const struct eng_proc *ep)
{
	struct ins_model *m = p->m;
	uint32_t i = m->n_procs;

	if (i >= INS_MAX_PROCS) {
		m->left_out++;
		return INS_NONE;
	}
	m->procs = xgrow(m->procs, &m->cap_procs, i + 1, sizeof(*m->procs));
	m->procs[i] = (struct ins_proc){
		.parent = INS_NONE, .adopter = INS_NONE, .container = INS_NONE,
		.origin = p->origin, .pid = (int32_t)ep->pid, .uid = UINT32_MAX, .loginuid = UINT32_MAX,
		.flags = p->begun ? 0 : PROC_BEFORE,
		.start = ep->start, .cmds = INS_NONE, .conns = INS_NONE, .uses = INS_NONE,
	};
	if (ep->dead)
		m->procs[i].flags |= PROC_ENDED;
	m->n_procs++;
	ins_map__put(&m->by_pid, ins_pid__key(p->origin, (int32_t)ep->pid), i);
	return i;
}

/* Is this record still the process that the state has under its pid? */
static bool is_same(struct ins_proc *pr, const struct eng_proc *ep)
{
	if (pr->start && ep->start && pr->start != ep->start) {
		if (!(pr->flags & PROC_ENDED))
			pr->flags |= PROC_VANISHED;
		return false;
	}
	return !(pr->flags & PROC_ENDED) || ep->dead;
}

static struct proc_hit *hit_of(struct ins_pass *p, uint32_t slot)
{
	if (slot >= p->n_proc_hits) {
		size_t was = p->n_proc_hits;

		p->proc_hits = xgrow(p->proc_hits, &p->n_proc_hits, slot + 1,
				     sizeof(*p->proc_hits));
		memset(p->proc_hits + was, 0, (p->n_proc_hits - was) * sizeof(*p->proc_hits));
	}
	return &p->proc_hits[slot];
}

static uint32_t proc_of(struct ins_pass *p, struct eng_proc *ep, unsigned depth)
{
	struct proc_hit *hit = hit_of(p, ep->slot);
	uint32_t i;

	if (hit->epoch == ep->epoch)
		return hit->proc;
	if (depth > MAX_DEPTH)
		return INS_NONE;
	i = ins_map__get(&p->m->by_pid, ins_pid__key(p->origin, (int32_t)ep->pid));
	if (i == INS_NONE || !is_same(&p->m->procs[i], ep))
		i = new_proc(p, ep);
	/* first the answer, then the rest: parents may lead in a ring back to here */
	*hit = (struct proc_hit){ ep->epoch, i };
	if (i != INS_NONE)
		refresh(p, i, ep, depth);
	return i;
}

uint32_t pass__proc(struct ins_pass *p, const struct eng_ctx *ctx)
{
	struct proc_hit *hit = hit_of(p, ctx->proc->slot);

	if (!ctx->proc->pid)	/* no process: the idle task, and rows about the machine */
		return INS_NONE;
	return hit->epoch == ctx->proc->epoch ? hit->proc : proc_of(p, ctx->proc, 0);
}

/* Make the machine of a process that at hand. */
static void go_to_machine(struct ins_pass *p, const struct eng_proc *ep)
{
	for (unsigned k = 0; k < p->t->n_machines; k++) {
		p->here = eng_state__origin(p->st, k);
		p->origin = (uint8_t)k;
		if (eng_state__proc(p->here, ep->pid) == ep)
			return;
	}
}

static void settle_one(struct eng_proc *ep, void *arg)
{
	struct ins_pass *p = arg;
	uint32_t i;

	go_to_machine(p, ep);
	i = ep->pid ? proc_of(p, ep, 0) : INS_NONE;
	if (i == INS_NONE)
		return;
	if (p->m->procs[i].parent == INS_NONE)
		refresh(p, i, ep, 0);
	if (!p->m->procs[i].exe && ep->ptid == 2)
		p->m->procs[i].flags |= PROC_KERNEL;
}

void pass__settle(struct ins_pass *p)
{
	eng_state__each_proc(p->st, settle_one, p);
}

/* --- events ---------------------------------------------------------------------------------- */

static void end_command(struct ins_pass *p, uint32_t proc, uint64_t ts)
{
	uint32_t last = p->m->procs[proc].cmds;

	if (last != INS_NONE && !p->m->cmds[last].until)
		p->m->cmds[last].until = ts;
}

static void on_exit_of(struct ins_pass *p, const struct eng_ctx *ctx)
{
	struct ins_proc *pr = &p->m->procs[p->proc];
	uint64_t status = 0, oom = 0, reaper = 0;
	struct eng_thread *t;

	/* threads end one by one; the process ends with the last */
	if (ctx->proc->n_threads > 1 || pr->flags & PROC_ENDED)
		return;
	fmt_ev__int(ctx->ev, P_procexit_status, &status);
	fmt_ev__int(ctx->ev, P_procexit_oom, &oom);
	pr->flags |= PROC_ENDED | (oom ? PROC_OOM : 0);
	pr->status = (int32_t)status;
	pr->end = fmt_ev__ts(ctx->ev);
	end_command(p, p->proc, pr->end);
	if (!fmt_ev__int(ctx->ev, P_procexit_reaper_tid, &reaper) || !reaper)
		return;
	t = eng_state__thread(p->here, (int64_t)reaper);
	for (struct eng_proc *c = ctx->proc->child; t && c; c = c->sibling) {
		uint32_t child = c->dead ? INS_NONE : proc_of(p, c, 0), to = proc_of(p, t->proc, 0);

		if (child != INS_NONE && to != p->m->procs[child].parent)
			p->m->procs[child].adopter = to;
	}
}

static void on_exec(struct ins_pass *p, const struct eng_ctx *ctx)
{
	struct ins_model *m = p->m;
	struct ins_proc *pr = &m->procs[p->proc];
	const struct eng_image *im = ctx->proc->image;
	struct ins_cmd *c;

	end_command(p, p->proc, fmt_ev__ts(ctx->ev));
	if (m->n_cmds >= INS_MAX_CMDS) {
		m->left_out++;
		return;
	}
	m->cmds = xgrow(m->cmds, &m->cap_cmds, m->n_cmds + 1, sizeof(*m->cmds));
	c = &m->cmds[m->n_cmds];
	*c = (struct ins_cmd){
		.proc = p->proc, .next_of_proc = pr->cmds, .parent = pr->parent,
		.parent_name = pr->parent == INS_NONE ? 0 : m->procs[pr->parent].comm,
		.cmdline = pr->cmdline ? pr->cmdline : pr->comm, .exe = pr->exe, .cwd = pr->cwd,
		.uid = ctx->thread->euid, .tty = ctx->proc->tty, .flags = im->exe_flags,
		.counted = p->counts, .ts = fmt_ev__ts(ctx->ev), .num = fmt_ev__num(ctx->ev),
	};
	pr->cmds = m->n_cmds++;
	if (pr->exe) {
		const struct fmt_str *exe = ins_model__fstr(m, pr->exe);
		uint32_t container = pr->container;

		pass__touch(p, ctx, ins_model__file(m, container, exe->p, exe->len), FOP_EXEC);
	}
	if (!p->counts)
		return;
	pr = &m->procs[p->proc];
	pr->n_cmds++;
	if (pr->container != INS_NONE)
		m->containers[pr->container].n_cmds++;
	pass__count(p, MET_COMMANDS, 1);
}

void pass__container_event(struct ins_pass *p, const struct eng_ctx *ctx)
{
	bool ended = ctx->ev->type == EV_container_end;
	const struct fmt_str *id = fmt_ev__str(ctx->ev, ended ? P_container_end_id : P_container_id);
	struct eng_container *ec = id && id->len ? eng_state__container(p->here, id->p) : NULL;
	uint32_t i = container_of(p, ec);

	if (!ec || i == INS_NONE || !ended)
		return;
	p->m->containers[i].ended = true;
	p->m->containers[i].end = fmt_ev__ts(ctx->ev);
}

void pass__proc_event(struct ins_pass *p, const struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;

	switch (ev->type) {
	case EV_procexit:
		on_exit_of(p, ctx);
		break;
	case EV_execve:
	case EV_execveat:
		if (fmt_ev__res(ev) >= 0)
			on_exec(p, ctx);
		break;
	default:
		if (p->counts && ins_only__is_right(ev->type) && fmt_ev__res(ev) >= 0)
			pass__count_own(p, MET_PRIVS, OWN_RIGHTS);
		break;
	}
}
