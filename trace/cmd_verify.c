// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format/base/cli.h"
#include "format/base/text.h"
#include "format/file/trace_reader.h"
#include "trace/tool_error.h"
#include "trace/trace_tool.h"

static void put_hash(struct buf *b, const struct fmt_verified *v)
{
	for (size_t i = 0; i < sizeof(v->hash); i++)
		buf__printf(b, "%02x", v->hash[i]);
}

static void print_text(const char *file, const struct fmt_verified *v)
{
	struct buf b = { 0 };
	char n[32];

	text__safe(&b, file, strlen(file));
	buf__printf(&b, ": all %s chunks are as they were written\nhash of the last header: ", text__count(v->chunks, n));
	put_hash(&b, v);
	printf("%.*s\n", (int)b.len, (char *)b.p);
	buf__done(&b);
}

static void print_json(const char *file, const struct fmt_verified *v)
{
	struct buf b = { 0 };

	buf__puts(&b, "{\"file\":\"");
	text__json(&b, file, strlen(file));
	buf__printf(&b, "\",\"chunks\":%" PRIu64 ",\"hash\":\"", v->chunks);
	put_hash(&b, v);
	printf("%.*s\"}\n", (int)b.len, (char *)b.p);
	buf__done(&b);
}

static int verify(const struct trace_tool_opts *o)
{
	const char *file = o->files[0];
	struct err err = { 0 };
	struct fmt_verified v;
	int r = fmt_trace__verify(file, &v, &err);

	if (r < 0)
		return tool_error(&err);
	if (o->json)
		print_json(tool_file(file), &v);
	else
		print_text(tool_file(file), &v);
	return EXIT_OK;
}

const struct trace_command cmd_verify = {
	.name = "verify",
	.cli = {
		.tool = "spoor-trace verify",
		.usage = "FILE [-o text|json]",
		.about = "Computes every hash of a trace again, and checks that each chunk follows the one before it. Names the "
			 "first that does not fit, with its place. '-' is stdin. The hash of the last header covers all of the file: whoever keeps it "
			 "elsewhere can tell later whether it is still this trace, even against one who writes the whole file anew.",
		.examples = "spoor-trace verify demo.spoor && echo untouched\tIs it as it was written?\n"
			    "spoor-trace verify -o json demo.spoor | jq -r .hash\tTo be kept elsewhere.",
		.opts = (const struct cli_opt[]){
			{ 'o', "output", "FORMAT", "text (the default) or json.", trace_opt__output },
			TRACE_OPT_END,
		},
	},
	.operands = "one file", .min_files = 1, .max_files = 1, .run = verify,
};
