/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report_internal - what the files of the report share: report.c has the frame and how things are written,
 * report_found.c and report_did.c the sections.
 */
#ifndef INS_REPORT_INTERNAL_H
#define INS_REPORT_INTERNAL_H

#include "inspect/ui/report/report.h"
#include "inspect/ui/ui.h"
#include "inspect/view/common.h"

#define MOST 500u		/* lines of a section */

struct report {
	struct ins_ui *ui;
	const struct ins_model *m;
	struct buf *out;
	struct ins_scope scope;
	struct ins_set procs, files;
	uint32_t n;		/* lines of the section */
};

/* Text of the trace in a cell of a table: no markup, no control characters, no end of the cell. */
void report__put(struct report *r, const char *text, size_t n);
void report__put_id(struct report *r, uint32_t str);
void report__put_time(struct report *r, uint64_t ts);		/* nothing for 0 */
void report__put_proc(struct report *r, uint32_t proc);
void report__put_container(struct report *r, uint32_t container);
void report__put_user(struct report *r, uint32_t container, uint32_t uid);
/* A cell that a view makes; it is empty again then. */
void report__put_cell(struct report *r, struct ins_out *o);
/* Heading and head of a table before its first line; false if there are lines enough. */
bool report__line(struct report *r, const char *title, const char *head);
void report__bar(struct report *r);
void report__end_line(struct report *r);
void report__end_section(struct report *r);
bool report__has_proc(const struct report *r, uint32_t proc);

/* Sections; one that would be empty is not there. */
void report__findings(struct report *r);
void report__asked(struct report *r);
void report__done(struct report *r);
void report__notes(struct report *r);
void report__audit(struct report *r);
void report__containers(struct report *r);
void report__tree(struct report *r);
void report__commands(struct report *r);
void report__files(struct report *r);
void report__connections(struct report *r);
void report__names(struct report *r);

#endif
