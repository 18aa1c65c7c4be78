// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "format/scap/scap_event.h"
#include "format/scap_out/scap_writer_internal.h"

#define BLOCK_SECTION 0x0a0d0d0au
#define SECTION_MAGIC 0x1a2b3c4du
#define BLOCK_MACHINE 0x201u
#define MAX_PID 4194304u	/* a 64-bit kernel's limit: the machine's own is not recorded */
#define HOSTNAME_BYTES 128u

int scap_writer__open(struct scap_writer **ret, int fd, const char *name, const struct scap_writer_opts *opts,
		      struct err *err)
{
	struct scap_writer *w = xcalloc(1, sizeof(*w));
	int r;

	memcpy(&w->o, opts, opts->sz < sizeof(w->o) ? opts->sz : sizeof(w->o));
	r = scap_out__init(&w->out, fd, name, w->o.gzip, err);
	if (r < 0) {
		scap_writer__close(w, false, NULL, NULL);
		return r;
	}
	*ret = w;
	return 0;
}

static void section_header(struct scap_out *o)
{
	size_t block = scap_out__block(o, BLOCK_SECTION);

	buf__le32(&o->pending, SECTION_MAGIC);
	buf__le16(&o->pending, 1);
	buf__le16(&o->pending, 2);
	buf__le64(&o->pending, UINT64_MAX);	/* its length is not known */
	scap_out__block_end(o, block);
}

static void machine(struct scap_out *o, const struct fmt_meta *m)
{
	size_t block = scap_out__block(o, BLOCK_MACHINE), n = strnlen(m->hostname, HOSTNAME_BYTES - 1);
	static const char zeros[HOSTNAME_BYTES];

	buf__le32(&o->pending, m->n_cpus ? m->n_cpus : 1);
	buf__le64(&o->pending, m->memory);
	buf__le64(&o->pending, MAX_PID);
	buf__add(&o->pending, m->hostname, n);
	buf__add(&o->pending, zeros, HOSTNAME_BYTES - n);
	buf__le64(&o->pending, m->boot_ns);
	for (unsigned i = 0; i < 3; i++)
		buf__le64(&o->pending, 0);	/* flags, and two that are reserved */
	scap_out__block_end(o, block);
}

static void left_out(struct scap_writer *w, unsigned type, uint64_t n)
{
	w->st.left_out += n;
	w->st.by_type[type] += n;
}

/* The lists, then what they cannot hold as events, not later than the first event. */
static int end_head(struct scap_writer *w, uint64_t first_ts, struct err *err)
{
	w->in_events = true;
	w->block.flags = 0;
	left_out(w, EV_state_fd, scap_lists_out__put(w->lists, &w->out, err));
	scap_lists_out__free(w->lists);
	w->lists = NULL;
	for (uint32_t row = 0; row < w->later->n; row++) {
		struct fmt_ev ev = fmt_batch__ev(w->later, row);
		uint64_t ts = fmt_ev__ts(&ev) < first_ts ? fmt_ev__ts(&ev) : first_ts;

		if (ev.type == EV_state_container)
			scap_put__container(w, &ev, ts);
		else
			scap_put__owned_user(w, &ev, ts);
	}
	fmt_batch__reset(w->later, 0);
	return scap_out__flush(&w->out, err);
}

int scap_writer__section(struct scap_writer *w, const struct fmt_meta *meta, struct err *err)
{
	int r = w->lists ? end_head(w, UINT64_MAX, err) : 0;

	if (r < 0)
		return r;
	if (!w->later)
		fmt_batch__new(&w->later);
	section_header(&w->out);
	machine(&w->out, meta);
	w->lists = scap_lists_out__new();
	w->in_events = false;
	return scap_out__flush(&w->out, err);
}

int scap_writer__keyframe_row(struct scap_writer *w, const struct fmt_ev *ev, struct err *err)
{
	if (w->out.failed.code || w->in_events)	/* later ones only repeat what is known */
		return scap_out__flush(&w->out, err);
	if (scap_lists_out__row(w->lists, ev, &w->st.cut))
		return 0;
	if (ev->type == EV_state_container || ev->type == EV_state_user || ev->type == EV_state_group) {
		if (!fmt_batch__full(w->later) && fmt_batch__copy(w->later, ev) >= 0)
			return 0;
	}
	left_out(w, ev->type, 1);
	return 0;
}

/*
 * A call of which nothing is known but that it was made: old captures have some. Readers look for the result of one that they
 * know by its own code.
 */
static bool without_result(const struct fmt_ev *ev, const struct scap_plan *plan)
{
	return plan->has_res && ev->info->flags & EF_SYSCALL && fmt_ev__res(ev) == FMT_NO_RES;
}

static uint32_t flags_of(const struct fmt_ev *ev)
{
	return fmt_ev__is_context(ev) ? SCAP_FLAG_STATE_ONLY | SCAP_FLAG_CONTEXT : 0;
}

static bool put_event(struct scap_writer *w, const struct fmt_ev *ev)
{
	const struct scap_plan *plan = scap_plan(ev->type);

	if (!plan || without_result(ev, plan))
		return scap_put__other(w, ev);
	scap_put__params(w, ev, plan);
	scap_put__block(w);
	return true;
}

int scap_writer__event(struct scap_writer *w, const struct fmt_ev *ev, struct err *err)
{
	if (!w->in_events && end_head(w, fmt_ev__ts(ev), err) < 0)
		return w->out.failed.code;
	w->block.flags = flags_of(ev);
	if (!put_event(w, ev))
		left_out(w, ev->type, 1);
	return scap_out__flush(&w->out, err);
}

int scap_writer__birth(struct scap_writer *w, const struct fmt_ev *ev, uint32_t creator, struct err *err)
{
	const struct scap_plan *plan = scap_plan(ev->type);

	if (!w->in_events && end_head(w, fmt_ev__ts(ev), err) < 0)
		return w->out.failed.code;
	w->block.flags = scap_birth__flags(creator) | flags_of(ev);
	if (plan) {
		scap_put__params(w, ev, plan);
		scap_put__block(w);
	}
	return scap_out__flush(&w->out, err);
}

const struct scap_writer_stats *scap_writer__stats(const struct scap_writer *w)
{
	return &w->st;
}

int scap_writer__close(struct scap_writer *w, bool finish, struct scap_writer_stats *ret_stats, struct err *err)
{
	int r = 0;

	if (!w)
		return 0;
	if (finish && w->lists)
		r = end_head(w, UINT64_MAX, err);
	if (finish && r == 0)
		r = scap_out__finish(&w->out, err);
	w->st.bytes = w->out.written;
	if (ret_stats)
		*ret_stats = w->st;
	scap_out__done(&w->out);
	scap_lists_out__free(w->lists);
	fmt_batch__free(w->later);
	buf__done(&w->text);
	free(w);
	return r;
}
