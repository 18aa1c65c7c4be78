/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tool_error - an error as the subcommands end with it.
 */
#ifndef TRC_TOOL_ERROR_H
#define TRC_TOOL_ERROR_H

#include <stdio.h>
#include <string.h>

#include "format/base/cli.h"
#include "format/base/log.h"

/* How a file is called in messages. */
static inline const char *tool_file(const char *path)
{
	return strcmp(path, "-") ? path : "stdin";
}

/* Behind such an error a source goes on: what there is besides is read. */
static inline bool tool_error_is_damage(int code)
{
	return code == -FMT_E_CORRUPT || code == -FMT_E_TRUNCATED || code == -FMT_E_VERSION;
}

/* Damage and a cut end are the input's fault; all else is what was asked. */
static inline int tool_error_code(int code)
{
	return code == -FMT_E_CORRUPT || code == -FMT_E_TRUNCATED ? EXIT_DAMAGED : EXIT_ASKED;
}

/* Print it; the exit code. */
static inline int tool_error(const struct err *err)
{
	err__print(log__tool_name(), err);
	return tool_error_code(err->code);
}

#endif
