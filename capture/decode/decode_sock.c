// SPDX-License-Identifier: Apache-2.0
/*
 * Socket addresses: from the kernel's sockets and from sockaddrs to PT_SOCKADDR and PT_SOCKTUPLE.
 */
#include <assert.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "capture/decode/decode.h"

/* One end of a connection. */
struct end {
	uint16_t family;
	const uint8_t *ip;		/* 4 or 16 bytes */
	uint16_t port;
	const char *path;		/* AF_UNIX; an abstract name begins with NUL */
	size_t n_path;
	uint64_t ptr;
};

static bool end_of_sock(const struct cap_blob *b, bool remote, struct end *e)
{
	const struct cap_sock *s = (const void *)cap_blob__bytes(b);

	if (b->len < sizeof(*s) || b->len < sizeof(*s) + (size_t)s->lpath + s->rpath)
		return false;
	*e = (struct end){ .family = s->family,
			   .ip = remote ? s->raddr : s->laddr,
			   .port = remote ? s->rport : s->lport,
			   .path = (const char *)(s + 1) + (remote ? s->lpath : 0),
			   .n_path = remote ? s->rpath : s->lpath,
			   .ptr = remote ? s->peer : s->sock };
	return true;
}

static bool end_of_addr(const struct cap_blob *b, struct end *e)
{
	const uint8_t *p = cap_blob__bytes(b);
	uint16_t family;

	if (b->len < sizeof(family))
		return false;
	memcpy(&family, p, sizeof(family));
	*e = (struct end){ .family = family };
	switch (family) {
	case AF_INET:
		if (b->len < offsetof(struct sockaddr_in, sin_zero))
			return false;
		e->ip = p + offsetof(struct sockaddr_in, sin_addr);
		e->port = (uint16_t)(p[2] << 8 | p[3]);
		return true;
	case AF_INET6:
		if (b->len < offsetof(struct sockaddr_in6, sin6_scope_id))
			return false;
		e->ip = p + offsetof(struct sockaddr_in6, sin6_addr);
		e->port = (uint16_t)(p[2] << 8 | p[3]);
		return true;
	case AF_UNIX:
		e->path = (const char *)p + 2;
		e->n_path = b->len - 2u;
		return true;
	default:
		e->path = (const char *)p + 2;
		e->n_path = b->len - 2u;
		return family < 256;
	}
}

/*
 * The name of a unix socket: text up to NUL; an abstract one starts with '@' and may hold NULs,
 * which become '@'.
 */
static void add_unix(struct buf *out, const struct end *e)
{
	if (e->n_path && !e->path[0]) {
		for (size_t i = 0; i < e->n_path; i++)
			buf__u8(out, (uint8_t)(e->path[i] ? e->path[i] : '@'));
	} else if (e->n_path) {
		buf__add(out, e->path, strnlen(e->path, e->n_path));
	}
	buf__u8(out, 0);
}

static size_t ip_len(uint16_t family)
{
	return family == AF_INET ? 4 : 16;
}

static void add_addr(struct buf *out, const struct end *e)
{
	buf__u8(out, (uint8_t)e->family);
	if (e->family == AF_INET || e->family == AF_INET6) {
		buf__add(out, e->ip, ip_len(e->family));
		buf__le16(out, e->port);
	} else if (e->family == AF_UNIX) {
		add_unix(out, e);
	} else {
		buf__add(out, e->path, e->n_path);
	}
}

static bool add_tuple(struct buf *out, const struct end *src, const struct end *dst)
{
	if (src->family != dst->family)
		return false;
	buf__u8(out, (uint8_t)src->family);
	switch (src->family) {
	case AF_INET:
	case AF_INET6:
		buf__add(out, src->ip, ip_len(src->family));
		buf__le16(out, src->port);
		buf__add(out, dst->ip, ip_len(dst->family));
		buf__le16(out, dst->port);
		return true;
	case AF_UNIX:
		buf__le64(out, src->ptr);
		buf__le64(out, dst->ptr);
		add_unix(out, dst->n_path ? dst : src);
		return true;
	}
	return false;
}

bool cap_sock__tuple(const struct cap_blob *b, bool remote_first, struct buf *out)
{
	struct end local, remote;

	return end_of_sock(b, false, &local) && end_of_sock(b, true, &remote) &&
	       (remote_first ? add_tuple(out, &remote, &local) : add_tuple(out, &local, &remote));
}

/* The tuple of a message that names its peer: the socket's own address and that one. */
static bool message_tuple(const struct cap_parts *p, bool incoming, struct buf *out)
{
	struct end local, remote;

	if (!p->blob[TAG_SOCK] || !p->blob[TAG_ADDR] ||
	    !end_of_sock(p->blob[TAG_SOCK], false, &local) ||
	    !end_of_addr(p->blob[TAG_ADDR], &remote))
		return false;
	return incoming ? add_tuple(out, &remote, &local) : add_tuple(out, &local, &remote);
}

static void set_str(struct fmt_batch *b, unsigned param, const struct buf *t)
{
	fmt_batch__str(b, param, (const char *)t->p, (uint32_t)t->len, (uint32_t)t->len);
}

static bool failed(const struct cap_parts *p)
{
	return p->rec->res < 0 && p->rec->res != -115;	/* EINPROGRESS: a connection on its way */
}

/*
 * What was passed where the call failed or the socket has no such address, else what the socket
 * has.
 */
static void set_addr(struct cap_decoder *d, const struct cap_parts *p, struct fmt_batch *b,
		     unsigned param, bool remote, bool prefer_passed)
{
	const struct cap_blob *addr = p->blob[TAG_ADDR], *sock = p->blob[TAG_SOCK];
	struct end e;

	if (!(addr && (prefer_passed || failed(p)) && end_of_addr(addr, &e)) &&
	    !(sock && !failed(p) && end_of_sock(sock, remote, &e)) &&
	    !(addr && end_of_addr(addr, &e)))
		return;
	d->text.len = 0;
	add_addr(&d->text, &e);
	set_str(b, param, &d->text);
}

static void decode_connect(struct cap_decoder *d, const struct cap_parts *p, struct fmt_batch *b)
{
	bool made;

	set_addr(d, p, b, P_connect_addr, true, true);
	d->text.len = 0;
	made = !failed(p) && p->blob[TAG_SOCK] &&
	       cap_sock__tuple(p->blob[TAG_SOCK], false, &d->text);
	if (!made) {
		d->text.len = 0;
		made = message_tuple(p, false, &d->text);
	}
	if (made)
		set_str(b, P_connect_tuple, &d->text);
}

static void decode_accept(struct cap_decoder *d, const struct cap_parts *p, struct fmt_batch *b)
{
	unsigned regs = p->rec->type == EV_accept4 ? 4 : 1;

	static_assert((int)P_accept_tuple == P_accept4_tuple &&
			      (int)P_accept_queuepct == P_accept4_queuepct,
		      "accept and accept4 begin alike");
	d->text.len = 0;
	if (p->blob[TAG_SOCK] && cap_sock__tuple(p->blob[TAG_SOCK], true, &d->text))
		set_str(b, P_accept_tuple, &d->text);
	if (p->n_nums >= regs + 2 && p->nums[regs + 1])
		fmt_batch__int(b, P_accept_queuepct,
			       (uint8_t)(p->nums[regs] * 100 / p->nums[regs + 1]));
}

static void decode_uring(struct cap_decoder *d, const struct cap_parts *p, struct fmt_batch *b)
{
	bool accepts = p->rec->type == EV_uring_accept;

	d->text.len = 0;
	if (!failed(p) && p->blob[TAG_SOCK] && cap_sock__tuple(p->blob[TAG_SOCK], accepts, &d->text))
		set_str(b, accepts ? (unsigned)P_uring_accept_tuple : (unsigned)P_uring_connect_tuple,
			&d->text);
}

/* Descriptors that came with a message: the control data's SCM_RIGHTS. */
static void decode_rights(struct cap_decoder *d, const struct cap_parts *p, struct fmt_batch *b,
			  unsigned param)
{
	const struct cap_blob *blob = p->blob[TAG_CONTROL];
	const uint8_t *c = cap_blob__bytes(blob);
	size_t at = 0;
	uint16_t n = 0;

	if (p->rec->abi != ABI_NATIVE)
		return;			/* headers of another size */
	d->text.len = 0;
	buf__le16(&d->text, 0);
	while (at + sizeof(struct cmsghdr) <= blob->len) {
		struct cmsghdr h;

		memcpy(&h, c + at, sizeof(h));
		if (h.cmsg_len < sizeof(h) || h.cmsg_len > blob->len - at)
			break;
		for (size_t i = sizeof(h);
		     h.cmsg_level == SOL_SOCKET && h.cmsg_type == SCM_RIGHTS && i + 4 <= h.cmsg_len;
		     i += 4) {
			int32_t fd;

			memcpy(&fd, c + at + i, sizeof(fd));
			buf__le64(&d->text, (uint64_t)(int64_t)fd);
			buf__le16(&d->text, 0);
			n++;
		}
		at += (h.cmsg_len + 7) & ~(size_t)7;
	}
	if (!n)
		return;
	memcpy(d->text.p, &n, sizeof(n));
	set_str(b, param, &d->text);
}

void cap_decode__socket(struct cap_decoder *d, const struct cap_parts *p, struct fmt_batch *b)
{
	const struct fmt_event_info *ev = fmt_event(p->rec->type);
	int tuple, rights;

	switch (p->rec->type) {
	case EV_connect:
		decode_connect(d, p, b);
		return;
	case EV_accept:
	case EV_accept4:
		decode_accept(d, p, b);
		return;
	case EV_uring_connect:
	case EV_uring_accept:
		decode_uring(d, p, b);
		return;
	case EV_bind:
		set_addr(d, p, b, P_bind_addr, false, false);
		return;
	case EV_getsockname:
		set_addr(d, p, b, P_getsockname_addr, false, false);
		return;
	case EV_getpeername:
		set_addr(d, p, b, P_getpeername_addr, true, false);
		return;
	}
	tuple = fmt_event__param(ev, "tuple");
	d->text.len = 0;
	if (tuple >= 0 && message_tuple(p, ev->flags & EF_READS, &d->text))
		set_str(b, (unsigned)tuple, &d->text);
	rights = p->blob[TAG_CONTROL] ? fmt_event__param(ev, "scm_fds") : -1;
	if (rights >= 0)
		decode_rights(d, p, b, (unsigned)rights);
}
