/* SPDX-License-Identifier: Apache-2.0 */
/*
 * select - which events are asked for: those about containers (about.h), and those that satisfy a condition.
 */
#ifndef ENG_SELECT_H
#define ENG_SELECT_H

#include "engine/filter/filter.h"

struct selection;

/*
 * What is about n containers, given by their ids or names or how these begin (strings borrowed), and satisfies a condition
 * (NULL: none). NULL in *ret if nothing is asked: all events are. Errors name the option, with a caret.
 */
int selection__new(struct selection **ret, const char *const *containers, size_t n, const char *condition,
		   struct err *err);
/* A whole id, or as much of one as is shown: nothing that a name could be meant by. */
bool selection__is_id(const char *container);
/*
 * Is this container asked for? Then it is by its id from now on: also where its name is not known yet. Containers that
 * have one of the names are found so before the events are.
 */
void selection__see(struct selection *s, const char *id, const char *name);
/* What is about one container, by its full id (or what is shown of it). -FMT_E_VALUE if it is empty or too long. */
int selection__of_container(struct selection **ret, const char *id, struct err *err);
/* Are containers asked for, and all that is about them? */
bool selection__is_of_container(const struct selection *s);
/* Of such a one: is this one of them? Then all that its processes do is asked for. */
bool selection__is_it(const struct selection *s, const struct eng_container *c);
/* Of such a one: does the thread act inside of one of them? As eng_thread__inside. */
bool selection__is_inside(const struct selection *s, struct eng_state *st, const struct eng_thread *t);
/* Can such a one ask for an event of this type that no container of its has done? */
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
