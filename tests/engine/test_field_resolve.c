// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/engine/world.h"

static struct arena mem;
static struct eng_fref ref;
static struct err err;

static int resolve(const char *text)
{
	memset(&ref, 0, sizeof(ref));
	memset(&err, 0, sizeof(err));
	return eng_field__resolve(text, strlen(text), &mem, &ref, &err);
}

static void names(void **state)
{
	(void)state;
	assert_int_equal(resolve("proc.name"), 0);
	assert_string_equal(ref.field->name, "proc.name");
	assert_false(ref.has_arg);
	assert_int_equal(ref.type, T_STR);
	assert_int_equal(ref.scope, SCOPE_PROC);
	assert_int_equal(resolve("fd.sport"), 0);
	assert_int_equal(ref.type, T_PORT);
	assert_int_equal(ref.scope, SCOPE_FD);
	assert_int_equal(resolve("evt.type"), 0);
	assert_int_equal(ref.scope, SCOPE_TYPE);
	/* The longest name that fits, all of the text. */
	assert_int_equal(resolve("evt.arg.flags"), 0);
	assert_string_equal(ref.field->name, "evt.arg");
	assert_int_equal(resolve("evt.args"), 0);
	assert_string_equal(ref.field->name, "evt.args");
	assert_int_equal(resolve("evt.time.iso8601"), 0);
	assert_string_equal(ref.field->name, "evt.time.iso8601");
	assert_int_equal(resolve("proc.exe_ino.ctime_duration_proc_start"), 0);
}

static void arguments(void **state)
{
	(void)state;
	assert_int_equal(resolve("proc.aname[2]"), 0);
	assert_true(ref.has_arg);
	assert_int_equal(ref.index, 2);
	assert_int_equal(resolve("proc.aname"), 0);
	assert_false(ref.has_arg);
	assert_int_equal(resolve("proc.env[HOME]"), 0);
	assert_string_equal(ref.key, "HOME");
	assert_int_equal(resolve("proc.env[\"a b]\"]"), 0);
	assert_string_equal(ref.key, "a b]");
	assert_int_equal(resolve("evt.arg[1]"), 0);
	assert_int_equal(ref.index, 1);
	assert_null(ref.param_of);
	assert_int_equal(resolve("evt.arg.name"), 0);
	assert_int_equal(ref.param_of[EV_openat], P_openat_name);
	assert_int_equal(ref.param_of[EV_read], -1);
	assert_int_equal(resolve("evt.rawarg.res"), 0);
	assert_int_equal(ref.type, T_S64);
	assert_int_equal(resolve("evt.type.is.openat"), 0);
	assert_int_equal(ref.index, EV_openat);
	assert_int_equal(resolve("thread.cgroup.memory"), 0);
	assert_string_equal(ref.key, "memory");
	assert_int_equal(resolve("fd.types[3]"), 0);
	assert_int_equal(ref.index, 3);
}

static void assert_refused(const char *text, int code, const char *part)
{
	int r = resolve(text);

	if (r != code)
		fail_msg("%s: %d", text, r);
	if (!strstr(err.msg, part))
		fail_msg("%s: %s", text, err.msg);
}

static void what_is_refused(void **state)
{
	(void)state;
	assert_refused("proc.nmae", -FMT_E_UNKNOWN, "did you mean 'proc.name'?");
	assert_refused("fd.snip", -FMT_E_UNKNOWN, "did you mean 'fd.sip'?");
	assert_refused("completely.different", -FMT_E_UNKNOWN, "unknown field");
	assert_refused("", -FMT_E_UNKNOWN, "unknown field");
	assert_refused("proc", -FMT_E_UNKNOWN, "unknown field");
	assert_refused("proc.name ", -FMT_E_UNKNOWN, "unknown field");
	assert_refused("proc.name[1]", -FMT_E_VALUE, "takes no argument");
	assert_refused("proc.aname[x]", -FMT_E_VALUE, "takes a number");
	assert_refused("proc.aname[99999999999999999999]", -FMT_E_VALUE, "takes a number");
	assert_refused("proc.aname[", -FMT_E_VALUE, "does not end");
	assert_refused("proc.aname[]", -FMT_E_VALUE, "");
	assert_refused("evt.arg", -FMT_E_VALUE, "needs an argument");
	assert_refused("evt.arg.", -FMT_E_VALUE, "needs a name");
	assert_refused("evt.arg.nosuchparam", -FMT_E_VALUE, "no event has a parameter");
	assert_refused("evt.type.is.nosuch", -FMT_E_VALUE, "unknown event type");
	assert_refused("evt.abspath.neither", -FMT_E_VALUE, ".src or .dst");
	assert_refused("proc.env[\"open]", -FMT_E_VALUE, "does not end");
	assert_refused("thread.cgroup", -FMT_E_VALUE, "needs an argument");
}

static size_t longest(const char *text)
{
	return eng_field__longest(text, strlen(text), &mem, &ref);
}

static void fields_in_running_text(void **state)
{
	(void)state;
	assert_int_equal(longest("proc.name, and so on"), 9);
	assert_int_equal(longest("proc.name."), 9);
	assert_int_equal(longest("proc.aname[2]]"), 13);
	assert_int_equal(longest("proc.name[2]"), 9);
	assert_int_equal(longest("evt.arg.flags)"), 13);
	assert_int_equal(longest("evt.timeless"), 8);
	assert_int_equal(longest("proc.cmdline%"), 12);
	assert_int_equal(longest("nothing.here"), 0);
	assert_int_equal(longest(""), 0);
	assert_int_equal(longest("proc.env[\"x]y\"] z"), 15);
}

/*
 * Every field resolves, with any argument that it needs, and gives something or nothing of any
 * event.
 */
static void all_of_the_table(void **state)
{
	struct world *w = world__new();
	const struct eng_field *all;
	char text[128];
	size_t n;

	(void)state;
	all = eng_field__all(&n);
	assert_true(n > 300);
	open_file(w, 10, 10, "/etc/passwd", 3, FDF_RDONLY);
	for (size_t k = 0; k < n; k++) {
		static const char *const args[] = {
			[ARG_INDEX_REQ] = "[1]", [ARG_KEY_REQ] = "[x]", [ARG_INDEX_OR_KEY] = "[x]",
			[ARG_SUFFIX_REQ] = ".name", [ARG_INDEX_OR_SUFFIX] = ".name",
			[ARG_INDEX_OR_SUFFIX + 1] = NULL,
		};
		const char *arg = strcmp(all[k].name, "evt.type.is") ? args[all[k].arg] : ".openat";
		struct eng_vals v = { .scratch = &mem };
		struct buf b = { 0 };

		for (size_t j = 0; j < k; j++)
			assert_string_not_equal(all[j].name, all[k].name);
		snprintf(text, sizeof(text), "%s%s", all[k].name, arg ? arg : "");
		if (resolve(text) < 0)
			fail_msg("%s: %s", text, err.msg);
		assert_ptr_equal(ref.field, &all[k]);
		assert_true(strlen(all[k].doc) > 5);
		for (int f = 0; f < 2; f++) {
			bool there = eng_field__get(&ref, &w->ctx, f, &v);

			if (there)
				assert_false(all[k].flags & FF_MISSING);
			else
				assert_true(v.missing);
			eng_val__text(&ref, &v, &b);
			eng_val__json(&ref, &v, &b);
		}
		buf__done(&b);
	}
	world__free(w);
	arena__done(&mem);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(arguments),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(fields_in_running_text),
		cmocka_unit_test(all_of_the_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
