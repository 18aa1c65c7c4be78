/* SPDX-License-Identifier: Apache-2.0 */
/*
 * about - is an event about containers that are asked for: did one of them do it, or did somebody else do it to one of them?
 *
 * What is done to a container: all that is done by who has entered its mount or pid namespace; signals to its processes,
 * tracing them, reading and writing their memory, taking their descriptors, their limits and scheduling, entering its
 * namespaces; programs, mounts, cgroups, files opened for writing and notes about it whose text names its id, or the directory
 * in /proc of one of its processes; files read through their root or working directory; entries of the audit log about its pod.
 *
 * A text can only be searched for an id that is known: those that were asked for by it, and those of containers that have
 * been met. Ids of fewer than 12 characters may mean anything, and are not searched for.
 */
#ifndef ENG_ABOUT_H
#define ENG_ABOUT_H

#include "engine/state/state.h"

struct about;

/* Is this container asked for? Of one container the answer may change when more is known of it. */
typedef bool (*about_fn)(void *arg, const struct eng_container *c);

void about__new(struct about **ret, about_fn is_it, void *arg);
void about__free(struct about *a);
/* An id that is asked for, full or as it is shown: texts may name it before the container is there. */
void about__add_id(struct about *a, const char *id);
/* Before the first event of each batch. More may be appended to it. */
void about__batch(struct about *a, const struct fmt_batch *b);
/* Is it asked for? Then all that its processes do is about it. NULL is none. */
bool about__is_it(struct about *a, const struct eng_container *c);
/* Does the thread act inside of one that is asked for, and does not belong to it? As eng_thread__inside. */
bool about__is_inside(struct about *a, struct eng_state *st, const struct eng_thread *t);
/* Can an event of this type be about a container that did not do it? */
bool about__may_concern_others(uint16_t type);
/* Can this one be, which has been entered into the state? */
bool about__concerns_others(const struct eng_ctx *ctx);
/* The event has been entered into the state. */
bool about__has(struct about *a, const struct eng_ctx *ctx);

#endif
