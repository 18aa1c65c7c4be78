// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/alloc.h"
#include "format/file/trace_file.h"
#include "format/file/trace_source.h"

struct trace_source {
	struct fmt_source s;
	struct trace_file f;
	struct fmt_batch *batch;
	struct chunk_index index;	/* made at the first seek */
	bool indexed;
	bool after_keyframe;		/* one has been given, with all that continue it */
	bool in_keyframe;		/* the last chunk given was one */
};

static bool leave_out(const struct trace_source *t, const struct chunk *c)
{
	return c->h.kind == CHUNK_KEYFRAME && t->f.want.no_keyframes && t->after_keyframe &&
	       !(c->h.flags & CHUNK_ANEW) && !(t->in_keyframe && c->h.flags & CHUNK_CONTINUES);
}

static int source_next(struct fmt_source *s, const struct fmt_batch **ret, struct fmt_batch_info *info,
		       struct err *err)
{
	struct trace_source *t = (struct trace_source *)s;
	const struct chunk *c;
	int r;

	do {
		r = trace_file__next(&t->f, &c, err);
		if (r)
			return r;
		if (leave_out(t, c))
			t->in_keyframe = false;
	} while (leave_out(t, c));
	*info = (struct fmt_batch_info){ .keyframe = c->h.kind == CHUNK_KEYFRAME, .chunk = c->h.seq,
					 .new_section = chunk_header__is_anew(&c->h), .offset = c->offset };
	s->lost += c->h.n_lost;
	r = trace_file__decode(&t->f, t->batch, &s->skipped_unknown, err);
	if (r < 0)
		return r;
	t->in_keyframe = info->keyframe;
	t->after_keyframe = t->after_keyframe || info->keyframe;
	*ret = t->batch;
	return 0;
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
	if (!t->indexed) {
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

static void source_close(struct fmt_source *s)
{
	struct trace_source *t = (struct trace_source *)s;

	trace_file__close(&t->f);
	fmt_batch__free(t->batch);
	chunk_index__done(&t->index);
	free(t);
}

static const struct fmt_source_ops ops = {
	.next = source_next, .seek = source_seek, .want = source_want, .close = source_close,
};

int fmt_trace_source__open(struct fmt_source **ret, int fd, bool regular, const char *name,
			   const void *head, size_t n, struct err *err)
{
	struct trace_source *t = xcalloc(1, sizeof(*t));
	int r = trace_file__open(&t->f, fd, regular, name, head, n, err);

	if (r < 0) {
		free(t);
		return r;
	}
	t->s.ops = &ops;
	t->s.meta = t->f.meta;
	snprintf(t->s.name, sizeof(t->s.name), "%s", name);
	fmt_batch__new(&t->batch);
	*ret = &t->s;
	return 0;
}
