// SPDX-License-Identifier: Apache-2.0
/*
 * Rings filled by hand: order of time over processors, records that wait for their round or for one
 * that is still being written, wrapping.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "capture/driver/driver_internal.h"

#define RING 65536u
#define STRIDE (CAP_RING_CTL + RING + CAP_RECORD_MAX)

static struct cap_driver d;
static uint8_t *memory;

static void make(unsigned n)
{
	memory = calloc(n, STRIDE);
	d = (struct cap_driver){ .n_cpus = n, .ring_bytes = RING, .ring_stride = STRIDE, .hold_ns = UINT64_MAX };
	d.rings = calloc(n, sizeof(*d.rings));
	for (unsigned i = 0; i < n; i++)
		d.rings[i].ctl = (void *)(memory + i * STRIDE);
}

static void destroy(void)
{
	free(d.rings);
	free(memory);
}

/* As the programs do: written where head points, then head moves. */
static void put(unsigned cpu, uint64_t ts, uint32_t len)
{
	struct cap_ring *r = d.rings[cpu].ctl;
	struct cap_record *rec = (void *)((uint8_t *)r + CAP_RING_CTL + (r->head & (RING - 1)));

	assert_true(r->head - r->tail + len <= RING);
	*rec = (struct cap_record){ .ts = ts, .len = len, .type = (uint16_t)cpu };
	r->head += len;
}

static void expect(uint64_t ts, unsigned cpu)
{
	unsigned got;
	const struct cap_record *rec = cap_rings__next(&d, &got);

	assert_non_null(rec);
	assert_int_equal(rec->ts, ts);
	assert_int_equal(got, cpu);
	assert_int_equal(rec->type, cpu);
}

static void expect_none(void)
{
	unsigned cpu;

	assert_null(cap_rings__next(&d, &cpu));
	assert_null(cap_rings__next(&d, &cpu));
}

/* Two producers at once leave what is no record: what follows in the ring is given up, and counted. */
static void test_torn(void **state)
{
	static const uint32_t lengths[] = { 0, 8, CAP_RECORD_MAX + 8, 4000 };

	(void)state;
	for (unsigned i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		make(2);
		put(0, 10, 40);
		put(0, 20, 48);
		put(0, 30, 48);
		((struct cap_record *)(void *)((char *)d.rings[0].ctl + CAP_RING_CTL + 40))->len = lengths[i];
		put(1, 40, 40);
		cap_rings__begin(&d, true);
		expect(10, 0);
		expect(40, 1);
		expect_none();
		cap_rings__end(&d);
		assert_int_equal(d.rings[0].torn, 1);
		put(0, 50, 40);
		cap_rings__begin(&d, true);
		expect(50, 0);
		expect_none();
		destroy();
	}
}

static void test_order(void **state)
{
	(void)state;
	make(3);
	put(0, 10, 40);
	put(0, 30, 48);
	put(0, 31, 40);
	put(2, 20, 400);
	put(2, 40, 40);
	put(1, 25, 40);
	cap_rings__begin(&d, true);
	expect(10, 0);
	expect(20, 2);
	expect(25, 1);
	expect(30, 0);
	expect(31, 0);
	expect(40, 2);
	expect_none();
	cap_rings__end(&d);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(d.rings[i].ctl->tail, d.rings[i].ctl->head);
	destroy();
}

static void test_equal_times(void **state)
{
	unsigned n[2] = { 0 }, cpu;

	(void)state;
	make(2);
	for (int i = 0; i < 5; i++) {
		put(0, 7, 40);
		put(1, 7, 40);
	}
	cap_rings__begin(&d, true);
	while (cap_rings__next(&d, &cpu))
		n[cpu]++;
	assert_int_equal(n[0], 5);
	assert_int_equal(n[1], 5);
	destroy();
}

/* What is younger than the round waits, on every processor; what comes during the round too. */
static void test_horizon(void **state)
{
	uint64_t future = UINT64_MAX / 2;

	(void)state;
	make(2);
	put(0, 5, 40);
	put(0, future, 40);
	put(1, 6, 40);
	cap_rings__begin(&d, false);
	expect(5, 0);
	put(1, 7, 40);
	expect(6, 1);
	expect_none();
	cap_rings__end(&d);
	cap_rings__begin(&d, false);
	expect(7, 1);
	expect_none();
	cap_rings__end(&d);
	cap_rings__begin(&d, true);
	expect(future, 0);
	expect_none();
	cap_rings__end(&d);
	destroy();
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* As a program that has begun a record, and has read the clock or is about to. */
static void begin_record(unsigned cpu)
{
	d.rings[cpu].ctl->busy = 1;
}

static void end_record(unsigned cpu, uint64_t ts)
{
	put(cpu, ts, 40);
	d.rings[cpu].ctl->busy = 0;
}

/* A round that has nothing to hand out. */
static void round_without(void)
{
	cap_rings__begin(&d, false);
	expect_none();
	cap_rings__end(&d);
}

static void pass(uint64_t ns)
{
	for (uint64_t from = now(); now() - from < ns;)
		;
}

#define LONGER_THAN_MARGIN 200000u

/* A processor is stopped in the middle of a record: younger ones of others wait for it, however many rounds. */
static void test_waits_for_what_is_written(void **state)
{
	uint64_t early, late;

	(void)state;
	make(2);
	cap_rings__begin(&d, false);
	expect_none();
	cap_rings__end(&d);
	begin_record(0);
	early = now();
	pass(LONGER_THAN_MARGIN);
	late = now();
	put(1, late, 40);
	pass(LONGER_THAN_MARGIN);
	for (int i = 0; i < 3; i++)
		round_without();
	assert_true(cap_rings__horizon(&d) < early);
	end_record(0, early);
	cap_rings__begin(&d, false);
	expect(early, 0);
	expect(late, 1);
	expect_none();
	cap_rings__end(&d);
	assert_int_equal(cap_rings__late(&d).n, 0);
	destroy();
}

/* What is older than the record that is being written need not wait. */
static void test_older_do_not_wait(void **state)
{
	uint64_t early, late;

	(void)state;
	make(2);
	early = now();
	put(1, early, 40);
	pass(LONGER_THAN_MARGIN);
	cap_rings__begin(&d, false);
	expect(early, 1);
	begin_record(0);
	late = now();
	put(1, late, 40);
	expect_none();
	cap_rings__end(&d);
	pass(LONGER_THAN_MARGIN);
	round_without();
	destroy();
}

/* Busy at each look, with another record each time: what was busy at the last look has come. */
static void test_busy_goes_on(void **state)
{
	uint64_t ts[4];

	(void)state;
	make(2);
	round_without();
	begin_record(0);
	for (int i = 0; i < 4; i++) {
		ts[i] = now();
		put(1, ts[i], 40);
		pass(LONGER_THAN_MARGIN);
		cap_rings__begin(&d, false);
		if (i) {
			expect(ts[i - 1], 1);
			expect(ts[i - 1] + 1, 0);
		}
		expect_none();
		cap_rings__end(&d);
		end_record(0, ts[i] + 1);
		begin_record(0);
	}
	destroy();
}

/* It does not come: others go on after a while, and when it comes after all that is counted. */
static void test_waits_no_longer(void **state)
{
	uint64_t early, late;

	(void)state;
	make(2);
	round_without();
	begin_record(0);
	early = now();
	pass(LONGER_THAN_MARGIN);
	late = now();
	put(1, late, 40);
	pass(LONGER_THAN_MARGIN);
	round_without();
	d.hold_ns = 0;
	cap_rings__begin(&d, false);
	expect(late, 1);
	expect_none();
	cap_rings__end(&d);
	end_record(0, early);
	cap_rings__begin(&d, false);
	expect(early, 0);
	expect_none();
	cap_rings__end(&d);
	assert_int_equal(cap_rings__late(&d).n, 1);
	assert_int_equal(cap_rings__late(&d).most_ns, late - early);
	destroy();
}

/* Nor do others wait until they lose something. */
static void test_waits_while_there_is_room(void **state)
{
	unsigned n = 0, cpu;
	uint64_t at;

	(void)state;
	make(2);
	round_without();
	begin_record(0);
	at = now();
	while (d.rings[1].ctl->head < RING / 2)
		put(1, ++at, 64);
	pass(LONGER_THAN_MARGIN);
	round_without();		/* how much is left is seen now */
	cap_rings__begin(&d, false);
	while (cap_rings__next(&d, &cpu))
		n++;
	assert_int_equal(n, RING / 2 / 64);
	destroy();
}

/* The last round takes all, in order. */
static void test_last_round_waits_for_nothing(void **state)
{
	(void)state;
	make(2);
	begin_record(0);
	put(1, UINT64_MAX / 2, 40);
	cap_rings__begin(&d, true);
	expect(UINT64_MAX / 2, 1);
	expect_none();
	destroy();
}

static void test_wrapping(void **state)
{
	uint64_t ts = 1;
	unsigned cpu;

	(void)state;
	make(1);
	for (int round = 0; round < 200; round++) {
		for (uint32_t i = 0; i < 20; i++)
			put(0, ts + i, 40 + 8 * ((i * 37 + (uint32_t)round) % 300));
		cap_rings__begin(&d, true);
		for (uint32_t i = 0; i < 20; i++) {
			const struct cap_record *rec = cap_rings__next(&d, &cpu);

			assert_non_null(rec);
			assert_int_equal(rec->ts, ts++);
		}
		expect_none();
		cap_rings__end(&d);
	}
	assert_true(d.rings[0].at > 4 * RING);
	destroy();
}

/* Room is given back while a round goes on. */
static void test_give_back(void **state)
{
	unsigned cpu;

	(void)state;
	make(1);
	for (uint64_t i = 0; i < RING / 64; i++)
		put(0, i + 1, 64);
	cap_rings__begin(&d, true);
	assert_true(cap_rings__fill(&d) > 0.99);
	for (uint64_t i = 0; i < RING / 64 / 2; i++)
		assert_non_null(cap_rings__next(&d, &cpu));
	assert_true(d.rings[0].ctl->tail > RING / 4);
	assert_true(d.rings[0].ctl->tail <= d.rings[0].at);
	destroy();
}

static void test_loss(void **state)
{
	struct cap_loss loss;

	(void)state;
	make(2);
	assert_false(cap_driver__loss(&d, 1, &loss));
	d.rings[1].ctl->lost = 5;
	d.rings[1].ctl->reentered = 1;
	d.rings[1].ctl->lost_last = 77;
	assert_true(cap_driver__loss(&d, 1, &loss));
	assert_int_equal(loss.full, 5);
	assert_int_equal(loss.reentered, 1);
	assert_int_equal(loss.last, 77);
	assert_false(cap_driver__loss(&d, 1, &loss));
	d.rings[1].ctl->lost = 8;
	assert_true(cap_driver__loss(&d, 1, &loss));
	assert_int_equal(loss.full, 3);
	assert_int_equal(loss.reentered, 0);
	destroy();
}

/* Who wants to sleep asks every processor; a record that is there or is being written keeps him awake. */
static void test_asking(void **state)
{
	(void)state;
	make(2);
	assert_true(cap_rings__empty(&d));
	cap_rings__ask(&d);
	assert_int_equal(d.rings[0].ctl->calm, 0);
	assert_int_equal(d.rings[1].ctl->calm, 0);
	put(1, 10, 40);
	assert_false(cap_rings__empty(&d));
	cap_rings__begin(&d, true);
	assert_int_equal(cap_rings__oldest(&d), 10);
	expect(10, 1);
	expect_none();
	cap_rings__end(&d);
	assert_true(cap_rings__empty(&d));
	d.rings[0].ctl->busy = 1;
	assert_false(cap_rings__empty(&d));
	d.rings[0].ctl->busy = 0;
	cap_rings__begin(&d, true);
	assert_int_equal(cap_rings__oldest(&d), UINT64_MAX);
	cap_rings__end(&d);
	cap_rings__hear(&d);
	assert_int_not_equal(d.rings[0].ctl->calm, 0);
	assert_int_not_equal(d.rings[1].ctl->calm, 0);
	assert_int_equal(cap_rings__bell(&d), -1);
	destroy();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_torn),
		cmocka_unit_test(test_equal_times),
		cmocka_unit_test(test_horizon),
		cmocka_unit_test(test_waits_for_what_is_written),
		cmocka_unit_test(test_older_do_not_wait),
		cmocka_unit_test(test_busy_goes_on),
		cmocka_unit_test(test_waits_no_longer),
		cmocka_unit_test(test_waits_while_there_is_room),
		cmocka_unit_test(test_last_round_waits_for_nothing),
		cmocka_unit_test(test_wrapping),
		cmocka_unit_test(test_give_back),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_asking),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
