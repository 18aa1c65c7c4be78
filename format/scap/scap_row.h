/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scap_row - an event of a capture, in its newest form, as an event of ours.
 */
#ifndef FMT_SCAP_ROW_H
#define FMT_SCAP_ROW_H

#include "format/batch/batch.h"
#include "format/scap/scap_event.h"
#include "format/scap/scap_pids.h"

/*
 * Append ev (as scap_event__convert leaves it; untrusted) to b. Births and execs tell pids who is whose thread. False:
 * it is none that is known here.
 */
bool scap_row__add(struct fmt_batch *b, struct scap_pids *pids, const struct scap_event *ev);

#endif
