/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trigger_request - what another tool asks a recorder to keep: its alert, read for what concerns us.
 *
 * Understood are alerts of Falco and Falcosidekick (JSON output: rule, priority, output, time, output_fields), a line of
 * Tetragon's export (process_kprobe, process_exec ...: policy_name, message, process.pod.container.id, process.docker), and
 * the plain form
 *
 *   {"container": "web-1", "reason": "ticket 4711", "before": "60s", "after": "30s"}
 *
 * of which every key may be left out, and which takes "pod" and "namespace", "rule", "priority" and "host": true, too.
 *
 * Input:     hostile. Size and depth are capped before anything is parsed; texts are cut, and are as they came: who
 *            prints them makes them safe.
 */
#ifndef ENG_TRIGGER_REQUEST_H
#define ENG_TRIGGER_REQUEST_H

#include "engine/rules/rules.h"

#define ENG_TRIGGER_JSON_MAX (256u << 10)
#define ENG_TRIGGER_DEPTH_MAX 32
#define ENG_TRIGGER_SPAN_MAX_NS 86400000000000ull	/* of before and after: a day */

enum eng_trigger_form { TRIGGER_PLAIN, TRIGGER_FALCO, TRIGGER_FALCOSIDEKICK, TRIGGER_TETRAGON };

struct eng_trigger_request {		/* texts live in mem; "" if there is none */
	struct arena mem;
	enum eng_trigger_form form;
	const char *container;		/* id, beginning of one, or name; without "containerd://". "": none was named */
	const char *ns, *pod;		/* Kubernetes' */
	const char *rule, *reason;	/* reason: the alert's text */
	const char *machine;		/* the host that the alert is of */
	bool host;			/* the whole machine is meant: asked for so, or no container and no pod */
	bool has_priority, has_before, has_after;
	enum eng_priority priority;
	uint64_t time_ns;		/* of the alert, since the epoch; 0 if it does not say */
	uint64_t before_ns, after_ns;
};

/*
 * 0, or negative with a sentence for who sent it: -FMT_E_LIMIT, -FMT_E_SYNTAX (no JSON), -FMT_E_VALUE, -FMT_E_UNKNOWN (none of
 * the forms). ret is only set on success; __done it.
 */
int eng_trigger_request__parse(const char *json, size_t len, struct eng_trigger_request *ret, struct err *err);
void eng_trigger_request__done(struct eng_trigger_request *r);

/* How deep a text nests, for who gives it to cJSON, which recurses and has a limit that its builder chose. */
unsigned eng_trigger_json__depth(const char *json, size_t len);

const char *eng_trigger_form__name(enum eng_trigger_form f);	/* "falco" */

#endif
