// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/base/alloc.h"
#include "format/base/cli.h"
#include "format/base/progress.h"
#include "trace/merge/merge_internal.h"

int merge__new(struct merge **ret, const char *const *paths, size_t n, struct err *err)
{
	struct merge *m = xcalloc(1, sizeof(*m));
	int r;

	fmt_batch__new(&m->b);
	r = merge_inputs__open(m, paths, n, err);
	if (r < 0) {
		merge__free(m);
		return r;
	}
	*ret = m;
	return 0;
}

static void forget_held(struct merge_input *x)
{
	for (unsigned k = 0; k < x->n_held; k++)
		fmt_batch__free(x->held[k]);
	free(x->held);
	x->held = NULL;
	x->n_held = 0;
}

void merge__free(struct merge *m)
{
	if (!m)
		return;
	for (size_t k = 0; k < m->n; k++) {
		forget_held(&m->inputs[k]);
		free(m->inputs[k].nums);
		free(m->inputs[k].paths);
		reading__close(&m->inputs[k].in);
	}
	for (unsigned k = 0; k < m->n_origins; k++)
		free(m->origins[k].seen);
	eng_state__free(m->st);
	fmt_batch__free(m->b);
	free(m->inputs);
	free(m->more);
	free(m);
}

uint64_t merge__duplicates(const struct merge *m)
{
	return m->duplicates;
}

unsigned merge__machines(const struct merge *m)
{
	return m->n_origins;
}

void merge__describe(struct merge *m, struct sink_opts *o)
{
	struct buf b = { 0 };
	uint64_t start = 0;

	buf__puts(&b, "merge of ");
	for (size_t k = 0; k < m->n; k++) {
		const struct fmt_source *s = m->inputs[k].in.s;

		buf__printf(&b, "%s%s", k ? ", " : "", m->inputs[k].paths[0]);
		if (m->inputs[k].n_paths > 1)
			buf__printf(&b, " to %s (%zu segments of %s)", m->inputs[k].paths[m->inputs[k].n_paths - 1],
				    m->inputs[k].n_paths, s->meta.part_of);
		else if (*s->meta.uuid)
			buf__printf(&b, " (%s)", s->meta.uuid);
		if (s->meta.start_ns && (!start || s->meta.start_ns < start))
			start = s->meta.start_ns;
		o->context |= s->has_context || m->inputs[k].joins;
	}
	m->meta = m->origins[0].meta;
	m->meta.uuid[0] = m->meta.part_of[0] = '\0';
	m->meta.part = 0;
	m->meta.start_ns = start;
	snprintf(m->meta.made_from, sizeof(m->meta.made_from), "%.*s", (int)b.len, (char *)b.p);
	m->more = xcalloc(m->n_origins, sizeof(*m->more));
	for (unsigned k = 1; k < m->n_origins; k++)
		m->more[k - 1] = m->origins[k].meta;
	o->meta = &m->meta;
	o->more = m->more;
	o->n_more = m->n_origins - 1;
	buf__done(&b);
}

/* --- the result ------------------------------------------------------------------------------------- */

static int flush(struct merge *m, const struct fmt_batch_info *info, struct err *err)
{
	uint64_t next = m->b->first_num + (info->keyframe ? 0 : m->b->n);
	const struct fmt_batch_info put = { .keyframe = info->keyframe, .new_section = info->keyframe && m->anew };
	int r = m->b->n || info->keyframe ? output__batch(m->out, m->b, &put, err) : 0;

	if (put.new_section)		/* said once, whatever the keyframe's size */
		m->anew = false;
	fmt_batch__reset(m->b, next);
	return r;
}

/* Keep the state of what several files say of one machine. */
static void apply(struct merge *m, uint32_t row)
{
	struct fmt_ev ev = fmt_batch__ev(m->b, row);
	struct eng_ctx ctx;

	eng_state__enter(m->st, &ev, &ctx);
	eng_state__leave(m->st, &ctx);
}

/* Append a row of an input as it is, but for its origin, or as context. */
static int put_row(struct merge *m, const struct merge_input *x, const struct fmt_ev *ev, bool context,
		   const struct fmt_batch_info *info, struct err *err)
{
	int r = fmt_batch__full(m->b) ? flush(m, info, err) : 0;

	if (r < 0)
		return r;
	m->b->origin = x->origin[fmt_ev__origin(ev)];
	m->b->context = context;
	r = fmt_batch__copy_as(m->b, ev);
	if (r < 0)
		return err__set(err, r, "an event cannot be copied");
	if (m->st && m->origins[m->b->origin].n_files > 1)
		apply(m, (uint32_t)r);
	return 0;
}

static int put_rows(struct merge *m, const struct merge_input *x, const struct fmt_batch *b,
		    const struct fmt_batch_info *info, struct err *err)
{
	int r = 0;

	for (uint32_t row = 0; row < b->n && r == 0; row++) {
		struct fmt_ev ev = fmt_batch__ev(b, row);

		r = put_row(m, x, &ev, false, info, err);
	}
	return r;
}

/* --- a file that begins while another of its machine goes on ---------------------------------------- */

/*
 * Does the state know already what this row of the file's first keyframe is about? Then it knows better: rows of the
 * other file that are later in time may have been before it.
 */
static bool is_known(struct merge *m, const struct merge_input *x, const struct fmt_ev *ev)
{
	struct eng_state *st = eng_state__origin(m->st, x->origin[fmt_ev__origin(ev)]);
	const struct eng_proc *p = eng_state__proc(st, fmt_ev__pid(ev));
	const struct fmt_str *id;

	switch (ev->type) {
	case EV_state_thread:
	case EV_state_fd:
		return p && !p->dead;
	case EV_state_container:
		id = fmt_ev__str(ev, P_state_container_id);
		return id && eng_state__container(st, id->p);
	case EV_state_user:
		id = fmt_ev__str(ev, P_state_user_container_id);
		return !id || !id->len;
	case EV_state_group:
		id = fmt_ev__str(ev, P_state_group_container_id);
		return !id || !id->len;
	default:
		return true;		/* addresses, mounts */
	}
}

/* What only it knows goes in as context. A process that was not known is written whole, its descriptors too. */
static int join(struct merge *m, struct merge_input *x, struct err *err)
{
	static const struct fmt_batch_info events = { 0 };
	uint32_t fresh = 0;		/* the process whose rows are being written */
	int r = 0;

	for (unsigned k = 0; k < x->n_held; k++) {
		for (uint32_t row = 0; row < x->held[k]->n && r == 0; row++) {
			struct fmt_ev ev = fmt_batch__ev(x->held[k], row);

			if (ev.type == EV_state_thread && fmt_ev__pid(&ev) != fresh)
				fresh = is_known(m, x, &ev) ? 0 : fmt_ev__pid(&ev);
			if ((fmt_ev__pid(&ev) && fmt_ev__pid(&ev) == fresh) || !is_known(m, x, &ev))
				r = put_row(m, x, &ev, true, &events, err);
		}
	}
	forget_held(x);
	return r;
}

/* --- what is in several files ----------------------------------------------------------------------- */

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 32;
}

/* All that an event says, but which number it has, and the number that an alert refers to. */
static uint64_t identity(const struct fmt_ev *ev)
{
	uint64_t h = mix(ev->type, fmt_ev__ts(ev)), v;

	h = mix(h, fmt_ev__dur(ev));
	h = mix(h, (uint64_t)fmt_ev__res(ev));
	h = mix(h, (uint64_t)fmt_ev__tid(ev) << 32 | fmt_ev__pid(ev));
	h = mix(h, fmt_ev__cpu(ev));
	for (unsigned p = 0; p < ev->info->n_params; p++) {
		const struct fmt_str *s;

		switch (ev->cols->col[p].store) {
		case STORE_INT:
			if (!(ev->type == EV_alert && p == P_alert_num) && fmt_ev__int(ev, p, &v))
				h = mix(mix(h, p), v);
			break;
		case STORE_STR:
			s = fmt_ev__str(ev, p);
			if (s)
				h = mix(mix(h, p), strtab__hash(s->p, s->len));
			break;
		default:
			break;		/* payload may have been left out of one of them */
		}
	}
	return h;
}

/*
 * Has another file given this event? Files that overlap hold the same ones in the same order: of equal events of one
 * file none is a duplicate, so as many are kept as one file has. *ret_num: the number of the one that was kept.
 */
static bool is_duplicate(struct merge *m, struct merge_origin *o, size_t file, const struct fmt_ev *ev, uint64_t key,
			 uint64_t *ret_num)
{
	uint64_t hash = identity(ev);
	bool context = fmt_ev__is_context(ev), dup;
	unsigned kept = 0, met = 0;

	if (!o->seen)
		o->seen = xcalloc(MERGE_MAX_SEEN, sizeof(*o->seen));
	if (o->key != key)
		o->n_seen = 0;
	o->key = key;
	for (unsigned k = 0; k < o->n_seen; k++) {
		const struct merge_seen *s = &o->seen[k];

		if (s->hash != hash)
			continue;
		met += s->file == file;
		if (s->kept && (context || !s->context)) {
			kept++;
			*ret_num = s->num;
		}
	}
	dup = met < kept;
	if (o->n_seen < MERGE_MAX_SEEN)
		o->seen[o->n_seen++] = (struct merge_seen){ hash, m->b->first_num + m->b->n, (uint8_t)file, !dup, context };
	return dup;
}

/* --- in order --------------------------------------------------------------------------------------- */

/* The number that the alert's event has in the result; 0 if it is not there. */
static void renumber_alert(struct merge *m, const struct merge_input *x)
{
	struct fmt_ev ev = fmt_batch__ev(m->b, m->b->n - 1);
	uint64_t num;

	if (ev.type == EV_alert && fmt_ev__int(&ev, P_alert_num, &num))
		m->b->by_type[EV_alert]->col[P_alert_num].i[ev.sub] =
			x->nums[num % MERGE_NUMS].was == num ? x->nums[num % MERGE_NUMS].is : 0;
}

static int put_event(struct merge *m, struct merge_input *x, struct err *err)
{
	static const struct fmt_batch_info events = { 0 };
	struct fmt_ev ev = fmt_batch__ev(x->b, x->row);
	struct merge_origin *o = &m->origins[x->origin[fmt_ev__origin(&ev)]];
	uint64_t num = fmt_ev__num(&ev), is = 0;
	int r = 0;

	if (x->n_held)			/* it begins */
		r = join(m, x, err);
	if (r < 0)
		return r;
	if (o->n_files > 1 && is_duplicate(m, o, (size_t)(x - m->inputs), &ev, x->key, &is)) {
		m->duplicates += !fmt_ev__is_context(&ev);
	} else {
		r = put_row(m, x, &ev, fmt_ev__is_context(&ev), &events, err);
		if (r < 0)
			return r;
		is = m->b->first_num + m->b->n - 1;
		renumber_alert(m, x);
	}
	x->nums[num % MERGE_NUMS].was = num;
	x->nums[num % MERGE_NUMS].is = is;
	return 0;
}

/* A batch of another recording's keyframe, within an input; first: what was known of its machines is void. */
static int put_anew(struct merge *m, const struct merge_input *x, const struct fmt_batch *b, bool first, struct err *err)
{
	static const struct fmt_batch_info events = { 0 }, keyframe = { .keyframe = true };
	int r = flush(m, &events, err);

	m->anew = first;
	for (unsigned k = 0; first && m->st && k <= x->in.s->n_more; k++)
		eng_state__reset_origin(m->st, x->origin[k]);
	if (r == 0)
		r = put_rows(m, x, b, &keyframe, err);
	return r < 0 ? r : flush(m, &keyframe, err);
}

/* The next batch of events, NULL at the end. Keyframes on the way repeat what is known, unless a recording begins. */
static int next_batch(struct merge *m, struct merge_input *x, struct err *err)
{
	const struct fmt_batch *b;
	struct fmt_batch_info info;
	int r;

	x->row = 0;
	do {
		x->b = NULL;
		r = merge_input__next(x, &b, &info, err);
		if (r)
			return r < 0 ? r : 0;
		x->anew = info.keyframe && (info.new_section || (x->anew && !info.segment));
		if (x->anew) {
			r = put_anew(m, x, b, info.new_section, err);
			if (r < 0)
				return r;
		}
	} while (info.keyframe || !b->n);
	x->b = b;
	x->key = b->ts[0] > x->key ? b->ts[0] : x->key;
	return 0;
}

static void hold(struct merge_input *x, const struct fmt_batch *b)
{
	struct fmt_batch *copy;

	x->held = xrealloc(x->held, (x->n_held + 1) * sizeof(*x->held));
	fmt_batch__new(&copy);
	for (uint32_t row = 0; row < b->n; row++) {
		struct fmt_ev ev = fmt_batch__ev(b, row);

		fmt_batch__copy(copy, &ev);
	}
	x->held[x->n_held++] = copy;
}

/* The first keyframe: into the result's, or held until the file begins. Then the first events. */
static int begin(struct merge *m, struct merge_input *x, struct err *err)
{
	static const struct fmt_batch_info keyframe = { .keyframe = true };
	static const struct fmt_want want = { .no_keyframes = true };
	const struct fmt_batch *b;
	struct fmt_batch_info info;
	int r;

	fmt_source__want(x->in.s, &want);
	while ((r = merge_input__next(x, &b, &info, err)) == 0) {
		if (!info.keyframe && b->n)
			break;
		if (info.keyframe && x->joins)
			hold(x, b);
		else if (info.keyframe)
			r = put_rows(m, x, b, &keyframe, err);
		if (r < 0)
			return r;
	}
	if (r == 0) {
		x->b = b;
		x->key = b->ts[0];
	}
	return r < 0 ? r : 0;
}

/* The input whose row comes next; *ret_until: as long as its key is not above this, so are the ones behind it. */
static struct merge_input *first_of(struct merge *m, uint64_t *ret_until)
{
	struct merge_input *first = NULL;

	*ret_until = UINT64_MAX;
	for (size_t k = 0; k < m->n; k++) {
		struct merge_input *x = &m->inputs[k];

		if (!x->b)
			continue;
		if (!first || x->key < first->key) {
			*ret_until = first ? first->key : UINT64_MAX;
			first = x;
		} else if (x->key < *ret_until) {
			*ret_until = x->key;
		}
	}
	return first;
}

static void show_progress(const struct merge *m)
{
	uint64_t done = 0, size = 0, events = 0;

	for (size_t k = 0; k < m->n; k++) {
		done += m->inputs[k].b ? m->inputs[k].in.done : m->inputs[k].in.size;
		size += m->inputs[k].in.size;
		events += m->inputs[k].before + m->inputs[k].in.events;
	}
	progress__show("merging", done, size, events);
}

/* Rows of one input until another's comes first. */
static int put_run(struct merge *m, struct merge_input *x, uint64_t until, struct err *err)
{
	do {
		int r = put_event(m, x, err);

		if (r == 0 && ++x->row == x->b->n) {
			r = next_batch(m, x, err);
			show_progress(m);
		} else if (r == 0 && x->b->ts[x->row] > x->key) {
			x->key = x->b->ts[x->row];
		}
		if (r < 0)
			return r;
	} while (x->b && x->key < until);
	return 0;
}

int merge__run(struct merge *m, struct output *out, int *code, struct err *err)
{
	static const struct fmt_batch_info keyframe = { .keyframe = true }, events = { 0 };
	struct merge_input *x;
	uint64_t until;
	int r = 0;

	m->out = out;
	for (size_t k = 0; k < m->n && !m->st; k++)
		if (m->inputs[k].joins)
			eng_state__new(&m->st);
	for (size_t k = 0; k < m->n && r == 0; k++)
		r = begin(m, &m->inputs[k], err);
	if (r == 0)
		r = flush(m, &keyframe, err);
	while (r == 0 && (x = first_of(m, &until)))
		r = put_run(m, x, until, err);
	progress__end();
	if (r == 0)
		r = flush(m, &events, err);
	for (size_t k = 0; k < m->n; k++)
		if (m->inputs[k].code)
			*code = m->inputs[k].code;
	return r;
}
