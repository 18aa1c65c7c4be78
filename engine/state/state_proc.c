// SPDX-License-Identifier: Apache-2.0
/*
 * Processes and threads: birth, parents, death.
 *
 * The tree: every process is in the list of its parent's children, or, if the parent is not known,
 * in the list of orphans that wait for that thread id, or in none. There are no cycles, whatever
 * the trace says: a link that would close one is not made.
 */
#include <stdlib.h>

#include <string.h>

#include "engine/state/state_internal.h"

#define MAX_BELOW 1024u		/* descendants that a change is told to at once */
#define MAX_WALK 4096u		/* ancestors looked at before a link is refused */

struct orphans {
	struct eng_proc *first;
};

struct eng_image *image__new(struct eng_state *st)
{
	struct eng_image *im = xcalloc(1, sizeof(*im));

	im->refs = 1;
	im->exe = eng_str__ref(st->empty);
	im->exepath = eng_str__ref(st->empty);
	im->args = eng_str__ref(st->empty);
	im->env = eng_str__ref(st->empty);
	im->comm = eng_str__ref(st->empty);
	im->cmdline = eng_str__ref(st->empty);
	return im;
}

void image__unref(struct eng_image *im)
{
	if (!im || --im->refs)
		return;
	eng_str__unref(im->exe);
	eng_str__unref(im->exepath);
	eng_str__unref(im->args);
	eng_str__unref(im->env);
	eng_str__unref(im->comm);
	eng_str__unref(im->cmdline);
	free(im);
}

/* comm, then each argument after a blank. args holds them each followed by NUL. */
/* As much of p as there is room for, which may have been cut. */
static void put(struct eng_str *s, uint32_t at, const char *p, uint32_t n)
{
	if (at < s->len)
		memcpy(s->s + at, p, n < s->len - at ? n : s->len - at);
}

static struct eng_str *make_cmdline(const struct eng_str *comm, const struct eng_str *args)
{
	uint32_t n = args->len, at = comm->len + 1;
	struct eng_str *s;

	if (n && !args->s[n - 1])
		n--;
	if (!args->len)
		return eng_str__new(comm->s, comm->len, comm->full_len);
	s = eng_str__alloc(at + n, at + n + (args->full_len - args->len));
	put(s, 0, comm->s, comm->len);
	put(s, comm->len, " ", 1);
	put(s, at, args->s, n);
	for (char *nul = s->s + at, *end = s->s + s->len;
	     nul < end && (nul = memchr(nul, 0, (size_t)(end - nul)));)
		*nul++ = ' ';
	return s;
}

void image__make_cmdline(struct eng_image *im)
{
	eng_str__unref(im->cmdline);
	im->cmdline = make_cmdline(im->comm, im->args);
}

const struct eng_str *eng_proc__cmdline(struct eng_proc *p)
{
	if (eng_str__same(p->comm, p->image->comm))
		return p->image->cmdline;
	if (!p->cmdline)
		p->cmdline = make_cmdline(p->comm, p->image->args);
	return p->cmdline;
}

const struct eng_str *eng_thread__cmdline(struct eng_thread *t)
{
	if (eng_str__same(t->comm, t->proc->comm))
		return eng_proc__cmdline(t->proc);
	if (!t->cmdline)
		t->cmdline = make_cmdline(t->comm, t->proc->image->args);
	return t->cmdline;
}

/* --- the tree --------------------------------------------------------------------------------- */

static void unlink_proc(struct eng_proc *p)
{
	if (!p->back)
		return;
	*p->back = p->sibling;
	if (p->sibling)
		p->sibling->back = p->back;
	p->back = NULL;
	p->sibling = NULL;
	p->parent = NULL;
}

static void link_into(struct eng_proc *p, struct eng_proc **head)
{
	p->sibling = *head;
	p->back = head;
	if (*head)
		(*head)->back = &p->sibling;
	*head = p;
}

static void wait_for_parent(struct eng_state *st, struct eng_proc *p)
{
	struct orphans *o = idmap__get(&st->orphans, p->ptid);

	if (!o) {
		o = xcalloc(1, sizeof(*o));
		idmap__put(&st->orphans, p->ptid, o);
	}
	link_into(p, &o->first);
}

/* Give up an empty list of orphans. */
static void trim_orphans(struct eng_state *st, int64_t ptid)
{
	struct orphans *o = st->orphans.n ? idmap__get(&st->orphans, ptid) : NULL;

	if (o && !o->first)
		free(idmap__del(&st->orphans, ptid));
}

static bool is_ancestor(const struct eng_proc *p, const struct eng_proc *of)
{
	for (unsigned i = 0; of; of = of->parent, i++)
		if (of == p || i == MAX_WALK)
			return true;
	return false;
}

static struct eng_proc *proc_of_thread(struct eng_state *st, int64_t tid)
{
	const struct eng_thread *t = idmap__get(&st->threads, tid);

	return t ? t->proc : idmap__get(&st->procs, tid);
}

static void forget_if_idle(struct eng_state *st, struct eng_proc *p);

void proc__set_ptid(struct eng_state *st, struct eng_proc *p, int64_t ptid)
{
	struct eng_proc *was = p->parent, *parent = ptid > 0 ? proc_of_thread(st, ptid) : NULL;
	int64_t old = p->ptid;

	if (old == ptid && parent == was && (parent || p->back || ptid <= 0))
		return;
	unlink_proc(p);
	trim_orphans(st, old);
	p->ptid = ptid;
	if (parent && !(p->child && is_ancestor(p, parent)) && parent != p) {
		link_into(p, &parent->child);
		p->parent = parent;
	} else if (parent) {
		p->ptid = -1;		/* its own descendant: some event was missed, or lies */
	} else if (ptid > 0) {
		wait_for_parent(st, p);
	}
	proc__changed(st, p);
	if (was != p->parent)
		forget_if_idle(st, was);
}

/* Thread tid of p has come: those that wait for it are its children. */
static void adopt(struct eng_state *st, int64_t tid)
{
	struct orphans *o = st->orphans.n ? idmap__del(&st->orphans, tid) : NULL;
	struct eng_proc *c;

	if (!o)
		return;
	while ((c = o->first)) {
		unlink_proc(c);
		c->ptid = -1;
		proc__set_ptid(st, c, tid);
	}
	free(o);
}

/*
 * Of many processes each finds out by itself: when it is next at work its epoch is older than
 * st->stale (see eng_state__enter). So no event costs more than MAX_BELOW steps.
 */
void proc__changed(struct eng_state *st, struct eng_proc *top)
{
	struct eng_proc *p = top;

	for (unsigned n = 0;; n++) {
		p->epoch = next_epoch(st);
		if (n == MAX_BELOW) {
			proc__change_all(st);
			return;
		}
		if (p->child) {
			p = p->child;
			continue;
		}
		while (p != top && !p->sibling)
			p = p->parent;
		if (p == top)
			return;
		p = p->sibling;
	}
}

void proc__change_all(struct eng_state *st)
{
	struct eng_proc *p;

	if (st->procs.n > MAX_BELOW)
		st->stale = next_epoch(st);
	else
		idmap__each(&st->procs, i, p)
			p->epoch = next_epoch(st);
}

/* --- processes -------------------------------------------------------------------------------- */

struct eng_proc *proc__new(struct eng_state *st, int64_t pid)
{
	struct eng_proc *p = idmap__get(&st->procs, pid);
	struct eng_thread *t = idmap__get(&st->threads, pid);

	/* Whoever had the number has ended. */
	if (t && t->proc != p)
		thread__remove(st, t, 0);
	if (p)
		proc__free(st, p);
	p = xcalloc(1, sizeof(*p));
	p->pid = pid;
	p->vpid = p->ptid = p->real_ptid = p->pgid = p->vpgid = p->sid = p->fdlimit = -1;
	p->image = st->no_image;
	p->image->refs++;
	p->comm = eng_str__ref(st->unknown);
	p->cwd = eng_str__ref(st->empty);
	p->root = eng_str__ref(st->empty);
	p->cgroups = eng_str__ref(st->empty);
	p->fds = fdtable__new();
	p->loginuid = UINT32_MAX;
	p->slot = slots__take(&st->shared->proc_slots);
	p->epoch = next_epoch(st);
	idmap__put(&st->procs, pid, p);
	adopt(st, pid);
	return p;
}

static void free_threads(struct eng_state *st, struct eng_proc *p);

static void destroy(struct eng_state *st, struct eng_proc *p)
{
	p->dead = false;	/* so that the leaving of its last child does not forget it too */
	free_threads(st, p);
	while (p->child)
		proc__set_ptid(st, p->child, 0);
	unlink_proc(p);
	trim_orphans(st, p->ptid);
	idmap__del(&st->procs, p->pid);
	proc__set_container(st, p, NULL);
	p->vpid = -1;
	proc__count_outside(st, p);
	image__unref(p->image);
	eng_str__unref(p->comm);
	eng_str__unref(p->cmdline);
	eng_str__unref(p->cwd);
	eng_str__unref(p->root);
	eng_str__unref(p->cgroups);
	fdtable__unref(st, p->fds);
	entry__unref(p->entry);
	slots__give(&st->shared->proc_slots, p->slot);
	free(p);
}

/* Forget a dead process that nobody refers to any more, and its dead ancestors likewise. */
static void forget_if_idle(struct eng_state *st, struct eng_proc *p)
{
	while (p && p->dead && !p->child) {
		struct eng_proc *parent = p->parent;

		destroy(st, p);
		p = parent;
	}
}

void proc__free(struct eng_state *st, struct eng_proc *p)
{
	struct eng_proc *parent = p->parent;

	destroy(st, p);
	forget_if_idle(st, parent);
}

/* The init of the pid namespace that p was in, as far as its ancestors tell. */
static int64_t find_init(const struct eng_proc *p)
{
	bool inner = p->vpid > 0 && p->vpid != p->pid;

	unsigned n = 0;

	for (const struct eng_proc *a = p->parent; a && n < MAX_WALK; a = a->parent, n++) {
		if ((a->vpid > 0 && a->vpid != a->pid) != inner)
			return 0;
		if (!a->dead && (a->pid == 1 || a->vpid == 1))
			return a->pid;
	}
	return 0;
}

static void give_children_away(struct eng_state *st, struct eng_proc *p, int64_t reaper)
{
	const struct eng_thread *t = reaper > 0 ? idmap__get(&st->threads, reaper) : NULL;

	if (!t || t->proc == p)
		reaper = find_init(p);
	for (struct eng_proc *c = p->child, *next; reaper > 0 && c; c = next) {
		next = c->sibling;
		proc__set_ptid(st, c, reaper);
	}
}

void proc__ended(struct eng_state *st, struct eng_proc *p, int64_t reaper)
{
	if (p->child)
		give_children_away(st, p, reaper);
	for (struct eng_proc *c = p->child; c; c = c->sibling)
		c->ptid = p->pid;	/* no thread is left that could be meant */
	proc__set_container(st, p, NULL);
	fdtable__unref(st, p->fds);
	p->fds = fdtable__new();
	p->dead = true;
	proc__count_outside(st, p);
	forget_if_idle(st, p);
}

/* --- threads ---------------------------------------------------------------------------------- */

struct eng_thread *thread__new(struct eng_state *st, struct eng_proc *p, int64_t tid)
{
	struct eng_proc *was = tid == p->pid ? NULL : idmap__get(&st->procs, tid);
	struct eng_thread *t = xcalloc(1, sizeof(*t));

	p->dead = false;		/* first: what is freed may be all that p is kept for */
	if (was)			/* the number is used again: nobody's parent any more */
		proc__free(st, was);
	t->tid = tid;
	t->vtid = -1;
	t->proc = p;
	t->next = p->threads;
	t->back = &p->threads;
	if (t->next)
		t->next->back = &t->next;
	p->threads = t;
	p->n_threads++;
	t->comm = eng_str__ref(p->comm);
	t->uid = t->euid = t->gid = t->egid = UINT32_MAX;
	t->slot = slots__take(&st->shared->thread_slots);
	t->epoch = next_epoch(st);
	idmap__put(&st->threads, tid, t);
	if (tid == p->pid)
		t->start = p->start;
	else
		adopt(st, tid);
	return t;
}

static void take_out(struct eng_state *st, struct eng_thread *t)
{
	*t->back = t->next;
	if (t->next)
		t->next->back = t->back;
	t->proc->n_threads--;
	idmap__del(&st->threads, t->tid);
	st->shared->gen++;
	eng_str__unref(t->comm);
	eng_str__unref(t->cmdline);
	eng_str__unref(t->entered);
	slots__give(&st->shared->thread_slots, t->slot);
	free(t);
}

static void free_threads(struct eng_state *st, struct eng_proc *p)
{
	while (p->threads)
		take_out(st, p->threads);
}

/* Who takes over another thread's children if it is not said: the oldest, by its number. */
static int64_t first_thread(const struct eng_proc *p)
{
	int64_t tid = p->threads->tid;

	for (const struct eng_thread *t = p->threads; t; t = t->next)
		if (t->tid == p->pid || (t->tid < tid && tid != p->pid))
			tid = t->tid;
	return tid;
}

void thread__remove(struct eng_state *st, struct eng_thread *t, int64_t reaper)
{
	struct eng_proc *p = t->proc;
	const struct eng_thread *r;
	int64_t tid = t->tid, to = 0;

	take_out(st, t);
	if (!p->n_threads) {
		proc__ended(st, p, reaper);
		return;
	}
	for (struct eng_proc *c = p->child; c; c = c->sibling) {
		if (c->ptid != tid)
			continue;
		if (!to) {
			r = reaper > 0 ? idmap__get(&st->threads, reaper) : NULL;
			to = r && r->proc == p ? reaper : first_thread(p);
		}
		c->ptid = to;
	}
}

struct eng_thread *thread__get(struct eng_state *st, int64_t tid, int64_t pid)
{
	struct eng_thread *t = idmap__get(&st->threads, tid);
	struct eng_proc *p;

	if (t && (!pid || t->proc->pid == pid))
		return t;
	if (t)
		thread__remove(st, t, 0);	/* the number is another's: its end was missed */
	if (!pid)
		pid = tid;
	t = idmap__get(&st->threads, pid);
	if (t && t->proc->pid != pid)
		thread__remove(st, t, 0);	/* so is the process's */
	p = idmap__get(&st->procs, pid);
	if (!p || p->dead)
		p = proc__new(st, pid);
	t = thread__new(st, p, tid);
	t->guessed = true;
	return t;
}

void proc__set_comm(struct eng_state *st, struct eng_thread *t, struct eng_str *comm)
{
	struct eng_proc *p = t->proc;
	bool changed;

	if (t->tid == p->pid && eng_str__set(&p->comm, eng_str__ref(comm))) {
		eng_str__unref(p->cmdline);
		p->cmdline = NULL;
		proc__changed(st, p);
	}
	changed = eng_str__set(&t->comm, comm);
	if (changed) {
		eng_str__unref(t->cmdline);
		t->cmdline = NULL;
		thread__changed(st, t);
	}
}
