/* SPDX-License-Identifier: Apache-2.0 */
/*
 * decode - records of the driver become rows of a batch.
 *
 * The usual record goes through its event's plan (call_table.h): numbers and strings to parameters,
 * without a look-up or an allocation. Events whose blobs need thought have a function of their own.
 * Records come from our programs in the kernel; their lengths are checked all the same.
 */
#ifndef CAP_DECODE_H
#define CAP_DECODE_H

#include "capture/bpf/record.h"
#include "capture/decode/call_table.h"
#include "capture/decode/dns_row.h"
#include "capture/hierarchy.h"
#include "format/batch/batch.h"

struct cap_decoder {
	struct cap_plan *plans;
	struct cap_hierarchies hierarchies;
	int64_t mono_offset, boot_offset;	/* to the epoch */
	uint32_t env_len;			/* kept of an environment that /proc shows */
	uint32_t snaplen;			/* kept of TAG_DATA_MORE */
	struct cap_dns dns;
	struct buf text;			/* made-up strings */
};

/* A record taken apart. Blobs are borrowed from it. */
struct cap_parts {
	const struct cap_record *rec;
	const uint64_t *nums;
	unsigned n_nums;
	const struct cap_blob *blob[TAG__N];	/* NULL: not there */
};

/* Index of the number of an exec's record that says that what was executed is a script. */
#define CAP_EXEC_SCRIPT 15u

static inline const uint8_t *cap_blob__bytes(const struct cap_blob *b)
{
	return (const uint8_t *)(b + 1);
}

void cap_decoder__init(struct cap_decoder *d, int64_t mono_offset, int64_t boot_offset);
void cap_decoder__done(struct cap_decoder *d);
/* False if the record is not well-formed. */
bool cap_parts__split(struct cap_parts *p, const struct cap_record *r);
/* Append a row. 0, 1 if the record is none (nothing appended), or negative. */
int cap_decoder__row(struct cap_decoder *d, const struct cap_record *r, unsigned cpu,
		     struct fmt_batch *b);

/* Parts that the initial walk needs too. The text is in d->text. */
void cap_path__text(const struct cap_blob *b, struct buf *out);
/*
 * PT_SOCKTUPLE from the socket; remote_first: the peer is the source. False if it has no addresses.
 */
bool cap_sock__tuple(const struct cap_blob *b, bool remote_first, struct buf *out);

/* Events with a function of their own: add what their plan leaves out. */
void cap_decode__socket(struct cap_decoder *d, const struct cap_parts *p, struct fmt_batch *b);
void cap_decode__deref(const struct cap_parts *p, struct fmt_batch *b);
void cap_decode__poll(struct cap_decoder *d, const struct cap_parts *p, struct fmt_batch *b);
void cap_decode__sockopt(const struct cap_parts *p, struct fmt_batch *b);

#endif
