// SPDX-License-Identifier: Apache-2.0
/*
 * Files that are opened: what the new descriptor is called.
 */
#include <string.h>

#include "engine/state/path.h"
#include "engine/state/state_internal.h"
#include "format/base/strtab.h"

/* Where an opening call has what; -1: it has not. */
struct open_params {
	uint16_t event;
	int8_t dirfd, name, flags, dev, ino, path;
};

static const struct open_params calls[] = {
	{ EV_open, -1, P_open_name, P_open_flags, P_open_dev, P_open_ino, P_open_path },
	{ EV_openat, P_openat_dirfd, P_openat_name, P_openat_flags, P_openat_dev, P_openat_ino,
	  P_openat_path },
	{ EV_openat2, P_openat2_dirfd, P_openat2_name, P_openat2_flags, P_openat2_dev,
	  P_openat2_ino, P_openat2_path },
	{ EV_creat, -1, P_creat_name, P_creat_creat_flags, P_creat_dev, P_creat_ino,
	  P_creat_path },
	{ EV_open_by_handle_at, -1, -1, P_open_by_handle_at_flags, P_open_by_handle_at_dev,
	  P_open_by_handle_at_ino, P_open_by_handle_at_path },
	{ EV_uring_openat, P_uring_openat_fd, P_uring_openat_name, P_uring_openat_flags,
	  P_uring_openat_dev, P_uring_openat_ino, P_uring_openat_path },
	{ EV_uring_openat2, P_uring_openat2_fd, P_uring_openat2_name, P_uring_openat2_flags,
	  P_uring_openat2_dev, P_uring_openat2_ino, P_uring_openat2_path },
	{ EV_mq_open, -1, P_mq_open_name, P_mq_open_flags, -1, -1, -1 },
};

static const struct open_params *params_of(uint16_t type)
{
	const struct open_params *c = calls;

	while (c->event != type)
		c++;
	return c;
}

/* creat has its overlay layer in a group of its own: 1 upper, 2 lower. */
static uint32_t open_flags(const struct fmt_ev *ev, const struct open_params *c)
{
	uint32_t f = (uint32_t)ev_u64(ev, (unsigned)c->flags, 0);

	if (ev->type != EV_creat)
		return f;
	return f & 1 ? FDF_UPPER_LAYER : f & 2 ? FDF_LOWER_LAYER : 0;
}

/* What is in the scratch buffer, and its number. */
static struct eng_str *made_name(struct eng_state *st, size_t full_len, uint32_t *ret_id)
{
	const char *p = (const char *)st->scratch.p;
	size_t len = st->scratch.len;
	struct made_name *m = &st->made[strtab__hash(p, len) % MADE_NAMES];

	if (!m->s || m->s->len != len || m->s->full_len != full_len ||
	    (len && memcmp(m->s->s, p, len))) {
		eng_str__unref(m->s);
		m->s = eng_str__new(p, len, full_len);
		m->id = MADE_NAME_ID | ++st->shared->n_made_names;
	}
	*ret_id = m->id;
	return eng_str__ref(m->s);
}

/*
 * The path that the caller gave, made absolute as text. *ret_id: its string in the dictionary, where it is the very
 * text that was given, else a number of its own.
 */
static struct eng_str *given_name(struct eng_state *st, struct eng_ctx *ctx, const struct open_params *c,
				  struct eng_str *given, uint32_t *ret_id)
{
	long dirfd = PATH_AT_FDCWD;

	if (!given)
		return eng_str__ref(st->unknown);
	if (eng_str__is_normal(given)) {
		*ret_id = fmt_ev__str_id(ctx->ev, (unsigned)c->name);
		return eng_str__ref(given);
	}
	if (c->dirfd >= 0)
		dirfd = (long)ev_s64(ctx->ev, (unsigned)c->dirfd, -1);
	st->scratch.len = 0;
	path__at(ctx->proc, dirfd, given->s, given->len, &st->scratch);
	return made_name(st, st->scratch.len + (given->full_len - given->len), ret_id);
}

/* A call that has failed has the name that it was given, if that begins at the root. */
static void name_failed(struct eng_ctx *ctx, const struct open_params *c)
{
	const struct fmt_str *name = c->name >= 0 ? fmt_ev__str(ctx->ev, (unsigned)c->name) : NULL;

	if (name && name->len && name->p[0] == '/')
		ctx->fd_name_id = fmt_ev__str_id(ctx->ev, (unsigned)c->name);
}

/* Names wait in memory that was last touched when they were last opened. */
static inline void fetch_next_name(const struct eng_state *st, const struct fmt_ev *ev, unsigned name)
{
	const struct fmt_col *c = &ev->cols->col[name];
	uint32_t sub = ev->sub;

	if (!c->present || sub + 4 >= ev->cols->n)
		return;
	__builtin_prefetch(&st->strs[c->s[sub + 4] % STR_CACHE]);
	__builtin_prefetch(st->strs[c->s[sub + 2] % STR_CACHE].s);
}

void on_open(struct eng_state *st, struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	const struct open_params *c = params_of(ev->type);
	int64_t num = fmt_ev__res(ev);
	struct eng_str *name, *given;
	struct eng_fd *fd;
	uint32_t flags;

	if (ev->info->flags & EF_URING)
		ctx->fd_num = -1;	/* fd is the directory, no descriptor that it works on */
	ctx->fd = NULL;
	if (c->name >= 0)
		fetch_next_name(st, ev, (unsigned)c->name);
	if (num < 0) {
		name_failed(ctx, c);
		return;
	}
	flags = open_flags(ev, c);
	/* Made before the table changes: the directory may be the very number that is reused. */
	given = c->name >= 0 ? ev_str(st, ev, (unsigned)c->name) : NULL;
	name = c->path >= 0 ? ev_str(st, ev, (unsigned)c->path) : NULL;
	if (name && name->len) {
		ctx->fd_name_id = fmt_ev__str_id(ev, (unsigned)c->path);
	} else {
		eng_str__unref(name);
		name = given_name(st, ctx, c, given, &ctx->fd_name_id);
	}
	fd = fdtable__open(st, ctx->proc->fds, num,
			   flags & FDF_DIRECTORY ? FDT_DIRECTORY : FDT_FILE);
	fd->flags = flags;
	fd->name = name;
	if (c->name >= 0 && fmt_ev__str_id(ev, (unsigned)c->name) != ctx->fd_name_id) {
		ctx->fd_nameraw_id = fmt_ev__str_id(ev, (unsigned)c->name);
		fd->nameraw = eng_str__ref(given);
	}
	eng_str__unref(given);
	if (c->dev >= 0)
		fd->dev = (uint32_t)ev_u64(ev, (unsigned)c->dev, 0);
	if (c->ino >= 0)
		fd->ino = ev_u64(ev, (unsigned)c->ino, 0);
	ctx__set_fd(ctx, fd);
	ctx->fd_name_changed = name->len;
}
