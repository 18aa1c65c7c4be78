// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/base/alloc.h"
#include "format/codec/meta_codec.h"
#include "format/codec/summary_codec.h"
#include "format/file/source_probe.h"
#include "format/file/trace_file.h"
#include "format/file/trace_out.h"

#define LEVEL 3
#define DROP_DAMAGED 8u		/* flags.def: drop_reason */

struct recover {
	struct trace_file in;
	struct trace_out out;
	struct chunk_build build;
	struct events_encoder *enc;
	struct fmt_batch *batch;	/* to see that a chunk decodes, and to say what was lost */
	struct fmt_recover_stats *stats;
	bool have_meta, have_schema, have_keyframe;
	bool gap;			/* something was left out since the last chunk */
	uint64_t next_num, t_last;	/* what the next chunk of events should begin with; latest time */
	uint64_t seen_num, t_seen;	/* the same as far as headers tell, of chunks left out too */
};

/* Does the current chunk hold what it says? All its sections are loaded. */
static int check_content(struct recover *r, const struct chunk *c, struct err *err)
{
	uint8_t hash[TRACE_HASH_SIZE];
	uint64_t skipped = 0;
	int code = chunk_stream__body(&r->in.cs, NULL, NULL, err);

	if (code < 0)
		return code;
	for (uint32_t k = 0; k < c->h.n_sections; k++) {
		trace_hash(hash, c->sections[k].p, c->sections[k].entry.stored_size);
		if (memcmp(hash, c->sections[k].entry.hash, sizeof(hash)))
			return chunk_stream__fault(&r->in.cs, -FMT_E_CORRUPT, "a section is damaged", err);
	}
	if (c->h.kind != CHUNK_KEYFRAME && c->h.kind != CHUNK_EVENTS)
		return 0;
	return trace_file__decode(&r->in, r->batch, &skipped, err);
}

static int put_single(struct recover *r, enum fmt_chunk_kind kind, enum section_kind section,
		      const struct buf *raw, struct err *err)
{
	struct chunk_header h = { .kind = kind, .t_first = r->t_last, .t_last = r->t_last };

	chunk_build__reset(&r->build);
	chunk_build__section(&r->build, section, SECTION_ANY_TYPE, raw->p, raw->len, NULL, 0);
	return trace_out__chunk(&r->out, &r->build, &h, err);
}

static int put_batch(struct recover *r, enum fmt_chunk_kind kind, struct err *err)
{
	struct chunk_header h = { .kind = kind, .first_num = r->batch->first_num, .n_events = r->batch->n };
	struct events_encode_stats unused = { 0 };
	struct summary_totals totals;

	summary__totals(r->batch, &totals);
	h.t_first = r->batch->n ? totals.t_first : r->t_last;
	h.t_last = r->batch->n ? totals.t_last : r->t_last;
	h.n_lost = totals.n_lost;
	chunk_build__reset(&r->build);
	summary__encode(r->batch, NULL, 0, true, &r->build.summary);
	events_encoder__encode(r->enc, r->batch, false, &r->build, &unused);
	return trace_out__chunk(&r->out, &r->build, &h, err);
}

/* what a trace must begin with, where the input's own is not readable. */
static int put_missing_head(struct recover *r, uint16_t kind, struct err *err)
{
	struct buf raw = { 0 };
	int code = 0;

	if (!r->have_meta && kind != CHUNK_META) {
		meta__encode(&r->in.meta, &raw);
		code = put_single(r, CHUNK_META, SECTION_META, &raw, err);
		r->have_meta = true;
	}
	if (code == 0 && !r->have_schema && kind != CHUNK_META && kind != CHUNK_SCHEMA) {
		raw.len = 0;
		schema__encode(&raw);
		code = put_single(r, CHUNK_SCHEMA, SECTION_SCHEMA, &raw, err);
		r->have_schema = true;
	}
	if (code == 0 && !r->have_keyframe && kind == CHUNK_EVENTS) {
		fmt_batch__reset(r->batch, r->next_num);
		code = put_batch(r, CHUNK_KEYFRAME, err);
		r->have_keyframe = true;
	}
	buf__done(&raw);
	return code;
}

/* events that are missing up to number `upto`, before time `to`, are stated as lost. */
static int put_loss(struct recover *r, uint64_t upto, uint64_t to, struct err *err)
{
	if (!r->gap || upto <= r->next_num)
		return 0;
	fmt_batch__reset(r->batch, r->next_num);
	fmt_batch__begin(r->batch, EV_drop, to, 0, 0, 0, 0, 0);
	fmt_batch__int(r->batch, P_drop_n, upto - r->next_num);
	fmt_batch__int(r->batch, P_drop_cpu, (uint64_t)-1);
	fmt_batch__int(r->batch, P_drop_from, r->t_last);
	fmt_batch__int(r->batch, P_drop_to, to);
	fmt_batch__int(r->batch, P_drop_reason, DROP_DAMAGED);
	fmt_batch__end(r->batch);
	return put_batch(r, CHUNK_EVENTS, err);
}

/* All bytes of the current chunk, which has been loaded whole. */
static const uint8_t *chunk_bytes(const struct chunk *c)
{
	return c->head - c->h.header_size;
}

static int keep_chunk(struct recover *r, const struct chunk *c, struct err *err)
{
	bool has_events = c->h.kind == CHUNK_EVENTS || c->h.kind == CHUNK_KEYFRAME;
	int code = put_missing_head(r, c->h.kind, err);

	if (code == 0 && has_events)
		code = put_loss(r, c->h.first_num, c->h.t_first, err);
	if (code == 0)
		code = trace_out__copy(&r->out, &c->h, chunk_bytes(c), err);
	if (code < 0)
		return code;
	r->stats->chunks++;
	r->have_meta = r->have_meta || c->h.kind == CHUNK_META;
	r->have_schema = r->have_schema || c->h.kind == CHUNK_SCHEMA;
	r->have_keyframe = r->have_keyframe || c->h.kind == CHUNK_KEYFRAME;
	r->t_last = c->h.t_last > r->t_last ? c->h.t_last : r->t_last;
	if (has_events)
		r->gap = false;
	if (c->h.kind == CHUNK_EVENTS) {
		r->stats->events += c->h.n_events;
		r->next_num = c->h.first_num + c->h.n_events;
	}
	return 0;
}

/* INDEX and END are made anew; a signature holds only for the chain that it was made for. */
static bool is_wanted(const struct recover *r, const struct chunk *c)
{
	switch (c->h.kind) {
	case CHUNK_INDEX:
	case CHUNK_END:
		return false;
	case CHUNK_SEAL:
		return c->h.seq == r->out.seq && !memcmp(c->h.hash_prev, r->out.hash_prev, TRACE_HASH_SIZE);
	case CHUNK_META:
		return !r->have_meta;
	case CHUNK_SCHEMA:
		return !r->have_schema;
	}
	return true;
}

static bool goes_on(int code)
{
	return code == -FMT_E_CORRUPT || code == -FMT_E_TRUNCATED || code == -FMT_E_VERSION;
}

/* A chunk was left out; if its header was valid, that says what it held. */
static void note_gap(struct recover *r)
{
	const struct chunk_header *h = &r->in.cs.cur.h;

	r->gap = true;
	if (h->kind == CHUNK_EVENTS && h->first_num + h->n_events > r->seen_num) {
		r->seen_num = h->first_num + h->n_events;
		r->t_seen = h->t_last;
	}
}

static int copy_all(struct recover *r, struct err *err)
{
	const struct chunk *c;

	for (;;) {
		struct err why = { 0 };
		int code = chunk_stream__next(&r->in.cs, &c, &why);
		bool within = code == 0;

		if (code == 1)
			return 0;
		if (code == 0 && !is_wanted(r, c))
			continue;
		if (code == 0)
			code = check_content(r, c, &why);
		if (code == 0) {
			code = keep_chunk(r, c, err);
			if (code < 0)
				return code;
			continue;
		}
		if (!goes_on(code)) {
			if (err && !err->code)
				*err = why;
			return code;
		}
		note_gap(r);
		r->stats->damaged_chunks += within || code == -FMT_E_CORRUPT;
	}
}

/* The input's preamble as it is, or one made anew if it is damaged. */
static int put_preamble(struct recover *r, const char *in, struct err *err)
{
	struct preamble p = r->in.cs.pre;
	uint8_t packed[LIMIT_HEADER_SIZE];
	uint32_t n = r->in.cs.pre_ok ? p.size : PREAMBLE_SIZE;

	if (!r->in.cs.pre_ok) {
		p = (struct preamble){ .major = TRACE_MAJOR, .minor = TRACE_MINOR, .created = r->in.meta.start_ns };
		memcpy(p.uuid, r->in.cs.uuid, sizeof(p.uuid));
		preamble__pack(&p, packed);
	} else if (pread(r->in.cs.in.fd, packed, n, 0) != (ssize_t)n) {
		return err__set(err, -EIO, "%s: cannot read it again", in);
	}
	return trace_out__preamble(&r->out, p.uuid, packed, n, err);
}

static int run(struct recover *r, const char *in, struct err *err)
{
	int code;

	r->t_last = r->out.t_last = r->in.meta.start_ns || !r->in.cs.pre_ok ? r->in.meta.start_ns : r->in.cs.pre.created;
	code = put_preamble(r, in, err);
	chunk_stream__seek(&r->in.cs, r->in.cs.pre_ok ? r->in.cs.pre.size : 0);
	if (!r->in.cs.pre_ok) {
		r->in.cs.resync = r->gap = true;
		r->stats->damaged_chunks++;
	}
	if (code == 0)
		code = copy_all(r, err);
	if (code == 0)
		code = put_missing_head(r, CHUNK_EVENTS, err);
	if (code == 0)
		code = put_loss(r, r->seen_num, r->t_seen, err);
	return code;
}

int fmt_trace__recover(const char *in, int out_fd, const char *out, struct fmt_recover_stats *ret,
		       struct err *err)
{
	struct recover *r = xcalloc(1, sizeof(*r));
	const char *name;
	bool regular;
	int fd = source_open_file(in, &name, &regular, err), code = fd;

	*ret = (struct fmt_recover_stats){ 0 };
	r->stats = ret;
	r->next_num = 1;
	trace_out__init(&r->out, out_fd, out, FSYNC_END);
	if (fd < 0)
		goto out;
	if (!regular) {
		close(fd);
		code = err__set(err, -FMT_E_UNSUPPORTED, "is a pipe or device: recovering needs a file");
		err__file(err, name);
		goto out;
	}
	code = trace_file__open(&r->in, fd, true, name, NULL, 0, err);
	if (code < 0)
		goto out;
	fmt_batch__new(&r->batch);
	code = chunk_build__init(&r->build, LEVEL);
	if (code == 0)
		code = events_encoder__new(&r->enc, LEVEL);
	if (code == 0)
		code = run(r, name, err);
	if (code == 0) {
		code = trace_out__close(&r->out, &r->build, err);
		out_fd = -1;
	}
	ret->skipped_bytes = r->in.cs.skipped_bytes;
	chunk_build__done(&r->build);
	events_encoder__free(r->enc);
	fmt_batch__free(r->batch);
	trace_file__close(&r->in);
	if (code == 0 && (ret->damaged_chunks || ret->skipped_bytes))
		code = 1;
out:
	if (out_fd >= 0) {
		close(out_fd);
		chunk_index__done(&r->out.index);
	}
	free(r);
	return code;
}
