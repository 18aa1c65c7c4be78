// SPDX-License-Identifier: Apache-2.0
/*
 * The trace reader on hostile bytes. The first byte says what is done, the rest is the file: with bit 0 all
 * hashes and checks are made to fit first, so that what is behind them is reached. Whatever is handed out is
 * walked whole. Seeds come from tests/format/make_trace_seeds.c.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "format/base/alloc.h"
#include "format/base/log.h"
#include "format/file/trace_reader.h"
#include "format/file/trace_source.h"
#include "tests/format/refit.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIT = 1, ROWS_ONLY = 2, ONE_TYPE = 4, NO_PAYLOAD = 8, RANDOM_ACCESS = 16, SEEK = 32, VERIFY = 64, RECOVER = 128 };

static volatile uint64_t sink;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	log__set_level(LOG_ERROR_);
	return 0;
}

static void walk(const struct fmt_batch *b)
{
	for (uint32_t k = 0; k < b->n; k++) {
		struct fmt_ev ev = fmt_batch__ev(b, k);

		sink += fmt_ev__ts(&ev) + fmt_ev__tid(&ev) + fmt_ev__pid(&ev) + (uint64_t)fmt_ev__res(&ev);
		for (unsigned p = 0; p < ev.info->n_params; p++) {
			const struct fmt_str *s;
			struct fmt_str bytes;
			uint64_t v;

			switch (fmt_ptype_store(ev.info->params[p].type)) {
			case STORE_INT:
				if (fmt_ev__int(&ev, p, &v))
					sink += v;
				break;
			case STORE_STR:
				s = fmt_ev__str(&ev, p);
				if (s)
					sink += (uint64_t)s->p[s->len] + (s->len ? (uint64_t)s->p[s->len / 2] : 0);
				break;
			default:
				if (fmt_ev__bytes(&ev, p, &bytes) && bytes.len)
					sink += (uint64_t)bytes.p[0] + (uint64_t)bytes.p[bytes.len - 1];
			}
		}
	}
}

static struct fmt_want want_of(uint8_t mode)
{
	struct fmt_want w = { .by_type = mode & (ROWS_ONLY | ONE_TYPE), .no_payload = mode & NO_PAYLOAD,
			      .no_keyframes = mode & ONE_TYPE, .no_cpu = mode & ROWS_ONLY };

	if (mode & ONE_TYPE) {
		w.types[EV_openat / 8] |= 1 << EV_openat % 8;
		w.types[EV_read / 8] |= 1 << EV_read % 8;
	}
	return w;
}

static void in_order(struct fmt_source *s, uint8_t mode)
{
	struct fmt_want want = want_of(mode);
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	unsigned errors = 0;

	fmt_source__want(s, &want);
	for (;;) {
		struct err err = { 0 };
		int r = fmt_source__next(s, &b, &info, &err);

		if (r == 1)
			break;
		if (r == 0)
			walk(b);
		else if (++errors > 100000)
			abort();	/* it must come to an end */
		if (r < 0 && (err.code != r || !err.msg[0]))
			abort();	/* every error says what it is */
	}
	if (mode & SEEK && !s->ops->seek(s, sink, NULL) && fmt_source__next(s, &b, &info, NULL) == 0)
		walk(b);
	fmt_source__close(s);
}

static void random_access(const char *path, uint8_t mode)
{
	struct fmt_want want = want_of(mode);
	struct fmt_summary sum;
	struct fmt_reader *r;
	struct fmt_batch *b;

	if (fmt_reader__open(&r, path, NULL))
		return;
	fmt_reader__want(r, &want);
	fmt_batch__new(&b);
	for (uint32_t k = 0; k < fmt_reader__n_chunks(r) && k < 20; k++) {
		if (fmt_reader__summary(r, k, &sum, NULL) == 0)
			sink += sum.n_pids + sum.n_types;
		if (fmt_reader__read(r, k, b, NULL) == 0)
			walk(b);
	}
	fmt_reader__keyframe_at(r, sink);
	fmt_reader__refresh(r, NULL);
	fmt_batch__free(b);
	fmt_reader__close(r);
}

static void as_file(const uint8_t *p, size_t n, uint8_t mode)
{
	int fd = memfd_create("trace", MFD_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC);
	struct fmt_recover_stats st;
	char path[64], out_path[64];
	struct fmt_source *s;
	struct fmt_verified seen;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	snprintf(out_path, sizeof(out_path), "/proc/self/fd/%d", out);
	if (write(fd, p, n) != (ssize_t)n)
		abort();
	if (mode & RANDOM_ACCESS)
		random_access(path, mode);
	if (mode & VERIFY)
		fmt_trace__verify(path, &seen, NULL);
	if (mode & RECOVER && fmt_trace__recover(path, dup(out), "out", &st, NULL) >= 0) {
		struct err err = { 0 };

		/* what was saved is whole */
		if (fmt_trace__verify(out_path, &seen, &err))
			abort();
	}
	if (!fmt_trace_source__open(&s, dup(fd), true, "trace", NULL, 0, NULL))
		in_order(s, mode);
	close(fd);
	close(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fmt_source *s;
	uint8_t *p;

	if (size < 1)
		return 0;
	p = xmalloc(size);
	memcpy(p, data + 1, size - 1);
	if (data[0] & FIT)
		refit(p, size - 1);
	if (data[0] & (RANDOM_ACCESS | SEEK | VERIFY | RECOVER))
		as_file(p, size - 1, data[0]);
	else if (!fmt_trace_source__open(&s, open("/dev/null", O_RDONLY | O_CLOEXEC), false, "trace", p, size - 1, NULL))
		in_order(s, data[0]);
	free(p);
	return 0;
}
