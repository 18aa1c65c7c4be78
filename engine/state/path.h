/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path - joining and normalising paths as text, without looking at any file system.
 */
#ifndef ENG_PATH_H
#define ENG_PATH_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct eng_proc;

/*
 * Append path to out, "." and ".." and doubled or final slashes taken out, below base if it is
 * relative. base is normal already and ends with '/' (or is no path at all: "<UNKNOWN>"). An empty
 * path gives nothing. What is made is cut at PATH_JOIN_MAX bytes, twice what the kernel takes and
 * gives: a file that lies must not make paths of paths without end.
 */
#define PATH_JOIN_MAX 8192
/* Is it absolute, and would joining leave it as it is? Most paths that are opened are so. */
bool path__is_normal(const char *path, size_t n);
void path__join(const char *base, size_t n_base, const char *path, size_t n, struct buf *out);

/*
 * Append what path means to p relative to its descriptor dirfd (AT_FDCWD: its working directory);
 * "<UNKNOWN>" stands for a directory that is not known, as in Falco's output.
 */
#define PATH_AT_FDCWD (-100)
void path__at(struct eng_proc *p, long dirfd, const char *path, size_t n, struct buf *out);

#endif
