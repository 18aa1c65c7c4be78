// SPDX-License-Identifier: Apache-2.0
/*
 * Being woken: who has nothing to read asks for it in each ring, and the first record that begins there rings the bell,
 * a BPF ring buffer that is only polled (capture/bpf/out.bpf.h: out_fits).
 *
 * A program sets `busy`, then looks whether it was asked; here it is asked, then `busy` and heads are looked at. A processor
 * may let either load overtake the store in front of it, so that both miss the other, and a barrier in the programs would
 * cost each record. Instead who asks comes back once more before he sleeps (capture/record/recorder_wait.c): by then what
 * had been said when it was asked is seen.
 */
#include <errno.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "capture/driver/driver_internal.h"
#include "capture/spoor.skel.h"

static int on_ring(void *arg, void *data, size_t size)
{
	(void)arg;
	(void)data;
	(void)size;
	return 0;
}

int cap_bell__open(struct cap_driver *d, struct err *err)
{
	d->bell = ring_buffer__new(bpf_map__fd(d->skel->maps.bell), on_ring, NULL, NULL);
	return d->bell ? 0 : err__set(err, -errno, "cannot map the recorder's bell: %s", strerror(errno));
}

void cap_bell__close(struct cap_driver *d)
{
	if (d->bell)
		ring_buffer__free(d->bell);
}

int cap_rings__bell(const struct cap_driver *d)
{
	return d->bell ? bpf_map__fd(d->skel->maps.bell) : -1;
}

bool cap_rings__empty(const struct cap_driver *d)
{
	for (unsigned i = 0; i < d->n_cpus; i++) {
		const struct cap_cpu_ring *r = &d->rings[i];

		if (__atomic_load_n(&r->ctl->busy, __ATOMIC_ACQUIRE) ||
		    __atomic_load_n(&r->ctl->head, __ATOMIC_ACQUIRE) != r->at)
			return false;
	}
	return true;
}

/* See out_open(): losses begin much later. */
static void set_calm(struct cap_driver *d, uint64_t bytes)
{
	for (unsigned i = 0; i < d->n_cpus; i++)
		__atomic_store_n(&d->rings[i].ctl->calm, bytes, __ATOMIC_RELAXED);
}

void cap_rings__ask(struct cap_driver *d)
{
	set_calm(d, 0);
}

void cap_rings__hear(struct cap_driver *d)
{
	set_calm(d, (d->ring_bytes - CAP_RECORD_MAX) / 4 + 1);
	if (d->bell)
		ring_buffer__consume(d->bell);
}
