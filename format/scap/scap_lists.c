// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "format/scap/scap_lists.h"

/* u16 length, bytes; borrowed */
static struct fmt_str s16(struct cursor *c)
{
	uint16_t n = cursor__le16(c);
	const uint8_t *p = cursor__take(c, n);

	return (struct fmt_str){ (const char *)p, p ? n : 0, p ? n : 0 };
}

/* A row that is begun and never ended, because its entry turns out to be damaged, is not there. */
static void begin(struct scap_lists *l, uint16_t type, uint32_t tid, uint32_t pid)
{
	fmt_batch__begin(l->rows, type, l->ts, 0, tid, pid, 0, 0);
}

static void end(struct scap_lists *l, const struct cursor *c)
{
	if (!c->bad)
		fmt_batch__end(l->rows);
}

static void str(struct scap_lists *l, unsigned param, struct fmt_str s)
{
	fmt_batch__str(l->rows, param, s.p, s.len, s.full_len);
}

/*
 * An entry with a length of its own: what follows it and belongs to it is in *entry, and c stands behind it.
 * self: the length counts its own four bytes.
 */
static bool sized_entry(struct cursor *c, bool self, struct cursor *entry)
{
	uint32_t len = cursor__le32(c);
	const uint8_t *p;

	if (self) {
		if (len < 4) {
			c->bad = true;
			return false;
		}
		len -= 4;
	}
	p = cursor__take(c, len);
	if (!p)
		return false;
	*entry = cursor__of(p, len);
	return true;
}


/* The tail that only version 9 has, as far as the entry reaches. */
static void process_tail(struct scap_lists *l, struct cursor *c)
{
	uint32_t flags = 0;
	uint64_t v;

	/* writers before 0.10 left these two out */
	if (cursor__left(c) > 29) {
		if ((v = cursor__le64(c)))
			fmt_batch__int(l->rows, P_state_thread_pidns_start, v);
		fmt_batch__int(l->rows, P_state_thread_tty, cursor__le32(c));
	}
	if (cursor__left(c) >= 4)
		fmt_batch__int(l->rows, P_state_thread_loginuid, cursor__le32(c));
	if (cursor__left(c) >= 1)
		flags |= cursor__u8(c) ? 1 : 0;		/* EXE_WRITABLE */
	if (cursor__left(c) >= 24) {
		fmt_batch__int(l->rows, P_state_thread_cap_inheritable, cursor__le64(c));
		fmt_batch__int(l->rows, P_state_thread_cap_permitted, cursor__le64(c));
		fmt_batch__int(l->rows, P_state_thread_cap_effective, cursor__le64(c));
	}
	if (cursor__left(c) >= 1)
		flags |= cursor__u8(c) ? 2 : 0;		/* EXE_UPPER_LAYER */
	if (cursor__left(c) >= 24) {
		fmt_batch__int(l->rows, P_state_thread_exe_ino, cursor__le64(c));
		fmt_batch__int(l->rows, P_state_thread_exe_ino_ctime, cursor__le64(c));
		fmt_batch__int(l->rows, P_state_thread_exe_ino_mtime, cursor__le64(c));
	}
	if (cursor__left(c) >= 1)
		flags |= cursor__u8(c) ? 4 : 0;		/* EXE_FROM_MEMFD */
	if (cursor__left(c) >= 1)
		flags |= cursor__u8(c) ? 8 : 0;		/* EXE_LOWER_LAYER */
	if (cursor__left(c) >= 8)
		fmt_batch__int(l->rows, P_state_thread_pgid, cursor__le64(c));
	fmt_batch__int(l->rows, P_state_thread_exe_flags, flags);
}

#define CLOSED 0x40000u		/* group clone_flags: it has ended, and is kept for others */

/* The fields of one process in file order; which are there depends on the version. */
static void process(struct scap_lists *l, struct cursor *c, unsigned version)
{
	uint64_t tid = cursor__le64(c), pid = cursor__le64(c), ptid = cursor__le64(c);
	uint32_t flags;

	if ((int64_t)pid <= 0)	/* the tool had made this thread up, and knew only its number */
		pid = tid;
	begin(l, EV_state_thread, (uint32_t)tid, (uint32_t)pid);
	fmt_batch__int(l->rows, P_state_thread_ptid, ptid);
	fmt_batch__int(l->rows, P_state_thread_fdtable, (uint32_t)pid);
	if (version >= 6)
		fmt_batch__int(l->rows, P_state_thread_sid, cursor__le64(c));
	if (version >= 8)
		fmt_batch__int(l->rows, P_state_thread_vpgid, cursor__le64(c));
	str(l, P_state_thread_comm, s16(c));
	str(l, P_state_thread_exe, s16(c));
	if (version >= 7)
		str(l, P_state_thread_exepath, s16(c));
	str(l, P_state_thread_args, s16(c));
	str(l, P_state_thread_cwd, s16(c));
	fmt_batch__int(l->rows, P_state_thread_fdlimit, cursor__le64(c));
	flags = cursor__le32(c);
	fmt_batch__int(l->rows, P_state_thread_flags, flags);
	if (flags & CLOSED)
		fmt_batch__int(l->rows, P_state_thread_dead, true);
	fmt_batch__int(l->rows, P_state_thread_uid, cursor__le32(c));
	fmt_batch__int(l->rows, P_state_thread_gid, cursor__le32(c));
	if (version >= 2) {
		fmt_batch__int(l->rows, P_state_thread_vm_size, cursor__le32(c));
		fmt_batch__int(l->rows, P_state_thread_vm_rss, cursor__le32(c));
		fmt_batch__int(l->rows, P_state_thread_vm_swap, cursor__le32(c));
		fmt_batch__int(l->rows, P_state_thread_pgft_maj, cursor__le64(c));
		fmt_batch__int(l->rows, P_state_thread_pgft_min, cursor__le64(c));
	}
	if (version >= 3)
		str(l, P_state_thread_env, s16(c));
	if (version >= 4) {
		fmt_batch__int(l->rows, P_state_thread_vtid, cursor__le64(c));
		fmt_batch__int(l->rows, P_state_thread_vpid, cursor__le64(c));
		str(l, P_state_thread_cgroups, s16(c));
	}
	if (version >= 5)
		str(l, P_state_thread_root, s16(c));
	if (version >= 9)
		process_tail(l, c);
	end(l, c);
	if (!c->bad)
		scap_pids__set(l->pids, (uint32_t)tid, (uint32_t)pid);
}

enum { SOCK4 = 3, SOCK6 = 4, LISTEN4 = 5, LISTEN6 = 6, UNIX = 8, FILE_V2 = 16, PLAIN_FILE = 1 };

/* One that listens has one address: its own, which is the server's and so the second. */
static void socket_of(struct scap_lists *l, struct cursor *c, uint8_t type)
{
	unsigned alen = type == SOCK6 || type == LISTEN6 ? 16 : 4;
	bool both = type == SOCK4 || type == SOCK6;
	uint8_t blob[37] = { alen == 16 ? 10 : 2 }, *second = blob + 3 + alen;
	const uint8_t *source = both ? cursor__take(c, alen) : NULL, *own = cursor__take(c, alen);
	uint16_t port;

	if (!own)
		return;
	if (source) {
		port = cursor__le16(c);
		memcpy(blob + 1, source, alen);
		memcpy(blob + 1 + alen, &port, 2);
	}
	port = cursor__le16(c);
	memcpy(second, own, alen);
	memcpy(second + alen, &port, 2);
	fmt_batch__str(l->rows, P_state_fd_tuple, (char *)blob, 5 + 2 * alen, 5 + 2 * alen);
	fmt_batch__int(l->rows, P_state_fd_l4, cursor__u8(c));
}

static void unix_of(struct scap_lists *l, struct cursor *c)
{
	uint8_t blob[1 + 16 + 1024] = { 1 };
	const uint8_t *ends = cursor__take(c, 16);
	struct fmt_str path = s16(c);

	if (!ends)
		return;
	if (path.len > 1023)
		path.len = 1023;
	memcpy(blob + 1, ends, 16);
	if (path.len)
		memcpy(blob + 17, path.p, path.len);
	fmt_batch__str(l->rows, P_state_fd_tuple, (char *)blob, 18 + path.len, 18 + path.len);
	str(l, P_state_fd_name, (struct fmt_str){ path.p, path.len, path.len });
}

static void descriptor(struct scap_lists *l, struct cursor *c, unsigned version)
{
	uint64_t fd = cursor__le64(c), ino = cursor__le64(c);
	uint8_t type = cursor__u8(c);

	begin(l, EV_state_fd, l->tid, l->pid);
	fmt_batch__int(l->rows, P_state_fd_fd, fd);
	fmt_batch__int(l->rows, P_state_fd_ino, ino);
	fmt_batch__int(l->rows, P_state_fd_type, type == FILE_V2 ? PLAIN_FILE : type);
	fmt_batch__int(l->rows, P_state_fd_fdtable, l->pid);
	if (type == SOCK4 || type == SOCK6 || type == LISTEN4 || type == LISTEN6) {
		socket_of(l, c, type);
	} else if (type == UNIX) {
		unix_of(l, c);
	} else if (type == FILE_V2) {
		fmt_batch__int(l->rows, P_state_fd_open_flags, cursor__le32(c));
		str(l, P_state_fd_name, s16(c));
		if (version >= 2 && cursor__left(c) >= 4)
			fmt_batch__int(l->rows, P_state_fd_dev, cursor__le32(c));
	} else {
		str(l, P_state_fd_name, s16(c));
	}
	end(l, c);
}

static void user_or_group(struct scap_lists *l, struct cursor *c, unsigned version)
{
	bool group = cursor__u8(c);
	uint32_t id = cursor__le32(c);

	(void)version;
	if (group) {
		struct fmt_str name = s16(c);

		begin(l, EV_state_group, 0, 0);
		fmt_batch__int(l->rows, P_state_group_gid, id);
		str(l, P_state_group_name, name);
	} else {
		uint32_t gid = cursor__le32(c);
		struct fmt_str name = s16(c), home = s16(c), shell = s16(c);

		begin(l, EV_state_user, 0, 0);
		fmt_batch__int(l->rows, P_state_user_uid, id);
		fmt_batch__int(l->rows, P_state_user_gid, gid);
		str(l, P_state_user_name, name);
		str(l, P_state_user_home, home);
		str(l, P_state_user_shell, shell);
	}
	end(l, c);
}

static unsigned prefix_len(const uint8_t *mask, unsigned n)
{
	unsigned bits = 0;

	for (unsigned i = 0; i < n; i++)
		bits += (unsigned)__builtin_popcount(mask[i]);
	return bits;
}

/* Types 1 and 3 are IPv4, 2 and 4 IPv6; the last two lack the speed. */
static void interface(struct scap_lists *l, struct cursor *c, unsigned version)
{
	uint16_t type = cursor__le16(c), nlen = cursor__le16(c);
	unsigned alen = type == 2 || type == 4 ? 16 : 4;
	const uint8_t *addr = cursor__take(c, alen), *mask = cursor__take(c, alen), *name;
	uint8_t blob[19] = { alen == 16 ? 10 : 2 };

	(void)version;
	cursor__take(c, alen);		/* broadcast address */
	if (type <= 2)
		cursor__take(c, 8);	/* speed */
	name = cursor__take(c, nlen);
	if (type < 1 || type > 4)
		c->bad = true;
	if (c->bad || !addr || !mask || !name)
		return;
	begin(l, EV_state_iface, 0, 0);
	memcpy(blob + 1, addr, alen);
	fmt_batch__str(l->rows, P_state_iface_name, (const char *)name, nlen, nlen);
	fmt_batch__str(l->rows, P_state_iface_addr, (char *)blob, alen + 3, alen + 3);
	fmt_batch__int(l->rows, P_state_iface_prefix, prefix_len(mask, alen));
	fmt_batch__end(l->rows);
}

/*
 * The lists: what one entry is, whether entries say how long they are (from which version on, and counting those
 * four bytes), and whether the list begins with the thread that it is about.
 */
static const struct {
	const char *name;
	void (*entry)(struct scap_lists *l, struct cursor *c, unsigned version);
	unsigned sized_from;
	bool counts_itself, of_thread;
} lists[] = {
	[SCAP_PROCESSES] = { "process", process, 9, true, false },
	[SCAP_FDS] = { "descriptor", descriptor, 2, true, true },
	[SCAP_USERS] = { "user", user_or_group, 2, true, false },
	[SCAP_INTERFACES] = { "interface", interface, 2, false, false },
};

int scap_lists__read(struct scap_lists *l, enum scap_list which, unsigned version, struct cursor *c, struct err *err)
{
	bool sized = version >= lists[which].sized_from;
	struct cursor entry;
	int r = 0;

	if (lists[which].of_thread && !l->begun) {
		l->tid = (uint32_t)cursor__le64(c);
		l->pid = scap_pids__get(l->pids, l->tid);
	}
	l->begun = true;
	l->more = false;
	while (!c->bad && cursor__left(c) >= 4) {
		l->more = fmt_batch__full(l->rows);
		if (l->more)
			return r;
		if (!sized) {
			lists[which].entry(l, c, version);
			continue;
		}
		if (!sized_entry(c, lists[which].counts_itself, &entry))
			break;
		lists[which].entry(l, &entry, version);
		if (entry.bad)		/* this one is lost, the next begins where it should */
			r = err__set(err, FMT_E_CORRUPT, "an entry of the %s list is damaged", lists[which].name);
	}
	return c->bad ? err__set(err, FMT_E_CORRUPT, "the %s list is damaged", lists[which].name) : r;
}
