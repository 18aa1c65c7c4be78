// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "format/base/refusal.h"
#include "format/base/sandbox.h"

/* Younger than the headers that it may be built with. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ull << 14)	/* ABI 3 */
#endif

/* --- files ----------------------------------------------------------------------------------- */

#define CHANGES (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG)
#define FORBIDDEN (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_MAKE_CHAR | \
		   LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | \
		   LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

static void allow(int rules, const char *dir, uint64_t access)
{
	struct landlock_path_beneath_attr beneath = { .allowed_access = access };
	int fd = open(dir, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return;
	beneath.parent_fd = fd;
	syscall(__NR_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0);
	close(fd);
}

static bool confine_files(const struct sandbox *s)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = CHANGES | FORBIDDEN };
	long abi = syscall(__NR_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	uint64_t change = CHANGES;
	bool ok;
	int rules;

	if (abi < 1)
		return false;
	if (abi >= 3) {
		attr.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
		change |= LANDLOCK_ACCESS_FS_TRUNCATE;
	}
	rules = (int)syscall(__NR_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (rules < 0)
		return false;
	for (unsigned i = 0; i < SANDBOX_MAX_DIRS && s->write_in[i]; i++)
		allow(rules, s->write_in[i], change);
	/* what is open already, terminals among it, stays as it is; these are opened later */
	allow(rules, "/dev/tty", LANDLOCK_ACCESS_FS_WRITE_FILE);
	allow(rules, "/dev/null", LANDLOCK_ACCESS_FS_WRITE_FILE);
	ok = !syscall(__NR_landlock_restrict_self, rules, 0);
	close(rules);
	return ok;
}

/* --- calls ----------------------------------------------------------------------------------- */

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

static const uint16_t reading[] = {
	__NR_read, __NR_write, __NR_readv, __NR_writev, __NR_pread64, __NR_pwrite64, __NR_preadv, __NR_pwritev,
	__NR_lseek, __NR_close, __NR_openat, __NR_openat2, __NR_fstat, __NR_newfstatat, __NR_statx, __NR_statfs, __NR_fstatfs,
	__NR_faccessat, __NR_faccessat2, __NR_readlinkat, __NR_getdents64, __NR_getcwd, __NR_fcntl, __NR_dup, __NR_dup3,
	__NR_fsync, __NR_fdatasync, __NR_ftruncate, __NR_fallocate, __NR_fadvise64, __NR_unlinkat, __NR_linkat, __NR_renameat,
	__NR_renameat2, __NR_fchmod, __NR_umask, __NR_sendfile, __NR_copy_file_range,
	__NR_mmap, __NR_munmap, __NR_mprotect, __NR_mremap, __NR_madvise, __NR_brk, __NR_mincore,
	__NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_rt_sigpending, __NR_rt_sigtimedwait,
	__NR_sigaltstack, __NR_restart_syscall,
	__NR_ppoll, __NR_pselect6, __NR_nanosleep, __NR_clock_nanosleep, __NR_clock_gettime, __NR_clock_getres,
	__NR_gettimeofday, __NR_times, __NR_getrusage, __NR_setitimer, __NR_getitimer,
	__NR_getpid, __NR_gettid, __NR_getppid, __NR_getpgid, __NR_getsid, __NR_getuid, __NR_geteuid, __NR_getgid,
	__NR_getegid, __NR_uname, __NR_sysinfo, __NR_prlimit64, __NR_prctl,
	__NR_futex, __NR_set_robust_list, __NR_get_robust_list, __NR_set_tid_address, __NR_rseq, __NR_sched_yield,
	__NR_getpriority, __NR_sched_getaffinity, __NR_sched_getparam, __NR_sched_getscheduler, __NR_membarrier, __NR_getcpu,
	__NR_getrandom, __NR_capget, __NR_capset, __NR_exit, __NR_exit_group,
	/* landlock_restrict_self comes before this filter; it can only take away more, but nobody needs it */
#ifdef __x86_64__
	__NR_open, __NR_stat, __NR_lstat, __NR_access, __NR_readlink, __NR_dup2, __NR_unlink, __NR_link, __NR_rename, __NR_poll,
	__NR_select, __NR_getpgrp, __NR_time, __NR_arch_prctl, __NR_pause, __NR_getrlimit,
#endif
};
static const uint16_t folders[] = {
	__NR_mkdirat, __NR_fchmodat, __NR_fchown, __NR_fchownat, __NR_flock, __NR_utimensat, __NR_sync_file_range, __NR_syncfs,
	__NR_truncate, __NR_memfd_create, __NR_inotify_init1, __NR_inotify_add_watch, __NR_inotify_rm_watch,
#ifdef __x86_64__
	__NR_mkdir, __NR_rmdir, __NR_chmod, __NR_chown,
#endif
};
/* socket(2) itself: see confine_calls(). */
static const uint16_t sockets[] = {
	__NR_connect, __NR_bind, __NR_listen, __NR_accept, __NR_accept4, __NR_socketpair, __NR_shutdown, __NR_sendto, __NR_recvfrom,
	__NR_sendmsg, __NR_recvmsg, __NR_sendmmsg, __NR_recvmmsg, __NR_getsockname, __NR_getpeername, __NR_getsockopt,
	__NR_setsockopt, __NR_epoll_create1, __NR_epoll_ctl, __NR_epoll_pwait, __NR_eventfd2, __NR_pipe2, __NR_timerfd_create,
	__NR_timerfd_settime,
#ifdef __x86_64__
	__NR_epoll_wait, __NR_pipe,
#endif
};
static const uint16_t signals[] = { __NR_kill, __NR_tgkill, __NR_wait4, __NR_waitid, __NR_pidfd_open, __NR_pidfd_send_signal };
static const uint16_t programs[] = { __NR_bpf };
static const uint16_t tracing[] = {
	__NR_ptrace, __NR_process_vm_readv, __NR_pidfd_open, __NR_pidfd_getfd, __NR_getsockopt, __NR_getsockname, __NR_getpeername,
	__NR_sched_setaffinity, __NR_kill, __NR_tgkill, __NR_wait4, __NR_waitid,
};

#define SET(may, calls) { may, sizeof(calls) / sizeof(*calls), calls }
static const struct set {
	unsigned may;			/* any of these bits asks for it; 0: always there */
	unsigned n;
	const uint16_t *calls;
} sets[] = {
	SET(0, reading), SET(SANDBOX_FOLDERS, folders), SET(SANDBOX_UNIX | SANDBOX_NETWORK, sockets),
	SET(SANDBOX_SIGNALS, signals), SET(SANDBOX_BPF, programs), SET(SANDBOX_TRACING, tracing),
};
#define MAX_PROG 512			/* instructions; what is put in is counted against it */

/* Offsets in struct seccomp_data; the low half of a 64-bit argument, which is where small values are. */
#define NR offsetof(struct seccomp_data, nr)
#define ARG_LOW(n) offsetof(struct seccomp_data, args[n])

#define YES SECCOMP_RET_ALLOW
#define REFUSE(error) (SECCOMP_RET_ERRNO | (error))

struct prog {
	struct sock_filter code[MAX_PROG];
	unsigned short n;
	uint32_t no;			/* as if the kernel were older: who can do without does */
	uint32_t forbidden;		/* what is there but not for this one */
};

static void put(struct prog *p, uint16_t code, uint32_t k)
{
	if (p->n < MAX_PROG)
		p->code[p->n++] = (struct sock_filter)BPF_STMT(code, k);
}

static void jump(struct prog *p, uint32_t k, uint8_t equal, uint8_t other)
{
	if (p->n < MAX_PROG)
		p->code[p->n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, equal, other);
}

/* This call, and nothing else, with its first argument among n values (allowed) or not (forbidden). */
static void first_argument(struct prog *p, uint32_t call, const uint32_t *values, uint8_t n)
{
	jump(p, call, 0, (uint8_t)(n + 3));
	put(p, BPF_LD | BPF_W | BPF_ABS, ARG_LOW(0));
	for (uint8_t i = 0; i < n; i++)
		jump(p, values[i], (uint8_t)(n - i), 0);
	put(p, BPF_RET | BPF_K, p->forbidden);
	put(p, BPF_RET | BPF_K, YES);
}

/* tgkill to itself; to others the signal 0 only, which tells whether a thread is there. */
static void own_signals(struct prog *p, uint32_t self)
{
	jump(p, __NR_tgkill, 0, 6);
	put(p, BPF_LD | BPF_W | BPF_ABS, ARG_LOW(0));
	jump(p, self, 2, 0);
	put(p, BPF_LD | BPF_W | BPF_ABS, ARG_LOW(2));
	jump(p, 0, 0, 1);
	put(p, BPF_RET | BPF_K, YES);
	put(p, BPF_RET | BPF_K, p->forbidden);
}

/* Answered without a signal: the C library has all of them blocked here, and a thread that has is killed (refusal.h). */
static void threads_only(struct prog *p)
{
	jump(p, __NR_clone3, 0, 1);
	put(p, BPF_RET | BPF_K, REFUSE(ENOSYS));
	jump(p, __NR_clone, 0, 4);
	put(p, BPF_LD | BPF_W | BPF_ABS, ARG_LOW(0));
	p->code[p->n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
	put(p, BPF_RET | BPF_K, YES);
	put(p, BPF_RET | BPF_K, REFUSE(EPERM));
}

static void terminal(struct prog *p)
{
	jump(p, __NR_ioctl, 0, 5);
	put(p, BPF_LD | BPF_W | BPF_ABS, ARG_LOW(1));
	jump(p, TIOCSTI, 1, 0);
	jump(p, TIOCLINUX, 0, 1);
	put(p, BPF_RET | BPF_K, p->forbidden);
	put(p, BPF_RET | BPF_K, YES);
}

/*
 * Some calls depend on an argument: clone makes threads, never processes (clone3, whose arguments a filter cannot
 * see, is refused: glibc falls back to clone); ioctl asks the terminal about itself, never types into it (TIOCSTI, and
 * TIOCLINUX pastes); what stops or ends only itself may be sent, and whether a thread is there may be asked; sockets are of
 * the families that were asked for.
 */
static bool confine_calls(unsigned may, const char *who)
{
	const uint32_t self[] = { (uint32_t)getpid(), 0 }, local[] = { AF_UNIX, AF_NETLINK },
		       any[] = { AF_UNIX, AF_NETLINK, AF_INET, AF_INET6 };
	struct prog p = { .no = REFUSE(ENOSYS), .forbidden = REFUSE(EPERM) };
	int number = who ? refusal__watch(who) : -1;
	struct sock_fprog filter = { .filter = p.code };

#ifndef ARCH
	return false;
#else
	if (number >= 0) {
		p.no = SECCOMP_RET_TRAP | refusal__data(number, ENOSYS);
		p.forbidden = SECCOMP_RET_TRAP | refusal__data(number, EPERM);
	}
	put(&p, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	jump(&p, ARCH, 1, 0);
	put(&p, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	put(&p, BPF_LD | BPF_W | BPF_ABS, NR);
	threads_only(&p);
	terminal(&p);
	if (!(may & (SANDBOX_SIGNALS | SANDBOX_TRACING))) {
		first_argument(&p, __NR_kill, self, 2);
		own_signals(&p, self[0]);
	}
	if (may & SANDBOX_NETWORK)
		first_argument(&p, __NR_socket, any, 4);
	else if (may & SANDBOX_UNIX)
		first_argument(&p, __NR_socket, local, 2);
	for (size_t i = 0; i < sizeof(sets) / sizeof(*sets); i++)
		for (unsigned k = 0; (!sets[i].may || sets[i].may & may) && k < sets[i].n; k++) {
			jump(&p, sets[i].calls[k], 0, 1);
			put(&p, BPF_RET | BPF_K, YES);
		}
	put(&p, BPF_RET | BPF_K, p.no);
	filter.len = p.n;
	return p.n < MAX_PROG && !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
#endif
}

unsigned sandbox__enter(const struct sandbox *s)
{
	unsigned layers = 0;

#ifdef SPOOR_SANITIZED
	(void)s;
	(void)confine_files;
	(void)confine_calls;
#else
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return 0;
	if (!s->anywhere && confine_files(s))
		layers |= SANDBOX_FILES;
	if (confine_calls(s->may, s->who))
		layers |= SANDBOX_CALLS;
#endif
	return layers;
}

const char *sandbox__folder(const char *path, char *buf, unsigned size)
{
	const char *slash = strrchr(path, '/');
	int n = slash ? (int)(slash - path) : 1;

	if (slash == path)
		return "/";
	if ((unsigned)snprintf(buf, size, "%.*s", n, slash ? path : ".") >= size)
		return ".";
	return buf;
}
