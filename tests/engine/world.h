/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world - a state and the events that happen in it, for tests: ev() begins one, i() and s() give
 * its parameters, go() applies it. The event stays entered, and w->ctx valid, until the next one
 * begins.
 */
#ifndef TESTS_ENGINE_WORLD_H
#define TESTS_ENGINE_WORLD_H

#include <string.h>

#include "engine/field/field.h"
#include "engine/state/state.h"
#include "format/base/alloc.h"

struct world {
	struct eng_state *st;
	struct fmt_batch *b;
	struct eng_ctx ctx;
	struct fmt_ev row;
	uint64_t ts;
	bool entered;
	void (*after)(struct world *w);	/* called once an event has been left */
	struct arena mem;		/* of texts that get and its like return */
};

#define T0 1700000000000000000u		/* time of the first event; each takes a millisecond */

struct world *world__new(void);
void world__free(struct world *w);
void ev(struct world *w, uint16_t type, int64_t tid, int64_t pid, int64_t res);
static inline void i(struct world *w, unsigned param, int64_t v)
{
	fmt_batch__int(w->b, param, (uint64_t)v);
}
static inline void s(struct world *w, unsigned param, const char *v)
{
	fmt_batch__str(w->b, param, v, (uint32_t)strlen(v), (uint32_t)strlen(v));
}
/* Strings each followed by NUL: list(w, P_x, "a\0b\0"). */
#define list(w, param, v) fmt_batch__str((w)->b, param, v, sizeof(v) - 1, sizeof(v) - 1)
void go(struct world *w);
void leave(struct world *w);

/* Common happenings. */
void task_new(struct world *w, int64_t creator, int64_t creator_pid, int64_t tid, int64_t pid,
	      uint32_t flags, const char *comm);
void exec_as(struct world *w, int64_t pid, const char *comm, const char *path, const char *args,
	     uint32_t n_args);
void open_file(struct world *w, int64_t tid, int64_t pid, const char *path, int64_t fd,
	       uint32_t flags);
void exit_thread(struct world *w, int64_t tid, int64_t pid, int64_t reaper);
/* Parameters that are addresses: IPv6 where the text has a colon. */
void addr(struct world *w, unsigned param, const char *ip, uint16_t port);
void tuple(struct world *w, unsigned param, const char *src, uint16_t src_port, const char *dst,
	   uint16_t dst_port);
void unix_tuple(struct world *w, unsigned param, uint64_t src, uint64_t dst, const char *path);
/*
 * A field of the event at hand: as an output prints it, NULL if it is missing; as a condition has
 * it, the elements of lists joined by commas in brackets; as JSON.
 */
const char *get(struct world *w, const char *field);
const char *get_list(struct world *w, const char *field);
const char *get_json(struct world *w, const char *field);
/* The state's dump; free() it. */
char *dump(struct eng_state *st);
/* A new state with what a keyframe of st holds. */
struct eng_state *copy_of(struct eng_state *st, uint64_t ts);

#endif
