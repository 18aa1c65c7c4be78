// SPDX-License-Identifier: Apache-2.0
/*
 * Sockets: their addresses, which end they are, and their names.
 *
 * In a tuple the client is the source and the server the destination, whichever side this process
 * is. A connection that was accepted, or a datagram socket that others write to, belongs to a
 * server.
 */
#include <string.h>

#include "engine/state/sockaddr.h"
#include "engine/state/state_internal.h"

enum { NATIVE_SOCK_CLOEXEC = 0x80000 };
enum { TYPE_STREAM = 1, TYPE_DGRAM = 2, TYPE_RAW = 3 };
enum { PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ICMPV6 = 58, PROTO_RAW = 255 };
enum { DOMAIN_UNIX = 1, DOMAIN_INET = 2, DOMAIN_INET6 = 10, DOMAIN_NETLINK = 16, DOMAIN_PACKET = 17,
       DOMAIN_VSOCK = 40 };

static bool is_connection(const struct eng_fd *fd)
{
	return fd->type == FDT_IPV4 || fd->type == FDT_IPV6;
}

static uint8_t fd_type_of(uint64_t domain)
{
	switch (domain) {
	case DOMAIN_UNIX:
		return FDT_UNIX;
	case DOMAIN_INET:
		return FDT_IPV4;
	case DOMAIN_INET6:
		return FDT_IPV6;
	case DOMAIN_NETLINK:
		return FDT_NETLINK;
	case DOMAIN_PACKET:
		return FDT_PACKET;
	case DOMAIN_VSOCK:
		return FDT_VSOCK;
	}
	return FDT_UNKNOWN;
}

static uint8_t l4_of(uint64_t type, uint64_t proto)
{
	type &= 0xf;
	if (type == TYPE_RAW)
		return L4_RAW;
	switch (proto) {
	case 0:
		return type == TYPE_STREAM ? L4_TCP : type == TYPE_DGRAM ? L4_UDP : L4_UNKNOWN;
	case PROTO_TCP:
		return L4_TCP;
	case PROTO_UDP:
		return L4_UDP;
	case PROTO_ICMP:
	case PROTO_ICMPV6:
		return L4_ICMP;
	case PROTO_RAW:
		return L4_RAW;
	}
	return L4_UNKNOWN;
}

static struct eng_fd *new_socket(struct eng_state *st, struct eng_ctx *ctx, int64_t num,
				 uint64_t domain, uint64_t type, uint64_t proto)
{
	struct eng_fd *fd = fdtable__open(st, ctx->proc->fds, num, fd_type_of(domain));

	if (is_connection(fd)) {
		fd->tuple.family = domain == DOMAIN_INET ? SA_INET : SA_INET6;
		fd->tuple.l4 = l4_of(type, proto);
	}
	if (type & NATIVE_SOCK_CLOEXEC)
		fd->flags |= FDF_CLOEXEC;
	fd->name = eng_str__ref(st->empty);
	ctx__set_fd(ctx, fd);
	return fd;
}

void on_socket(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	struct eng_fd *fd;

	if (fmt_ev__res(ev) < 0)
		return;
	if (ev->type == EV_uring_socket) {
		new_socket(st, ctx, fmt_ev__res(ev), ev_u64(ev, P_uring_socket_domain, 0),
			   ev_u64(ev, P_uring_socket_type, 0), ev_u64(ev, P_uring_socket_proto, 0));
		return;
	}
	fd = new_socket(st, ctx, fmt_ev__res(ev), ev_u64(ev, P_socket_domain, 0),
			ev_u64(ev, P_socket_type, 0), ev_u64(ev, P_socket_proto, 0));
	fd->flags |= (uint32_t)ev_u64(ev, P_socket_flags, 0) & FDF_CLOEXEC;
}

void on_socketpair(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	uint64_t fd1, fd2, type = ev_u64(ev, P_socketpair_type, 0);

	if (fmt_ev__res(ev) < 0 || !fmt_ev__int(ev, P_socketpair_fd1, &fd1) ||
	    !fmt_ev__int(ev, P_socketpair_fd2, &fd2) || fd1 == fd2 ||
	    (int64_t)fd1 < 0 || (int64_t)fd2 < 0)
		return;
	new_socket(st, ctx, (int64_t)fd1, DOMAIN_UNIX, type, 0);
	new_socket(st, ctx, (int64_t)fd2, DOMAIN_UNIX, type, 0);
	/* As in Falco: the number is the second one's, all else the first one's. Both are alike. */
	ctx->fd = eng_fdtable__get(ctx->proc->fds, (int64_t)fd1);
}

/* --- addresses -------------------------------------------------------------------------------- */

static bool set_ip(uint8_t *at, const uint8_t *ip)
{
	if (!memcmp(at, ip, 16))
		return false;
	memcpy(at, ip, 16);
	return true;
}

static bool set_port(uint16_t *at, uint16_t port)
{
	bool changed = *at != port;

	*at = port;
	return changed;
}

static bool ends_are(const struct eng_tuple *t, const struct sock_end *c, const struct sock_end *s)
{
	return t->cport == c->port && t->sport == s->port && !memcmp(t->cip, c->ip, 16) &&
	       !memcmp(t->sip, s->ip, 16);
}

/* Take over addresses. The same ones, in either order, change nothing: false. */
static bool set_ends(struct eng_fd *fd, const struct sock_addrs *a)
{
	struct eng_tuple *t = &fd->tuple;
	uint8_t type = a->family == SA_INET ? FDT_IPV4 : FDT_IPV6;
	bool changed;

	if (fd->type == type && t->family == a->family &&
	    (ends_are(t, &a->src, &a->dst) || ends_are(t, &a->dst, &a->src)))
		return false;
	if (t->family != a->family) {	/* IPv4 over an IPv6 socket: nothing of before holds */
		uint8_t l4 = t->l4;

		*t = (struct eng_tuple){ .family = a->family, .l4 = l4 };
	}
	fd->type = type;
	changed = set_ip(t->cip, a->src.ip);
	changed |= set_port(&t->cport, a->src.port);
	changed |= set_ip(t->sip, a->dst.ip);
	changed |= set_port(&t->sport, a->dst.port);
	return changed;
}

static void swap_ends(struct eng_tuple *t)
{
	struct eng_tuple was = *t;

	memcpy(t->cip, was.sip, 16);
	memcpy(t->sip, was.cip, 16);
	t->cport = was.sport;
	t->sport = was.cport;
}

/* Name the descriptor with what is in scratch. */
static void take_name(struct eng_state *st, struct eng_ctx *ctx, struct eng_fd *fd)
{
	struct buf *b = &st->scratch;
	struct eng_str *name = eng_str__new((char *)b->p, b->len, b->len);

	if (eng_str__set(&fd->name, name))
		ctx->fd_name_changed = true;
}

static void name_by_tuple(struct eng_state *st, struct eng_ctx *ctx, struct eng_fd *fd)
{
	st->scratch.len = 0;
	eng_tuple__text(&fd->tuple, &st->scratch);
	take_name(st, ctx, fd);
}

static void name_by_addrs(struct eng_state *st, struct eng_ctx *ctx, struct eng_fd *fd,
			  const struct sock_addrs *a, bool tuple)
{
	st->scratch.len = 0;
	sock_addrs__text(a, tuple, &st->scratch);
	take_name(st, ctx, fd);
}

static bool read_addrs(const struct fmt_ev *ev, unsigned p, bool tuple, struct sock_addrs *ret)
{
	const struct fmt_str *s = fmt_ev__str(ev, p);

	return s && sock_addrs__read(ret, s->p, s->len, tuple);
}

static bool is_ip(const struct sock_addrs *a)
{
	return a->family == SA_INET || a->family == SA_INET6;
}

enum { NATIVE_EINPROGRESS = 115 };

void on_connect(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	bool uring = ev->type == EV_uring_connect;
	struct eng_fd *fd = ctx->fd;
	struct sock_addrs a;

	if (!fd || (fmt_ev__res(ev) < 0 && fmt_ev__res(ev) != -NATIVE_EINPROGRESS))
		return;
	fd->connected = true;
	fd__changed(st, fd);
	if (!read_addrs(ev, uring ? (unsigned)P_uring_connect_tuple : (unsigned)P_connect_tuple,
			true, &a) &&
	    !read_addrs(ev, uring ? (unsigned)P_uring_connect_addr_to : (unsigned)P_connect_addr,
			false, &a))
		return;
	if (is_ip(&a)) {
		sock_addrs__unmap(&a, true);
		if (set_ends(fd, &a) && fd->role == FDR_SERVER && fd->tuple.l4 == L4_UDP)
			swap_ends(&fd->tuple);
		name_by_tuple(st, ctx, fd);
	} else if (a.family == SA_UNIX && fd->type == FDT_UNIX) {
		name_by_addrs(st, ctx, fd, &a, true);
	} else {
		return;
	}
	if (fd->role == FDR_UNKNOWN)
		fd->role = FDR_CLIENT;
}

/* accept4's flags are the kernel's own, or Falco's in imported files. */
static bool accept_cloexec(const struct fmt_ev *ev)
{
	return ev->type == EV_accept4 &&
	       ev_u64(ev, P_accept4_flags, 0) & (NATIVE_SOCK_CLOEXEC | FDF_CLOEXEC);
}

void on_accept(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	unsigned p = ev->type == EV_uring_accept ? (unsigned)P_uring_accept_tuple :
						   (unsigned)P_accept_tuple;
	struct sock_addrs a;
	struct eng_fd *fd;
	uint8_t type;

	ctx->fd = NULL;
	ctx->fd_num = fmt_ev__res(ev) < 0 ? -1 : fmt_ev__res(ev);
	if (fmt_ev__res(ev) < 0)
		return;
	if (!read_addrs(ev, p, true, &a))
		a.family = 0;
	sock_addrs__unmap(&a, true);
	type = is_ip(&a) ? (a.family == SA_INET ? FDT_IPV4 : FDT_IPV6) :
	       a.family == SA_UNIX ? FDT_UNIX : FDT_UNKNOWN;
	fd = fdtable__open(st, ctx->proc->fds, fmt_ev__res(ev), type);
	if (accept_cloexec(ev))
		fd->flags |= FDF_CLOEXEC;
	fd->role = FDR_SERVER;
	fd->connected = true;
	fd->name = eng_str__ref(st->empty);
	ctx__set_fd(ctx, fd);
	if (is_ip(&a)) {
		fd->tuple.l4 = L4_TCP;
		set_ends(fd, &a);
	}
	if (a.family)
		name_by_addrs(st, ctx, fd, &a, true);
}

void on_bind(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	struct eng_fd *fd = ctx->fd;
	struct sock_addrs a, plain;

	if (!fd || fmt_ev__res(ev) < 0 ||
	    !read_addrs(ev, ev->type == EV_uring_bind ? (unsigned)P_uring_bind_addr_to :
							(unsigned)P_bind_addr, false, &a))
		return;
	plain = a;
	sock_addrs__unmap(&plain, false);
	/* A port of its own choice is a client's; one that was asked for is for listening. */
	if (is_ip(&a) && a.dst.port) {
		fd->type = plain.family == SA_INET ? FDT_IPV4_LISTEN : FDT_IPV6_LISTEN;
		fd->tuple = (struct eng_tuple){ .family = plain.family, .l4 = fd->tuple.l4,
						.sport = plain.dst.port };
		memcpy(fd->tuple.sip, plain.dst.ip, 16);
		fd->role = FDR_SERVER;
	}
	fd__changed(st, fd);
	name_by_addrs(st, ctx, fd, &a, false);
}

/* --- datagrams: addresses come with each message ---------------------------------------------- */

static bool any_fd(const struct eng_proc *p, bool (*test)(const struct eng_fd *fd, uint16_t port),
		   uint16_t port)
{
	struct eng_fd *fd;

	idmap__each(&p->fds->fds, i, fd)
		if (test(fd, port))
			return true;
	return false;
}

static bool is_bound_to(const struct eng_fd *fd, uint16_t port)
{
	return (fd->type == FDT_IPV4 || fd->type == FDT_IPV4_LISTEN) && fd->tuple.sport == port;
}

static bool comes_from(const struct eng_fd *fd, uint16_t port)
{
	return fd->type == FDT_IPV4 && fd->tuple.cport == port;
}

/*
 * Whoever owns the destination's port is the server; if both ends could be, whoever reads first is.
 */
static uint8_t guess_role(const struct eng_proc *p, const struct eng_tuple *t, bool incoming)
{
	if (!any_fd(p, is_bound_to, t->sport))
		return FDR_CLIENT;
	if (!any_fd(p, comes_from, t->cport))
		return FDR_SERVER;
	return incoming ? FDR_SERVER : FDR_CLIENT;
}

static bool has_final_name(const struct eng_fd *fd)
{
	return fd->name && fd->name->len && fd->type == FDT_IPV4 && fd->tuple.l4 == L4_TCP;
}

static void update_ip(struct eng_state *st, struct eng_ctx *ctx, struct eng_fd *fd,
		      struct sock_addrs *a, bool incoming)
{
	sock_addrs__unmap(a, true);
	if (!set_ends(fd, a))
		return;
	/* A stream's addresses do not change: it can only be a datagram socket. */
	if (fd->tuple.l4 == L4_UNKNOWN)
		fd->tuple.l4 = L4_UDP;
	iface__complete(st, &fd->tuple);
	if (fd->role == FDR_UNKNOWN)
		fd->role = guess_role(ctx->proc, &fd->tuple, incoming);
	if (fd->role == (incoming ? FDR_CLIENT : FDR_SERVER))
		swap_ends(&fd->tuple);
	fd__changed(st, fd);
	name_by_tuple(st, ctx, fd);
}

static void on_message(struct eng_state *st, struct eng_ctx *ctx, unsigned p, bool incoming)
{
	const struct fmt_ev *ev = ctx->ev;
	struct eng_fd *fd = ctx->fd;
	struct sock_addrs a;

	if (!fd || fmt_ev__res(ev) < 0)
		return;
	if (is_connection(fd) && !fd->connected) {
		fd->connected = true;
		fd__changed(st, fd);
	}
	if (has_final_name(fd) || !read_addrs(ev, p, true, &a))
		return;
	if (is_ip(&a)) {
		update_ip(st, ctx, fd, &a, incoming);
	} else if (a.family == SA_UNIX) {
		fd->type = FDT_UNIX;
		name_by_addrs(st, ctx, fd, &a, true);
		if (ctx->fd_name_changed)
			fd__changed(st, fd);
	}
}

void on_read_socket(struct eng_state *st, struct eng_ctx *ctx)
{
	switch (ctx->ev->type) {
	case EV_recvfrom:
		on_message(st, ctx, P_recvfrom_tuple, true);
		break;
	case EV_recv:
		on_message(st, ctx, P_recv_tuple, true);
		break;
	case EV_recvmsg:
		on_message(st, ctx, P_recvmsg_tuple, true);
		on_recv_fds(st, ctx);
		break;
	case EV_recvmmsg:
		on_message(st, ctx, P_recvmmsg_tuple, true);
		on_recv_fds(st, ctx);
	}
}

/* A socket that was open before anything was recorded: what is sent to an address is a datagram. */
static void infer_socket(struct eng_state *st, struct eng_ctx *ctx, unsigned p)
{
	struct sock_addrs a;

	if (!ctx->fd && ctx->has_fd_num && ctx->fd_num >= 0 && fmt_ev__res(ctx->ev) >= 0 &&
	    read_addrs(ctx->ev, p, true, &a) && is_ip(&a))
		new_socket(st, ctx, ctx->fd_num, a.family, TYPE_DGRAM, PROTO_UDP);
}

void on_write_socket(struct eng_state *st, struct eng_ctx *ctx)
{
	unsigned p = 0;

	switch (ctx->ev->type) {
	case EV_sendto:
		p = P_sendto_tuple;
		break;
	case EV_send:
		p = P_send_tuple;
		break;
	case EV_sendmsg:
		p = P_sendmsg_tuple;
		break;
	case EV_sendmmsg:
		p = P_sendmmsg_tuple;
	}
	if (ctx->ev->type != EV_sendmmsg)
		infer_socket(st, ctx, p);
	on_message(st, ctx, p, false);
}
