// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "format/base/cli.h"
#include "format/base/text.h"
#include "format/file/trace_reader.h"
#include "trace/tool_error.h"
#include "trace/trace_tool.h"

static int verify(const struct trace_tool_opts *o)
{
	const char *file = o->files[0];
	struct err err = { 0 };
	uint64_t chunks = 0;
	char n[32];
	int r = fmt_trace__verify(file, &chunks, &err);

	if (r < 0)
		return tool_error(&err);
	text__print(stdout, tool_file(file));
	printf(": all %s chunks are as they were written\n", text__count(chunks, n));
	return EXIT_OK;
}

const struct trace_command cmd_verify = {
	.name = "verify",
	.cli = {
		.tool = "spoor-trace verify",
		.usage = "FILE",
		.about = "Computes every hash of a trace again, and checks that each chunk follows the one before it. Names the "
			 "first that does not fit, with its place. '-' is stdin.",
		.examples = "spoor-trace verify demo.spoor && echo untouched\tIs it as it was written?",
		.opts = (const struct cli_opt[]){ TRACE_OPT_END },
	},
	.operands = "one file", .min_files = 1, .max_files = 1, .run = verify,
};
