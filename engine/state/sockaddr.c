// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include "engine/state/sockaddr.h"
#include "engine/state/state.h"
#include "format/base/alloc.h"
#include "format/base/cursor.h"

static void read_end(struct cursor *c, struct sock_end *e, size_t n)
{
	const uint8_t *ip = cursor__take(c, n);

	memset(e, 0, sizeof(*e));
	if (ip)
		memcpy(e->ip, ip, n);
	e->port = cursor__le16(c);
}

static bool is_mapped(const struct sock_end *e)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return !memcmp(e->ip, prefix, sizeof(prefix));
}

/* The unspecified address counts as mapped beside one that is. */
static bool is_any(const struct sock_end *e)
{
	static const uint8_t any[16];

	return !memcmp(e->ip, any, sizeof(any));
}

static void unmap(struct sock_end *e)
{
	memmove(e->ip, e->ip + 12, 4);
	memset(e->ip + 4, 0, 12);
}

void sock_addrs__unmap(struct sock_addrs *a, bool tuple)
{
	bool src = is_mapped(&a->src), dst = is_mapped(&a->dst);

	if (a->family != SA_INET6)
		return;
	if (tuple ? !((src || is_any(&a->src)) && (dst || is_any(&a->dst)) && (src || dst)) : !dst)
		return;
	a->family = SA_INET;
	unmap(&a->src);
	unmap(&a->dst);
}

static void read_path(struct cursor *c, struct sock_addrs *a)
{
	a->path = (const char *)c->p;
	a->path_len = strnlen(a->path, cursor__left(c));
}

bool sock_addrs__read(struct sock_addrs *a, const void *p, size_t n, bool tuple)
{
	struct cursor c = cursor__of(p, n);

	memset(a, 0, sizeof(*a));
	a->family = cursor__u8(&c);
	switch (a->family) {
	case SA_INET:
	case SA_INET6:
		if (tuple)
			read_end(&c, &a->src, a->family == SA_INET ? 4 : 16);
		read_end(&c, &a->dst, a->family == SA_INET ? 4 : 16);
		break;
	case SA_UNIX:
		if (tuple) {
			a->src_ptr = cursor__le64(&c);
			a->dst_ptr = cursor__le64(&c);
		}
		read_path(&c, a);
		break;
	}
	return !c.bad;
}

static void ip_text(uint8_t family, const uint8_t *ip, struct buf *out)
{
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(family == SA_INET ? AF_INET : AF_INET6, ip, text, sizeof(text)))
		buf__puts(out, text);
}

void sock_end__text(uint8_t family, const struct sock_end *e, struct buf *out)
{
	ip_text(family, e->ip, out);
	buf__printf(out, ":%u", e->port);
}

void sock_addrs__text(const struct sock_addrs *a, bool tuple, struct buf *out)
{
	switch (a->family) {
	case SA_INET:
	case SA_INET6:
		if (tuple) {
			sock_end__text(a->family, &a->src, out);
			buf__puts(out, "->");
		}
		sock_end__text(a->family, &a->dst, out);
		break;
	case SA_UNIX:
		if (tuple)
			buf__printf(out, "%" PRIx64 "->%" PRIx64 " ", a->src_ptr, a->dst_ptr);
		buf__add(out, a->path, a->path_len);
		break;
	default:
		buf__printf(out, "family %u", a->family);
	}
}

void eng_tuple__text(const struct eng_tuple *t, struct buf *out)
{
	ip_text(t->family, t->cip, out);
	if (t->l4 != L4_ICMP && t->l4 != L4_RAW)
		buf__printf(out, ":%u", t->cport);
	buf__puts(out, "->");
	ip_text(t->family, t->sip, out);
	if (t->l4 != L4_ICMP && t->l4 != L4_RAW)
		buf__printf(out, ":%u", t->sport);
}
