// SPDX-License-Identifier: Apache-2.0
/*
 * The hub by itself: what a queue has room for, in alerts and in bytes; what a limit lets through, and that it fills up again; alerts
 * that are too long, names that are not there; what a hub that never started does with what it has.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/outputs/out_output.h"
#include "capture/outputs/out_record.h"

static struct cap_out_alert alert = {
	.priority = PRIO_WARNING, .rule = "R", .source = "syscall", .container = "", .json = "{\"rule\":\"R\"}",
	.json_len = 12, .text = "text", .text_len = 4
};

static struct cap_outputs *hub_of(const struct cap_out_opts *o)
{
	struct cap_outputs *h = cap_outputs__new(NULL);
	struct err err = { 0 };

	if (cap_outputs__add(h, o, &err))
		fail_msg("%s", err.msg);
	return h;
}

static struct cap_out_counts counts(struct cap_outputs *h)
{
	struct cap_out_counts c;

	cap_outputs__counts(h, 0, &c);
	return c;
}

static struct cap_out_opts program(void)
{
	static const char *const argv[] = { "/bin/true", NULL };

	return (struct cap_out_opts){ .kind = CAP_OUT_PROGRAM, .name = "p", .command = argv, .per_alert = true };
}

static void test_queue_length(void **state)
{
	struct cap_out_opts o = program();
	struct cap_outputs *h;

	(void)state;
	o.queue_len = 7;
	h = hub_of(&o);
	for (int i = 0; i < 10; i++)
		cap_outputs__send(h, &alert);
	assert_int_equal(counts(h).waiting, 7);
	assert_int_equal(counts(h).dropped, 3);
	cap_outputs__free(h);
}

static void test_queue_bytes(void **state)
{
	struct cap_out_opts o = program();
	struct cap_out_alert big = alert;
	static char json[100000];
	struct cap_outputs *h;

	(void)state;
	memset(json, ' ', sizeof(json));
	big.json = json;
	big.json_len = sizeof(json);
	o.queue_bytes = 1 << 20;
	h = hub_of(&o);
	for (int i = 0; i < 20; i++)
		cap_outputs__send(h, &big);
	assert_int_equal(counts(h).waiting, 10);	/* of a million bytes each tenth is one, with its head */
	assert_int_equal(counts(h).dropped, 10);
	cap_outputs__send(h, &alert);			/* a small one still fits */
	assert_int_equal(counts(h).waiting, 11);
	big.json_len = CAP_OUT_ALERT_MAX + 1;
	cap_outputs__send(h, &big);
	assert_int_equal(counts(h).dropped, 11);
	cap_outputs__free(h);
}

static void test_limit(void **state)
{
	struct cap_out_opts o = program();
	struct cap_out_counts c;
	struct cap_outputs *h;

	(void)state;
	o.rate = 1e-4;
	o.burst = 3;
	h = hub_of(&o);
	for (int i = 0; i < 5; i++)
		cap_outputs__send(h, &alert);
	c = counts(h);
	assert_int_equal(c.waiting, 3);
	assert_int_equal(c.limited, 2);
	cap_outputs__free(h);

	o.rate = 1000;		/* a new one each millisecond, but never more than three at once */
	h = hub_of(&o);
	for (int i = 0; i < 20; i++)
		cap_outputs__send(h, &alert);
	assert_in_range(counts(h).waiting, 3, 20);
	usleep(50000);
	c = counts(h);
	cap_outputs__send(h, &alert);
	assert_int_equal(counts(h).waiting, c.waiting + 1);
	cap_outputs__free(h);
}

static void test_wants(void **state)
{
	static const char *const tags[] = { "shell" };
	struct cap_out_opts o = program();
	struct cap_outputs *h;
	struct cap_out_alert a = alert;

	(void)state;
	o.has_min_priority = true;
	o.min_priority = PRIO_WARNING;
	o.tags = tags;
	o.n_tags = 1;
	o.rule = "R*";
	o.source = "syscall";
	h = hub_of(&o);
	cap_outputs__send(h, &a);		/* no tag */
	a.tags = tags;
	a.n_tags = 1;
	a.priority = PRIO_NOTICE;
	cap_outputs__send(h, &a);
	a.priority = PRIO_ERROR;
	a.rule = "r";
	cap_outputs__send(h, &a);
	a.rule = "R 1";
	a.source = "k8s_audit";
	cap_outputs__send(h, &a);
	assert_int_equal(counts(h).waiting, 0);
	a.source = "syscall";
	cap_outputs__send(h, &a);
	assert_int_equal(counts(h).waiting, 1);
	cap_outputs__free(h);
}

/* What was sent before the start is delivered; what was not when it ends is counted. */
static void test_life(void **state)
{
	struct cap_out_opts o = program();
	struct cap_outputs *h = hub_of(&o);
	struct err err = { 0 };

	(void)state;
	for (int i = 0; i < 5; i++)
		cap_outputs__send(h, &alert);
	assert_int_equal(cap_outputs__start(h, &err), 0);
	cap_outputs__stop(h, 20000000000ull);
	assert_int_equal(counts(h).delivered, 5);
	assert_int_equal(counts(h).waiting, 0);
	cap_outputs__free(h);
}

/* An alert's age goes on over restarts, whatever happens to the clock meanwhile. */
static void test_age(void **state)
{
	const uint64_t s = 1000000000, h = 3600 * s, old = 1000 * h;
	struct out_record *r = out_record__new(&alert, "id-1", 100 * s), *back;
	struct out_clock now = { .mono_ns = 110 * s, .wall_ns = old, .boot = 7 };
	struct buf b = { 0 };

	(void)state;
	out_record__save(r, &now, &b);
	/* the same start of the machine: the clock may say what it wants */
	now = (struct out_clock){ .mono_ns = 150 * s, .wall_ns = old + 500 * h, .boot = 7 };
	back = out_record__load(b.p, b.len, &now);
	assert_true(now.mono_ns - back->born_ns == 50 * s);
	assert_string_equal(back->id, "id-1");
	out_record__unref(back);
	/* another one: by the clock, and not before it was if that was set back */
	now = (struct out_clock){ .mono_ns = 5 * s, .wall_ns = old + h, .boot = 8 };
	back = out_record__load(b.p, b.len, &now);
	assert_true(now.mono_ns - back->born_ns == h + 10 * s);
	out_record__unref(back);
	now.wall_ns = old - h;
	back = out_record__load(b.p, b.len, &now);
	assert_true(now.mono_ns - back->born_ns == 0);
	out_record__unref(back);
	/* as earlier versions have written it, and cut short */
	back = out_record__load(b.p, b.len - 24, &now);
	assert_true(now.mono_ns - back->born_ns == 0);
	out_record__unref(back);
	assert_null(out_record__load(b.p, b.len - 1, &now));
	buf__done(&b);
	out_record__unref(r);
}

static void *show(void *arg)
{
	struct buf out = { 0 };

	cap_metrics__show(arg, &out);
	buf__done(&out);
	return NULL;
}

/* Whoever looks at an output that is busy, at its disk perhaps, does not keep others from sending to those that are not. */
static void test_looking_keeps_nobody(void **state)
{
	struct cap_metrics *m = cap_metrics__new();
	struct cap_outputs *h = cap_outputs__new(m);
	struct cap_out_opts o = program();
	bool looks = false, free_to_send;
	struct err err = { 0 };
	pthread_t t;

	(void)state;
	assert_int_equal(cap_outputs__add(h, &o, &err), 0);
	assert_int_equal(cap_outputs__start(h, &err), 0);
	pthread_mutex_lock(&h->outs[0]->lock);
	assert_int_equal(pthread_create(&t, NULL, show, m), 0);
	for (unsigned i = 0; i < 60000 && !looks; i++) {
		looks = pthread_mutex_trylock(&h->showing);
		if (!looks)
			pthread_mutex_unlock(&h->showing);
		usleep(1000);
	}
	free_to_send = !pthread_mutex_trylock(&h->lock);
	if (free_to_send)
		pthread_mutex_unlock(&h->lock);
	pthread_mutex_unlock(&h->outs[0]->lock);
	pthread_join(t, NULL);
	assert_true(looks);
	assert_true(free_to_send);
	cap_outputs__free(h);
	cap_metrics__free(m);
}

/* A successor that has one output, started. */
static struct cap_outputs *heir_of(struct cap_outputs *h, struct cap_out_opts *o)
{
	struct cap_outputs *next = cap_outputs__successor(h);
	struct err err = { 0 };

	assert_int_equal(cap_outputs__add(next, o, &err), 0);
	assert_int_equal(cap_outputs__start(next, &err), 0);
	return next;
}

static void *take_over(void *next)
{
	cap_outputs__take_over(next, 1000000000u);
	return NULL;
}

/* One whose configuration is often read again does not keep a thread of each that has left. */
static void test_leaving_leaves_nothing(void **state)
{
	struct cap_out_opts o = program();
	struct cap_outputs *h = hub_of(&o);
	struct err err = { 0 };

	(void)state;
	assert_int_equal(cap_outputs__start(h, &err), 0);
	for (unsigned i = 0; i < 60000 && (i < 3 || h->n_leaving > 1); i++) {
		take_over(heir_of(h, &o));
		usleep(i < 3 ? 0 : 20000);
	}
	assert_int_equal(h->n_leaving, 1);
	cap_outputs__free(h);
}

static bool is_held(struct output *o)
{
	bool held;

	pthread_mutex_lock(&o->lock);
	held = o->held;
	pthread_mutex_unlock(&o->lock);
	return held;
}

static void remove_dir(const char *dir)
{
	char cmd[64];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	assert_int_equal(system(cmd), 0);
}

/*
 * The first output cannot end (it wants its lock), and two configurations follow. The third must not have the spool while the first
 * has it: not from the second, which never had it.
 */
static void test_spool_waits(void **state)
{
	char dir[] = "/tmp/spoor-test-XXXXXX";
	struct cap_outputs *h = cap_outputs__new(NULL), *next;
	struct cap_out_opts o = program();
	struct output *first, *third;
	struct err err = { 0 };
	pthread_t thread;

	(void)state;
	assert_non_null(mkdtemp(dir));
	o.spool_dir = dir;
	assert_int_equal(cap_outputs__add(h, &o, &err), 0);
	assert_int_equal(cap_outputs__start(h, &err), 0);
	first = h->outs[0];
	pthread_mutex_lock(&first->lock);
	take_over(heir_of(h, &o));
	next = heir_of(h, &o);
	third = next->outs[0];
	assert_int_equal(pthread_create(&thread, NULL, take_over, next), 0);
	for (unsigned i = 0; i < 25; i++) {
		assert_true(is_held(third));
		usleep(20000);
	}
	pthread_mutex_unlock(&first->lock);
	pthread_join(thread, NULL);
	for (unsigned i = 0; i < 6000 && is_held(third); i++)
		usleep(10000);
	assert_false(is_held(third));
	cap_outputs__free(h);
	remove_dir(dir);
}

/* Configurations that follow each other faster than a spool goes over: it goes from one to the next all the same. */
static void test_spool_goes_on(void **state)
{
	char dir[] = "/tmp/spoor-test-XXXXXX";
	struct cap_outputs *h = cap_outputs__new(NULL);
	struct cap_out_opts o = program();
	struct out_spool *spool;
	struct err err = { 0 };

	(void)state;
	assert_non_null(mkdtemp(dir));
	o.spool_dir = dir;
	assert_int_equal(cap_outputs__add(h, &o, &err), 0);
	assert_int_equal(cap_outputs__start(h, &err), 0);
	for (unsigned i = 0; i < 20; i++) {
		cap_outputs__send(h, &alert);
		take_over(heir_of(h, &o));
	}
	cap_outputs__free(h);
	/* nobody has it any more, and none has handed on what it had not */
	assert_int_equal(out_spool__open(&spool, dir, 1 << 20, false, &err), 0);
	assert_int_equal(out_spool__damaged(spool), 0);
	out_spool__close(spool);
	remove_dir(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_age), cmocka_unit_test(test_queue_length), cmocka_unit_test(test_queue_bytes), cmocka_unit_test(test_limit),
		cmocka_unit_test(test_wants), cmocka_unit_test(test_life), cmocka_unit_test(test_looking_keeps_nobody),
		cmocka_unit_test(test_leaving_leaves_nothing), cmocka_unit_test(test_spool_waits),
		cmocka_unit_test(test_spool_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
