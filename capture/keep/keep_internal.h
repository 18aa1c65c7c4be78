/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep_internal - a file that is being made, and who works on it.
 */
#ifndef CAP_KEEP_INTERNAL_H
#define CAP_KEEP_INTERNAL_H

#include <pthread.h>

#include "capture/keep/keep.h"
#include "engine/cut/cut.h"

/* A trigger that went into a file: for its alert's row. */
struct cap_cause {
	struct cap_cause *next;
	uint64_t time;
	char *alert;			/* NULL: no row of it is to be added */
	char *rule, *reason;
	int priority;
	uint32_t tid, pid;
};

/* A file. What is in the first part is under the lock of the keep. */
struct cap_job {
	struct cap_job *next;
	uint64_t id, key;		/* key: of container and rule */
	char *container, *rule, *reason;
	char name[CAP_KEEP_NAME];
	uint64_t from, to;
	struct cap_cause *causes;	/* whose rows are still to be written, by time; of a bounded number */
	bool causes_full;		/* has been said */
	bool busy;			/* a worker has it */
	bool closing;			/* it can no longer be extended */
	bool started;
	uint64_t next_at;		/* CLOCK_MONOTONIC; when to go on */
	/* the worker's */
	uint64_t flushed;		/* CLOCK_MONOTONIC */
	uint64_t asked;			/* in the recording's time: when */
	uint64_t bytes;			/* of the complete file */
	uint64_t next_num;		/* of a row that is made here */
	char *part;			/* path while it is written */
	bool short_ended;
	struct fmt_batch *rows;		/* rows that are made here */
	struct fmt_meta meta;
	/* the whole machine: chunks are copied */
	struct cap_ring_reader *reader;
	const struct chunk *chunk;	/* at hand */
	struct fmt_writer *w;
	bool begun;			/* the first keyframe is written */
	struct cap_ring_loss loss;	/* n: not said yet */
	/* one container */
	struct fmt_source *source;
	const struct fmt_batch *b;	/* at hand */
	struct fmt_batch_info info;
	uint64_t lost;			/* counted so far */
	struct selection *selection;
	struct cut *cut;
	struct output *out;
};

struct cap_rate { uint64_t key, since, n; };
#define CAP_KEEP_RATES 1024u

struct cap_keep {
	struct cap_keep_opts o;
	char *dir;
	int dir_fd;
	pthread_mutex_t lock;
	pthread_cond_t work;		/* there is something to do */
	pthread_t *threads;
	unsigned n_threads;
	bool stop;
	uint64_t end_at;		/* CLOCK_MONOTONIC; with stop: what is not complete then ends early */
	struct cap_job *jobs;		/* in the order of their triggers */
	uint64_t next_id;
	struct cap_rate rates[CAP_KEEP_RATES];
	struct cap_keep_stats st;
	/* of a crash: names of .part files, to be finished first */
	char **left;
	unsigned n_left;
	bool recovering;		/* somebody does it */
	uint64_t swept;			/* CLOCK_MONOTONIC; when the directory was last looked at */
	pthread_mutex_t sweeping;	/* held while the directory is looked at and files are deleted */
};

uint64_t cap_keep__mono(void);

/* --- keep_job.c: one file. Called by one worker at a time, without the lock. --------------------------- */

enum cap_step { CAP_STEP_WAIT, CAP_STEP_DONE };
/*
 * Go on with a file as far as there is anything: what is worked on takes much more memory than what waits, so no more of them than
 * there are workers do. DONE: it is complete, or has failed; counted and logged.
 */
enum cap_step cap_job__step(struct cap_keep *k, struct cap_job *j);
void cap_job__free(struct cap_job *j);
void cap_cause__free(struct cap_cause *c);
/* Append the row of an alert; container: what the file is about, "" for the whole machine. */
void cap_cause__row(const struct cap_cause *c, const char *container, struct fmt_batch *b);

/* --- keep_folder.c: the directory ------------------------------------------------------------------------ */

int cap_folder__open(struct cap_keep *k, struct err *err);
/* Delete what is over the limits, so that one more file has room. -ENOSPC: it has not. */
int cap_folder__make_room(struct cap_keep *k, struct err *err);
/* Delete what is over the limits. */
void cap_folder__tidy(struct cap_keep *k);
/* Is there so little free disk that what is being written should end? Deletes first. */
bool cap_folder__is_full(struct cap_keep *k);
/* Finish what a crash has left. */
void cap_folder__recover(struct cap_keep *k);
/* PART is complete: give it its final name. */
int cap_folder__commit(struct cap_keep *k, const char *part, const char *name, struct err *err);

#endif
