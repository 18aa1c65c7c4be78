// SPDX-License-Identifier: Apache-2.0
#include <fnmatch.h>
#include <string.h>

#include "capture/daemon/trigger_rules.h"

static bool has_tag(const struct eng_rule *r, const struct cfg_strings *tags)
{
	for (uint32_t i = 0; i < tags->n; i++)
		for (unsigned j = 0; j < r->n_tags; j++)
			if (!strcmp(tags->p[i], r->tags[j]))
				return true;
	return false;
}

static bool has_name(const struct eng_rule *r, const struct cfg_strings *globs)
{
	for (uint32_t i = 0; i < globs->n; i++)
		if (!fnmatch(globs->p[i], r->name, 0))
			return true;
	return false;
}

/* A rule's own duration holds if the rule asks for a capture, whichever key has chosen it. */
static uint64_t after(const struct cap_triggers_conf *o, const struct eng_rule *r)
{
	uint64_t ns = r->capture && r->capture_ms ? (uint64_t)r->capture_ms * 1000000u : o->after_ns;

	return ns < o->max_after_ns ? ns : o->max_after_ns;
}

static struct cap_metric *count_of(struct cap_metrics *m, const struct eng_rule *r)
{
	const struct cap_label labels[] = { { "rule", r->name }, { "priority", eng_priority__name(r->priority) } };

	return cap_metrics__get(m, CAP_COUNTER, "spoor_alerts_total", "Alerts, by rule.", labels, 2);
}

struct cap_rule_trigger *cap_trigger_rules__new(const struct cap_triggers_conf *o, const struct eng_ruleset *rules,
						struct cap_metrics *metrics)
{
	struct cap_rule_trigger *t;
	const struct eng_rule *r;
	unsigned n;

	if (!rules)
		return NULL;
	r = eng_ruleset__rules(rules, &n);
	t = xcalloc(n, sizeof(*t));
	for (unsigned i = 0; i < n; i++)
		t[i] = (struct cap_rule_trigger){
			(o->marked && r[i].capture) || (int)r[i].priority < o->min_priority ||
				has_tag(&r[i], &o->tags) || has_name(&r[i], &o->rules),
			after(o, &r[i]), count_of(metrics, &r[i]) };
	return t;
}
