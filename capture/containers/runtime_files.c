// SPDX-License-Identifier: Apache-2.0
/* Files below a root that may belong to somebody else. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "capture/containers/runtime.h"

#define MAX_FILE (8u << 20)

static pthread_mutex_t places_lock = PTHREAD_MUTEX_INITIALIZER;
static __thread size_t limit, left;	/* of what is somebody else's; limit 0: none */

void cap_root__limit(size_t bytes)
{
	limit = left = bytes;
}

static size_t most(void)
{
	return !limit ? MAX_FILE : left < limit / 4 ? left : limit / 4;
}

const char *cap_places__at(const struct cap_places *p, unsigned i)
{
	const char *dir;
	unsigned n = 0;

	while (p->usual[n])
		n++;
	pthread_mutex_lock(&places_lock);
	dir = i < n ? p->usual[i] : i - n < p->n_met ? p->met[i - n] : NULL;
	pthread_mutex_unlock(&places_lock);
	return dir;
}

static int open_below(int root, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC),
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

static bool is_roots(int root, const char *dir)
{
	int fd = open_below(root, dir, O_PATH | O_DIRECTORY);
	struct stat st;
	bool is = fd >= 0 && !fstat(fd, &st) && !st.st_uid;

	if (fd >= 0)
		close(fd);
	return is;
}

/* Whoever was left behind may still have what was there: it is not freed. There are few such directories. */
static void add_place(struct cap_places *p, const char *dir)
{
	p->met[p->next] = xstrdup(dir);
	p->next = (p->next + 1) % CAP_MAX_PLACES;
	if (p->n_met < CAP_MAX_PLACES)
		p->n_met++;
}

void cap_places__meet(struct cap_places *p, const struct cap_look *l, const char *dir)
{
	const char *known;
	unsigned i = 0;

	if (l->foreign || !is_roots(l->root, dir))
		return;
	while ((known = cap_places__at(p, i)) && strcmp(known, dir))
		i++;
	pthread_mutex_lock(&places_lock);
	if (!known)
		add_place(p, dir);
	pthread_mutex_unlock(&places_lock);
}

int cap_root__open(int root, const char *path)
{
	int place = open_below(root, path, O_PATH), fd = -1;
	struct stat st;
	char again[40];

	if (place < 0)
		return -1;
	/* what is no file is not even opened: a pipe may wait, a device may do anything */
	if (!fstat(place, &st) && S_ISREG(st.st_mode)) {
		snprintf(again, sizeof(again), "/proc/self/fd/%d", place);
		fd = open(again, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	}
	close(place);
	return fd;
}

bool cap_root__read(int root, const char *path, struct buf *out)
{
	int fd = cap_root__open(root, path);
	size_t max = most();
	ssize_t n = 0;

	if (fd < 0)
		return false;
	out->len = 0;
	do {
		out->len += (size_t)n;
		buf__reserve(out, 16384);
		n = read(fd, out->p + out->len, out->cap - out->len);
	} while (n > 0 && out->len + (size_t)n <= max);
	close(fd);
	left -= out->len < left ? out->len : left;
	return !n && out->len;
}

cJSON *cap_root__json(int root, const char *fmt, ...)
{
	struct buf text = { 0 };
	cJSON *j = NULL;
	char path[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if ((size_t)n < sizeof(path) && cap_root__read(root, path, &text))
		j = cJSON_ParseWithLength((const char *)text.p, text.len);
	buf__done(&text);
	return j;
}

static char *trimmed(char *p, char *end)
{
	while (p < end && isblank((unsigned char)*p))
		p++;
	while (end > p && isspace((unsigned char)end[-1]))
		end--;
	*end = 0;
	return p;
}

bool cap_root__pairs(int root, const char *path,
		     void (*fn)(void *arg, const char *key, const char *value), void *arg)
{
	struct buf text = { 0 };
	char *line, *next, *eq;
	bool found = cap_root__read(root, path, &text);

	buf__u8(&text, 0);
	for (line = (char *)text.p; found && *line; line = next) {
		char *end = line + strcspn(line, "\n");

		next = end + (*end == '\n');
		*end = 0;
		eq = strchr(line, '=');
		if (!eq || *line == '#' || *line == '[')
			continue;
		fn(arg, trimmed(line, eq), trimmed(eq + 1, end));
	}
	buf__done(&text);
	return found;
}

bool cap_root__link(int root, const char *path, char *out, size_t size)
{
	int fd = open_below(root, path, O_PATH | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", out, size);

	if (fd >= 0)
		close(fd);
	if (n <= 0 || (size_t)n >= size)
		return false;
	out[n] = 0;
	return true;
}

void cap_root__list(int root, const char *dir, cap_id_fn *fn, void *arg)
{
	int fd = open_below(root, dir, O_RDONLY | O_DIRECTORY);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (fd >= 0 && !d)
		close(fd);
	while (d && (e = readdir(d)))
		if (*e->d_name != '.')
			fn(arg, e->d_name);
	if (d)
		closedir(d);
}

bool cap_root__is_name(const char *id)
{
	return *id && *id != '.' && !strchr(id, '/');
}
