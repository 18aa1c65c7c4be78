/* SPDX-License-Identifier: Apache-2.0 */
/*
 * merge - several recordings as one: events in the order of time, each of its machine.
 *
 * Recordings of one machine that overlap in time become one origin, and what is in several of them is there once; those
 * that do not overlap, or are of different machines, keep an origin each, for nobody knows what lay in between.
 *
 * Within a file events keep their order, whatever their times.
 */
#ifndef TRC_MERGE_H
#define TRC_MERGE_H

#include "engine/sink/sink.h"

#define MERGE_MAX_FILES 1024u
#define MERGE_MAX_OPEN 64u		/* at once: segments of a ring that follow each other count as one */

struct merge;

/* Open all files and find out whose they are. paths are borrowed. Errors name the file. */
int merge__new(struct merge **ret, const char *const *paths, size_t n, struct err *err);
void merge__free(struct merge *m);
/* What the result is to say of itself. Borrowed from m. */
void merge__describe(struct merge *m, struct sink_opts *o);
/* All of it. *code becomes EXIT_DAMAGED if an input was damaged. 0, or negative with err. */
int merge__run(struct merge *m, struct output *out, int *code, struct err *err);
/* Events that were in several files and are left out; how many machines there are. */
uint64_t merge__duplicates(const struct merge *m);
unsigned merge__machines(const struct merge *m);

#endif
