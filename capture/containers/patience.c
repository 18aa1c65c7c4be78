// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/containers/patience.h"
#include "capture/priority.h"
#include "capture/thread.h"
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

static pthread_mutex_t mutex;		/* the recording thread takes it, too */
static struct cap_patience *hanging[MAX_HANGING];	/* those that were left and have not ended */
static bool full_said;

static void make_mutex(void)
{
	cap_priority__mutex(&mutex);
}

static void lock(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_mutex);
	pthread_mutex_lock(&mutex);
}

static void unlock(void)
{
	pthread_mutex_unlock(&mutex);
}

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
	lock();
	left = j->left;
	at = left ? place_of(j) : NULL;
	if (at)
		*at = NULL;
	j->done = true;
	pthread_cond_signal(&j->ended);
	unlock();
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

	while (!j->done && !pthread_cond_timedwait(&j->ended, &mutex, &until))
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
	bool full, may, tell;

	lock();
	full = !place_of(NULL);
	may = !full && !hangs(j->key);
	tell = full && !full_said;
	full_said = full;
	unlock();
	if (tell)
		log_warn("files in %u places do not answer; no others that may not are looked at until some do", MAX_HANGING);
	if (may && !cap_thread__start_alone(STACK, run, j))
		return j;
	free_job(j, true);
	return NULL;
}

bool cap_patience__has_ended(struct cap_patience *j)
{
	bool done;

	lock();
	done = j->done;
	unlock();
	return done;
}

bool cap_patience__end(struct cap_patience *j, unsigned ms)
{
	char key[CAP_PATIENCE_KEY];
	bool done;

	lock();
	done = wait_for(j, ms);
	memcpy(key, j->key, sizeof(key));	/* one that was left may end at once */
	unlock();
	if (done)
		free_job(j, false);
	else
		say(key);
	return done;
}

bool cap_patience__do(const char *key, unsigned ms, void (*fn)(void *arg), void (*drop)(void *arg), void *arg)
{
	struct cap_patience *j = cap_patience__begin(key, fn, drop, arg);

	return j && cap_patience__end(j, ms);
}
