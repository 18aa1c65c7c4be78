// SPDX-License-Identifier: Apache-2.0
/* The list of segments: appending, evicting, and what is asked of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/priority.h"
#include "capture/ring/ring_internal.h"
#include "format/base/alloc.h"
#include "format/base/text.h"
#include "format/file/encoders.h"

#define PAGE 4096u

uint64_t cap_segment__pages(uint64_t bytes)
{
	return (bytes + PAGE - 1) / PAGE * PAGE;
}

struct cap_segment *cap_ring__append(struct cap_ring *r, uint64_t id, int fd, char *path)
{
	struct cap_segment *s = xcalloc(1, sizeof(*s));

	*s = (struct cap_segment){ .refs = 1, .id = id, .fd = fd, .path = path };
	if (r->newest)
		r->newest->next = s;
	else
		r->oldest = s;
	r->newest = s;
	r->st.segments++;
	return s;
}

void cap_segment__unref(struct cap_segment *s)
{
	if (--s->refs)
		return;
	if (s->fd >= 0)
		close(s->fd);
	free(s->path);
	free(s);
}

struct cap_segment *cap_ring__take_oldest(struct cap_ring *r)
{
	struct cap_segment *s = r->oldest;

	r->oldest = s->next;
	if (!r->oldest)
		r->newest = NULL;
	if (r->work == s)
		r->work = NULL;
	s->next = NULL;
	s->evicted = true;
	r->bytes -= s->counted;
	r->st.segments--;
	r->st.old_segments -= s->old;
	r->st.evicted_segments++;
	r->st.evicted_bytes += s->counted;
	return s;
}

/* A reader that has it open would keep its bytes alive, so they are cut off. */
void cap_segment__wipe(struct cap_segment *s)
{
	int r;

	if (s->path)
		unlink(s->path);
	if (s->fd >= 0)
		do
			r = ftruncate(s->fd, 0);
		while (r && errno == EINTR);
}

/* --- making and freeing ------------------------------------------------------------------------------ */

static int check(const struct cap_ring_opts *o, struct err *err)
{
	char min[32];

	if (o->bytes < CAP_RING_MIN_BYTES)
		return err__set(err, -FMT_E_VALUE, "a ring needs at least %s", text__size(CAP_RING_MIN_BYTES, min));
	return 0;
}

static void init_sync(struct cap_ring *r)
{
	pthread_condattr_t a;

	cap_priority__mutex(&r->lock);
	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&r->more, &a);
	pthread_cond_init(&r->stopping, &a);
	pthread_condattr_destroy(&a);
}

/* Eviction takes whole segments, so they must be small beside the ring. */
#define PARTS_NS 10u
#define PARTS_BYTES 16u

int cap_ring__new(struct cap_ring **ret, const struct cap_ring_opts *o, struct err *err)
{
	struct cap_ring *r;
	int code = check(o, err);

	if (code)
		return code;
	r = xcalloc(1, sizeof(*r));
	r->o = *o;
	r->dir_fd = -1;
	r->next_id = 1;
	r->st.max_bytes = o->bytes;
	init_sync(r);
	cap_ring_target__init(r);
	r->t.keyframe_ns = o->ns / PARTS_NS;
	r->t.keyframe_bytes = o->bytes / PARTS_BYTES;
	code = fmt_encoders__new(&r->encoders, o->level);
	if (!code && o->dir)
		code = cap_ring_dir__open(r, err);
	if (!code && o->dir && o->sync_ns != UINT64_MAX)
		code = cap_ring_dir__start_syncing(r);
	if (code) {
		cap_ring__free(r);
		return err__set(err, code, "%s", err__text(code));
	}
	*ret = r;
	return 0;
}

void cap_ring__free(struct cap_ring *r)
{
	if (!r)
		return;
	cap_ring_dir__close(r);
	while (r->oldest) {
		struct cap_segment *s = r->oldest;

		r->oldest = s->next;
		cap_segment__unref(s);
	}
	pthread_cond_destroy(&r->more);
	pthread_cond_destroy(&r->stopping);
	pthread_mutex_destroy(&r->lock);
	fmt_encoders__free(r->encoders);
	free(r->dir);
	free(r);
}

/* --- questions ---------------------------------------------------------------------------------------- */

uint64_t cap_ring__now(const struct cap_ring *r)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)(t.tv_sec * 1000000000ll + t.tv_nsec + r->t.mono_offset);
}

uint64_t cap_ring__upto(struct cap_ring *r)
{
	uint64_t v;

	pthread_mutex_lock(&r->lock);
	v = r->upto;
	pthread_mutex_unlock(&r->lock);
	return v;
}

void cap_ring__hurry(struct cap_ring *r)
{
	atomic_store_explicit(&r->hurry, true, memory_order_relaxed);
}

bool cap_ring__meta(struct cap_ring *r, struct fmt_meta *ret)
{
	bool begun;

	pthread_mutex_lock(&r->lock);
	begun = r->begun;
	if (begun)
		*ret = r->meta;
	pthread_mutex_unlock(&r->lock);
	return begun;
}

bool cap_ring__has_context(const struct cap_ring *r)
{
	return r->o.context;
}

void cap_ring__stats(struct cap_ring *r, struct cap_ring_stats *ret)
{
	const struct cap_segment *s;

	pthread_mutex_lock(&r->lock);
	*ret = r->st;
	ret->bytes = r->bytes;
	for (s = r->oldest; s && s->old; s = s->next)
		;
	ret->t_oldest = s ? s->t_first : 0;
	ret->t_newest = r->t_last > r->upto ? r->t_last : r->upto;
	pthread_mutex_unlock(&r->lock);
}
