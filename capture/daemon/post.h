/* SPDX-License-Identifier: Apache-2.0 */
/*
 * post - calls that other threads want made in the recording thread, which alone may touch the recorder and the
 * state. It makes them between two rounds; who asks waits for that, never the other way round.
 */
#ifndef CAP_POST_H
#define CAP_POST_H

#include <pthread.h>
#include <stdbool.h>

struct cap_call;

struct cap_post {
	pthread_mutex_t lock;
	pthread_cond_t done;
	struct cap_call *first, **last;
	int fd;				/* readable while calls wait */
	bool closed;
};

/* 0 or -errno. */
int cap_post__init(struct cap_post *p);
void cap_post__done(struct cap_post *p);

/* Have fn called in the recording thread and wait until it has been; false: there is no recording (any more). */
bool cap_post__call(struct cap_post *p, void (*fn)(void *arg), void *arg);
/* Do not wait, but have the recording thread make its round now. */
void cap_post__wake(struct cap_post *p);
/* In the recording thread: make the calls that wait. */
void cap_post__run(struct cap_post *p);
/* No more calls are made: those that wait, and later ones, return false. */
void cap_post__close(struct cap_post *p);

#endif
