/* SPDX-License-Identifier: Apache-2.0 */
/*
 * refusal - system calls that a filter of the sandbox refuses, told instead of silently failed: one line on the standard error for
 * each call and each who, and a count. The caller is answered as it would be without this.
 *
 * The filter answers SECCOMP_RET_TRAP, with refusal__data() as its data; the signal that comes of it (SIGSYS) is handled here.
 * A thread that has this signal blocked when it is refused something is killed with its process (seccomp(2)): so what C
 * libraries try while they block signals (clone, clone3) must be answered by SECCOMP_RET_ERRNO.
 */
#ifndef FMT_REFUSAL_H
#define FMT_REFUSAL_H

#include <stdint.h>

#define REFUSAL_MAX_WHO 16u		/* those that are told apart; all others are one */

/*
 * Handle the signal in this process, and let it through to this thread and those that it makes later. who: what it is called
 * in the line, forever valid; the same pointer is the same. Returns its number, negative where that cannot be done.
 */
int refusal__watch(const char *who);
/* The data of SECCOMP_RET_TRAP: who, and the errno (1 to 255) that the caller is to get. */
uint32_t refusal__data(int who, int error);
/* Calls that were refused so far. */
uint64_t refusal__n(void);

#endif
