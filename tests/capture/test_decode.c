// SPDX-License-Identifier: Apache-2.0
/*
 * Records made by hand: what the kernel hands over, rightly and wrongly, and the rows that come of
 * it.
 */
#include <netinet/in.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "capture/decode/decode.h"
#include "engine/state/sockaddr.h"

static struct cap_decoder dec;
static struct fmt_batch *batch;

#define MONO 1000000
#define BOOT 2000000

static int setup(void **state)
{
	(void)state;
	cap_decoder__init(&dec, MONO, BOOT);
	return fmt_batch__new(&batch);
}

static int teardown(void **state)
{
	(void)state;
	cap_decoder__done(&dec);
	fmt_batch__free(batch);
	return 0;
}

/* --- making records --------------------------------------------------------------------------- */

struct made {
	union {
		struct cap_record r;
		uint8_t bytes[CAP_RECORD_MAX];
	};
};
static struct made rec;

static void begin(uint16_t type, int64_t res)
{
	memset(&rec, 0, sizeof(rec));
	rec.r = (struct cap_record){ .ts = 500,
				     .dur = 7,
				     .res = res,
				     .pid_tid = (uint64_t)10 << 32 | 11,
				     .type = type,
				     .len = sizeof(struct cap_record) };
}

static void num(uint64_t v)
{
	memcpy(rec.bytes + rec.r.len, &v, 8);
	rec.r.n_nums++;
	rec.r.len += 8;
}

static void blob(enum cap_tag tag, const void *p, size_t n, uint32_t full)
{
	struct cap_blob b = { .tag = (uint16_t)tag, .len = (uint16_t)n, .full = full };

	memcpy(rec.bytes + rec.r.len, &b, sizeof(b));
	memcpy(rec.bytes + rec.r.len + sizeof(b), p, n);
	rec.r.len += (uint32_t)(sizeof(b) + ((n + 7) & ~(size_t)7));
}

static void path(enum cap_tag tag, uint32_t flags, uint32_t magic, const char *names, size_t n)
{
	struct { struct cap_path h; char names[512]; } p = { .h = { flags, magic } };

	memcpy(p.names, names, n);
	blob(tag, &p, sizeof(p.h) + n, (uint32_t)(sizeof(p.h) + n));
}

/* The row that comes of it. */
static struct fmt_ev row(void)
{
	fmt_batch__reset(batch, 1);
	assert_int_equal(cap_decoder__row(&dec, &rec.r, 3, batch), 0);
	assert_int_equal(batch->n, 1);
	return fmt_batch__ev(batch, 0);
}

static void assert_str(const struct fmt_ev *ev, unsigned p, const char *want)
{
	const struct fmt_str *s = fmt_ev__str(ev, p);

	assert_non_null(s);
	assert_string_equal(s->p, want);
	assert_int_equal(s->len, strlen(want));
}

static uint64_t number(const struct fmt_ev *ev, unsigned p)
{
	uint64_t v = 0xdead;

	assert_true(fmt_ev__int(ev, p, &v));
	return v;
}

/* --- numbers ---------------------------------------------------------------------------------- */

static void test_head(void **state)
{
	struct fmt_ev ev;

	(void)state;
	begin(EV_getppid, 42);
	ev = row();
	assert_int_equal(fmt_ev__ts(&ev), 500 + MONO);
	assert_int_equal(fmt_ev__dur(&ev), 7);
	assert_int_equal(fmt_ev__res(&ev), 42);
	assert_int_equal(fmt_ev__pid(&ev), 10);
	assert_int_equal(fmt_ev__tid(&ev), 11);
	assert_int_equal(fmt_ev__cpu(&ev), 3);
}

/* Registers hold more than an int argument is wide. */
static void test_widths(void **state)
{
	struct fmt_ev ev;

	(void)state;
	begin(EV_lseek, 0);
	num(0xabcd0000ffffffff);
	num(0xfffffffffffffff0);
	num(0x7700000001);
	ev = row();
	assert_int_equal((int64_t)number(&ev, P_lseek_fd), -1);
	assert_int_equal(number(&ev, P_lseek_offset), 0xfffffffffffffff0);
	assert_int_equal(number(&ev, P_lseek_whence),
			 fmt_group__from_native(GROUP_lseek_whence, 1));
}

static void test_missing_numbers(void **state)
{
	struct fmt_ev ev;
	uint64_t v;

	(void)state;
	begin(EV_openat, -2);
	num(0xffffff9c);		/* dirfd */
	num(0x80000);			/* flags, mode, resolve; no dev, no ino: it failed */
	num(0);
	num(0);
	blob(TAG_S1, "none", 4, 4);
	ev = row();
	assert_int_equal((int64_t)number(&ev, P_openat_dirfd), -100);
	assert_false(fmt_ev__int(&ev, P_openat_ino, &v));
	assert_str(&ev, P_openat_name, "none");
	assert_null(fmt_ev__str(&ev, P_openat_path));

	/* a child whose creator's request nobody has seen */
	begin(EV_clone3, 0);
	for (unsigned i = 0; i < 7; i++)
		num(40 + i);		/* tid pid ptid uid gid vtid vpid, no flags */
	ev = row();
	assert_int_equal(number(&ev, P_clone3_vpid), 46);
	assert_false(fmt_ev__int(&ev, P_clone3_flags, &v));
}

static void test_collector_flags(void **state)
{
	struct fmt_ev ev;

	(void)state;
	begin(EV_openat, 3);
	num(0xffffff9c);
	num(0x41 | 1ull << 32 | 1ull << 33);	/* O_WRONLY | O_CREAT, created, upper layer */
	num(0644);
	num(0);
	num(0x801);
	num(99);
	ev = row();
	assert_int_equal(number(&ev, P_openat_flags), 2 | 4 | 0x4000 | 0x8000);
	assert_int_equal(number(&ev, P_openat_mode), 0644);
	assert_int_equal(number(&ev, P_openat_dev), 0x801);
	assert_int_equal(number(&ev, P_openat_ino), 99);
}

static void test_birth(void **state)
{
	struct fmt_ev ev;

	(void)state;
	begin(EV_task_new, 0);
	num(20);
	num(20);
	num(10);
	num(0x4100);
	num(2);
	num(2);
	num(5000);
	num(0);
	blob(TAG_COMM, "sh", 2, 2);
	ev = row();
	assert_int_equal(number(&ev, P_task_new_start), 5000 + BOOT);
	assert_int_equal(number(&ev, P_task_new_pidns_start), 0);
	assert_str(&ev, P_task_new_comm, "sh");
}

static void test_exit(void **state)
{
	struct fmt_ev ev;

	(void)state;
	begin(EV_procexit, 0);
	num(0x8b);			/* SIGSEGV, core dumped */
	num(1);
	num(1);
	ev = row();
	assert_int_equal(number(&ev, P_procexit_sig), 11);
	assert_int_equal(number(&ev, P_procexit_core), 1);
	assert_int_equal(number(&ev, P_procexit_ret), 0);
	assert_int_equal(number(&ev, P_procexit_oom), 1);
}

/* --- paths ------------------------------------------------------------------------------------ */

static void test_paths(void **state)
{
	static const struct {
		uint32_t flags, magic;
		const char *names;
		size_t n;
		const char *want;
	} cases[] = {
		{ 0, 0, "c\0b\0a\0", 6, "/a/b/c" },
		{ 0, 0, "", 0, "/" },
		{ CAP_PATH_DELETED, 0, "gone\0tmp\0", 9, "/tmp/gone (deleted)" },
		{ CAP_PATH_CUT, 0, "c\0b\0", 4, ".../b/c" },
		{ CAP_PATH_OUTSIDE, 0, "x\0y\0", 4, "/y/x" },
		{ CAP_PATH_PSEUDO | CAP_PATH_OUTSIDE, 0x01021994, "memfd:a\0", 8, "memfd:a" },
		{ CAP_PATH_PSEUDO | CAP_PATH_OUTSIDE, 0x09041934, "[eventfd]\0", 10,
		  "anon_inode:[eventfd]" },
		{ 0, 0, "no nul at the end", 17, "/no nul at the en" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fmt_ev ev;

		begin(EV_openat, 3);
		path(TAG_PATH, cases[i].flags, cases[i].magic, cases[i].names, cases[i].n);
		ev = row();
		assert_str(&ev, P_openat_path, cases[i].want);
	}
}

/* --- execution -------------------------------------------------------------------------------- */

static void test_args(void **state)
{
	struct fmt_ev ev;
	const struct fmt_str *s;

	(void)state;
	begin(EV_execve, 0);
	blob(TAG_ARGS, "prog\0a\0\0b\0", 10, 10);
	ev = row();
	assert_str(&ev, P_execve_exe, "prog");
	s = fmt_ev__str(&ev, P_execve_args);
	assert_int_equal(s->len, 5);
	assert_memory_equal(s->p, "a\0\0b\0", 5);
	begin(EV_execve, 0);		/* nothing at all */
	blob(TAG_ARGS, "", 0, 0);
	ev = row();
	assert_str(&ev, P_execve_exe, "");
	assert_str(&ev, P_execve_args, "");
	begin(EV_execve, 0);		/* cut in the first argument */
	blob(TAG_ARGS, "pro", 3, 500);
	ev = row();
	assert_int_equal(fmt_ev__str(&ev, P_execve_exe)->full_len, 500);
}

static void test_exec_by_descriptor(void **state)
{
	static const char *const cases[][2] = {
		{ "/dev/fd/5", "" }, { "/dev/fd/5/dir/prog", "dir/prog" }, { "/bin/sh", "/bin/sh" },
		{ "/dev/fd/", "" },
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct fmt_ev ev;

		begin(EV_execveat, 0);
		blob(TAG_FILENAME, cases[i][0], strlen(cases[i][0]), (uint32_t)strlen(cases[i][0]));
		ev = row();
		assert_str(&ev, P_execveat_pathname, cases[i][1]);
	}
}

/* --- sockets ---------------------------------------------------------------------------------- */

static struct cap_sock inet_sock(void)
{
	struct cap_sock s = { .family = AF_INET,
			      .type = SOCK_STREAM,
			      .protocol = IPPROTO_TCP,
			      .state = 1,
			      .lport = 1000,
			      .rport = 80,
			      .laddr = { 10, 0, 0, 1 },
			      .raddr = { 10, 0, 0, 2 } };

	return s;
}

static void assert_tuple(const struct fmt_ev *ev, unsigned p, bool tuple, const char *want)
{
	const struct fmt_str *s = fmt_ev__str(ev, p);
	struct buf text = { 0 };
	struct sock_addrs a;

	assert_non_null(s);
	assert_true(sock_addrs__read(&a, s->p, s->len, tuple));
	sock_addrs__text(&a, tuple, &text);
	buf__u8(&text, 0);
	assert_string_equal((char *)text.p, want);
	buf__done(&text);
}

static void test_connect(void **state)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
				   .sin_port = htons(81),
				   .sin_addr.s_addr = htonl(0x0a000003) };
	struct cap_sock s = inet_sock();
	struct fmt_ev ev;

	(void)state;
	begin(EV_connect, 0);
	num(5);
	blob(TAG_SOCK, &s, sizeof(s), sizeof(s));
	blob(TAG_ADDR, &sin, sizeof(sin), sizeof(sin));
	ev = row();
	assert_tuple(&ev, P_connect_tuple, true, "10.0.0.1:1000->10.0.0.2:80");
	assert_tuple(&ev, P_connect_addr, false, "10.0.0.3:81");
	begin(EV_connect, -111);	/* refused: the socket has no peer */
	num(5);
	s.rport = 0;
	memset(s.raddr, 0, sizeof(s.raddr));
	blob(TAG_SOCK, &s, sizeof(s), sizeof(s));
	blob(TAG_ADDR, &sin, sizeof(sin), sizeof(sin));
	ev = row();
	assert_tuple(&ev, P_connect_tuple, true, "10.0.0.1:1000->10.0.0.3:81");
}

static void test_accept(void **state)
{
	struct cap_sock s = inet_sock();
	struct fmt_ev ev;

	(void)state;
	begin(EV_accept, 6);
	num(5);
	num(3);
	num(12);
	blob(TAG_SOCK, &s, sizeof(s), sizeof(s));
	ev = row();
	assert_tuple(&ev, P_accept_tuple, true, "10.0.0.2:80->10.0.0.1:1000");
	assert_int_equal(number(&ev, P_accept_queuelen), 3);
	assert_int_equal(number(&ev, P_accept_queuemax), 12);
	assert_int_equal(number(&ev, P_accept_queuepct), 25);
}

static void test_abstract_name(void **state)
{
	static const uint8_t addr[] = { AF_UNIX, 0, 0, 'a', 0, 'b' };
	struct fmt_ev ev;

	(void)state;
	begin(EV_bind, -98);
	num(5);
	blob(TAG_ADDR, addr, sizeof(addr), sizeof(addr));
	ev = row();
	assert_int_equal(fmt_ev__str(&ev, P_bind_addr)->len, 6);
	assert_memory_equal(fmt_ev__str(&ev, P_bind_addr)->p, "\1@a@b", 6);
}

/* Addresses that are too short, of no family, or that the socket does not share. */
static void test_bad_addresses(void **state)
{
	static const uint8_t family[2] = { 0x34, 0x12 };
	struct cap_sock s = inet_sock();

	(void)state;
	for (size_t n = 0; n < sizeof(s); n += 3) {
		struct fmt_ev ev;

		begin(EV_connect, 0);
		num(5);
		blob(TAG_SOCK, &s, n, (uint32_t)n);
		ev = row();
		assert_null(fmt_ev__str(&ev, P_connect_tuple));
	}
	for (size_t n = 0; n < 8; n++) {
		static const uint8_t in[8] = { AF_INET };

		begin(EV_bind, -22);
		num(5);
		blob(TAG_ADDR, in, n, (uint32_t)n);
		row();
		begin(EV_bind, -22);
		num(5);
		blob(TAG_ADDR, family, n < 2 ? n : 2, 2);
		row();
	}
	begin(EV_connect, 0);		/* names that reach beyond the blob */
	num(5);
	s.family = AF_UNIX;
	s.lpath = 100;
	s.rpath = 100;
	blob(TAG_SOCK, &s, sizeof(s), sizeof(s));
	row();
}

/* Control data is whatever a program made of it. */
static void test_control(void **state)
{
	union {
		struct cmsghdr h;
		uint8_t b[64];
	} c = {
		.h = { .cmsg_len = CMSG_LEN(8), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS }
	};
	static const int fds[2] = { 7, 9 };
	struct fmt_ev ev;

	(void)state;
	memcpy(CMSG_DATA(&c.h), fds, sizeof(fds));
	begin(EV_recvmsg, 1);
	num(5);
	num(1);
	blob(TAG_CONTROL, &c, CMSG_SPACE(8), CMSG_SPACE(8));
	ev = row();
	assert_int_equal(fmt_ev__str(&ev, P_recvmsg_scm_fds)->len, 2 + 2 * 10);
	assert_memory_equal(fmt_ev__str(&ev, P_recvmsg_scm_fds)->p, "\2\0\7\0\0\0\0\0\0\0\0\0\11",
			    13);
	for (size_t len = 0; len < 40; len++)
		for (size_t n = 0; n < 40; n += 5) {
			c.h.cmsg_len = len;
			begin(EV_recvmsg, 1);
			num(5);
			num(1);
			blob(TAG_CONTROL, &c, n, (uint32_t)n);
			row();
		}
	c.h.cmsg_len = SIZE_MAX - 3;
	begin(EV_recvmsg, 1);
	num(5);
	num(1);
	blob(TAG_CONTROL, &c, 64, 64);
	row();
}

/* --- small structures ------------------------------------------------------------------------- */

static void test_small(void **state)
{
	static const uint64_t ts[2] = { 2, 500 };
	static const int pair[2] = { 3, 4 };
	struct fmt_ev ev;
	uint64_t v, off = 110;

	(void)state;
	begin(EV_clock_nanosleep, 0);
	num(1);
	num(0);
	blob(TAG_S2, ts, 16, 16);
	ev = row();
	assert_int_equal(number(&ev, P_clock_nanosleep_interval), 2000000500);
	begin(EV_pipe2, 0);
	num(0);
	num(0x80000);
	blob(TAG_S0, pair, 8, 8);
	ev = row();
	assert_int_equal(number(&ev, P_pipe2_fd1), 3);
	assert_int_equal(number(&ev, P_pipe2_fd2), 4);
	begin(EV_pipe2, -24);
	num(0);
	num(0);
	blob(TAG_S0, pair, 8, 8);
	ev = row();
	assert_false(fmt_ev__int(&ev, P_pipe2_fd1, &v));
	begin(EV_sendfile, 10);
	for (int i = 0; i < 4; i++)
		num(1);
	blob(TAG_S2, &off, 8, 8);
	ev = row();
	assert_int_equal(number(&ev, P_sendfile_offset), 100);
}

/* Every call that has small structures, with all lengths of them. */
static void test_short_structures(void **state)
{
	static const uint8_t zero[128];
	uint8_t arg[CAP_MAX_EVENTS][3] = { { 0 } }, len[CAP_MAX_EVENTS][3] = { { 0 } };

	(void)state;
	cap_calls__derefs(arg, len);
	for (unsigned e = 0; e < FMT_MAX_EVENTS; e++)
		for (unsigned n = 0; len[e][0] && n <= len[e][0]; n++) {
			begin((uint16_t)e, 0);
			for (int i = 0; i < 6; i++)
				num(5);
			for (unsigned k = 0; k < 3 && len[e][k]; k++)
				blob(TAG_S0 + arg[e][k], zero, n, n);
			row();
		}
}

/* --- records that are none -------------------------------------------------------------------- */

static void test_malformed(void **state)
{
	(void)state;
	begin(0xffff, 0);
	assert_int_equal(cap_decoder__row(&dec, &rec.r, 0, batch), 1);
	begin(EV_getppid, 0);
	rec.r.n_nums = 200;		/* more numbers than the record has room for */
	assert_int_equal(cap_decoder__row(&dec, &rec.r, 0, batch), 1);
	for (unsigned tag = 0; tag < 40; tag++)
		for (unsigned len = 0; len < 64; len += 7) {
			begin(EV_sendmsg, 1);
			num(1);
			num(1);
			blob((enum cap_tag)tag, "0123456789", 10, 10);
			((struct cap_blob *)(rec.bytes + sizeof(rec.r) + 16))->len = (uint16_t)len;
			row();
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_widths),
		cmocka_unit_test(test_missing_numbers),
		cmocka_unit_test(test_collector_flags),
		cmocka_unit_test(test_birth),
		cmocka_unit_test(test_exit),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_args),
		cmocka_unit_test(test_exec_by_descriptor),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_accept),
		cmocka_unit_test(test_abstract_name),
		cmocka_unit_test(test_bad_addresses),
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_short_structures),
		cmocka_unit_test(test_malformed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
