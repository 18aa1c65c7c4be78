/* SPDX-License-Identifier: Apache-2.0 */
/*
 * info - what spoor-trace info finds out about a recording, and its two ways to say it.
 *
 * info_chunks.c looks at a trace's chunks without decoding them; info_events.c at the events, whatever they come from.
 */
#ifndef TRC_INFO_H
#define TRC_INFO_H

#include "format/base/strtab.h"
#include "format/codec/layout.h"
#include "format/file/trace_reader.h"
#include "trace/read_all.h"

#define INFO_KINDS 8u			/* chunk and section kinds known, from 1; 0 counts the unknown */
#define INFO_MAX_CONTAINERS 16384u
#define INFO_MAX_PROGRAMS 65536u	/* different ones; what comes beyond is counted only */
#define INFO_PROGRAM_CONTAINERS 8u	/* listed for one program */

struct info_size { uint64_t n, raw, stored; };

struct info_column {
	char name[96];			/* of our own schema: safe to print */
	uint64_t rows, raw, stored;	/* stored: an estimate, the column compressed by itself */
};

/* Strings are ids in info.names, 0: not known. */
struct info_container {
	uint32_t id, name, image, runtime;
	uint64_t start_ns, events, processes;
	bool ended;
};

struct info_program {
	uint32_t path;
	uint64_t n;			/* how often it was executed */
	uint32_t containers[INFO_PROGRAM_CONTAINERS];	/* their ids, when all is read; the first ones */
	uint32_t n_containers;		/* of them, INFO_PROGRAM_CONTAINERS + 1: more */
	bool host;			/* and outside of containers */
};

struct info {
	const char *file;
	uint64_t bytes;			/* 0: a pipe */
	struct fmt_meta meta;
	const struct fmt_meta *more;	/* other machines; borrowed from the source */
	unsigned n_more;
	uint64_t damaged;		/* errors met on the way */
	/* events, from either */
	uint64_t events, context, unknown_events, lost, alerts;
	uint64_t t_first, t_last;	/* of the events; 0 if there are none */
	struct info_size types[FMT_MAX_EVENTS];	/* n: events; raw, stored: sections of their own */
	uint32_t n_pids;
	struct strtab names;
	struct info_container *containers;	/* by number of events, when all is read */
	uint32_t n_containers;
	struct info_program *programs;	/* by number */
	uint32_t n_programs;
	uint64_t programs_left_out;
	/* a trace in a file: its chunks */
	bool has_chunks;
	struct preamble pre;
	bool complete;
	struct info_size chunks[INFO_KINDS], sections[INFO_KINDS];	/* chunks: stored only */
	uint64_t keyframe_rows;
	struct info_column *columns;	/* with --columns: largest first */
	uint32_t n_columns;
};

/* Walk the chunks of a trace in a file. An exit code; damage has been printed. */
int info__read_chunks(struct info *in, const char *file, bool columns);
/* Read the events. 0, or negative with err. */
int info__read_events(struct info *in, struct reading *r, struct err *err);
void info__done(struct info *in);

/* A name, "" if it is not known. */
static inline const char *info__name(const struct info *in, uint32_t id)
{
	const struct fmt_str *s = strtab__get(&in->names, id);

	return s ? s->p : "";
}

void info__print_text(const struct info *in);
void info__print_json(const struct info *in);

#endif
