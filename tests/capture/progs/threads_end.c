// SPDX-License-Identifier: Apache-2.0
/* threads_end FILE - writes its number to FILE; its first thread ends before its second. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The first is a zombie then, for the process has not ended. */
static void *second(void *arg)
{
	char path[64], line[256];
	int state = 0;

	(void)arg;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", getpid());
	for (unsigned n = 0; n < 6000 && state != 'Z'; n++) {
		FILE *f = fopen(path, "re");

		if (f && fgets(line, sizeof(line), f))
			sscanf(line, "%*d (%*[^)]) %c", (char *)&state);
		if (f)
			fclose(f);
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	exit(state != 'Z');
}

int main(int argc, char **argv)
{
	FILE *f = argc == 2 ? fopen(argv[1], "we") : NULL;
	pthread_t t;

	if (!f)
		return 2;
	fprintf(f, "%d\n", getpid());
	fclose(f);
	if (pthread_create(&t, NULL, second, NULL))
		return 1;
	pthread_exit(NULL);
}
