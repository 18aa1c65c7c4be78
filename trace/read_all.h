/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read_all - all batches of a source, one after the other, with damage told and gone over, and progress shown.
 */
#ifndef TRC_READ_ALL_H
#define TRC_READ_ALL_H

#include "format/file/source.h"

#define READ_STOP 1

/* Called for each batch. 0; READ_STOP: enough; negative with err: given up. */
typedef int (*read_fn)(void *arg, const struct fmt_batch *b, const struct fmt_batch_info *info, struct err *err);

struct reading {
	struct fmt_source *s;
	uint64_t size;			/* of the file, 0: a pipe */
	uint64_t done;			/* bytes read so far, as far as known */
	uint64_t events;
	bool quiet;			/* no progress: the output itself goes to the terminal */
	bool told;			/* damage has been told already */
	uint64_t damaged;		/* how often it was met */
	int code;			/* exit code: EXIT_DAMAGED once damage was met */
};

/* Open a path. 0, or negative with err. */
int reading__open(struct reading *r, const char *path, struct err *err);
void reading__close(struct reading *r);
/* The next batch: 0, 1 at the end, negative with err. Damage is told and gone over. */
int reading__next(struct reading *r, const struct fmt_batch **b, struct fmt_batch_info *info, struct err *err);
/* All of it: 0 at the end or when fn had enough, negative with err. */
int reading__all(struct reading *r, read_fn fn, void *arg, struct err *err);

#endif
