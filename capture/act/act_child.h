/* SPDX-License-Identifier: Apache-2.0 */
/*
 * act_child - a program that is run to its end: no shell, nothing of our descriptors, environment or signals, a time limit, and only so
 * much of what it says.
 */
#ifndef CAP_ACT_CHILD_H
#define CAP_ACT_CHILD_H

#include <stdatomic.h>
#include <stdbool.h>

#include "format/base/alloc.h"
#include "format/base/err.h"

struct act_child {
	char *const *argv;		/* NULL at its end */
	char *const *env;		/* "NAME=value" besides PATH, LANG and HOME; NULL: none */
	bool search;			/* a name without slash is looked for in PATH */
	bool with_errors;		/* what it writes to standard error is kept too */
	const char *input;		/* NULL: none */
	size_t max;			/* bytes kept of what it says; it may say more */
	uint64_t timeout;		/* ns */
	const atomic_bool *stop;	/* ends it */
	/* results */
	struct buf said;		/* the caller's to free */
	int status;			/* as of waitpid */
};

/* 0: it has ended by itself. -ETIMEDOUT, -ECANCELED: it was killed, with what it started. Others: it did not start. */
int act_child__run(struct act_child *c, struct err *err);

#endif
