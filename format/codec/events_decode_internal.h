/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events_decode_internal - shared by the two halves of the decoder: base columns, parameter columns.
 */
#ifndef FMT_EVENTS_DECODE_INTERNAL_H
#define FMT_EVENTS_DECODE_INTERNAL_H

#include "format/codec/events_codec.h"
#include "format/codec/table.h"

/* Rows counted and placed at the same time: a count that has just been changed is slow to be changed again. */
#define DECODE_LANES 4u

struct events_decoder {
	void *dctx;			/* ZSTD_DCtx */
	struct buf raw;			/* the section in work */
	struct table table;		/* the table in work */
	bool newer;			/* a column is coded in a way not known here */
	uint64_t *work;			/* for col__decode */
	struct clock clock;
	uint64_t *col[TABLE_MAX_COLS + 1];	/* columns that have no place in the batch */
	uint32_t cap_rows;		/* of each of them */
	uint64_t *dict_nuls, *dict_cut;
	size_t cap_dict;
	/* rows by thread; rows by type (see decode_order): 16 bits, for all this passes through the second cache */
	uint16_t *rows, *next;
	uint16_t *types;		/* of the rows by thread: their index in the file */
	uint32_t *count;		/* for order_by */
	/* types of the chunk, by their index in the file: event id, and first of its rows in next */
	uint32_t n_types;
	uint16_t type[LIMIT_FILE_TYPES];
	uint32_t start[LIMIT_FILE_TYPES + 1];
	uint16_t index_of[LIMIT_FILE_TYPES];	/* file's event id -> index, or UINT16_MAX */
};

uint64_t *decoder__column(struct events_decoder *d, unsigned k);
/* Read the next table into d->table; as table_reader__next, and keeps in mind what is newer. */
int decoder__table(struct events_decoder *d, struct table_reader *tr, unsigned n_virtual);
/* The error of a section that is not valid, or too new. */
int decoder__invalid(const struct events_decoder *d, const char *section, struct err *err);
/* Step over tables of the future; false if there is anything else. */
bool decoder__no_more_tables(struct events_decoder *d, struct table_reader *tr);
/* Columns from now on hold this many rows. */
void decoder__fit_columns(struct events_decoder *d, uint32_t rows);
/* Decode a column of a base table into out; false if the table lacks it or it is not of a base column's form. */
bool decoder__base_column(struct events_decoder *d, const struct table *t, unsigned id, uint64_t *out);
/* Decode the base section of n rows: all base columns but type and sub. */
bool decoder__base(struct events_decoder *d, const struct schema_map *map, const struct fmt_want *want,
		   const uint8_t *raw, size_t size, uint32_t n, struct fmt_batch *b);
/* From the order by type to our types, and each row's place among those of its type; the rows of unknown types go. */
bool decoder__adopt_types(struct events_decoder *d, const struct schema_map *map, uint32_t n, struct fmt_batch *b,
			  uint64_t *ret_skipped);
/* The parameters of our type that are asked for. */
uint64_t decoder__wanted(const struct fmt_want *w, uint16_t type);
/* Decode the tables of a COLUMNS section. */
int decoder__columns(struct events_decoder *d, const struct schema_map *map, const struct fmt_want *want,
		     const uint8_t *raw, size_t size, struct fmt_batch *b, struct err *err);

#endif
