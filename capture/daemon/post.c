// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "capture/daemon/post.h"
#include "capture/priority.h"

struct cap_call {			/* on the stack of who waits */
	void (*fn)(void *arg);
	void *arg;
	struct cap_call *next;
	enum { WAITS, MADE, REFUSED } state;
};

int cap_post__init(struct cap_post *p)
{
	*p = (struct cap_post){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	p->last = &p->first;
	cap_priority__mutex(&p->lock);
	pthread_cond_init(&p->done, NULL);
	return p->fd < 0 ? -errno : 0;
}

void cap_post__done(struct cap_post *p)
{
	if (p->fd >= 0)
		close(p->fd);
	pthread_cond_destroy(&p->done);
	pthread_mutex_destroy(&p->lock);
}

void cap_post__wake(struct cap_post *p)
{
	uint64_t one = 1;
	ssize_t n = write(p->fd, &one, sizeof(one));

	(void)n;			/* the recording thread looks by itself, too, only later */
}

bool cap_post__call(struct cap_post *p, void (*fn)(void *arg), void *arg)
{
	struct cap_call c = { .fn = fn, .arg = arg };

	pthread_mutex_lock(&p->lock);
	if (p->closed) {
		pthread_mutex_unlock(&p->lock);
		return false;
	}
	*p->last = &c;			/* taken off before this returns: see take_all, cap_post__close */
	// cppcheck-suppress autoVariables
	p->last = &c.next;
	cap_post__wake(p);
	while (c.state == WAITS)
		pthread_cond_wait(&p->done, &p->lock);
	pthread_mutex_unlock(&p->lock);
	return c.state == MADE;
}

static struct cap_call *take_all(struct cap_post *p)
{
	struct cap_call *c = p->first;

	p->first = NULL;
	p->last = &p->first;
	return c;
}

static void answer(struct cap_post *p, struct cap_call *c, bool made)
{
	while (c) {
		struct cap_call *next = c->next;	/* c goes when its owner wakes */

		c->state = made ? MADE : REFUSED;
		c = next;
	}
	pthread_cond_broadcast(&p->done);
}

void cap_post__run(struct cap_post *p)
{
	struct cap_call *calls;
	uint64_t n;

	if (read(p->fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		return;
	pthread_mutex_lock(&p->lock);
	calls = take_all(p);
	pthread_mutex_unlock(&p->lock);
	for (struct cap_call *c = calls; c; c = c->next)
		c->fn(c->arg);
	if (!calls)
		return;
	pthread_mutex_lock(&p->lock);
	answer(p, calls, true);
	pthread_mutex_unlock(&p->lock);
}

void cap_post__close(struct cap_post *p)
{
	pthread_mutex_lock(&p->lock);
	p->closed = true;
	answer(p, take_all(p), false);
	pthread_mutex_unlock(&p->lock);
}
