// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cut/cut.h"
#include "format/base/text.h"
#include "inspect/model/export.h"

#define SLICE_ROWS 2048u	/* between two looks at the clock */
#define CHUNK_ROWS 16384u	/* of the new file: more would take longer to compress than a key may wait */

struct ins_export {
	struct ins_trace *t;
	const struct ins_model *m;
	struct ins_lens lens;
	struct ins_cond *cond;		/* a copy of the lens's, which may change meanwhile */
	struct ins_evlist *list;	/* what is selected; NULL: all of the range */
	char *path;
	struct fmt_source source;	/* whose events they are */
	struct fmt_meta meta;
	struct output *out;
	struct cut *cut;
	struct cut_pass *pass;
	struct fmt_batch *b;
	bool loaded;			/* b holds the chunk, whose rows are in up to row */
	uint32_t row;
	uint32_t chunk, first, last;	/* the one at hand; of the range: the first, and the last so far known */
	struct sink_stats stats;
};

bool ins_export__has_format(const char *path)
{
	const struct sink_format *f;

	return !sink__format(&f, path, NULL, NULL);
}

static bool is_selected(void *arg, const struct eng_ctx *ctx)
{
	struct ins_export *e = arg;

	return ctx->ev->type == EV_drop || ins_evlist__has(e->list, ctx);
}

/* What the new file says of where it is from. */
static void describe(struct ins_export *e, struct ins_scope scope, struct ins_only only)
{
	struct fmt_meta *m = &e->meta;
	struct buf b = { 0 };
	char when[48];

	*m = e->source.meta;
	buf__printf(&b, "cut of %s", e->t->name);
	if (*m->uuid)
		buf__printf(&b, " (%s)", m->uuid);
	if (e->lens.to) {
		buf__printf(&b, ", from %s", text__iso(e->lens.from, "Z", when));
		buf__printf(&b, ", to %s", text__iso(e->lens.to, "Z", when));
	}
	if (scope.kind != OF_ALL) {
		buf__puts(&b, ", of ");
		ins_scope__name(e->m, scope, &b);
	}
	if (only.kind) {
		buf__puts(&b, ", ");
		ins_only__name(only, &b);
	}
	if (e->cond)
		buf__printf(&b, ", -f %s", e->cond->text);
	if (*m->made_from)
		buf__printf(&b, "; that is a %s", m->made_from);
	snprintf(m->made_from, sizeof(m->made_from), "%.*s", (int)b.len, (char *)b.p);
	m->uuid[0] = '\0';
	if (e->lens.to && e->lens.from > m->start_ns)
		m->start_ns = e->lens.from;
	buf__done(&b);
}

static int take_selection(struct ins_export *e, struct ins_scope scope, struct ins_only only, struct err *err)
{
	int r = 0;

	if (e->lens.cond) {
		r = ins_cond__new(&e->cond, e->lens.cond->text, err);
		e->lens.cond = e->cond;
	}
	if (r == 0 && (e->cond || scope.kind != OF_ALL || only.kind)) {
		r = ins_evlist__new(&e->list, e->t, e->m, &e->lens, scope, true);
		if (r == 0)
			ins_evlist__only(e->list, only);
	}
	return r;
}

static int open_output(struct ins_export *e, struct err *err)
{
	const char *const inputs[] = { e->t->path, NULL };
	struct sink_opts so = { .keyframes = true };
	const struct sink_format *format;
	int r = sink__format(&format, e->path, NULL, err);

	if (r < 0)
		return r;
	sink_opts__of_source(&so, &e->source, &e->meta);
	so.context = so.context || e->list;
	return output__open(&e->out, format, e->path, false, inputs, &so, err);
}

int ins_export__new(struct ins_export **ret, struct ins_trace *t, const struct ins_model *m, const struct ins_lens *lens,
		    struct ins_scope scope, struct ins_only only, const char *path, struct err *err)
{
	struct cut_opts co = { .to = UINT64_MAX, .rows = CHUNK_ROWS };
	struct ins_export *e;
	int r;

	if (scope.kind != OF_ALL && !m->done)
		return err__set(err, -FMT_E_VALUE, "the trace is still being read: wait until that is through");
	e = xcalloc(1, sizeof(*e));
	e->t = t;
	e->m = m;
	e->lens = *lens;
	e->path = xstrdup(path);
	fmt_reader__as_source(t->r, &e->source);
	r = take_selection(e, scope, only, err);
	describe(e, scope, only);
	if (r == 0)
		r = fmt_batch__new(&e->b);
	if (r == 0)
		r = open_output(e, err);
	if (r < 0) {
		ins_export__free(e);
		return r;
	}
	if (e->lens.to) {
		uint32_t at = ins_trace__chunk_at(t, e->lens.from);

		co.from = e->lens.from;
		co.to = e->lens.to;
		e->chunk = at == INS_NONE ? 0 : ins_trace__keyframe(t, at);
		at = ins_trace__chunk_at(t, e->lens.to);
		e->last = at == INS_NONE ? 0 : at;
	}
	e->first = e->chunk;
	co.out = e->out;
	co.has = e->list ? is_selected : NULL;
	co.arg = e;
	cut__new(&e->cut, &co);
	cut_pass__new(&e->pass, &e->source);
	cut_pass__add(e->pass, e->cut);
	*ret = e;
	return 0;
}

/* The chunk at hand is done with. */
static void go_on(struct ins_export *e)
{
	e->chunk++;
	e->loaded = false;
	e->row = 0;
}

/* Some rows more. 1: behind the range, 0, or negative. */
static int put_rows(struct ins_export *e, struct err *err)
{
	static const struct fmt_want all = { 0 };
	const struct ins_chunk *c = &e->t->chunks[e->chunk];
	bool keyframe = c->kind == CHUNK_KEYFRAME, over;
	struct fmt_batch_info info = { .keyframe = keyframe, .new_section = c->anew, .segment = keyframe &&
				       (!e->chunk || e->t->chunks[e->chunk - 1].kind != CHUNK_KEYFRAME) };
	uint32_t to;
	int r;

	/* what cannot be read is passed over, and noted in the trace */
	if (!e->loaded && (c->bad || ins_trace__read(e->t, e->chunk, &all, e->b))) {
		go_on(e);
		return 0;
	}
	if (!e->loaded && e->list && !keyframe)
		ins_evlist__batch(e->list, e->b);
	e->loaded = true;
	to = keyframe || e->b->n - e->row <= SLICE_ROWS ? e->b->n : e->row + SLICE_ROWS;
	over = cut_pass__part(e->pass, e->b, &info, e->row, to);
	e->row = to;
	if (to == e->b->n)
		go_on(e);
	r = cut__error(e->cut, err);
	return r < 0 ? r : over;
}

static int finish(struct ins_export *e, struct err *err)
{
	int r = cut__finish(e->cut, err);

	if (r < 0)
		return r;
	r = output__close(e->out, &e->stats, err);
	e->out = NULL;
	return r;
}

int ins_export__step(struct ins_export *e, uint64_t ns, struct err *err)
{
	uint64_t until = ins_now() + ns;

	while (e->chunk < e->t->n_read) {
		int r = put_rows(e, err);

		if (r < 0)
			return r;
		if (r == 1)		/* behind the range */
			return finish(e, err);
		if (ins_now() > until)
			return 1;
	}
	return e->t->n_read < e->t->n_chunks ? 1 : finish(e, err);
}

double ins_export__progress(const struct ins_export *e)
{
	uint32_t last = e->lens.to ? e->last + 1 : e->t->n_chunks;

	return e->chunk >= last ? 1 : (double)(e->chunk - e->first) / (last - e->first);
}

const char *ins_export__path(const struct ins_export *e)
{
	return e->path;
}

void ins_export__say(const struct ins_export *e, struct buf *out)
{
	uint64_t events, context;
	char n[32];

	cut__counts(e->cut, &events, &context);
	buf__printf(out, "%s: %s events", e->path, text__count(events, n));
	if (context)
		buf__printf(out, ", and %s that they cannot be understood without", text__count(context, n));
	buf__printf(out, ", %s", text__size(e->stats.bytes, n));
	if (e->stats.left_out)
		buf__printf(out, "; left out, for the format has no place for them: %s", text__count(e->stats.left_out, n));
}

void ins_export__free(struct ins_export *e)
{
	if (!e)
		return;
	cut__free(e->cut);
	cut_pass__free(e->pass);
	output__abort(e->out);
	fmt_batch__free(e->b);
	ins_evlist__free(e->list);
	ins_cond__free(e->cond);
	free(e->path);
	free(e);
}
