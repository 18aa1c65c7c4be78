// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <stdlib.h>

#include "format/base/alloc.h"
#include "format/file/encoders.h"

#define DEFAULT_LEVEL 3

struct fmt_encoders {
	int level;
	pthread_mutex_t lock;
	struct fmt_encoder *free;	/* the one given back last is first: it is still in the cache */
};

static void free_one(struct fmt_encoder *one)
{
	chunk_build__done(&one->build);
	events_encoder__free(one->events);
	free(one);
}

static int new_one(struct fmt_encoder **ret, int level)
{
	struct fmt_encoder *one = xcalloc(1, sizeof(*one));
	int r = chunk_build__init(&one->build, level);

	r = r ? r : events_encoder__new(&one->events, level);
	if (r)
		free_one(one);
	else
		*ret = one;
	return r;
}

int fmt_encoders__new(struct fmt_encoders **ret, int level)
{
	struct fmt_encoders *e = xcalloc(1, sizeof(*e));
	int r;

	e->level = level ? level : DEFAULT_LEVEL;
	r = new_one(&e->free, e->level);
	if (r) {
		free(e);
		return r;
	}
	pthread_mutex_init(&e->lock, NULL);
	*ret = e;
	return 0;
}

void fmt_encoders__free(struct fmt_encoders *e)
{
	struct fmt_encoder *one;

	if (!e)
		return;
	while ((one = e->free) != NULL) {
		e->free = one->next;
		free_one(one);
	}
	pthread_mutex_destroy(&e->lock);
	free(e);
}

struct fmt_encoder *fmt_encoders__take(struct fmt_encoders *e)
{
	struct fmt_encoder *one;

	pthread_mutex_lock(&e->lock);
	one = e->free;
	if (one)
		e->free = one->next;
	pthread_mutex_unlock(&e->lock);
	return one || new_one(&one, e->level) == 0 ? one : NULL;
}

void fmt_encoders__give(struct fmt_encoders *e, struct fmt_encoder *one)
{
	pthread_mutex_lock(&e->lock);
	one->next = e->free;
	e->free = one;
	pthread_mutex_unlock(&e->lock);
}

void fmt_encoders__shrink(struct fmt_encoders *e)
{
	struct fmt_encoder *old, *fresh;

	pthread_mutex_lock(&e->lock);
	old = e->free;
	e->free = NULL;
	pthread_mutex_unlock(&e->lock);
	if (!old)
		return;
	if (new_one(&fresh, e->level) == 0) {
		events_encoder__take_over(fresh->events, old->events);
		fmt_encoders__give(e, fresh);
	}
	while (old) {
		struct fmt_encoder *next = old->next;

		free_one(old);
		old = next;
	}
}
