// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "format/base/cli.h"
#include "format/base/text.h"
#include "format/file/trace_reader.h"
#include "engine/sink/out_file.h"
#include "trace/tool_error.h"
#include "trace/trace_tool.h"

static int recover(const struct trace_tool_opts *o)
{
	const char *const inputs[] = { o->files[0], NULL };
	struct out_file *out;
	struct fmt_recover_stats st;
	struct err err = { 0 };
	FILE *to;
	char events[32], chunks[32], skipped[32], damaged[32];
	int fd, r = 0;

	if (!strcmp(o->out, "-") && isatty(STDOUT_FILENO)) {
		r = err__set(&err, -EINVAL, "a trace is not for a terminal: redirect it to a file or a pipe");
		err__file(&err, "stdout");
	}
	if (r == 0)
		r = out_file__open(&out, o->out, o->force, inputs, &fd, &err);
	if (r < 0)
		return tool_error(&err);
	r = fmt_trace__recover(o->files[0], fd, o->out, &st, &err);
	if (r < 0) {
		if (strcmp(err.file, o->files[0]))
			out_file__say_nothing_left(out, r, &err);
		out_file__abort(out);
		return tool_error(&err);
	}
	if (out_file__commit(out, &err) < 0)
		return tool_error(&err);
	to = strcmp(o->out, "-") ? stdout : stderr;	/* the trace itself may go to stdout */
	text__print(to, strcmp(o->out, "-") ? o->out : "stdout");
	fprintf(to, ": %s events in %s chunks", text__count(st.events, events), text__count(st.chunks, chunks));
	if (r == 1)
		fprintf(to, "; left out: %s damaged chunks, %s", text__count(st.damaged_chunks, damaged),
			text__size(st.skipped_bytes, skipped));
	fputc('\n', to);
	return r == 1 ? EXIT_DAMAGED : EXIT_OK;
}

const struct trace_command cmd_recover = {
	.name = "recover",
	.cli = {
		.tool = "spoor-trace recover",
		.usage = "FILE -w OUT [--force]",
		.about = "Writes what is readable of a damaged or unfinished trace to a new, complete one. Chunks before the first "
			 "damage keep all their bytes. What is missing is stated in the new trace as lost. A trace needs no "
			 "recovery to be read: all tools read up to the last complete chunk, and go on behind a damaged one.",
		.examples = "spoor-trace recover broken.spoor -w saved.spoor\tSave what is whole.",
		.opts = (const struct cli_opt[]){ TRACE_OPT_WRITE, TRACE_OPT_FORCE, TRACE_OPT_END },
	},
	.operands = "one file", .min_files = 1, .max_files = 1, .needs_out = true, .run = recover,
};
