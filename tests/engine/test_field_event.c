// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "tests/engine/world.h"

enum { P = 10 };

static void assert_field(struct world *w, const char *field, const char *want)
{
	const char *is = get(w, field);

	if (!is != !want || (is && strcmp(is, want)))
		fail_msg("%s of %s: %s, not %s", field, w->row.info->name, is ? is : "missing",
			 want ? want : "missing");
}

static void assert_json(struct world *w, const char *field, const char *want)
{
	assert_string_equal(get_json(w, field), want);
}

/* evt.args of the event at hand. */
static void assert_args(struct world *w, const char *want)
{
	assert_field(w, "evt.args", want);
}

static void of_any_event(void **state)
{
	struct world *w = world__new();

	(void)state;
	setenv("TZ", "UTC", 1);
	tzset();
	eng_state__describe(w->st, "box", T0 - 1500000000);
	ev(w, EV_getpid, P, P, P);
	go(w);
	assert_field(w, "evt.num", "1");
	assert_field(w, "evt.time", "22:13:20.000000000");
	assert_field(w, "evt.time.s", "22:13:20");
	assert_field(w, "evt.time.iso8601", "2023-11-14T22:13:20.000000000+0000");
	assert_field(w, "evt.datetime", "2023-11-14 22:13:20.000000000");
	assert_field(w, "evt.rawtime", "1700000000000000000");
	assert_field(w, "evt.rawtime.s", "1700000000");
	assert_field(w, "evt.rawtime.ns", "000000000");
	assert_field(w, "evt.reltime", "1500000000");
	assert_field(w, "evt.reltime.s", "1");
	assert_field(w, "evt.reltime.ns", "500000000");
	assert_field(w, "evt.hostname", "box");
	assert_field(w, "evt.type", "getpid");
	assert_field(w, "syscall.type", "getpid");
	assert_field(w, "evt.type.is.getpid", "1");
	assert_field(w, "evt.type.is.openat", "0");
	assert_field(w, "evt.category", "process");
	assert_field(w, "evt.cpu", "1");
	assert_field(w, "evt.dir", "<");
	assert_field(w, "evt.res", "SUCCESS");
	assert_field(w, "evt.rawres", "10");
	assert_field(w, "evt.failed", "false");
	assert_field(w, "evt.count", "1");
	assert_field(w, "evt.source", "syscall");
	assert_field(w, "evt.is_async", "false");
	assert_field(w, "evt.io_dir", NULL);
	assert_field(w, "evt.buffer", NULL);
	assert_field(w, "evt.buflen", NULL);
	assert_json(w, "evt.time", "1700000000000000000");
	assert_json(w, "evt.time.iso8601", "1700000000000000000");
	assert_json(w, "evt.type", "\"getpid\"");
	assert_json(w, "evt.cpu", "1");
	assert_json(w, "evt.failed", "false");
	assert_json(w, "evt.io_dir", "null");
	world__free(w);
}

static void results(void **state)
{
	struct world *w = world__new();

	(void)state;
	open_file(w, P, P, "/etc/shadow", -13, FDF_RDONLY);
	assert_field(w, "evt.res", "EACCES");
	assert_field(w, "evt.rawres", "-13");
	assert_field(w, "evt.failed", "true");
	assert_field(w, "evt.count.error", "1");
	assert_field(w, "evt.count.error.file", "1");
	assert_field(w, "evt.count.error.net", NULL);
	ev(w, EV_getpid, P, P, FMT_NO_RES);	/* a file that does not say */
	go(w);
	assert_field(w, "evt.res", NULL);
	assert_field(w, "evt.rawres", NULL);
	assert_field(w, "evt.failed", NULL);
	ev(w, EV_signaldeliver, P, P, 0);	/* no call */
	go(w);
	assert_field(w, "evt.res", NULL);
	assert_field(w, "evt.failed", NULL);
	assert_field(w, "syscall.type", NULL);
	world__free(w);
}

static void reading_and_writing(void **state)
{
	struct world *w = world__new();

	(void)state;
	open_file(w, P, P, "/tmp/x", 3, FDF_WRONLY);
	ev(w, EV_write, P, P, 5);
	i(w, P_write_fd, 3);
	i(w, P_write_size, 5);
	fmt_batch__bytes(w->b, P_write_data, "ab\ncd", 5, 5);
	go(w);
	assert_field(w, "evt.category", "file");
	assert_field(w, "evt.is_io", "true");
	assert_field(w, "evt.is_io_read", "false");
	assert_field(w, "evt.is_io_write", "true");
	assert_field(w, "evt.io_dir", "write");
	assert_field(w, "evt.buffer", "ab.cd");
	assert_field(w, "evt.buflen", "5");
	assert_field(w, "evt.buflen.out", "5");
	assert_field(w, "evt.buflen.in", NULL);
	assert_field(w, "evt.buflen.file.out", "5");
	assert_field(w, "evt.buflen.net", NULL);
	assert_field(w, "evt.rawarg.data", "ab.cd");
	assert_args(w, "res=5 data=ab.cd fd=3(<f>/tmp/x) size=5");
	ev(w, EV_read, P, P, 1);
	i(w, P_read_fd, 77);
	go(w);
	assert_field(w, "evt.category", "unknown");
	assert_args(w, "res=1 data=NULL fd=77 size=<NA>");
	world__free(w);
}

static void opening(void **state)
{
	struct world *w = world__new();

	(void)state;
	ev(w, EV_openat, P, P, 3);
	i(w, P_openat_dirfd, -100);
	s(w, P_openat_name, "/tmp/x");
	i(w, P_openat_flags, FDF_WRONLY | FDF_CREAT | FDF_CREATED);
	i(w, P_openat_mode, 0755);
	i(w, P_openat_dev, 0xfe00);
	i(w, P_openat_ino, 12);
	go(w);
	assert_field(w, "evt.is_open_write", "true");
	assert_field(w, "evt.is_open_read", "false");
	assert_field(w, "evt.is_open_exec", "true");
	assert_field(w, "evt.is_open_create", "true");
	assert_field(w, "evt.arg.flags", "O_CREAT|O_WRONLY|O_F_CREATED");
	assert_field(w, "evt.rawarg.flags", "16390");
	assert_field(w, "evt.arg[0]", "<f>/tmp/x");
	assert_field(w, "evt.arg.fd", "<f>/tmp/x");
	assert_field(w, "evt.rawarg.fd", "3");
	assert_field(w, "evt.arg.name", "/tmp/x");
	assert_field(w, "evt.arg[99]", NULL);
	assert_field(w, "evt.arg.data", NULL);
	assert_args(w, "fd=3(<f>/tmp/x) dirfd=-100(AT_FDCWD) name=/tmp/x "
		       "flags=16390(O_CREAT|O_WRONLY|O_F_CREATED) mode=0755 dev=FE00 ino=12");
	ev(w, EV_chdir, P, P, 0);
	s(w, P_chdir_path, "/srv");
	go(w);
	ev(w, EV_openat, P, P, -2);
	i(w, P_openat_dirfd, -100);
	s(w, P_openat_name, "../etc/x");
	i(w, P_openat_flags, FDF_RDONLY);
	go(w);
	assert_field(w, "evt.is_open_read", "true");
	assert_field(w, "evt.is_open_create", "false");
	assert_field(w, "evt.arg.name", "/etc/x");
	assert_field(w, "evt.rawarg.name", "../etc/x");
	assert_args(w, "fd=-2(ENOENT) dirfd=-100(AT_FDCWD) name=../etc/x(/etc/x) "
		       "flags=1(O_RDONLY) mode=<NA> dev=<NA> ino=<NA>");
	ev(w, EV_read, P, P, 0);
	i(w, P_read_fd, 3);
	go(w);
	assert_field(w, "evt.is_open_read", "false");
	world__free(w);
}

static void kinds_of_parameters(void **state)
{
	static const char fds[] = "\2\0" "\3\0\0\0\0\0\0\0\1\0" "\x63\0\0\0\0\0\0\0\x0a\0";
	struct world *w = world__new();

	(void)state;
	exec_as(w, P, "bash", "/bin/bash", "", 0);
	open_file(w, P, P, "/a", 3, FDF_RDONLY);
	ev(w, EV_kill, P, P, 0);
	i(w, P_kill_pid, P);
	i(w, P_kill_sig, 9);
	go(w);
	assert_args(w, "res=0 pid=10(bash) sig=9(SIGKILL)");
	ev(w, EV_setresuid, P, P, 0);
	i(w, P_setresuid_ruid, UINT32_MAX);
	i(w, P_setresuid_euid, 1000);
	i(w, P_setresuid_suid, UINT32_MAX);
	go(w);
	assert_args(w, "res=0 ruid=-1(<NONE>) euid=1000(<NA>) suid=-1(<NONE>)");
	ev(w, EV_nanosleep, P, P, 0);
	i(w, P_nanosleep_interval, 1500000000);
	go(w);
	assert_args(w, "res=0 interval=1500000000(1.5s)");
	ev(w, EV_poll, P, P, 1);
	fmt_batch__str(w->b, P_poll_fds, fds, 22, 22);
	i(w, P_poll_timeout, -1);
	go(w);
	assert_field(w, "evt.arg.fds", "3:f1 99:?a");
	assert_field(w, "fdlist.nums", "3,99");
	assert_field(w, "fdlist.names", "/a,<NA>");
	ev(w, EV_fchmodat, P, P, 0);
	i(w, P_fchmodat_dirfd, -100);
	s(w, P_fchmodat_filename, "/a");
	i(w, P_fchmodat_mode, 04755);
	go(w);
	assert_field(w, "evt.arg.mode", "S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR|"
					"S_ISUID");
	assert_args(w, "res=0 dirfd=-100(AT_FDCWD) filename=/a mode=04755(S_IXOTH|S_IROTH|S_IXGRP|"
		       "S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID)");
	ev(w, EV_socket, P, P, 4);
	i(w, P_socket_domain, 2);
	i(w, P_socket_type, 1);
	i(w, P_socket_proto, 0);
	i(w, P_socket_flags, 0);
	go(w);
	assert_args(w, "fd=4(<4>) domain=2(AF_INET) type=1 proto=0 flags=0(O_NONE)");
	ev(w, EV_connect, P, P, 0);
	i(w, P_connect_fd, 4);
	tuple(w, P_connect_tuple, "10.0.0.1", 4000, "10.0.0.2", 80);
	addr(w, P_connect_addr, "10.0.0.2", 80);
	go(w);
	assert_args(w, "res=0 tuple=10.0.0.1:4000->10.0.0.2:80 "
		       "fd=4(<4t>10.0.0.1:4000->10.0.0.2:80) addr=10.0.0.2:80");
	ev(w, EV_connect, P, P, -111);
	i(w, P_connect_fd, 4);
	fmt_batch__str(w->b, P_connect_tuple, "\2x", 2, 2);
	fmt_batch__str(w->b, P_connect_addr, "\12x", 2, 2);
	go(w);
	assert_args(w, "res=-111(ECONNREFUSED) tuple=INVALID SOCKTUPLE "
		       "fd=4(<4t>10.0.0.1:4000->10.0.0.2:80) addr=INVALID SOCKADDR");
	world__free(w);
}

/* What Falco records with these calls and we leave to the state. */
static void what_the_state_adds(void **state)
{
	struct world *w = world__new();
	const char *args;

	(void)state;
	exec_as(w, P, "bash", "/bin/bash", "-c\0ls\0", 6);
	args = get(w, "evt.args");
	assert_non_null(strstr(args, "res=0 exe=bash args=-c.ls. "));
	assert_non_null(strstr(args, " comm=bash "));
	assert_non_null(strstr(args, " vm_size=0 "));
	ev(w, EV_clone, P, P, 20);
	i(w, P_clone_flags, 0);
	go(w);
	args = get(w, "evt.args");
	assert_non_null(strstr(args, " exe=bash args=-c.ls. "));
	assert_field(w, "evt.arg.args", "-c.ls.");
	world__free(w);
}

static void data_is_cut(void **state)
{
	struct world *w = world__new();
	char data[200];
	struct buf b = { 0 };

	(void)state;
	memset(data, 'x', sizeof(data));
	ev(w, EV_write, P, P, 200);
	i(w, P_write_fd, 1);
	fmt_batch__bytes(w->b, P_write_data, data, 200, 200);
	go(w);
	eng_event__arg(&w->ctx, P_write_data, 0, &b);
	assert_int_equal(b.len, 80);
	assert_memory_equal(b.p + 76, "x...", 4);
	b.len = 0;
	eng_event__arg(&w->ctx, P_write_data, 10, &b);
	assert_int_equal(b.len, 10);
	assert_memory_equal(b.p, "xxxxxxx...", 10);
	assert_int_equal(strlen(get(w, "evt.arg.data")), 200);
	assert_false(eng_event__arg(&w->ctx, 40, 0, &b));
	buf__done(&b);
	world__free(w);
}

static void meta_events(void **state)
{
	struct world *w = world__new();

	(void)state;
	ev(w, EV_useradded, 0, 0, 0);
	i(w, P_useradded_uid, 1000);
	s(w, P_useradded_name, "joe");
	go(w);
	assert_field(w, "evt.type", "useradded");
	assert_field(w, "evt.is_async", "true");
	assert_field(w, "evt.asynctype", "useradded");
	assert_field(w, "proc.name", NULL);
	assert_field(w, "proc.pid", NULL);
	assert_field(w, "user.name", NULL);
	assert_field(w, "fd.name", NULL);
	assert_field(w, "container.id", NULL);
	assert_field(w, "proc.aname[1]", NULL);
	world__free(w);
}

/* What was written to fd 3, the socket of the system's log. */
static void log_line(struct world *w, const char *text)
{
	ev(w, EV_write, 10, 10, (int64_t)strlen(text));
	i(w, P_write_fd, 3);
	fmt_batch__bytes(w->b, P_write_data, text, (uint32_t)strlen(text), (uint32_t)strlen(text));
	go(w);
}

static void what_is_written_to_the_log(void **state)
{
	struct world *w = world__new();

	(void)state;
	exec_as(w, 10, "logger", "/usr/bin/logger", "", 0);
	ev(w, EV_socket, 10, 10, 3);
	i(w, P_socket_domain, 1);
	i(w, P_socket_type, 2);
	go(w);
	ev(w, EV_connect, 10, 10, 0);
	i(w, P_connect_fd, 3);
	unix_tuple(w, P_connect_tuple, 0, 1, "/dev/log");
	go(w);
	log_line(w, "<38>Jan  1 00:00:00 sshd[1]: hello");
	assert_field(w, "evt.is_syslog", "true");
	assert_field(w, "syslog.facility", "4");
	assert_field(w, "syslog.facility.str", "auth");
	assert_field(w, "syslog.severity", "6");
	assert_field(w, "syslog.severity.str", "info");
	assert_field(w, "syslog.message", "Jan  1 00:00:00 sshd[1]: hello");
	log_line(w, "<0>");
	assert_field(w, "syslog.facility.str", "kern");
	assert_field(w, "syslog.severity.str", "emerg");
	assert_field(w, "syslog.message", "");
	log_line(w, "<999>x");
	assert_field(w, "syslog.facility.str", "<NA>");
	assert_field(w, "syslog.facility", "124");
	log_line(w, "no priority");
	assert_field(w, "syslog.message", NULL);
	log_line(w, "<1234>x");
	assert_field(w, "syslog.message", NULL);
	log_line(w, "<>x");
	assert_field(w, "syslog.facility", NULL);
	log_line(w, "<12");
	assert_field(w, "syslog.facility", NULL);
	world__free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_to_the_log),
		cmocka_unit_test(of_any_event),
		cmocka_unit_test(results),
		cmocka_unit_test(reading_and_writing),
		cmocka_unit_test(opening),
		cmocka_unit_test(kinds_of_parameters),
		cmocka_unit_test(what_the_state_adds),
		cmocka_unit_test(data_is_cut),
		cmocka_unit_test(meta_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
