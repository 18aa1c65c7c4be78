// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "capture/record/live.h"
#include "format/base/cli.h"
#include "format/base/log.h"
#include "format/base/text.h"

struct cap_pending {
	const struct eng_rule *rule;
	uint64_t ts;
	uint32_t tid, pid;
	uint16_t cpu;
	char *output, *fields;		/* owned */
};

int cap_live__add_file(struct cap_live *l, const char *path, struct err *err)
{
	if (l->n_files == CAP_MAX_RULE_FILES)
		return err__set(err, -FMT_E_LIMIT,
				"at most %u rule files can be given: give their folder",
				CAP_MAX_RULE_FILES);
	l->files[l->n_files++] = path;
	return 0;
}

static void print_diags(struct cap_live *l)
{
	struct buf text = { 0 };
	unsigned n;

	eng_ruleset__diags(l->rules, &n);
	if (n) {
		eng_ruleset__result_text(l->rules, cli__color(STDERR_FILENO), &text);
		log__lines(LOG_WARN_, (const char *)text.p, text.len);
	}
	buf__done(&text);
}

int cap_live__compile(const char *const *files, unsigned n, struct eng_ruleset **ret,
		      struct err *err)
{
	struct eng_ruleset *rules = NULL;
	unsigned n_rules;
	int r = eng_ruleset__new(&rules);

	for (unsigned i = 0; i < n && !r; i++) {
		eng_ruleset__more_to_come(rules, i + 1 < n);
		r = eng_ruleset__load(rules, files[i], err);
	}
	if (!r)
		r = eng_ruleset__compile(rules, err);
	if (!r && (eng_ruleset__rules(rules, &n_rules), !n_rules))
		r = err__set(err, -FMT_E_VALUE, "%s: there are no rules in it", n ? files[0] : "");
	if (r)
		eng_ruleset__free(rules);
	else
		*ret = rules;
	return r;
}

int cap_live__load(struct cap_live *l, const char *hostname, struct err *err)
{
	int r;

	if (!l->n_files)
		return 0;
	l->alert.hostname = hostname;
	r = cap_live__compile(l->files, l->n_files, &l->rules, err);
	if (!r)
		print_diags(l);		/* what is left are warnings */
	return r;
}

void cap_live__warn_gave_up(const struct cap_live *l, const struct eng_detector *d)
{
	unsigned n = 0;
	const struct eng_rule *rules = l->rules ? eng_ruleset__rules(l->rules, &n) : NULL;
	uint64_t forgotten = eng_detector__forgotten(d);

	if (forgotten)
		log_warn("%llu counts for spoor_threshold were forgotten: there were too many at once", (unsigned long long)forgotten);
	for (unsigned i = 0; i < n; i++) {
		uint64_t times = eng_detector__gave_up(d, &rules[i]);
		struct buf name = { 0 };
		char count[32];

		if (!times)
			continue;
		text__safe(&name, rules[i].name, strlen(rules[i].name));
		log_warn("rule %.*s: %s texts were too long for a pattern of its condition: taken for no match",
			 (int)name.len, (char *)name.p, text__count(times, count));
		buf__done(&name);
	}
}

static void forget(struct cap_live *l)
{
	for (size_t i = 0; i < l->n_pending; i++) {
		free(l->pending[i].output);
		free(l->pending[i].fields);
	}
	l->n_pending = 0;
}

void cap_live__done(struct cap_live *l)
{
	forget(l);
	free(l->pending);
	eng_ruleset__free(l->rules);
	arena__done(&l->scratch);
	buf__done(&l->json_line);
	buf__done(&l->text);
}

/* The message and the fields of an alert, out of its own JSON. */
static void keep(struct cap_live *l, struct cap_pending *p)
{
	cJSON *j = cJSON_ParseWithLength((const char *)l->json_line.p, l->json_line.len);
	const cJSON *output = cJSON_GetObjectItemCaseSensitive(j, "output");
	const cJSON *fields = cJSON_GetObjectItemCaseSensitive(j, "output_fields");
	char *text = fields ? cJSON_PrintUnformatted(fields) : NULL;

	p->output = xstrdup(cJSON_IsString(output) ? output->valuestring : "");
	p->fields = xstrdup(text ? text : "{}");
	cJSON_free(text);
	cJSON_Delete(j);
}

static void print(struct cap_live *l)
{
	struct buf *b = l->json ? &l->json_line : &l->text;

	buf__u8(b, '\n');
	fwrite(b->p, 1, b->len, stdout);
	fflush(stdout);
}

static void pass_on(struct cap_live *l, const struct eng_rule *rule, const struct eng_ctx *ctx)
{
	struct cap_live_alert a = { .rule = rule,
				    .ctx = ctx,
				    .ts = fmt_ev__ts(ctx->ev),
				    .json = (const char *)l->json_line.p,
				    .json_len = l->json_line.len,
				    .text = (const char *)l->text.p,
				    .text_len = l->text.len };

	l->on_alert(l->arg, &a);
}

void cap_live__alert(struct cap_live *l, const struct eng_rule *rule, const struct eng_ctx *ctx)
{
	struct cap_pending *p;

	l->alerts++;
	l->pending = xgrow(l->pending, &l->cap_pending, l->n_pending + 1, sizeof(*l->pending));
	p = &l->pending[l->n_pending++];
	*p = (struct cap_pending){ .rule = rule,
				   .ts = fmt_ev__ts(ctx->ev),
				   .tid = fmt_ev__tid(ctx->ev),
				   .pid = fmt_ev__pid(ctx->ev),
				   .cpu = (uint16_t)fmt_ev__cpu(ctx->ev) };
	arena__reset(&l->scratch);
	l->json_line.len = l->text.len = 0;
	eng_alert__json(rule, ctx, &l->alert, &l->scratch, &l->json_line);
	keep(l, p);
	if (!l->json || l->on_alert)
		eng_alert__text(rule, ctx, &l->alert, &l->scratch, &l->text);
	if (l->on_alert)
		pass_on(l, rule, ctx);
	else
		print(l);
}

static void add(struct fmt_batch *b, unsigned param, const char *s)
{
	fmt_batch__str(b, param, s, (uint32_t)strlen(s), (uint32_t)strlen(s));
}

static void alert_row(struct cap_live *l, const struct cap_pending *p, struct fmt_batch *b,
		      uint64_t num)
{
	if (fmt_batch__begin(b, EV_alert, p->ts, 0, p->tid, p->pid, p->cpu, 0) < 0)
		return;
	add(b, P_alert_rule, p->rule->name);
	fmt_batch__int(b, P_alert_priority, p->rule->priority);
	add(b, P_alert_source, p->rule->source);
	add(b, P_alert_output, p->output);
	l->text.len = 0;
	for (unsigned i = 0; i < p->rule->n_tags; i++)
		buf__add(&l->text, p->rule->tags[i], strlen(p->rule->tags[i]) + 1);
	fmt_batch__str(b, P_alert_tags, (const char *)l->text.p, (uint32_t)l->text.len,
		       (uint32_t)l->text.len);
	fmt_batch__int(b, P_alert_num, num);
	add(b, P_alert_fields, p->fields);
	fmt_batch__end(b);
}

void cap_live__rows(struct cap_live *l, struct fmt_batch *b, uint64_t num)
{
	for (size_t i = 0; i < l->n_pending; i++)
		alert_row(l, &l->pending[i], b, num);
	forget(l);
}
