/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonl_text - values as text that says all of them, and back: addresses, flags, times, base64.
 *
 * Each pair is exact: what _put writes, _get reads as the same bytes; _put refuses (false, nothing appended) what its
 * text cannot say, and the writer falls back to numbers and base64.
 */
#ifndef FMT_JSONL_TEXT_H
#define FMT_JSONL_TEXT_H

#include <stdbool.h>

#include "format/base/alloc.h"
#include "format/base/strtab.h"
#include "format/schema/schema.h"

/* "10.0.0.1:80", "[fe80::1]:80", "unix:/run/x"; tuples "SOURCE->DESTINATION", "unix:SRC->PEER:PATH", hexadecimal. */
bool jsonl_addr__put(struct buf *out, const struct fmt_str *s, bool tuple);
bool jsonl_addr__get(struct buf *out, const char *p, size_t n, bool tuple);

/* "O_RDWR|O_CREAT". Symbols of a group; the value must be all of what they say. */
bool jsonl_flags__put(struct buf *out, enum fmt_group g, uint64_t v);
bool jsonl_flags__get(enum fmt_group g, const char *p, size_t n, uint64_t *ret);

/* "2026-11-27T22:29:12.438001608Z", 30 bytes. */
#define JSONL_TIME_SIZE 30u
struct jsonl_clock { uint64_t second; bool set; char text[20]; };	/* the text of the last second asked for */
void jsonl_time__put(struct jsonl_clock *c, uint64_t ns, char to[JSONL_TIME_SIZE]);
bool jsonl_time__get(struct jsonl_clock *c, const char *p, size_t n, uint64_t *ret);

void jsonl_base64__put(struct buf *out, const void *p, size_t n);
bool jsonl_base64__get(struct buf *out, const char *p, size_t n);

#endif
