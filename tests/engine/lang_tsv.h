/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lang_tsv - tables of test cases: one case a line, columns separated by one or more tabs.
 *
 * Empty lines and lines that begin with "# " are left out. In a column <TAB>, <LF>, <CR>, <BS>,
 * <NUL>, <FF> and <VT> stand for those bytes, <EMPTY> for nothing, <xHH> for a byte, and <Nxtext>
 * for N times text: <18x(>.
 */
#ifndef TESTS_LANG_TSV_H
#define TESTS_LANG_TSV_H

#include <stdbool.h>
#include <stddef.h>

#include "format/base/alloc.h"

#define TSV_COLS 6

struct tsv_line {
	unsigned number;
	unsigned n;
	char *col[TSV_COLS];		/* NUL-terminated; missing ones are "" */
	size_t len[TSV_COLS];
};

struct tsv {
	struct tsv_line *lines;
	size_t n;
	struct arena mem;
	char *name;
	unsigned failed;
};

/*
 * tests/engine/lang/NAME of the source tree. Fails the test if it cannot be read or has fewer than
 * `least` lines.
 */
void tsv__open(struct tsv *t, const char *name, size_t least);
/* Say that a line failed; goes on. */
void tsv__fail(struct tsv *t, const struct tsv_line *l, const char *fmt,
	       ...) __attribute__((format(printf, 3, 4)));
/* Fails the test if a line did. */
void tsv__close(struct tsv *t);
/* A file of tests/engine/lang: its path; free it. */
char *lang_path(const char *name);

#endif
