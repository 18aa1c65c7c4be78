// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "capture/outputs/out_output.h"

void out_queue__init(struct out_queue *q, uint32_t cap, size_t max_bytes)
{
	*q = (struct out_queue){ .cap = cap, .max_bytes = max_bytes };
	q->ring = xcalloc(cap, sizeof(*q->ring));
}

bool out_queue__push(struct out_queue *q, struct out_record *r)
{
	if (q->n == q->cap || q->bytes + r->bytes > q->max_bytes)
		return false;
	q->ring[(q->head + q->n) % q->cap] = r;
	q->n++;
	q->bytes += r->bytes;
	return true;
}

struct out_record *out_queue__pop(struct out_queue *q)
{
	struct out_record *r;

	if (!q->n)
		return NULL;
	r = q->ring[q->head];
	q->head = (q->head + 1) % q->cap;
	q->n--;
	q->bytes -= r->bytes;
	return r;
}

void out_queue__done(struct out_queue *q)
{
	struct out_record *r;

	while ((r = out_queue__pop(q)))
		out_record__unref(r);
	free(q->ring);
	q->ring = NULL;
}
