// SPDX-License-Identifier: Apache-2.0
/*
 * What recording adds to a system call: the same loops without programs, with programs at both ends
 * of the call that do nothing, with such that read the clock and no more (the least that any tracer
 * pays on this machine, since an event has a time; at the exit alone too, for tracers that record no
 * duration), and with the driver, in turn. The rings are emptied by a second thread on another
 * processor, as the recorder does.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "capture/driver/driver.h"

#define ROUNDS 7
/* of a round; the fastest counts: the others were interrupted */
#define SLICES 60
#define CALLS 300

static int zero_fd, null_fd;
static char bytes[64];

static void do_getppid(void)
{
	syscall(SYS_getppid);
}

static void do_read(void)
{
	if (syscall(SYS_read, zero_fd, bytes, 1) != 1)
		abort();
}

static void do_write(void)
{
	if (syscall(SYS_write, null_fd, bytes, 64) != 64)
		abort();
}

static void do_open(void)
{
	long fd = syscall(SYS_openat, AT_FDCWD, "/usr/share/doc/libc6/copyright", O_RDONLY);

	syscall(SYS_close, fd);
}

static const struct {
	const char *name;
	void (*call)(void);
} ops[] = {
	{ "getppid", do_getppid },
	{ "read 1 byte", do_read },
	{ "write 64 bytes", do_write },
	{ "open and close, path of 5 names", do_open },
};
#define N_OPS (sizeof(ops) / sizeof(*ops))

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double measure(void (*call)(void))
{
	double best = 1e18;

	for (int s = 0; s < SLICES; s++) {
		double t = now();

		for (int i = 0; i < CALLS; i++)
			call();
		t = (now() - t) / CALLS;
		if (t < best)
			best = t;
	}
	return best;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static const struct bpf_insn empty_code[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};
static const struct bpf_insn clock_code[] = {
	{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_ktime_get_ns },
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

/* A program of n instructions at a raw tracepoint. Closing the result detaches it. */
static int attach(const char *tracepoint, const struct bpf_insn *code, unsigned n)
{
	int prog = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "bench", "Dual BSD/GPL", code, n,
				 NULL),
	    fd;

	if (prog < 0)
		abort();
	fd = bpf_raw_tracepoint_open(tracepoint, prog);
	close(prog);
	if (fd < 0)
		abort();
	return fd;
}

static atomic_bool stop;

static void *drain(void *driver)
{
	const struct timespec ms = { 0, 1000000 };
	unsigned cpu;

	pin(1);
	while (!stop) {
		cap_rings__begin(driver, false);
		while (cap_rings__next(driver, &cpu))
			;
		cap_rings__end(driver);
		nanosleep(&ms, NULL);
	}
	return NULL;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), compare);
	return v[ROUNDS / 2];
}

/* In a child: the recorder's own thread group is left out. The results come back through a pipe. */
static void loops(int go, int done)
{
	double t[N_OPS];
	char c;

	pin(0);
	while (read(go, &c, 1) == 1) {
		for (unsigned i = 0; i < N_OPS; i++)
			t[i] = measure(ops[i].call);
		if (write(done, t, sizeof(t)) != sizeof(t))
			_exit(1);
	}
	_exit(0);
}

enum { BARE, EMPTY, CLOCK_AT_EXIT, CLOCK, OURS, N_WAYS };

static double took[N_WAYS][N_OPS][ROUNDS];

static void ask(int go, int done, int way, int round)
{
	double t[N_OPS];

	if (write(go, "x", 1) != 1 || read(done, t, sizeof(t)) != sizeof(t))
		abort();
	for (unsigned i = 0; i < N_OPS; i++)
		took[way][i][round] = t[i];
}

static const char *const both_ends[] = { "sys_enter", "sys_exit" };

/* ends: how many of both_ends, from the last. */
static void ask_with(const struct bpf_insn *code, unsigned n, unsigned ends, int go, int done,
		     int way, int round)
{
	int fd[2];

	for (unsigned i = 0; i < ends; i++)
		fd[i] = attach(both_ends[1 - i], code, n);
	ask(go, done, way, round);
	for (unsigned i = 0; i < ends; i++)
		close(fd[i]);
}

/* What a way costs more than no programs, each round with itself: the median. */
static double added(int way, unsigned op)
{
	double d[ROUNDS];

	for (int r = 0; r < ROUNDS; r++)
		d[r] = took[way][op][r] - took[BARE][op][r];
	return median(d);
}

static void print(void)
{
	for (unsigned i = 0; i < N_OPS; i++) {
		double clock = added(CLOCK, i), ours = added(OURS, i);

		printf("added to a call: %s | +%.0f ns | +%.0f ns by reading the clock | %.2f\n",
		       ops[i].name, ours, clock, ours / clock);
		printf("%s: %.0f ns bare; added by reading the clock at the exit %.0f; at both ends: "
		       "by empty programs %.0f, by reading the clock %.0f, by spoor %.0f, of which "
		       "above the clock %.0f\n",
		       ops[i].name, median(took[BARE][i]), added(CLOCK_AT_EXIT, i), added(EMPTY, i),
		       clock, ours, ours - clock);
	}
}

int main(void)
{
	struct cap_driver_opts o = { .sz = sizeof(o),
				     .snaplen = 80, .env_len = CAP_ENV_DEFAULT,
				     .slow_reads = getenv("SPOOR_SLOW_READS") != NULL };
	int go[2], done[2];
	struct cap_driver *d;
	struct err err = { 0 };
	pthread_t t;
	pid_t child;

	zero_fd = open("/dev/zero", O_RDONLY);
	null_fd = open("/dev/null", O_WRONLY);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		printf("needs two processors\n");
		return 77;
	}
	if (pipe(go) || pipe(done))
		return 1;
	child = fork();
	if (!child) {
		close(go[1]);
		loops(go[0], done[1]);
	}
	if (cap_driver__open(&d, &o, &err)) {
		printf("cannot record: %s\n", err.msg);
		kill(child, SIGKILL);
		return 77;
	}
	cap_driver__record(d);
	pthread_create(&t, NULL, drain, d);
	for (int r = 0; r < ROUNDS; r++) {
		ask(go[1], done[0], BARE, r);
		ask_with(empty_code, 2, 2, go[1], done[0], EMPTY, r);
		ask_with(clock_code, 3, 1, go[1], done[0], CLOCK_AT_EXIT, r);
		ask_with(clock_code, 3, 2, go[1], done[0], CLOCK, r);
		if (cap_driver__attach(d, &err)) {
			printf("cannot attach: %s\n", err.msg);
			return 1;
		}
		ask(go[1], done[0], OURS, r);
		cap_driver__detach(d);
	}
	stop = true;
	pthread_join(t, NULL);
	close(go[1]);
	waitpid(child, NULL, 0);
	print();
	cap_driver__close(d);
	return 0;
}
