// SPDX-License-Identifier: Apache-2.0
/* A file of the whole machine: the ring's chunks are copied as they are. */
#include "capture/keep/keep_internal.h"
#include "format/file/chunk_stream.h"
#include "format/file/trace_reader.h"

int cap_copy__open(struct cap_keep *k, struct cap_job *j, int fd, struct err *err)
{
	struct fmt_writer_opts o = { .sz = sizeof(o), .encoders = k->encoders, .context = cap_ring__has_context(k->o.ring) };
	int code = fmt_writer__open_fd(&j->w, fd, j->part, &j->meta, &o, err);

	return code ? code : cap_ring_reader__new(&j->reader, k->o.ring, j->from, err);
}

static int put_loss(struct cap_job *j, struct err *err)
{
	fmt_batch__reset(j->rows, j->loss.num);
	cap_ring_loss__row(&j->loss, j->rows);
	j->loss.n = 0;
	return fmt_writer__batch(j->w, j->rows, false, err);
}

static int copy_loss(struct cap_keep *k, struct cap_job *j, struct err *err)
{
	const struct cap_ring_loss *l = cap_ring_reader__loss(j->reader);

	cap_keep__count_loss(k, l->n);
	j->loss = *l;
	return j->begun ? put_loss(j, err) : 0;	/* a trace begins with a keyframe: it is said behind that */
}

static int copy_chunk(struct cap_keep *k, struct cap_job *j, struct err *err)
{
	const struct chunk *c = j->chunk;
	int code = cap_ring_reader__load(j->reader, err);

	if (code == CAP_RING_LOST)
		return 0;		/* the next call says so */
	j->begun = true;
	if (!code && c->h.kind == CHUNK_EVENTS && j->loss.n)
		code = put_loss(j, err);
	if (!code)
		code = fmt_writer__copy(j->w, c, err);
	if (!code && c->h.kind == CHUNK_EVENTS) {
		j->next_num = c->h.first_num + c->h.n_events;
		code = cap_job__causes(k, j, c->h.t_last, err);
	}
	return code;
}

/* What comes next, as cap_ring_reader__next, and the time of its first event in *ret_ts (0 for keyframes and losses). */
static int next(struct cap_job *j, uint64_t *ret_ts, struct err *err)
{
	int code = cap_ring_reader__next(j->reader, &j->chunk, err);

	*ret_ts = !code && j->chunk->h.kind == CHUNK_EVENTS ? j->chunk->h.t_first : 0;
	return code;
}

static int take(struct cap_keep *k, struct cap_job *j, int what, struct err *err)
{
	int code = what == CAP_RING_LOST ? copy_loss(k, j, err) : !what ? copy_chunk(k, j, err) : 0;

	return code ? code : cap_job__look_after(k, j, err);
}

int cap_copy__step(struct cap_keep *k, struct cap_job *j, bool *ret_over, struct err *err)
{
	for (;;) {
		uint64_t upto = cap_ring__upto(k->o.ring), ts;
		bool stop;
		uint64_t to = cap_job__to(k, j, &stop);
		int code, what = next(j, &ts, err);
		bool over = what == 1 || ts > to || (what == FMT_SOURCE_WAIT && (upto > to || stop)) || j->short_ended;

		if (what < 0)
			return what;
		if (over && cap_job__close_for(k, j, to, what == 1 || stop || j->short_ended)) {
			*ret_over = true;
			return 0;
		}
		if (what == FMT_SOURCE_WAIT && cap_ring__now(k->o.ring) > to)
			cap_ring__hurry(k->o.ring);
		code = take(k, j, what, err);
		if (code || (what == FMT_SOURCE_WAIT && !j->short_ended))
			return code;
	}
}
