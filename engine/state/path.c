// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "engine/state/path.h"
#include "engine/state/state.h"
#include "format/base/alloc.h"
#include "format/base/find_two.h"

/* Take the last component off what is in out from start on, but never its first character. */
static void up(struct buf *out, size_t start)
{
	size_t n = out->len;

	if (n > start + 1 && out->p[n - 1] == '/')
		n--;
	while (n > start + 1 && out->p[n - 1] != '/')
		n--;
	out->len = n;
}

static void component(struct buf *out, size_t start, const char *s, size_t n)
{
	if (!n || (n == 1 && s[0] == '.'))
		return;
	if (n == 2 && s[0] == '.' && s[1] == '.') {
		up(out, start);
		return;
	}
	buf__add(out, s, n);
	buf__u8(out, '/');
}

bool path__is_normal(const char *path, size_t n)
{
	const char *end = path + n, *at = path, *next;
	const struct find_byte slash = { '/', 0 }, slash_or_dot = { '/', '/' ^ '.' };

	if (n < 2 || n > PATH_JOIN_MAX || path[0] != '/' || end[-1] == '/')
		return n == 1 && path[0] == '/';
	if (find_two(path, n, 1, slash, slash_or_dot) == n)
		return true;		/* most: no component is empty or begins with a dot */
	for (; at; at = next) {		/* at: a slash that is not the last byte */
		size_t len;

		next = memchr(at + 1, '/', (size_t)(end - at - 1));
		len = (size_t)((next ? next : end) - at - 1);
		if (!len || (at[1] == '.' && (len == 1 || (len == 2 && at[2] == '.'))))
			return false;
	}
	return true;
}

/* is_dir: base is a directory, whether or not it ends with a slash. */
static void join(const char *base, size_t n_base, bool is_dir, const char *path, size_t n, struct buf *out)
{
	size_t start = out->len, i = 0;

	if (!n)
		return;
	if (n_base > PATH_JOIN_MAX)
		n_base = PATH_JOIN_MAX;
	if (n > PATH_JOIN_MAX)
		n = PATH_JOIN_MAX;
	buf__reserve(out, n_base + n + 2);
	if (path[0] == '/')
		buf__u8(out, '/');
	else
		buf__add(out, base, n_base);
	if (is_dir && out->len > start && out->len < start + PATH_JOIN_MAX && out->p[out->len - 1] != '/')
		buf__u8(out, '/');
	while (i < n) {
		const char *slash = memchr(path + i, '/', n - i);
		size_t end = slash ? (size_t)(slash - path) : n;

		component(out, start, path + i, end - i);
		i = end + 1;
	}
	if (out->len > start + PATH_JOIN_MAX)
		out->len = start + PATH_JOIN_MAX;
	if (out->len > start + 1 && out->p[out->len - 1] == '/')
		out->len--;
}

void path__join(const char *base, size_t n_base, const char *path, size_t n, struct buf *out)
{
	join(base, n_base, false, path, n, out);
}

void path__at(struct eng_proc *p, long dirfd, const char *path, size_t n, struct buf *out)
{
	const struct eng_fd *fd;

	if (dirfd == PATH_AT_FDCWD || (n && path[0] == '/')) {
		path__join(p->cwd->s, p->cwd->len, path, n, out);
		return;
	}
	fd = eng_fdtable__get(p->fds, dirfd);
	if (fd && fd->name && fd->name->len)
		join(fd->name->s, fd->name->len, true, path, n, out);
	else
		path__join("<UNKNOWN>", 9, path, n, out);
}
