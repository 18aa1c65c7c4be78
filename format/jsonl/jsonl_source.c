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
#include "format/jsonl/json_in.h"
#include "format/jsonl/jsonl.h"
#include "format/jsonl/jsonl_text.h"

#define MARKER "{\"spoor\":\"events\""
#define MAX_CUT 64u			/* as many as an event has parameters */

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
	struct buf scratch, value;
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

struct cut { struct json_str name; uint64_t full; };

static bool is(const struct json_str *s, const char *text)
{
	return s->n == strlen(text) && !memcmp(s->p, text, s->n);
}

/* --- a line ------------------------------------------------------------------------------------------------ */

static bool read_keyframe(struct json_in *j, struct line *l)
{
	struct json_str s;

	if (json_in__peek(j) != '"') {
		l->keyframe = json_in__word(j) == 't';
		return !j->bad;
	}
	l->marker = json_in__string(j, &s) && is(&s, "begin");
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

static bool read_u32(struct json_in *j, uint64_t max, uint64_t *ret)
{
	return json_in__int(j, ret) && (*ret <= max || json_in__fail(j, "a number is too large"));
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
	if (is(key, "num"))
		return l->has_num = json_in__int(j, &l->num);
	if (is(key, "time"))
		return l->has_time = read_time(x, j, &l->ts);
	if (is(key, "type"))
		return read_type(j, l);
	if (is(key, "tid"))
		return read_u32(j, UINT32_MAX, &l->tid);
	if (is(key, "pid"))
		return read_u32(j, UINT32_MAX, &l->pid);
	if (is(key, "cpu"))
		return read_u32(j, UINT16_MAX, &l->cpu);
	if (is(key, "origin"))
		return read_u32(j, x->s.n_more, &l->origin);
	if (is(key, "context"))
		return (l->context = json_in__word(j) == 't' && x->s.has_context) || !j->bad;
	if (is(key, "duration"))
		return json_in__int(j, &l->dur);
	if (is(key, "res"))
		return read_res(j, l);
	if (is(key, "keyframe"))
		return read_keyframe(j, l);
	if (is(key, "restart"))
		return (l->restart = json_in__word(j) == 't') || !j->bad;
	if (is(key, "args"))
		l->args = j->p;
	if (is(key, "cut"))
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

/* --- parameters -------------------------------------------------------------------------------------------- */

static bool get_base64(struct json_in *j, struct buf *out)
{
	struct json_str s;

	return json_in__string(j, &s) &&
	       (jsonl_base64__get(out, s.p, s.n) || json_in__fail(j, "no base64"));
}

/* {"size":N,"base64":"..."}; size only with payloads. */
static bool get_bytes(struct json_in *j, struct buf *out, uint64_t *size)
{
	struct json_str key;
	bool first = true;

	*size = 0;
	while (json_in__member(j, &first, &key)) {
		bool ok = is(&key, "size") ? read_u32(j, UINT32_MAX, size) :
			  is(&key, "base64") ? get_base64(j, out) : json_in__skip(j);

		if (!ok)
			return false;
	}
	return !j->bad;
}

static bool get_list(struct json_in *j, struct buf *out)
{
	struct json_str s;
	bool first = true;

	while (json_in__item(j, &first)) {
		if (!json_in__string(j, &s))
			return false;
		buf__add(out, s.p, s.n);
		buf__u8(out, 0);
	}
	return !j->bad;
}

static bool get_fdlist(struct json_in *j, struct buf *out)
{
	uint64_t fd, events;
	uint16_t n = 0;
	bool first = true, inner;

	buf__le16(out, 0);
	while (json_in__item(j, &first)) {
		inner = true;
		if (!json_in__item(j, &inner) || !json_in__int(j, &fd) || !json_in__item(j, &inner) ||
		    !json_in__int(j, &events) || json_in__item(j, &inner) || ++n == UINT16_MAX)
			return json_in__fail(j, "no list of descriptors");
		buf__le64(out, fd);
		buf__le16(out, (uint16_t)events);
	}
	if (!j->bad)
		memcpy(out->p, &n, sizeof(n));
	return !j->bad;
}

/* The bytes of a string parameter into out. */
static bool get_string(struct json_in *j, const struct fmt_param *p, struct buf *out)
{
	struct json_str s;
	uint64_t size;

	switch (json_in__peek(j)) {
	case '{':
		return get_bytes(j, out, &size);
	case '[':
		return p->type == PT_FDLIST ? get_fdlist(j, out) : get_list(j, out);
	}
	if (!json_in__string(j, &s))
		return false;
	if (p->type == PT_SOCKADDR || p->type == PT_SOCKTUPLE)
		return jsonl_addr__get(out, s.p, s.n, p->type == PT_SOCKTUPLE) || json_in__fail(j, "no address");
	buf__add(out, s.p, s.n);
	return true;
}

static bool get_hex(const struct json_str *s, uint64_t *ret)
{
	uint64_t v = 0;

	if (s->n < 3 || s->n > 18 || s->p[0] != '0' || s->p[1] != 'x')
		return false;
	for (size_t k = 2; k < s->n; k++) {
		char c = s->p[k];

		if (c >= '0' && c <= '9')
			v = v << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v << 4 | (uint64_t)(c - 'a' + 10);
		else
			return false;
	}
	*ret = v;
	return true;
}

static bool get_int(struct json_in *j, const struct fmt_param *p, uint64_t *ret)
{
	struct json_str s;
	char word;

	switch (json_in__peek(j)) {
	case '"':
		if (!json_in__string(j, &s))
			return false;
		return get_hex(&s, ret) || (p->group != GROUP_NONE && jsonl_flags__get(p->group, s.p, s.n, ret)) ||
		       json_in__fail(j, "an unknown symbol");
	case 't':
	case 'f':
		word = json_in__word(j);
		*ret = word == 't';
		return word;
	default:
		return json_in__int(j, ret);
	}
}

/* Read all there is of "cut": at most MAX_CUT names with their true lengths. */
static unsigned read_cuts(struct json_in *j, struct cut *cuts)
{
	unsigned n = 0;
	bool first = true;

	while (n < MAX_CUT && json_in__member(j, &first, &cuts[n].name))
		if (read_u32(j, UINT32_MAX, &cuts[n].full))
			n++;
	return n;
}

static uint32_t full_length(const struct cut *cuts, unsigned n, const char *name, size_t len)
{
	for (unsigned k = 0; k < n; k++)
		if (is(&cuts[k].name, name) && cuts[k].full > len)
			return (uint32_t)cuts[k].full;
	return (uint32_t)len;
}

static bool get_param(struct jsonl_source *x, struct json_in *j, const struct fmt_event_info *info, unsigned p,
		      const struct cut *cuts, unsigned n_cuts)
{
	const struct fmt_param *param = &info->params[p];
	uint64_t v;

	x->value.len = 0;
	buf__reserve(&x->value, 1);
	switch (fmt_ptype_store(param->type)) {
	case STORE_INT:
		if (!get_int(j, param, &v))
			return false;
		fmt_batch__int(x->batch, p, v);
		return true;
	case STORE_STR:
		if (!get_string(j, param, &x->value))
			return false;
		fmt_batch__str(x->batch, p, (char *)x->value.p, (uint32_t)x->value.len,
			       full_length(cuts, n_cuts, param->name, x->value.len));
		return true;
	default:
		if (json_in__peek(j) != '{')
			return json_in__fail(j, "payload is no object of 'size' and 'base64'");
		if (!get_bytes(j, &x->value, &v))
			return false;
		fmt_batch__bytes(x->batch, p, x->value.p, (uint32_t)x->value.len, (uint32_t)v);
		return true;
	}
}

/* All parameters that are known. What is wrong is missing in the row; false then. */
static bool get_params(struct jsonl_source *x, const struct line *l, const char *end, const char **why)
{
	struct json_in j = { .p = l->args, .end = end, .scratch = &x->scratch };
	struct json_in jc = { .p = l->cut, .end = end, .scratch = &x->scratch };
	const struct fmt_event_info *info = &fmt_events[l->type];
	struct cut cuts[MAX_CUT];
	unsigned n_cuts = 0;
	struct json_str key;
	uint64_t given = 0;
	bool first = true;

	/* scratch is large enough for the whole line: what lies in it stays where it is */
	if (l->cut)
		n_cuts = read_cuts(&jc, cuts);
	while (l->args && json_in__member(&j, &first, &key)) {
		unsigned p = 0;

		while (p < info->n_params && !is(&key, info->params[p].name))
			p++;
		if (p == info->n_params || given >> p & 1) {
			json_in__skip(&j);
			continue;
		}
		given |= (uint64_t)1 << p;
		get_param(x, &j, info, p, cuts, n_cuts);
	}
	*why = j.bad ? j.bad : jc.bad;
	return !*why;
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
	bool ok;

	x->batch->origin = (uint8_t)l->origin;
	x->batch->context = l->context;
	if (fmt_batch__begin(x->batch, (uint16_t)l->type, l->ts, l->dur, (uint32_t)l->tid, (uint32_t)l->pid,
			     (uint16_t)l->cpu, res) < 0)
		return;
	ok = get_params(x, l, end, &why);
	fmt_batch__end(x->batch);
	note_loss(x);
	if (!ok)
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
	buf__done(&x->value);
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
	bool ok = json_in__peek(j) == '{' ? get_bytes(j, &b, &unused) : json_in__string(j, &s);

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
	};
	uint64_t v;

	for (size_t k = 0; k < sizeof(texts) / sizeof(*texts); k++)
		if (is(key, texts[k].key))
			return get_meta_text(j, texts[k].to, texts[k].size);
	if (is(key, "memory"))
		return json_in__int(j, &m->memory);
	if (is(key, "noise"))
		return (m->noise = json_in__word(j) == 't') || !j->bad;
	if (is(key, "boot"))
		return read_time(x, j, &m->boot_ns);
	if (is(key, "start"))
		return read_time(x, j, &m->start_ns);
	if (!is(key, "cpus") && !is(key, "snaplen") && !is(key, "utc_offset"))
		return json_in__skip(j);
	if (is(key, "utc_offset")) {
		if (!json_in__int(j, &v))
			return false;
		m->utc_offset = (int32_t)v;
		return true;
	}
	if (!read_u32(j, UINT32_MAX, &v))
		return false;
	*(is(key, "cpus") ? &m->n_cpus : &m->snaplen) = (uint32_t)v;
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
	if (is(key, "version"))
		return json_in__int(j, version);
	if (is(key, "more"))
		return read_more(x, j);
	if (is(key, "context"))
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
