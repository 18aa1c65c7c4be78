/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_maker - traces for tests of the inspector, written call by call.
 *
 * Every row goes through a state too, so that keyframes in the middle are right.
 */
#ifndef TRACE_MAKER_H
#define TRACE_MAKER_H

#include "engine/state/state.h"
#include "format/file/trace_writer.h"

#define T0 1795788187000000000u		/* 2026-11-27 14:03:07 UTC */
#define NS_MS 1000000u

struct maker {
	struct fmt_writer *w;
	struct fmt_batch *b;		/* events not written yet */
	struct eng_state *st;
	uint64_t ts;			/* of the next row */
	uint64_t num;
	uint32_t tid, pid;		/* of the next row */
	uint32_t chunk_events;		/* events of a chunk */
	uint32_t chunks, keyframe_every;
	bool keyframe;			/* rows are of the first keyframe */
	uint16_t cpu;
};

/* The machine of the traces that are opened next. */
void maker__machine(const char *hostname, const char *uuid);
void maker__open(struct maker *m, const char *path);
void maker__close(struct maker *m);
/* The first keyframe ends here. */
void maker__begin(struct maker *m);
/* Write what there is as a chunk. */
void maker__flush(struct maker *m);

/* Begin a row; then its parameters; then end. */
void maker__row(struct maker *m, uint16_t type, int64_t res);
void maker__int(struct maker *m, unsigned param, uint64_t v);
void maker__str(struct maker *m, unsigned param, const char *s);
void maker__mem(struct maker *m, unsigned param, const void *p, uint32_t n);
void maker__bytes(struct maker *m, unsigned param, const void *p, uint32_t n);
void maker__end(struct maker *m);

/* Whole calls. The thread is m's. */
struct made_thread {
	uint32_t pid, ppid, uid, tty;
	const char *comm, *exe, *exepath, *args, *cgroup;	/* args: blanks between */
	uint64_t start;
};
void maker__thread(struct maker *m, const struct made_thread *t);
void maker__as(struct maker *m, uint32_t pid);		/* the thread of the next calls */
void maker__wait(struct maker *m, uint64_t ns);
void maker__fork(struct maker *m, uint32_t child, const char *comm);	/* goes on as the child */
void maker__exec(struct maker *m, const char *path, const char *args, uint32_t uid, uint32_t tty,
		 uint32_t exe_flags);
void maker__exit(struct maker *m, int status, uint32_t reaper);
void maker__open_file(struct maker *m, const char *path, int64_t fd, uint32_t flags);
void maker__read(struct maker *m, int64_t fd, const char *data, int64_t res);
void maker__write(struct maker *m, int64_t fd, const char *data, int64_t res);
void maker__close_fd(struct maker *m, int64_t fd);
void maker__connect(struct maker *m, int64_t fd, const uint8_t to[4], uint16_t port, int64_t res);
void maker__accept(struct maker *m, int64_t listener, int64_t fd, const uint8_t from[4],
		   uint16_t port, uint16_t local_port);
void maker__unlink(struct maker *m, const char *path, int64_t res);

#endif
