// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include "capture/thread.h"

static int start(pthread_t *ret, const pthread_attr_t *a, void *(*fn)(void *arg), void *arg)
{
	sigset_t most, old;
	int rc;

	sigfillset(&most);
	sigdelset(&most, SIGSYS);
	pthread_sigmask(SIG_SETMASK, &most, &old);
	rc = pthread_create(ret, a, fn, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -rc;
}

int cap_thread__start(pthread_t *ret, void *(*fn)(void *arg), void *arg)
{
	return start(ret, NULL, fn, arg);
}

int cap_thread__start_alone(size_t stack, void *(*fn)(void *arg), void *arg)
{
	pthread_attr_t a;
	pthread_t t;
	int rc;

	pthread_attr_init(&a);
	pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
	if (stack)
		pthread_attr_setstacksize(&a, stack);
	rc = start(&t, &a, fn, arg);
	pthread_attr_destroy(&a);
	return rc;
}
