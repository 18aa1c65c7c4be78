/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracefile - small traces on disk for tests, and reading all of one.
 */
#ifndef TESTS_TRACEFILE_H
#define TESTS_TRACEFILE_H

#include "format/file/source.h"
#include "format/file/trace_reader.h"
#include "format/file/trace_writer.h"

#define TRACE_UUID "00112233-4455-6677-8899-aabbccddeeff"
#define TRACE_CREATED 1700000000000000000u

/* A folder that is removed when the test ends; NULL-terminated paths in it are kept until then. */
int tracefile__setup(void **state);
int tracefile__teardown(void **state);
const char *tracefile__path(const char *name);

/* A writer whose output depends on nothing but what is written. */
struct fmt_writer *tracefile__writer(const char *path);
void tracefile__meta(struct fmt_meta *m);
/*
 * META, SCHEMA, then `segments` times a keyframe and `chunks` chunks of n events each, closed in order. The
 * events have the numbers from 1 and come from rows__plausible with the chunk's ordinal as seed.
 */
void tracefile__make(const char *path, unsigned segments, unsigned chunks, uint32_t n);

uint8_t *tracefile__bytes(const char *path, size_t *n);
void tracefile__write(const char *path, const void *p, size_t n);

/* What reading a trace to its end has met. */
struct read_all {
	int open_code;			/* then nothing else is set */
	uint64_t events, keyframe_rows, batches;
	uint64_t first_num, last_num;	/* of the events */
	unsigned errors, corrupt, truncated;
	struct err first;		/* the first error */
	bool other_error;		/* of another kind than these two */
};
struct read_all tracefile__read(const char *path);

#endif
