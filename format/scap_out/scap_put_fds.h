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
	struct { uint64_t id; uint32_t at; } *slots;
	uint32_t n, n_slots;
};
/* The place of id; *ret is 0 if it is new, and is to be set before the next call. */
uint32_t *scap_ids__at(struct scap_ids *m, uint64_t id);
void scap_ids__done(struct scap_ids *m);

/*
 * The key of a row's descriptor table: the number that it shares with others, else its process's own. Two kinds of
 * number, so that one is never taken for the other.
 */
static inline uint64_t scap_fd_table(const struct fmt_ev *ev, unsigned param)
{
	uint64_t number;

	return fmt_ev__int(ev, param, &number) && number ? number << 1 | 1 : (uint64_t)fmt_ev__pid(ev) << 1;
}

struct scap_fd_tables;

struct scap_fd_tables *scap_fd_tables__new(void);
void scap_fd_tables__free(struct scap_fd_tables *t);
/* A row state_fd. cut is increased if its name is too long. */
void scap_fd_tables__add(struct scap_fd_tables *t, const struct fmt_ev *ev, uint64_t *cut);
/*
 * The entries of a table, as a descriptor list has them; NULL: it is empty. again: they have been taken before. Borrowed until
 * the next add.
 */
const struct buf *scap_fd_tables__take(struct scap_fd_tables *t, uint64_t table, bool *ret_again);
/* Descriptors that nobody has taken. */
uint64_t scap_fd_tables__left(const struct scap_fd_tables *t);

#endif
