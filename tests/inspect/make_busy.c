// SPDX-License-Identifier: Apache-2.0
/*
 * make_busy N OUT - a trace of N events of a busy machine, for measuring: per thousand events a program that starts
 * and ends, a file that nobody had before and a connection; besides those, four processes at work on 20,000 files.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/inspect/trace_maker.h"

#define ID "3f2a9c41d07be5a86c1f00d9e4b7a2358f6c0d1e2b3a495867a8b9c0d1e2f3a4"

static const uint32_t workers[] = { 815, 830, 860, 610 };

static uint32_t rnd(uint32_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 17;
	return *x ^= *x << 5;
}

static void machine(struct maker *m)
{
	static const struct made_thread procs[] = {
		{ 1, 0, 0, 0, "systemd", "/sbin/init", "/usr/lib/systemd/systemd", "", NULL, T0 - 86400000000000u },
		{ 610, 1, 0, 0, "backup", "backup", "/usr/bin/backup", "--all", NULL, T0 - 86000000000000u },
		{ 790, 1, 0, 0, "containerd-shim", "containerd-shim", "/usr/bin/containerd-shim-runc-v2", "", NULL,
		  T0 - 3601000000000u },
		{ 815, 790, 33, 0, "nginx", "nginx", "/usr/sbin/nginx", "", "name=/docker/" ID, T0 - 3600000000000u },
		{ 830, 815, 33, 0, "php-fpm", "php-fpm", "/usr/sbin/php-fpm8.2", "", "name=/docker/" ID,
		  T0 - 3598000000000u },
		{ 860, 815, 999, 0, "postgres", "postgres", "/usr/bin/postgres", "-D /data", "name=/docker/" ID,
		  T0 - 3500000000000u },
	};

	maker__row(m, EV_state_container, 0);
	maker__str(m, P_state_container_id, "3f2a9c41d07b");
	maker__str(m, P_state_container_full_id, ID);
	maker__str(m, P_state_container_runtime, "docker");
	maker__str(m, P_state_container_name, "web-1");
	maker__str(m, P_state_container_image, "registry.example/shop/web:4.2");
	maker__str(m, P_state_container_cgroup, "/docker/" ID);
	maker__end(m);
	for (size_t i = 0; i < sizeof(procs) / sizeof(procs[0]); i++)
		maker__thread(m, &procs[i]);
	maker__begin(m);
}

/* A request, the program that it starts, and a file with a name of its own. The program is left running. */
static void job(struct maker *m, uint32_t n, uint32_t *x)
{
	uint8_t from[4] = { 198, 51, (uint8_t)(n / 250 % 250), (uint8_t)(n % 250) };
	char text[64];

	maker__as(m, 815);
	maker__accept(m, 6, 20, from, (uint16_t)(30000 + n % 30000), 80);
	maker__read(m, 20, "POST /convert HTTP/1.1", 312);
	maker__write(m, 20, "HTTP/1.1 200 OK", 4310);
	maker__close_fd(m, 20);
	maker__as(m, 830);
	maker__fork(m, 10000 + n, "php-fpm");
	snprintf(text, sizeof(text), "--job %u", n);
	maker__exec(m, rnd(x) % 2 ? "/usr/bin/convert" : "/usr/bin/php", text, 33, 0, 0);
	snprintf(text, sizeof(text), "/var/spool/jobs/%u/%u.out", n / 1000, n);
	maker__open_file(m, text, 3, FDF_WRONLY | FDF_CREAT);
	maker__write(m, 3, "done", 4);
	maker__close_fd(m, 3);
}

/* Some process opens a file, reads and writes, and closes it. */
static void io(struct maker *m, uint32_t child, uint32_t *x)
{
	int64_t fd = 30 + rnd(x) % 16;
	char file[64];

	maker__as(m, rnd(x) % 4 ? workers[rnd(x) % 4] : child);
	snprintf(file, sizeof(file), "/srv/data/%u/f%u", rnd(x) % 50, rnd(x) % 400);
	maker__open_file(m, file, fd, FDF_RDONLY | FDF_CLOEXEC);
	for (unsigned k = rnd(x) % 12; k; k--) {
		if (rnd(x) % 3)
			maker__read(m, fd, "0123456789abcdef0123456789abcdef", 32);
		else
			maker__write(m, fd, "0123456789abcdef", 16);
	}
	maker__close_fd(m, fd);
}

int main(int argc, char **argv)
{
	uint64_t n = argc == 3 ? strtoull(argv[1], NULL, 10) : 0;
	uint32_t x = 2463534242u, jobs = 0;
	struct maker m;

	if (!n) {
		fprintf(stderr, "usage: make_busy N OUT\n");
		return 1;
	}
	maker__open(&m, argv[2]);
	m.chunk_events = FMT_BATCH_MAX_EVENTS;
	m.keyframe_every = 16;
	machine(&m);
	while (m.num + m.b->n <= n) {
		if (m.num + m.b->n > jobs * 1000ull) {
			if (jobs) {
				maker__as(&m, 10000 + jobs - 1);
				maker__exit(&m, (int)(rnd(&x) % 8 == 0) << 8, 0);
			}
			job(&m, jobs++, &x);
		}
		io(&m, 10000 + jobs - 1, &x);
	}
	maker__close(&m);
	return 0;
}
