// SPDX-License-Identifier: Apache-2.0
/*
 * act WHAT [ARGUMENT]... - does one thing that a rule looks for (or must not), with the real system call.
 *
 * Static and alone, so that it runs in any container. Exit 0: done. 3: this kernel cannot. 1: failed otherwise.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CANNOT 3

static int failed(const char *what)
{
	int e = errno;

	perror(what);
	return e == ENOSYS || e == EOPNOTSUPP || e == EAFNOSUPPORT ? CANNOT : 1;
}

static int wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) < 0)
		return failed("waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int run(char **argv)
{
	execv(argv[0], argv);
	return failed(argv[0]);
}

/* A child that waits to be killed. */
static pid_t victim(void)
{
	pid_t pid = fork();

	if (!pid)
		for (;;)
			pause();
	return pid;
}

static int end_victim(pid_t pid, int code)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return code;
}

static int noop(char **a)
{
	(void)a;
	return 0;
}

static int spawn(char **a)		/* PROGRAM ARG...: as a child */
{
	pid_t pid = fork();

	if (!pid)
		_exit(run(a));
	return wait_for(pid);
}

static int run_as(char **a)		/* ARGV0 PROGRAM ARG... */
{
	char *program = a[1];

	a[1] = a[0];
	execv(program, a + 1);
	return failed(program);
}

static int read_file(char **a)
{
	char buf[256];
	int fd = open(a[0], O_RDONLY);

	if (fd < 0 || read(fd, buf, sizeof(buf)) < 0)
		return failed(a[0]);
	return 0;
}

static int append(char **a)		/* FILE TEXT */
{
	int fd = open(a[0], O_WRONLY | O_APPEND | O_CREAT, 0644);

	if (fd < 0 || write(fd, a[1], strlen(a[1])) < 0)
		return failed(a[0]);
	return 0;
}

static int create_setuid(char **a)	/* FILE: the bit comes with the file */
{
	umask(0);
	return creat(a[0], 04755) < 0 ? failed(a[0]) : 0;
}

static int truncate_file(char **a)
{
	return truncate(a[0], 0) ? failed(a[0]) : 0;
}

static int memory(void)
{
	char buf[65536];
	ssize_t n;
	int from = open("/proc/self/exe", O_RDONLY), fd = (int)syscall(SYS_memfd_create, "payload", 0);

	if (from < 0 || fd < 0)
		return -1;
	while ((n = read(from, buf, sizeof(buf))) > 0)
		if (write(fd, buf, (size_t)n) != n)
			return -1;
	close(from);
	return fd;
}

static int run_from_memory(char **a)
{
	char *argv[] = { (char *)"payload", (char *)"noop", NULL }, path[64];
	int fd = memory();

	(void)a;
	if (fd < 0)
		return failed("memfd_create");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	execv(path, argv);
	return failed(path);
}

static int only_memory(char **a)	/* PROGRAM ARG...: a memory file is made, another program runs */
{
	return memory() < 0 ? failed("memfd_create") : run(a);
}

/* A connection over TCP to ADDRESS PORT with the other end here; returns the connecting end. */
static int joined(const char *address, int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port) };
	int l = socket(AF_INET, SOCK_STREAM, 0), s = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	if (l < 0 || s < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1)
		return -1;
	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(l, (struct sockaddr *)&to, sizeof(to)) || listen(l, 1) || connect(s, (struct sockaddr *)&to, sizeof(to)))
		return -1;
	fcntl(l, F_SETFD, FD_CLOEXEC);
	return s;
}

static int connect_to(char **a)		/* ADDRESS PORT */
{
	return joined(a[0], atoi(a[1])) < 0 ? failed(a[0]) : 0;
}

static int accept_at(char **a)		/* PORT: is called there, by itself */
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(a[0])),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int l = socket(AF_INET, SOCK_STREAM, 0), s = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(l, (struct sockaddr *)&at, sizeof(at)) || listen(l, 1) ||
	    connect(s, (struct sockaddr *)&at, sizeof(at)) || accept(l, NULL, NULL) < 0)
		return failed("accept");
	return 0;
}

static int both_on_socket(char **a)	/* PROGRAM ARG...: its input and its output */
{
	int s = joined("127.0.0.1", 4447);

	if (s < 0 || dup2(s, 0) < 0 || dup2(s, 1) < 0)
		return failed("socket");
	return run(a);
}

static int between_pipes(char **a)	/* PROGRAM ARG... */
{
	int in[2], out[2];

	if (pipe(in) || pipe(out) || dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0)
		return failed("pipe");
	return run(a);
}

static int in_group_of(char **a)	/* LEADER PROGRAM ARG...: fed by a pipe, in the process group of another program */
{
	char *leader[] = { a[0], (char *)"sleep", NULL };
	int p[2], until_run[2];
	char c;
	pid_t first, second;

	if (pipe(p) || pipe(until_run) || fcntl(until_run[1], F_SETFD, FD_CLOEXEC))
		return failed("pipe");
	first = fork();
	if (!first) {
		setpgid(0, 0);
		close(p[1]);
		_exit(run(leader));
	}
	setpgid(first, first);
	close(until_run[1]);
	if (read(until_run[0], &c, 1))		/* the end of it: the leader is another program now */
		return failed("read");
	second = fork();
	if (!second) {
		setpgid(0, first);
		close(p[1]);
		dup2(p[0], 0);
		_exit(run(a + 1));
	}
	close(p[1]);
	wait_for(second);
	kill(first, SIGKILL);
	waitpid(first, NULL, 0);
	return 0;
}

static int kill_process(char **a)	/* PID */
{
	return kill(atoi(a[0]), SIGKILL) ? failed(a[0]) : 0;
}

static int rename_file(char **a)
{
	return rename(a[0], a[1]) ? failed(a[0]) : 0;
}

static int make_directory(char **a)
{
	return mkdir(a[0], 0755) ? failed(a[0]) : 0;
}

static int try_read(char **a)		/* FILE: need not be there */
{
	return open(a[0], O_RDONLY) < -1;
}

static int try_write(char **a)		/* FILE: need not be allowed */
{
	return open(a[0], O_WRONLY) < -1;
}

static int shell_on_socket(char **a)	/* PROGRAM ARG... */
{
	int s = joined("127.0.0.1", 4445);

	if (s < 0 || dup2(s, 0) < 0)
		return failed("socket");
	return run(a);
}

static int stream_to_socket(char **a)
{
	int s = joined("127.0.0.1", 4446);

	(void)a;
	return s < 0 || dup2(s, 0) < 0 ? failed("socket") : 0;
}

static int stream_to_pipe(char **a)
{
	int p[2];

	(void)a;
	return pipe(p) || dup2(p[0], 0) < 0 ? failed("pipe") : 0;
}

static int on_terminal(char **a)	/* PROGRAM ARG...: with a terminal of its own */
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	char *name;
	pid_t pid;

	if (master < 0 || grantpt(master) || unlockpt(master) || !(name = ptsname(master)))
		return failed("posix_openpt");
	pid = fork();
	if (!pid) {
		setsid();
		slave = open(name, O_RDWR);
		if (slave < 0 || ioctl(slave, TIOCSCTTY, 0))
			_exit(failed(name));
		dup2(slave, 0);
		_exit(run(a));
	}
	return wait_for(pid);
}

static int write_memory(char **a)
{
	static char target[16];
	pid_t pid = victim();
	struct iovec local = { (char *)"0123456789", 10 }, remote = { target, 10 };

	(void)a;
	if (process_vm_writev(pid, &local, 1, &remote, 1, 0) != 10)
		return end_victim(pid, failed("process_vm_writev"));
	return end_victim(pid, 0);
}

static int read_memory(char **a)
{
	static char target[16];
	pid_t pid = victim();
	char buf[10];
	struct iovec local = { buf, 10 }, remote = { target, 10 };

	(void)a;
	if (process_vm_readv(pid, &local, 1, &remote, 1, 0) != 10)
		return end_victim(pid, failed("process_vm_readv"));
	return end_victim(pid, 0);
}

static int open_memory(char **a)
{
	pid_t pid = victim();
	char path[64];

	(void)a;
	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	return end_victim(pid, open(path, O_RDWR) < 0 ? failed(path) : 0);
}

static int attach(char **a)
{
	pid_t pid = victim();

	(void)a;
	return end_victim(pid, ptrace(PTRACE_ATTACH, pid, NULL, NULL) ? failed("ptrace") : 0);
}

static int traceme(char **a)
{
	(void)a;
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) ? failed("ptrace") : 0;
}

/* Kernels without modules refuse the call: the attempt is what the rule reports. */
static int load_module(char **a)	/* FILE */
{
	int fd = open(a[0], O_RDONLY);

	if (fd < 0)
		return failed(a[0]);
	syscall(SYS_finit_module, fd, "", 0);
	return 0;
}

static int bpf_call(int cmd, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, cmd, attr, sizeof(*attr));
}

static int load_bpf(char **a)
{
	struct bpf_insn prog[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SOCKET_FILTER, .insn_cnt = 2,
		.insns = (uint64_t)(uintptr_t)prog, .license = (uint64_t)(uintptr_t)"GPL",
	};

	(void)a;
	return bpf_call(BPF_PROG_LOAD, &attr) < 0 ? failed("bpf") : 0;
}

static int bpf_map(char **a)
{
	union bpf_attr attr = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };

	(void)a;
	return bpf_call(BPF_MAP_CREATE, &attr) < 0 ? failed("bpf") : 0;
}

static int connect_unix(char **a)	/* PATH: listens there, and connects */
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int l = socket(AF_UNIX, SOCK_STREAM, 0), s = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof(at.sun_path), "%s", a[0]);
	unlink(a[0]);
	if (bind(l, (struct sockaddr *)&at, sizeof(at)) || listen(l, 1) || connect(s, (struct sockaddr *)&at, sizeof(at)))
		return failed(a[0]);
	unlink(a[0]);
	return 0;
}

static int enter_namespace(char **a)
{
	int fd = open("/proc/self/ns/uts", O_RDONLY);

	(void)a;
	return fd < 0 || setns(fd, CLONE_NEWUTS) ? failed("setns") : 0;
}

static int unshare_user(char **a)
{
	(void)a;
	return unshare(CLONE_NEWUSER) ? failed("unshare") : 0;
}

static int unshare_uts(char **a)
{
	(void)a;
	return unshare(CLONE_NEWUTS) ? failed("unshare") : 0;
}

static int handle(const char *path, bool then_open)
{
	union {
		struct file_handle h;
		char room[sizeof(struct file_handle) + 128];
	} u = { .h.handle_bytes = 128 };
	int mount_id, mount = open("/dev/shm", O_RDONLY);

	if (name_to_handle_at(AT_FDCWD, path, &u.h, &mount_id, 0))
		return failed("name_to_handle_at");
	if (then_open && open_by_handle_at(mount, &u.h, O_RDONLY) < 0)
		return failed("open_by_handle_at");
	return 0;
}

static int open_by_handle(char **a)	/* FILE on /dev/shm */
{
	return handle(a[0], true);
}

static int name_handle(char **a)
{
	return handle(a[0], false);
}

static int faults(char **a)
{
	(void)a;
	return syscall(SYS_userfaultfd, O_CLOEXEC | UFFD_USER_MODE_ONLY) < 0 ? failed("userfaultfd") : 0;
}

static int uring(char **a)
{
	char params[120] = { 0 };

	(void)a;
	return syscall(SYS_io_uring_setup, 4, params) < 0 ? failed("io_uring_setup") : 0;
}

static int packet_socket(char **a)
{
	(void)a;
	return socket(AF_PACKET, SOCK_RAW, 0) < 0 ? failed("socket") : 0;
}

static int sleep_on(char **a)
{
	(void)a;
	sleep(30);
	return 0;
}

static const struct {
	const char *what;
	int n_args;
	int (*fn)(char **a);
} acts[] = {
	{ "accept", 1, accept_at }, { "append", 2, append }, { "attach", 0, attach }, { "between-pipes", 1, between_pipes },
	{ "both-on-socket", 1, both_on_socket }, { "bpf-map", 0, bpf_map }, { "connect", 2, connect_to },
	{ "connect-unix", 1, connect_unix }, { "create-setuid", 1, create_setuid },
	{ "enter-namespace", 0, enter_namespace }, { "faults", 0, faults }, { "load-bpf", 0, load_bpf },
	{ "in-group-of", 2, in_group_of }, { "kill", 1, kill_process }, { "load-module", 1, load_module },
	{ "make-directory", 1, make_directory },
	{ "mark", 1, noop }, { "rename", 2, rename_file }, { "try-read", 1, try_read }, { "try-write", 1, try_write },
	{ "name-handle", 1, name_handle }, { "noop", 0, noop },
	{ "on-terminal", 1, on_terminal }, { "only-memory", 1, only_memory }, { "open-by-handle", 1, open_by_handle },
	{ "open-memory", 0, open_memory }, { "packet-socket", 0, packet_socket }, { "read", 1, read_file },
	{ "read-memory", 0, read_memory }, { "run-as", 2, run_as }, { "run-from-memory", 0, run_from_memory },
	{ "shell-on-socket", 1, shell_on_socket }, { "sleep", 0, sleep_on }, { "spawn", 1, spawn },
	{ "stream-to-pipe", 0, stream_to_pipe }, { "stream-to-socket", 0, stream_to_socket }, { "traceme", 0, traceme },
	{ "truncate", 1, truncate_file }, { "unshare-user", 0, unshare_user }, { "unshare-uts", 0, unshare_uts },
	{ "uring", 0, uring }, { "write-memory", 0, write_memory },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(acts) / sizeof(*acts); i++)
		if (!strcmp(argv[1], acts[i].what) && argc - 2 >= acts[i].n_args)
			return acts[i].fn(argv + 2);
	fprintf(stderr, "act: unknown act '%s'\n", argc > 1 ? argv[1] : "");
	return 1;
}
