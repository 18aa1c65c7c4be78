// SPDX-License-Identifier: Apache-2.0
/*
 * What a host can do to a container's process: meddle PID [CGROUP]. All of it is done to the process, whatever it is; each
 * thing that fails is named. With a directory of cgroups, it is opened as a mount, and a file there for writing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static int failed;

static long must(const char *what, long r)
{
	if (r < 0) {
		printf("%s: %s\n", what, strerror(errno));
		failed = 1;
	}
	return r;
}

static const char *in_proc(pid_t pid, const char *what)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	return path;
}

static void signals(pid_t pid, int pidfd)
{
	siginfo_t info = { .si_signo = SIGCONT, .si_code = SI_QUEUE };

	must("kill", kill(pid, SIGCONT));
	must("tkill", syscall(SYS_tkill, pid, SIGCONT));
	must("tgkill", syscall(SYS_tgkill, pid, pid, SIGCONT));
	must("rt_sigqueueinfo", syscall(SYS_rt_sigqueueinfo, pid, SIGCONT, &info));
	must("rt_tgsigqueueinfo", syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGCONT, &info));
	must("pidfd_send_signal", syscall(SYS_pidfd_send_signal, pidfd, SIGCONT, NULL, 0));
}

static void memory(pid_t pid, int pidfd)
{
	char byte = 0;
	struct iovec here = { &byte, 1 }, there = { NULL, 1 };	/* nothing is there: it is tried all the same */

	process_vm_readv(pid, &here, 1, &there, 1, 0);
	process_vm_writev(pid, &here, 1, &there, 1, 0);
	close((int)must("pidfd_getfd", syscall(SYS_pidfd_getfd, pidfd, 0, 0)));
	must("ptrace", ptrace(PTRACE_SEIZE, pid, 0, 0));
	ptrace(PTRACE_DETACH, pid, 0, 0);	/* it runs, so this fails; who ends lets go */
	close((int)must("mem", open(in_proc(pid, "mem"), O_RDWR)));
}

/* How it is scheduled, how much it may have, where its memory lies. */
static void resources(pid_t pid, int pidfd)
{
	unsigned long cpus[16] = { 0 };
	struct sched_param param = { 0 };
	struct rlimit limit;
	struct attr { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t prio; uint64_t times[3]; } attr = { 0 };
	struct perf_event_attr event = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(event), .config = PERF_COUNT_SW_DUMMY };
	void *head, *page = NULL;
	size_t len;
	int status;

	must("prlimit", prlimit(pid, RLIMIT_NOFILE, NULL, &limit));
	must("sched_getaffinity", syscall(SYS_sched_getaffinity, pid, sizeof(cpus), cpus));
	must("sched_setaffinity", syscall(SYS_sched_setaffinity, pid, sizeof(cpus), cpus));
	must("sched_setparam", sched_setparam(pid, &param));
	must("sched_setscheduler", sched_setscheduler(pid, SCHED_OTHER, &param));
	attr.size = sizeof(attr);
	must("sched_setattr", syscall(SYS_sched_setattr, pid, &attr, 0));
	must("setpriority", setpriority(PRIO_PROCESS, (id_t)pid, 0));
	must("ioprio_set", syscall(SYS_ioprio_set, 1, pid, 0));
	must("kcmp", syscall(SYS_kcmp, getpid(), pid, 0, 0, 0) < 0 && errno != ENOSYS ? -1 : 0);
	must("get_robust_list", syscall(SYS_get_robust_list, pid, &head, &len));
	/* what a kernel is not built for is tried all the same */
	syscall(SYS_migrate_pages, pid, 1, cpus, cpus);
	syscall(SYS_move_pages, pid, 1, &page, NULL, &status, 0);
	syscall(SYS_process_madvise, pidfd, NULL, 0, 20 /* MADV_COLD */, 0);
	syscall(SYS_process_mrelease, pidfd, 0);
	close((int)must("perf_event_open", syscall(SYS_perf_event_open, &event, pid, -1, -1, 0)));
}

static void files(pid_t pid, const char *cgroup)
{
	char path[4096];
	int dir = (int)must("root", open(in_proc(pid, "root/etc"), O_PATH | O_DIRECTORY));

	close((int)must("a file of the root", openat(dir, "passwd", O_RDONLY)));
	close((int)must("open_tree of the root", syscall(SYS_open_tree, dir, "group", 0)));
	close((int)must("status", open(in_proc(pid, "status"), O_RDONLY)));	/* this is what everybody looks at */
	close(dir);
	close((int)must("root", open(in_proc(pid, "root/dev/null"), O_WRONLY)));
	must("mount", mount("none", in_proc(pid, "root/proc"), "tmpfs-there-is-not", 0, NULL) < 0 && errno != ENODEV ? -1 : 0);
	syscall(SYS_mount_setattr, AT_FDCWD, in_proc(pid, "root/proc"), 0, NULL, 0);
	syscall(SYS_fspick, AT_FDCWD, in_proc(pid, "root/nowhere"), 0);
	if (!cgroup)
		return;
	close((int)must("open_tree", syscall(SYS_open_tree, AT_FDCWD, cgroup, 0)));
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	close((int)must("cgroup.procs", open(path, O_WRONLY)));
}

static void namespaces(pid_t pid, int pidfd)
{
	int fd = (int)must("ns", open(in_proc(pid, "ns/uts"), O_RDONLY));

	must("setns", setns(fd, CLONE_NEWUTS));
	must("setns of a process", setns(pidfd, CLONE_NEWUTS));
}

int main(int argc, char **argv)
{
	pid_t pid = argc > 1 ? atoi(argv[1]) : 0, child;
	int pidfd, status = 1;

	if (pid <= 0)
		return 2;
	pidfd = (int)must("pidfd_open", syscall(SYS_pidfd_open, pid, 0));
	signals(pid, pidfd);
	resources(pid, pidfd);
	files(pid, argc > 2 ? argv[2] : NULL);
	child = fork();
	if (!child) {
		memory(pid, pidfd);
		namespaces(pid, pidfd);
		_exit(failed);
	}
	waitpid(child, &status, 0);
	return failed || status;
}
