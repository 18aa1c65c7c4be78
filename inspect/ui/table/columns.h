/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns - which columns of the tables are shown, as chosen by the user; kept in a file from one look to the next:
 * a line "view: title title ..." for each table that was changed. Titles are lower case, blanks in them are '-'.
 */
#ifndef INS_COLUMNS_H
#define INS_COLUMNS_H

#include "inspect/view/view.h"

struct ins_columns {
	bool machines;			/* there are several: columns that name them mean something */
	uint32_t hidden[VIEW__N];	/* bit: number of the column */
	char path[512];			/* "": chosen for this look only */
};

/* Read what was kept in folder (NULL: nothing is kept). Lines that mean nothing are passed over. */
void ins_columns__open(struct ins_columns *c, const char *folder);
/* The titles that are shown, for editing. */
void ins_columns__list(const struct ins_columns *c, enum ins_view_id view, struct buf *out);
/* The titles that could be shown as well. */
void ins_columns__others(const struct ins_columns *c, enum ins_view_id view, struct buf *out);
/* Show these only; an empty text: the usual ones. Errors name the title that is none, and those that there are. */
int ins_columns__choose(struct ins_columns *c, enum ins_view_id view, const char *text, struct err *err);

#endif
