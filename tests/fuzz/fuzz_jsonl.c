// SPDX-License-Identifier: Apache-2.0
/*
 * The .jsonl reader on hostile bytes. What it makes of them is written again and read again: it must be the same.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "format/jsonl/jsonl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fmt_source *open_bytes(const void *p, size_t n)
{
	struct fmt_source *s = NULL;
	struct err err = { 0 };

	if (fmt_jsonl__open(&s, open("/dev/null", O_RDONLY | O_CLOEXEC), false, "fuzz", p, n, &err) && !err.code)
		abort();	/* an error without a reason */
	return s;
}

/* All of a source as text. */
static void write_again(struct fmt_source *s, struct buf *out)
{
	struct jsonl_writer *w;
	const struct fmt_batch *b;
	struct fmt_batch_info info;

	jsonl_writer__new(&w);
	jsonl_writer__head(w, &s->meta, s->more, s->n_more, s->has_context, out);
	for (unsigned errors = 0; errors < 100;) {
		struct err err = { 0 };
		int r = fmt_source__next(s, &b, &info, &err);

		if (r == 1)
			break;
		if (r < 0 && !err.code)
			abort();
		errors += r < 0;
		if (r == 0)
			jsonl_writer__batch(w, b, &info, out);
	}
	jsonl_writer__free(w);
	fmt_source__close(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf once = { 0 }, twice = { 0 };
	struct fmt_source *s;

	fmt_jsonl__probe(data, size);
	s = open_bytes(data, size);
	if (!s)
		return 0;
	write_again(s, &once);
	s = open_bytes(once.p, once.len);
	if (!s)
		abort();	/* what we write we read */
	write_again(s, &twice);
	if (once.len != twice.len || memcmp(once.p, twice.p, once.len))
		abort();
	buf__done(&once);
	buf__done(&twice);
	return 0;
}
