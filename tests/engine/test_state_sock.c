// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/engine/world.h"

enum { P = 10 };
enum { UNIX = 1, INET = 2, INET6 = 10, STREAM = 1, DGRAM = 2, RAW = 3, CLOEXEC = 0x80000 };

static struct eng_fd *fd_of(struct world *w, int64_t num)
{
	return eng_fdtable__get(eng_state__proc(w->st, P)->fds, num);
}

static void assert_name(struct world *w, int64_t num, const char *name)
{
	assert_non_null(fd_of(w, num));
	assert_string_equal(fd_of(w, num)->name->s, name);
}

static void socket_of(struct world *w, int64_t fd, int domain, int type, int proto)
{
	ev(w, EV_socket, P, P, fd);
	i(w, P_socket_domain, domain);
	i(w, P_socket_type, type);
	i(w, P_socket_proto, proto);
	go(w);
}

static void connect_to(struct world *w, int64_t fd, int64_t res, const char *src, uint16_t sport,
		       const char *dst, uint16_t dport)
{
	ev(w, EV_connect, P, P, res);
	i(w, P_connect_fd, fd);
	tuple(w, P_connect_tuple, src, sport, dst, dport);
	addr(w, P_connect_addr, dst, dport);
	go(w);
}

static void new_sockets(void **state)
{
	static const struct {
		int domain, type, proto;
		uint8_t fd_type, l4;
	} cases[] = {
		{ INET, STREAM, 0, FDT_IPV4, L4_TCP },
		{ INET, DGRAM, 0, FDT_IPV4, L4_UDP },
		{ INET6, STREAM | CLOEXEC, 6, FDT_IPV6, L4_TCP },
		{ INET6, DGRAM, 17, FDT_IPV6, L4_UDP },
		{ INET, DGRAM, 1, FDT_IPV4, L4_ICMP },
		{ INET, RAW, 1, FDT_IPV4, L4_RAW },
		{ UNIX, STREAM, 0, FDT_UNIX, L4_UNKNOWN },
		{ 16, RAW, 0, FDT_NETLINK, L4_UNKNOWN },
		{ 17, RAW, 0, FDT_PACKET, L4_UNKNOWN },
		{ 40, STREAM, 0, FDT_VSOCK, L4_UNKNOWN },
		{ 99, STREAM, 0, FDT_UNKNOWN, L4_UNKNOWN },
	};
	struct world *w = world__new();

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		socket_of(w, 3, cases[k].domain, cases[k].type, cases[k].proto);
		assert_int_equal(w->ctx.fd_num, 3);
		assert_int_equal(fd_of(w, 3)->type, cases[k].fd_type);
		assert_int_equal(fd_of(w, 3)->tuple.l4, cases[k].l4);
		assert_int_equal(fd_of(w, 3)->role, FDR_UNKNOWN);
		assert_int_equal(!!(fd_of(w, 3)->flags & FDF_CLOEXEC),
				 !!(cases[k].type & CLOEXEC));
		assert_name(w, 3, "");
	}
	socket_of(w, -97, INET, STREAM, 0);
	assert_null(w->ctx.fd);
	world__free(w);
}

static void connections_have_a_client_and_a_server(void **state)
{
	struct world *w = world__new();
	struct eng_fd *fd;
	uint64_t e;

	(void)state;
	socket_of(w, 3, INET, STREAM, 0);
	e = fd_of(w, 3)->epoch;
	connect_to(w, 3, -115, "10.0.0.1", 4000, "10.0.0.2", 443);
	fd = fd_of(w, 3);
	assert_int_not_equal(fd->epoch, e);
	assert_int_equal(fd->role, FDR_CLIENT);
	assert_true(fd->connected);
	assert_true(w->ctx.fd_name_changed);
	assert_name(w, 3, "10.0.0.1:4000->10.0.0.2:443");
	assert_int_equal(fd->tuple.cport, 4000);
	assert_int_equal(fd->tuple.sport, 443);
	ev(w, EV_accept4, P, P, 5);
	tuple(w, P_accept4_tuple, "10.0.0.9", 5000, "10.0.0.1", 80);
	i(w, P_accept4_flags, CLOEXEC);
	go(w);
	fd = fd_of(w, 5);
	assert_int_equal(w->ctx.fd_num, 5);
	assert_int_equal(fd->role, FDR_SERVER);
	assert_int_equal(fd->tuple.l4, L4_TCP);
	assert_int_equal(fd->tuple.cport, 5000);
	assert_int_equal(fd->flags & FDF_CLOEXEC, FDF_CLOEXEC);
	assert_name(w, 5, "10.0.0.9:5000->10.0.0.1:80");
	world__free(w);
}

static void a_failed_connect_changes_nothing(void **state)
{
	struct world *w = world__new();

	(void)state;
	socket_of(w, 3, INET, STREAM, 0);
	connect_to(w, 3, -111, "10.0.0.1", 4000, "10.0.0.2", 443);
	assert_name(w, 3, "");
	assert_int_equal(fd_of(w, 3)->role, FDR_UNKNOWN);
	connect_to(w, 9, 0, "10.0.0.1", 4000, "10.0.0.2", 443);	/* of what is not known */
	assert_null(w->ctx.fd);
	world__free(w);
}

static void ipv4_over_ipv6_is_ipv4(void **state)
{
	struct world *w = world__new();

	(void)state;
	socket_of(w, 3, INET6, STREAM, 0);
	connect_to(w, 3, 0, "::ffff:10.0.0.1", 4000, "::ffff:10.0.0.2", 443);
	assert_int_equal(fd_of(w, 3)->type, FDT_IPV4);
	assert_int_equal(fd_of(w, 3)->tuple.l4, L4_TCP);
	assert_name(w, 3, "10.0.0.1:4000->10.0.0.2:443");
	socket_of(w, 3, INET6, STREAM, 0);
	connect_to(w, 3, 0, "::1", 4000, "2001:db8::2", 443);
	assert_int_equal(fd_of(w, 3)->type, FDT_IPV6);
	assert_name(w, 3, "::1:4000->2001:db8::2:443");
	world__free(w);
}

static void bound_to_a_port_is_listening(void **state)
{
	struct world *w = world__new();

	(void)state;
	socket_of(w, 3, INET, STREAM, 0);
	ev(w, EV_bind, P, P, 0);
	i(w, P_bind_fd, 3);
	addr(w, P_bind_addr, "0.0.0.0", 8080);
	go(w);
	assert_int_equal(fd_of(w, 3)->type, FDT_IPV4_LISTEN);
	assert_int_equal(fd_of(w, 3)->role, FDR_SERVER);
	assert_int_equal(fd_of(w, 3)->tuple.l4, L4_TCP);
	assert_int_equal(fd_of(w, 3)->tuple.sport, 8080);
	assert_name(w, 3, "0.0.0.0:8080");
	socket_of(w, 4, INET6, STREAM, 0);
	ev(w, EV_bind, P, P, 0);
	i(w, P_bind_fd, 4);
	addr(w, P_bind_addr, "::1", 0);		/* any port: a client */
	go(w);
	assert_int_equal(fd_of(w, 4)->type, FDT_IPV6);
	socket_of(w, 5, INET, STREAM, 0);
	ev(w, EV_bind, P, P, -98);
	i(w, P_bind_fd, 5);
	addr(w, P_bind_addr, "0.0.0.0", 8080);
	go(w);
	assert_int_equal(fd_of(w, 5)->type, FDT_IPV4);
	world__free(w);
}

static void send_to(struct world *w, int64_t fd, const char *src, uint16_t sport, const char *dst,
		    uint16_t dport)
{
	ev(w, EV_sendto, P, P, 5);
	i(w, P_sendto_fd, fd);
	tuple(w, P_sendto_tuple, src, sport, dst, dport);
	go(w);
}

static void receive_from(struct world *w, int64_t fd, const char *src, uint16_t sport,
			 const char *dst, uint16_t dport)
{
	ev(w, EV_recvfrom, P, P, 5);
	i(w, P_recvfrom_fd, fd);
	tuple(w, P_recvfrom_tuple, src, sport, dst, dport);
	go(w);
}

static void datagrams_carry_their_addresses(void **state)
{
	struct world *w = world__new();

	(void)state;
	socket_of(w, 3, INET, DGRAM, 0);
	send_to(w, 3, "10.0.0.1", 4000, "8.8.8.8", 53);
	assert_name(w, 3, "10.0.0.1:4000->8.8.8.8:53");
	assert_true(w->ctx.fd_name_changed);
	assert_int_equal(fd_of(w, 3)->role, FDR_CLIENT);
	assert_true(fd_of(w, 3)->connected);
	send_to(w, 3, "10.0.0.1", 4000, "8.8.8.8", 53);
	assert_false(w->ctx.fd_name_changed);
	/* The answer comes the other way, and is the same conversation. */
	receive_from(w, 3, "8.8.8.8", 53, "10.0.0.1", 4000);
	assert_false(w->ctx.fd_name_changed);
	assert_name(w, 3, "10.0.0.1:4000->8.8.8.8:53");
	send_to(w, 3, "10.0.0.1", 4000, "1.1.1.1", 53);
	assert_true(w->ctx.fd_name_changed);
	assert_name(w, 3, "10.0.0.1:4000->1.1.1.1:53");
	world__free(w);
}

static void who_is_written_to_is_a_server(void **state)
{
	struct world *w = world__new();

	(void)state;
	socket_of(w, 3, INET, DGRAM, 0);
	ev(w, EV_bind, P, P, 0);
	i(w, P_bind_fd, 3);
	addr(w, P_bind_addr, "0.0.0.0", 53);
	go(w);
	receive_from(w, 3, "10.0.0.9", 6000, "10.0.0.1", 53);
	assert_int_equal(fd_of(w, 3)->type, FDT_IPV4);
	assert_int_equal(fd_of(w, 3)->role, FDR_SERVER);
	assert_int_equal(fd_of(w, 3)->tuple.l4, L4_UDP);
	assert_name(w, 3, "10.0.0.9:6000->10.0.0.1:53");
	send_to(w, 3, "10.0.0.1", 53, "10.0.0.9", 6000);	/* still the client's first */
	assert_name(w, 3, "10.0.0.9:6000->10.0.0.1:53");
	world__free(w);
}

/* The address in a message of a stream is what its peer says: not believed. */
static void a_streams_name_is_final(void **state)
{
	struct world *w = world__new();

	(void)state;
	socket_of(w, 3, INET, STREAM, 0);
	connect_to(w, 3, 0, "10.0.0.1", 4000, "10.0.0.2", 443);
	send_to(w, 3, "10.0.0.1", 4000, "6.6.6.6", 1);
	assert_false(w->ctx.fd_name_changed);
	assert_name(w, 3, "10.0.0.1:4000->10.0.0.2:443");
	world__free(w);
}

static void a_connected_datagram_socket_may_write_elsewhere(void **state)
{
	struct world *w = world__new();

	(void)state;
	socket_of(w, 3, INET6, DGRAM, 0);
	connect_to(w, 3, 0, "::1", 4000, "::2", 53);
	send_to(w, 3, "::1", 4000, "::3", 2345);
	assert_name(w, 3, "::1:4000->::3:2345");
	world__free(w);
}

static void unix_sockets(void **state)
{
	struct world *w = world__new();

	(void)state;
	socket_of(w, 3, UNIX, STREAM, 0);
	ev(w, EV_connect, P, P, 0);
	i(w, P_connect_fd, 3);
	unix_tuple(w, P_connect_tuple, 0xffff888001, 0xffff888002, "/run/x.sock");
	go(w);
	assert_name(w, 3, "ffff888001->ffff888002 /run/x.sock");
	assert_int_equal(fd_of(w, 3)->role, FDR_CLIENT);
	ev(w, EV_accept, P, P, 4);
	unix_tuple(w, P_accept_tuple, 2, 1, "/run/y.sock");
	go(w);
	assert_int_equal(fd_of(w, 4)->type, FDT_UNIX);
	assert_name(w, 4, "2->1 /run/y.sock");
	ev(w, EV_socketpair, P, P, 0);
	i(w, P_socketpair_domain, UNIX);
	i(w, P_socketpair_type, STREAM | CLOEXEC);
	i(w, P_socketpair_fd1, 5);
	i(w, P_socketpair_fd2, 6);
	go(w);
	assert_int_equal(fd_of(w, 5)->type, FDT_UNIX);
	assert_int_equal(fd_of(w, 6)->flags, FDF_CLOEXEC);
	world__free(w);
}

/* What comes from a file may be cut or of any kind. */
static void broken_addresses_are_refused(void **state)
{
	static const char bytes[] = "\2\1\2\3\4\5\6\7\10\11\12\13\14";
	struct world *w = world__new();

	(void)state;
	for (uint32_t n = 0; n < 13; n++) {
		socket_of(w, 3, INET, STREAM, 0);
		ev(w, EV_connect, P, P, 0);
		i(w, P_connect_fd, 3);
		fmt_batch__str(w->b, P_connect_tuple, bytes, n, n);
		go(w);
		assert_name(w, 3, "");
	}
	ev(w, EV_accept, P, P, 4);
	fmt_batch__str(w->b, P_accept_tuple, "\77abcdef", 7, 7);
	go(w);
	assert_int_equal(fd_of(w, 4)->type, FDT_UNKNOWN);
	world__free(w);
}

/* An address that is not yet known at the call is the interface's towards the other end. */
static void missing_addresses_are_completed(void **state)
{
	static const uint8_t ip[4] = { 10, 0, 0, 1 };
	struct world *w = world__new();

	(void)state;
	ev(w, EV_state_iface, 0, 0, 0);
	s(w, P_state_iface_name, "eth0");
	addr(w, P_state_iface_addr, "10.0.0.1", 0);
	i(w, P_state_iface_prefix, 24);
	go(w);
	socket_of(w, 3, INET, DGRAM, 0);
	send_to(w, 3, "0.0.0.0", 4000, "10.0.0.200", 53);
	assert_name(w, 3, "10.0.0.1:4000->10.0.0.200:53");
	assert_true(eng_state__is_local_ip(w->st, 2, ip));
	world__free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_sockets),
		cmocka_unit_test(connections_have_a_client_and_a_server),
		cmocka_unit_test(a_failed_connect_changes_nothing),
		cmocka_unit_test(ipv4_over_ipv6_is_ipv4),
		cmocka_unit_test(bound_to_a_port_is_listening),
		cmocka_unit_test(datagrams_carry_their_addresses),
		cmocka_unit_test(who_is_written_to_is_a_server),
		cmocka_unit_test(a_streams_name_is_final),
		cmocka_unit_test(a_connected_datagram_socket_may_write_elsewhere),
		cmocka_unit_test(unix_sockets),
		cmocka_unit_test(broken_addresses_are_refused),
		cmocka_unit_test(missing_addresses_are_completed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
