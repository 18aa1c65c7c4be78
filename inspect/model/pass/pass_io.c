// SPDX-License-Identifier: Apache-2.0
/*
 * Files and connections: what was opened, read, written, created, removed, renamed; who talked to
 * whom.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "inspect/model/events/evtext.h"
#include "inspect/model/pass/pass_internal.h"

#define F_TRUNC 0x100u		/* group file_flags: O_TRUNC */

/*
 * Calls that change a file by its path: which parameter, and what they do to it. Those of a call
 * stand together.
 */
static const struct path_op {
	uint16_t type;
	uint8_t param;
	uint16_t op;
} path_ops[] = {
	{ EV_unlink, P_unlink_path, FOP_DELETE },
	{ EV_unlinkat, P_unlinkat_name, FOP_DELETE },
	{ EV_uring_unlinkat, P_uring_unlinkat_name, FOP_DELETE },
	{ EV_rmdir, P_rmdir_path, FOP_DELETE | FOP_DIR },
	{ EV_rename, P_rename_oldpath, FOP_RENAME },
	{ EV_rename, P_rename_newpath, FOP_CREATE | FOP_RENAME },
	{ EV_renameat, P_renameat_oldpath, FOP_RENAME },
	{ EV_renameat, P_renameat_newpath, FOP_CREATE | FOP_RENAME },
	{ EV_renameat2, P_renameat2_oldpath, FOP_RENAME },
	{ EV_renameat2, P_renameat2_newpath, FOP_CREATE | FOP_RENAME },
	{ EV_uring_renameat, P_uring_renameat_oldpath, FOP_RENAME },
	{ EV_uring_renameat, P_uring_renameat_newpath, FOP_CREATE | FOP_RENAME },
	{ EV_mkdir, P_mkdir_path, FOP_CREATE | FOP_DIR },
	{ EV_mkdirat, P_mkdirat_path, FOP_CREATE | FOP_DIR },
	{ EV_uring_mkdirat, P_uring_mkdirat_path, FOP_CREATE | FOP_DIR },
	{ EV_link, P_link_newpath, FOP_CREATE },
	{ EV_linkat, P_linkat_newpath, FOP_CREATE },
	{ EV_symlink, P_symlink_linkpath, FOP_CREATE },
	{ EV_symlinkat, P_symlinkat_linkpath, FOP_CREATE },
	{ EV_mknod, P_mknod_path, FOP_CREATE },
	{ EV_mknodat, P_mknodat_path, FOP_CREATE },
	{ EV_truncate, P_truncate_path, FOP_WRITE },
	{ EV_chmod, P_chmod_filename, FOP_ATTR },
	{ EV_fchmodat, P_fchmodat_filename, FOP_ATTR },
	{ EV_fchmodat2, P_fchmodat2_filename, FOP_ATTR },
	{ EV_chown, P_chown_path, FOP_ATTR },
	{ EV_lchown, P_lchown_path, FOP_ATTR },
	{ EV_fchownat, P_fchownat_pathname, FOP_ATTR },
};
#define N_PATH_OPS (sizeof(path_ops) / sizeof(path_ops[0]))

void pass__io_want(struct ins_pass *p)
{
	struct fmt_want *w = &p->want;

	for (size_t i = N_PATH_OPS; i-- > 0;) {
		pass__want_type(w, path_ops[i].type);
		p->path_op[path_ops[i].type] = (uint8_t)(i + 1);
	}
	for (unsigned i = 0; i < FMT_MAX_EVENTS; i++)
		if (fmt_events[i].name && fmt_events[i].flags & EF_OPENS_FD)
			pass__want_type(w, i);
}

/* The first touch of a file by a process under the lens. */
static void first_use(struct ins_pass *p, struct ins_use *u, struct ins_file *f)
{
	struct ins_proc *pr = &p->m->procs[u->proc];

	pr->n_files++;
	if (!f->n_procs++ && f->container != INS_NONE)
		p->m->containers[f->container].n_files++;
}

static void touch_use(struct ins_pass *p, const struct fmt_ev *ev, uint32_t use, uint32_t op,
		      uint64_t rd, uint64_t wr)
{
	struct ins_use *u = &p->m->uses[use];
	struct ins_file *f = &p->m->files[u->file];
	uint64_t ts = fmt_ev__ts(ev), num = fmt_ev__num(ev);

	if (!p->counts)
		return;
	if (!u->n_ops) {
		first_use(p, u, f);
		u->first_ts = ts;
		u->first_num = num;
	}
	if (!f->n_ops) {
		f->first_ts = ts;
		f->first_num = num;
	}
	u->n_ops++;
	f->n_ops++;
	u->ops |= op;
	f->ops |= op;
	u->rd += rd;
	f->rd += rd;
	u->wr += wr;
	f->wr += wr;
	u->last_ts = f->last_ts = ts;
	p->m->procs[u->proc].rd += rd;
	p->m->procs[u->proc].wr += wr;
	if (rd)
		pass__count(p, MET_READ, rd);
	if (wr)
		pass__count(p, MET_WRITTEN, wr);
	if (op & (FOP_CREATE | FOP_DELETE | FOP_RENAME))
		pass__count_own(p, MET_CHANGED, OWN_CHANGED);
	if (op & FOP_FAIL)
		f->n_errors++;
}

void pass__touch(struct ins_pass *p, const struct eng_ctx *ctx, uint32_t file, uint32_t op)
{
	uint32_t use = ins_model__use(p->m, p->proc, file);

	if (use != INS_NONE)
		touch_use(p, ctx->ev, use, op, 0, 0);
}

/* The file that a path parameter names, made absolute by its directory's descriptor or the cwd. */
static uint32_t file_of_param(struct ins_pass *p, const struct eng_ctx *ctx, unsigned param)
{
	p->text.len = 0;
	if (!ins_ctx__path(ctx, param, &p->text))
		return INS_NONE;
	return ins_model__file(p->m, p->m->procs[p->proc].container, (const char *)p->text.p,
			       p->text.len);
}

static void on_path_ops(struct ins_pass *p, const struct eng_ctx *ctx)
{
	int64_t res = fmt_ev__res(ctx->ev);

	if (res < 0 && res != -EACCES && res != -EPERM)
		return;
	for (size_t i = p->path_op[ctx->ev->type] - 1u; i < N_PATH_OPS; i++) {
		uint32_t file, op = path_ops[i].op;

		if (path_ops[i].type != ctx->ev->type)
			break;
		file = file_of_param(p, ctx, path_ops[i].param);
		if (file != INS_NONE)
			pass__touch(p, ctx, file, res < 0 ? FOP_FAIL : op);
	}
}

/* --- descriptors ----------------------------------------------------------------------------- */

static bool is_file(const struct eng_fd *fd)
{
	return (fd->type == FDT_FILE || fd->type == FDT_DIRECTORY || fd->type == FDT_MEMFD) &&
	       fd->name && fd->name->len;
}

static bool is_socket(const struct eng_fd *fd)
{
	if (!fd->name || !fd->name->len)
		return false;
	switch (fd->type) {
	case FDT_IPV4: case FDT_IPV6: case FDT_IPV4_LISTEN: case FDT_IPV6_LISTEN: case FDT_VSOCK:
		return true;
	case FDT_UNIX:
		/* pairs without a path are plumbing */
		return memchr(fd->name->s, '/', fd->name->len) ||
			memchr(fd->name->s, '@', fd->name->len);
	default:
		return false;
	}
}

static uint8_t direction(const struct eng_fd *fd)
{
	if (fd->type == FDT_IPV4_LISTEN || fd->type == FDT_IPV6_LISTEN)
		return CONN_LISTEN;
	return fd->role == FDR_CLIENT ? CONN_OUT : fd->role == FDR_SERVER ? CONN_IN : CONN_OTHER;
}

/* The connection of this process with this name, made like `like` if it is new. */
static uint32_t conn_named(struct ins_pass *p, const struct fmt_ev *ev, const char *text, size_t n,
			   const struct ins_conn *like)
{
	struct ins_model *m = p->m;
	uint32_t name = ins_model__intern(m, text, n), i;
	uint64_t key = (uint64_t)(p->proc + 1) << 32 | name;
	struct ins_conn *c;

	if (!name)
		return INS_NONE;
	i = ins_map__get(&m->by_conn, key);
	if (i != INS_NONE)
		return i;
	if (m->n_conns >= INS_MAX_CONNS) {
		m->left_out++;
		return INS_NONE;
	}
	m->conns = xgrow(m->conns, &m->cap_conns, m->n_conns + 1, sizeof(*c));
	c = &m->conns[m->n_conns];
	*c = *like;
	c->proc = p->proc;
	c->next_of_proc = m->procs[p->proc].conns;
	c->name = name;
	c->peer = c->dir == CONN_LISTEN ? 0 : pass__peer_name(p, &c->tuple, c->dir != CONN_IN);
	c->before = p->keyframe;
	if (!p->keyframe) {
		c->first_ts = c->last_ts = fmt_ev__ts(ev);
		c->first_num = fmt_ev__num(ev);
	}
	m->procs[p->proc].conns = m->n_conns;
	ins_map__put(&m->by_conn, key, m->n_conns);
	return m->n_conns++;
}

static uint32_t conn_of(struct ins_pass *p, const struct fmt_ev *ev, const struct eng_fd *fd)
{
	struct ins_conn like = { .dir = direction(fd), .fd_type = fd->type, .tuple = fd->tuple };

	return conn_named(p, ev, fd->name->s, fd->name->len, &like);
}

static struct fd_hit *hit_of(struct ins_pass *p, const struct fmt_ev *ev, const struct eng_fd *fd)
{
	struct fd_hit *hit;

	if (fd->slot >= p->n_fd_hits) {
		size_t was = p->n_fd_hits;

		p->fd_hits = xgrow(p->fd_hits, &p->n_fd_hits, fd->slot + 1, sizeof(*p->fd_hits));
		memset(p->fd_hits + was, 0, (p->n_fd_hits - was) * sizeof(*p->fd_hits));
	}
	hit = &p->fd_hits[fd->slot];
	if (hit->epoch == fd->epoch && hit->proc == p->proc)
		return hit;
	*hit = (struct fd_hit){ fd->epoch, p->proc, INS_NONE, INS_NONE };
	if (is_file(fd)) {
		uint32_t file = ins_model__file(p->m, p->m->procs[p->proc].container, fd->name->s,
						fd->name->len);

		hit->use = ins_model__use(p->m, p->proc, file);
	} else if (is_socket(fd)) {
		hit->conn = conn_of(p, ev, fd);
	}
	return hit;
}

static void touch_conn(struct ins_pass *p, const struct eng_ctx *ctx, uint32_t conn, uint64_t in,
		       uint64_t out)
{
	struct ins_conn *c = &p->m->conns[conn];
	struct ins_proc *pr = &p->m->procs[p->proc];

	if (c->dir == CONN_OTHER && ctx->fd)
		c->dir = direction(ctx->fd);
	if (!p->counts)
		return;
	if (!c->n_events) {
		pr->n_conns++;
		if (pr->container != INS_NONE)
			p->m->containers[pr->container].n_conns++;
		if (c->dir == CONN_OUT)
			pass__count(p, MET_CONNECTS, 1);
		else if (c->dir == CONN_IN)
			pass__count(p, MET_ACCEPTS, 1);
	}
	if (!c->first_num) {
		c->first_num = fmt_ev__num(ctx->ev);
		c->first_ts = fmt_ev__ts(ctx->ev);
	}
	c->n_events++;
	c->in += in;
	c->out += out;
	c->last_ts = fmt_ev__ts(ctx->ev);
	pr->in += in;
	pr->out += out;
	if (in)
		pass__count(p, MET_IN, in);
	if (out)
		pass__count(p, MET_OUT, out);
}

/* Which of a file's bits an opening sets. */
static uint32_t open_ops(const struct eng_fd *fd)
{
	uint32_t op = fd->type == FDT_DIRECTORY ? FOP_DIR : 0;

	if (fd->flags & FDF_CREATED || fd->type == FDT_MEMFD)
		op |= FOP_CREATE;
	if (fd->flags & F_TRUNC && fd->flags & FDF_WRONLY)
		op |= FOP_WRITE;
	return op;
}

static void on_fd(struct ins_pass *p, const struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	uint32_t flags = ev->info->flags;
	int64_t res = fmt_ev__res(ev);
	uint64_t rd = flags & EF_READS && res > 0 ? (uint64_t)res : 0;
	uint64_t wr = flags & EF_WRITES && res > 0 ? (uint64_t)res : 0;
	struct fd_hit *hit = hit_of(p, ev, ctx->fd);

	if (hit->use != INS_NONE) {
		uint32_t op = (rd ? FOP_READ : 0) | (wr ? FOP_WRITE : 0);

		if (flags & EF_OPENS_FD && !(flags & EF_USES_FD && ev->info->category != CAT_FILE))
			op |= open_ops(ctx->fd);
		else if (!op)
			return;
		touch_use(p, ev, hit->use, op, rd, wr);
	} else if (hit->conn != INS_NONE) {
		touch_conn(p, ctx, hit->conn, rd, wr);
		if (flags & EF_CLOSES_FD)
			p->m->conns[hit->conn].closed = fmt_ev__ts(ev);
	}
}

/* Calls that copy from one descriptor to another inside the kernel: where both are found. */
static const struct { uint16_t type; uint8_t from, to; } copies[] = {
	{ EV_sendfile, P_sendfile_in_fd, P_sendfile_out_fd },
	{ EV_splice, P_splice_fd_in, P_splice_fd_out },
	{ EV_copy_file_range, P_copy_file_range_fdin, P_copy_file_range_fdout },
};

static void on_copy_end(struct ins_pass *p, const struct eng_ctx *ctx, unsigned param, uint64_t rd,
			uint64_t wr)
{
	struct eng_fd *fd;
	struct fd_hit *hit;
	uint64_t num;

	if (!fmt_ev__int(ctx->ev, param, &num))
		return;
	fd = eng_fdtable__get(ctx->proc->fds, (int64_t)num);
	if (!fd)
		return;
	hit = hit_of(p, ctx->ev, fd);
	if (hit->use != INS_NONE)
		touch_use(p, ctx->ev, hit->use, rd ? FOP_READ : FOP_WRITE, rd, wr);
	else if (hit->conn != INS_NONE)
		touch_conn(p, ctx, hit->conn, rd, wr);
}

/* False: it is no such call. */
static bool on_copy(struct ins_pass *p, const struct eng_ctx *ctx)
{
	int64_t res = fmt_ev__res(ctx->ev);

	for (size_t i = 0; i < sizeof(copies) / sizeof(*copies); i++) {
		if (copies[i].type != ctx->ev->type)
			continue;
		if (res > 0) {
			on_copy_end(p, ctx, copies[i].from, (uint64_t)res, 0);
			on_copy_end(p, ctx, copies[i].to, 0, (uint64_t)res);
		}
		return true;
	}
	return false;
}

/*
 * An opening that was forbidden is worth seeing; one of a file that does not exist is not: programs
 * look everywhere.
 */
static void on_failed_open(struct ins_pass *p, const struct eng_ctx *ctx)
{
	int64_t res = fmt_ev__res(ctx->ev);
	int param = fmt_event__param(ctx->ev->info, "name");
	uint32_t file;

	if (param < 0 || res == -ENOENT || res == -ENOTDIR)
		return;
	file = file_of_param(p, ctx, (unsigned)param);
	if (file != INS_NONE)
		pass__touch(p, ctx, file, FOP_FAIL);
}

static void on_refused(struct ins_pass *p, const struct eng_ctx *ctx)
{
	struct ins_conn like = { .dir = CONN_OUT, .failed = true,
				 .error = (int32_t)-(uint64_t)fmt_ev__res(ctx->ev) };
	uint32_t conn;

	p->text.len = 0;
	if (!ins_ctx__refused_peer(ctx, &like.tuple, &p->text))
		return;
	like.fd_type = like.tuple.family == AF_INET ? FDT_IPV4 :
		       like.tuple.family == AF_INET6 ? FDT_IPV6 : FDT_UNIX;
	conn = conn_named(p, ctx->ev, (char *)p->text.p, p->text.len, &like);
	if (conn != INS_NONE)
		touch_conn(p, ctx, conn, 0, 0);
}

/* A socket that was there when the recording began. */
static void on_keyframe_fd(struct ins_pass *p, const struct eng_ctx *ctx)
{
	uint64_t num;
	struct eng_fd *fd;

	if (p->begun || !fmt_ev__int(ctx->ev, P_state_fd_fd, &num))
		return;
	fd = eng_fdtable__get(ctx->proc->fds, (int64_t)num);
	if (fd && is_socket(fd))
		conn_of(p, ctx->ev, fd);
}

void pass__io_event(struct ins_pass *p, const struct eng_ctx *ctx)
{
	const struct fmt_ev *ev = ctx->ev;
	uint32_t flags = ev->info->flags;

	if (flags & EF_KEYFRAME) {
		if (ev->type == EV_state_fd)
			on_keyframe_fd(p, ctx);
		return;
	}
	if (flags & EF_OPENS_FD && fmt_ev__res(ev) < 0 && ev->info->category == CAT_FILE)
		on_failed_open(p, ctx);
	else if ((ev->type == EV_connect || ev->type == EV_uring_connect) && fmt_ev__res(ev) < 0)
		on_refused(p, ctx);
	else if (ctx->fd && flags & (EF_OPENS_FD | EF_USES_FD) && !on_copy(p, ctx))
		on_fd(p, ctx);
	if (p->path_op[ev->type])
		on_path_ops(p, ctx);
}
