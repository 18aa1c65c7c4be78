// SPDX-License-Identifier: Apache-2.0
/*
 * Where a path has led, for calls that leave no open file behind: it is opened once more, without
 * being able to read or write (O_PATH), below the thread's own root, while the thread stands still.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/ptrace/pt.h"
#include "format/schema/schema.h"

/* The directory that a relative path begins at, as the thread sees it. */
static bool base_of(const struct pt_thread *t, int dir, char *to, size_t size)
{
	char link[32] = "cwd", text[4096];
	const char *p = text;
	size_t n = t->root ? strlen(t->root) : 0;

	if (dir != AT_FDCWD)
		snprintf(link, sizeof(link), "fd/%d", dir);
	if (!pt_link(t->tid, link, text, sizeof(text)) || *text != '/')
		return false;
	if (n > 1 && !strncmp(text, t->root, n))
		p += n;
	return (size_t)snprintf(to, size, "%s", p) < size;
}

static int open_in(const struct pt_thread *t, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)(O_PATH | O_CLOEXEC | flags),
				.resolve = RESOLVE_IN_ROOT };
	char root[40];
	int fd, r;

	snprintf(root, sizeof(root), "/proc/%u/root", t->tid);
	r = open(root, O_PATH | O_CLOEXEC);
	if (r < 0)
		return -1;
	fd = (int)syscall(SYS_openat2, r, path, &how, sizeof(how));
	close(r);
	return fd;
}

static bool name_of(int fd, char *to, size_t size)
{
	char link[40];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, to, size - 1);
	if (n <= 0)
		return false;
	to[n] = 0;
	return true;
}

/* A link has led to /proc/self: for us that is somebody else. */
static bool is_ours(const char *path)
{
	char own[32];
	int n = snprintf(own, sizeof(own), "/proc/%d", (int)getpid());

	return !strncmp(path, own, (size_t)n) && (path[n] == '/' || !path[n]);
}

bool pt_path__resolve(const struct pt_thread *t, int dir, const char *path, bool follow, char *to,
		      size_t size, struct stat *st)
{
	char whole[3 * 4096];
	size_t n = 0;
	bool ok;
	int fd;

	/* /proc/self and what leads there would be the recorder's */
	if (!strncmp(path, "/proc/self/", 11) || !strncmp(path, "/proc/thread-self/", 18) ||
	    !strncmp(path, "/dev/fd/", 8))
		return false;
	if (*path != '/') {
		if (!base_of(t, dir, whole, sizeof(whole)))
			return false;
		n = strlen(whole);
	}
	if ((size_t)snprintf(whole + n, sizeof(whole) - n, "/%s", path) >= sizeof(whole) - n)
		return false;
	fd = open_in(t, whole, follow ? 0 : O_NOFOLLOW);
	if (fd < 0)
		return false;
	ok = !fstat(fd, st) && name_of(fd, to, size) && !is_ours(to);
	close(fd);
	return ok;
}

/* The text of a string of the record: nobody can change that any more. */
static bool text_of(const struct pt_out *o, unsigned tag, char *to, size_t size)
{
	uint32_t at = (uint32_t)sizeof(struct cap_record) + 8 * o->n;

	while (at + sizeof(struct cap_blob) <= o->off) {
		struct cap_blob b;

		memcpy(&b, o->rec + at, sizeof(b));
		at += sizeof(b);
		if (b.tag == tag && b.len < size) {
			memcpy(to, o->rec + at, b.len);
			to[b.len] = 0;
			return true;
		}
		at += (b.len + 7u) & ~7u;
	}
	return false;
}

static bool to_end(const struct pt_thread *t, const struct cap_follow *f)
{
	uint32_t at = f->flags == CAP_NO_ARG ? 0 : (uint32_t)t->args[f->flags];

	return f->how == FOLLOW_TO_END ? !(at & AT_SYMLINK_NOFOLLOW)
				       : (at & AT_SYMLINK_FOLLOW) != 0;
}

/* An empty path: the descriptor itself is meant. */
static void out_fd(struct pt_thread *t, struct pt_out *o, int fd, enum cap_tag tag)
{
	char link[40], found[4096];
	struct stat st;

	snprintf(link, sizeof(link), "/proc/%u/fd/%d", t->tid, fd);
	if (fd >= 0 && !stat(link, &st) && pt_link(t->tid, strstr(link, "fd/"), found, sizeof(found)))
		pt_out__object(o, tag, found, t->root, &st);
}

static void follow(struct pt_thread *t, struct pt_out *o, const struct cap_follow *f, enum cap_tag tag)
{
	int dir = f->dir == CAP_NO_ARG ? AT_FDCWD : (int)t->args[f->dir];
	char text[CAP_STR_MAX + 1], found[4096 + 256], *slash = NULL, *leaf = NULL;
	struct stat st = { 0 };

	if (!f->how || !text_of(o, TAG_S0 + f->str, text, sizeof(text)))
		return;
	if (!*text) {
		if (f->flags != CAP_NO_ARG && t->args[f->flags] & AT_EMPTY_PATH)
			out_fd(t, o, dir, tag);
		return;
	}
	if (f->how == FOLLOW_TO_PARENT) {
		size_t n = strlen(text);

		while (n > 1 && text[n - 1] == '/')
			text[--n] = 0;
		slash = strrchr(text, '/');
		leaf = strdup(slash ? slash + 1 : text);
		if (slash)
			slash[slash == text] = 0;
		else
			strcpy(text, ".");
	}
	if (pt_path__resolve(t, dir, text, leaf || to_end(t, f), found, 4096, &st)) {
		if (leaf && strlen(leaf) < 256) {
			if (strcmp(found, "/"))
				strcat(found, "/");
			strcat(found, leaf);
		}
		pt_out__object(o, tag, found, t->root, leaf ? NULL : &st);
	}
	free(leaf);
}

void pt_path__follow(const struct pt *p, struct pt_thread *t, struct pt_out *o)
{
	const struct cap_follow *f = p->tables.follows[t->d->event];
	char root[4096];

	if (t->d->event == EV_chroot) {	/* afterwards the old root is out of reach */
		if (pt_link(t->tid, "root", root, sizeof(root)))
			pt_out__path(o, TAG_RES0, root, NULL);
		return;
	}
	follow(t, o, &f[0], TAG_RES0);
	follow(t, o, &f[1], TAG_RES1);
}
