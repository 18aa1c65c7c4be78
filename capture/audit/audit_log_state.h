/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_log_state - how far an audit log has been recorded: a file of one line.
 */
#ifndef CAP_AUDIT_LOG_STATE_H
#define CAP_AUDIT_LOG_STATE_H

#include <stdint.h>

#include "format/base/err.h"

/* A place in a file behind a whole line. */
struct audit_place {
	uint64_t dev, ino, offset;
	uint64_t line_len, line_hash;	/* of the line before it, newline included; 0: none */
};

uint64_t audit_place__hash(const char *line, uint64_t len);
/* Is this the file, and does the line before the place still stand there? */
bool audit_place__holds(const struct audit_place *p, int fd);
/* 0; 1: there is no such file; negative: it cannot be read. */
int audit_place__load(const char *path, struct audit_place *ret, struct err *err);
/* Put in the place of what was there, whole or not at all. */
int audit_place__save(const char *path, const struct audit_place *p, struct err *err);

#endif
