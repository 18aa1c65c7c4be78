// SPDX-License-Identifier: Apache-2.0
/*
 * What the flight recorder costs the recording thread beside a plain file, and how long it takes from a trigger to the
 * complete file, of the machine and of one container. With a trace as argument its events are used over and over.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture/keep/keep.h"
#include "format/base/alloc.h"
#include "format/base/log.h"

#define ROUNDS 7u
#define N_BATCHES 8u
#define EVENTS 3000000u
#define SPAN_NS 60000000000u
#define N_CONTAINERS 10u
#define T0 1700000000000000000u

static struct fmt_batch *keyframe, *batch[64];
static unsigned n_batches;
static char target_id[N_CONTAINERS][65];	/* the containers that are cut out */
static uint32_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 4) * n >> 28);
}

static double clock_of(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- events ------------------------------------------------------------------------------------------ */

static void str(struct fmt_batch *b, unsigned p, const char *s)
{
	fmt_batch__str(b, p, s, (uint32_t)strlen(s), (uint32_t)strlen(s));
}

static void make_keyframe(void)
{
	char id[65];

	fmt_batch__new(&keyframe);
	fmt_batch__reset(keyframe, 1);
	for (unsigned c = 0; c < N_CONTAINERS; c++) {
		snprintf(id, sizeof(id), "%064x", 0xabc000 + c * 7919);
		for (unsigned k = 0; k < 12; k++)
			id[k] = "0123456789abcdef"[(c * 31 + k * 7) % 16];
		strcpy(target_id[c], id);
		fmt_batch__begin(keyframe, EV_state_container, T0, 0, 0, 0, 0, 0);
		str(keyframe, P_state_container_full_id, id);
		str(keyframe, P_state_container_runtime, "docker");
		id[12] = 0;
		str(keyframe, P_state_container_id, id);
		fmt_batch__end(keyframe);
		for (uint32_t pid = 100 + c * 20; pid < 120 + c * 20; pid++) {
			fmt_batch__begin(keyframe, EV_state_thread, T0, 0, pid, pid, 0, 0);
			str(keyframe, P_state_thread_comm, "worker");
			str(keyframe, P_state_thread_exe, "/usr/bin/worker");
			str(keyframe, P_state_thread_container_id, id);
			fmt_batch__end(keyframe);
		}
	}
}

static void make_batch(struct fmt_batch *b)
{
	uint8_t data[80];
	char name[64];

	while (!fmt_batch__full(b)) {
		uint32_t pid = 100 + rnd(20 * N_CONTAINERS), what = rnd(4);
		uint16_t type = what == 0 ? EV_openat : what == 1 ? EV_close : what == 2 ? EV_read : EV_write;

		fmt_batch__begin(b, type, T0 + b->n * 20000ull, 300 + rnd(5000), pid, pid, (uint16_t)rnd(2), (int64_t)(type == EV_openat ? 3 + rnd(20) : type == EV_close ? 0 : rnd(4096)));
		if (type == EV_openat) {
			snprintf(name, sizeof(name), "/srv/data/%u/object-%u.dat", rnd(40), rnd(5000));
			fmt_batch__int(b, P_openat_dirfd, (uint64_t)-100);
			str(b, P_openat_name, name);
			str(b, P_openat_path, name);
			fmt_batch__int(b, P_openat_flags, 1);
		} else if (type == EV_close) {
			fmt_batch__int(b, P_close_fd, 3 + rnd(20));
		} else {
			for (unsigned k = 0; k < sizeof(data); k++)
				data[k] = (uint8_t)("abcdefgh"[rnd(8)]);
			fmt_batch__int(b, type == EV_read ? (unsigned)P_read_fd : (unsigned)P_write_fd, 3 + rnd(20));
			fmt_batch__bytes(b, type == EV_read ? (unsigned)P_read_data : (unsigned)P_write_data, data, rnd(81), 81);
		}
		fmt_batch__end(b);
	}
}

static void make_events(void)
{
	make_keyframe();
	for (; n_batches < N_BATCHES; n_batches++) {
		fmt_batch__new(&batch[n_batches]);
		make_batch(batch[n_batches]);
	}
}

static void copy_to(struct fmt_batch *to, const struct fmt_batch *b)
{
	for (uint32_t row = 0; row < b->n; row++) {
		struct fmt_ev ev = fmt_batch__ev(b, row);

		fmt_batch__copy(to, &ev);
	}
}

static int load_events(const char *path)
{
	struct fmt_source *s;
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct err err = { 0 };

	if (fmt_source__open(&s, path, &err)) {
		err__print("bench_ring", &err);
		return 1;
	}
	fmt_batch__new(&keyframe);
	fmt_batch__reset(keyframe, 1);
	while (!fmt_source__next(s, &b, &info, NULL)) {
		if (info.keyframe && !n_batches)
			copy_to(keyframe, b);
		if (info.keyframe || n_batches == 64)
			continue;
		fmt_batch__new(&batch[n_batches]);
		copy_to(batch[n_batches++], b);
	}
	fmt_source__close(s);
	for (unsigned c = 0; c < N_CONTAINERS; c++)
		snprintf(target_id[c], sizeof(target_id[c]), "%s", getenv("BENCH_CONTAINER") ? getenv("BENCH_CONTAINER") : "none");
	return !n_batches;
}

/* --- recording ----------------------------------------------------------------------------------------- */

struct recording {
	struct cap_target *t;
	uint64_t num, ts, step;
};

static void begin(struct recording *r, struct cap_target *t)
{
	struct fmt_meta meta = { .hostname = "bench", .start_ns = T0 };

	*r = (struct recording){ .t = t, .num = 1, .ts = T0, .step = SPAN_NS / EVENTS };
	t->mono_offset = (int64_t)T0 - (int64_t)(clock_of(CLOCK_MONOTONIC) * 1e9);
	t->ops->begin(t, &meta, NULL);
	keyframe->first_num = 1;
	t->ops->batch(t, keyframe, true, NULL);
}

static void put(struct recording *r, unsigned k)
{
	struct fmt_batch *b = batch[k % n_batches];

	b->first_num = r->num;
	for (uint32_t row = 0; row < b->n; row++)
		b->ts[row] = r->ts + row * r->step;
	r->num += b->n;
	r->ts += b->n * r->step;
	r->t->ops->batch(r->t, b, false, NULL);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
}

/* CPU of the recording thread for one event, of each target, in turns; a segment every few batches. */
static void cost(const char *what, struct cap_target *plain, struct cap_target *ring)
{
	struct recording r[2];
	double ns[2][ROUNDS], ratio[ROUNDS];

	begin(&r[0], plain);
	begin(&r[1], ring);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned which = 0; which < 2; which++) {
			double t = clock_of(CLOCK_THREAD_CPUTIME_ID);
			uint64_t n = r[which].num;

			for (unsigned k = 0; k < n_batches; k++) {
				put(&r[which], k);
				if (k % 6 == 5) {
					keyframe->first_num = r[which].num;
					r[which].t->ops->batch(r[which].t, keyframe, true, NULL);
				}
			}
			ns[which][round] = (clock_of(CLOCK_THREAD_CPUTIME_ID) - t) * 1e9 / (double)(r[which].num - n);
		}
		ratio[round] = ns[1][round] / ns[0][round];
	}
	for (unsigned which = 0; which < 2; which++)
		r[which].t->ops->end(r[which].t, NULL);
	printf("recording thread, an event, %s | %.1f ns | %.1f ns plain file | %.3f\n", what, median(ns[1], ROUNDS),
	       median(ns[0], ROUNDS), median(ratio, ROUNDS));
}

static void costs(void)
{
	struct fmt_writer_opts w = { .sz = sizeof(w) };
	struct cap_ring_opts o = { .sz = sizeof(o), .bytes = 64 << 20 };
	struct cap_ring *ring;

	cap_ring__new(&ring, &o, NULL);
	cost("ring in memory", cap_target__file("plain.spoor", true, &w), cap_ring__target(ring));
	cap_ring__free(ring);
	mkdir("ring", 0755);
	o.dir = "ring";
	cap_ring__new(&ring, &o, NULL);
	cost("ring in a directory", cap_target__file("plain.spoor", true, &w), cap_ring__target(ring));
	cap_ring__free(ring);
}

/* --- files ------------------------------------------------------------------------------------------------- */

static long memory(const char *key)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[128];
	long kib = 0;

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)))
			kib = strtol(line + strlen(key) + 1, NULL, 10);
	if (f)
		fclose(f);
	return kib;
}

static void make_file(struct cap_keep *k, uint64_t now, const char *what, bool host, unsigned files)
{
	struct cap_keep_stats st;
	double t = clock_of(CLOCK_MONOTONIC), cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID);
	long before = memory("VmRSS:");

	for (unsigned i = 0; i < files; i++) {
		char rule[16];

		snprintf(rule, sizeof(rule), "rule%u", i);
		cap_keep__trigger(k, &(struct cap_trigger){ .time = now, .container = host ? "" : target_id[i], .rule = rule, .before_ns = SPAN_NS },
				  NULL, NULL, NULL);
	}
	do {
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
		cap_keep__stats(k, &st);
	} while (st.open || st.waiting);
	printf("%s: %.3f s from trigger to complete, %.3f s of processor time, %.2f MB a file, peak %ld MiB (%ld before)\n", what,
	       clock_of(CLOCK_MONOTONIC) - t, clock_of(CLOCK_PROCESS_CPUTIME_ID) - cpu, (double)st.bytes_written / 1e6 / (double)st.complete, memory("VmHWM:") / 1024, before / 1024);
}

static void files(const char *what, bool host, unsigned n)
{
	struct cap_ring_opts o = { .sz = sizeof(o), .bytes = 256 << 20 };
	struct cap_ring *ring;
	struct cap_keep *keep;
	struct recording r;

	mkdir("files", 0755);
	cap_ring__new(&ring, &o, NULL);
	begin(&r, cap_ring__target(ring));
	for (unsigned k = 0; r.num < EVENTS; k++) {
		put(&r, k);
		if (k % 8 == 7) {
			keyframe->first_num = r.num;
			r.t->ops->batch(r.t, keyframe, true, NULL);
		}
	}
	r.t->ops->upto(r.t, r.ts + 1);
	cap_keep__new(&keep, &(struct cap_keep_opts){ .sz = sizeof(struct cap_keep_opts), .ring = ring, .dir = "files" }, NULL);
	make_file(keep, r.ts, what, host, n);
	cap_keep__free(keep);
	r.t->ops->end(r.t, NULL);
	cap_ring__free(ring);
}

int main(int argc, char **argv)
{
	if (argc > 1 && load_events(argv[1]))
		return 1;
	if (argc == 1)
		make_events();
	log__set_level(LOG_ERROR_);
	costs();
	files("60 s of 3 million events, the whole machine", true, 1);
	files("60 s of 3 million events, one container of ten", false, 1);
	files("ten files at once, one container each", false, N_CONTAINERS);
	return 0;
}
