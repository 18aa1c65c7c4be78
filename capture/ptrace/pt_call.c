// SPDX-License-Identifier: Apache-2.0
/*
 * A call that has returned becomes a record: the collectors of capture/bpf, for a thread that stands
 * still. Numbers and blobs are theirs, so that call_table.c and the decoder serve both.
 */
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>

#include "capture/ptrace/pt.h"
#include "capture/snaplen.h"
#include "format/schema/schema.h"

#define SOCKADDR_MAX 128u
#define IOV_MAX_READ 32u
#define POLL_MAX 64u
#define POLLFD_SIZE 8u

struct call {
	struct pt *p;
	struct pt_thread *t;
	struct pt_out *o;
	int64_t ret;
	bool is32;
};

const struct cap_desc *pt_desc(const struct pt *p, uint32_t nr)
{
	uint32_t e = nr & 0xffff;

	if (nr & PT_X32 || e >= CAP_MAX_COMPAT)
		e = EV_syscall;
	else if (nr & PT_COMPAT)
		e = p->tables.compat[e];
	else
		e = p->tables.native[e];
	return &p->tables.descs[e];
}

static void strs(struct call *c)
{
	for (unsigned i = 0; i < 5; i++)
		if (c->t->d->strs >> i & 1)
			pt_out__user_str(c->o, TAG_S0 + i, c->t->tid, c->t->args[i]);
}

static void mem(struct call *c, enum cap_tag tag, uint64_t addr, uint64_t n, uint64_t full, size_t max)
{
	pt_out__user_mem(c->o, tag, c->t->tid, addr, n, full, max);
}

static bool load(struct call *c, uint64_t addr, void *to, size_t n)
{
	return addr && pt_read(c->t->tid, addr, to, n) == n;
}

/* The port of an address in memory; 0: none. */
static uint16_t port_at(struct call *c, uint64_t addr)
{
	uint8_t a[4];
	uint16_t family;

	if (!load(c, addr, a, sizeof(a)))
		return 0;
	memcpy(&family, a, sizeof(family));
	return family == AF_INET || family == AF_INET6 ? (uint16_t)(a[2] << 8 | a[3]) : 0;
}

/* How many bytes are kept. addr: an address that the call names; 0: none. */
static uint32_t keep_of(struct call *c, uint64_t addr)
{
	struct cap_snap_object o = { .fd = (int)c->t->args[0] };
	uint16_t event = c->t->d->event;
	const char *seen;
	char name[32], path[4096];
	struct stat st;

	if (!c->p->n_snaps)
		return c->p->snaplen;
	if (event == EV_process_vm_readv || event == EV_process_vm_writev || event == EV_init_module)
		o.fd = -1;
	snprintf(name, sizeof(name), "fd/%d", o.fd);
	if (o.fd >= 0 && pt_link(c->t->tid, name, path, sizeof(path))) {
		seen = path;
		pt_take_off(&seen, c->t->root);
		snprintf(name, sizeof(name), "/proc/%u/fd/%d", c->t->tid, o.fd);
		if (stat(name, &st))
			memset(&st, 0, sizeof(st));
		o.tty = S_ISCHR(st.st_mode) && CAP_IS_TTY_MAJOR(major(st.st_rdev));
		o.path = *seen == '/' ? seen : NULL;
		if (S_ISSOCK(st.st_mode)) {
			pt_sock__ports(c->t, o.fd, o.ports);
			o.ports[2] = port_at(c, addr);
		}
	}
	return cap_snaplen__keep(c->p->snaplen, c->p->snaps, c->p->n_snaps, &o);
}

/* --- files ----------------------------------------------------------------------------------------- */

#define FD_CREATED (1ull << 32)		/* flags.def, file_flags: a bit that only a collector sets */

static void open_args(struct call *c, uint64_t h[3])
{
	const uint64_t *a = c->t->args;

	switch (c->t->d->event) {
	case EV_open:
		h[0] = (uint32_t)a[1];
		h[1] = (uint32_t)a[2];
		break;
	case EV_openat:
		h[0] = (uint32_t)a[2];
		h[1] = (uint32_t)a[3];
		break;
	case EV_openat2:
		if (!load(c, a[2], h, 3 * sizeof(*h)))
			h[0] = h[1] = h[2] = 0;
		break;
	case EV_open_by_handle_at:
		h[0] = (uint32_t)a[2];
		break;
	case EV_creat:
		h[0] = O_CREAT | O_WRONLY | O_TRUNC;
		h[1] = (uint32_t)a[1];
		break;
	}
	h[0] &= 0xffffffff;
	h[1] &= 07777;			/* fs/open.c, build_open_how() */
	if (!(h[0] & (O_CREAT | 020000000 /* __O_TMPFILE */)))
		h[1] = 0;
}

/* A file that the call will have created if it succeeds; nobody can tell afterwards. */
void pt_call__enter(struct pt_thread *t)
{
	struct call c = { .t = t, .is32 = t->nr & PT_COMPAT };
	bool at = t->d->event != EV_open && t->d->event != EV_creat;
	char name[CAP_STR_MAX + 1], found[4096];
	uint64_t how[3] = { 0 };
	struct stat st;
	size_t n;

	t->was_missing = false;
	if (t->d->kind != KIND_OPEN || t->d->event == EV_open_by_handle_at)
		return;
	open_args(&c, how);
	if (!(how[0] & O_CREAT) || how[0] & O_EXCL)
		return;
	n = pt_read(t->tid, t->args[at], name, CAP_STR_MAX);
	name[n] = 0;
	t->was_missing = *name && !pt_path__resolve(t, at ? (int)t->args[0] : AT_FDCWD, name, true,
						    found, sizeof(found), &st);
}

static void do_open(struct call *c)
{
	char path[64], file[4096];
	uint64_t how[3] = { 0 };
	bool opened = false;
	struct stat st;

	open_args(c, how);
	if (c->ret >= 0 && how[0] & O_CREAT && (how[0] & O_EXCL || c->t->was_missing))
		how[0] |= FD_CREATED;
	for (unsigned i = 0; i < 3; i++)
		pt_out__num(c->o, how[i]);
	if (c->ret >= 0) {
		snprintf(path, sizeof(path), "/proc/%u/fd/%lld", c->t->tid, (long long)c->ret);
		opened = !stat(path, &st);
		snprintf(path, sizeof(path), "fd/%lld", (long long)c->ret);
		opened = opened && pt_link(c->t->tid, path, file, sizeof(file));
	}
	if (opened) {
		pt_out__num(c->o, st.st_dev);
		pt_out__num(c->o, st.st_ino);
	}
	strs(c);
	if (opened)
		pt_out__path(c->o, TAG_PATH, file, c->t->root);
}

static void do_cwd(struct call *c)
{
	char cwd[4096];

	strs(c);
	if (c->ret >= 0 && pt_link(c->t->tid, "cwd", cwd, sizeof(cwd)))
		pt_out__path(c->o, TAG_CWD, cwd, c->t->root);
}

/* --- bytes ----------------------------------------------------------------------------------------- */

static bool is_reading(uint8_t kind)
{
	return kind == KIND_READ || kind == KIND_IOV_READ || kind == KIND_MSG_READ;
}

static uint64_t done(const struct call *c)
{
	return c->ret > 0 ? (uint64_t)c->ret : 0;
}

static void do_buf(struct call *c)
{
	const uint64_t *a = c->t->args;
	bool reading = is_reading(c->t->d->kind);
	uint64_t ptr = a[1], size = a[2], addr = 0;
	uint32_t keep;

	if (c->t->d->event == EV_init_module) {
		ptr = a[0];
		size = a[1];
	} else if (c->t->d->event == EV_sendto || c->t->d->event == EV_recvfrom) {
		addr = a[4];
	}
	size = reading ? done(c) : size;
	keep = keep_of(c, !reading || c->ret >= 0 ? addr : 0);
	mem(c, TAG_DATA, ptr, size < keep ? size : keep, size, CAP_SNAP_MAX);
	if (addr && (!reading || c->ret >= 0)) {
		uint32_t len = (uint32_t)a[5];

		if (reading && !load(c, a[5], &len, sizeof(len)))
			len = 0;
		mem(c, TAG_ADDR, addr, len, len, SOCKADDR_MAX);
		pt_sock(c->t, c->o, (int)a[0]);
	}
	strs(c);
}

struct iov {
	uint64_t base, len;
};

static unsigned load_iov(struct call *c, uint64_t at, uint64_t count, struct iov v[IOV_MAX_READ])
{
	unsigned n = count < IOV_MAX_READ ? (unsigned)count : IOV_MAX_READ;
	uint32_t v32[2 * IOV_MAX_READ];

	if (!c->is32)
		return load(c, at, v, n * sizeof(*v)) ? n : 0;
	if (!load(c, at, v32, n * 8))
		return 0;
	for (unsigned i = 0; i < n; i++)
		v[i] = (struct iov){ v32[2 * i], v32[2 * i + 1] };
	return n;
}

/* Sum of lengths, or the result where there are more than we look at. */
static uint64_t sum_of(const struct iov *v, unsigned n, uint64_t count, int64_t ret)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += v[i].len;
	return count > IOV_MAX_READ && ret > (int64_t)sum ? (uint64_t)ret : sum;
}

static void gather(struct call *c, const struct iov *v, unsigned n, uint64_t size, uint32_t keep)
{
	uint64_t want = size < keep ? size : keep, got = 0;
	uint8_t data[CAP_SNAP_MAX];

	for (unsigned i = 0; i < n && got < want; i++) {
		uint64_t m = v[i].len < want - got ? v[i].len : want - got;

		if (m && pt_read(c->t->tid, v[i].base, data + got, m) != m)
			break;
		got += m;
	}
	pt_out__blob(c->o, TAG_DATA, data, got, size);
}

static void do_iov(struct call *c)
{
	const uint64_t *a = c->t->args;
	struct iov v[IOV_MAX_READ];
	unsigned n = load_iov(c, a[1], a[2], v);
	uint64_t size = sum_of(v, n, a[2], c->ret), remote = 0;

	pt_out__num(c->o, size);
	if (c->t->d->event == EV_process_vm_readv || c->t->d->event == EV_process_vm_writev) {
		load(c, a[3], &remote, c->is32 ? 4 : 8);
		pt_out__num(c->o, remote);
	}
	gather(c, v, n, is_reading(c->t->d->kind) ? done(c) : size, keep_of(c, 0));
}

struct msg {				/* include/linux/socket.h: struct user_msghdr */
	uint64_t name;
	uint32_t namelen, pad;
	uint64_t iov, iovlen, control, controllen;
	uint32_t flags, pad2;
};

static bool load_msg(struct call *c, uint64_t at, struct msg *m)
{
	uint32_t m32[7];		/* include/net/compat.h: struct compat_msghdr */

	if (!c->is32)
		return load(c, at, m, sizeof(*m));
	if (!load(c, at, m32, sizeof(m32)))
		return false;
	*m = (struct msg){ .name = m32[0], .namelen = m32[1], .iov = m32[2], .iovlen = m32[3],
			   .control = m32[4], .controllen = m32[5] };
	return true;
}

static void do_msg(struct call *c)
{
	bool reading = is_reading(c->t->d->kind),
	     many = c->t->d->event == EV_recvmmsg || c->t->d->event == EV_sendmmsg;
	struct iov v[IOV_MAX_READ];
	struct msg m = { 0 };
	uint64_t size = 0;
	unsigned n = 0;

	if (load_msg(c, c->t->args[1], &m)) {
		n = load_iov(c, m.iov, m.iovlen, v);
		size = sum_of(v, n, m.iovlen, many ? 0 : c->ret);
	}
	pt_out__num(c->o, size);
	if (reading) {
		uint32_t first = 0;

		/* Of several messages the first: its length stands behind its header. */
		if (many && c->ret > 0)
			load(c, c->t->args[1] + (c->is32 ? 28 : sizeof(m)), &first, sizeof(first));
		size = many ? first : done(c);
	}
	gather(c, v, n, size, keep_of(c, !reading || c->ret >= 0 ? m.name : 0));
	if (m.name) {
		if (!reading || c->ret >= 0)
			mem(c, TAG_ADDR, m.name, m.namelen, m.namelen, SOCKADDR_MAX);
		pt_sock(c->t, c->o, (int)c->t->args[0]);
	}
	if (m.control && m.controllen && (!reading || c->ret >= 0))
		mem(c, TAG_CONTROL, m.control, m.controllen, m.controllen, CAP_SMALL_MAX);
}

/* --- sockets --------------------------------------------------------------------------------------- */

static void do_sock(struct call *c)
{
	const uint64_t *a = c->t->args;
	uint16_t event = c->t->d->event;
	uint32_t n, max;

	if (event == EV_accept || event == EV_accept4) {
		if (pt_sock__queue(c->t, (int)a[0], &n, &max)) {
			pt_out__num(c->o, n);
			pt_out__num(c->o, max);
		}
		if (c->ret >= 0)
			pt_sock(c->t, c->o, (int)c->ret);
		return;
	}
	pt_sock(c->t, c->o, (int)a[0]);
	if (event == EV_connect || event == EV_bind)
		mem(c, TAG_ADDR, a[1], (uint32_t)a[2], (uint32_t)a[2], SOCKADDR_MAX);
}

static void do_sockopt(struct call *c)
{
	const uint64_t *a = c->t->args;
	uint32_t len = (uint32_t)a[4];

	if (c->t->d->event == EV_getsockopt && !load(c, a[4], &len, sizeof(len)))
		len = 0;
	pt_out__num(c->o, (uint32_t)a[2]);
	pt_out__num(c->o, len);
	mem(c, TAG_DATA, a[3], len, len, 128);
}

/* --- small things behind pointers --------------------------------------------------------------------- */

static void do_poll(struct call *c)
{
	const uint64_t *a = c->t->args;
	uint64_t n = a[1];

	mem(c, TAG_POLL, a[0], (n < POLL_MAX ? n : POLL_MAX) * POLLFD_SIZE, n * POLLFD_SIZE,
	    POLL_MAX * POLLFD_SIZE);
	if (c->t->d->event != EV_ppoll || c->is32)
		return;
	if (a[2])
		mem(c, TAG_TEXT, a[2], 16, 16, 16);
	if (a[3])
		mem(c, TAG_TEXT2, a[3], 8, 8, 8);
}

static void do_out_str(struct call *c)
{
	const uint64_t *a = c->t->args;
	uint64_t ptr, n = done(c);

	switch (c->t->d->event) {
	case EV_getcwd:			/* the result counts the NUL */
		ptr = a[0];
		n = n ? n - 1 : 0;
		break;
	case EV_readlink:
		ptr = a[1];
		break;
	case EV_readlinkat:
		ptr = a[2];
		break;
	default:			/* sethostname, setdomainname */
		ptr = a[0];
		n = (uint32_t)a[1];
	}
	strs(c);
	if (n)
		mem(c, TAG_TEXT, ptr, n, n, CAP_STR_MAX);
}

static void do_fsconfig(struct call *c)
{
	const uint64_t *a = c->t->args;
	uint32_t cmd = (uint32_t)a[1], size = (uint32_t)a[4];

	pt_out__user_str(c->o, TAG_TEXT2, c->t->tid, a[2]);
	if (cmd == FSCONFIG_SET_BINARY)
		mem(c, TAG_DATA, a[3], size < c->p->snaplen ? size : c->p->snaplen, size, CAP_SNAP_MAX);
	else if (cmd == FSCONFIG_SET_STRING || cmd == FSCONFIG_SET_PATH ||
		 cmd == FSCONFIG_SET_PATH_EMPTY)
		pt_out__user_str(c->o, TAG_TEXT, c->t->tid, a[3]);
}

static void do_text_arg(struct call *c)
{
	const uint64_t *a = c->t->args;
	uint32_t cmd = (uint32_t)a[0];

	switch (c->t->d->event) {
	case EV_prctl:
		if (cmd == PR_SET_NAME || cmd == PR_GET_NAME)
			pt_out__user_str(c->o, TAG_TEXT, c->t->tid, a[1]);
		else
			pt_out__num(c->o, a[1]);
		break;
	case EV_keyctl:
		if (cmd == KEYCTL_JOIN_SESSION_KEYRING) {
			pt_out__user_str(c->o, TAG_TEXT2, c->t->tid, a[1]);
		} else if (cmd == KEYCTL_SEARCH || cmd == KEYCTL_RESTRICT_KEYRING) {
			pt_out__user_str(c->o, TAG_TEXT, c->t->tid, a[2]);
			pt_out__user_str(c->o, TAG_TEXT2, c->t->tid, a[3]);
		}
		break;
	case EV_fsconfig:
		do_fsconfig(c);
		break;
	case EV_reboot:
		if ((uint32_t)a[2] == LINUX_REBOOT_CMD_RESTART2)
			pt_out__user_str(c->o, TAG_TEXT, c->t->tid, a[3]);
	}
}

/* Number: the pipe's inode. */
static void pipe_number(struct call *c)
{
	char path[64];
	uint32_t fd;
	struct stat st;

	if (!load(c, c->t->args[0], &fd, sizeof(fd)))
		return;
	snprintf(path, sizeof(path), "/proc/%u/fd/%u", c->t->tid, fd);
	if (!stat(path, &st))
		pt_out__num(c->o, st.st_ino);
}

static void do_deref(struct call *c)
{
	const uint64_t *a = c->t->args;
	uint16_t event = c->t->d->event;
	uint64_t iocb;

	if ((event == EV_pipe || event == EV_pipe2) && !c->ret)
		pipe_number(c);
	if (!c->is32) {
		/* the first of an array of pointers to struct iocb */
		if (event == EV_io_submit && load(c, a[2], &iocb, sizeof(iocb)) && iocb)
			mem(c, TAG_DATA, iocb, 64, 64, 64);
		for (unsigned i = 0; i < 3; i++) {
			unsigned arg = c->p->tables.deref_arg[event][i],
				 n = c->p->tables.deref_len[event][i];

			if (n && a[arg])
				mem(c, TAG_S0 + arg, a[arg], n, n, 128);
		}
	}
	strs(c);
}

static void do_cred(struct call *c)
{
	struct pt_status s;

	pt_status__read(&s, c->t->tid);
	pt_out__num(c->o, s.cap_inheritable);
	pt_out__num(c->o, s.cap_permitted);
	pt_out__num(c->o, s.cap_effective);
}

/* As for a call that the table does not know: its number, and by which entry it came. */
static void do_unknown(struct call *c)
{
	pt_out__num(c->o, c->t->nr & 0xffff);
	pt_out__num(c->o, c->t->nr & PT_COMPAT ? 1 : c->t->nr & PT_X32 ? 2 : 0);
}

/* --- all of them --------------------------------------------------------------------------------------- */

static unsigned abi_of(uint32_t nr)
{
	return nr & PT_COMPAT ? ABI_COMPAT : nr & PT_X32 ? ABI_X32 : ABI_NATIVE;
}

static void collect(struct call *c)
{
	switch (c->t->d->kind) {
	case KIND_READ:
	case KIND_WRITE: do_buf(c); break;
	case KIND_STRS: strs(c); break;
	case KIND_OPEN: do_open(c); break;
	case KIND_EXEC: pt_life__exec(c->p, c->t, c->o, c->ret); break;
	case KIND_CLONE: pt_life__clone(c->t, c->o); break;
	case KIND_IOV_READ:
	case KIND_IOV_WRITE: do_iov(c); break;
	case KIND_MSG_READ:
	case KIND_MSG_WRITE: do_msg(c); break;
	case KIND_SOCK: do_sock(c); break;
	case KIND_SOCKOPT: do_sockopt(c); break;
	case KIND_POLL: do_poll(c); break;
	case KIND_OUT_STR: do_out_str(c); break;
	case KIND_TEXT_ARG: do_text_arg(c); break;
	case KIND_DEREF: do_deref(c); break;
	case KIND_CRED: do_cred(c); break;
	case KIND_CWD: do_cwd(c); break;
	case KIND_UNKNOWN: do_unknown(c); break;
	}
}

void pt_call__record(struct pt *p, struct pt_thread *t, int64_t ret, uint64_t now)
{
	struct call c = { p, t, &p->out, ret, t->nr & PT_COMPAT };

	if (!pt_out__open(&p->out, &p->stop))
		return;
	for (unsigned i = 0; i < t->d->n_regs; i++)
		pt_out__num(&p->out, t->args[i]);
	collect(&c);
	if (ret >= 0 && t->d->kind != KIND_EXEC)
		pt_path__follow(p, t, &p->out);
	if (ret >= 0 && (t->d->event == EV_chroot || t->d->event == EV_pivot_root ||
			 t->d->event == EV_setns))
		pt_thread__look_at_root(t);
	pt_out__close(&p->out, t->d->event, now, now - t->enter, ret, t, abi_of(t->nr));
}

void pt_call__exit(struct pt *p, struct pt_thread *t)
{
	if (!pt_out__open(&p->out, &p->stop))
		return;
	for (unsigned i = 0; i < t->d->n_regs; i++)
		pt_out__num(&p->out, t->args[i]);
	pt_out__close(&p->out, t->d->event, t->enter, 0, 0, t, abi_of(t->nr));
}
