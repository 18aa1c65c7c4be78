// SPDX-License-Identifier: Apache-2.0
/*
 * execs DIR: executes programs in every way in DIR and prints the jq conditions that the events
 * must satisfy, as calls.c does. execs -: does nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char self[4096];

static void __attribute__((format(printf, 1, 2))) expect(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static pid_t in_child(void (*fn)(void))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		fn();
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	return pid;
}

static void plain(void)
{
	execle(self, "a name", "-", "two words", "", (char *)NULL,
	       (const char *[]){ "ONE=1", "TWO=2 3", NULL });
}

#define N_ARGS 140			/* 140 times 1,000 and one: more than is kept */
static void long_args(void)
{
	static char arg[1000];
	static const char *argv[N_ARGS + 3], *env[8];
	int i;

	memset(arg, 'x', sizeof(arg) - 1);
	argv[0] = "long";
	argv[1] = "-";
	for (i = 0; i < N_ARGS; i++)
		argv[2 + i] = arg;
	for (i = 0; i < 7; i++)
		env[i] = arg;
	execve(self, (char **)argv, (char **)env);
}

static int memfd_copy(void)
{
	int in = open(self, O_RDONLY), out = memfd_create("payload", 0);
	char buf[65536];
	ssize_t n;

	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			_exit(1);
	return out;
}

static void from_memfd(void)
{
	syscall(SYS_execveat, memfd_copy(), "", (const char *[]){ "hidden", "-", NULL },
		(char *[]){ NULL }, 0x1000);
}

static void at_directory(void)
{
	int dir = open(".", O_RDONLY | O_DIRECTORY);

	syscall(SYS_execveat, dir, "linked", (const char *[]){ "at", "-", NULL },
		(char *[]){ NULL }, 0);
}

static void script(void)
{
	execl("./script", "script", "arg", (char *)NULL);
}

static void missing(void)
{
	execl("./nowhere", "nowhere", "with", "arguments", (char *)NULL);
}

static void *exec_in_thread(void *arg)
{
	(void)arg;
	execl(self, "threaded", "-", (char *)NULL);
	return NULL;
}

static void other_thread(void)
{
	pthread_t t;

	pthread_create(&t, NULL, exec_in_thread, NULL);
	pause();
}

static void write_script(void)
{
	int fd = open("script", O_WRONLY | O_CREAT | O_TRUNC, 0755);

	dprintf(fd, "#!%s -\n", self);
	close(fd);
}

int main(int argc, char **argv)
{
	struct stat st = { 0 };
	char dir[4096];
	pid_t pid;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (argc > 1 && !strcmp(argv[1], "-"))
		return 0;
	if (argc < 2 || n <= 0 || chdir(argv[1]) || !getcwd(dir, sizeof(dir)) ||
	    symlink(self, "linked"))
		return 1;
	write_script();
	stat(self, &st);
	pid = in_child(plain);
	expect(".type == \"execve\" and .res == 0 and .process.pid == %d and .args.exe == \"a "
	       "name\" and .args.args == [\"-\", \"two words\", \"\"] and "
	       ".args.env == [\"ONE=1\", \"TWO=2 3\"] and .args.trusted_exepath == \"%s\" and "
	       ".args.exe_ino == %llu and .args.filename == \"%s\" and "
	       ".args.comm == \"execs\" and .args.cwd == \"%s\" and .args.ptid == %d and .args.uid "
	       "== %d and .args.pgid == %d",
	       pid, self, (unsigned long long)st.st_ino, self, dir, getpid(), geteuid(), getpgrp());
	pid = in_child(long_args);
	expect(".type == \"execve\" and .process.pid == %d and .res == 0 and (.args.args | length) "
	       "== 133 and .cut.args == %d and "
	       ".cut.env == 7000 and ([.args.env[] | length + 1] | add) == 4097",
	       pid, N_ARGS * 1000 + 2);
	pid = in_child(from_memfd);
	expect(".type == \"execveat\" and .process.pid == %d and .res == 0 and .args.exe == "
	       "\"hidden\" and .args.trusted_exepath == \"memfd:payload\" and "
	       ".args.pathname == \"\" and .args.at_flags == \"AT_EMPTY_PATH\" and (.args.flags | "
	       "contains(\"EXE_FROM_MEMFD\")) and (.args.dirfd > 2)",
	       pid);
	pid = in_child(at_directory);
	expect(".type == \"execveat\" and .process.pid == %d and .res == 0 and .args.pathname == "
	       "\"linked\" and .args.trusted_exepath == \"%s\" and "
	       ".process.exepath == \"%s\"",
	       pid, self, self);
	pid = in_child(script);
	expect(".type == \"execve\" and .process.pid == %d and .res == 0 and .args.filename == "
	       "\"./script\" and .args.trusted_exepath == \"%s\" and "
	       ".args.args == [\"-\", \"./script\", \"arg\"]",
	       pid, self);
	pid = in_child(missing);
	expect(".type == \"execve\" and .process.pid == %d and .error == \"ENOENT\" and "
	       ".args.filename == \"./nowhere\" and .args.args == [\"with\", \"arguments\"]",
	       pid);
	pid = in_child(other_thread);
	expect(".type == \"execve\" and .process.pid == %d and .process.tid == %d and .res == 0 "
	       "and .args.exe == \"threaded\" and .args.tid == %d",
	       pid, pid, pid);
	expect(".type == \"exit_group\" and .process.pid == %d and .args.status == 0 and "
	       "(.process.cmdline | contains(\"-\"))",
	       pid);
	expect(".type == \"procexit\" and .process.pid == %d and .args.status == 0 and .args.ret "
	       "== 0",
	       pid);
	return 0;
}
