/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source_probe - opening an input file, and saying what a file is that is no trace.
 */
#ifndef FMT_SOURCE_PROBE_H
#define FMT_SOURCE_PROBE_H

#include <stdbool.h>
#include <stddef.h>

#include "format/base/err.h"

/* Open for reading ("-": stdin). The descriptor, or negative with one clear line in err. */
int source_open_file(const char *path, const char **ret_name, bool *ret_regular, struct err *err);
/* "a packet capture (pcap)" for these first bytes, or NULL. */
const char *source_looks_like(const void *head, size_t n);

/* Fill err for an input that begins like this and is no trace. Returns -FMT_E_FORMAT. */
int source_not_a_trace(const void *head, size_t n, struct err *err);

#endif
