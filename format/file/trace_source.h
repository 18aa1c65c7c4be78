/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_source - a spoor trace as a source of events. Opened by fmt_source__open.
 */
#ifndef FMT_TRACE_SOURCE_H
#define FMT_TRACE_SOURCE_H

#include "format/file/source.h"

/* Takes over fd, also on error. head: n bytes already read from it; n is 0 for a regular file. */
int fmt_trace_source__open(struct fmt_source **ret, int fd, bool regular, const char *name,
			   const void *head, size_t n, struct err *err);

#endif
