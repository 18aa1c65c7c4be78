/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reopen - a descriptor as the calls that open it.
 *
 * The rows of a descriptor's state that a cut puts between events have no counterpart in a capture: its lists stand at the
 * beginning. But a call that readers take in without showing it says the same.
 */
#ifndef ENG_REOPEN_H
#define ENG_REOPEN_H

#include "format/batch/batch.h"

/* Append the calls after which the descriptor of a row state_fd is known, as context. b has room for two. */
void reopen(struct fmt_batch *b, const struct fmt_ev *row);

#endif
