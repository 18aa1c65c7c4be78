/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline - what happened when: bars of what is counted over the whole trace or a window of it, with
 * marks for alerts, losses, lives of containers, and the cursor's time.
 *
 * The window is counted by a pass of its own, which begins at the keyframe before it: the smaller the
 * window, the sooner it is there. Until then the coarser counts are shown.
 */
#ifndef INS_TIMELINE_H
#define INS_TIMELINE_H

#include "inspect/model/pass/pass.h"

#define INS_MAX_METRICS 3u

struct ins_ui;
struct ins_screen;

struct ins_timeline {
	uint64_t from, to;		/* the window; to 0: the whole trace */
	struct ins_model *model;	/* of the window, NULL without */
	struct ins_pass *pass;
	struct ins_lens lens;
	uint8_t metrics[INS_MAX_METRICS];	/* enum ins_metric; those that are shown: the first n */
	unsigned n;			/* 0 means 1 */
	bool pressed;			/* the mouse was pressed here: a release elsewhere makes a range */
	uint64_t pressed_at;
};

void ins_timeline__done(struct ins_timeline *tl);
/* The lens or the trace has changed. */
void ins_timeline__renew(struct ins_ui *ui);
bool ins_timeline__work(struct ins_ui *ui, uint64_t ns);
/* Draw from row y on; returns the rows taken. */
int ins_timeline__draw(struct ins_ui *ui, struct ins_screen *s, int y);

/* Keys and the mouse. in: to the range, if there is one inside the window; else around the cursor. */
void ins_timeline__zoom(struct ins_ui *ui, bool in);
void ins_timeline__step(struct ins_ui *ui, int dir);
void ins_timeline__metric(struct ins_ui *ui);
void ins_timeline__more(struct ins_ui *ui);
/* x of w columns. */
void ins_timeline__click(struct ins_ui *ui, int x, int w, bool release);
/* Keep the cursor's time in the window. */
void ins_timeline__follow(struct ins_ui *ui);

#endif
