// SPDX-License-Identifier: Apache-2.0
/*
 * login SHELL - somebody sits at a terminal: the lines of standard input are typed on a pseudo terminal, on which the
 * shell runs, a key at a time; then it waits for the shell's end.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the shell prints is read, as a terminal does; false at its end. */
static int drain(int pty, int ms)
{
	struct pollfd p = { .fd = pty, .events = POLLIN };
	char out[4096];

	while (poll(&p, 1, ms) > 0)
		if (read(pty, out, sizeof(out)) <= 0)
			return 0;
	return 1;
}

int main(int argc, char **argv)
{
	int pty = open("/dev/ptmx", O_RDWR | O_NOCTTY), status;
	pid_t pid;
	char c;

	if (argc != 2 || pty < 0 || grantpt(pty) || unlockpt(pty))
		return 1;
	pid = fork();
	if (!pid) {
		int tty;

		setsid();
		tty = open(ptsname(pty), O_RDWR);
		if (tty < 0 || ioctl(tty, TIOCSCTTY, 0))
			_exit(1);
		dup2(tty, 0);
		dup2(tty, 1);
		dup2(tty, 2);
		close(pty);
		execl(argv[1], argv[1], "-i", (char *)NULL);
		_exit(1);
	}
	while (read(0, &c, 1) == 1 && write(pty, &c, 1) == 1 && drain(pty, 5))
		;
	while (drain(pty, 1000) && waitpid(pid, &status, WNOHANG) == 0)
		;
	return 0;
}
