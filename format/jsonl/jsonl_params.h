/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonl_params - the parameters of one event, from "args" and "cut" of its line into a batch.
 */
#ifndef FMT_JSONL_PARAMS_H
#define FMT_JSONL_PARAMS_H

#include "format/batch/batch.h"
#include "format/jsonl/json_in.h"

#define JSONL_MAX_CUT 64u		/* as many as an event has parameters */

struct jsonl_cut { struct json_str name; uint64_t full; };

/* Memory for one event at a time; zero-initialise. */
struct jsonl_params {
	struct buf scratch, value;
	struct jsonl_cut cuts[JSONL_MAX_CUT];
};

/*
 * Between begin and end of a row of b: give it the parameters. args and cut: where their values begin (NULL: there
 * are none), in a line that ends at end; their form has been checked. Returns what is wrong, or NULL; what comes
 * behind the fault is missing in the row.
 */
const char *jsonl_params__get(struct jsonl_params *x, struct fmt_batch *b, uint16_t type, const char *args,
			      const char *cut, const char *end);
void jsonl_params__done(struct jsonl_params *x);
/* {"size":N,"base64":"..."}, appended to out; *size is 0 if it is not there. */
bool jsonl_bytes__get(struct json_in *j, struct buf *out, uint64_t *size);

#endif
