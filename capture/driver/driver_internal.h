/* SPDX-License-Identifier: Apache-2.0 */
/* driver_internal - the driver's own state, shared by its files. */
#ifndef CAP_DRIVER_INTERNAL_H
#define CAP_DRIVER_INTERNAL_H

#include "capture/driver/driver.h"

struct ring_buffer;
struct spoor_bpf;
struct bpf_link;
struct cap_tracer;

struct cap_cpu_ring {
	struct cap_ring *ctl;
	uint64_t at;			/* next byte to read */
	uint64_t given;			/* the tail, as the producer knows it */
	uint64_t end;			/* of this round */
	uint64_t has_to;		/* records of before this time have come */
	uint64_t held;			/* since when the record at hand is being written; 0: none is */
	/* time of the record at `at`; UINT64_MAX: none in this round */
	uint64_t ts;
	uint64_t torn;			/* how often records could not be told apart any more */
	uint64_t lost, reentered;	/* as told so far */
	uint64_t lost_by[CAP_N_CATEGORIES], lost_lane[CAP_N_LANES];
	uint32_t loser;
	uint64_t loser_n;
};

struct cap_driver {
	struct cap_tracer *tracer;	/* not NULL: the ptrace driver, and nothing of BPF */
	struct spoor_bpf *skel;
	struct ring_buffer *bell;	/* NULL: the ptrace driver has none */
	struct bpf_link *links[16];
	unsigned n_links;
	unsigned n_cpus;
	uint64_t ring_bytes;
	uint64_t ring_stride;		/* from one ring to the next in the mapping */
	void *map;
	size_t mapped;
	struct cap_cpu_ring *rings;
	unsigned current;		/* the ring whose records are being handed out ... */
	uint64_t until;			/* ... up to this time, when another has an older one */
	uint64_t horizon;		/* younger records wait for the next round */
	uint64_t begun;			/* the round */
	uint64_t hold_ns;		/* how long one ring may keep the others waiting */
	uint64_t left;			/* bytes of the fullest ring that the last round left */
	uint64_t newest;		/* time that was handed out */
	struct cap_late late;
	double fill;
	uint64_t without_ring;		/* as told so far */
	int64_t mono_offset, boot_offset;
};

/* The programs, configured but not attached, into skel. The rings' sizes are known. */
int cap_driver__load(struct cap_driver *d, const struct cap_driver_opts *o, struct err *err);

int cap_bell__open(struct cap_driver *d, struct err *err);
void cap_bell__close(struct cap_driver *d);

#endif
