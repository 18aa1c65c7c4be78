// SPDX-License-Identifier: Apache-2.0
/* Flags and enumerations: the kernel's words against its headers, the stored ones, their text. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/close_range.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/io_uring.h>
#include <linux/keyctl.h>
#include <linux/memfd.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/ptrace.h>
#include <linux/sched.h>
#include <linux/sem.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "format/schema/schema.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* What a symbol becomes: its group, name, and the kernel's number of the same name. */
#define K(group, sym) { GROUP_##group, #sym, sym }

static const struct known { enum fmt_group group; const char *name; uint64_t native; } known[] = {
	K(file_flags, O_WRONLY), K(file_flags, O_RDWR), K(file_flags, O_CREAT),
	K(file_flags, O_EXCL), K(file_flags, O_NOCTTY), K(file_flags, O_TRUNC),
	K(file_flags, O_APPEND), K(file_flags, O_NONBLOCK), K(file_flags, O_DSYNC),
	K(file_flags, O_SYNC), K(file_flags, O_ASYNC), K(file_flags, O_DIRECT),
	K(file_flags, O_DIRECTORY), K(file_flags, O_NOFOLLOW), K(file_flags, O_NOATIME),
	K(file_flags, O_CLOEXEC), K(file_flags, O_PATH), K(file_flags, O_TMPFILE),
	{ GROUP_file_flags, "O_LARGEFILE", 0100000 },	/* glibc: 0 on 64 bits */
	K(fd_flags, O_CLOEXEC), K(fd_flags, O_NONBLOCK), K(fd_flags, O_DIRECT),
	K(clone_flags, CLONE_FILES), K(clone_flags, CLONE_FS), K(clone_flags, CLONE_IO),
	K(clone_flags, CLONE_NEWIPC), K(clone_flags, CLONE_NEWNET), K(clone_flags, CLONE_NEWNS),
	K(clone_flags, CLONE_NEWPID), K(clone_flags, CLONE_NEWUTS), K(clone_flags, CLONE_PARENT),
	K(clone_flags, CLONE_PARENT_SETTID), K(clone_flags, CLONE_PTRACE),
	K(clone_flags, CLONE_SIGHAND), K(clone_flags, CLONE_SYSVSEM), K(clone_flags, CLONE_THREAD),
	K(clone_flags, CLONE_UNTRACED), K(clone_flags, CLONE_VM), K(clone_flags, CLONE_NEWUSER),
	K(clone_flags, CLONE_CHILD_CLEARTID), K(clone_flags, CLONE_CHILD_SETTID),
	K(clone_flags, CLONE_SETTLS), K(clone_flags, CLONE_VFORK), K(clone_flags, CLONE_NEWCGROUP),
	K(clone_flags, CLONE_PIDFD), K(clone_flags, CLONE_DETACHED),
	K(clone_flags, CLONE_CLEAR_SIGHAND), K(clone_flags, CLONE_INTO_CGROUP),
	K(clone_flags, CLONE_NEWTIME),
	K(futex_operations, FUTEX_WAKE), K(futex_operations, FUTEX_LOCK_PI2),
	K(futex_operations, FUTEX_CMP_REQUEUE_PI), K(futex_operations, FUTEX_PRIVATE_FLAG),
	K(poll_flags, POLLIN), K(poll_flags, POLLPRI), K(poll_flags, POLLOUT),
	K(poll_flags, POLLRDHUP), K(poll_flags, POLLERR), K(poll_flags, POLLHUP),
	K(poll_flags, POLLNVAL), K(poll_flags, POLLRDNORM), K(poll_flags, POLLRDBAND),
	K(poll_flags, POLLWRNORM), K(poll_flags, POLLWRBAND),
	{ GROUP_mount_flags, "RDONLY", MS_RDONLY }, { GROUP_mount_flags, "BIND", MS_BIND },
	{ GROUP_mount_flags, "NOSYMFOLLOW", MS_NOSYMFOLLOW },
	{ GROUP_mount_flags, "PRIVATE", MS_PRIVATE }, { GROUP_mount_flags, "LAZYTIME", MS_LAZYTIME },
	K(lseek_whence, SEEK_END), K(lseek_whence, SEEK_HOLE), K(shutdown_how, SHUT_RDWR),
	K(rlimit_resources, RLIMIT_NOFILE), K(rlimit_resources, RLIMIT_RTTIME),
	K(fcntl_commands, F_DUPFD), K(fcntl_commands, F_GETFD), K(fcntl_commands, F_SETFD),
	K(fcntl_commands, F_GETFL), K(fcntl_commands, F_SETFL), K(fcntl_commands, F_SETOWN),
	K(fcntl_commands, F_GETOWN), K(fcntl_commands, F_SETSIG), K(fcntl_commands, F_GETSIG),
	K(fcntl_commands, F_SETOWN_EX), K(fcntl_commands, F_GETOWN_EX),
	K(fcntl_commands, F_OFD_GETLK), K(fcntl_commands, F_OFD_SETLK),
	K(fcntl_commands, F_OFD_SETLKW), K(fcntl_commands, F_SETLEASE),
	K(fcntl_commands, F_GETLEASE), K(fcntl_commands, F_NOTIFY),
	K(fcntl_commands, F_DUPFD_CLOEXEC), K(fcntl_commands, F_SETPIPE_SZ),
	K(fcntl_commands, F_GETPIPE_SZ), K(fcntl_commands, F_ADD_SEALS),
	K(fcntl_commands, F_GET_SEALS),
	K(sockopt_levels, SOL_SOCKET), K(sockopt_levels, SOL_RAW), K(sockopt_levels, SOL_ALG),
	K(sockopt_options, SO_REUSEADDR), K(sockopt_options, SO_PEERCRED),
	K(sockopt_options, SO_COOKIE), K(sockopt_options, SO_MEMINFO),
	K(sockopt_options, SO_PEERGROUPS), K(sockopt_options, SO_ATTACH_REUSEPORT_EBPF),
	K(sockopt_options, SO_BINDTODEVICE), K(sockopt_options, SO_RCVMARK),
	K(socket_families, AF_UNIX), K(socket_families, AF_INET6), K(socket_families, AF_PACKET),
	K(socket_families, AF_ALG), K(socket_families, AF_VSOCK), K(socket_families, AF_XDP),
	K(ptrace_requests, PTRACE_TRACEME), K(ptrace_requests, PTRACE_POKEDATA),
	K(ptrace_requests, PTRACE_CONT), K(ptrace_requests, PTRACE_ATTACH),
	K(ptrace_requests, PTRACE_DETACH), K(ptrace_requests, PTRACE_SYSCALL),
	K(ptrace_requests, PTRACE_SETOPTIONS), K(ptrace_requests, PTRACE_GETREGSET),
	K(ptrace_requests, PTRACE_SEIZE), K(ptrace_requests, PTRACE_SETSIGMASK),
	K(ptrace_requests, PTRACE_GET_SYSCALL_INFO),
	K(prot_flags, PROT_READ), K(prot_flags, PROT_EXEC), K(prot_flags, PROT_GROWSDOWN),
	K(mmap_flags, MAP_SHARED), K(mmap_flags, MAP_PRIVATE), K(mmap_flags, MAP_FIXED),
	K(mmap_flags, MAP_ANONYMOUS), K(mmap_flags, MAP_NORESERVE), K(mmap_flags, MAP_POPULATE),
	K(mmap_flags, MAP_NONBLOCK), K(mmap_flags, MAP_GROWSDOWN), K(mmap_flags, MAP_DENYWRITE),
	K(mmap_flags, MAP_EXECUTABLE), K(mmap_flags, MAP_LOCKED), K(mmap_flags, MAP_STACK),
	K(mmap_flags, MAP_HUGETLB), K(mmap_flags, MAP_SYNC), K(mmap_flags, MAP_FIXED_NOREPLACE),
	K(mremap_flags, MREMAP_FIXED), K(splice_flags, SPLICE_F_GIFT), K(flock_flags, LOCK_EX),
	K(semop_flags, SEM_UNDO), K(semget_flags, IPC_CREAT), K(semctl_commands, IPC_RMID),
	K(semctl_commands, IPC_STAT), K(semctl_commands, SETVAL), K(semctl_commands, GETALL),
	K(semctl_commands, SEM_STAT_ANY),
	K(access_flags, R_OK), K(access_flags, X_OK), K(unlinkat_flags, AT_REMOVEDIR),
	K(linkat_flags, AT_SYMLINK_FOLLOW), K(newfstatat_flags, AT_SYMLINK_NOFOLLOW),
	K(newfstatat_flags, AT_NO_AUTOMOUNT), K(fchownat_flags, AT_SYMLINK_NOFOLLOW),
	K(fchownat_flags, AT_EMPTY_PATH), K(execveat_flags, AT_EMPTY_PATH),
	K(renameat2_flags, RENAME_EXCHANGE), K(openat2_flags, RESOLVE_BENEATH),
	K(openat2_flags, RESOLVE_IN_ROOT), K(openat2_flags, RESOLVE_NO_XDEV),
	K(openat2_flags, RESOLVE_NO_SYMLINKS), K(openat2_flags, RESOLVE_NO_MAGICLINKS),
	K(openat2_flags, RESOLVE_CACHED), K(chmod_mode, S_ISUID), K(mknod_mode, S_IFBLK),
	K(io_uring_setup_flags, IORING_SETUP_SQPOLL), K(io_uring_setup_flags, IORING_SETUP_CLAMP),
	K(io_uring_setup_flags, IORING_SETUP_DEFER_TASKRUN),
	K(io_uring_setup_feats, IORING_FEAT_RSRC_TAGS), K(io_uring_setup_feats, IORING_FEAT_CQE_SKIP),
	K(io_uring_enter_flags, IORING_ENTER_REGISTERED_RING),
	K(io_uring_register_opcodes, IORING_REGISTER_FILES2),
	K(io_uring_register_opcodes, IORING_REGISTER_FILE_ALLOC_RANGE),
	K(mlockall_flags, MCL_ONFAULT), K(fsconfig_cmds, FSCONFIG_CMD_CREATE),
	K(mount_attr_flags, MOUNT_ATTR_RDONLY), K(mount_attr_flags, MOUNT_ATTR_IDMAP),
	K(epoll_create1_flags, EPOLL_CLOEXEC), K(epoll_ops, EPOLL_CTL_MOD),
	K(prctl_options, PR_SET_NAME), K(prctl_options, PR_SET_NO_NEW_PRIVS),
	K(prctl_options, PR_CAP_AMBIENT),
	K(prctl_options, PR_SET_VMA), K(prctl_options, PR_SET_PTRACER),
	K(keyctl_operations, KEYCTL_JOIN_SESSION_KEYRING), K(keyctl_operations, KEYCTL_WATCH_KEY),
	K(memfd_create_flags, MFD_HUGETLB), K(bpf_commands, BPF_PROG_LOAD),
	K(bpf_commands, BPF_LINK_DETACH), K(close_range_flags, CLOSE_RANGE_UNSHARE),
	K(close_range_flags, CLOSE_RANGE_CLOEXEC),
};

static const struct fmt_sym *sym(enum fmt_group g, const char *name)
{
	for (unsigned i = 0; i < fmt_groups[g].n; i++)
		if (!strcmp(fmt_groups[g].syms[i].name, name))
			return &fmt_groups[g].syms[i];
	fail_msg("%s has no %s", fmt_groups[g].name, name);
	return NULL;
}

static void natives(void **state)
{
	(void)state;
	for (size_t i = 0; i < N(known); i++) {
		const struct known *k = &known[i];
		const struct fmt_sym *s = sym(k->group, k->name);
		uint32_t got = fmt_group__from_native(k->group, k->native);

		if (s->native != k->native)
			fail_msg("%s: 0x%llx, not 0x%llx", k->name, (unsigned long long)s->native,
				 (unsigned long long)k->native);
		if (fmt_groups[k->group].is_enum ? got != s->value : (got & s->value) != s->value)
			fail_msg("%s becomes 0x%x", k->name, got);
	}
}

static void flag_words(void **state)
{
	(void)state;
#define IS(g, native, value) assert_int_equal(fmt_group__from_native(GROUP_##g, native), value)
	IS(file_flags, O_RDONLY, 1);
	IS(file_flags, O_WRONLY | O_CREAT | O_TRUNC, 2 | 4 | 256);
	IS(file_flags, O_RDWR | O_CLOEXEC, 3 | 4096);
	IS(file_flags, O_RDONLY | O_DIRECTORY, 1 | 1024);	/* not O_TMPFILE: it has two bits */
	IS(file_flags, O_TMPFILE | O_RDWR, 3 | 1024 | 8192);
	IS(file_flags, O_WRONLY | O_DSYNC, 2 | 16);		/* not O_SYNC: it has two bits */
	IS(file_flags, O_PATH, 1 | 1u << 31);
	IS(file_flags, 0xff800000, 1);				/* bits without a meaning */
	IS(fd_flags, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 4096 | 64);
	IS(eventfd_flags, 1, 1 << 15);
	IS(mmap_flags, MAP_PRIVATE | MAP_ANONYMOUS, 2 | 8);
	IS(prot_flags, PROT_NONE, 0);
	IS(clone_flags, CLONE_NEWUSER | CLONE_NEWNS, 1 << 20 | 32);
	IS(clone_flags, CLONE_VM | CLONE_VFORK, 1 << 15 | 1 << 27);
	IS(clone_flags, CLONE_INTO_CGROUP, 1 << 21);
	IS(futex_operations, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 128);
	IS(futex_operations, FUTEX_CMP_REQUEUE, 4);
	IS(pf_flags, 6, 2 | 4 | 16);
	IS(mknod_mode, S_IFBLK | 0600, 0x6000 | 0600);
	IS(mknod_mode, 0644, 0x8000 | 0644);			/* no kind means a plain file */
	IS(semctl_commands, IPC_RMID, 4);
	IS(quotactl_cmds, 0x80000200, 1);			/* QCMD(Q_QUOTAON, USRQUOTA) */
	IS(quotactl_types, 0x80000201, 2);
	IS(access_flags, 0, 0);
	IS(NONE, 12345, 12345);
#undef IS
}

static void enum_words(void **state)
{
	(void)state;
#define IS(g, native, value) assert_int_equal(fmt_group__from_native(GROUP_##g, native), value)
	IS(fcntl_commands, F_SETFL, 5);
	IS(fcntl_commands, F_DUPFD_CLOEXEC, 26);
	IS(fcntl_commands, 4242, 0);
	IS(rlimit_resources, 77, 255);
	IS(shutdown_how, 9, 65535);
	IS(sockopt_levels, SOL_SOCKET, 1);
	IS(sockopt_levels, 6, 2);
	IS(sockopt_options, 12345, 0);
	IS(ptrace_requests, PTRACE_TRACEME, 1);
	IS(ptrace_requests, 0x7777, 0);
	IS(prctl_options, 999, 999);				/* keeps what it does not know */
	IS(bpf_commands, BPF_PROG_TEST_RUN, 10);
	IS(lseek_whence, SEEK_DATA, 3);
	IS(io_uring_register_opcodes, 1u << 31 | 6, 6);		/* on a registered ring */
#undef IS
}

/* What is kept of earlier words must not answer for another word, or for another group. */
static void same_word_again(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fmt_group__from_native(GROUP_file_flags, 0), 1);
		assert_int_equal(fmt_group__from_native(GROUP_file_flags, O_WRONLY), 2);
		assert_int_equal(fmt_group__from_native(GROUP_prot_flags, PROT_READ), 1);
		assert_int_equal(fmt_group__from_native(GROUP_prot_flags, 0), 0);
		assert_int_equal(fmt_group__from_native(GROUP_mmap_flags, 0), 0);
	}
}

/* What only a collector knows cannot come from a caller, whatever an int has in it. */
static void callers_cannot_lie(void **state)
{
	(void)state;
	for (uint64_t bit = 1; bit <= UINT32_MAX; bit <<= 1) {
		assert_int_equal(fmt_group__from_native(GROUP_file_flags, bit) &
				 (16384 | 32768 | 65536), 0);
		assert_int_equal(fmt_group__from_native(GROUP_execve_flags, bit), 0);
		assert_int_equal(fmt_group__from_native(GROUP_clone_flags, bit) & (1 << 29), 0);
	}
	assert_int_equal(fmt_group__from_native(GROUP_file_flags, O_WRONLY | 1ull << 33),
			 2 | 32768);
	assert_int_equal(fmt_group__from_native(GROUP_execve_flags, 1ull << 32 | 1ull << 34), 5);
}

static void is_text(enum fmt_group g, uint32_t value, const char *want)
{
	char buf[512];

	assert_int_equal(fmt_group__text(g, value, buf, sizeof(buf)), strlen(want));
	assert_string_equal(buf, want);
}

static void texts(void **state)
{
	(void)state;
	is_text(GROUP_file_flags, 1, "O_RDONLY");
	is_text(GROUP_file_flags, 3, "O_RDWR");
	is_text(GROUP_file_flags, 2 | 4 | 256, "O_TRUNC|O_CREAT|O_WRONLY");
	is_text(GROUP_file_flags, 3 | 4096, "O_RDWR|O_CLOEXEC");
	is_text(GROUP_file_flags, 0, "O_NONE");
	is_text(GROUP_file_flags, 1 << 18, "");
	is_text(GROUP_file_flags, 1 | 4 | 16384 | 32768, "O_CREAT|O_RDONLY|O_F_CREATED|FD_UPPER_LAYER");
	is_text(GROUP_prot_flags, 0, "PROT_NONE");
	is_text(GROUP_prot_flags, 7, "PROT_READ|PROT_WRITE|PROT_EXEC");
	is_text(GROUP_mmap_flags, 0, "");
	is_text(GROUP_futex_operations, 128 | 1, "FUTEX_PRIVATE_FLAG|FUTEX_WAKE");
	is_text(GROUP_futex_operations, 9, "FUTEX_WAIT_BITSET");
	is_text(GROUP_access_flags, 0, "F_OK");
	is_text(GROUP_access_flags, 5, "R_OK|X_OK");
	is_text(GROUP_fcntl_commands, 5, "F_SETFL");
	is_text(GROUP_fcntl_commands, 250, "");
	is_text(GROUP_socket_families, 1, "AF_LOCAL|AF_UNIX");
	is_text(GROUP_socket_families, 0, "AF_UNSPEC");
	is_text(GROUP_bpf_commands, 10, "BPF_PROG_TEST_RUN|BPF_PROG_RUN");
	is_text(GROUP_chmod_mode, 04755,
		"S_IXOTH|S_IROTH|S_IXGRP|S_IRGRP|S_IXUSR|S_IWUSR|S_IRUSR|S_ISUID");
	is_text(GROUP_mknod_mode, S_IFBLK | 0600, "S_IWUSR|S_IRUSR|S_IFBLK");
	is_text(GROUP_mknod_mode, S_IFSOCK, "S_IFSOCK");
	is_text(GROUP_mknod_mode, S_IFREG | 0400, "S_IRUSR|S_IFREG");
	is_text(GROUP_priority, 4, "Warning");
	is_text(GROUP_fd_type, 3, "ipv4");
	is_text(GROUP_NONE, 3, "");
}

/* The full length is told and what fits is there, ended, whatever the room. */
static void short_buffers(void **state)
{
	const char *full = "O_TRUNC|O_CREAT|O_WRONLY";
	char buf[64];

	(void)state;
	assert_int_equal(fmt_group__text(GROUP_file_flags, 2 | 4 | 256, NULL, 0), strlen(full));
	for (size_t n = 1; n <= strlen(full) + 1; n++) {
		memset(buf, '#', sizeof(buf));
		assert_int_equal(fmt_group__text(GROUP_file_flags, 2 | 4 | 256, buf, n),
				 strlen(full));
		assert_int_equal(strlen(buf), n - 1);
		assert_memory_equal(buf, full, n - 1);
		assert_int_equal(buf[n], '#');
	}
}

static const struct { enum fmt_group group; const char *name; } rows[] = {
#define GROUP(name, kind, doc)
#define SYM(group, name, value, mask, native) { GROUP_##group, #name },
#include "format/schema/flags.def"
#undef GROUP
#undef SYM
};

/* Every line of flags.def is in the group that it names, and makes sense there. */
static void well_formed(void **state)
{
	size_t row = 0;

	(void)state;
	for (unsigned g = GROUP_NONE + 1; g < GROUP__N; g++) {
		assert_true(fmt_groups[g].n > 0);
		for (unsigned i = 0; i < fmt_groups[g].n; i++, row++) {
			const struct fmt_sym *s = &fmt_groups[g].syms[i];

			if (rows[row].group != g || strcmp(rows[row].name, s->name))
				fail_msg("%s.%s stands below %s", fmt_groups[rows[row].group].name,
					 rows[row].name, fmt_groups[g].name);
			if (s->native & ~s->mask)
				fail_msg("%s: native bits outside its mask", s->name);
			if (!fmt_groups[g].is_enum && !s->mask && s->value)
				fail_msg("%s: a flag without a native form", s->name);
		}
	}
	assert_int_equal(row, N(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(natives),
		cmocka_unit_test(flag_words),
		cmocka_unit_test(enum_words),
		cmocka_unit_test(same_word_again),
		cmocka_unit_test(callers_cannot_lie),
		cmocka_unit_test(texts),
		cmocka_unit_test(short_buffers),
		cmocka_unit_test(well_formed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
