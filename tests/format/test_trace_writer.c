// SPDX-License-Identifier: Apache-2.0
/* Writing that fails: full disk, closed pipe, what is there already. What was written before can be read. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/format/rows.h"
#include "tests/format/tracefile.h"

/* Write chunks of n events until one fails; the number of events that were written. */
static uint64_t write_until_failure(struct fmt_writer *w, uint32_t n, struct err *err)
{
	struct fmt_batch *b;
	uint64_t num = 1;

	fmt_batch__new(&b);
	for (int k = -1; k < 1000 && fmt_writer__batch(w, b, k < 0, err) == 0; k++) {
		num += b->n;
		fmt_batch__reset(b, num);
		rows__plausible(b, (uint64_t)k + 1, n);
	}
	fmt_batch__free(b);
	return num - 1;
}

/* The size limit of this process plays the full disk. */
static void full_disk(void **state)
{
	const char *path = tracefile__path("full.spoor");
	struct rlimit was, small = { 100000, RLIM_INFINITY };
	struct fmt_writer *w = tracefile__writer(path);
	struct err err = { 0 }, again = { 0 }, closing = { 0 };
	struct fmt_batch *b;
	struct read_all r;
	uint64_t events;
	struct stat st;
	char want[64];

	(void)state;
	getrlimit(RLIMIT_FSIZE, &was);
	small.rlim_max = was.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	events = write_until_failure(w, 500, &err);
	assert_int_equal(err.code, -EFBIG);
	assert_string_equal(err.file, path);
	snprintf(want, sizeof(want), "the %llu events (", (unsigned long long)events);
	assert_non_null(strstr(err.msg, want));
	assert_non_null(strstr(err.msg, "written before are whole and can be read"));
	/* every further call says the same */
	fmt_batch__new(&b);
	rows__plausible(b, 1, 1);
	assert_int_equal(fmt_writer__batch(w, b, false, &again), -EFBIG);
	assert_string_equal(again.msg, err.msg);
	assert_int_equal(fmt_writer__close(w, &closing), -EFBIG);
	assert_string_equal(closing.msg, err.msg);
	setrlimit(RLIMIT_FSIZE, &was);
	/* the file ends with the last whole chunk */
	r = tracefile__read(path);
	assert_int_equal(r.events, events);
	assert_int_equal(r.truncated, 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(r.first.offset, st.st_size);
	fmt_batch__free(b);
}

/* /dev/full says at the first write what a full disk says. */
static void no_space(void **state)
{
	struct fmt_meta m;
	struct fmt_writer *w;
	struct err err = { 0 };

	(void)state;
	tracefile__meta(&m);
	if (access("/dev/full", W_OK)) {
		print_message("no /dev/full here\n");
		skip();
	}
	assert_int_equal(fmt_writer__open(&w, "/dev/full", true, &m, NULL, &err), -ENOSPC);
	assert_non_null(strstr(err.msg, "No space left on device"));
	assert_string_equal(err.file, "/dev/full");
}

static void closed_pipe(void **state)
{
	struct fmt_meta m;
	struct fmt_writer *w;
	struct err err = { 0 };
	int p[2];

	(void)state;
	tracefile__meta(&m);
	signal(SIGPIPE, SIG_DFL);	/* it would end the process, were it not for the writer */
	assert_int_equal(pipe(p), 0);
	fcntl(p[1], F_SETPIPE_SZ, 1 << 20);
	assert_int_equal(fmt_writer__open_fd(&w, p[1], "pipe", &m, NULL, &err), 0);
	close(p[0]);
	write_until_failure(w, 100, &err);
	assert_int_equal(err.code, -EPIPE);
	assert_int_equal(fmt_writer__close(w, NULL), -EPIPE);
}

static void through_a_pipe(void **state)
{
	const char *path = tracefile__path("piped.spoor");
	struct fmt_writer *w;
	struct fmt_meta m;
	struct read_all r;
	int p[2], status;
	pid_t child;

	(void)state;
	tracefile__meta(&m);
	assert_int_equal(pipe(p), 0);
	child = fork();
	if (!child) {
		char buf[999];
		ssize_t n;
		int fd = open(path, O_WRONLY | O_CREAT, 0600);

		close(p[1]);
		while ((n = read(p[0], buf, sizeof(buf))) > 0)
			if (write(fd, buf, (size_t)n) != n)
				_exit(1);
		_exit(0);
	}
	close(p[0]);
	assert_int_equal(fmt_writer__open_fd(&w, p[1], "pipe", &m, NULL, NULL), 0);
	assert_int_equal(write_until_failure(w, 100, NULL), 100000);
	assert_int_equal(fmt_writer__close(w, NULL), 0);
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	r = tracefile__read(path);
	assert_int_equal(r.errors, 0);
	assert_int_equal(r.events, 100000);
}

static void what_is_there(void **state)
{
	const char *path = tracefile__path("there"), *dir = tracefile__path("");
	struct fmt_writer *w;
	struct fmt_meta m;
	struct err err = { 0 };
	struct stat st;

	(void)state;
	tracefile__meta(&m);
	tracefile__write(path, "precious", 8);
	assert_int_equal(fmt_writer__open(&w, path, false, &m, NULL, &err), -EEXIST);
	assert_string_equal(err.msg, "the file exists; '--force' replaces it");
	assert_string_equal(err.file, path);
	stat(path, &st);
	assert_int_equal(st.st_size, 8);
	err.code = 0;
	assert_int_equal(fmt_writer__open(&w, dir, true, &m, NULL, &err), -EISDIR);
	err.code = 0;
	assert_int_equal(fmt_writer__open(&w, tracefile__path("no/such/dir"), true, &m, NULL, &err), -ENOENT);
	/* an empty file may be written to, a full one with force */
	tracefile__write(path, "", 0);
	assert_int_equal(fmt_writer__open(&w, path, false, &m, NULL, NULL), 0);
	assert_int_equal(fmt_writer__close(w, NULL), 0);
	assert_int_equal(fmt_writer__open(&w, path, true, &m, NULL, NULL), 0);
	assert_int_equal(fmt_writer__close(w, NULL), 0);
	/* others need not read what was recorded */
	unlink(path);
	umask(0);
	assert_int_equal(fmt_writer__open(&w, path, false, &m, NULL, NULL), 0);
	assert_int_equal(fmt_writer__close(w, NULL), 0);
	stat(path, &st);
	assert_int_equal(st.st_mode & 0777, 0640);
}

/* */
static void misuse(void **state)
{
	const char *path = tracefile__path("misuse.spoor");
	struct fmt_writer *w = tracefile__writer(path);
	struct fmt_meta m;
	struct err err = { 0 };
	struct fmt_batch *b;

	(void)state;
	fmt_batch__new(&b);
	rows__plausible(b, 1, 10);
	assert_int_equal(fmt_writer__batch(w, b, false, &err), -EINVAL);	/* no keyframe yet */
	assert_int_equal(fmt_writer__close(w, NULL), 0);
	assert_int_equal(fmt_writer__close(NULL, NULL), 0);
	tracefile__meta(&m);
	strcpy(m.uuid, "not-a-uuid");
	err.code = 0;
	assert_int_equal(fmt_writer__open(&w, path, true, &m, NULL, &err), -FMT_E_VALUE);
	fmt_batch__free(b);
}

/* fsync of every chunk changes nothing but when it is on disk. */
static void synced(void **state)
{
	const char *path = tracefile__path("synced.spoor");
	struct fmt_writer_opts o = { .sz = sizeof(o), .fsync = FSYNC_CHUNK, .no_payload = true, .level = 1 };
	struct fmt_writer *w;
	struct fmt_meta m;
	struct fmt_batch *b;
	struct read_all r;

	(void)state;
	tracefile__meta(&m);
	fmt_batch__new(&b);
	assert_int_equal(fmt_writer__open(&w, path, true, &m, &o, NULL), 0);
	assert_int_equal(fmt_writer__batch(w, b, true, NULL), 0);
	rows__plausible(b, 1, 100);
	assert_int_equal(fmt_writer__batch(w, b, false, NULL), 0);
	assert_int_equal(fmt_writer__close(w, NULL), 0);
	r = tracefile__read(path);
	assert_int_equal(r.events, 100);
	assert_int_equal(r.errors, 0);
	fmt_batch__free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full_disk), cmocka_unit_test(no_space), cmocka_unit_test(closed_pipe),
		cmocka_unit_test(through_a_pipe), cmocka_unit_test(what_is_there), cmocka_unit_test(misuse),
		cmocka_unit_test(synced),
	};

	return cmocka_run_group_tests(tests, tracefile__setup, tracefile__teardown);
}
