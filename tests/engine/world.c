// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdlib.h>
#include <arpa/inet.h>

#include <cmocka.h>

#include "tests/engine/world.h"

struct world *world__new(void)
{
	struct world *w = xcalloc(1, sizeof(*w));

	assert_int_equal(eng_state__new(&w->st), 0);
	assert_int_equal(fmt_batch__new(&w->b), 0);
	w->ts = T0;
	return w;
}

void world__free(struct world *w)
{
	leave(w);
	fmt_batch__free(w->b);
	eng_state__free(w->st);
	arena__done(&w->mem);
	free(w);
}

void leave(struct world *w)
{
	if (!w->entered)
		return;
	eng_state__leave(w->st, &w->ctx);
	w->entered = false;
	if (w->after)
		w->after(w);
}

void ev(struct world *w, uint16_t type, int64_t tid, int64_t pid, int64_t res)
{
	leave(w);
	if (fmt_batch__full(w->b))
		fmt_batch__reset(w->b, w->b->first_num + w->b->n);
	assert_true(fmt_batch__begin(w->b, type, w->ts, 0, (uint32_t)tid, (uint32_t)pid, 1, res) >=
		    0);
	w->ts += 1000000;
}

void go(struct world *w)
{
	fmt_batch__end(w->b);
	w->row = fmt_batch__ev(w->b, w->b->n - 1);
	eng_state__enter(w->st, &w->row, &w->ctx);
	w->entered = true;
}

void task_new(struct world *w, int64_t creator, int64_t creator_pid, int64_t tid, int64_t pid,
	      uint32_t flags, const char *comm)
{
	ev(w, EV_task_new, creator, creator_pid, 0);
	i(w, P_task_new_tid, tid);
	i(w, P_task_new_pid, pid);
	i(w, P_task_new_ptid, creator);
	i(w, P_task_new_flags, flags);
	s(w, P_task_new_comm, comm);
	i(w, P_task_new_vtid, tid);
	i(w, P_task_new_vpid, pid);
	i(w, P_task_new_start, (int64_t)w->ts);
	go(w);
}

void exec_as(struct world *w, int64_t pid, const char *comm, const char *path, const char *args,
	     uint32_t n_args)
{
	ev(w, EV_execve, pid, pid, 0);
	s(w, P_execve_exe, comm);
	fmt_batch__str(w->b, P_execve_args, args, n_args, n_args);
	s(w, P_execve_comm, comm);
	s(w, P_execve_trusted_exepath, path);
	i(w, P_execve_uid, 0);
	i(w, P_execve_gid, 0);
	go(w);
}

void open_file(struct world *w, int64_t tid, int64_t pid, const char *path, int64_t fd,
	       uint32_t flags)
{
	ev(w, EV_openat, tid, pid, fd);
	i(w, P_openat_dirfd, -100);
	s(w, P_openat_name, path);
	i(w, P_openat_flags, flags);
	if (fd >= 0 && path[0] == '/')
		s(w, P_openat_path, path);
	go(w);
}

void exit_thread(struct world *w, int64_t tid, int64_t pid, int64_t reaper)
{
	ev(w, EV_procexit, tid, pid, 0);
	i(w, P_procexit_status, 0);
	i(w, P_procexit_reaper_tid, reaper);
	go(w);
	leave(w);
}

static void add_end(struct buf *b, const char *ip, uint16_t port)
{
	int family = strchr(ip, ':') ? AF_INET6 : AF_INET;
	uint8_t a[16];

	assert_int_equal(inet_pton(family, ip, a), 1);
	buf__add(b, a, family == AF_INET ? 4 : 16);
	buf__le16(b, port);
}

static void give(struct world *w, unsigned param, struct buf *b)
{
	fmt_batch__str(w->b, param, (char *)b->p, (uint32_t)b->len, (uint32_t)b->len);
	buf__done(b);
}

void addr(struct world *w, unsigned param, const char *ip, uint16_t port)
{
	struct buf b = { 0 };

	buf__u8(&b, strchr(ip, ':') ? 10 : 2);
	add_end(&b, ip, port);
	give(w, param, &b);
}

void tuple(struct world *w, unsigned param, const char *src, uint16_t src_port, const char *dst,
	   uint16_t dst_port)
{
	struct buf b = { 0 };

	buf__u8(&b, strchr(src, ':') ? 10 : 2);
	add_end(&b, src, src_port);
	add_end(&b, dst, dst_port);
	give(w, param, &b);
}

void unix_tuple(struct world *w, unsigned param, uint64_t src, uint64_t dst, const char *path)
{
	struct buf b = { 0 };

	buf__u8(&b, 1);
	buf__le64(&b, src);
	buf__le64(&b, dst);
	buf__add(&b, path, strlen(path) + 1);
	give(w, param, &b);
}

static bool extract(struct world *w, const char *field, bool for_filter, struct eng_fref *ref,
		    struct eng_vals *v)
{
	struct err err = { 0 };

	if (eng_field__resolve(field, strlen(field), &w->mem, ref, &err) < 0)
		fail_msg("%s: %s", field, err.msg);
	*v = (struct eng_vals){ .scratch = &w->mem };
	return eng_field__get(ref, &w->ctx, for_filter, v);
}

static const char *keep(struct world *w, struct buf *b)
{
	const char *s = arena__strndup(&w->mem, (char *)b->p, b->len);

	buf__done(b);
	return s;
}

static const char *value(struct world *w, const char *field, bool for_filter)
{
	struct buf b = { 0 };
	struct eng_fref ref;
	struct eng_vals v;

	if (!extract(w, field, for_filter, &ref, &v))
		return NULL;
	eng_val__text(&ref, &v, &b);
	return keep(w, &b);
}

const char *get(struct world *w, const char *field)
{
	return value(w, field, false);
}

const char *get_list(struct world *w, const char *field)
{
	return value(w, field, true);
}

const char *get_json(struct world *w, const char *field)
{
	struct buf b = { 0 };
	struct eng_fref ref;
	struct eng_vals v;

	extract(w, field, false, &ref, &v);
	eng_val__json(&ref, &v, &b);
	return keep(w, &b);
}

char *dump(struct eng_state *st)
{
	struct buf b = { 0 };

	eng_state__dump(st, &b);
	return (char *)b.p;
}

struct loader {
	struct eng_state *to;
};

static void apply_all(struct eng_state *st, const struct fmt_batch *b)
{
	struct eng_ctx ctx;

	for (uint32_t k = 0; k < b->n; k++) {
		struct fmt_ev row = fmt_batch__ev(b, k);

		eng_state__enter(st, &row, &ctx);
		eng_state__leave(st, &ctx);
	}
}

static int next_batch(void *arg, struct fmt_batch **b)
{
	struct loader *l = arg;

	apply_all(l->to, *b);
	fmt_batch__reset(*b, 1);
	return 0;
}

struct eng_state *copy_of(struct eng_state *st, uint64_t ts)
{
	struct fmt_batch *b;
	struct loader l;

	assert_int_equal(eng_state__new(&l.to), 0);
	assert_int_equal(fmt_batch__new(&b), 0);
	assert_int_equal(eng_state__save(st, ts, b, next_batch, &l), 0);
	apply_all(l.to, b);
	fmt_batch__free(b);
	return l.to;
}
