/* SPDX-License-Identifier: Apache-2.0 */
/* opened - traces and their models for tests; what goes wrong ends the test. */
#ifndef OPENED_H
#define OPENED_H

#include "inspect/model/pass/pass.h"

#define OPENED_WHOLE 1000000000u	/* ns: work is not cut into slices */

struct ins_trace *opened__trace(const char *path);
/* The model of a whole trace, worked out in slices of so many ns. */
struct ins_model *opened__model(struct ins_trace *t, const struct ins_lens *lens, uint64_t slice);

#endif
