/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inside - which containers namespaces are of, at one moment: so it is known who had entered one before the recording began.
 *
 * Namespaces are told by their addresses in the kernel. A container's are those that its processes are in, by their
 * cgroups: its mount namespace, and its pid namespace if the init of that is its own. The machine's own are never one's.
 */
#ifndef CAP_INSIDE_H
#define CAP_INSIDE_H

#include <stdbool.h>

#include "engine/state/idmap.h"
#include "format/base/alloc.h"

struct cap_inside {
	struct idmap owners;		/* ids by namespace */
	struct arena mem;
};

/*
 * The id of the container that a process is in, as it is shown, into id; false: none, or its cgroups do not say. cgroup: the text
 * of /proc/PID/cgroup, or NULL.
 */
bool cap_inside__container(const char *cgroup, char id[65]);
/* This namespace is that container's, unless it is another's already. 0 is none. */
void cap_inside__add(struct cap_inside *in, uint64_t ns, const char *id);
/* Whose it is; NULL: nobody's. Lasts as long as this. */
const char *cap_inside__of(const struct cap_inside *in, uint64_t ns);
void cap_inside__done(struct cap_inside *in);

#endif
