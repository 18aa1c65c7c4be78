// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/alloc.h"
#include "format/file/chunk_stream.h"
#include "format/file/source_probe.h"
#include "format/file/trace_reader.h"

#define SCAN_STEP (256u << 10)
#define PROBE_BYTES 4096u
#define FRESH_NS 5000000000u		/* a file written to since then may still be growing */

static int io_error(struct chunk_stream *cs, int code, struct err *err)
{
	err__set_at(err, code, cs->in.pos + cs->in.have, "cannot read: %s", err__text(code));
	err__file(err, cs->name);
	cs->dead = true;
	return code;
}

/* Load and parse the preamble. */
static int read_preamble(struct chunk_stream *cs, struct err *err)
{
	size_t need = PREAMBLE_SIZE;
	int r;

	for (;;) {
		r = trace_input__need(&cs->in, need);
		if (r < 0)
			return err__set(err, r, "cannot read: %s", err__text(r));
		r = preamble__unpack(&cs->pre, trace_input__p(&cs->in), cs->in.have < need ? cs->in.have : need, err);
		if (r != 1)
			break;
		if (need == cs->pre.size)
			return err__set_at(err, -FMT_E_TRUNCATED, cs->in.have,
					   "the file ends within its preamble: nothing can be read of it");
		need = cs->pre.size;
	}
	if (r == -FMT_E_FORMAT) {
		*err = (struct err){ 0 };
		trace_input__need(&cs->in, PROBE_BYTES);
		return source_not_a_trace(trace_input__p(&cs->in), cs->in.have, err);
	}
	return r;
}

int chunk_stream__open(struct chunk_stream *cs, int fd, bool regular, const char *name, const void *head,
		       size_t n, struct err *err)
{
	struct err why = { 0 };
	int r;

	*cs = (struct chunk_stream){ 0 };
	snprintf(cs->name, sizeof(cs->name), "%s", name);
	trace_input__init(&cs->in, fd, regular, head, n);
	r = read_preamble(cs, &why);
	err__file(&why, name);
	if (r == -FMT_E_CORRUPT) {
		/* what follows may be whole */
		cs->pending = why;
		cs->resync = true;
		cs->gap_from = 0;
		return 0;
	}
	if (r < 0) {
		if (err && !err->code)
			*err = why;
		chunk_stream__close(cs);
		return r;
	}
	cs->pre_ok = cs->uuid_known = cs->chained = true;
	memcpy(cs->uuid, cs->pre.uuid, sizeof(cs->uuid));
	trace_hash(cs->hash_prev, trace_input__p(&cs->in), cs->pre.size);
	trace_input__skip(&cs->in, cs->pre.size);
	return 0;
}

void chunk_stream__clone(struct chunk_stream *cs, const struct chunk_stream *of, int fd)
{
	*cs = (struct chunk_stream){ .pre = of->pre, .pre_ok = of->pre_ok, .uuid_known = of->uuid_known };
	memcpy(cs->name, of->name, sizeof(cs->name));
	memcpy(cs->uuid, of->uuid, sizeof(cs->uuid));
	trace_input__init(&cs->in, fd, true, NULL, 0);
}

void chunk_stream__close(struct chunk_stream *cs)
{
	trace_input__done(&cs->in);
	free(cs->cur.sections);
	cs->cur.sections = NULL;
}

#define REMEDY "'spoor-trace recover %s -w OUT' saves what is readable"

int chunk_stream__fault(const struct chunk_stream *cs, int code, const char *what, struct err *err)
{
	const char *kind = chunk_kind__name(cs->cur.h.kind);

	/* no writer makes a chunk over a limit */
	code = code == -FMT_E_LIMIT ? -FMT_E_CORRUPT : code;
	if (code == -FMT_E_VERSION)	/* not damaged: there is nothing to save it from */
		err__set_at(err, code, cs->cur.offset, "chunk %llu (%s) is left out: %s",
			    (unsigned long long)cs->cur.h.seq, kind ? kind : "unknown", what);
	else
		err__set_at(err, code, cs->cur.offset, "chunk %llu (%s): %s; it is left out; " REMEDY,
			    (unsigned long long)cs->cur.h.seq, kind ? kind : "unknown", what, cs->name);
	err__file(err, cs->name);
	return code;
}

/* Something is wrong where a header should be. */
static int fault_here(struct chunk_stream *cs, const char *what, struct err *err)
{
	uint64_t at = cs->in.pos;

	err__set_at(err, -FMT_E_CORRUPT, at, "chunk %llu: %s; reading goes on at the next whole chunk; " REMEDY,
		    (unsigned long long)cs->next_seq, what, cs->name);
	err__file(err, cs->name);
	cs->resync = true;
	cs->gap_from = at;
	return -FMT_E_CORRUPT;
}

/* the file ends before its END chunk. within: chunk seq is cut and begins at `at`. */
static int fault_end(struct chunk_stream *cs, bool within, uint64_t seq, uint64_t at, struct err *err)
{
	bool fresh = trace_input__age(&cs->in) < FRESH_NS;
	const char *where = within ? "the trace ends within chunk" : "the trace ends without an end mark before chunk";

	if (fresh)
		err__set_at(err, -FMT_E_TRUNCATED, at,
			    "%s %llu: it may still be being written; what is there so far was read", where,
			    (unsigned long long)seq);
	else
		err__set_at(err, -FMT_E_TRUNCATED, at,
			    "%s %llu: the recording was cut off; what is before was read; " REMEDY,
			    where, (unsigned long long)seq, cs->name);
	err__file(err, cs->name);
	cs->told_end = true;
	return -FMT_E_TRUNCATED;
}

/* Is there a valid header of this trace at the window's beginning? Loads what it needs. */
static int header_here(struct chunk_stream *cs, struct chunk_header *h, const char **why, bool *ret_cut)
{
	size_t need = CHUNK_HEADER_SIZE;
	int r;

	*ret_cut = false;
	do {
		r = trace_input__need(&cs->in, need);
		if (r < 0)
			return r;
		*ret_cut = r > 0;
		r = chunk_header__unpack(h, trace_input__p(&cs->in), cs->in.have, &need, why);
	} while (r > 0 && !*ret_cut);
	/* */
	if (r == 0 && cs->uuid_known && memcmp(h->uuid, cs->uuid, sizeof(cs->uuid))) {
		*why = "it belongs to another trace";
		return -FMT_E_CORRUPT;
	}
	return r;
}

/* Following: the search for a header goes on from here, when there is more. */
static int scan_later(struct chunk_stream *cs)
{
	cs->scanning = true;
	return FMT_SOURCE_WAIT;
}

/* find the next place where a valid header of this trace is. 1: there is none. */
static int resync(struct chunk_stream *cs, struct err *err)
{
	/* what stands at the beginning of the gap was no good */
	int r = cs->scanning ? 0 : trace_input__skip(&cs->in, 1);

	cs->scanning = false;
	while (r == 0) {
		struct chunk_header h;
		const uint8_t *p, *hit;
		const char *why;
		bool cut;

		r = trace_input__need(&cs->in, SCAN_STEP);
		if (r < 0 || !cs->in.have)
			break;
		p = trace_input__p(&cs->in);
		hit = memmem(p, cs->in.have, chunk_magic, sizeof(chunk_magic));
		if (!hit) {
			size_t keep = sizeof(chunk_magic) - 1;

			if (r > 0 && !cs->follow)
				break;
			if (cs->in.have > keep)
				trace_input__skip(&cs->in, cs->in.have - keep);
			if (r > 0)
				return scan_later(cs);
			continue;
		}
		trace_input__skip(&cs->in, (uint64_t)(hit - p));
		r = header_here(cs, &h, &why, &cut);
		if (r == 0) {
			cs->skipped_bytes += cs->in.pos - cs->gap_from;
			cs->resync = false;
			cs->chained = false;
			return 0;
		}
		if (r < 0 && r != -FMT_E_CORRUPT)
			break;
		if (r > 0 && cs->follow)
			return scan_later(cs);
		r = trace_input__skip(&cs->in, 1);
	}
	if (r > 0 && cs->follow)
		return scan_later(cs);
	if (r < 0)
		return io_error(cs, r, err);
	cs->in.pos += cs->in.have;
	cs->in.from = cs->in.have = 0;
	cs->skipped_bytes += cs->in.pos - cs->gap_from;
	cs->resync = false;
	cs->ended = cs->told_end = true;
	return 1;
}

/* parse the section table; false if it does not fit the header. */
static bool read_table(struct chunk_stream *cs, const uint8_t *table)
{
	struct chunk *c = &cs->cur;
	uint64_t at = c->body_offset, raw = 0;

	c->sections = xgrow(c->sections, &cs->cap_sections, c->h.n_sections, sizeof(*c->sections));
	for (uint32_t k = 0; k < c->h.n_sections; k++) {
		struct stored_section *s = &c->sections[k];

		section_entry__unpack(&s->entry, table + (size_t)k * SECTION_ENTRY_SIZE);
		s->p = NULL;
		at += s->entry.stored_size;
		raw += s->entry.raw_size;
	}
	return at == c->h.length && raw <= LIMIT_CHUNK_RAW;
}

/* The header in cs->cur.h is valid and belongs here: load and check what is uncompressed behind it. */
static int read_head(struct chunk_stream *cs, struct err *err)
{
	struct chunk *c = &cs->cur;
	size_t table = (size_t)c->h.n_sections * SECTION_ENTRY_SIZE;
	uint8_t hash[TRACE_HASH_SIZE];
	int r;

	c->offset = cs->in.pos;
	c->body_offset = c->h.header_size + (uint64_t)c->h.summary_size + table;
	r = trace_input__need(&cs->in, (size_t)c->body_offset);
	if (r < 0)
		return io_error(cs, r, err);
	if (r > 0) {
		cs->resync = true;
		cs->gap_from = c->offset;
		return fault_end(cs, true, c->h.seq, c->offset, err);
	}
	c->head = trace_input__p(&cs->in) + c->h.header_size;
	trace_hash(hash, c->head, c->h.summary_size + table);
	if (memcmp(hash, c->h.hash_head, sizeof(hash)) ||
	    !read_table(cs, c->head + c->h.summary_size)) {
		cs->skipped_bytes += c->h.length;
		return chunk_stream__fault(cs, -FMT_E_CORRUPT, "its summary or section table is damaged", err);
	}
	return 0;
}

/* the chunk must say that it follows the one before. */
static int check_chain(struct chunk_stream *cs, struct err *err)
{
	const struct chunk_header *h = &cs->cur.h;
	bool fits = !memcmp(h->hash_prev, cs->hash_prev, TRACE_HASH_SIZE);

	if (!cs->chained || (fits && h->seq == cs->next_seq))
		return 0;
	err__set_at(err, -FMT_E_CORRUPT, cs->cur.offset,
		    "chunk %llu does not follow what stands before it (chunk %llu should): something was removed, added or exchanged; reading goes on",
		    (unsigned long long)h->seq, (unsigned long long)cs->next_seq);
	err__file(err, cs->name);
	return -FMT_E_CORRUPT;
}

/* Step over the current chunk. */
static int leave(struct chunk_stream *cs)
{
	uint64_t end = cs->cur.offset + cs->cur.h.length;

	if (!cs->cur.h.length || end <= cs->in.pos)
		return 0;
	cs->cur.h.length = 0;
	return trace_input__skip(&cs->in, end - cs->in.pos);
}

/* Go to where the next header must be: behind the current chunk, or where one is found. 1: the end. */
static int go_on(struct chunk_stream *cs, struct err *err)
{
	uint64_t from = cs->cur.offset;
	int r;

	if (cs->resync)
		return resync(cs, err);
	r = leave(cs);
	if (r < 0)
		return io_error(cs, r, err);
	if (r == 0)
		return 0;
	/* sections of the chunk that nobody asked for are not all there */
	return cs->told_end ? 1 : fault_end(cs, true, cs->cur.h.seq, from, err);
}

/* What stands here is no whole header: the end, garbage behind the end, a cut, or damage. */
static int no_header(struct chunk_stream *cs, int r, const char *why, struct err *err)
{
	if (!cs->in.have)
		return cs->ended || cs->told_end ? 1 : fault_end(cs, false, cs->next_seq, cs->in.pos, err);
	if (r < 0)
		return fault_here(cs, why, err);
	if (cs->told_end)
		return 1;
	cs->skipped_bytes += cs->in.have;
	return fault_end(cs, true, cs->next_seq, cs->in.pos, err);
}

/* */
static int behind_end(struct chunk_stream *cs, struct err *err)
{
	if (!cs->in.have || cs->told_end)
		return 1;
	cs->told_end = true;
	err__set_at(err, -FMT_E_CORRUPT, cs->in.pos, "more bytes follow the end of the trace: they are not read");
	err__file(err, cs->name);
	return -FMT_E_CORRUPT;
}

/* A valid header stands here: make its chunk the current one. */
static int take_header(struct chunk_stream *cs, const struct chunk_header *h, struct err *err)
{
	struct err head = { 0 };
	int chain, r;

	cs->cur.h = *h;
	cs->cur.offset = cs->in.pos;
	if (!cs->uuid_known) {
		memcpy(cs->uuid, h->uuid, sizeof(cs->uuid));
		cs->uuid_known = true;
	}
	chain = check_chain(cs, err);
	trace_hash(cs->hash_prev, trace_input__p(&cs->in), h->header_size);
	cs->chained = true;
	cs->next_seq = h->seq + 1;
	r = read_head(cs, chain < 0 ? &head : err);
	cs->ended = r == 0 && h->kind == CHUNK_END;
	if (chain == 0)
		return r;
	/* that was told; the chunk itself, or what is wrong with it, is given by the next call */
	cs->again = r == 0;
	cs->pending = head;
	return chain;
}

/* Is all of the chunk that begins here in the file? */
static bool is_whole(const struct chunk_stream *cs, const struct chunk_header *h)
{
	return cs->size_seen >= cs->in.pos && cs->size_seen - cs->in.pos >= h->length;
}

void chunk_stream__follow(struct chunk_stream *cs, bool on)
{
	bool early = cs->pending.code == -FMT_E_TRUNCATED || cs->told_end;

	cs->follow = on && cs->in.regular;
	if (!cs->follow || !(early || cs->again))
		return;
	/* back to the beginning of what was not whole, or may not have been */
	if (cs->again)
		trace_input__seek(&cs->in, cs->cur.offset);
	else if (cs->resync)
		trace_input__seek(&cs->in, cs->gap_from);
	cs->cur.h.length = 0;
	cs->chained = cs->again = cs->resync = cs->told_end = false;
	if (early)
		cs->pending.code = 0;
}

int chunk_stream__next(struct chunk_stream *cs, const struct chunk **ret, struct err *err)
{
	struct chunk_header h;
	const char *why = NULL;
	bool cut;
	int r;

	if (cs->pending.code) {
		r = cs->pending.code;
		err__file(&cs->pending, cs->name);
		if (err && !err->code)
			*err = cs->pending;
		cs->pending.code = 0;
		return r;
	}
	if (cs->dead)
		return 1;
	*ret = &cs->cur;
	if (cs->again) {
		cs->again = false;
		return 0;
	}
	if (cs->follow)
		cs->size_seen = trace_input__size(&cs->in);
	r = go_on(cs, err);
	if (r)
		return r;
	r = header_here(cs, &h, &why, &cut);
	if (r < 0 && r != -FMT_E_CORRUPT)
		return io_error(cs, r, err);
	if (cs->ended)
		return behind_end(cs, err);
	if (cs->follow && (cut || (r == 0 && !is_whole(cs, &h))))
		return FMT_SOURCE_WAIT;
	return r ? no_header(cs, r, why, err) : take_header(cs, &h, err);
}

int chunk_stream__body(struct chunk_stream *cs,
		       bool (*need)(const struct section_entry *s, const void *arg), const void *arg,
		       struct err *err)
{
	struct chunk *c = &cs->cur;
	uint64_t at = c->body_offset, upto = at;
	int r;

	for (uint32_t k = 0; k < c->h.n_sections; k++) {
		at += c->sections[k].entry.stored_size;
		if (!need || need(&c->sections[k].entry, arg))
			upto = at;
	}
	r = trace_input__need(&cs->in, (size_t)upto);
	if (r < 0)
		return io_error(cs, r, err);
	if (r > 0) {
		cs->resync = true;
		cs->gap_from = c->offset;
		return fault_end(cs, true, c->h.seq, c->offset, err);
	}
	c->head = trace_input__p(&cs->in) + c->h.header_size;
	at = c->body_offset;
	for (uint32_t k = 0; k < c->h.n_sections; k++) {
		struct stored_section *s = &c->sections[k];

		s->p = !need || need(&s->entry, arg) ? trace_input__p(&cs->in) + at : NULL;
		at += s->entry.stored_size;
	}
	return 0;
}

void chunk_stream__seek(struct chunk_stream *cs, uint64_t offset)
{
	trace_input__seek(&cs->in, offset);
	cs->cur.h.length = 0;
	cs->chained = cs->resync = cs->again = cs->ended = cs->told_end = cs->dead = cs->scanning = false;
	cs->pending.code = 0;
}
