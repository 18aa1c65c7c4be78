// SPDX-License-Identifier: Apache-2.0
/*
 * Lines back to batches. Each line is untrusted by itself: what is wrong with one costs that one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/base/text.h"
#include "format/file/trace_input.h"
#include "format/jsonl/jsonl.h"
#include "format/jsonl/jsonl_params.h"
#include "format/jsonl/jsonl_text.h"

#define MARKER "{\"spoor\":\"events\""

struct jsonl_source {
	struct fmt_source s;
	struct trace_input in;
	uint64_t line;			/* number of the line in hand */
	size_t line_size;		/* its bytes, to be passed over */
	bool again;			/* the line in hand has not been used yet */
	bool in_keyframe, restart;	/* what the batch in hand is */
	bool begun;			/* there is a keyframe to be given, though it may be empty */
	bool implied;			/* that is the one that every source begins with */
	bool given;			/* the batch has been given: the next call begins another */
	bool told;			/* the line before was wrong too */
	bool ended, faulty;		/* all read; fault is to be given before what follows */
	uint64_t next_num;
	struct fmt_batch *batch;
	struct buf scratch;
	struct jsonl_params params;
	struct jsonl_clock clock;
	struct err fault;
};

/* What a line says, before its parameters are looked at. */
struct line {
	bool marker, restart, keyframe;	/* "keyframe": "begin" or true */
	bool has_time, has_type, has_num, no_res, has_res;
	bool context;
	uint64_t num, ts, dur, res, tid, pid, cpu, origin;
	int type;			/* -1: not known here */
	const char *args, *cut;		/* where their values begin, or NULL */
};

/* --- a line ------------------------------------------------------------------------------------------------ */

static bool read_keyframe(struct json_in *j, struct line *l)
{
	struct json_str s;

	if (json_in__peek(j) != '"') {
		l->keyframe = json_in__word(j) == 't';
		return !j->bad;
	}
	l->marker = json_in__string(j, &s) && json_str__is(&s, "begin");
	return l->marker || json_in__fail(j, "'keyframe' is neither true nor \"begin\"");
}

static bool read_type(struct json_in *j, struct line *l)
{
	struct json_str s;
	char name[64];

	if (!json_in__string(j, &s))
		return false;
	l->has_type = true;
	l->type = -1;
	if (s.n < sizeof(name) && !memchr(s.p, 0, s.n)) {
		memcpy(name, s.p, s.n);
		name[s.n] = '\0';
		l->type = fmt_event__by_name(name);
	}
	return true;
}

static bool read_time(struct jsonl_source *x, struct json_in *j, uint64_t *ret)
{
	struct json_str s;

	if (!json_in__string(j, &s))
		return false;
	return jsonl_time__get(&x->clock, s.p, s.n, ret) ||
	       json_in__fail(j, "a time is not of the form 2026-11-27T22:29:12.438001608Z");
}

static bool read_res(struct json_in *j, struct line *l)
{
	l->has_res = true;
	if (json_in__peek(j) != 'n')
		return json_in__int(j, &l->res);
	l->no_res = true;
	return json_in__word(j);
}

static bool read_member(struct jsonl_source *x, struct json_in *j, const struct json_str *key, struct line *l)
{
	if (json_str__is(key, "num"))
		return l->has_num = json_in__int(j, &l->num);
	if (json_str__is(key, "time"))
		return l->has_time = read_time(x, j, &l->ts);
	if (json_str__is(key, "type"))
		return read_type(j, l);
	if (json_str__is(key, "tid"))
		return json_in__max(j, UINT32_MAX, &l->tid);
	if (json_str__is(key, "pid"))
		return json_in__max(j, UINT32_MAX, &l->pid);
	if (json_str__is(key, "cpu"))
		return json_in__max(j, UINT16_MAX, &l->cpu);
	if (json_str__is(key, "origin"))
		return json_in__max(j, x->s.n_more, &l->origin);
	if (json_str__is(key, "context"))
		return (l->context = json_in__word(j) == 't' && x->s.has_context) || !j->bad;
	if (json_str__is(key, "duration"))
		return json_in__int(j, &l->dur);
	if (json_str__is(key, "res"))
		return read_res(j, l);
	if (json_str__is(key, "keyframe"))
		return read_keyframe(j, l);
	if (json_str__is(key, "restart"))
		return (l->restart = json_in__word(j) == 't') || !j->bad;
	if (json_str__is(key, "args"))
		l->args = j->p;
	if (json_str__is(key, "cut"))
		l->cut = j->p;
	return json_in__skip(j);
}

static bool read_line(struct jsonl_source *x, struct json_in *j, struct line *l)
{
	struct json_str key;
	bool first = true;

	*l = (struct line){ .type = -1 };
	while (json_in__member(j, &first, &key))
		if (!read_member(x, j, &key, l))
			return false;
	if (j->bad)
		return false;
	if (json_in__peek(j) || j->p != j->end)
		return json_in__fail(j, "there is more behind the object");
	if (!l->marker && (!l->has_time || !l->has_type))
		return json_in__fail(j, "an event without 'time' or 'type'");
	return true;
}

static void note_loss(struct jsonl_source *x)
{
	struct fmt_ev ev = fmt_batch__ev(x->batch, x->batch->n - 1);
	uint64_t n;

	if (ev.type == EV_drop && fmt_ev__int(&ev, P_drop_n, &n))
		x->s.lost += n;
}

/* --- lines ------------------------------------------------------------------------------------------------- */

/* The next line into *ret, without its end; false when there is none. A line that is too long is cut there. */
static bool next_line(struct jsonl_source *x, struct json_in *ret)
{
	size_t want = 0;
	const char *p, *nl;

	if (!x->again) {
		trace_input__skip(&x->in, x->line_size);
		x->line++;
	}
	x->again = false;
	for (;; want += want + INPUT_AHEAD) {
		bool all = trace_input__need(&x->in, want) != 0;

		p = (const char *)trace_input__p(&x->in);
		nl = x->in.have ? memchr(p, '\n', x->in.have) : NULL;
		if (nl || all || x->in.have > JSONL_MAX_LINE)
			break;
	}
	if (!x->in.have)
		return false;
	x->line_size = nl ? (size_t)(nl - p) + 1 : x->in.have;
	x->scratch.len = 0;
	buf__reserve(&x->scratch, 2 * x->line_size);
	*ret = (struct json_in){ .p = p, .end = nl ? nl : p + x->in.have, .scratch = &x->scratch };
	if (ret->end - p > (ptrdiff_t)JSONL_MAX_LINE)
		json_in__fail(ret, "the line is too long");
	return true;
}

/* A line is wrong: told unless the one before was too. */
static void note_fault(struct jsonl_source *x, const char *why, const char *done)
{
	if (x->told)
		return;
	x->told = x->faulty = true;
	x->fault = (struct err){ 0 };
	err__set(&x->fault, -FMT_E_CORRUPT, "%s: %s", why, done);
	err__file(&x->fault, x->s.name);
	x->fault.line = (unsigned)x->line;
	x->fault.col = 1;
}

/* A row for the line. */
static void add_row(struct jsonl_source *x, const struct line *l, const char *end)
{
	int64_t res = l->no_res ? FMT_NO_RES : l->has_res ? (int64_t)l->res : 0;
	const char *why;

	x->batch->origin = (uint8_t)l->origin;
	x->batch->context = l->context;
	if (fmt_batch__begin(x->batch, (uint16_t)l->type, l->ts, l->dur, (uint32_t)l->tid, (uint32_t)l->pid,
			     (uint16_t)l->cpu, res) < 0)
		return;
	why = jsonl_params__get(&x->params, x->batch, (uint16_t)l->type, l->args, l->cut, end);
	fmt_batch__end(x->batch);
	note_loss(x);
	if (why)
		note_fault(x, why, "the event is kept without what follows it");
	else
		x->told = false;
}

enum step { STEP_ON, STEP_GIVE };	/* go on with the next line; give the batch first, then this line again */

static enum step take_marker(struct jsonl_source *x, const struct line *l)
{
	if (x->batch->n || (x->begun && !x->implied))
		return STEP_GIVE;
	x->begun = x->in_keyframe = true;
	x->restart = l->restart && !x->implied;
	x->implied = false;
	return STEP_ON;
}

static enum step take_line(struct jsonl_source *x, struct json_in *j)
{
	struct line l;

	if (!json_in__peek(j) && j->p == j->end && !j->bad)
		return STEP_ON;		/* an empty line */
	if (j->bad || !read_line(x, j, &l)) {
		note_fault(x, j->bad, "the line is left out");
		return STEP_ON;
	}
	if (l.marker)
		return take_marker(x, &l);
	if (l.type < 0) {
		x->s.skipped_unknown++;
		return STEP_ON;
	}
	if (l.keyframe != x->in_keyframe) {
		if (x->batch->n || x->begun)
			return STEP_GIVE;
		x->in_keyframe = l.keyframe;
	}
	if (!l.keyframe && !l.has_num)
		l.num = x->next_num;
	if (!l.keyframe && x->batch->n && l.num != x->next_num)
		return STEP_GIVE;
	if (fmt_batch__full(x->batch))
		return STEP_GIVE;
	if (!l.keyframe) {
		if (!x->batch->n)
			fmt_batch__reset(x->batch, l.num);
		x->next_num = l.num + 1;
	}
	add_row(x, &l, j->end);
	return STEP_ON;
}

static int source_next(struct fmt_source *s, const struct fmt_batch **ret, struct fmt_batch_info *info, struct err *err)
{
	struct jsonl_source *x = (struct jsonl_source *)s;
	struct json_in j;

	if (x->given) {
		fmt_batch__reset(x->batch, x->next_num);
		x->given = x->begun = x->restart = x->implied = false;
	}
	while (!x->faulty && !x->ended) {
		x->ended = !next_line(x, &j);
		if (x->ended)
			break;
		if (take_line(x, &j) == STEP_GIVE) {
			x->again = true;
			break;
		}
	}
	if (x->faulty) {		/* the batch goes on to grow afterwards */
		x->faulty = false;
		if (err && !err->code)
			*err = x->fault;
		return x->fault.code;
	}
	if (!x->batch->n && !x->begun)
		return 1;
	*info = (struct fmt_batch_info){ .keyframe = x->in_keyframe, .new_section = x->in_keyframe && x->restart,
					 .chunk = x->line, .offset = x->in.pos };
	x->given = true;
	*ret = x->batch;
	return 0;
}

static void source_close(struct fmt_source *s)
{
	struct jsonl_source *x = (struct jsonl_source *)s;

	trace_input__done(&x->in);
	fmt_batch__free(x->batch);
	buf__done(&x->scratch);
	jsonl_params__done(&x->params);
	free(x->s.more);
	free(x);
}

static const struct fmt_source_ops ops = { .next = source_next, .close = source_close };

/* --- the first line ---------------------------------------------------------------------------------------- */

bool fmt_jsonl__probe(const void *head, size_t n)
{
	return n >= sizeof(MARKER) - 1 && !memcmp(head, MARKER, sizeof(MARKER) - 1);
}

static bool get_meta_text(struct json_in *j, char *to, size_t size)
{
	struct buf b = { 0 };
	uint64_t unused;
	struct json_str s = { NULL, 0 };
	bool ok = json_in__peek(j) == '{' ? jsonl_bytes__get(j, &b, &unused) : json_in__string(j, &s);

	if (ok && s.p)
		buf__add(&b, s.p, s.n);
	if (ok)
		snprintf(to, size, "%.*s", (int)(b.len < size ? b.len : size), (char *)b.p);
	buf__done(&b);
	return ok;
}

static bool read_meta(struct jsonl_source *x, struct json_in *j, const struct json_str *key, struct fmt_meta *m)
{
	const struct { const char *key; char *to; size_t size; } texts[] = {
		{ "hostname", m->hostname, sizeof(m->hostname) }, { "os", m->os, sizeof(m->os) },
		{ "kernel", m->kernel, sizeof(m->kernel) }, { "arch", m->arch, sizeof(m->arch) },
		{ "tool", m->tool, sizeof(m->tool) }, { "driver", m->driver, sizeof(m->driver) },
		{ "command", m->command, sizeof(m->command) }, { "reason", m->reason, sizeof(m->reason) },
		{ "made_from", m->made_from, sizeof(m->made_from) },
		{ "snaplen_for", m->snaplen_for, sizeof(m->snaplen_for) },
	};
	uint64_t v;

	for (size_t k = 0; k < sizeof(texts) / sizeof(*texts); k++)
		if (json_str__is(key, texts[k].key))
			return get_meta_text(j, texts[k].to, texts[k].size);
	if (json_str__is(key, "memory"))
		return json_in__int(j, &m->memory);
	if (json_str__is(key, "noise"))
		return (m->noise = json_in__word(j) == 't') || !j->bad;
	if (json_str__is(key, "durations"))
		return (m->no_durations = json_in__word(j) == 'f') || !j->bad;
	if (json_str__is(key, "boot"))
		return read_time(x, j, &m->boot_ns);
	if (json_str__is(key, "start"))
		return read_time(x, j, &m->start_ns);
	if (!json_str__is(key, "cpus") && !json_str__is(key, "snaplen") && !json_str__is(key, "utc_offset"))
		return json_in__skip(j);
	if (json_str__is(key, "utc_offset")) {
		if (!json_in__int(j, &v))
			return false;
		m->utc_offset = (int32_t)v;
		return true;
	}
	if (!json_in__max(j, UINT32_MAX, &v))
		return false;
	*(json_str__is(key, "cpus") ? &m->n_cpus : &m->snaplen) = (uint32_t)v;
	return true;
}

/* The other machines, in the order of their origins. */
static bool read_more(struct jsonl_source *x, struct json_in *j)
{
	struct json_str key;
	bool first = true, first_key;

	while (json_in__item(j, &first)) {
		struct fmt_meta *m;

		if (x->s.n_more + 1 >= FMT_MAX_ORIGINS)
			return json_in__fail(j, "too many machines");
		x->s.more = xrealloc(x->s.more, (x->s.n_more + 1) * sizeof(*x->s.more));
		m = &x->s.more[x->s.n_more++];
		*m = (struct fmt_meta){ 0 };
		first_key = true;
		while (json_in__member(j, &first_key, &key))
			if (!read_meta(x, j, &key, m))
				return false;
	}
	return !j->bad;
}

static bool read_head_member(struct jsonl_source *x, struct json_in *j, const struct json_str *key, uint64_t *version)
{
	if (json_str__is(key, "version"))
		return json_in__int(j, version);
	if (json_str__is(key, "more"))
		return read_more(x, j);
	if (json_str__is(key, "context"))
		return (x->s.has_context = json_in__word(j) == 't') || !j->bad;
	return read_meta(x, j, key, &x->s.meta);
}

static int read_head(struct jsonl_source *x, struct err *err)
{
	struct json_str key;
	struct json_in j;
	uint64_t version = 0;
	bool first = true;

	if (!next_line(x, &j))
		return err__set(err, -FMT_E_FORMAT, "the file is empty: no trace");
	while (json_in__member(&j, &first, &key))
		if (!read_head_member(x, &j, &key, &version))
			break;
	if (j.bad)
		return err__set(err, -FMT_E_CORRUPT, "line 1: %s", j.bad);
	if (version != JSONL_VERSION)
		return err__set(err, -FMT_E_VERSION, "is text of version %llu; this spoor reads version %u: use a newer spoor",
				(unsigned long long)version, JSONL_VERSION);
	return 0;
}

int fmt_jsonl__open(struct fmt_source **ret, int fd, bool regular, const char *name, const void *head, size_t n,
		    struct err *err)
{
	struct jsonl_source *x = xcalloc(1, sizeof(*x));
	int r;

	x->s.ops = &ops;
	snprintf(x->s.name, sizeof(x->s.name), "%s", name);
	trace_input__init(&x->in, fd, regular, head, n);
	fmt_batch__new(&x->batch);
	x->next_num = 1;
	x->begun = x->implied = x->in_keyframe = true;	/* a source begins with a keyframe */
	r = read_head(x, err);
	if (r < 0) {
		err__file(err, name);
		source_close(&x->s);
		return r;
	}
	*ret = &x->s;
	return 0;
}
