// SPDX-License-Identifier: Apache-2.0
/* The .scap reader on hostile bytes: every batch it hands out is walked whole. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>

#include "format/scap/scap_source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint64_t sink;

static void walk(const struct fmt_batch *b)
{
	for (uint32_t i = 0; i < b->n; i++) {
		struct fmt_ev ev = fmt_batch__ev(b, i);

		sink += fmt_ev__tid(&ev) + fmt_ev__ts(&ev);
		for (unsigned p = 0; p < ev.info->n_params; p++) {
			struct fmt_str bytes;
			const struct fmt_str *s;
			uint64_t v;

			switch (fmt_ptype_store(ev.info->params[p].type)) {
			case STORE_INT:
				if (fmt_ev__int(&ev, p, &v))
					sink += v;
				break;
			case STORE_STR:
				s = fmt_ev__str(&ev, p);
				if (s && s->len)
					sink += (uint8_t)s->p[s->len - 1];
				break;
			case STORE_BYTES:
				if (fmt_ev__bytes(&ev, p, &bytes) && bytes.len)
					sink += (uint8_t)bytes.p[bytes.len - 1];
				break;
			}
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct fmt_source *s;
	struct err err = { 0 };
	int r;

	fmt_scap__probe(data, size);
	if (fmt_scap__open(&s, open("/dev/null", O_RDONLY | O_CLOEXEC), "fuzz", data, size, &err))
		return 0;
	for (unsigned errors = 0; errors < 100;) {
		err = (struct err){ 0 };
		r = fmt_source__next(s, &b, &info, &err);
		if (r == 1)
			break;
		if (r < 0) {
			if (!err.code)
				abort();	/* an error without a reason */
			errors++;
			continue;
		}
		walk(b);
	}
	fmt_source__close(s);
	return 0;
}
