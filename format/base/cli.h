/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli - command lines: one table of options gives parsing, --help and the man page's list.
 *
 * --help, --version and --color are added to every tool. Exit codes are DESIGN's: 0 done, 1 error in
 * what was asked, 2 the input was damaged or cut short, 3 --fail-on.
 */
#ifndef FMT_CLI_H
#define FMT_CLI_H

#include <stdbool.h>

#include "format/base/err.h"

enum { EXIT_OK = 0, EXIT_ASKED = 1, EXIT_DAMAGED = 2, EXIT_FAIL_ON = 3 };

struct cli_opt {
	char letter;		/* 0: none */
	const char *name;	/* long name; NULL ends the table */
	const char *arg;	/* name of the argument for help, NULL: takes none */
	const char *help;	/* one or more sentences; "\n" starts a new line in the help */
	/*
	 * Called for each occurrence in the order given; value is NULL without argument. user is cli's.
	 * Return 0, or negative with err set (names of option and value are added by the caller).
	 */
	int (*set)(void *user, const char *value, struct err *err);
};

struct cli {
	const char *tool;	/* "spoor-replay" */
	const char *usage;	/* "TRACE... [options]" lines separated by \n */
	const char *about;	/* what it does: a paragraph for --help */
	const char *examples;	/* lines "command\texplanation", or NULL */
	const struct cli_opt *opts;
	bool stop_at_first;	/* stop at the first operand ("-- COMMAND" tools) */
	void (*given)(void *user, const struct cli_opt *o);	/* called for each option after its own call; NULL: not */
};

/*
 * Parse argv. On --help/--version prints and exits 0; on a wrong option prints one line that names
 * it, a near match where there is one, and "try --help", and exits 1.
 * Returns the index in argv of the first operand (operands are moved to the end).
 */
int cli__parse(const struct cli *c, int argc, char **argv, void *user);

/* Colour on this stream? From --color, NO_COLOR and isatty. fd: 1 or 2. */
bool cli__color(int fd);

/*
 * stdout as a tool should treat it: a closed pipe ends the process quietly (exit 0), a full disk is
 * an error. Call at the end: flushes and returns EXIT_OK or EXIT_ASKED with a message printed.
 */
int cli__finish_stdout(void);

extern const char spoor_version[];

#endif
