// SPDX-License-Identifier: Apache-2.0
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "format/base/cursor.h"
#include "format/codec/layout.h"
#include "format/file/trace_reader.h"

/* the CR LF and the control-Z catch a transfer in text mode. */
const uint8_t trace_magic[8] = { 'S', 'P', 'O', 'O', 'R', '\r', '\n', 0x1a };
const uint8_t chunk_magic[8] = { 0xc5, 'S', 'P', 'C', 'H', 'U', 'N', 0xe9 };

#define CHECK_SIZE 8u

void trace_hash(uint8_t ret[TRACE_HASH_SIZE], const void *p, size_t n)
{
	crypto_generichash(ret, TRACE_HASH_SIZE, p, n, NULL, 0);
}

/* Writing at a place: fixed structures are packed into zeroed memory. */
static void put16(uint8_t *p, uint16_t v) { memcpy(p, &v, sizeof(v)); }
static void put32(uint8_t *p, uint32_t v) { memcpy(p, &v, sizeof(v)); }
static void put64(uint8_t *p, uint64_t v) { memcpy(p, &v, sizeof(v)); }

/* The last 8 bytes of a fixed structure: the beginning of the hash of what is before them. */
static void put_check(uint8_t *p, size_t size)
{
	uint8_t h[TRACE_HASH_SIZE];

	trace_hash(h, p, size - CHECK_SIZE);
	memcpy(p + size - CHECK_SIZE, h, CHECK_SIZE);
}

static bool check_fits(const uint8_t *p, size_t size)
{
	uint8_t h[TRACE_HASH_SIZE];

	trace_hash(h, p, size - CHECK_SIZE);
	return !memcmp(p + size - CHECK_SIZE, h, CHECK_SIZE);
}

void preamble__pack(const struct preamble *p, uint8_t out[PREAMBLE_SIZE])
{
	memset(out, 0, PREAMBLE_SIZE);
	memcpy(out, trace_magic, 8);
	put16(out + 8, p->major);
	put16(out + 10, p->minor);
	put32(out + 12, PREAMBLE_SIZE);
	put32(out + 16, p->incompat);
	put32(out + 20, p->compat);
	put64(out + 24, p->created);
	memcpy(out + 32, p->uuid, 16);
	put_check(out, PREAMBLE_SIZE);
}

int preamble__unpack(struct preamble *ret, const uint8_t *p, size_t n, struct err *err)
{
	struct cursor c = cursor__of(p, n);
	const uint8_t *magic = cursor__take(&c, 8), *uuid;
	struct preamble h = { 0 };

	(void)magic;
	if (!n || memcmp(p, trace_magic, n < 8 ? n : 8))
		return err__set(err, -FMT_E_FORMAT, "not a spoor trace");
	h.major = cursor__le16(&c);
	h.minor = cursor__le16(&c);
	h.size = cursor__le32(&c);
	h.incompat = cursor__le32(&c);
	h.compat = cursor__le32(&c);
	h.created = cursor__le64(&c);
	uuid = cursor__take(&c, 16);
	if (c.bad)
		return err__set_at(err, -FMT_E_TRUNCATED, n, "the file ends within its first %u bytes: nothing can be read of it",
				   PREAMBLE_SIZE);
	memcpy(h.uuid, uuid, 16);
	/* the version comes first, a newer major may have changed all that follows. */
	if (h.major > TRACE_MAJOR)
		return err__set(err, -FMT_E_VERSION,
				"trace of version %u.%u; this spoor reads up to %u.x: use a newer spoor", h.major, h.minor,
				TRACE_MAJOR);
	/* */
	if (!h.major || h.size < PREAMBLE_SIZE || h.size > LIMIT_HEADER_SIZE)
		return err__set_at(err, -FMT_E_CORRUPT, 8, "the first %u bytes of the trace are damaged", PREAMBLE_SIZE);
	if (h.size > n) {
		*ret = h;
		return 1;
	}
	if (!check_fits(p, h.size))
		return err__set_at(err, -FMT_E_CORRUPT, 0, "the first %u bytes of the trace are damaged", h.size);
	/* */
	if (h.incompat & ~PREAMBLE_INCOMPAT_KNOWN)
		return err__set(err, -FMT_E_VERSION,
				"trace of version %u.%u with features (flags 0x%x) that this spoor (%u.%u) does not know: use a newer spoor",
				h.major, h.minor, h.incompat & ~PREAMBLE_INCOMPAT_KNOWN, TRACE_MAJOR,
				TRACE_MINOR);
	*ret = h;
	return 0;
}

void chunk_header__pack(const struct chunk_header *h, uint8_t out[CHUNK_HEADER_SIZE])
{
	memset(out, 0, CHUNK_HEADER_SIZE);
	memcpy(out, chunk_magic, 8);
	memcpy(out + 8, h->uuid, 16);
	put16(out + 24, h->kind);
	put16(out + 26, h->flags);
	put32(out + 28, CHUNK_HEADER_SIZE);
	put64(out + 32, h->length);
	put64(out + 40, h->seq);
	put64(out + 48, h->first_num);
	put32(out + 56, h->n_events);
	put32(out + 60, h->n_alerts);
	put64(out + 64, h->n_lost);
	put64(out + 72, h->t_first);
	put64(out + 80, h->t_last);
	put32(out + 88, h->summary_size);
	put32(out + 92, h->n_sections);
	memcpy(out + 96, h->hash_head, TRACE_HASH_SIZE);
	memcpy(out + 128, h->hash_prev, TRACE_HASH_SIZE);
	put_check(out, CHUNK_HEADER_SIZE);
}

void chunk_header__replace(uint8_t *packed, const struct chunk_header *h)
{
	memcpy(packed + 8, h->uuid, sizeof(h->uuid));
	put64(packed + 40, h->seq);
	memcpy(packed + 128, h->hash_prev, TRACE_HASH_SIZE);
	put_check(packed, h->header_size);
}

/* */
static const char *header_fault(const struct chunk_header *h)
{
	uint64_t head = (uint64_t)h->header_size + h->summary_size +
			(uint64_t)h->n_sections * SECTION_ENTRY_SIZE;

	if (h->length > LIMIT_CHUNK)
		return "the chunk is over the size limit";
	if (h->summary_size > LIMIT_SUMMARY || h->n_sections > LIMIT_SECTIONS || h->n_events > LIMIT_ROWS)
		return "the chunk header is over a limit";
	if (head > h->length)
		return "the sizes in the chunk header do not agree";
	return NULL;
}

bool chunk_header__is_anew(const struct chunk_header *h)
{
	return h->kind == CHUNK_KEYFRAME && h->flags & CHUNK_ANEW && !(h->flags & CHUNK_CONTINUES);
}

int chunk_header__unpack(struct chunk_header *ret, const uint8_t *p, size_t n, size_t *need,
			 const char **why)
{
	struct cursor c = cursor__of(p, n);
	const uint8_t *magic = cursor__take(&c, 8), *uuid = cursor__take(&c, 16), *hash;
	struct chunk_header h = { 0 };

	*need = CHUNK_HEADER_SIZE;
	*why = "no chunk header where one must be";
	if (memcmp(p, chunk_magic, n < 8 ? n : 8))
		return -FMT_E_CORRUPT;
	if (n < CHUNK_HEADER_SIZE)
		return 1;
	(void)magic;
	memcpy(h.uuid, uuid, 16);
	h.kind = cursor__le16(&c);
	h.flags = cursor__le16(&c);
	h.header_size = cursor__le32(&c);
	h.length = cursor__le64(&c);
	h.seq = cursor__le64(&c);
	h.first_num = cursor__le64(&c);
	h.n_events = cursor__le32(&c);
	h.n_alerts = cursor__le32(&c);
	h.n_lost = cursor__le64(&c);
	h.t_first = cursor__le64(&c);
	h.t_last = cursor__le64(&c);
	h.summary_size = cursor__le32(&c);
	h.n_sections = cursor__le32(&c);
	hash = cursor__take(&c, TRACE_HASH_SIZE);
	memcpy(h.hash_head, hash, TRACE_HASH_SIZE);
	hash = cursor__take(&c, TRACE_HASH_SIZE);
	memcpy(h.hash_prev, hash, TRACE_HASH_SIZE);
	*why = "the chunk header is damaged";
	if (h.header_size < CHUNK_HEADER_SIZE || h.header_size > LIMIT_HEADER_SIZE)
		return -FMT_E_CORRUPT;
	*need = h.header_size;
	if (n < h.header_size)
		return 1;
	if (!check_fits(p, h.header_size))
		return -FMT_E_CORRUPT;
	*why = header_fault(&h);
	if (*why)
		return -FMT_E_CORRUPT;
	*ret = h;
	return 0;
}

void section_entry__pack(const struct section_entry *s, uint8_t out[SECTION_ENTRY_SIZE])
{
	memset(out, 0, SECTION_ENTRY_SIZE);
	put16(out, s->kind);
	out[2] = s->codec;
	out[3] = s->flags;
	put16(out + 4, s->type);
	put32(out + 8, s->raw_size);
	put32(out + 12, s->stored_size);
	memcpy(out + 16, s->hash, TRACE_HASH_SIZE);
}

void section_entry__unpack(struct section_entry *ret, const uint8_t in[SECTION_ENTRY_SIZE])
{
	struct cursor c = cursor__of(in, SECTION_ENTRY_SIZE);

	ret->kind = cursor__le16(&c);
	ret->codec = cursor__u8(&c);
	ret->flags = cursor__u8(&c);
	ret->type = cursor__le16(&c);
	cursor__le16(&c);
	ret->raw_size = cursor__le32(&c);
	ret->stored_size = cursor__le32(&c);
	memcpy(ret->hash, cursor__take(&c, TRACE_HASH_SIZE), TRACE_HASH_SIZE);
}

void end_body__pack(const struct end_body *e, uint8_t out[END_BODY_SIZE])
{
	put64(out, e->index_offset);
	put64(out + 8, e->index_length);
	put64(out + 16, e->n_chunks);
	put64(out + 24, e->n_events);
}

void end_body__unpack(struct end_body *ret, const uint8_t in[END_BODY_SIZE])
{
	struct cursor c = cursor__of(in, END_BODY_SIZE);

	ret->index_offset = cursor__le64(&c);
	ret->index_length = cursor__le64(&c);
	ret->n_chunks = cursor__le64(&c);
	ret->n_events = cursor__le64(&c);
}

const char *chunk_kind__name(unsigned kind)
{
	static const char *const names[] = {
		[CHUNK_META] = "META", [CHUNK_SCHEMA] = "SCHEMA", [CHUNK_KEYFRAME] = "KEYFRAME",
		[CHUNK_EVENTS] = "EVENTS", [CHUNK_INDEX] = "INDEX", [CHUNK_SEAL] = "SEAL",
		[CHUNK_END] = "END",
	};

	return kind < sizeof(names) / sizeof(*names) ? names[kind] : NULL;
}

const char *section_kind__name(unsigned kind)
{
	static const char *const names[] = {
		[SECTION_BASE] = "base", [SECTION_DICT] = "strings", [SECTION_COLUMNS] = "columns",
		[SECTION_PAYLOAD] = "payload", [SECTION_META] = "meta", [SECTION_SCHEMA] = "schema",
		[SECTION_INDEX] = "index",
	};

	return kind < sizeof(names) / sizeof(*names) ? names[kind] : NULL;
}
