/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_tool - the subcommands of spoor-trace. A new one is a file of its own, cmd_NAME.c, that defines a struct
 * trace_command, and a line in the table of spoor_trace_main.c.
 */
#ifndef TRC_TRACE_TOOL_H
#define TRC_TRACE_TOOL_H

#include <stddef.h>

#include "format/base/cli.h"

#define TRACE_MAX_CONTAINERS 64u

/* What the command line says. */
struct trace_tool_opts {
	const char *const *files;	/* operands, ended by NULL */
	size_t n_files;
	bool json;			/* -o json */
	bool columns;			/* --columns */
	const char *out;		/* -w */
	bool force;			/* --force */
	const char *to;			/* --to FORMAT */
	bool keyframes;			/* --keyframes */
	const char *from, *until;	/* --from, --to */
	const char *filter;		/* -f */
	const char *containers[TRACE_MAX_CONTAINERS];	/* -c */
	size_t n_containers;
};

struct trace_command {
	const char *name;
	struct cli cli;			/* its own --help */
	const char *operands;		/* what it takes, for messages: "one file" */
	size_t min_files, max_files;
	bool needs_out;			/* -w must be given */
	/* Returns an exit code (format/base/cli.h) and has printed what went wrong. */
	int (*run)(const struct trace_tool_opts *o);
};

extern const struct trace_command cmd_info, cmd_verify, cmd_recover, cmd_cut, cmd_merge, cmd_convert;

/* Options that more than one takes: entries for the table of a struct cli. user is struct trace_tool_opts. */
int trace_opt__output(void *user, const char *v, struct err *err);
int trace_opt__columns(void *user, const char *v, struct err *err);
int trace_opt__write(void *user, const char *v, struct err *err);
int trace_opt__force(void *user, const char *v, struct err *err);
int trace_opt__to(void *user, const char *v, struct err *err);
int trace_opt__keyframes(void *user, const char *v, struct err *err);
int trace_opt__from(void *user, const char *v, struct err *err);
int trace_opt__until(void *user, const char *v, struct err *err);
int trace_opt__filter(void *user, const char *v, struct err *err);
int trace_opt__container(void *user, const char *v, struct err *err);

#define TRACE_OPT_WRITE { 'w', "write", "OUT", "The file to write; '-' is stdout.", trace_opt__write }
#define TRACE_OPT_FORCE { 0, "force", NULL, "Replace OUT if it exists.", trace_opt__force }
#define TRACE_OPT_END { 0, NULL, NULL, NULL, NULL }

#endif
