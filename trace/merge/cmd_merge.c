// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "format/base/text.h"
#include "trace/merge/merge.h"
#include "trace/tool_error.h"
#include "trace/trace_tool.h"

static void say(const struct merge *m, const char *out, const struct sink_stats *st)
{
	FILE *to = strcmp(out, "-") ? stdout : stderr;
	char n[32], d[32], size[32];

	text__print(to, strcmp(out, "-") ? out : "stdout");
	fprintf(to, ": %s events of %u %s, %s", text__count(st->events, n), merge__machines(m),
		merge__machines(m) == 1 ? "recording" : "recordings", text__size(st->bytes, size));
	if (merge__duplicates(m))
		fprintf(to, "; left out, for another file has them too: %s", text__count(merge__duplicates(m), d));
	fputc('\n', to);
}

static int merge(const struct trace_tool_opts *o)
{
	const struct sink_format *format = &sink_spoor;
	struct sink_opts so = { .keyframes = true };
	struct sink_stats st = { 0 };
	struct output *out = NULL;
	struct merge *m = NULL;
	struct err err = { 0 };
	int code = EXIT_OK, r = 0;

	if (strcmp(o->out, "-"))
		r = sink__format(&format, o->out, NULL, &err);
	if (r == 0)
		r = merge__new(&m, o->files, o->n_files, &err);
	if (r == 0) {
		merge__describe(m, &so);
		r = output__open(&out, format, o->out, o->force, o->files, &so, &err);
	}
	if (r == 0)
		r = merge__run(m, out, &code, &err);
	if (r == 0) {
		r = output__close(out, &st, &err);
		out = NULL;
	}
	output__abort(out);
	if (r == 0)
		say(m, o->out, &st);
	else
		code = tool_error(&err);
	merge__free(m);
	return code;
}

const struct trace_command cmd_merge = {
	.name = "merge",
	.cli = {
		.tool = "spoor-trace merge",
		.usage = "FILE... -w OUT [--force]",
		.about = "Writes several recordings as one, events in the order of time. What is of several machines stays so: each has "
			 "its own processes, and %evt.hostname says of every event whose it is. Recordings of one machine that "
			 "overlap become one, and what is in several of them is there once; so do the segments of a flight recorder's ring. The files may be traces, captures (.scap) and "
			 ".jsonl; OUT may also be .jsonl.",
		.examples = "spoor-trace merge web1.spoor web2.spoor -w both.spoor\tTwo machines in the order of time.\n"
			    "spoor-trace merge before.spoor after.spoor -w all.spoor\tTwo cuts of one recording that overlap.\n"
			    "spoor-trace merge ring/*.spoor -w last.spoor\tWhat a flight recorder's ring held when the machine died.\n"
			    "spoor-replay both.spoor -p '%evt.time %evt.hostname %proc.cmdline'\tWhat ran where.",
		.opts = (const struct cli_opt[]){ TRACE_OPT_WRITE, TRACE_OPT_FORCE, TRACE_OPT_END },
	},
	.operands = "up to 1024 files", .min_files = 1, .max_files = MERGE_MAX_FILES, .needs_out = true, .run = merge,
};
