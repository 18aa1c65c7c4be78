// SPDX-License-Identifier: Apache-2.0
/* births N: N times a process that does nothing but fork is killed, mostly in the middle of it. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void bear(void)
{
	for (;;) {
		pid_t child = fork();

		if (!child)
			_exit(0);
		waitpid(child, NULL, 0);
	}
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1;

	for (int i = 0; i < n; i++) {
		pid_t p = fork();

		if (!p)
			bear();
		usleep(500 + (unsigned)(i % 50) * 100);
		kill(p, SIGKILL);
		waitpid(p, NULL, 0);
	}
	return 0;
}
