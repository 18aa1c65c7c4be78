// SPDX-License-Identifier: Apache-2.0
/*
 * The configuration read again. First everything that is to be is made beside what is there, and may fail; then it takes over,
 * which cannot. What a recorder settles when it starts stays, and is named.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture/daemon/daemon_internal.h"
#include "capture/daemon/service.h"
#include "format/base/log.h"

/* What is to take over, and when it has, what was there before. */
struct fresh {
	struct cap_daemon *d;
	struct cap_daemon_conf conf;
	struct cfg *file;
	struct eng_ruleset *rules;
	struct cap_rule_trigger *triggers;
	struct playbook *playbooks;
	struct cap_outputs *outputs;
	struct cap_serve *serve;
	bool same_server;		/* the one that there is goes on */
	unsigned n_rules;
	struct err *err;
	int result;
};

static const struct cfg *file_of(const struct cap_daemon *d)
{
	return d->reloaded ? d->reloaded : d->file;
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* --- what is settled at the start ----------------------------------------------------------------- */

static void add_name(char *list, size_t size, const char *section, const char *key)
{
	size_t n = strlen(list);

	snprintf(list + n, size - n, "%s%s.%s", n ? ", " : "", section, key);
}

static void add_settled(const struct fresh *f, const char *name, char *list, size_t size)
{
	const struct cfg_key *s = cap_daemon_section.keys, *k = NULL;

	while (strcmp(s->name, name))
		s++;
	while ((k = cfg_section__differs(s->section, (const char *)&f->d->conf + s->at, (const char *)&f->conf + s->at, k)))
		add_name(list, size, name, k->name);
}

/* Name what would be otherwise, and leave it as it is. */
static void keep_settled(struct fresh *f, char *list, size_t size)
{
	const struct cap_daemon_conf *now = &f->d->conf;

	add_settled(f, "capture", list, size);
	add_settled(f, "ring", list, size);
	add_settled(f, "control", list, size);
	if (!same_text(now->files.directory, f->conf.files.directory))
		add_name(list, size, "files", "directory");
	f->conf.capture = now->capture;
	f->conf.ring = now->ring;
	f->conf.control = now->control;
	f->conf.files.directory = now->files.directory;
}

/* --- making ready ----------------------------------------------------------------------------------- */

static int load_playbooks(struct fresh *f)
{
	int r;

	if (!f->conf.playbooks == !f->d->playbooks) {
		r = f->conf.playbooks ? playbook__open(&f->playbooks, f->conf.playbooks, false, f->err) : 0;
		if (!r && f->playbooks)
			cap_playbooks__warn(f->d->playbooks, f->playbooks);
		return r;
	}
	return err__set(f->err, -FMT_E_UNSUPPORTED, "playbooks: whether there are any is settled when the recorder starts: restart it");
}

static int load_rules(struct fresh *f)
{
	int r = cap_daemon__load_rules(&f->conf.rules, &f->rules, f->err);

	if (r)
		return r;
	f->triggers = cap_trigger_rules__new(&f->conf.triggers, f->rules, f->d->metrics);
	if (f->rules)
		eng_ruleset__rules(f->rules, &f->n_rules);
	return 0;
}

static int make_outputs(struct fresh *f)
{
	struct cap_daemon *d = f->d;
	int r;

	f->outputs = cap_outputs__successor(d->outputs);
	r = cap_daemon__add_outputs(f->outputs, &f->conf, f->file, &d->conf, file_of(d), f->err);
	return r ? r : cap_outputs__start(f->outputs, f->err);
}

static int make_server(struct fresh *f)
{
	int r = cap_daemon__make_server(f->d, &f->conf, &f->serve, f->err);

	if (r || !f->serve)
		return r;
	f->same_server = cap_serve__same(f->serve, f->d->serve);
	return f->same_server ? 0 : cap_serve__start_beside(f->serve, f->d->serve, f->err);
}

static int check_audit(struct fresh *f)
{
	const struct cap_audit_log_opts o = cap_daemon__audit_opts(&f->conf);

	return cap_audit_log__check(&o, f->err);
}

/* --- taking over ------------------------------------------------------------------------------------- */

/* In the recording thread: all of it or nothing. */
static void take_over(void *arg)
{
	struct fresh *f = arg;
	struct cap_daemon *d = f->d;
	struct cap_rule_trigger *triggers = d->rule_triggers;
	struct pb_decider *decider = NULL;
	struct cfg *file = d->reloaded;

	f->result = f->playbooks ? cap_playbooks__prepare(d->playbooks, f->playbooks, &decider, f->err) : 0;
	if (f->result)
		return;
	f->result = cap_recorder__set_rules(d->rec, f->rules, &f->rules, f->err);
	if (f->result) {
		pb_decider__free(decider);
		return;
	}
	if (decider)
		cap_playbooks__set(d->playbooks, f->playbooks, decider);
	d->conf = f->conf;
	d->rule_triggers = f->triggers;
	d->reloaded = f->file;
	f->triggers = triggers;
	f->file = file;
}

static void take_audit(void *arg)
{
	struct cap_daemon *d = arg;

	cap_audit_queue__take(d->audit, d->rec);
}

/* What has been read of the log before is recorded first: then its state says so. */
static void change_audit(struct cap_daemon *d, const struct cap_audit_conf *before)
{
	const struct cap_audit_log_opts o = cap_daemon__audit_opts(&d->conf);
	struct err err = { 0 };

	d->audited = d->conf.audit.log || d->conf.audit.webhook;
	if (same_text(before->log, d->conf.audit.log) && same_text(before->state, d->conf.audit.state))
		return;
	cap_audit_log__stop(d->audit_log);
	cap_post__call(&d->post, take_audit, d);
	if (cap_audit_log__change(d->audit_log, &o, &err))
		log_error("%s: %s: it is not followed until the next reload", err.file, err.msg);
}

/* Takes outputs and server over. */
static void take_parts_over(struct fresh *f, const struct cap_audit_conf *audit_before)
{
	struct cap_daemon *d = f->d;
	const struct cap_keep_opts files = cap_daemon__keep_opts(d, &d->conf.files);

	cap_outputs__take_over(f->outputs, CAP_OUTPUTS_GRACE_NS);
	f->outputs = NULL;
	if (d->keep)
		cap_keep__set_limits(d->keep, &files);
	change_audit(d, audit_before);
	if (f->same_server)
		return;
	cap_serve__take_over(f->serve, d->serve);
	d->serve = f->serve;
	f->serve = NULL;
}

static int load(struct fresh *f, char *note, size_t size)
{
	struct cap_daemon *d = f->d;
	struct cap_audit_conf audit = d->conf.audit;
	int r = cap_daemon_conf__read(&f->conf, &f->file, d->config_path, f->err);

	if (!r)
		keep_settled(f, note, size);
	r = r ? r : load_rules(f);
	r = r ? r : load_playbooks(f);
	r = r ? r : check_audit(f);
	r = r ? r : make_outputs(f);
	r = r ? r : make_server(f);
	if (r)
		return r;
	if (!cap_post__call(&d->post, take_over, f))
		return err__set(f->err, -ESHUTDOWN, "the recording has ended");
	if (!f->result)
		take_parts_over(f, &audit);
	return f->result;
}

static int reload(struct cap_daemon *d, struct err *err)
{
	struct fresh f = { .d = d, .err = err };
	char note[sizeof(d->reload_note)] = "";
	struct timespec t;
	int r = load(&f, note, sizeof(note));

	if (!r) {
		clock_gettime(CLOCK_REALTIME, &t);
		d->n_rules = f.n_rules;
		d->rules_loaded_ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
		memcpy(d->reload_note, note, sizeof(note));
	}
	cap_outputs__free(f.outputs);
	cap_serve__free(f.serve);
	eng_ruleset__free(f.rules);
	free(f.triggers);
	cfg__free(f.file);
	playbook__unref(f.playbooks);
	return r;
}

void cap_daemon__error_text(const struct err *e, char *buf, size_t size)
{
	if (e->line)
		snprintf(buf, size, "%s:%u:%u: %s", e->file, e->line, e->col, e->msg);
	else
		snprintf(buf, size, "%s%s%s", e->file, e->file[0] ? ": " : "", e->msg);
}

int cap_daemon__reload(struct cap_daemon *d, struct err *err)
{
	int r;

	cap_service__reloading();
	cap_outputs__reopen(d->outputs);	/* whatever comes of the rest: logs may have been rotated */
	r = reload(d, err);
	d->reload_error[0] = 0;
	if (r) {
		cap_daemon__error_text(err, d->reload_error, sizeof(d->reload_error));
		log_error("not reloaded, all stays as it was: %s", d->reload_error);
	} else {
		log_info("reloaded: %u rules", d->n_rules);
		if (*d->reload_note)
			log_warn("not before a restart of the recorder: %s", d->reload_note);
	}
	cap_service__tell("READY=1\nSTATUS=%s", r ? "Recording. The last reload failed." : "Recording.");
	return r;
}
