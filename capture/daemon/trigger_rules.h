/* SPDX-License-Identifier: Apache-2.0 */
/* trigger_rules - what is to be done with the alerts of each rule: found out once for each set of rules. */
#ifndef CAP_TRIGGER_RULES_H
#define CAP_TRIGGER_RULES_H

#include "capture/daemon/daemon_config.h"
#include "capture/metrics/metrics.h"
#include "engine/rules/rules.h"

struct cap_rule_trigger {
	bool fires;
	uint64_t after_ns;
	struct cap_metric *alerts;	/* how many there were */
};

/* One for each rule of eng_ruleset__rules, in its order; the caller's to free. rules may be NULL: then NULL. */
struct cap_rule_trigger *cap_trigger_rules__new(const struct cap_triggers_conf *o, const struct eng_ruleset *rules,
						struct cap_metrics *metrics);

#endif
