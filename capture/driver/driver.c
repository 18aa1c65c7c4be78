// SPDX-License-Identifier: Apache-2.0
/* Its rings, attaching, walks; what it knows. Loading: driver_load.c. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "capture/driver/driver_internal.h"
#include "capture/ptrace/pt_driver.h"
#include "capture/ptrace/tracer.h"
#include "capture/spoor.skel.h"
#include "format/base/alloc.h"

#define HOLD_NS 1000000000u		/* what is stopped for longer comes late */
#define DEFAULT_RING (8u << 20)		/* of each processor ... */
#define DEFAULT_RINGS (128u << 20)	/* ... of all together, unless that leaves less than */
#define LEAST_DEFAULT_RING (1u << 20)
#define MIN_RING (2u * CAP_RECORD_MAX)
#define MAX_RING (1u << 30)

/* --- opening ---------------------------------------------------------------------------------- */

static uint64_t ring_size(uint64_t asked, unsigned n_cpus)
{
	uint64_t n = MIN_RING;

	if (!asked) {
		asked = DEFAULT_RINGS / n_cpus;
		if (asked > DEFAULT_RING)
			asked = DEFAULT_RING;
		if (asked < LEAST_DEFAULT_RING)
			asked = LEAST_DEFAULT_RING;
	}
	while (n < asked && n < MAX_RING)
		n *= 2;
	return n;
}

/* Processors that are there or can be plugged in without a restart: "0-3,8" -> 9. */
static unsigned count_cpus(void)
{
	char list[256] = "";
	unsigned last = 0;
	FILE *f = fopen("/sys/devices/system/cpu/present", "re");

	if (f && fgets(list, sizeof(list), f))
		for (char *p = list; *p;) {
			char *end;
			unsigned long v = strtoul(p, &end, 10);

			if (end == p)
				break;
			last = v > last ? (unsigned)v : last;
			p = end + (*end == '-' || *end == ',');
		}
	if (f)
		fclose(f);
	return last + 1;
}

static int map_rings(struct cap_driver *d, struct err *err)
{
	int fd = bpf_map__fd(d->skel->maps.rings);

	d->mapped = d->ring_stride * d->n_cpus;
	d->map = mmap(NULL, d->mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (d->map == MAP_FAILED) {
		d->map = NULL;
		return err__set(err, -errno, "cannot map the ring buffers: %s", strerror(errno));
	}
	return 0;
}

static int64_t clock_offset(clockid_t clock)
{
	int64_t best = 0, width = INT64_MAX;

	for (int i = 0; i < 9; i++) {
		struct timespec a, real, b;
		int64_t t0, t1, r;

		clock_gettime(clock, &a);
		clock_gettime(CLOCK_REALTIME, &real);
		clock_gettime(clock, &b);
		t0 = a.tv_sec * 1000000000ll + a.tv_nsec;
		t1 = b.tv_sec * 1000000000ll + b.tv_nsec;
		r = real.tv_sec * 1000000000ll + real.tv_nsec;
		if (t1 - t0 < width) {
			width = t1 - t0;
			best = r - (t0 + t1) / 2;
		}
	}
	return best;
}

int cap_driver__open(struct cap_driver **ret, const struct cap_driver_opts *o, struct err *err)
{
	struct cap_driver *d = xcalloc(1, sizeof(*d));
	int r;

	d->mono_offset = clock_offset(CLOCK_MONOTONIC);
	d->boot_offset = clock_offset(CLOCK_BOOTTIME);
	if (o->ptrace) {
		r = cap_pt_driver__open(d, o, err);
		if (r)
			cap_driver__close(d);
		else
			*ret = d;
		return r;
	}
	d->n_cpus = count_cpus();
	d->ring_bytes = ring_size(o->ring_bytes, d->n_cpus);
	d->hold_ns = HOLD_NS;
	d->ring_stride = CAP_RING_CTL + d->ring_bytes + CAP_RECORD_MAX;
	d->rings = xcalloc(d->n_cpus, sizeof(*d->rings));
	r = cap_driver__load(d, o, err);
	if (!r)
		r = map_rings(d, err);
	r = r ? r : cap_bell__open(d, err);
	if (r) {
		cap_driver__close(d);
		return r;
	}
	for (unsigned i = 0; i < d->n_cpus; i++)
		d->rings[i].ctl = (void *)((char *)d->map + i * d->ring_stride);
	cap_rings__hear(d);
	*ret = d;
	return 0;
}

void cap_driver__close(struct cap_driver *d)
{
	if (!d)
		return;
	cap_driver__detach(d);
	cap_pt_driver__close(d);
	if (d->map)
		munmap(d->map, d->mapped);
	cap_bell__close(d);
	spoor_bpf__destroy(d->skel);
	free(d->rings);
	free(d);
}

/* --- attaching -------------------------------------------------------------------------------- */

static bool attach(struct cap_driver *d, struct bpf_program *p)
{
	struct bpf_link *link = bpf_program__attach(p);

	if (link)
		d->links[d->n_links++] = link;
	return link;
}

/*
 * Births first: what is born while the rest is being attached is known then. Entries before
 * returns, and detached the other way round: a return without its entry would be paired with one of
 * long ago.
 */
static int attach_all(struct cap_driver *d, struct err *err)
{
	struct spoor_bpf *s = d->skel;
	struct bpf_program *always[] = {
		s->progs.on_exit, s->progs.on_fork, s->progs.on_exec, s->progs.on_cgroup_attach,
		s->progs.on_cgroup_mkdir, s->progs.on_cgroup_rmdir, s->progs.on_signal_generate,
		s->progs.on_signal_deliver, s->progs.on_sys_enter, s->progs.on_sys_exit,
	};

	/* before 6.11 there is none */
	if (bpf_program__autoload(s->progs.on_prepare_exec))
		attach(d, s->progs.on_prepare_exec);

	/* Not every kernel has io_uring, nor the same arguments at its tracepoints. */
	if (attach(d, s->progs.on_uring_complete_old) || attach(d, s->progs.on_uring_complete))
		attach(d, s->progs.on_uring_submit);
	for (unsigned i = 0; i < sizeof(always) / sizeof(*always); i++)
		if (bpf_program__autoload(always[i]) && !attach(d, always[i]))
			return err__set(err, -errno, "cannot attach to the tracepoint of '%s': %s",
					bpf_program__name(always[i]), strerror(errno));
	return 0;
}

int cap_driver__attach(struct cap_driver *d, struct err *err)
{
	return d->tracer ? cap_tracer__start(d->tracer, err) : attach_all(d, err);
}

bool cap_driver__traced_ended(struct cap_driver *d, int *ret_status)
{
	return d->tracer && cap_tracer__ended(d->tracer, ret_status);
}

void cap_driver__record(struct cap_driver *d)
{
	if (d->tracer)
		return;
	/* what is inside of containers has been looked at: threads are asked again */
	__atomic_fetch_add(&d->skel->data->scope_generation, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&d->skel->data->mode, (uint8_t)THREAD_ANY, __ATOMIC_RELEASE);
}

void cap_driver__detach(struct cap_driver *d)
{
	if (d->tracer)
		cap_tracer__stop(d->tracer);
	while (d->n_links)
		bpf_link__destroy(d->links[--d->n_links]);
}

/* --- walks ------------------------------------------------------------------------------------ */

static int walk_records(int fd, int (*fn)(void *arg, const struct cap_record *r), void *arg)
{
	size_t have = 0, size = 4 * CAP_RECORD_MAX;
	uint8_t *b = xmalloc(size);
	ssize_t n;
	int r = 0;

	while (!r && (n = read(fd, b + have, size - have)) > 0) {
		size_t at = 0;

		have += (size_t)n;
		while (!r && have - at >= sizeof(struct cap_record)) {
			const struct cap_record *rec = (const void *)(b + at);

			if (rec->len < sizeof(*rec) || rec->len > have - at)
				break;
			r = fn(arg, rec);
			at += rec->len;
		}
		memmove(b, b + at, have - at);
		have -= at;
	}
	free(b);
	return r;
}

int cap_driver__walk(struct cap_driver *d, const char *what,
		     int (*fn)(void *arg, const struct cap_record *r), void *arg, struct err *err)
{
	struct bpf_program *p;
	struct bpf_link *link;
	int fd, r;

	if (d->tracer)			/* processes are read from /proc */
		return strcmp(what, "task_file") ? 0 : cap_tracer__files(d->tracer, fn, arg);
	p = !strcmp(what, "task")      ? d->skel->progs.walk_task
	    : !strcmp(what, "cgroups") ? d->skel->progs.walk_cgroups
				       : d->skel->progs.walk_file;
	link = bpf_program__attach_iter(p, NULL);
	if (!link)
		return err__set(err, -errno, "cannot list what is there (BPF iterator over %s): %s",
				what, strerror(errno));
	fd = bpf_iter_create(bpf_link__fd(link));
	r = fd < 0 ? err__set(err, -errno, "cannot read the BPF iterator over %s: %s", what,
			      strerror(errno))
		   : walk_records(fd, fn, arg);
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return r;
}

/* --- what it knows ---------------------------------------------------------------------------- */

unsigned cap_driver__n_cpus(const struct cap_driver *d)
{
	return d->n_cpus;
}

static void find_loser(struct cap_cpu_ring *r, struct cap_loss *ret)
{
	uint32_t loser = __atomic_load_n(&r->ctl->loser, __ATOMIC_RELAXED);
	uint64_t n = __atomic_load_n(&r->ctl->loser_n, __ATOMIC_RELAXED);

	ret->loser = loser;
	ret->loser_n = loser == r->loser && n >= r->loser_n ? n - r->loser_n : n;
	if (!ret->loser_n)
		ret->loser = 0;
	if (ret->loser_n > ret->full)	/* it is read while it changes */
		ret->loser_n = ret->full;
	r->loser = loser;
	r->loser_n = n;
}

bool cap_driver__loss(struct cap_driver *d, unsigned cpu, struct cap_loss *ret)
{
	struct cap_cpu_ring *r = &d->rings[cpu];
	uint64_t lost = __atomic_load_n(&r->ctl->lost, __ATOMIC_RELAXED);
	uint64_t reentered = __atomic_load_n(&r->ctl->reentered, __ATOMIC_RELAXED) + r->torn;

	if (lost == r->lost && reentered == r->reentered)
		return false;
	ret->full = lost - r->lost;
	ret->reentered = reentered - r->reentered;
	ret->last = __atomic_load_n(&r->ctl->lost_last, __ATOMIC_RELAXED);
	r->lost = lost;
	r->reentered = reentered;
	for (unsigned i = 0; i < CAP_N_CATEGORIES; i++) {
		uint64_t n = __atomic_load_n(&r->ctl->lost_by[i], __ATOMIC_RELAXED);

		ret->by[i] = n - r->lost_by[i];
		r->lost_by[i] = n;
	}
	for (unsigned i = 0; i < CAP_N_LANES; i++) {
		uint64_t n = __atomic_load_n(&r->ctl->lost_lane[i], __ATOMIC_RELAXED);

		ret->lane[i] = n - r->lost_lane[i];
		r->lost_lane[i] = n;
	}
	find_loser(r, ret);
	return true;
}

uint64_t cap_driver__without_ring(struct cap_driver *d)
{
	uint64_t now = d->tracer ? 0 : __atomic_load_n(&d->skel->bss->without_ring,
							 __ATOMIC_RELAXED),
		 n = now - d->without_ring;

	d->without_ring = now;
	return n;
}

int64_t cap_driver__mono_offset(const struct cap_driver *d)
{
	return d->mono_offset;
}

int64_t cap_driver__boot_offset(const struct cap_driver *d)
{
	return d->boot_offset;
}
