// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "format/base/alloc.h"
#include "format/scap/scap_stream.h"

#define IN_SIZE (256u << 10)
#define OUT_SIZE (1u << 20)

struct scap_stream {
	int fd;
	bool gz, gz_live;		/* gz_live: inside a member */
	bool in_eof, eof;
	int failed;			/* error to give once what was read before it is used up */
	struct err why;
	z_stream z;
	uint8_t *in;			/* raw bytes in[in_at .. in_len) */
	size_t in_at, in_len, in_cap;
	uint8_t *out;			/* uncompressed bytes out[at .. len) */
	size_t at, len, cap;
	uint64_t base;			/* offset of out[0] in the uncompressed stream */
};

static int fail(struct scap_stream *s, int code, const char *what)
{
	s->failed = err__set(&s->why, code, "%s", what);
	s->eof = true;
	return s->failed;
}

static void fill_in(struct scap_stream *s)
{
	ssize_t r;

	if (s->in_at < s->in_len || s->in_eof)
		return;
	do {
		r = read(s->fd, s->in, s->in_cap);
	} while (r < 0 && errno == EINTR);
	if (r < 0)
		fail(s, -errno, strerror(errno));
	if (r <= 0)
		s->in_eof = true;
	s->in_at = 0;
	s->in_len = r > 0 ? (size_t)r : 0;
}

/* Uncompress into the free end of out. */
static void inflate_some(struct scap_stream *s)
{
	int r;

	fill_in(s);
	if (s->in_at == s->in_len) {
		s->eof = true;
		if (s->gz_live && !s->failed)
			fail(s, FMT_E_TRUNCATED, "the gzip data ends too early");
		return;
	}
	if (!s->gz_live) {
		/* a further member, or padding behind the last one */
		if (s->in[s->in_at] != 0x1f) {
			s->eof = true;
			return;
		}
		inflateReset(&s->z);
		s->gz_live = true;
	}
	s->z.next_in = s->in + s->in_at;
	s->z.avail_in = (uInt)(s->in_len - s->in_at);
	s->z.next_out = s->out + s->len;
	s->z.avail_out = (uInt)(s->cap - s->len);
	r = inflate(&s->z, Z_NO_FLUSH);
	s->in_at = s->in_len - s->z.avail_in;
	s->len = s->cap - s->z.avail_out;
	if (r == Z_STREAM_END)
		s->gz_live = false;
	else if (r != Z_OK && r != Z_BUF_ERROR)
		fail(s, FMT_E_CORRUPT, s->z.msg ? s->z.msg : "the gzip data is damaged");
}

static void copy_some(struct scap_stream *s)
{
	size_t n;

	fill_in(s);
	n = s->in_len - s->in_at;
	if (!n) {
		s->eof = true;
		return;
	}
	if (n > s->cap - s->len)
		n = s->cap - s->len;
	memcpy(s->out + s->len, s->in + s->in_at, n);
	s->in_at += n;
	s->len += n;
}

int scap_stream__open(struct scap_stream **ret, int fd, const void *head, size_t n, struct err *err)
{
	struct scap_stream *s = xcalloc(1, sizeof(*s));

	s->fd = fd;
	s->in_cap = n > IN_SIZE ? n : IN_SIZE;
	s->in = xmalloc(s->in_cap);
	if (n)
		memcpy(s->in, head, n);
	s->in_len = n;
	s->cap = OUT_SIZE;
	s->out = xmalloc(s->cap);
	fill_in(s);
	s->gz = s->in_len >= 2 && s->in[0] == 0x1f && s->in[1] == 0x8b;
	if (s->gz && inflateInit2(&s->z, 15 + 16) != Z_OK) {
		scap_stream__close(s);
		return err__set(err, ENOMEM, "zlib could not be started");
	}
	s->gz_live = s->gz;
	*ret = s;
	return 0;
}

void scap_stream__close(struct scap_stream *s)
{
	if (!s)
		return;
	if (s->gz)
		inflateEnd(&s->z);
	if (s->fd >= 0)
		close(s->fd);
	free(s->in);
	free(s->out);
	free(s);
}

int64_t scap_stream__peek(struct scap_stream *s, size_t want, const uint8_t **p, struct err *err)
{
	if (want > SCAP_STREAM_MAX)
		want = SCAP_STREAM_MAX;
	if (s->len - s->at < want && !s->eof) {
		/*
		 * Moved only when the end is reached, in a buffer twice as large as what is asked for:
		 * however often a file makes the reader look far ahead, each byte is moved about once.
		 */
		if (s->at + want > s->cap) {
			memmove(s->out, s->out + s->at, s->len - s->at);
			s->base += s->at;
			s->len -= s->at;
			s->at = 0;
			if (2 * want > s->cap)
				s->out = xgrow(s->out, &s->cap, 2 * want, 1);
		}
		while (s->len - s->at < want && !s->eof) {
			if (s->gz)
				inflate_some(s);
			else
				copy_some(s);
		}
	}
	*p = s->out + s->at;
	if (s->len - s->at < want && s->failed && s->len == s->at) {
		int code = s->failed;

		s->failed = 0;
		return err__set_at(err, code, scap_stream__offset(s), "%s", s->why.msg);
	}
	return (int64_t)(s->len - s->at);
}

void scap_stream__skip(struct scap_stream *s, size_t n)
{
	s->at += n;
}

uint64_t scap_stream__offset(const struct scap_stream *s)
{
	return s->base + s->at;
}
