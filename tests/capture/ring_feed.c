// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "format/base/alloc.h"
#include "tests/capture/ring_feed.h"

static char dir[64];

int feed__setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/spoor-ring-XXXXXX");
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

static const char *mounted[8];
static unsigned n_mounted;

int feed__teardown(void **state)
{
	(void)state;
	while (n_mounted)
		umount2(mounted[--n_mounted], MNT_DETACH);
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *feed__dir(void)
{
	return dir;
}

const char *feed__folder(const char *name)
{
	static char path[8][128];
	static unsigned k;
	char *p = path[k++ % 8];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	mkdir(p, 0755);
	return p;
}

const char *feed__small(const char *name, const char *options)
{
	const char *in = xstrdup(feed__folder(name));
	bool ro = !strncmp(options, "ro,", 3);

	if (n_mounted == 8 || mount("tmpfs", in, "tmpfs", ro ? MS_RDONLY : 0, options + (ro ? 3 : 0))) {
		print_message("no file system can be mounted: skipped\n");
		return NULL;
	}
	return mounted[n_mounted++] = in;
}

unsigned feed__files(const char *in, const char *suffix)
{
	DIR *d = opendir(in);
	const struct dirent *e;
	unsigned n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		size_t len = strlen(e->d_name), end = strlen(suffix);

		n += e->d_name[0] != '.' && len >= end && !strcmp(e->d_name + len - end, suffix);
	}
	closedir(d);
	return n;
}

void feed__begin(struct feed *f, struct cap_ring *r)
{
	struct fmt_meta meta = { .hostname = "host", .start_ns = FEED_T0, .n_cpus = 2 };
	struct timespec t;

	*f = (struct feed){ .t = cap_ring__target(r), .num = 1, .ts = FEED_T0, .step = 1000000, .seed = 88172645463325252u };
	assert_int_equal(fmt_batch__new(&f->b), 0);
	clock_gettime(CLOCK_MONOTONIC, &t);
	f->t->mono_offset = (int64_t)FEED_T0 - (t.tv_sec * 1000000000ll + t.tv_nsec);
	assert_int_equal(f->t->ops->begin(f->t, &meta, NULL), 0);
	fmt_batch__reset(f->b, 1);
}

void feed__done(struct feed *f)
{
	assert_int_equal(f->t->ops->end(f->t, NULL), 0);
	fmt_batch__free(f->b);
}

static void s(struct fmt_batch *b, unsigned param, const char *v)
{
	fmt_batch__str(b, param, v, (uint32_t)strlen(v), (uint32_t)strlen(v));
}

static void container(struct feed *f, const char *full, const char *name)
{
	char id[13];

	snprintf(id, sizeof(id), "%.12s", full);
	fmt_batch__begin(f->b, EV_state_container, f->ts, 0, 0, 0, 0, 0);
	s(f->b, P_state_container_id, id);
	s(f->b, P_state_container_full_id, full);
	s(f->b, P_state_container_runtime, "docker");
	s(f->b, P_state_container_name, name);
	fmt_batch__end(f->b);
}

static void process(struct feed *f, uint32_t pid, const char *comm, const char *in)
{
	char id[13];

	snprintf(id, sizeof(id), "%.12s", in);
	fmt_batch__begin(f->b, EV_state_thread, f->ts, 0, pid, pid, 0, 0);
	fmt_batch__int(f->b, P_state_thread_ptid, pid == 1 ? 0 : 1);
	fmt_batch__int(f->b, P_state_thread_start, FEED_T0 - 1000000000u);
	s(f->b, P_state_thread_comm, comm);
	s(f->b, P_state_thread_exe, comm);
	s(f->b, P_state_thread_container_id, strcmp(in, "host") ? id : in);
	fmt_batch__end(f->b);
}

void feed__keyframe(struct feed *f)
{
	fmt_batch__reset(f->b, f->num);
	container(f, FEED_CONTAINER, "web");
	container(f, FEED_OTHER, "db");
	process(f, 1, "init", "host");
	process(f, 100, "httpd", FEED_CONTAINER);
	process(f, 200, "postgres", FEED_OTHER);
	assert_int_equal(f->t->ops->batch(f->t, f->b, true, NULL), 0);
	fmt_batch__reset(f->b, f->num);
}

static uint64_t next(struct feed *f)
{
	f->seed ^= f->seed << 13;
	f->seed ^= f->seed >> 7;
	f->seed ^= f->seed << 17;
	return f->seed;
}

void feed__put(struct feed *f)
{
	f->num = f->b->first_num + f->b->n;
	assert_int_equal(f->t->ops->batch(f->t, f->b, false, NULL), 0);
	fmt_batch__reset(f->b, f->num);
}

void feed__events(struct feed *f, uint32_t n, unsigned noise)
{
	static const uint32_t who[] = { 1, 100, 200 };
	char name[4096] = "/data/";

	for (uint32_t k = 0; k < n; k++) {
		uint32_t pid = who[(f->num + f->b->n) % 3];

		for (unsigned i = 0; i < noise; i++)
			name[6 + i] = (char)('!' + next(f) % 90);
		name[6 + noise] = 0;
		fmt_batch__begin(f->b, EV_openat, f->ts, 100, pid, pid, 0, 3);
		fmt_batch__int(f->b, P_openat_dirfd, (uint64_t)-100);
		s(f->b, P_openat_name, name);
		fmt_batch__end(f->b);
		f->ts += f->step;
		if (fmt_batch__full(f->b))
			feed__put(f);
	}
	if (f->b->n)
		feed__put(f);
}

void feed__upto(struct feed *f)
{
	f->t->ops->upto(f->t, f->ts);
}

static void look(struct seen *r, const struct fmt_batch *b)
{
	uint64_t first = b->n ? fmt_batch__ev(b, 0).b->first_num : 0;

	for (uint32_t row = 0; row < b->n; row++) {
		struct fmt_ev ev = fmt_batch__ev(b, row);
		uint32_t pid = fmt_ev__pid(&ev);
		uint64_t n;

		if (fmt_ev__is_context(&ev))
			continue;
		if (ev.type == EV_drop) {
			r->drops++;
			if (fmt_ev__int(&ev, P_drop_n, &n)) {
				r->lost += n;
				r->last_num = fmt_ev__num(&ev) + n - 1;
			}
			continue;
		}
		r->alerts += ev.type == EV_alert;
		r->events++;
		r->of_1 += pid == 1;
		r->of_100 += pid == 100;
		r->of_200 += pid == 200;
		r->t_first = r->t_first ? r->t_first : fmt_ev__ts(&ev);
		r->t_last = fmt_ev__ts(&ev);
	}
	if (first && r->last_num && first > r->last_num + 1)
		r->gap = true;
	if (first && !r->first_num)
		r->first_num = first;
	if (first && b->type[0] != EV_drop)
		r->last_num = first + b->n - 1;
}

struct seen feed__read(struct fmt_source *src)
{
	struct seen r = { 0 };
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct err err = { 0 };

	while ((r.code = fmt_source__next(src, &b, &info, &err)) == 0 || r.code == -FMT_E_TRUNCATED) {
		if (r.code)
			continue;
		r.keyframes += info.keyframe;
		if (!info.keyframe)
			look(&r, b);
	}
	return r;
}

struct seen feed__read_file(const char *path)
{
	struct fmt_source *src;
	struct err err = { 0 };
	struct seen r;

	if (fmt_source__open(&src, path, &err)) {
		fail_msg("%s: %s", path, err.msg);
	}
	r = feed__read(src);
	fmt_source__close(src);
	return r;
}
