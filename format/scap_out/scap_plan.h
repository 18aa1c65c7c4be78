/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scap_plan - how an event of ours becomes an event of a capture: scap_codes.def read the other way round.
 */
#ifndef FMT_SCAP_PLAN_H
#define FMT_SCAP_PLAN_H

#include "format/scap/scap_codes.h"

/* How a parameter is written. */
enum scap_put {
	SPUT_NUM,		/* little-endian, of the type's width */
	SPUT_STR,		/* text and NUL */
	SPUT_RAW,		/* bytes as they are */
	SPUT_LIST,		/* texts, each followed by NUL */
	SPUT_ADDR,		/* a socket address */
	SPUT_TUPLE,		/* two of them */
	SPUT_FDLIST,
	SPUT_DYN,		/* a selector byte, then a value */
};

struct scap_plan_param {
	uint8_t put;		/* enum scap_put */
	uint8_t width;		/* SPUT_NUM: bytes */
	uint8_t store;		/* enum fmt_store of our parameter */
	int8_t param;		/* ours, -1: we have none */
	bool ones;		/* an unknown number is all ones instead of zero */
	/*
	 * Readers bear that the number is missing, if all that came into the event later than it are missing too: a later form
	 * of the event has what earlier ones had. Grows with time; 0: it must be there; SCAP_ANY_TIME: it need not. Odd if it may
	 * come from the event of the entry: that it is there says nothing of the others.
	 */
	uint32_t since;
#define SCAP_ANY_TIME UINT32_MAX
};

struct scap_plan {
	uint16_t code;
	uint8_t n;
	bool large;		/* lengths of 32 bits */
	bool has_res;		/* some parameter is the result */
	struct scap_plan_param p[SCAP_MAX_PARAMS];
};

/* Events that captures hold in another form than by their name. */
#define SCAP_CODE_GENERIC 1
#define SCAP_CODE_DROP 149
#define SCAP_CODE_NOTIFICATION 280
#define SCAP_CODE_PLUGIN 322
#define SCAP_CODE_USER 354
#define SCAP_CODE_GROUP 358
#define SCAP_CODE_ASYNC 402

/* The current code of an event and its parameters; NULL: captures have no event for it. Safe from any thread. */
const struct scap_plan *scap_plan(unsigned event);

#endif
