// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "engine/state/state_internal.h"

struct eng_fdtable *fdtable__new(void)
{
	struct eng_fdtable *t = xcalloc(1, sizeof(*t));

	t->refs = 1;
	return t;
}

static void free_fd(struct eng_state *st, struct eng_fd *fd)
{
	eng_str__unref(fd->name);
	eng_str__unref(fd->nameraw);
	slots__give(&st->fd_slots, fd->slot);
	free(fd);
}

void fdtable__unref(struct eng_state *st, struct eng_fdtable *t)
{
	struct eng_fd *fd;

	if (!t || --t->refs)
		return;
	idmap__each(&t->fds, i, fd)
		free_fd(st, fd);
	idmap__done(&t->fds);
	free(t);
}

struct eng_fd *fdtable__add(struct eng_state *st, struct eng_fdtable *t, int64_t num)
{
	struct eng_fd *fd = idmap__get(&t->fds, num);

	if (fd)
		return fd;
	fd = xcalloc(1, sizeof(*fd));
	fd->num = num;
	fd->slot = slots__take(&st->fd_slots);
	fd->epoch = next_epoch(st);
	idmap__put(&t->fds, num, fd);
	return fd;
}

void fdtable__del(struct eng_state *st, struct eng_fdtable *t, int64_t num)
{
	struct eng_fd *fd = idmap__del(&t->fds, num);

	if (fd)
		free_fd(st, fd);
}

struct eng_fd *eng_fdtable__get(struct eng_fdtable *t, int64_t num)
{
	return idmap__get(&t->fds, num);
}

void eng_fdtable__each(struct eng_fdtable *t, void (*fn)(struct eng_fd *fd, void *arg), void *arg)
{
	struct eng_fd *fd;

	idmap__each(&t->fds, i, fd)
		fn(fd, arg);
}

uint32_t eng_fdtable__count(const struct eng_fdtable *t)
{
	return t->fds.n;
}
