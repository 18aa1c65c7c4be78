// SPDX-License-Identifier: Apache-2.0
/*
 * Who came in: a request to run a command in a pod, out of the audit log, and the process that it started.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "format/base/alloc.h"
#include "tests/engine/world.h"

#define ID "3ad7b26ded6d8e7b23da7d48fe889434573036c27ae5a74837233de441c3601e"
#define CGROUP "memory=/kubepods/pod1/" ID "\0"
#define POD "{\"container\":{\"id\":\"3ad7b26ded6d\",\"full_id\":\"" ID "\",\"name\":\"c\",\"labels\":{" \
	"\"io.kubernetes.pod.name\":\"web-0\",\"io.kubernetes.pod.namespace\":\"shop\",\"io.kubernetes.container.name\":\"c\"}}}"

enum { SHIM = 100, INIT = 200, SHELL = 300, OTHER = 400 };

static void exec_with(struct world *w, int64_t pid, const char *exe, const char *args, uint32_t n)
{
	ev(w, EV_execve, pid, pid, 0);
	s(w, P_execve_exe, exe);
	s(w, P_execve_comm, exe);
	fmt_batch__str(w->b, P_execve_args, args, n, n);
	fmt_batch__str(w->b, P_execve_cgroups, CGROUP, sizeof(CGROUP) - 1, sizeof(CGROUP) - 1);
	go(w);
}
#define EXEC(w, pid, exe, args) exec_with(w, pid, exe, args, sizeof(args) - 1)

/* A shim on the host and a container's first process. */
static struct world *pod(void)
{
	struct world *w = world__new();

	task_new(w, 1, 1, SHIM, SHIM, 0, "shim");
	ev(w, EV_execve, SHIM, SHIM, 0);
	s(w, P_execve_comm, "shim");
	s(w, P_execve_exe, "shim");
	fmt_batch__str(w->b, P_execve_cgroups, "memory=/\0", 9, 9);
	go(w);
	task_new(w, SHIM, SHIM, INIT, INIT, 0, "nginx");
	EXEC(w, INIT, "nginx", "");
	ev(w, EV_container, 0, 0, 0);
	s(w, P_container_id, "3ad7b26ded6d");
	s(w, P_container_json, POD);
	go(w);
	return w;
}

/* Somebody comes in: what the shim starts there. */
static void enter(struct world *w, int64_t pid)
{
	task_new(w, SHIM, SHIM, pid, pid, 0, "runc");
}

/* code 0: it has been received, and not been answered yet */
static void request(struct world *w, const char *id, const char *user, const char *uri, int code)
{
	uint64_t now = w->ts + 1000000;
	char time[48], *text;

	snprintf(time, sizeof(time), "2023-11-14T22:13:%02u.%06uZ", 20 + (unsigned)((now - T0) / 1000000000u),
		 (unsigned)((now - T0) % 1000000000u / 1000));
	text = xasprintf("{\"auditID\":\"%s\",\"verb\":\"create\",\"user\":{\"username\":\"%s\",\"groups\":[\"dev\"]},"
			 "\"sourceIPs\":[\"10.0.0.9\"],\"userAgent\":\"kubectl\",\"requestURI\":\"%s\",\"requestReceivedTimestamp\":\"%s\"}",
			 id, user, uri, time);
	ev(w, EV_k8s_audit, 0, 0, 0);
	s(w, P_k8s_audit_json, text);
	s(w, P_k8s_audit_stage, code ? "ResponseStarted" : "RequestReceived");
	s(w, P_k8s_audit_resource, "pods");
	s(w, P_k8s_audit_subresource, "exec");
	s(w, P_k8s_audit_namespace, "shop");
	s(w, P_k8s_audit_name, "web-0");
	if (code)
		i(w, P_k8s_audit_code, code);
	go(w);
	free(text);
}
#define SH "/api/v1/namespaces/shop/pods/web-0/exec?command=sh&command=-c&command=id+-u&container=c&stdin=true"

static void looks(struct world *w, int64_t pid)
{
	ev(w, EV_getpid, pid, pid, 0);
	go(w);
}

static void expect_user(struct world *w, int64_t pid, const char *want)
{
	const char *got;

	looks(w, pid);
	got = get(w, "ka.user.name");
	if (!want)
		assert_null(got);
	else if (!got)
		fail_msg("process %d has no cause, not %s", (int)pid, want);
	else
		assert_string_equal(got, want);
}

static void log_before_process(void **state)
{
	struct world *w = pod();

	(void)state;
	request(w, "1", "alice", SH, 101);
	expect_user(w, INIT, NULL);
	enter(w, SHELL);
	EXEC(w, SHELL, "sh", "-c\0id -u\0");
	expect_user(w, SHELL, "alice");
	assert_string_equal(get(w, "ka.user.groups"), "(dev)");
	assert_string_equal(get(w, "ka.sourceips"), "(10.0.0.9)");
	assert_string_equal(get(w, "ka.useragent"), "kubectl");
	assert_string_equal(get(w, "ka.uri.param[container]"), "c");
	assert_null(get(w, "jevt.rawtime"));
	/* and what it starts, and what that starts */
	task_new(w, SHELL, SHELL, 301, 301, 0, "sh");
	EXEC(w, 301, "id", "-u\0");
	expect_user(w, 301, "alice");
	expect_user(w, INIT, NULL);
	expect_user(w, SHIM, NULL);
	world__free(w);
}

static void process_before_log(void **state)
{
	struct world *w = pod();

	(void)state;
	enter(w, SHELL);
	EXEC(w, SHELL, "sh", "-c\0id -u\0");
	task_new(w, SHELL, SHELL, 301, 301, 0, "sh");
	EXEC(w, 301, "id", "-u\0");
	expect_user(w, 301, NULL);
	request(w, "1", "alice", SH, 101);
	expect_user(w, SHELL, "alice");
	expect_user(w, 301, "alice");
	world__free(w);
}

/* Another command, container, pod, or a request that was refused; too early, too late. */
static void what_does_not_fit(void **state)
{
	static const struct { const char *uri; int code; } cases[] = {
		{ "/x?command=bash&container=c", 101 }, { "/x?command=sh&container=c", 101 },
		{ "/x?command=sh&command=-c&command=id&container=c", 101 },
		{ "/x?command=sh&command=-c&command=id+-u&container=d", 101 }, { "/x?container=c", 101 }, { SH, 403 },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		struct world *w = pod();

		request(w, "1", "alice", cases[k].uri, cases[k].code);
		enter(w, SHELL);
		EXEC(w, SHELL, "sh", "-c\0id -u\0");
		expect_user(w, SHELL, NULL);
		world__free(w);
	}
}

static void times(void **state)
{
	static const struct { int64_t later_ms; bool fits; } cases[] = {
		{ 9000, true }, { 11000, false }, { -1500, true }, { -2500, false },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(cases) / sizeof(*cases); k++) {
		struct world *w = pod();

		w->ts += 5000000000u;
		request(w, "1", "alice", SH, 101);
		w->ts += (uint64_t)(cases[k].later_ms * 1000000);
		enter(w, SHELL);
		EXEC(w, SHELL, "sh", "-c\0id -u\0");
		expect_user(w, SHELL, cases[k].fits ? "alice" : NULL);
		world__free(w);
	}
}

static void not_from_outside(void **state)
{
	struct world *w = pod();

	(void)state;
	request(w, "1", "alice", SH, 101);
	task_new(w, INIT, INIT, SHELL, SHELL, 0, "nginx");	/* the server starts a shell itself */
	EXEC(w, SHELL, "sh", "-c\0id -u\0");
	expect_user(w, SHELL, NULL);
	enter(w, OTHER);
	EXEC(w, OTHER, "/bin/sh", "-c\0id -u\0");
	expect_user(w, OTHER, "alice");
	world__free(w);
}

static void through_an_interpreter(void **state)
{
	struct world *w = pod();

	(void)state;
	request(w, "1", "alice", "/x?command=backup.sh&command=now", 101);
	enter(w, SHELL);
	EXEC(w, SHELL, "/bin/sh", "/usr/bin/backup.sh\0now\0");
	expect_user(w, SHELL, "alice");
	world__free(w);
}

/* Words in front of the command make it another: only the kernel puts an interpreter there, and then a whole path behind it. */
static void words_before(void **state)
{
	struct world *w = pod();

	(void)state;
	request(w, "1", "alice", "/x?command=sh", 101);
	enter(w, SHELL);
	EXEC(w, SHELL, "timeout", "9\0sh\0");
	expect_user(w, SHELL, NULL);
	enter(w, OTHER);
	EXEC(w, OTHER, "env", "sh\0");
	expect_user(w, OTHER, NULL);
	enter(w, 500);
	EXEC(w, 500, "sh", "");
	expect_user(w, 500, "alice");
	world__free(w);
}

/* The runtime's own program, what was asked for, what that has become: the log may be late. */
static void one_program_after_the_other(void **state)
{
	struct world *w = pod();
	struct eng_state *st, *was = w->st;

	(void)state;
	enter(w, SHELL);
	EXEC(w, SHELL, "runc", "init\0");
	EXEC(w, SHELL, "sh", "-c\0id -u\0");
	task_new(w, SHELL, SHELL, 301, 301, 0, "sh");
	EXEC(w, SHELL, "python3", "server.py\0");
	EXEC(w, SHELL, "python3.11", "server.py\0");
	EXEC(w, SHELL, "one", "more\0");
	leave(w);
	st = copy_of(w->st, w->ts);
	for (unsigned k = 0; k < 2; k++) {
		request(w, "1", "alice", SH, 101);
		expect_user(w, SHELL, "alice");
		expect_user(w, 301, "alice");
		expect_user(w, INIT, NULL);
		leave(w);
		w->st = st;
	}
	w->st = was;
	eng_state__free(st);
	world__free(w);
}

/* A container is named some time after it has begun. */
static void pod_known_later(void **state)
{
	struct world *w = world__new();

	(void)state;
	task_new(w, 1, 1, SHIM, SHIM, 0, "shim");
	ev(w, EV_execve, SHIM, SHIM, 0);
	s(w, P_execve_comm, "shim");
	s(w, P_execve_exe, "shim");
	fmt_batch__str(w->b, P_execve_cgroups, "memory=/\0", 9, 9);
	go(w);
	task_new(w, SHIM, SHIM, INIT, INIT, 0, "nginx");
	EXEC(w, INIT, "nginx", "");
	request(w, "1", "alice", SH, 101);
	enter(w, SHELL);
	EXEC(w, SHELL, "sh", "-c\0id -u\0");
	expect_user(w, SHELL, NULL);
	ev(w, EV_container, 0, 0, 0);
	s(w, P_container_id, "3ad7b26ded6d");
	s(w, P_container_json, POD);
	go(w);
	expect_user(w, SHELL, "alice");
	expect_user(w, INIT, NULL);
	world__free(w);
}

/* Each request starts one process: what is settled stays. */
static void one_after_the_other(void **state)
{
	struct world *w = pod();

	(void)state;
	request(w, "1", "alice", SH, 101);
	enter(w, SHELL);
	EXEC(w, SHELL, "sh", "-c\0id -u\0");
	request(w, "1", "alice", SH, 101);	/* its end is an entry, too */
	request(w, "2", "bob", SH, 101);
	enter(w, OTHER);
	EXEC(w, OTHER, "sh", "-c\0id -u\0");
	expect_user(w, SHELL, "alice");
	expect_user(w, OTHER, "bob");
	/* somebody of whom the log says nothing */
	enter(w, 500);
	EXEC(w, 500, "sh", "-c\0id -u\0");
	expect_user(w, 500, NULL);
	world__free(w);
}

static void either_of_two(void **state)
{
	struct world *w = pod();
	struct buf who = { 0 };

	(void)state;
	request(w, "1", "alice", SH, 101);
	request(w, "2", "bob", SH, 101);
	enter(w, SHELL);
	EXEC(w, SHELL, "sh", "-c\0id -u\0");
	enter(w, OTHER);
	EXEC(w, OTHER, "sh", "-c\0id -u\0");
	expect_user(w, SHELL, "alice or bob");
	expect_user(w, OTHER, "alice or bob");
	assert_string_equal(get(w, "ka.user.groups"), "(dev)");
	eng_entry__who(w->ctx.proc->entry, &who);
	buf__u8(&who, 0);
	assert_string_equal((char *)who.p, "alice@10.0.0.9 (kubectl), or bob@10.0.0.9 (kubectl)");
	buf__done(&who);
	world__free(w);
}

/* Of whom the log says first that he asked, and then that he may not, is nobody's cause. */
static void refused_later(void **state)
{
	struct world *w = pod();

	(void)state;
	request(w, "1", "mallory", SH, 0);
	request(w, "1", "mallory", SH, 403);
	request(w, "2", "alice", SH, 0);
	request(w, "2", "alice", SH, 101);
	enter(w, SHELL);
	EXEC(w, SHELL, "sh", "-c\0id -u\0");
	expect_user(w, SHELL, "alice");
	world__free(w);
}

/* Two asked before a process began, and the log tells of both after it: whichever it tells first, both are named. */
static void told_late(void **state)
{
	struct world *w = pod();
	uint64_t asked = w->ts, now;

	(void)state;
	w->ts += 3000000000u;
	enter(w, SHELL);
	EXEC(w, SHELL, "sh", "-c\0id -u\0");
	now = w->ts;
	w->ts = asked;
	request(w, "1", "alice", SH, 101);
	w->ts = asked + 1000000000u;
	request(w, "2", "bob", SH, 101);
	w->ts = now;
	expect_user(w, SHELL, "alice or bob");
	/* either may have started this one, then */
	enter(w, OTHER);
	EXEC(w, OTHER, "sh", "-c\0id -u\0");
	expect_user(w, OTHER, "alice or bob");
	world__free(w);
}

/* A reader that begins at a keyframe knows the same, and goes on in the same way. */
static void keyframes(void **state)
{
	struct world *w = pod();
	struct eng_state *st, *was;
	char *a, *b;

	(void)state;
	request(w, "1", "alice", SH, 101);
	enter(w, SHELL);
	EXEC(w, SHELL, "sh", "-c\0id -u\0");
	task_new(w, SHELL, SHELL, 301, 301, 0, "sh");
	request(w, "2", "bob", "/x?command=top", 101);	/* its process comes later */
	enter(w, OTHER);
	EXEC(w, OTHER, "date", "");			/* its request comes later */
	leave(w);
	st = copy_of(w->st, w->ts);
	a = dump(w->st);
	b = dump(st);
	assert_string_equal(a, b);
	assert_non_null(strstr(a, "cause='1'"));
	was = w->st;
	w->st = st;
	expect_user(w, 301, "alice");
	assert_ptr_equal(eng_state__proc(st, 301)->entry, eng_state__proc(st, SHELL)->entry);
	request(w, "3", "carol", "/x?command=date", 101);
	expect_user(w, OTHER, "carol");
	enter(w, 500);
	EXEC(w, 500, "top", "");
	expect_user(w, 500, "bob");
	enter(w, 600);
	EXEC(w, 600, "sh", "-c\0id -u\0");		/* alice's request has been used */
	expect_user(w, 600, NULL);
	leave(w);
	w->st = was;
	eng_state__free(st);
	free(a);
	free(b);
	world__free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_before_process), cmocka_unit_test(process_before_log), cmocka_unit_test(what_does_not_fit),
		cmocka_unit_test(times), cmocka_unit_test(not_from_outside), cmocka_unit_test(through_an_interpreter),
		cmocka_unit_test(one_after_the_other), cmocka_unit_test(either_of_two), cmocka_unit_test(refused_later), cmocka_unit_test(told_late),
		cmocka_unit_test(keyframes), cmocka_unit_test(words_before), cmocka_unit_test(one_program_after_the_other),
		cmocka_unit_test(pod_known_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
