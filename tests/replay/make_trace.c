// SPDX-License-Identifier: Apache-2.0
/*
 * make_trace KIND FILE [N] - traces that never change, for goldens.
 *
 *   story   a container's shell reads /etc/shadow, runs a dropped program, connects out; a host process beside it;
 *           text that tries to talk to the terminal; losses; a signal; an end. Two chunks of events, a second keyframe.
 *   many N  N ordinary events, some 60 of them to a loop, over a few processes: for speed and large files.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/file/trace_writer.h"

#define T0 1764252187000000000ull	/* 2025-11-27T14:03:07Z */
#define MS 1000000ull
#define BOX "3f2a9c0d11ee"
#define FULL BOX "5a7c0b9e2d4f6a8c1e3b5d7f9a0c2e4b6d8f1a3c5e7092b4d6f8"
#define CGROUP "cpu=/docker/" FULL

static struct fmt_batch *b;
static struct fmt_writer *w;
static uint64_t now = T0;
static uint64_t next_num = 1;

static void die(const char *what, const struct err *err)
{
	fprintf(stderr, "make_trace: %s: %s\n", what, err->msg);
	exit(1);
}

/* --- rows: parameters by name, so that the story reads ------------------------------------------------- */

static uint16_t type;

static unsigned param(const char *name)
{
	int i = fmt_event__param(fmt_event(type), name);

	if (i < 0) {
		fprintf(stderr, "make_trace: %s has no parameter %s\n", fmt_event(type)->name, name);
		exit(1);
	}
	return (unsigned)i;
}

static void begin(uint16_t t, uint32_t pid, uint32_t tid, uint64_t dur, int64_t res)
{
	type = t;
	fmt_batch__begin(b, t, now, dur, tid, pid, (uint16_t)(pid & 1), res);
}

static void num(const char *name, int64_t v)
{
	fmt_batch__int(b, param(name), (uint64_t)v);
}

static void list(const char *name, const char *v, uint32_t len, uint32_t full)
{
	fmt_batch__str(b, param(name), v, len, full);
}

static void str(const char *name, const char *v)
{
	list(name, v, (uint32_t)strlen(v), (uint32_t)strlen(v));
}

static void data(const char *v, uint32_t len, uint32_t full)
{
	fmt_batch__bytes(b, param("data"), v, len, full);
}

static void end(void)
{
	fmt_batch__end(b);
}

static void write_batch(bool keyframe)
{
	struct err err = { 0 };

	if (fmt_writer__batch(w, b, keyframe, &err))
		die("writing", &err);
	if (!keyframe)
		next_num += b->n;
	fmt_batch__reset(b, next_num);
}

/* --- the state -------------------------------------------------------------------------------------------- */

struct task {
	uint32_t pid, ppid, vpid, uid;
	const char *comm, *exe, *exepath, *args, *cwd;
	uint32_t args_len;
	bool boxed;
	uint32_t tty;
	uint64_t start;			/* 0: a second before the trace */
};
#define ARGS(s) .args = s, .args_len = sizeof(s)

static const struct task tasks[] = {
	{ .pid = 1, .comm = "init", .exe = "/sbin/init", .exepath = "/sbin/init", .cwd = "/", .vpid = 1 },
	{ .pid = 900, .ppid = 1, .vpid = 900, .comm = "cron", .exe = "/usr/sbin/cron", .exepath = "/usr/sbin/cron",
	  ARGS("-f"), .cwd = "/var/spool/cron" },
	{ .pid = 4300, .ppid = 1, .vpid = 1, .comm = "httpd", .exe = "httpd", .exepath = "/usr/sbin/httpd",
	  ARGS("-f\0-p\08080"), .cwd = "/www", .boxed = true },
	{ .pid = 4321, .ppid = 4300, .vpid = 12, .comm = "bash", .exe = "bash", .exepath = "/bin/bash", .cwd = "/root",
	  .boxed = true, .tty = 34816 },
};

static void put_task(const struct task *t)
{
	begin(EV_state_thread, t->pid, t->pid, 0, 0);
	num("ptid", t->ppid);
	num("real_ptid", t->ppid);
	num("pgid", t->pid);
	num("vpgid", t->vpid);
	num("sid", t->vpid);
	num("vtid", t->vpid);
	num("vpid", t->vpid);
	str("comm", t->comm);
	str("exe", t->exe);
	str("exepath", t->exepath);
	list("args", t->args ? t->args : "", t->args_len, t->args_len);
	list("env", "LANG=C", 7, 7);
	str("cwd", t->cwd);
	str("root", "/");
	if (t->boxed)
		list("cgroups", CGROUP, sizeof(CGROUP), sizeof(CGROUP));
	else
		list("cgroups", "cpu=/", 6, 6);
	num("uid", t->uid);
	num("euid", t->uid);
	num("gid", 0);
	num("egid", 0);
	num("loginuid", t->boxed ? (int64_t)UINT32_MAX : 1000);
	num("cap_effective", 0x3fffff);
	num("cap_permitted", 0x3fffff);
	num("tty", t->tty);
	num("start", (int64_t)(t->start ? t->start : T0 - 1000 * MS));
	num("exe_ino", 1000 + t->pid);
	end();
}

static void put_fd(uint32_t pid, int64_t fd, int64_t kind, const char *name)
{
	begin(EV_state_fd, pid, pid, 0, 0);
	num("fd", fd);
	num("type", kind);
	str("name", name);
	num("open_flags", 1);
	num("ino", 77);
	end();
}

/* Runs when the second keyframe is written. */
static const struct task dropped = {
	.pid = 4330, .ppid = 4321, .vpid = 13, .comm = ".dropped", .exe = ".dropped", .exepath = "/tmp/.dropped",
	ARGS("--to\000203.0.113.66"), .cwd = "/root", .boxed = true, .tty = 34816, .start = T0 + 8 * MS,
};

static void keyframe(bool with_dropped)
{
	for (size_t i = 0; i < sizeof(tasks) / sizeof(*tasks); i++)
		put_task(&tasks[i]);
	if (with_dropped)
		put_task(&dropped);
	put_fd(900, 3, 1, "/var/log/cron.log");
	put_fd(4321, 0, 1, "/dev/pts/0");
	begin(EV_state_container, 0, 0, 0, 0);
	str("id", BOX);
	str("full_id", FULL);
	str("runtime", "docker");
	str("name", "web");
	str("image", "registry.example/httpd:2.4");
	end();
	begin(EV_state_user, 0, 0, 0, 0);
	num("uid", 0);
	num("gid", 0);
	str("name", "root");
	str("home", "/root");
	str("shell", "/bin/bash");
	end();
	write_batch(true);
}

/* --- the story ---------------------------------------------------------------------------------------------- */

static void open_file(uint32_t pid, const char *name, const char *path, int64_t flags, int64_t res, uint64_t dur)
{
	now += MS;
	begin(EV_openat, pid, pid, dur, res);
	num("dirfd", -100);
	str("name", name);
	num("flags", flags);
	num("mode", flags & 4 ? 0644 : 0);
	if (res >= 0) {
		num("dev", 0x800001);
		num("ino", 4711);
		str("path", path);
	}
	end();
}

static void read_file(uint32_t pid, int64_t fd, const char *text, uint32_t len, uint32_t full)
{
	now += MS;
	begin(EV_read, pid, pid, 1500, full);
	data(text, len, full);
	num("fd", fd);
	num("size", 4096);
	end();
}

static void fork_child(uint32_t parent, uint32_t child, uint32_t vpid, const char *comm)
{
	now += MS;
	begin(EV_clone, parent, parent, 91000, child);
	num("tid", parent);
	num("pid", parent);
	num("ptid", 4300);
	str("comm", comm);
	num("flags", 0x1800000);
	num("uid", 0);
	num("gid", 0);
	num("vtid", 12);
	num("vpid", 12);
	end();
	now += MS;
	begin(EV_clone, child, child, 0, 0);
	num("tid", child);
	num("pid", child);
	num("ptid", parent);
	str("comm", comm);
	num("flags", 0x1800000);
	num("uid", 0);
	num("gid", 0);
	num("vtid", vpid);
	num("vpid", vpid);
	end();
}

static void exec_child(uint32_t pid, uint32_t ppid, int64_t res, const char *filename, const char *comm,
		       const char *args, uint32_t args_len, uint32_t args_full, int64_t exe_flags)
{
	now += MS;
	begin(EV_execve, pid, pid, 412000, res);
	str("exe", comm);
	list("args", args, args_len, args_full);
	num("tid", pid);
	num("pid", pid);
	num("ptid", ppid);
	str("cwd", "/root");
	num("fdlimit", 1024);
	str("comm", res ? "bash" : comm);
	list("cgroups", CGROUP, sizeof(CGROUP), sizeof(CGROUP));
	list("env", "LANG=C", 7, 7);
	num("tty", 34816);
	num("vpgid", 12);
	num("loginuid", UINT32_MAX);
	num("flags", exe_flags);
	num("cap_permitted", 0x3fffff);
	num("cap_effective", 0x3fffff);
	num("exe_ino", 99);
	num("uid", 0);
	str("filename", filename);
	if (!res)
		str("trusted_exepath", filename);
	num("pgid", 4321);
	num("gid", 0);
	end();
}

static void exit_process(uint32_t pid, int64_t code, int64_t sig)
{
	now += MS;
	begin(EV_procexit, pid, pid, 0, 0);
	num("status", code << 8 | sig);
	num("ret", code);
	num("sig", sig);
	num("core", 0);
	num("reaper_tid", 0);
	end();
}

static void close_fd(uint32_t pid, int64_t fd)
{
	now += MS;
	begin(EV_close, pid, pid, 300, 0);
	num("fd", fd);
	end();
}

static void connect_out(uint32_t pid)
{
	static const char tuple[] = "\x02\x0a\x00\x00\x05\x39\x9c\xcb\x00\x71\x42\x5c\x11";	/* 10.0.0.5:40001 -> 203.0.113.66:4444 */
	static const char addr[] = "\x02\xcb\x00\x71\x42\x5c\x11";

	now += MS;
	begin(EV_socket, pid, pid, 2100, 3);
	num("domain", 2);
	num("type", 1);
	num("proto", 0);
	end();
	now += MS;
	begin(EV_connect, pid, pid, 1250000, 0);
	list("tuple", tuple, 13, 13);
	num("fd", 3);
	list("addr", addr, 7, 7);
	end();
}

static void story(void)
{
	static const char escape[] = "\x1b]0;owned\x07\x1b[2J\xe2\x80\xae" "cod.exe\xff";

	keyframe(false);
	open_file(900, "/var/spool/cron/root", "/var/spool/cron/root", 1, -ENOENT, 5200);
	open_file(4321, "/etc/shadow", "/etc/shadow", 1, 3, 12034);
	read_file(4321, 3, "root:$6$salt$hash:20000:0:99999:7:::\nwww:!:20000::::::\n", 54, 1200);
	close_fd(4321, 3);
	open_file(4321, "notes \"draft\"", "/root/notes \"draft\"", 4 | 2, 3, 8000);
	close_fd(4321, 3);
	fork_child(4321, 4330, 13, "bash");
	exec_child(4330, 4321, -EACCES, "/root/.dropped", ".dropped", "", 0, 0, 0);
	exec_child(4330, 4321, 0, "/tmp/.dropped", ".dropped", "--to\000203.0.113.66", 18, 18, 4);
	connect_out(4330);
	open_file(4330, escape, escape, 1, -EPERM, 999);
	write_batch(false);
	now += 10000 * MS;
	keyframe(true);
	begin(EV_signaldeliver, 4330, 4330, 0, 0);
	num("spid", 4321);
	num("dpid", 4330);
	num("sig", 9);
	end();
	exit_process(4330, 0, 9);
	now += MS;
	begin(EV_drop, 0, 0, 0, 0);
	num("n", 42);
	num("cpu", 1);
	num("from", (int64_t)(now - 2 * MS));
	num("to", (int64_t)now);
	end();
	now += MS;
	begin(EV_noise, 4321, 4321, 0, 0);
	num("event", EV_futex);
	num("n", 17);
	num("errors", 1);
	num("time", 12345);
	end();
	exit_process(4321, 1, 0);
	write_batch(false);
}

/* The same numbers every time. */
static uint32_t next_random(void)
{
	static uint32_t x = 1;

	x = x * 1664525 + 1013904223;
	return x >> 8;
}

static void many(uint64_t n)
{
	static const char *const files[] = {
		"/etc/passwd", "/usr/lib/libc.so.6", "/var/log/cron.log", "/proc/self/stat", "/etc/hosts", "/etc/localtime"
	};
	static const uint32_t pids[] = { 900, 4300, 4321 };

	keyframe(false);
	for (uint64_t i = 0; i < n; i += 5) {
		uint32_t pid = pids[i / 5 % 3];
		const char *file = files[i / 5 % 6];

		open_file(pid, file, file, 1, 5, 2000 + next_random() % 9000);
		for (int k = 0; k < 3; k++) {
			uint32_t text[4] = { next_random(), next_random(), next_random(), next_random() };

			read_file(pid, 5, (const char *)text, sizeof(text), 16 + next_random() % 4096);
		}
		close_fd(pid, 5);
		if (fmt_batch__full(b) || b->n > FMT_BATCH_MAX_EVENTS - 8)
			write_batch(false);
	}
	write_batch(false);
}

static void plain(uint16_t event, uint32_t pid, const char *fd_param, int64_t res)
{
	now += 1000 + next_random() % 9000;
	begin(event, pid, pid, 300 + next_random() % 3000, res);
	if (fd_param)
		num(fd_param, 3);
	end();
}

static void write_if_full(void)
{
	if (fmt_batch__full(b) || b->n > FMT_BATCH_MAX_EVENTS - 1024)
		write_batch(false);
}

/* What one short-lived program does: files that are not there and some that are, read, written, looked at. */
static void run_program(uint32_t pid)
{
	static const char *const names[] = { "awk", "sed", "sort", "cut", "grep", "cat", "wc", "tr" };
	const char *name = names[next_random() % 8];
	char path[64], exe[32];

	snprintf(exe, sizeof(exe), "/usr/bin/%s", name);
	fork_child(4321, pid, pid - 5000, "bash");
	exec_child(pid, 4321, 0, exe, name, "-c\0-o\0out.o\0", 12, 12, 0);
	for (unsigned i = 0; i < 40; i++) {
		bool fails = next_random() % 3 == 0;

		snprintf(path, sizeof(path), "/srv/data/dir%u/object-%u.dat", next_random() % 40, next_random() % 25);
		open_file(pid, path, path, next_random() % 20 ? 1 : 2, fails ? -ENOENT : 3, 2000 + next_random() % 9000);
		plain(EV_newfstatat, pid, NULL, fails ? -ENOENT : 0);
		plain(EV_rt_sigaction, pid, NULL, 0);
		if (fails)
			continue;
		plain(EV_mmap, pid, "fd", 0x7f0000000000);
		for (unsigned k = next_random() % 4; k; k--)
			plain(EV_read, pid, "fd", 4096);
		plain(EV_write, pid, "fd", 64);
		close_fd(pid, 3);
	}
	exit_process(pid, 0, 0);
	write_if_full();
}

/* A busy machine: programs that come and go. About n events. */
static void mix(uint64_t n)
{
	uint64_t first = next_num;

	keyframe(false);
	for (uint32_t i = 0; next_num + b->n - first < n; i++)
		run_program(10000 + i % 20000);
	write_batch(false);
}

/* Programs with a few arguments, and one with an argument of n bytes. */
static void long_args(uint64_t n)
{
	char *args = malloc(n + 1);

	memset(args, 'a', n);
	args[n] = 0;
	keyframe(false);
	for (uint32_t i = 0; i < 3; i++) {
		uint32_t len = i == 1 ? (uint32_t)n + 1 : 40;

		fork_child(4321, 4330 + i, 13 + i, "bash");
		exec_child(4330 + i, 4321, 0, "/bin/echo", "echo", args + n + 1 - len, len, len, 0);
	}
	write_batch(false);
	free(args);
}

int main(int argc, char **argv)
{
	struct fmt_meta meta = {
		.hostname = "node7", .kernel = "6.1.0", .arch = "x86_64", .tool = "make_trace", .driver = "none",
		.uuid = "00000000-0000-4000-8000-000000000001", .n_cpus = 2, .snaplen = 80, .boot_ns = T0 - 86400000 * MS,
		.start_ns = T0,
	};
	struct fmt_writer_opts opts = { .sz = sizeof(opts), .created_ns = T0 };
	struct err err = { 0 };

	if (argc < 3) {
		fprintf(stderr, "make_trace story|many|mix|long FILE [N]\n");
		return 1;
	}
	if (fmt_batch__new(&b) || fmt_writer__open(&w, argv[2], true, &meta, &opts, &err))
		die(argv[2], &err);
	fmt_batch__reset(b, next_num);
	if (!strcmp(argv[1], "story"))
		story();
	else if (!strcmp(argv[1], "mix"))
		mix(argc > 3 ? strtoull(argv[3], NULL, 10) : 100000);
	else if (!strcmp(argv[1], "long"))
		long_args(argc > 3 ? strtoull(argv[3], NULL, 10) : 100000);
	else
		many(argc > 3 ? strtoull(argv[3], NULL, 10) : 100000);
	if (fmt_writer__close(w, &err))
		die(argv[2], &err);
	fmt_batch__free(b);
	return 0;
}
