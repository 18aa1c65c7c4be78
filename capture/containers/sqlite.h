/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite - one value out of an SQLite database: what podman keeps its containers in since version 5.
 *
 * Read-only and without a lock. The owner changes pages in place, and has a journal beside the file
 * while it does: what is read counts only if there was none before and after, and the file's change
 * counter has stayed. A database with a write-ahead log is not read: podman has none.
 *
 * Format: sqlite.org/fileformat2.html, big-endian. Input: untrusted. Sizes, depth and numbers of
 * pages and cells are limited.
 */
#ifndef CAP_SQLITE_H
#define CAP_SQLITE_H

#include <stdbool.h>
#include <stdint.h>

#include "format/base/alloc.h"

#define CAP_SQLITE_DEPTH 12u

struct cap_sqlite {
	int fd, root;
	const char *path;
	uint32_t page_size, usable;	/* usable: without what is reserved at a page's end */
	uint32_t counter;		/* of changes, when it was opened */
	unsigned budget;		/* pages that may still be read */
	unsigned cells;			/* and looked at: a page may name the same one again and again */
	struct buf page[CAP_SQLITE_DEPTH];	/* those on the way to the one at hand */
	struct buf row;			/* the one that was found, whole */
};

/* A file below a root; path is borrowed. False if it is no such database, or just being changed. */
bool cap_sqlite__open(struct cap_sqlite *s, int root, const char *path);
void cap_sqlite__close(struct cap_sqlite *s);
/*
 * Column number column (0 is the first) of the row of a table whose first column is this text.
 * Appended to out; false if there is none, or the file was changed meanwhile.
 */
bool cap_sqlite__get(struct cap_sqlite *s, const char *table, const char *key, unsigned column,
		     struct buf *out);

#endif
