// SPDX-License-Identifier: Apache-2.0
/* Segments as files of a directory: its lock, what an earlier run has left, and having them on the disk in time. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "capture/privilege.h"
#include "capture/ring/ring_internal.h"
#include "format/base/alloc.h"
#include "format/base/log.h"
#include "format/codec/layout.h"

#define PREFIX "ring-"
#define SUFFIX ".spoor"
#define DIGITS 16
#define SYNC_NS 1000000000u

/* "ring-0000000000000042.spoor": 42; 0 for any other name. */
static uint64_t id_of(const char *name)
{
	uint64_t id = 0;

	if (strlen(name) != strlen(PREFIX) + DIGITS + strlen(SUFFIX) || strncmp(name, PREFIX, strlen(PREFIX)) ||
	    strcmp(name + strlen(PREFIX) + DIGITS, SUFFIX))
		return 0;
	for (const char *p = name + strlen(PREFIX); *p != '.'; p++) {
		if (!isdigit((unsigned char)*p))
			return 0;
		id = id * 10 + (uint64_t)(*p - '0');
	}
	return id;
}

static char *path_of(const struct cap_ring *r, uint64_t id)
{
	return xasprintf("%s/" PREFIX "%0*llu" SUFFIX, r->dir, DIGITS, (unsigned long long)id);
}

int cap_ring_dir__create(struct cap_ring *r, uint64_t id, char **ret_path)
{
	char *path = path_of(r, id);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (fd < 0) {
		fd = -errno;
		free(path);
		return fd;
	}
	*ret_path = path;
	return fd;
}

/* --- what an earlier run has left -------------------------------------------------------------------- */

static void take_up(struct cap_ring *r, uint64_t id)
{
	char *path = path_of(r, id);
	struct cap_segment *s;
	struct stat st;

	if (lstat(path, &st) || !S_ISREG(st.st_mode)) {
		free(path);
		return;
	}
	if ((uint64_t)st.st_size < PREAMBLE_SIZE) {	/* nothing had been written yet */
		unlink(path);
		free(path);
		return;
	}
	s = cap_ring__append(r, id, -1, path);
	s->old = s->sealed = true;
	s->size = (uint64_t)st.st_size;
	s->counted = cap_segment__pages(s->size);
	s->t_first = s->t_last = (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
	r->bytes += s->counted;
	r->st.old_segments++;
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int take_up_all(struct cap_ring *r, struct err *err)
{
	DIR *d = opendir(r->dir);
	const struct dirent *e;
	uint64_t *ids = NULL;
	size_t n = 0, cap = 0;

	if (!d)
		return err__set(err, -errno, "cannot list it: %s", err__text(errno));
	while ((e = readdir(d)) != NULL) {
		uint64_t id = id_of(e->d_name);

		if (!id)
			continue;
		ids = xgrow(ids, &cap, n + 1, sizeof(*ids));
		ids[n++] = id;
	}
	closedir(d);
	if (n)
		qsort(ids, n, sizeof(*ids), by_id);
	for (size_t k = 0; k < n; k++)
		take_up(r, ids[k]);
	if (n && ids[n - 1] >= r->next_id)
		r->next_id = ids[n - 1] + 1;
	free(ids);
	return 0;
}

int cap_ring_dir__open(struct cap_ring *r, struct err *err)
{
	int code = 0;

	r->dir = xstrdup(r->o.dir);
	r->dir_fd = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir_fd < 0)
		code = err__set(err, -errno, "cannot open the ring's directory: %s", err__text(errno));
	else if (flock(r->dir_fd, LOCK_EX | LOCK_NB))
		code = err__set(err, -errno, errno == EWOULDBLOCK ? "another recorder uses this directory for its ring"
								   : "cannot lock the ring's directory");
	if (!code && access(r->dir, W_OK | X_OK))
		code = err__set(err, -errno, "cannot write to the ring's directory: %s", err__text(errno));
	if (!code)
		code = take_up_all(r, err);
	if (code)
		err__file(err, r->dir);
	return code;
}

/* --- having it on the disk ------------------------------------------------------------------------------ */

/* The first segment of ours whose last bytes have not been synced; NULL: there is none. */
static struct cap_segment *unsynced(struct cap_ring *r)
{
	struct cap_segment *s = r->oldest;

	while (s && (s->old || s->synced || s->evicted))
		s = s->next;
	return s;
}

/* What was sealed meanwhile, and the segment in work, are synced every so often, by nobody who is waited for. */
static void *sync_all(void *arg)
{
	struct cap_ring *r = arg;
	uint64_t every = r->o.sync_ns ? r->o.sync_ns : SYNC_NS;

	pthread_setname_np(pthread_self(), "spoor-ring-sync");
	cap_privilege__drop(false);	/* it is made before the recorder gives up anything */
	cap_privilege__confine(CAP_ROLE_KEEP, NULL);
	pthread_mutex_lock(&r->lock);
	while (!r->stop) {
		uint64_t generation = r->generation;
		struct cap_segment *s;
		struct timespec t;

		while (r->dirty != generation && (s = unsynced(r))) {
			bool sealed = s->sealed;

			s->refs++;
			pthread_mutex_unlock(&r->lock);
			fdatasync(s->fd);
			pthread_mutex_lock(&r->lock);
			s->synced = sealed;
			cap_segment__unref(s);
			if (!sealed)
				break;		/* the one in work: the last */
		}
		if (r->dirty != generation) {
			r->dirty = generation;
			pthread_mutex_unlock(&r->lock);
			fsync(r->dir_fd);
			pthread_mutex_lock(&r->lock);
		}
		clock_gettime(CLOCK_MONOTONIC, &t);
		t.tv_sec += (time_t)(every / 1000000000u);
		t.tv_nsec += (long)(every % 1000000000u);
		if (t.tv_nsec >= 1000000000) {
			t.tv_sec++;
			t.tv_nsec -= 1000000000;
		}
		while (!r->stop && pthread_cond_timedwait(&r->stopping, &r->lock, &t) != ETIMEDOUT)
			;
	}
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

int cap_ring_dir__start_syncing(struct cap_ring *r)
{
	int code = -pthread_create(&r->syncer, NULL, sync_all, r);

	r->has_syncer = !code;
	return code;
}

void cap_ring_dir__close(struct cap_ring *r)
{
	if (r->has_syncer) {
		pthread_mutex_lock(&r->lock);
		r->stop = true;
		pthread_cond_broadcast(&r->stopping);
		pthread_mutex_unlock(&r->lock);
		pthread_join(r->syncer, NULL);
	}
	if (r->dir_fd >= 0)
		close(r->dir_fd);
}
