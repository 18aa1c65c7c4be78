// SPDX-License-Identifier: Apache-2.0
/* Numbers, times and states in few columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/base/alloc.h"
#include "inspect/model/events/evtext.h"

static char text[16];

static void durations(void **state)
{
	(void)state;
	assert_string_equal(ins_dur__text(0, text), "0ns");
	assert_string_equal(ins_dur__text(999, text), "999ns");
	assert_string_equal(ins_dur__text(1000, text), "1.0us");
	assert_string_equal(ins_dur__text(123456, text), "123us");
	assert_string_equal(ins_dur__text(1500000, text), "1.5ms");
	assert_string_equal(ins_dur__text(59900000000u, text), "59.9s");
	assert_string_equal(ins_dur__text(60000000000u, text), "1m00");
	assert_string_equal(ins_dur__text(3600000000000u, text), "1h00m");
	assert_string_equal(ins_dur__text(86400000000000u * 12 + 14400000000000u, text), "12d04h");
	for (uint64_t ns = 1; ns < UINT64_MAX / 3; ns = ns * 3 + 1)
		assert_true(strlen(ins_dur__text(ns, text)) <= 7);
	assert_true(strlen(ins_dur__text(UINT64_MAX, text)) <= 7);
}

static void counts(void **state)
{
	(void)state;
	assert_string_equal(ins_short__text(0, text), "0");
	assert_string_equal(ins_short__text(999, text), "999");
	assert_string_equal(ins_short__text(1000, text), "1.0k");
	assert_string_equal(ins_short__text(9950, text), "10k");
	assert_string_equal(ins_short__text(999499, text), "999k");
	assert_string_equal(ins_short__text(999500, text), "1.0M");
	assert_string_equal(ins_short__text(UINT64_MAX, text), "18E");
	for (uint64_t n = 1; n < UINT64_MAX / 3; n = n * 3 + 1)
		assert_true(strlen(ins_short__text(n, text)) <= 5);
}

static void statuses(void **state)
{
	(void)state;
	assert_string_equal(ins_status__text(0, text), "0");
	assert_string_equal(ins_status__text(3 << 8, text), "3");
	assert_string_equal(ins_status__text(9, text), "KILL");
	assert_string_equal(ins_status__text(11 | 0x80, text), "SEGV+");
}

static void terminals(void **state)
{
	(void)state;
	assert_string_equal(ins_tty__text(0, text), "");
	assert_string_equal(ins_tty__text(0x8800, text), "pts/0");
	assert_string_equal(ins_tty__text(0x8803, text), "pts/3");
	assert_string_equal(ins_tty__text(0x0401, text), "tty1");
	assert_string_equal(ins_tty__text(0x0440, text), "ttyS0");
	assert_string_equal(ins_tty__text(0x0501, text), "5:1");
	assert_string_equal(ins_tty__text(0x00108823, text), "pts/291");
}

static void tuples(void **state)
{
	struct eng_tuple v4 = { .family = 2, .l4 = L4_TCP, .cport = 40000, .sport = 443,
				.cip = { 10, 0, 0, 1 }, .sip = { 192, 0, 2, 7 } };
	struct eng_tuple v6 = { .family = 10, .l4 = L4_UDP, .sport = 53, .sip = { [15] = 1 } };
	struct buf b = { 0 };

	(void)state;
	ins_tuple__text(&v4, true, &b);
	buf__puts(&b, " ");
	ins_tuple__text(&v4, false, &b);
	buf__puts(&b, " ");
	ins_tuple__text(&v6, true, &b);
	buf__u8(&b, 0);
	assert_string_equal((char *)b.p, "192.0.2.7:443 10.0.0.1:40000 [::1]:53");
	assert_string_equal(ins_tuple__proto(&v4, FDT_IPV4), "tcp");
	assert_string_equal(ins_tuple__proto(&v6, FDT_IPV6), "udp");
	assert_string_equal(ins_tuple__proto(&v6, FDT_UNIX), "unix");
	buf__done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations), cmocka_unit_test(counts), cmocka_unit_test(statuses),
		cmocka_unit_test(terminals), cmocka_unit_test(tuples),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
