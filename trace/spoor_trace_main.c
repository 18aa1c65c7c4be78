// SPDX-License-Identifier: Apache-2.0
/* spoor-trace: what is in trace files, whether they are whole, saving what is not; cutting, merging, converting. */
#include <stdio.h>
#include <string.h>

#include "format/base/text.h"
#include "format/base/log.h"
#include "trace/tool_error.h"
#include "trace/trace_tool.h"

static const struct trace_command *const commands[] = {
	&cmd_info, &cmd_verify, &cmd_recover, &cmd_cut, &cmd_merge, &cmd_convert,
};
#define N_COMMANDS (sizeof(commands) / sizeof(*commands))

static const struct cli cli = {
	.tool = "spoor-trace",
	.usage = "info FILE [-o text|json] [--columns]\nverify FILE\nrecover FILE -w OUT [--force]\n"
		 "cut FILE -w OUT [--from TIME] [--to TIME] [-c CONTAINER]... [-f CONDITION] [--force]\n"
		 "merge FILE... -w OUT [--force]\n"
		 "convert IN OUT [--to FORMAT] [--force]",
	.about = "Looks after trace files. Each command has its own help: 'spoor-trace convert --help'.\n\n"
		 "info: what was recorded, when and where, and how much of what.\n"
		 "verify: checks every hash and names the first chunk that does not fit.\n"
		 "recover: writes what is readable of a damaged or unfinished trace to a new one.\n"
		 "cut: writes a time range, containers, or what a condition selects, as a trace that stands alone.\n"
		 "merge: writes several recordings, of one machine or several, as one in the order of time.\n"
		 "convert: from .spoor, .scap, .scap.gz and .jsonl to another of them.",
	.examples = "spoor-trace info demo.spoor\tWhat is in it.\n"
		    "spoor-trace verify demo.spoor && echo untouched\tIs it as it was written?\n"
		    "spoor-trace recover broken.spoor -w saved.spoor\tSave what is whole.\n"
		    "spoor-trace cut host.spoor -w web.spoor -c web\tWhat one container did, to be handed on.\n"
		    "spoor-trace convert old.scap.gz old.spoor\tA capture of sysdig or Falco as a trace.",
	.opts = (const struct cli_opt[]){ TRACE_OPT_END },
	.stop_at_first = true,
};

static const struct trace_command *find(const char *name)
{
	for (size_t k = 0; k < N_COMMANDS; k++)
		if (!strcmp(commands[k]->name, name))
			return commands[k];
	return NULL;
}

static int wrong(const struct trace_command *c, const char *what)
{
	log__tool(cli.tool);
	fprintf(stderr, "spoor-trace: %s%s%s; try 'spoor-trace %s%s--help'\n", c ? c->name : "", c ? ": " : "", what,
		c ? c->name : "", c ? " " : "");
	return EXIT_ASKED;
}

int main(int argc, char **argv)
{
	struct trace_tool_opts o = { 0 };
	const struct trace_command *c;
	int first = cli__parse(&cli, argc, argv, NULL), code, done;

	if (first >= argc)
		return wrong(NULL, "what to do? info, verify, recover, cut, merge or convert");
	c = find(argv[first]);
	if (!c) {
		fprintf(stderr, "spoor-trace: no such command: ");
		text__print(stderr, argv[first]);
		fprintf(stderr, "; try 'spoor-trace --help'\n");
		return EXIT_ASKED;
	}
	argv += first;
	argc -= first;
	first = cli__parse(&c->cli, argc, argv, &o);
	log__tool(cli.tool);
	o.files = (const char *const *)(argv + first);
	o.n_files = (size_t)(argc - first);
	if (o.n_files < c->min_files || o.n_files > c->max_files) {
		char what[96];

		snprintf(what, sizeof(what), "%s: it takes %s", o.n_files < c->min_files ? "which file?" : "too many files",
			 c->operands);
		return wrong(c, what);
	}
	if (c->needs_out && !o.out)
		return wrong(c, "needs an output file: -w OUT");
	code = c->run(&o);
	done = cli__finish_stdout();
	return code ? code : done;
}
