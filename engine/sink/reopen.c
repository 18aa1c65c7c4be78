// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "engine/state/state.h"
#include "engine/sink/reopen.h"

#define AT_FDCWD_ (-100)
#define IS_STREAM 1
#define IS_DATAGRAM 2
#define IS_RAW 3
enum { UNIX_ = 1, INET_ = 2, INET6_ = 10, NETLINK_ = 16, PACKET_ = 17, VSOCK_ = 40 };	/* families, as stored */

static uint64_t num(const struct fmt_ev *row, unsigned param)
{
	uint64_t v = 0;

	fmt_ev__int(row, param, &v);
	return v;
}

static void begin(struct fmt_batch *b, const struct fmt_ev *row, uint16_t type, int64_t res)
{
	b->context = true;
	fmt_batch__begin(b, type, fmt_ev__ts(row), 0, fmt_ev__tid(row), fmt_ev__pid(row), (uint16_t)fmt_ev__cpu(row), res);
}

static void str(struct fmt_batch *b, unsigned param, const struct fmt_str *s)
{
	if (s)
		fmt_batch__str(b, param, s->p, s->len, s->full_len);
}

static void file(struct fmt_batch *b, const struct fmt_ev *row, int64_t fd, bool directory)
{
	begin(b, row, EV_openat, fd);
	fmt_batch__int(b, P_openat_dirfd, (uint64_t)AT_FDCWD_);
	str(b, P_openat_name, fmt_ev__str(row, P_state_fd_name));
	fmt_batch__int(b, P_openat_flags, num(row, P_state_fd_open_flags) | (directory ? FDF_DIRECTORY : 0));
	fmt_batch__int(b, P_openat_mode, 0);
	fmt_batch__int(b, P_openat_dev, num(row, P_state_fd_dev));
	fmt_batch__int(b, P_openat_ino, num(row, P_state_fd_ino));
	fmt_batch__end(b);
}

static void socket(struct fmt_batch *b, const struct fmt_ev *row, int64_t fd, unsigned family)
{
	uint64_t l4 = num(row, P_state_fd_l4);

	begin(b, row, EV_socket, fd);
	fmt_batch__int(b, P_socket_domain, family);
	fmt_batch__int(b, P_socket_type, l4 == L4_UDP ? IS_DATAGRAM : l4 == L4_RAW ? IS_RAW : IS_STREAM);
	fmt_batch__int(b, P_socket_proto, 0);
	fmt_batch__end(b);
}

/* The second half of its addresses is what it listens on. */
static void bound(struct fmt_batch *b, const struct fmt_ev *row, int64_t fd)
{
	const struct fmt_str *tuple = fmt_ev__str(row, P_state_fd_tuple);
	uint32_t n = tuple && tuple->len ? (tuple->len - 1) / 2 : 0;	/* an address and its port */
	char addr[1 + 18];

	if (!n || n >= sizeof(addr))
		return;
	addr[0] = tuple->p[0];
	memcpy(addr + 1, tuple->p + 1 + n, n);
	begin(b, row, EV_bind, 0);
	fmt_batch__int(b, P_bind_fd, (uint64_t)fd);
	fmt_batch__str(b, P_bind_addr, addr, 1 + n, 1 + n);
	fmt_batch__end(b);
}

static void connection(struct fmt_batch *b, const struct fmt_ev *row, int64_t fd, unsigned family)
{
	const struct fmt_str *tuple = fmt_ev__str(row, P_state_fd_tuple);

	if (tuple && num(row, P_state_fd_role) == FDR_SERVER && num(row, P_state_fd_l4) == L4_TCP) {
		begin(b, row, EV_accept, fd);
		str(b, P_accept_tuple, tuple);
		fmt_batch__end(b);
		return;
	}
	socket(b, row, fd, family);
	if (!tuple)
		return;
	begin(b, row, EV_connect, 0);
	fmt_batch__int(b, P_connect_fd, (uint64_t)fd);
	str(b, P_connect_tuple, tuple);
	fmt_batch__end(b);
}

/* Both ends are the one that is open: what matters is what it is. */
static void pipe_end(struct fmt_batch *b, const struct fmt_ev *row, int64_t fd)
{
	begin(b, row, EV_pipe2, 0);
	fmt_batch__int(b, P_pipe2_fd1, (uint64_t)fd);
	fmt_batch__int(b, P_pipe2_fd2, (uint64_t)fd);
	fmt_batch__int(b, P_pipe2_ino, num(row, P_state_fd_ino));
	fmt_batch__int(b, P_pipe2_flags, 0);
	fmt_batch__end(b);
}

static void made_by(struct fmt_batch *b, const struct fmt_ev *row, uint16_t type, int64_t fd)
{
	begin(b, row, type, fd);
	if (type == EV_memfd_create)
		str(b, P_memfd_create_name, fmt_ev__str(row, P_state_fd_name));
	else if (type == EV_signalfd4)
		fmt_batch__int(b, P_signalfd4_fd, UINT64_MAX);	/* a new one */
	fmt_batch__end(b);
}

void reopen(struct fmt_batch *b, const struct fmt_ev *row)
{
	int64_t fd = (int64_t)num(row, P_state_fd_fd);

	switch (num(row, P_state_fd_type)) {
	case FDT_FILE: file(b, row, fd, false); break;
	case FDT_DIRECTORY: file(b, row, fd, true); break;
	case FDT_IPV4: connection(b, row, fd, INET_); break;
	case FDT_IPV6: connection(b, row, fd, INET6_); break;
	case FDT_IPV4_LISTEN: socket(b, row, fd, INET_); bound(b, row, fd); break;
	case FDT_IPV6_LISTEN: socket(b, row, fd, INET6_); bound(b, row, fd); break;
	case FDT_FIFO: pipe_end(b, row, fd); break;
	case FDT_UNIX: socket(b, row, fd, UNIX_); break;
	case FDT_EVENT: made_by(b, row, EV_eventfd2, fd); break;
	case FDT_SIGNALFD: made_by(b, row, EV_signalfd4, fd); break;
	case FDT_EVENTPOLL: made_by(b, row, EV_epoll_create1, fd); break;
	case FDT_INOTIFY: made_by(b, row, EV_inotify_init1, fd); break;
	case FDT_TIMERFD: made_by(b, row, EV_timerfd_create, fd); break;
	case FDT_NETLINK: socket(b, row, fd, NETLINK_); break;
	case FDT_PACKET: socket(b, row, fd, PACKET_); break;
	case FDT_VSOCK: socket(b, row, fd, VSOCK_); break;
	case FDT_BPF: made_by(b, row, EV_bpf, fd); break;
	case FDT_USERFAULTFD: made_by(b, row, EV_userfaultfd, fd); break;
	case FDT_IO_URING: made_by(b, row, EV_io_uring_setup, fd); break;
	case FDT_MEMFD: made_by(b, row, EV_memfd_create, fd); break;
	case FDT_PIDFD: made_by(b, row, EV_pidfd_open, fd); break;
	}
}
