// SPDX-License-Identifier: Apache-2.0
/*
 * relatives DIR: the calls that do what a better known one does, and by which recorders are
 * bypassed. Prints, for each that this kernel has, the jq condition that an event must satisfy.
 * relatives - does nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define NR_landlock_create_ruleset 444
#define NR_landlock_add_rule 445
#define NR_landlock_restrict_self 446
#define NR_memfd_secret 447
#define NR_mount_setattr 442

static char dir[4096], self[4096];
static unsigned told;

/* The call has happened: what its event must say. */
static void __attribute__((format(printf, 2, 3))) tell(const char *type, const char *fmt, ...)
{
	va_list ap;

	printf(".type == \"%s\" and .process.pid == %d and ", type, getpid());
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	told++;
}

static unsigned long long inode(const char *path)
{
	struct stat s = { 0 };

	stat(path, &s);
	return s.st_ino;
}

static void opening(void)
{
	struct open_how how = { .flags = O_RDONLY };
	struct {
		struct file_handle h;
		unsigned char more[128];
	} h = { .h.handle_bytes = 128 };
	int mount, fd = (int)syscall(SYS_openat2, AT_FDCWD, "way", &how, sizeof(how));

	if (fd >= 0)
		tell("openat2", ".res == %d and .args.name == \"way\" and .args.path == \"%s/file\" "
		     "and .args.ino == %llu", fd, dir, inode("file"));
	if (name_to_handle_at(AT_FDCWD, "way", &h.h, &mount, AT_SYMLINK_FOLLOW))
		return;
	tell("name_to_handle_at", ".res == 0 and .args.path == \"way\" and .args.resolved == "
	     "\"%s/file\"", dir);
	fd = open_by_handle_at(AT_FDCWD, &h.h, O_RDONLY);
	if (fd >= 0)
		tell("open_by_handle_at", ".res == %d and .args.path == \"%s/file\" and .args.ino "
		     "== %llu", fd, dir, inode("file"));
}

static void moving_bytes(void)
{
	int in = open("file", O_RDWR), out = open("copy", O_RDWR | O_CREAT, 0600), p[2];
	static char abcd[] = "abcd", spied[] = "spied";
	struct iovec a = { abcd, 4 }, b;
	char buf[8];
	off_t off = 1;

	if (pipe(p))
		return;
	if (sendfile(out, in, &off, 3) == 3)
		tell("sendfile", ".res == 3 and .args.in_fd == %d and .args.out_fd == %d and "
		     ".args.offset == 1", in, out);
	if (splice(in, NULL, p[1], NULL, 4, 0) == 4)
		tell("splice", ".res == 4 and .args.fd_in == %d and .args.fd_out == %d", in, p[1]);
	off = 0;
	if (copy_file_range(in, &off, out, NULL, 4, 0) == 4)
		tell("copy_file_range", ".res == 4 and .args.fdin == %d and .args.fdout == %d and "
		     ".args.offin == 0", in, out);
	if (pwritev2(out, &a, 1, 2, RWF_DSYNC) == 4)
		tell("pwritev2", ".res == 4 and .args.fd == %d and .args.pos == 2 and "
		     ".args.data.base64 == \"YWJjZA==\" and .fd.name == \"%s/copy\"", out, dir);
	b = (struct iovec){ buf, 4 };
	if (preadv2(out, &b, 1, 2, 0) == 4)
		tell("preadv2", ".res == 4 and .args.fd == %d and .args.data.base64 == \"YWJjZA==\"",
		     out);
	a.iov_base = spied;
	a.iov_len = 5;
	b.iov_len = 5;
	if (vmsplice(p[1], &a, 1, 0) == 5)
		tell("vmsplice", ".res == 5 and .args.fd == %d and .args.data.base64 == "
		     "\"c3BpZWQ=\"", p[1]);
	if (process_vm_readv(getpid(), &b, 1, &a, 1, 0) == 5)
		tell("process_vm_readv", ".res == 5 and .args.pid == %d and .args.data.base64 == "
		     "\"c3BpZWQ=\" and .args.remote_addr == \"0x%lx\"", getpid(), (long)a.iov_base);
	if (process_vm_writev(getpid(), &a, 1, &b, 1, 0) == 5)
		tell("process_vm_writev", ".res == 5 and .args.pid == %d and .args.data.base64 == "
		     "\"c3BpZWQ=\" and .args.remote_addr == \"0x%lx\"", getpid(), (long)buf);
}

static void other_processes(void)
{
	int secret = open("file", O_RDONLY), fd, pidfd;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return;
	tell("pidfd_open", ".res == %d and .args.pid == %d", pidfd, pid);
	fd = (int)syscall(SYS_pidfd_getfd, pidfd, secret, 0);
	if (fd >= 0)
		tell("pidfd_getfd", ".res == %d and .args.pid_fd == %d and .args.target_fd == %d "
		     "and .args.target_pid == %d and .args.path == \"%s/file\" and .args.ino == "
		     "%llu", fd, pidfd, secret, pid, dir, inode("file"));
	if (!syscall(SYS_setns, pidfd, CLONE_NEWUTS))
		tell("setns", ".res == 0 and .args.fd == %d and .args.target_pid == %d and "
		     "(.args.nstype | contains(\"CLONE_NEWUTS\"))", pidfd, pid);
	fd = open("/proc/self/ns/uts", O_RDONLY);
	tell("openat", ".res == %d and (.args.path | test(\"^uts:\\\\[[0-9]+\\\\]$\"))", fd);
	if (!syscall(SYS_setns, fd, 0))
		tell("setns", ".res == 0 and (.fd.name | startswith(\"uts:[\"))");
	if (!syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0))
		tell("pidfd_send_signal", ".res == 0 and .args.sig == \"SIGKILL\" and "
		     ".args.target_pid == %d", pid);
	waitpid(pid, NULL, 0);
}

static void in_mounts(void)
{
	struct { unsigned long long set, clr, prop, userns; } attr = { 1, 0, 0, 0 };	/* MOUNT_ATTR_RDONLY */
	int fs, m, tree;

	mkdir("there", 0755);
	fs = (int)syscall(SYS_fsopen, "tmpfs", 1);
	if (fs < 0)
		return;
	tell("fsopen", ".res == %d and .args.fsname == \"tmpfs\"", fs);
	if (!syscall(SYS_fsconfig, fs, 1, "size", "1M", 0))
		tell("fsconfig", ".res == 0 and .args.key == \"size\" and .args.value_charbuf == "
		     "\"1M\"");
	if (syscall(SYS_fsconfig, fs, 6, NULL, NULL, 0))
		return;
	m = (int)syscall(SYS_fsmount, fs, 0, 0);
	if (m < 0)
		return;
	tell("fsmount", ".res == %d and .args.fs_fd == %d", m, fs);
	if (syscall(SYS_move_mount, m, "", AT_FDCWD, "./there", 4))
		return;
	tell("move_mount", ".res == 0 and .args.from_dirfd == %d and .args.to_path == \"./there\" "
	     "and .args.resolved == \"%s/there\"", m, dir);
	if (!syscall(NR_mount_setattr, AT_FDCWD, "there/.", 0, &attr, sizeof(attr)))
		tell("mount_setattr", ".res == 0 and .args.resolved == \"%s/there\" and "
		     "(.args.attr_set | contains(\"MOUNT_ATTR_RDONLY\"))", dir);
	tree = (int)syscall(SYS_open_tree, AT_FDCWD, "there/.", 1);
	if (tree >= 0)
		tell("open_tree", ".res == %d and .args.resolved == \"%s/there\"", tree, dir);
	syscall(SYS_umount2, "there", MNT_DETACH);
}

static void in_kernel(void)
{
	union bpf_attr map = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4,
			       .max_entries = 1, .map_name = "sneaky" };
	struct perf_event_attr perf = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(perf),
					.config = PERF_COUNT_SW_CPU_CLOCK };
	int fd = (int)syscall(NR_memfd_secret, 0);

	if (fd >= 0)
		tell("memfd_secret", ".res == %d", fd);
	fd = (int)syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map));
	if (fd >= 0)
		tell("bpf", ".res == %d and .args.cmd == \"BPF_MAP_CREATE\" and .args.obj_name == "
		     "\"sneaky\"", fd);
	fd = (int)syscall(SYS_perf_event_open, &perf, 0, -1, -1, 0);
	if (fd >= 0)
		tell("perf_event_open", ".res == %d and .args.type == 1 and .args.config == \"0x0\"", fd);
	fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (fd >= 0)
		tell("userfaultfd", ".res == %d and (.args.flags | contains(\"O_CLOEXEC\"))", fd);
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, "stash", 0, 0, 0) >= 0)
		tell("keyctl", ".args.operation == \"KEYCTL_JOIN_SESSION_KEYRING\" and "
		     ".args.description == \"stash\"");
	if (syscall(SYS_add_key, "user", "token", "x", 1, KEY_SPEC_SESSION_KEYRING) >= 0)
		tell("add_key", ".args.type == \"user\" and .args.description == \"token\"");
}

static void restricting(void)
{
	struct { unsigned long long fs; } rules = { 1 };
	struct __attribute__((packed)) { unsigned long long access; int fd, pad; } rule = { 1, 0, 0 };
	int fd, d = open(".", O_PATH | O_DIRECTORY);
	char tty = 'x';

	prctl(PR_SET_NAME, "kthreadd", 0, 0, 0);
	tell("prctl", ".args.option == \"PR_SET_NAME\" and .args.arg2_str == \"kthreadd\"");
	ioctl(0, TIOCSTI, &tty);
	tell("ioctl", ".args.request == \"0x5412\" and .args.pushed == 120");
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	fd = (int)syscall(NR_landlock_create_ruleset, &rules, sizeof(rules), 0);
	if (fd < 0)
		return;
	tell("landlock_create_ruleset", ".res == %d and .args.handled_fs == \"0x1\"", fd);
	rule.fd = d;
	if (!syscall(NR_landlock_add_rule, fd, 1, &rule, 0))
		tell("landlock_add_rule", ".res == 0 and .args.access == \"0x1\" and "
		     ".args.parent_fd == %d", d);
	if (!syscall(NR_landlock_restrict_self, fd, 0))
		tell("landlock_restrict_self", ".res == 0 and .args.fd == %d", fd);
}

static void births(void)
{
	struct clone_args c = { .exit_signal = SIGCHLD, .flags = CLONE_FS };
	pid_t pid;
	int fd, in, n;
	char buf[65536];

	fflush(stdout);
	pid = (pid_t)syscall(SYS_clone3, &c, sizeof(c));
	if (!pid)
		_exit(0);
	if (pid > 0) {
		waitpid(pid, NULL, 0);
		tell("clone3", ".res == %d and (.args.flags | contains(\"CLONE_FS\"))", pid);
		tell("task_new", ".args.pid == %d and (.args.flags | contains(\"CLONE_FS\"))", pid);
	}
	pid = vfork();
	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
	tell("vfork", ".res == %d", pid);
	tell("task_new", ".args.pid == %d and (.args.flags | contains(\"CLONE_VM\"))", pid);
	fd = (int)syscall(SYS_memfd_create, "x", 0);
	in = open(self, O_RDONLY);
	while ((n = (int)read(in, buf, sizeof(buf))) > 0)
		if (write(fd, buf, (size_t)n) != n)
			return;
	fflush(stdout);
	pid = fork();
	if (!pid) {
		syscall(SYS_execveat, fd, "", (const char *[]){ "x", "-", NULL }, (char *[]){ NULL },
			AT_EMPTY_PATH);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	printf(".type == \"execveat\" and .process.pid == %d and .res == 0 and .args.pathname == \"\" "
	       "and .args.trusted_exepath == \"memfd:x\"\n", pid);
}

/* Nothing can be opened, sent or started any more behind this: by a process of its own. */
static void filtered(void)
{
	fflush(stdout);
	if (!fork()) {
		tell("seccomp", ".args.op == 0 and .args.flags == \"0x0\"");
		fflush(stdout);
		syscall(SYS_seccomp, SECCOMP_SET_MODE_STRICT, 0, NULL);
		syscall(SYS_exit, 0);
	}
	wait(NULL);
}

int main(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	int fd;

	if (argc > 1 && !strcmp(argv[1], "-"))
		return 0;
	if (argc < 2 || n <= 0 || chdir(argv[1]) || !getcwd(dir, sizeof(dir)))
		return 1;
	fd = open("file", O_CREAT | O_WRONLY, 0600);
	if (fd < 0 || write(fd, "0123456789", 10) != 10 || symlink("file", "way"))
		return 1;
	close(fd);
	opening();
	moving_bytes();
	other_processes();
	in_mounts();
	in_kernel();
	births();
	filtered();
	restricting();
	return told < 15;
}
