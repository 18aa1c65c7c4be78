/* SPDX-License-Identifier: Apache-2.0 */
/* proc_text - what only /proc tells of a process: the text in its own memory, and its cgroups. */
#ifndef CAP_PROC_TEXT_H
#define CAP_PROC_TEXT_H

#include <stdbool.h>

#include "format/base/alloc.h"

struct cap_proc_text {
	char *cmdline, *environ, *cgroup;	/* NULL: not readable; in the arena */
	uint32_t n_cmdline, n_environ;		/* without the final NUL */
	bool environ_cut;			/* there is more than was asked for */
	uint64_t vm_size, vm_rss;		/* KiB */
};

/*
 * Read it for a process. What cannot be read, because the process has gone or for want of
 * privilege, stays empty. env_len: how much of the environment, at most CAP_ENV_MAX.
 */
void cap_proc_text__read(struct cap_proc_text *t, uint32_t pid, uint32_t env_len,
			 struct arena *mem);
/*
 * A whole small file below /proc or elsewhere, at most max bytes: its length, or -1. buf has room
 * for max + 1.
 */
long cap_proc__slurp(int dirfd, const char *path, char *buf, size_t max);

#endif
