// SPDX-License-Identifier: Apache-2.0
/*
 * Alerts to standard output or to the end of a file, one a line.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/outputs/out_output.h"
#include "format/base/log.h"
#include "format/base/text.h"

struct stream {
	int fd;			/* -1: not open */
	bool ours;		/* to be closed */
	bool regular;
	bool journal;		/* which is told how severe each line is */
	struct buf line;
	char half[OUT_ID_MAX];	/* the alert whose line is not whole yet; "": none */
	size_t done;
};

void out_line(const struct output *o, const struct out_record *r, struct buf *out)
{
	size_t from = out->len;

	if (o->o.format == CAP_OUT_TEXT)
		text__safe(out, r->text, r->text_len);
	else
		buf__add(out, r->json, r->json_len);
	for (size_t i = from; i < out->len; i++)
		if (out->p[i] < 0x20 || out->p[i] == 0x7f)
			out->p[i] = ' ';	/* JSON has none but between its tokens */
	buf__u8(out, '\n');
}

int out_write(struct output *o, int fd, const void *p, size_t n, size_t *done, uint64_t deadline_ns)
{
	while (*done < n) {
		struct pollfd pfd = { .fd = fd, .events = POLLOUT };
		size_t some = n - *done < PIPE_BUF ? n - *done : PIPE_BUF;	/* what a pipe that is ready takes at once */
		ssize_t w;

		if (atomic_load(&o->abandon))
			return -ECANCELED;
		if (out_now() >= deadline_ns)
			return -ETIMEDOUT;
		if (poll(&pfd, 1, 100) == 0)
			continue;
		if (pfd.revents & POLLERR)
			return -EPIPE;
		w = write(fd, (const char *)p + *done, some);
		if (w < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (w > 0)
			*done += (size_t)w;
	}
	return 0;
}

static int stream__open_file(struct output *o, struct stream *s)
{
	struct stat st;

	s->fd = open(o->o.path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, o->o.file_mode);
	if (s->fd < 0)
		return -errno;
	s->ours = true;
	s->regular = fstat(s->fd, &st) == 0 && S_ISREG(st.st_mode);
	return 0;
}

static int stream__open(struct output *o, struct err *err)
{
	struct stream *s = xcalloc(1, sizeof(*s));
	int rc;

	o->state = s;
	s->fd = STDOUT_FILENO;
	s->journal = o->o.kind == CAP_OUT_STDOUT && log__is_journal(s->fd);
	if (o->o.kind == CAP_OUT_STDOUT)
		return 0;
	s->fd = -1;
	if (!o->o.path)
		return err__set(err, -EINVAL, "output '%s': a file needs a path", o->o.name);
	rc = stream__open_file(o, s);
	if (!rc)
		return 0;
	err__file(err, o->o.path);
	return err__set(err, rc, "cannot write to it: %s", strerror(-rc));
}

static void stream__shut(struct stream *s)
{
	if (s->ours && s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	s->half[0] = 0;
}

/* A regular file takes a line whole or not at all; 0 or a negative errno. */
static int append_line(struct stream *s)
{
	off_t end = lseek(s->fd, 0, SEEK_END);
	ssize_t n = write(s->fd, s->line.p, s->line.len);

	if (n == (ssize_t)s->line.len)
		return 0;
	if (n < 0)
		return -errno;
	return end >= 0 && ftruncate(s->fd, end) ? -errno : -ENOSPC;
}

static int write_line(struct output *o, struct stream *s, const struct out_record *r)
{
	int rc;

	if (s->regular) {
		s->line.len = 0;
		out_line(o, r, &s->line);
		return append_line(s);
	}
	if (strcmp(s->half, r->id)) {	/* else the rest of it */
		s->line.len = 0;
		if (s->half[0] && s->done)
			buf__puts(&s->line, "\n");	/* one was given up in its middle */
		if (s->journal)
			buf__printf(&s->line, "<%d>", (int)r->priority);	/* syslog's numbers are Falco's: sd-daemon(3) */
		out_line(o, r, &s->line);
		memcpy(s->half, r->id, sizeof(s->half));
		s->done = 0;
	}
	rc = out_write(o, s->fd, s->line.p, s->line.len, &s->done, out_now() + o->o.timeout_ns);
	if (!rc)
		s->half[0] = 0;
	return rc;
}

static enum out_verdict stream__deliver(struct output *o, const struct out_record *r, struct out_try *t)
{
	struct stream *s = o->state;
	bool file = o->o.kind == CAP_OUT_FILE;
	const char *name = file ? o->o.path : "standard output";
	int rc;

	if (atomic_exchange(&o->reopen, false) && file)
		stream__shut(s);
	if (s->fd < 0) {
		rc = stream__open_file(o, s);
		if (rc)
			return out_try__say(t, OUT_RETRY, "cannot open %s: %s", name, strerror(-rc));
	}
	rc = write_line(o, s, r);
	if (!rc)
		return OUT_OK;
	if (file && rc != -ETIMEDOUT && rc != -ECANCELED)
		stream__shut(s);
	return out_try__say(t, OUT_RETRY, "cannot write to %s: %s", name, strerror(-rc));
}

/* A file that was rotated away gets its new one although no alert comes. */
static void stream__idle(struct output *o)
{
	struct stream *s = o->state;

	if (o->o.kind == CAP_OUT_FILE && atomic_exchange(&o->reopen, false)) {
		stream__shut(s);
		stream__open_file(o, s);
	}
}

static void stream__close(struct output *o)
{
	struct stream *s = o->state;

	if (!s)
		return;
	stream__shut(s);
	buf__done(&s->line);
	free(s);
}

const struct out_ops out_stream_ops = {
	.open = stream__open, .deliver = stream__deliver, .idle = stream__idle, .close = stream__close
};
