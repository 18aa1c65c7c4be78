/* SPDX-License-Identifier: Apache-2.0 */
/*
 * monitor - the process that watches over a container: containerd's shim, conmon, LXC's monitor,
 * systemd-nspawn. It is an ancestor of the container's processes, and tells where the runtime keeps
 * the container's files, wherever that is, also in another container.
 */
#ifndef CAP_MONITOR_H
#define CAP_MONITOR_H

#include <stdbool.h>
#include <stdint.h>

enum cap_monitor_kind { CAP_SHIM, CAP_CONMON, CAP_LXC_MONITOR, CAP_NSPAWN };

struct cap_monitor {
	uint32_t pid;
	enum cap_monitor_kind kind;
	/* as the monitor sees it: the container's folder; of systemd-nspawn "" */
	char bundle[512];
};

/*
 * Of the container that pid lives in. A process inside of the container that calls itself a monitor
 * is none. False if there is no monitor, or /proc does not tell.
 */
bool cap_monitor__find(struct cap_monitor *m, uint32_t pid, const char *full_id);

/* Is a process in the container's cgroup, or, if that cannot be read, may it be? */
bool cap_monitor__is_inside(uint32_t pid, const char *full_id);

#endif
