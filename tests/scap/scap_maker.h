/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scap_maker - .scap captures made block by block, for tests: well-formed ones of any age, and the parts of bad ones.
 */
#ifndef TESTS_SCAP_MAKER_H
#define TESTS_SCAP_MAKER_H

#include "format/base/alloc.h"
#include "format/base/err.h"

#define MADE_T0 1700000000000000000ull

/* A block of this number around a body, padded. */
void made_block(struct buf *f, uint32_t type, const struct buf *body);
/* A string of a list: u16 length, bytes. */
void made_s16(struct buf *b, const char *s, size_t n);
/* Section header and machine, of host web-7. */
void made_head(struct buf *f);
/*
 * An entry of a process list as version 1 to 9 has it: process `pid`, bash -c ls, uid 1000. In version 9 with all of its
 * tail, its length in front.
 */
void made_process(struct buf *list, unsigned version, uint64_t pid);
/* The number of the block of process lists of a version. */
uint32_t made_process_block(unsigned version);
/* Two descriptors of thread 100: 3 a file, 4 a connection; version 1 or 2, as a block. */
void made_fds(struct buf *f, unsigned version);

/* How an event is written. */
enum { MADE_V1 = 1, MADE_FLAGS = 2, MADE_LARGE = 4 };
/*
 * An event block; params are "int length, bytes" pairs up to a negative length. MADE_V1: without their number;
 * MADE_FLAGS: with flags 1; MADE_LARGE: lengths of four bytes.
 */
void made_event(struct buf *f, unsigned how, uint16_t code, uint64_t ts, uint64_t tid, ...);

/* What reading all of a capture has met. */
struct made_read {
	unsigned events, keyframe_rows, sections, errors;
	uint64_t unknown;
	struct err first;	/* the first error */
};
struct made_read made_drain(const struct buf *f);

#endif
