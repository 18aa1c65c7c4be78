// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "capture/audit/audit_config.h"
#include "capture/audit/audit_hook.h"
#include "capture/audit/audit_log.h"

static const struct cfg_key keys[] = {
	CFG_KEY(struct cap_audit_conf, log, CFG_PATH, "log", NULL,
		"The API server's audit log file, which is followed while it grows and through its rotation."),
	CFG_KEY(struct cap_audit_conf, state, CFG_PATH, "state", NULL,
		"Where is remembered how far the log was recorded, so that a restart neither misses nor repeats entries. "
		"Without this key a start begins at the log's end."),
	CFG_KEY(struct cap_audit_conf, from_start, CFG_BOOL, "from_start", "false",
		"Where nothing is remembered: record what the log holds already, too."),
	CFG_KEY(struct cap_audit_conf, webhook, CFG_BOOL, "webhook", "false",
		"Take what API servers post to " CAP_AUDIT_PATH " of the HTTP server, which `http` must configure."),
	CFG_END,
};

static void check(struct cfg *c, const struct yaml_node *n, void *opts)
{
	const struct cap_audit_conf *o = opts;

	if (o->state && !o->log)
		cfg__problem(c, cfg__place(n, "state"), "state without log: nothing is followed");
}

const struct cfg_section cap_audit_section = {
	"The audit log of Kubernetes: its entries are recorded, and matched by rules of source `k8s_audit`, beside the system calls.",
	keys, sizeof(struct cap_audit_conf), check
};

struct cap_audit {
	const struct cap_audit_conf *conf;
	struct cap_audit_queue *queue;
	struct cap_audit_log *log;	/* NULL: none is followed */
	struct cap_metrics *metrics;
	struct cap_metric *entries, *faulty, *refused;
};

static void show(void *arg)
{
	struct cap_audit *a = arg;
	struct cap_audit_counts n;

	cap_audit_queue__counts(a->queue, &n);
	a->entries->v = (int64_t)n.entries;
	a->faulty->v = (int64_t)n.faulty;
	a->refused->v = (int64_t)n.refused;
}

int cap_audit__new(struct cap_audit **ret, const struct cap_audit_conf *c, struct cap_serve *serve, struct cap_metrics *m,
		   struct err *err)
{
	struct cap_audit *a;

	*ret = NULL;
	if (!c->log && !c->webhook)
		return 0;
	if (c->webhook && !serve)
		return err__set(err, -FMT_E_VALUE, "audit: webhook needs the HTTP server: configure http.listen");
	*ret = a = xcalloc(1, sizeof(*a));
	a->conf = c;
	a->queue = cap_audit_queue__new();
	a->metrics = m;
	a->entries = cap_metrics__plain(m, CAP_COUNTER, "spoor_audit_entries_total", "Entries of the Kubernetes audit log.");
	a->faulty = cap_metrics__plain(m, CAP_COUNTER, "spoor_audit_faulty_total", "Entries that could not be read.");
	a->refused = cap_metrics__plain(m, CAP_COUNTER, "spoor_audit_refused_total",
					"Times that there was no room: what came then is asked for again.");
	cap_metrics__on_show(m, show, a);
	if (c->webhook)
		cap_audit_hook__add(serve, a->queue);
	return 0;
}

int cap_audit__begin(struct cap_audit *a, struct err *err)
{
	struct cap_audit_log_opts o;

	if (!a || !a->conf->log)
		return 0;
	o = (struct cap_audit_log_opts){ .path = a->conf->log, .state = a->conf->state, .from_start = a->conf->from_start };
	return cap_audit_log__start(&a->log, &o, a->queue, err);
}

void cap_audit__round(struct cap_audit *a, struct cap_recorder *r)
{
	if (a)
		cap_audit_queue__take(a->queue, r);
}

void cap_audit__end(struct cap_audit *a, struct cap_recorder *r)
{
	if (!a)
		return;
	cap_audit_log__stop(a->log);
	if (r)
		cap_audit_queue__take(a->queue, r);
}

void cap_audit__free(struct cap_audit *a)
{
	if (!a)
		return;
	cap_metrics__forget(a->metrics, a);
	cap_audit_log__free(a->log);
	cap_audit_queue__free(a->queue);
	free(a);
}
