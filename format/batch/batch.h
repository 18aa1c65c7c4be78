/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch - up to 64 Ki events in memory, by column. The one form in which events exist in spoor.
 *
 * A source fills batches (the capture driver, a trace reader, a .scap reader); the writer encodes
 * them, the engine runs over them, the inspector shows them. Base columns have one element per event;
 * parameters have one column per event type and parameter, with one element per event of that type.
 * Strings are ids into the batch's dictionary; equal strings have equal ids, so a test of a string
 * need be made once per batch. Payload bytes lie in one buffer.
 *
 * Ownership: a batch owns all its memory and keeps it over reset. Everything read from it is borrowed
 *            until the batch is changed, reset or freed.
 * Threads:   one thread at a time.
 */
#ifndef FMT_BATCH_H
#define FMT_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "format/base/strtab.h"
#include "format/schema/schema.h"

#define FMT_BATCH_MAX_EVENTS 65536u
#define FMT_BATCH_MAX_BYTES (4u << 20)	/* strings and payload; a batch is full above this */
#define FMT_BATCH_HARD_BYTES (64u << 20)	/* what a reader accepts at most */
#define FMT_NO_RES INT64_MIN		/* a call whose result the source does not have */
#define FMT_MAX_STR (1u << 20)		/* longest string or payload of one event */

#define FMT_MAX_ORIGINS 256u		/* machines whose events one trace holds */

/*
 * Who events are of. Rows of one thread that differ in what follows its numbers have an entry each, so neither costs
 * anything where it is not used.
 */
struct fmt_thread {
	uint32_t tid, pid;		/* in the initial pid namespace; pid is the thread group */
	uint8_t origin;			/* which machine: see fmt_source__origin. Numbers mean nothing on another */
	bool context;			/* kept for the state's sake only: to be applied, not shown, matched or counted */
};

/* One parameter of one event type. Valid elements: 0 .. n-1 of the type. */
struct fmt_col {
	uint8_t store;			/* enum fmt_store */
	bool present;			/* false: no event carries it, or it was not asked for */
	bool has_null;			/* STORE_INT: some elements are missing, see null */
	union {
		uint64_t *i;		/* STORE_INT */
		uint32_t *s;		/* STORE_STR: dictionary id, 0 = missing */
		uint32_t *off;		/* STORE_BYTES: start in payload; UINT32_MAX = missing */
	};
	uint32_t *len;			/* STORE_BYTES: bytes kept */
	uint32_t *full;			/* STORE_BYTES: bytes there were */
	uint64_t *null;			/* STORE_INT: bit set = missing; valid if has_null */
};

struct fmt_type_cols {
	uint16_t type;
	uint32_t n;			/* events of this type in the batch */
	uint32_t cap;
	struct fmt_col *col;		/* one per parameter of the schema */
};

struct fmt_batch {
	uint64_t first_num;		/* evt.num of row 0; the first event of a trace is 1 */
	uint64_t serial;		/* another after each reset, of no other batch of the process, never 0: what was
					   found out about its threads and strings holds as long as this is the same */
	uint32_t n;
	/* base columns, cap = FMT_BATCH_MAX_EVENTS */
	uint64_t *ts;			/* time of return, ns since the epoch, not decreasing as a rule */
	uint64_t *dur;			/* ns from entry to return; 0 if not known or not a call */
	uint32_t n_no_dur;		/* how many are 0 for sure, by who decodes: not touched by reset */
	int64_t *res;			/* result; 0 where there is none, FMT_NO_RES where it is not known */
	uint16_t *type;			/* enum fmt_event_id */
	uint16_t *cpu;
	uint16_t *thread;		/* index into threads */
	uint16_t *sub;			/* row within the columns of its type */
	/* threads that occur, in order of first occurrence */
	struct fmt_thread *threads;
	uint32_t n_threads, cap_threads;
	/* types that occur, in order of first occurrence */
	uint16_t types[FMT_MAX_EVENTS];
	uint32_t n_types;
	struct fmt_type_cols *by_type[FMT_MAX_EVENTS];	/* NULL or kept from before with n == 0 */
	/* dictionary: ids from 1 */
	struct strtab dict;
	uint8_t *payload;
	uint32_t payload_len, payload_cap;
	/* builder state and thread look-up: private to batch.c */
	struct batch_build *build;
	/* of the rows that are appended next; not touched by reset */
	uint8_t origin;
	bool context;
};

/* A row, ready to read. Cheap to make, borrowed from the batch. */
struct fmt_ev {
	const struct fmt_batch *b;
	const struct fmt_type_cols *cols;	/* columns of its type */
	const struct fmt_event_info *info;	/* never NULL */
	uint32_t row, sub;
	uint16_t type;
};

int fmt_batch__new(struct fmt_batch **ret);
void fmt_batch__free(struct fmt_batch *b);
/* Forget all events; first_num is the number of the next event. */
void fmt_batch__reset(struct fmt_batch *b, uint64_t first_num);
/* True when one more event of any size should go to a new batch. */
static inline bool fmt_batch__full(const struct fmt_batch *b)
{
	return b->n >= FMT_BATCH_MAX_EVENTS || b->n_threads >= FMT_BATCH_MAX_EVENTS ||
	       b->payload_len + b->dict.bytes >= FMT_BATCH_MAX_BYTES;
}

/*
 * Append one event: begin, then its parameters in any order, then end. Parameters not given are
 * missing. begin returns the row. The caller checks fmt_batch__full first; a batch that is full by
 * count refuses with -FMT_E_LIMIT. type must be in the schema. Strings and payload over FMT_MAX_STR are
 * cut, with full kept. A parameter whose source is RET is the result: it is not given again.
 */
int fmt_batch__begin(struct fmt_batch *b, uint16_t type, uint64_t ts, uint64_t dur, uint32_t tid,
		     uint32_t pid, uint16_t cpu, int64_t res);
void fmt_batch__int(struct fmt_batch *b, unsigned param, uint64_t v);
void fmt_batch__str(struct fmt_batch *b, unsigned param, const char *p, uint32_t len,
		    uint32_t full_len);
void fmt_batch__bytes(struct fmt_batch *b, unsigned param, const void *p, uint32_t len,
		      uint32_t full_len);
void fmt_batch__end(struct fmt_batch *b);
/* Append a copy of a row of another batch, origin and context included. */
int fmt_batch__copy(struct fmt_batch *b, const struct fmt_ev *ev);
/* The same, of the origin and as the context that b says. As context it has no payload: no state needs that. */
int fmt_batch__copy_as(struct fmt_batch *b, const struct fmt_ev *ev);

/* Has it rows, and are they all later than ts? They are in the order of time as a rule only. */
static inline bool fmt_batch__is_past(const struct fmt_batch *b, uint64_t ts)
{
	uint32_t i = 0;

	while (i < b->n && b->ts[i] > ts)
		i++;
	return b->n && i == b->n;
}

static inline struct fmt_ev fmt_batch__ev(const struct fmt_batch *b, uint32_t row)
{
	uint16_t type = b->type[row];

	return (struct fmt_ev){ .b = b, .cols = b->by_type[type], .info = &fmt_events[type],
				.row = row, .sub = b->sub[row], .type = type };
}

static inline uint64_t fmt_ev__num(const struct fmt_ev *e) { return e->b->first_num + e->row; }
static inline uint64_t fmt_ev__ts(const struct fmt_ev *e) { return e->b->ts[e->row]; }
static inline uint64_t fmt_ev__dur(const struct fmt_ev *e) { return e->b->dur[e->row]; }
static inline int64_t fmt_ev__res(const struct fmt_ev *e) { return e->b->res[e->row]; }
static inline unsigned fmt_ev__cpu(const struct fmt_ev *e) { return e->b->cpu[e->row]; }
static inline uint32_t fmt_ev__tid(const struct fmt_ev *e)
{
	return e->b->threads[e->b->thread[e->row]].tid;
}
static inline uint32_t fmt_ev__pid(const struct fmt_ev *e)
{
	return e->b->threads[e->b->thread[e->row]].pid;
}

static inline unsigned fmt_ev__origin(const struct fmt_ev *e)
{
	return e->b->threads[e->b->thread[e->row]].origin;
}
static inline bool fmt_ev__is_context(const struct fmt_ev *e)
{
	return e->b->threads[e->b->thread[e->row]].context;
}

/* Is it a call that failed, as far as is known? */
static inline bool fmt_ev__failed(const struct fmt_ev *e)
{
	return e->info->flags & (EF_SYSCALL | EF_URING) && fmt_ev__res(e) < 0 &&
	       fmt_ev__res(e) != FMT_NO_RES;
}

/*
 * A numeric parameter (sign-extended for signed kinds), also one whose source is RET.
 * False if this event does not carry it; *ret means nothing then.
 */
static inline bool fmt_ev__int(const struct fmt_ev *e, unsigned p, uint64_t *ret)
{
	const struct fmt_col *c = &e->cols->col[p];

	if (e->info->params[p].src == SRC_RET) {
		*ret = (uint64_t)e->b->res[e->row];
		return e->b->res[e->row] != FMT_NO_RES;
	}
	if (!c->present || (c->has_null && c->null[e->sub >> 6] >> (e->sub & 63) & 1))
		return false;
	*ret = c->i[e->sub];
	return true;
}

/* Dictionary id of a string parameter, 0 if missing. */
static inline uint32_t fmt_ev__str_id(const struct fmt_ev *e, unsigned p)
{
	const struct fmt_col *c = &e->cols->col[p];

	return c->present ? c->s[e->sub] : 0;
}

/* A string parameter, or NULL if missing. Followed by a NUL in memory, may hold NULs (PT_STRLIST). */
static inline const struct fmt_str *fmt_ev__str(const struct fmt_ev *e, unsigned p)
{
	return strtab__get(&e->b->dict, fmt_ev__str_id(e, p));
}

/* A payload parameter. False if missing. */
static inline bool fmt_ev__bytes(const struct fmt_ev *e, unsigned p, struct fmt_str *ret)
{
	const struct fmt_col *c = &e->cols->col[p];

	if (!c->present || c->off[e->sub] == UINT32_MAX)
		return false;
	*ret = (struct fmt_str){ (const char *)e->b->payload + c->off[e->sub], c->len[e->sub],
				 c->full[e->sub] };
	return true;
}

#endif
