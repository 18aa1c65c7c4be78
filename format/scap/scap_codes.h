/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scap_codes - the event codes of .scap captures and what becomes of each.
 *
 * Captures of all ages hold events in the form of their time: an enter and an exit event per call, older
 * parameter lists, codes since retired. scap_codes.def says for each code and number of parameters how to bring it to
 * the newest form, which is one event per call with the parameters of events.def.
 */
#ifndef FMT_SCAP_CODES_H
#define FMT_SCAP_CODES_H

#include <stdbool.h>
#include <stdint.h>

#include "format/schema/schema.h"

#define SCAP_N_CODES 454
#define SCAP_MAX_PARAMS 33	/* of any code */

enum scap_type {
	ST_INT8, ST_INT16, ST_INT32, ST_INT64, ST_UINT8, ST_UINT16, ST_UINT32, ST_UINT64,
	ST_UID,			/* 32-bit, default all ones */
	ST_STR,			/* text with NUL */
	ST_BYTES,		/* as they are: bytebuf, socket addresses, lists */
	ST_DYN,			/* a selector byte, then a value */
};

enum scap_action { SA_PASS, SA_STORE, SA_STOREPASS, SA_ADD, SA_CHANGE };
enum scap_from { SF_OLD, SF_ENTER, SF_DEFAULT, SF_EMPTY, SF_CALLBACK };

struct scap_from_arg {
	uint8_t from;		/* enum scap_from */
	uint8_t index;
	bool optional;		/* no stored enter event: empty instead of a default */
};

struct scap_conv {
	uint8_t n_params;	/* applies to events with so many parameters */
	uint8_t action;
	uint8_t n_args;
	uint16_t to;		/* SA_CHANGE */
	struct scap_from_arg arg[SCAP_MAX_PARAMS];
};

struct scap_code {
	const char *name;
	bool enter, old, unused, managed, large;
	bool call_enter;			/* an entry of the newest form: its call is told by the exit event alone */
	uint8_t n_params;
	uint8_t type[SCAP_MAX_PARAMS];		/* enum scap_type */
	int8_t param[SCAP_MAX_PARAMS];		/* index in our event's parameters, -1: dropped */
	int16_t event;				/* enum fmt_event_id, -1: none (counted as unknown) */
	uint8_t n_convs;
	struct scap_conv *conv;
};

/* The table, made on first use; safe from any thread. */
const struct scap_code *scap_codes(void);
/* What to do with code when it has n parameters; NULL: nothing is said. */
const struct scap_conv *scap_code__conv(const struct scap_code *c, unsigned n);
/* Bytes of a default value: natural width of numbers, 0 otherwise. */
unsigned scap_type__width(enum scap_type t);

/* The event of the system call that captures number so (scap_calls.def); -1: there is none. */
int scap_call__event(unsigned call);
/* The number that captures give to the system call of this event; 0: none. */
unsigned scap_call__of_event(unsigned event);

/* Container runtimes by their number in a container's document; NULL, -1: not known. */
const char *scap_runtime__name(unsigned type);
int scap_runtime__type(const char *name);

#endif
