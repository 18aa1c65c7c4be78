// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/containers/patience.h"
#include "format/base/alloc.h"
#include "format/base/log.h"
#include "format/base/text.h"

#define MAX_HANGING 128u		/* threads that are left behind */
#define STACK (1u << 20)

struct cap_patience {
	void (*fn)(void *arg);
	void (*drop)(void *arg);
	void *arg;
	bool done, left;		/* left: nobody waits for it */
	pthread_cond_t ended;
	char key[CAP_PATIENCE_KEY];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct cap_patience *hanging[MAX_HANGING];	/* those that were left and have not ended */

static bool hangs(const char *key)
{
	for (unsigned i = 0; i < MAX_HANGING; i++)
		if (hanging[i] && !strcmp(hanging[i]->key, key))
			return true;
	return false;
}

/* Where this one is; NULL: where there is room. */
static struct cap_patience **place_of(const struct cap_patience *j)
{
	for (unsigned i = 0; i < MAX_HANGING; i++)
		if (hanging[i] == j)
			return &hanging[i];
	return NULL;
}

static void free_job(struct cap_patience *j, bool with_arg)
{
	if (with_arg)
		j->drop(j->arg);
	pthread_cond_destroy(&j->ended);
	free(j);
}

static void *run(void *arg)
{
	struct cap_patience *j = arg, **at;
	bool left;

	j->fn(j->arg);
	pthread_mutex_lock(&lock);
	left = j->left;
	at = left ? place_of(j) : NULL;
	if (at)
		*at = NULL;
	j->done = true;
	pthread_cond_signal(&j->ended);
	pthread_mutex_unlock(&lock);
	if (left)
		free_job(j, true);
	return NULL;
}

static struct cap_patience *new_job(const char *key, void (*fn)(void *arg), void (*drop)(void *arg), void *arg)
{
	struct cap_patience *j = xcalloc(1, sizeof(*j));
	pthread_condattr_t clock;

	j->fn = fn;
	j->drop = drop;
	j->arg = arg;
	strncpy(j->key, key, sizeof(j->key) - 1);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&j->ended, &clock);
	pthread_condattr_destroy(&clock);
	return j;
}

/* Signals are the main thread's. */
static bool begin(struct cap_patience *j)
{
	sigset_t all, old;
	pthread_attr_t a;
	pthread_t t;
	bool begun;

	pthread_attr_init(&a);
	pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&a, STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	begun = !pthread_create(&t, &a, run, j);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&a);
	return begun;
}

static struct timespec in(unsigned ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += ms / 1000;
	t.tv_nsec += ms % 1000 * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

/* With the lock. True: it has ended; else it is left behind. */
static bool wait_for(struct cap_patience *j, unsigned ms)
{
	struct timespec until = in(ms);
	struct cap_patience **room;

	while (!j->done && !pthread_cond_timedwait(&j->ended, &lock, &until))
		;
	if (j->done)
		return true;
	j->left = true;
	room = place_of(NULL);
	if (room)
		*room = j;
	return false;
}

static void say(const char *key)
{
	struct buf b = { 0 };

	text__safe(&b, key, strlen(key));
	buf__u8(&b, 0);
	log_warn("%s: its files do not answer; they are left out until they do", (const char *)b.p);
	buf__done(&b);
}

struct cap_patience *cap_patience__begin(const char *key, void (*fn)(void *arg), void (*drop)(void *arg), void *arg)
{
	struct cap_patience *j = new_job(key, fn, drop, arg);
	bool may;

	pthread_mutex_lock(&lock);
	may = !hangs(j->key) && place_of(NULL);
	pthread_mutex_unlock(&lock);
	if (may && begin(j))
		return j;
	free_job(j, true);
	return NULL;
}

bool cap_patience__has_ended(struct cap_patience *j)
{
	bool done;

	pthread_mutex_lock(&lock);
	done = j->done;
	pthread_mutex_unlock(&lock);
	return done;
}

bool cap_patience__end(struct cap_patience *j, unsigned ms)
{
	bool done;

	pthread_mutex_lock(&lock);
	done = wait_for(j, ms);
	if (!done)
		say(j->key);
	pthread_mutex_unlock(&lock);
	if (done)
		free_job(j, false);
	return done;
}

bool cap_patience__do(const char *key, unsigned ms, void (*fn)(void *arg), void (*drop)(void *arg), void *arg)
{
	struct cap_patience *j = cap_patience__begin(key, fn, drop, arg);

	return j && cap_patience__end(j, ms);
}
