/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scope - which rows go into the trace: what is about containers (-c: engine/cut/about.h), a command's
 * processes, a condition (-f).
 *
 * Whatever is asked for, the lives of processes (births, execs, deaths, moves between cgroups) are
 * recorded of the whole machine: without them nobody could say later who a process was. Those of
 * strangers are context. A container
 * that is asked for by a name that is not known yet is recorded as soon as its name is; until then
 * every nameless container is, lest its beginning be missed.
 */
#ifndef CAP_SCOPE_H
#define CAP_SCOPE_H

#include "engine/filter/filter.h"
#include "engine/state/state.h"

#define CAP_MAX_SCOPE 8u		/* containers: CAP_IDS */
#define CAP_CGROUP_NAME 80u		/* CAP_NAME_WORDS of eight bytes */
#define CAP_MAX_CGROUPS (CAP_MAX_SCOPE * 5u)	/* CAP_NAMES_PER_ID */

struct cap_scope {
	const char *containers[CAP_MAX_SCOPE];	/* as given */
	char ids[CAP_MAX_SCOPE][65];	/* what they were resolved to; "": unknown so far */
	const char *runtimes[CAP_MAX_SCOPE];	/* who knows them; NULL: nobody */
	unsigned n_containers;
	bool only_command;
	uint32_t command;		/* its process id */
	uint8_t *in_tree;		/* only_command: bit set = process descends from it */
	bool by_order;			/* the condition asks for the place among all events */
	struct eng_prog *prog;
	struct eng_run *run;
	struct about *about;		/* containers are asked for */
	struct arena mem;
};

int cap_scope__container(struct cap_scope *s, const char *name, struct err *err);
int cap_scope__filter(struct cap_scope *s, const char *text, struct err *err);
void cap_scope__command(struct cap_scope *s, uint32_t pid);
void cap_scope__done(struct cap_scope *s);

/* Look the containers up by name. */
void cap_scope__resolve(struct cap_scope *s);
/*
 * What the cgroups of those that are asked for are called, or begin with: the driver can leave out
 * all others itself. Their number; 0 if that cannot be said of one of them.
 */
unsigned cap_scope__cgroups(const struct cap_scope *s, char (*names)[CAP_CGROUP_NAME]);
/* The set of event types that the condition can ever match, a bit each, borrowed; NULL: all have to be there. */
const uint8_t *cap_scope__types(const struct cap_scope *s);
/* Does any row have to be looked at? */
bool cap_scope__active(const struct cap_scope *s);
enum cap_wanted {
	WANT_NO,
	WANT_CONTEXT,		/* for the state of those that read it: not theirs to list or to match */
	WANT_YES,
};

/* To be called with the first row of each batch that rows are looked at in. */
void cap_scope__batch(struct cap_scope *s, const struct fmt_batch *b);
enum cap_wanted cap_scope__wants(struct cap_scope *s, const struct eng_ctx *ctx);

#endif
