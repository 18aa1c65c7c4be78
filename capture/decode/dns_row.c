// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "capture/decode/decode.h"
#include "capture/decode/dns_row.h"

#define DNS_PORT 53
#define MAX_LATENCY 60000000000u

/* The end that has port 53: the socket's own, its peer, or the address that the call names. */
static bool find_server(struct cap_dns *d, const struct cap_parts *p)
{
	const struct cap_sock *s = (const void *)cap_blob__bytes(p->blob[TAG_SOCK]);
	const struct cap_blob *addr = p->blob[TAG_ADDR];
	const uint8_t *ip = NULL, *a = addr ? cap_blob__bytes(addr) : NULL;
	uint16_t family = s->family;
	size_t n;

	if (s->rport == DNS_PORT)
		ip = s->raddr;
	else if (s->lport == DNS_PORT)
		ip = s->laddr;
	if (!ip && addr && addr->len >= 8) {
		memcpy(&family, a, sizeof(family));
		if ((a[2] << 8 | a[3]) == DNS_PORT)
			ip = a + (family == AF_INET ? 4 : 8);
		if (family == AF_INET6 && addr->len < 24)
			ip = NULL;
	}
	if (!ip || (family != AF_INET && family != AF_INET6))
		return false;
	n = family == AF_INET ? 4 : 16;
	d->server[0] = (uint8_t)family;
	memcpy(d->server + 1, ip, n);
	d->server[1 + n] = DNS_PORT;
	d->server[2 + n] = 0;
	d->n_server = (uint32_t)n + 3;
	return true;
}

/* A client writes questions and reads answers; a server, which may be the same process, does not. */
static uint64_t who_asks(const struct cap_dns *d, const struct cap_record *r)
{
	bool writes = fmt_event(r->type)->flags & EF_WRITES, client = writes != d->msg.answer;
	uint64_t h = r->pid_tid >> 32 << 1 | client;

	h = (h << 16 ^ d->msg.id) * 0x9e3779b97f4a7c15ull ^ d->msg.type;
	for (unsigned i = 0; i < d->msg.n_name; i++)
		h = (h ^ (uint8_t)d->msg.name[i]) * 0x100000001b3ull;
	return h | 1;
}

/* Questions are remembered until they are answered, or until their place is needed. */
static void pair(struct cap_dns *d, const struct cap_record *r)
{
	uint64_t who = who_asks(d, r);
	struct cap_asked *a = &d->asked[(who >> 8) % CAP_DNS_ASKED];

	d->latency = 0;
	if (!d->msg.answer) {
		*a = (struct cap_asked){ who, r->ts };
		return;
	}
	if (a->who == who && r->ts > a->ts && r->ts - a->ts < MAX_LATENCY)
		d->latency = r->ts - a->ts;
	a->who = 0;
}

void cap_dns__look(struct cap_dns *d, const struct cap_parts *p)
{
	const struct cap_blob *data = p->blob[TAG_DATA_MORE], *sock = p->blob[TAG_SOCK];
	const uint8_t *bytes;
	size_t n, full;

	d->found = false;
	if (!data)
		data = p->blob[TAG_DATA];
	if (!data || !sock || sock->len < sizeof(struct cap_sock) || p->rec->res < 0 ||
	    !find_server(d, p))
		return;
	bytes = cap_blob__bytes(data);
	n = data->len;
	full = data->full;
	if (((const struct cap_sock *)(const void *)cap_blob__bytes(sock))->type == SOCK_STREAM) {
		if (n < 2)
			return;
		full = (size_t)(bytes[0] << 8 | bytes[1]);	/* RFC 1035, 4.2.2 */
		bytes += 2;
		n -= 2;
		if (n > full)
			n = full;
	}
	d->found = eng_dns__parse(&d->msg, bytes, n, full);
	if (!d->found)
		return;
	d->fd = p->n_nums ? (int32_t)p->nums[0] : -1;
	pair(d, p->rec);
}

static void add_addresses(const struct eng_dns *m, struct fmt_batch *b)
{
	char text[ENG_DNS_ADDRS * INET6_ADDRSTRLEN];
	size_t n = 0;

	for (unsigned i = 0; i < m->n_addrs; i++) {
		inet_ntop(m->addrs[i].len == 4 ? AF_INET : AF_INET6, m->addrs[i].ip, text + n,
			  INET6_ADDRSTRLEN);
		n += strlen(text + n) + 1;
	}
	fmt_batch__str(b, P_dns_addresses, text, (uint32_t)n, (uint32_t)n);
}

int cap_dns__row(const struct cap_dns *d, const struct cap_record *r, uint64_t ts, unsigned cpu,
		 struct fmt_batch *b)
{
	char buf[16];
	const char *type = eng_dns__type(d->msg.type, buf);
	int code = fmt_batch__begin(b, EV_dns, ts, 0, (uint32_t)r->pid_tid,
				    (uint32_t)(r->pid_tid >> 32), (uint16_t)cpu, 0);

	if (code < 0)
		return code;
	fmt_batch__int(b, P_dns_fd, (uint64_t)d->fd);
	fmt_batch__str(b, P_dns_name, d->msg.name, d->msg.n_name, d->msg.n_name);
	fmt_batch__str(b, P_dns_qtype, type, (uint32_t)strlen(type), (uint32_t)strlen(type));
	fmt_batch__int(b, P_dns_answer, d->msg.answer);
	fmt_batch__int(b, P_dns_truncated, d->msg.cut);
	fmt_batch__int(b, P_dns_id, d->msg.id);
	fmt_batch__str(b, P_dns_server, (const char *)d->server, d->n_server, d->n_server);
	if (d->msg.answer) {
		fmt_batch__int(b, P_dns_rcode, d->msg.rcode);
		add_addresses(&d->msg, b);
		if (d->latency)
			fmt_batch__int(b, P_dns_latency, d->latency);
	}
	fmt_batch__end(b);
	return 0;
}
