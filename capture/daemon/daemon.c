// SPDX-License-Identifier: Apache-2.0
/* Putting the parts together; the recording thread's rounds. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "capture/daemon/daemon_internal.h"
#include "capture/daemon/service.h"
#include "capture/machine.h"
#include "capture/priority.h"
#include "capture/privilege.h"
#include "format/base/cli.h"
#include "format/base/log.h"
#include "format/base/text.h"

#define FLUSH_NS 1000000000u
#define LONGEST_SLEEP_MS 1000

/* --- beginning -------------------------------------------------------------------------------- */

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int open_ring(struct cap_daemon *d, struct err *err)
{
	const struct cap_ring_conf *c = &d->conf.ring;
	struct cap_ring_opts o = { .sz = sizeof(o), .bytes = c->memory, .ns = c->time_ns, .dir = c->directory,
				   .sync_ns = c->sync_ns ? c->sync_ns : UINT64_MAX };

	return cap_ring__new(&d->ring, &o, err);
}

static int open_keep(struct cap_daemon *d, struct err *err)
{
	struct cap_keep_opts o = cap_daemon__keep_opts(d, &d->conf.files);

	if (!o.dir) {
		log_info("no files are made: files.directory is not configured");
		return 0;
	}
	return cap_keep__new(&d->keep, &o, err);
}

static int start_rules(struct cap_daemon *d, struct err *err)
{
	int r = cap_daemon__load_rules(&d->conf.rules, &d->live.rules, err);

	if (r)
		return r;
	d->rule_triggers = cap_trigger_rules__new(&d->conf.triggers, d->live.rules, d->metrics);
	if (d->live.rules)
		eng_ruleset__rules(d->live.rules, &d->n_rules);
	d->live.alert.hostname = d->host;
	d->live.on_alert = cap_daemon__on_alert;
	d->live.arg = d;
	d->rules_loaded_ns = d->started_ns;
	return 0;
}

static int start_recorder(struct cap_daemon *d, struct err *err)
{
	const struct cap_capture_conf *c = &d->conf.capture;
	struct cap_recorder_opts o = {
		.target = cap_ring__target(d->ring),
		.writer = { .sz = sizeof(o.writer) },
		.driver = { .sz = sizeof(o.driver),
			    .snaplen = c->snaps.bytes,
			    .snaps = c->snaps.snaps,
			    .n_snaps = c->snaps.n,
			    .env_len = (uint32_t)c->environment,
			    .ring_bytes = c->buffer,
			    .noise = c->noise,
			    .no_durations = !c->durations,
			    .slow_reads = c->slow_reads },
		.scope = &d->scope,
		.live = &d->live,
		.container_env = c->container_env,
		.flush_ns = FLUSH_NS,
		.on_container_end = cap_daemon__on_container_end,
		.arg = d,
	};
	int r;

	cap_privilege__warn();
	cap_priority__nice();
	if (c->realtime)
		cap_realtime__prepare(&d->realtime);
	r = cap_recorder__start(&d->rec, &o, err);
	if (!r)
		cap_recorder__memory(d->rec, &d->buffer_bytes, &d->buffer_resident);
	return r;
}

/* The state knows it: our own cgroup may be hidden from us. */
static void find_own_container(struct cap_daemon *d)
{
	const struct eng_proc *p = eng_state__proc(cap_recorder__state(d->rec), getpid());
	const struct eng_container *c = p ? p->container : NULL;

	if (!c)
		return;
	d->own = xstrdup(c->full_id ? c->full_id->s : c->id);
	if (!d->conf.capture.host_root)
		log_warn("the recorder is in a container (%s), and takes its files for the machine's: names of other containers and "
			 "of users stay unknown; mount the machine's root in it, and name the place: capture.host_root", c->id);
}

static int begin(struct cap_daemon *d, struct err *err)
{
	int r;

	d->started_ns = now_ns(CLOCK_REALTIME);
	cap_machine__name(d->host);
	r = cap_daemon_conf__read(&d->conf, &d->file, d->config_path, err);
	d->metrics = cap_metrics__new();
	r = r ? r : cap_daemon__folders(&d->conf, true, err);
	r = r ? r : start_rules(d, err);
	r = r ? r : cap_daemon__manage(d, err);	/* before privileges go, and before threads inherit signals */
	r = r ? r : cap_daemon__parts(d, err);
	r = r ? r : open_ring(d, err);
	r = r ? r : cap_playbooks__new(&d->playbooks, d, err);	/* its threads keep the privileges that go now */
	r = r ? r : start_recorder(d, err);
	if (r)
		return r;
	cap_privilege__drop(false);
	find_own_container(d);
	r = cap_playbooks__begin(d->playbooks, err);
	r = r ? r : open_keep(d, err);
	if (r)
		return r;
	d->round_at = now_ns(CLOCK_MONOTONIC);
	r = cap_daemon__parts_begin(d, err);
	r = r ? r : cap_daemon__manage_begin(d, err);
	if (r)
		return r;
	cap_realtime__begin(&d->realtime);
	/* The other threads are there, each confined to what it needs itself. */
	cap_privilege__confine(CAP_ROLE_DAEMON, NULL);
	return 0;
}

/* --- rounds ----------------------------------------------------------------------------------- */

/* A round is what the thread computes between two waits: so long others do not get its processor. */
static void note_round(struct cap_daemon *d, uint64_t *computed)
{
	uint64_t now = now_ns(CLOCK_THREAD_CPUTIME_ID);

	if (now - *computed > d->longest_round)
		d->longest_round = now - *computed;
	*computed = now;
	d->rounds++;
	d->round_at = now_ns(CLOCK_MONOTONIC);
}

/* Who makes a file looks at what is written; and an entry of an audit log wakes nobody. */
static bool may_sleep(struct cap_daemon *d)
{
	return !d->audited && !(d->keep && cap_keep__has_work(d->keep));
}

/* For who asks whether the recording goes on: is_healthy(), and a watchdog, which may be an impatient one. */
static int longest_sleep_ms(void)
{
	uint64_t ms = cap_service__watchdog_ns() / 4000000u;

	return ms && ms < LONGEST_SLEEP_MS ? (int)ms : LONGEST_SLEEP_MS;
}

/* The round comes first: what is done after it has the time that the recording has come to. */
static int record(struct cap_daemon *d, struct err *err)
{
	uint64_t computed = now_ns(CLOCK_THREAD_CPUTIME_ID);
	int r = 0, longest = longest_sleep_ms();

	while (!r && !d->stop) {
		cap_recorder__wait(d->rec, d->post.fd, longest, may_sleep(d));
		r = cap_recorder__round(d->rec, err);
		cap_post__run(&d->post);
		cap_audit_queue__take(d->audit, d->rec);
		cap_daemon__fire(d);
		cap_playbooks__round(d->playbooks);
		note_round(d, &computed);
	}
	return r < 0 ? r : 0;
}

static int end(struct cap_daemon *d, struct err *err)
{
	struct cap_recorder_stats s = { 0 };
	char events[32], lost[32];
	int r = 0;

	cap_service__tell("STOPPING=1%s", d->managed ? "\nSTATUS=Completing files." : "");
	cap_post__close(&d->post);
	cap_daemon__manage_end(d);
	cap_daemon__sources_end(d);
	cap_playbooks__end(d->playbooks);
	if (d->rec) {
		r = cap_recorder__finish(d->rec, &s, err);
		if (!r && d->audit)
			cap_audit_queue__all_written(d->audit);
		d->rec = NULL;
		cap_daemon__fire(d);	/* what the last events have asked for */
		log_info("%s events, %s lost", text__count(s.events, events), text__count(s.lost, lost));
	}
	cap_keep__free(d->keep);	/* completes files: the recording has ended */
	cap_daemon__parts_end(d);
	return r;
}

static void free_all(struct cap_daemon *d)
{
	cap_realtime__cancel(&d->realtime);
	cap_playbooks__free(d->playbooks);
	cap_daemon__parts_free(d);
	cap_ring__free(d->ring);
	cap_live__done(&d->live);
	cap_scope__done(&d->scope);
	free(d->rule_triggers);
	free(d->own);
	cfg__free(d->file);
	cfg__free(d->reloaded);
	cap_post__done(&d->post);
	free(d);
}

/* What `systemctl status` shows of one that has failed. */
static void tell_failure(const struct err *err)
{
	char why[900];

	cap_daemon__error_text(err, why, sizeof(why));
	cap_service__tell("STATUS=%s", why);
}

int cap_daemon__run(const char *config, struct err *err)
{
	struct cap_daemon *d = xcalloc(1, sizeof(*d));
	int r, at_end;

	d->config_path = config;
	d->signals = -1;
	if (!getenv("SPOOR_LOG"))
		log__set_level(LOG_INFO_);
	cap_service__init();
	r = cap_post__init(&d->post);
	r = r ? err__set(err, r, "cannot make a descriptor: %s", strerror(-r)) : begin(d, err);
	r = r ? r : record(d, err);
	at_end = end(d, r ? NULL : err);
	free_all(d);
	r = r ? r : at_end;
	if (r)
		tell_failure(err);
	return r;
}

int cap_daemon__check(const char *config, struct err *err)
{
	struct cap_daemon *d = xcalloc(1, sizeof(*d));
	struct eng_ruleset *rules = NULL;
	struct playbook *pb = NULL;
	unsigned n = 0;
	int r = cap_daemon_conf__read(&d->conf, &d->file, config, err);

	r = r ? r : cap_daemon__load_rules(&d->conf.rules, &rules, err);
	if (!r && rules)
		eng_ruleset__rules(rules, &n);
	if (!r && d->conf.playbooks)
		r = playbook__open(&pb, d->conf.playbooks, true, err);
	r = r ? r : cap_daemon__folders(&d->conf, false, err);
	if (!r)
		printf("%s: no errors, %u rules, %u playbooks\n", config, n, pb ? pb->n : 0);
	playbook__unref(pb);
	eng_ruleset__free(rules);
	cfg__free(d->file);
	free(d);
	return r;
}

int cap_daemon__list_config(const char *form, struct err *err)
{
	struct buf b = { 0 };
	bool man = !strcmp(form, "man");

	if (!man && strcmp(form, "markdown"))
		return err__set(err, -FMT_E_VALUE, "'%s': write markdown or man", form);
	cfg_section__doc(&cap_daemon_section, man ? CFG_DOC_MAN : CFG_DOC_MARKDOWN, &b);
	fwrite(b.p, 1, b.len, stdout);
	buf__done(&b);
	exit(cli__finish_stdout());
}
