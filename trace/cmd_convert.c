// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "format/base/cli.h"
#include "format/base/text.h"
#include "trace/sink.h"
#include "trace/tool_error.h"
#include "trace/trace_tool.h"

/* All batches of a source. Damage is told and gone over: *code becomes its exit code. */
static int copy_all(struct fmt_source *s, struct output *out, int *code, struct err *err)
{
	const struct fmt_batch *b;

	for (;;) {
		struct fmt_batch_info info = { 0 };
		struct err why = { 0 };
		int r = fmt_source__next(s, &b, &info, &why);

		if (r == 1)
			return 0;
		if (r < 0 && !tool_error_is_damage(r)) {
			*err = why;
			return r;
		}
		if (r < 0)
			*code = tool_error(&why);
		else if ((r = output__batch(out, b, &info, err)) < 0)
			return r;
	}
}

static void say_what_was_done(const char *out, const struct sink_stats *st)
{
	FILE *to = strcmp(out, "-") ? stdout : stderr;	/* what was asked for may go to stdout */
	char events[32], size[32], left[32];

	tool_print(to, strcmp(out, "-") ? out : "stdout");
	fprintf(to, ": %s events, %s", text__count(st->events, events), text__size(st->bytes, size));
	if (st->left_out)
		fprintf(to, "; left out, for the format has no place for them: %s events", text__count(st->left_out, left));
	fputc('\n', to);
}

static int convert(const struct trace_tool_opts *o)
{
	const char *const *files = o->files;
	const char *const inputs[] = { files[0], NULL };
	const struct sink_format *format;
	struct fmt_source *s = NULL;
	struct output *out = NULL;
	struct sink_opts so = { 0 };
	struct fmt_meta meta;
	struct sink_stats st = { 0 };
	struct err err = { 0 };
	int code = EXIT_OK, r = sink__format(&format, files[1], o->to, &err);

	if (r == 0)
		r = fmt_source__open(&s, files[0], &err);
	if (r < 0)
		return tool_error(&err);
	meta = s->meta;
	meta.uuid[0] = '\0';		/* a new trace, not the same */
	so.meta = &meta;
	so.more = s->more;
	so.n_more = s->n_more;
	so.context = s->has_context;
	so.keyframes = o->keyframes;
	r = output__open(&out, format, files[1], o->force, inputs, &so, &err);
	if (r == 0)
		r = copy_all(s, out, &code, &err);
	if (r == 0)
		r = output__close(out, &st, &err);
	else
		output__abort(out);
	fmt_source__close(s);
	if (r < 0)
		return tool_error(&err);
	say_what_was_done(files[1], &st);
	return code;
}

const struct trace_command cmd_convert = {
	.name = "convert",
	.cli = {
		.tool = "spoor-trace convert",
		.usage = "IN OUT [--to FORMAT] [--keyframes] [--force]",
		.about = "Writes what a file holds in another format. IN is told by its content: a trace, a capture of sysdig or "
			 "Falco (.scap, gzip'd or not), or .jsonl. OUT is told by its name, or by --to. '-' is stdin or stdout. OUT is there "
			 "whole or not at all.",
		.examples = "spoor-trace convert old.scap.gz old.spoor\tA capture of sysdig or Falco as a trace.\n"
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
