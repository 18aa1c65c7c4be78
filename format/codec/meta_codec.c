// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "format/base/cursor.h"
#include "format/codec/meta_codec.h"

enum meta_type { META_STRING = 1, META_U64 = 2, META_S64 = 3, META_BOOL = 4 };

/* Keys are never reused. R-110 lists them. OPT: a number that is not there if it is 0. */
#define META_KEYS(STR, NUM, OPT) \
	STR(1, hostname) STR(2, kernel) STR(3, arch) STR(4, tool) STR(5, driver) STR(6, command) \
	STR(7, os) STR(8, reason) STR(9, made_from) STR(10, part_of) STR(11, snaplen_for) \
	NUM(16, META_U64, n_cpus) NUM(17, META_U64, snaplen) NUM(18, META_U64, memory) \
	NUM(19, META_U64, boot_ns) NUM(20, META_U64, start_ns) NUM(21, META_S64, utc_offset) \
	NUM(22, META_BOOL, noise) OPT(23, META_U64, part) OPT(24, META_BOOL, no_durations)

static void put(struct buf *out, unsigned key, enum meta_type type, const void *p, size_t n)
{
	buf__le16(out, (uint16_t)key);
	buf__le16(out, type);
	buf__le32(out, (uint32_t)n);
	buf__add(out, p, n);
}

static void put_string(struct buf *out, unsigned key, const char *s, size_t cap)
{
	size_t n = strnlen(s, cap);

	if (n)
		put(out, key, META_STRING, s, n);
}

static void put_number(struct buf *out, unsigned key, enum meta_type type, uint64_t v)
{
	put(out, key, type, &v, sizeof(v));
}

void meta__encode(const struct fmt_meta *m, struct buf *out)
{
#define STR(key, name) put_string(out, key, m->name, sizeof(m->name));
#define NUM(key, type, name) put_number(out, key, type, (uint64_t)m->name);
#define OPT(key, type, name) if (m->name) NUM(key, type, name)
	META_KEYS(STR, NUM, OPT)
#undef STR
#undef NUM
#undef OPT
}

static void get_string(const uint8_t *p, size_t n, char *ret, size_t cap)
{
	if (n >= cap)
		n = cap - 1;
	memcpy(ret, p, n);
	ret[n] = 0;
}

static void get_one(struct fmt_meta *m, unsigned key, unsigned type, const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	if (n == sizeof(v))
		memcpy(&v, p, n);
	switch (key) {
#define STR(k, name) case k: \
		if (type == META_STRING) \
			get_string(p, n, m->name, sizeof(m->name)); \
		break;
#define NUM(k, t, name) case k: \
		if (type == t && n == sizeof(v)) \
			m->name = (__typeof__(m->name))v; \
		break;
	META_KEYS(STR, NUM, NUM)
#undef STR
#undef NUM
	}
}

int meta__decode(const uint8_t *raw, size_t n, struct fmt_meta *ret, struct err *err)
{
	struct cursor c = cursor__of(raw, n);

	while (cursor__left(&c)) {
		unsigned key = cursor__le16(&c), type = cursor__le16(&c);
		uint32_t len = cursor__le32(&c);
		const uint8_t *p = cursor__take(&c, len);

		if (!p)
			return err__set(err, -FMT_E_CORRUPT, "the description of the recording is not valid");
		get_one(ret, key, type, p, len);
	}
	return 0;
}

void uuid__format(const uint8_t u[16], char ret[37])
{
	snprintf(ret, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", u[0], u[1],
		 u[2], u[3], u[4], u[5], u[6], u[7], u[8], u[9], u[10], u[11], u[12], u[13], u[14], u[15]);
}

bool uuid__parse(const char *s, uint8_t ret[16])
{
	unsigned n = 0;

	for (unsigned k = 0; k < 16; k++) {
		unsigned byte;

		if (s[n] == '-' && (k == 4 || k == 6 || k == 8 || k == 10))
			n++;
		if (sscanf(s + n, "%2x", &byte) != 1 || !s[n + 1])
			return false;
		ret[k] = (uint8_t)byte;
		n += 2;
	}
	return !s[n];
}
