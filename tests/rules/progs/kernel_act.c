// SPDX-License-Identifier: Apache-2.0
/*
 * kernel_act ACT [ARG...] - what an intruder asks of the kernel, done for real, for the cases of the rules. Calls that
 * would harm the machine are made so that they must fail: the rules report the attempt.
 *
 * Exits with 3 if the kernel does not have what the act needs, 1 if the act failed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/ioctl.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CANNOT 3

static int failed(const char *what)
{
	int e = errno;

	perror(what);
	return e == ENOSYS || e == EOPNOTSUPP || e == ENOTTY ? CANNOT : 1;
}

/* --- attempts: refused, since the container has not the right, or the arguments are wrong -------- */

static int accounting(char **a)
{
	(void)a;
	return syscall(SYS_acct, "/proc/none") < 0 ? 0 : 1;
}

static int set_clock(char **a)
{
	struct timeval now;

	(void)a;
	return gettimeofday(&now, NULL) || settimeofday(&now, NULL) ? 0 : 1;
}

static int take_ports(char **a)
{
	(void)a;
	return iopl(3) ? 0 : 1;
}

static int load_kernel(char **a)
{
	(void)a;
	return syscall(SYS_kexec_file_load, -1, -1, 0, "", 0) < 0 ? 0 : 1;
}

static int restart(char **a)
{
	(void)a;
	return syscall(SYS_reboot, 0, 0, 0, NULL) < 0 ? 0 : 1;	/* not the numbers that it wants */
}

static int kernel_log(char **a)		/* ACTION: 3 read, 5 clear */
{
	char buf[256];

	klogctl(atoi(a[0]), buf, sizeof(buf));
	return 0;
}

static int fake_input(char **a)
{
	(void)a;
	ioctl(0, TIOCSTI, "x");
	return 0;
}

static int probe(char **a)
{
	struct perf_event_attr attr = { .size = sizeof(attr), .type = PERF_TYPE_SOFTWARE,
					.config = PERF_COUNT_SW_TASK_CLOCK };

	(void)a;
	syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0);
	return 0;
}

static int use_keyring(char **a)
{
	(void)a;
	syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
	return 0;
}

/* --- files ---------------------------------------------------------------------------------------- */

static int set_attributes(char **a)	/* FILE */
{
	int flags, fd = open(a[0], O_RDONLY);

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) || ioctl(fd, FS_IOC_SETFLAGS, &flags))
		return failed(a[0]);
	return 0;
}

static int give_capabilities(char **a)	/* FILE */
{
	struct vfs_cap_data caps = { .magic_etc = VFS_CAP_REVISION_2,
				     .data[0].permitted = 1 << CAP_NET_RAW };

	return setxattr(a[0], "security.capability", &caps, sizeof(caps), 0) ? failed(a[0]) : 0;
}

static int set_other_attribute(char **a)	/* FILE */
{
	return setxattr(a[0], "trusted.note", "x", 1, 0) ? failed(a[0]) : 0;
}

static const struct timespec long_ago[2] = { { .tv_sec = 1000000000 }, { .tv_sec = 1000000000 } };

static int forge_times(char **a)	/* FILE */
{
	return utimensat(AT_FDCWD, a[0], long_ago, 0) ? failed(a[0]) : 0;
}

static int forge_times_fd(char **a)	/* FILE */
{
	int fd = open(a[0], O_RDONLY);

	return fd < 0 || futimens(fd, long_ago) ? failed(a[0]) : 0;
}

static int into_pipe(char **a)		/* FILE: its pages, by splice */
{
	int p[2], fd = open(a[0], O_RDONLY);

	return fd < 0 || pipe(p) || splice(fd, NULL, p[1], NULL, 1, 0) != 1 ? failed(a[0]) : 0;
}

static int seek_far(char **a)		/* FILE */
{
	int fd = open(a[0], O_RDONLY);

	return fd < 0 || lseek(fd, 1 << 30, SEEK_SET) < 0 ? failed(a[0]) : 0;
}

static int map_code(char **a)		/* FILE */
{
	int fd = open(a[0], O_RDONLY);

	if (fd < 0 || mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		return failed(a[0]);
	return 0;
}

static int enter_by_descriptor(char **a)	/* DIRECTORY */
{
	char path[64];
	int fd = open(a[0], O_RDONLY | O_DIRECTORY);

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return fd < 0 || chdir(path) ? failed(a[0]) : 0;
}

/* --- programs ------------------------------------------------------------------------------------- */

static char self[4096];

static int remove_self(char **a)
{
	(void)a;
	return unlink(self) ? failed(self) : 0;
}

static int run_removed(char **a)	/* FILE: held open, removed, then run */
{
	char *argv[] = { a[0], (char *)"noop", NULL };
	int fd = open(a[0], O_RDONLY | O_CLOEXEC);

	if (fd < 0 || unlink(a[0]))
		return failed(a[0]);
	fexecve(fd, argv, environ);
	return failed("fexecve");
}

static int take_name(char **a)		/* NAME */
{
	return prctl(PR_SET_NAME, a[0]) ? failed("prctl") : 0;
}

static void *wait_here(void *arg)
{
	pthread_barrier_wait(arg);
	return NULL;
}

static int threads(char **a)		/* NUMBER, itself counted */
{
	unsigned n = (unsigned)atoi(a[0]);
	pthread_barrier_t all;
	pthread_t t;

	pthread_barrier_init(&all, NULL, n);
	for (unsigned i = 1; i < n; i++)
		if ((errno = pthread_create(&t, NULL, wait_here, &all)))
			return failed("pthread_create");
	pthread_barrier_wait(&all);
	return 0;
}

/* In a pid namespace of their own: nobody else is killed. */
static int kill_all(char **a)
{
	pid_t pid;

	(void)a;
	if (unshare(CLONE_NEWPID))
		return failed("unshare");
	pid = fork();
	if (!pid) {			/* the first there, which the signal spares; its child sends it */
		pid = fork();
		if (!pid) {
			kill(-1, SIGKILL);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	return 0;
}

static int kill_child(char **a)
{
	pid_t pid = fork();

	(void)a;
	if (!pid)
		for (;;)
			pause();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}

static int take_descriptor(char **a)
{
	int pidfd;
	pid_t pid = fork();

	(void)a;
	if (!pid)
		for (;;)
			pause();
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0 || syscall(SYS_pidfd_getfd, pidfd, 0, 0) < 0) {
		kill(pid, SIGKILL);
		return failed("pidfd_getfd");
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}

static int hold_process(char **a)
{
	(void)a;
	return syscall(SYS_pidfd_open, getpid(), 0) < 0 ? failed("pidfd_open") : 0;
}

/* --- network -------------------------------------------------------------------------------------- */

static int raw_socket(char **a)
{
	(void)a;
	return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) < 0 ? failed("socket") : 0;
}

static int listen_at(int port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons((unsigned short)port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int one = 1, l = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return bind(l, (struct sockaddr *)&at, sizeof(at)) || listen(l, 1) ? -1 : l;
}

static int wait_for_calls(char **a)	/* PORT */
{
	return listen_at(atoi(a[0])) < 0 ? failed("listen") : 0;
}

/* --- io_uring: operations without their system calls ----------------------------------------------- */

static struct io_uring_params ring_params;
static char *sq, *cq;
static struct io_uring_sqe *sqes;
static int ring;

static void *map_ring(size_t size, off_t what)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, what);
}

static int ring_setup(void)
{
	ring = (int)syscall(SYS_io_uring_setup, 4, &ring_params);
	if (ring < 0)
		return -1;
	sq = map_ring(ring_params.sq_off.array + ring_params.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	cq = map_ring(ring_params.cq_off.cqes + ring_params.cq_entries * sizeof(struct io_uring_cqe),
		      IORING_OFF_CQ_RING);
	sqes = map_ring(ring_params.sq_entries * sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	return sq == MAP_FAILED || cq == MAP_FAILED || sqes == MAP_FAILED ? -1 : 0;
}

/* One operation, as the first of a new ring; its result. */
static int ring_do(const struct io_uring_sqe *e)
{
	unsigned *tail = (unsigned *)(sq + ring_params.sq_off.tail);

	sqes[0] = *e;
	*(unsigned *)(sq + ring_params.sq_off.array) = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -1;
	return ((struct io_uring_cqe *)(cq + ring_params.cq_off.cqes))->res;
}

static int ring_open(char **a)		/* FILE r|w */
{
	struct io_uring_sqe e = { .opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (unsigned long)a[0],
				  .open_flags = *a[1] == 'w' ? O_WRONLY | O_CREAT : O_RDONLY, .len = 0600 };

	return ring_setup() ? failed("io_uring_setup") : ring_do(&e) < 0 ? failed(a[0]) : 0;
}

static int ring_remove(char **a)	/* FILE */
{
	struct io_uring_sqe e = { .opcode = IORING_OP_UNLINKAT, .fd = AT_FDCWD, .addr = (unsigned long)a[0] };

	return ring_setup() ? failed("io_uring_setup") : ring_do(&e) < 0 ? failed(a[0]) : 0;
}

static int ring_connect(char **a)	/* ADDRESS PORT */
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(a[1])) };
	struct io_uring_sqe e = { .opcode = IORING_OP_CONNECT, .fd = socket(AF_INET, SOCK_STREAM, 0),
				  .addr = (unsigned long)&to, .off = sizeof(to) };

	if (inet_pton(AF_INET, a[0], &to.sin_addr) != 1 || ring_setup())
		return failed("io_uring_setup");
	ring_do(&e);
	return 0;
}

static const struct {
	const char *what;
	int n_args;
	int (*fn)(char **a);
} acts[] = {
	{ "accounting", 0, accounting }, { "enter-by-descriptor", 1, enter_by_descriptor },
	{ "fake-input", 0, fake_input }, { "forge-times", 1, forge_times }, { "forge-times-fd", 1, forge_times_fd },
	{ "give-capabilities", 1, give_capabilities }, { "hold-process", 0, hold_process },
	{ "into-pipe", 1, into_pipe }, { "kernel-log", 1, kernel_log }, { "kill-all", 0, kill_all },
	{ "kill-child", 0, kill_child }, { "listen", 1, wait_for_calls }, { "load-kernel", 0, load_kernel },
	{ "map-code", 1, map_code }, { "probe", 0, probe }, { "raw-socket", 0, raw_socket },
	{ "remove-self", 0, remove_self }, { "restart", 0, restart }, { "ring-connect", 2, ring_connect },
	{ "ring-open", 2, ring_open }, { "ring-remove", 1, ring_remove }, { "run-removed", 1, run_removed },
	{ "seek-far", 1, seek_far }, { "set-attributes", 1, set_attributes }, { "set-clock", 0, set_clock },
	{ "set-other-attribute", 1, set_other_attribute }, { "take-descriptor", 0, take_descriptor },
	{ "take-name", 1, take_name }, { "take-ports", 0, take_ports }, { "threads", 1, threads },
	{ "use-keyring", 0, use_keyring },
};

int main(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[n > 0 ? n : 0] = '\0';
	for (size_t i = 0; argc > 1 && i < sizeof(acts) / sizeof(*acts); i++)
		if (!strcmp(argv[1], acts[i].what) && argc - 2 >= acts[i].n_args)
			return acts[i].fn(argv + 2);
	fprintf(stderr, "kernel_act: unknown act '%s'\n", argc > 1 ? argv[1] : "");
	return 1;
}
