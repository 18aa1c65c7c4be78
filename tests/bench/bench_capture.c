// SPDX-License-Identifier: Apache-2.0
/*
 * What recording adds to a system call: the same loops without programs, with programs at both ends
 * of the call, or at its exit alone, that do nothing, with such that read the clock and no more (the
 * least that any tracer pays on this machine, since an event has a time), and with the driver, with
 * and without durations, in turn; the driver once more where nobody asks for the call. The rings are
 * emptied by a second thread on another processor, as the recorder does.
 *
 * SPOOR_BENCH_SCAP_OPEN=PATH: the same with Falco's modern BPF probe, by its own example program,
 * that reads all events on the other processor. All calls are recorded, as spoor does, or none of them.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
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
	bool of_state;			/* recorded even if nobody asks for it */
} ops[] = {
	{ "getppid", do_getppid, false },
	{ "read 1 byte", do_read, false },
	{ "write 64 bytes", do_write, false },
	{ "open and close, path of 5 names", do_open, true },
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

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(const double *rounds)
{
	double v[ROUNDS];

	memcpy(v, rounds, sizeof(v));
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

enum {
	BARE, EMPTY, EMPTY_AT_EXIT, CLOCK_AT_EXIT, CLOCK, OURS, OURS_UNASKED,
	/* without durations */
	SHORT, SHORT_UNASKED,
	RIVAL, RIVAL_UNASKED, N_WAYS
};

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

/* The newest of the links that the kernel knows; it counts them up. */
static unsigned last_link(void)
{
	unsigned id = 0;

	while (!bpf_link_get_next_id(id, &id))
		;
	return id;
}

/* Whether a link newer than `after` is at this tracepoint. */
static bool attached_since(unsigned after, const char *tracepoint)
{
	unsigned id = after;

	while (!bpf_link_get_next_id(id, &id)) {
		char name[64] = "";
		struct bpf_link_info info = { .raw_tracepoint.tp_name = (uintptr_t)name,
					      .raw_tracepoint.tp_name_len = sizeof(name) };
		unsigned len = sizeof(info);
		int fd = bpf_link_get_fd_by_id(id), rc;

		if (fd < 0)
			continue;
		rc = bpf_obj_get_info_by_fd(fd, &info, &len);
		close(fd);
		if (!rc && info.type == BPF_LINK_TYPE_RAW_TRACEPOINT && !strcmp(name, tracepoint))
			return true;
	}
	return false;
}

/*
 * Waits until a process has slept for 50 ms, 3 s at most: the reader of Falco's probe sleeps when it
 * has read everything, 30 ms at a time at most.
 */
static void wait_idle(pid_t pid)
{
	const struct timespec ms = { 0, 1000000 };
	char path[32], state;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	for (unsigned i = 0, idle = 0; i < 3000 && idle < 50; i++) {
		FILE *f = fopen(path, "r");

		if (!f || fscanf(f, "%*d %*s %c", &state) != 1)
			idle = 50;
		else
			idle = state == 'S' ? idle + 1 : 0;
		if (f)
			fclose(f);
		nanosleep(&ms, NULL);
	}
}

#define RIVAL_OUTPUT "scap-open.out"
#define RIVAL_TIMES 2
#define RIVAL_ACCT "33"			/* its code of acct(2) */

/*
 * Falco's probe, all calls, or one only that nobody makes (acct). It is told what to record, then its program at
 * sys_exit is attached, then that at sched_process_exec, if it is to record all.
 */
static pid_t start_rival(const char *path, bool all)
{
	const struct timespec ms = { 0, 1000000 };
	unsigned before = last_link();
	pid_t pid = fork();

	if (!pid) {
		int fd = open(RIVAL_OUTPUT, O_CREAT | O_WRONLY | O_APPEND, 0600);

		dup2(fd, 1);
		dup2(fd, 2);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pin(1);
		execl(path, path, "--modern_bpf", all ? NULL : "--ppm_sc", RIVAL_ACCT, NULL);
		_exit(127);
	}
	if (pid < 0)
		return -1;
	for (unsigned i = 0; i < 60000; i++) {
		if (attached_since(before, all ? "sched_process_exec" : "sys_exit"))
			return pid;
		if (waitpid(pid, NULL, WNOHANG))
			return -1;
		nanosleep(&ms, NULL);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return -1;
}

/* What it said that it counted, in all rounds. */
static unsigned long rival_counted(const char *what)
{
	FILE *f = fopen(RIVAL_OUTPUT, "r");
	unsigned long n, sum = 0;
	char line[256];
	const char *at;

	while (f && fgets(line, sizeof(line), f))
		if ((at = strstr(line, what)) && sscanf(at + strlen(what), "%lu", &n) == 1)
			sum += n;
	if (f)
		fclose(f);
	return sum;
}

static bool ask_rival(const char *path, int go, int done, int way, int round)
{
	pid_t pid = start_rival(path, way == RIVAL);

	if (pid < 0) {
		printf("%s does not record\n", path);
		return false;
	}
	/*
	 * The second time counts: its rings have been full once. Their memory is new in each round,
	 * the driver's in the first only.
	 */
	for (unsigned i = 0; i < RIVAL_TIMES; i++) {
		ask(go, done, way, round);
		wait_idle(pid);
	}
	kill(pid, SIGINT);
	waitpid(pid, NULL, 0);
	return true;
}

/* What a way costs more than no programs, each round with itself: the median. */
static double added(int way, unsigned op)
{
	double d[ROUNDS];

	for (int r = 0; r < ROUNDS; r++)
		d[r] = took[way][op][r] - took[BARE][op][r];
	return median(d);
}

/* what: of a call; than: what it is compared with. */
static void print_row(const char *what, unsigned op, int way, int other, const char *than)
{
	double ours = added(way, op), theirs = added(other, op);

	printf("added to a call%s: %s | +%.0f ns | +%.0f ns by %s | %.2f\n", what, ops[op].name, ours, theirs, than,
	       ours / theirs);
}

#define UNASKED " that nobody asks for"
#define SHORTLY ", no durations"

static void print_unasked(void)
{
	for (unsigned i = 0; i < N_OPS; i++)
		if (!ops[i].of_state) {
			print_row(UNASKED, i, OURS_UNASKED, EMPTY, "empty programs");
			print_row(UNASKED SHORTLY, i, SHORT_UNASKED, EMPTY_AT_EXIT, "an empty program");
		}
}

static void print_rival(void)
{
	for (unsigned i = 0; i < N_OPS; i++) {
		print_row("", i, OURS, RIVAL, "Falco's probe");
		print_row(SHORTLY, i, SHORT, RIVAL, "Falco's probe");
		if (!ops[i].of_state) {
			print_row(UNASKED, i, OURS_UNASKED, RIVAL_UNASKED, "Falco's probe");
			print_row(UNASKED SHORTLY, i, SHORT_UNASKED, RIVAL_UNASKED, "Falco's probe");
		}
	}
	printf("of %u calls each, and those of others, Falco's probe recorded getppid %lu, read %lu, "
	       "write %lu, openat %lu, close %lu; lost %lu\n",
	       ROUNDS * RIVAL_TIMES * SLICES * CALLS, rival_counted("[getppid__exit]: "),
	       rival_counted("[read__exit]: "), rival_counted("[write__exit]: "),
	       rival_counted("[openat__exit]: "), rival_counted("[close__exit]: "),
	       rival_counted(" n_drops: "));
}

static void print(void)
{
	for (unsigned i = 0; i < N_OPS; i++) {
		double clock = added(CLOCK, i), ours = added(OURS, i);

		print_row("", i, OURS, CLOCK, "reading the clock");
		print_row(SHORTLY, i, SHORT, CLOCK_AT_EXIT, "reading the clock");
		printf("%s: %.0f ns bare; added at the exit: by an empty program %.0f, by reading the clock %.0f, by "
		       "spoor without durations %.0f; at both ends: by empty programs %.0f, by reading the clock "
		       "%.0f, by spoor %.0f, of which above the clock %.0f\n",
		       ops[i].name, median(took[BARE][i]), added(EMPTY_AT_EXIT, i), added(CLOCK_AT_EXIT, i),
		       added(SHORT, i), added(EMPTY, i), clock, ours, ours - clock);
	}
}

/* The driver in each of its ways. */
static struct way {
	int way;
	bool unasked, no_durations;
	struct cap_driver *d;
} ways[] = {
	{ OURS, false, false, NULL },
	{ OURS_UNASKED, true, false, NULL },
	{ SHORT, false, true, NULL },
	{ SHORT_UNASKED, true, true, NULL },
};
#define N_OURS (sizeof(ways) / sizeof(*ways))

static atomic_bool stop;

static void *drain(void *unused)
{
	const struct timespec ms = { 0, 1000000 };
	unsigned cpu;

	pin(1);
	while (!stop) {
		for (unsigned i = 0; i < N_OURS; i++) {
			cap_rings__begin(ways[i].d, false);
			while (cap_rings__next(ways[i].d, &cpu))
				;
			cap_rings__end(ways[i].d);
		}
		nanosleep(&ms, NULL);
	}
	return unused;
}

static int ask_ours(const struct way *w, int go, int done, int round)
{
	struct err err = { 0 };

	if (cap_driver__attach(w->d, &err)) {
		printf("cannot attach: %s\n", err.msg);
		return -1;
	}
	ask(go, done, w->way, round);
	cap_driver__detach(w->d);
	return 0;
}

static int open_ours(struct way *w, struct err *err)
{
	static const uint8_t no_types[CAP_MAX_EVENTS / 8];
	struct cap_driver_opts o = { .sz = sizeof(o),
				     .snaplen = 80, .env_len = CAP_ENV_DEFAULT,
				     .no_durations = w->no_durations,
				     .types = w->unasked ? no_types : NULL,
				     .slow_reads = getenv("SPOOR_SLOW_READS") != NULL };
	int r = cap_driver__open(&w->d, &o, err);

	if (!r)
		cap_driver__record(w->d);
	return r;
}

static int round_of(const char **rival, int go, int done, int r)
{
	ask(go, done, BARE, r);
	ask_with(empty_code, 2, 1, go, done, EMPTY_AT_EXIT, r);
	ask_with(empty_code, 2, 2, go, done, EMPTY, r);
	ask_with(clock_code, 3, 1, go, done, CLOCK_AT_EXIT, r);
	ask_with(clock_code, 3, 2, go, done, CLOCK, r);
	for (unsigned i = 0; i < N_OURS; i++)
		if (ask_ours(&ways[i], go, done, r))
			return -1;
	if (*rival && (!ask_rival(*rival, go, done, RIVAL, r) || !ask_rival(*rival, go, done, RIVAL_UNASKED, r)))
		*rival = NULL;
	return 0;
}

int main(void)
{
	int go[2], done[2];
	const char *rival = getenv("SPOOR_BENCH_SCAP_OPEN");
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
	for (unsigned i = 0; i < N_OURS; i++)
		if (open_ours(&ways[i], &err)) {
			printf("cannot record: %s\n", err.msg);
			kill(child, SIGKILL);
			return 77;
		}
	pthread_create(&t, NULL, drain, NULL);
	for (int r = 0; r < ROUNDS; r++)
		if (round_of(&rival, go[1], done[0], r))
			return 1;
	stop = true;
	pthread_join(t, NULL);
	close(go[1]);
	waitpid(child, NULL, 0);
	print();
	print_unasked();
	if (rival)
		print_rival();
	else
		printf("Falco's probe: set SPOOR_BENCH_SCAP_OPEN to a scap-open of falcosecurity/libs to "
		       "measure it, see docs/BENCHMARKS.md\n");
	for (unsigned i = 0; i < N_OURS; i++)
		cap_driver__close(ways[i].d);
	return 0;
}
