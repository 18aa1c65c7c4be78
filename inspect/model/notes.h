/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notes - what somebody wrote down while looking: at a moment, about something. They lie in TRACE.notes, beside the
 * trace, one JSON object a line, and travel with it.
 *
 * A note knows its moment and, if it was made at an event, that event; what it is about is kept in words, so that
 * the file can be read without the trace. Input: untrusted.
 */
#ifndef INS_NOTES_H
#define INS_NOTES_H

#include "format/base/alloc.h"
#include "format/base/err.h"

#define INS_MAX_NOTES 100000u

struct ins_note {
	uint64_t ts;		/* ns since the epoch */
	uint64_t num;		/* event, 0: none */
	char *about;		/* "bash[812] in web-1"; never NULL */
	char *text;		/* "": a mark */
};

struct ins_notes {
	struct ins_note *v;	/* by time */
	uint32_t n;
	size_t cap;
	char path[600];		/* "": the trace has no name, notes cannot be kept */
	char trouble[256];	/* why the file could not be read, "" if it could: it is not written then */
	uint64_t gen;		/* changes when anything here does */
};

/* Read those of a trace; no file is no trouble. Lines that are none are counted in trouble. */
void ins_notes__open(struct ins_notes *notes, const char *trace_path);
void ins_notes__done(struct ins_notes *notes);
/* Add one and write the file anew (whole, then renamed). The note is kept in any case. Returns its index. */
int ins_notes__add(struct ins_notes *notes, uint64_t ts, uint64_t num, const char *about, const char *text,
		   struct err *err);
int ins_notes__set(struct ins_notes *notes, uint32_t i, const char *text, struct err *err);
int ins_notes__remove(struct ins_notes *notes, uint32_t i, struct err *err);

#endif
