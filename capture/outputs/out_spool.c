// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "capture/outputs/out_spool.h"
#include "format/base/cursor.h"

#define SEGMENT_MAGIC "SPOORSP1"
#define SEGMENT_HEAD 16
#define RECORD_MAGIC 0x43525053u	/* "SPRC" */
#define RECORD_HEAD 12
#define SLOT 32
#define SEGMENTS_MAX 100000	/* files that are looked at when a folder is opened */

struct segment {
	uint64_t seq;
	int fd;
	uint64_t len;		/* valid bytes */
};

struct place {
	uint64_t seq, off;
};

struct out_spool {
	int dir;
	int cursor_fd;
	bool sync;
	uint64_t max_bytes, segment_bytes;
	pthread_mutex_t lock;	/* all below */
	struct segment *segs;	/* by sequence; appended to is the last */
	size_t n, cap;
	uint64_t bytes, next_seq, generation;
	struct place confirmed, read;
	struct place *ends;	/* behind each record that was read and not confirmed */
	size_t n_ends, cap_ends;
	uint64_t waiting, damaged;
	struct buf line;	/* a record that is made ready; the appender's */
};

/* --- Records in a segment ------------------------------------------------------------------------- */

static uint32_t crc_of(const uint8_t *payload, uint32_t n)
{
	uint8_t len[4] = { (uint8_t)n, (uint8_t)(n >> 8), (uint8_t)(n >> 16), (uint8_t)(n >> 24) };

	return (uint32_t)crc32(crc32(0, len, 4), payload, n);
}

/* Is there a whole record at p? Its payload's length, -1 if not. */
static int64_t record_at(const uint8_t *p, uint64_t left)
{
	struct cursor c = cursor__of(p, left);
	uint32_t magic = cursor__le32(&c), n = cursor__le32(&c), crc = cursor__le32(&c);

	if (c.bad || magic != RECORD_MAGIC || n > OUT_SPOOL_RECORD_MAX || n > cursor__left(&c))
		return -1;
	return crc_of(c.p, n) == crc ? (int64_t)n : -1;
}

static int read_at(int fd, uint64_t off, size_t n, struct buf *out)
{
	out->len = 0;
	buf__reserve(out, n ? n : 1);
	while (out->len < n) {
		ssize_t got = pread(fd, out->p + out->len, n - out->len, (off_t)(off + out->len));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		out->len += (size_t)got;
	}
	return 0;
}

/* The record at off, the ordinary case: 1 with its payload in out, 0 if there is none whole. */
static int read_here(const struct segment *g, uint64_t off, struct buf *out)
{
	struct cursor c;
	uint32_t n;
	int rc;

	if (g->len - off < RECORD_HEAD)
		return 0;
	rc = read_at(g->fd, off, RECORD_HEAD, out);
	if (rc)
		return rc;
	c = cursor__of(out->p, out->len);
	if (cursor__le32(&c) != RECORD_MAGIC)
		return 0;
	n = cursor__le32(&c);
	if (c.bad || n > OUT_SPOOL_RECORD_MAX || n > g->len - off - RECORD_HEAD)
		return 0;
	rc = read_at(g->fd, off, RECORD_HEAD + n, out);
	if (rc)
		return rc;
	return record_at(out->p, out->len) == (int64_t)n;
}

/*
 * The next whole record from *off on, over damage if there is any (*skipped): 1 with out, and *off behind it; 0 if none is
 * left.
 */
static int read_next(const struct segment *g, uint64_t *off, struct buf *out, bool *skipped)
{
	struct buf rest = { 0 };
	int rc = read_here(g, *off, out);
	int64_t n = -1;
	uint64_t at;

	if (rc < 0 || (!rc && *off >= g->len))
		return rc;
	if (rc) {
		memmove(out->p, out->p + RECORD_HEAD, out->len - RECORD_HEAD);
		out->len -= RECORD_HEAD;
		*off += RECORD_HEAD + out->len;
		return 1;
	}
	rc = read_at(g->fd, *off, g->len - *off, &rest);
	for (at = 1; !rc && at < rest.len; at++) {
		if (rest.p[at] != (uint8_t)RECORD_MAGIC)
			continue;
		n = record_at(rest.p + at, rest.len - at);
		if (n >= 0)
			break;
	}
	if (n >= 0) {
		*skipped = true;
		out->len = 0;
		buf__add(out, rest.p + at + RECORD_HEAD, (size_t)n);
		*off += at + RECORD_HEAD + (uint64_t)n;
		rc = 1;
	}
	buf__done(&rest);
	return rc;
}

/* --- The cursor ------------------------------------------------------------------------------------ */

static void save_cursor(struct out_spool *s)
{
	struct buf b = { 0 };

	s->generation++;
	buf__le64(&b, s->generation);
	buf__le64(&b, s->confirmed.seq);
	buf__le64(&b, s->confirmed.off);
	buf__le32(&b, (uint32_t)crc32(0, b.p, (uInt)b.len));
	buf__le32(&b, 0);
	/* A failure means that records come again after a restart, which is what a lost cursor means. */
	if (pwrite(s->cursor_fd, b.p, SLOT, (off_t)(s->generation % 2 * SLOT)) != SLOT)
		s->generation--;
	buf__done(&b);
}

static void load_cursor(struct out_spool *s)
{
	struct buf b = { 0 };

	if (read_at(s->cursor_fd, 0, 2 * SLOT, &b) == 0)
		for (size_t at = 0; at + SLOT <= b.len; at += SLOT) {
			struct cursor c = cursor__of(b.p + at, SLOT);
			uint64_t generation = cursor__le64(&c), seq = cursor__le64(&c), off = cursor__le64(&c);

			if (cursor__le32(&c) != (uint32_t)crc32(0, b.p + at, 24) || generation <= s->generation)
				continue;
			s->generation = generation;
			s->confirmed = (struct place){ seq, off };
		}
	buf__done(&b);
}

/* --- Segments ------------------------------------------------------------------------------------- */

static void segment_name(uint64_t seq, char name[32])
{
	snprintf(name, 32, "%016" PRIx64 ".spool", seq);
}

static int new_segment(struct out_spool *s)
{
	struct segment g = { .seq = s->next_seq, .len = SEGMENT_HEAD };
	struct buf head = { 0 };
	char name[32];
	int rc = 0;

	segment_name(g.seq, name);
	g.fd = openat(s->dir, name, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	if (g.fd < 0)
		return -errno;
	buf__add(&head, SEGMENT_MAGIC, 8);
	buf__le64(&head, g.seq);
	if (pwrite(g.fd, head.p, head.len, 0) != (ssize_t)head.len) {
		rc = errno ? -errno : -ENOSPC;
		close(g.fd);
		unlinkat(s->dir, name, 0);
	}
	buf__done(&head);
	if (rc)
		return rc;
	if (s->sync)
		fsync(s->dir);
	s->segs = xgrow(s->segs, &s->cap, s->n + 1, sizeof(*s->segs));
	s->segs[s->n++] = g;
	s->next_seq++;
	s->bytes += g.len;
	return 0;
}

static void drop_first(struct out_spool *s)
{
	char name[32];

	segment_name(s->segs[0].seq, name);
	unlinkat(s->dir, name, 0);
	close(s->segs[0].fd);
	s->bytes -= s->segs[0].len;
	memmove(s->segs, s->segs + 1, --s->n * sizeof(*s->segs));
}

/* Segments before the confirmed place are not needed. */
static void drop_done(struct out_spool *s)
{
	while (s->n && s->segs[0].seq < s->confirmed.seq)
		drop_first(s);
}

static int compare_seq(const void *a, const void *b)
{
	uint64_t x = ((const struct segment *)a)->seq, y = ((const struct segment *)b)->seq;

	return x < y ? -1 : x > y;
}

/* A file of the folder, if it is a segment of ours. */
static void add_file(struct out_spool *s, const char *name)
{
	struct segment g = { 0 };
	uint8_t head[SEGMENT_HEAD];
	struct cursor c = cursor__of(head, sizeof(head));
	struct stat st = { 0 };
	char again[32], *end;

	g.seq = strtoull(name, &end, 16);
	segment_name(g.seq, again);
	if (strcmp(again, name) || s->n >= SEGMENTS_MAX)
		return;
	if (g.seq >= s->next_seq)
		s->next_seq = g.seq + 1;
	g.fd = openat(s->dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (g.fd < 0)
		return;
	if (fstat(g.fd, &st) || !S_ISREG(st.st_mode) || pread(g.fd, head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(cursor__take(&c, 8), SEGMENT_MAGIC, 8) || cursor__le64(&c) != g.seq) {
		s->damaged += st.st_size > SEGMENT_HEAD;	/* a crash leaves a shorter one, with nothing in it */
		close(g.fd);
		unlinkat(s->dir, name, 0);
		return;
	}
	g.len = (uint64_t)st.st_size;
	s->segs = xgrow(s->segs, &s->cap, s->n + 1, sizeof(*s->segs));
	s->segs[s->n++] = g;
}

/* Count what waits in one segment, and cut a torn end off the last. */
static void count_segment(struct out_spool *s, struct segment *g, bool last)
{
	uint64_t off = SEGMENT_HEAD, end = off;
	struct buf b = { 0 };

	if (g->seq == s->confirmed.seq && s->confirmed.off > off && s->confirmed.off <= g->len)
		off = end = s->confirmed.off;
	for (;;) {
		bool skipped = false;

		if (read_next(g, &off, &b, &skipped) <= 0)
			break;
		s->damaged += skipped;
		s->waiting++;
		end = off;
	}
	if (end < g->len && last && ftruncate(g->fd, (off_t)end) == 0)
		g->len = end;
	s->damaged += end < g->len;
	s->bytes += g->len;
	buf__done(&b);
}

static int take_up(struct out_spool *s)
{
	int fd = fcntl(s->dir, F_DUPFD_CLOEXEC, 0);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		int rc = -errno;

		if (fd >= 0)
			close(fd);
		return rc;
	}
	load_cursor(s);
	s->next_seq = s->confirmed.seq + 1;
	while ((e = readdir(d)))
		add_file(s, e->d_name);
	closedir(d);
	if (s->n)
		qsort(s->segs, s->n, sizeof(*s->segs), compare_seq);
	for (size_t i = 0; i < s->n; i++)
		if (s->segs[i].seq >= s->confirmed.seq)
			count_segment(s, &s->segs[i], i + 1 == s->n);
		else
			s->bytes += s->segs[i].len;
	drop_done(s);
	if (s->n && s->segs[0].seq > s->confirmed.seq)
		s->confirmed = (struct place){ s->segs[0].seq, SEGMENT_HEAD };
	if (s->n && s->segs[0].seq == s->confirmed.seq &&
	    (s->confirmed.off < SEGMENT_HEAD || s->confirmed.off > s->segs[0].len))
		s->confirmed.off = s->confirmed.off < SEGMENT_HEAD ? SEGMENT_HEAD : s->segs[0].len;
	s->read = s->confirmed;
	return 0;
}

void out_spool__set(struct out_spool *s, uint64_t max_bytes, bool sync)
{
	s->sync = sync;
	s->max_bytes = max_bytes < 128 << 10 ? 128 << 10 : max_bytes;
	s->segment_bytes = s->max_bytes / 8 < 4 << 20 ? s->max_bytes / 8 : 4 << 20;
}

int out_spool__open(struct out_spool **ret, const char *dir, uint64_t max_bytes, bool sync, struct err *err)
{
	struct out_spool *s = xcalloc(1, sizeof(*s));
	int rc = 0;

	s->cursor_fd = -1;
	out_spool__set(s, max_bytes, sync);
	pthread_mutex_init(&s->lock, NULL);
	if (mkdir(dir, 0700) && errno != EEXIST)
		rc = -errno;
	s->dir = rc ? -1 : open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!rc && s->dir < 0)
		rc = -errno;
	if (!rc && flock(s->dir, LOCK_EX | LOCK_NB))
		rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
	if (!rc) {
		s->cursor_fd = openat(s->dir, "cursor", O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
		rc = s->cursor_fd < 0 ? -errno : take_up(s);
	}
	if (rc) {
		err__file(err, dir);
		err__set(err, rc, rc == -EBUSY ? "another process uses this queue" : "cannot keep a queue here: %s",
			 strerror(-rc));
		out_spool__close(s);
		return rc;
	}
	*ret = s;
	return 0;
}

void out_spool__close(struct out_spool *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		close(s->segs[i].fd);
	if (s->cursor_fd >= 0)
		close(s->cursor_fd);
	if (s->dir >= 0)
		close(s->dir);
	free(s->segs);
	free(s->ends);
	buf__done(&s->line);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* --- Appending ------------------------------------------------------------------------------------- */

/* A segment with room for n bytes, the last of all. One that is confirmed to its end is left behind when it is half full. */
static int segment_for(struct out_spool *s, uint64_t n)
{
	struct segment *g = s->n ? &s->segs[s->n - 1] : NULL;
	bool done;
	int rc;

	if (!g)
		return new_segment(s);
	done = s->confirmed.seq == g->seq && s->confirmed.off == g->len && g->len >= s->segment_bytes / 2;
	if (!done && (g->len + n <= s->segment_bytes || g->len == SEGMENT_HEAD))
		return 0;
	if (s->sync)
		fdatasync(g->fd);
	rc = new_segment(s);
	if (!rc && done) {
		s->read = s->confirmed = (struct place){ s->segs[s->n - 1].seq, SEGMENT_HEAD };
		save_cursor(s);
		drop_done(s);
	}
	return rc;
}

static int write_record(struct out_spool *s, struct segment *g)
{
	size_t done = 0;
	int rc = 0;

	while (!rc && done < s->line.len) {
		ssize_t n = pwrite(g->fd, s->line.p + done, s->line.len - done, (off_t)(g->len + done));

		if (n < 0 && errno != EINTR)
			rc = -errno;
		else if (n > 0)
			done += (size_t)n;
	}
	if (rc && ftruncate(g->fd, (off_t)g->len))
		rc = -EIO;	/* the next record goes over what is left of this one */
	return rc;
}

int out_spool__append(struct out_spool *s, const void *p, size_t n)
{
	uint64_t need = RECORD_HEAD + n;
	int rc;

	if (n > OUT_SPOOL_RECORD_MAX)
		return -EMSGSIZE;
	s->line.len = 0;
	buf__le32(&s->line, RECORD_MAGIC);
	buf__le32(&s->line, (uint32_t)n);
	buf__le32(&s->line, crc_of(p, (uint32_t)n));
	buf__add(&s->line, p, n);
	pthread_mutex_lock(&s->lock);
	rc = s->bytes + need + SEGMENT_HEAD > s->max_bytes ? -ENOSPC : segment_for(s, need);
	if (!rc)
		rc = write_record(s, &s->segs[s->n - 1]);
	if (!rc) {
		s->segs[s->n - 1].len += need;
		s->bytes += need;
		s->waiting++;
	}
	pthread_mutex_unlock(&s->lock);
	return rc;
}

int out_spool__sync(struct out_spool *s)
{
	int fd;

	if (!s->sync)
		return 0;
	pthread_mutex_lock(&s->lock);
	/* A copy: the segment may be deleted meanwhile. */
	fd = s->n ? fcntl(s->segs[s->n - 1].fd, F_DUPFD_CLOEXEC, 0) : -1;
	pthread_mutex_unlock(&s->lock);
	if (fd >= 0) {
		int rc = fdatasync(fd) ? -errno : 0;

		close(fd);
		return rc;
	}
	return 0;
}

/* --- Reading --------------------------------------------------------------------------------------- */

static const struct segment *segment_from(const struct out_spool *s, uint64_t seq)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->segs[i].seq >= seq)
			return &s->segs[i];
	return NULL;
}

bool out_spool__read(struct out_spool *s, struct buf *out)
{
	const struct segment *g;
	int rc = 0;

	pthread_mutex_lock(&s->lock);
	while ((g = segment_from(s, s->read.seq))) {
		bool skipped = false;

		if (g->seq != s->read.seq)
			s->read = (struct place){ g->seq, SEGMENT_HEAD };
		rc = read_next(g, &s->read.off, out, &skipped);
		s->damaged += skipped || rc < 0;
		if (rc < 0)
			s->read.off = g->len;	/* what the disk does not give back */
		if (rc > 0 || g == &s->segs[s->n - 1])
			break;
		s->read = (struct place){ g->seq + 1, SEGMENT_HEAD };
	}
	if (rc > 0) {
		s->ends = xgrow(s->ends, &s->cap_ends, s->n_ends + 1, sizeof(*s->ends));
		s->ends[s->n_ends++] = s->read;
	} else {
		s->waiting = s->n_ends;
	}
	pthread_mutex_unlock(&s->lock);
	return rc > 0;
}

void out_spool__confirm(struct out_spool *s, unsigned n)
{
	pthread_mutex_lock(&s->lock);
	if (n > s->n_ends)
		n = (unsigned)s->n_ends;
	if (n) {
		s->confirmed = s->ends[n - 1];
		s->n_ends -= n;
		memmove(s->ends, s->ends + n, s->n_ends * sizeof(*s->ends));
		s->waiting -= n < s->waiting ? n : s->waiting;
		save_cursor(s);
		drop_done(s);
	}
	pthread_mutex_unlock(&s->lock);
}

void out_spool__rewind(struct out_spool *s)
{
	pthread_mutex_lock(&s->lock);
	s->read = s->confirmed;
	s->n_ends = 0;
	pthread_mutex_unlock(&s->lock);
}

static uint64_t locked(struct out_spool *s, const uint64_t *v, uint64_t less)
{
	uint64_t r;

	pthread_mutex_lock(&s->lock);
	r = *v > less ? *v - less : 0;
	pthread_mutex_unlock(&s->lock);
	return r;
}

uint64_t out_spool__waiting(struct out_spool *s)
{
	return locked(s, &s->waiting, 0);
}

uint64_t out_spool__unread(struct out_spool *s)
{
	return locked(s, &s->waiting, s->n_ends);
}

uint64_t out_spool__damaged(struct out_spool *s)
{
	return locked(s, &s->damaged, 0);
}

uint64_t out_spool__bytes(struct out_spool *s)
{
	return locked(s, &s->bytes, 0);
}
