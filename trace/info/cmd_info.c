// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "trace/info/info.h"
#include "trace/tool_error.h"
#include "trace/trace_tool.h"

static int info(const struct trace_tool_opts *o)
{
	struct info in = { .file = tool_file(o->files[0]) };
	struct reading r;
	struct err err = { 0 };
	int code = EXIT_OK, ret = reading__open(&r, o->files[0], &err);

	if (ret < 0)
		return tool_error(&err);
	in.meta = r.s->meta;
	in.more = r.s->more;
	in.n_more = r.s->n_more;
	in.bytes = r.size;
	if (r.size && *in.meta.uuid)	/* only a trace has one */
		code = info__read_chunks(&in, o->files[0], o->columns);
	r.told = in.has_chunks;
	ret = info__read_events(&in, &r, &err);
	if (ret < 0)
		code = tool_error(&err);
	else if (r.code)
		code = r.code;
	if (!in.has_chunks)
		in.damaged = r.damaged;
	if (o->json)
		info__print_json(&in);
	else
		info__print_text(&in);
	info__done(&in);
	reading__close(&r);
	return code;
}

const struct trace_command cmd_info = {
	.name = "info",
	.cli = {
		.tool = "spoor-trace info",
		.usage = "FILE [-o text|json] [--columns]",
		.about = "Says what was recorded, when, where and of what: machine, containers, programs that ran, events by type, losses, alerts; "
			 "of a trace also its chunks, sections and how well they compress. Takes captures (.scap) and .jsonl too, as far "
			 "as they say. '-' is stdin.",
		.examples = "spoor-trace info demo.spoor\tWhat is in it.\n"
			    "spoor-trace info -o json demo.spoor | jq .lost\tHow many events were lost?\n"
			    "spoor-trace info -o json demo.spoor | jq -r '.programs[].path'\tWhat ran?",
		.opts = (const struct cli_opt[]){
			{ 'o', "output", "FORMAT", "text (the default) or json.", trace_opt__output },
			{ 0, "columns", NULL, "Show what the largest columns take. Reads all of the trace.", trace_opt__columns },
			TRACE_OPT_END,
		},
	},
	.operands = "one file", .min_files = 1, .max_files = 1, .run = info,
};
