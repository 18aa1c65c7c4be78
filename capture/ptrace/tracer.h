/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracer - the driver for where BPF is not allowed: a command and all that it starts, or a running
 * process, by ptrace(2). No privilege is needed.
 *
 * A thread of its own, since only the thread that traces may ask. It writes the same records as the
 * programs in the kernel do, into a ring of the same form, so that everything behind that is shared.
 * Nothing is lost: when the ring is full the traced threads wait.
 *
 * A command is given a seccomp filter that stops it only at calls that are recorded. It stays with
 * all that the command starts for as long as they live, so they are traced until the last has ended,
 * and are killed should the recorder die: calls of a filtered thread without a tracer fail. Where
 * the recording may have to end before (a limit of time or events; a process that runs already)
 * every call stops, and all are let go at the end.
 */
#ifndef CAP_TRACER_H
#define CAP_TRACER_H

#include "capture/driver/driver.h"

struct sock_fprog;
struct cap_tracer;

struct cap_tracer_opts {
	uint32_t pid;			/* the command, which still waits; or a running process */
	bool is_command;
	bool filtered;			/* the command has installed cap_tracer__filter's filter */
	bool noise;
	uint32_t snaplen, env_len;
	const struct cap_snap *snaps;	/* borrowed, as in cap_driver_opts */
	unsigned n_snaps;
	struct cap_ring *ring;		/* borrowed; the control page, then the ring's bytes */
	uint64_t ring_bytes;
};

/*
 * The filter for a command, or NULL if the kernel has none. Static; made once.
 */
const struct sock_fprog *cap_tracer__filter(bool noise);

int cap_tracer__new(struct cap_tracer **ret, const struct cap_tracer_opts *o);
/* Begin to trace. Errors say what stands in between. */
int cap_tracer__start(struct cap_tracer *t, struct err *err);
/* Let everything go (a filtered command is killed), and end the thread. */
void cap_tracer__stop(struct cap_tracer *t);
void cap_tracer__free(struct cap_tracer *t);
/* Nothing is left to trace. status: of the first process, as wait(2) gives it. */
bool cap_tracer__ended(struct cap_tracer *t, int *ret_status);
/* Records of the descriptors that the first process has open: EV_state_fd, as the walk's. */
int cap_tracer__files(struct cap_tracer *t, int (*fn)(void *arg, const struct cap_record *r),
		      void *arg);

#endif
