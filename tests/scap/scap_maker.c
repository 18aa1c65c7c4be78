// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "format/scap/scap_source.h"
#include "tests/scap/scap_maker.h"

void made_block(struct buf *f, uint32_t type, const struct buf *body)
{
	uint32_t total = ((uint32_t)body->len + 8 + 3) / 4 * 4 + 4;

	buf__le32(f, type);
	buf__le32(f, total);
	buf__add(f, body->p, body->len);
	for (size_t n = body->len; n % 4; n++)
		buf__u8(f, 0);
	buf__le32(f, total);
}

void made_s16(struct buf *b, const char *s, size_t n)
{
	buf__le16(b, (uint16_t)n);
	buf__add(b, s, n);
}

void made_head(struct buf *f)
{
	struct buf b = { 0 };

	buf__le32(&b, 0x1a2b3c4d);
	buf__le16(&b, 1);
	buf__le16(&b, 2);
	buf__le64(&b, UINT64_MAX);
	made_block(f, 0x0a0d0d0a, &b);
	b.len = 0;
	buf__le32(&b, 2);
	buf__le64(&b, 1024);
	buf__le64(&b, 32768);
	buf__add(&b, "web-7\0", 6);
	for (int i = 6; i < 128; i++)
		buf__u8(&b, 0);
	for (int i = 0; i < 4; i++)
		buf__le64(&b, i ? 0 : MADE_T0 - 5);
	made_block(f, 0x201, &b);
	buf__done(&b);
}

uint32_t made_process_block(unsigned version)
{
	static const uint32_t numbers[] = { 0x202, 0x207, 0x209, 0x210, 0x211, 0x212, 0x213, 0x214, 0x215 };

	return numbers[version - 1];
}

static void process_tail(struct buf *e)
{
	buf__le64(e, 77);	/* pid namespace */
	buf__le32(e, 34816);	/* tty */
	buf__le32(e, 1000);	/* loginuid */
	buf__u8(e, 1);
	for (int i = 0; i < 3; i++)
		buf__le64(e, 16 + (unsigned)i);
	buf__u8(e, 1);
	for (int i = 0; i < 3; i++)
		buf__le64(e, 500 + (unsigned)i);
	buf__u8(e, 0);
	buf__u8(e, 0);
	buf__le64(e, 92);	/* pgid */
}

void made_process(struct buf *list, unsigned version, uint64_t pid)
{
	struct buf e = { 0 };

	buf__le64(&e, pid);
	buf__le64(&e, pid);
	buf__le64(&e, 1);
	if (version >= 6)
		buf__le64(&e, 90);	/* sid */
	if (version >= 8)
		buf__le64(&e, 91);	/* vpgid */
	made_s16(&e, "bash", 4);
	made_s16(&e, "-bash", 5);
	if (version >= 7)
		made_s16(&e, "/bin/bash", 9);
	made_s16(&e, "-c\0ls\0", 6);
	made_s16(&e, "/root", 5);
	buf__le64(&e, 1024);
	buf__le32(&e, 0);
	buf__le32(&e, 1000);
	buf__le32(&e, 1001);
	if (version >= 2) {
		for (int i = 0; i < 3; i++)
			buf__le32(&e, 7);
		buf__le64(&e, 8);
		buf__le64(&e, 9);
	}
	if (version >= 3)
		made_s16(&e, "A=1\0", 4);
	if (version >= 4) {
		buf__le64(&e, 3);	/* vtid */
		buf__le64(&e, 4);	/* vpid */
		made_s16(&e, "cpu=/docker/x\0", 14);
	}
	if (version >= 5)
		made_s16(&e, "/", 1);
	if (version >= 9) {
		process_tail(&e);
		buf__le32(list, (uint32_t)e.len + 4);
	}
	buf__add(list, e.p, e.len);
	buf__done(&e);
}

static void add_fd(struct buf *b, unsigned version, const struct buf *e)
{
	if (version >= 2)
		buf__le32(b, (uint32_t)e->len + 4);
	buf__add(b, e->p, e->len);
}

void made_fds(struct buf *f, unsigned version)
{
	struct buf e = { 0 }, b = { 0 };

	buf__le64(&b, 100);
	buf__le64(&e, 3);
	buf__le64(&e, 4242);
	buf__u8(&e, 16);
	buf__le32(&e, 3);
	made_s16(&e, "/etc/hosts", 10);
	if (version >= 2)
		buf__le32(&e, 0xfe00);
	add_fd(&b, version, &e);
	e.len = 0;
	buf__le64(&e, 4);
	buf__le64(&e, 4243);
	buf__u8(&e, 3);
	buf__add(&e, "\x0a\0\0\1", 4);
	buf__add(&e, "\x0a\0\0\2", 4);
	buf__le16(&e, 40000);
	buf__le16(&e, 443);
	buf__u8(&e, 2);
	add_fd(&b, version, &e);
	made_block(f, version >= 2 ? 0x218 : 0x203, &b);
	buf__done(&e);
	buf__done(&b);
}

static uint32_t event_block(unsigned how)
{
	if (how & MADE_LARGE)
		return how & MADE_FLAGS ? 0x222 : 0x221;
	if (how & MADE_V1)
		return how & MADE_FLAGS ? 0x208 : 0x204;
	return how & MADE_FLAGS ? 0x217 : 0x216;
}

void made_event(struct buf *f, unsigned how, uint16_t code, uint64_t ts, uint64_t tid, ...)
{
	struct buf b = { 0 }, lens = { 0 }, data = { 0 };
	unsigned n = 0;
	va_list ap;
	int len;

	va_start(ap, tid);
	while ((len = va_arg(ap, int)) >= 0) {
		if (how & MADE_LARGE)
			buf__le32(&lens, (uint32_t)len);
		else
			buf__le16(&lens, (uint16_t)len);
		buf__add(&data, va_arg(ap, const void *), (size_t)len);
		n++;
	}
	va_end(ap);
	buf__le16(&b, 1);
	if (how & MADE_FLAGS)
		buf__le32(&b, 1);
	buf__le64(&b, ts);
	buf__le64(&b, tid);
	buf__le32(&b, (uint32_t)((how & MADE_V1 ? 22 : 26) + lens.len + data.len));
	buf__le16(&b, code);
	if (!(how & MADE_V1))
		buf__le32(&b, n);
	buf__add(&b, lens.p, lens.len);
	buf__add(&b, data.p, data.len);
	made_block(f, event_block(how), &b);
	buf__done(&b);
	buf__done(&lens);
	buf__done(&data);
}

struct made_read made_drain(const struct buf *f)
{
	struct made_read all = { 0 };
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct fmt_source *s;
	int fd = memfd_create("made", MFD_CLOEXEC), r;

	if (write(fd, f->p, f->len) != (ssize_t)f->len || lseek(fd, 0, SEEK_SET))
		abort();
	r = fmt_scap__open(&s, fd, "made.scap", NULL, 0, &all.first);
	if (r) {
		all.errors = 1;
		return all;
	}
	for (;;) {
		struct err e = { 0 };

		r = fmt_source__next(s, &b, &info, &e);
		if (r == 1)
			break;
		if (r < 0 && !all.errors++)
			all.first = e;
		if (r < 0)
			continue;
		all.sections += info.new_section;
		*(info.keyframe ? &all.keyframe_rows : &all.events) += b->n;
	}
	all.unknown = s->skipped_unknown;
	fmt_source__close(s);
	return all;
}
