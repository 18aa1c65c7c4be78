// SPDX-License-Identifier: Apache-2.0
/* The directory of the files: its lock, its limits, and what a crash has left in it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "capture/keep/keep_internal.h"
#include "format/base/alloc.h"
#include "format/base/log.h"
#include "format/base/text.h"
#include "format/file/trace_out.h"
#include "format/file/trace_reader.h"

#define DONE ".spoor"
#define PART ".spoor.part"
#define KEEP ".keep"
#define RECOVERED ".recovered.spoor"
#define END_BYTES (16u << 20)		/* what all that are being written may still take when they are told to end */
#define MAKING ".spoor.making"		/* what a recovery that was interrupted leaves */

static bool ends(const char *name, const char *with)
{
	size_t n = strlen(name), m = strlen(with);

	return n > m && !strcmp(name + n - m, with);
}

static char *path_of(const struct cap_keep *k, const char *name)
{
	return xasprintf("%s/%s", k->dir, name);
}

/* --- opening ---------------------------------------------------------------------------------------------- */

/* One that nobody else has put there: opening a pipe would wait, a link leads elsewhere. */
static bool is_file(const struct cap_keep *k, const char *name)
{
	struct stat st;

	return !fstatat(k->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISREG(st.st_mode);
}

static int find_left(struct cap_keep *k)
{
	DIR *d = opendir(k->dir);
	const struct dirent *e;
	size_t cap = 0;

	if (!d)
		return -errno;
	while ((e = readdir(d)) != NULL) {
		if (ends(e->d_name, MAKING)) {
			unlinkat(k->dir_fd, e->d_name, 0);
		} else if (ends(e->d_name, PART) && is_file(k, e->d_name)) {
			k->left = xgrow(k->left, &cap, k->n_left + 1u, sizeof(*k->left));
			k->left[k->n_left++] = xstrdup(e->d_name);
		}
	}
	closedir(d);
	return 0;
}

int cap_folder__open(struct cap_keep *k, struct err *err)
{
	int code = 0;

	k->dir_fd = open(k->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (k->dir_fd < 0)
		code = err__set(err, -errno, "cannot open the folder for files: %s", err__text(-errno));
	else if (flock(k->dir_fd, LOCK_EX | LOCK_NB))
		code = err__set(err, -errno, errno == EWOULDBLOCK ? "another recorder, or the ring, uses this folder"
								   : "cannot lock the folder");
	else if (access(k->dir, W_OK | X_OK))
		code = err__set(err, -errno, "cannot write to the folder for files: %s", err__text(-errno));
	if (!code && (code = find_left(k)) < 0)
		err__set(err, code, "cannot list the folder for files: %s", err__text(code));
	if (code)
		err__file(err, k->dir);
	return code;
}

/* --- limits -------------------------------------------------------------------------------------------------- */

struct entry {
	char *name;
	uint64_t size, time;
	bool keep;
};

struct listing {
	struct entry *e;
	size_t n, cap;
	uint64_t files, bytes;		/* those that are not complete, too */
};

static void listing__done(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->e[i].name);
	free(l->e);
}

static bool is_marked(const struct cap_keep *k, const char *name)
{
	char mark[NAME_MAX + sizeof(KEEP)];

	snprintf(mark, sizeof(mark), "%s" KEEP, name);
	return !faccessat(k->dir_fd, mark, F_OK, 0);
}

static int oldest_first(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->time < y->time ? -1 : x->time > y->time ? 1 : strcmp(x->name, y->name);
}

/* Only files of the form that our names have: whatever else is there is left alone. */
static int list(const struct cap_keep *k, struct listing *l)
{
	DIR *d = opendir(k->dir);
	const struct dirent *e;

	if (!d)
		return -errno;
	while ((e = readdir(d)) != NULL) {
		struct stat st;
		bool part = ends(e->d_name, PART);

		if ((!part && !ends(e->d_name, DONE)) || !strstr(e->d_name, "--") ||
		    fstatat(k->dir_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
			continue;
		l->files++;
		l->bytes += (uint64_t)st.st_blocks * 512u;
		if (part)
			continue;
		l->e = xgrow(l->e, &l->cap, l->n + 1, sizeof(*l->e));
		l->e[l->n++] = (struct entry){ .name = xstrdup(e->d_name), .size = (uint64_t)st.st_blocks * 512u,
					       .time = (uint64_t)st.st_mtim.tv_sec * 1000000000u +
						       (uint64_t)st.st_mtim.tv_nsec,
					       .keep = is_marked(k, e->d_name) };
	}
	closedir(d);
	if (l->n)
		qsort(l->e, l->n, sizeof(*l->e), oldest_first);
	return 0;
}

static uint64_t free_bytes(const struct cap_keep *k)
{
	struct statvfs v;

	return fstatvfs(k->dir_fd, &v) ? UINT64_MAX : (uint64_t)v.f_bavail * v.f_frsize;
}

static void delete_one(struct cap_keep *k, struct listing *l, struct entry *e, const char *why)
{
	char size[32];

	if (unlinkat(k->dir_fd, e->name, 0)) {
		log_warn("%s/%s: cannot delete it: %s", k->dir, e->name, err__text(-errno));
		return;
	}
	log_info("%s: deleted, %s: %s", e->name, text__size(e->size, size), why);
	l->files--;
	l->bytes -= e->size;
	pthread_mutex_lock(&k->lock);
	k->st.deleted_files++;
	k->st.deleted_bytes += e->size;
	pthread_mutex_unlock(&k->lock);
}

/* What there may be; 0: as much as one likes. */
struct bounds {
	uint64_t more;			/* files are to come */
	uint64_t bytes, min_free;
};

/* Why may there not be so much? NULL: there may. */
static const char *over(const struct cap_keep *k, const struct listing *l, const struct bounds *b)
{
	uint64_t max_files = cap_keep__limit(&k->o.max_files);

	if (max_files && l->files + b->more > max_files)
		return "there are too many files";
	if (b->bytes && l->bytes + (b->more ? 1 : 0) > b->bytes)
		return "the files take too much room";
	if (b->min_free && free_bytes(k) < b->min_free)
		return "too little of the disk is free";
	return NULL;
}

static void delete_old(struct cap_keep *k, struct listing *l)
{
	uint64_t now = cap_ring__now(k->o.ring);	/* which a step of the clock does not make later */
	uint64_t max_age = cap_keep__limit(&k->o.max_age_ns);

	for (size_t i = 0; i < l->n; i++)
		if (max_age && !l->e[i].keep && now > l->e[i].time && now - l->e[i].time > max_age) {
			delete_one(k, l, &l->e[i], "it is too old");
			l->e[i].keep = true;	/* not again */
		}
}

/* Delete the oldest until nothing is over the bounds: NULL; else what still is. */
static const char *tidy(struct cap_keep *k, const struct bounds *b)
{
	struct listing l = { 0 };
	const char *why = NULL;

	pthread_mutex_lock(&k->sweeping);
	if (!list(k, &l)) {
		struct fmt_meta meta;

		if (cap_ring__meta(k->o.ring, &meta))
			delete_old(k, &l);
		for (size_t i = 0; (why = over(k, &l, b)) && i < l.n; i++)
			if (!l.e[i].keep)
				delete_one(k, &l, &l.e[i], why);
		pthread_mutex_lock(&k->lock);
		k->st.files = l.files;
		k->st.file_bytes = l.bytes;
		pthread_mutex_unlock(&k->lock);
	}
	pthread_mutex_unlock(&k->sweeping);
	listing__done(&l);
	return why;
}

int cap_folder__make_room(struct cap_keep *k, struct err *err)
{
	const struct bounds b = { .more = 1, .bytes = cap_keep__limit(&k->o.max_bytes), .min_free = cap_keep__limit(&k->o.min_free) };
	const char *why = tidy(k, &b);

	return why ? err__set(err, -ENOSPC, "no file is made: %s, and none may be deleted", why) : 0;
}

void cap_folder__tidy(struct cap_keep *k)
{
	uint64_t min_free = cap_keep__limit(&k->o.min_free);
	/* a file that ended at the limit, a little below it, is not deleted for that */
	const struct bounds b = { .bytes = cap_keep__limit(&k->o.max_bytes), .min_free = min_free - min_free / 8 };

	tidy(k, &b);
}

/* Files that are being written end before the limit: what they still hold has room. */
static uint64_t bytes_while_writing(const struct cap_keep *k)
{
	uint64_t most = cap_keep__limit(&k->o.max_bytes), rest = most / 8;

	return most - (rest < END_BYTES ? rest : END_BYTES);
}

bool cap_folder__is_full(struct cap_keep *k, uint64_t more)
{
	const struct bounds b = { .bytes = bytes_while_writing(k), .min_free = cap_keep__limit(&k->o.min_free) };
	bool many;

	pthread_mutex_lock(&k->lock);
	k->st.file_bytes += more;
	many = b.bytes && k->st.file_bytes > b.bytes;
	pthread_mutex_unlock(&k->lock);
	/* nothing is listed as long as nothing is wrong */
	if (!many && (!b.min_free || free_bytes(k) >= b.min_free))
		return false;
	return tidy(k, &b) != NULL;
}

/* --- names ------------------------------------------------------------------------------------------------------ */

/* By the recording's time, in which ages are counted and which no step of the clock changes: else the oldest would be others then. */
static void date(struct cap_keep *k, int fd)
{
	uint64_t now = cap_ring__now(k->o.ring);
	const struct timespec t[2] = { { .tv_nsec = UTIME_OMIT },
				       { .tv_sec = (time_t)(now / 1000000000u), .tv_nsec = (long)(now % 1000000000u) } };
	struct fmt_meta meta;

	if (cap_ring__meta(k->o.ring, &meta))
		futimens(fd, t);
}

int cap_folder__commit(struct cap_keep *k, const char *part, const char *name, struct err *err)
{
	char *path = path_of(k, name);
	int fd = open(part, O_RDONLY | O_CLOEXEC), code = 0;

	if (fd >= 0)
		date(k, fd);
	if (fd < 0 || (fsync(fd) && errno != EINVAL && errno != EROFS) || rename(part, path))
		code = err__set(err, -errno, "cannot complete it: %s", err__text(-errno));
	if (fd >= 0)
		close(fd);
	if (!code)
		trace_out__sync_folder(path);
	free(path);
	return code;
}

/* --- what a crash has left ---------------------------------------------------------------------------------------- */

static void count_recovered(struct cap_keep *k, bool well)
{
	pthread_mutex_lock(&k->lock);
	k->st.recovered += well;
	k->st.failed += !well;
	pthread_mutex_unlock(&k->lock);
}

/* A new, complete trace of what can be read of it. */
static int recover(struct cap_keep *k, const char *part, const char *making, const char *name, struct err *err)
{
	struct fmt_recover_stats st;
	int code, fd = open(making, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (fd < 0)
		return err__set(err, -errno, "%s", err__text(-errno));
	code = fmt_trace__recover(part, fd, making, &st, err);
	return code < 0 ? code : cap_folder__commit(k, making, name, err);
}

static bool is_stopping(struct cap_keep *k)
{
	bool stop;

	pthread_mutex_lock(&k->lock);
	stop = k->stop;
	pthread_mutex_unlock(&k->lock);
	return stop;
}

static void recover_one(struct cap_keep *k, const char *left)
{
	char *stem = xmemdup0(left, strlen(left) - strlen(PART));
	char *part = path_of(k, left), *making = xasprintf("%s/%s" MAKING, k->dir, stem);
	char *name = xasprintf("%s" RECOVERED, stem);
	struct err why = { 0 };
	int code = recover(k, part, making, name, &why);

	/* nothing had been written of it */
	if (code == -FMT_E_FORMAT || code == -FMT_E_TRUNCATED || !code)
		unlink(part);
	if (code)
		unlink(making);
	if (!code)
		log_info("%s: what a crash has left of it is complete now", name);
	else
		log_warn("%s: %s", left, *why.msg ? why.msg : err__text(code));
	count_recovered(k, !code);
	free(stem);
	free(part);
	free(making);
	free(name);
}

void cap_folder__recover(struct cap_keep *k)
{
	for (unsigned i = 0; i < k->n_left && !is_stopping(k); i++)	/* the next start does the rest */
		recover_one(k, k->left[i]);
}
