/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor - the process that watches over a container: containerd's shim, conmon. It is an ancestor
 * of the container's processes, and tells where the runtime keeps the container's files, wherever
 * that is, also in another container.
 */
#ifndef CAP_MONITOR_H
#define CAP_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

struct cap_monitor {
	uint32_t pid;
	char bundle[512];		/* as the monitor sees it */
};

/*
 * Of the container that pid lives in. A process inside of the container that calls itself a monitor
 * is none. False if there is no monitor, or /proc does not tell.
 */
bool cap_monitor__find(struct cap_monitor *m, uint32_t pid, const char *full_id);

#endif
