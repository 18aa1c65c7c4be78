// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/base/alloc.h"
#include "format/base/log.h"
#include "format/codec/meta_codec.h"
#include "format/file/trace_file.h"

/*
 * The first section of a kind from *k on in the current chunk, decompressed, *k being where it was found; NULL with err
 * set if there is none.
 */
static const uint8_t *section_of(struct trace_file *f, const struct chunk *c, enum section_kind kind, uint32_t *k,
				 size_t *ret_size, int *ret_code, struct err *err)
{
	const uint8_t *raw = NULL;
	struct err why = { 0 };

	*ret_code = chunk_stream__body(&f->cs, NULL, NULL, err);
	if (*ret_code < 0)
		return NULL;
	*ret_code = -FMT_E_CORRUPT;
	snprintf(why.msg, sizeof(why.msg), "the %s section is missing", section_kind__name(kind));
	for (; *k < c->h.n_sections; ++*k) {
		if (c->sections[*k].entry.kind != kind)
			continue;
		why = (struct err){ 0 };
		*ret_code = events_decoder__section(f->dec, &c->sections[*k], &raw, &why);
		*ret_size = c->sections[*k].entry.raw_size;
		break;
	}
	if (*ret_code < 0) {
		chunk_stream__fault(&f->cs, *ret_code, why.msg, err);
		return NULL;
	}
	return raw;
}

static bool has_more(const struct chunk *c, uint32_t k)
{
	for (; k < c->h.n_sections; k++)
		if (c->sections[k].entry.kind == SECTION_META)
			return true;
	return false;
}

/* one section for each machine. */
static int take_meta(struct trace_file *f, const struct chunk *c, struct err *err)
{
	uint32_t k = 0, origin = 0;

	do {
		struct fmt_meta *m = &f->meta;
		struct err why = { 0 };
		size_t n;
		int r;
		const uint8_t *raw = section_of(f, c, SECTION_META, &k, &n, &r, err);

		if (!raw)
			return r;
		if (origin > f->n_more) {
			f->more = xrealloc(f->more, (f->n_more + 1) * sizeof(*f->more));
			f->more[f->n_more++] = (struct fmt_meta){ 0 };
		}
		if (origin)
			m = &f->more[origin - 1];
		r = meta__decode(raw, n, m, &why);
		if (r < 0)
			return chunk_stream__fault(&f->cs, r, why.msg, err);
		k++;
	} while (++origin < FMT_MAX_ORIGINS && has_more(c, k));
	return 0;
}

static int take_schema(struct trace_file *f, const struct chunk *c, struct err *err)
{
	struct schema_map *map;
	struct err why = { 0 };
	uint32_t k = 0;
	size_t n;
	int r;
	const uint8_t *raw = section_of(f, c, SECTION_SCHEMA, &k, &n, &r, err);

	if (!raw)
		return r;
	r = schema_map__new(&map, raw, n, &why);
	if (r < 0)
		return chunk_stream__fault(&f->cs, r, why.msg, err);
	schema_map__free(f->map);
	f->map = map;
	f->map_own = true;
	return 0;
}

int trace_file__next(struct trace_file *f, const struct chunk **ret, struct err *err)
{
	for (;;) {
		int r = chunk_stream__next(&f->cs, ret, err);

		if (r)
			return r;
		if ((*ret)->h.flags & CHUNK_INCOMPAT_MASK) {
			return chunk_stream__fault(&f->cs, -FMT_E_VERSION,
						   "it is written in a way that this spoor does not know: use a newer spoor", err);
		}
		/* of other kinds nothing is known, or nothing is needed */
		switch ((*ret)->h.kind) {
		case CHUNK_META:
			if (!f->opened)		/* who has it goes on to have it */
				r = take_meta(f, *ret, err);
			break;
		case CHUNK_SCHEMA:
			if (!f->map_own)
				r = take_schema(f, *ret, err);
			break;
		case CHUNK_KEYFRAME:
		case CHUNK_EVENTS:
			f->opened = true;
			return 0;
		}
		if (r < 0)
			return r;
	}
}

int trace_file__open(struct trace_file *f, int fd, bool regular, const char *name, const void *head,
		     size_t n, struct err *err)
{
	const struct chunk *c;
	struct err first = { 0 };
	int r;

	*f = (struct trace_file){ 0 };
	r = chunk_stream__open(&f->cs, fd, regular, name, head, n, err);
	if (r < 0)
		return r;
	r = events_decoder__new(&f->dec);
	if (r < 0) {
		trace_file__close(f);
		return err__set(err, r, "no decompressor to be had");
	}
	if (f->cs.pre.minor > TRACE_MINOR)
		log_warn("%s: version %u.%u; this spoor knows %u.%u and leaves out what is newer", name, f->cs.pre.major,
			 f->cs.pre.minor, TRACE_MAJOR, TRACE_MINOR);
	r = trace_file__next(f, &c, &first);
	if (r < 0 && !f->cs.pre_ok) {
		/* that was about the preamble; META comes behind it */
		struct err second = { 0 };

		r = trace_file__next(f, &c, &second);
	}
	if (r == 0)
		chunk_stream__unread(&f->cs);
	if (first.code)
		f->cs.pending = first;
	/* ids never change their meaning, so our own schema does for a file whose schema is damaged */
	if (!f->map)
		f->map = schema_map__own();
	if (f->cs.uuid_known)
		uuid__format(f->cs.uuid, f->meta.uuid);
	return 0;
}

int trace_file__clone(struct trace_file *f, const struct trace_file *of, struct err *err)
{
	int fd = fcntl(of->cs.in.fd, F_DUPFD_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return err__set(err, -errno, "%s: cannot read it a second time: %s", of->cs.name, strerror(errno));
	*f = (struct trace_file){ .meta = of->meta, .opened = true, .map = schema_map__share(of->map), .map_own = of->map_own };
	f->n_more = of->n_more;
	f->more = xcalloc(of->n_more + 1u, sizeof(*f->more));
	memcpy(f->more, of->more ? of->more : f->more, of->n_more * sizeof(*f->more));
	chunk_stream__clone(&f->cs, &of->cs, fd);
	r = events_decoder__new(&f->dec);
	if (r < 0) {
		trace_file__close(f);
		return err__set(err, r, "no decompressor to be had");
	}
	trace_file__want(f, &of->want);
	return 0;
}

void trace_file__close(struct trace_file *f)
{
	chunk_stream__close(&f->cs);
	events_decoder__free(f->dec);
	schema_map__free(f->map);
	free(f->params);
	free(f->more);
}

void trace_file__want(struct trace_file *f, const struct fmt_want *w)
{
	f->want = *w;
	if (!w->params)
		return;
	f->params = xrealloc(f->params, FMT_MAX_EVENTS * sizeof(*f->params));
	memcpy(f->params, w->params, FMT_MAX_EVENTS * sizeof(*f->params));
	f->want.params = f->params;
}

static bool is_needed(const struct section_entry *s, const void *arg)
{
	const struct trace_file *f = arg;

	return events_decoder__needs(s, f->map, &f->want);
}

int trace_file__decode(struct trace_file *f, struct fmt_batch *b, uint64_t *skipped, struct err *err)
{
	struct chunk *c = &f->cs.cur;
	struct err why = { 0 };
	int r = chunk_stream__body(&f->cs, is_needed, f, err);

	if (r < 0) {
		fmt_batch__reset(b, c->h.first_num);
		return r;
	}
	r = events_decoder__decode(f->dec, f->map, &f->want, c->sections, c->h.n_sections, c->h.first_num,
				   c->h.n_events, b, skipped, &why);
	if (r < 0) {
		f->cs.skipped_bytes += c->h.length;
		return chunk_stream__fault(&f->cs, r, why.msg, err);
	}
	return 0;
}

/* read the INDEX that the END at the file's end points to. False: there is none, or it does not fit. */
static bool load_index(struct trace_file *f, struct chunk_index *ret)
{
	uint64_t size = trace_input__size(&f->cs.in);
	const struct chunk *c;
	struct end_body end;

	if (size < PREAMBLE_SIZE + END_SIZE)
		return false;
	chunk_stream__seek(&f->cs, size - END_SIZE);
	if (chunk_stream__next(&f->cs, &c, NULL) || c->h.kind != CHUNK_END || c->h.length != END_SIZE ||
	    c->h.summary_size < END_BODY_SIZE)
		return false;
	end_body__unpack(&end, c->head);
	if (end.index_offset < PREAMBLE_SIZE || end.index_offset > size - END_SIZE)
		return false;
	chunk_stream__seek(&f->cs, end.index_offset);
	if (chunk_stream__next(&f->cs, &c, NULL) || c->h.kind != CHUNK_INDEX ||
	    chunk_stream__body(&f->cs, NULL, NULL, NULL))
		return false;
	for (uint32_t k = 0; k < c->h.n_sections; k++) {
		const uint8_t *raw;

		if (c->sections[k].entry.kind != SECTION_INDEX)
			continue;
		if (events_decoder__section(f->dec, &c->sections[k], &raw, NULL) ||
		    chunk_index__decode(ret, raw, c->sections[k].entry.raw_size, NULL))
			return false;
	}
	return ret->n > 0;
}

/* the headers say the same. */
static int walk_headers(struct trace_file *f, struct chunk_index *ret, struct err *err)
{
	const struct chunk *c;

	ret->n = 0;
	chunk_stream__seek(&f->cs, f->cs.pre_ok ? f->cs.pre.size : 0);
	if (!f->cs.pre_ok)
		f->cs.resync = true;
	for (;;) {
		struct err why = { 0 };
		int r = chunk_stream__next(&f->cs, &c, &why);

		if (r > 0)
			return 0;
		if (r == -FMT_E_CORRUPT || r == -FMT_E_TRUNCATED)
			continue;
		if (r < 0) {
			if (err && !err->code)
				*err = why;
			return r;
		}
		if (c->offset + c->h.length > trace_input__size(&f->cs.in))
			continue;	/* not whole, or not yet */
		if (ret->n >= LIMIT_INDEX)
			return err__set(err, -FMT_E_LIMIT, "the trace has more than %u chunks", LIMIT_INDEX);
		chunk_index__add(ret, c->offset, &c->h);
	}
}

int trace_file__index(struct trace_file *f, struct chunk_index *ret, bool *ret_complete, struct err *err)
{
	size_t ahead = f->cs.in.ahead;
	int r = 0;

	f->cs.in.ahead = INPUT_AHEAD_RANDOM;
	*ret_complete = load_index(f, ret);
	if (!*ret_complete)
		r = walk_headers(f, ret, err);
	f->cs.in.ahead = ahead;
	return r;
}
