/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch_internal - what the decoder needs to fill a batch by column rather than by event.
 *
 * Column arrays have room for FMT_COL_SLACK elements more than asked for, so that a vectorised loop
 * may write whole blocks.
 */
#ifndef FMT_BATCH_INTERNAL_H
#define FMT_BATCH_INTERNAL_H

#include "format/batch/batch.h"

#define FMT_COL_SLACK 64u

/* Columns of a type with room for n rows; nothing is changed in what they hold. */
struct fmt_type_cols *fmt_batch__cols(struct fmt_batch *b, uint16_t type, uint32_t n);
/* Memory for one column of a type, as many elements as the type has room for. Contents are undefined. */
void fmt_batch__alloc_col(struct fmt_batch *b, struct fmt_type_cols *tc, unsigned param);
/* Room for n threads / n payload bytes in all. */
void fmt_batch__reserve_threads(struct fmt_batch *b, uint32_t n);
void fmt_batch__reserve_payload(struct fmt_batch *b, size_t n);

#endif
