// SPDX-License-Identifier: Apache-2.0
/*
 * The names of addresses, as recorded answers have given them: nothing is ever asked for.
 *
 * A fixed table, four places for each hash: a new answer takes that of the same address or the
 * oldest. So memory is bounded, whatever a trace says.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "engine/state/sockaddr.h"
#include "engine/state/state_internal.h"

#define WAYS 4u
#define PLACES 4096u

struct named_addr {
	uint8_t family;			/* 0: free */
	uint8_t ip[16];
	uint64_t ts;			/* of the answer */
	struct eng_str *name;
};

struct dns_names {
	struct named_addr at[PLACES];
};

static struct named_addr *first_place(struct dns_names *n, const uint8_t *ip, size_t len)
{
	uint64_t h = 0;

	/* not by a secret number: who replays a trace again must see the same */
	for (size_t i = 0; i < len; i++)
		h = (h ^ ip[i]) * 0x9e3779b97f4a7c15ull;
	return &n->at[((h ^ h >> 32) & (PLACES / WAYS - 1)) * WAYS];
}

static size_t ip_len(uint8_t family)
{
	return family == AF_INET ? 4 : 16;
}

static bool is_for(const struct named_addr *a, uint8_t family, const uint8_t *ip)
{
	return a->family == family && !memcmp(a->ip, ip, ip_len(family));
}

static void name_address(struct eng_state *st, uint8_t family, const uint8_t *ip, uint64_t ts,
			 struct eng_str *name)
{
	struct named_addr *a, *take;

	if (!st->dns)
		st->dns = xcalloc(1, sizeof(*st->dns));
	take = a = first_place(st->dns, ip, ip_len(family));
	for (unsigned i = 0; i < WAYS; i++) {
		if (is_for(&a[i], family, ip)) {
			take = &a[i];
			break;
		}
		if (!a[i].family || (take->family && a[i].ts < take->ts))
			take = &a[i];
	}
	take->family = family;
	memset(take->ip, 0, sizeof(take->ip));
	memcpy(take->ip, ip, ip_len(family));
	take->ts = ts;
	eng_str__set(&take->name, eng_str__ref(name));
}

/* An answer: its addresses have the name that was asked for, whatever aliases lie in between. */
void on_dns(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	const struct fmt_str *list = fmt_ev__str(ev, P_dns_addresses);
	struct eng_str *name;

	if (!ev_u64(ev, P_dns_answer, 0) || !list || !list->len)
		return;
	name = ev_str(st, ev, P_dns_name);
	if (!name)
		return;
	for (size_t at = 0; at < list->len;) {
		size_t n = strnlen(list->p + at, list->len - at);
		char text[INET6_ADDRSTRLEN] = "";
		uint8_t ip[16];

		if (n < sizeof(text)) {
			memcpy(text, list->p + at, n);
			if (inet_pton(AF_INET, text, ip) == 1)
				name_address(st, AF_INET, ip, fmt_ev__ts(ev), name);
			else if (inet_pton(AF_INET6, text, ip) == 1)
				name_address(st, AF_INET6, ip, fmt_ev__ts(ev), name);
		}
		at += n + 1;
	}
	eng_str__unref(name);
}

/* A row of a keyframe: one address. */
void on_state_dns(struct eng_state *st, struct eng_ctx *ctx)
{
	struct eng_str *name = ev_str(st, ctx->ev, P_state_dns_name);
	const struct fmt_str *s = fmt_ev__str(ctx->ev, P_state_dns_addr);
	struct sock_addrs a;

	if (name && s && sock_addrs__read(&a, s->p, s->len, false) &&
	    (a.family == AF_INET || a.family == AF_INET6))
		name_address(st, a.family, a.src.ip, ev_u64(ctx->ev, P_state_dns_since, 0), name);
	eng_str__unref(name);
}

void dns_names__each(struct eng_state *st,
		     void (*fn)(void *arg, uint8_t family, const uint8_t *ip, uint64_t ts,
				const struct eng_str *name),
		     void *arg)
{
	for (unsigned i = 0; st->dns && i < PLACES; i++) {
		const struct named_addr *a = &st->dns->at[i];

		if (a->family)
			fn(arg, a->family, a->ip, a->ts, a->name);
	}
}

const struct eng_str *eng_state__address_name(struct eng_state *st, uint8_t family,
					      const uint8_t *ip)
{
	const struct named_addr *a;

	if (!st->dns || (family != AF_INET && family != AF_INET6))
		return NULL;
	a = first_place(st->dns, ip, ip_len(family));
	for (unsigned i = 0; i < WAYS; i++)
		if (is_for(&a[i], family, ip))
			return a[i].name;
	return NULL;
}

void dns_names__free(struct eng_state *st)
{
	for (unsigned i = 0; st->dns && i < PLACES; i++)
		eng_str__unref(st->dns->at[i].name);
	free(st->dns);
	st->dns = NULL;
}
