// SPDX-License-Identifier: Apache-2.0
/* Writing: what the recorder gives becomes chunks of the segment in work; room is made before each. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture/ring/ring_internal.h"
#include "format/base/log.h"
#include "format/codec/meta_codec.h"

#define TELL_NS 60000000000u		/* how often a failure is logged */
#define RETRY_NS 1000000000u		/* after a segment could not be begun */
/* A keyframe begins a new segment if the one in work has this share of the ring: so there are not many segments. */
#define SHARE_BYTES 64u
#define SHARE_NS 12u

static struct cap_ring *of(struct cap_target *t)
{
	return (struct cap_ring *)t;
}

static uint64_t mono(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- eviction ------------------------------------------------------------------------------------------ */

/* Is the oldest to go, so that `need` more bytes have room? Never the segment in work. Lock held. */
static bool is_over(const struct cap_ring *r, uint64_t need)
{
	const struct cap_segment *s = r->oldest;

	if (!s || s == r->work)
		return false;
	if (r->bytes + need > r->o.bytes)
		return true;
	if (!r->o.ns)
		return false;
	/* what it has is out of time if all that it has is */
	return r->t_last > r->o.ns && (s->old || !s->next ? s->t_last : s->next->t_first) <= r->t_last - r->o.ns;
}

static void evict(struct cap_ring *r, uint64_t need)
{
	pthread_mutex_lock(&r->lock);
	while (is_over(r, need)) {
		struct cap_segment *s = cap_ring__take_oldest(r);

		pthread_mutex_unlock(&r->lock);
		cap_segment__wipe(s);
		pthread_mutex_lock(&r->lock);
		cap_segment__unref(s);
	}
	pthread_mutex_unlock(&r->lock);
}

/* What the segment in work will take with n more bytes. Lock held. */
static uint64_t growth(const struct cap_ring *r, uint64_t n)
{
	return r->work ? cap_segment__pages(r->work->size + n) - r->work->counted : 0;
}

/* Before each chunk: see fmt_writer_opts. */
static int make_room(void *arg, uint64_t n)
{
	struct cap_ring *r = arg;
	uint64_t need;
	int code = 0;

	pthread_mutex_lock(&r->lock);
	need = growth(r, n);
	pthread_mutex_unlock(&r->lock);
	evict(r, need);
	pthread_mutex_lock(&r->lock);
	if (!r->work || r->bytes + need > r->o.bytes) {
		code = -ENOSPC;
	} else {
		r->work->size += n;
		r->work->counted += need;
		r->bytes += need;
	}
	pthread_mutex_unlock(&r->lock);
	return code;
}

/* --- segments ------------------------------------------------------------------------------------------- */

static void tell(struct cap_ring *r)
{
	r->generation++;
	pthread_cond_broadcast(&r->more);
}

/* No more is written to the segment in work. */
static void seal(struct cap_ring *r)
{
	struct fmt_writer_stats done;
	struct stat st;

	if (!r->w)
		return;
	fmt_writer__stats(r->w, &done);
	r->total_bytes += done.bytes;
	fmt_writer__close(r->w, NULL);		/* without an END it is as good */
	r->w = NULL;
	pthread_mutex_lock(&r->lock);
	if (r->work && !fstat(r->work->fd, &st)) {
		/* a chunk that could not be written was cut off again */
		r->bytes -= r->work->counted;
		r->work->counted = cap_segment__pages((uint64_t)st.st_size);
		r->bytes += r->work->counted;
	}
	if (r->work)
		r->work->sealed = true;
	r->work = NULL;
	tell(r);
	pthread_mutex_unlock(&r->lock);
}

static int create_file(struct cap_ring *r, uint64_t id, char **ret_path)
{
	int fd;

	if (r->dir)
		return cap_ring_dir__create(r, id, ret_path);
	*ret_path = NULL;
	fd = memfd_create("spoor-ring", MFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The segment in work could not be written on: what is in it stays. Another begins with the next keyframe. */
static void give_up(struct cap_ring *r, int code)
{
	uint64_t now = mono();

	r->w = NULL;
	r->retry_at = now + (r->dir ? RETRY_NS : 0);	/* memory is there again as soon as older segments are gone */
	if (!r->told_at || now - r->told_at >= TELL_NS) {
		log_warn("the flight recorder's ring cannot be written: %s; events are lost until it can", err__text(code));
		r->told_at = now;
	}
	pthread_mutex_lock(&r->lock);
	r->st.failures++;
	pthread_mutex_unlock(&r->lock);
}

/* So that the next try does not meet the same: a tenth of what there is goes. Not if the disk is read-only. */
static void shrink(struct cap_ring *r, int code)
{
	uint64_t keep = r->bytes - r->bytes / 10;

	if (code == -ENOSPC || code == -ENOMEM || code == -EDQUOT)
		evict(r, r->o.bytes - keep + 1);
}

static int open_segment(struct cap_ring *r, uint64_t first_num, struct err *err)
{
	struct fmt_writer_opts o = { .sz = sizeof(o), .level = r->o.level, .context = r->o.context,
				     .room = make_room, .room_arg = r, .encoders = r->encoders };
	struct fmt_meta meta;
	char *path;
	int wfd, fd = create_file(r, r->next_id, &path);

	if (fd < 0)
		return err__set(err, fd, "%s", err__text(fd));
	wfd = fcntl(fd, F_DUPFD_CLOEXEC, 0);	/* programs that are started get nothing of it */
	pthread_mutex_lock(&r->lock);
	r->work = cap_ring__append(r, r->next_id++, fd, path);
	r->work->first_num = first_num;
	r->work->t_first = r->work->t_last = r->t_last;
	meta = r->meta;
	meta.part = r->next_id - 1;
	pthread_mutex_unlock(&r->lock);
	meta.uuid[0] = '\0';
	return fmt_writer__open_fd(&r->w, wfd, path ? path : "ring", &meta, &o, err);
}

/* Nothing of the segment in work can be read: out of the list with it. */
static void remove_newest(struct cap_ring *r)
{
	struct cap_segment *s, **at = &r->oldest, *last = NULL;

	pthread_mutex_lock(&r->lock);
	while (*at && *at != r->work) {
		last = *at;
		at = &(*at)->next;
	}
	s = *at;
	if (s) {
		*at = NULL;
		r->newest = last;
		r->work = NULL;
		r->bytes -= s->counted;
		r->st.segments--;
		s->evicted = true;
	}
	pthread_mutex_unlock(&r->lock);
	if (!s)
		return;
	cap_segment__wipe(s);
	pthread_mutex_lock(&r->lock);
	cap_segment__unref(s);
	pthread_mutex_unlock(&r->lock);
}

static void new_segment(struct cap_ring *r, uint64_t first_num)
{
	struct err why = { 0 };
	int code;

	seal(r);
	code = open_segment(r, first_num, &why);
	if (code < 0) {
		r->w = NULL;
		remove_newest(r);
		give_up(r, code);
		shrink(r, code);
		return;
	}
	r->t.keyframe_now = false;
}

static bool turn_due(struct cap_ring *r)
{
	bool due;

	if (!r->w)
		return true;
	pthread_mutex_lock(&r->lock);
	due = !r->work || r->work->size >= r->o.bytes / SHARE_BYTES ||
	      (r->o.ns && r->t_last - r->work->t_first >= r->o.ns / SHARE_NS);
	pthread_mutex_unlock(&r->lock);
	return due;
}

/* --- the recorder's calls --------------------------------------------------------------------------------- */

static int ring_begin(struct cap_target *t, const struct fmt_meta *meta, struct err *err)
{
	struct cap_ring *r = of(t);
	uint8_t uuid[16];

	if (getrandom(uuid, sizeof(uuid), 0) != sizeof(uuid))
		return err__set(err, -errno, "no random number to be had: %s", err__text(errno));
	pthread_mutex_lock(&r->lock);
	r->meta = *meta;
	uuid__format(uuid, r->meta.part_of);
	r->t_last = r->upto = meta->start_ns;
	r->next_num = 1;
	r->begun = true;
	r->ended = false;
	pthread_mutex_unlock(&r->lock);
	return 0;
}

static void note_written(struct cap_ring *r, const struct fmt_batch *b, bool keyframe)
{
	uint64_t last = b->n ? b->ts[b->n - 1] : 0;

	pthread_mutex_lock(&r->lock);
	if (last > r->t_last)
		r->t_last = last;
	if (!keyframe)
		r->next_num = b->first_num + b->n;
	if (r->work) {
		r->work->t_last = r->t_last;
		r->work->ready = true;
	}
	tell(r);
	pthread_mutex_unlock(&r->lock);
}

static void note_lost(struct cap_ring *r, const struct fmt_batch *b, bool keyframe)
{
	pthread_mutex_lock(&r->lock);
	if (!keyframe) {
		r->st.lost_events += b->n;
		r->next_num = b->first_num + b->n;
	}
	pthread_mutex_unlock(&r->lock);
}

/* After a failure: ask for the keyframe that a new segment begins with, if it is time to try again. */
static void ask_again(struct cap_ring *r)
{
	if (r->begun && !r->w && mono() >= r->retry_at)
		r->t.keyframe_now = true;
}

static int ring_batch(struct cap_target *t, const struct fmt_batch *b, bool keyframe, struct err *err)
{
	struct cap_ring *r = of(t);
	struct err why = { 0 };
	int code = 0;

	(void)err;			/* the recording goes on whatever becomes of this */
	if (keyframe && !r->in_keyframe) {
		r->t.keyframe_now = false;
		if (turn_due(r))
			new_segment(r, b->first_num);
	}
	r->in_keyframe = keyframe;
	atomic_store_explicit(&r->hurry, false, memory_order_relaxed);
	if (!r->w) {
		note_lost(r, b, keyframe);
		ask_again(r);
		return 0;
	}
	code = fmt_writer__batch(r->w, b, keyframe, &why);
	if (code < 0) {
		note_lost(r, b, keyframe);
		seal(r);
		give_up(r, code);
		shrink(r, code);
		return 0;
	}
	r->total_events += keyframe ? 0 : b->n;
	note_written(r, b, keyframe);
	evict(r, 0);
	return 0;
}

static void ring_note(struct cap_target *t, const char *id)
{
	struct cap_ring *r = of(t);

	if (r->w)
		fmt_writer__note_container(r->w, id);
}

static void ring_upto(struct cap_target *t, uint64_t ts)
{
	struct cap_ring *r = of(t);

	atomic_store_explicit(&r->hurry, false, memory_order_relaxed);
	pthread_mutex_lock(&r->lock);
	if (ts > r->upto) {
		r->upto = ts;
		tell(r);
	}
	pthread_mutex_unlock(&r->lock);
	ask_again(r);
}

static bool ring_hurry(struct cap_target *t)
{
	return atomic_load_explicit(&of(t)->hurry, memory_order_relaxed);
}

static void ring_stats(const struct cap_target *t, uint64_t *ret_bytes, uint64_t *ret_events)
{
	const struct cap_ring *r = (const struct cap_ring *)t;
	struct fmt_writer_stats s = { 0 };

	if (r->w)
		fmt_writer__stats(r->w, &s);
	*ret_bytes = r->total_bytes + s.bytes;
	*ret_events = r->total_events;
}

static int ring_end(struct cap_target *t, struct err *err)
{
	struct cap_ring *r = of(t);

	(void)err;
	seal(r);
	pthread_mutex_lock(&r->lock);
	r->ended = true;
	r->upto = UINT64_MAX;
	tell(r);
	pthread_mutex_unlock(&r->lock);
	return 0;
}

void cap_ring_target__init(struct cap_ring *r)
{
	static const struct cap_target_ops ops = {
		.begin = ring_begin, .batch = ring_batch, .note = ring_note, .upto = ring_upto, .hurry = ring_hurry,
		.stats = ring_stats, .end = ring_end,
	};

	r->t.ops = &ops;
}

struct cap_target *cap_ring__target(struct cap_ring *r)
{
	return &r->t;
}
