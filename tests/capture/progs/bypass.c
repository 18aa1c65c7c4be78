// SPDX-License-Identifier: Apache-2.0
/*
 * bypass DIR: what is done to deceive recorders, done for real in DIR (an empty folder). For each
 * way, the file DIR/NAME.expected gets the jq conditions that the truth must satisfy: some event for
 * each line. "ALL selection => condition" holds for every event that is selected.
 * bypass - ...: does nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

static char self[4096], dir[4096];
static FILE *out;

static void __attribute__((format(printf, 1, 2))) expect(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(out, fmt, ap);
	va_end(ap);
	fputc('\n', out);
}

static long must(long r, const char *what)
{
	if (r < 0) {
		fprintf(stderr, "bypass: %s: %s\n", what, strerror(errno));
		_exit(1);
	}
	return r;
}
#define MUST(call) must((long)(call), #call)

static unsigned long long inode(const char *path)
{
	struct stat s = { 0 };

	stat(path, &s);
	return s.st_ino;
}

static pid_t in_child(void (*fn)(void))
{
	pid_t pid;

	fflush(NULL);
	pid = (pid_t)MUST(fork());
	if (!pid) {
		fn();
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	return pid;
}

static void open_secret(const char *path, const char *really)
{
	int fd = (int)MUST(open(path, O_RDONLY));

	expect(".type == \"openat\" and .process.pid == %d and .res == %d and .args.name == \"%s\" "
	       "and .args.path == \"%s/%s\" and .args.ino == %llu",
	       getpid(), fd, path, dir, really, inode("secret"));
	expect(".type == \"close\" and .process.pid == %d and .args.fd == %d and .fd.name == "
	       "\"%s/%s\"",
	       getpid(), fd, dir, really);
	close(fd);
}

/* --- names that lead elsewhere ---------------------------------------------------------------- */

static void by_symlink(void)
{
	MUST(symlink("secret", "harmless"));
	MUST(symlink("harmless", "more harmless"));
	open_secret("more harmless", "secret");
}

/* The name is another, the file is not: its inode says so. */
static void by_hardlink(void)
{
	MUST(link("secret", "innocent"));
	open_secret("innocent", "innocent");
}

static void by_proc_root(void)
{
	char path[8192];

	snprintf(path, sizeof(path), "/proc/self/root%s/secret", dir);
	open_secret(path, "secret");
	snprintf(path, sizeof(path), "/proc/%d/cwd/secret", getpid());
	open_secret(path, "secret");
}

static void by_proc_fd(void)
{
	int fd = (int)MUST(open("secret", O_PATH)), d = (int)MUST(open(".", O_PATH | O_DIRECTORY));
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	open_secret(path, "secret");
	snprintf(path, sizeof(path), "/dev/fd/%d/secret", d);
	open_secret(path, "secret");
}

/* As text this is "here/secret", which exists too. */
static void by_dotdot(void)
{
	MUST(mkdir("here", 0755));
	MUST(mkdir("far", 0755));
	MUST(mkdir("far/away", 0755));
	close((int)MUST(open("here/secret", O_CREAT | O_WRONLY, 0644)));
	MUST(link("secret", "far/secret"));
	MUST(symlink("../far/away", "here/sub"));
	open_secret("here/sub/../secret", "far/secret");
}

/* A path of thousands of bytes that says little. */
static void by_padding(void)
{
	char path[4000];

	for (size_t i = 0; i + 2 < sizeof(path) - 8; i += 2)
		memcpy(path + i, "./", 3);
	strcat(path, "secret");
	open_secret(path, "secret");
}

static void by_chroot(void)
{
	int fd;

	MUST(mkdir("jail", 0755));
	MUST(link("secret", "jail/inside"));
	MUST(chroot("jail"));
	MUST(chdir("/"));
	fd = (int)MUST(open("/../../inside", O_RDONLY));
	expect(".type == \"openat\" and .process.pid == %d and .res == %d and .args.path == "
	       "\"/inside\" and .args.ino == %llu",
	       getpid(), fd, inode("inside"));
}

/* --- calls that leave no open file: where their paths have led --------------------------------- */

static void changed(const char *call, const char *words, const char *really, bool exists)
{
	expect(".type == \"%s\" and .process.pid == %d and .res == 0 and ([.args.path, .args.name, "
	       ".args.filename, .args.pathname, .args.linkpath] | any(. == \"%s\")) and "
	       ".args.resolved == \"%s/%s\"",
	       call, getpid(), words, dir, really);
	if (exists) {
		struct stat s = { 0 };

		lstat(really, &s);
		expect(".type == \"%s\" and .process.pid == %d and .args.resolved == \"%s/%s\" "
		       "and .args.ino == %llu and .args.dev == \"0x%lx\"",
		       call, getpid(), dir, really, (unsigned long long)s.st_ino,
		       (unsigned long)s.st_dev);
	}
}

static void renamed(const char *call, const char *from, const char *to)
{
	expect(".type == \"%s\" and .process.pid == %d and .res == 0 and .args.oldresolved == "
	       "\"%s/%s\" and .args.newresolved == \"%s/%s\"",
	       call, getpid(), dir, from, dir, to);
}

static void by_change(void)
{
	char path[4300];
	int d, cwd;

	MUST(mkdir("real", 0755));
	MUST(symlink("real", "way"));
	MUST(symlink("/proc/self/cwd/way/../way", "long way"));
	MUST(link("secret", "real/f"));
	MUST(symlink("f", "real/to-f"));
	d = (int)MUST(open("way", O_PATH | O_DIRECTORY));
	cwd = (int)MUST(open(".", O_PATH | O_DIRECTORY));
	MUST(syscall(SYS_chmod, "way/to-f", 0600));
	changed("chmod", "way/to-f", "real/f", true);
	MUST(syscall(SYS_fchmodat, d, "../way/./to-f", 0600));
	changed("fchmodat", "../way/./to-f", "real/f", true);
	MUST(syscall(SYS_chown, "way//to-f", 0, 0));
	changed("chown", "way//to-f", "real/f", true);
	MUST(syscall(SYS_lchown, "way/to-f", 0, 0));
	changed("lchown", "way/to-f", "real/to-f", true);
	MUST(syscall(SYS_fchownat, cwd, "way/to-f", 0, 0, AT_SYMLINK_NOFOLLOW));
	changed("fchownat", "way/to-f", "real/to-f", true);
	MUST(syscall(SYS_fchownat, d, "", 0, 0, AT_EMPTY_PATH));
	changed("fchownat", "", "real", true);
	MUST(syscall(SYS_truncate, "long way/f", 5));
	changed("truncate", "long way/f", "real/f", true);
	MUST(utimensat(d, "to-f", NULL, 0));
	changed("utimensat", "to-f", "real/f", true);
	if (!setxattr("way/to-f", "user.note", "x", 1, 0)) {
		changed("setxattr", "way/to-f", "real/f", true);
		MUST(removexattr("way/to-f", "user.note"));
		changed("removexattr", "way/to-f", "real/f", true);
	}
	MUST(syscall(SYS_mkdir, "way/sub", 0755));
	changed("mkdir", "way/sub", "real/sub", false);
	MUST(syscall(SYS_mkdirat, d, "sub/sub/", 0755));
	changed("mkdirat", "sub/sub/", "real/sub/sub", false);
	MUST(syscall(SYS_rmdir, "way/sub/../sub/sub"));
	changed("rmdir", "way/sub/../sub/sub", "real/sub/sub", false);
	MUST(syscall(SYS_symlink, "anywhere", "way/s"));
	changed("symlink", "way/s", "real/s", false);
	MUST(syscall(SYS_mknod, "way/fifo", S_IFIFO | 0600, 0));
	changed("mknod", "way/fifo", "real/fifo", false);
	MUST(syscall(SYS_unlink, "way/s"));
	changed("unlink", "way/s", "real/s", false);
	MUST(syscall(SYS_unlinkat, d, "fifo", 0));
	changed("unlinkat", "fifo", "real/fifo", false);
	snprintf(path, sizeof(path), "/proc/self/fd/%d/f", d);
	MUST(syscall(SYS_link, path, "way/g"));
	renamed("link", "real/f", "real/g");
	MUST(syscall(SYS_linkat, d, "to-f", cwd, "way/h", AT_SYMLINK_FOLLOW));
	renamed("linkat", "real/f", "real/h");
	snprintf(path, sizeof(path), "/proc/thread-self/cwd/way/g");
	MUST(syscall(SYS_rename, path, "way/sub/g2"));
	renamed("rename", "real/g", "real/sub/g2");
	MUST(syscall(SYS_renameat2, d, "sub/g2", cwd, "way/../g3", 0));
	renamed("renameat2", "real/sub/g2", "g3");
	if (!unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	    !mount("tmpfs", "way/sub", "tmpfs", 0, NULL)) {
		expect(".type == \"mount\" and .process.pid == %d and .args.dir == \"way/sub\" and "
		       ".args.resolved == \"%s/real/sub\"",
		       getpid(), dir);
		close((int)MUST(open("real/sub/inside", O_CREAT | O_WRONLY, 0600)));
		MUST(syscall(SYS_chmod, "way/sub/inside", 0644));
		changed("chmod", "way/sub/inside", "real/sub/inside", true);
		MUST(syscall(SYS_chmod, "way/sub/../f", 0644));
		changed("chmod", "way/sub/../f", "real/f", true);
		MUST(syscall(SYS_umount2, "way/sub", 0));
		changed("umount2", "way/sub", "real/sub", false);
	}
	MUST(syscall(SYS_chroot, "way/sub"));
	changed("chroot", "way/sub", "real/sub", false);
}

/* --- races ------------------------------------------------------------------------------------ */

static char raced[16] = "good";
static volatile int racing = 1;

static void *flip_name(void *arg)
{
	(void)arg;
	while (racing) {
		memcpy(raced, "evil", 4);
		memcpy(raced, "good", 4);
	}
	return NULL;
}

static void *flip_link(void *arg)
{
	(void)arg;
	while (racing) {
		if (rename("to-evil", "swapped"))
			break;
		symlink("evil", "to-evil");
		if (rename("to-good", "swapped"))
			break;
		symlink("good", "to-good");
	}
	return NULL;
}

static void race(void *(*other)(void *), const char *path, bool is_link)
{
	int n_evil = 0, n_good = 0;
	unsigned long long evil;
	pthread_t t;

	for (int i = 0; i < 2; i++) {
		close((int)MUST(open(i ? "good" : "evil", O_CREAT | O_WRONLY, 0644)));
		if (is_link)
			MUST(symlink(i ? "good" : "evil", i ? "to-good" : "to-evil"));
	}
	if (is_link)
		MUST(symlink("good", path));
	evil = inode("evil");
	pthread_create(&t, NULL, other, NULL);
	for (int i = 0; i < 3000 && (n_evil < 100 || n_good < 100); i++) {
		int fd = open(path, O_RDONLY);
		struct stat s;

		if (fd < 0)
			continue;
		MUST(fstat(fd, &s));
		s.st_ino == evil ? n_evil++ : n_good++;
		close(fd);
	}
	racing = 0;
	pthread_join(t, NULL);
	if (n_evil)
		expect(".type == \"openat\" and .process.pid == %d and .args.ino == %llu and "
		       ".args.path == \"%s/evil\"",
		       getpid(), evil, dir);
	expect("ALL (.type == \"openat\" and .process.pid == %d and (.args.ino == %llu or "
	       ".args.ino == %llu)) => .args.path == (if .args.ino == %llu then "
	       "\"%s/evil\" else \"%s/good\" end)",
	       getpid(), evil, inode("good"), evil, dir, dir);
}

static void by_race(void)
{
	race(flip_name, raced, false);
}

static void by_link_race(void)
{
	race(flip_link, "swapped", true);
}

static char raced_arg[64] = "harmless";

static int exec_raced(void *arg)
{
	(void)arg;
	execl(self, "raced", "-", raced_arg, (char *)NULL);
	return 1;
}

/* A parent that shares the memory of a child rewrites the arguments while the child executes. */
static void by_exec_race(void)
{
	static char stack[65536];
	pid_t pid = 0;

	for (int i = 0; i < 20; i++) {
		strcpy(raced_arg, "harmless");
		pid = (pid_t)MUST(clone(exec_raced, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL));
		for (int k = 0; k < 20000 * i; k++)
			__asm__ volatile("");
		strcpy(raced_arg, "evil");
		strcpy(raced_arg, "too late");
		waitpid(pid, NULL, 0);
		/* What the program itself was given is what is recorded: /proc shows the same. */
		expect(".type == \"execve\" and .process.pid == %d and .res == 0 and "
		       "(.args.args[1] | IN(\"harmless\", \"evil\", \"too late\", \"too leas\"))",
		       pid);
	}
}

/* --- bytes behind what is kept ---------------------------------------------------------------- */

static void by_long_arguments(void)
{
	static char pad[100001];
	pid_t pid;

	memset(pad, ' ', sizeof(pad) - 1);
	fflush(NULL);
	pid = (pid_t)MUST(fork());
	if (!pid) {
		execl(self, "long", "-", pad, "--evil", (char *)NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	expect(".type == \"execve\" and .process.pid == %d and .res == 0 and (.args.args | length) "
	       "== 3 and (.args.args[1] | length) == 100000 and .args.args[2] == \"--evil\" and "
	       ".cut == null",
	       pid);
}

static void by_long_payload(void)
{
	static char pad[5000] = "harmless";
	int fd = (int)MUST(open("written", O_CREAT | O_WRONLY, 0644));

	strcpy(pad + 4900, "evil");
	MUST(write(fd, pad, sizeof(pad)));
	expect(".type == \"write\" and .process.pid == %d and .args.fd == %d and .res == 5000 and "
	       ".args.data.size == 5000",
	       getpid(), fd);
}

/* --- names of processes ----------------------------------------------------------------------- */

static void exec_as_kworker(void)
{
	execl(self, "[kworker/0:1]", "-", (char *)NULL);
}

static void by_name(void)
{
	pid_t pid = in_child(exec_as_kworker);

	expect(".type == \"execve\" and .process.pid == %d and .args.exe == \"[kworker/0:1]\" and "
	       ".args.trusted_exepath == \"%s\" and .process.exepath == \"%s\"",
	       pid, self, self);
	MUST(prctl(PR_SET_NAME, "sshd", 0, 0, 0));
	syscall(SYS_getppid);
	expect(".type == \"getppid\" and .process.pid == %d and .process.name == \"sshd\" and "
	       ".process.exepath == \"%s\"",
	       getpid(), self);
	expect(".type == \"prctl\" and .process.pid == %d and .args.option == \"PR_SET_NAME\" and "
	       ".args.arg2_str == \"sshd\"",
	       getpid());
}

static int quiet_child(void *arg)
{
	(void)arg;
	syscall(SYS_getppid);
	return 0;
}

/* The child's parent is the grandparent: who made it is another. */
static void by_clone_parent(void)
{
	static char stack[65536];
	pid_t pid = (pid_t)MUST(clone(quiet_child, stack + sizeof(stack),
				      CLONE_PARENT | SIGCHLD, NULL));

	expect(".type == \"task_new\" and .process.pid == %d and .args.pid == %d and .args.ptid == "
	       "%d and (.args.flags | contains(\"CLONE_PARENT\"))",
	       getpid(), pid, getppid());
	expect(".type == \"getppid\" and .process.pid == %d and .process.ppid == %d", pid,
	       getppid());
}

static void orphan(void)
{
	if (!fork()) {
		prctl(PR_SET_NAME, "orphan", 0, 0, 0);
		for (int i = 0; i < 1000 && getppid() == (pid_t)syscall(SYS_getpgid, 0); i++)
			usleep(1000);
		usleep(20000);
		syscall(SYS_getpgrp);
		_exit(0);
	}
	_exit(0);
}

/* A double fork: the middle one ends, the subreaper becomes the parent. */
static void by_subreaper(void)
{
	pid_t middle, last;
	int status;

	MUST(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	middle = in_child(orphan);
	last = (pid_t)MUST(wait(&status));
	expect(".type == \"task_new\" and .process.pid == %d and .args.pid == %d", middle, last);
	expect(".type == \"procexit\" and .process.pid == %d and .args.reaper_tid == %d", middle,
	       getpid());
	expect(".type == \"getpgrp\" and .process.pid == %d and .process.ppid == %d", last,
	       getpid());
}

/* --- programs that are not what runs ---------------------------------------------------------- */

static void exec_script(void)
{
	execl("bin/sshd", "sshd", "-D", (char *)NULL);
}

static void by_script(void)
{
	int fd;
	pid_t pid;

	MUST(mkdir("bin", 0755));
	MUST(symlink("../evil.sh", "bin/sshd"));
	fd = (int)MUST(open("evil.sh", O_WRONLY | O_CREAT, 0755));
	dprintf(fd, "#!%s -\n", self);
	close(fd);
	pid = in_child(exec_script);
	expect(".type == \"execve\" and .process.pid == %d and .res == 0 and .args.filename == "
	       "\"bin/sshd\" and .args.trusted_exepath == \"%s\" and .args.interp == "
	       "\"%s/evil.sh\" and .args.args == [\"-\", \"bin/sshd\", \"-D\"]",
	       pid, self, dir);
}

static int copy_to(int to)
{
	int in = (int)MUST(open(self, O_RDONLY));
	char buf[65536];
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		MUST(write(to, buf, (size_t)n) == n ? 0 : -1);
	close(in);
	return to;
}

static void exec_memfd(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d",
		 copy_to((int)MUST(syscall(SYS_memfd_create, "ls", 0))));
	execl(path, "ls", "-", (char *)NULL);
}

static void by_memfd(void)
{
	pid_t pid = in_child(exec_memfd);

	expect(".type == \"execve\" and .process.pid == %d and .res == 0 and .args.exe == \"ls\" "
	       "and .args.trusted_exepath == \"memfd:ls\" and (.args.flags | "
	       "contains(\"EXE_FROM_MEMFD\"))",
	       pid);
}

static void exec_deleted(void)
{
	int fd = copy_to((int)MUST(open("gone", O_CREAT | O_WRONLY, 0755)));

	close(fd);
	fd = (int)MUST(open("gone", O_RDONLY));
	MUST(unlink("gone"));
	syscall(SYS_execveat, fd, "", (const char *[]){ "ls", "-", NULL }, (char *[]){ NULL },
		AT_EMPTY_PATH);
}

static void by_deleted(void)
{
	pid_t pid = in_child(exec_deleted);

	expect(".type == \"execveat\" and .process.pid == %d and .res == 0 and .args.pathname == "
	       "\"\" and .args.trusted_exepath == \"%s/gone (deleted)\"",
	       pid, dir);
}

static void exec_by_loader(void)
{
	execl("/lib64/ld-linux-x86-64.so.2", "ld.so", "/bin/true", (char *)NULL);
}

/* The file that is executed is the loader; the program is a file that it opens and maps. */
static void by_loader(void)
{
	char loader[4096], program[4096];
	pid_t pid;

	if (!realpath("/lib64/ld-linux-x86-64.so.2", loader) || !realpath("/bin/true", program)) {
		expect("true");
		return;
	}
	pid = in_child(exec_by_loader);
	expect(".type == \"execve\" and .process.pid == %d and .args.trusted_exepath == \"%s\"",
	       pid, loader);
	expect(".type == \"openat\" and .process.pid == %d and .args.path == \"%s\"", pid, program);
	expect(".type == \"mmap\" and .process.pid == %d and (.args.prot | contains(\"PROT_EXEC\")) "
	       "and .fd.name == \"%s\"",
	       pid, program);
}

static const struct {
	const char *name;
	void (*fn)(void);
} ways[] = {
	{ "symlink", by_symlink }, { "hardlink", by_hardlink }, { "proc_root", by_proc_root },
	{ "proc_fd", by_proc_fd }, { "dotdot", by_dotdot }, { "padding", by_padding },
	{ "chroot", by_chroot }, { "change", by_change }, { "race", by_race }, { "link_race", by_link_race },
	{ "exec_race", by_exec_race }, { "long_arguments", by_long_arguments },
	{ "long_payload", by_long_payload }, { "name", by_name },
	{ "clone_parent", by_clone_parent }, { "subreaper", by_subreaper },
	{ "script", by_script }, { "memfd", by_memfd }, { "deleted", by_deleted },
	{ "loader", by_loader },
};

static void begin(unsigned i, const char *top)
{
	char name[4096];

	snprintf(name, sizeof(name), "%s/%s.expected", top, ways[i].name);
	out = fopen(name, "w");
	snprintf(dir, sizeof(dir), "%s/%s", top, ways[i].name);
	if (!out || mkdir(dir, 0755) || chdir(dir))
		_exit(1);
	close((int)MUST(open("secret", O_CREAT | O_WRONLY, 0600)));
}

int main(int argc, char **argv)
{
	char top[2048];
	int failed = 0, status;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (argc > 1 && !strcmp(argv[1], "-"))
		return 0;
	if (argc < 2 || n <= 0 || chdir(argv[1]) || !getcwd(top, sizeof(top)))
		return 1;
	for (unsigned i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		pid_t pid = fork();

		if (!pid) {
			begin(i, top);
			ways[i].fn();
			fflush(out);
			_exit(0);
		}
		while (waitpid(-1, &status, 0) != pid)
			;
		failed += status != 0;
	}
	return failed;
}
