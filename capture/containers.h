/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containers - the containers that the recording has met: finding out their names, and their ends.
 *
 * A container is met when the state says that a process is in it. Its files are read between two
 * rounds, again and again for some seconds, since a runtime may write them after it has started the
 * container.
 */
#ifndef CAP_CONTAINERS_H
#define CAP_CONTAINERS_H

#include "engine/state/state.h"

struct cap_met;

struct cap_containers {
	struct cap_met *met;
	size_t n, cap;
	uint64_t next_try;		/* ns, 0: nothing to find out */
};

/*
 * After a row has been applied: remember the container of its process, and how its first process
 * ended.
 */
void cap_containers__see(struct cap_containers *c, const struct eng_ctx *ctx, uint64_t now);
/* The same for a process that is there at the beginning. */
void cap_containers__see_proc(struct cap_containers *c, const struct eng_proc *p, uint64_t now);
/* Rows of events: what has been found out since (container, useradded, groupadded). */
void cap_containers__rows(struct cap_containers *c, struct fmt_batch *b, uint64_t now);
/* ms until the next look at a runtime's files; INT_MAX: none is due. */
int cap_containers__wait_ms(const struct cap_containers *c, uint64_t now);
/* The cgroup of a container has gone: a row that it has ended, once. */
void cap_containers__cgroup_gone(struct cap_containers *c, struct fmt_batch *b, uint64_t ts,
				 const char *path);
/* Names of those that are there at the beginning, as rows of the keyframe. */
void cap_containers__first_rows(struct cap_containers *c, struct fmt_batch *b, uint64_t ts);
void cap_containers__done(struct cap_containers *c);
/*
 * 12-character ids of all that did something since the last call, for the chunk's summary. Those
 * that ended are forgotten.
 */
void cap_containers__each_new(struct cap_containers *c, void (*fn)(void *arg, const char *id),
			      void *arg);

#endif
