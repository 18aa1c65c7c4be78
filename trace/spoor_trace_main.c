// SPDX-License-Identifier: Apache-2.0
/* spoor-trace: what is in trace files, whether they are whole, and saving what is not. */
#include <stdio.h>
#include <string.h>

#include "format/base/cli.h"
#include "format/base/log.h"
#include "trace/trace_tool.h"

enum { OPT_OUTPUT = 1, OPT_COLUMNS = 2, OPT_WRITE = 4, OPT_FORCE = 8 };

struct command_line {
	struct trace_tool_opts o;
	unsigned given;
};

static int set_output(void *user, const char *v, struct err *err)
{
	struct command_line *c = user;

	c->given |= OPT_OUTPUT;
	if (strcmp(v, "text") && strcmp(v, "json"))
		return err__set(err, -FMT_E_VALUE, "'%s': write text or json", v);
	c->o.json = !strcmp(v, "json");
	return 0;
}

static int set_columns(void *user, const char *v, struct err *err)
{
	struct command_line *c = user;

	(void)v;
	(void)err;
	c->given |= OPT_COLUMNS;
	c->o.columns = true;
	return 0;
}

static int set_write(void *user, const char *v, struct err *err)
{
	struct command_line *c = user;

	(void)err;
	c->given |= OPT_WRITE;
	c->o.out = v;
	return 0;
}

static int set_force(void *user, const char *v, struct err *err)
{
	struct command_line *c = user;

	(void)v;
	(void)err;
	c->given |= OPT_FORCE;
	c->o.force = true;
	return 0;
}

static const struct cli_opt opts[] = {
	{ 'o', "output", "FORMAT", "info: text (the default) or json.", set_output },
	{ 0, "columns", NULL, "info: show what the largest columns take. Reads all of the trace.", set_columns },
	{ 'w', "write", "OUT", "recover: the file to write; '-' is stdout.", set_write },
	{ 0, "force", NULL, "recover: replace OUT if it exists.", set_force },
	{ 0, NULL, NULL, NULL, NULL },
};

static const struct cli cli = {
	.tool = "spoor-trace",
	.usage = "info FILE [-o text|json] [--columns]\nverify FILE\nrecover FILE -w OUT [--force]",
	.about = "Looks after trace files. info: what was recorded, when and where, and how much of what. "
		 "verify: checks every hash and names the first chunk that does not fit. recover: writes what is "
		 "readable of a damaged or unfinished trace to a new one.",
	.examples = "spoor-trace info demo.spoor\tWhat is in it.\n"
		    "spoor-trace verify demo.spoor && echo untouched\tIs it as it was written?\n"
		    "spoor-trace recover broken.spoor -w saved.spoor\tSave what is whole.",
	.opts = opts,
};

static const struct command {
	const char *name;
	unsigned takes, needs;		/* options */
	int (*run)(const char *file, const struct trace_tool_opts *o);
} commands[] = {
	{ "info", OPT_OUTPUT | OPT_COLUMNS, 0, trace_tool__info },
	{ "verify", 0, 0, trace_tool__verify },
	{ "recover", OPT_WRITE | OPT_FORCE, OPT_WRITE, trace_tool__recover },
};

static const struct command *find(const char *name)
{
	for (size_t k = 0; k < sizeof(commands) / sizeof(*commands); k++)
		if (!strcmp(commands[k].name, name))
			return &commands[k];
	return NULL;
}

static int wrong(const char *what, const char *name)
{
	fprintf(stderr, "spoor-trace: %s%s; try 'spoor-trace --help'\n", what, name);
	return EXIT_ASKED;
}

static const char *option_name(unsigned bit)
{
	return bit & OPT_OUTPUT ? "--output" : bit & OPT_COLUMNS ? "--columns" : bit & OPT_WRITE ? "--write" : "--force";
}

int main(int argc, char **argv)
{
	struct command_line c = { 0 };
	const struct command *cmd;
	int first, code, done;

	log__tool("spoor-trace");
	first = cli__parse(&cli, argc, argv, &c);
	if (first >= argc)
		return wrong("what to do? info, verify or recover", "");
	cmd = find(argv[first]);
	if (!cmd)
		return wrong("no such command: ", argv[first]);
	if (c.given & ~cmd->takes) {
		fprintf(stderr, "spoor-trace: %s takes no option %s\n", cmd->name, option_name(c.given & ~cmd->takes));
		return EXIT_ASKED;
	}
	if (cmd->needs & ~c.given)
		return wrong(cmd->name, " needs an output file: -w OUT");
	if (argc - first != 2)
		return wrong(cmd->name, argc - first < 2 ? ": which file?" : ": one file at a time");
	code = cmd->run(argv[first + 1], &c.o);
	done = cli__finish_stdout();
	return code ? code : done;
}
