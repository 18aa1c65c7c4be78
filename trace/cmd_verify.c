// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "format/base/cli.h"
#include "format/base/text.h"
#include "format/file/trace_reader.h"
#include "trace/tool_error.h"
#include "trace/trace_tool.h"

int trace_tool__verify(const char *file, const struct trace_tool_opts *o)
{
	struct err err = { 0 };
	uint64_t chunks = 0;
	char n[32];
	int r = fmt_trace__verify(file, &chunks, &err);

	(void)o;
	if (r < 0)
		return tool_error(&err);
	tool_print(stdout, tool_file(file));
	printf(": all %s chunks are as they were written\n", text__count(chunks, n));
	return EXIT_OK;
}
