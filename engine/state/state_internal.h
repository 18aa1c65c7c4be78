/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state_internal - what the files of engine/state share.
 */
#ifndef ENG_STATE_INTERNAL_H
#define ENG_STATE_INTERNAL_H

#include "engine/state/idmap.h"
#include "engine/state/state.h"
#include "format/base/alloc.h"

/* Numbers that are handed out small and used again. */
struct slots {
	uint32_t *free;
	size_t cap;
	uint32_t n_free, next;
};
uint32_t slots__take(struct slots *s);
void slots__give(struct slots *s, uint32_t slot);
void slots__done(struct slots *s);

/* A thread as found for a batch's thread index. Valid if gen is the state's. */
struct thread_hit {
	struct eng_thread *t;
	uint64_t gen;
};

struct eng_state {
	struct idmap threads, procs;		/* alive, and dead ones of which nobody has said so yet */
	struct eng_proc *dead;			/* exited, but children refer to them: list by next_dead */
	struct slots thread_slots, proc_slots, fd_slots;
	uint64_t epoch;				/* last one handed out */
	/* look-ups by thread index of the batch at hand */
	struct thread_hit *hits;
	size_t n_hits;
	uint64_t gen;				/* changes when a thread goes away */
	/* strings of the batch's dictionary that are in use: by id, each checked before use */
	struct eng_str **strs;
	size_t n_strs;
	struct eng_str *empty;
	struct eng_image *no_image;
};

static inline uint64_t next_epoch(struct eng_state *st)
{
	return ++st->epoch;
}

/* state_str.c: strings */
struct eng_str *eng_str__new(const char *p, size_t len, size_t full_len);
static inline struct eng_str *eng_str__ref(struct eng_str *s)
{
	if (s)
		s->refs++;
	return s;
}
void eng_str__unref(struct eng_str *s);
/* Let *at hold s (a reference that is taken over); true if the text changed. */
bool eng_str__set(struct eng_str **at, struct eng_str *s);

/* state_proc.c: births and deaths */
struct eng_proc *proc__new(struct eng_state *st, int64_t pid);
struct eng_thread *thread__new(struct eng_state *st, struct eng_proc *p, int64_t tid);
void thread__remove(struct eng_state *st, struct eng_thread *t);
void proc__free(struct eng_state *st, struct eng_proc *p);
void proc__set_parent(struct eng_state *st, struct eng_proc *p, struct eng_proc *parent);
/* The thread, made up if it is not known. pid 0: not known, taken to be tid. */
struct eng_thread *thread__get(struct eng_state *st, int64_t tid, int64_t pid);
struct eng_image *image__new(void);
void image__unref(struct eng_image *im);

/* state_fd.c */
struct eng_fdtable {
	uint32_t refs;
	struct idmap fds;
};
struct eng_fdtable *fdtable__new(void);
void fdtable__unref(struct eng_state *st, struct eng_fdtable *t);
/* The descriptor num, empty if it was not there. */
struct eng_fd *fdtable__add(struct eng_state *st, struct eng_fdtable *t, int64_t num);
void fdtable__del(struct eng_state *st, struct eng_fdtable *t, int64_t num);

#endif
