// SPDX-License-Identifier: Apache-2.0
/*
 * Files of containers that are made at the same time: the ring is read once for them, and none can tell.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "capture/keep/keep.h"
#include "format/base/log.h"
#include "tests/capture/ring_feed.h"

#define MIB (1u << 20)
#define SEC 1000000000ull
#define FILES 8u

static struct cap_ring *ring;
static struct feed feed;

static void ring_begin(void)
{
	struct cap_ring_opts o = { .sz = sizeof(o), .bytes = 32 * MIB };

	assert_int_equal(cap_ring__new(&ring, &o, NULL), 0);
	feed__begin(&feed, ring);
}

static void ring_end(void)
{
	feed__done(&feed);
	cap_ring__free(ring);
}

static struct cap_keep *keep(const char *dir, unsigned max_open, unsigned workers)
{
	struct cap_keep_opts o = { .sz = sizeof(o), .ring = ring, .dir = dir, .max_open = max_open, .workers = workers };
	struct cap_keep *k;

	assert_int_equal(cap_keep__new(&k, &o, NULL), 0);
	return k;
}

static struct cap_keep_stats stats(struct cap_keep *k)
{
	struct cap_keep_stats st;

	cap_keep__stats(k, &st);
	return st;
}

static void pause_a_little(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
}

static void settle(struct cap_keep *k)
{
	for (unsigned n = 0; n < 6000; n++, pause_a_little())
		if (!stats(k).open && !stats(k).waiting)
			return;
	fail_msg("files are still open after half a minute");
}

/* --- events ------------------------------------------------------------------------------------------ */

static void begin_row(uint16_t type, uint32_t pid, int64_t res)
{
	fmt_batch__begin(feed.b, type, feed.ts, 50, pid, pid, 0, res);
	feed.ts += 1000000;
}

/* What is of one, of another, of the host, and of the host to one; and processes that come, go and move. */
static void mixed(unsigned n)
{
	static const uint32_t who[] = { 1, 100, 200 };

	for (unsigned k = 0; k < n; k++) {
		uint32_t pid = who[k % 3], child = 1000 + (uint32_t)feed.num % 500;

		begin_row(EV_write, pid, 5);
		fmt_batch__int(feed.b, P_write_fd, 3);
		fmt_batch__end(feed.b);
		if (k % 7 == 0) {
			begin_row(EV_kill, 1, 0);
			fmt_batch__int(feed.b, P_kill_pid, k % 2 ? 100 : 200);
			fmt_batch__end(feed.b);
		}
		if (k % 11 == 0) {
			begin_row(EV_clone, pid, child);
			fmt_batch__int(feed.b, P_clone_ptid, 1);
			fmt_batch__end(feed.b);
			begin_row(EV_clone, child, 0);
			fmt_batch__int(feed.b, P_clone_ptid, pid);
			fmt_batch__end(feed.b);
			begin_row(EV_read, child, 5);
			fmt_batch__int(feed.b, P_read_fd, 3);
			fmt_batch__end(feed.b);
		}
		if (k % 13 == 0) {
			begin_row(EV_cgroup_attach, 1, 0);
			fmt_batch__int(feed.b, P_cgroup_attach_tid, child);
			fmt_batch__str(feed.b, P_cgroup_attach_path, "/docker/" FEED_OTHER, 72, 72);
			fmt_batch__end(feed.b);
			begin_row(EV_write, child, 5);
			fmt_batch__int(feed.b, P_write_fd, 3);
			fmt_batch__end(feed.b);
		}
		if (k % 17 == 0) {
			begin_row(EV_procexit, child, 0);
			fmt_batch__end(feed.b);
		}
	}
	feed__put(&feed);
}

static void seconds(unsigned n)
{
	for (unsigned k = 0; k < n; k++) {
		feed__keyframe(&feed);
		mixed(300);
		feed__events(&feed, 300, 4);
	}
	feed__upto(&feed);
}

/* --- what is in a file ---------------------------------------------------------------------------------- */

static void add(uint64_t *h, const void *p, size_t n)
{
	for (size_t k = 0; k < n; k++)
		*h = (*h ^ ((const uint8_t *)p)[k]) * 0x100000001b3u;
}

static void add_row(uint64_t *h, const struct fmt_ev *ev)
{
	uint64_t head[] = { fmt_ev__num(ev), fmt_ev__ts(ev), ev->type, fmt_ev__tid(ev), (uint64_t)fmt_ev__res(ev),
			    fmt_ev__is_context(ev) };

	add(h, head, sizeof(head));
	for (unsigned p = 0; p < ev->info->n_params; p++) {
		enum fmt_store store = fmt_ptype_store(ev->info->params[p].type);
		const struct fmt_str *s = store == STORE_STR ? fmt_ev__str(ev, p) : NULL;
		uint64_t v;

		if (s)
			add(h, s->p, s->len);
		else if (store == STORE_INT && fmt_ev__int(ev, p, &v))
			add(h, &v, sizeof(v));
	}
}

/* Of all rows but those of keyframes; *ret_n: how many. */
static uint64_t digest(const char *dir, const char *name, uint64_t *ret_n)
{
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct fmt_source *s;
	uint64_t h = 0xcbf29ce484222325u;
	char path[1024];
	int code;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	assert_int_equal(fmt_source__open(&s, path, NULL), 0);
	*ret_n = 0;
	while (!(code = fmt_source__next(s, &b, &info, NULL)))
		for (uint32_t row = 0; !info.keyframe && row < b->n; row++) {
			struct fmt_ev ev = fmt_batch__ev(b, row);

			add_row(&h, &ev);
			++*ret_n;
		}
	assert_int_equal(code, 1);
	fmt_source__close(s);
	return h;
}

static struct cap_trigger trigger(unsigned k, char rule[8])
{
	snprintf(rule, 8, "R%u", k);
	return (struct cap_trigger){ .time = FEED_T0 + (12 + k % 3) * SEC, .container = k % 2 ? FEED_CONTAINER : FEED_OTHER, .rule = rule,
				     .before_ns = (2 + k) * SEC, .after_ns = k % 4 * SEC,
				     .alert = "{\"output\":\"x\",\"output_fields\":{\"a\":1}}" };
}

static void make(const char *dir, unsigned max_open, unsigned workers, char *name[FILES])
{
	struct cap_keep *k = keep(dir, max_open, workers);
	char rule[8];

	for (unsigned i = 0; i < FILES; i++) {
		struct cap_trigger t = trigger(i, rule);

		assert_int_equal(cap_keep__trigger(k, &t, &name[i], NULL, NULL), 0);
	}
	settle(k);
	assert_int_equal(stats(k).complete, FILES);
	assert_int_equal(stats(k).passes, 0);
	cap_keep__free(k);
}

/* Whatever was made at the same time: each file is what it is by itself. */
static void test_alike(void **state)
{
	const char *alone = feed__folder("alone"), *one = feed__folder("one"), *two = feed__folder("two");
	char *name[3][FILES];

	(void)state;
	ring_begin();
	seconds(30);
	make(alone, 1, 1, name[0]);
	make(one, 16, 1, name[1]);
	make(two, 16, 3, name[2]);
	for (unsigned i = 0; i < FILES; i++) {
		uint64_t n[3], d = digest(alone, name[0][i], &n[0]);

		assert_true(n[0] > 1000);
		assert_int_equal(d, digest(one, name[1][i], &n[1]));
		assert_int_equal(d, digest(two, name[2][i], &n[2]));
		for (unsigned k = 0; k < 3; k++)
			free(name[k][i]);
	}
	ring_end();
}

static struct cap_trigger following(unsigned i, uint64_t time, uint64_t to)
{
	return (struct cap_trigger){ .time = time, .container = i ? FEED_OTHER : FEED_CONTAINER, .rule = i ? "S" : "R",
				     .before_ns = SEC, .after_ns = to - time };
}

/* Those that have begun at different times come together where they follow the recording, and stay what they are. */
static void test_together(void **state)
{
	const char *dir = feed__folder("together"), *alone = feed__folder("by-itself");
	uint64_t to = FEED_T0 + 3600 * SEC, time[2];
	char *name[2], *same[2];
	struct cap_keep *k;

	(void)state;
	ring_begin();
	seconds(4);
	k = keep(dir, 16, 2);
	for (unsigned i = 0; i < 2; i++) {
		struct cap_trigger t = following(i, time[i] = feed.ts - (3 - i) * SEC, to);

		assert_int_equal(cap_keep__trigger(k, &t, &name[i], NULL, NULL), 0);
		for (unsigned n = 0; feed__files(dir, ".part") <= i; n++, pause_a_little())
			assert_true(n < 6000);
		seconds(1);
	}
	for (unsigned n = 1; stats(k).passes != 1; n++, pause_a_little()) {
		assert_true(n < 6000);
		if (n % 60 == 0)
			seconds(1);
	}
	seconds(2);
	feed.t->ops->upto(feed.t, to + SEC);
	settle(k);
	cap_keep__free(k);
	k = keep(alone, 1, 1);
	for (unsigned i = 0; i < 2; i++) {
		struct cap_trigger t = following(i, time[i], to);

		assert_int_equal(cap_keep__trigger(k, &t, &same[i], NULL, NULL), 0);
		settle(k);
	}
	cap_keep__free(k);
	for (unsigned i = 0; i < 2; i++) {
		uint64_t n, d = digest(dir, name[i], &n);

		assert_true(n > 1000);
		assert_int_equal(d, digest(alone, same[i], &n));
		free(name[i]);
		free(same[i]);
	}
	ring_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_alike), cmocka_unit_test(test_together) };

	log__set_level(LOG_ERROR_);
	return cmocka_run_group_tests(tests, feed__setup, feed__teardown);
}
