/* SPDX-License-Identifier: Apache-2.0 */
/*
 * out_file - an output file that is there whole or not at all.
 *
 * It is written under a temporary name in the folder of its own ("NAME.part-XXXXXX") and renamed when all of it is on the
 * disk. On an error, and when a signal ends the process (SIGINT, SIGTERM, SIGHUP), the temporary file is removed: a
 * file of the final name is never half an answer. SIGXFSZ is ignored from then on: too large a file is
 * an error. "-" is stdout; a device or pipe is written to as it stands.
 */
#ifndef ENG_OUT_FILE_H
#define ENG_OUT_FILE_H

#include <stdbool.h>

#include "format/base/err.h"

struct out_file;

/*
 * An existing file is replaced only if it is empty or force is set. ret_fd: where to write; it is the caller's to
 * close. inputs: paths, ended by NULL, of which none may be this file; "-" in it is passed over. Errors name the file.
 */
int out_file__open(struct out_file **ret, const char *path, bool force, const char *const *inputs, int *ret_fd,
		   struct err *err);
/* How it is called in messages. */
const char *out_file__name(const struct out_file *f);
/*
 * After a failure of writing: what its writer says of a partial file is not so, for it will be removed. Puts that right in
 * err, where the system has refused; other faults stay.
 */
void out_file__say_nothing_left(const struct out_file *f, int code, struct err *err);
/* All has been written: give the file its name. Frees f, and removes the file on failure. */
int out_file__commit(struct out_file *f, struct err *err);
/* Remove what has been written. Frees f; NULL does nothing. */
void out_file__abort(struct out_file *f);

/*
 * For who has handlers of their own for those signals, which are left alone: removes the temporary file that there is, if
 * any. Safe within a handler, after which the process ends.
 */
void out_file__on_deadly(void);

#endif
