// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "engine/dns/dns_message.h"

#define HEADER 12u
#define MAX_WIRE_NAME 255u
#define MAX_POINTERS 32u
#define MAX_RECORDS 128u		/* of an answer that are looked at */
enum { TYPE_A = 1, TYPE_AAAA = 28, CLASS_IN = 1 };
enum { FLAG_ANSWER = 0x8000, FLAG_TRUNCATED = 0x0200, OPCODE = 0x7800, RCODE = 0xf };

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* Letters, digits, '-' and '_' as they are, anything else as \DDD: a dot inside a label too. */
static size_t add_byte(char *out, size_t n, uint8_t c)
{
	bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		     c == '-' || c == '_' || c == '*';

	if (n + 5 > ENG_DNS_NAME_MAX)
		return n;
	if (plain) {
		out[n] = (char)c;
		return n + 1;
	}
	return n + (size_t)snprintf(out + n, 5, "\\%03u", c);
}

/*
 * The name at `at`, into out unless that is NULL. Returns where what follows it begins, 0 if it is
 * none. Pointers lead backwards only, so that there is no end but the name's.
 */
static size_t read_name(const uint8_t *p, size_t n, size_t at, char *out, uint16_t *n_out)
{
	size_t next = 0, wire = 0, text = 0, lowest = at;
	unsigned pointers = 0;

	while (at < n) {
		uint8_t len = p[at];

		if ((len & 0xc0) == 0xc0) {
			if (at + 2 > n || ++pointers > MAX_POINTERS)
				return 0;
			next = next ? next : at + 2;
			at = be16(p + at) & 0x3fff;
			if (at >= lowest)
				return 0;
			lowest = at;
			continue;
		}
		if (len & 0xc0)
			return 0;
		wire += 1u + len;
		if (wire > MAX_WIRE_NAME || at + 1 + len > n)
			return 0;
		if (!len) {
			if (n_out)
				*n_out = (uint16_t)text;
			return next ? next : at + 1;
		}
		if (out && text && text < ENG_DNS_NAME_MAX)
			out[text++] = '.';
		for (unsigned i = 0; out && i < len; i++)
			text = add_byte(out, text, p[at + 1 + i]);
		at += 1u + len;
	}
	return 0;
}

static void add_address(struct eng_dns *d, const uint8_t *ip, uint8_t len)
{
	if (d->n_addrs == ENG_DNS_ADDRS) {
		d->cut = true;
		return;
	}
	d->addrs[d->n_addrs].len = len;
	memcpy(d->addrs[d->n_addrs++].ip, ip, len);
}

/* The records of an answer: addresses, whatever alias they stand at. */
static void read_records(struct eng_dns *d, const uint8_t *p, size_t n, size_t at, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		uint16_t type, class, len;

		at = i < MAX_RECORDS ? read_name(p, n, at, NULL, NULL) : 0;
		if (!at || at + 10 > n || at + 10u + be16(p + at + 8) > n) {
			d->cut = true;
			return;
		}
		type = be16(p + at);
		class = be16(p + at + 2);
		len = be16(p + at + 8);
		at += 10;
		if (class == CLASS_IN && ((type == TYPE_A && len == 4) ||
					  (type == TYPE_AAAA && len == 16)))
			add_address(d, p + at, (uint8_t)len);
		at += len;
	}
}

bool eng_dns__parse(struct eng_dns *d, const uint8_t *p, size_t n, size_t full)
{
	uint16_t flags;
	size_t at;

	if (n < HEADER)
		return false;
	flags = be16(p + 2);
	if (flags & OPCODE || be16(p + 4) != 1)
		return false;		/* a query, and one question: all that is in use */
	memset(d, 0, sizeof(*d));
	d->id = be16(p);
	d->answer = flags & FLAG_ANSWER;
	d->cut = flags & FLAG_TRUNCATED || full > n;
	d->rcode = flags & RCODE;
	at = read_name(p, n, HEADER, d->name, &d->n_name);
	if (!at || at + 4 > n)
		return false;
	d->type = be16(p + at);
	if (d->answer)
		read_records(d, p, n, at + 4, be16(p + 6));
	return true;
}

const char *eng_dns__type(uint16_t type, char buf[16])
{
	static const struct { uint16_t type; const char *name; } names[] = {
		{ 1, "A" }, { 2, "NS" }, { 5, "CNAME" }, { 6, "SOA" }, { 10, "NULL" }, { 12, "PTR" },
		{ 13, "HINFO" }, { 15, "MX" }, { 16, "TXT" }, { 28, "AAAA" }, { 33, "SRV" },
		{ 35, "NAPTR" }, { 43, "DS" }, { 48, "DNSKEY" }, { 64, "SVCB" }, { 65, "HTTPS" },
		{ 251, "IXFR" }, { 252, "AXFR" }, { 255, "ANY" }, { 257, "CAA" },
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].type == type)
			return names[i].name;
	snprintf(buf, 16, "TYPE%u", type);
	return buf;
}
