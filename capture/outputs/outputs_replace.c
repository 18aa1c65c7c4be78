// SPDX-License-Identifier: Apache-2.0
/* Outputs that take the place of others. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "capture/outputs/out_output.h"
#include "capture/thread.h"

struct outs_leaving {
	struct outs_leaving *next;
	struct output *outs[OUTPUTS_MAX];
	unsigned n;
	uint64_t until_ns;
	pthread_t thread;
	atomic_bool gone;		/* the thread has nothing more to do */
};

static bool has(const struct cap_outputs *h, const struct output *o)
{
	for (unsigned i = 0; i < h->n; i++)
		if (h->outs[i] == o)
			return true;
	return false;
}

/* --- What is to be ---------------------------------------------------------------------------------- */

struct cap_outputs *cap_outputs__successor(struct cap_outputs *h)
{
	struct cap_outputs *fresh = cap_outputs__new(h->metrics);

	fresh->before = h;
	return fresh;
}

bool cap_outputs__keep(struct cap_outputs *fresh, const char *name)
{
	struct cap_outputs *h = fresh->before;

	for (unsigned i = 0; i < h->n && fresh->n < OUTPUTS_MAX; i++)
		if (!strcmp(h->outs[i]->o.name, name) && !has(fresh, h->outs[i])) {
			fresh->outs[fresh->n++] = h->outs[i];
			return true;
		}
	return false;
}

int outputs__open_spool(struct cap_outputs *h, struct output *o, struct err *err)
{
	for (unsigned i = 0; h->before && i < h->before->n; i++) {
		const struct output *old = h->before->outs[i];

		if (!old->spool || strcmp(old->o.spool_dir, o->o.spool_dir))
			continue;
		o->spool = old->spool;
		o->damaged_said = out_spool__damaged(o->spool);
		o->held = true;
		return 0;
	}
	return out_spool__open(&o->spool, o->o.spool_dir, o->o.spool_bytes, !o->o.spool_no_sync, err);
}

int outputs__check_spools(const struct cap_outputs *h, struct err *err)
{
	for (unsigned i = 0; i < h->n; i++)
		for (unsigned k = 0; k < i; k++)
			if (h->outs[i]->spool && h->outs[i]->spool == h->outs[k]->spool) {
				err__file(err, h->outs[i]->o.spool_dir);
				return err__set(err, -EBUSY, "two outputs have this spool: '%s' and '%s'", h->outs[k]->o.name,
						h->outs[i]->o.name);
			}
	return 0;
}

void outputs__cancel(struct cap_outputs *fresh)
{
	for (unsigned i = 0; i < fresh->n; i++) {
		struct output *o = fresh->outs[i];

		if (has(fresh->before, o))
			continue;
		atomic_store(&o->abandon, true);	/* for one that waits for its spool, too */
		output__wake(o);
		outputs__end(&o, 1, 0);
		output__free(o);
	}
	pthread_mutex_destroy(&fresh->lock);
	pthread_mutex_destroy(&fresh->showing);
	free(fresh);
}

/* --- Those that leave --------------------------------------------------------------------------------- */

static void pass_spool(struct output *o)
{
	struct output *heir = o->heir;

	pthread_mutex_lock(&heir->lock);
	out_spool__set(o->spool, heir->o.spool_bytes, !heir->o.spool_no_sync);
	heir->damaged_said = o->damaged_said;
	heir->held = false;
	pthread_cond_broadcast(&heir->work);
	pthread_mutex_unlock(&heir->lock);
	o->spool = NULL;
}

/*
 * What is in a spool is safe: who has one that goes over ends at once. One that leaves before it has got its own waits for that: its
 * threads begin with it, see wait_for_spool().
 */
static void *see_off(void *arg)
{
	struct outs_leaving *l = arg;

	for (unsigned i = 0; i < l->n; i++)
		if (l->outs[i]->heir) {
			outputs__end(&l->outs[i], 1, 0);
			pass_spool(l->outs[i]);
		}
	outputs__end(l->outs, l->n, l->until_ns);
	for (unsigned i = 0; i < l->n; i++)
		output__free(l->outs[i]);
	atomic_store(&l->gone, true);
	return NULL;
}

/* Join those that have ended, or wait for all. */
static void join_leaving(struct cap_outputs *h, bool all)
{
	struct outs_leaving *l, **at = &h->leaving;

	while ((l = *at)) {
		if (!all && !atomic_load(&l->gone)) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		h->n_leaving--;
		pthread_join(l->thread, NULL);
		free(l);
	}
}

void outputs__join_leaving(struct cap_outputs *h)
{
	join_leaving(h, true);
}

static void take_leave(struct cap_outputs *h, struct outs_leaving *l)
{
	join_leaving(h, false);
	if (!l->n) {
		free(l);
		return;
	}
	if (cap_thread__start(&l->thread, see_off, l)) {
		see_off(l);
		free(l);
		return;
	}
	l->next = h->leaving;
	h->leaving = l;
	h->n_leaving++;
}

/* Those of `old` that are not kept, each with who gets its spool. */
static struct outs_leaving *find_leaving(struct cap_outputs *h, const struct cap_outputs *old)
{
	struct outs_leaving *l = xcalloc(1, sizeof(*l));

	for (unsigned i = 0; i < old->n; i++) {
		struct output *o = old->outs[i];

		if (has(h, o))
			continue;
		for (unsigned k = 0; k < h->n; k++)
			if (o->spool && h->outs[k]->spool == o->spool)
				o->heir = h->outs[k];
		outputs__forget_gauges(h, o);
		l->outs[l->n++] = o;
	}
	return l;
}

void cap_outputs__take_over(struct cap_outputs *fresh, uint64_t grace_ns)
{
	struct cap_outputs *h = fresh->before, old = { .n = h->n };
	struct outs_leaving *l;

	memcpy(old.outs, h->outs, sizeof(old.outs));
	pthread_mutex_lock(&h->showing);
	pthread_mutex_lock(&h->lock);
	memcpy(h->outs, fresh->outs, sizeof(h->outs));
	h->n = fresh->n;
	pthread_mutex_unlock(&h->lock);
	pthread_mutex_unlock(&h->showing);
	pthread_mutex_destroy(&fresh->lock);
	pthread_mutex_destroy(&fresh->showing);
	free(fresh);
	l = find_leaving(h, &old);
	l->until_ns = out_now() + grace_ns;
	take_leave(h, l);
}
