// SPDX-License-Identifier: Apache-2.0
/*
 * fs.path.*, evt.abspath: paths that calls name. fdlist.*: descriptors that poll waits for.
 */
#include <arpa/inet.h>

#include "engine/field/field_internal.h"
#include "engine/state/path.h"
#include "format/base/cursor.h"

#define NO (-1)

/*
 * Where a call names a file (path), or two (source and target); each with the directory that it is
 * relative to. The source of link and symlink is the new name, the target what it leads to.
 */
struct path_params {
	uint16_t event;
	int8_t dir, path, source_dir, source, target_dir, target;
	/* where the kernel says that these have led; 0: nowhere, it is no path's number */
	int8_t real, real_source, real_target;
};

static const struct path_params calls[] = {
	{ EV_open, NO, P_open_name, NO, NO, NO, NO,
	  .real = 0 },
	{ EV_openat, P_openat_dirfd, P_openat_name, NO, NO, NO, NO,
	  .real = 0 },
	{ EV_openat2, P_openat2_dirfd, P_openat2_name, NO, NO, NO, NO,
	  .real = 0 },
	{ EV_uring_openat, P_uring_openat_fd, P_uring_openat_name, NO, NO, NO, NO,
	  .real = 0 },
	{ EV_uring_openat2, P_uring_openat2_fd, P_uring_openat2_name, NO, NO, NO, NO,
	  .real = 0 },
	{ EV_mkdir, NO, P_mkdir_path, NO, NO, NO, NO,
	  .real = P_mkdir_resolved },
	{ EV_mkdirat, P_mkdirat_dirfd, P_mkdirat_path, NO, NO, NO, NO,
	  .real = P_mkdirat_resolved },
	{ EV_rmdir, NO, P_rmdir_path, NO, NO, NO, NO,
	  .real = P_rmdir_resolved },
	{ EV_unlink, NO, P_unlink_path, NO, NO, NO, NO,
	  .real = P_unlink_resolved },
	{ EV_unlinkat, P_unlinkat_dirfd, P_unlinkat_name, NO, NO, NO, NO,
	  .real = P_unlinkat_resolved },
	{ EV_chmod, NO, P_chmod_filename, NO, NO, NO, NO,
	  .real = P_chmod_resolved },
	{ EV_fchmodat, P_fchmodat_dirfd, P_fchmodat_filename, NO, NO, NO, NO,
	  .real = P_fchmodat_resolved },
	{ EV_chown, NO, P_chown_path, NO, NO, NO, NO,
	  .real = P_chown_resolved },
	{ EV_lchown, NO, P_lchown_path, NO, NO, NO, NO,
	  .real = P_lchown_resolved },
	{ EV_fchownat, P_fchownat_dirfd, P_fchownat_pathname, NO, NO, NO, NO,
	  .real = P_fchownat_resolved },
	{ EV_quotactl, NO, P_quotactl_special, NO, NO, NO, NO,
	  .real = 0 },
	{ EV_umount, NO, P_umount_name, NO, NO, NO, NO,
	  .real = P_umount_resolved },
	{ EV_umount2, NO, P_umount2_name, NO, NO, NO, NO,
	  .real = P_umount2_resolved },
	{ EV_rename, NO, NO, NO, P_rename_oldpath, NO, P_rename_newpath,
	  .real_source = P_rename_oldresolved, .real_target = P_rename_newresolved },
	{ EV_renameat, NO, NO, P_renameat_olddirfd, P_renameat_oldpath, P_renameat_newdirfd,
	  P_renameat_newpath,
	  .real_source = P_renameat_oldresolved, .real_target = P_renameat_newresolved },
	{ EV_renameat2, NO, NO, P_renameat2_olddirfd, P_renameat2_oldpath, P_renameat2_newdirfd,
	  P_renameat2_newpath,
	  .real_source = P_renameat2_oldresolved, .real_target = P_renameat2_newresolved },
	{ EV_link, NO, NO, NO, P_link_newpath, NO, P_link_oldpath,
	  .real_source = P_link_newresolved, .real_target = P_link_oldresolved },
	{ EV_linkat, NO, NO, P_linkat_newdir, P_linkat_newpath, P_linkat_olddir, P_linkat_oldpath,
	  .real_source = P_linkat_newresolved, .real_target = P_linkat_oldresolved },
	{ EV_symlink, NO, NO, NO, P_symlink_linkpath, NO, P_symlink_target,
	  .real_source = P_symlink_resolved },
	{ EV_symlinkat, NO, NO, P_symlinkat_linkdirfd, P_symlinkat_linkpath, NO,
	  P_symlinkat_target,
	  .real_source = P_symlinkat_resolved },
	{ EV_mount, NO, NO, NO, P_mount_dev, NO, P_mount_dir,
	  .real_target = P_mount_resolved },
};

static const struct path_params *params_of(uint16_t type)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (calls[i].event == type)
			return &calls[i];
	return NULL;
}

/* A path made absolute as text; dir < 0: below the working directory. */
static bool absolute(const struct eng_ctx *ctx, int dir, int path, struct eng_vals *out)
{
	const struct fmt_str *s = path >= 0 ? fmt_ev__str(ctx->ev, (unsigned)path) : NULL;
	struct buf b = { 0 };
	uint64_t fd = (uint64_t)PATH_AT_FDCWD;

	if (!s || (dir >= 0 && !fmt_ev__int(ctx->ev, (unsigned)dir, &fd)))
		return false;
	path__at(ctx->proc, (long)fd, s->p, s->len, &b);
	return give_buf(out, &b);
}

/* Where a path has led, if that was recorded, else what it says. */
static bool led_to(const struct eng_ctx *ctx, int real, int dir, int path, struct eng_vals *out)
{
	const struct fmt_str *s = real > 0 ? fmt_ev__str(ctx->ev, (unsigned)real) : NULL;

	return s && s->len ? give_str(out, s->p, s->len) : absolute(ctx, dir, path, out);
}

static bool as_given(const struct eng_ctx *ctx, int path, struct eng_vals *out)
{
	const struct fmt_str *s = path >= 0 ? fmt_ev__str(ctx->ev, (unsigned)path) : NULL;

	return s && give_str(out, s->p, s->len);
}

/* Opening: any result but -1 counts, as in Falco. What was opened is known by its descriptor. */
static bool opened_path(const struct eng_ctx *ctx, const struct path_params *c, bool raw,
			struct eng_vals *out)
{
	if (fmt_ev__res(ctx->ev) == -1)
		return false;
	if (raw)
		return as_given(ctx, c->path, out);
	if (ctx->fd && ctx->fd->name)
		return give_estr(out, ctx->fd->name);
	return absolute(ctx, c->dir, c->path, out);
}

static bool fs_path(const struct eng_ctx *ctx, uint16_t id, struct eng_vals *out)
{
	const struct path_params *c = params_of(ctx->ev->type);
	bool name = id == F_fs_path_name || id == F_fs_path_nameraw;

	/* These two name no path: it is their descriptor's. */
	if (name && (ctx->ev->type == EV_fchmod || ctx->ev->type == EV_fchown))
		return fmt_ev__res(ctx->ev) == 0 && ctx->fd && give_estr(out, ctx->fd->name);
	if (!c)
		return false;
	if (name && ctx->ev->info->flags & EF_OPENS_FD)
		return opened_path(ctx, c, id == F_fs_path_nameraw, out);
	if (fmt_ev__res(ctx->ev) != 0)
		return false;
	switch (id) {
	case F_fs_path_name:
		return led_to(ctx, c->real, c->dir, c->path, out);
	case F_fs_path_nameraw:
		return as_given(ctx, c->path, out);
	case F_fs_path_source:
		return led_to(ctx, c->real_source, c->source_dir, c->source, out);
	case F_fs_path_sourceraw:
		return as_given(ctx, c->source, out);
	case F_fs_path_target:
		return led_to(ctx, c->real_target, c->target_dir, c->target, out);
	}
	return as_given(ctx, c->target, out);
}

/* --- evt.abspath: only calls that take a directory; .src is the old path, .dst the new one ---- */

static bool abspath(const struct eng_ctx *ctx, const char *which, struct eng_vals *out)
{
	bool second = which && !strcmp(which, "dst");
	const struct path_params *real;

	switch (ctx->ev->type) {
	case EV_renameat:
	case EV_renameat2:
		real = params_of(ctx->ev->type);
		return second ? led_to(ctx, real->real_target, P_renameat_newdirfd,
				       P_renameat_newpath, out) :
				led_to(ctx, real->real_source, P_renameat_olddirfd,
				       P_renameat_oldpath, out);
	case EV_linkat:
		return second ? led_to(ctx, P_linkat_newresolved, P_linkat_newdir,
				       P_linkat_newpath, out) :
				led_to(ctx, P_linkat_oldresolved, P_linkat_olddir,
				       P_linkat_oldpath, out);
	case EV_symlinkat:
		return led_to(ctx, P_symlinkat_resolved, P_symlinkat_linkdirfd,
			      P_symlinkat_linkpath, out);
	case EV_openat:
		return absolute(ctx, P_openat_dirfd, P_openat_name, out);
	case EV_openat2:
		return absolute(ctx, P_openat2_dirfd, P_openat2_name, out);
	case EV_open_by_handle_at:
		return fmt_ev__res(ctx->ev) > 0 &&
		       absolute(ctx, NO, P_open_by_handle_at_path, out);
	case EV_unlinkat:
		return led_to(ctx, P_unlinkat_resolved, P_unlinkat_dirfd, P_unlinkat_name, out);
	case EV_mkdirat:
		return led_to(ctx, P_mkdirat_resolved, P_mkdirat_dirfd, P_mkdirat_path, out);
	case EV_fchmodat:
		return led_to(ctx, P_fchmodat_resolved, P_fchmodat_dirfd, P_fchmodat_filename,
			      out);
	case EV_fchownat:
		return led_to(ctx, P_fchownat_resolved, P_fchownat_dirfd, P_fchownat_pathname,
			      out);
	}
	return false;
}

bool get_path(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	if (eng_ctx__nobody(ctx))
		return false;
	if (ref->field->id == F_evt_abspath)
		return abspath(ctx, ref->key, out);
	return fs_path(ctx, ref->field->id, out);
}

/* --- poll ------------------------------------------------------------------------------------- */

static bool add_ip(struct buf *b, const struct eng_fd *fd, bool client)
{
	bool v4, listening;
	char text[INET6_ADDRSTRLEN];

	if (!fd || !fd_type__is_inet(fd->type))
		return false;
	v4 = fd->type == FDT_IPV4 || fd->type == FDT_IPV4_LISTEN;
	listening = fd->type == FDT_IPV4_LISTEN || fd->type == FDT_IPV6_LISTEN;
	if ((client && listening) || !inet_ntop(v4 ? AF_INET : AF_INET6, client ? fd->tuple.cip :
							     fd->tuple.sip, text, sizeof(text)))
		return false;
	buf__puts(b, text);
	return true;
}

static bool add_port(struct buf *b, const struct eng_fd *fd, bool client)
{
	if (!fd || (fd->type != FDT_IPV4 && fd->type != FDT_IPV6))
		return false;
	buf__printf(b, "%u", client ? fd->tuple.cport : fd->tuple.sport);
	return true;
}

/* What a field says of one descriptor; false if nothing. */
static bool add_one(struct buf *b, uint16_t id, int64_t num, const struct eng_fd *fd)
{
	switch (id) {
	case F_fdlist_nums:
		buf__printf(b, "%lld", (long long)num);
		return true;
	case F_fdlist_names:
		buf__puts(b, fd && fd->name && fd->name->len ? fd->name->s : "<NA>");
		return true;
	case F_fdlist_cips:
	case F_fdlist_sips:
		return add_ip(b, fd, id == F_fdlist_cips);
	}
	return add_port(b, fd, id == F_fdlist_cports);
}

bool get_fdlist(const struct eng_fref *ref, const struct eng_ctx *ctx, struct eng_vals *out)
{
	const struct fmt_str *s = NULL;
	struct buf b = { 0 };
	struct cursor c;
	unsigned n;

	if (ctx->ev->type == EV_poll)
		s = fmt_ev__str(ctx->ev, P_poll_fds);
	else if (ctx->ev->type == EV_ppoll)
		s = fmt_ev__str(ctx->ev, P_ppoll_fds);
	if (!s)
		return false;
	c = cursor__of(s->p, s->len);
	for (n = cursor__le16(&c); n; n--) {
		int64_t num = (int64_t)cursor__le64(&c);
		size_t before = b.len;

		cursor__le16(&c);
		if (c.bad)
			break;
		if (before)
			buf__u8(&b, ',');
		if (!add_one(&b, ref->field->id, num, eng_fdtable__get(ctx->proc->fds, num)))
			b.len = before;
	}
	if (b.len)
		return give_buf(out, &b);
	buf__done(&b);
	return false;
}
