// SPDX-License-Identifier: Apache-2.0
/*
 * A sink that writes a trace. It keeps the state, as a reader of the trace will have it: for the containers in the
 * chunks' summaries, and for keyframes where the source has none. It does not if it is told both.
 */
#include <stdlib.h>
#include <string.h>

#include "engine/state/state.h"
#include "format/base/alloc.h"
#include "format/file/trace_writer.h"
#include "engine/sink/sink.h"

/* Nobody waits for the disk as when recording: a twentieth fewer bytes for half as much work again. */
#define LEVEL 6

struct spoor_sink {
	struct sink s;
	struct fmt_writer *w;
	struct eng_state *st;		/* NULL: it is told */
	unsigned machines;
	const struct eng_container *noted;	/* the last container noted in this chunk */
	uint64_t since;			/* counts what can change a thread's container */
	uint64_t *seen;			/* by thread of the batch: since when its container is noted */
	size_t cap_seen;
	struct fmt_batch *keyframe;
	uint64_t shown;			/* events that are not context */
	uint64_t next_num, t_last;
	uint64_t keyframe_at, keyframe_bytes, bytes_at_keyframe;
	bool in_keyframe;		/* the last batch was one */
};

static uint64_t written(const struct spoor_sink *k)
{
	struct fmt_writer_stats st;

	fmt_writer__stats(k->w, &st);
	return st.bytes;
}

static void note_container(struct spoor_sink *k, const struct eng_container *c)
{
	if (!c || c == k->noted)
		return;
	k->noted = c;
	fmt_writer__note_container(k->w, c->id);
}

/* Apply a batch to the state, and note which containers occur in it. */
static void apply(struct spoor_sink *k, const struct fmt_batch *b, bool keyframe)
{
	k->noted = NULL;
	k->since++;
	k->seen = xgrow(k->seen, &k->cap_seen, b->n_threads, sizeof(*k->seen));
	if (b->n_threads)
		memset(k->seen, 0, b->n_threads * sizeof(*k->seen));
	for (uint32_t row = 0; row < b->n; row++) {
		struct fmt_ev ev = fmt_batch__ev(b, row);
		bool shown = !keyframe && !fmt_ev__is_context(&ev), needed = eng_state__needs(ev.type);
		uint64_t *seen = &k->seen[b->thread[row]];
		struct eng_ctx ctx;

		k->shown += shown;
		if (!needed && *seen == k->since)
			continue;
		eng_state__enter(k->st, &ev, &ctx);
		if (shown)
			note_container(k, ctx.proc->container);
		eng_state__leave(k->st, &ctx);
		k->since += needed && !eng_state__is_about_fds(ev.type);
		*seen = shown ? k->since : 0;
		if (ev.type == EV_container_end)
			k->noted = NULL;
	}
	if (b->n && b->ts[b->n - 1] > k->t_last)
		k->t_last = b->ts[b->n - 1];
}

static void keyframe_done(struct spoor_sink *k, uint64_t before)
{
	k->bytes_at_keyframe = written(k);
	k->keyframe_bytes = k->bytes_at_keyframe - before;
	k->keyframe_at = k->t_last;
}

struct save_to {
	struct spoor_sink *k;
	struct err *err;
};

static int keyframe_full(void *arg, struct fmt_batch **b)
{
	struct save_to *to = arg;
	int r = fmt_writer__batch(to->k->w, *b, true, to->err);

	fmt_batch__reset(*b, to->k->next_num);
	return r;
}

static int write_keyframe(struct spoor_sink *k, struct err *err)
{
	struct save_to to = { k, err };
	uint64_t before = written(k);
	int r;

	fmt_batch__reset(k->keyframe, k->next_num);
	r = eng_state__save(k->st, k->t_last, k->keyframe, keyframe_full, &to);
	if (r == 0 && k->keyframe->n)
		r = fmt_writer__batch(k->w, k->keyframe, true, err);
	keyframe_done(k, before);
	return r;
}

static bool keyframe_due(const struct spoor_sink *k)
{
	uint64_t since = k->t_last - k->keyframe_at, bytes = written(k) - k->bytes_at_keyframe;

	return fmt_keyframe__due(since, FMT_KEYFRAME_MAX_NS, bytes, k->keyframe_bytes);
}

/* A recording begins: what was known of the machines in b is void. */
static void forget(struct spoor_sink *k, const struct fmt_batch *b)
{
	if (k->machines == 1)
		eng_state__reset(k->st);
	for (uint32_t i = 0; k->machines > 1 && i < b->n_threads; i++)
		if (!i || b->threads[i].origin != b->threads[i - 1].origin)
			eng_state__reset_origin(k->st, b->threads[i].origin);
}

static int put_told(struct spoor_sink *k, const struct fmt_batch *b, const struct fmt_batch_info *info, struct err *err)
{
	for (uint32_t row = 0; !info->keyframe && row < b->n; row++)
		k->shown += !b->threads[b->thread[row]].context;
	if (info->new_section)
		fmt_writer__anew(k->w);
	return fmt_writer__batch(k->w, b, info->keyframe, err);
}

static void spoor_note(struct sink *s, const char *id)
{
	fmt_writer__note_container(((struct spoor_sink *)s)->w, id);
}

static int spoor_batch(struct sink *s, const struct fmt_batch *b, const struct fmt_batch_info *info, struct err *err)
{
	struct spoor_sink *k = (struct spoor_sink *)s;
	uint64_t before;
	int r;

	if (!k->st)
		return put_told(k, b, info, err);
	/* the keyframe of the source comes instead of ours, if it is not much later */
	if (!info->keyframe && !k->in_keyframe && keyframe_due(k)) {
		r = write_keyframe(k, err);
		if (r < 0)
			return r;
	}
	if (info->new_section) {
		forget(k, b);
		fmt_writer__anew(k->w);
	}
	before = written(k);
	apply(k, b, info->keyframe);
	if (info->new_section && k->machines > 1)
		return write_keyframe(k, err);	/* of the other machines nothing is void */
	r = fmt_writer__batch(k->w, b, info->keyframe, err);
	if (r == 0 && info->keyframe)
		keyframe_done(k, before);
	if (!info->keyframe)
		k->next_num = b->first_num + b->n;
	k->in_keyframe = info->keyframe;
	return r;
}

static int spoor_close(struct sink *s, bool finish, struct sink_stats *stats, struct err *err)
{
	struct spoor_sink *k = (struct spoor_sink *)s;
	struct fmt_writer_stats st;
	int r;

	(void)finish;			/* the end of a file that is removed costs nothing */
	fmt_writer__stats(k->w, &st);
	r = fmt_writer__close(k->w, err);
	if (stats)
		*stats = (struct sink_stats){ .events = k->shown, .bytes = st.bytes };
	eng_state__free(k->st);
	fmt_batch__free(k->keyframe);
	free(k->seen);
	free(k);
	return r;
}

static const struct sink_ops ops = { .batch = spoor_batch, .note = spoor_note, .close = spoor_close };

static int spoor_open(struct sink **ret, int fd, const char *name, const struct sink_opts *o, struct err *err)
{
	struct fmt_writer_opts w = { .sz = sizeof(w), .level = o->level ? o->level : LEVEL, .more = o->more, .n_more = o->n_more, .context = o->context,
				    .encoders = o->encoders };
	struct spoor_sink *k = xcalloc(1, sizeof(*k));
	int r = fmt_writer__open_fd(&k->w, fd, name, o->meta, &w, err);

	if (r < 0) {
		free(k);
		return r;
	}
	k->s.ops = &ops;
	k->next_num = 1;
	k->machines = o->n_more + 1;
	if (!o->told) {
		eng_state__new(&k->st);
		fmt_batch__new(&k->keyframe);
	}
	*ret = &k->s;
	return 0;
}

const struct sink_format sink_spoor = { "spoor", spoor_open, false };
