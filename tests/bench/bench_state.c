// SPDX-License-Identifier: Apache-2.0
/*
 * What it costs to follow the processes: entering and leaving each event of a batch, against walking over
 * the batch and reading its base columns.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/state/state.h"

#define ROUNDS 9
#define N_PROCS 200u
#define T0 1700000000000000000u

static uint64_t sum;		/* kept, so that the walk is not optimised away */
static uint32_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 4) * n >> 28);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double walk(const struct fmt_batch *b)
{
	double t = now();

	for (uint32_t i = 0; i < b->n; i++) {
		struct fmt_ev ev = fmt_batch__ev(b, i);

		sum += fmt_ev__ts(&ev) + fmt_ev__tid(&ev) + ev.info->flags;
	}
	return (now() - t) / b->n;
}

static double apply(struct eng_state *st, const struct fmt_batch *b)
{
	double t = now();

	for (uint32_t i = 0; i < b->n; i++) {
		struct fmt_ev ev = fmt_batch__ev(b, i);
		struct eng_ctx ctx;

		eng_state__enter(st, &ev, &ctx);
		sum += ctx.proc->epoch;
		eng_state__leave(st, &ctx);
	}
	return (now() - t) / b->n;
}

/* --- events ----------------------------------------------------------------------------------- */

static void begin(struct fmt_batch *b, uint16_t type, uint32_t tid, uint32_t pid, int64_t res)
{
	fmt_batch__begin(b, type, T0 + b->n * 1000, 500, tid, pid, 0, res);
}

static void str(struct fmt_batch *b, unsigned p, const char *s)
{
	fmt_batch__str(b, p, s, (uint32_t)strlen(s), (uint32_t)strlen(s));
}

static void read_write(struct fmt_batch *b, uint32_t pid)
{
	begin(b, rnd(2) ? EV_read : EV_write, pid, pid, 64);
	fmt_batch__int(b, P_read_fd, 3 + rnd(5));
	fmt_batch__int(b, P_read_size, 64);
	fmt_batch__end(b);
}

static void no_fd(struct fmt_batch *b, uint32_t pid)
{
	begin(b, rnd(2) ? EV_futex : EV_munmap, pid, pid, 0);
	fmt_batch__end(b);
}

static void open_file(struct fmt_batch *b, uint32_t pid, int64_t fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/usr/lib/x86_64-linux-gnu/lib%u.so", rnd(300));
	begin(b, EV_openat, pid, pid, fd);
	fmt_batch__int(b, P_openat_dirfd, (uint64_t)-100);
	str(b, P_openat_name, path);
	fmt_batch__int(b, P_openat_flags, FDF_RDONLY);
	str(b, P_openat_path, path);
	fmt_batch__end(b);
}

static void close_file(struct fmt_batch *b, uint32_t pid, int64_t fd)
{
	begin(b, EV_close, pid, pid, 0);
	fmt_batch__int(b, P_close_fd, (uint64_t)fd);
	fmt_batch__end(b);
}

static void life(struct fmt_batch *b, uint32_t parent, uint32_t pid)
{
	char path[32];

	begin(b, EV_task_new, parent, parent, 0);
	fmt_batch__int(b, P_task_new_tid, pid);
	fmt_batch__int(b, P_task_new_pid, pid);
	fmt_batch__int(b, P_task_new_ptid, parent);
	str(b, P_task_new_comm, "sh");
	fmt_batch__end(b);
	snprintf(path, sizeof(path), "/usr/bin/tool%u", rnd(100));
	begin(b, EV_execve, pid, pid, 0);
	str(b, P_execve_exe, path);
	fmt_batch__str(b, P_execve_args, "-l\0/tmp\0", 8, 8);
	str(b, P_execve_comm, path + 9);
	str(b, P_execve_trusted_exepath, path);
	fmt_batch__end(b);
	begin(b, EV_procexit, pid, pid, 0);
	fmt_batch__end(b);
}

enum kind { PLAIN, OPENING, LIVES, MIXED, N_KINDS };

static const char *const kind_names[] = {
	"reads, writes and calls without a descriptor", "open and close", "fork, exec and exit",
	"mixed: 2 % fork, exec, exit; 10 % open, close",
};

static struct fmt_batch *make(enum kind kind)
{
	struct fmt_batch *b;
	uint32_t next = 100000;

	fmt_batch__new(&b);
	while (b->n + 3 <= FMT_BATCH_MAX_EVENTS) {
		uint32_t pid = 1000 + rnd(N_PROCS), dice = rnd(1000);

		if (kind == LIVES || (kind == MIXED && dice < 7)) {
			life(b, pid, next++);
		} else if (kind == OPENING || (kind == MIXED && dice < 57)) {
			open_file(b, pid, 9);
			close_file(b, pid, 9);
		} else if (dice < 700) {
			read_write(b, pid);
		} else {
			no_fd(b, pid);
		}
	}
	return b;
}

/* The processes, each with some open files. */
static void populate(struct eng_state *st)
{
	struct fmt_batch *b;

	fmt_batch__new(&b);
	for (uint32_t p = 0; p < N_PROCS; p++)
		for (int64_t fd = 3; fd < 8; fd++)
			open_file(b, 1000 + p, fd);
	apply(st, b);
	fmt_batch__free(b);
}

/* --- results ---------------------------------------------------------------------------------- */

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

static void measure(struct eng_state *st, enum kind kind)
{
	struct fmt_batch *b = make(kind);
	double with[ROUNDS], without[ROUNDS], x, y;

	apply(st, b);
	for (int r = 0; r < ROUNDS; r++) {
		without[r] = walk(b);
		with[r] = apply(st, b);
	}
	x = median(with);
	y = median(without);
	printf("state per event, %s | %.1f ns | walk %.1f ns | %.1f\n", kind_names[kind], x, y,
	       x / y);
	fmt_batch__free(b);
}

int main(void)
{
	struct eng_state *st;

	eng_state__new(&st);
	populate(st);
	for (enum kind k = 0; k < N_KINDS; k++)
		measure(st, k);
	eng_state__free(st);
	return sum == 42;
}
