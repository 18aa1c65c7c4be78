/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events_place - where the view of events is in its list: the cursor, the lines on the screen, and
 * the job that moves them. Jobs go on in slices until they are done or something else is asked for.
 */
#ifndef INS_EVENTS_PLACE_H
#define INS_EVENTS_PLACE_H

#include "inspect/model/events/evlist.h"
#include "inspect/ui/ui.h"

#define MAX_ROWS 512u		/* lines of a screen */

enum job { JOB_NONE, JOB_MOVE, JOB_FIND, JOB_TIME, JOB_TOP, JOB_BOTTOM };

struct events {
	struct ins_evlist *list;
	struct ins_evpos top, cur;
	bool has_cur;			/* cur is a place of the list */
	bool tell;			/* the job is the user's: the cursor's time follows when it is done */
	bool at_end;			/* it was sent to the end, and stays there as the list grows */
	uint64_t model_gen;
	bool model_done;
	struct ins_evpos shown[MAX_ROWS];	/* the lines of the screen */
	bool placed;			/* they are right */
	unsigned n_shown, rows;
	int skip;
	/* the job that is under way */
	enum job job;
	int64_t left;			/* JOB_MOVE: lines still to go */
	struct ins_evpos at;		/* where it is */
	uint64_t ts;			/* JOB_TIME */
	int dir;			/* JOB_FIND */
};

/* Get on with the job for about ns nanoseconds. */
void events__run(struct ins_ui *ui, struct events *e, uint64_t ns);
/*
 * Know which places are on the screen, with the cursor's among them and no blank lines at the end
 * while there are lines above. INS_PENDING: not all known yet; what is known is shown.
 */
enum ins_answer events__place(struct events *e, uint64_t ns);
/* Texts for what is shown, and some lines around, so that the next keys find theirs made. */
enum ins_answer events__fill(struct events *e, uint64_t ns);

#endif
