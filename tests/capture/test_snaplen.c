// SPDX-License-Identifier: Apache-2.0
/*
 * The snap length and its exceptions: what is understood, what is refused and why, which one counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "capture/snaplen.h"

static uint32_t keep(const char *list, const struct cap_snap_object *o)
{
	struct cap_snaplen s = { .bytes = 80 };
	struct err err = { 0 };

	assert_int_equal(cap_snaplen__add(&s, list, &err), 0);
	return cap_snaplen__keep(s.bytes, s.snaps, s.n, o);
}

static uint32_t keep_path(const char *list, const char *path)
{
	return keep(list, &(struct cap_snap_object){ .fd = 5, .path = path });
}

static void refused(const char *list, const char *why)
{
	struct cap_snaplen s = { .bytes = 80 };
	struct err err = { 0 };

	assert_true(cap_snaplen__add(&s, list, &err) < 0);
	if (!strstr(err.msg, why))
		fail_msg("'%s': '%s' says nothing of '%s'", list, err.msg, why);
}

static void test_sizes(void **state)
{
	struct cap_snap_object none = { .fd = -1 };

	(void)state;
	assert_int_equal(keep("0", &none), 0);
	assert_int_equal(keep("1KiB", &none), 1024);
	assert_int_equal(keep("whole", &none), CAP_SNAP_MAX);
	assert_int_equal(keep("64KiB", &none), CAP_SNAP_MAX);
	assert_int_equal(keep("tty=5", &none), 80);
	refused("65KiB", "at most 65536");
	refused("many", "not a size");
	refused("", "something is missing");
	refused("80,", "at the end");
	refused("80,,tty=1", "before a comma");
	refused("80,90", "WHAT=SIZE");
	refused("tty", "not a size");
	refused("tty=", "not a size");
	refused("80,tty", "WHAT=SIZE");
	refused("port:80", "WHAT=SIZE");
}

static void test_objects(void **state)
{
	struct cap_snap_object o = { .fd = 3, .ports = { 40000, 443, 0 } };

	(void)state;
	assert_int_equal(keep("port:443=7", &o), 7);
	assert_int_equal(keep("port:40000=7", &o), 7);
	assert_int_equal(keep("port:44=7", &o), 80);
	o.ports[2] = 53;
	assert_int_equal(keep("port:53=7", &o), 7);
	assert_int_equal(keep("fd:3=7", &o), 7);
	assert_int_equal(keep("fd:30=7", &o), 80);
	assert_int_equal(keep("tty=7", &o), 80);
	o.tty = true;
	assert_int_equal(keep("tty=7", &o), 7);
	/* the first that fits counts, not the largest */
	assert_int_equal(keep("fd:3=1,port:443=2,tty=3", &o), 1);
	assert_int_equal(keep("fd:9=1,port:443=2,tty=3", &o), 2);
	o.fd = -1;
	assert_int_equal(keep("fd:0=1", &o), 80);
	refused("port:0=1", "1 to 65535");
	refused("port:65536=1", "65535");
	refused("port:http=1", "a number");
	refused("fd:-1=1", "a number");
	refused("uid:1=1", "exceptions are for");
}

static void test_paths(void **state)
{
	char list[32 * (CAP_SNAPS + 1)] = "1", *at = list + 1;

	(void)state;
	assert_int_equal(keep_path("path:/etc=7", "/etc"), 7);
	assert_int_equal(keep_path("path:/etc=7", "/etc/shadow"), 7);
	assert_int_equal(keep_path("path:/etc/=7", "/etc/ssl/private/key"), 7);
	assert_int_equal(keep_path("path:/etc/*=7", "/etc/shadow"), 7);
	assert_int_equal(keep_path("path:/etc=7", "/etcetera"), 80);
	assert_int_equal(keep_path("path:/etc=7", "/et"), 80);
	assert_int_equal(keep_path("path:/etc=7", "/srv/etc/shadow"), 80);
	assert_int_equal(keep_path("path:/etc=7", "/"), 80);
	assert_int_equal(keep_path("path:/a/b/c=7", "/a/b/c/d"), 7);
	assert_int_equal(keep_path("path:/a/b/c=7", "/a/b"), 80);
	assert_int_equal(keep_path("path:/a/b/c=7", "/c/b/a"), 80);
	assert_int_equal(keep_path("path:/with=sign=7", "/with=sign"), 7);
	assert_int_equal(keep("path:/etc=7", &(struct cap_snap_object){ .fd = 1 }), 80);
	refused("path:etc=1", "from / on");
	refused("path:/=1", "a name in it");
	refused("path:/*=1", "a name in it");
	refused("path:/var/*.log=1", "other patterns");
	refused("path:/a//b=1", "without //");
	refused("path:/a/../b=1", "without //");
	refused("path:/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"
		"123456789012345678901234567890123456789=1", "at most 127 characters");
	for (unsigned i = 0; i <= CAP_SNAPS; i++)
		at += sprintf(at, ",fd:%u=1", i);
	refused(list, "at most 16");
}

/* As the programs in the kernel compare: what a walk up writes, against the end of the rule. */
static void test_layout(void **state)
{
	static const char names[] = "shadow\0ssl\0etc";	/* and its own NUL */
	struct cap_snaplen s = { 0 };
	uint8_t walk[CAP_SNAP_WORDS * 8] = { 0 };
	struct err err = { 0 };
	const uint8_t *word = (const uint8_t *)s.snaps[0].word, *mask = (const uint8_t *)s.snaps[0].mask;
	unsigned counted = 0;

	(void)state;
	assert_int_equal(cap_snaplen__add(&s, "path:/etc/ssl=1", &err), 0);
	memcpy(walk + sizeof(walk) - sizeof(names), names, sizeof(names));
	for (unsigned i = 0; i < sizeof(walk); i++) {
		assert_int_equal((walk[i] ^ word[i]) & mask[i], 0);
		counted += mask[i] != 0;
	}
	assert_int_equal(counted, sizeof("ssl") + sizeof("etc") + 1);
}

/* What a file says of its exceptions is what was asked for. */
static void test_text(void **state)
{
	static const char list[] = "port:53=4096,path:/etc/ssl=65536,tty=2048,fd:100=7,path:/a=0,path:/etc/a=b=1";
	struct cap_snaplen s = { 0 }, longest = { 0 };
	char text[CAP_SNAPLEN_TEXT], item[CAP_SNAP_PATH + 20];
	struct err err = { 0 };

	(void)state;
	assert_int_equal(cap_snaplen__add(&s, list, &err), 0);
	cap_snaplen__text(s.snaps, s.n, text);
	assert_string_equal(text, list);
	cap_snaplen__text(NULL, 0, text);
	assert_string_equal(text, "");
	snprintf(item, sizeof(item), "path:/%0*d=65536", (int)CAP_SNAP_PATH - 1, 0);
	for (unsigned i = 0; i < CAP_SNAPS; i++)
		assert_int_equal(cap_snaplen__except(&longest, item, &err), 0);
	cap_snaplen__text(longest.snaps, longest.n, text);
	assert_int_equal(strlen(text), CAP_SNAPS * strlen(item) + CAP_SNAPS - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_layout),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
