// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "format/scap_out/scap_out.h"

#define FLUSH_AT (256u << 10)
#define ZBUF (128u << 10)
#define LEVEL 5		/* two thirds of the time of zlib's default for 4 % more bytes */

int scap_out__init(struct scap_out *o, int fd, const char *name, bool gzip, struct err *err)
{
	memset(o, 0, sizeof(*o));
	o->fd = fd;
	snprintf(o->name, sizeof(o->name), "%s", name);
	buf__reserve(&o->pending, FLUSH_AT * 2);
	if (!gzip)
		return 0;
	o->z = xcalloc(1, sizeof(*o->z));
	o->zbuf = xmalloc(ZBUF);
	if (deflateInit2(o->z, LEVEL, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
		free(o->z);
		o->z = NULL;
		return err__set(err, -ENOMEM, "no memory for gzip");
	}
	return 0;
}

static int write_all(struct scap_out *o, const uint8_t *p, size_t n)
{
	while (n) {
		ssize_t r = write(o->fd, p, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			int code = r < 0 ? -errno : -EIO;

			err__set(&o->failed, code, "cannot write: %s", err__text(code));
			err__file(&o->failed, o->name);
			return code;
		}
		p += r;
		n -= (size_t)r;
		o->written += (size_t)r;
	}
	return 0;
}

static int deflate_all(struct scap_out *o, int how)
{
	int r = 0;

	o->z->next_in = o->pending.p;
	o->z->avail_in = (uInt)o->pending.len;
	do {
		o->z->next_out = o->zbuf;
		o->z->avail_out = ZBUF;
		deflate(o->z, how);
		r = write_all(o, o->zbuf, ZBUF - o->z->avail_out);
	} while (r == 0 && o->z->avail_out == 0);
	return r;
}

static int give_on(struct scap_out *o, int how, struct err *err)
{
	int r = o->failed.code;

	if (!r && o->z)
		r = deflate_all(o, how);
	else if (!r)
		r = write_all(o, o->pending.p, o->pending.len);
	o->pending.len = 0;
	if (r && err)
		*err = o->failed;
	return r;
}

int scap_out__flush(struct scap_out *o, struct err *err)
{
	return o->pending.len < FLUSH_AT ? 0 : give_on(o, Z_NO_FLUSH, err);
}

int scap_out__finish(struct scap_out *o, struct err *err)
{
	return give_on(o, Z_FINISH, err);
}

void scap_out__done(struct scap_out *o)
{
	if (o->z)
		deflateEnd(o->z);
	free(o->z);
	free(o->zbuf);
	buf__done(&o->pending);
	o->z = NULL;
	o->zbuf = NULL;
}

size_t scap_out__block(struct scap_out *o, uint32_t type)
{
	size_t start = o->pending.len;

	buf__le32(&o->pending, type);
	buf__le32(&o->pending, 0);
	return start;
}

void scap_out__block_end(struct scap_out *o, size_t start)
{
	struct buf *b = &o->pending;
	static const uint8_t zeros[4];
	uint32_t total;

	buf__add(b, zeros, (4 - (b->len - start) % 4) % 4);
	total = (uint32_t)(b->len - start) + 4;
	memcpy(b->p + start + 4, &total, 4);
	buf__le32(b, total);
}
