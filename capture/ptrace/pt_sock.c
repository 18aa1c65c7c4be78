// SPDX-License-Identifier: Apache-2.0
/*
 * The socket behind a descriptor of a traced thread: a duplicate of it is taken (pidfd_getfd,
 * Linux 5.6) and asked for its addresses. Where that is forbidden, what the caller passed is all
 * there is.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "capture/ptrace/pt.h"

#define STATE_ESTABLISHED 1		/* include/net/tcp_states.h */
#define STATE_CLOSE 7
#define STATE_LISTEN 10

union any_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	struct sockaddr_storage all;
};

static int duplicate(struct pt_thread *t, int fd)
{
	int pidfd = pt_thread__pidfd(t);

	return pidfd < 0 || fd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
}

static int option(int fd, int name)
{
	socklen_t n = sizeof(int);
	int v = 0;

	return getsockopt(fd, SOL_SOCKET, name, &v, &n) ? -1 : v;
}

static uint16_t state_of(int fd, const struct cap_sock *s, bool has_peer)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);

	if (s->protocol == IPPROTO_TCP && !getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n))
		return info.tcpi_state;
	return option(fd, SO_ACCEPTCONN) > 0 ? STATE_LISTEN : has_peer ? STATE_ESTABLISHED
								       : STATE_CLOSE;
}

/* An end of it; the name of a unix socket goes to `name`, its length is returned. */
static size_t take_end(const union any_addr *a, socklen_t len, uint16_t *port, uint8_t addr[16],
		       char *name)
{
	size_t n;

	switch (a->sa.sa_family) {
	case AF_INET:
		*port = ntohs(a->in.sin_port);
		memcpy(addr, &a->in.sin_addr, 4);
		return 0;
	case AF_INET6:
		*port = ntohs(a->in6.sin6_port);
		memcpy(addr, &a->in6.sin6_addr, 16);
		return 0;
	case AF_UNIX:
		n = len > offsetof(struct sockaddr_un, sun_path)
			    ? len - offsetof(struct sockaddr_un, sun_path)
			    : 0;
		if (n > sizeof(a->un.sun_path))
			n = sizeof(a->un.sun_path);
		memcpy(name, a->un.sun_path, n);
		return n;
	}
	return 0;
}

void pt_sock(struct pt_thread *t, struct pt_out *o, int fd)
{
	struct {
		struct cap_sock s;
		char names[2 * sizeof(((struct sockaddr_un *)0)->sun_path)];
	} b;
	union any_addr a;
	socklen_t len = sizeof(a);
	int own = duplicate(t, fd);
	struct stat st;
	bool has_peer;
	size_t n;

	if (own < 0)
		return;
	memset(&b, 0, sizeof(b));
	if (fstat(own, &st) || !S_ISSOCK(st.st_mode) || option(own, SO_DOMAIN) < 0)
		goto out;
	b.s.family = (uint16_t)option(own, SO_DOMAIN);
	b.s.type = (uint16_t)option(own, SO_TYPE);
	b.s.protocol = (uint16_t)option(own, SO_PROTOCOL);
	if (!getsockname(own, &a.sa, &len))
		b.s.lpath = (uint16_t)take_end(&a, len, &b.s.lport, b.s.laddr, b.names);
	len = sizeof(a);
	has_peer = !getpeername(own, &a.sa, &len);
	if (has_peer)
		b.s.rpath = (uint16_t)take_end(&a, len, &b.s.rport, b.s.raddr,
					       b.names + b.s.lpath);
	b.s.state = state_of(own, &b.s, has_peer);
	if (b.s.family == AF_UNIX)
		b.s.sock = st.st_ino;	/* its address in the kernel is not for us */
	n = sizeof(b.s) + b.s.lpath + b.s.rpath;
	pt_out__blob(o, TAG_SOCK, &b, n, n);
out:
	close(own);
}

void pt_sock__ports(struct pt_thread *t, int fd, uint16_t ret[2])
{
	char names[2 * sizeof(((struct sockaddr_un *)0)->sun_path)];
	union any_addr a = { 0 };
	socklen_t len = sizeof(a);
	uint8_t addr[16];
	int own = duplicate(t, fd);

	ret[0] = ret[1] = 0;
	if (own < 0)
		return;
	if (!getsockname(own, &a.sa, &len))
		take_end(&a, len, &ret[0], addr, names);
	len = sizeof(a);
	if (!getpeername(own, &a.sa, &len))
		take_end(&a, len, &ret[1], addr, names);
	close(own);
}

/* tcp(7): of a listening socket, tcpi_unacked and tcpi_sacked are its queue and its limit. */
bool pt_sock__queue(struct pt_thread *t, int fd, uint32_t *ret_n, uint32_t *ret_max)
{
	int own = duplicate(t, fd);
	struct tcp_info info;
	socklen_t n = sizeof(info);
	bool ok;

	if (own < 0)
		return false;
	ok = !getsockopt(own, IPPROTO_TCP, TCP_INFO, &info, &n) && info.tcpi_state == STATE_LISTEN;
	close(own);
	if (ok) {
		*ret_n = info.tcpi_unacked;
		*ret_max = info.tcpi_sacked;
	}
	return ok;
}
