// SPDX-License-Identifier: Apache-2.0
/*
 * clone3: children that share their creator's memory, while a second thread writes another request over
 * the one that they are made by as soon as the kernel has read it. Prints their number.
 */
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 300
#define SHARED 0x700u			/* include/uapi/linux/sched.h: CLONE_VM, CLONE_FS, CLONE_FILES */
#define PARENT_SETTID 0x100000u
#define NEWUSER 0x10000000u

static struct {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
} volatile request;
static volatile int born;
static volatile int stop;
static char stack[65536] __attribute__((aligned(64)));

static void *forge(void *arg)
{
	while (!stop)
		if (born)
			request.flags = NEWUSER;
	return arg;
}

#if defined(__x86_64__)
/* The child ends at once, and needs no stack for it. */
static long make_child(void)
{
	long r = SYS_clone3;

	asm volatile("syscall; test %%rax, %%rax; jnz 1f; mov $60, %%eax; xor %%edi, %%edi; syscall; 1:"
		     : "+a"(r)
		     : "D"(&request), "S"(sizeof(request))
		     : "rcx", "r11", "memory");
	return r;
}
#else
static long make_child(void)
{
	return -1;
}
#endif

int main(void)
{
	pthread_t t;
	int made = 0;

	pthread_create(&t, NULL, forge, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		born = 0;
		usleep(10);
		request.flags = SHARED | PARENT_SETTID;
		request.parent_tid = (uint64_t)&born;
		request.exit_signal = SIGCHLD;
		request.stack = (uint64_t)stack;
		request.stack_size = sizeof(stack);
		if (make_child() > 0) {
			request.flags = NEWUSER;
			made++;
			while (wait(NULL) < 0)
				;
		}
	}
	stop = 1;
	pthread_join(t, NULL);
	printf("%d\n", made);
	return 0;
}
