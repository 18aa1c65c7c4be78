/* SPDX-License-Identifier: Apache-2.0 */
/* report - what is selected, written down for others: one Markdown document. */
#ifndef INS_REPORT_H
#define INS_REPORT_H

#include "format/base/alloc.h"
#include "format/base/err.h"

struct ins_ui;

/* The report of the selection on top, under the lens. Everything that comes from the trace is made safe. */
void ins_report__make(struct ins_ui *ui, struct buf *out);
/* The same to a new file. An error while the trace is still being read. */
int ins_report__save(struct ins_ui *ui, const char *path, struct err *err);

#endif
