// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture/audit/audit_log.h"
#include "capture/audit/audit_log_state.h"
#include "capture/privilege.h"
#include "format/base/log.h"

#define POLL_NS 100000000		/* between looks at the file */
#define READ_BYTES (256u << 10)
#define MARKS 64u			/* places that are read but perhaps not recorded yet */
#define TOLD 8u				/* lines left out that are told one by one */
#define RECENT 32u			/* files read to their end that are not taken for others */
#define LAST_READS 64u			/* at the end: what fits into the queue */

struct mark {
	struct audit_place place;
	uint64_t entries;		/* in the queue when it was reached */
};

struct cap_audit_log {
	char *path, *state;
	struct cap_audit_queue *q;
	int fd;				/* -1: not there */
	struct audit_place at;		/* behind the last whole line that is in the queue */
	bool from_end;			/* what the first file holds already is not wanted */
	bool skipping;			/* within a line that is too long */
	struct audit_place recent[RECENT];	/* their ends */
	unsigned n_recent;
	struct buf buf;
	struct mark marks[MARKS];	/* oldest first */
	unsigned n_marks;
	struct audit_place saved;
	_Atomic uint64_t lines, faulty, restarts;
	atomic_bool stop;
	unsigned last;			/* the end has been asked for, and so many times more is read */
	bool running;
	pthread_t thread;
};

/* --- what is remembered ------------------------------------------------------------------------------------ */

static void note_place(struct cap_audit_log *l)
{
	struct cap_audit_counts n;

	cap_audit_queue__counts(l->q, &n);
	if (l->n_marks == MARKS)	/* the newest stands for the one before it, too: it is reached later */
		l->n_marks--;
	l->marks[l->n_marks++] = (struct mark){ l->at, n.entries };
}

/* The last place that all is written before: who is killed repeats the last second rather than to miss it. */
static void save(struct cap_audit_log *l)
{
	struct cap_audit_counts n;
	struct err err = { 0 };
	unsigned done = 0;

	cap_audit_queue__counts(l->q, &n);
	while (done < l->n_marks && l->marks[done].entries <= n.written)
		done++;
	if (!done || !l->state)
		return;
	if (memcmp(&l->marks[done - 1].place, &l->saved, sizeof(l->saved)) &&
	    audit_place__save(l->state, &l->marks[done - 1].place, &err))
		log_warn("%s: %s", err.file, err.msg);
	l->saved = l->marks[done - 1].place;
	l->n_marks -= done;
	memmove(l->marks, l->marks + done, l->n_marks * sizeof(*l->marks));
}

static bool goes_on(const struct cap_audit_log *l)
{
	return !l->stop || l->last;
}

/* --- lines ------------------------------------------------------------------------------------------------- */

static void wait_a_little(void)
{
	struct timespec t = { .tv_nsec = POLL_NS };

	nanosleep(&t, NULL);
}

static bool is_blank(const char *p, size_t n)
{
	while (n && strchr(" \t\r\n", p[n - 1]) && p[n - 1])
		n--;
	return !n;
}

static void note_fault(struct cap_audit_log *l, const char *why)
{
	if (atomic_fetch_add(&l->faulty, 1) < TOLD)
		log_warn("%s: the line at byte %llu is left out: %s", l->path, (unsigned long long)l->at.offset, why);
}

/* One line, newline included. False: it was not taken, since the end was asked for. */
static bool put_line(struct cap_audit_log *l, const char *p, size_t n)
{
	struct err err = { 0 };
	int r = is_blank(p, n) ? 1 : cap_audit_queue__put(l->q, p, n, &err);

	while (r == -EAGAIN && !l->stop) {
		save(l);
		wait_a_little();
		r = cap_audit_queue__put(l->q, p, n, &err);
	}
	if (r == -EAGAIN)
		return false;
	atomic_fetch_add(&l->lines, 1);
	if (r <= 0)
		note_fault(l, r ? err.msg : "is no audit event");
	l->at.offset += n;
	l->at.line_len = n > (64u << 10) ? 64u << 10 : n;
	l->at.line_hash = audit_place__hash(p + n - l->at.line_len, l->at.line_len);
	return true;
}

/* The whole lines that have been read; false: some wait, since the end was asked for. all: what is left without an end is one, too. */
static bool put_lines(struct cap_audit_log *l, bool all)
{
	const char *p = (const char *)l->buf.p, *end = p + l->buf.len, *nl;
	bool room = true;

	while (p < end && room) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl && !all)
			break;
		room = goes_on(l);
		if (!room)
			break;
		nl = nl ? nl + 1 : end;
		if (l->skipping) {
			l->skipping = false;
			l->at.offset += (uint64_t)(nl - p);
			l->at.line_len = 0;
		} else if (!put_line(l, p, (size_t)(nl - p))) {
			room = false;
			break;
		}
		p = nl;
	}
	l->buf.len = (size_t)(end - p);
	if (l->buf.len)
		memmove(l->buf.p, p, l->buf.len);
	if (room && l->buf.len > CAP_AUDIT_LINE_MAX) {
		if (!l->skipping)
			note_fault(l, "it is longer than 16 MiB");
		l->skipping = true;
		l->at.offset += l->buf.len;
		l->at.line_len = 0;
		l->buf.len = 0;
	}
	note_place(l);
	return room;
}

/* Read and put in what the file holds; true when there was something, and room for it. */
static bool read_on(struct cap_audit_log *l)
{
	ssize_t n;

	if (l->stop && (!l->last || !--l->last))
		return false;
	buf__reserve(&l->buf, READ_BYTES);
	n = pread(l->fd, l->buf.p + l->buf.len, READ_BYTES, (off_t)(l->at.offset + l->buf.len));
	if (n <= 0)
		return false;
	l->buf.len += (size_t)n;
	return put_lines(l, false);
}

/* --- the file ---------------------------------------------------------------------------------------------- */

static void begin_file(struct cap_audit_log *l, int fd, uint64_t offset)
{
	struct stat st = { 0 };

	fstat(fd, &st);
	l->fd = fd;
	l->at = (struct audit_place){ .dev = st.st_dev, .ino = st.st_ino, .offset = offset };
	l->buf.len = 0;
	l->skipping = false;
}

/* Behind the last whole line that the file holds now. */
static uint64_t end_of(int fd)
{
	struct stat st = { 0 };
	char c;
	off_t at;

	fstat(fd, &st);
	for (at = st.st_size; at > 0 && st.st_size - at < (1 << 20); at--)
		if (pread(fd, &c, 1, at - 1) == 1 && c == '\n')
			return (uint64_t)at;
	return (uint64_t)st.st_size - (uint64_t)(st.st_size - at);
}

static void open_file(struct cap_audit_log *l)
{
	int fd = open(l->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return;
	begin_file(l, fd, l->from_end ? end_of(fd) : 0);
	l->from_end = false;
	note_place(l);
}

/* What was read already is not what stands there: begin again. */
static void see_truncation(struct cap_audit_log *l)
{
	if (audit_place__holds(&l->at, l->fd))
		return;
	atomic_fetch_add(&l->restarts, 1);
	log_info("%s: was truncated or written anew: read from its beginning", l->path);
	begin_file(l, l->fd, 0);
}

static bool is_renamed(const struct cap_audit_log *l)
{
	struct stat st;

	return !stat(l->path, &st) && ((uint64_t)st.st_ino != l->at.ino || (uint64_t)st.st_dev != l->at.dev);
}

/* --- rotation ---------------------------------------------------------------------------------------------- */

static DIR *open_folder(const struct cap_audit_log *l)
{
	const char *slash = strrchr(l->path, '/');
	char *dir = slash ? xmemdup0(l->path, slash == l->path ? 1 : (size_t)(slash - l->path)) : xstrdup(".");
	DIR *d = opendir(dir);

	free(dir);
	return d;
}

/* Rotated files keep the beginning of the name (audit.log.1, audit-2026-11-27T00-00-00.log), and of what is in them, unless they are packed. */
static bool is_of_log(const struct cap_audit_log *l, const char *name)
{
	const char *slash = strrchr(l->path, '/'), *base = slash ? slash + 1 : l->path;

	return !strncmp(name, base, strcspn(base, "."));
}

static bool begins_as_log(int fd)
{
	char c;

	return pread(fd, &c, 1, 0) == 1 && c == '{';
}

/* Not by its number alone: that may have been given to another file since. */
static bool is_recent(const struct cap_audit_log *l, int fd)
{
	for (unsigned k = 0; k < l->n_recent && k < RECENT; k++)
		if (audit_place__holds(&l->recent[k], fd))
			return true;
	return false;
}

static bool is_before(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec < b->tv_nsec);
}

/*
 * The log was rotated, perhaps more than once since the last look: the oldest file beside it that has been written to since the one
 * that is at its end, and that is not the log itself; -1: there is none.
 */
static int open_between(const struct cap_audit_log *l, const struct stat *old)
{
	DIR *d = open_folder(l);
	struct stat now = { 0 }, st, best = { 0 };
	int fd, found = -1;
	struct dirent *e;

	if (stat(l->path, &now))
		now = *old;
	while (d && (e = readdir(d))) {
		if (e->d_ino == now.st_ino || !is_of_log(l, e->d_name))
			continue;
		fd = openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
		if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) && !is_before(&st.st_mtim, &old->st_mtim) && begins_as_log(fd) &&
		    !is_recent(l, fd) && (found < 0 || is_before(&st.st_mtim, &best.st_mtim))) {
			if (found >= 0)
				close(found);
			found = fd;
			best = st;
		} else if (fd >= 0) {
			close(fd);
		}
	}
	if (d)
		closedir(d);
	return found;
}

/* The file at hand has been renamed and read to its end. */
static void next_file(struct cap_audit_log *l)
{
	struct stat old = { 0 };
	int fd;

	fstat(l->fd, &old);
	l->recent[l->n_recent++ % RECENT] = l->at;
	close(l->fd);
	l->fd = -1;
	fd = open_between(l, &old);
	if (fd < 0) {
		open_file(l);
		return;
	}
	log_info("%s: was rotated more than once since the last look: the files in between are read", l->path);
	begin_file(l, fd, 0);
	note_place(l);
}

static void look(struct cap_audit_log *l)
{
	bool renamed;

	if (l->fd < 0)
		open_file(l);
	if (l->fd < 0)
		return;
	see_truncation(l);
	do {
		renamed = is_renamed(l);	/* before the last read: what was written until then is in it */
		while (goes_on(l) && read_on(l))
			;
		if (!renamed || !goes_on(l))
			return;
		put_lines(l, true);
		if (l->buf.len)
			return;			/* there was no room: once more */
		next_file(l);
	} while (l->fd >= 0);
}

static void *follow(void *arg)
{
	struct cap_audit_log *l = arg;

	cap_privilege__confine(CAP_ROLE_STORE, NULL);
	while (!l->stop) {
		look(l);
		save(l);
		wait_a_little();
	}
	l->last = LAST_READS;
	look(l);
	return NULL;
}

/* --- beginning and end ------------------------------------------------------------------------------------- */

/* The file that the place is in, under whatever name beside the log; -1: it is gone. */
static int find_file(const struct cap_audit_log *l, const struct audit_place *p)
{
	DIR *d = open_folder(l);
	struct dirent *e;
	int fd = -1;

	while (d && fd < 0 && (e = readdir(d))) {
		if ((uint64_t)e->d_ino != p->ino)
			continue;
		fd = openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
		if (fd >= 0 && !audit_place__holds(p, fd)) {
			close(fd);
			fd = -1;
		}
	}
	if (d)
		closedir(d);
	return fd;
}

/* Where the last recording ended. */
static int resume(struct cap_audit_log *l, struct err *err)
{
	struct audit_place p;
	int r = l->state ? audit_place__load(l->state, &p, err) : 1, fd;

	if (r)
		return r < 0 ? r : 0;
	l->from_end = false;
	fd = find_file(l, &p);
	if (fd < 0) {
		atomic_fetch_add(&l->restarts, 1);
		log_warn("%s: the file that was recorded last is gone or was written anew: entries may be missing", l->path);
		return 0;
	}
	begin_file(l, fd, p.offset);
	l->at = l->saved = p;
	return 0;
}

static int follow_file(struct cap_audit_log *l, const struct cap_audit_log_opts *o, struct err *err)
{
	int r;

	if (!o->path)
		return 0;
	l->path = xstrdup(o->path);
	l->state = o->state ? xstrdup(o->state) : NULL;
	l->from_end = !o->from_start && !access(o->path, F_OK);
	r = resume(l, err);
	if (!r && l->fd < 0)
		open_file(l);		/* what is written from now on counts */
	if (!r)
		r = -pthread_create(&l->thread, NULL, follow, l);
	l->running = !r;
	if (r) {
		err__set(err, r, "cannot follow the log: %s", err__text(r));
		err__file(err, o->path);
	}
	return r;
}

int cap_audit_log__start(struct cap_audit_log **ret, const struct cap_audit_log_opts *o, struct cap_audit_queue *q,
			 struct err *err)
{
	struct cap_audit_log *l = xcalloc(1, sizeof(*l));
	int r;

	l->q = q;
	l->fd = -1;
	r = follow_file(l, o, err);
	if (r)
		cap_audit_log__free(l);
	else
		*ret = l;
	return r;
}

int cap_audit_log__check(const struct cap_audit_log_opts *o, struct err *err)
{
	const char *slash = o->path ? strrchr(o->path, '/') : NULL;
	char *dir = slash ? xmemdup0(o->path, slash == o->path ? 1 : (size_t)(slash - o->path)) : NULL;
	struct audit_place p;
	int r = dir && access(dir, X_OK) ? -errno : 0;

	free(dir);
	if (r) {
		err__file(err, o->path);
		return err__set(err, r, "the folder of the audit log cannot be used: %s", strerror(-r));
	}
	r = o->path && o->state ? audit_place__load(o->state, &p, err) : 0;
	return r < 0 ? r : 0;
}

static void leave_file(struct cap_audit_log *l)
{
	cap_audit_log__stop(l);
	save(l);
	if (l->fd >= 0)
		close(l->fd);
	free(l->path);
	free(l->state);
	l->path = l->state = NULL;
	l->fd = -1;
	l->buf.len = 0;
	l->n_marks = 0;
	l->at = l->saved = (struct audit_place){ 0 };
	l->stop = false;
}

int cap_audit_log__change(struct cap_audit_log *l, const struct cap_audit_log_opts *o, struct err *err)
{
	leave_file(l);
	return follow_file(l, o, err);
}

void cap_audit_log__counts(struct cap_audit_log *l, struct cap_audit_log_counts *ret)
{
	*ret = (struct cap_audit_log_counts){ .lines = l->lines, .faulty = l->faulty, .restarts = l->restarts };
}

void cap_audit_log__stop(struct cap_audit_log *l)
{
	if (!l || !l->running)
		return;
	l->stop = true;
	pthread_join(l->thread, NULL);
	l->running = false;
}

void cap_audit_log__free(struct cap_audit_log *l)
{
	if (!l)
		return;
	leave_file(l);
	buf__done(&l->buf);
	free(l);
}
