/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scap_put_lists - the rows of a keyframe as the lists at the head of a capture: interfaces, users, processes, descriptors.
 *
 * A capture lists all processes before any descriptor, and each descriptor below the thread that owns it, so the rows are
 * gathered first.
 */
#ifndef FMT_SCAP_PUT_LISTS_H
#define FMT_SCAP_PUT_LISTS_H

#include "format/batch/batch.h"
#include "format/scap_out/scap_out.h"

struct scap_lists_out;

struct scap_lists_out *scap_lists_out__new(void);
void scap_lists_out__free(struct scap_lists_out *l);
/*
 * Take a row over. False: it is of a kind that a capture's lists do not have (containers and what belongs to them
 * become events). ret_cut is increased by the texts that were too long.
 */
bool scap_lists_out__row(struct scap_lists_out *l, const struct fmt_ev *ev, uint64_t *ret_cut);
/* Write all lists, each at least once. Returns how many descriptors no thread of the list owns; those are left out. */
uint64_t scap_lists_out__put(struct scap_lists_out *l, struct scap_out *o, struct err *err);

#endif
