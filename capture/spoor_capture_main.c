// SPDX-License-Identifier: Apache-2.0
/*
 * spoor-capture - records from the kernel into a trace file.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture/command.h"
#include "capture/privilege.h"
#include "capture/ptrace/tracer.h"
#include "capture/record/recorder.h"
#include "format/base/cli.h"
#include "format/base/log.h"
#include "format/base/text.h"

#define DEFAULT_SNAPLEN 80
#define FLUSH_NS 1000000000u
#define RECORDER_NICE -10		/* if we may */

struct options {
	struct cap_recorder_opts rec;
	struct cap_scope scope;
	struct cap_live live;
	uint64_t duration;		/* ns, 0: no limit */
	char **command;
};

/* --- options ---------------------------------------------------------------------------------- */

static int set_write(void *u, const char *v, struct err *err)
{
	(void)err;
	((struct options *)u)->rec.path = v;
	return 0;
}

static int set_duration(void *u, const char *v, struct err *err)
{
	struct options *o = u;
	int r = text__parse_duration(v, &o->duration, err);

	return !r && !o->duration
		       ? err__set(err, -FMT_E_VALUE, "the duration must be longer than nothing")
		       : r;
}

static int set_count(void *u, const char *v, struct err *err)
{
	struct options *o = u;
	int r = text__parse_u64(v, UINT64_MAX, &o->rec.max_events, err);

	return !r && !o->rec.max_events ? err__set(err, -FMT_E_VALUE, "0: write 1 or more") : r;
}

static int set_container(void *u, const char *v, struct err *err)
{
	return cap_scope__container(&((struct options *)u)->scope, v, err);
}

static int set_filter(void *u, const char *v, struct err *err)
{
	struct options *o = u;

	if (o->scope.prog)
		return err__set(err, -FMT_E_VALUE,
				"give one condition: join them with 'and' or 'or'");
	return cap_scope__filter(&o->scope, v, err);
}

static int set_rules(void *u, const char *v, struct err *err)
{
	return cap_live__add_file(&((struct options *)u)->live, v, err);
}

static int set_output(void *u, const char *v, struct err *err)
{
	if (strcmp(v, "text") && strcmp(v, "json"))
		return err__set(err, -FMT_E_VALUE, "'%s': write text or json", v);
	((struct options *)u)->live.json = !strcmp(v, "json");
	return 0;
}

static int set_snaplen(void *u, const char *v, struct err *err)
{
	uint64_t n;
	int r = text__parse_size(v, &n, err);

	if (!r && n > CAP_SNAP_MAX)
		return err__set(err, -FMT_E_VALUE, "%s: at most %u bytes of a call are kept", v,
				CAP_SNAP_MAX);
	((struct options *)u)->rec.driver.snaplen = r ? 0 : (uint32_t)n;
	return r;
}

static int set_environment(void *u, const char *v, struct err *err)
{
	uint64_t n;
	int r = text__parse_size(v, &n, err);

	if (!r && n > CAP_ENV_MAX)
		return err__set(err, -FMT_E_VALUE, "%s: at most %u bytes of an environment are kept",
				v, CAP_ENV_MAX);
	((struct options *)u)->rec.driver.env_len = r ? 0 : (uint32_t)n;
	return r;
}

static int set_noise(void *u, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	((struct options *)u)->rec.driver.noise = true;
	return 0;
}

static int set_only_command(void *u, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	((struct options *)u)->scope.only_command = true;
	return 0;
}

static int set_container_env(void *u, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	((struct options *)u)->rec.container_env = true;
	return 0;
}

static int set_force(void *u, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	((struct options *)u)->rec.force = true;
	return 0;
}

static int set_level(void *u, const char *v, struct err *err)
{
	uint64_t n;
	int r = text__parse_u64(v, 19, &n, err);

	if (!r && !n)
		return err__set(err, -FMT_E_VALUE, "0: levels are 1 to 19");
	((struct options *)u)->rec.writer.level = r ? 0 : (int)n;
	return r;
}

static int set_fsync(void *u, const char *v, struct err *err)
{
	struct options *o = u;

	if (!strcmp(v, "none"))
		o->rec.writer.fsync = FSYNC_NONE;
	else if (!strcmp(v, "end"))
		o->rec.writer.fsync = FSYNC_END;
	else if (!strcmp(v, "chunk"))
		o->rec.writer.fsync = FSYNC_CHUNK;
	else
		return err__set(err, -FMT_E_VALUE, "'%s': write none, end or chunk", v);
	return 0;
}

static int set_ring_size(void *u, const char *v, struct err *err)
{
	struct options *o = u;
	int r = text__parse_size(v, &o->rec.driver.ring_bytes, err);

	if (!r &&
	    (o->rec.driver.ring_bytes < (512u << 10) || o->rec.driver.ring_bytes > (1u << 30)))
		return err__set(err, -FMT_E_VALUE, "%s: between 512 KiB and 1 GiB", v);
	return r;
}

static int set_driver(void *u, const char *v, struct err *err)
{
	if (strcmp(v, "bpf") && strcmp(v, "ptrace"))
		return err__set(err, -FMT_E_VALUE, "'%s': write bpf or ptrace", v);
	((struct options *)u)->rec.driver.ptrace = !strcmp(v, "ptrace");
	return 0;
}

static int set_pid(void *u, const char *v, struct err *err)
{
	uint64_t n;
	int r = text__parse_u64(v, INT32_MAX, &n, err);

	if (!r && !n)
		return err__set(err, -FMT_E_VALUE, "0 is no process");
	((struct options *)u)->rec.driver.pid = r ? 0 : (uint32_t)n;
	return r;
}

static int set_slow_reads(void *u, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	((struct options *)u)->rec.driver.slow_reads++;
	return 0;
}

static const struct cli_opt opts[] = {
	{ 'w', "write", "FILE", "Write the trace to FILE; - writes to standard output.",
	  set_write },
	{ 'd', "duration", "TIME", "Stop after TIME: 30s, 5m, 1h30m; a bare number means seconds.",
	  set_duration },
	{ 'n', "count", "EVENTS", "Stop after this many events.", set_count },
	{ 'c', "container", "CONTAINER",
	  "Record this container only: an id, the beginning of one, or a name. "
	  "It need not exist yet. May be given several times. Births, execs and deaths of "
	  "processes outside are "
	  "recorded too.",
	  set_container },
	{ 0, "container-env", NULL,
	  "Keep the environment that containers are started with, which may hold secrets.",
	  set_container_env },
	{ 'f', "filter", "CONDITION",
	  "Record only events that satisfy the condition, in the language of the rules. "
	  "Births, execs and deaths of processes are always recorded. Calls that it can never match and that "
	  "tell nothing of files, processes and sockets are left out in the kernel.",
	  set_filter },
	{ 0, "only-command", NULL,
	  "With COMMAND: record only it and the processes that descend from it.",
	  set_only_command },
	{ 0, "driver", "bpf|ptrace",
	  "Where events come from: bpf (the default) is the kernel and sees everything; ptrace needs "
	  "no privilege, slows down what it records, and sees a COMMAND and all that it starts, or "
	  "the process of --pid.",
	  set_driver },
	{ 'p', "pid", "PID",
	  "With --driver ptrace: record this running process, and what it starts from now on.",
	  set_pid },
	{ 'r', "rules", "FILE",
	  "Run rules while recording: alerts go to standard output and into the trace. A file, or "
	  "a "
	  "directory of .yaml files; may be given several times.",
	  set_rules },
	{ 'o', "output", "text|json",
	  "Alerts as text (the default), or as JSON, one object a line.", set_output },
	{ 's', "snaplen", "BYTES",
	  "Keep this many of the bytes that a call reads or writes; 80 without this "
	  "option, 0 keeps none.",
	  set_snaplen },
	{ 0, "environment", "BYTES",
	  "Keep this many bytes of the environment that a program is started with; 4096 without "
	  "this option, 0 keeps none, at most 64KiB.",
	  set_environment },
	{ 0, "noise", NULL,
	  "Record the calls that say little too (futex, clock_gettime, epoll_wait ...), which "
	  "are otherwise only counted.",
	  set_noise },
	{ 0, "level", "N", "Compression, 1 (fast) to 19 (small); 3 without this option.",
	  set_level },
	{ 0, "fsync", "WHEN",
	  "Ask the disk to keep what was written: none (the default), end, or chunk.", set_fsync },
	{ 0, "ring-size", "BYTES",
	  "Size of the buffer of each processor. Without this option 8MiB, or less on "
	  "machines with more than 16 processors. A larger one outlasts longer bursts.",
	  set_ring_size },
	{ 0, "slow-reads", NULL,
	  "Let BPF helpers read the kernel's memory, as on kernels before 6.2: slower. Given twice, "
	  "do without loops too, as on kernels before 5.17: slower to start, and where paths of calls "
	  "that open no file have led is not recorded.",
	  set_slow_reads },
	{ 0, "force", NULL, "Overwrite FILE if it exists.", set_force },
	{ 0, NULL, NULL, NULL, NULL },
};

static const struct cli cli = {
	.tool = "spoor-capture",
	.usage = "-w FILE [options]\n-w FILE [options] -- COMMAND [ARGUMENT...]\n"
		 "-w FILE --driver ptrace [options] -p PID",
	.about = "Records what this machine's processes and containers do, from the kernel, into a "
		 "trace file: every system "
		 "call with its arguments, births and deaths of processes, signals, containers. "
		 "The state of the machine at the "
		 "beginning is recorded first, and nothing falls between it and the first event.\n"
		 "It ends after the duration, the number of events or the command's end, or on "
		 "SIGINT (Ctrl-C) or SIGTERM, and "
		 "then says how many events were recorded, how many were lost, and how large the "
		 "trace is. A command that has not ended by then is left alone. What is lost is "
		 "stated in the trace. The recorder's own calls are left out.\n"
		 "It needs root, or CAP_BPF, CAP_PERFMON and CAP_SYS_PTRACE.",
	.examples =
		"spoor-capture -w all.spoor -d 30s\tthe whole machine, half a minute\n"
		"spoor-capture -w web.spoor -c web1\ta container by its name, until Ctrl-C\n"
		"spoor-capture -w build.spoor --only-command -- make\ta command and what it "
		"starts\n"
		"spoor-capture -w all.spoor -r rules\trules run live, alerts on the screen\n"
		"spoor-capture -w - -f 'proc.name = sshd' | spoor-replay -\twatch a program live",
	.opts = opts,
	.stop_at_first = true,
};

/* --- running ---------------------------------------------------------------------------------- */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct run {
	const struct options *o;
	struct cap_recorder *rec;
	struct cap_command command;
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

static int wait_ms(const struct run *r)
{
	uint64_t gone = now_ns() - r->started;
	int ms = cap_recorder__pause(r->rec);

	if (r->o->duration && gone < r->o->duration &&
	    (r->o->duration - gone) / 1000000u < (uint64_t)ms)
		ms = (int)((r->o->duration - gone) / 1000000u) + 1;
	return ms;
}

static int record(struct run *r, struct err *err)
{
	struct pollfd p = { .fd = r->signals, .events = POLLIN };
	int code = 0;

	r->started = now_ns();
	while (!code && !finished(r)) {
		poll(&p, 1, wait_ms(r));
		take_signals(r);
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
			cli.tool, (int)r->command.pid);
	if (r->command.pid && r->command.ended && WIFSIGNALED(r->command.status))
		fprintf(stderr, "%s: the command was ended by signal %d\n", cli.tool,
			WTERMSIG(r->command.status));
	else if (r->command.pid && r->command.ended && WIFEXITED(r->command.status) &&
		 WEXITSTATUS(r->command.status))
		fprintf(stderr, "%s: the command ended with status %d\n", cli.tool,
			WEXITSTATUS(r->command.status));
	fprintf(stderr, "%s events, %s lost, %s (%s bytes), %.2f bytes/event",
		text__count(s->events - s->context, ev), text__count(s->lost, lost),
		text__size(s->bytes, size), text__count(s->bytes, bytes),
		s->events ? (double)s->bytes / (double)s->events : 0.0);
	if (s->context)
		fprintf(stderr, "; and %s of other processes, without which these cannot be "
				"understood", text__count(s->context, ev));
	fputc('\n', stderr);
}

static int load_rules(struct options *o, struct err *err)
{
	static char host[256];

	gethostname(host, sizeof(host) - 1);
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
static int prepare(struct run *r, struct options *o, struct err *err)
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

static int run(struct options *o, struct err *err)
{
	struct run r = { .o = o, .command = { .go = -1, .failed = -1 } };
	struct cap_recorder_stats stats = { 0 };
	const char *ids[CAP_MAX_SCOPE];
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
		setpriority(PRIO_PROCESS, 0, RECORDER_NICE);
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
	if (cap_scope__resolve(&o->scope)) {
		for (unsigned i = 0; i < o->scope.n_containers; i++)
			ids[i] = o->scope.ids[i];
		o->rec.driver.ids = ids;
		o->rec.driver.n_ids = o->scope.n_containers;
	}
	if (!o->live.rules)
		o->rec.driver.types = cap_scope__types(&o->scope);
	o->rec.writer.context = cap_scope__active(&o->scope);
	/* The thread that traces is made at the start. */
	if (o->rec.driver.ptrace)
		cap_privilege__drop(o->command);
	else
		cap_privilege__warn();
	code = cap_recorder__start(&r.rec, &o->rec, err);
	if (!code && !o->rec.driver.ptrace)
		cap_privilege__drop(o->command);
	getrusage(RUSAGE_SELF, &before);
	if (!code) {
		code = o->command ? cap_command__release(&r.command, o->command[0], err) : 0;
		if (!code)
			code = record(&r, err);
		end = cap_recorder__finish(r.rec, &stats, err);
		code = code ? code : end;
		say_end(&r, &stats);
		log_cost(&stats, &before);
	}
	cap_command__done(&r.command);
	close(r.signals);
	return code;
}

int main(int argc, char **argv)
{
	struct options o = {
		.rec = { .flush_ns = FLUSH_NS,
			 .writer = { .sz = sizeof(struct fmt_writer_opts) },
			 .driver = { .sz = sizeof(struct cap_driver_opts),
				     .snaplen = DEFAULT_SNAPLEN,
				     .env_len = CAP_ENV_DEFAULT } },
	};
	struct err err = { 0 };
	int first, code;

	log__tool(cli.tool);
	o.rec.scope = &o.scope;
	o.rec.live = &o.live;
	first = cli__parse(&cli, argc, argv, &o);
	if (first < argc)
		o.command = argv + first;
	if (!o.rec.path) {
		err__set(&err, -FMT_E_VALUE,
			 "say where to write the trace: -w FILE (-w - writes to standard output)");
	} else if (o.rec.driver.pid && (!o.rec.driver.ptrace || o.command)) {
		err__set(&err, -FMT_E_VALUE,
			 o.command ? "-p PID or a COMMAND, not both" : "-p needs --driver ptrace");
	} else if (o.rec.driver.ptrace && !o.rec.driver.pid && !o.command) {
		err__set(&err, -FMT_E_VALUE,
			 "--driver ptrace records a command (-- COMMAND) or a process (-p PID)");
	} else if (o.scope.only_command && !o.command) {
		err__set(&err, -FMT_E_VALUE, "--only-command needs a command: -- COMMAND");
	} else if (!strcmp(o.rec.path, "-") && o.live.n_files) {
		err__set(&err, -FMT_E_VALUE,
			 "with -r, standard output is for the alerts: write the trace to a file");
	} else if (!strcmp(o.rec.path, "-") && isatty(STDOUT_FILENO)) {
		err__set(&err, -FMT_E_VALUE,
			 "a trace is no text: send standard output to a file or a pipe");
	}
	code = err.code ? err.code : run(&o, &err);
	cap_scope__done(&o.scope);
	cap_live__done(&o.live);
	if (!code)
		return EXIT_OK;
	err__print(cli.tool, &err);
	return EXIT_ASKED;
}
