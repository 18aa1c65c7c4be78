/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out_record - an alert as the outputs share it: one block of memory, constant, counted references.
 */
#ifndef CAP_OUT_RECORD_H
#define CAP_OUT_RECORD_H

#include "capture/outputs/outputs.h"

#define OUT_ID_MAX 40

struct out_record {
	_Atomic uint32_t refs;
	uint64_t born_ns;	/* CLOCK_MONOTONIC when it came to be; wraps around if that was before the machine's start */
	uint64_t time_ns;
	enum eng_priority priority;
	char id[OUT_ID_MAX];	/* unique: letters, digits, '-' */
	const char *rule, *source, *container;	/* into the block */
	const char *json, *text;		/* the same; NUL after them */
	uint32_t json_len, text_len;
	size_t bytes;		/* of the whole block */
};

/* One reference for the caller. */
struct out_record *out_record__new(const struct cap_out_alert *a, const char *id, uint64_t now_ns);
struct out_record *out_record__ref(struct out_record *r);
void out_record__unref(struct out_record *r);

/* What time it is, by both clocks, and since which start of the machine the first one runs. */
struct out_clock {
	uint64_t mono_ns, wall_ns;
	uint64_t boot;		/* 0: not known */
};
struct out_clock out_clock__now(void);

/*
 * For the spool. Its age goes on while nobody runs: by the monotonic clock, or if the machine has been started anew by the other one,
 * which may have been set meanwhile. Parsing takes untrusted bytes: NULL if they are no record.
 */
void out_record__save(const struct out_record *r, const struct out_clock *now, struct buf *out);
struct out_record *out_record__load(const uint8_t *p, size_t n, const struct out_clock *now);

#endif
