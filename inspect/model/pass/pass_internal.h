/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pass_internal - what the files of the pass share: pass.c runs, pass_proc.c knows processes and
 * containers, pass_io.c files and connections.
 */
#ifndef INS_PASS_INTERNAL_H
#define INS_PASS_INTERNAL_H

#include "engine/alert/alert.h"
#include "inspect/model/pass/pass.h"

/*
 * What was found out about a process or descriptor of the state, by slot; holds while the epoch is
 * the same.
 */
struct proc_hit {
	uint64_t epoch;
	uint32_t proc;
};
struct fd_hit {
	uint64_t epoch;
	uint32_t proc, use, conn;
};

struct ins_pass {
	struct ins_trace *t;
	struct ins_model *m;
	const struct ins_lens *lens;
	const struct eng_ruleset *rules;
	struct eng_state *st;
	struct eng_detector *det;
	struct eng_run *run;		/* of the lens's condition */
	struct fmt_batch *b;
	struct fmt_want want;
	bool loaded, keyframe;		/* b holds `chunk`; its kind */
	bool begun;			/* events have been seen, not only the first keyframe */
	uint32_t chunk, row;
	bool context;			/* the event at hand is kept for the state's sake only */
	bool counts;			/* the event at hand is under the lens */
	struct eng_state *here;		/* the state of its machine */
	uint8_t origin;			/* which machine that is */
	uint32_t proc;			/* the process of the event at hand */
	unsigned slot;			/* of the time line, and the times for which it holds */
	uint64_t slot_from, slot_to;
	struct proc_hit *proc_hits;
	struct fd_hit *fd_hits;
	size_t n_proc_hits, n_fd_hits;
	uint8_t path_op[FMT_MAX_EVENTS];	/* its first line in pass_io.c's table, from 1 */
	struct buf text;
	struct arena scratch;
};

/* Add to a metric at the time of the event at hand. */
static inline void pass__count(struct ins_pass *p, enum ins_metric metric, uint64_t n)
{
	p->m->total[metric] += n;
	p->m->slots[metric][p->slot] += n;
}

/* Add one, also to the process of the event at hand. */
static inline void pass__count_own(struct ins_pass *p, enum ins_metric metric, enum ins_own own)
{
	pass__count(p, metric, 1);
	if (p->proc != INS_NONE)
		p->m->procs[p->proc].own[own]++;
}

/* pass_proc.c */
uint32_t pass__proc(struct ins_pass *p, const struct eng_ctx *ctx);
void pass__proc_event(struct ins_pass *p, const struct eng_ctx *ctx);
/* A container is met, or has ended; of which process it was asked may be known or not. */
void pass__container_event(struct ins_pass *p, const struct eng_ctx *ctx);
/* After the first keyframe: parents that came after their children. */
void pass__settle(struct ins_pass *p);

/* pass_io.c */
void pass__io_event(struct ins_pass *p, const struct eng_ctx *ctx);
/* Adds the types whose parameters are read there to p->want. */
void pass__io_want(struct ins_pass *p);
/* Something was done with a file. */
void pass__touch(struct ins_pass *p, const struct eng_ctx *ctx, uint32_t file, uint32_t op);

/* pass_asked.c: an event under the lens */
void pass__asked_event(struct ins_pass *p, const struct fmt_ev *ev);

/* pass_dns.c */
void pass__dns_event(struct ins_pass *p, const struct eng_ctx *ctx);
/* The name of one side of a connection, by an answer that was recorded: a string of the model, 0: none. */
uint32_t pass__peer_name(struct ins_pass *p, const struct eng_tuple *t, bool server);

static inline void pass__want_type(struct fmt_want *w, unsigned type)
{
	w->types[type / 8] |= (uint8_t)(1u << (type & 7));
}

#endif
