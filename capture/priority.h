/* SPDX-License-Identifier: Apache-2.0 */
/*
 * priority - that the thread which empties the kernel's buffers has a processor when it needs one.
 *
 * A nice value weighs within a control group only, and each container's group has a share as the recorder's has: where many
 * wait for a processor, so does the recorder, and what the buffers have no room for meanwhile is lost. The lowest real-time
 * priority comes before all of them (sched(7)). It goes to one thread, whose work follows from what the others do: it takes no
 * more than one processor, and no more of that than the kernel leaves to real-time threads (sched_rt_runtime_us, 95 %).
 */
#ifndef CAP_PRIORITY_H
#define CAP_PRIORITY_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <sys/types.h>

/* A better nice value, if we may: of the calling thread, and of threads that it makes from then on. */
void cap_priority__nice(void);

/*
 * A real-time priority for the calling thread, from a moment on at which it may have given its privileges up. Threads that it
 * makes before then have its nice value; those that it makes later have neither (SCHED_RESET_ON_FORK).
 */
struct cap_realtime {
	pthread_t helper;		/* keeps the privileges meanwhile */
	sem_t decided;
	pid_t thread;
	bool prepared, wanted;
	char refused[256];		/* why there is none, "" if nothing was refused */
};
/* While the privileges are there. */
void cap_realtime__prepare(struct cap_realtime *r);
/* Now, if it was prepared. What is missing is logged, and is in r->refused: then the nice value is what there is. */
void cap_realtime__begin(struct cap_realtime *r);
/* Prepared, and not to be: fine after begin, and for one that is all 0. */
void cap_realtime__cancel(struct cap_realtime *r);

/* What is in force for a thread. */
struct cap_priority {
	const char *policy;		/* as sched(7) names it */
	int realtime, nice;		/* realtime: 1 to 99; 0: none */
};
void cap_priority__of(pid_t thread, struct cap_priority *ret);

/*
 * Like pthread_mutex_init: whoever holds it runs with the priority of the thread that waits for it. For locks that the recording thread
 * takes, lest it wait for a holder that waits for a processor.
 */
void cap_priority__mutex(pthread_mutex_t *m);

#endif
