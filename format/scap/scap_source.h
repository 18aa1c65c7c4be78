/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scap_source - captures of sysdig and Falco (.scap, plain or gzip'd) as a source of events.
 *
 * All versions of the format that their newest readers take. The file is untrusted. Streaming: no seeking.
 */
#ifndef FMT_SCAP_SOURCE_H
#define FMT_SCAP_SOURCE_H

#include "format/file/source.h"

/* Do these first bytes (8 are enough; gzip: a kilobyte) look like a capture? */
bool fmt_scap__probe(const void *head, size_t n);
/* Takes over fd, also on error; head: n bytes already read from it; name is for messages. */
int fmt_scap__open(struct fmt_source **ret, int fd, const char *name, const void *head, size_t n, struct err *err);

#endif
