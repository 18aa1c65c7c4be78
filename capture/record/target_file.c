// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "capture/record/target.h"
#include "format/base/alloc.h"

struct file_target {
	struct cap_target t;
	const char *path;
	bool force;
	const struct fmt_writer_opts *opts;
	struct fmt_writer *w;
};

static struct file_target *of(struct cap_target *t)
{
	return (struct file_target *)t;
}

static int file_begin(struct cap_target *t, const struct fmt_meta *meta, struct err *err)
{
	struct file_target *f = of(t);

	return fmt_writer__open(&f->w, f->path, f->force, meta, f->opts, err);
}

static int file_batch(struct cap_target *t, const struct fmt_batch *b, bool keyframe, struct err *err)
{
	return fmt_writer__batch(of(t)->w, b, keyframe, err);
}

static void file_note(struct cap_target *t, const char *id)
{
	fmt_writer__note_container(of(t)->w, id);
}

static void file_stats(const struct cap_target *t, uint64_t *ret_bytes, uint64_t *ret_events)
{
	struct fmt_writer_stats s;

	fmt_writer__stats(((const struct file_target *)t)->w, &s);
	*ret_bytes = s.bytes;
	*ret_events = s.events;
}

static int file_end(struct cap_target *t, struct err *err)
{
	int r = fmt_writer__close(of(t)->w, err);

	free(t);
	return r;
}

static const struct cap_target_ops ops = {
	.begin = file_begin, .batch = file_batch, .note = file_note, .stats = file_stats, .end = file_end,
};

struct cap_target *cap_target__file(const char *path, bool force, const struct fmt_writer_opts *opts)
{
	struct file_target *f = xcalloc(1, sizeof(*f));

	f->t.ops = &ops;
	f->path = path;
	f->force = force;
	f->opts = opts;
	return &f->t;
}
