// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format/base/alloc.h"
#include "format/file/trace_file.h"
#include "format/file/trace_source.h"

struct trace_source {
	struct fmt_source s;
	struct trace_file f;
	struct fmt_batch *batch;
	struct chunk_index index;	/* made at the first seek */
	bool indexed, described;
	bool after_keyframe;		/* one has been given, with all that continue it */
	bool in_keyframe;		/* the last chunk given was one */
	uint64_t end;			/* chunks that begin there or later are not read */
};

static bool leave_out(const struct trace_source *t, const struct chunk *c)
{
	if (t->f.want.until && t->after_keyframe && c->h.t_first > t->f.want.until)
		return true;
	return c->h.kind == CHUNK_KEYFRAME && t->f.want.no_keyframes && t->after_keyframe &&
	       !(c->h.flags & CHUNK_ANEW) && !(t->in_keyframe && c->h.flags & CHUNK_CONTINUES);
}

/* Does a keyframe begin with this chunk, and is what is stored of it undamaged? Then reading can begin here. */
static bool begins_segment(struct trace_source *t, const struct chunk *c)
{
	uint8_t hash[TRACE_HASH_SIZE];

	if (c->h.kind != CHUNK_KEYFRAME || c->h.flags & CHUNK_CONTINUES ||
	    chunk_stream__body(&t->f.cs, NULL, NULL, NULL))
		return false;
	for (uint32_t k = 0; k < c->h.n_sections; k++) {
		trace_hash(hash, c->sections[k].p, c->sections[k].entry.stored_size);
		if (memcmp(hash, c->sections[k].entry.hash, sizeof(hash)))
			return false;
	}
	return true;
}

/* Following, the description may have come only now. */
static void take_description(struct trace_source *t)
{
	t->s.meta = t->f.meta;
	t->s.more = t->f.more;
	t->s.n_more = t->f.n_more;
	t->described = true;
}

/* Nothing that is asked for comes behind it. */
static bool is_past(const struct trace_source *t, const struct chunk *c)
{
	return t->f.want.until && t->after_keyframe && c->h.t_first > t->f.want.until &&
	       c->h.t_first - t->f.want.until > FMT_LATE_NS;
}

static int next_chunk(struct trace_source *t, const struct chunk **ret, struct err *err)
{
	int r;

	do {
		r = trace_file__next(&t->f, ret, err);
		if (r)
			return r;
		if ((*ret)->offset >= t->end || is_past(t, *ret))
			return 1;
		if (leave_out(t, *ret))
			t->in_keyframe = false;
	} while (leave_out(t, *ret));
	return 0;
}

static int source_next(struct fmt_source *s, const struct fmt_batch **ret, struct fmt_batch_info *info,
		       struct err *err)
{
	struct trace_source *t = (struct trace_source *)s;
	const struct chunk *c;
	int r = next_chunk(t, &c, err);

	if (r)
		return r;
	if (!t->described)
		take_description(t);
	*info = (struct fmt_batch_info){ .keyframe = c->h.kind == CHUNK_KEYFRAME, .chunk = c->h.seq,
					 .offset = c->offset, .new_section = chunk_header__is_anew(&c->h),
					 .segment = begins_segment(t, c) };
	s->lost += c->h.n_lost;
	r = trace_file__decode(&t->f, t->batch, &s->skipped_unknown, err);
	if (r < 0)
		return r;
	t->in_keyframe = info->keyframe;
	t->after_keyframe = t->after_keyframe || info->keyframe;
	*ret = t->batch;
	return 0;
}

static int source_next_keyframe(struct fmt_source *s, uint64_t *ret_offset)
{
	struct trace_source *t = (struct trace_source *)s;
	const struct chunk *c;
	int r;

	do
		r = trace_file__next(&t->f, &c, NULL);
	while (r == -FMT_E_CORRUPT || r == -FMT_E_TRUNCATED || r == -FMT_E_VERSION ||
	       (!r && !begins_segment(t, c)));
	if (r)
		return 1;		/* an error of reading is met again by who reads that part */
	*ret_offset = c->offset;
	return 0;
}

static void source_segment(struct fmt_source *s, uint64_t from, uint64_t to)
{
	struct trace_source *t = (struct trace_source *)s;

	t->end = to;
	if (!from)
		return;
	chunk_stream__seek(&t->f.cs, from);
	t->after_keyframe = t->in_keyframe = false;
	s->lost = s->skipped_unknown = 0;
}

/* The last keyframe that begins at or before ts; the first one if none does. */
static const struct index_entry *keyframe_at(const struct chunk_index *x, uint64_t ts)
{
	const struct index_entry *found = NULL;

	for (uint32_t k = 0; k < x->n; k++) {
		const struct index_entry *e = &x->e[k];

		if (e->kind == CHUNK_KEYFRAME && !(e->flags & CHUNK_CONTINUES) && (!found || e->t_first <= ts))
			found = e;
	}
	return found;
}

static int source_seek(struct fmt_source *s, uint64_t ts, struct err *err)
{
	struct trace_source *t = (struct trace_source *)s;
	const struct index_entry *e;
	bool complete;
	int r;

	if (!t->f.cs.in.regular)
		return err__set(err, -FMT_E_UNSUPPORTED, "%s: a pipe can only be read from its beginning", s->name);
	if (!t->indexed || t->f.cs.follow) {
		t->index.n = 0;
		r = trace_file__index(&t->f, &t->index, &complete, err);
		if (r < 0)
			return r;
		t->indexed = true;
	}
	e = keyframe_at(&t->index, ts);
	if (!e)
		return err__set(err, -FMT_E_CORRUPT, "%s: the trace has no keyframe", s->name);
	chunk_stream__seek(&t->f.cs, e->offset);
	t->after_keyframe = t->in_keyframe = false;
	s->lost = 0;
	for (const struct index_entry *k = t->index.e; k < e; k++)
		s->lost += k->n_lost;
	return 0;
}

static void source_want(struct fmt_source *s, const struct fmt_want *w)
{
	trace_file__want(&((struct trace_source *)s)->f, w);
}

static int source_follow(struct fmt_source *s, bool on, struct err *err)
{
	(void)err;
	chunk_stream__follow(&((struct trace_source *)s)->f.cs, on);
	return 0;
}

/* The file's length is looked at: that works on every file system, and costs 20 looks a second. */
#define LOOK_MS 50

static int source_wait(struct fmt_source *s, int timeout_ms)
{
	const struct chunk_stream *cs = &((struct trace_source *)s)->f.cs;

	while (cs->follow && trace_input__size(&cs->in) == cs->size_seen) {
		int ms = timeout_ms < LOOK_MS ? timeout_ms : LOOK_MS;

		if (timeout_ms <= 0)
			return 1;
		nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000l }, NULL);
		timeout_ms -= ms;
	}
	return 0;
}

static struct trace_source *new_source(const char *name);

static int source_clone(struct fmt_source *s, struct fmt_source **ret, struct err *err)
{
	struct trace_source *of = (struct trace_source *)s, *t;
	const struct chunk *c = &of->f.cs.cur;
	int r;

	if (!of->f.cs.in.regular)
		return err__set(err, -FMT_E_UNSUPPORTED, "%s: a pipe has one reader", s->name);
	t = new_source(s->name);
	r = trace_file__clone(&t->f, &of->f, err);
	if (r < 0) {
		fmt_batch__free(t->batch);
		free(t);
		return r;
	}
	chunk_stream__seek(&t->f.cs, of->f.cs.again ? c->offset : of->f.cs.in.pos);
	t->s.meta = s->meta;
	t->s.more = t->f.more;
	t->s.n_more = t->f.n_more;
	t->s.has_context = s->has_context;
	*ret = &t->s;
	return 0;
}

static void source_close(struct fmt_source *s)
{
	struct trace_source *t = (struct trace_source *)s;

	trace_file__close(&t->f);
	fmt_batch__free(t->batch);
	chunk_index__done(&t->index);
	free(t);
}

static const struct fmt_source_ops ops = {
	.next = source_next, .seek = source_seek, .clone = source_clone, .next_keyframe = source_next_keyframe,
	.segment = source_segment, .want = source_want, .follow = source_follow, .wait = source_wait,
	.close = source_close,
};

static struct trace_source *new_source(const char *name)
{
	struct trace_source *t = xcalloc(1, sizeof(*t));

	t->s.ops = &ops;
	t->end = UINT64_MAX;
	snprintf(t->s.name, sizeof(t->s.name), "%s", name);
	fmt_batch__new(&t->batch);
	return t;
}

int fmt_trace_source__open(struct fmt_source **ret, int fd, bool regular, const char *name,
			   const void *head, size_t n, struct err *err)
{
	struct trace_source *t = new_source(name);
	int r = trace_file__open(&t->f, fd, regular, name, head, n, err);

	if (r < 0) {
		fmt_batch__free(t->batch);
		free(t);
		return r;
	}
	take_description(t);
	t->described = t->f.opened;
	t->s.has_context = trace_file__has_context(&t->f);
	*ret = &t->s;
	return 0;
}
