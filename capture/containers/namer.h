/* SPDX-License-Identifier: Apache-2.0 */
/*
 * namer - finds out names of containers on a thread of its own, so that a slow disk never delays an
 * event.
 *
 * A question is asked once; the answer comes when a runtime has written it down, which may be after
 * it has started the container: the files are looked at often at first, since the container may be
 * gone soon and its files with it, then ever more rarely, for some six seconds. A second after a
 * first answer they are looked at once more: addresses come late.
 * Threads: all calls from one thread; the namer's own never touches what is the caller's.
 */
#ifndef CAP_NAMER_H
#define CAP_NAMER_H

#include "capture/containers/container_info.h"

struct cap_namer;

struct cap_answer {
	char full_id[65];
	bool found;			/* info holds something new; false: no runtime knows it */
	bool last;			/* no other answer will follow */
	struct cap_container_info info;	/* the caller's, to be freed: buf__done(&info.json) */
};

/* The thread begins here, with the nice value of the caller, who may have a real-time priority when the first question comes. */
int cap_namer__new(struct cap_namer **ret, bool with_env);
void cap_namer__free(struct cap_namer *n);
/* Begin to ask, or ask at once and by another process of it. begun: as in cap_container__look_up. */
void cap_namer__ask(struct cap_namer *n, const char *full_id, uint32_t pid, bool begun);
/* It has ended: look once more, at once; that answer is the last. */
void cap_namer__hurry(struct cap_namer *n, const char *full_id);
/* The next answer, if there is one. */
bool cap_namer__answer(struct cap_namer *n, struct cap_answer *ret);
/* Is there an answer, or a look that the caller should come back for soon? */
bool cap_namer__busy(struct cap_namer *n);
/* Wait until every question has been looked at since it was asked or hurried; at most ms. */
void cap_namer__settle(struct cap_namer *n, unsigned ms);

#endif
