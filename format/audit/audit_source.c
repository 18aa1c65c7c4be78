// SPDX-License-Identifier: Apache-2.0
/* An audit log as a source: values one after the other, with whatever is between them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/audit/audit.h"
#include "format/file/trace_input.h"

#define TOLD 8u				/* faults told one by one; the rest by their number */

struct audit_source {
	struct fmt_source s;
	struct trace_input in;
	uint64_t line;			/* of the window's first byte, from 1 */
	bool in_array;			/* between the elements of an array that is the whole file */
	size_t indent;			/* of the value in hand, if it begins a line */
	size_t tried;			/* so many bytes from the window's begin have been read for a document that was none */
	bool begun, given, ended;
	unsigned faults;		/* so far */
	uint64_t untold;		/* of those */
	bool faulty;			/* fault is to be given before what follows */
	struct err fault;
	uint64_t next_num;
	struct fmt_batch *batch;
	struct json_doc doc;
	uint32_t at;			/* place in the document in hand: see audit_doc__next */
	bool in_doc;
	struct audit_scratch scratch;
};

/* --- the window -------------------------------------------------------------------------------------------- */

static const char *window(const struct audit_source *x)
{
	return (const char *)trace_input__p(&x->in);
}

static unsigned lines_in(const char *p, size_t n)
{
	unsigned lines = 0;

	for (const char *end = p + n; (p = memchr(p, '\n', (size_t)(end - p))) && p++ < end;)
		lines++;
	return lines;
}

static void pass(struct audit_source *x, size_t n)
{
	if (n)
		x->line += lines_in(window(x), n);
	x->tried -= n < x->tried ? n : x->tried;
	trace_input__skip(&x->in, n);
}

/* What stands between values: blanks, the commas and the brackets of an array of all. False at the end. */
static bool to_value(struct audit_source *x)
{
	for (;;) {
		size_t i = 0;

		if (!x->in.have && (trace_input__need(&x->in, 1) || !x->in.have))
			return false;
		for (; i < x->in.have; i++) {
			char c = window(x)[i];

			if (c == ' ' || c == '\t')
				x->indent++;
			else if (c == '\n' || c == '\r' || c == 0x1e || (x->in_array && c == ','))
				x->indent = 0;
			else if ((c == '[' && !x->in_array) || (c == ']' && x->in_array))
				x->in_array = !x->in_array;
			else
				break;
		}
		pass(x, i);
		if (x->in.have)
			return true;
	}
}

/* --- faults ------------------------------------------------------------------------------------------------ */

static void note_fault(struct audit_source *x, const char *why, const char *done, size_t at)
{
	const char *from, *p = window(x);

	if (x->faults++ >= TOLD) {
		x->untold++;
		return;
	}
	x->faulty = true;
	x->fault = (struct err){ 0 };
	err__set(&x->fault, -FMT_E_CORRUPT, "%s: %s", why, done);
	err__file(&x->fault, x->s.name);
	if (at > x->in.have)
		at = x->in.have;
	x->fault.line = (unsigned)x->line + lines_in(p, at);
	for (from = p + at; from > p && from[-1] != '\n';)
		from--;
	x->fault.col = (unsigned)(p + at - from) + 1;
}

static bool tell_rest(struct audit_source *x)
{
	if (!x->untold)
		return false;
	x->fault = (struct err){ 0 };
	err__set(&x->fault, -FMT_E_CORRUPT, "%llu more entries were left out for the like",
		 (unsigned long long)x->untold);
	err__file(&x->fault, x->s.name);
	x->untold = 0;
	return x->faulty = true;
}

/* Go to the next line whose first letter is a bracket that is indented no more than the value in hand: there an entry may begin. */
static void to_next_start(struct audit_source *x)
{
	for (;;) {
		const char *nl = x->in.have ? memchr(window(x), '\n', x->in.have) : NULL;
		size_t i = 1;

		pass(x, nl ? (size_t)(nl - window(x)) : x->in.have);
		if (!nl && (trace_input__need(&x->in, 1) || !x->in.have))
			return;
		if (!nl)
			continue;
		trace_input__need(&x->in, x->indent + 2);
		while (i < x->in.have && (window(x)[i] == ' ' || window(x)[i] == '\t'))
			i++;
		nl = window(x);
		pass(x, 1);
		if (i < x->in.have + 1 && i - 1 <= x->indent && (nl[i] == '{' || nl[i] == '['))
			return;
	}
}

/* Go behind a value that cannot be read. */
static void leave_out(struct audit_source *x)
{
	size_t end = x->doc.bad_value ? json_doc__end(window(x), x->in.have) : 0;

	if (end)
		pass(x, end);
	else
		to_next_start(x);
}

/* --- values ------------------------------------------------------------------------------------------------ */

/*
 * How much of the window may be the document. Within what has been read in vain already it is one line: else documents that are never
 * closed, within one another, would be read as often as there are levels.
 */
static size_t room_of(const struct audit_source *x)
{
	const char *nl = x->tried && x->in.have ? memchr(window(x), '\n', x->in.have) : NULL;

	return nl ? (size_t)(nl - window(x)) : x->in.have;
}

/* The document at the window's beginning, all of it. False if it was left out. */
static bool read_doc(struct audit_source *x)
{
	size_t want = x->in.have, room;
	bool all = false;
	int r;

	for (;;) {
		room = room_of(x);
		r = json_doc__parse(&x->doc, window(x), room);
		if (r != JSON_MORE || all || room < x->in.have || room >= AUDIT_MAX_DOC)
			break;
		want += want > INPUT_AHEAD ? want : INPUT_AHEAD;
		all = trace_input__need(&x->in, want) != 0;
	}
	if (!r) {
		x->at = 0;
		return x->in_doc = true;
	}
	if (r == JSON_MORE)
		x->doc.bad_value = false;
	note_fault(x, r == JSON_BAD ? x->doc.bad : all ? "the text ends within an entry" :
		   room < x->in.have ? "the line ends within an entry" :
		   "a document of more than 64 MiB (one event a line has no such limit)", "left out",
		   r == JSON_BAD ? x->doc.bad_at : 0);
	room = r == JSON_BAD ? x->doc.bad_at : room;
	x->tried = room > x->tried ? room : x->tried;
	leave_out(x);
	return false;
}

/* The rows of the document in hand, as far as the batch has room. */
static void take_doc(struct audit_source *x)
{
	uint32_t node;

	while (!x->faulty && !fmt_batch__full(x->batch)) {
		struct audit_entry e;
		const char *why;

		node = audit_doc__next(&x->doc, &x->at);
		if (node == JSON_NONE) {
			x->in_doc = false;
			pass(x, x->doc.used);
			return;
		}
		if (!audit_entry__read(&x->doc, node, &e, &why))
			note_fault(x, why, "left out", x->doc.nodes[node].at);
		else if (!audit_entry__add(&e, x->batch, &x->scratch))
			note_fault(x, "an entry of more than 1 MiB without its objects", "left out", x->doc.nodes[node].at);
		else
			x->next_num++;
	}
}

static void fill(struct audit_source *x)
{
	while (!x->faulty && !x->ended && !fmt_batch__full(x->batch)) {
		if (!x->in_doc && !to_value(x)) {
			x->ended = true;
			tell_rest(x);
		} else if (x->in_doc || read_doc(x)) {
			take_doc(x);
		}
	}
}

static int source_next(struct fmt_source *s, const struct fmt_batch **ret, struct fmt_batch_info *info, struct err *err)
{
	struct audit_source *x = (struct audit_source *)s;

	if (x->given)
		fmt_batch__reset(x->batch, x->next_num);
	x->given = false;
	*info = (struct fmt_batch_info){ .keyframe = !x->begun, .chunk = x->line, .offset = x->in.pos };
	if (x->begun)
		fill(x);
	if (x->faulty) {		/* the batch goes on to grow afterwards */
		x->faulty = false;
		if (err && !err->code)
			*err = x->fault;
		return x->fault.code;
	}
	if (x->begun && !x->batch->n)
		return 1;
	x->begun = x->given = true;
	*ret = x->batch;
	return 0;
}

static void source_close(struct fmt_source *s)
{
	struct audit_source *x = (struct audit_source *)s;

	trace_input__done(&x->in);
	fmt_batch__free(x->batch);
	json_doc__done(&x->doc);
	audit_scratch__done(&x->scratch);
	free(x);
}

static const struct fmt_source_ops ops = { .next = source_next, .close = source_close };

static bool holds(const char *p, size_t n, const char *what)
{
	return memmem(p, n, what, strlen(what)) != NULL;
}

bool fmt_audit__probe(const void *head, size_t n)
{
	const char *p = head;
	size_t i = 0;

	while (i < n && p[i] && strchr(" \t\r\n\x1e", p[i]))
		i++;
	return i < n && (p[i] == '{' || p[i] == '[') &&
	       (holds(p, n, "audit.k8s.io/") || holds(p, n, "\"auditID\"") || holds(p, n, "\"requestReceivedTimestamp\""));
}

int fmt_audit__open(struct fmt_source **ret, int fd, bool regular, const char *name, const void *head, size_t n,
		    struct err *err)
{
	struct audit_source *x = xcalloc(1, sizeof(*x));

	(void)err;
	x->s.ops = &ops;
	snprintf(x->s.name, sizeof(x->s.name), "%s", name);
	snprintf(x->s.meta.tool, sizeof(x->s.meta.tool), "Kubernetes audit log");
	trace_input__init(&x->in, fd, regular, head, n);
	fmt_batch__new(&x->batch);
	x->line = x->next_num = 1;
	*ret = &x->s;
	return 0;
}
