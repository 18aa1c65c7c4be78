// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "format/base/alloc.h"
#include "format/base/text.h"
#include "format/file/trace_out.h"
#include "format/file/trace_reader.h"

/* Only from the default: a tool that handles the signal keeps its handler. */
static void ignore_if_default(int sig)
{
	struct sigaction sa;

	if (!sigaction(sig, NULL, &sa) && !(sa.sa_flags & SA_SIGINFO) && sa.sa_handler == SIG_DFL) {
		sa.sa_handler = SIG_IGN;
		sigaction(sig, &sa, NULL);
	}
}

void trace_out__sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash ? xmemdup0(path, (size_t)(slash - path) + 1) : xstrdup(".");
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(dir);
}

static int open_file(const char *path, bool force, struct err *err)
{
	struct stat st;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);

	if (fd < 0 || fstat(fd, &st)) {
		int r = -errno;

		if (fd >= 0)
			close(fd);
		return err__set(err, r, "cannot write: %s", err__text(r));
	}
	if (!S_ISREG(st.st_mode) || !st.st_size)
		return fd;
	if (!force) {
		close(fd);
		return err__set(err, -EEXIST, "the file exists; '--force' replaces it");
	}
	if (ftruncate(fd, 0)) {
		int r = -errno;

		close(fd);
		return err__set(err, r, "cannot replace: %s", err__text(r));
	}
	return fd;
}

int trace_out__open_path(const char *path, bool force, enum fmt_fsync fsync, struct err *err)
{
	int fd;

	if (!strcmp(path, "-")) {
		if (isatty(STDOUT_FILENO)) {
			err__set(err, -EINVAL, "a trace is not for a terminal: redirect it to a file or a pipe");
			err__file(err, "stdout");
			return -EINVAL;
		}
		fd = dup(STDOUT_FILENO);
		return fd < 0 ? err__set(err, -errno, "stdout: %s", err__text(errno)) : fd;
	}
	fd = open_file(path, force, err);
	if (fd < 0)
		err__file(err, path);
	else if (fsync != FSYNC_NONE)
		trace_out__sync_folder(path);
	return fd;
}

void trace_out__init(struct trace_out *o, int fd, const char *name, enum fmt_fsync fsync)
{
	struct stat st;

	*o = (struct trace_out){ .fd = fd, .fsync = fsync };
	snprintf(o->name, sizeof(o->name), "%s", strcmp(name, "-") ? name : "stdout");
	o->regular = !fstat(fd, &st) && S_ISREG(st.st_mode);
	if (!o->regular)
		ignore_if_default(SIGPIPE);
	ignore_if_default(SIGXFSZ);
}

static int write_all(int fd, struct iovec *iov, int n)
{
	while (n) {
		ssize_t got = writev(fd, iov, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		for (; n && (size_t)got >= iov->iov_len; iov++, n--)
			got -= (ssize_t)iov->iov_len;
		if (n) {
			iov->iov_base = (char *)iov->iov_base + got;
			iov->iov_len -= (size_t)got;
		}
	}
	return 0;
}

int trace_out__failed(const struct trace_out *o, struct err *err)
{
	if (err && !err->code)
		*err = o->failed;
	return o->failed.code;
}

/* end the trace; keep the error, cut off what is not a whole chunk. */
static int fail(struct trace_out *o, int code, struct err *err)
{
	char size[32];

	if (o->regular && !ftruncate(o->fd, (off_t)o->offset))
		lseek(o->fd, (off_t)o->offset, SEEK_SET);
	err__file(&o->failed, o->name);
	if (!o->offset)
		err__set(&o->failed, code, "%s; nothing was written", err__text(code));
	else
		err__set(&o->failed, code,
			 "%s: the trace ends here; the %llu events (%s) written before are whole and can be read",
			 err__text(code), (unsigned long long)o->events, text__size(o->offset, size));
	return trace_out__failed(o, err);
}

int trace_out__preamble(struct trace_out *o, const uint8_t uuid[16], const uint8_t *packed, size_t n,
			struct err *err)
{
	struct iovec iov = { (void *)packed, n };
	int r = write_all(o->fd, &iov, 1);

	if (r < 0)
		return fail(o, r, err);
	memcpy(o->uuid, uuid, sizeof(o->uuid));
	trace_hash(o->hash_prev, packed, n);
	o->offset = n;
	return 0;
}

/* one write per chunk: it is on disk whole, or the file ends within it. */
static int put(struct trace_out *o, const struct chunk_header *h, struct iovec *iov, int n, struct err *err)
{
	uint8_t hash[TRACE_HASH_SIZE];
	int r;

	if (o->failed.code)
		return trace_out__failed(o, err);
	trace_hash(hash, iov->iov_base, h->header_size);
	r = o->room ? o->room(o->room_arg, h->length) : 0;
	if (r == 0)
		r = write_all(o->fd, iov, n);
	if (r == 0 && o->fsync == FSYNC_CHUNK && fdatasync(o->fd) && errno != EINVAL && errno != EROFS)
		r = -errno;
	if (r < 0)
		return fail(o, r, err);
	memcpy(o->hash_prev, hash, sizeof(hash));
	chunk_index__add(&o->index, o->offset, h);
	o->offset += h->length;
	o->seq++;
	o->last_kind = h->kind;
	o->t_last = h->t_last > o->t_last ? h->t_last : o->t_last;
	o->events += h->kind == CHUNK_EVENTS ? h->n_events : 0;
	return 0;
}

int trace_out__chunk(struct trace_out *o, struct chunk_build *b, struct chunk_header *h, struct err *err)
{
	uint8_t packed[CHUNK_HEADER_SIZE];
	struct iovec iov[4];

	memcpy(h->uuid, o->uuid, sizeof(h->uuid));
	memcpy(h->hash_prev, o->hash_prev, TRACE_HASH_SIZE);
	h->seq = o->seq;
	chunk_build__header(b, h, packed);
	if (h->length > LIMIT_CHUNK)
		return err__set(err, -FMT_E_LIMIT, "a chunk of %llu bytes is over the limit of %u",
				(unsigned long long)h->length, LIMIT_CHUNK);
	iov[0] = (struct iovec){ packed, sizeof(packed) };
	iov[1] = (struct iovec){ b->summary.p, b->summary.len };
	iov[2] = (struct iovec){ b->table.p, b->table.len };
	iov[3] = (struct iovec){ b->body.p, b->body.len };
	return put(o, h, iov, 4, err);
}

int trace_out__copy(struct trace_out *o, const struct chunk_header *h, const uint8_t *p, struct err *err)
{
	struct chunk_header mine = *h;
	uint8_t packed[LIMIT_HEADER_SIZE];
	struct iovec iov[2];

	memcpy(packed, p, h->header_size);
	if (h->seq != o->seq || memcmp(h->hash_prev, o->hash_prev, TRACE_HASH_SIZE) ||
	    memcmp(h->uuid, o->uuid, sizeof(o->uuid))) {
		mine.seq = o->seq;
		memcpy(mine.uuid, o->uuid, sizeof(o->uuid));
		memcpy(mine.hash_prev, o->hash_prev, TRACE_HASH_SIZE);
		chunk_header__replace(packed, &mine);
	}
	iov[0] = (struct iovec){ packed, h->header_size };
	iov[1] = (struct iovec){ (void *)(p + h->header_size), h->length - h->header_size };
	return put(o, &mine, iov, 2, err);
}

static int put_index_and_end(struct trace_out *o, struct chunk_build *b, struct err *err)
{
	struct chunk_header h = { .kind = CHUNK_INDEX, .t_first = o->t_last, .t_last = o->t_last };
	struct end_body end = { .index_offset = o->offset, .n_chunks = o->seq + 2, .n_events = o->events };
	uint8_t packed[END_BODY_SIZE];
	struct buf raw = { 0 };
	int r;

	chunk_build__reset(b);
	for (uint32_t at = 0; at < o->index.n; at += LIMIT_ROWS) {
		uint32_t n = o->index.n - at < LIMIT_ROWS ? o->index.n - at : LIMIT_ROWS;

		raw.len = 0;
		chunk_index__encode(&o->index, at, n, &raw);
		chunk_build__section(b, SECTION_INDEX, SECTION_ANY_TYPE, raw.p, raw.len, NULL, 0);
	}
	buf__done(&raw);
	r = trace_out__chunk(o, b, &h, err);
	if (r < 0)
		return r;
	end.index_length = o->offset - end.index_offset;
	end_body__pack(&end, packed);
	h = (struct chunk_header){ .kind = CHUNK_END, .t_first = o->t_last, .t_last = o->t_last };
	chunk_build__reset(b);
	buf__add(&b->summary, packed, sizeof(packed));
	return trace_out__chunk(o, b, &h, err);
}

int trace_out__close(struct trace_out *o, struct chunk_build *b, struct err *err)
{
	int r = o->failed.code ? trace_out__failed(o, err) : b ? put_index_and_end(o, b, err) : 0;

	if (r == 0 && o->fsync != FSYNC_NONE && fsync(o->fd) && errno != EINVAL && errno != EROFS)
		r = fail(o, -errno, err);
	if (close(o->fd) && r == 0) {
		r = -errno;
		err__set(err, r, "%s: the end of the trace may be missing", err__text(r));
		err__file(err, o->name);
	}
	chunk_index__done(&o->index);
	return r;
}
