// SPDX-License-Identifier: Apache-2.0
/*
 * flood MILLIONS [RATE]: that many millions of system calls, as fast as they go or at RATE thousand
 * a second: four calls in turn, with numbers, bytes read, bytes written, a path.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void nap(void)
{
	struct timespec t = { 0, 200000 };

	nanosleep(&t, NULL);
}

int main(int argc, char **argv)
{
	double millions = argc > 1 ? atof(argv[1]) : 1, rate = argc > 2 ? atof(argv[2]) * 1e3 : 0,
	       start;
	long rounds = (long)(millions * 1e6 / 8);
	int in = open("/dev/zero", O_RDONLY), out = open("/dev/null", O_WRONLY);
	char b[64] = "0123456789";
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	sched_setaffinity(0, sizeof(set), &set);
	start = now();
	for (long i = 0; i < rounds; i++) {
		int fd;

		syscall(SYS_getppid);
		if (read(in, b + 10, 1 + i % 40) < 0)
			return 1;
		if (write(out, b, 64) < 0)
			return 1;
		syscall(SYS_getuid);
		fd = open(i % 2 ? "/etc/hostname" : "/etc/passwd", O_RDONLY);
		if (read(fd, b, 8) < 0)
			return 1;
		lseek(fd, 0, SEEK_SET);
		close(fd);
		while (rate > 0 && !(i % 64) && (double)i * 8 > (now() - start) * rate)
			nap();
	}
	fprintf(stderr, "%.2f s\n", now() - start);
	return 0;
}
