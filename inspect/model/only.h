/* SPDX-License-Identifier: Apache-2.0 */
/* only - kinds of events, files, connections and commands that a list may be confined to. */
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
	ONLY_SLOW,	/* reads and writes that took INS_SLOW or longer */
	/* of files */
	ONLY_WRITTEN, ONLY_DELETED,
	ONLY_SYSTEM,	/* of the system, changed: programs, libraries, configuration */
	ONLY_SECRETS,	/* where passwords, keys and tokens lie: read, or tried to */
	/* of connections */
	ONLY_OUT, ONLY_IN, ONLY_LISTEN,
	/* of commands */
	ONLY_TERMINAL,	/* on one */
	ONLY_DROPPED,	/* of files made in a container, or in memory */
};
#define INS_SLOW 10000000u	/* ns */

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
static inline bool ins_only__has_result(struct ins_only o, int64_t res, uint64_t dur)
{
	if (o.kind == ONLY_SLOW)
		return dur >= INS_SLOW;
	if (o.err)
		return res == -o.err;
	return o.kind != ONLY_FAILED || (res < 0 && res != FMT_NO_RES);
}
/* A few words: "openat", "openat: EACCES", "signals". */
void ins_only__name(struct ins_only o, struct buf *out);
/* Does this call change what its process may do? */
bool ins_only__is_right(uint16_t type);

#endif
