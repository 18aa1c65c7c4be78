// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "trace/read_all.h"
#include "engine/sink/sink.h"
#include "trace/tool_error.h"
#include "trace/trace_tool.h"

static int put_batch(void *arg, const struct fmt_batch *b, const struct fmt_batch_info *info, struct err *err)
{
	return output__batch(arg, b, info, err);
}

static int convert(const struct trace_tool_opts *o)
{
	const char *const *files = o->files;
	const char *const inputs[] = { files[0], NULL };
	const struct sink_format *format;
	struct output *out = NULL;
	struct sink_opts so = { .keyframes = o->keyframes };
	struct sink_stats st = { 0 };
	struct reading in;
	struct fmt_meta meta;
	struct err err = { 0 };
	int r = sink__format(&format, files[1], o->to, &err);

	if (r == 0)
		r = reading__open(&in, files[0], &err);
	if (r < 0)
		return tool_error(&err);
	in.quiet = !strcmp(files[1], "-") && isatty(STDOUT_FILENO);
	meta = in.s->meta;
	meta.uuid[0] = '\0';		/* a new trace, not the same */
	sink_opts__of_source(&so, in.s, &meta);
	r = output__open(&out, format, files[1], o->force, inputs, &so, &err);
	if (r == 0)
		r = reading__all(&in, put_batch, out, &err);
	if (r == 0)
		r = output__close(out, &st, &err);
	else
		output__abort(out);
	reading__close(&in);
	if (r == -EPIPE && format == &sink_jsonl)
		return in.code;		/* "| head": who reads has enough */
	if (r < 0)
		return tool_error(&err);
	output__say(files[1], &st);
	return in.code;
}

const struct trace_command cmd_convert = {
	.name = "convert",
	.cli = {
		.tool = "spoor-trace convert",
		.usage = "IN OUT [--to FORMAT] [--keyframes] [--force]",
		.about = "Writes what a file holds in another format. IN is told by its content: a trace, a capture of sysdig or "
			 "Falco (.scap, gzip'd or not), .jsonl, or an audit log of Kubernetes. OUT is told by its name, or by --to. '-' is stdin or stdout. OUT is there "
			 "whole or not at all.",
		.examples = "spoor-trace convert old.scap.gz old.spoor\tA capture of sysdig or Falco as a trace.\n"
			    "spoor-trace convert audit.log audit.spoor\tAn audit log of Kubernetes as a trace.\n"
			    "spoor-trace convert web.spoor web.scap.gz\tFor who has only sysdig or Falco; docs/SCAP.md says what is lost.\n"
			    "spoor-trace convert web.spoor - --to jsonl | jq -r 'select(.type == \"openat\") | .args.name'\t"
			    "One event a line, for other tools.",
		.opts = (const struct cli_opt[]){
			{ 0, "to", "FORMAT", "spoor, jsonl, scap or scap.gz, whatever the name of OUT.", trace_opt__to },
			{ 0, "keyframes", NULL, "To .jsonl: the rows of keyframes too, so that nothing is lost on the way back.",
			  trace_opt__keyframes },
			TRACE_OPT_FORCE,
			TRACE_OPT_END,
		},
	},
	.operands = "an input and an output file", .min_files = 2, .max_files = 2, .run = convert,
};
