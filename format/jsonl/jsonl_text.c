// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "format/base/cursor.h"
#include "format/base/text.h"
#include "format/jsonl/jsonl_text.h"

#define NS 1000000000ull
enum { UNIX = 1, INET = 2, INET6 = 10 };	/* families, as TRACE-FORMAT.md section 14 has them */

/* --- addresses -------------------------------------------------------------------------------------------- */

static void put_end(struct buf *out, struct cursor *c, uint8_t family)
{
	const uint8_t *ip = cursor__take(c, family == INET ? 4 : 16);
	unsigned port = cursor__le16(c);
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family == INET ? AF_INET : AF_INET6, ip, text, sizeof(text));
	buf__printf(out, family == INET ? "%s:%u" : "[%s]:%u", text, port);
}

/* A path: up to the NUL that ends the value, without others. */
static bool put_unix(struct buf *out, struct cursor *c, bool tuple)
{
	uint64_t src = tuple ? cursor__le64(c) : 0, peer = tuple ? cursor__le64(c) : 0;
	size_t n = cursor__left(c);
	const char *path = (const char *)c->p;

	if (c->bad || !n || memchr(path, 0, n) != path + n - 1 || !text__is_utf8(path, n))
		return false;
	buf__puts(out, "unix:");
	if (tuple)
		buf__printf(out, "%" PRIx64 "->%" PRIx64 ":", src, peer);
	buf__add(out, path, n - 1);
	return true;
}

bool jsonl_addr__put(struct buf *out, const struct fmt_str *s, bool tuple)
{
	struct cursor c = cursor__of(s->p, s->len);
	uint8_t family = cursor__u8(&c);
	size_t one = family == INET ? 6 : 18;

	if (family == UNIX)
		return put_unix(out, &c, tuple);
	if ((family != INET && family != INET6) || s->len != 1 + one * (tuple ? 2 : 1))
		return false;
	put_end(out, &c, family);
	if (tuple) {
		buf__puts(out, "->");
		put_end(out, &c, family);
	}
	return true;
}

/* One "ADDRESS:PORT" of n bytes. */
static bool get_end(struct buf *out, const char *p, size_t n, uint8_t *family)
{
	const char *colon = memrchr(p, ':', n), *from = p;
	char ip[INET6_ADDRSTRLEN + 1], port[8], *end;
	uint8_t addr[16];
	bool v6 = n && *p == '[';
	size_t ip_len, port_len;
	unsigned long v;

	if (!colon)
		return false;
	ip_len = (size_t)(colon - p);
	port_len = (size_t)(p + n - colon - 1);
	if (v6) {
		if (ip_len < 2 || colon[-1] != ']')
			return false;
		from++;
		ip_len -= 2;
	}
	if (ip_len >= sizeof(ip) || !port_len || port_len > 5)
		return false;
	memcpy(ip, from, ip_len);
	ip[ip_len] = '\0';
	memcpy(port, colon + 1, port_len);
	port[port_len] = '\0';
	v = strtoul(port, &end, 10);
	if (*end || port[0] < '0' || port[0] > '9' || v > UINT16_MAX || inet_pton(v6 ? AF_INET6 : AF_INET, ip, addr) != 1)
		return false;
	*family = v6 ? INET6 : INET;
	buf__add(out, addr, v6 ? 16 : 4);
	buf__le16(out, (uint16_t)v);
	return true;
}

/* Hexadecimal up to the mark, which is stepped over. */
static bool get_hex(const char **p, const char *end, const char *mark, uint64_t *ret)
{
	size_t n = strlen(mark);
	uint64_t v = 0;
	unsigned digits = 0;

	for (; *p < end && digits < 16; digits++, (*p)++) {
		char c = **p;

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint64_t)(c - 'a' + 10);
		else
			break;
	}
	if (!digits || (size_t)(end - *p) < n || memcmp(*p, mark, n))
		return false;
	*p += n;
	*ret = v;
	return true;
}

static bool get_unix(struct buf *out, const char *p, const char *end, bool tuple)
{
	uint64_t src, peer;

	buf__u8(out, UNIX);
	if (tuple) {
		if (!get_hex(&p, end, "->", &src) || !get_hex(&p, end, ":", &peer))
			return false;
		buf__le64(out, src);
		buf__le64(out, peer);
	}
	buf__add(out, p, (size_t)(end - p));
	buf__u8(out, 0);
	return true;
}

bool jsonl_addr__get(struct buf *out, const char *p, size_t n, bool tuple)
{
	const char *arrow;
	size_t at = out->len;
	uint8_t a = 0, b = 0;
	bool ok;

	if (n >= 5 && !memcmp(p, "unix:", 5))
		return get_unix(out, p + 5, p + n, tuple);
	buf__u8(out, 0);
	arrow = memmem(p, n, "->", 2);
	if (!tuple)
		ok = get_end(out, p, n, &a);
	else
		ok = arrow && get_end(out, p, (size_t)(arrow - p), &a) &&
		     get_end(out, arrow + 2, (size_t)(p + n - arrow - 2), &b) && a == b;
	out->p[at] = a;
	return ok;
}

/* --- flags ------------------------------------------------------------------------------------------------- */

bool jsonl_flags__put(struct buf *out, enum fmt_group g, uint64_t v)
{
	char text[1024];
	uint64_t back;
	size_t n;

	if (v > UINT32_MAX)
		return false;
	n = fmt_group__text(g, (uint32_t)v, text, sizeof(text));
	if (!n || n >= sizeof(text) || !jsonl_flags__get(g, text, n, &back) || back != v)
		return false;
	buf__add(out, text, n);
	return true;
}

bool jsonl_flags__get(enum fmt_group group, const char *p, size_t n, uint64_t *ret)
{
	const struct fmt_group_info *g = &fmt_groups[group];
	const char *end = p + n;
	uint64_t v = 0;

	for (;;) {
		const char *bar = memchr(p, '|', (size_t)(end - p)), *to = bar ? bar : end;
		size_t len = (size_t)(to - p);
		unsigned i = 0;

		while (i < g->n && (strlen(g->syms[i].name) != len || memcmp(g->syms[i].name, p, len)))
			i++;
		if (i == g->n || (g->is_enum && bar))
			return false;
		v |= g->syms[i].value;
		if (!bar)
			break;
		p = bar + 1;
	}
	*ret = v;
	return true;
}

/* --- time -------------------------------------------------------------------------------------------------- */

void jsonl_time__put(struct jsonl_clock *c, uint64_t ns, char to[JSONL_TIME_SIZE])
{
	uint64_t second = ns / NS;
	uint32_t rest = (uint32_t)(ns % NS);

	if (!c->set || c->second != second) {
		time_t t = (time_t)second;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(c->text, sizeof(c->text), "%Y-%m-%dT%H:%M:%S", &tm);
		c->second = second;
		c->set = true;
	}
	memcpy(to, c->text, 19);
	to[19] = '.';
	for (unsigned k = 28; k > 19; k--, rest /= 10)
		to[k] = (char)('0' + rest % 10);
	to[29] = 'Z';
}

static bool digits(const char *p, unsigned n, int *ret)
{
	int v = 0;

	for (unsigned k = 0; k < n; k++) {
		if (p[k] < '0' || p[k] > '9')
			return false;
		v = v * 10 + (p[k] - '0');
	}
	*ret = v;
	return true;
}

static bool get_second(struct jsonl_clock *c, const char *p)
{
	struct tm tm = { 0 };
	time_t t;

	if (p[4] != '-' || p[7] != '-' || p[10] != 'T' || p[13] != ':' || p[16] != ':' ||
	    !digits(p, 4, &tm.tm_year) || !digits(p + 5, 2, &tm.tm_mon) || !digits(p + 8, 2, &tm.tm_mday) ||
	    !digits(p + 11, 2, &tm.tm_hour) || !digits(p + 14, 2, &tm.tm_min) || !digits(p + 17, 2, &tm.tm_sec))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	t = timegm(&tm);
	if (t < 0 || (uint64_t)t > UINT64_MAX / NS - 1)
		return false;
	memcpy(c->text, p, 19);
	c->second = (uint64_t)t;
	c->set = true;
	return true;
}

bool jsonl_time__get(struct jsonl_clock *c, const char *p, size_t n, uint64_t *ret)
{
	int ns;

	if (n != JSONL_TIME_SIZE || p[19] != '.' || p[29] != 'Z' || !digits(p + 20, 9, &ns))
		return false;
	if ((!c->set || memcmp(c->text, p, 19)) && !get_second(c, p))
		return false;
	*ret = c->second * NS + (uint64_t)ns;
	return true;
}

/* --- base64 (RFC 4648) ------------------------------------------------------------------------------------- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void jsonl_base64__put(struct buf *out, const void *from, size_t n)
{
	const uint8_t *p = from;
	uint8_t *to;

	buf__reserve(out, (n + 2) / 3 * 4);
	to = out->p + out->len;
	for (; n >= 3; n -= 3, p += 3) {
		uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];

		*to++ = (uint8_t)alphabet[v >> 18];
		*to++ = (uint8_t)alphabet[v >> 12 & 63];
		*to++ = (uint8_t)alphabet[v >> 6 & 63];
		*to++ = (uint8_t)alphabet[v & 63];
	}
	if (n) {
		uint32_t v = (uint32_t)p[0] << 16 | (n > 1 ? (uint32_t)p[1] << 8 : 0);

		*to++ = (uint8_t)alphabet[v >> 18];
		*to++ = (uint8_t)alphabet[v >> 12 & 63];
		*to++ = n > 1 ? (uint8_t)alphabet[v >> 6 & 63] : '=';
		*to++ = '=';
	}
	out->len = (size_t)(to - out->p);
}

bool jsonl_base64__get(struct buf *out, const char *p, size_t n)
{
	uint32_t v = 0;
	unsigned pad = n >= 1 && p[n - 1] == '=' ? n >= 2 && p[n - 2] == '=' ? 2 : 1 : 0;

	if (n % 4)
		return false;
	buf__reserve(out, n / 4 * 3 + 1);
	for (size_t k = 0; k < n; k++) {
		int d = k >= n - pad ? 0 : text__base64_digit(p[k]);

		if (d < 0)
			return false;
		v = v << 6 | (uint32_t)d;
		if (k % 4 != 3)
			continue;
		out->p[out->len++] = (uint8_t)(v >> 16);
		out->p[out->len++] = (uint8_t)(v >> 8);
		out->p[out->len++] = (uint8_t)v;
		v = 0;
	}
	out->len -= pad;
	return true;
}
