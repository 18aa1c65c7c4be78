// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include "capture/thread.h"

int cap_thread__start(pthread_t *ret, void *(*fn)(void *arg), void *arg)
{
	sigset_t most, old;
	int rc;

	sigfillset(&most);
	sigdelset(&most, SIGSYS);
	pthread_sigmask(SIG_SETMASK, &most, &old);
	rc = pthread_create(ret, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -rc;
}
