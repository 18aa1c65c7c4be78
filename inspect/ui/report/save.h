/* SPDX-License-Identifier: Apache-2.0 */
/* save - writing what was selected to a new file that the user has named. */
#ifndef INS_SAVE_H
#define INS_SAVE_H

#include <stddef.h>

#include "format/base/err.h"

/* A descriptor, or negative: a file of that name is never replaced. */
int ins_save__new_file(const char *path, struct err *err);
int ins_save__write(int fd, const char *path, const void *p, size_t n, struct err *err);

#endif
