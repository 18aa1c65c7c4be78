// SPDX-License-Identifier: Apache-2.0
/* Which machine each file is of, and which files are of the same while they overlap. */
#include <stdlib.h>
#include <string.h>

#include "format/base/alloc.h"
#include "format/file/trace_reader.h"
#include "trace/merge/merge_internal.h"
#include "trace/tool_error.h"

#define BOOT_SLACK 2000000000ull	/* ns: the time of boot is worked out from two clocks, a little differently each time */

/* The same machine, between the same two boots? Without a name nobody knows. */
static bool same_machine(const struct fmt_meta *a, const struct fmt_meta *b)
{
	uint64_t apart = a->boot_ns > b->boot_ns ? a->boot_ns - b->boot_ns : b->boot_ns - a->boot_ns;

	return *a->hostname && !strcmp(a->hostname, b->hostname) && (!a->boot_ns || !b->boot_ns || apart <= BOOT_SLACK);
}

/* --- when a file begins and ends ------------------------------------------------------------------ */

/* By the first and the last chunk of events. */
static int range_of_trace(struct merge_input *x, const char *path, struct err *err)
{
	struct fmt_summary s;
	struct fmt_reader *r;
	uint32_t n;
	int code = fmt_reader__open(&r, path, err);

	if (code < 0)
		return code;
	n = fmt_reader__n_chunks(r);
	for (uint32_t k = 0; k < n && !x->t_first; k++)
		if (!fmt_reader__summary(r, k, &s, NULL) && s.kind == CHUNK_EVENTS)
			x->t_first = s.t_first;
	for (uint32_t k = n; k; k--)
		if (!fmt_reader__summary(r, k - 1, &s, NULL) && s.kind == CHUNK_EVENTS) {
			x->t_last = s.t_last > x->t_last ? s.t_last : x->t_last;
			break;
		}
	fmt_reader__close(r);
	return 0;
}

static int note_times(void *arg, const struct fmt_batch *b, const struct fmt_batch_info *info, struct err *err)
{
	struct merge_input *x = arg;

	(void)err;
	for (uint32_t k = 0; k < b->n && !info->keyframe; k++) {
		x->t_first = !x->t_first || b->ts[k] < x->t_first ? b->ts[k] : x->t_first;
		x->t_last = b->ts[k] > x->t_last ? b->ts[k] : x->t_last;
	}
	return 0;
}

/* Of what has no index: by reading it. */
static int range_of_other(struct merge_input *x, struct err *err)
{
	static const struct fmt_want base_only = { .by_type = true, .no_payload = true, .no_keyframes = true };
	struct reading in;
	int code = reading__open(&in, x->paths[0], err);

	if (code < 0)
		return code;
	in.told = true;			/* the second reading tells it */
	fmt_source__want(in.s, &base_only);
	code = reading__all(&in, note_times, x, err);
	reading__close(&in);
	return code;
}

/* Only where it matters: two files have a machine in common. */
static bool is_shared(const struct merge *m, const struct merge_input *x)
{
	for (size_t k = 0; k < m->n; k++) {
		const struct merge_input *y = &m->inputs[k];

		for (unsigned i = 0; y != x && i <= x->in.s->n_more; i++)
			for (unsigned j = 0; j <= y->in.s->n_more; j++)
				if (same_machine(fmt_source__origin(x->in.s, i), fmt_source__origin(y->in.s, j)))
					return true;
	}
	return false;
}

static int find_ranges(struct merge *m, struct err *err)
{
	for (size_t k = 0; k < m->n; k++) {
		struct merge_input *x = &m->inputs[k];
		int code = 0;

		if (!is_shared(m, x))
			continue;
		if (!*x->in.s->meta.uuid)
			code = range_of_other(x, err);
		else if ((code = range_of_trace(x, x->paths[0], err)) == 0 && x->n_paths > 1)
			code = range_of_trace(x, x->paths[x->n_paths - 1], err);
		if (code < 0)
			return code;
	}
	return 0;
}

/* --- origins --------------------------------------------------------------------------------------- */

/* In the order of their beginnings, so that one that overlaps a chain of others meets all of it. */
static int by_beginning(const void *a, const void *b)
{
	const struct merge_input *const *x = a, *const *y = b;

	if ((*x)->t_first != (*y)->t_first)
		return (*x)->t_first < (*y)->t_first ? -1 : 1;
	return *x < *y ? -1 : *x > *y;
}

static int give_origin(struct merge *m, struct merge_input *x, unsigned own, struct err *err)
{
	const struct fmt_meta *meta = fmt_source__origin(x->in.s, own);
	struct merge_origin *o = NULL;

	for (unsigned k = 0; k < m->n_origins && !o; k++)
		if (same_machine(&m->origins[k].meta, meta) && x->t_first <= m->origins[k].t_last)
			o = &m->origins[k];
	if (!o && m->n_origins == FMT_MAX_ORIGINS)
		return err__set(err, -FMT_E_LIMIT, "more than %u machines", FMT_MAX_ORIGINS);
	if (!o) {
		o = &m->origins[m->n_origins++];
		*o = (struct merge_origin){ .meta = *meta, .t_first = x->t_first, .t_last = x->t_last };
	} else {
		x->joins = true;
		o->meta.no_durations &= meta->no_durations;
	}
	o->t_last = x->t_last > o->t_last ? x->t_last : o->t_last;
	o->n_files++;
	x->origin[own] = (uint8_t)(o - m->origins);
	return 0;
}

static int give_origins(struct merge *m, struct err *err)
{
	struct merge_input **order = xcalloc(m->n, sizeof(*order));
	int code = 0;

	for (size_t k = 0; k < m->n; k++)
		order[k] = &m->inputs[k];
	qsort(order, m->n, sizeof(*order), by_beginning);
	for (size_t k = 0; k < m->n && code == 0; k++)
		for (unsigned own = 0; own <= order[k]->in.s->n_more && code == 0; own++)
			code = give_origin(m, order[k], own, err);
	free(order);
	return code;
}

/* --- files ------------------------------------------------------------------------------------------ */

/* What a file says of itself that tells which others it goes on from. */
struct file {
	const char *path;
	char part_of[sizeof(((struct fmt_meta *)0)->part_of)];
	uint64_t part;
	size_t given;			/* its place among the operands */
};

static int look_at(struct file *f, struct err *err)
{
	struct reading in;
	int code;

	if (!strcmp(f->path, "-"))
		return err__set(err, -FMT_E_UNSUPPORTED, "stdin: files are merged, not pipes");
	code = reading__open(&in, f->path, err);
	if (code < 0)
		return code;
	if (!in.size) {
		code = err__set(err, -FMT_E_UNSUPPORTED, "is a pipe or device: files are merged");
		err__file(err, f->path);
	} else {
		memcpy(f->part_of, in.s->meta.part_of, sizeof(f->part_of));
		f->part = in.s->meta.part;
	}
	reading__close(&in);
	return code;
}

/* Segments of one ring in their order, all else as it was given. */
static int by_part(const void *a, const void *b)
{
	const struct file *x = a, *y = b;
	int d = strcmp(x->part_of, y->part_of);

	if (!d && *x->part_of && x->part != y->part)
		return x->part < y->part ? -1 : 1;
	return d ? d : x->given < y->given ? -1 : 1;
}

static bool goes_on_from(const struct file *f, const struct file *before)
{
	return *f->part_of && before->part && !strcmp(f->part_of, before->part_of) && f->part == before->part + 1;
}

static void add_path(struct merge_input *x, const char *path)
{
	x->paths = xrealloc(x->paths, (x->n_paths + 1) * sizeof(*x->paths));
	x->paths[x->n_paths++] = path;
}

static int open_inputs(struct merge *m, const struct file *f, size_t n, struct err *err)
{
	for (size_t k = 0; k < n; k++) {
		struct merge_input *x = &m->inputs[m->n];
		int code;

		if (k && goes_on_from(&f[k], &f[k - 1])) {
			add_path(x - 1, f[k].path);
			continue;
		}
		if (m->n == MERGE_MAX_OPEN)
			return err__set(err, -FMT_E_LIMIT, "more than %u recordings; segments of a ring that follow each other count "
					"as one", MERGE_MAX_OPEN);
		code = reading__open(&x->in, f[k].path, err);
		if (code < 0)
			return code;
		m->n++;
		add_path(x, f[k].path);
		x->nums = xcalloc(MERGE_NUMS, sizeof(*x->nums));
	}
	return 0;
}

int merge_inputs__open(struct merge *m, const char *const *paths, size_t n, struct err *err)
{
	struct file *f = xcalloc(n, sizeof(*f));
	int code = 0;

	m->inputs = xcalloc(n, sizeof(*m->inputs));
	for (size_t k = 0; k < n && code == 0; k++) {
		f[k] = (struct file){ .path = paths[k], .given = k };
		code = look_at(&f[k], err);
	}
	if (code == 0) {
		qsort(f, n, sizeof(*f), by_part);
		code = open_inputs(m, f, n, err);
	}
	free(f);
	code = code < 0 ? code : find_ranges(m, err);
	return code < 0 ? code : give_origins(m, err);
}

/* Its keyframe repeats what is known: nothing lies between. */
static int open_next(struct merge_input *x, struct err *err)
{
	static const struct fmt_want want = { .no_keyframes = true };
	uint64_t done = x->in.events;
	int code;

	reading__close(&x->in);
	x->before += done;
	code = reading__open(&x->in, x->paths[++x->at], err);
	if (code == 0)
		fmt_source__want(x->in.s, &want);
	return code;
}

int merge_input__next(struct merge_input *x, const struct fmt_batch **b, struct fmt_batch_info *info, struct err *err)
{
	int code;

	for (;;) {
		code = reading__next(&x->in, b, info, err);
		x->code = x->in.code ? x->in.code : x->code;
		if (code != 1 || x->at + 1 == x->n_paths)
			return code;
		code = open_next(x, err);
		if (code < 0)
			return code;
	}
}
