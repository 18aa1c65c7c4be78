// SPDX-License-Identifier: Apache-2.0
/*
 * make_segments IN OUT EVENTS [TIMES]: IN (any trace) as a trace with a keyframe every EVENTS events, the whole of it
 * TIMES times one after another.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/state/state.h"
#include "format/base/alloc.h"
#include "format/file/source.h"
#include "format/file/trace_writer.h"

struct out {
	struct fmt_writer *w;
	struct eng_state *st;
	struct fmt_batch *rows, *keyframe;
	uint64_t num, every, since, shift, last_ts;
};

static void die(const char *what, const struct err *err)
{
	fprintf(stderr, "make_segments: %s: %s\n", what, err->msg);
	exit(1);
}

static void write_rows(struct out *o, struct fmt_batch *b, bool keyframe)
{
	struct err err = { 0 };

	if ((b->n || keyframe) && fmt_writer__batch(o->w, b, keyframe, &err))
		die("writing", &err);
	fmt_batch__reset(b, o->num);
}

static int keyframe_full(void *arg, struct fmt_batch **b)
{
	write_rows(arg, *b, true);
	return 0;
}

static void write_keyframe(struct out *o)
{
	write_rows(o, o->rows, false);
	fmt_batch__reset(o->keyframe, o->num);
	eng_state__save(o->st, o->last_ts, o->keyframe, keyframe_full, o);
	write_rows(o, o->keyframe, true);
	o->since = 0;
}

static void apply(struct out *o, const struct fmt_ev *ev)
{
	struct eng_ctx ctx;

	eng_state__enter(o->st, ev, &ctx);
	eng_state__leave(o->st, &ctx);
}

/* An event of the input: behind a keyframe if one is due, and later by the length of the repetitions before. */
static void take_event(struct out *o, const struct fmt_ev *ev)
{
	if (o->since >= o->every)
		write_keyframe(o);
	if (fmt_batch__full(o->rows))
		write_rows(o, o->rows, false);
	fmt_batch__copy(o->rows, ev);
	o->last_ts = o->rows->ts[o->rows->n - 1] += o->shift;
	o->num++;
	o->since++;
	apply(o, ev);
}

static uint64_t take_batch(struct out *o, const struct fmt_batch *b, const struct fmt_batch_info *info)
{
	uint64_t first = b->n && !info->keyframe ? b->ts[0] : 0;

	if (info->new_section) {
		write_rows(o, o->rows, false);
		eng_state__reset(o->st);
	}
	for (uint32_t i = 0; i < b->n; i++) {
		struct fmt_ev ev = fmt_batch__ev(b, i);

		if (info->keyframe)
			apply(o, &ev);
		else
			take_event(o, &ev);
	}
	return first;
}

static void take_trace(struct out *o, const char *path, bool open_out, const char *to)
{
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct err err = { 0 };
	struct fmt_source *s;
	uint64_t first = 0;
	int r;

	if (fmt_source__open(&s, path, &err))
		die(path, &err);
	if (open_out && fmt_writer__open(&o->w, to, true, &s->meta, &(struct fmt_writer_opts){
					 .sz = sizeof(struct fmt_writer_opts) }, &err))
		die(to, &err);
	eng_state__reset(o->st);
	o->since = o->every;
	while ((r = fmt_source__next(s, &b, &info, &err)) == 0) {
		uint64_t at = take_batch(o, b, &info);

		first = first ? first : at;
	}
	if (r < 0)
		die(path, &err);
	o->shift = o->last_ts - first;
	fmt_source__close(s);
}

int main(int argc, char **argv)
{
	struct out o = { .num = 1 };
	struct err err = { 0 };
	unsigned times = argc > 4 ? (unsigned)atoi(argv[4]) : 1;

	if (argc < 4) {
		fprintf(stderr, "make_segments IN OUT EVENTS [TIMES]\n");
		return 1;
	}
	o.every = strtoull(argv[3], NULL, 10);
	eng_state__new(&o.st);
	fmt_batch__new(&o.rows);
	fmt_batch__new(&o.keyframe);
	fmt_batch__reset(o.rows, 1);
	for (unsigned i = 0; i < times; i++)
		take_trace(&o, argv[1], !i, argv[2]);
	write_rows(&o, o.rows, false);
	if (fmt_writer__close(o.w, &err))
		die(argv[2], &err);
	fmt_batch__free(o.rows);
	fmt_batch__free(o.keyframe);
	eng_state__free(o.st);
	return 0;
}
