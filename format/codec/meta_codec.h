/* SPDX-License-Identifier: Apache-2.0 */
/*
 * meta_codec - what a recording says of itself, as typed keys and values.
 *
 * Spec: TRACE-FORMAT.md section 11. Unknown keys are skipped.
 */
#ifndef FMT_META_CODEC_H
#define FMT_META_CODEC_H

#include "format/base/alloc.h"
#include "format/base/err.h"
#include "format/file/source.h"

void meta__encode(const struct fmt_meta *m, struct buf *out);
/* Strings longer than their place are cut. ret->uuid is not touched: it is in the preamble. */
int meta__decode(const uint8_t *raw, size_t n, struct fmt_meta *ret, struct err *err);

/* 16 bytes to "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" and back; false if it is not of that form. */
void uuid__format(const uint8_t uuid[16], char ret[37]);
bool uuid__parse(const char *s, uint8_t ret[16]);

#endif
