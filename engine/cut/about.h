/* SPDX-License-Identifier: Apache-2.0 */
/*
 * about - is an event about a container: did the container do it, or did the host do it to the container?
 */
#ifndef ENG_ABOUT_H
#define ENG_ABOUT_H

#include "engine/state/state.h"

struct about;

/* id: the full id, or what is shown of it. -FMT_E_VALUE if it is empty or too long. */
int about__new(struct about **ret, const char *id, struct err *err);
void about__free(struct about *a);
/* Before the first event of each batch. */
void about__batch(struct about *a, const struct fmt_batch *b);
/* Is it this container? Then all that its processes do is about it. NULL is none. */
bool about__is_it(const struct about *a, const struct eng_container *c);
/* Can an event of this type be about a container that did not do it? */
bool about__may_concern_others(uint16_t type);
/* Can this one be, which has been entered into the state? */
bool about__concerns_others(const struct eng_ctx *ctx);
/* The event has been entered into the state. */
bool about__has(struct about *a, const struct eng_ctx *ctx);

#endif
