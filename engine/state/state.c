// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "engine/state/state_internal.h"

int eng_state__new(struct eng_state **ret)
{
	struct eng_state *st = xcalloc(1, sizeof(*st));

	st->empty = eng_str__new("", 0, 0);
	st->no_image = image__new();
	st->no_image->exe = eng_str__ref(st->empty);
	st->no_image->exepath = eng_str__ref(st->empty);
	st->no_image->args = eng_str__ref(st->empty);
	st->no_image->env = eng_str__ref(st->empty);
	st->no_image->cmdline = eng_str__ref(st->empty);
	st->gen = 1;
	*ret = st;
	return 0;
}

void eng_state__reset(struct eng_state *st)
{
	struct eng_proc *p;

	for (uint32_t i = 0; st->procs.n && i <= st->procs.mask; i++)
		while ((p = st->procs.slots[i].p))
			proc__free(st, p);
	st->gen++;
}

void eng_state__free(struct eng_state *st)
{
	if (!st)
		return;
	eng_state__reset(st);
	idmap__done(&st->threads);
	idmap__done(&st->procs);
	image__unref(st->no_image);
	eng_str__unref(st->empty);
	slots__done(&st->thread_slots);
	slots__done(&st->proc_slots);
	slots__done(&st->fd_slots);
	free(st->hits);
	free(st);
}

static struct eng_thread *find_thread(struct eng_state *st, const struct fmt_batch *b, uint32_t idx)
{
	struct eng_thread *t = thread__get(st, b->threads[idx].tid, b->threads[idx].pid);

	if (idx >= st->n_hits) {
		size_t was = st->n_hits;

		st->hits = xgrow(st->hits, &st->n_hits, idx + 1, sizeof(*st->hits));
		memset(st->hits + was, 0, (st->n_hits - was) * sizeof(*st->hits));
	}
	st->hits[idx] = (struct thread_hit){ t, st->gen };
	return t;
}

static inline struct eng_thread *thread_of(struct eng_state *st, const struct fmt_batch *b,
					   uint32_t idx)
{
	if (idx < st->n_hits && st->hits[idx].gen == st->gen &&
	    st->hits[idx].t->tid == b->threads[idx].tid &&
	    st->hits[idx].t->proc->pid == b->threads[idx].pid)
		return st->hits[idx].t;
	return find_thread(st, b, idx);
}

void eng_state__enter(struct eng_state *st, const struct fmt_ev *ev, struct eng_ctx *ctx)
{
	struct eng_thread *t = thread_of(st, ev->b, ev->b->thread[ev->row]);
	uint64_t num;

	*ctx = (struct eng_ctx){ .ev = ev, .state = st, .thread = t, .proc = t->proc };
	if (ev->info->flags & EF_USES_FD && ev->info->fd_param >= 0 &&
	    fmt_ev__int(ev, (unsigned)ev->info->fd_param, &num)) {
		ctx->fd_num = (int64_t)num;
		ctx->has_fd_num = true;
		ctx->fd = idmap__get(&t->proc->fds->fds, (int64_t)num);
	}
}

void eng_state__leave(struct eng_state *st, struct eng_ctx *ctx)
{
	(void)st;
	(void)ctx;
}

int eng_state__save(struct eng_state *st, uint64_t ts, struct fmt_batch *into)
{
	(void)st;
	(void)ts;
	(void)into;
	return 0;
}

struct eng_thread *eng_state__thread(struct eng_state *st, int64_t tid)
{
	return idmap__get(&st->threads, tid);
}

struct eng_proc *eng_state__proc(struct eng_state *st, int64_t pid)
{
	return idmap__get(&st->procs, pid);
}

struct eng_container *eng_state__container(struct eng_state *st, const char *id)
{
	(void)st;
	(void)id;
	return NULL;
}

const struct eng_user *eng_state__user(struct eng_state *st, uint32_t uid)
{
	(void)st;
	(void)uid;
	return NULL;
}

const struct eng_group *eng_state__group(struct eng_state *st, uint32_t gid)
{
	(void)st;
	(void)gid;
	return NULL;
}

void eng_state__each_proc(struct eng_state *st, void (*fn)(struct eng_proc *p, void *arg), void *arg)
{
	struct eng_proc *p;

	idmap__each(&st->procs, i, p)
		fn(p, arg);
}

void eng_state__each_container(struct eng_state *st, void (*fn)(struct eng_container *c, void *arg),
			       void *arg)
{
	(void)st;
	(void)fn;
	(void)arg;
}

bool eng_state__is_local_ip(struct eng_state *st, uint8_t family, const uint8_t *ip)
{
	(void)st;
	(void)family;
	(void)ip;
	return false;
}

void eng_state__want(struct fmt_want *w)
{
	(void)w;
}

void eng_state__dump(struct eng_state *st, struct buf *out)
{
	(void)st;
	(void)out;
}

bool eng_container_from_cgroup(const char *path, char id[16], char full[65], const char **runtime)
{
	(void)path;
	(void)id;
	(void)full;
	(void)runtime;
	return false;
}
