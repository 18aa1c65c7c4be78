// SPDX-License-Identifier: Apache-2.0
/*
 * reuse PID FILE - starts a process that has this number, which has to be free in half a minute; it opens FILE and ends.
 * clone3(2), set_tid: needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	pid_t pid = argc == 3 ? atoi(argv[1]) : 0;
	struct clone_args a = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&pid, .set_tid_size = 1 };
	long child = -1;
	int status;

	for (unsigned n = 0; pid > 0 && n < 3000; n++) {
		child = syscall(SYS_clone3, &a, sizeof(a));
		if (child >= 0 || errno != EEXIST)
			break;
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	}
	if (child < 0) {
		fprintf(stderr, "%d: %s\n", pid, strerror(errno));
		return 1;
	}
	if (!child)
		_exit(open(argv[2], O_RDONLY | O_CREAT | O_CLOEXEC, 0600) < 0);
	return waitpid(pid, &status, 0) != pid || status;
}
