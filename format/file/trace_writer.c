// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "format/base/alloc.h"
#include "format/base/text.h"
#include "format/codec/events_codec.h"
#include "format/codec/index_codec.h"
#include "format/codec/meta_codec.h"
#include "format/codec/summary_codec.h"
#include "format/file/trace_writer.h"

#define DEFAULT_LEVEL 3

struct fmt_writer {
	int fd;
	bool regular;			/* can be cut back */
	char name[256];
	enum fmt_fsync fsync;
	bool no_payload;
	uint64_t offset, seq;		/* where the next chunk goes */
	uint64_t start_ns, t_last, next_num;
	uint8_t uuid[16], hash_prev[TRACE_HASH_SIZE];
	uint16_t last_kind;
	struct chunk_build build;
	struct events_encoder *enc;
	struct chunk_index index;
	struct strtab containers;	/* since the last chunk */
	const char **container_list;
	struct fmt_writer_stats stats;
	struct events_encode_stats sections;
	struct err failed;		/* the error that ended the trace */
};

/* Only from the default: a tool that handles the signal keeps its handler. */
static void ignore_if_default(int sig)
{
	struct sigaction sa;

	if (!sigaction(sig, NULL, &sa) && !(sa.sa_flags & SA_SIGINFO) && sa.sa_handler == SIG_DFL) {
		sa.sa_handler = SIG_IGN;
		sigaction(sig, &sa, NULL);
	}
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

/* End the trace: keep the error, cut off what is not a whole chunk. */
static int fail(struct fmt_writer *w, int code, struct err *err)
{
	char size[32];

	if (w->regular && !ftruncate(w->fd, (off_t)w->offset))
		lseek(w->fd, (off_t)w->offset, SEEK_SET);
	err__file(&w->failed, w->name);
	err__set(&w->failed, code,
		 "%s: the trace ends here; %llu events (%s) written before are complete and can be read",
		 err__text(code), (unsigned long long)w->stats.events, text__size(w->offset, size));
	if (err && !err->code)
		*err = w->failed;
	return code;
}

/* Write the chunk that is in w->build. h: kind, flags and what the batch says are set. */
static int put_chunk(struct fmt_writer *w, struct chunk_header *h, struct err *err)
{
	uint8_t packed[CHUNK_HEADER_SIZE];
	struct iovec iov[4];
	int r;

	memcpy(h->uuid, w->uuid, sizeof(h->uuid));
	memcpy(h->hash_prev, w->hash_prev, TRACE_HASH_SIZE);
	h->seq = w->seq;
	chunk_build__header(&w->build, h, packed);
	if (h->length > LIMIT_CHUNK)
		return err__set(err, -FMT_E_LIMIT, "a chunk of %llu bytes is over the limit of %u",
				(unsigned long long)h->length, LIMIT_CHUNK);
	iov[0] = (struct iovec){ packed, sizeof(packed) };
	iov[1] = (struct iovec){ w->build.summary.p, w->build.summary.len };
	iov[2] = (struct iovec){ w->build.table.p, w->build.table.len };
	iov[3] = (struct iovec){ w->build.body.p, w->build.body.len };
	r = write_all(w->fd, iov, 4);
	if (r == 0 && w->fsync == FSYNC_CHUNK && fdatasync(w->fd) && errno != EINVAL)
		r = -errno;
	if (r < 0)
		return fail(w, r, err);
	chunk_index__add(&w->index, w->offset, h);
	trace_hash(w->hash_prev, packed, sizeof(packed));
	w->offset += h->length;
	w->seq++;
	w->last_kind = h->kind;
	w->stats.chunks++;
	w->stats.bytes = w->offset;
	w->stats.raw_bytes += w->build.raw_bytes;
	return 0;
}

static int put_meta(struct fmt_writer *w, const struct fmt_meta *meta, struct err *err)
{
	struct chunk_header h = { .kind = CHUNK_META, .t_first = w->start_ns, .t_last = w->start_ns };
	struct buf raw = { 0 };

	meta__encode(meta, &raw);
	chunk_build__reset(&w->build);
	chunk_build__section(&w->build, SECTION_META, SECTION_ANY_TYPE, raw.p, raw.len, NULL, 0);
	buf__done(&raw);
	return put_chunk(w, &h, err);
}

static int put_schema(struct fmt_writer *w, struct err *err)
{
	struct chunk_header h = { .kind = CHUNK_SCHEMA, .t_first = w->start_ns, .t_last = w->start_ns };
	struct buf raw = { 0 };

	schema__encode(&raw);
	chunk_build__reset(&w->build);
	chunk_build__section(&w->build, SECTION_SCHEMA, SECTION_ANY_TYPE, raw.p, raw.len, NULL, 0);
	buf__done(&raw);
	return put_chunk(w, &h, err);
}

static int put_preamble(struct fmt_writer *w, const struct fmt_meta *meta, uint64_t created, struct err *err)
{
	struct preamble p = { .major = TRACE_MAJOR, .minor = TRACE_MINOR, .created = created };
	uint8_t packed[PREAMBLE_SIZE];
	struct iovec iov = { packed, sizeof(packed) };
	struct timespec now;
	int r;

	if (!created) {
		clock_gettime(CLOCK_REALTIME, &now);
		p.created = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
	}
	if (!meta->uuid[0]) {
		if (getrandom(w->uuid, sizeof(w->uuid), 0) != sizeof(w->uuid))
			return err__set(err, -errno, "no random number to be had: %s", err__text(errno));
		w->uuid[6] = (uint8_t)((w->uuid[6] & 0x0f) | 0x40);
		w->uuid[8] = (uint8_t)((w->uuid[8] & 0x3f) | 0x80);
	} else if (!uuid__parse(meta->uuid, w->uuid)) {
		return err__set(err, -FMT_E_VALUE, "'%s' is not a UUID", meta->uuid);
	}
	memcpy(p.uuid, w->uuid, sizeof(p.uuid));
	preamble__pack(&p, packed);
	r = write_all(w->fd, &iov, 1);
	if (r < 0)
		return fail(w, r, err);
	trace_hash(w->hash_prev, packed, sizeof(packed));
	w->offset = PREAMBLE_SIZE;
	w->start_ns = w->t_last = meta->start_ns ? meta->start_ns : p.created;
	return 0;
}

static void writer_free(struct fmt_writer *w)
{
	chunk_build__done(&w->build);
	events_encoder__free(w->enc);
	chunk_index__done(&w->index);
	strtab__done(&w->containers);
	free(w->container_list);
	free(w);
}

int fmt_writer__open_fd(struct fmt_writer **ret, int fd, const char *name, const struct fmt_meta *meta,
			const struct fmt_writer_opts *opts, struct err *err)
{
	static const struct fmt_writer_opts none = { .sz = sizeof(none) };
	const struct fmt_writer_opts *o = opts ? opts : &none;
	struct fmt_writer *w = xcalloc(1, sizeof(*w));
	struct stat st;
	int r;

	w->fd = fd;
	snprintf(w->name, sizeof(w->name), "%s", name);
	w->regular = !fstat(fd, &st) && S_ISREG(st.st_mode);
	w->fsync = o->fsync;
	w->no_payload = o->no_payload;
	w->next_num = 1;
	if (!w->regular)
		ignore_if_default(SIGPIPE);
	ignore_if_default(SIGXFSZ);
	r = chunk_build__init(&w->build, o->level ? o->level : DEFAULT_LEVEL);
	if (r == 0)
		r = events_encoder__new(&w->enc, o->level ? o->level : DEFAULT_LEVEL);
	if (r == 0)
		r = put_preamble(w, meta, o->created_ns, err);
	if (r == 0)
		r = put_meta(w, meta, err);
	if (r == 0)
		r = put_schema(w, err);
	if (r < 0) {
		err__set(err, r, "%s", err__text(r));
		err__file(err, name);
		close(fd);
		writer_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

/* The new name itself has to survive a crash too. */
static void sync_folder(const char *path)
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

static int open_path(const char *path, bool force, struct err *err)
{
	struct stat st;
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

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

int fmt_writer__open(struct fmt_writer **ret, const char *path, bool force, const struct fmt_meta *meta,
		     const struct fmt_writer_opts *opts, struct err *err)
{
	int fd;

	if (!strcmp(path, "-")) {
		fd = dup(STDOUT_FILENO);
		if (fd < 0)
			return err__set(err, -errno, "stdout: %s", err__text(errno));
		return fmt_writer__open_fd(ret, fd, "stdout", meta, opts, err);
	}
	fd = open_path(path, force, err);
	if (fd < 0) {
		err__file(err, path);
		return fd;
	}
	if (opts && opts->fsync != FSYNC_NONE)
		sync_folder(path);
	return fmt_writer__open_fd(ret, fd, path, meta, opts, err);
}

static void put_summary(struct fmt_writer *w, const struct fmt_batch *b)
{
	uint32_t n = w->containers.n;
	bool complete = n <= SUMMARY_MAX_CONTAINERS;

	if (!complete)
		n = SUMMARY_MAX_CONTAINERS;
	w->container_list = xrealloc(w->container_list, n * sizeof(*w->container_list));
	for (uint32_t k = 0; k < n; k++)
		w->container_list[k] = strtab__get(&w->containers, k + 1)->p;
	summary__encode(b, w->container_list, n, complete, &w->build.summary);
	strtab__reset(&w->containers);
}

int fmt_writer__batch(struct fmt_writer *w, const struct fmt_batch *b, bool keyframe, struct err *err)
{
	struct chunk_header h = { .kind = keyframe ? CHUNK_KEYFRAME : CHUNK_EVENTS };
	struct summary_totals totals;
	int r;

	if (w->failed.code) {
		if (err && !err->code)
			*err = w->failed;
		return w->failed.code;
	}
	if (!keyframe && w->last_kind == CHUNK_SCHEMA)
		return err__set(err, -EINVAL, "a trace begins with a keyframe");
	if (!keyframe && !b->n)
		return 0;
	summary__totals(b, &totals);
	if (keyframe && w->last_kind == CHUNK_KEYFRAME)
		h.flags |= CHUNK_CONTINUES;
	h.first_num = keyframe ? w->next_num : b->first_num;
	h.n_events = b->n;
	h.n_alerts = totals.n_alerts;
	h.n_lost = totals.n_lost;
	h.t_first = b->n ? totals.t_first : w->t_last;
	h.t_last = b->n ? totals.t_last : w->t_last;
	chunk_build__reset(&w->build);
	put_summary(w, b);
	events_encoder__encode(w->enc, b, w->no_payload, &w->build, &w->sections);
	r = put_chunk(w, &h, err);
	if (r < 0)
		return r;
	if (keyframe) {
		w->stats.keyframe_rows += b->n;
	} else {
		w->stats.events += b->n;
		w->next_num = b->first_num + b->n;
	}
	w->t_last = h.t_last > w->t_last ? h.t_last : w->t_last;
	return 0;
}

void fmt_writer__note_container(struct fmt_writer *w, const char *id)
{
	size_t n = strnlen(id, CONTAINER_ID_MAX);

	if (n && w->containers.n <= SUMMARY_MAX_CONTAINERS)
		strtab__add(&w->containers, id, (uint32_t)n, (uint32_t)n);
}

void fmt_writer__stats(const struct fmt_writer *w, struct fmt_writer_stats *ret)
{
	*ret = w->stats;
	ret->dict_bytes = w->sections.dict;
	ret->payload_bytes = w->sections.payload;
	ret->column_bytes = w->sections.base + w->sections.columns;
}

static int put_index_and_end(struct fmt_writer *w, struct err *err)
{
	struct chunk_header h = { .kind = CHUNK_INDEX, .t_first = w->t_last, .t_last = w->t_last };
	struct end_body end = { .index_offset = w->offset, .n_chunks = w->seq + 2, .n_events = w->stats.events };
	uint8_t packed[END_BODY_SIZE];
	struct buf raw = { 0 };
	int r;

	chunk_build__reset(&w->build);
	for (uint32_t at = 0; at < w->index.n; at += LIMIT_ROWS) {
		uint32_t n = w->index.n - at < LIMIT_ROWS ? w->index.n - at : LIMIT_ROWS;

		raw.len = 0;
		chunk_index__encode(&w->index, at, n, &raw);
		chunk_build__section(&w->build, SECTION_INDEX, SECTION_ANY_TYPE, raw.p, raw.len, NULL, 0);
	}
	buf__done(&raw);
	r = put_chunk(w, &h, err);
	if (r < 0)
		return r;
	end.index_length = w->offset - end.index_offset;
	end_body__pack(&end, packed);
	h = (struct chunk_header){ .kind = CHUNK_END, .t_first = w->t_last, .t_last = w->t_last };
	chunk_build__reset(&w->build);
	buf__add(&w->build.summary, packed, sizeof(packed));
	return put_chunk(w, &h, err);
}

int fmt_writer__close(struct fmt_writer *w, struct err *err)
{
	int r = w->failed.code;

	if (r < 0) {
		if (err && !err->code)
			*err = w->failed;
	} else {
		r = put_index_and_end(w, err);
	}
	if (r == 0 && w->fsync != FSYNC_NONE && fsync(w->fd) && errno != EINVAL && errno != EROFS)
		r = fail(w, -errno, err);
	if (close(w->fd) && r == 0)
		r = fail(w, -errno, err);
	writer_free(w);
	return r;
}
