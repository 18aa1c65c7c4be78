/* SPDX-License-Identifier: Apache-2.0 */
/* privilege - what the recorder may do: as little as it needs, once it has begun. */
#ifndef CAP_PRIVILEGE_H
#define CAP_PRIVILEGE_H

#include <stdbool.h>

/* Say in the log what will stay unknown for want of which capability. */
void cap_privilege__warn(void);
/*
 * Give up, for good, every capability but those that recording goes on to need: CAP_BPF and
 * CAP_PERFMON for the programs, CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH to read /proc and runtimes'
 * files, with a command CAP_KILL to pass signals on. No program that is executed from now on gains
 * any. Of the calling thread, and of threads that it makes from then on.
 */
void cap_privilege__drop(bool command);

#endif
