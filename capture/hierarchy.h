/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hierarchy - names of the cgroup hierarchies of this machine.
 *
 * Traces name cgroups "subsystem=path", one for each subsystem. The kernel's programs say which
 * hierarchy, by number; which subsystems that has stands in /proc/cgroups, and in /proc/self/cgroup
 * for named ones. The unified hierarchy (0) has the subsystems that no other has; if all are
 * elsewhere it is called "unified".
 *
 * Paths in /proc/PID/cgroup begin where the reader's cgroup namespace does: in a container usually at the container's own
 * cgroup, so that another's is "/../ID" there. Where that is must be told (by the kernel's programs); then paths are
 * whole again, as those of events are.
 */
#ifndef CAP_HIERARCHY_H
#define CAP_HIERARCHY_H

#include <stdbool.h>

#include "format/base/alloc.h"

#define CAP_MAX_HIERARCHIES 32u

struct cap_hierarchies {
	unsigned n;
	struct {
		int id;
		char names[192];	/* "cpu,cpuacct" */
	} h[CAP_MAX_HIERARCHIES];
	unsigned n_roots;		/* 0: the machine's cgroup namespace, or it is not known where ours begins */
	struct {
		int id;
		char path[1024];	/* of the namespace's root; "/": the machine's */
	} roots[CAP_MAX_HIERARCHIES];
};

/* Is the recorder in a cgroup namespace of its own? */
bool cap_hierarchies__are_private(void);
/* Where the namespace begins in one of them, instead of what was said before. What is too long is passed over. */
void cap_hierarchies__root(struct cap_hierarchies *h, int id, const char *path);

void cap_hierarchies__read(struct cap_hierarchies *h);
/* Names of a hierarchy, "" if it is not known even after reading them again. */
const char *cap_hierarchies__names(struct cap_hierarchies *h, int id);
/* The text of a /proc/PID/cgroup as a PT_STRLIST of whole paths, appended to out. */
void cap_hierarchies__list(struct cap_hierarchies *h, const char *text, struct buf *out);

#endif
