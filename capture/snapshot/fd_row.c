// SPDX-License-Identifier: Apache-2.0
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "capture/snapshot/fd_row.h"
#include "engine/state/sockaddr.h"
#include "engine/state/state.h"

#define TCP_LISTEN 10			/* include/net/tcp_states.h */
#define TCP_ESTABLISHED 1
#define ANON_INODE_FS_MAGIC 0x09041934u	/* include/uapi/linux/magic.h */
#define PID_FS_MAGIC 0x50494446u

uint32_t cap_fd_rows__table(struct cap_fd_rows *f, uint64_t address)
{
	size_t i;

	if (!address)
		return 0;
	/* Rows come process by process, so the one that is asked for is mostly the last. */
	for (i = f->n_tables; i-- > 0;)
		if (f->tables[i] == address)
			return (uint32_t)i + 1;
	f->tables = xgrow(f->tables, &f->cap_tables, f->n_tables + 1, sizeof(*f->tables));
	f->tables[f->n_tables++] = address;
	return (uint32_t)f->n_tables;
}

void cap_fd_rows__done(struct cap_fd_rows *f)
{
	free(f->tables);
	memset(f, 0, sizeof(*f));
}

static const struct cap_sock *sock_of(const struct cap_parts *p)
{
	const struct cap_blob *b = p->blob[TAG_SOCK];

	return b && b->len >= sizeof(struct cap_sock) ? (const void *)cap_blob__bytes(b) : NULL;
}

static bool is_inet(const struct cap_sock *s)
{
	return s->family == AF_INET || s->family == AF_INET6;
}

/* Waiting for others: a stream that listens, or a datagram socket with a port and no peer. */
static bool is_listening(const struct cap_sock *s)
{
	return is_inet(s) && s->lport && !s->rport &&
	       (s->type != SOCK_STREAM || s->state == TCP_LISTEN);
}

void cap_fd_rows__note(struct cap_fd_rows *f, const struct cap_record *r)
{
	const struct cap_sock *s;
	struct cap_parts p;

	if (!cap_parts__split(&p, r))
		return;
	s = sock_of(&p);
	if (s && is_listening(s))
		f->listening[s->lport >> 3] |= (uint8_t)(1 << (s->lport & 7));
}

/* --- what a descriptor is --------------------------------------------------------------------- */

static uint8_t anon_type(const char *name)
{
	static const struct { const char *name; uint8_t type; } kinds[] = {
		{ "[eventfd]", FDT_EVENT }, { "[eventpoll]", FDT_EVENTPOLL },
		{ "inotify", FDT_INOTIFY },
		{ "[timerfd]", FDT_TIMERFD }, { "[signalfd]", FDT_SIGNALFD },
		{ "[userfaultfd]", FDT_USERFAULTFD },
		{ "[io_uring]", FDT_IO_URING }, { "[pidfd]", FDT_PIDFD }, { "bpf-", FDT_BPF },
		{ "bpf_", FDT_BPF },
		{ "btf", FDT_BPF },
	};

	if (!strncmp(name, "anon_inode:", 11))
		name += 11;
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strncmp(name, kinds[i].name, strlen(kinds[i].name)))
			return kinds[i].type;
	return FDT_UNSUPPORTED;
}

static uint8_t sock_type(const struct cap_sock *s)
{
	switch (s->family) {
	case AF_INET: return is_listening(s) ? FDT_IPV4_LISTEN : FDT_IPV4;
	case AF_INET6: return is_listening(s) ? FDT_IPV6_LISTEN : FDT_IPV6;
	case AF_UNIX: return FDT_UNIX;
	case AF_NETLINK: return FDT_NETLINK;
	case AF_PACKET: return FDT_PACKET;
	case AF_VSOCK: return FDT_VSOCK;
	}
	return FDT_UNSUPPORTED;
}

static uint8_t fd_type(const struct cap_parts *p, const char *name)
{
	const struct cap_blob *path = p->blob[TAG_PATH];
	const struct cap_path *head = path ? (const void *)cap_blob__bytes(path) : NULL;
	const struct cap_sock *s = sock_of(p);

	if (s)
		return sock_type(s);
	if (head && head->magic == ANON_INODE_FS_MAGIC)
		return anon_type(name);
	if (head && head->magic == PID_FS_MAGIC)
		return FDT_PIDFD;
	switch (p->nums[CAP_FD_MODE] & S_IFMT) {
	case S_IFREG:
		return !strncmp(name, "memfd:", 6) ? FDT_MEMFD : FDT_FILE;
	case S_IFCHR:
	case S_IFBLK:
		return FDT_FILE;
	case S_IFDIR:
		return FDT_DIRECTORY;
	case S_IFIFO:
		return FDT_FIFO;
	}
	return FDT_UNSUPPORTED;
}

static uint8_t l4_of(const struct cap_sock *s)
{
	if (s->type == SOCK_RAW)
		return L4_RAW;
	switch (s->protocol) {
	case IPPROTO_TCP: return L4_TCP;
	case IPPROTO_UDP: return L4_UDP;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6: return L4_ICMP;
	}
	return L4_UNKNOWN;
}

/* --- rows ------------------------------------------------------------------------------------- */

static void set_text(struct fmt_batch *b, unsigned param, const struct buf *t)
{
	fmt_batch__str(b, param, (const char *)t->p, (uint32_t)t->len, (uint32_t)t->len);
}

static void add_sock(struct cap_fd_rows *f, struct fmt_batch *b, const struct cap_parts *p,
		     const struct cap_sock *s, struct buf *text)
{
	bool listening = is_listening(s);
	bool server =
		is_inet(s) &&
		(listening || (s->rport && f->listening[s->lport >> 3] >> (s->lport & 7) & 1));
	struct buf name = { 0 };
	struct sock_addrs a;

	text->len = 0;
	if (cap_sock__tuple(p->blob[TAG_SOCK], server, text)) {
		set_text(b, P_state_fd_tuple, text);
		/* The addresses point into text: the name is made elsewhere. */
		if (s->family == AF_UNIX && sock_addrs__read(&a, text->p, text->len, true)) {
			sock_addrs__text(&a, true, &name);
			set_text(b, P_state_fd_name, &name);
			buf__done(&name);
		}
	}
	if (is_inet(s)) {
		fmt_batch__int(b, P_state_fd_l4, l4_of(s));
		if (s->rport || listening)
			fmt_batch__int(b, P_state_fd_role, server ? FDR_SERVER : FDR_CLIENT);
	}
	fmt_batch__int(b, P_state_fd_connected, s->state == TCP_ESTABLISHED);
}

static void name_of(const struct cap_parts *p, struct buf *text)
{
	const struct cap_path *head;

	text->len = 0;
	if (!p->blob[TAG_PATH])
		return;
	head = (const void *)cap_blob__bytes(p->blob[TAG_PATH]);
	if (head->flags & CAP_PATH_PSEUDO && (p->nums[CAP_FD_MODE] & S_IFMT) == S_IFIFO)
		buf__printf(text, "pipe:[%llu]", (unsigned long long)p->nums[CAP_FD_INO]);
	else
		cap_path__text(p->blob[TAG_PATH], text);
}

void cap_fd_rows__add(struct cap_fd_rows *f, struct fmt_batch *b, uint64_t ts,
		      const struct cap_record *r, struct buf *text)
{
	const struct cap_sock *s;
	struct cap_parts p;

	if (!cap_parts__split(&p, r) ||
	    fmt_batch__begin(b, EV_state_fd, ts, 0, (uint32_t)(r->pid_tid >> 32),
			     (uint32_t)(r->pid_tid >> 32), 0, 0) < 0)
		return;
	name_of(&p, text);
	buf__u8(text, 0);
	text->len--;
	fmt_batch__int(b, P_state_fd_fd, p.nums[CAP_FD_NUM]);
	fmt_batch__int(b, P_state_fd_type, fd_type(&p, (const char *)text->p));
	fmt_batch__int(b, P_state_fd_open_flags,
		       fmt_group__from_native(GROUP_file_flags, p.nums[CAP_FD_FLAGS]));
	fmt_batch__int(b, P_state_fd_dev, p.nums[CAP_FD_DEV]);
	fmt_batch__int(b, P_state_fd_ino, p.nums[CAP_FD_INO]);
	fmt_batch__int(b, P_state_fd_fdtable, cap_fd_rows__table(f, p.nums[CAP_FD_FILES]));
	s = sock_of(&p);
	if (s)
		add_sock(f, b, &p, s, text);
	else
		set_text(b, P_state_fd_name, text);
	fmt_batch__end(b);
}
