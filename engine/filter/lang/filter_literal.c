// SPDX-License-Identifier: Apache-2.0
/* Literals: what a condition compares with, read as values of the field's type. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "engine/filter/lang/filter_value.h"

const char *eng_vtype__name(struct eng_vtype t)
{
	switch (t.type) {
	case T_BYTES: return "bytebuf";
	case T_BOOL: return "bool";
	case T_DOUBLE: return "double";
	case T_RELTIME: return "reltime";
	case T_ABSTIME: return "abstime";
	case T_PORT: return "port";
	case T_IP: return "ipaddr";
	case T_NET: return "ipnet";
	case T_DYNAMIC: return "dynamic";
	}
	return fmt_ptype_names[t.ptype];
}

bool eng_vtype__is_signed(struct eng_vtype t)
{
	if (t.type == T_RELTIME || t.type == T_ABSTIME || t.type == T_PORT)
		return false;
	switch (t.ptype) {
	case PT_S8:
	case PT_S16:
	case PT_S32:
	case PT_S64:
	case PT_FD:
	case PT_PID:
	case PT_ERRNO:
		return true;
	}
	return t.type == T_S64 && t.ptype != PT_U8 && t.ptype != PT_U16 && t.ptype != PT_U32;
}

unsigned eng_vtype__width(struct eng_vtype t)
{
	if (t.type == T_PORT)
		return 2;
	if (t.type == T_RELTIME || t.type == T_ABSTIME)
		return 8;
	switch (t.ptype) {
	case PT_S8:
	case PT_U8:
	case PT_FLAGS8:
	case PT_ENUM8:
	case PT_SIGTYPE:
		return 1;
	case PT_S16:
	case PT_U16:
	case PT_FLAGS16:
	case PT_ENUM16:
	case PT_PORT:
	case PT_SYSCALLID:
		return 2;
	case PT_S32:
	case PT_U32:
	case PT_FLAGS32:
	case PT_ENUM32:
	case PT_MODE:
	case PT_UID:
	case PT_GID:
		return 4;
	}
	return 8;
}

static int64_t sign_extend(uint64_t v, unsigned width)
{
	unsigned shift = 64 - width * 8;

	return (int64_t)(v << shift) >> shift;
}

/*
 * Decimal with an optional sign, the whole text; too large ones stop at the largest, as scanf has
 * it.
 */
static int parse_integer(struct eng_text text, bool is_signed, uint64_t *ret, struct err *err)
{
	char *end;

	errno = 0;
	if (is_signed)
		*ret = (uint64_t)strtoll(text.p, &end, 10);
	else
		*ret = strtoull(text.p, &end, 10);
	if (end == text.p || *end)
		return err__set(err, -FMT_E_VALUE, "%s is not a valid number", text.p);
	return 0;
}

static int parse_number(struct eng_vtype t, struct eng_text text, struct eng_lit *ret,
			struct err *err)
{
	bool is_signed = eng_vtype__is_signed(t);
	unsigned width = eng_vtype__width(t);
	uint64_t v;
	int r;

	r = parse_integer(text, is_signed, &v, err);
	if (r < 0)
		return r;
	if (is_signed)
		ret->v.s = sign_extend(v, width);
	else
		ret->v.u = width < 8 ? v & ((1ull << width * 8) - 1) : v;
	return 0;
}

/* Services that rules name, for machines without /etc/services. */
static const struct { const char *name; uint16_t port; } services[] = {
	{ "ftp", 21 }, { "ssh", 22 }, { "telnet", 23 }, { "smtp", 25 }, { "domain", 53 },
		{ "http", 80 },
	{ "kerberos", 88 }, { "pop3", 110 }, { "sunrpc", 111 }, { "ntp", 123 }, { "imap2", 143 },
	{ "snmp", 161 }, { "ldap", 389 }, { "https", 443 }, { "syslog", 514 }, { "ldaps", 636 },
	{ "imaps", 993 }, { "pop3s", 995 }, { "mysql", 3306 }, { "postgresql", 5432 },
	{ "redis", 6379 },
};

static int parse_port(struct eng_text text, struct eng_lit *ret, struct err *err)
{
	struct servent ent, *found = NULL;
	char tmp[1024];
	uint64_t v;

	ret->v.u = 0;
	if (!text.len)
		return 0;
	if (strspn(text.p, "0123456789") == text.len) {
		errno = 0;
		v = strtoull(text.p, NULL, 10);
		if (errno || v > INT32_MAX)
			return err__set(err, -FMT_E_VALUE, "%s is not a valid number", text.p);
		ret->v.u = v & 0xffff;
		return 0;
	}
	if (!getservbyname_r(text.p, NULL, &ent, tmp, sizeof(tmp), &found) && found) {
		ret->v.u = ntohs((uint16_t)found->s_port);
		return 0;
	}
	for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++) {
		if (!strcmp(services[i].name, text.p)) {
			ret->v.u = services[i].port;
			return 0;
		}
	}
	return err__set(err, -FMT_E_VALUE, "unrecognized protocol %s", text.p);
}

static int parse_ip(struct eng_text text, struct eng_lit *ret, struct err *err)
{
	bool v4 = memchr(text.p, '.', text.len);

	ret->v.ip.family = v4 ? AF_INET : AF_INET6;
	memset(ret->v.ip.a, 0, sizeof(ret->v.ip.a));
	if (inet_pton(ret->v.ip.family, text.p, ret->v.ip.a) != 1)
		return err__set(err, -FMT_E_VALUE, "unrecognized %s address %s",
				v4 ? "IPv4" : "IPv6", text.p);
	return 0;
}

static int parse_net(struct eng_text text, struct eng_lit *ret, struct err *err)
{
	bool v4 = memchr(text.p, '.', text.len);
	const char *slash = memchr(text.p, '/', text.len);
	char addr[64];
	uint64_t bits;

	if (!slash)
		return err__set(err, -FMT_E_VALUE, "unrecognized IP network %s", text.p);
	ret->net = (struct eng_net){ .family = v4 ? AF_INET : AF_INET6 };
	if ((size_t)(slash - text.p) >= sizeof(addr))
		return err__set(err, -FMT_E_VALUE, "unrecognized IP address %s", text.p);
	memcpy(addr, text.p, (size_t)(slash - text.p));
	addr[slash - text.p] = 0;
	if (inet_pton(ret->net.family, addr, ret->net.a) != 1)
		return err__set(err, -FMT_E_VALUE, "unrecognized IP address %s", text.p);
	if (parse_integer((struct eng_text){ slash + 1, 0 }, false, &bits, NULL) < 0 ||
	    bits > (v4 ? 32 : 128) || (!v4 && !bits))
		return err__set(err, -FMT_E_VALUE, "invalid netmask %s", slash + 1);
	ret->net.bits = (uint8_t)bits;
	return 0;
}

bool eng_net__holds(const struct eng_net *n, uint8_t family, const uint8_t *a)
{
	unsigned whole = n->bits / 8, rest = n->bits % 8;

	if (n->family != family || memcmp(n->a, a, whole))
		return false;
	return !rest || !((n->a[whole] ^ a[whole]) >> (8 - rest));
}

static int parse_bool(struct eng_text text, struct eng_lit *ret, struct err *err)
{
	ret->v.b = !strcmp(text.p, "true");
	if (!ret->v.b && strcmp(text.p, "false"))
		return err__set(err, -FMT_E_VALUE, "filter error: unrecognized boolean value %s",
				text.p);
	return 0;
}

static int too_long(struct eng_text text, struct err *err)
{
	return err__set(err, -FMT_E_LIMIT,
			"filter parameter too long: %u bytes, at most %u are allowed",
			text.len, ENG_MAX_LITERAL);
}

int eng_lit__parse(struct eng_vtype t, struct eng_text text, struct eng_lit *ret, struct err *err)
{
	int r;

	*ret = (struct eng_lit){ .v.type = t.type };
	ret->v.str.p = text.p;
	ret->v.str.len = text.len;
	if (t.type == T_BYTES)
		return text.len > ENG_MAX_LITERAL ? too_long(text, err) : 0;
	if (memchr(text.p, 0, text.len))
		return err__set(err, -FMT_E_VALUE,
				"filter error: filter value cannot contain a NUL byte (\\x00)");
	if (t.type == T_STR)
		return text.len > ENG_MAX_LITERAL ? too_long(text, err) : 0;
	switch (t.type) {
	case T_PORT:
		return parse_port(text, ret, err);
	case T_BOOL:
		return parse_bool(text, ret, err);
	case T_IP:
		return parse_ip(text, ret, err);
	case T_NET:
		return parse_net(text, ret, err);
	case T_DOUBLE:
		r = parse_number((struct eng_vtype){ T_S64, PT_S32, false }, text, ret, err);
		if (!r)
			ret->v.d = (double)ret->v.s;
		return r;
	}
	return parse_number(t, text, ret, err);
}

static int nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' &&
		(c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

int eng_lit__hex(struct eng_text text, struct arena *mem, struct eng_lit *ret, struct err *err)
{
	char *out;

	if (text.len / 2 > ENG_MAX_LITERAL)
		return too_long(text, err);
	out = arena__alloc(mem, text.len / 2 + 1);
	for (uint32_t i = 0; i + 1 < text.len; i += 2) {
		int hi = nibble(text.p[i]), lo = nibble(text.p[i + 1]);

		if (hi < 0 || lo < 0)
			goto bad;
		out[i / 2] = (char)(hi << 4 | lo);
	}
	if (text.len % 2)
		goto bad;
	*ret = (struct eng_lit){ .v.type = T_BYTES };
	ret->v.str.p = out;
	ret->v.str.len = text.len / 2;
	return 0;
bad:
	return err__set(err, -FMT_E_VALUE,
			"filter error: bcontains and bstartswith operator support hex strings "
			"only");
}
