/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox - what a tool that reads hostile files gives up before it does: starting programs, the network, other
 * processes, and writing anywhere but where it was told to.
 *
 * Two layers, each used where the kernel has it: Landlock (5.13, landlock(7)) confines writing, making and removing of
 * files; seccomp (seccomp(2)) lets only those system calls through that reading, computing and drawing need. Nothing
 * of it can be taken back, and it holds for threads made later.
 */
#ifndef FMT_SANDBOX_H
#define FMT_SANDBOX_H

#include <stdbool.h>

#define SANDBOX_MAX_DIRS 8

struct sandbox {
	const char *write_in[SANDBOX_MAX_DIRS];	/* folders below which files may be made, written, renamed, removed;
						 * NULL ends them. One that does not exist is passed over. */
};

/* What came of it. */
enum sandbox_layer { SANDBOX_FILES = 1, SANDBOX_CALLS = 2 };

/*
 * Enter it. Returns the layers that hold now (enum sandbox_layer bits): those that the kernel has. Sets no_new_privs.
 * Builds with sanitizers, whose runtimes need more, return 0 and do nothing.
 */
unsigned sandbox__enter(const struct sandbox *s);

/* The folder that holds a file, for write_in: "." for a plain name. buf is as large as the path. */
const char *sandbox__folder(const char *path, char *buf, unsigned size);

#endif
