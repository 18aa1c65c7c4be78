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
#include <sys/syscall.h>
#include <unistd.h>

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

static const uint16_t allowed[] = {
	__NR_read, __NR_write, __NR_readv, __NR_writev, __NR_pread64, __NR_pwrite64, __NR_preadv, __NR_pwritev,
	__NR_lseek, __NR_close, __NR_openat, __NR_fstat, __NR_newfstatat, __NR_statx, __NR_statfs, __NR_fstatfs,
	__NR_faccessat, __NR_faccessat2, __NR_readlinkat, __NR_getdents64, __NR_getcwd, __NR_fcntl, __NR_dup, __NR_dup3,
	__NR_fsync, __NR_fdatasync, __NR_ftruncate, __NR_fallocate, __NR_fadvise64, __NR_unlinkat, __NR_linkat, __NR_renameat,
	__NR_renameat2, __NR_fchmod, __NR_umask, __NR_sendfile, __NR_copy_file_range,
	__NR_mmap, __NR_munmap, __NR_mprotect, __NR_mremap, __NR_madvise, __NR_brk, __NR_mincore,
	__NR_rt_sigaction, __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_rt_sigpending, __NR_rt_sigtimedwait,
	__NR_sigaltstack, __NR_tgkill, __NR_kill, __NR_restart_syscall,
	__NR_ppoll, __NR_pselect6, __NR_nanosleep, __NR_clock_nanosleep, __NR_clock_gettime, __NR_clock_getres,
	__NR_gettimeofday, __NR_times, __NR_getrusage, __NR_setitimer, __NR_getitimer,
	__NR_getpid, __NR_gettid, __NR_getppid, __NR_getpgid, __NR_getsid, __NR_getuid, __NR_geteuid, __NR_getgid,
	__NR_getegid, __NR_uname, __NR_sysinfo, __NR_prlimit64, __NR_prctl,
	__NR_futex, __NR_set_robust_list, __NR_get_robust_list, __NR_set_tid_address, __NR_rseq, __NR_sched_yield,
	__NR_sched_getaffinity, __NR_sched_getparam, __NR_sched_getscheduler, __NR_membarrier, __NR_getcpu,
	__NR_getrandom, __NR_exit, __NR_exit_group,
	/* landlock_restrict_self comes before this filter; it can only take away more, but nobody needs it */
#ifdef __x86_64__
	__NR_open, __NR_stat, __NR_lstat, __NR_access, __NR_readlink, __NR_dup2, __NR_unlink, __NR_link, __NR_rename, __NR_poll,
	__NR_select, __NR_getpgrp, __NR_time, __NR_arch_prctl, __NR_pause, __NR_getrlimit,
#endif
};
#define N_ALLOWED (sizeof(allowed) / sizeof(*allowed))

/* Offsets in struct seccomp_data; the low half of a 64-bit argument, which is where small values are. */
#define NR offsetof(struct seccomp_data, nr)
#define ARG_LOW(n) offsetof(struct seccomp_data, args[n])

#define PUT(code, k) prog[n++] = (struct sock_filter)BPF_STMT(code, k)
#define JUMP(code, k, t, f) prog[n++] = (struct sock_filter)BPF_JUMP(code, k, t, f)
#define YES SECCOMP_RET_ALLOW
/* As if the kernel were older: who can do without does. */
#define NO (SECCOMP_RET_ERRNO | ENOSYS)

/*
 * Three calls depend on an argument: clone makes threads, never processes (clone3, whose arguments a filter cannot
 * see, is refused: glibc falls back to clone); ioctl asks the terminal about itself, never types into it (TIOCSTI, and TIOCLINUX pastes);
 * what stops or ends only itself may be sent.
 */
static bool confine_calls(void)
{
	struct sock_filter prog[N_ALLOWED * 2 + 32];
	struct sock_fprog filter = { .filter = prog };
	unsigned short n = 0;

#ifndef ARCH
	return false;
#else
	PUT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	PUT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	PUT(BPF_LD | BPF_W | BPF_ABS, NR);
	JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_clone, 0, 4);
	PUT(BPF_LD | BPF_W | BPF_ABS, ARG_LOW(0));
	JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 1);
	PUT(BPF_RET | BPF_K, YES);
	PUT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_ioctl, 0, 5);
	PUT(BPF_LD | BPF_W | BPF_ABS, ARG_LOW(1));
	JUMP(BPF_JMP | BPF_JEQ | BPF_K, TIOCSTI, 1, 0);
	JUMP(BPF_JMP | BPF_JEQ | BPF_K, TIOCLINUX, 0, 1);
	PUT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	PUT(BPF_RET | BPF_K, YES);
	JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_kill, 0, 5);
	PUT(BPF_LD | BPF_W | BPF_ABS, ARG_LOW(0));
	JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 1, 0);
	JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1);
	PUT(BPF_RET | BPF_K, YES);
	PUT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_tgkill, 0, 4);
	PUT(BPF_LD | BPF_W | BPF_ABS, ARG_LOW(0));
	JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)getpid(), 0, 1);
	PUT(BPF_RET | BPF_K, YES);
	PUT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
	for (size_t i = 0; i < N_ALLOWED; i++) {
		JUMP(BPF_JMP | BPF_JEQ | BPF_K, allowed[i], 0, 1);
		PUT(BPF_RET | BPF_K, YES);
	}
	PUT(BPF_RET | BPF_K, NO);
	filter.len = n;
	return !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
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
	if (confine_files(s))
		layers |= SANDBOX_FILES;
	if (confine_calls())
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
