// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/base/alloc.h"
#include "format/codec/summary_codec.h"
#include "format/file/source_probe.h"
#include "format/file/trace_file.h"

struct fmt_reader {
	struct trace_file f;
	struct chunk_index all;		/* every chunk */
	uint32_t *chunks;		/* those with events or keyframes: index in all */
	size_t cap_chunks;
	uint32_t n_chunks;
	bool complete;
	uint64_t seen_size;		/* of the file, when it was last walked */
	struct summary_store store;
};

static void pick_chunks(struct fmt_reader *r)
{
	r->n_chunks = 0;
	r->chunks = xgrow(r->chunks, &r->cap_chunks, r->all.n, sizeof(*r->chunks));
	for (uint32_t k = 0; k < r->all.n; k++)
		if (r->all.e[k].kind == CHUNK_KEYFRAME || r->all.e[k].kind == CHUNK_EVENTS)
			r->chunks[r->n_chunks++] = k;
}

int fmt_reader__open(struct fmt_reader **ret, const char *path, struct err *err)
{
	struct fmt_reader *r = xcalloc(1, sizeof(*r));
	const char *name;
	bool regular;
	int fd = source_open_file(path, &name, &regular, err), code = fd;

	if (fd < 0)
		goto fail;
	code = -FMT_E_UNSUPPORTED;
	if (!regular) {
		close(fd);
		err__set(err, code, "is a pipe or device: it can only be read in order");
		goto fail;
	}
	code = trace_file__open(&r->f, fd, true, name, NULL, 0, err);
	if (code < 0)
		goto fail;
	r->f.cs.in.ahead = INPUT_AHEAD_RANDOM;
	r->seen_size = trace_input__size(&r->f.cs.in);
	code = trace_file__index(&r->f, &r->all, &r->complete, err);
	if (code < 0) {
		fmt_reader__close(r);
		err__file(err, name);
		return code;
	}
	pick_chunks(r);
	*ret = r;
	return 0;
fail:
	err__file(err, path);
	free(r);
	return code;
}

void fmt_reader__close(struct fmt_reader *r)
{
	if (!r)
		return;
	trace_file__close(&r->f);
	chunk_index__done(&r->all);
	summary_store__done(&r->store);
	free(r->chunks);
	free(r);
}

const struct fmt_meta *fmt_reader__meta(const struct fmt_reader *r)
{
	return &r->f.meta;
}

void fmt_reader__as_source(const struct fmt_reader *r, struct fmt_source *ret)
{
	*ret = (struct fmt_source){ .meta = r->f.meta, .more = r->f.more, .n_more = r->f.n_more,
				    .has_context = trace_file__has_context(&r->f) };
}

bool fmt_reader__complete(const struct fmt_reader *r)
{
	return r->complete;
}

uint32_t fmt_reader__n_chunks(const struct fmt_reader *r)
{
	return r->n_chunks;
}

void fmt_reader__want(struct fmt_reader *r, const struct fmt_want *w)
{
	trace_file__want(&r->f, w);
}

static const struct index_entry *entry_of(const struct fmt_reader *r, uint32_t chunk)
{
	return &r->all.e[r->chunks[chunk]];
}

/* make a chunk the current one; what stands there must be what the index says. */
static int go_to(struct fmt_reader *r, uint32_t chunk, const struct chunk **ret, struct err *err)
{
	const struct index_entry *e;
	int code;

	if (chunk >= r->n_chunks)
		return err__set(err, -EINVAL, "the trace has no chunk %u", chunk);
	e = entry_of(r, chunk);
	chunk_stream__seek(&r->f.cs, e->offset);
	code = chunk_stream__next(&r->f.cs, ret, err);
	if (code == 1)
		code = err__set_at(err, -FMT_E_TRUNCATED, e->offset, "the file has become shorter");
	if (code == 0 && ((*ret)->offset != e->offset || (*ret)->h.kind != e->kind ||
			  (*ret)->h.n_events != e->n_events))
		code = chunk_stream__fault(&r->f.cs, -FMT_E_CORRUPT, "the index says otherwise", err);
	return code;
}

int fmt_reader__summary(struct fmt_reader *r, uint32_t chunk, struct fmt_summary *ret, struct err *err)
{
	const struct chunk *c;
	struct err why = { 0 };
	int code = go_to(r, chunk, &c, err);

	if (code < 0)
		return code;
	*ret = (struct fmt_summary){
		.kind = c->h.kind, .anew = chunk_header__is_anew(&c->h), .offset = c->offset, .length = c->h.length, .seq = c->h.seq,
		.first_num = c->h.first_num, .n_events = c->h.n_events, .t_first = c->h.t_first,
		.t_last = c->h.t_last, .n_alerts = c->h.n_alerts, .n_lost = c->h.n_lost,
	};
	code = summary__decode(c->head, c->h.summary_size, r->f.map, &r->store, ret, &why);
	return code < 0 ? chunk_stream__fault(&r->f.cs, code, why.msg, err) : 0;
}

int fmt_reader__read(struct fmt_reader *r, uint32_t chunk, struct fmt_batch *into, struct err *err)
{
	const struct chunk *c;
	uint64_t skipped = 0;
	int code = go_to(r, chunk, &c, err);

	return code < 0 ? code : trace_file__decode(&r->f, into, &skipped, err);
}

static bool starts_keyframe(const struct index_entry *e)
{
	return e->kind == CHUNK_KEYFRAME && !(e->flags & CHUNK_CONTINUES);
}

uint32_t fmt_reader__keyframe_at(const struct fmt_reader *r, uint64_t ts)
{
	uint32_t found = 0;

	for (uint32_t k = 0; k < r->n_chunks; k++)
		if (starts_keyframe(entry_of(r, k)) && entry_of(r, k)->t_first <= ts)
			found = k;
	return found;
}

uint32_t fmt_reader__keyframe_before(const struct fmt_reader *r, uint32_t chunk)
{
	if (chunk >= r->n_chunks)
		chunk = r->n_chunks ? r->n_chunks - 1 : 0;
	while (chunk && !starts_keyframe(entry_of(r, chunk)))
		chunk--;
	return chunk;
}

int fmt_reader__refresh(struct fmt_reader *r, struct err *err)
{
	uint64_t size = trace_input__size(&r->f.cs.in), from = PREAMBLE_SIZE;
	uint32_t before = r->n_chunks;
	const struct chunk *c;

	if (r->complete)
		return 0;
	if (r->all.n)
		from = r->all.e[r->all.n - 1].offset + r->all.e[r->all.n - 1].length;
	if (size < from)
		return err__set(err, -FMT_E_TRUNCATED, "it has become shorter than what was read of it: it was cut off or "
				"written anew; open it again");
	if (size <= r->seen_size)
		return 0;
	chunk_stream__seek(&r->f.cs, from);
	for (;;) {
		struct err why = { 0 };
		int code = chunk_stream__next(&r->f.cs, &c, &why);

		/* what is not whole yet is met again by the next look */
		if (code == 1 || code == -FMT_E_TRUNCATED)
			break;
		if (code == -FMT_E_CORRUPT)
			continue;
		if (code < 0) {
			if (err && !err->code)
				*err = why;
			return code;
		}
		if (c->offset + c->h.length > size)
			break;
		chunk_index__add(&r->all, c->offset, &c->h);
		r->complete = r->complete || c->h.kind == CHUNK_END;
		r->seen_size = c->offset + c->h.length;
	}
	pick_chunks(r);
	return (int)(r->n_chunks - before);
}
