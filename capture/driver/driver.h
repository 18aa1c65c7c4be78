/* SPDX-License-Identifier: Apache-2.0 */
/*
 * driver - the BPF programs: loading, attaching, and the rings that they write to.
 *
 * Ownership: open gives the caller a driver; close takes it back (NULL is fine). Records that are
 * read
 *            are borrowed until the next call of cap_rings__next.
 * Errors:    say which privilege, kernel option or file is missing, and what to do about it.
 * Threads:   one thread per driver.
 */
#ifndef CAP_DRIVER_H
#define CAP_DRIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "capture/bpf/record.h"
#include "format/base/err.h"

struct cap_driver_opts {
	size_t sz;			/* sizeof(struct cap_driver_opts) */
	bool ptrace;			/* by ptrace(2), see ptrace/tracer.h: of that, */
	uint32_t pid;			/* the process to trace, */
	bool is_command, filtered;	/* which is our child; which has installed a filter */
	uint32_t snaplen;		/* payload bytes kept of each event, at most CAP_SNAP_MAX */
	/* exceptions to it, see capture/snaplen.h; borrowed as long as the driver is open */
	const struct cap_snap *snaps;
	unsigned n_snaps;
	uint32_t env_len;		/* bytes kept of an environment, at most CAP_ENV_MAX */
	/* of each processor, rounded up to a power of two; 0: 8 MiB, or less if that were more than
	 * 128 MiB for all */
	uint64_t ring_bytes;
	bool no_durations;		/* nothing is attached to the entry of calls */
	bool noise;			/* record noise calls instead of counting them */
	/* 1: read the kernel's memory by helper even where loads would do; 2: without loops, too */
	unsigned slow_reads;
	/*
	 * A set of event types, a bit each, that somebody wants to see; NULL: all. Calls that are not, and that nobody's state
	 * needs, are left out in the kernel. Borrowed until the driver is open.
	 */
	const uint8_t *types;
	/*
	 * Only what happens below cgroups whose names begin like one of these; none: everything. At
	 * most CAP_IDS * CAP_NAMES_PER_ID, of CAP_NAME_WORDS * 8 bytes.
	 */
	const char (*cgroups)[CAP_NAME_WORDS * 8];
	unsigned n_cgroups;
};

struct cap_driver;

int cap_driver__open(struct cap_driver **ret, const struct cap_driver_opts *o, struct err *err);
void cap_driver__close(struct cap_driver *d);
/* Attach everything; until cap_driver__record only births, execs and deaths are recorded. */
int cap_driver__attach(struct cap_driver *d, struct err *err);
void cap_driver__record(struct cap_driver *d);
/* ptrace: nothing is left to trace. status: of the process that was given, as wait(2) has it. */
bool cap_driver__traced_ended(struct cap_driver *d, int *ret_status);
/* No more records after this; what is in the rings can still be read. */
void cap_driver__detach(struct cap_driver *d);
/*
 * Read an iterator to its end: "task", "task_file", or, where the recorder has a cgroup namespace of its own,
 * "cgroups": where that begins. fn gets each record, borrowed; a non-zero
 * return ends the walk and is returned.
 */
int cap_driver__walk(struct cap_driver *d, const char *what,
		     int (*fn)(void *arg, const struct cap_record *r), void *arg, struct err *err);

/* Losses of one processor since the last call; true if there were any. */
struct cap_loss {
	uint64_t full, reentered;
	uint64_t last;			/* CLOCK_MONOTONIC */
	uint64_t by[CAP_N_CATEGORIES];	/* both, by category */
	uint64_t lane[CAP_N_LANES];	/* full, by lane */
	uint32_t loser;			/* the process that lost most of them, 0: none stands out */
	uint64_t loser_n;		/* at least so many */
};
unsigned cap_driver__n_cpus(const struct cap_driver *d);
/*
 * Bytes of the kernel's memory that it takes: rings, and tables beside them; and what of it counts as this process's resident memory, too,
 * because it is mapped.
 */
void cap_driver__memory(const struct cap_driver *d, uint64_t *ret_bytes, uint64_t *ret_resident);
bool cap_driver__loss(struct cap_driver *d, unsigned cpu, struct cap_loss *ret);
/* Records since the last call of processors that were not there when the driver was opened. */
uint64_t cap_driver__without_ring(struct cap_driver *d);

/*
 * The rings, merged by time. A round takes what was complete at its beginning: begin, next until
 * NULL. Records that are younger than one that may still be being written on another processor stay
 * for the following round; the last round takes all. A processor that is stopped in the middle of a
 * record keeps the others waiting for a second at most, and less if they have much to keep: what comes
 * later than that is out of order, and is counted.
 */
void cap_rings__begin(struct cap_driver *d, bool last);
/* cpu: where it was recorded. */
const struct cap_record *cap_rings__next(struct cap_driver *d, unsigned *ret_cpu);
/* Time (CLOCK_MONOTONIC) up to which the round at hand takes records; UINT64_MAX: all. */
uint64_t cap_rings__horizon(const struct cap_driver *d);
/* Records so far that were handed out behind younger ones, and by how much at most. */
struct cap_late {
	uint64_t n, most_ns;
};
struct cap_late cap_rings__late(const struct cap_driver *d);
/* Give back what has been read. */
void cap_rings__end(struct cap_driver *d);
/* Of the round at hand, before the first record of it is handed out: the time of that; UINT64_MAX: there is none. */
uint64_t cap_rings__oldest(const struct cap_driver *d);

/*
 * To sleep while nothing comes: ask to be woken, make one more round some milliseconds later, and if the rings are empty
 * then, too, poll the bell. It can be read as soon as a record has come. Hear it, or give up asking, before asking again.
 * Empty: and nothing is being written.
 */
int cap_rings__bell(const struct cap_driver *d);	/* -1: there is none */
bool cap_rings__empty(const struct cap_driver *d);
void cap_rings__ask(struct cap_driver *d);
void cap_rings__hear(struct cap_driver *d);

/* The share of the fullest ring that was in use at the last begin, 0 to 1. */
double cap_rings__fill(const struct cap_driver *d);

/*
 * ns to add to CLOCK_MONOTONIC, and to CLOCK_BOOTTIME, for the time since the epoch; fixed when
 * opened.
 */
int64_t cap_driver__mono_offset(const struct cap_driver *d);
int64_t cap_driver__boot_offset(const struct cap_driver *d);

#endif
