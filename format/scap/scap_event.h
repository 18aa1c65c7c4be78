/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scap_event - one event of a capture, and its way to the newest form.
 */
#ifndef FMT_SCAP_EVENT_H
#define FMT_SCAP_EVENT_H

#include "format/base/err.h"
#include "format/scap/scap_codes.h"

/*
 * Flags of an event. Readers take one that is only for state in, and do not show it. Two things that captures have no place
 * for are in bits that other readers do not look at: that our trace holds the event as context, and, where it tells a
 * birth, the tid of the creator in the upper 24 bits, 0 if it is not known.
 */
#define SCAP_FLAG_STATE_ONLY 1u
#define SCAP_FLAG_CONTEXT 0x80u

static inline uint32_t scap_birth__flags(uint32_t creator)
{
	return SCAP_FLAG_STATE_ONLY | (creator < 1u << 24 ? creator << 8 : 0);
}

static inline uint32_t scap_birth__creator(uint32_t flags)
{
	return flags >> 8;
}

struct scap_event {
	uint64_t ts, tid;
	uint64_t enter_ts;		/* time of the enter event, 0 unknown */
	uint16_t code, cpu;
	uint32_t flags;			/* see SCAP_FLAG_STATE_ONLY */
	unsigned n;
	const uint8_t *p[SCAP_MAX_PARAMS];	/* borrowed */
	uint32_t len[SCAP_MAX_PARAMS];
};

/*
 * Parse the body of an event block (cpu, flags, header, lengths, parameters). v1: header without the number of
 * parameters. Returns 0, 1 if the code is newer than this table (to be counted and passed over), negative if damaged.
 */
int scap_event__parse(struct scap_event *ev, const uint8_t *body, size_t n, bool has_flags, bool v1, struct err *err);

/* The enter events that wait for their exit, by thread. */
struct scap_pending;
struct scap_pending *scap_pending__new(void);
void scap_pending__free(struct scap_pending *p);
/* A new section: nothing waits any more. */
void scap_pending__reset(struct scap_pending *p);

/*
 * Bring an event to the newest form, in place. Returns 0 when it is an event to show, 1 when it is used up (an enter event, a
 * retired one), negative with err when the table knows no way.
 */
int scap_event__convert(struct scap_pending *p, struct scap_event *ev, struct err *err);

#endif
