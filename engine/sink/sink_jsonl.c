// SPDX-License-Identifier: Apache-2.0
/* A sink that writes text, one event a line (docs/JSONL.md). */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "format/base/alloc.h"
#include "format/jsonl/jsonl.h"
#include "engine/sink/sink.h"

#define FLUSH_AT (1u << 20)

struct jsonl_sink {
	struct sink s;
	int fd;
	const char *name;		/* for messages */
	bool keyframes, begun;
	struct jsonl_writer *w;
	struct buf text;
	struct sink_stats stats;
};

static int failed(const struct jsonl_sink *k, struct err *err)
{
	int r = err__set(err, -errno, "%s", err__text(-errno));

	err__file(err, k->name);
	return r;
}

static int flush(struct jsonl_sink *k, struct err *err)
{
	size_t done = 0;

	while (done < k->text.len) {
		ssize_t n = write(k->fd, k->text.p + done, k->text.len - done);

		if (n < 0 && errno != EINTR)
			return failed(k, err);
		done += n > 0 ? (size_t)n : 0;
	}
	k->stats.bytes += done;
	k->text.len = 0;
	return 0;
}

static int jsonl_batch(struct sink *s, const struct fmt_batch *b, const struct fmt_batch_info *info, struct err *err)
{
	struct jsonl_sink *k = (struct jsonl_sink *)s;

	for (uint32_t row = 0; row < b->n && !info->keyframe; row++)
		k->stats.events += !b->threads[b->thread[row]].context;
	/* an empty one at the beginning goes without saying */
	if (!info->keyframe || (k->keyframes && (b->n || k->begun)))
		jsonl_writer__batch(k->w, b, info, &k->text);
	k->begun = true;
	return k->text.len >= FLUSH_AT ? flush(k, err) : 0;
}

static int jsonl_close(struct sink *s, bool finish, struct sink_stats *stats, struct err *err)
{
	struct jsonl_sink *k = (struct jsonl_sink *)s;
	int r = finish ? flush(k, err) : 0;

	if (close(k->fd) && r == 0)
		r = failed(k, err);
	if (stats)
		*stats = k->stats;
	jsonl_writer__free(k->w);
	buf__done(&k->text);
	free(k);
	return r;
}

static const struct sink_ops ops = { .batch = jsonl_batch, .close = jsonl_close };

static int jsonl_open(struct sink **ret, int fd, const char *name, const struct sink_opts *o, struct err *err)
{
	struct jsonl_sink *k = xcalloc(1, sizeof(*k));

	(void)err;
	k->s.ops = &ops;
	k->fd = fd;
	k->name = name;
	k->keyframes = o->keyframes;
	jsonl_writer__new(&k->w);
	jsonl_writer__head(k->w, o->meta, o->more, o->n_more, o->context, &k->text);
	*ret = &k->s;
	return 0;
}

const struct sink_format sink_jsonl = { "jsonl", jsonl_open, false };
