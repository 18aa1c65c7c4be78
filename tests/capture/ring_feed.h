/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ring_feed - a recorder's calls, by hand: batches of events that do not compress, in a time of their own.
 */
#ifndef TESTS_RING_FEED_H
#define TESTS_RING_FEED_H

#include "capture/ring/ring.h"

#define FEED_T0 1700000000000000000u
#define FEED_CONTAINER "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FEED_OTHER "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"

struct feed {
	struct cap_target *t;
	struct fmt_batch *b;
	uint64_t num;			/* of the next event */
	uint64_t ts;			/* of the next event */
	uint64_t step;			/* ns between two events */
	uint64_t seed;
};

/* A folder that is removed by feed__teardown. */
int feed__setup(void **state);
int feed__teardown(void **state);
const char *feed__dir(void);
/* A new folder in it, made. */
const char *feed__folder(const char *name);
/* A new folder that is a file system of its own, with options "ro" and "size=1m"; NULL: only root may. */
const char *feed__small(const char *name, const char *options);
unsigned feed__files(const char *dir, const char *suffix);

void feed__begin(struct feed *f, struct cap_ring *r);
void feed__done(struct feed *f);	/* ends the recording */
/* The state: the host's process 1, process 100 in FEED_CONTAINER, 200 in FEED_OTHER. */
void feed__keyframe(struct feed *f);
/*
 * n events: opens of files by 1, 100 and 200 in turn, with `noise` random bytes in the name (so that much memory
 * is needed).
 */
void feed__events(struct feed *f, uint32_t n, unsigned noise);
/* Append an event to the open batch by hand, and give it. */
void feed__put(struct feed *f);
void feed__upto(struct feed *f);	/* all before f->ts has been given */

/* What reading has given. */
struct seen {
	uint64_t events, lost, drops, first_num, last_num, t_first, t_last, keyframes, alerts;
	uint64_t of_1, of_100, of_200;
	bool gap;			/* numbers that are missing and not told */
	int code;			/* that ended it: 1, FMT_SOURCE_WAIT, negative */
};
/* Read until there is no more. */
struct seen feed__read(struct fmt_source *s);
struct seen feed__read_file(const char *path);

#endif
