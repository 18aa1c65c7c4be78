/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out_spool - a queue on disk, in a folder of its own, that survives a crash at any byte.
 *
 * Records are appended to segments (files SEQUENCE.spool, hexadecimal); `cursor` says up to where they are confirmed. A
 * segment whose records are all confirmed is deleted. Everything little-endian:
 *
 *   segment   "SPOORSP1", u64 sequence, then records
 *   record    u32 "SPRC", u32 length, u32 CRC-32 (zlib's) of length and payload, payload
 *   cursor    two slots of 32 bytes, written in turn: u64 generation, u64 sequence, u64 offset, u32 CRC-32 of
 *             these, u32 zero. The valid slot with the higher generation holds.
 *
 * A record that is cut short at the end of the last segment was never said to be stored, and is cut off. One that is
 * damaged elsewhere is counted, and reading goes on at the next that is whole. A lost cursor means that confirmed records come
 * again, never that others are lost.
 *
 * Threads:   one appends and syncs, one reads and confirms, at the same time; the counts from any.
 * Input:     the files are checked like any others.
 */
#ifndef CAP_OUT_SPOOL_H
#define CAP_OUT_SPOOL_H

#include <stdbool.h>

#include "format/base/alloc.h"
#include "format/base/err.h"

#define OUT_SPOOL_RECORD_MAX (4u << 20)

struct out_spool;

/*
 * Take up the queue of a folder, which is made if need be, and locked: -EBUSY if another process has it. max_bytes bounds
 * the files together (at least 128 KiB).
 */
int out_spool__open(struct out_spool **ret, const char *dir, uint64_t max_bytes, bool sync, struct err *err);
void out_spool__close(struct out_spool *s);
/* Other bounds, while nobody uses it. What is over max_bytes already stays. */
void out_spool__set(struct out_spool *s, uint64_t max_bytes, bool sync);

/* 0 when it is stored: it outlives this process. -ENOSPC: the bound is reached, or the disk full; or another errno. */
int out_spool__append(struct out_spool *s, const void *p, size_t n);
/* After this returns 0, what was appended outlives the machine's power, too. Nothing to do without `sync`. */
int out_spool__sync(struct out_spool *s);

/* The next record into out (replaced); false if there is none. */
bool out_spool__read(struct out_spool *s, struct buf *out);
/* The first n records read since the last confirm or rewind are done with. */
void out_spool__confirm(struct out_spool *s, unsigned n);
/* Read again from the first that is not confirmed. */
void out_spool__rewind(struct out_spool *s);

uint64_t out_spool__waiting(struct out_spool *s);	/* not confirmed */
uint64_t out_spool__unread(struct out_spool *s);	/* not read */
uint64_t out_spool__damaged(struct out_spool *s);
uint64_t out_spool__bytes(struct out_spool *s);

#endif
