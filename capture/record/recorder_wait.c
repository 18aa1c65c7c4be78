// SPDX-License-Identifier: Apache-2.0
/*
 * Between two rounds. While something comes the rings are looked at every 20 ms, every 2 while that is much. When two rounds
 * in a row have found nothing, the thread sleeps until the first record wakes it, or until it has something of its
 * own to do. Then the pause is the same: where little comes all the time, whoever hurried would wake more often than by the clock.
 */
#include <limits.h>
#include <poll.h>

#include "capture/record/recorder_internal.h"

#define BUSY_PAUSE_MS 2
#define PAUSE_MS 20
#define BUSY_ROUND 4000u		/* records: some 2 ms of work, or */
#define BUSY_FILL 0.05			/* of a ring */

static int pause_ms(struct cap_recorder *r)
{
	int ms = r->in_round > BUSY_ROUND || cap_rings__fill(r->driver) > BUSY_FILL ? BUSY_PAUSE_MS : PAUSE_MS;
	int look = cap_containers__wait_ms(&r->containers);

	return look < ms ? look : ms;
}

/* Nothing has come, and nothing is to be done but the next flush. */
static bool is_quiet(struct cap_recorder *r)
{
	const struct cap_target *t = r->target;

	return !r->in_round && !cap_heal__has_work(&r->heal) && cap_containers__wait_ms(&r->containers) == INT_MAX &&
	       !(t->ops->hurry && t->ops->hurry(r->target)) && cap_rings__empty(r->driver);
}

static int until_flush_ms(const struct cap_recorder *r)
{
	uint64_t now = cap_recorder__now(r), due = r->flushed + r->o.flush_ns, ms = due > now ? (due - now) / 1000000u + 1 : 1;

	return ms < INT_MAX ? (int)ms : INT_MAX;
}

static void stop_asking(struct cap_recorder *r)
{
	if (r->asked)
		cap_rings__hear(r->driver);
	r->asked = false;
}

/* A flush is due after a second at the latest, so that this is no longer. */
static void sleep_until_woken(struct cap_recorder *r, struct pollfd fds[2], int most_ms)
{
	int ms = until_flush_ms(r);

	poll(fds, 2, ms < most_ms ? ms : most_ms);
	r->slept = true;
	if (!fds[1].revents)
		return;
	stop_asking(r);
	if (!fds[0].revents)
		poll(fds, 1, most_ms < PAUSE_MS ? most_ms : PAUSE_MS);
}

void cap_recorder__wait(struct cap_recorder *r, int fd, int most_ms, bool may_sleep)
{
	struct pollfd fds[2] = { { .fd = fd, .events = POLLIN },
				 { .fd = cap_rings__bell(r->driver), .events = POLLIN } };
	bool quiet = may_sleep && fds[1].fd >= 0 && is_quiet(r);
	int ms = pause_ms(r);

	if (quiet && r->asked) {
		sleep_until_woken(r, fds, most_ms);
		return;
	}
	if (quiet) {
		cap_rings__ask(r->driver);
		r->asked = true;
	} else {
		stop_asking(r);
	}
	poll(fds, 1, ms < most_ms ? ms : most_ms);
}
