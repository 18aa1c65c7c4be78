/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_queue - entries of a Kubernetes audit log on their way into a recording.
 *
 * Whoever gets entries (the follower of a log file, the webhook) puts them in from a thread of its own; the recording thread takes them
 * between its rounds. They are recorded at the time they are taken: the time that an event took (evt.duration) is how much
 * later that is than what the entry says of itself.
 *
 * Bounds:    so many bytes wait at most; what does not fit is refused, and the one who puts it in tries again or says so.
 * Input:     the text is untrusted: what is no entry is counted and left out, see format/audit.
 * Threads:   put from any thread; take from one.
 */
#ifndef CAP_AUDIT_QUEUE_H
#define CAP_AUDIT_QUEUE_H

#include <stddef.h>

#include "capture/record/recorder.h"

#define CAP_AUDIT_QUEUE_BYTES (16u << 20)	/* of entries that wait */

struct cap_audit_queue;

struct cap_audit_counts {
	uint64_t entries;		/* put in */
	uint64_t taken;			/* of those: recorded */
	uint64_t written;		/* of those: written to the file, or the ring */
	uint64_t faulty;		/* left out: not entries, or not to be read */
	uint64_t refused;		/* texts that there was no room for */
};

struct cap_audit_queue *cap_audit_queue__new(void);
void cap_audit_queue__free(struct cap_audit_queue *q);
/*
 * The entries of one JSON document: an entry, an EventList, an array. Returns how many were put in; -EAGAIN: there is no room now,
 * nothing was; -FMT_E_CORRUPT: it is no JSON, err says why.
 */
int cap_audit_queue__put(struct cap_audit_queue *q, const char *text, size_t len, struct err *err);
/* What waits, in order; each is borrowed for the call. */
void cap_audit_queue__each(struct cap_audit_queue *q, void (*fn)(void *arg, const struct fmt_ev *ev), void *arg);
/* Whoever has taken them says that all of them are written: of each, and when the recording has ended. */
void cap_audit_queue__all_written(struct cap_audit_queue *q);
/* Between rounds, in the recording thread: record what waits, and see what has been written. */
void cap_audit_queue__take(struct cap_audit_queue *q, struct cap_recorder *r);
void cap_audit_queue__counts(struct cap_audit_queue *q, struct cap_audit_counts *ret);

#endif
