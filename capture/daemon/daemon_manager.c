// SPDX-License-Identifier: Apache-2.0
/* The manager: signals, the control socket, the service manager. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "capture/daemon/daemon_internal.h"
#include "capture/daemon/service.h"
#include "format/base/log.h"
#include "format/base/text.h"

#define TICK_MS 1000
#define TICK_WAITING_MS 50

/* --- rules ------------------------------------------------------------------------------------ */

static void log_warnings(const struct eng_ruleset *rules)
{
	unsigned n;
	const struct eng_diag *diags = eng_ruleset__diags(rules, &n);

	for (unsigned i = 0; i < n; i++)
		log_warn("%s:%u:%u: %s: %s", diags[i].file, diags[i].line, diags[i].col, diags[i].codedesc,
			 diags[i].message);
}

int cap_daemon__load_rules(const struct cap_rules_conf *o, struct eng_ruleset **ret, struct err *err)
{
	int r = o->files.n ? cap_live__compile(o->files.p, o->files.n, ret, err) : 0;

	if (!r && o->files.n)
		log_warnings(*ret);
	return r;
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- requests --------------------------------------------------------------------------------- */

static void answer_file(struct buf *out, const char *file, bool complete)
{
	buf__puts(out, "{\"ok\": true, \"file\": \"");
	text__json(out, file, strlen(file));
	buf__printf(out, "\", \"complete\": %s}", complete ? "true" : "false");
}

static void answer_error(struct buf *out, const struct err *err)
{
	char msg[1024];

	cap_daemon__error_text(err, msg, sizeof(msg));
	cap_control__error(out, "%s", msg);
}

static void answer_reload(struct cap_daemon *d, struct buf *out)
{
	struct err err = { 0 };

	if (cap_daemon__reload(d, &err)) {
		answer_error(out, &err);
		return;
	}
	buf__printf(out, "{\"ok\": true, \"rules\": %u, \"note\": \"", d->n_rules);
	text__json(out, d->reload_note, strlen(d->reload_note));
	buf__puts(out, "\"}");
}

static bool answer_trigger(struct cap_daemon *d, const struct cap_peer *who, const struct eng_control_request *rq, uint64_t *ret_wait,
			   struct buf *out)
{
	struct err err = { 0 };
	char *file = NULL, from[64];
	int r;

	snprintf(from, sizeof(from), "uid %u, pid %u", who->uid, who->pid);
	r = cap_daemon__ask(d, "socket", from, &rq->trigger, "", &file, ret_wait, &err);
	if (r)
		answer_error(out, &err);
	else if (rq->wait)
		buf__puts(out, file);
	else
		answer_file(out, file, false);
	free(file);
	return r || !rq->wait;
}

static void answer_playbooks(struct cap_daemon *d, const struct eng_control_request *rq, struct buf *out)
{
	if (!d->playbooks) {
		cap_control__error(out, "no playbooks are configured (playbooks)");
		return;
	}
	if (rq->playbooks != PLAYBOOKS_STATUS)
		cap_playbooks__stop(d->playbooks, rq->playbooks == PLAYBOOKS_STOP);
	buf__puts(out, "{\"ok\": true, \"playbooks\": {");
	cap_playbooks__status(d->playbooks, out);
	buf__puts(out, "}}");
}

static bool answer(void *arg, const struct cap_peer *who, const struct eng_control_request *rq, uint64_t *ret_wait, struct buf *out)
{
	struct cap_daemon *d = arg;

	switch (rq->command) {
	case CONTROL_TRIGGER:
		return answer_trigger(d, who, rq, ret_wait, out);
	case CONTROL_STATUS:
		cap_daemon__status(d, out);
		break;
	case CONTROL_RELOAD:
		answer_reload(d, out);
		break;
	case CONTROL_PLAYBOOKS:
		answer_playbooks(d, rq, out);
		break;
	case CONTROL_STOP:
		d->stop = true;
		buf__printf(out, "{\"ok\": true, \"pid\": %d}", (int)getpid());
		break;
	}
	return true;
}

static bool still_waiting(void *arg, uint64_t wait, struct buf *out)
{
	struct cap_daemon *d = arg;
	char *file, *path;

	if (cap_keep__is_open(d->keep, wait))
		return true;
	file = xmemdup0(out->p, out->len);
	path = xasprintf("%s/%s", d->conf.files.directory, file);
	out->len = 0;
	if (access(path, F_OK))
		cap_control__error(out, "%s could not be completed: see the recorder's log", file);
	else
		answer_file(out, file, true);
	free(path);
	free(file);
	return false;
}

/* --- signals ---------------------------------------------------------------------------------- */

static int open_signals(struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);	/* of all threads to come */
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err__set(err, -errno, "cannot receive signals: %s", strerror(errno)) : fd;
}

static void host_file(struct cap_daemon *d, const struct signalfd_siginfo *s)
{
	struct eng_trigger_request a = { .container = "", .reason = "SIGUSR1", .rule = "", .host = true };
	char from[64];

	snprintf(from, sizeof(from), "uid %u, pid %u", s->ssi_uid, s->ssi_pid);
	cap_daemon__ask(d, "signal", from, &a, "", NULL, NULL, NULL);	/* a refusal has been logged */
}

static void take_signals(struct cap_daemon *d)
{
	struct signalfd_siginfo s;

	while (read(d->signals, &s, sizeof(s)) == sizeof(s)) {
		if (s.ssi_signo == SIGHUP)
			cap_daemon__reload(d, &(struct err){ 0 });
		else if (s.ssi_signo == SIGUSR1)
			host_file(d, &s);
		else
			d->stop = true;
	}
}

/* --- the thread ------------------------------------------------------------------------------- */

struct watchdog {
	uint64_t every, told, rounds;
};

/* The service manager is told that we live as long as the recording thread does. */
static void feed_watchdog(struct cap_daemon *d, struct watchdog *w)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	if (!w->every || now - w->told < w->every / 2 || d->rounds == w->rounds)
		return;
	cap_service__tell("WATCHDOG=1");
	w->told = now;
	w->rounds = d->rounds;
}

static int pause_ms(struct cap_daemon *d, const struct watchdog *w)
{
	uint64_t ms = w->every / 4000000u;

	if (cap_control__waiting(d->control))
		return TICK_WAITING_MS;
	return ms && ms < TICK_MS ? (int)ms : TICK_MS;
}

static void *manage(void *arg)
{
	struct cap_daemon *d = arg;
	struct watchdog w = { .every = cap_service__watchdog_ns() };
	struct pollfd fds[CAP_CONTROL_MAX_FDS + 1];
	unsigned n;

	while (!d->stop) {
		fds[0] = (struct pollfd){ .fd = d->signals, .events = POLLIN };
		n = 1 + cap_control__fds(d->control, fds + 1);
		poll(fds, n, pause_ms(d, &w));
		if (fds[0].revents)
			take_signals(d);
		cap_control__serve(d->control, fds + 1, n - 1);
		feed_watchdog(d, &w);
	}
	cap_post__wake(&d->post);		/* it may sleep */
	cap_control__fds(d->control, fds);
	cap_control__serve(d->control, fds, 0);	/* the answer to `stop` */
	return NULL;
}

int cap_daemon__manage(struct cap_daemon *d, struct err *err)
{
	struct cap_control_ops ops = { answer, still_waiting, d };
	int r = cap_control__open(&d->control, &d->conf.control, &ops, err);

	d->signals = r ? -1 : open_signals(err);
	if (!r && d->signals < 0)
		r = d->signals;
	return r;
}

int cap_daemon__manage_begin(struct cap_daemon *d, struct err *err)
{
	int r = -pthread_create(&d->manager, NULL, manage, d);

	if (r)
		return err__set(err, r, "cannot make a thread: %s", strerror(-r));
	d->managed = true;
	cap_service__tell("READY=1\nSTATUS=Recording.");
	return 0;
}

void cap_daemon__manage_end(struct cap_daemon *d)
{
	d->stop = true;
	if (d->managed)
		pthread_join(d->manager, NULL);
	cap_control__close(d->control);
	if (d->signals >= 0)
		close(d->signals);
}
