/* SPDX-License-Identifier: Apache-2.0 */
/*
 * act - carries out plans of playbooks.
 *
 * Two threads: one for what is quick and must not wait (capture, kill, freeze, the network), one for what may take long
 * (programs, the API server, messages). A plan goes through the first and then, with what came out, through the second; within each its
 * steps keep their order. Both have a queue with an end: what does not fit is reported as failed, not waited for.
 *
 * Every step of a plan is reported exactly once, those that are not done because of their verdict too.
 *
 * Threads: submit from any; callbacks come from either of the threads, or from submit's.
 */
#ifndef CAP_ACT_H
#define CAP_ACT_H

#include <stdatomic.h>

#include "engine/playbook/playbook.h"

#define ACT_QUEUE 64u			/* plans that wait, for each of the threads */

/* What became of a step; texts are borrowed for the call, and made of what an attacker may have said. */
struct act_result {
	const struct pb_plan *plan;
	const struct pb_part *part;
	const struct pb_step *step;
	enum pb_verdict verdict;
	int error;			/* with PBV_DO: 0, or a negative code */
	const char *text;		/* a sentence: what was done, or why not */
	uint64_t at, duration;		/* ns since the epoch, ns; of what was not done 0 */
};

struct act_opts {
	void (*on_result)(void *arg, const struct act_result *r);
	/* capture: ask the recorder. 0, or negative with err. NULL: there is no recorder. */
	int (*capture)(void *arg, const struct pb_plan *p, const struct pb_step *s, struct err *err);
	void *arg;
	const char *pin_dir;		/* of bpffs, where cuts are kept over our end; NULL: they end with us */
	const char *node;		/* name of this node; NULL: not known */
};

struct act;
int act__new(struct act **ret, const struct act_opts *o, struct err *err);
/*
 * The plan is taken over, whatever happens. True if it was accepted whole; else what did not fit has been reported as failed.
 */
bool act__submit(struct act *a, struct pb_plan *p);
struct act_counts {
	atomic_ullong done, failed, not_done, dropped;	/* steps; dropped are among the failed */
};
const struct act_counts *act__counts(const struct act *a);
/* Waits for what has begun, reports what has not as failed. Programs and requests that run are ended. */
void act__free(struct act *a);
/* Wait until nothing is to be done; false after timeout_ns. */
bool act__drain(struct act *a, uint64_t timeout_ns);

/* --- the actions, each with what came of it as a sentence in text (act_NAME.c) ----------------------------------- */

struct act_env {
	const struct act_opts *o;
	const atomic_bool *stop;
	int64_t boot_offset;		/* that the times of processes in a recording which begins now have */
	struct act_kube *kube;		/* made when it is first needed, for these playbooks */
	struct playbook *kube_pb;
};

/* The directory of a container's control group. */
enum act_tree { ACT_V2, ACT_FREEZER };
bool act_cgroup__mount(enum act_tree tree, char path[4096]);	/* where it is mounted, if it is */
int act_cgroup__find(const struct pb_target *t, enum act_tree tree, char path[4096], struct err *err);

/* boot_offset: from CLOCK_BOOTTIME to the epoch as it was when the recording began, in ns. */
int act_kill__process(const struct pb_target *t, int64_t boot_offset, struct buf *text, struct err *err);
int act_kill__container(const struct pb_target *t, struct buf *text, struct err *err);
int act_freeze__set(const struct pb_target *t, bool frozen, struct buf *text, struct err *err);
/* At once, for open connections too. pin_dir may be NULL. Twice is as once, with the last addresses. */
int act_network__cut(const struct pb_target *t, const struct cfg_strings *reachable, const char *pin_dir, struct buf *text,
		     struct err *err);
int act_network__restore(const struct pb_target *t, const char *pin_dir, struct buf *text, struct err *err);
/* Let go of cuts whose container is gone, and of all that are not pinned. */
void act_network__sweep(const char *pin_dir);
void act_network__done(void);
/* Give it the alert; what it says, shortened, is the text. Ended after the step's time limit, or when *stop is set. */
int act_run__program(const struct pb_plan *p, const struct pb_step *s, const atomic_bool *stop, struct buf *text, struct err *err);

/* What became of the steps of a plan so far. */
struct act_outcome {
	const struct pb_step *step;
	bool known;
	int error;
	char *text;			/* owned */
};

/* Why an action failed, and what to do about it where that is known. error: a negative errno; the text may be strerror's. */
enum act_kind { ACT_ON_GROUP, ACT_ON_NETWORK };
const char *act_why(int error, enum act_kind kind);

/* The privileges that matter, of the thread that makes the actors: theirs, too. */
struct act_needs {
	bool net_admin, kill;
};
void act_needs__look(struct act_needs *n);
/* Say in the log which of a file's actions will fail for want of something. From any thread. */
void act_needs__warn(const struct act_needs *has, const struct playbook *pb);

uint64_t act_now(void);			/* ns since the epoch */
uint64_t act_clock(void);		/* monotonic ns */

#endif
