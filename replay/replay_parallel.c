// SPDX-License-Identifier: Apache-2.0
/*
 * -j: segments of a trace on several threads.
 *
 * A segment needs nothing of what was before, so each is read and evaluated alone. Threads take them in order, and what
 * they make of them is put out in order: by whoever comes to the end of the segment whose turn it is, together with
 * those behind it that are done. Nobody runs further ahead than the window, nor keeps much output: memory does not
 * depend on the trace.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "replay/replay_eval.h"

#define KEEP_BYTES (8u << 20)	/* of output, before a segment waits for its turn */

struct team {
	struct rpl_run *run;
	struct fmt_source *scout;	/* looks for keyframes */
	struct rpl_part *parts;		/* segment k is parts[k % window] while it is taken and not put out */
	bool *done;
	unsigned window;
	pthread_mutex_t lock;
	pthread_cond_t moved;		/* turn has changed, or over is set */
	/* the segment to be taken: its number, where it begins and ends */
	uint64_t next, from, to;
	bool all_taken;
	atomic_uint_least64_t turn;	/* the segment that is put out */
	atomic_bool over;		/* nothing more is wanted of this trace */
	bool putting_out;		/* somebody does */
	int code;			/* negative: reading failed, with err */
	struct err err;
};

struct member {
	struct team *team;
	struct rpl_eval *eval;
	struct fmt_source *source;
	pthread_t thread;
};

struct seat {
	struct team *team;
	uint64_t segment;
};

/* May segment go on to stdout? Waits for it if too much is kept already. */
static bool is_turn(struct rpl_part *p, size_t kept)
{
	struct seat *s = p->arg;
	struct team *t = s->team;

	/* in this order: over is set before the turn goes on to a segment that nobody wants */
	if (atomic_load(&t->turn) == s->segment && !atomic_load(&t->over))
		return true;
	if (atomic_load(&t->over))
		p->too_much = true;	/* ends the reading; it is never looked at */
	else if (kept >= KEEP_BYTES) {
		pthread_mutex_lock(&t->lock);
		while (atomic_load(&t->turn) != s->segment && !atomic_load(&t->over))
			pthread_cond_wait(&t->moved, &t->lock);
		pthread_mutex_unlock(&t->lock);
		return is_turn(p, 0);
	}
	return false;
}

static void read_segment(struct member *m, struct rpl_part *p)
{
	m->eval->part = p;
	m->source->ops->segment(m->source, p->from, p->to);
	rpl_eval__read(m->eval, m->source);
}

/* It has printed more than is wanted: once more from its beginning, and only as far as that. */
static void read_again(struct member *m, struct rpl_part *p)
{
	rpl_part__reset(p, m->team->run);
	rpl_part__begin_turn(p, m->team->run);
	read_segment(m, p);
}

/* Put out the segment whose turn it is. The first one begins in its turn and is never read twice. */
static void put_out(struct member *m, struct rpl_part *p)
{
	struct team *t = m->team;

	if (p->too_much || (!p->direct && !rpl_part__begin_turn(p, t->run)))
		read_again(m, p);
	if (p->code < 0 && !t->code) {
		t->code = p->code;
		t->err = p->err;
	}
	if (rpl_part__end_turn(p, t->run))
		atomic_store(&t->over, true);
}

/* With the lock: all segments that are done and whose turn comes. */
static void put_out_done(struct member *m)
{
	struct team *t = m->team;
	uint64_t turn;

	if (t->putting_out)
		return;
	t->putting_out = true;
	while (turn = atomic_load(&t->turn), t->done[turn % t->window] && !atomic_load(&t->over)) {
		pthread_mutex_unlock(&t->lock);
		put_out(m, &t->parts[turn % t->window]);
		pthread_mutex_lock(&t->lock);
		t->done[turn % t->window] = false;
		atomic_store(&t->turn, turn + 1);
		pthread_cond_broadcast(&t->moved);
	}
	t->putting_out = false;
	if (atomic_load(&t->over))
		pthread_cond_broadcast(&t->moved);
}

static uint64_t segment_of(const struct rpl_part *p)
{
	return ((const struct seat *)p->arg)->segment;
}

/* With the lock: the next segment, NULL if there is none. */
static struct rpl_part *take(struct team *t)
{
	struct rpl_part *p;

	while (t->next >= atomic_load(&t->turn) + t->window && !atomic_load(&t->over))
		pthread_cond_wait(&t->moved, &t->lock);
	if (atomic_load(&t->over) || t->all_taken)
		return NULL;
	p = &t->parts[t->next % t->window];
	rpl_part__reset(p, t->run);
	p->from = t->from;
	p->to = t->to;
	if (!t->next)
		rpl_part__begin_turn(p, t->run);
	((struct seat *)p->arg)->segment = t->next++;
	t->all_taken = t->to == UINT64_MAX;
	t->from = t->to;
	if (!t->all_taken && t->scout->ops->next_keyframe(t->scout, &t->to))
		t->to = UINT64_MAX;
	return p;
}

/* With the lock: p, and what there is to be taken besides. */
static void go_on(struct member *m, struct rpl_part *p)
{
	struct team *t = m->team;

	for (; p; p = take(t)) {
		pthread_mutex_unlock(&t->lock);
		read_segment(m, p);
		pthread_mutex_lock(&t->lock);
		t->done[segment_of(p) % t->window] = true;
		put_out_done(m);
	}
}

static void *work(void *arg)
{
	struct member *m = arg;

	pthread_mutex_lock(&m->team->lock);
	go_on(m, take(m->team));
	pthread_mutex_unlock(&m->team->lock);
	return NULL;
}

/* Where the first segment ends. False: there is only one. */
static bool find_first_end(struct team *t)
{
	t->from = 0;			/* where the trace stands: before its first keyframe */
	return !t->scout->ops->next_keyframe(t->scout, &t->to) &&
	       !t->scout->ops->next_keyframe(t->scout, &t->to);
}

static void make_parts(struct team *t, struct seat *seats)
{
	for (unsigned i = 0; i < t->window; i++) {
		seats[i].team = t;
		t->parts[i].is_turn = is_turn;
		t->parts[i].arg = &seats[i];
	}
}

static int make_evals(struct rpl_run *r)
{
	int code = 0;

	for (unsigned i = r->n_evals; i < r->o->threads && !code; i++) {
		code = rpl_eval__new(&r->evals[i], r);
		r->n_evals += !code;
	}
	return code;
}

/* All members work, this thread as the first of them: it has the reader that stands before the first segment. */
static void work_together(struct member *m, unsigned n)
{
	struct team *t = m[0].team;
	struct rpl_part *first;
	unsigned started = 1;

	pthread_mutex_lock(&t->lock);
	first = take(t);
	pthread_mutex_unlock(&t->lock);
	while (started < n && !pthread_create(&m[started].thread, NULL, work, &m[started]))
		started++;
	pthread_mutex_lock(&t->lock);
	go_on(&m[0], first);
	pthread_mutex_unlock(&t->lock);
	for (unsigned i = 1; i < started; i++)
		pthread_join(m[i].thread, NULL);
}

/* The others' readers are copies of the scout's: it has met the schema on its way. */
static int gather(struct team *t, struct member *m, struct fmt_source *s, struct err *err)
{
	struct rpl_run *r = t->run;
	int code = make_evals(r);

	for (unsigned i = 0; i < r->o->threads && !code; i++) {
		m[i] = (struct member){ .team = t, .eval = r->evals[i], .source = i ? NULL : s };
		eng_state__describe(r->evals[i]->st, t->scout->meta.hostname,
				    t->scout->meta.start_ns);
		if (i)
			code = t->scout->ops->clone(t->scout, &m[i].source, err);
	}
	return code;
}

int rpl_parallel(struct rpl_run *r, struct fmt_source *s, struct err *err)
{
	unsigned n = r->o->threads;
	struct team t = { .run = r, .window = 4 * n };
	struct seat *seats = xcalloc(t.window, sizeof(*seats));
	struct member *m = xcalloc(n, sizeof(*m));
	int code;

	pthread_mutex_init(&t.lock, NULL);
	pthread_cond_init(&t.moved, NULL);
	t.parts = xcalloc(t.window, sizeof(*t.parts));
	t.done = xcalloc(t.window, sizeof(*t.done));
	make_parts(&t, seats);
	code = s->ops->clone(s, &t.scout, err);
	if (code == -FMT_E_UNSUPPORTED) {
		*err = (struct err){ 0 };
		code = 1;
	}
	if (!code && !find_first_end(&t))
		code = 1;
	if (!code)
		code = gather(&t, m, s, err);
	if (!code) {
		work_together(m, n);
		code = t.code;
		if (code)
			*err = t.err;
	}
	for (unsigned i = 1; i < n; i++)
		fmt_source__close(m[i].source);
	fmt_source__close(t.scout);
	for (unsigned i = 0; i < t.window; i++)
		rpl_part__done(&t.parts[i]);
	pthread_mutex_destroy(&t.lock);
	pthread_cond_destroy(&t.moved);
	free(t.parts);
	free(t.done);
	free(seats);
	free(m);
	return code;
}
