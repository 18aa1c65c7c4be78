// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "format/base/cursor.h"
#include "format/base/log.h"
#include "format/scap/scap_event.h"
#include "format/scap/scap_lists.h"
#include "format/scap/scap_row.h"
#include "format/scap/scap_source.h"
#include "format/scap/scap_stream.h"

#define SHB 0x0a0d0d0au
#define SHB_MAGIC 0x1a2b3c4du
#define MAX_BLOCK (32u << 20)		/* larger blocks are damage: writers stop at a few MiB */

enum kind { K_PROCESSES = SCAP_PROCESSES, K_FDS = SCAP_FDS, K_USERS = SCAP_USERS, K_INTERFACES = SCAP_INTERFACES,
	    K_OTHER, K_SHB, K_MACHINE, K_EVENT };
enum { F_FLAGS = 1, F_V1 = 2 };

static const struct block_kind {
	uint32_t type, old;		/* number, and the one that early writers used */
	uint8_t kind, version, flags;
} kinds[] = {
	{ SHB, 0, K_SHB, 0, 0 },
	{ 0x201, 0x8002abcd, K_MACHINE, 0, 0 },
	{ 0x202, 0x8000abcd, K_PROCESSES, 1, 0 }, { 0x207, 0x8013abcd, K_PROCESSES, 2, 0 },
	{ 0x209, 0x8014abcd, K_PROCESSES, 3, 0 }, { 0x210, 0, K_PROCESSES, 4, 0 },
	{ 0x211, 0, K_PROCESSES, 5, 0 }, { 0x212, 0, K_PROCESSES, 6, 0 }, { 0x213, 0, K_PROCESSES, 7, 0 },
	{ 0x214, 0, K_PROCESSES, 8, 0 }, { 0x215, 0, K_PROCESSES, 9, 0 },
	{ 0x203, 0x8001abcd, K_FDS, 1, 0 }, { 0x218, 0, K_FDS, 2, 0 },
	{ 0x205, 0x8011abcd, K_INTERFACES, 1, 0 }, { 0x219, 0, K_INTERFACES, 2, 0 },
	{ 0x206, 0x8012abcd, K_USERS, 1, 0 }, { 0x220, 0, K_USERS, 2, 0 },
	{ 0x204, 0x8010abcd, K_EVENT, 0, F_V1 }, { 0x208, 0, K_EVENT, 0, F_V1 | F_FLAGS },
	{ 0x216, 0, K_EVENT, 0, 0 }, { 0x217, 0, K_EVENT, 0, F_FLAGS },
	{ 0x221, 0, K_EVENT, 0, 0 }, { 0x222, 0, K_EVENT, 0, F_FLAGS },
};

struct scap_source {
	struct fmt_source s;
	struct scap_stream *in;
	struct scap_pending *pending;
	struct fmt_batch *batch;
	struct scap_pids pids;
	uint64_t next_num;
	uint64_t batch_offset, batches;
	uint64_t last_ts;
	const struct block_kind *last_kind;	/* of the block before: most are alike */
	struct scap_lists lists;
	size_t list_at;			/* how much of the list at hand is read already */
	uint64_t unknown_blocks, unknown_events;
	uint32_t unknown_block, unknown_code;	/* the first of them */
	bool in_events;			/* an event block was seen in this section */
	bool batch_keyframe, batch_section;
	bool ready;			/* batch holds something to hand out */
	bool done;
	struct err defect;		/* to be given after the batch in hand */
};

static const struct block_kind *kind_of(uint32_t type)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (kinds[i].type == type || (kinds[i].old && kinds[i].old == type))
			return &kinds[i];
	return NULL;
}

/* what this version does not know */

static void unknown_event(struct scap_source *s, uint32_t code)
{
	if (!s->unknown_events++)
		s->unknown_code = code;
	s->s.skipped_unknown++;
}

static void unknown_block(struct scap_source *s, uint32_t type)
{
	if (!s->unknown_blocks++)
		s->unknown_block = type;
}

/* At the end: what this version knows nothing of. */
static void tell_unknown(const struct scap_source *s)
{
	if (s->unknown_blocks)
		log_warn("%s: blocks of unknown kinds left out: %llu (the first of kind 0x%x)", s->s.name,
			 (unsigned long long)s->unknown_blocks, s->unknown_block);
	if (s->unknown_events)
		log_warn("%s: events of unknown kinds left out: %llu (the first with code %u)", s->s.name,
			 (unsigned long long)s->unknown_events, s->unknown_code);
}

/* blocks */

static int machine(struct scap_source *s, struct cursor c, struct err *err)
{
	const uint8_t *host;

	s->s.meta.n_cpus = cursor__le32(&c);
	s->s.meta.memory = cursor__le64(&c);
	cursor__le64(&c);
	host = cursor__take(&c, 128);
	s->s.meta.boot_ns = cursor__le64(&c);
	if (c.bad)
		return err__set(err, FMT_E_CORRUPT, "the machine block is too short");
	snprintf(s->s.meta.hostname, sizeof(s->s.meta.hostname), "%.*s", (int)strnlen((const char *)host, 128), host);
	return 0;
}

static int section(struct cursor c, struct err *err)
{
	uint32_t magic = cursor__le32(&c);
	uint16_t major = cursor__le16(&c);

	if (c.bad || magic != SHB_MAGIC)
		return err__set(err, FMT_E_FORMAT, "the section header is not that of a .scap capture of this byte order");
	if (major > 1)
		return err__set(err, FMT_E_VERSION, "a .scap of version %u, this reader knows version 1", major);
	return 0;
}

static int event(struct scap_source *s, struct cursor c, unsigned flags, struct err *err)
{
	struct scap_event ev;
	int r = scap_event__parse(&ev, c.p, cursor__left(&c), flags & F_FLAGS, flags & F_V1, err);

	if (r > 0)
		unknown_event(s, ev.code);
	if (r)
		return r > 0 ? 0 : r;
	if (!s->last_ts)
		s->s.meta.start_ns = ev.ts;
	s->last_ts = ev.ts;
	r = scap_event__convert(s->pending, &ev, err);
	if (!r && !scap_row__add(s->batch, &s->pids, &ev))
		unknown_event(s, ev.code);
	return r < 0 ? r : 0;
}

/* A list may be larger than a batch: then lists.more is set, and the next call goes on. */
static int list(struct scap_source *s, const struct block_kind *k, struct cursor c, struct err *err)
{
	int r;

	s->lists.ts = s->last_ts;
	s->lists.begun = s->list_at;
	cursor__take(&c, s->list_at);
	r = scap_lists__read(&s->lists, (enum scap_list)k->kind, k->version, &c, err);
	s->list_at = s->lists.more ? (size_t)(c.p - c.start) : 0;
	return r;
}

static void start_batch(struct scap_source *s, bool keyframe)
{
	fmt_batch__reset(s->batch, s->next_num);
	s->batch_keyframe = keyframe;
	s->batch_section = false;
	s->batch_offset = scap_stream__offset(s->in);
}

/* Length of the block at p of which n bytes are in hand, or 0 if it cannot be one. */
static uint32_t block_length(const uint8_t *p, int64_t n)
{
	uint32_t total;

	if (n < 12)
		return 0;
	memcpy(&total, p + 4, 4);
	return total >= 12 && total <= MAX_BLOCK && total % 4 == 0 ? total : 0;
}

/* After damage: move on to the next place that looks like a whole block of a known kind. False: there is none. */
static bool resync(struct scap_source *s)
{
	const uint8_t *p;
	uint32_t type, total, trailer;
	int64_t n;

	for (scap_stream__skip(s->in, 1);; scap_stream__skip(s->in, 1)) {
		n = scap_stream__peek(s->in, 12, &p, NULL);
		if (n < 12)
			return false;
		memcpy(&type, p, 4);
		total = kind_of(type) ? block_length(p, n) : 0;
		if (!total)
			continue;
		n = scap_stream__peek(s->in, total, &p, NULL);
		if (n < (int64_t)total)
			continue;
		memcpy(&trailer, p + total - 4, 4);
		if (trailer == total)
			return true;
	}
}

/* Keep the first defect, to be given once behind what was read before it. */
static void note_defect(struct scap_source *s, const struct err *e, uint64_t offset)
{
	if (s->defect.code)
		return;
	s->defect = *e;
	s->defect.has_offset = true;
	s->defect.offset = offset;
	err__file(&s->defect, s->s.name);
}

/* After a defect that leaves it open where the next block begins: go on if there is more. */
static void defect(struct scap_source *s, const struct err *e, uint64_t offset, bool go_on)
{
	note_defect(s, e, offset);
	if (!go_on || !resync(s))
		s->done = true;
}

/* What was known is void. False: there are events to be handed out first. */
static bool begin_section(struct scap_source *s)
{
	if (s->batch->n) {
		s->ready = true;
		return false;
	}
	s->in_events = false;
	scap_pids__reset(&s->pids);
	scap_pending__reset(s->pending);
	start_batch(s, true);
	s->batch_section = true;
	return true;
}

/* The lists are complete and get the time of the first event, which is in this block; that waits for the next batch. */
static void end_of_lists(struct scap_source *s, const struct block_kind *k, const uint8_t *block, uint32_t total)
{
	size_t ts_at = k->flags & F_FLAGS ? 14 : 10;
	uint64_t ts = 0;

	if (total >= ts_at + 12)
		memcpy(&ts, block + ts_at, 8);
	for (uint32_t i = 0; i < s->batch->n; i++)
		s->batch->ts[i] = ts;
	s->in_events = true;
	s->ready = true;
}

/* Handle one block. Sets ready when the batch is to be handed out, done at the end. */
static void step(struct scap_source *s)
{
	const struct block_kind *k;
	const uint8_t *p;
	uint32_t type, total, trailer;
	struct err e = { 0 };
	uint64_t at = scap_stream__offset(s->in);
	int64_t n = scap_stream__peek(s->in, 12, &p, &e);
	struct cursor body;
	int r = 0;

	if (n <= 0) {
		if (n < 0)
			defect(s, &e, at, false);
		s->done = true;
		return;
	}
	total = block_length(p, n);
	if (!total) {
		err__set(&e, n < 12 ? FMT_E_TRUNCATED : FMT_E_CORRUPT, n < 12 ? "the capture ends inside a block" :
			 "here no block can begin");
		defect(s, &e, at, n >= 12);
		return;
	}
	n = scap_stream__peek(s->in, total, &p, &e);
	if (n < (int64_t)total) {
		err__set(&e, FMT_E_TRUNCATED, "the capture ends inside a block of %u bytes", total);
		defect(s, &e, at, true);	/* unless it is the length that lies */
		return;
	}
	memcpy(&type, p, 4);
	memcpy(&trailer, p + total - 4, 4);
	k = s->last_kind && s->last_kind->type == type ? s->last_kind : kind_of(type);
	s->last_kind = k;
	if (k && k->kind != K_EVENT && s->in_events && !begin_section(s))
		return;
	if (k && k->kind == K_EVENT && !s->in_events) {
		end_of_lists(s, k, p, total);
		return;
	}
	if (trailer != total && (!k || k->kind != K_EVENT)) {
		err__set(&e, FMT_E_CORRUPT, "a block's two lengths differ (%u and %u)", total, trailer);
		defect(s, &e, at, true);
		return;
	}
	body = cursor__of(p + 8, total - 12);
	switch (k ? k->kind : K_OTHER) {
	case K_SHB:
		r = section(body, &e);
		s->done = r < 0;	/* what follows cannot be read as what it claims to be */
		break;
	case K_MACHINE: r = machine(s, body, &e); break;
	case K_EVENT: r = event(s, body, k->flags, &e); break;
	case K_OTHER: unknown_block(s, type); break;
	default: r = list(s, k, body, &e); break;
	}
	if (r < 0 && trailer != total) {
		/* writers of events got the second length wrong at times; with nonsense between the two it is damage */
		defect(s, &e, at, true);
		return;
	}
	if (!s->lists.more)
		scap_stream__skip(s->in, total);
	if (r < 0)	/* this block is lost, the next begins where it should */
		note_defect(s, &e, at);
	s->ready = fmt_batch__full(s->batch);
}

static int next(struct fmt_source *src, const struct fmt_batch **ret, struct fmt_batch_info *info, struct err *err)
{
	struct scap_source *s = (struct scap_source *)src;

	if (!s->ready) {
		start_batch(s, !s->in_events);
		while (!s->ready && !s->done)
			step(s);
	}
	if (s->ready || s->batch->n) {
		s->ready = false;
		if (!s->batch_keyframe)
			s->next_num += s->batch->n;
		*ret = s->batch;
		*info = (struct fmt_batch_info){ .keyframe = s->batch_keyframe, .new_section = s->batch_section,
						 .chunk = s->batches++, .offset = s->batch_offset };
		return 0;
	}
	if (s->defect.code) {
		int code = s->defect.code;

		if (err)
			*err = s->defect;
		s->defect = (struct err){ 0 };
		return code;
	}
	tell_unknown(s);
	s->unknown_blocks = s->unknown_events = 0;
	return 1;
}

static void close_source(struct fmt_source *src)
{
	struct scap_source *s = (struct scap_source *)src;

	scap_stream__close(s->in);
	scap_pending__free(s->pending);
	fmt_batch__free(s->batch);
	scap_pids__done(&s->pids);
	free(s);
}

static const struct fmt_source_ops ops = { .next = next, .close = close_source };

bool fmt_scap__probe(const void *head, size_t n)
{
	uint8_t out[8];
	uint32_t type;
	z_stream z = { 0 };
	bool gz = n >= 18 && !memcmp(head, "\x1f\x8b", 2);

	if (gz) {
		if (inflateInit2(&z, 15 + 16) != Z_OK)
			return false;
		z.next_in = (Bytef *)(uintptr_t)head;
		z.avail_in = (uInt)n;
		z.next_out = out;
		z.avail_out = sizeof(out);
		inflate(&z, Z_SYNC_FLUSH);
		inflateEnd(&z);
		if (z.avail_out > 4)
			return false;
		head = out;
	}
	if (!gz && n < 4)
		return false;
	memcpy(&type, head, 4);
	return type == SHB;
}

int fmt_scap__open(struct fmt_source **ret, int fd, const char *name, const void *head, size_t n, struct err *err)
{
	struct scap_source *s = xcalloc(1, sizeof(*s));
	int r;

	s->s.ops = &ops;
	snprintf(s->s.name, sizeof(s->s.name), "%s", name);
	snprintf(s->s.meta.tool, sizeof(s->s.meta.tool), "scap");
	snprintf(s->s.meta.driver, sizeof(s->s.meta.driver), "scap");
	s->s.meta.noise = true;
	s->s.has_context = true;	/* which events a filter left for the state's sake is told by each */
	scap_pids__init(&s->pids);
	s->next_num = 1;
	s->pending = scap_pending__new();
	fmt_batch__new(&s->batch);
	s->lists = (struct scap_lists){ .rows = s->batch, .pids = &s->pids };
	r = scap_stream__open(&s->in, fd, head, n, err);
	if (r) {
		close(fd);
		close_source(&s->s);
		return r;
	}
	/* the lists come first: read them now, so that the machine is known when this returns */
	start_batch(s, true);
	while (!s->ready && !s->done)
		step(s);
	if (s->done && !s->batch->n && s->defect.code) {
		r = s->defect.code;
		if (err)
			*err = s->defect;
		close_source(&s->s);
		return r;
	}
	s->ready = true;
	*ret = &s->s;
	return 0;
}
