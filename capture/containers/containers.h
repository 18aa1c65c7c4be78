/* SPDX-License-Identifier: Apache-2.0 */
/*
 * containers - the containers that the recording has met: their births, names and ends.
 *
 * A container is met when its cgroup is made, or when the state says that a process is in it. A row
 * says so at once, with its id and cgroup; another one follows when its name is known (namer.h). One
 * that no runtime knows keeps its id.
 */
#ifndef CAP_CONTAINERS_H
#define CAP_CONTAINERS_H

#include "engine/state/state.h"

struct cap_met;
struct cap_namer;

struct cap_containers {
	struct cap_met *met;
	size_t n, cap, last;
	bool news;			/* rows are due */
	bool recording;			/* the first rows have been written */
	struct cap_namer *namer;
	bool with_env;
};

void cap_containers__init(struct cap_containers *c, bool with_env);
/*
 * After a row has been applied: remember the container of its process, and how its first process
 * ended.
 */
void cap_containers__see(struct cap_containers *c, const struct eng_ctx *ctx);
/* The same where the row is neither an exec nor the end of a process. */
void cap_containers__see_any(struct cap_containers *c, const struct eng_proc *p);
/* The same for a process that is there at the beginning. */
void cap_containers__see_proc(struct cap_containers *c, const struct eng_proc *p);
/* A cgroup has been made, by pid, or has gone. */
void cap_containers__cgroup_made(struct cap_containers *c, const char *path, uint32_t pid);
void cap_containers__cgroup_gone(struct cap_containers *c, const char *path);
/*
 * Rows of events: what has been found out since (container, container_end, useradded, groupadded).
 */
void cap_containers__rows(struct cap_containers *c, struct fmt_batch *b, uint64_t now);
/* The same at the end of the recording: waits a moment for answers that are on their way. */
void cap_containers__last_rows(struct cap_containers *c, struct fmt_batch *b, uint64_t now);
/* ms until rows may be due; INT_MAX: nothing is known to be coming. */
int cap_containers__wait_ms(struct cap_containers *c);
/* Those that are there at the beginning, as rows of the keyframe; they are looked up here. */
void cap_containers__first_rows(struct cap_containers *c, struct fmt_batch *b, uint64_t ts);
void cap_containers__done(struct cap_containers *c);
/*
 * Ids of all that did something since the last call, for the chunk's summary. Those that ended are
 * forgotten.
 */
void cap_containers__each_new(struct cap_containers *c, void (*fn)(void *arg, const char *id),
			      void *arg);

#endif
