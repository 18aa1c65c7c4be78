// SPDX-License-Identifier: Apache-2.0
/*
 * crowd N: N processes that do nothing, each with a few files open, until standard input ends. Says "ready" when they
 * are all there.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static void idle(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < 4; i++)
		open("/dev/null", O_RDWR);
	if (getppid() != parent)
		_exit(1);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	pid_t me = getpid();
	char c;

	for (int n = argc > 1 ? atoi(argv[1]) : 0; n > 0; n--) {
		pid_t pid = fork();

		if (pid < 0) {
			perror("fork");
			return 1;
		}
		if (!pid)
			idle(me);
	}
	puts("ready");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}
