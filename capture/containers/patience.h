/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patience - what may never end, on a thread of its own, for which one waits a limited time.
 *
 * Files of users and of containers can be on a file system that does not answer: a network's that is gone, or one that
 * somebody has made for just that (FUSE). Nothing tells them apart beforehand: links and layers lead from one to another,
 * and to ask what a file system is may already be to wait for it. A thread that hangs so is left behind; it ends with
 * its file system, or with the process, which can always be killed.
 */
#ifndef CAP_PATIENCE_H
#define CAP_PATIENCE_H

#include <stdbool.h>

#define CAP_PATIENCE_KEY 192u

struct cap_patience;

/*
 * Have fn(arg) called. NULL: it is not, because an earlier one of the same key hangs, or too many do, and drop(arg) has been
 * called. key: what is waited for, in words for the log. From any thread.
 */
struct cap_patience *cap_patience__begin(const char *key, void (*fn)(void *arg), void (*drop)(void *arg), void *arg);
/* Has it returned? Nothing is waited for. */
bool cap_patience__has_ended(struct cap_patience *j);
/*
 * Wait for it, ms at most; j is not used after that. True: it has returned, and arg is the caller's again. False: it goes on by
 * itself, and drop(arg) is called when it ends.
 */
bool cap_patience__end(struct cap_patience *j, unsigned ms);
/*
 * Call fn(arg) and wait for it, ms at most. True: it has returned. False: it goes on by itself, or was not called because an
 * earlier one of the same key hangs, or too many do; drop(arg) is called when it is no longer used.
 */
bool cap_patience__do(const char *key, unsigned ms, void (*fn)(void *arg), void (*drop)(void *arg), void *arg);

#endif
