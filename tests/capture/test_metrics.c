// SPDX-License-Identifier: Apache-2.0
/*
 * Metrics: the exposition to the byte, hostile label values, the bound of a family, counting from several threads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "capture/metrics/metrics.h"

static void shows(struct cap_metrics *m, const char *want)
{
	struct buf out = { 0 };

	cap_metrics__show(m, &out);
	buf__u8(&out, 0);
	assert_string_equal((char *)out.p, want);
	buf__done(&out);
}

static void test_show(void **state)
{
	struct cap_metrics *m = cap_metrics__new();
	struct cap_metric *a = cap_metrics__plain(m, CAP_COUNTER, "spoor_events_total", "Events.");
	struct cap_metric *b = cap_metrics__get(m, CAP_GAUGE, "spoor_ring_bytes", "Ring.",
		(struct cap_label[]){ { "lane", "0" }, { "kind", "x" } }, 2);

	(void)state;
	cap_metric__add(a, 3);
	cap_metric__add(a, 4);
	cap_metric__set(b, -5);
	cap_metric__add(cap_metrics__plain(m, CAP_COUNTER_NS, "spoor_cpu_seconds_total", "CPU."), 1500000000);
	assert_ptr_equal(cap_metrics__plain(m, CAP_COUNTER, "spoor_events_total", "Events."), a);
	assert_int_equal(cap_metric__value(a), 7);
	shows(m, "# HELP spoor_events_total Events.\n# TYPE spoor_events_total counter\nspoor_events_total 7\n"
		 "# HELP spoor_ring_bytes Ring.\n# TYPE spoor_ring_bytes gauge\n"
		 "spoor_ring_bytes{lane=\"0\",kind=\"x\"} -5\n"
		 "# HELP spoor_cpu_seconds_total CPU.\n# TYPE spoor_cpu_seconds_total counter\n"
		 "spoor_cpu_seconds_total 1.500000000\n");
	cap_metrics__free(m);
}

static void test_hostile(void **state)
{
	struct cap_metrics *m = cap_metrics__new();
	char deep[1000];

	(void)state;
	memset(deep, 'x', sizeof(deep));
	deep[sizeof(deep) - 1] = 0;
	cap_metrics__labelled(m, CAP_COUNTER, "a_total", "A.", "rule", "x\"} 1\nspoofed_total 99\n# \\ \033[2J \xff");
	cap_metrics__labelled(m, CAP_COUNTER, "b_total", "B.", "rule", deep);
	deep[CAP_METRIC_LABEL_MAX] = 0;	/* as it is shown */
	{
		char want[2048];

		snprintf(want, sizeof(want),
			 "# HELP a_total A.\n# TYPE a_total counter\n"
			 "a_total{rule=\"x\\\"} 1\\\\nspoofed_total 99\\\\n# \\\\ \\\\x1B[2J \\\\xFF\"} 0\n"
			 "# HELP b_total B.\n# TYPE b_total counter\nb_total{rule=\"%s\"} 0\n", deep);
		shows(m, want);
	}
	cap_metrics__free(m);
}

static void test_bounded(void **state)
{
	struct cap_metrics *m = cap_metrics__new();
	struct buf out = { 0 };
	size_t lines = 0;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		char rule[32];

		snprintf(rule, sizeof(rule), "rule %d", i);
		cap_metric__add(cap_metrics__labelled(m, CAP_COUNTER, "x_total", "X.", "rule", rule), 1);
	}
	cap_metrics__show(m, &out);
	buf__u8(&out, 0);
	for (const char *p = (char *)out.p; (p = strchr(p, '\n')); p++)
		lines++;
	assert_int_equal(lines, 2 + CAP_METRIC_SERIES_MAX + 1);
	assert_non_null(strstr((char *)out.p, "x_total{rule=\"other\"} 4000\n"));
	buf__done(&out);
	cap_metrics__free(m);
}

static struct cap_metrics *shared;

static void *count(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20000; i++) {
		char rule[32];

		snprintf(rule, sizeof(rule), "rule %d", i % 10);
		cap_metric__add(cap_metrics__labelled(shared, CAP_COUNTER, "x_total", "X.", "rule", rule), 1);
	}
	return NULL;
}

static void poke(void *arg)
{
	cap_metric__set(arg, 42);
}

static void test_threads(void **state)
{
	pthread_t t[4];
	struct buf out = { 0 };
	struct cap_metric *gauge;

	(void)state;
	shared = cap_metrics__new();
	gauge = cap_metrics__plain(shared, CAP_GAUGE, "g", "G.");
	cap_metrics__on_show(shared, poke, gauge);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, count, NULL), 0);
	for (int i = 0; i < 50; i++) {
		out.len = 0;
		cap_metrics__show(shared, &out);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(cap_metric__value(gauge), 42);
	cap_metrics__forget(shared, gauge);
	cap_metric__set(gauge, 1);
	out.len = 0;
	cap_metrics__show(shared, &out);
	buf__u8(&out, 0);
	assert_non_null(strstr((char *)out.p, "\ng 1\n"));
	for (int i = 0; i < 10; i++) {
		char line[64];

		snprintf(line, sizeof(line), "x_total{rule=\"rule %d\"} 8000\n", i);
		assert_non_null(strstr((char *)out.p, line));
	}
	buf__done(&out);
	cap_metrics__free(shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_show), cmocka_unit_test(test_hostile), cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
