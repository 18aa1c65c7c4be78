// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "engine/state/state_internal.h"

struct eng_image *image__new(void)
{
	struct eng_image *im = xcalloc(1, sizeof(*im));

	im->refs = 1;
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
	eng_str__unref(im->cmdline);
	free(im);
}

struct eng_proc *proc__new(struct eng_state *st, int64_t pid)
{
	struct eng_proc *p = xcalloc(1, sizeof(*p));

	p->pid = p->vpid = pid;
	p->ptid = p->real_ptid = -1;
	p->pgid = p->vpgid = p->sid = -1;
	p->image = st->no_image;
	p->image->refs++;
	p->comm = eng_str__ref(st->empty);
	p->cwd = eng_str__ref(st->empty);
	p->root = eng_str__ref(st->empty);
	p->cgroups = eng_str__ref(st->empty);
	p->fds = fdtable__new();
	p->loginuid = UINT32_MAX;
	p->slot = slots__take(&st->proc_slots);
	p->epoch = next_epoch(st);
	idmap__put(&st->procs, pid, p);
	return p;
}

void proc__set_parent(struct eng_state *st, struct eng_proc *p, struct eng_proc *parent)
{
	struct eng_proc **at;

	if (p->parent == parent)
		return;
	if (p->parent) {
		for (at = &p->parent->child; *at != p; at = &(*at)->sibling)
			;
		*at = p->sibling;
	}
	p->parent = parent;
	p->sibling = NULL;
	if (parent) {
		p->sibling = parent->child;
		parent->child = p;
	}
	p->epoch = next_epoch(st);
}

void proc__free(struct eng_state *st, struct eng_proc *p)
{
	while (p->threads)
		thread__remove(st, p->threads);
	while (p->child)
		proc__set_parent(st, p->child, NULL);
	proc__set_parent(st, p, NULL);
	if (idmap__get(&st->procs, p->pid) == p)
		idmap__del(&st->procs, p->pid);
	image__unref(p->image);
	eng_str__unref(p->comm);
	eng_str__unref(p->cwd);
	eng_str__unref(p->root);
	eng_str__unref(p->cgroups);
	fdtable__unref(st, p->fds);
	slots__give(&st->proc_slots, p->slot);
	free(p);
}

struct eng_thread *thread__new(struct eng_state *st, struct eng_proc *p, int64_t tid)
{
	struct eng_thread *t = xcalloc(1, sizeof(*t));

	t->tid = t->vtid = tid;
	t->proc = p;
	t->next = p->threads;
	p->threads = t;
	p->n_threads++;
	t->comm = eng_str__ref(p->comm);
	t->uid = t->euid = t->gid = t->egid = UINT32_MAX;
	t->slot = slots__take(&st->thread_slots);
	t->epoch = next_epoch(st);
	idmap__put(&st->threads, tid, t);
	return t;
}

void thread__remove(struct eng_state *st, struct eng_thread *t)
{
	struct eng_thread **at = &t->proc->threads;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	t->proc->n_threads--;
	if (idmap__get(&st->threads, t->tid) == t)
		idmap__del(&st->threads, t->tid);
	st->gen++;
	eng_str__unref(t->comm);
	slots__give(&st->thread_slots, t->slot);
	free(t);
}

struct eng_thread *thread__get(struct eng_state *st, int64_t tid, int64_t pid)
{
	struct eng_thread *t = idmap__get(&st->threads, tid);
	struct eng_proc *p;

	if (t && (!pid || t->proc->pid == pid))
		return t;
	if (t)
		thread__remove(st, t);
	p = idmap__get(&st->procs, pid ? pid : tid);
	if (!p)
		p = proc__new(st, pid ? pid : tid);
	t = thread__new(st, p, tid);
	t->guessed = true;
	return t;
}
