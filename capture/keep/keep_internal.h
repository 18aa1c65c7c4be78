/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep_internal - a file that is being made, the pass over the ring that it is cut in, and who works on them.
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
	struct cap_pass *pass;		/* of a container: it is cut there now, and only its worker has to do with it */
	uint64_t next_at;		/* CLOCK_MONOTONIC; when to go on */
	/* the worker's */
	uint64_t flushed;		/* CLOCK_MONOTONIC */
	uint64_t asked;			/* in the recording's time: when */
	uint64_t bytes;			/* of the complete file */
	uint64_t counted;		/* bytes on the disk that the folder knows of */
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
	struct cap_job *in_pass;	/* the next one of the pass */
	struct selection *selection;
	struct cut *cut;
	struct output *out;
	/* out of its pass: to be completed */
	bool over;
	int code;			/* it has failed */
	struct err why;
};

/*
 * One pass over the ring for all files of containers that are at the same place: each event is decoded once. Files come
 * together where a segment begins: there nothing is known that was before. What is in the first part is under the lock
 * of the keep, and changed by the worker that has it.
 */
struct cap_pass {
	struct cap_pass *next;
	bool busy;			/* a worker has it */
	uint64_t next_at;		/* CLOCK_MONOTONIC */
	unsigned n;			/* files */
	uint64_t segment;		/* number with which the segment begins that it is in; 0: none yet */
	uint64_t standing;		/* it waits where the segment of this number begins, for others; 0: it does not */
	/* the worker's */
	struct cap_job *jobs;
	struct fmt_source *source;
	struct cut_pass *cuts;
	const struct fmt_batch *b;
	struct fmt_batch_info info;
	bool at_hand;			/* b has not been given to the cuts yet */
	bool stood;			/* it has waited here */
	uint64_t lost;			/* of the source, counted so far */
};

struct cap_rate { uint64_t key, since, n; };
#define CAP_KEEP_RATES 1024u

struct cap_keep {
	struct cap_keep_opts o;
	char *dir;
	int dir_fd;
	struct fmt_encoders *encoders;	/* of all files */
	pthread_mutex_t lock;
	pthread_cond_t work;		/* there is something to do */
	pthread_t *threads;
	unsigned n_threads;
	bool stop;
	uint64_t end_at;		/* CLOCK_MONOTONIC; with stop: what is not complete then ends early */
	struct cap_job *jobs;		/* in the order of their triggers */
	struct cap_pass *passes;
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
/* It is this file's turn; lock held. */
void cap_keep__start(struct cap_keep *k, struct cap_job *j);
void cap_keep__count_loss(struct cap_keep *k, uint64_t n);

/* A limit of k->o, which may be changed at any time; with the lock of the keep it need not be read so. */
static inline uint64_t cap_keep__limit(const uint64_t *limit)
{
	return __atomic_load_n(limit, __ATOMIC_RELAXED);
}

/*
 * A worker has one file, or one pass, at a time, without the lock, and goes on with it as far as there is anything: what is worked
 * on takes much more memory than what waits.
 */
enum cap_step { CAP_STEP_WAIT, CAP_STEP_DONE };

/* --- keep_job.c: one file ------------------------------------------------------------------------------ */

/* A file of the whole machine, or one that has left its pass. DONE: it is complete, or has failed; counted and logged. */
enum cap_step cap_job__step(struct cap_keep *k, struct cap_job *j);
void cap_job__free(struct cap_job *j);
/* Open it. Of a container: its cut is in no pass yet. */
int cap_job__begin(struct cap_keep *k, struct cap_job *j, struct err *err);
/* Up to when is it to go? Triggers may move that at any time. */
uint64_t cap_job__to(struct cap_keep *k, struct cap_job *j, bool *ret_stop);
/* Write the alerts up to this time, behind what has been written. */
int cap_job__causes(struct cap_keep *k, struct cap_job *j, uint64_t upto, struct err *err);
/* Is there still room? And once a second what has come is given to who reads the file. */
int cap_job__look_after(struct cap_keep *k, struct cap_job *j, struct err *err);
/* From now on no trigger goes into this file; unless one just has: then not yet. */
bool cap_job__close_for(struct cap_keep *k, struct cap_job *j, uint64_t to, bool anyway);

void cap_cause__free(struct cap_cause *c);
/* Append the row of an alert; container: what the file is about, "" for the whole machine. */
void cap_cause__row(const struct cap_cause *c, const char *container, struct fmt_batch *b);

/* --- keep_copy.c: of the whole machine ------------------------------------------------------------------ */

/* Copy as far as there is anything; over: all that it is to have is in it. */
int cap_copy__step(struct cap_keep *k, struct cap_job *j, bool *ret_over, struct err *err);
int cap_copy__open(struct cap_keep *k, struct cap_job *j, int fd, struct err *err);

/* --- keep_pass.c: of containers ------------------------------------------------------------------------- */

/* One that begins with this file, whose turn it is; the caller has it as its worker. Lock held. */
struct cap_pass *cap_pass__new(struct cap_keep *k, struct cap_job *j);
/* DONE: no file is in it any more. */
enum cap_step cap_pass__step(struct cap_keep *k, struct cap_pass *p);
/* Out of the list with it; without the lock. */
void cap_pass__free(struct cap_keep *k, struct cap_pass *p);

/* --- keep_folder.c: the directory ------------------------------------------------------------------------ */

int cap_folder__open(struct cap_keep *k, struct err *err);
/* Delete what is over the limits, so that one more file has room. -ENOSPC: it has not. */
int cap_folder__make_room(struct cap_keep *k, struct err *err);
/* Delete what is over the limits. */
void cap_folder__tidy(struct cap_keep *k);
/*
 * `more` bytes have been written. Are the files so large together, or is so little of the disk free, that what is being
 * written should end? Deletes first.
 */
bool cap_folder__is_full(struct cap_keep *k, uint64_t more);
/* Finish what a crash has left. */
void cap_folder__recover(struct cap_keep *k);
/* PART is complete: give it its final name. */
int cap_folder__commit(struct cap_keep *k, const char *part, const char *name, struct err *err);

#endif
