/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output - one output: its queue, its thread, and what its kind does. For the files of capture/outputs only.
 */
#ifndef CAP_OUTPUT_H
#define CAP_OUTPUT_H

#include <pthread.h>

#include "capture/http/backoff.h"
#include "capture/outputs/out_record.h"
#include "capture/outputs/out_spool.h"
#include "engine/filter/match/match.h"

struct output;

enum out_verdict {
	OUT_OK,
	OUT_RETRY,		/* not now: the same alert again, after a pause */
	OUT_REFUSED		/* never: the next one */
};

/* How a try went. */
struct out_try {
	uint64_t wait_ns;	/* the other side asked for so long a pause; 0: ours */
	char msg[256];		/* what was wrong, made safe */
};
/* Fill msg (printf) and return v. */
enum out_verdict out_try__say(struct out_try *t, enum out_verdict v, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* A kind of output. All but open run in the output's thread. */
struct out_ops {
	/* Check the options and take what must be had from the start, into o->state. */
	int (*open)(struct output *o, struct err *err);
	enum out_verdict (*deliver)(struct output *o, const struct out_record *r, struct out_try *t);
	/* Kinds that confirm several at once: OUT_OK when all that was delivered since the last flush has arrived. */
	enum out_verdict (*flush)(struct output *o, struct out_try *t);
	/* Nothing came for a while: a second at most between two calls. May be NULL. */
	void (*idle)(struct output *o);
	void (*leave)(struct output *o);	/* the last in the thread that delivers. May be NULL */
	void (*close)(struct output *o);	/* state may be NULL */
};
extern const struct out_ops out_stream_ops, out_syslog_ops, out_program_ops, out_http_ops, out_nats_ops;

/* A bounded queue of references; the output's lock holds it. */
struct out_queue {
	struct out_record **ring;
	uint32_t cap, head, n;
	size_t bytes, max_bytes;
};

enum out_count {
	OUT_N_DELIVERED, OUT_N_LIMITED, OUT_N_DROPPED, OUT_N_REFUSED, OUT_N_GIVEN_UP, OUT_N_DAMAGED, OUT_N_ERRORS, OUT_N_COUNTS
};

struct output {
	struct cap_out_opts o;		/* with copies of all texts, in mem; defaults filled in */
	struct arena mem;
	const struct match_glob *rule;
	const struct out_ops *ops;
	void *state;

	pthread_mutex_t lock;		/* the queues, the bucket */
	pthread_cond_t work;		/* something in a queue or in the spool, or stopping */
	struct out_queue queue;		/* what send has put */
	struct out_queue unspooled;	/* what the spool could not take although it has room: straight to the sender */
	double tokens;
	uint64_t tokens_ns;

	struct out_spool *spool;
	uint64_t damaged_said;
	pthread_t sender, spooler;
	bool started;
	bool held;			/* its spool is still another's; the lock holds it */
	struct output *heir;		/* who gets the spool when this one leaves */
	bool ended;			/* the sender; the lock holds it */
	atomic_bool spool_end;		/* the spooler: bring what there is to the disk, then end */
	atomic_bool stopping;		/* the sender: deliver what there is, then end */
	atomic_bool abandon;		/* end now; http requests watch it */
	atomic_bool reopen;

	struct cap_backoff backoff;
	_Atomic uint64_t failing_ns;	/* since when, CLOCK_MONOTONIC; 0: not */
	_Atomic uint64_t in_hand;	/* taken from a queue, not confirmed */
	uint64_t said_ns;		/* when a failure was last logged */
	bool failure_said;		/* the failure that lasts was */
	uint64_t lost_said_ns, lost_said;	/* when losses were, and how many */
	struct cap_metric own[OUT_N_COUNTS];
	struct cap_metric *count[OUT_N_COUNTS];
};

#define OUTPUTS_MAX 64

struct cap_outputs {
	struct cap_metrics *metrics;
	/* outs and n, which only one thread changes, with both. Who sends holds `lock`; who asks a spool, which may wait for the
	 * disk, holds `showing`, taken before it. An output's own comes last. */
	pthread_mutex_t lock, showing;
	struct output *outs[OUTPUTS_MAX];
	unsigned n;
	bool started;
	char run[20];			/* what ids of alerts begin with: another one for each process */
	_Atomic uint64_t n_sent;
	struct outs_leaving *leaving;	/* those that others have taken the place of, while they end */
	unsigned n_leaving;
	struct cap_outputs *before;	/* of a successor: whose place it is to take */
};

uint64_t out_now(void);			/* CLOCK_MONOTONIC, ns */
uint64_t out_lost(const struct output *o);	/* alerts, for whatever reason */

void out_queue__init(struct out_queue *q, uint32_t cap, size_t max_bytes);
/* Takes a reference over; false (and not taken) if there is no room. */
bool out_queue__push(struct out_queue *q, struct out_record *r);
struct out_record *out_queue__pop(struct out_queue *q);	/* NULL: empty */
void out_queue__done(struct out_queue *q);

/* With the lock held: wait until something changes or until_ns. */
void out_wait(struct output *o, uint64_t until_ns);
void output__wake(struct output *o);
void output__free(struct output *o);
/* Give them until then to deliver what there is, then end them. */
void outputs__end(struct output *const *outs, unsigned n, uint64_t until_ns);
void outputs__forget_gauges(struct cap_outputs *h, const struct output *o);

/* --- outputs_replace.c --- */

/* The spool of a new one; that of one that it takes the place of is had later. */
int outputs__open_spool(struct cap_outputs *h, struct output *o, struct err *err);
/* No two have one spool. */
int outputs__check_spools(const struct cap_outputs *h, struct err *err);
void outputs__cancel(struct cap_outputs *fresh);
/* Wait until all that were to leave have ended. */
void outputs__join_leaving(struct cap_outputs *h);

/* The threads of one output; arg is it. */
void *output__send_thread(void *arg);
void *output__spool_thread(void *arg);

/*
 * Write all of p to fd, which may be a pipe or a terminal in blocking mode, without waiting past the deadline or for long after
 * o->abandon: 0, -ETIMEDOUT, -ECANCELED or errno. *done counts what is written, and is where it begins.
 */
int out_write(struct output *o, int fd, const void *p, size_t n, size_t *done, uint64_t deadline_ns);
/* One line, with newline, in the output's format: nothing in it that ends the line or speaks to a terminal. */
void out_line(const struct output *o, const struct out_record *r, struct buf *out);

#endif
