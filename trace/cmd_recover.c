// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "format/base/cli.h"
#include "format/base/text.h"
#include "format/file/trace_reader.h"
#include "trace/tool_error.h"
#include "trace/trace_tool.h"

int trace_tool__recover(const char *file, const struct trace_tool_opts *o)
{
	struct fmt_recover_stats st;
	struct err err = { 0 };
	FILE *to;
	char events[32], chunks[32], skipped[32], damaged[32];
	int r = fmt_trace__recover(file, o->out, o->force, &st, &err);

	if (r < 0)
		return tool_error(&err);
	to = strcmp(o->out, "-") ? stdout : stderr;	/* the trace itself may go to stdout */
	tool_print(to, strcmp(o->out, "-") ? o->out : "stdout");
	fprintf(to, ": %s events in %s chunks", text__count(st.events, events), text__count(st.chunks, chunks));
	if (r == 1)
		fprintf(to, "; left out: %s damaged chunks, %s", text__count(st.damaged_chunks, damaged),
			text__size(st.skipped_bytes, skipped));
	fputc('\n', to);
	return r == 1 ? EXIT_DAMAGED : EXIT_OK;
}
