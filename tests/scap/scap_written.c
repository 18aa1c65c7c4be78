// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/scap/scap_written.h"

const uint8_t ADDR4[] = { 2, 10, 0, 0, 1, 0x50, 0 };
const uint8_t TUPLE4[] = { 2, 10, 0, 0, 1, 0x40, 0x9c, 10, 0, 0, 2, 0xbb, 1 };

void capture__begin_with(struct capture *c, const struct scap_writer_opts *o)
{
	struct err err = { 0 };

	memset(c, 0, sizeof(*c));
	c->fd = memfd_create("capture", 0);
	assert_true(c->fd >= 0);
	assert_int_equal(fmt_batch__new(&c->b), 0);
	assert_int_equal(scap_writer__open(&c->w, c->fd, "made.scap", o, &err), 0);
}

void capture__begin(struct capture *c)
{
	struct scap_writer_opts o = { .sz = sizeof(o) };

	capture__begin_with(c, &o);
}

void capture__section(struct capture *c, const char *host)
{
	struct fmt_meta meta = { .n_cpus = 2, .memory = 4096, .boot_ns = T0 - 5 };
	struct err err = { 0 };

	strcpy(meta.hostname, host);
	assert_int_equal(scap_writer__section(c->w, &meta, &err), 0);
}

void capture__put(struct capture *c, bool keyframe)
{
	struct err err = { 0 };

	for (uint32_t row = 0; row < c->b->n; row++) {
		struct fmt_ev ev = fmt_batch__ev(c->b, row);

		assert_int_equal(keyframe ? scap_writer__keyframe_row(c->w, &ev, &err) :
					    scap_writer__event(c->w, &ev, &err), 0);
	}
	fmt_batch__reset(c->b, 1);
}

void capture__finish(struct capture *c)
{
	struct err err = { 0 };

	assert_int_equal(scap_writer__close(c->w, true, &c->st, &err), 0);
	fmt_batch__free(c->b);
	assert_int_equal(c->st.bytes, lseek(c->fd, 0, SEEK_END));
	assert_int_equal(lseek(c->fd, 0, SEEK_SET), 0);
}

void capture__reopen(struct capture *c)
{
	uint8_t head[64];
	ssize_t n;
	struct err err = { 0 };

	capture__finish(c);
	n = read(c->fd, head, sizeof(head));
	assert_true(n > 0);
	assert_true(fmt_scap__probe(head, (size_t)n));
	assert_int_equal(fmt_scap__open(&c->s, c->fd, "made.scap", head, (size_t)n, &err), 0);
}

const struct fmt_batch *capture__next(struct capture *c, struct fmt_batch_info *info)
{
	const struct fmt_batch *b;
	struct err err = { 0 };
	int r = fmt_source__next(c->s, &b, info, &err);

	if (r < 0)
		fail_msg("%s at %llu", err.msg, (unsigned long long)err.offset);
	return r ? NULL : b;
}

void put_str(struct fmt_batch *b, unsigned param, const char *s, size_t n)
{
	fmt_batch__str(b, param, s, (uint32_t)n, (uint32_t)n);
}

bool is_str(const struct fmt_ev *ev, unsigned param, const char *want, size_t n)
{
	const struct fmt_str *s = fmt_ev__str(ev, param);

	return s ? s->len == n && !memcmp(s->p, want, n) : !n;
}

uint64_t num_of(const struct fmt_ev *ev, unsigned param)
{
	uint64_t v = 0;

	assert_true(fmt_ev__int(ev, param, &v));
	return v;
}

void put_close(struct fmt_batch *b, uint64_t ts)
{
	fmt_batch__begin(b, EV_close, ts, 0, TID, TID, 0, 0);
	fmt_batch__int(b, P_close_fd, 3);
	fmt_batch__end(b);
}
