/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table - columns of one length side by side; several tables in a row are what most sections hold.
 *
 * Tables := u32 size of the directory, directory, data. The directory holds a varint count of tables and for
 * each its id, rows, number of columns and their descriptions; the data of all columns follows in the
 * same order. Nothing is behind the data unless the section says so. Spec: TRACE-FORMAT.md section 7.
 */
#ifndef FMT_TABLE_H
#define FMT_TABLE_H

#include "format/codec/column.h"
#include "format/codec/layout.h"

#define TABLE_MAX_COLS 128u
#define TABLE_ID_FUTURE 0x10000u	/* tables with this id or a higher one may be added, and are ignored */

/* Build tables: begin, columns, end, ...; then append all of it to a buffer. */
struct table_writer {
	struct buf dir, data;
	uint32_t n_tables;
	size_t count_at;		/* where the number of columns of the open table is */
	uint8_t n_cols;
	uint32_t rows;
	/* places in data where what follows is of another nature than what precedes */
	uint32_t *cuts;
	size_t n_cuts, cap_cuts;
};

void table_writer__reset(struct table_writer *w);
void table_writer__begin(struct table_writer *w, uint32_t id, uint32_t rows);
/* The column's data has just been appended to w->data by col__encode. */
void table_writer__col(struct table_writer *w, const struct col_desc *d);
void table_writer__cut(struct table_writer *w, size_t at);
/* Append all of it to out; the cuts become places in out. */
void table_writer__finish(struct table_writer *w, struct buf *out);
void table_writer__done(struct table_writer *w);

struct table {
	uint32_t id, rows;
	unsigned n_cols;
	struct col_desc col[TABLE_MAX_COLS];
	const uint8_t *data[TABLE_MAX_COLS];
};

struct table_reader {
	struct cursor dir, data;
	uint64_t left;			/* tables not yet read */
};

/* Begin to read; false if the directory does not fit. */
bool table_reader__init(struct table_reader *r, const uint8_t *p, size_t n);
/*
 * The next table: 1, or 0 at the end; -FMT_E_CORRUPT, or -FMT_E_VERSION if a column is coded in a way not known here. n_virtual columns precede the
 * stored ones in references. Borrowed from the bytes given to init.
 */
int table_reader__next(struct table_reader *r, unsigned n_virtual, struct table *ret);

#endif
