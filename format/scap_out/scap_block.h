/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scap_block - one event block: header, lengths, parameters.
 */
#ifndef FMT_SCAP_BLOCK_H
#define FMT_SCAP_BLOCK_H

#include "format/scap_out/scap_out.h"
#include "format/scap_out/scap_plan.h"

struct scap_value {
	const void *p;			/* borrowed; NULL: the bytes of num */
	uint32_t len;			/* of p */
	uint8_t put;			/* enum scap_put: how it may be cut */
	bool nul;			/* a NUL follows */
	bool sel;			/* the byte selector stands before it */
	uint8_t selector;
	uint64_t num;
};

struct scap_block {
	uint64_t ts, tid;
	uint16_t code, cpu;
	uint8_t n;
	bool large;			/* lengths of 32 bits, in a block of its own kind */
	uint32_t flags;			/* 0, or SCAP_FLAG_STATE_ONLY and what belongs to it (scap_event.h) */
	struct scap_value v[SCAP_MAX_PARAMS];
};

/* A number of width bytes; text with its NUL (cut at one inside it); bytes. */
void scap_value__num(struct scap_value *v, uint64_t num, unsigned width);
void scap_value__str(struct scap_value *v, const char *s, uint32_t n);
void scap_value__raw(struct scap_value *v, const void *p, uint32_t n);

/* Append the block. What does not fit is cut from the end of texts and bytes. Returns how many parameters were cut. */
unsigned scap_block__put(struct scap_block *b, struct scap_out *o);

#endif
