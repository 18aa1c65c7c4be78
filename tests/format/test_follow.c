// SPDX-License-Identifier: Apache-2.0
/*
 * Following a trace that grows: whatever of it is there at the moment, nothing is read twice, skipped or taken for damage.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "format/codec/layout.h"
#include "tests/format/tracefile.h"

#define SEGMENTS 3
#define CHUNKS 2
#define ROWS 40
#define ALL (SEGMENTS * CHUNKS * ROWS)

struct grow {
	uint8_t *all;
	size_t n, given;
	int fd;
	struct fmt_source *s;
	uint64_t events, next, keyframes;
	unsigned corrupt, other;
};

static void give(struct grow *g, size_t n)
{
	n = n < g->n - g->given ? n : g->n - g->given;
	assert_int_equal(write(g->fd, g->all + g->given, n), n);
	g->given += n;
}

/* Read what there is; how it ended. */
static int look(struct grow *g)
{
	for (;;) {
		struct fmt_batch_info info;
		const struct fmt_batch *b;
		struct err err = { 0 };
		int r = fmt_source__next(g->s, &b, &info, &err);

		if (r > 0)
			return r;
		if (r == -FMT_E_CORRUPT) {
			g->corrupt++;
			continue;
		}
		if (r < 0) {
			g->other++;
			return r;
		}
		if (info.keyframe) {
			g->keyframes++;
			continue;
		}
		assert_true(g->corrupt || b->first_num == g->next);
		g->next = b->first_num + b->n;
		g->events += b->n;
	}
}

static void begin(struct grow *g, size_t n)
{
	const char *path = tracefile__path("grows.spoor");

	*g = (struct grow){ .next = 1 };
	tracefile__make(tracefile__path("whole.spoor"), SEGMENTS, CHUNKS, ROWS);
	g->all = tracefile__bytes(tracefile__path("whole.spoor"), &g->n);
	g->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	give(g, n);
	assert_int_equal(fmt_source__open(&g->s, path, NULL), 0);
	assert_int_equal(g->s->ops->follow(g->s, true, NULL), 0);
}

static void end(struct grow *g)
{
	fmt_source__close(g->s);
	close(g->fd);
	free(g->all);
}

/* Opened when there is no more than so much, then some bytes at a time. */
static void grows(size_t from, size_t step)
{
	struct grow g;

	begin(&g, from);
	while (g.given < g.n) {
		assert_int_equal(look(&g), FMT_SOURCE_WAIT);
		give(&g, step);
	}
	assert_int_equal(look(&g), 1);
	assert_int_equal(look(&g), 1);
	assert_int_equal(g.events, ALL);
	assert_int_equal(g.keyframes, SEGMENTS);
	assert_int_equal(g.corrupt + g.other, 0);
	assert_string_equal(g.s->meta.hostname, "host");
	end(&g);
}

static void test_grows(void **state)
{
	(void)state;
	grows(PREAMBLE_SIZE, 1000);
	grows(PREAMBLE_SIZE + 100, 1);
	grows(PREAMBLE_SIZE + 300, 7);
	grows(9000, 61);
	grows(1000000, 1);	/* all at once */
}

/* It stops growing for good: then it is said that it was cut off. */
static void test_given_up(void **state)
{
	struct grow g;
	struct fmt_batch_info info;
	const struct fmt_batch *b;
	struct err err = { 0 };

	(void)state;
	begin(&g, 0x7fffffff);
	end(&g);
	begin(&g, g.n - 300);
	assert_int_equal(look(&g), FMT_SOURCE_WAIT);
	assert_int_equal(g.s->ops->wait(g.s, 1), 1);
	assert_int_equal(g.s->ops->follow(g.s, false, NULL), 0);
	assert_int_equal(fmt_source__next(g.s, &b, &info, &err), -FMT_E_TRUNCATED);
	assert_int_equal(fmt_source__next(g.s, &b, &info, &err), 1);
	end(&g);
}

/* Waiting ends when there is more, and does not spin before. */
static void test_wait(void **state)
{
	struct grow g;

	(void)state;
	begin(&g, 9000);
	assert_int_equal(look(&g), FMT_SOURCE_WAIT);
	assert_int_equal(g.s->ops->wait(g.s, 1), 1);
	give(&g, 1);
	assert_int_equal(g.s->ops->wait(g.s, 60000), 0);
	assert_int_equal(look(&g), FMT_SOURCE_WAIT);
	assert_int_equal(g.s->ops->wait(g.s, 1), 1);
	end(&g);
}

/* Damage while it grows costs what it costs in a whole file. */
static void test_damage(void **state)
{
	struct grow g;
	unsigned events = 0;

	(void)state;
	for (size_t at = 9000; at < 13000; at += 131) {
		begin(&g, PREAMBLE_SIZE + 200);
		if (at >= g.n) {
			end(&g);
			break;
		}
		g.all[at] ^= 0x55;
		while (g.given < g.n) {
			assert_int_equal(look(&g), FMT_SOURCE_WAIT);
			give(&g, 97);
		}
		look(&g);
		assert_int_equal(g.other, 0);
		assert_true(g.corrupt >= 1);
		assert_true(g.events >= ALL - CHUNKS * ROWS);
		events += (unsigned)g.events;
		end(&g);
	}
	assert_true(events > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_grows), cmocka_unit_test(test_given_up), cmocka_unit_test(test_wait),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, tracefile__setup, tracefile__teardown);
}
