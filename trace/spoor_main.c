// SPDX-License-Identifier: Apache-2.0
/*
 * spoor - one name to remember: `spoor replay ...` is `spoor-replay ...`.
 *
 * The tool is looked for beside this program first, so that a build tree and an installation never mix.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/base/alloc.h"
#include "format/base/cli.h"
#include "format/base/log.h"

static const char *const commands[] = { "capture", "replay", "inspect", "trace" };
#define N_COMMANDS (sizeof(commands) / sizeof(*commands))

static const struct cli cli = {
	.tool = "spoor",
	.usage = "capture|replay|inspect|trace [ARGUMENTS]\nhelp [COMMAND]",
	.about = "Records what containers do, keeps the record when they are gone, and reads it.\n"
		 "capture: record into a trace file\n"
		 "replay: print a trace, or run it through rules\n"
		 "inspect: look into a trace, on a terminal\n"
		 "trace: information about trace files; verify, recover, cut, merge and convert them",
	.examples = "spoor capture -w web.spoor -c web\trecord the container named web, or whose id starts so\n"
		    "spoor replay web.spoor -r rules/\twhich rules match what it did\n"
		    "spoor inspect web.spoor\tlook around in it\n"
		    "spoor help replay\tthe options of spoor-replay",
	.opts = (const struct cli_opt[]){ { .name = NULL } },
	.stop_at_first = true,
};

static bool is_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(commands[i], name))
			return true;
	log_error("'%s' is not a command; there are capture, replay, inspect, trace and help", name);
	return false;
}

/* Path of a tool in the folder of this very program; NULL when that folder cannot be told. */
static char *beside(const char *tool)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n <= 0)
		return NULL;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (!slash)
		return NULL;
	return xasprintf("%.*s/%s", (int)(slash - self), self, tool);
}

/* Become `spoor-NAME` with the rest of the arguments; argv[0] is replaced. Returns only on failure. */
static int become(const char *name, char **argv)
{
	char *tool = xasprintf("spoor-%s", name);
	char *path = beside(tool);

	argv[0] = tool;
	if (path)
		execv(path, argv);
	if (!path || errno == ENOENT)
		execvp(tool, argv);
	log_error(errno == ENOENT ? "%s is not installed: neither beside spoor nor in PATH" :
		  "%s cannot be started: %s", tool, strerror(errno));
	free(path);
	free(tool);
	return EXIT_ASKED;
}

int main(int argc, char **argv)
{
	char *with_help[] = { argv[0], (char *)"--help", NULL };
	int i = cli__parse(&cli, argc, argv, NULL);
	bool help = i < argc && !strcmp(argv[i], "help");

	if (help && !argv[i + 1])
		cli__parse(&cli, 2, with_help, NULL);	/* prints and exits */
	if (i >= argc) {
		log_error("which command? capture, replay, inspect or trace (try 'spoor --help')");
		return EXIT_ASKED;
	}
	if (help)
		return is_command(argv[i + 1]) ? become(argv[i + 1], with_help) : EXIT_ASKED;
	return is_command(argv[i]) ? become(argv[i], argv + i) : EXIT_ASKED;
}
