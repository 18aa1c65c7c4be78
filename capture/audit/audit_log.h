/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_log - follows an API server's audit log file while it grows.
 *
 * A thread of its own looks at the file several times a second and puts whole lines into the queue; while that is full it waits, since
 * the file keeps what comes. Rotation by renaming: the old file is read to its end, then the new one from its beginning. By copying and
 * truncating, and any other change of what was read already: from the beginning. A state file remembers what has been recorded (file,
 * offset, a hash of the last line), so that after a restart nothing is missing and nothing comes twice, also where the
 * file was renamed within its folder meanwhile.
 */
#ifndef CAP_AUDIT_LOG_H
#define CAP_AUDIT_LOG_H

#include "capture/audit/audit_queue.h"

#define CAP_AUDIT_LINE_MAX (16u << 20)	/* a longer line is left out */

struct cap_audit_log_opts {
	const char *path;
	const char *state;		/* NULL: nothing is remembered */
	bool from_start;		/* without a state: read what the file holds already, too */
};

struct cap_audit_log_counts {
	uint64_t lines, faulty;		/* faulty: left out; the first of them are told by log_warn */
	uint64_t restarts;		/* the file was truncated, or another was in its place */
};

struct cap_audit_log;

/* Strings are copied, q is borrowed. The file need not be there yet. Without a path nothing is followed. */
int cap_audit_log__start(struct cap_audit_log **ret, const struct cap_audit_log_opts *o, struct cap_audit_queue *q,
			 struct err *err);
/* Could it be followed: is its folder there, and is its state one? */
int cap_audit_log__check(const struct cap_audit_log_opts *o, struct err *err);
/*
 * Follow another one, or none. As before free: stop it, and take what is in the queue, so that how far the one before was
 * recorded is remembered.
 */
int cap_audit_log__change(struct cap_audit_log *l, const struct cap_audit_log_opts *o, struct err *err);
void cap_audit_log__counts(struct cap_audit_log *l, struct cap_audit_log_counts *ret);
/* Ends the thread. What it has read is in the queue; take that before free, which writes the state. */
void cap_audit_log__stop(struct cap_audit_log *l);
void cap_audit_log__free(struct cap_audit_log *l);	/* NULL is fine */

#endif
