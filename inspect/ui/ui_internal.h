/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ui_internal - what the files that act on keys share: ui_act.c says which key does what, ui_go.c goes from place to
 * place, ui_follow.c looks at a growing trace, prompt/answer.c asks and does what was answered.
 */
#ifndef INS_UI_INTERNAL_H
#define INS_UI_INTERNAL_H

#include "inspect/ui/ui.h"

/* What the cursor of the view is on; false: nothing, *ret is then empty. */
bool ui__subject(struct ins_ui *ui, struct ins_subject *ret);
/* The range begins (or ends) at the cursor's time. */
void ui__edge_here(struct ins_ui *ui, bool from);
/* Find what is searched for, from the cursor on (dir 1) or back (-1). again: pass over where the cursor is. */
void ui__find(struct ins_ui *ui, int dir, bool again);
void ui__go_back(struct ins_ui *ui);
/* The view of this number of the same selection. */
void ui__switch_view(struct ins_ui *ui, unsigned number);
void ui__cycle_view(struct ins_ui *ui, int dir);
void ui__go_events(struct ins_ui *ui);
/* The process of what is under the cursor; tree: where it is in the tree of all. */
void ui__go_process(struct ins_ui *ui, bool tree);
void ui__go_whole(struct ins_ui *ui);
/* A process alone, or with what it started. */
void ui__toggle_deep(struct ins_ui *ui);
void ui__toggle_following(struct ins_ui *ui);
void ui__ask_columns(struct ins_ui *ui);

#endif
