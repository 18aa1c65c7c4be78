/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scap_put_fds - descriptors of a keyframe, gathered by the table they are in.
 */
#ifndef FMT_SCAP_PUT_FDS_H
#define FMT_SCAP_PUT_FDS_H

#include <stdbool.h>

#include "format/base/alloc.h"
#include "format/batch/batch.h"

/* Numbers to places in an array, counted from 1. Zero-initialise. */
struct scap_ids {
	struct { uint32_t id, at; } *slots;
	uint32_t n, n_slots;
};
/* The place of id; *ret is 0 if it is new, and is to be set before the next call. */
uint32_t *scap_ids__at(struct scap_ids *m, uint32_t id);
void scap_ids__done(struct scap_ids *m);

struct scap_fd_tables;

struct scap_fd_tables *scap_fd_tables__new(void);
void scap_fd_tables__free(struct scap_fd_tables *t);
/* A row state_fd. cut is increased if its name is too long. */
void scap_fd_tables__add(struct scap_fd_tables *t, const struct fmt_ev *ev, uint64_t *cut);
/*
 * The entries of a table, as a descriptor list has them; NULL: it is empty. again: they have been taken before. Borrowed until
 * the next add.
 */
const struct buf *scap_fd_tables__take(struct scap_fd_tables *t, uint32_t table, bool *ret_again);
/* Descriptors that nobody has taken. */
uint64_t scap_fd_tables__left(const struct scap_fd_tables *t);

#endif
