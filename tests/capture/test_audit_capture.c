// SPDX-License-Identifier: Apache-2.0
/*
 * An audit log that grows, is rotated, truncated, and followed again after a restart: nothing is missing, nothing twice. And what
 * an API server posts.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture/audit/audit_hook.h"
#include "capture/audit/audit_log.h"

#define PATIENCE 100			/* tenths of a second, at most */

static char dir[64], *path, *state, *old;
static struct cap_audit_queue *q;
static struct cap_audit_log *l;
static struct buf got;

static int begin(void **s)
{
	(void)s;
	strcpy(dir, "/tmp/spoor-audit.XXXXXX");
	assert_non_null(mkdtemp(dir));
	path = xasprintf("%s/audit.log", dir);
	state = xasprintf("%s/state", dir);
	old = xasprintf("%s/audit-2026.log", dir);
	q = cap_audit_queue__new();
	got.len = 0;
	return 0;
}

static int end(void **s)
{
	char *rm = xasprintf("rm -rf %s", dir);

	(void)s;
	cap_audit_log__free(l);
	l = NULL;
	cap_audit_queue__free(q);
	assert_int_equal(system(rm), 0);
	free(rm);
	free(path);
	free(state);
	free(old);
	return 0;
}

static void put_verb(void *arg, const struct fmt_ev *ev)
{
	(void)arg;
	buf__printf(&got, "%s ", fmt_ev__str(ev, P_k8s_audit_verb)->p);
}

static void append(const char *file, const char *verbs)
{
	FILE *f = fopen(file, "a");
	char *words = xstrdup(verbs), *rest = words, *w;

	assert_non_null(f);
	while ((w = strsep(&rest, " ")))
		if (strcmp(w, "!"))
			fprintf(f, "{\"auditID\":\"1\",\"verb\":\"%s\",\"stageTimestamp\":\"2026-11-27T22:29:12.438001Z\"}\n", w);
		else
			fputs("{\"auditID\":\"1\",\n", f);
	free(words);
	assert_int_equal(fclose(f), 0);
}

static void start(bool from_start)
{
	struct cap_audit_log_opts o = { .path = path, .state = state, .from_start = from_start };
	struct err err = { 0 };

	if (cap_audit_log__start(&l, &o, q, &err))
		fail_msg("%s: %s", err.file, err.msg);
}

/* Wait for these in this order; what the queue has is recorded so. */
static void expect(const char *want)
{
	struct timespec t = { .tv_nsec = 100000000 };

	for (unsigned k = 0; k < PATIENCE; k++) {
		cap_audit_queue__each(q, put_verb, NULL);
		cap_audit_queue__all_written(q);
		buf__reserve(&got, 1);
		got.p[got.len] = '\0';
		if (got.len >= strlen(want))
			break;
		nanosleep(&t, NULL);
	}
	assert_string_equal((char *)got.p, want);
	got.len = 0;
}

static void stop(void)
{
	cap_audit_log__stop(l);
	cap_audit_queue__each(q, put_verb, NULL);
	cap_audit_queue__all_written(q);
	cap_audit_log__free(l);
	l = NULL;
}

static void grows(void **s)
{
	(void)s;
	append(path, "old");
	start(false);
	append(path, "a b");
	expect("a b ");
	append(path, "c ! d");
	expect("c d ");
}

static void comes_later(void **s)
{
	(void)s;
	start(false);
	append(path, "a");
	expect("a ");
}

static void renamed(void **s)
{
	(void)s;
	append(path, "a");
	start(true);
	expect("a ");
	append(path, "b c");
	assert_int_equal(rename(path, old), 0);
	append(path, "d");
	expect("b c d ");
	append(path, "e");
	expect("e ");
}

static void copied_and_truncated(void **s)
{
	(void)s;
	append(path, "a b c");
	start(true);
	expect("a b c ");
	assert_int_equal(truncate(path, 0), 0);
	append(path, "d");
	expect("d ");
	/* truncated and longer than before between two looks */
	assert_int_equal(truncate(path, 0), 0);
	append(path, "eeeeeeeeeeeeeeee f");
	expect("eeeeeeeeeeeeeeee f ");
}

static void again(void **s)
{
	(void)s;
	append(path, "a b");
	start(true);
	expect("a b ");
	stop();
	got.len = 0;
	append(path, "c");
	start(false);
	expect("c ");
	stop();
	got.len = 0;
	/* rotated while nobody looked */
	append(path, "d");
	assert_int_equal(rename(path, old), 0);
	append(path, "e");
	start(false);
	expect("d e ");
	stop();
	got.len = 0;
	/* written anew while nobody looked */
	assert_int_equal(unlink(path), 0);
	append(path, "f");
	start(false);
	expect("f ");
}

static void rename_to(const char *name)
{
	char *to = xasprintf("%s/%s", dir, name);

	assert_int_equal(rename(path, to), 0);
	free(to);
}

/* More than one file is done between two looks, or while nobody looks; what is beside them is none of the log's. */
static void renamed_twice(void **s)
{
	char *beside = xasprintf("%s/audit.log.1.gz", dir);
	FILE *f = fopen(beside, "w");

	(void)s;
	assert_non_null(f);
	append(path, "a");
	start(true);
	expect("a ");
	append(path, "b");
	rename_to("audit-1.log");
	append(path, "c c");
	rename_to("audit-2.log");
	append(path, "d");
	rename_to("audit-3.log");
	fputs("\x1f\x8b packed", f);
	assert_int_equal(fclose(f), 0);
	append(path, "e");
	expect("b c c d e ");
	append(path, "f");
	expect("f ");
	stop();
	got.len = 0;
	append(path, "g");
	rename_to("audit-4.log");
	append(path, "h");
	rename_to("audit-5.log");
	append(path, "i");
	start(false);
	expect("g h i ");
	append(path, "j");
	expect("j ");
	free(beside);
}

/* Whoever is killed before the entries are written reads them again. */
static void killed_before_they_are_written(void **s)
{
	(void)s;
	append(path, "a");
	start(true);
	expect("a ");
	append(path, "b");
	for (struct cap_audit_counts n = { 0 }; n.taken < 2; cap_audit_queue__counts(q, &n))
		cap_audit_queue__each(q, put_verb, NULL);
	cap_audit_log__free(l);		/* taken, not written */
	l = NULL;
	got.len = 0;
	cap_audit_queue__free(q);
	q = cap_audit_queue__new();
	start(false);
	expect("b ");
}

static void what_is_there_at_the_end(void **s)
{
	(void)s;
	append(path, "a");
	start(true);
	expect("a ");
	append(path, "b c");
	stop();
	buf__reserve(&got, 1);
	got.p[got.len] = '\0';
	assert_string_equal((char *)got.p, "b c ");
}

static void not_yet_recorded_comes_again(void **s)
{
	(void)s;
	append(path, "a");
	start(true);
	expect("a ");
	append(path, "b");
	for (struct cap_audit_counts n = { 0 }; n.entries < 2; cap_audit_queue__counts(q, &n))
		;
	cap_audit_log__free(l);		/* without b having been taken */
	l = NULL;
	cap_audit_queue__free(q);
	q = cap_audit_queue__new();
	start(false);
	expect("b ");
}

static void full(void **s)
{
	char *large = xmalloc(900001), *text;
	struct err err = { 0 };
	unsigned n = 0;
	int r;

	(void)s;
	memset(large, 'x', 900000);
	large[900000] = '\0';
	do {
		text = xasprintf("{\"auditID\":\"%u\",\"verb\":\"%s\",\"stageTimestamp\":\"2026-11-27T22:29:12Z\"}", n, large);
		r = cap_audit_queue__put(q, text, strlen(text), &err);
		free(text);
	} while (r == 1 && ++n < 100);
	assert_int_equal(r, -EAGAIN);
	assert_in_range(n, 10, 20);
	free(large);
}

/* --- what is posted ---------------------------------------------------------------------------------------- */

static void post(unsigned port, const char *body, char reply[256])
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t n = 0;
	ssize_t k;

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	dprintf(fd, "POST %s?timeout=30s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
		    "Connection: close\r\n\r\n%s", CAP_AUDIT_PATH, strlen(body), body);
	while (n < 255 && (k = read(fd, reply + n, 255 - n)) > 0)
		n += (size_t)k;
	reply[n] = '\0';
	close(fd);
}

static void posted(void **s)
{
	struct cap_serve_opts o = { .listen = "127.0.0.1:0" };
	struct cap_serve *serve;
	struct err err = { 0 };
	char reply[256];

	(void)s;
	if (cap_serve__new(&serve, &o, NULL, &err))
		fail_msg("%s", err.msg);
	cap_audit_hook__add(serve, q);
	assert_int_equal(cap_serve__start(serve, &err), 0);
	post(cap_serve__port(serve), "{\"kind\":\"EventList\",\"items\":["
	     "{\"auditID\":\"1\",\"verb\":\"a\",\"stageTimestamp\":\"2026-11-27T22:29:12Z\"},{\"kind\":\"Pod\"},"
	     "{\"auditID\":\"2\",\"verb\":\"b\",\"stageTimestamp\":\"2026-11-27T22:29:12Z\"}]}", reply);
	assert_non_null(strstr(reply, "200 OK"));
	assert_non_null(strstr(reply, "{\"entries\":2}"));
	post(cap_serve__port(serve), "{\"auditID\":\"1\",\"verb\":\"c\",\"stageTimestamp\":\"2026-11-27T22:29:12Z\"}", reply);
	assert_non_null(strstr(reply, "200 OK"));
	post(cap_serve__port(serve), "{\"auditID\":", reply);
	assert_non_null(strstr(reply, " 400 "));
	cap_serve__free(serve);
	expect("a b c ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(grows, begin, end),
		cmocka_unit_test_setup_teardown(comes_later, begin, end),
		cmocka_unit_test_setup_teardown(renamed, begin, end),
		cmocka_unit_test_setup_teardown(copied_and_truncated, begin, end),
		cmocka_unit_test_setup_teardown(again, begin, end),
		cmocka_unit_test_setup_teardown(not_yet_recorded_comes_again, begin, end),
		cmocka_unit_test_setup_teardown(renamed_twice, begin, end),
		cmocka_unit_test_setup_teardown(killed_before_they_are_written, begin, end),
		cmocka_unit_test_setup_teardown(what_is_there_at_the_end, begin, end),
		cmocka_unit_test_setup_teardown(full, begin, end),
		cmocka_unit_test_setup_teardown(posted, begin, end),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	buf__done(&got);
	return failed;
}
