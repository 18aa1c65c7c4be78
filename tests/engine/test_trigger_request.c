// SPDX-License-Identifier: Apache-2.0
/*
 * What other tools send to a recorder: their alerts, the plain form, and what is none of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/trigger/control_request.h"

static struct eng_trigger_request parsed(const char *json)
{
	struct eng_trigger_request r = { 0 };
	struct err err = { 0 };

	if (eng_trigger_request__parse(json, strlen(json), &r, &err))
		fail_msg("%s: %s", json, err.msg);
	return r;
}

static void refused(const char *json, int code, const char *part)
{
	struct eng_trigger_request r = { 0 };
	struct err err = { 0 };

	assert_int_equal(eng_trigger_request__parse(json, strlen(json), &r, &err), code);
	if (!strstr(err.msg, part))
		fail_msg("'%s' is not in '%s'", part, err.msg);
}

static void test_falco(void **state)
{
	struct eng_trigger_request r = parsed(
		"{\"hostname\":\"node-1\",\"output\":\"10:00:00.5: Notice A shell (user=root)\",\"priority\":\"Notice\","
		"\"rule\":\"Terminal shell in container\",\"source\":\"syscall\",\"tags\":[\"shell\"],"
		"\"time\":\"2026-11-27T10:00:00.500000000Z\",\"output_fields\":{\"container.id\":\"3f2a9c1d7e55\","
		"\"k8s.ns.name\":\"shop\",\"k8s.pod.name\":\"web-0\",\"proc.pid\":17,\"user.name\":null}}\n");

	(void)state;
	assert_int_equal(r.form, TRIGGER_FALCO);
	assert_string_equal(r.container, "3f2a9c1d7e55");
	assert_string_equal(r.ns, "shop");
	assert_string_equal(r.pod, "web-0");
	assert_string_equal(r.rule, "Terminal shell in container");
	assert_string_equal(r.reason, "10:00:00.5: Notice A shell (user=root)");
	assert_string_equal(r.machine, "node-1");
	assert_true(r.has_priority);
	assert_int_equal(r.priority, PRIO_NOTICE);
	assert_true(r.time_ns == 1795773600500000000ull);
	assert_false(r.host);
	eng_trigger_request__done(&r);

	r = parsed("{\"output\":\"x\",\"rule\":\"R\",\"priority\":\"ERROR\",\"output_fields\":{\"container.id\":\"host\"}}");
	assert_true(r.host);
	assert_string_equal(r.container, "");
	eng_trigger_request__done(&r);

	r = parsed("{\"output\":\"x\",\"rule\":\"R\",\"output_fields\":{\"container.id\":\"<NA>\",\"container.name\":\"web\"}}");
	assert_string_equal(r.container, "web");
	assert_false(r.has_priority);
	eng_trigger_request__done(&r);

	r = parsed("{\"output\":\"x\",\"rule\":\"Attach\",\"source\":\"k8s_audit\",\"output_fields\":{"
		   "\"ka.target.resource\":\"pods\",\"ka.target.namespace\":\"shop\",\"ka.target.name\":\"web-0\"}}");
	assert_string_equal(r.pod, "web-0");
	assert_string_equal(r.ns, "shop");
	assert_false(r.host);
	eng_trigger_request__done(&r);
}

static void test_falcosidekick(void **state)
{
	struct eng_trigger_request r = parsed(
		"{\"uuid\":\"b2f2f1c2-0000-4000-8000-000000000001\",\"output\":\"o\",\"priority\":\"Critical\",\"rule\":\"R\","
		"\"time\":\"2026-11-27T10:00:00Z\",\"output_fields\":{\"container.id\":\"abc\"},\"source\":\"syscall\","
		"\"tags\":[],\"hostname\":\"n\"}");

	(void)state;
	assert_int_equal(r.form, TRIGGER_FALCOSIDEKICK);
	assert_string_equal(eng_trigger_form__name(r.form), "falcosidekick");
	assert_int_equal(r.priority, PRIO_CRITICAL);
	assert_string_equal(r.container, "abc");
	eng_trigger_request__done(&r);
}

static void test_tetragon(void **state)
{
	struct eng_trigger_request r = parsed(
		"{\"process_kprobe\":{\"process\":{\"exec_id\":\"a2luZDox\",\"pid\":52699,\"uid\":0,\"cwd\":\"/\","
		"\"binary\":\"/bin/cat\",\"arguments\":\"/etc/shadow\",\"docker\":\"6c9b1f0000aa\",\"pod\":{\"namespace\":\"default\","
		"\"name\":\"xwing\",\"container\":{\"id\":\"containerd://6c9b1f0000aabbccddee\",\"name\":\"spaceship\"}}},"
		"\"parent\":{\"binary\":\"/bin/sh\"},\"function_name\":\"security_file_permission\",\"args\":[{\"int_arg\":4}],"
		"\"policy_name\":\"sensitive-files\",\"message\":\"a secret was read\"},\"node_name\":\"worker\","
		"\"time\":\"2026-11-27T10:00:00.25Z\"}");

	(void)state;
	assert_int_equal(r.form, TRIGGER_TETRAGON);
	assert_string_equal(r.container, "6c9b1f0000aabbccddee");
	assert_string_equal(r.ns, "default");
	assert_string_equal(r.pod, "xwing");
	assert_string_equal(r.rule, "sensitive-files");
	assert_string_equal(r.reason, "a secret was read: security_file_permission /bin/cat /etc/shadow");
	assert_string_equal(r.machine, "worker");
	assert_true(r.time_ns == 1795773600250000000ull);
	eng_trigger_request__done(&r);

	/* Without Kubernetes: the short id only, and no policy. */
	r = parsed("{\"process_exec\":{\"process\":{\"binary\":\"/bin/id\",\"docker\":\"6c9b1f0000aa\"}},\"time\":\"x\"}");
	assert_string_equal(r.container, "6c9b1f0000aa");
	assert_string_equal(r.rule, "process_exec");
	assert_string_equal(r.reason, "/bin/id ");
	assert_true(r.time_ns == 0);
	eng_trigger_request__done(&r);
}

static void test_plain(void **state)
{
	struct eng_trigger_request r = parsed(
		"{\"container\": \"web-1\", \"reason\": \"ticket 4711\", \"before\": \"1m30s\", \"after\": 2.5, \"priority\": \"alert\"}");

	(void)state;
	assert_int_equal(r.form, TRIGGER_PLAIN);
	assert_string_equal(r.container, "web-1");
	assert_string_equal(r.reason, "ticket 4711");
	assert_true(r.has_before && r.before_ns == 90000000000ull);
	assert_true(r.has_after && r.after_ns == 2500000000ull);
	assert_int_equal(r.priority, PRIO_ALERT);
	assert_false(r.host);
	eng_trigger_request__done(&r);

	r = parsed("{}");
	assert_true(r.host);
	assert_false(r.has_before || r.has_after || r.has_priority);
	eng_trigger_request__done(&r);

	r = parsed(" {\"host\": true, \"reason\": \"x\"} ");
	assert_true(r.host);
	eng_trigger_request__done(&r);

	r = parsed("{\"pod\": \"web-0\", \"namespace\": \"shop\"}");
	assert_false(r.host);
	assert_string_equal(r.pod, "web-0");
	eng_trigger_request__done(&r);

	r = parsed("{\"container\": \"docker://abc\"}");
	assert_string_equal(r.container, "abc");
	eng_trigger_request__done(&r);
}

static void test_refused(void **state)
{
	char deep[200];
	char *big = malloc(ENG_TRIGGER_JSON_MAX + 2);

	(void)state;
	refused("", -FMT_E_SYNTAX, "no JSON");
	refused("[]", -FMT_E_SYNTAX, "one JSON object");
	refused("\"x\"", -FMT_E_SYNTAX, "one JSON object");
	refused("{} {}", -FMT_E_SYNTAX, "one JSON object");
	refused("{\"container\":", -FMT_E_SYNTAX, "wrong at byte");
	refused("{\"bfore\": \"1s\"}", -FMT_E_UNKNOWN, "\"bfore\"");
	refused("{\"before\": \"soon\"}", -FMT_E_VALUE, "\"before\" is a duration");
	refused("{\"before\": -1}", -FMT_E_VALUE, "\"before\" is a duration");
	refused("{\"after\": \"25h\"}", -FMT_E_VALUE, "longer than a day");
	refused("{\"container\": 7}", -FMT_E_VALUE, "\"container\" is a text");
	refused("{\"container\": \"a b\"}", -FMT_E_VALUE, "no name or id");
	refused("{\"container\": \"a\\u001b[2J\"}", -FMT_E_VALUE, "no name or id");
	refused("{\"priority\": \"loud\"}", -FMT_E_VALUE, "\"priority\"");
	refused("{\"host\": 1}", -FMT_E_VALUE, "\"host\"");
	refused("{\"host\": true, \"container\": \"a\"}", -FMT_E_VALUE, "either");
	memset(deep, '[', sizeof(deep));
	deep[sizeof(deep) - 1] = 0;
	refused(deep, -FMT_E_LIMIT, "deeper");
	memset(big, ' ', ENG_TRIGGER_JSON_MAX + 1);
	big[ENG_TRIGGER_JSON_MAX + 1] = 0;
	refused(big, -FMT_E_LIMIT, "more than");
	free(big);
}

/* Long texts are cut between characters. */
static void test_cut(void **state)
{
	struct buf b = { 0 };
	struct eng_trigger_request r;

	(void)state;
	buf__puts(&b, "{\"reason\": \"x");
	for (int i = 0; i < 5000; i++)
		buf__puts(&b, "\xc3\xa4");
	buf__puts(&b, "\"}");
	buf__u8(&b, 0);
	r = parsed((char *)b.p);
	assert_int_equal(strlen(r.reason), 4095);
	eng_trigger_request__done(&r);
	buf__done(&b);
}

static void control_refused(const char *line, int code, const char *part)
{
	struct eng_control_request r = { 0 };
	struct err err = { 0 };

	assert_int_equal(eng_control_request__parse(line, strlen(line), &r, &err), code);
	if (!strstr(err.msg, part))
		fail_msg("'%s' is not in '%s'", part, err.msg);
}

static struct eng_control_request control(const char *line)
{
	struct eng_control_request r = { 0 };
	struct err err = { 0 };

	if (eng_control_request__parse(line, strlen(line), &r, &err))
		fail_msg("%s: %s", line, err.msg);
	return r;
}

static void test_control(void **state)
{
	struct eng_control_request r = control("{\"command\": \"trigger\", \"request\": {\"container\": \"web1\", \"before\": \"60s\"}, \"wait\": true}");

	(void)state;
	assert_int_equal(r.command, CONTROL_TRIGGER);
	assert_true(r.wait);
	assert_string_equal(r.trigger.container, "web1");
	assert_true(r.trigger.before_ns == 60000000000ull);
	eng_control_request__done(&r);
	assert_int_equal(control("{\"command\":\"reload\"}").command, CONTROL_RELOAD);
	assert_int_equal(control("{\"command\":\"playbooks\"}").playbooks, PLAYBOOKS_STATUS);
	assert_int_equal(control("{\"command\":\"playbooks\",\"request\":{\"do\":\"stop\"}}").playbooks, PLAYBOOKS_STOP);
	/* what is not understood does nothing, least of all resume */
	control_refused("{\"command\":\"playbooks\",\"request\":{\"do\":\"halt\"}}", -FMT_E_VALUE, "status, stop, resume");
	control_refused("{\"command\":\"playbooks\",\"request\":{\"do\":5}}", -FMT_E_VALUE, "status, stop, resume");
	control_refused("{\"command\":\"trigger\"}", -FMT_E_VALUE, "the request is missing");
	control_refused("{\"command\":\"trigger\",\"request\":{},\"wait\":\"yes\"}", -FMT_E_VALUE, "true or false");
	control_refused("{\"command\":\"trigger\",\"request\":{\"before\":\"soon\"}}", -FMT_E_VALUE, "before");
	control_refused("{\"command\":\"dance\"}", -FMT_E_UNKNOWN, "one of: trigger");
	control_refused("[]", -FMT_E_SYNTAX, "one JSON object");
	control_refused("{\"a\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", -FMT_E_LIMIT, "nested deeper");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_control),
		cmocka_unit_test(test_falco), cmocka_unit_test(test_falcosidekick), cmocka_unit_test(test_tetragon),
		cmocka_unit_test(test_plain), cmocka_unit_test(test_refused), cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
