/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot - what is there before the first event: threads, descriptors, users, mounts, addresses.
 *
 * The programs are attached in a state in which they record only births, execs and deaths. Then all
 * tasks are walked once; then recording begins; then they are walked again. Whatever a process does
 * from then on is known of a process that one of the walks saw, or whose birth is in the rings. The
 * second walk wins, the first one gives those that have died in between. The snapshot bears the
 * time before the first walk: events that are older than what it says only say it again.
 */
#ifndef CAP_SNAPSHOT_H
#define CAP_SNAPSHOT_H

#include "capture/decode/decode.h"
#include "capture/driver/driver.h"

struct cap_snapshot;

/* Both walks, and the beginning of the recording between them. */
int cap_snapshot__take(struct cap_snapshot **ret, struct cap_driver *d, struct cap_decoder *dec,
		       struct err *err);
/*
 * One walk, while recording: what is there now. With texts, what only /proc has of each process too
 * (what it executed may have changed).
 */
int cap_snapshot__again(struct cap_snapshot **ret, struct cap_driver *d, struct cap_decoder *dec,
			bool texts, struct err *err);
void cap_snapshot__free(struct cap_snapshot *s);
/* Time before the first walk, ns since the epoch. */
uint64_t cap_snapshot__ts(const struct cap_snapshot *s);
/*
 * Append all rows, as a keyframe, to b. full is called when a batch is full: it takes the batch
 * away and resets it; a negative return ends this and is returned.
 */
int cap_snapshot__rows(struct cap_snapshot *s, struct fmt_batch *b,
		       int (*full)(void *arg, struct fmt_batch *b), void *arg);

/* Of a walk while recording: rows of threads and descriptors that say that they were read again. */
int cap_snapshot__rows_again(struct cap_snapshot *s, struct fmt_batch *b,
			     int (*full)(void *arg, struct fmt_batch *b), void *arg);
/* Has the last walk seen this thread? */
bool cap_snapshot__has(const struct cap_snapshot *s, uint32_t tid);

/* Rows of the machine itself: users, groups, mounts, addresses (host_rows.c). */
void cap_host__rows(struct fmt_batch *b, uint64_t ts);
/*
 * The users and groups of a container, from the files below the root of one of its processes: which may never answer, so they
 * are read (arg: the accounts) by another thread than makes rows of them.
 */
struct cap_accounts {
	uint32_t pid;
	char *users, *groups;		/* the files' text; NULL: not read */
};
struct cap_accounts *cap_accounts__new(uint32_t pid);
void cap_accounts__read(void *arg);
void cap_accounts__free(void *arg);
void cap_accounts__rows(struct cap_accounts *a, struct fmt_batch *b, uint64_t ts, const char *id, bool keyframe);

#endif
