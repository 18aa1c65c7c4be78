/* SPDX-License-Identifier: Apache-2.0 */
/* asked - parts of the first screen: who asked for the recording, what playbooks did, who asked Kubernetes for what. */
#ifndef INS_ASKED_H
#define INS_ASKED_H

#include "inspect/ui/page.h"

/* Each a title and some lines that lead to the events; nothing where there are none. */
void ins_asked__triggers(struct ins_ui *ui, struct ins_page *p);
void ins_asked__deeds(struct ins_ui *ui, struct ins_page *p);
void ins_asked__audit(struct ins_ui *ui, struct ins_page *p);

#endif
