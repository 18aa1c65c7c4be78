/* SPDX-License-Identifier: Apache-2.0 */
/*
 * info - what spoor-trace info finds out about a trace, and its two ways to say it.
 */
#ifndef TRC_INFO_H
#define TRC_INFO_H

#include "format/base/strtab.h"
#include "format/codec/layout.h"
#include "format/file/trace_reader.h"

#define INFO_KINDS 8u			/* chunk and section kinds known, from 1; 0 counts the unknown */

struct info_size { uint64_t n, raw, stored; };

struct info_column {
	char name[96];			/* of our own schema: safe to print */
	uint64_t rows, raw, stored;	/* stored: an estimate, the column compressed by itself */
};

struct info {
	const char *file;
	uint64_t bytes;
	struct preamble pre;
	struct fmt_meta meta;
	bool complete, pids_complete, containers_complete;
	uint64_t damaged;		/* errors met on the way */
	struct info_size chunks[INFO_KINDS], sections[INFO_KINDS];	/* chunks: stored only */
	uint64_t events, keyframe_rows, unknown_events, lost, alerts;
	uint64_t t_first, t_last;	/* of the events; 0 if there are none */
	struct info_size types[FMT_MAX_EVENTS];	/* n: events; raw, stored: sections of their own */
	uint32_t *pids;			/* sorted */
	uint32_t n_pids;
	struct strtab containers;
	struct info_column *columns;	/* with --columns: largest first */
	uint32_t n_columns;
};

void info__print_text(const struct info *in);
void info__print_json(const struct info *in);

#endif
