/* SPDX-License-Identifier: Apache-2.0 */
/*
 * export - a selection (a scope under a lens) written as a recording that stands alone: .spoor, .jsonl, .scap.
 *
 * Goes through the range in slices, so that it can be watched and given up; the file is there whole or not at all.
 * What is taken along beside the events selected is cut's to say (engine/cut/cut.h).
 */
#ifndef INS_EXPORT_H
#define INS_EXPORT_H

#include "inspect/model/events/evlist.h"

struct ins_export;

/*
 * Begin. Trace and model are borrowed until free; the lens is copied. path: where to, by its extension in which
 * format; a file that exists is not replaced. A scope that is not the whole trace needs a model that is done.
 */
int ins_export__new(struct ins_export **ret, struct ins_trace *t, const struct ins_model *m, const struct ins_lens *lens,
		    struct ins_scope scope, struct ins_only only, const char *path, struct err *err);
/* Work for about ns nanoseconds, at least a chunk. 1: there is more; 0: the file is there; negative: nothing of it is. */
int ins_export__step(struct ins_export *e, uint64_t ns, struct err *err);
/* How much is done, 0 to 1. */
double ins_export__progress(const struct ins_export *e);
/* What it is called; and once it is there, "1,234 events, and 56 that they cannot be understood without, 12.3 KiB". */
const char *ins_export__path(const struct ins_export *e);
void ins_export__say(const struct ins_export *e, struct buf *out);
/* What is not finished is given up. NULL does nothing. */
void ins_export__free(struct ins_export *e);

/* Has this name the extension of one of these formats? */
bool ins_export__has_format(const char *path);

#endif
