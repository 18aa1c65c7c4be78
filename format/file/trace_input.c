// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "format/base/alloc.h"
#include "format/file/trace_input.h"

void trace_input__init(struct trace_input *in, int fd, bool regular, const void *head, size_t n)
{
	*in = (struct trace_input){ .fd = fd, .regular = regular, .ahead = INPUT_AHEAD };
	in->buf = xgrow(NULL, &in->cap, n > INPUT_AHEAD_RANDOM ? n : INPUT_AHEAD_RANDOM, 1);
	if (n)
		memcpy(in->buf, head, n);
	in->have = n;
}

void trace_input__done(struct trace_input *in)
{
	if (in->fd >= 0)
		close(in->fd);
	free(in->buf);
	*in = (struct trace_input){ .fd = -1 };
}

/* Bytes that a file still has behind the window, or "many". */
static uint64_t left_behind(const struct trace_input *in)
{
	uint64_t size = trace_input__size(in), end = in->pos + in->have;

	return !in->regular ? UINT64_MAX : size > end ? size - end : 0;
}

/* make room to read more behind the window: move it to the front, then grow. */
static void make_room(struct trace_input *in, size_t n)
{
	size_t want = n < in->ahead ? in->ahead : n, step = in->have + in->ahead;

	if (in->regular) {
		uint64_t most = in->have + left_behind(in);

		want = want > most ? (size_t)most + 1 : want;
	} else if (want > 2 * step) {
		want = 2 * step;	/* a pipe: grow as it delivers */
	}
	if (in->from + want <= in->cap && in->from + in->have < in->cap)
		return;
	if (in->from) {
		memmove(in->buf, in->buf + in->from, in->have);
		in->from = 0;
	}
	in->buf = xgrow(in->buf, &in->cap, want > in->have ? want : in->have + 1, 1);
}

int trace_input__need(struct trace_input *in, size_t n)
{
	while (in->have < n) {
		ssize_t got;
		uint8_t *to;
		size_t room;

		make_room(in, n);
		to = in->buf + in->from + in->have;
		room = in->cap - in->from - in->have;
		if (room > in->ahead && room > n - in->have)
			room = n - in->have > in->ahead ? n - in->have : in->ahead;
		if (in->regular)
			got = pread(in->fd, to, room, (off_t)(in->pos + in->have));
		else
			got = read(in->fd, to, room);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			return 1;
		in->have += (size_t)got;
	}
	return 0;
}

int trace_input__skip(struct trace_input *in, uint64_t n)
{
	while (n > in->have) {
		int r;

		n -= in->have;
		in->pos += in->have;
		in->from = in->have = 0;
		if (in->regular) {
			uint64_t size = trace_input__size(in);

			if (n > size || in->pos > size - n) {
				in->pos = size > in->pos ? size : in->pos;
				return 1;
			}
			in->pos += n;
			return 0;
		}
		r = trace_input__need(in, n < in->ahead ? (size_t)n : in->ahead);
		if (r < 0 || (r > 0 && !in->have))
			return r;
		if (r > 0 && n > in->have)
			n = in->have + 1;	/* one more round empties it and meets the end */
	}
	in->from += (size_t)n;
	in->have -= (size_t)n;
	in->pos += n;
	return 0;
}

void trace_input__seek(struct trace_input *in, uint64_t pos)
{
	if (pos >= in->pos && pos - in->pos <= in->have) {
		trace_input__skip(in, pos - in->pos);
		return;
	}
	in->from = in->have = 0;
	in->pos = pos;
}

uint64_t trace_input__size(const struct trace_input *in)
{
	struct stat st;

	return in->regular && !fstat(in->fd, &st) && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

uint64_t trace_input__age(const struct trace_input *in)
{
	struct timespec now;
	struct stat st;
	int64_t ns;

	if (!in->regular || fstat(in->fd, &st))
		return UINT64_MAX;
	clock_gettime(CLOCK_REALTIME, &now);
	ns = (int64_t)(now.tv_sec - st.st_mtim.tv_sec) * 1000000000 + now.tv_nsec - st.st_mtim.tv_nsec;
	return ns < 0 ? 0 : (uint64_t)ns;
}
