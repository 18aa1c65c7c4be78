// SPDX-License-Identifier: Apache-2.0
/*
 * Golden files: the minimal trace of TRACE-FORMAT.md, defects made in it, and traces of past versions. Each
 * defect has a file NAME.error with what reading it says, then what verify says. SPOOR_BLESS=1 rewrites.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "format/base/alloc.h"
#include "format/base/log.h"
#include "tests/format/golden.h"
#include "tests/format/rows.h"
#include "tests/format/tracefile.h"

static char *src;			/* the source tree; tests change the folder they are in */

static char *golden_path(const char *name, const char *ext)
{
	return xasprintf("%s/tests/format/golden/%s.%s", src, name, ext);
}

static bool bless(void)
{
	return getenv("SPOOR_BLESS") != NULL;
}

/* The file must hold exactly these bytes. */
static void expect_file(const char *path, const uint8_t *p, size_t n)
{
	uint8_t *have;
	size_t m;

	if (bless()) {
		tracefile__write(path, p, n);
		return;
	}
	if (access(path, R_OK))
		fail_msg("%s is missing: 'make bless T=tests/format/test_trace_golden' makes it", path);
	have = tracefile__bytes(path, &m);
	if (n != m || memcmp(have, p, n))
		fail_msg("%s differs (%zu bytes, now %zu): if that is right, 'make bless T=tests/format/test_trace_golden'",
			 path, m, n);
	free(have);
}

/* A copy in the test's folder, last written long ago, named without a folder: messages name it. */
static void put_copy(const char *name, const struct buf *f)
{
	struct timespec old[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };

	assert_int_equal(chdir(tracefile__path("")), 0);
	tracefile__write(name, f->p, f->len);
	assert_int_equal(utimensat(AT_FDCWD, name, old, 0), 0);
}

static void say(struct buf *out, const char *who, const struct err *err)
{
	buf__printf(out, "%s: %s %s", who, err__text(err->code), err->msg);
	if (err->has_offset)
		buf__printf(out, " (at byte %llu)", (unsigned long long)err->offset);
	buf__puts(out, "\n");
}

static void read_and_say(const char *name, struct buf *out)
{
	uint64_t events = 0, keyframes = 0;
	struct fmt_source *s;
	struct err err = { 0 };

	if (fmt_source__open(&s, name, &err)) {
		say(out, "open", &err);
		return;
	}
	for (;;) {
		struct fmt_batch_info info;
		const struct fmt_batch *b;
		int r;

		err = (struct err){ 0 };
		r = fmt_source__next(s, &b, &info, &err);
		if (r == 1)
			break;
		if (r < 0) {
			say(out, "read", &err);
			continue;
		}
		rows__walk(b);
		events += info.keyframe ? 0 : b->n;
		keyframes += info.keyframe;
	}
	buf__printf(out, "read: %llu events, %llu keyframes\n", (unsigned long long)events,
		    (unsigned long long)keyframes);
	fmt_source__close(s);
}

static void verify_and_say(const char *name, struct buf *out)
{
	struct err err = { 0 };
	struct fmt_verified seen;

	if (fmt_trace__verify(name, &seen, &err))
		say(out, "verify", &err);
	else
		buf__printf(out, "verify: %llu chunks fit\n", (unsigned long long)seen.chunks);
}

/* */
static void defects(void **state)
{
	(void)state;
	for (const struct golden_defect *d = golden_defects; d->name; d++) {
		char *file = golden_path(d->name, "spoor"), *error = golden_path(d->name, "error");
		char *name = xasprintf("%s.spoor", d->name);
		struct buf f = { 0 }, text = { 0 };

		golden__minimal(&f);
		d->make(&f);
		expect_file(file, f.p, f.len);
		put_copy(name, &f);
		read_and_say(name, &text);
		verify_and_say(name, &text);
		expect_file(error, text.p, text.len);
		assert_true(memmem(text.p, text.len, "verify: damaged", 15) || memmem(text.p, text.len, "open: ", 6) ||
			    memmem(text.p, text.len, "verify: ends too early", 22) ||
			    memmem(text.p, text.len, "verify: 5 chunks fit", 20));
		buf__done(&f);
		buf__done(&text);
		free(file);
		free(error);
		free(name);
	}
}

/* For tests of the tools. */
static void hostile_names(void **state)
{
	char *file = golden_path("hostile_names", "spoor");
	struct buf f = { 0 };

	(void)state;
	golden__hostile(&f);
	expect_file(file, f.p, f.len);
	buf__done(&f);
	free(file);
}

static void minimal(void **state)
{
	char *file = golden_path("minimal", "spoor");
	struct buf f = { 0 }, text = { 0 };

	(void)state;
	golden__minimal(&f);
	expect_file(file, f.p, f.len);
	put_copy("minimal.spoor", &f);
	read_and_say("minimal.spoor", &text);
	verify_and_say("minimal.spoor", &text);
	buf__u8(&text, 0);
	assert_string_equal((char *)text.p, "read: 3 events, 1 keyframes\nverify: 5 chunks fit\n");
	buf__done(&f);
	buf__done(&text);
	free(file);
}

/*
 * A trace as version 1.0 compressed it. It is made once, and is only read: what it holds must come out of it
 * for as long as there are readers.
 */
static void version_1_0(void **state)
{
	char *file = golden_path("version_1_0", "spoor");
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct fmt_source *s;
	struct fmt_batch *want;
	unsigned seen = 0;
	struct err err = { 0 };

	(void)state;
	if (bless() && access(file, F_OK))
		tracefile__make(file, 2, 2, 150);
	if (fmt_source__open(&s, file, &err))
		fail_msg("%s", err.msg);
	fmt_batch__new(&want);
	while (fmt_source__next(s, &b, &info, &err) == 0) {
		if (info.keyframe) {
			assert_int_equal(b->n, 2);
			continue;
		}
		fmt_batch__reset(want, 1 + seen * 150);
		rows__plausible(want, seen++, 150);
		rows__assert_all_equal(want, b);
	}
	assert_int_equal(err.code, 0);
	assert_int_equal(seen, 4);
	fmt_batch__free(want);
	fmt_source__close(s);
	free(file);
}

/*
 * A line of the dump in the specification: four spaces, offset, two spaces, up to 16 bytes in hex, a bar. Returns
 * the number of bytes, 0 if it is no such line; *at: where the first byte's digits are.
 */
static unsigned dump_line(const char *line, unsigned long *offset, size_t *at)
{
	unsigned n = 0, byte;
	int len = 0;

	if (sscanf(line, "    %4lx  %n", offset, &len) != 1 || len != 10)
		return 0;
	*at = (size_t)len;
	while (n < 16 && sscanf(line + *at + 3 * n, "%2x%n", &byte, &len) == 1 && len == 2 && line[*at + 3 * n] != ' ')
		n++;
	return n;
}

/* The dump in the specification is the minimal trace. To bless rewrites the bytes and leaves the words. */
static void dump_in_spec(void **state)
{
	char *path = xasprintf("%s/format/TRACE-FORMAT.md", src);
	struct buf f = { 0 }, out = { 0 };
	FILE *spec = fopen(path, "re");
	char line[512], hex[3];
	size_t done = 0, at;
	bool in = false;

	(void)state;
	golden__minimal(&f);
	if (!spec)
		fail_msg("%s is missing", path);
	while (fgets(line, sizeof(line), spec)) {
		unsigned long offset;
		unsigned n;

		in = (in || !strncmp(line, "<!-- minimal -->", 16)) && strncmp(line, "<!-- end of minimal", 19);
		n = in ? dump_line(line, &offset, &at) : 0;
		if (n && offset != done)
			fail_msg("TRACE-FORMAT.md: the dump goes on at %lx, not %zx", offset, done);
		for (unsigned k = 0; k < n; k++, done++) {
			snprintf(hex, sizeof(hex), "%02x", done < f.len ? f.p[done] : 0);
			if (done >= f.len || (!bless() && memcmp(line + at + 3 * k, hex, 2)))
				fail_msg("TRACE-FORMAT.md: byte %zx of the dump is %.2s, of the trace %s", done,
					 line + at + 3 * k, hex);
			memcpy(line + at + 3 * k, hex, 2);
		}
		buf__puts(&out, line);
	}
	assert_int_equal(done, f.len);
	fclose(spec);
	if (bless())
		tracefile__write(path, out.p, out.len);
	buf__done(&f);
	buf__done(&out);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(minimal), cmocka_unit_test(hostile_names), cmocka_unit_test(defects), cmocka_unit_test(version_1_0),
		cmocka_unit_test(dump_in_spec),
	};

	int failed;

	log__set_level(LOG_ERROR_);
	src = realpath(getenv("SPOOR_SRC") ? getenv("SPOOR_SRC") : ".", NULL);
	failed = cmocka_run_group_tests(tests, tracefile__setup, tracefile__teardown);
	free(src);
	return failed;
}
