// SPDX-License-Identifier: Apache-2.0
/* What makes a file: alerts, ends of containers, who asks. All of it in the recording thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "capture/daemon/daemon_internal.h"
#include "format/base/log.h"
#include "format/base/text.h"

static const char *str(const struct eng_str *s)
{
	return s ? s->s : "";
}

static const char *full_id(const struct eng_container *c)
{
	return c ? c->full_id ? str(c->full_id) : c->id : "";
}

/* --- remembering what asks, until the round is over ------------------------------------------- */

static void done_request(struct cap_request *rq)
{
	free(rq->who);
	free(rq->reason);
	free(rq->rule);
	free(rq->container);
	free(rq->alert);
	*rq = (struct cap_request){ 0 };
}

/* A storm of one rule in one container is one trigger. */
static bool is_asked(const struct cap_daemon *d, const char *rule, const char *container)
{
	for (unsigned i = 0; i < d->n_asked; i++)
		if (!strcmp(d->asked[i].rule, rule) && !strcmp(d->asked[i].container, container))
			return true;
	return false;
}

static struct cap_request *next_request(struct cap_daemon *d)
{
	if (d->n_asked < CAP_MAX_ASKED)
		return &d->asked[d->n_asked++];
	d->too_many++;
	return NULL;
}

static const char *scope_of(const struct cap_daemon *d, const struct eng_container *c)
{
	return d->conf.triggers.scope == CAP_SCOPE_HOST ? "" : full_id(c);
}

static void trigger_by_alert(struct cap_daemon *d, const struct cap_live_alert *a, uint64_t after_ns)
{
	const char *container = scope_of(d, a->ctx->proc->container);
	struct cap_request *rq;

	if (is_asked(d, a->rule->name, container))
		return;
	rq = next_request(d);
	if (!rq)
		return;
	*rq = (struct cap_request){ .by = "alert",
				    .who = xstrdup(""),
				    .reason = xmemdup0(a->text, a->text_len),
				    .rule = xstrdup(a->rule->name),
				    .container = xstrdup(container),
				    .alert = xmemdup0(a->json, a->json_len),
				    .recorded = true,
				    .priority = (int)a->rule->priority,
				    .time = a->ts,
				    .before_ns = d->conf.triggers.before_ns,
				    .after_ns = after_ns,
				    .tid = fmt_ev__tid(a->ctx->ev),
				    .pid = fmt_ev__pid(a->ctx->ev) };
}

void cap_daemon__on_alert(void *arg, const struct cap_live_alert *a)
{
	struct cap_daemon *d = arg;
	const struct cap_rule_trigger *t;
	unsigned n;

	d->alerts++;
	t = &d->rule_triggers[a->rule - eng_ruleset__rules(d->live.rules, &n)];
	cap_metric__add(t->alerts, 1);
	cap_daemon__put_out(d, a, full_id(a->ctx->proc->container));
	cap_playbooks__alert(d->playbooks, a);
	if (t->fires)
		trigger_by_alert(d, a, t->after_ns);
}

/* "container web1 failed for want of memory"; NULL: it ended as it should, or nobody wants to know. */
static char *abnormal_end(const struct cap_triggers_conf *o, const char *name, bool oom, int32_t status)
{
	if (oom && o->oom)
		return xasprintf("container %s failed for want of memory", name);
	if (status > 128 && status <= 128 + 64 && o->signal)
		return xasprintf("container %s died of signal %d", name, status - 128);
	if (status > 0 && o->failure)
		return xasprintf("container %s exited with status %d", name, status);
	return NULL;
}

void cap_daemon__on_container_end(void *arg, const struct eng_ctx *ctx)
{
	struct cap_daemon *d = arg;
	const struct fmt_str *id = fmt_ev__str(ctx->ev, P_container_end_id);
	char *short_id = id ? xmemdup0(id->p, id->len) : xstrdup(""), *why;
	struct eng_container *c = eng_state__container(cap_recorder__state(d->rec), short_id);
	uint64_t status = 0, oom = 0;
	struct cap_request *rq;

	fmt_ev__int(ctx->ev, P_container_end_exit_code, &status);
	fmt_ev__int(ctx->ev, P_container_end_oom, &oom);
	why = abnormal_end(&d->conf.triggers, c && c->name ? str(c->name) : short_id, oom, (int32_t)status);
	rq = why ? next_request(d) : NULL;
	if (rq)
		*rq = (struct cap_request){ .by = "container_end",
					    .who = xstrdup(""),
					    .reason = why,
					    .rule = xstrdup(""),
					    .container = xstrdup(c ? scope_of(d, c) : short_id),
					    .alert = xstrdup(""),
					    .priority = -1,
					    .time = fmt_ev__ts(ctx->ev),
					    .before_ns = d->conf.triggers.before_ns,
					    .after_ns = d->conf.triggers.after_ns };
	else
		free(why);
	free(short_id);
}

/* --- files ------------------------------------------------------------------------------------ */

struct trigger_row {
	const struct cap_request *rq;
	const char *file;
	uint64_t time;
};

static void put(struct fmt_batch *b, unsigned param, const char *s)
{
	fmt_batch__str(b, param, s, (uint32_t)strlen(s), (uint32_t)strlen(s));
}

static void make_row(void *arg, struct fmt_batch *b, uint64_t now)
{
	const struct trigger_row *t = arg;

	(void)now;
	if (fmt_batch__begin(b, EV_trigger, t->time, 0, t->rq->tid, t->rq->pid, 0, 0) < 0)
		return;
	put(b, P_trigger_by, t->rq->by);
	put(b, P_trigger_who, t->rq->who);
	put(b, P_trigger_reason, t->rq->reason);
	put(b, P_trigger_rule, t->rq->rule);
	put(b, P_trigger_container, t->rq->container);
	fmt_batch__int(b, P_trigger_before, t->rq->before_ns);
	fmt_batch__int(b, P_trigger_after, t->rq->after_ns);
	put(b, P_trigger_file, t->file);
	fmt_batch__end(b);
}

static void log_request(const struct cap_request *rq, const char *file, const struct err *err)
{
	struct buf b = { 0 };
	const char *why = *rq->rule ? rq->rule : rq->reason;

	text__safe(&b, why, strlen(why));
	buf__u8(&b, 0);
	if (file)
		log_info("%s: by %s: %s", file, rq->by, (char *)b.p);
	else
		log_warn("no file by %s (%s): %s", rq->by, (char *)b.p, err->msg);
	buf__done(&b);
}

/* What is kept goes on at least until now, so that the row of the trigger is in the file. */
static int ask_keep(struct cap_daemon *d, const struct cap_request *rq, uint64_t now, char **ret_file,
		    uint64_t *ret_id, struct err *err)
{
	uint64_t least = now >= rq->time ? now - rq->time + 1 : 1;
	const struct cap_trigger t = { .time = rq->time,
				       .container = rq->container,
				       .rule = *rq->rule ? rq->rule : rq->by,
				       .reason = rq->reason,
				       .priority = rq->priority < 0 ? PRIO_NOTICE : rq->priority,
				       .alert = rq->alert,
				       .recorded = rq->recorded,
				       .before_ns = rq->before_ns,
				       .after_ns = rq->after_ns > least ? rq->after_ns : least,
				       .tid = rq->tid,
				       .pid = rq->pid };

	if (!d->keep)
		return err__set(err, -FMT_E_UNSUPPORTED, "no folder for files is configured (files.directory)");
	return cap_keep__trigger(d->keep, &t, ret_file, ret_id, err);
}

int cap_daemon__make_file(struct cap_daemon *d, const struct cap_request *rq, char **ret_file, uint64_t *ret_id,
			  struct err *err)
{
	struct err why = { 0 };
	char *file = NULL;
	uint64_t now = cap_ring__now(d->ring);
	int r = ask_keep(d, rq, now, &file, ret_id, &why);

	log_request(rq, r ? NULL : file, &why);
	if (d->rec)
		cap_recorder__add(d->rec, make_row, &(struct trigger_row){ rq, r ? "" : file, now });
	if (r) {
		if (err)
			*err = why;
		return r;
	}
	if (ret_file)
		*ret_file = file;
	else
		free(file);
	return 0;
}

void cap_daemon__fire(struct cap_daemon *d)
{
	unsigned n = d->n_asked;

	for (unsigned i = 0; i < n; i++) {
		cap_daemon__make_file(d, &d->asked[i], NULL, NULL, NULL);
		done_request(&d->asked[i]);
	}
	d->n_asked = 0;
}

/* --- containers by what people call them ------------------------------------------------------ */

struct search {
	const char *name;
	size_t len;
	const char *pod, *ns;		/* instead of a name */
	bool is_id;			/* hexadecimal, long enough to be the beginning of an id */
	const struct eng_container *exact, *prefix;
	unsigned n_prefix, n_exact;
};

static bool has_label(const cJSON *labels, const char *key, const char *value)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(labels, key);

	return cJSON_IsString(v) && !strcmp(v->valuestring, value);
}

/* The runtimes label containers so; the sandbox, which only holds the pod's namespaces, is not meant. */
static bool is_of_pod(const struct eng_container *c, const char *pod, const char *ns)
{
	const cJSON *j = eng_container__json(c), *labels = cJSON_GetObjectItemCaseSensitive(j, "labels");

	return has_label(labels, "io.kubernetes.pod.name", pod) &&
	       (!*ns || has_label(labels, "io.kubernetes.pod.namespace", ns)) &&
	       !cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(j, "is_pod_sandbox"));
}

static bool is_called(const struct eng_container *c, const struct search *s)
{
	if (*s->pod)
		return is_of_pod(c, s->pod, s->ns);
	return !strcmp(full_id(c), s->name) || !strcmp(c->id, s->name) ||
	       (c->name && !strcmp(str(c->name), s->name));
}

/* Of those of one name the one that lives is meant. */
static void try_container(struct eng_container *c, void *arg)
{
	struct search *s = arg;

	if (is_called(c, s)) {
		if (!s->exact || s->exact->ended) {
			s->exact = c;
			s->n_exact = 1;
		} else if (!c->ended) {
			s->n_exact++;
		}
	} else if (s->is_id && !strncmp(full_id(c), s->name, s->len)) {
		s->prefix = c;
		s->n_prefix++;
	}
}

int cap_daemon__find_container(struct cap_daemon *d, const struct eng_trigger_request *rq, char **ret, struct err *err)
{
	const char *name = *rq->container ? rq->container : rq->pod;
	struct search s = { .name = name, .len = strlen(name), .pod = *rq->container ? "" : rq->pod, .ns = rq->ns };

	s.is_id = !*s.pod && s.len >= 4 && strspn(name, "0123456789abcdef") == s.len;
	eng_state__each_container(cap_recorder__state(d->rec), try_container, &s);
	if ((s.exact && s.n_exact > 1) || (!s.exact && s.n_prefix > 1))
		return err__set(err, -FMT_E_VALUE, "several containers are '%s': give an id", name);
	if (!s.exact && !s.prefix)
		return err__set(err, -FMT_E_UNKNOWN, "no container is known here as '%s'", name);
	*ret = xstrdup(full_id(s.exact ? s.exact : s.prefix));
	return 0;
}
