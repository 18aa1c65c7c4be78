// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "format/file/chunk_stream.h"
#include "format/file/source_probe.h"
#include "format/file/trace_reader.h"

#include "format/codec/index_codec.h"

/* What verifying carries from chunk to chunk. */
struct verify {
	struct chunk_stream cs;
	struct events_decoder *dec;
	struct chunk_index seen, said;	/* chunks met; chunks that the INDEX names */
	uint64_t index_offset, index_length, events;
	bool ended;
};

/* every section against the hash that the section table has of it. */
static int check_sections(struct verify *v, const struct chunk *c, struct err *err)
{
	uint8_t hash[TRACE_HASH_SIZE];
	int r = chunk_stream__body(&v->cs, NULL, NULL, err);

	for (uint32_t k = 0; r == 0 && k < c->h.n_sections; k++) {
		const struct stored_section *s = &c->sections[k];
		const char *name = section_kind__name(s->entry.kind);
		char what[80];

		trace_hash(hash, s->p, s->entry.stored_size);
		if (!memcmp(hash, s->entry.hash, sizeof(hash)))
			continue;
		snprintf(what, sizeof(what), "the hash of its %s section does not fit", name ? name : "unknown");
		r = chunk_stream__fault(&v->cs, -FMT_E_CORRUPT, what, err);
	}
	return r;
}

static int read_index(struct verify *v, const struct chunk *c, struct err *err)
{
	v->index_offset = c->offset;
	v->index_length = c->h.length;
	v->said.n = 0;
	for (uint32_t k = 0; k < c->h.n_sections; k++) {
		const uint8_t *raw;
		struct err why = { 0 };
		int r;

		if (c->sections[k].entry.kind != SECTION_INDEX)
			continue;
		r = events_decoder__section(v->dec, &c->sections[k], &raw, &why);
		if (r == 0)
			r = chunk_index__decode(&v->said, raw, c->sections[k].entry.raw_size, &why);
		if (r < 0)
			return chunk_stream__fault(&v->cs, r, why.msg, err);
	}
	if (v->said.n != v->seen.n ||
	    (v->seen.n && memcmp(v->said.e, v->seen.e, v->seen.n * sizeof(*v->seen.e))))
		return chunk_stream__fault(&v->cs, -FMT_E_CORRUPT, "it does not list the chunks that there are", err);
	return 0;
}

static int check_end(struct verify *v, const struct chunk *c, struct err *err)
{
	struct end_body end;

	if (c->h.summary_size < END_BODY_SIZE)
		return chunk_stream__fault(&v->cs, -FMT_E_CORRUPT, "it is too short", err);
	end_body__unpack(&end, c->head);
	if (!v->index_length || end.index_offset != v->index_offset || end.index_length != v->index_length ||
	    end.n_chunks != c->h.seq + 1 || end.n_events != v->events)
		return chunk_stream__fault(&v->cs, -FMT_E_CORRUPT, "it does not fit the chunks before it", err);
	v->ended = true;
	return 0;
}

static int check_chunk(struct verify *v, const struct chunk *c, struct err *err)
{
	int r = check_sections(v, c, err);

	if (r < 0)
		return r;
	if (c->h.kind == CHUNK_INDEX)
		r = read_index(v, c, err);
	else if (c->h.kind == CHUNK_END)
		r = check_end(v, c, err);
	if (c->h.kind == CHUNK_EVENTS)
		v->events += c->h.n_events;
	chunk_index__add(&v->seen, c->offset, &c->h);
	return r;
}

int fmt_trace__verify(const char *path, struct fmt_verified *ret, struct err *err)
{
	struct verify v = { 0 };
	const struct chunk *c;
	const char *name;
	bool regular;
	int fd = source_open_file(path, &name, &regular, err), r;

	if (fd < 0)
		return fd;
	r = chunk_stream__open(&v.cs, fd, regular, name, NULL, 0, err);
	if (r < 0)
		return r;
	ret->chunks = 0;
	r = events_decoder__new(&v.dec);
	while (r == 0) {
		r = chunk_stream__next(&v.cs, &c, err);
		if (r == 0)
			r = check_chunk(&v, c, err);
		ret->chunks += r == 0;
	}
	memcpy(ret->hash, v.cs.hash_prev, sizeof(ret->hash));
	chunk_stream__close(&v.cs);
	events_decoder__free(v.dec);
	chunk_index__done(&v.seen);
	chunk_index__done(&v.said);
	return r == 1 ? 0 : r;
}
