/* SPDX-License-Identifier: Apache-2.0 */
/* counted - tables over counts of calls (model/call_counts.h), which go on being made while they are shown. */
#ifndef INS_COUNTED_H
#define INS_COUNTED_H

#include "inspect/model/call_counts.h"
#include "inspect/view/common.h"

void *ins_counted__open(struct ins_ui *ui, struct ins_frame *f);
bool ins_counted__work(struct ins_ui *ui, struct ins_frame *f, void *state, uint64_t ns);
void ins_counted__grown(struct ins_ui *ui, struct ins_frame *f, void *state);
void ins_counted__renew(struct ins_ui *ui, struct ins_frame *f, void *state);
/* Of the view of a frame; NULL if they cannot be made. */
const struct ins_calls *ins_counted__calls(const struct ins_frame *f);

#endif
