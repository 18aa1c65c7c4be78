// SPDX-License-Identifier: Apache-2.0
/* Playbooks: which alerts they are for, what keeps them from acting, and values that would like to be more than values. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cJSON.h>
#include <cmocka.h>

#include "engine/playbook/playbook.h"
#include "tests/engine/world.h"

#define FULL_ID(c) c "bbccddeeff00112233445566778899aabbccddeeff00112233445566778899"

static const char rules_text[] =
	"- rule: Shell\n  desc: d\n  condition: evt.type = getpid\n  output: Shell %proc.name\n  priority: WARNING\n  tags: [shell]\n"
	"- rule: Other\n  desc: d\n  condition: evt.type = getppid\n  output: Other\n  priority: NOTICE\n  tags: [net]\n";

struct fixture {
	struct world *w;
	struct eng_ruleset *rs;
	struct playbook *pb;
	struct pb_decider *d;
	struct pb_plan *plan;
	struct pb_self self;
	bool stopped;
};

static void container(struct world *w, const char *full, const char *name, const char *ns, const char *pod)
{
	char id[13], json[512];

	snprintf(id, sizeof(id), "%.12s", full);
	snprintf(json, sizeof(json), "{\"container\":{\"id\":\"%s\",\"name\":\"%s\",\"image\":\"app:1\",\"labels\":{"
		 "\"io.kubernetes.pod.namespace\":\"%s\",\"io.kubernetes.pod.name\":\"%s\"}}}", id, name, ns, pod);
	ev(w, EV_container, 0, 0, 0);
	s(w, P_container_id, id);
	s(w, P_container_full_id, full);
	s(w, P_container_name, name);
	s(w, P_container_image, "app:1");
	s(w, P_container_json, ns ? json : "");
	go(w);
}

static void process(struct world *w, int64_t pid, const char *comm, const char *full)
{
	char cg[200];
	int n = snprintf(cg, sizeof(cg), "cpu=/docker/%s", full ? full : "");

	ev(w, EV_state_thread, pid, pid, 0);
	i(w, P_state_thread_vpid, pid);
	i(w, P_state_thread_vtid, pid);
	i(w, P_state_thread_ptid, 1);
	s(w, P_state_thread_comm, comm);
	s(w, P_state_thread_exepath, "/usr/bin/thing");
	fmt_batch__str(w->b, P_state_thread_cgroups, full ? cg : "cpu=/", full ? (uint32_t)n + 1 : 6, full ? (uint32_t)n + 1 : 6);
	i(w, P_state_thread_start, (int64_t)T0 - 5);
	go(w);
}

static void *begin(void)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct err err = { 0 };

	f->w = world__new();
	eng_ruleset__new(&f->rs);
	assert_int_equal(eng_ruleset__load_text(f->rs, "r", rules_text, sizeof(rules_text) - 1, &err), 0);
	assert_int_equal(eng_ruleset__compile(f->rs, &err), 0);
	process(f->w, 50, "sshd", NULL);
	process(f->w, 200, "sh", FULL_ID("aa"));
	process(f->w, 300, "sh", FULL_ID("cc"));
	process(f->w, 400, "-rf /\"};\x1b[2J$(id)", FULL_ID("dd"));
	container(f->w, FULL_ID("aa"), "web", "shop", "web-1");
	container(f->w, FULL_ID("cc"), "dns", "kube-system", "coredns-1");
	return f;
}

static void finish(struct fixture *f)
{
	pb_plan__free(f->plan);
	pb_decider__free(f->d);
	playbook__unref(f->pb);
	eng_ruleset__free(f->rs);
	world__free(f->w);
	free(f);
}

static void load(struct fixture *f, const char *text)
{
	struct err err = { 0 };
	struct playbook *pb = NULL;
	struct pb_decider *d;

	if (playbook__parse(&pb, "p.yaml", text, strlen(text), false, &err))
		fail_msg("%u:%u %s", err.line, err.col, err.msg);
	assert_int_equal(pb_decider__new(&d, pb, &f->self, f->d), 0);
	pb_decider__free(f->d);
	playbook__unref(f->pb);
	f->d = d;
	f->pb = pb;
}

static const struct eng_rule *rule(struct fixture *f, const char *name)
{
	unsigned n;
	const struct eng_rule *r = eng_ruleset__rules(f->rs, &n);

	while (n && strcmp(r->name, name))
		r++, n--;
	assert_true(n);
	return r;
}

/* An alert of the rule about the process, so many seconds after the start. The plan; NULL if there is none. */
static struct pb_plan *alert(struct fixture *f, const char *name, int64_t pid, uint64_t second)
{
	f->w->ts = T0 + second * 1000000000ull;
	ev(f->w, EV_getpid, pid, pid, pid);
	go(f->w);
	pb_plan__free(f->plan);
	playbook__decide(f->d, rule(f, name), &f->w->ctx, &(struct eng_alert_opts){ 0 }, f->stopped, &f->plan);
	leave(f->w);
	return f->plan;
}

static enum pb_verdict verdict(struct pb_plan *p)
{
	assert_non_null(p);
	return p->parts[0].verdict ? p->parts[0].verdict : p->parts[0].steps[0].verdict;
}

#define FREEZE "playbooks: [{name: p, cool_down: 0, actions: [{do: freeze}]}]\n"
#define KILL "playbooks: [{name: p, cool_down: 0, actions: [{do: kill_process}]}]\n"

static void chooses_alerts(void **state)
{
	struct fixture *f = begin();

	(void)state;
	load(f, "playbooks:\n"
		"- {name: by rule, rules: ['Sh*'], actions: [{do: freeze}]}\n"
		"- {name: by priority, priority: warning, actions: [{do: freeze}]}\n"
		"- {name: by tag, tags: [net, web], actions: [{do: freeze}]}\n"
		"- {name: by source, source: k8s_audit, actions: [{do: freeze}]}\n"
		"- {name: by condition, condition: proc.name = sh and container.name = web, actions: [{do: freeze}]}\n"
		"- {name: off, enabled: false, actions: [{do: freeze}]}\n");
	assert_int_equal(alert(f, "Shell", 200, 0)->n_parts, 3);
	assert_string_equal(f->plan->parts[0].entry->name, "by rule");
	assert_string_equal(f->plan->parts[1].entry->name, "by priority");
	assert_string_equal(f->plan->parts[2].entry->name, "by condition");
	assert_int_equal(alert(f, "Other", 50, 0)->n_parts, 1);
	assert_string_equal(f->plan->parts[0].entry->name, "by tag");
	load(f, "playbooks: [{name: p, rules: [Nothing], actions: [{do: freeze}]}]");
	assert_null(alert(f, "Shell", 200, 0));
	finish(f);
}

static void protects(void **state)
{
	struct fixture *f = begin();

	(void)state;
	load(f, FREEZE);
	assert_int_equal(verdict(alert(f, "Shell", 200, 0)), PBV_DO);
	assert_string_equal(f->plan->parts[0].steps[0].object, "container aabbccddeeff");
	assert_int_equal(verdict(alert(f, "Shell", 300, 0)), PBV_PROTECTED);		/* kube-system */
	assert_int_equal(verdict(alert(f, "Shell", 50, 0)), PBV_NO_OBJECT);
	load(f, "protect: {system: false}\n" FREEZE);
	assert_int_equal(verdict(alert(f, "Shell", 300, 0)), PBV_DO);
	load(f, "protect: {namespaces: ['sh?p']}\n" FREEZE);
	assert_int_equal(verdict(alert(f, "Shell", 200, 0)), PBV_PROTECTED);
	load(f, "protect: {pods: ['web-*']}\n" FREEZE);
	assert_int_equal(verdict(alert(f, "Shell", 200, 0)), PBV_PROTECTED);
	load(f, "protect: {containers: [w*]}\n" FREEZE);
	assert_int_equal(verdict(alert(f, "Shell", 200, 0)), PBV_PROTECTED);
	assert_int_equal(verdict(alert(f, "Shell", 400, 0)), PBV_PROTECTED);		/* its name is not known */
	load(f, "protect: {images: ['app:*']}\n" FREEZE);
	assert_int_equal(verdict(alert(f, "Shell", 200, 0)), PBV_PROTECTED);
	load(f, KILL);
	assert_int_equal(verdict(alert(f, "Shell", 200, 0)), PBV_DO);
	assert_int_equal(verdict(alert(f, "Shell", 50, 0)), PBV_PROTECTED);		/* the host's */
	load(f, "protect: {host: false}\n" KILL);
	assert_int_equal(verdict(alert(f, "Shell", 50, 0)), PBV_DO);
	process(f->w, 1, "systemd", NULL);
	assert_int_equal(verdict(alert(f, "Shell", 1, 0)), PBV_PROTECTED);
	f->self = (struct pb_self){ .pid = 50, .full_id = FULL_ID("aa"), .node = "n1" };
	load(f, "protect: {host: false}\n" KILL);
	assert_int_equal(verdict(alert(f, "Shell", 50, 0)), PBV_PROTECTED);
	assert_int_equal(verdict(alert(f, "Shell", 200, 0)), PBV_PROTECTED);
	load(f, "playbooks: [{name: p, cool_down: 0, actions: [{do: cordon_node}]}]");
	assert_int_equal(verdict(alert(f, "Shell", 50, 0)), PBV_DO);
	load(f, "protect: {nodes: [n*]}\nplaybooks: [{name: p, cool_down: 0, actions: [{do: cordon_node}]}]");
	assert_int_equal(verdict(alert(f, "Shell", 50, 0)), PBV_PROTECTED);
	finish(f);
}

static unsigned done_of(struct fixture *f, unsigned n, uint64_t from, uint64_t step)
{
	unsigned done = 0;

	for (unsigned k = 0; k < n; k++)
		done += verdict(alert(f, "Shell", 200, from + k * step)) == PBV_DO;
	return done;
}

static void limits(void **state)
{
	struct fixture *f = begin();

	(void)state;
	load(f, FREEZE);
	assert_int_equal(done_of(f, 100, 0, 1), 10);	/* nothing but the defaults */
	load(f, "limits: {per_object: 3/1m}\n" FREEZE);
	assert_int_equal(done_of(f, 10, 5000, 1), 3);
	assert_int_equal(done_of(f, 10, 5061, 1), 3);	/* the window slides */
	load(f, "limits: {disturbing: 2/1h, per_object: 100/1h}\n" FREEZE);
	assert_int_equal(done_of(f, 10, 20000, 1), 2);
	assert_int_equal(done_of(f, 10, 10, 1), 0);	/* time that goes backwards gives nothing back */
	load(f, "limits: {total: 4/1h, disturbing: 100/1h, per_object: 100/1h}\n" FREEZE);
	assert_int_equal(done_of(f, 10, 40000, 1), 4);
	load(f, "limits: {per_object: 0/1h}\n" FREEZE);
	assert_int_equal(done_of(f, 10, 60000, 1), 0);
	load(f, "playbooks: [{name: p, cool_down: 0, per_object: 1000/1h, actions: [{do: cordon_node}]}]\nkubernetes: {node: n1}");
	assert_int_equal(done_of(f, 10, 90000, 1), 2);
	finish(f);
}

/* A hundred thousand objects: the limits over all hold, and memory does not grow with them. */
static void many_objects(void **state)
{
	struct fixture *f = begin();
	unsigned done = 0;

	(void)state;
	load(f, "limits: {per_object: 5/1m}\n" FREEZE);
	for (unsigned k = 0; k < 20000; k++) {
		char id[80];

		snprintf(id, sizeof(id), "%08x%s", k, FULL_ID("ee") + 8);
		process(f->w, 1000, "sh", id);
		done += verdict(alert(f, "Shell", 1000, 1)) == PBV_DO;
	}
	assert_int_equal(done, 10);
	finish(f);
}

static void cool_down(void **state)
{
	struct fixture *f = begin();

	(void)state;
	load(f, "playbooks: [{name: p, actions: [{do: capture}]}]");
	assert_int_equal(verdict(alert(f, "Shell", 200, 0)), PBV_DO);
	assert_int_equal(verdict(alert(f, "Shell", 200, 299)), PBV_COOL_DOWN);
	assert_int_equal(verdict(alert(f, "Other", 200, 299)), PBV_DO);		/* another rule's alert is news */
	assert_int_equal(verdict(alert(f, "Shell", 300, 299)), PBV_DO);
	assert_int_equal(verdict(alert(f, "Shell", 200, 301)), PBV_DO);
	load(f, "playbooks: [{name: p, actions: [{do: capture}]}]");			/* read again: it is remembered */
	assert_int_equal(verdict(alert(f, "Shell", 200, 302)), PBV_COOL_DOWN);
	finish(f);
}

static void does_nothing(void **state)
{
	struct fixture *f = begin();

	(void)state;
	load(f, "dry_run: true\n" FREEZE);
	assert_int_equal(verdict(alert(f, "Shell", 200, 0)), PBV_DRY_RUN);
	load(f, "playbooks: [{name: p, dry_run: yes, cool_down: 0, actions: [{do: freeze}]}]");
	assert_int_equal(verdict(alert(f, "Shell", 200, 0)), PBV_DRY_RUN);
	load(f, FREEZE);
	f->stopped = true;
	assert_int_equal(verdict(alert(f, "Shell", 200, 0)), PBV_STOPPED);
	f->stopped = false;
	assert_int_equal(verdict(alert(f, "Shell", 200, 0)), PBV_DO);
	finish(f);
}

/* The process is called -rf /"};ESC[2J$(id) */
static void hostile_values(void **state)
{
	static const char name[] = "-rf /\"};\x1b[2J$(id)";
	struct fixture *f = begin();
	struct pb_step *s;
	struct buf b = { 0 };
	cJSON *j;

	(void)state;
	load(f, "playbooks:\n- name: p\n  actions:\n  - do: run\n    program: /bin/x\n    args: ['--name=%proc.name', -- , '%proc.name']\n"
		"  - do: webhook\n    url: https://x\n    body: '{\"a\": [1, true, null, \"n=%proc.name\"], \"b%c\": \"plain\"}'\n"
		"  - do: annotate_pod\n    annotations: {who: '%proc.name'}\n");
	s = alert(f, "Shell", 400, 0)->parts[0].steps;
	assert_int_equal(s[0].n_args, 4);
	assert_string_equal(s[0].args[1].value, "--name=-rf /\"};\x1b[2J$(id)");
	assert_string_equal(s[0].args[3].value, name);
	j = cJSON_Parse(pb_step__arg(&s[1], "body"));
	assert_non_null(j);
	assert_string_equal(cJSON_GetArrayItem(cJSON_GetObjectItem(j, "a"), 3)->valuestring, "n=-rf /\"};\x1b[2J$(id)");
	assert_true(cJSON_IsTrue(cJSON_GetArrayItem(cJSON_GetObjectItem(j, "a"), 1)));
	assert_string_equal(cJSON_GetObjectItem(j, "b%c")->valuestring, "plain");
	cJSON_Delete(j);
	assert_int_equal(s[2].verdict, PBV_NO_OBJECT);
	pb_plan__text(f->plan, &b);
	assert_null(memchr(b.p, 0x1b, b.len));
	b.len = 0;
	pb_plan__json(f->plan, &b);
	j = cJSON_ParseWithLength((char *)b.p, b.len);
	assert_non_null(j);
	cJSON_Delete(j);
	buf__done(&b);
	finish(f);
}

/* Names that would lead a request elsewhere are no names of pods. */
static void hostile_pods(void **state)
{
	static const char *const pods[] = { "../../nodes/x", "a/b", "a?b", "A", "", "a..b", "-a", "a b" };
	struct fixture *f = begin();

	(void)state;
	load(f, "playbooks: [{name: p, cool_down: 0, actions: [{do: delete_pod}]}]");
	assert_int_equal(verdict(alert(f, "Shell", 200, 0)), PBV_DO);
	assert_string_equal(f->plan->parts[0].steps[0].object, "pod shop/web-1");
	for (unsigned k = 0; k < sizeof(pods) / sizeof(*pods); k++) {
		container(f->w, FULL_ID("aa"), "web", "shop", pods[k]);
		assert_int_equal(verdict(alert(f, "Shell", 200, 0)), PBV_NO_OBJECT);
	}
	finish(f);
}

static const struct { const char *text; unsigned line, col; const char *msg; } wrong[] = {
	{ "", 0, 0, "nothing in it" },
	{ "playbooks: [{name: p, actions: [{do: freez}]}]", 1, 38, "did you mean 'freeze'" },
	{ "playbooks: [{name: p, actions: [{do: freeze, program: /x}]}]", 1, 55, "freeze does not take the key 'program'" },
	{ "playbooks: [{name: p, actions: [{do: run}]}]", 1, 33, "run needs the key 'program'" },
	{ "playbooks: [{name: p, actions: [{do: slack}]}]", 1, 33, "one of the keys 'url' and 'url_file'" },
	{ "playbooks: [{name: p, actions: [{do: slack, url: 'file:///etc/passwd'}]}]", 1, 50, "https://" },
	{ "playbooks: [{name: p, actions: []}]", 1, 32, "there is none" },
	{ "playbooks:\n- name: p\n  condition: proc.nam = x\n  actions: [{do: freeze}]", 3, 14, "condition: " },
	{ "playbooks:\n- name: p\n  actions:\n  - do: run\n    program: /x\n    args: ['%proc.name']", 6, 12, "taken for an option" },
	{ "playbooks:\n- name: p\n  actions:\n  - do: annotate_pod\n    annotations: {a: x %no.field}", 5, 25, "annotations: " },
	{ "playbooks:\n- name: p\n  actions:\n  - do: webhook\n    url: http://x\n    body: '{\"a\": }'", 6, 11, "not a JSON document" },
	{ "limits: {total: lots}\n" FREEZE, 1, 17, "10/1h" },
	{ "limits: {total: 1001/1h}\n" FREEZE, 1, 17, "10/1h" },
	{ "reachable: [10.0.0.0/33]\n" FREEZE, 1, 12, "no network" },
	{ "playbooks: [{name: p, source: k8s, actions: [{do: freeze}]}]", 1, 31, "syscall or k8s_audit" },
	{ "playbooks: [{name: p, actions: [{do: freeze}]}, {name: p, actions: [{do: thaw}]}]", 1, 56, "two playbooks" },
	{ "playbook: []", 1, 1, "did you mean 'playbooks'" },
};

static void says_what_is_wrong(void **state)
{
	(void)state;
	for (unsigned k = 0; k < sizeof(wrong) / sizeof(*wrong); k++) {
		struct err err = { 0 };
		struct playbook *pb;

		if (!playbook__parse(&pb, "p.yaml", wrong[k].text, strlen(wrong[k].text), false, &err))
			fail_msg("loads: %s", wrong[k].text);
		if (err.line != wrong[k].line || err.col != wrong[k].col || !strstr(err.msg, wrong[k].msg))
			fail_msg("%s\n%u:%u: %s", wrong[k].text, err.line, err.col, err.msg);
	}
}

/* What stands below "## Reference" is what the tables say; `make bless` puts it there. */
static void check_reference(const char *name, const struct buf *want)
{
	static const char head[] = "## Reference\n\n";
	char path[512], text[65536];
	char *at;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", getenv("SPOOR_SRC"), name);
	f = fopen(path, "r+");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = 0;
	at = strstr(text, head);
	assert_non_null(at);
	at += sizeof(head) - 1;
	if (getenv("SPOOR_BLESS")) {
		fseek(f, at - text, SEEK_SET);
		fwrite(want->p, 1, want->len, f);
		fflush(f);
		if (ftruncate(fileno(f), at - text + (long)want->len))
			fail();
	} else if (strlen(at) != want->len || memcmp(at, want->p, want->len)) {
		fail_msg("%s: its reference is out of date: make bless T=engine/test_playbook", name);
	}
	fclose(f);
}

static void tables(void **state)
{
	struct err err = { 0 };
	struct buf b = { 0 };

	(void)state;
	if (cfg_section__verify(&pb_file_section, &err))
		fail_msg("%s", err.msg);
	playbook__doc(CFG_DOC_MARKDOWN, &b);
	check_reference("docs/PLAYBOOKS.md", &b);
	buf__done(&b);
}

static void networks(void **state)
{
	struct pb_net n;

	(void)state;
	assert_int_equal(pb_net__parse("10.1.0.0/16", &n, NULL), 0);
	assert_int_equal(n.bits, 16);
	assert_int_equal(pb_net__parse("fd00::1", &n, NULL), 0);
	assert_true(n.family == AF_INET6 && n.bits == 128);
	assert_true(pb_net__parse("10.1/16", &n, NULL) < 0);
	assert_true(pb_net__parse("10.1.0.0/", &n, NULL) < 0);
	assert_true(pb_net__parse("host", &n, NULL) < 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(chooses_alerts), cmocka_unit_test(protects), cmocka_unit_test(limits), cmocka_unit_test(many_objects),
		cmocka_unit_test(cool_down), cmocka_unit_test(does_nothing), cmocka_unit_test(hostile_values), cmocka_unit_test(hostile_pods),
		cmocka_unit_test(says_what_is_wrong), cmocka_unit_test(tables), cmocka_unit_test(networks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
