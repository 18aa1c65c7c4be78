// SPDX-License-Identifier: Apache-2.0
/*
 * victim ROUNDS: on processor 0, as many times, some milliseconds apart: opens ./victim-file, connects
 * a datagram socket, executes a program and waits for its end. victim -: does nothing.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static int one_round(const char *self)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = open("victim-file", O_CREAT | O_RDWR, 0600), s = socket(AF_INET, SOCK_DGRAM, 0);
	pid_t pid;

	if (fd < 0 || s < 0 || connect(s, (struct sockaddr *)&to, sizeof(to)))
		return 1;
	close(fd);
	close(s);
	pid = fork();
	if (!pid) {
		execl(self, "victim", "-", (char *)NULL);
		_exit(1);
	}
	return waitpid(pid, NULL, 0) != pid;
}

int main(int argc, char **argv)
{
	cpu_set_t set;
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (argc < 2 || n <= 0 || !strcmp(argv[1], "-"))
		return 0;
	self[n] = 0;
	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (int i = 0; i < atoi(argv[1]); i++) {
		if (one_round(self))
			return 1;
		usleep(3000);
	}
	return 0;
}
