// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "capture/ptrace/pt_driver.h"
#include "capture/ptrace/tracer.h"
#include "format/base/alloc.h"

#define DEFAULT_RING (8u << 20)

/* A ring of the same form as those of the kernel's programs, in plain memory. */
int cap_pt_driver__open(struct cap_driver *d, const struct cap_driver_opts *o, struct err *err)
{
	struct cap_tracer_opts t = { .pid = o->pid, .is_command = o->is_command,
				     .filtered = o->filtered, .noise = o->noise,
				     .snaplen = o->snaplen, .env_len = o->env_len,
				     .snaps = o->snaps, .n_snaps = o->n_snaps };

	d->n_cpus = 1;
	d->ring_bytes = 2 * CAP_RECORD_MAX;
	while (d->ring_bytes < (o->ring_bytes ? o->ring_bytes : DEFAULT_RING))
		d->ring_bytes *= 2;
	d->ring_stride = d->mapped = CAP_RING_CTL + d->ring_bytes + CAP_RECORD_MAX;
	d->map = mmap(NULL, d->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (d->map == MAP_FAILED) {
		d->map = NULL;
		return err__set(err, -errno, "no memory for a buffer of %zu bytes: make it smaller "
				"with --ring-size", d->mapped);
	}
	d->rings = xcalloc(1, sizeof(*d->rings));
	d->rings[0].ctl = d->map;
	t.ring = d->map;
	t.ring_bytes = d->ring_bytes;
	return cap_tracer__new(&d->tracer, &t);
}

void cap_pt_driver__close(struct cap_driver *d)
{
	cap_tracer__free(d->tracer);
	d->tracer = NULL;
}
