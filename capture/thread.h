/* SPDX-License-Identifier: Apache-2.0 */
/* thread - threads that no signal interrupts: signals are the main thread's, a broken pipe is an error. */
#ifndef CAP_THREAD_H
#define CAP_THREAD_H

#include <pthread.h>
#include <stddef.h>

/*
 * As pthread_create; 0, or a negative errno. The thread has all signals blocked but the one by which a refused system call is
 * told (format/base/refusal.h).
 */
int cap_thread__start(pthread_t *ret, void *(*fn)(void *arg), void *arg);
/* The same for one that nobody joins. stack: bytes for it, 0: the usual ones. */
int cap_thread__start_alone(size_t stack, void *(*fn)(void *arg), void *arg);

#endif
