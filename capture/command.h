/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command - the program that a recording is made of: prepared before the recording begins, released
 * into it, and waited for.
 */
#ifndef CAP_COMMAND_H
#define CAP_COMMAND_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "format/base/err.h"

struct sock_fprog;

struct cap_command {
	pid_t pid;			/* 0: none */
	/* write end: the child executes the program when it is closed */
	int go;
	int failed;			/* read end: errno, if it could not be executed */
	bool traced;			/* who traces it waits for it: ended and status are set */
	bool ended;
	int status;			/* as wait gives it, when ended */
};

/*
 * Make the process; it waits. argv ends with NULL. filter: a seccomp filter that it installs before
 * it executes the program, or NULL.
 */
int cap_command__prepare(struct cap_command *c, char **argv, const struct sock_fprog *filter,
			 struct err *err);
/* Let it run. An error if the program cannot be executed. */
int cap_command__release(struct cap_command *c, const char *name, struct err *err);
/* Has it ended? Does not wait. */
bool cap_command__ended(struct cap_command *c);
/* Kill what has not been released; give back the descriptors. */
void cap_command__done(struct cap_command *c);

#endif
