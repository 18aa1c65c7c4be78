/* SPDX-License-Identifier: Apache-2.0 */
/* only - kinds of events that a list may be confined to. */
#ifndef INS_ONLY_H
#define INS_ONLY_H

#include "format/batch/batch.h"

enum ins_only_kind {
	ONLY_ALL,
	ONLY_TYPE,	/* one type; with err: only where it failed with that */
	ONLY_FAILED,	/* calls that failed */
	ONLY_BYTES,	/* that read or wrote bytes which were recorded */
	ONLY_SIGNALS,	/* signals sent and delivered, ends of processes */
	ONLY_RIGHTS,	/* changes of users, capabilities, namespaces, roots */
};

struct ins_only {
	uint8_t kind;		/* enum ins_only_kind */
	uint16_t type;
	int16_t err;		/* errno, 0: any result */
};

static inline bool ins_only__equal(struct ins_only a, struct ins_only b)
{
	return a.kind == b.kind && a.type == b.type && a.err == b.err;
}
/* Its types, one bit each. */
void ins_only__types(struct ins_only o, uint8_t types[FMT_MAX_EVENTS / 8]);
static inline bool ins_only__has_result(struct ins_only o, int64_t res)
{
	if (o.err)
		return res == -o.err;
	return o.kind != ONLY_FAILED || (res < 0 && res != FMT_NO_RES);
}
/* A few words: "openat", "openat: EACCES", "signals". */
void ins_only__name(struct ins_only o, struct buf *out);
/* Does this call change what its process may do? */
bool ins_only__is_right(uint16_t type);

#endif
