// SPDX-License-Identifier: Apache-2.0
/*
 * inject TID CALL... - has a thread that waits in a system call make others, by ptrace, and prints what came of each: "CALL
 * RESULT". For tests of what a process that was taken over could still do.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__

static const struct {
	const char *name;
	long nr, args[3];
} calls[] = {
	{ "getppid", SYS_getppid, { 0 } },	/* to see that it works */
	{ "execve", SYS_execve, { 0 } },
	{ "socket-inet", SYS_socket, { AF_INET, SOCK_STREAM, 0 } },
	{ "socket-unix", SYS_socket, { AF_UNIX, SOCK_STREAM, 0 } },
	{ "fork", SYS_fork, { 0 } },
	{ "kill-init", SYS_kill, { 1, 0, 0 } },
	{ "wake-init", SYS_tgkill, { 1, 1, 18 } },
	{ "see-nobody", SYS_tgkill, { 0x3fffffff, 0x3fffffff, 0 } },
	{ "ptrace", SYS_ptrace, { PTRACE_PEEKDATA, 1, 0 } },
	{ "bpf", SYS_bpf, { -1, 0, 0 } },
	{ "mkdir", SYS_mkdir, { 0 } },
	{ "init_module", SYS_init_module, { 0 } },
	{ "setns", SYS_setns, { -1, 0, 0 } },
	{ "mount", SYS_mount, { 0 } },
};

static void must(long ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

/* One step, without the signal that it stopped for. Returns the next one. */
static int step(pid_t tid)
{
	int status;

	must(!ptrace(PTRACE_SINGLESTEP, tid, 0, 0) && waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status),
	     "PTRACE_SINGLESTEP");
	return WSTOPSIG(status);
}

/* It stands behind the instruction of the call that it waits in: that one is executed again. */
static long make(pid_t tid, const struct user_regs_struct *at, long nr, const long *args)
{
	struct user_regs_struct r = *at;
	siginfo_t si;

	r.rip -= 2;
	r.rax = (unsigned long long)nr;
	r.orig_rax = ~0ull;
	r.rdi = (unsigned long long)args[0];
	r.rsi = (unsigned long long)args[1];
	r.rdx = (unsigned long long)args[2];
	must(!ptrace(PTRACE_SETREGS, tid, 0, &r), "PTRACE_SETREGS");
	/* the trap of a step whose call was refused may still be to come: that is no step */
	do {
		if (step(tid) == SIGSYS) {	/* refused, and to be told of: the signal is taken away */
			must(!ptrace(PTRACE_GETSIGINFO, tid, 0, &si), "PTRACE_GETSIGINFO");
			return -(si.si_errno & 0xff);
		}
		must(!ptrace(PTRACE_GETREGS, tid, 0, &r), "PTRACE_GETREGS");
	} while (r.rip == at->rip - 2);
	return (long)r.rax;
}

/* Whoever is stopped between two calls has no instruction of a call behind it: it goes on, and is stopped again. */
static void stop_in_call(pid_t tid, struct user_regs_struct *ret)
{
	int status;

	must(!ptrace(PTRACE_SEIZE, tid, 0, 0), "PTRACE_SEIZE");
	for (int tries = 0; tries < 10000; tries++) {
		must(!ptrace(PTRACE_INTERRUPT, tid, 0, 0) && waitpid(tid, &status, __WALL) == tid, "PTRACE_INTERRUPT");
		must(!ptrace(PTRACE_GETREGS, tid, 0, ret), "PTRACE_GETREGS");
		if ((ptrace(PTRACE_PEEKTEXT, tid, ret->rip - 2, 0) & 0xffff) == 0x050f)	/* syscall */
			return;
		must(!ptrace(PTRACE_CONT, tid, 0, 0), "PTRACE_CONT");
		usleep(1000);
	}
	must(0, "it waits in no call");
}

int main(int argc, char **argv)
{
	pid_t tid = argc > 2 ? atoi(argv[1]) : 0;
	struct user_regs_struct at;

	if (!tid)
		return 2;
	stop_in_call(tid, &at);
	for (int i = 2; i < argc; i++)
		for (unsigned c = 0; c < sizeof(calls) / sizeof(*calls); c++)
			if (!strcmp(argv[i], calls[c].name)) {
				long r = make(tid, &at, calls[c].nr, calls[c].args);

				printf("%s %s\n", argv[i], r == -ENOSYS ? "ENOSYS" : r == -EPERM ? "EPERM" :
						  r == -ESRCH ? "ESRCH" : r < 0 ? "failed" : "done");
			}
	make(tid, &at, calls[0].nr, calls[0].args);	/* no trap is left */
	must(!ptrace(PTRACE_SETREGS, tid, 0, &at), "PTRACE_SETREGS");
	must(!ptrace(PTRACE_DETACH, tid, 0, 0), "PTRACE_DETACH");
	return 0;
}

#else

int main(void)
{
	return 77;
}

#endif
