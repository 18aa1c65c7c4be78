// SPDX-License-Identifier: Apache-2.0
/* In the sandbox: what is given up cannot be had, what is needed works. Each in a process of its own. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
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
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "format/base/refusal.h"
#include "format/base/sandbox.h"

static char dir[64], sub[80];
static unsigned layers;

static void *thread(void *arg)
{
	return arg;
}

/* Each returns 0 if it could do what it wanted. */
static int run_program(void) { return execl("/bin/true", "true", (char *)NULL); }
static int run_at(void) { return (int)syscall(__NR_execveat, AT_FDCWD, "/bin/true", NULL, NULL, 0); }
static int fork_it(void) { pid_t p = fork(); if (!p) _exit(0); return p < 0 ? -1 : 0; }
static int socket_it(void) { return socket(AF_INET, SOCK_STREAM, 0) < 0 ? -1 : 0; }
static int socket_unix(void) { int v[2]; return socketpair(AF_UNIX, SOCK_STREAM, 0, v); }
static int ring(void) { return (int)syscall(__NR_io_uring_setup, 1, NULL) < 0 ? -1 : 0; }
static int trace_it(void) { return (int)ptrace(PTRACE_TRACEME, 0, 0, 0); }
static int kill_parent(void) { return kill(getppid(), 0); }
static int wake_parent(void) { return (int)syscall(__NR_tgkill, getppid(), getppid(), SIGCONT); }
static int type_it(void) { return ioctl(0, TIOCSTI, "x"); }
static int paste_it(void) { char paste = 3; return ioctl(0, TIOCLINUX, &paste); }
static int new_user_ns(void) { return (int)syscall(__NR_unshare, 0x10000000); }
static int write_elsewhere(void) { int fd = open("/tmp/spoor-sandbox-x", O_WRONLY | O_CREAT, 0600); return fd < 0 ? -1 : 0; }
static int change_mode(void) { return (int)syscall(__NR_fchmodat, AT_FDCWD, dir, 0777); }
static int make_link(void) { return symlink("/etc/passwd", "l"); }
static int memory_file(void) { return (int)syscall(__NR_memfd_create, "x", 0) < 0 ? -1 : 0; }

static int read_a_file(void) { char b; int fd = open("/etc/passwd", O_RDONLY); return read(fd, &b, 1) == 1 ? 0 : -1; }
static int make_thread(void) { pthread_t t; return pthread_create(&t, NULL, thread, NULL) || pthread_join(t, NULL); }
static int map_memory(void) { return mmap(NULL, 1 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED; }
static int signal_self(void) { return raise(0) || kill(getpid(), 0); }
static int see_parent(void) { return (int)syscall(__NR_tgkill, getppid(), getppid(), 0); }
static int see_nobody(void) { return (int)syscall(__NR_tgkill, 0x3fffffff, 0x3fffffff, 0); }
static int write_inside(void)
{
	char a[128], b[128];
	int fd;

	snprintf(a, sizeof(a), "%s/a", sub);
	snprintf(b, sizeof(b), "%s/b", sub);
	fd = open(a, O_WRONLY | O_CREAT | O_EXCL, 0600);
	return fd < 0 || write(fd, "x", 1) != 1 || ftruncate(fd, 0) || fsync(fd) || close(fd) || rename(a, b) || unlink(b);
}

/* What came of it in a child: 0 done, else errno. */
static int outcome(int (*fn)(void))
{
	int status;
	pid_t p = fork();

	assert_true(p >= 0);
	if (!p) {
		struct sandbox s = { .write_in = { sub, "/does/not/exist" } };

		sandbox__enter(&s);
		errno = 0;
		_exit(fn() ? (errno ? errno : 255) : 0);
	}
	assert_int_equal(waitpid(p, &status, 0), p);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int setup(void **state)
{
	struct sandbox s = { .write_in = { NULL } };
	int status;
	pid_t p;

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/spoor-sandbox.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(sub, sizeof(sub), "%s/in", dir);
	if (mkdir(sub, 0700))
		return -1;
	p = fork();
	if (!p)
		_exit((int)sandbox__enter(&s));
	if (waitpid(p, &status, 0) != p || !WIFEXITED(status))
		return -1;
	layers = (unsigned)WEXITSTATUS(status);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	rmdir(sub);
	rmdir(dir);
	return 0;
}

static void given_up(void **state)
{
	(void)state;
	if (!(layers & SANDBOX_CALLS))
		skip();
	assert_int_equal(outcome(run_program), ENOSYS);
	assert_int_equal(outcome(run_at), ENOSYS);
	assert_int_equal(outcome(fork_it), EPERM);
	assert_int_equal(outcome(socket_it), ENOSYS);
	assert_int_equal(outcome(socket_unix), ENOSYS);
	assert_int_equal(outcome(ring), ENOSYS);
	assert_int_equal(outcome(trace_it), ENOSYS);
	assert_int_equal(outcome(kill_parent), EPERM);
	assert_int_equal(outcome(wake_parent), EPERM);
	assert_int_equal(outcome(type_it), EPERM);
	assert_int_equal(outcome(paste_it), EPERM);
	assert_int_equal(outcome(new_user_ns), ENOSYS);
	assert_int_equal(outcome(change_mode), ENOSYS);
	assert_int_equal(outcome(make_link), ENOSYS);
	assert_int_equal(outcome(memory_file), ENOSYS);
}

static void written_nowhere_else(void **state)
{
	(void)state;
	if (!(layers & SANDBOX_FILES))
		skip();
	assert_int_equal(outcome(write_elsewhere), EACCES);
	assert_int_equal(access("/tmp/spoor-sandbox-x", F_OK), -1);
}

/* What a child says that makes some calls twice as `who`, and how it ended. */
static void told(const char *who, char *ret_said, size_t size, int *ret_status)
{
	size_t have = 0;
	int to[2];
	ssize_t n;
	pid_t p;

	assert_int_equal(pipe(to), 0);
	p = fork();
	assert_true(p >= 0);
	if (!p) {
		struct sandbox s = { .anywhere = true, .who = who };
		sigset_t all;

		dup2(to[1], STDERR_FILENO);
		sigfillset(&all);
		sigprocmask(SIG_SETMASK, &all, NULL);	/* as threads have it */
		sandbox__enter(&s);
		for (int i = 0; i < 2; i++) {
			errno = 0;
			if (!ring() || errno != ENOSYS || (errno = 0, !kill_parent()) || errno != EPERM || fork_it() != -1 ||
			    make_thread())
				_exit(1);
		}
		_exit(refusal__n() == 4 ? 0 : 2);
	}
	close(to[1]);
	while (have < size - 1 && (n = read(to[0], ret_said + have, size - 1 - have)) > 0)
		have += (size_t)n;
	ret_said[have] = 0;
	close(to[0]);
	assert_int_equal(waitpid(p, ret_status, 0), p);
}

/* A call that somebody should have been allowed is said once, with its number, and counted; its caller goes on. */
static void refusals_are_told(void **state)
{
	char said[1024], expected[512];
	int status;

	(void)state;
	if (!(layers & SANDBOX_CALLS))
		skip();
	told("the tester", said, sizeof(said), &status);
	snprintf(expected, sizeof(expected),
		 "spoor: warning: system call %d was refused to the tester (ENOSYS): its seccomp filter does not allow it; please report this line\n"
		 "spoor: warning: system call %d was refused to the tester (EPERM): its seccomp filter does not allow it; please report this line\n",
		 (int)__NR_io_uring_setup, (int)__NR_kill);
	assert_string_equal(said, expected);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void still_there(void **state)
{
	(void)state;
	assert_int_equal(outcome(read_a_file), 0);
	assert_int_equal(outcome(make_thread), 0);
	assert_int_equal(outcome(map_memory), 0);
	assert_int_equal(outcome(signal_self), 0);
	assert_int_equal(outcome(see_parent), 0);
	assert_int_equal(outcome(see_nobody), ESRCH);
	assert_int_equal(outcome(write_inside), 0);
}

static void folders(void **state)
{
	char buf[16];

	(void)state;
	assert_string_equal(sandbox__folder("a.spoor", buf, sizeof(buf)), ".");
	assert_string_equal(sandbox__folder("x/a.spoor", buf, sizeof(buf)), "x");
	assert_string_equal(sandbox__folder("/a.spoor", buf, sizeof(buf)), "/");
	assert_string_equal(sandbox__folder("/x/y/a.spoor", buf, sizeof(buf)), "/x/y");
	assert_string_equal(sandbox__folder("/a/far/too/long/path/for/it/a.spoor", buf, sizeof(buf)), ".");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(given_up), cmocka_unit_test(written_nowhere_else), cmocka_unit_test(refusals_are_told), cmocka_unit_test(still_there),
		cmocka_unit_test(folders),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
