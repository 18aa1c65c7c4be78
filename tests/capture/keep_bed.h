/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep_bed - a ring that is fed by hand, and a folder of files that triggers make of it.
 */
#ifndef TESTS_KEEP_BED_H
#define TESTS_KEEP_BED_H

#include "capture/keep/keep.h"
#include "tests/capture/ring_feed.h"

#define MIB (1u << 20)
#define SEC 1000000000u

struct bed {
	struct cap_ring *r;
	struct cap_keep *k;
	struct feed f;
	const char *dir;
};

/* A ring of 32 MiB that records, and files in a new folder of this name. */
void bed__begin(struct bed *b, const char *name, struct cap_keep_opts o);
void bed__end(struct bed *b);
/* Another keep for ring and folder. */
struct cap_keep *bed__keep(struct bed *b, struct cap_keep_opts o);
/* A second of events for each keyframe. */
void bed__seconds(struct bed *b, unsigned n);
/* The name of the file is the caller's to free. */
char *bed__fire(const struct bed *b, struct cap_trigger t);
struct cap_keep_stats bed__stats(const struct bed *b);
/* Until nothing is open or waits; a test that waits in vain fails. */
void bed__settle(const struct bed *b);
const char *bed__path(const struct bed *b, const char *name);

#endif
