/* SPDX-License-Identifier: Apache-2.0 */
/* tiles - what there is of everything in a selection, each number leading to the list of just that. */
#ifndef INS_TILES_H
#define INS_TILES_H

#include "inspect/view/common.h"

/* Of the whole trace, with its course over time; or of a container or process, without. */
void ins_tiles__put(struct ins_ui *ui, struct ins_page *p, struct ins_scope scope);

#endif
