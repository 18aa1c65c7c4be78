// SPDX-License-Identifier: Apache-2.0
/* Output formats (lang/output.tsv) and alerts, on the events of lang_world; and the detector. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cJSON.h>
#include <cmocka.h>

#include "engine/alert/alert.h"
#include "tests/engine/lang_tsv.h"
#include "tests/engine/lang_world.h"

struct trial {
	struct tsv *t;
	struct eng_output **outputs;	/* per line, NULL: refused */
	struct arena scratch;
};

static void compile_line(struct trial *tr, size_t i)
{
	const struct tsv_line *l = &tr->t->lines[i];
	struct err err = { 0 };
	char place[32];

	if (!eng_output__compile(l->col[1], &tr->t->mem, &tr->outputs[i], &err)) {
		if (!strcmp(l->col[0], "error"))
			tsv__fail(tr->t, l, "compiles");
		return;
	}
	tr->outputs[i] = NULL;
	snprintf(place, sizeof(place), "%u:%u", err.line, err.col);
	if (strcmp(l->col[0], "error"))
		tsv__fail(tr->t, l, "refused at %s: %s", place, err.msg);
	else if (strcmp(place, l->col[2]) || strncmp(err.msg, l->col[3], strlen(l->col[3])))
		tsv__fail(tr->t, l, "refused at %s: %s", place, err.msg);
}

/* EVENT FORMAT TEXT, and with a fourth column the JSON of its fields. */
static void print_line(struct trial *tr, size_t i, const struct eng_ctx *ctx)
{
	const struct tsv_line *l = &tr->t->lines[i];
	struct buf b = { 0 };

	eng_output__text(tr->outputs[i], ctx, &tr->scratch, &b);
	if (b.len != l->len[2] || memcmp(b.p, l->col[2], b.len))
		tsv__fail(tr->t, l, "prints: %.*s", (int)b.len, (char *)b.p);
	b.len = 0;
	eng_output__json(tr->outputs[i], ctx, &tr->scratch, &b);
	if (l->n > 3 && (b.len != l->len[3] || memcmp(b.p, l->col[3], b.len)))
		tsv__fail(tr->t, l, "fields: %.*s", (int)b.len, (char *)b.p);
	buf__done(&b);
}

static void on_event(void *arg, unsigned event, const struct eng_ctx *ctx)
{
	struct trial *tr = arg;

	for (size_t i = 0; i < tr->t->n; i++)
		if (tr->outputs[i] && !strcmp(tr->t->lines[i].col[0], lang_events[event]))
			print_line(tr, i, ctx);
}

static void outputs_follow_the_table(void **state)
{
	struct trial tr = { 0 };
	struct tsv t;

	(void)state;
	tsv__open(&t, "output.tsv", 50);
	tr.t = &t;
	tr.outputs = xcalloc(t.n, sizeof(*tr.outputs));
	for (size_t i = 0; i < t.n; i++)
		compile_line(&tr, i);
	lang_world(on_event, NULL, &tr);
	free(tr.outputs);
	arena__done(&tr.scratch);
	tsv__close(&t);
}

/* --- Alerts ----------------------------------------------------------------------------------- */

static const char rules[] =
	"- rule: Shadow\n"
	"  desc: d\n"
	"  condition: evt.type = openat and fd.name = /etc/shadow\n"
	"  output: Read \"%fd.name\" (%proc.name user=%user.uid %proc.aname[2] "
	"%tolower(proc.pname) %evt.arg.nstype %evt.failed)\n"
	"  priority: WARNING\n"
	"  tags: [z, T1555]\n"
	"- rule: Any open by cat\n"
	"  desc: d\n"
	"  condition: evt.type = openat and proc.name = cat\n"
	"  output: o\n"
	"  priority: INFO\n"
	"- rule: Off\n"
	"  desc: d\n"
	"  condition: evt.type = openat\n"
	"  output: o\n"
	"  priority: INFO\n"
	"  enabled: false\n";

static struct eng_ruleset *load_rules(void)
{
	struct eng_ruleset *rs;

	assert_int_equal(eng_ruleset__new(&rs), 0);
	eng_ruleset__suggested_output(rs, false);
	assert_int_equal(eng_ruleset__load_text(rs, "r.yaml", rules, strlen(rules), NULL), 0);
	assert_int_equal(eng_ruleset__compile(rs, NULL), 0);
	return rs;
}

struct alerting {
	const struct eng_rule *rule;
	struct eng_alert_opts opts;
	struct buf text, json;
	struct arena scratch;
};

static void alert_of(void *arg, unsigned event, const struct eng_ctx *ctx)
{
	struct alerting *a = arg;

	if (strcmp(lang_events[event], "cat_shadow"))
		return;
	eng_alert__text(a->rule, ctx, &a->opts, &a->scratch, &a->text);
	eng_alert__json(a->rule, ctx, &a->opts, &a->scratch, &a->json);
	buf__u8(&a->text, 0);
	buf__u8(&a->json, 0);
}

static void expect_alert(bool iso, const char *text, const char *json)
{
	struct alerting a = { .opts = { .hostname = "box", .iso_time = iso } };
	struct eng_ruleset *rs = load_rules();
	unsigned n;

	a.rule = eng_ruleset__rules(rs, &n);
	lang_world(alert_of, NULL, &a);
	assert_string_equal((char *)a.text.p, text);
	assert_string_equal((char *)a.json.p, json);
	buf__done(&a.text);
	buf__done(&a.json);
	arena__done(&a.scratch);
	eng_ruleset__free(rs);
}

#define MESSAGE "Read \\\"/etc/shadow\\\" (cat user=1000 sshd bash <NA> false)"
#define AS_JSON(when, time)								\
	"{\"hostname\":\"box\",\"output\":\"" when ": Warning " MESSAGE "\","		\
	"\"output_fields\":{\"evt.arg.nstype\":null,\"evt.failed\":false,"		\
	"\"" time "\":1700000000009000000,\"fd.name\":\"/etc/shadow\","			\
	"\"proc.aname[2]\":\"sshd\",\"proc.name\":\"cat\",\"proc.pname\":\"bash\","	\
	"\"user.uid\":1000},\"priority\":\"Warning\",\"rule\":\"Shadow\","		\
	"\"source\":\"syscall\","							\
	"\"tags\":[\"T1555\",\"z\"],\"time\":\"2023-11-14T22:13:20.009000000Z\"}"

static void alerts_have_the_shape_of_falcos(void **state)
{
	(void)state;
	expect_alert(false, "22:13:20.009000000: Warning " MESSAGE,
		     AS_JSON("22:13:20.009000000", "evt.time"));
	expect_alert(true, "2023-11-14T22:13:20.009000000+0000: Warning " MESSAGE,
		     AS_JSON("2023-11-14T22:13:20.009000000+0000", "evt.time.iso8601"));
}

/* --- The detector ----------------------------------------------------------------------------- */

struct seen {
	struct buf log;
	const char *stop_at;
};

static int on_alert(void *arg, const struct eng_rule *r, const struct eng_ctx *ctx)
{
	struct seen *s = arg;

	(void)ctx;
	buf__printf(&s->log, "%s;", r->name);
	return s->stop_at && !strcmp(s->stop_at, r->name) ? 7 : 0;
}

static int on_each(void *arg, const struct eng_ctx *ctx)
{
	struct seen *s = arg;

	if (ctx->ev->type == EV_openat)
		buf__puts(&s->log, "openat;");
	return 0;
}

/* Two opens by a process that a keyframe row told of. */
static struct fmt_batch *make_batch(void)
{
	struct fmt_batch *b;

	assert_int_equal(fmt_batch__new(&b), 0);
	fmt_batch__begin(b, EV_state_thread, 1, 0, 120, 120, 0, 0);
	fmt_batch__str(b, P_state_thread_comm, "cat", 3, 3);
	fmt_batch__end(b);
	for (unsigned k = 0; k < 2; k++) {
		const char *path = k ? "/tmp/x" : "/etc/shadow";
		uint32_t n = (uint32_t)strlen(path);

		fmt_batch__begin(b, EV_openat, 2 + k, 0, 120, 120, 0, 3 + k);
		fmt_batch__int(b, P_openat_dirfd, (uint64_t)-100);
		fmt_batch__str(b, P_openat_name, path, n, n);
		fmt_batch__str(b, P_openat_path, path, n, n);
		fmt_batch__end(b);
	}
	return b;
}

static void feed(bool all, const char *stop_at, int want, const char *log)
{
	struct eng_detector_opts o = { .sz = sizeof(o), .all_matches = all, .on_alert = on_alert,
				       .on_event = on_each };
	struct seen s = { .stop_at = stop_at };
	struct eng_ruleset *rs = load_rules();
	struct fmt_batch *b = make_batch();
	struct eng_detector *d;
	struct eng_state *st;

	o.arg = &s;
	assert_int_equal(eng_state__new(&st), 0);
	assert_int_equal(eng_detector__new(&d, rs, st, &o), 0);
	assert_int_equal(eng_detector__feed(d, b, true, 0, 1), 0);
	assert_int_equal(eng_detector__feed(d, b, false, 1, b->n), want);
	buf__u8(&s.log, 0);
	assert_string_equal((char *)s.log.p, log);
	if (!want) {
		assert_int_equal(eng_detector__counts(d)[0], 1);
		assert_int_equal(eng_detector__counts(d)[1], all ? 2 : 1);
		assert_int_equal(eng_detector__counts(d)[2], 0);
	}
	buf__done(&s.log);
	eng_detector__free(d);
	eng_state__free(st);
	fmt_batch__free(b);
	eng_ruleset__free(rs);
}

static void detector_reports_in_order(void **state)
{
	(void)state;
	feed(false, NULL, 0, "openat;Shadow;openat;Any open by cat;");
	feed(true, NULL, 0, "openat;Shadow;Any open by cat;openat;Any open by cat;");
}

static void detector_stops_when_told(void **state)
{
	(void)state;
	feed(true, "Shadow", 7, "openat;Shadow;");
}

static void detector_without_rules_keeps_state(void **state)
{
	struct eng_detector_opts o = { .sz = sizeof(o) };
	struct fmt_batch *b = make_batch();
	struct eng_detector *d;
	struct eng_state *st;

	(void)state;
	assert_int_equal(eng_state__new(&st), 0);
	assert_int_equal(eng_detector__new(&d, NULL, st, &o), 0);
	assert_int_equal(eng_detector__feed(d, b, false, 0, b->n), 0);
	assert_string_equal(eng_state__proc(st, 120)->comm->s, "cat");
	eng_detector__free(d);
	eng_state__free(st);
	fmt_batch__free(b);
}

/* --- What is appended ------------------------------------------------------------------------- */

static const char two_rules[] =
	"- {rule: a, desc: d, condition: evt.type = open, output: A, priority: INFO, tags: [x, y]}\n"
	"- {rule: b, desc: d, condition: evt.type = open, output: B, priority: INFO, tags: [x]}\n"
	"- {rule: k, desc: d, condition: ka.verb = get, output: K, priority: INFO, source: "
	"k8s_audit}\n";

/* The outputs of the three rules, put one after the other, with these entries. */
static void expect_outputs(const char *first, const char *second, const char *want)
{
	struct eng_ruleset *rs;
	const struct eng_rule *r;
	struct buf b = { 0 };
	struct err err = { 0 };
	unsigned n;

	assert_int_equal(eng_ruleset__new(&rs), 0);
	if (eng_ruleset__append_output(rs, first, &err) < 0 ||
	    (second && eng_ruleset__append_output(rs, second, &err) < 0))
		fail_msg("%s", err.msg);
	assert_int_equal(eng_ruleset__load_text(rs, "r.yaml", two_rules, strlen(two_rules), NULL), 0);
	assert_int_equal(eng_ruleset__compile(rs, NULL), 0);
	r = eng_ruleset__rules(rs, &n);
	for (unsigned i = 0; i < n; i++)
		buf__printf(&b, "%s%s", i ? "|" : "", r[i].output);
	buf__u8(&b, 0);
	assert_string_equal((char *)b.p, want);
	buf__done(&b);
	eng_ruleset__free(rs);
}

#define SUGGESTED \
	" container_id=%container.id container_name=%container.name " \
	"container_image_repository=%container.image.repository " \
	"container_image_tag=%container.image.tag k8s_pod_name=%k8s.pod.name " \
	"k8s_ns_name=%k8s.ns.name"

static void texts_are_appended(void **state)
{
	(void)state;
	expect_outputs("on %evt.time", NULL, "A on %evt.time" SUGGESTED "|B on %evt.time" SUGGESTED
		       "|K on %evt.time");
	expect_outputs("{suggested_output: false}", NULL, "A|B|K");
	expect_outputs("{extra_output: one, suggested_output: no}",
		       "{extra_output: two, suggested_output: no}", "A one two|B one two|K one two");
	expect_outputs("{match: {rule: b}, extra_output: x, suggested_output: false}", NULL,
		       "A|B x|K");
	expect_outputs("{match: {tags: [x]}, extra_output: x, suggested_output: false}", NULL,
		       "A x|B x|K");
	expect_outputs("{match: {tags: [x, y]}, extra_output: x, suggested_output: false}", NULL,
		       "A x|B|K");
	expect_outputs("{match: {source: k8s_audit}, extra_output: '%ka.verb', "
		       "suggested_output: false}", NULL, "A|B|K %ka.verb");
	expect_outputs("{match: {source: syscall, tags: [y], rule: a}, suggested_output: true}",
		       "{match: {rule: b}, extra_output: x, suggested_output: false}",
		       "A" SUGGESTED "|B x|K");
}

static void refuses_entry(const char *text, const char *why)
{
	struct eng_ruleset *rs;
	struct err err = { 0 };

	assert_int_equal(eng_ruleset__new(&rs), 0);
	assert_true(eng_ruleset__append_output(rs, text, &err) < 0);
	if (!strstr(err.msg, why))
		fail_msg("%s: %s", text, err.msg);
	eng_ruleset__free(rs);
}

static void wrong_entries_are_refused(void **state)
{
	(void)state;
	refuses_entry("", "nothing to append");
	refuses_entry("{", "");
	refuses_entry("{mach: {}}", "'mach' is not known");
	refuses_entry("{match: x}", "'match' must be a mapping");
	refuses_entry("{match: {tag: x}}", "'tag' is not known in match");
	refuses_entry("{match: {tags: x}}", "'tags' must be a list");
	refuses_entry("{match: {rule: []}}", "'rule' must be a text");
	refuses_entry("{extra_output: }", "'extra_output' must be a text");
	refuses_entry("{extra_fields: x}", "'extra_fields' must be a list");
	refuses_entry("{extra_fields: [{a: b, c: d}]}", "that is not NAME: FORMAT");
	refuses_entry("{suggested_output: maybe}", "must be true or false");
	refuses_entry("{&a x: *a}", "'x' is not known");
	refuses_entry("{match: {tags: [a, b, c, d, e, f, g, h], tags: [i]}}", "'tags' is there twice");
	refuses_entry("{extra_fields: [a, b, c], extra_fields: [d]}", "'extra_fields' is there twice");
}

static void on_extra(void *arg, unsigned event, const struct eng_ctx *ctx)
{
	const struct eng_rule *r = arg;
	struct arena scratch = { 0 };
	struct buf b = { 0 };

	if (event)
		return;
	eng_output__json(r->format, ctx, &scratch, &b);
	buf__u8(&b, 0);
	assert_string_equal((char *)b.p,
			    "{\"a\":\"cat \\\"120\\\"\",\"evt.num\":10,\"fd.sip\":null,"
			    "\"proc.name\":\"cat\",\"proc.pid\":120}");
	buf__done(&b);
	arena__done(&scratch);
}

/* Typed under their own name, as a text under another; what the output has already stays. */
static void fields_are_appended(void **state)
{
	static const char rule[] = "- {rule: a, desc: d, condition: evt.type = openat, output: "
		"'%proc.name', priority: INFO}\n";
	struct eng_ruleset *rs;
	unsigned n;

	(void)state;
	assert_int_equal(eng_ruleset__new(&rs), 0);
	assert_int_equal(eng_ruleset__append_output(rs, "{extra_fields: [proc.pid, evt.num, fd.sip, "
				"proc.name, {a: '%proc.name \"%proc.pid\"'}], suggested_output: "
				"false}", NULL), 0);
	assert_int_equal(eng_ruleset__load_text(rs, "r.yaml", rule, strlen(rule), NULL), 0);
	assert_int_equal(eng_ruleset__compile(rs, NULL), 0);
	lang_world(on_extra, NULL, (void *)(uintptr_t)eng_ruleset__rules(rs, &n));
	eng_ruleset__free(rs);
}

static void wrong_extras_are_errors_of_the_rule(void **state)
{
	static const char *const wrong[] = {
		"%no.such", "{extra_output: '%'}", "{extra_fields: [proc.nam]}",
		"{extra_fields: [{a: '%no.such'}]}", "{extra_fields: [ka.verb]}",
		"{extra_fields: [toupper(proc.name)]}", "{extra_fields: [proc.name and more]}",
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		struct eng_ruleset *rs;
		struct err err = { 0 };

		assert_int_equal(eng_ruleset__new(&rs), 0);
		assert_int_equal(eng_ruleset__append_output(rs, wrong[i], &err), 0);
		assert_true(eng_ruleset__load_text(rs, "r.yaml", two_rules, strlen(two_rules),
						   &err) < 0);
		if (!strstr(err.msg, "LOAD_ERR_COMPILE_OUTPUT"))
			fail_msg("%s: %s", wrong[i], err.msg);
		eng_ruleset__free(rs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_appended),
		cmocka_unit_test(wrong_entries_are_refused),
		cmocka_unit_test(fields_are_appended),
		cmocka_unit_test(wrong_extras_are_errors_of_the_rule),
		cmocka_unit_test(outputs_follow_the_table),
		cmocka_unit_test(alerts_have_the_shape_of_falcos),
		cmocka_unit_test(detector_reports_in_order),
		cmocka_unit_test(detector_stops_when_told),
		cmocka_unit_test(detector_without_rules_keeps_state),
	};

	setenv("TZ", "UTC", 1);
	tzset();
	return cmocka_run_group_tests_name("engine/lang_output", tests, NULL, NULL);
}
