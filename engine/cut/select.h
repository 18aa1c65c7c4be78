/* SPDX-License-Identifier: Apache-2.0 */
/*
 * select - which events are asked for: -c and -f, as one question to the condition language.
 */
#ifndef ENG_SELECT_H
#define ENG_SELECT_H

#include "engine/filter/filter.h"

struct selection;

/*
 * n containers (ids or names, or how they begin) and a condition (NULL: none). NULL in *ret if nothing is asked: all
 * events are. Errors name the option, with a caret.
 */
int selection__new(struct selection **ret, const char *const *containers, size_t n, const char *condition,
		   struct err *err);
/*
 * What one container did, by its full id (or what is shown of it), and what the host did to it: signals to its processes,
 * entering its namespaces, programs, mounts, cgroups, files opened for writing and notes about it whose text names it.
 */
int selection__of_container(struct selection **ret, const char *id, struct err *err);
/* Is it such a one? */
bool selection__is_of_container(const struct selection *s);
/* Of such a one: is this its container? Then all that its processes do is asked for. */
bool selection__is_it(const struct selection *s, const struct eng_container *c);
/* Can such a one ask for an event of this type that its container has not done? */
bool selection__may_concern_others(uint16_t type);
/* Can it ask for this one, which has been entered into the state? */
bool selection__concerns_others(const struct eng_ctx *ctx);
void selection__free(struct selection *s);
/* Before the first event of each batch. s may be NULL, here and below. */
void selection__batch(struct selection *s, const struct fmt_batch *b);
/*
 * Is the event, which has been entered into the state, asked for? A loss always is, for it may have been one of those
 * asked for; a recorded alert is if its container is.
 */
bool selection__has(struct selection *s, const struct eng_ctx *ctx);

#endif
