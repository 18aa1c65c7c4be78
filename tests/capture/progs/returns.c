// SPDX-License-Identifier: Apache-2.0
/*
 * returns DIR: calls whose return says little of them, or that have none, one after the other in DIR (an empty
 * folder). Prints, for each, a jq condition that an event must satisfy, as calls.c does; with "not " in front,
 * one that none may.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void __attribute__((format(printf, 1, 2))) expect(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static int status_of(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

static pid_t child(void (*fn)(void))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		fn();
		_exit(99);
	}
	return pid;
}

/* --- ends ------------------------------------------------------------------------------------- */

static void *exit_thread(void *arg)
{
	syscall(SYS_exit, 4);
	return arg;
}

static void *exit_all(void *arg)
{
	syscall(SYS_exit_group, 6);
	return arg;
}

static void thread_exits(void)
{
	pthread_t t;

	pthread_create(&t, NULL, exit_thread, NULL);
	pthread_join(t, NULL);
	syscall(SYS_exit_group, 5);
}

static void thread_exits_all(void)
{
	pthread_t t;

	pthread_create(&t, NULL, exit_all, NULL);
	pause();
}

static void is_killed(void)
{
	kill(getpid(), SIGKILL);
	pause();
}

static void ends(void)
{
	pid_t pid = child(thread_exits);

	status_of(pid);
	expect(".type == \"exit\" and .process.pid == %d and .process.tid != %d and .args.status == 4", pid, pid);
	expect(".type == \"exit_group\" and .process.tid == %d and .args.status == 5", pid);
	pid = child(thread_exits_all);
	status_of(pid);
	expect(".type == \"exit_group\" and .process.pid == %d and .process.tid != %d and .args.status == 6", pid, pid);
	expect("not .type == \"exit_group\" and .process.tid == %d", pid);
	pid = child(is_killed);
	status_of(pid);
	expect(".type == \"procexit\" and .process.tid == %d and .args.sig == \"SIGKILL\"", pid);
	expect("not (.type == \"exit_group\" or .type == \"exit\") and .process.tid == %d", pid);
}

/* --- calls that a filter refuses -------------------------------------------------------------- */

/* Refuses some calls; the process goes on after all of them. */
static void filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_sethostname, 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execveat, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EXDEV),
	};
	struct sock_fprog prog = { sizeof(code) / sizeof(*code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog, 0, 0))
		_exit(98);
}

static void exec_nothing(int dir, int flags)
{
	char name[] = "nowhere", arg[] = "b";

	syscall(SYS_execveat, dir, name, (char *[]){ name, arg, NULL }, NULL, flags);
}

static void refused(void)
{
	char name[] = "name";		/* in memory that is there: nobody has read it */
	uint64_t args[8] = { 0x10100 };	/* CLONE_THREAD without CLONE_SIGHAND, CLONE_VM */

	exec_nothing(66, 0);		/* what these have said is not said of those that are refused */
	syscall(SYS_clone3, args, sizeof(args));
	filter();
	args[0] = 0x100;
	syscall(SYS_clone3, args, sizeof(args));
	syscall(SYS_getppid);
	syscall(SYS_sethostname, name, 4);
	exec_nothing(77, AT_SYMLINK_NOFOLLOW);
	syscall(SYS_exit_group, 3);
	syscall(SYS_exit, 7);
}

static void refusals(void)
{
	pid_t pid = child(refused);

	status_of(pid);
	expect(".type == \"sethostname\" and .process.tid == %d and .error == \"EXDEV\" and .args.name == \"name\"", pid);
	expect(".type == \"exit_group\" and .process.tid == %d and .error == \"EXDEV\" and .args.status == 3", pid);
	expect(".type == \"clone3\" and .process.tid == %d and .error == \"EXDEV\" and .args.flags == \"CLONE_VM\"", pid);
	expect(".type == \"execveat\" and .process.tid == %d and .error == \"EXDEV\" and .args.dirfd == 77 and "
	       ".args.at_flags == \"AT_SYMLINK_NOFOLLOW\"", pid);
	expect(".type == \"exit\" and .process.tid == %d and .args.status == 7", pid);
}

/* --- signals ---------------------------------------------------------------------------------- */

static void handled(int sig)
{
	(void)sig;
}

/* Until a process is in that call, or a minute has passed. */
static void wait_in(pid_t pid, long nr)
{
	char path[64];
	long at = -1;

	snprintf(path, sizeof(path), "/proc/%d/syscall", pid);
	for (unsigned n = 0; n < 12000 && at != nr; n++) {
		FILE *f = fopen(path, "re");

		if (!f || fscanf(f, "%ld", &at) != 1)
			at = -1;
		if (f)
			fclose(f);
		usleep(5000);
	}
}

static void sleeps(void)
{
	const struct timespec t = { .tv_sec = 3600 };

	signal(SIGUSR1, handled);
	syscall(SYS_nanosleep, &t, NULL);
	syscall(-1);
}

/* It is stopped in a nanosleep, goes on with that, and is interrupted. */
static void signals(void)
{
	pid_t pid = child(sleeps);
	int status;

	wait_in(pid, SYS_nanosleep);
	kill(pid, SIGSTOP);
	waitpid(pid, &status, WUNTRACED);
	kill(pid, SIGCONT);
	wait_in(pid, SYS_restart_syscall);
	kill(pid, SIGUSR1);
	status_of(pid);
	expect(".type == \"nanosleep\" and .process.tid == %d and .res == -516", pid);
	expect(".type == \"restart_syscall\" and .process.tid == %d and .res == -516", pid);
	expect(".type == \"rt_sigreturn\" and .process.tid == %d", pid);
	expect(".type == \"syscall\" and .process.tid == %d and .error == \"ENOSYS\"", pid);
}

/* --- programs --------------------------------------------------------------------------------- */

static void at_nothing(void)
{
	exec_nothing(77, AT_SYMLINK_NOFOLLOW);
}

static void at_descriptor(void)
{
	int fd = open("/proc/self/exe", O_PATH);

	syscall(SYS_execveat, dup2(fd, 44), "", (const char *[]){ "at", NULL }, NULL, AT_EMPTY_PATH);
}

static void absolute(void)
{
	syscall(SYS_execveat, 55, "/proc/self/exe", (const char *[]){ "at", NULL }, NULL, 0);
}

static void programs(void)
{
	pid_t pid = child(at_nothing);

	status_of(pid);
	expect(".type == \"execveat\" and .process.tid == %d and .error == \"EBADF\" and .args.dirfd == 77 and "
	       ".args.at_flags == \"AT_SYMLINK_NOFOLLOW\" and .args.pathname == \"nowhere\" and .args.args == [\"b\"]", pid);
	pid = child(at_descriptor);
	status_of(pid);
	expect(".type == \"execveat\" and .process.tid == %d and .res == 0 and .args.dirfd == 44 and "
	       ".args.at_flags == \"AT_EMPTY_PATH\" and .args.exe == \"at\"", pid);
	pid = child(absolute);
	status_of(pid);
	expect(".type == \"execveat\" and .process.tid == %d and .res == 0 and .args.dirfd == 55 and "
	       ".args.at_flags == \"0x0\" and .args.pathname == \"/proc/self/exe\"", pid);
	expect("not .type == \"execve\" and .process.tid == %d", pid);
}

static void clone3_fails(void)
{
	uint64_t args[8] = { 0x800000000 };	/* no flag that there is */

	syscall(SYS_clone3, args, sizeof(args));
	args[0] = 0x10100;			/* CLONE_THREAD without CLONE_SIGHAND, CLONE_VM */
	syscall(SYS_clone3, args, sizeof(args));
	_exit(0);
}

static void births(void)
{
	pid_t pid = child(clone3_fails);

	status_of(pid);
	expect(".type == \"clone3\" and .process.tid == %d and .error == \"EINVAL\" and "
	       ".args.flags == \"CLONE_THREAD|CLONE_VM\"", pid);
}

/* --- 32-bit ----------------------------------------------------------------------------------- */

#if defined(__x86_64__)
static long int80(long nr, const void *a, const void *b, const void *c, const void *d, long e)
{
	long r = nr;

	__asm__ volatile("int $0x80"
			 : "+a"(r)
			 : "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory", "r8", "r9", "r10", "r11");
	return r;
}

/* getpid(); exit_group(3); */
static const unsigned char program[] = {
	0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,	/* 32-bit */
	2, 0, 3, 0, 1, 0, 0, 0, 0x54, 0x80, 4, 8,			/* for i386; begins at 0x8048054 */
	0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0x34, 0, 0x20, 0, 1, 0, 0, 0, 0, 0, 0, 0,
	1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 4, 8, 0, 0x80, 4, 8,		/* all of it at 0x8048000 */
	0x67, 0, 0, 0, 0x67, 0, 0, 0, 5, 0, 0, 0, 0, 0x10, 0, 0,
	0xb8, 20, 0, 0, 0, 0xcd, 0x80,
	0xbb, 3, 0, 0, 0, 0xb8, 252, 0, 0, 0, 0xcd, 0x80,
};

static void to_32bit(void)
{
	execl("./small", "small", (char *)NULL);
}

static struct low {
	uint32_t argv[2], none;
	char path[32], name[8];
} *low;

static void low_memory(void)
{
	low = mmap(NULL, sizeof(*low), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	strcpy(low->path, "/proc/self/exe");
	strcpy(low->name, "low");
	low->argv[0] = (uint32_t)(uintptr_t)low->name;
}

static void from_32bit(void)
{
	low_memory();
	int80(11, low->path, low->argv, &low->none, NULL, 0);
}

static void at_from_32bit(void)
{
	low_memory();
	int80(358, (void *)44, low->path, low->argv, &low->none, 0);
}

static void exits_32bit(void)
{
	int80(1, (void *)8, NULL, NULL, NULL, 0);
}

static void narrow(void)
{
	int fd = open("small", O_WRONLY | O_CREAT, 0755);
	pid_t pid;

	if (write(fd, program, sizeof(program)) != sizeof(program))
		exit(2);
	close(fd);
	pid = child(to_32bit);
	if (status_of(pid) != 3 << 8)
		return;			/* this kernel runs no such program */
	expect(".type == \"execve\" and .process.tid == %d and .res == 0 and .args.exe == \"small\"", pid);
	expect(".type == \"getpid\" and .process.tid == %d and .res == %d", pid, pid);
	expect(".type == \"exit_group\" and .process.tid == %d and .args.status == 3", pid);
	pid = child(exits_32bit);
	status_of(pid);
	expect(".type == \"exit\" and .process.tid == %d and .args.status == 8", pid);
	pid = child(from_32bit);
	status_of(pid);
	expect(".type == \"execve\" and .process.tid == %d and .res == 0 and .args.exe == \"low\"", pid);
	expect(".type == \"exit_group\" and .process.tid == %d and .args.status == 1", pid);
	pid = child(at_from_32bit);
	status_of(pid);
	expect(".type == \"execveat\" and .process.tid == %d and .res == 0 and .args.exe == \"low\" and .args.dirfd == 44",
	       pid);
}
#else
static void narrow(void)
{
}
#endif

int main(int argc, char **argv)
{
	if (argc < 2)
		return 1;		/* what was executed */
	if (chdir(argv[1]))
		return 2;
	ends();
	refusals();
	signals();
	programs();
	births();
	narrow();
	return 0;
}
