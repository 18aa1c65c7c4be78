// SPDX-License-Identifier: Apache-2.0
/*
 * spoor-capture - records from the kernel into a trace file.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture/audit/audit_log.h"
#include "capture/capture_options.h"
#include "capture/command.h"
#include "capture/daemon/control_client.h"
#include "capture/daemon/daemon.h"
#include "capture/machine.h"
#include "capture/priority.h"
#include "capture/privilege.h"
#include "capture/ptrace/tracer.h"
#include "format/base/log.h"
#include "format/base/text.h"

#define DEFAULT_SNAPLEN 80
#define FLUSH_NS 1000000000u

/* --- running ---------------------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct run {
	const struct cap_options *o;
	struct cap_recorder *rec;
	struct cap_command command;
	struct cap_audit_queue *audit;	/* NULL: no audit log */
	struct cap_audit_log *audit_log;
	int signals;
	bool asked;			/* somebody wants it to end */
	uint64_t started, shown;
};

/* Every stop of what is traced sends SIGCHLD too: then it is not listened to. */
static int open_signals(bool traced, struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (!traced)
		sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err__set(err, -errno, "cannot receive signals: %s", strerror(errno)) : fd;
}

/*
 * A signal ends the recording. With a command it goes to the command, whose end then ends the
 * recording; a second one ends it at once. What a terminal sends has reached the command already.
 */
static void take_signals(struct run *r)
{
	struct signalfd_siginfo s;

	while (read(r->signals, &s, sizeof(s)) == sizeof(s)) {
		if (s.ssi_signo == SIGCHLD)
			continue;
		if (r->command.pid && !r->asked && !cap_command__ended(&r->command)) {
			if (s.ssi_code != SI_KERNEL)
				kill(r->command.pid, (int)s.ssi_signo);
			r->asked = true;
			continue;
		}
		r->asked = true;
		r->command.ended = true;
	}
}

/* What is traced tells its tracer when it ends; that is when all of it has ended. */
static void see_traced(struct run *r)
{
	if (r->o->rec.driver.ptrace && !r->command.ended)
		r->command.ended = cap_recorder__traced_ended(r->rec, &r->command.status);
}

static bool finished(struct run *r)
{
	if (r->o->rec.driver.ptrace) {
		see_traced(r);
		return r->command.ended || (r->asked && !r->command.pid) ||
		       (r->o->duration && now_ns() - r->started >= r->o->duration);
	}
	if (r->command.pid)
		return cap_command__ended(&r->command) ||
		       (r->o->duration && now_ns() - r->started >= r->o->duration);
	return r->asked || (r->o->duration && now_ns() - r->started >= r->o->duration);
}

static void show_progress(struct run *r)
{
	struct cap_recorder_stats s;
	char ev[32], lost[32], size[32];

	if (!isatty(STDERR_FILENO) || now_ns() - r->shown < 500000000u)
		return;
	r->shown = now_ns();
	cap_recorder__stats(r->rec, &s);
	fprintf(stderr, "\r%s events, %s lost, %s\033[K", text__count(s.events, ev),
		text__count(s.lost, lost), text__size(s.bytes, size));
}

static int rest_ms(const struct run *r)
{
	uint64_t gone = now_ns() - r->started;
	uint64_t ms = r->o->duration > gone ? (r->o->duration - gone) / 1000000u + 1 : 0;

	return r->o->duration && ms < INT_MAX ? (int)ms : INT_MAX;
}

static int record(struct run *r, struct err *err)
{
	int code = 0;

	r->started = now_ns();
	while (!code && !finished(r)) {
		cap_recorder__wait(r->rec, r->signals, rest_ms(r), !r->audit);	/* entries of an audit log wake nobody */
		take_signals(r);
		if (r->audit)
			cap_audit_queue__take(r->audit, r->rec);
		code = cap_recorder__round(r->rec, err);
		show_progress(r);
	}
	return code < 0 ? code : 0;
}

static void say_end(const struct run *r, const struct cap_recorder_stats *s)
{
	char ev[32], lost[32], size[32], bytes[32];

	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
	if (r->command.pid && !r->command.ended && !r->o->rec.driver.ptrace)
		fprintf(stderr, "%s: the command is left alone and goes on as process %d\n",
			cap_cli.tool, (int)r->command.pid);
	if (r->command.pid && r->command.ended && WIFSIGNALED(r->command.status))
		fprintf(stderr, "%s: the command was ended by signal %d\n", cap_cli.tool,
			WTERMSIG(r->command.status));
	else if (r->command.pid && r->command.ended && WIFEXITED(r->command.status) &&
		 WEXITSTATUS(r->command.status))
		fprintf(stderr, "%s: the command ended with status %d\n", cap_cli.tool,
			WEXITSTATUS(r->command.status));
	fprintf(stderr, "%s events, %s lost, %s (%s bytes), %.2f bytes/event",
		text__count(s->events - s->context, ev), text__count(s->lost, lost),
		text__size(s->bytes, size), text__count(s->bytes, bytes),
		s->events ? (double)s->bytes / (double)s->events : 0.0);
	if (s->context)
		fprintf(stderr, "; and %s of other processes, without which these cannot be "
				"understood", text__count(s->context, ev));
	fputc('\n', stderr);
	if (s->late.n)
		log_warn("%s events came up to %s late, and stand behind younger ones: a processor was stopped while "
			 "it wrote them", text__count(s->late.n, ev), text__duration(s->late.most_ns, size));
}

static int load_rules(struct cap_options *o, struct err *err)
{
	static char host[256];

	cap_machine__name(host);
	return cap_live__load(&o->live, host, err);
}

static void log_cost(const struct cap_recorder_stats *s, const struct rusage *before)
{
	struct rusage u;
	double user, sys;

	getrusage(RUSAGE_SELF, &u);
	user = (double)(u.ru_utime.tv_sec - before->ru_utime.tv_sec) +
	       (double)(u.ru_utime.tv_usec - before->ru_utime.tv_usec) / 1e6;
	sys = (double)(u.ru_stime.tv_sec - before->ru_stime.tv_sec) +
	      (double)(u.ru_stime.tv_usec - before->ru_stime.tv_usec) / 1e6;
	log_info("processor time after the start: %.2f s in user mode, %.2f s in the kernel, %.3f "
		 "us an event; %ld KiB of memory; %llu records from the kernel",
		 user, sys, s->events ? (user + sys) * 1e6 / (double)s->events : 0.0, u.ru_maxrss,
		 (unsigned long long)s->records);
}

/*
 * A filter cannot be taken back: where the recording may end before the command does, the command is
 * traced without one.
 */
static int prepare(struct run *r, struct cap_options *o, struct err *err)
{
	struct cap_driver_opts *d = &o->rec.driver;
	const struct sock_fprog *filter = NULL;
	int code;

	if (d->ptrace && !o->duration && !o->rec.max_events)
		filter = cap_tracer__filter(d->noise);
	code = cap_command__prepare(&r->command, o->command, filter, err);
	r->command.traced = d->ptrace;
	d->filtered = filter;
	if (d->ptrace) {
		d->is_command = true;
		d->pid = (uint32_t)r->command.pid;
	}
	return code;
}

/* --- the audit log of Kubernetes -------------------------------------------------------------- */

static int begin_audit(struct run *r, struct err *err)
{
	const struct cap_audit_log_opts o = { .path = r->o->audit_log };

	if (!o.path)
		return 0;
	if (access(o.path, R_OK))
		log_warn("%s: %s: it is waited for", o.path, strerror(errno));
	r->audit = cap_audit_queue__new();
	return cap_audit_log__start(&r->audit_log, &o, r->audit, err);
}

/* What has been written is recorded, and what could not be is said. */
static void end_audit(struct run *r)
{
	struct cap_audit_counts n;

	if (!r->audit)
		return;
	cap_audit_log__stop(r->audit_log);
	cap_audit_queue__take(r->audit, r->rec);
	cap_audit_queue__counts(r->audit, &n);
	log_info("%llu entries of the audit log, %llu left out", (unsigned long long)n.taken, (unsigned long long)n.faulty);
	cap_audit_log__free(r->audit_log);
	cap_audit_queue__free(r->audit);
}

static void confine(const struct cap_options *o)
{
	cap_privilege__drop(o->command);
	cap_privilege__confine(o->rec.driver.ptrace ? CAP_ROLE_TRACE : CAP_ROLE_RECORD, NULL);
}

static int run(struct cap_options *o, struct err *err)
{
	struct run r = { .o = o, .command = { .go = -1, .failed = -1 } };
	struct cap_recorder_stats stats = { 0 };
	char cgroups[CAP_MAX_CGROUPS][CAP_CGROUP_NAME];
	struct cap_realtime realtime = { 0 };
	struct rusage before;
	char line[sizeof(((struct fmt_meta *)0)->command)] = "";
	int code, end;

	r.signals = open_signals(o->rec.driver.ptrace, err);
	code = r.signals < 0 ? r.signals : 0;
	if (!code && o->command)
		code = prepare(&r, o, err);
	if (code)
		return code;
	/*
	 * Where processors are scarce, what is not read in time is lost. The command has been made
	 * already.
	 */
	if (!o->rec.driver.ptrace)	/* there the traced wait */
		cap_priority__nice();
	for (char **a = o->command; a && *a; a++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s%s", *line ? " " : "",
			 *a);
	o->rec.command = line;
	code = load_rules(o, err);
	if (code) {
		cap_command__done(&r.command);
		return code;
	}
	cap_scope__command(&o->scope, (uint32_t)r.command.pid);
	cap_scope__resolve(&o->scope);
	o->rec.driver.cgroups = cgroups;
	o->rec.driver.n_cgroups = cap_scope__cgroups(&o->scope, cgroups);
	if (!o->live.rules)
		o->rec.driver.types = cap_scope__types(&o->scope);
	o->rec.writer.context = cap_scope__active(&o->scope);
	/* The thread that traces is made at the start. */
	if (o->rec.driver.ptrace)
		confine(o);
	else
		cap_privilege__warn();
	if (o->realtime)
		cap_realtime__prepare(&realtime);
	code = cap_recorder__start(&r.rec, &o->rec, err);
	if (!code && !o->rec.driver.ptrace)
		confine(o);
	getrusage(RUSAGE_SELF, &before);
	if (!code) {
		code = begin_audit(&r, err);
		cap_realtime__begin(&realtime);
		if (!code && o->command)
			code = cap_command__release(&r.command, o->command[0], err);
		if (!code)
			code = record(&r, err);
		end_audit(&r);
		end = cap_recorder__finish(r.rec, &stats, err);
		code = code ? code : end;
		say_end(&r, &stats);
		log_cost(&stats, &before);
	}
	cap_realtime__cancel(&realtime);
	cap_command__done(&r.command);
	close(r.signals);
	return code;
}

static int run_daemon(const struct cap_options *o)
{
	struct err err = { 0 };
	int code;

	if (o->other)
		code = err__set(&err, -FMT_E_VALUE, "--%s is not for the flight recorder: %s", o->other,
				cap_options__for_daemon(o->other));
	else if (o->command)
		code = err__set(&err, -FMT_E_VALUE, "the flight recorder starts no command: it records all");
	else if (o->daemon && o->check)
		code = err__set(&err, -FMT_E_VALUE, "--daemon or --check-config, not both");
	else
		code = o->check ? cap_daemon__check(o->check, &err) : cap_daemon__run(o->daemon, &err);
	if (!code)
		return EXIT_OK;
	err__print(cap_cli.tool, &err);
	return EXIT_ASKED;
}

int main(int argc, char **argv)
{
	struct cap_options o = {
		.rec = { .flush_ns = FLUSH_NS,
			 .writer = { .sz = sizeof(struct fmt_writer_opts) },
			 .driver = { .sz = sizeof(struct cap_driver_opts),
				     .env_len = CAP_ENV_DEFAULT } },
		.snaplen = { .bytes = DEFAULT_SNAPLEN },
	};
	struct err err = { 0 };
	int first, code;

	if (argc > 1 && cap_control__is_command(argv[1]))
		return cap_control__command(argc - 1, argv + 1);
	log__tool(cap_cli.tool);
	o.rec.scope = &o.scope;
	o.rec.live = &o.live;
	first = cli__parse(&cap_cli, argc, argv, &o);
	if (first < argc)
		o.command = argv + first;
	if (o.check || o.daemon)
		return run_daemon(&o);
	if (!o.rec.path) {
		err__set(&err, -FMT_E_VALUE,
			 "say where to write the trace: -w FILE (-w - writes to standard output)");
	} else if (o.rec.driver.pid && (!o.rec.driver.ptrace || o.command)) {
		err__set(&err, -FMT_E_VALUE,
			 o.command ? "-p PID or a COMMAND, not both" : "-p needs --driver ptrace");
	} else if (o.rec.driver.ptrace && !o.rec.driver.pid && !o.command) {
		err__set(&err, -FMT_E_VALUE,
			 "--driver ptrace records a command (-- COMMAND) or a process (-p PID)");
	} else if (o.rec.driver.ptrace && o.realtime) {
		err__set(&err, -FMT_E_VALUE, "--realtime is for the bpf driver: who is traced by ptrace waits for the recorder");
	} else if (o.rec.driver.ptrace && o.rec.driver.no_durations) {
		err__set(&err, -FMT_E_VALUE, "--no-durations is for the bpf driver: ptrace stops at both ends of a call anyway");
	} else if (o.scope.only_command && !o.command) {
		err__set(&err, -FMT_E_VALUE, "--only-command needs a command: -- COMMAND");
	} else if (!strcmp(o.rec.path, "-") && o.live.n_files) {
		err__set(&err, -FMT_E_VALUE,
			 "with -r, standard output is for the alerts: write the trace to a file");
	} else if (!strcmp(o.rec.path, "-") && isatty(STDOUT_FILENO)) {
		err__set(&err, -FMT_E_VALUE,
			 "a trace is no text: send standard output to a file or a pipe");
	}
	o.rec.driver.snaplen = o.snaplen.bytes;
	o.rec.driver.snaps = o.snaplen.snaps;
	o.rec.driver.n_snaps = o.snaplen.n;
	code = err.code ? err.code : run(&o, &err);
	cap_scope__done(&o.scope);
	cap_live__done(&o.live);
	if (!code)
		return EXIT_OK;
	err__print(cap_cli.tool, &err);
	return EXIT_ASKED;
}
