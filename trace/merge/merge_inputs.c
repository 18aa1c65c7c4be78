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
static int range_of_trace(struct merge_input *x, struct err *err)
{
	struct fmt_summary s;
	struct fmt_reader *r;
	uint32_t n;
	int code = fmt_reader__open(&r, x->path, err);

	if (code < 0)
		return code;
	n = fmt_reader__n_chunks(r);
	for (uint32_t k = 0; k < n && !x->t_first; k++)
		if (!fmt_reader__summary(r, k, &s, NULL) && s.kind == CHUNK_EVENTS)
			x->t_first = s.t_first;
	for (uint32_t k = n; k && !x->t_last; k--)
		if (!fmt_reader__summary(r, k - 1, &s, NULL) && s.kind == CHUNK_EVENTS)
			x->t_last = s.t_last;
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
	int code = reading__open(&in, x->path, err);

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
		int code;

		if (!is_shared(m, x))
			continue;
		code = *x->in.s->meta.uuid ? range_of_trace(x, err) : range_of_other(x, err);
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

int merge_inputs__open(struct merge *m, const char *const *paths, size_t n, struct err *err)
{
	int code;

	m->inputs = xcalloc(n, sizeof(*m->inputs));
	for (size_t k = 0; k < n; k++) {
		struct merge_input *x = &m->inputs[k];

		if (!strcmp(paths[k], "-"))
			return err__set(err, -FMT_E_UNSUPPORTED, "stdin: files are merged, not pipes");
		code = reading__open(&x->in, paths[k], err);
		if (code < 0)
			return code;
		m->n = k + 1;
		x->path = paths[k];
		x->nums = xcalloc(MERGE_NUMS, sizeof(*x->nums));
		if (!x->in.size) {
			err__set(err, -FMT_E_UNSUPPORTED, "is a pipe or device: files are merged");
			err__file(err, paths[k]);
			return -FMT_E_UNSUPPORTED;
		}
	}
	code = find_ranges(m, err);
	return code < 0 ? code : give_origins(m, err);
}
