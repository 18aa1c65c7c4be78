// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "format/base/alloc.h"
#include "format/codec/meta_codec.h"
#include "format/codec/summary_codec.h"
#include "format/file/encoders.h"
#include "format/file/trace_out.h"

struct fmt_writer {
	struct trace_out out;
	bool no_payload;
	bool anew;			/* the next keyframe is the first of another recording */
	bool raw;
	uint64_t next_num;
	struct fmt_encoders *encoders, *own;	/* own: the same, or NULL if they are shared */
	struct fmt_encoder *enc;	/* while a chunk is written */
	struct strtab containers;	/* since the last chunk */
	const char **container_list;
	uint64_t keyframe_rows, raw_bytes;
	struct events_encode_stats sections;
};

static int put_chunk(struct fmt_writer *w, struct chunk_header *h, struct err *err)
{
	int r = trace_out__chunk(&w->out, &w->enc->build, h, err);

	if (r == 0)
		w->raw_bytes += w->enc->build.raw_bytes;
	return r;
}

static int take_encoder(struct fmt_writer *w, struct err *err)
{
	w->enc = fmt_encoders__take(w->encoders);
	if (!w->enc)
		return err__set(err, -FMT_E_LIMIT, "%s", err__text(-FMT_E_LIMIT));
	w->enc->build.raw = w->raw;
	return 0;
}

static void give_encoder(struct fmt_writer *w)
{
	fmt_encoders__give(w->encoders, w->enc);
	w->enc = NULL;
}

static int new_uuid(uint8_t uuid[16], struct err *err)
{
	if (getrandom(uuid, 16, 0) != 16)
		return err__set(err, -errno, "no random number to be had: %s", err__text(errno));
	uuid[6] = (uint8_t)((uuid[6] & 0x0f) | 0x40);
	uuid[8] = (uint8_t)((uuid[8] & 0x3f) | 0x80);
	return 0;
}

static int put_preamble(struct fmt_writer *w, const struct fmt_meta *meta, const struct fmt_writer_opts *o, struct err *err)
{
	struct preamble p = { .major = TRACE_MAJOR, .minor = TRACE_MINOR, .created = o->created_ns };
	uint8_t packed[PREAMBLE_SIZE];
	struct timespec now;
	int r = 0;

	if (o->n_more || o->context)
		p.incompat |= PREAMBLE_WHOSE;
	if (!p.created) {
		clock_gettime(CLOCK_REALTIME, &now);
		p.created = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	}
	if (!meta->uuid[0])
		r = new_uuid(p.uuid, err);
	else if (!uuid__parse(meta->uuid, p.uuid))
		r = err__set(err, -FMT_E_VALUE, "'%s' is not a UUID", meta->uuid);
	if (r < 0)
		return r;
	preamble__pack(&p, packed);
	w->out.t_last = meta->start_ns ? meta->start_ns : p.created;
	return trace_out__preamble(&w->out, p.uuid, packed, sizeof(packed), err);
}

/* a section for each machine. */
static int put_meta(struct fmt_writer *w, const struct fmt_meta *meta, const struct fmt_writer_opts *o, struct err *err)
{
	struct chunk_header h = { .kind = CHUNK_META, .t_first = w->out.t_last, .t_last = w->out.t_last };
	struct buf raw = { 0 };

	chunk_build__reset(&w->enc->build);
	for (unsigned k = 0; k <= o->n_more; k++) {
		raw.len = 0;
		meta__encode(k ? &o->more[k - 1] : meta, &raw);
		chunk_build__section(&w->enc->build, SECTION_META, SECTION_ANY_TYPE, raw.p, raw.len, NULL, 0);
	}
	buf__done(&raw);
	return put_chunk(w, &h, err);
}

static int put_schema(struct fmt_writer *w, struct err *err)
{
	struct chunk_header h = { .kind = CHUNK_SCHEMA, .t_first = w->out.t_last, .t_last = w->out.t_last };
	struct buf raw = { 0 };

	schema__encode(&raw);
	chunk_build__reset(&w->enc->build);
	chunk_build__section(&w->enc->build, SECTION_SCHEMA, SECTION_ANY_TYPE, raw.p, raw.len, NULL, 0);
	buf__done(&raw);
	return put_chunk(w, &h, err);
}

static int put_head(struct fmt_writer *w, const struct fmt_meta *meta, const struct fmt_writer_opts *o, struct err *err)
{
	int r = take_encoder(w, err);

	if (r < 0)
		return r;
	r = put_preamble(w, meta, o, err);
	if (r == 0)
		r = put_meta(w, meta, o, err);
	if (r == 0)
		r = put_schema(w, err);
	give_encoder(w);
	return r;
}

static void writer_free(struct fmt_writer *w)
{
	fmt_encoders__free(w->own);
	chunk_index__done(&w->out.index);
	strtab__done(&w->containers);
	free(w->container_list);
	free(w);
}

int fmt_writer__open_fd(struct fmt_writer **ret, int fd, const char *name, const struct fmt_meta *meta,
			const struct fmt_writer_opts *opts, struct err *err)
{
	static const struct fmt_writer_opts none = { .sz = sizeof(none) };
	const struct fmt_writer_opts *o = opts ? opts : &none;
	int r = 0;
	struct fmt_writer *w = xcalloc(1, sizeof(*w));

	trace_out__init(&w->out, fd, name, o->fsync);
	w->out.room = o->room;
	w->out.room_arg = o->room_arg;
	w->no_payload = o->no_payload;
	w->next_num = 1;
	w->raw = o->raw;
	if (!o->encoders)
		r = fmt_encoders__new(&w->own, o->level);
	w->encoders = o->encoders ? o->encoders : w->own;
	if (r == 0)
		r = put_head(w, meta, o, err);
	if (r < 0) {
		err__set(err, r, "%s", err__text(r));
		err__file(err, w->out.name);
		close(fd);
		writer_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

int fmt_writer__open(struct fmt_writer **ret, const char *path, bool force, const struct fmt_meta *meta,
		     const struct fmt_writer_opts *opts, struct err *err)
{
	int fd = trace_out__open_path(path, force, opts ? opts->fsync : FSYNC_NONE, err);

	return fd < 0 ? fd : fmt_writer__open_fd(ret, fd, path, meta, opts, err);
}

static void put_summary(struct fmt_writer *w, const struct fmt_batch *b)
{
	uint32_t n = w->containers.n;
	bool complete = n <= SUMMARY_MAX_CONTAINERS;

	if (!complete)
		n = SUMMARY_MAX_CONTAINERS;
	w->container_list = xrealloc(w->container_list, n * sizeof(*w->container_list));
	for (uint32_t k = 0; k < n; k++)
		w->container_list[k] = strtab__get(&w->containers, k + 1)->p;
	summary__encode(b, w->container_list, n, complete, &w->enc->build.summary);
	strtab__reset(&w->containers);
}

static int put_rows(struct fmt_writer *w, const struct fmt_batch *b, struct chunk_header *h, struct err *err)
{
	int r = take_encoder(w, err);

	if (r < 0)
		return r;
	chunk_build__reset(&w->enc->build);
	put_summary(w, b);
	events_encoder__encode(w->enc->events, b, w->no_payload, &w->enc->build, &w->sections);
	r = put_chunk(w, h, err);
	give_encoder(w);
	return r;
}

int fmt_writer__batch(struct fmt_writer *w, const struct fmt_batch *b, bool keyframe, struct err *err)
{
	struct chunk_header h = { .kind = keyframe ? CHUNK_KEYFRAME : CHUNK_EVENTS };
	struct summary_totals totals;
	int r;

	if (w->out.failed.code)
		return trace_out__failed(&w->out, err);
	/* */
	if (!keyframe && w->out.last_kind == CHUNK_SCHEMA)
		return err__set(err, -EINVAL, "a trace begins with a keyframe");
	if (!keyframe && !b->n)
		return 0;
	/* nothing is written that a reader would refuse */
	if (b->payload_len + (uint64_t)b->dict.bytes > FMT_BATCH_HARD_BYTES / 2 || b->dict.n > LIMIT_STRINGS)
		return err__set(err, -FMT_E_LIMIT, "a batch of %zu bytes of strings and %u of payload is too large",
				b->dict.bytes, b->payload_len);
	summary__totals(b, &totals);
	if (keyframe && w->anew)
		h.flags |= CHUNK_ANEW;
	else if (keyframe && w->out.last_kind == CHUNK_KEYFRAME)
		h.flags |= CHUNK_CONTINUES;
	if (keyframe && !w->out.events && b->first_num > w->next_num)
		w->next_num = b->first_num;	/* a part of a recording: its numbers go on */
	h.first_num = keyframe ? w->next_num : b->first_num;
	h.n_events = b->n;
	h.n_alerts = totals.n_alerts;
	h.n_lost = totals.n_lost;
	h.t_first = b->n ? totals.t_first : w->out.t_last;
	h.t_last = b->n ? totals.t_last : w->out.t_last;
	r = put_rows(w, b, &h, err);
	if (r < 0)
		return r;
	if (keyframe) {
		w->keyframe_rows += b->n;
		w->anew = false;
	} else {
		w->next_num = b->first_num + b->n;
	}
	return 0;
}

int fmt_writer__copy(struct fmt_writer *w, const struct chunk *c, struct err *err)
{
	int r;

	if (w->out.failed.code)
		return trace_out__failed(&w->out, err);
	r = trace_out__copy(&w->out, &c->h, c->head - c->h.header_size, err);
	if (r == 0 && c->h.kind == CHUNK_EVENTS)
		w->next_num = c->h.first_num + c->h.n_events;
	return r;
}

void fmt_writer__anew(struct fmt_writer *w)
{
	w->anew = true;
}

void fmt_writer__note_container(struct fmt_writer *w, const char *id)
{
	size_t n = strnlen(id, CONTAINER_ID_MAX);

	if (n && w->containers.n <= SUMMARY_MAX_CONTAINERS)
		strtab__add(&w->containers, id, (uint32_t)n, (uint32_t)n);
}

void fmt_writer__stats(const struct fmt_writer *w, struct fmt_writer_stats *ret)
{
	*ret = (struct fmt_writer_stats){
		.events = w->out.events, .keyframe_rows = w->keyframe_rows, .chunks = w->out.seq,
		.bytes = w->out.offset, .raw_bytes = w->raw_bytes, .dict_bytes = w->sections.dict,
		.payload_bytes = w->sections.payload,
		.column_bytes = w->sections.base + w->sections.columns,
	};
}

int fmt_writer__close(struct fmt_writer *w, struct err *err)
{
	int r, closed;

	if (!w)
		return 0;
	r = take_encoder(w, err);
	closed = trace_out__close(&w->out, r ? NULL : &w->enc->build, err);
	if (!r)
		give_encoder(w);
	writer_free(w);
	return r ? r : closed;
}
