// SPDX-License-Identifier: Apache-2.0
/* What is passed over leaves the state as entering and leaving it would; what was found out about a batch is of that batch alone. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/engine/world.h"

#define BATCHES 60u
#define ROWS 120u
#define NAMES 40u

static uint32_t seed = 3;

static uint32_t below(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 4) * n >> 28);
}

static void num(struct fmt_batch *b, unsigned param, int64_t v)
{
	fmt_batch__int(b, param, (uint64_t)v);
}

static void text(struct fmt_batch *b, unsigned param, const char *s)
{
	fmt_batch__str(b, param, s, (uint32_t)strlen(s), (uint32_t)strlen(s));
}

/* Few threads of two machines, which are born, end, and open and close few descriptors. */
static void add_row(struct fmt_batch *b, uint64_t ts)
{
	static const uint16_t types[] = { EV_getpid, EV_switch, EV_close, EV_close, EV_uring_close, EV_openat, EV_openat,
					  EV_task_new, EV_procexit };
	uint16_t type = types[below(sizeof(types) / sizeof(*types))];
	uint32_t tid = below(14) ? 10 + below(12) : 0, pid = below(3) ? tid : 10;
	int64_t fd = below(6), child = 10 + below(12);
	char name[32];

	b->origin = (uint8_t)below(2);
	assert_true(fmt_batch__begin(b, type, ts, 0, tid, pid, 0, type == EV_openat || below(4) ? fd : -9) >= 0);
	snprintf(name, sizeof(name), "/dir/name-%u", below(NAMES));
	switch (type) {
	case EV_close:
		num(b, P_close_fd, fd);
		break;
	case EV_uring_close:
		num(b, P_uring_close_fd, fd);
		break;
	case EV_openat:
		num(b, P_openat_dirfd, -100);
		text(b, P_openat_name, name);
		break;
	case EV_task_new:
		num(b, P_task_new_tid, child);
		num(b, P_task_new_pid, below(2) ? child : 10);
		num(b, P_task_new_start, (int64_t)ts);
		text(b, P_task_new_comm, name);
		break;
	}
	fmt_batch__end(b);
}

static void fill(struct fmt_batch *b, uint64_t *ts)
{
	fmt_batch__reset(b, 1);
	for (unsigned k = 0; k < ROWS; k++)
		add_row(b, *ts += 1000000);
}

/* One row; whoever it is said to be of is found, and names are those that stand there. */
static void apply(struct eng_state *st, const struct fmt_batch *b, uint32_t row, unsigned *closed)
{
	struct fmt_ev ev = fmt_batch__ev(b, row);
	struct eng_ctx ctx;

	eng_state__enter(st, &ev, &ctx);
	if (ev.type != EV_switch && ev.type != EV_task_new)
		assert_int_equal(ctx.thread->tid, fmt_ev__tid(&ev));
	if (ev.type == EV_openat && fmt_ev__tid(&ev)) {
		assert_int_equal(ctx.proc->pid, fmt_ev__pid(&ev));
		assert_string_equal(ctx.fd->name->s, fmt_ev__str(&ev, P_openat_name)->p);
	}
	*closed += ev.type == EV_close && ctx.fd && fmt_ev__res(&ev) >= 0;
	eng_state__leave(st, &ctx);
}

static void pass(struct eng_state *st, const struct fmt_batch *b, uint32_t from, uint32_t to, unsigned *entered)
{
	uint8_t how[FMT_MAX_EVENTS] = { 0 };
	unsigned closed = 0;

	for (unsigned t = 0; t < FMT_MAX_EVENTS; t++)
		how[t] = (uint8_t)(fmt_event((uint16_t)t) ? eng_state__can_pass((uint16_t)t) : PASS_NOT);
	assert_int_equal(how[EV_getpid], PASS_OVER);
	assert_int_equal(how[EV_close], PASS_CLOSE);
	assert_int_equal(how[EV_openat], PASS_NOT);
	while ((from = eng_state__pass(st, b, from, to, how)) < to) {
		apply(st, b, from++, &closed);
		++*entered;
	}
	assert_int_equal(closed, 0);
}

static void enter(struct eng_state *st, const struct fmt_batch *b, uint32_t from, uint32_t to, unsigned *closed)
{
	for (; from < to; from++)
		apply(st, b, from, closed);
}

static void assert_same(struct eng_state *a, struct eng_state *b)
{
	char *x = dump(a), *y = dump(b);

	assert_string_equal(x, y);
	free(x);
	free(y);
}

/* Two batches, one within the other: thread numbers and strings of each mean something else, and after each reset too. */
static void passing_is_entering(void **state)
{
	struct eng_state *each, *passed;
	struct fmt_batch *a, *b;
	unsigned entered = 0, closed = 0;
	uint64_t ts = T0;

	(void)state;
	eng_state__new(&each);
	eng_state__new(&passed);
	fmt_batch__new(&a);
	for (unsigned n = 0; n < BATCHES; n++) {
		fmt_batch__new(&b);
		fill(a, &ts);
		fill(b, &ts);
		enter(each, a, 0, ROWS / 2, &closed);
		enter(each, b, 0, ROWS, &closed);
		enter(each, a, ROWS / 2, ROWS, &closed);
		pass(passed, a, 0, ROWS / 2, &entered);
		pass(passed, b, 0, ROWS, &entered);
		pass(passed, a, ROWS / 2, ROWS, &entered);
		assert_same(each, passed);
		fmt_batch__free(b);
	}
	assert_true(entered < 2 * BATCHES * ROWS * 2 / 3);
	assert_true(closed > 2 * BATCHES);
	fmt_batch__free(a);
	eng_state__free(each);
	eng_state__free(passed);
}

/* More rows and threads come to a batch that is being read. */
static void a_batch_that_grows(void **state)
{
	struct eng_state *st;
	struct fmt_batch *b;
	unsigned closed = 0;
	uint64_t ts = T0;

	(void)state;
	eng_state__new(&st);
	fmt_batch__new(&b);
	for (unsigned n = 0; n < 3; n++) {
		fmt_batch__reset(b, 1);
		for (uint32_t k = 0; k < 2000; k++) {
			assert_true(fmt_batch__begin(b, EV_getpid, ts, 0, 100 + n + k, 100 + n + k, 0, 0) >= 0);
			fmt_batch__end(b);
			apply(st, b, k, &closed);
		}
	}
	fmt_batch__free(b);
	eng_state__free(st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passing_is_entering), cmocka_unit_test(a_batch_that_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
