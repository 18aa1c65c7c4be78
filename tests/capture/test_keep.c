// SPDX-License-Identifier: Apache-2.0
/*
 * The files that triggers make: what is in them, when they are complete, what a crash leaves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/keep/keep.h"
#include "format/base/alloc.h"
#include "format/base/log.h"
#include "format/file/trace_reader.h"
#include "tests/capture/keep_bed.h"

static struct fmt_meta meta_of(const char *path)
{
	struct fmt_meta m;
	struct fmt_source *s;

	assert_int_equal(fmt_source__open(&s, path, NULL), 0);
	m = s->meta;
	fmt_source__close(s);
	return m;
}

/* The whole machine: past and future, named, described, with its alert. */
static void test_host(void **state)
{
	struct bed b;
	struct seen seen;
	struct fmt_meta m;
	char *name;

	(void)state;
	bed__begin(&b, "host", (struct cap_keep_opts){ 0 });
	bed__seconds(&b, 20);
	name = bed__fire(&b, (struct cap_trigger){ .time = FEED_T0 + 15ull * SEC, .rule = "Shell in a container", .before_ns = 5ull * SEC,
					      .after_ns = 10ull * SEC, .reason = "somebody asked",
					      .alert = "{\"rule\":\"Shell\",\"output\":\"a shell\",\"tags\":[\"x\"]}" });
	assert_non_null(strstr(name, "host--host--Shell-in-a-container--20231114T221335"));
	/* it is open, can be read, and has not its name yet */
	for (unsigned k = 0; k < 6000 && !feed__files(b.dir, ".part"); k++)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	assert_int_equal(feed__files(b.dir, ".spoor.part"), 1);
	assert_int_equal(feed__files(b.dir, ".spoor"), 0);
	bed__seconds(&b, 10);
	bed__settle(&b);
	assert_int_equal(feed__files(b.dir, ".part"), 0);
	seen = feed__read_file(bed__path(&b, name));
	assert_int_equal(seen.code, 1);
	assert_true(seen.t_first <= FEED_T0 + 10ull * SEC && seen.t_first > FEED_T0 + 8ull * SEC);
	assert_true(seen.t_last >= FEED_T0 + 25ull * SEC - 1000000u && seen.t_last <= FEED_T0 + 26ull * SEC);
	assert_int_equal(seen.alerts, 1);
	assert_int_equal(seen.lost, 0);
	assert_int_equal(fmt_trace__verify(bed__path(&b, name), &(struct fmt_verified){ 0 }, NULL), 0);
	m = meta_of(bed__path(&b, name));
	assert_string_equal(m.reason, "somebody asked");
	assert_string_equal(m.hostname, "host");
	assert_non_null(strstr(m.made_from, "flight recorder, from 2023-11-14T22:13:30"));
	assert_int_equal(bed__stats(&b).complete, 1);
	free(name);
	bed__end(&b);
}

/* One container: its events only, and what the host does to it. */
static void put_str(struct fmt_batch *b, unsigned p, const char *s)
{
	fmt_batch__str(b, p, s, (uint32_t)strlen(s), (uint32_t)strlen(s));
}

static void host_acts(struct feed *f)
{
	struct fmt_batch *b = f->b;

	fmt_batch__begin(b, EV_kill, f->ts++, 0, 1, 1, 0, 0);	/* at it */
	fmt_batch__int(b, P_kill_pid, 100);
	fmt_batch__int(b, P_kill_sig, 9);
	fmt_batch__end(b);
	fmt_batch__begin(b, EV_kill, f->ts++, 0, 1, 1, 0, 0);	/* at another */
	fmt_batch__int(b, P_kill_pid, 200);
	fmt_batch__int(b, P_kill_sig, 9);
	fmt_batch__end(b);
	fmt_batch__begin(b, EV_mount, f->ts++, 0, 1, 1, 0, 0);	/* into it */
	put_str(b, P_mount_dir, "/run/containers/" FEED_CONTAINER "/rootfs/mnt");
	fmt_batch__end(b);
	fmt_batch__begin(b, EV_mount, f->ts++, 0, 1, 1, 0, 0);
	put_str(b, P_mount_dir, "/run/containers/" FEED_OTHER "/rootfs/mnt");
	fmt_batch__end(b);
	fmt_batch__begin(b, EV_setns, f->ts++, 0, 1, 1, 0, 0);	/* into its namespaces */
	fmt_batch__int(b, P_setns_target_pid, 100);
	fmt_batch__end(b);
	fmt_batch__begin(b, EV_cgroup_attach, f->ts++, 0, 1, 1, 0, 0);	/* into its cgroup */
	fmt_batch__int(b, P_cgroup_attach_tid, 1);
	put_str(b, P_cgroup_attach_path, "/docker/" FEED_CONTAINER);
	fmt_batch__end(b);
	feed__put(f);
}

static void test_container(void **state)
{
	struct bed b;
	struct seen seen;
	char *name;

	(void)state;
	bed__begin(&b, "container", (struct cap_keep_opts){ 0 });
	bed__seconds(&b, 10);
	name = bed__fire(&b, (struct cap_trigger){ .time = FEED_T0 + 10ull * SEC, .container = FEED_CONTAINER, .rule = "R",
					      .before_ns = 5ull * SEC, .after_ns = 5ull * SEC,
					      .alert = "{\"output\":\"x\",\"output_fields\":{\"a\":1}}" });
	host_acts(&b.f);
	bed__seconds(&b, 8);
	bed__settle(&b);
	assert_non_null(strstr(name, "host--0123456789ab--R--"));
	seen = feed__read_file(bed__path(&b, name));
	assert_int_equal(seen.code, 1);
	assert_true(seen.t_first >= FEED_T0 + 5ull * SEC && seen.t_first < FEED_T0 + 5100000000ull);
	assert_true(seen.t_last <= FEED_T0 + 15ull * SEC && seen.t_last > FEED_T0 + 14900000000ull);
	assert_int_equal(seen.of_200, 0);
	assert_true(seen.of_100 > 3300 && seen.of_100 < 3400);
	assert_int_equal(seen.of_1, 4);
	assert_int_equal(seen.alerts, 1);
	assert_int_equal(fmt_trace__verify(bed__path(&b, name), &(struct fmt_verified){ 0 }, NULL), 0);
	free(name);
	bed__end(&b);
}

/* Fires again: the same file, for longer. Another rule, another container: files of their own, at the same time. */
static void test_extended(void **state)
{
	struct bed b;
	struct seen seen;
	char *one, *again, *other;
	uint64_t id, same;
	struct cap_trigger t = { .time = FEED_T0 + 10ull * SEC, .container = FEED_CONTAINER, .rule = "R", .before_ns = SEC,
				 .after_ns = 5ull * SEC };

	(void)state;
	bed__begin(&b, "extended", (struct cap_keep_opts){ 0 });
	bed__seconds(&b, 10);
	assert_int_equal(cap_keep__trigger(b.k, &t, &one, &id, NULL), 0);
	t.time += 4ull * SEC;
	assert_int_equal(cap_keep__trigger(b.k, &t, &again, &same, NULL), 0);
	assert_string_equal(one, again);
	assert_int_equal(id, same);
	assert_true(cap_keep__is_open(b.k, id));
	t.rule = "S";
	other = bed__fire(&b, t);
	t.container = "";
	free(bed__fire(&b, t));
	t.container = FEED_OTHER;
	free(bed__fire(&b, t));
	bed__seconds(&b, 12);
	bed__settle(&b);
	assert_false(cap_keep__is_open(b.k, id));
	assert_int_equal(feed__files(b.dir, ".spoor"), 4);
	seen = feed__read_file(bed__path(&b, one));
	assert_true(seen.t_last > FEED_T0 + 18900000000ull && seen.t_last <= FEED_T0 + 19ull * SEC);
	assert_true(seen.t_first >= FEED_T0 + 9ull * SEC);
	assert_int_equal(bed__stats(&b).extended, 1);
	assert_int_equal(bed__stats(&b).triggers, 5);
	free(one);
	free(again);
	free(other);
	bed__end(&b);
}

/* Chunks of keyframes and of events whose summary has this container, as its first and only one. */
static void count_chunks(const char *path, const char *id, unsigned *ret_keyframes, unsigned *ret_events, unsigned *ret_of_it)
{
	struct fmt_reader *r;
	struct fmt_summary s;

	*ret_keyframes = *ret_events = *ret_of_it = 0;
	assert_int_equal(fmt_reader__open(&r, path, NULL), 0);
	for (uint32_t k = 0; k < fmt_reader__n_chunks(r); k++) {
		assert_int_equal(fmt_reader__summary(r, k, &s, NULL), 0);
		*ret_keyframes += s.kind == CHUNK_KEYFRAME;
		*ret_events += s.kind == CHUNK_EVENTS;
		*ret_of_it += s.kind == CHUNK_EVENTS && s.n_containers == 1 && !strcmp(s.containers[0], id);
	}
	fmt_reader__close(r);
}

/* A long file of a container can be entered at several places, and its chunks say whose they are. */
static void test_keyframes(void **state)
{
	unsigned keyframes, events, of_it;
	struct seen seen;
	struct bed b;
	char *name;

	(void)state;
	bed__begin(&b, "keyframes", (struct cap_keep_opts){ 0 });
	bed__seconds(&b, 130);
	name = bed__fire(&b, (struct cap_trigger){ .time = FEED_T0 + 129ull * SEC, .container = FEED_CONTAINER, .rule = "R",
					      .before_ns = 129ull * SEC });
	bed__settle(&b);
	seen = feed__read_file(bed__path(&b, name));
	assert_int_equal(seen.code, 1);
	assert_true(seen.of_100 > 42990 && seen.of_100 < 43010);
	count_chunks(bed__path(&b, name), "0123456789ab", &keyframes, &events, &of_it);
	assert_true(keyframes >= 3 && keyframes <= 1 + 130 / 2);
	assert_true(events > 1);
	assert_int_equal(of_it, events);
	free(name);
	bed__end(&b);
}

/* As after a crash, at every 37th byte: what is there is a complete file afterwards, or nothing is. */
static void test_recover(void **state)
{
	struct bed b;
	char *name, to[600];
	uint8_t *whole;
	struct stat st;
	unsigned n = 0, with_events = 0, made;
	FILE *f;

	(void)state;
	bed__begin(&b, "recover", (struct cap_keep_opts){ 0 });
	feed__keyframe(&b.f);
	for (unsigned k = 0; k < 20; k++)
		feed__events(&b.f, 20, 4);
	feed__upto(&b.f);
	name = bed__fire(&b, (struct cap_trigger){ .time = FEED_T0 + 390000000u, .rule = "R", .before_ns = SEC });
	bed__settle(&b);
	cap_keep__free(b.k);
	assert_int_equal(stat(bed__path(&b, name), &st), 0);
	whole = malloc((size_t)st.st_size);
	f = fopen(bed__path(&b, name), "r");
	assert_int_equal(fread(whole, 1, (size_t)st.st_size, f), st.st_size);
	fclose(f);
	for (off_t cut = 0; cut < st.st_size; cut += 379, n++) {
		snprintf(to, sizeof(to), "%s/h--c--r--%u.spoor.part", b.dir, n);
		f = fopen(to, "w");
		fwrite(whole, 1, (size_t)cut, f);
		fclose(f);
	}
	snprintf(to, sizeof(to), "%s/h--c--r--0.spoor.making", b.dir);
	fclose(fopen(to, "w"));
	bed__keep(&b, (struct cap_keep_opts){ 0 });
	for (unsigned k = 0; k < 3000 && feed__files(b.dir, ".part") + feed__files(b.dir, ".making"); k++)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	assert_int_equal(feed__files(b.dir, ".part") + feed__files(b.dir, ".making"), 0);
	made = feed__files(b.dir, ".recovered.spoor");
	assert_true(made > n / 2);
	for (unsigned k = 0; k < n; k++) {
		struct seen seen;

		snprintf(to, sizeof(to), "h--c--r--%u.recovered.spoor", k);
		if (access(bed__path(&b, to), F_OK))
			continue;
		seen = feed__read_file(bed__path(&b, to));
		assert_int_equal(seen.code, 1);
		assert_true(seen.events % 20 == 0);
		with_events += seen.events > 0;
	}
	assert_true(with_events > 3);
	free(whole);
	free(name);
	bed__end(&b);
}

/* The ring is too small for what was asked for: the file says what is missing. */
static void test_overrun(void **state)
{
	struct cap_ring_opts ro = { .sz = sizeof(ro), .bytes = 4 * MIB };
	struct bed b = { .dir = feed__folder("overrun") };
	struct cap_trigger t = { .time = FEED_T0 + SEC, .before_ns = SEC, .after_ns = 199500000000u };
	const char *scope[] = { "", FEED_CONTAINER };
	struct seen seen;
	char *name[2];

	(void)state;
	assert_int_equal(cap_ring__new(&b.r, &ro, NULL), 0);
	feed__begin(&b.f, b.r);
	bed__keep(&b, (struct cap_keep_opts){ 0 });
	feed__keyframe(&b.f);
	feed__events(&b.f, 1000, 200);
	for (unsigned k = 0; k < 2; k++) {
		t.container = scope[k];
		name[k] = bed__fire(&b, t);
	}
	for (unsigned k = 0; k < 6000 && (bed__stats(&b).open < 2 || feed__files(b.dir, ".part") < 2); k++)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	/* faster than anybody reads */
	for (unsigned k = 0; k < 200; k++) {
		feed__events(&b.f, 1000, 200);
		feed__keyframe(&b.f);
	}
	feed__upto(&b.f);
	bed__settle(&b);
	for (unsigned k = 0; k < 2; k++) {
		seen = feed__read_file(bed__path(&b, name[k]));
		assert_int_equal(seen.code, 1);
		assert_false(k == 0 && seen.gap);
		if (!k)
			assert_int_equal(seen.lost + seen.events, 200000 + 1000);
		free(name[k]);
	}
	bed__end(&b);
}

/* The recorder ends while files are open: they are complete as far as there is anything. */
static void test_stop(void **state)
{
	struct bed b;
	char *name;
	struct seen seen;

	(void)state;
	bed__begin(&b, "stop", (struct cap_keep_opts){ 0 });
	bed__seconds(&b, 5);
	name = bed__fire(&b, (struct cap_trigger){ .time = FEED_T0 + 4ull * SEC, .container = FEED_CONTAINER, .rule = "R",
					      .before_ns = 2ull * SEC, .after_ns = 3600ull * SEC });
	feed__done(&b.f);
	b.f.b = NULL;
	cap_keep__free(b.k);
	b.k = NULL;
	seen = feed__read_file(bed__path(&b, name));
	assert_int_equal(seen.code, 1);
	assert_true(seen.t_last > FEED_T0 + 4990000000ull);
	free(name);
	bed__end(&b);
}

/* The end takes no longer than it may: what is open ends early, what waits is given up, and both are counted. */
static void test_stop_in_time(void **state)
{
	struct bed b;
	char *names[2], part[512];
	struct seen seen;

	(void)state;
	bed__begin(&b, "stop-in-time", (struct cap_keep_opts){ .max_open = 1, .end_ns = 1 });
	bed__seconds(&b, 5);
	for (unsigned k = 0; k < 2; k++)
		names[k] = bed__fire(&b, (struct cap_trigger){ .time = FEED_T0 + 4ull * SEC, .rule = k ? "B" : "A",
							  .before_ns = 2ull * SEC, .after_ns = 86400ull * SEC });
	snprintf(part, sizeof(part), "%s.part", names[0]);
	while (access(bed__path(&b, part), F_OK))	/* one that has not begun by then is none */
		usleep(1000);
	cap_keep__free(b.k);		/* although the recording has not ended */
	b.k = NULL;
	seen = feed__read_file(bed__path(&b, names[0]));
	assert_int_equal(seen.code, 1);
	assert_int_equal(access(bed__path(&b, names[1]), F_OK), -1);
	free(names[0]);
	free(names[1]);
	bed__end(&b);
}

/* What is no file is not taken for one that a crash has left: opening a pipe would wait for ever. */
static void test_left_pipe(void **state)
{
	struct bed b;
	char *path;

	(void)state;
	bed__begin(&b, "left-pipe", (struct cap_keep_opts){ 0 });
	cap_keep__free(b.k);
	path = xstrdup(bed__path(&b, "h--c--r--1.spoor.part"));
	assert_int_equal(mkfifo(path, 0600), 0);
	bed__keep(&b, (struct cap_keep_opts){ 0 });
	bed__seconds(&b, 1);
	cap_keep__free(b.k);
	b.k = NULL;
	assert_int_equal(access(path, F_OK), 0);
	free(path);
	bed__end(&b);
}

static void test_names(void **state)
{
	static const struct { const char *host, *container, *rule, *want; } t[] = {
		{ "web.example.org", FEED_CONTAINER, "Shell in container", "web.example.org--0123456789ab--Shell-in-container--" },
		{ "", "", "", "host--host--asked--" },
		{ "../../etc", "..", "../../../etc/passwd\n\x1b[2J", "etc--host--etc-passwd-2J--" },
		{ "a--b", "c--d", "-e-", "a-b--c-d--e--" },
		{ "h", "payments-backend-1", "\xc3\xa4\xc3\xb6 x $(rm -rf ~) `y` | z > a; b & c * ? \"q\" 'r' \\",
		  "h--payments-backend-1--x-rm-rf-y-z-a-b-c-q-r--" },
	};
	char name[CAP_KEEP_NAME], *lengthy = xcalloc(1, 5001);

	(void)state;
	for (size_t k = 0; k < sizeof(t) / sizeof(*t); k++) {
		cap_keep__name(t[k].host, t[k].container, t[k].rule, FEED_T0, 7, name);
		assert_int_equal(strncmp(name, t[k].want, strlen(t[k].want)), 0);
		assert_string_equal(name + strlen(t[k].want), "20231114T221320.000Z-7.spoor");
	}
	memset(lengthy, 'x', 5000);
	cap_keep__name(lengthy, lengthy, lengthy, UINT64_MAX, UINT64_MAX, name);
	assert_true(strlen(name) <= 220);
	assert_string_equal(name + strlen(name) - 6, ".spoor");
	free(lengthy);
}

static void test_wrong(void **state)
{
	struct bed b;
	struct cap_keep_opts o = { .sz = sizeof(o) };
	struct cap_keep *second;
	struct err err = { 0 };

	(void)state;
	bed__begin(&b, "wrong", (struct cap_keep_opts){ 0 });
	o.ring = b.r;
	o.dir = b.dir;
	assert_true(cap_keep__new(&second, &o, &err) < 0);
	assert_string_equal(err.msg, "another recorder, or the ring, uses this folder");
	o.dir = "/nowhere/at/all";
	err = (struct err){ 0 };
	assert_int_equal(cap_keep__new(&second, &o, &err), -ENOENT);
	assert_string_equal(err.file, "/nowhere/at/all");
	bed__end(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host), cmocka_unit_test(test_container),
		cmocka_unit_test(test_extended), cmocka_unit_test(test_keyframes), cmocka_unit_test(test_recover),
		cmocka_unit_test(test_overrun), cmocka_unit_test(test_stop),
		cmocka_unit_test(test_stop_in_time), cmocka_unit_test(test_left_pipe),
		cmocka_unit_test(test_names), cmocka_unit_test(test_wrong),
	};

	log__set_level(LOG_ERROR_);	/* what is refused or recovered is warned of */
	return cmocka_run_group_tests(tests, feed__setup, feed__teardown);
}
