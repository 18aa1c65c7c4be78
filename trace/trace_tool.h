/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_tool - the subcommands of spoor-trace. A new one is a file of its own and a line in the table
 * of spoor_trace_main.c.
 */
#ifndef TRC_TRACE_TOOL_H
#define TRC_TRACE_TOOL_H

#include <stdbool.h>

/* What the command line says. A subcommand takes the options that its line in the table names. */
struct trace_tool_opts {
	bool json;			/* -o json */
	bool columns;			/* --columns */
	const char *out;		/* -w */
	bool force;			/* --force */
};

/* Each returns an exit code (format/base/cli.h) and has printed what went wrong. */
int trace_tool__info(const char *file, const struct trace_tool_opts *o);
int trace_tool__verify(const char *file, const struct trace_tool_opts *o);
int trace_tool__recover(const char *file, const struct trace_tool_opts *o);

#endif
