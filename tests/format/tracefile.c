// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "format/base/alloc.h"
#include "tests/format/rows.h"
#include "tests/format/tracefile.h"

static char folder[128];
static struct arena paths;

int tracefile__setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	snprintf(folder, sizeof(folder), "%s/spoor-test-XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(folder) ? 0 : -1;
}

int tracefile__teardown(void **state)
{
	char *cmd = xasprintf("rm -rf '%s'", folder);
	int r = system(cmd);

	(void)state;
	free(cmd);
	arena__done(&paths);
	return r;
}

const char *tracefile__path(const char *name)
{
	char *s = xasprintf("%s/%s", folder, name);
	char *kept = arena__strndup(&paths, s, strlen(s));

	free(s);
	return kept;
}

void tracefile__meta(struct fmt_meta *m)
{
	*m = (struct fmt_meta){ .uuid = TRACE_UUID, .hostname = "host", .kernel = "6.1.0", .arch = "x86_64",
				.tool = "test", .n_cpus = 2, .snaplen = 80, .start_ns = TRACE_CREATED };
}

struct fmt_writer *tracefile__writer(const char *path)
{
	struct fmt_writer_opts o = { .sz = sizeof(o), .created_ns = TRACE_CREATED };
	struct fmt_writer *w;
	struct fmt_meta m;
	struct err err = { 0 };

	tracefile__meta(&m);
	if (fmt_writer__open(&w, path, true, &m, &o, &err) < 0)
		fail_msg("%s: %s", path, err.msg);
	return w;
}

/* The state of two processes, as a keyframe would have it. */
static void put_keyframe(struct fmt_writer *w, struct fmt_batch *b, uint64_t ts)
{
	fmt_batch__reset(b, 0);
	for (uint32_t k = 0; k < 2; k++) {
		fmt_batch__begin(b, EV_state_thread, ts, 0, 1000 + k, 1000 + k, 0, 0);
		fmt_batch__int(b, P_state_thread_ptid, 1);
		fmt_batch__str(b, P_state_thread_comm, "bash", 4, 4);
		fmt_batch__end(b);
	}
	assert_int_equal(fmt_writer__batch(w, b, true, NULL), 0);
}

void tracefile__make(const char *path, unsigned segments, unsigned chunks, uint32_t n)
{
	struct fmt_writer *w = tracefile__writer(path);
	struct fmt_batch *b;
	uint64_t num = 1;

	fmt_batch__new(&b);
	for (unsigned s = 0; s < segments; s++) {
		put_keyframe(w, b, TRACE_CREATED + s * (uint64_t)chunks * 1000000);
		for (unsigned c = 0; c < chunks; c++) {
			fmt_batch__reset(b, num);
			rows__plausible(b, s * chunks + c, n);
			fmt_writer__note_container(w, c & 1 ? "aabbccddeeff" : "001122334455");
			assert_int_equal(fmt_writer__batch(w, b, false, NULL), 0);
			num += b->n;
		}
	}
	assert_int_equal(fmt_writer__close(w, NULL), 0);
	fmt_batch__free(b);
}

uint8_t *tracefile__bytes(const char *path, size_t *n)
{
	FILE *f = fopen(path, "re");
	uint8_t *p;
	long size;

	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	p = xmalloc((size_t)size);
	assert_int_equal(fread(p, 1, (size_t)size, f), size);
	fclose(f);
	*n = (size_t)size;
	return p;
}

void tracefile__write(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(p, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void count(struct read_all *r, const struct fmt_batch *b, const struct fmt_batch_info *info)
{
	rows__walk(b);
	r->batches++;
	if (info->keyframe) {
		r->keyframe_rows += b->n;
		return;
	}
	if (b->n && !r->events)
		r->first_num = b->first_num;
	if (b->n)
		r->last_num = b->first_num + b->n - 1;
	r->events += b->n;
}

struct read_all tracefile__read(const char *path)
{
	struct read_all r = { 0 };
	struct fmt_source *s;

	r.open_code = fmt_source__open(&s, path, &r.first);
	if (r.open_code < 0)
		return r;
	for (;;) {
		struct fmt_batch_info info;
		const struct fmt_batch *b;
		struct err err = { 0 };
		int code = fmt_source__next(s, &b, &info, &err);

		if (code == 1)
			break;
		if (code == 0) {
			count(&r, b, &info);
			continue;
		}
		if (!r.errors++)
			r.first = err;
		r.corrupt += code == -FMT_E_CORRUPT;
		r.truncated += code == -FMT_E_TRUNCATED;
		r.other_error = r.other_error || (code != -FMT_E_CORRUPT && code != -FMT_E_TRUNCATED);
		assert_true(err.code == code && err.msg[0] && err.file[0]);
		if (r.errors > 1000)
			fail_msg("%s: errors without end", path);
	}
	fmt_source__close(s);
	return r;
}
