/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox - what a tool gives up before it looks at what may be hostile: starting programs, the network, other
 * processes, and writing anywhere but where it was told to; but for what it says it needs.
 *
 * Two layers, each used where the kernel has it: Landlock (5.13, landlock(7)) confines writing, making and removing of
 * files; seccomp (seccomp(2)) lets only those system calls through that reading, computing and drawing need, and those
 * that were asked for. Nothing of it can be taken back. It holds for the calling thread, for threads that it makes later,
 * and for programs that these start.
 */
#ifndef FMT_SANDBOX_H
#define FMT_SANDBOX_H

#include <stdbool.h>

#define SANDBOX_MAX_DIRS 8

/* What is needed beyond reading, computing, drawing and threads. */
enum sandbox_may {
	SANDBOX_FOLDERS = 1,		/* make folders, locks, files in memory; watch files */
	SANDBOX_UNIX = 2,		/* unix and netlink sockets, and whatever socket is there already */
	SANDBOX_NETWORK = 4,		/* all kinds of sockets */
	SANDBOX_SIGNALS = 8,		/* signals to others, and waiting for children */
	SANDBOX_BPF = 16,		/* bpf(2) */
	SANDBOX_TRACING = 32,		/* ptrace(2), and reading others' memory and descriptors; signals too */
};

struct sandbox {
	const char *write_in[SANDBOX_MAX_DIRS];	/* folders below which files may be made, written, renamed, removed;
						 * NULL ends them. One that does not exist is passed over. */
	/*
	 * Do without Landlock: whoever is confined by it may not look at processes that are not, so that most of
	 * /proc/PID is closed (security/landlock/task.c).
	 */
	bool anywhere;
	unsigned may;			/* enum sandbox_may bits */
	const char *who;		/* refused calls are said to be this one's, and counted (refusal.h); NULL: they just fail */
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
