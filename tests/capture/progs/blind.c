// SPDX-License-Identifier: Apache-2.0
/*
 * blind DIR: in DIR, what a recorder that is stopped cannot see. Makes `ready`, waits for `go`, makes
 * and ends so many processes that no buffer holds them; then its descriptor 200 becomes that of
 * another file, one child executes, another ends; makes `done`. Waits for `more`, and uses them.
 * Prints what is true, the child that ends before it is `ready`. blind -: the child that executes.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void wait_for(const char *path)
{
	while (access(path, F_OK))
		usleep(20000);
}

static void make(const char *path)
{
	close(open(path, O_CREAT | O_WRONLY, 0600));
}

int main(int argc, char **argv)
{
	char self[4096] = "", dir[4096];
	pid_t executes, ends, p;

	if (argc > 1 && !strcmp(argv[1], "-")) {
		make("executed");
		wait_for("more");
		syscall(SYS_getpgid, 0);
		return 0;
	}
	if (argc < 2 || readlink("/proc/self/exe", self, sizeof(self) - 1) <= 0 || chdir(argv[1]) ||
	    !getcwd(dir, sizeof(dir)))
		return 1;
	make("old");
	make("new");
	dup2(open("old", O_RDONLY), 200);
	if (!(executes = fork())) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		wait_for("exec now");
		execl(self, "unseen", "-", (char *)NULL);
		_exit(1);
	}
	if (!(ends = fork())) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	printf(".type == \"procexit\" and .process.pid == %d and .args.status == null\n", ends);
	fflush(stdout);
	make("ready");
	wait_for("go");
	for (int i = 0; i < 6000; i++) {
		if (!(p = vfork()))
			_exit(0);
		waitpid(p, NULL, 0);
	}
	dup2(open("new", O_RDONLY), 200);
	kill(ends, SIGKILL);
	waitpid(ends, NULL, 0);
	make("exec now");
	wait_for("executed");
	make("done");
	wait_for("more");
	if (read(200, dir + 4000, 1) < 0)
		return 1;
	waitpid(executes, NULL, 0);
	printf(".type == \"read\" and .args.fd == 200 and .process.pid == %d and .fd.name == "
	       "\"%s/new\"\n", getpid(), dir);
	printf(".type == \"getpgid\" and .process.pid == %d and .process.exe == \"unseen\" and "
	       ".process.cmdline == \"blind -\"\n", executes);
	return 0;
}
