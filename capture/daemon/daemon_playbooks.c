// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/act/act.h"
#include "capture/daemon/daemon_internal.h"
#include "capture/daemon/daemon_playbooks.h"
#include "capture/priority.h"
#include "format/base/log.h"
#include "format/base/text.h"

#define MAX_ROWS 4096u			/* that wait for the end of a round */
#define MAX_LINES 20u			/* of the log, a round: of what is not done */

/* A row that is still to be made; all texts are owned. */
struct row {
	char *playbook, *object, *text, *rule, *container, *args;
	const char *name, *result;
	uint64_t time, num, at;
	uint32_t tid, pid;
};

struct cap_playbooks {
	struct cap_daemon *d;
	struct playbook *pb;		/* the recording thread's, with the decider */
	struct pb_decider *decider;
	struct pb_self self;
	struct act *act;
	struct act_needs has;		/* what its threads may */
	uint64_t checked;		/* round in which the stop file was looked for, and the answer */
	atomic_bool file_there;
	unsigned lines;
	atomic_bool stopped;
	atomic_ullong refused[PBV__N];
	pthread_mutex_t lock;		/* of rows */
	struct row *rows;
	unsigned n_rows;
	atomic_ullong lost_rows;
};

/* --- results ----------------------------------------------------------------------------------------------- */

static const char *result_of(const struct act_result *r)
{
	return r->verdict == PBV_DO ? r->error ? "failed" : "done" : pb_verdict_names[r->verdict];
}

static void done_row(struct row *r)
{
	free(r->playbook);
	free(r->object);
	free(r->text);
	free(r->rule);
	free(r->container);
	free(r->args);
}

static void keep_row(struct cap_playbooks *p, const struct act_result *r)
{
	const struct pb_target *t = &r->plan->target;
	struct buf args = { 0 };
	struct row *row;

	pb_step__args_json(r->step, &args);
	pthread_mutex_lock(&p->lock);
	if (p->n_rows == MAX_ROWS) {
		p->lost_rows++;
	} else {
		row = &p->rows[p->n_rows++];
		*row = (struct row){ .playbook = xstrdup(r->part->entry->name), .object = xstrdup(r->step->object), .text = xstrdup(r->text),
				     .rule = xstrdup(r->plan->rule), .container = xstrdup(t->full_id ? t->full_id : t->container ? t->container : ""),
				     .args = xmemdup0(args.p, args.len), .name = r->step->action->info->name, .result = result_of(r),
				     .time = r->duration, .num = r->plan->num, .at = r->plan->ts, .tid = r->plan->tid, .pid = r->plan->pid };
	}
	pthread_mutex_unlock(&p->lock);
	buf__done(&args);
}

static void log_result(struct cap_playbooks *p, const struct act_result *r)
{
	struct buf b = { 0 };
	char took[32], line[1024];

	/* refusals come from the recording thread alone */
	if (r->verdict != PBV_DO && ++p->lines > MAX_LINES)
		return;
	snprintf(line, sizeof(line), "playbook %s: %s%s%s: %s%s%s (%s), by the alert '%s'", r->part->entry->name, r->step->action->info->name,
		 *r->step->object ? " " : "", r->step->object, result_of(r), *r->text ? ": " : "", r->text,
		 text__duration(r->duration, took), r->plan->rule);
	text__safe(&b, line, strlen(line));
	if (r->verdict == PBV_DO && r->error)
		log_warn("%.*s", (int)b.len, (char *)b.p);
	else
		log_info("%.*s", (int)b.len, (char *)b.p);
	buf__done(&b);
}

static void on_result(void *arg, const struct act_result *r)
{
	struct cap_playbooks *p = arg;

	if (r->verdict != PBV_DO)
		p->refused[r->verdict]++;
	log_result(p, r);
	keep_row(p, r);
	if (r->verdict == PBV_DO)	/* it comes from another thread */
		cap_post__wake(&p->d->post);
}

static void put(struct fmt_batch *b, unsigned param, const char *s)
{
	fmt_batch__str(b, param, s, (uint32_t)strlen(s), (uint32_t)strlen(s));
}

static void make_row(void *arg, struct fmt_batch *b, uint64_t now)
{
	const struct row *r = arg;

	if (fmt_batch__begin(b, EV_action, now, 0, r->tid, r->pid, 0, 0) < 0)
		return;
	put(b, P_action_playbook, r->playbook);
	put(b, P_action_name, r->name);
	put(b, P_action_object, r->object);
	put(b, P_action_result, r->result);
	put(b, P_action_text, r->text);
	fmt_batch__int(b, P_action_time, r->time);
	put(b, P_action_rule, r->rule);
	fmt_batch__int(b, P_action_num, r->num);
	fmt_batch__int(b, P_action_at, r->at);
	put(b, P_action_container, r->container);
	put(b, P_action_args, r->args);
	fmt_batch__end(b);
}

void cap_playbooks__round(struct cap_playbooks *p)
{
	struct row *rows;
	unsigned n;

	if (!p)
		return;
	p->lines = 0;
	pthread_mutex_lock(&p->lock);
	n = p->n_rows;
	rows = n ? p->rows : NULL;
	if (n) {
		p->rows = xcalloc(MAX_ROWS, sizeof(*p->rows));
		p->n_rows = 0;
	}
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < n; i++) {
		cap_recorder__add(p->d->rec, make_row, &rows[i]);
		done_row(&rows[i]);
	}
	free(rows);
}

/* --- actions that are the recorder's ------------------------------------------------------------------------- */

static int capture(void *arg, const struct pb_plan *plan, const struct pb_step *s, struct err *err)
{
	struct cap_playbooks *p = arg;
	const struct pb_target *t = &plan->target;
	const char *reason = pb_step__arg(s, "reason");
	struct eng_trigger_request rq = { .container = (char *)(t->full_id ? t->full_id : t->container ? t->container : ""), .pod = (char *)"",
					  .ns = (char *)"", .reason = (char *)(reason ? reason : plan->message), .rule = (char *)plan->rule,
					  .host = !t->container, .has_before = true, .has_after = true, .has_priority = true,
					  .before_ns = s->action->o->before, .after_ns = s->action->o->after, .priority = plan->priority };

	return cap_daemon__ask(p->d, "playbook", "", &rq, plan->json, NULL, NULL, err);
}

/* --- alerts ------------------------------------------------------------------------------------------------ */

static bool is_stopped(struct cap_playbooks *p)
{
	if (p->checked != p->d->rounds + 1) {
		p->checked = p->d->rounds + 1;
		p->file_there = p->pb->stop_file && !access(p->pb->stop_file, F_OK);
	}
	return p->stopped || p->file_there;
}

void cap_playbooks__alert(struct cap_playbooks *p, const struct cap_live_alert *a)
{
	struct pb_plan *plan = NULL;

	if (!p || !p->act)		/* the last events are read when nothing is done any more */
		return;
	playbook__decide(p->decider, a->rule, a->ctx, &p->d->live.alert, is_stopped(p), &plan);
	if (plan)
		act__submit(p->act, plan);
}

void cap_playbooks__stop(struct cap_playbooks *p, bool stop)
{
	p->stopped = stop;
	log_info(stop ? "playbooks are stopped: nothing is done" : "playbooks go on");
}

void cap_playbooks__status(struct cap_playbooks *p, struct buf *out)
{
	const struct act_counts *c = act__counts(p->act);

	buf__printf(out, "\"stopped\": %s, \"done\": %llu, \"failed\": %llu", p->stopped || p->file_there ? "true" : "false", c->done, c->failed);
	for (unsigned v = PBV_DRY_RUN; v < PBV__N; v++)
		if (v != PBV_COOL_DOWN)
			buf__printf(out, ", \"%s\": %llu", v == PBV_STOPPED ? "stopped_actions" : pb_verdict_names[v], p->refused[v]);
	buf__printf(out, ", \"not_recorded\": %llu", p->lost_rows);
}

int cap_playbooks__prepare(struct cap_playbooks *p, struct playbook *pb, struct pb_decider **ret, struct err *err)
{
	int r = pb_decider__new(ret, pb, &p->self, p->decider);

	return r ? err__set(err, r, "the playbooks cannot be used: %s", err__text(r)) : 0;
}

void cap_playbooks__set(struct cap_playbooks *p, struct playbook *pb, struct pb_decider *ready)
{
	pb_decider__free(p->decider);
	playbook__unref(p->pb);
	p->decider = ready;
	p->pb = playbook__ref(pb);
	p->checked = 0;
}

/* --- beginning and end --------------------------------------------------------------------------------------- */

int cap_playbooks__new(struct cap_playbooks **ret, struct cap_daemon *d, struct err *err)
{
	struct cap_playbooks *p;
	struct act_opts o = { .on_result = on_result, .capture = capture, .pin_dir = CAP_PIN_DIR };
	int r;

	if (!d->conf.playbooks)
		return 0;
	p = xcalloc(1, sizeof(*p));
	p->d = d;
	o.arg = p;
	cap_priority__mutex(&p->lock);
	p->rows = xcalloc(MAX_ROWS, sizeof(*p->rows));
	act_needs__look(&p->has);
	r = playbook__open(&p->pb, d->conf.playbooks, true, err);
	r = r ? r : act__new(&p->act, &o, err);
	if (r) {
		cap_playbooks__free(p);
		return r;
	}
	*ret = p;
	return 0;
}

int cap_playbooks__begin(struct cap_playbooks *p, struct err *err)
{
	if (!p)
		return 0;
	p->self = (struct pb_self){ .pid = getpid(), .full_id = p->d->own, .ns = getenv("POD_NAMESPACE"), .pod = getenv("POD_NAME"),
				    .node = p->d->host };
	if (!p->self.ns)
		p->self.pod = NULL;
	cap_playbooks__warn(p, p->pb);
	return cap_playbooks__prepare(p, p->pb, &p->decider, err);
}

void cap_playbooks__warn(const struct cap_playbooks *p, const struct playbook *pb)
{
	act_needs__warn(&p->has, pb);
}

void cap_playbooks__end(struct cap_playbooks *p)
{
	if (!p)
		return;
	act__free(p->act);
	p->act = NULL;
	if (p->d->rec)
		cap_playbooks__round(p);
	if (p->lost_rows)
		log_warn("%llu actions, or why they were not done, are in the log only: there were too many at once to be recorded", p->lost_rows);
}

void cap_playbooks__free(struct cap_playbooks *p)
{
	if (!p)
		return;
	act__free(p->act);
	pb_decider__free(p->decider);
	playbook__unref(p->pb);
	for (unsigned i = 0; i < p->n_rows; i++)
		done_row(&p->rows[i]);
	free(p->rows);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
