// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "capture/capture_options.h"
#include "capture/daemon/daemon.h"
#include "capture/machine.h"
#include "format/base/text.h"

static int set_write(void *u, const char *v, struct err *err)
{
	(void)err;
	((struct cap_options *)u)->rec.path = v;
	return 0;
}

static int set_duration(void *u, const char *v, struct err *err)
{
	struct cap_options *o = u;
	int r = text__parse_duration(v, &o->duration, err);

	return !r && !o->duration
		       ? err__set(err, -FMT_E_VALUE, "the duration must be longer than nothing")
		       : r;
}

static int set_count(void *u, const char *v, struct err *err)
{
	struct cap_options *o = u;
	int r = text__parse_u64(v, UINT64_MAX, &o->rec.max_events, err);

	return !r && !o->rec.max_events ? err__set(err, -FMT_E_VALUE, "0: write 1 or more") : r;
}

static int set_container(void *u, const char *v, struct err *err)
{
	return cap_scope__container(&((struct cap_options *)u)->scope, v, err);
}

static int set_filter(void *u, const char *v, struct err *err)
{
	struct cap_options *o = u;

	if (o->scope.prog)
		return err__set(err, -FMT_E_VALUE,
				"give one condition: join them with 'and' or 'or'");
	return cap_scope__filter(&o->scope, v, err);
}

static int set_rules(void *u, const char *v, struct err *err)
{
	return cap_live__add_file(&((struct cap_options *)u)->live, v, err);
}

static int set_output(void *u, const char *v, struct err *err)
{
	if (strcmp(v, "text") && strcmp(v, "json"))
		return err__set(err, -FMT_E_VALUE, "'%s': write text or json", v);
	((struct cap_options *)u)->live.json = !strcmp(v, "json");
	return 0;
}

static int set_snaplen(void *u, const char *v, struct err *err)
{
	return cap_snaplen__add(&((struct cap_options *)u)->snaplen, v, err);
}

static int set_environment(void *u, const char *v, struct err *err)
{
	uint64_t n;
	int r = text__parse_size(v, &n, err);

	if (!r && n > CAP_ENV_MAX)
		return err__set(err, -FMT_E_VALUE, "%s: at most %u bytes of an environment are kept",
				v, CAP_ENV_MAX);
	((struct cap_options *)u)->rec.driver.env_len = r ? 0 : (uint32_t)n;
	return r;
}

static int set_noise(void *u, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	((struct cap_options *)u)->rec.driver.noise = true;
	return 0;
}

static int set_no_durations(void *u, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	((struct cap_options *)u)->rec.driver.no_durations = true;
	return 0;
}

static int set_only_command(void *u, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	((struct cap_options *)u)->scope.only_command = true;
	return 0;
}

static int set_container_env(void *u, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	((struct cap_options *)u)->rec.container_env = true;
	return 0;
}

static int set_force(void *u, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	((struct cap_options *)u)->rec.force = true;
	return 0;
}

static int set_level(void *u, const char *v, struct err *err)
{
	uint64_t n;
	int r = text__parse_u64(v, 19, &n, err);

	if (!r && !n)
		return err__set(err, -FMT_E_VALUE, "0: levels are 1 to 19");
	((struct cap_options *)u)->rec.writer.level = r ? 0 : (int)n;
	return r;
}

static int set_fsync(void *u, const char *v, struct err *err)
{
	struct cap_options *o = u;

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
	struct cap_options *o = u;
	int r = text__parse_size(v, &o->rec.driver.ring_bytes, err);

	if (!r &&
	    (o->rec.driver.ring_bytes < (512u << 10) || o->rec.driver.ring_bytes > (1u << 30)))
		return err__set(err, -FMT_E_VALUE, "%s: between 512 KiB and 1 GiB", v);
	return r;
}

static int set_host_root(void *u, const char *v, struct err *err)
{
	(void)u;
	return cap_machine__set_root(v, err);
}

static int set_realtime(void *u, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	((struct cap_options *)u)->realtime = true;
	return 0;
}

static int set_driver(void *u, const char *v, struct err *err)
{
	if (strcmp(v, "bpf") && strcmp(v, "ptrace"))
		return err__set(err, -FMT_E_VALUE, "'%s': write bpf or ptrace", v);
	((struct cap_options *)u)->rec.driver.ptrace = !strcmp(v, "ptrace");
	return 0;
}

static int set_pid(void *u, const char *v, struct err *err)
{
	uint64_t n;
	int r = text__parse_u64(v, INT32_MAX, &n, err);

	if (!r && !n)
		return err__set(err, -FMT_E_VALUE, "0 is no process");
	((struct cap_options *)u)->rec.driver.pid = r ? 0 : (uint32_t)n;
	return r;
}

static int set_slow_reads(void *u, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	((struct cap_options *)u)->rec.driver.slow_reads++;
	return 0;
}

static int set_audit_log(void *u, const char *v, struct err *err)
{
	(void)err;
	((struct cap_options *)u)->audit_log = v;
	return 0;
}

static int set_daemon(void *u, const char *v, struct err *err)
{
	(void)err;
	((struct cap_options *)u)->daemon = v;
	return 0;
}

static int set_check(void *u, const char *v, struct err *err)
{
	(void)err;
	((struct cap_options *)u)->check = v;
	return 0;
}

static int set_list(void *u, const char *v, struct err *err)
{
	(void)u;
	return cap_daemon__list_config(v, err);
}

static const struct cli_opt opts[] = {
	{ 'w', "write", "FILE", "Write the trace to FILE; - writes to standard output.",
	  set_write },
	{ 'd', "duration", "TIME", "Stop after TIME: 30s, 5m, 1h30m; a bare number means seconds.",
	  set_duration },
	{ 'n', "count", "EVENTS", "Stop after this many events.", set_count },
	{ 'c', "container", "CONTAINER",
	  "Record this container only: an id, the beginning of one, or a name. "
	  "It need not exist yet. May be given several times. What is done to it from outside is recorded too, as files of the "
	  "flight recorder and 'spoor-trace cut -c' have it: signals to its processes, tracing them, their memory, limits and "
	  "scheduling, entering its namespaces, and all that is done by who has entered; programs, mounts, cgroups and files opened "
	  "for writing whose text names its id or one of its processes in /proc, files read through their root. Births, execs and "
	  "deaths of all other processes go along.",
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
	{ 0, "audit-log", "FILE",
	  "Record what is written to the Kubernetes audit log FILE from now on, too, in the same time line; it is followed when it is "
	  "rotated. Rules of source k8s_audit run on it. With --container only what is about the container's pod is kept.",
	  set_audit_log },
	{ 's', "snaplen", "BYTES[,WHAT=BYTES...]",
	  "Keep this many of the bytes that a call reads or writes; 80 without this "
	  "option, 0 keeps none, at most 64KiB. Exceptions follow, or stand alone; the first that fits a call counts. "
	  "WHAT is port:N, for sockets of which one end has this port; path:/NAMES, for a file or all below a directory, "
	  "as the process sees its path; tty, for terminals; fd:N, for descriptors of this number. whole stands for 64KiB, "
	  "the most that is kept of one call. 80,port:80=1KiB,path:/etc=whole,tty=whole keeps what is typed and what configuration "
	  "says. What moves without passing through the program's memory (sendfile, splice, mmap), and through io_uring, has no payload. "
	  "May be given several times.",
	  set_snaplen },
	{ 0, "environment", "BYTES",
	  "Keep this many bytes of the environment that a program is started with; 4096 without "
	  "this option, 0 keeps none, at most 64KiB.",
	  set_environment },
	{ 0, "noise", NULL,
	  "Record the calls that say little too (futex, clock_gettime, epoll_wait ...), which "
	  "are otherwise only counted.",
	  set_noise },
	{ 0, "no-durations", NULL,
	  "Record calls without how long they took: then nothing runs when a call begins, only when it returns, which costs the "
	  "recorded programs about half as much. exit and exit_group are recorded when the thread ends. On kernels before 6.11 an "
	  "execveat that succeeds is recorded as an execve. For the bpf driver.",
	  set_no_durations },
	{ 0, "level", "N", "Compression, 1 (fast) to 19 (small); 3 without this option.",
	  set_level },
	{ 0, "fsync", "WHEN",
	  "Ask the disk to keep what was written: none (the default), end, or chunk.", set_fsync },
	{ 0, "ring-size", "BYTES",
	  "Size of the buffer of each processor. Without this option 8MiB, or less on "
	  "machines with more than 16 processors. A larger one outlasts longer bursts.",
	  set_ring_size },
	{ 0, "realtime", NULL,
	  "Give the recording the lowest real-time priority (SCHED_RR 1) instead of nice -10: where many wait for a processor it does "
	  "not, and loses nothing. It then takes up to a whole processor from them, the more the higher --level is. Needs "
	  "CAP_SYS_NICE or an RLIMIT_RTPRIO; where the kernel refuses it that is said, and the recording goes on without.",
	  set_realtime },
	{ 0, "host-root", "DIR",
	  "Where the machine's root is mounted, if the recorder runs in a container: the files of container runtimes, and the "
	  "machine's users, are read below it.",
	  set_host_root },
	{ 0, "slow-reads", NULL,
	  "Let BPF helpers read the kernel's memory, as on kernels before 6.2: slower. Given twice, "
	  "do without loops too, as on kernels before 5.17: slower to start, and where paths of calls "
	  "that open no file have led is not recorded.",
	  set_slow_reads },
	{ 0, "force", NULL, "Overwrite FILE if it exists.", set_force },
	{ 0, "daemon", "CONFIG",
	  "Be the flight recorder: record all the time into a bounded memory, and write the minutes before and after "
	  "to a file when a rule matches or somebody asks. Stays in the foreground; what to do stands in CONFIG, see "
	  "spoor-capture.conf(5). SIGHUP reloads it, SIGUSR1 makes a file of the whole host.",
	  set_daemon },
	{ 0, "check-config", "CONFIG", "Say what is wrong with a configuration and its rules, and do nothing else.",
	  set_check },
	{ 0, "list-config", "markdown|man", "Print the reference of the configuration's keys.", set_list },
	{ 0, NULL, NULL, NULL, NULL },
};

/* What the configuration has in place of an option. */
static const struct { const char *option, *instead; } instead[] = {
	{ "write", "its files go where files.directory says" },
	{ "rules", "write rules.files into the configuration" },
	{ "output", "write outputs, with a format each, into the configuration" },
	{ "audit-log", "write audit.log into the configuration" },
	{ "snaplen", "write capture.snaplen into the configuration" },
	{ "environment", "write capture.environment into the configuration" },
	{ "container-env", "write capture.container_env into the configuration" },
	{ "noise", "write capture.noise into the configuration" },
	{ "no-durations", "write capture.durations: false into the configuration" },
	{ "ring-size", "write capture.buffer into the configuration" },
	{ "slow-reads", "write capture.slow_reads into the configuration" },
	{ "realtime", "write capture.realtime into the configuration" },
	{ "host-root", "write capture.host_root into the configuration" },
	{ "fsync", "write ring.sync into the configuration" },
	{ "duration", "it records until it is stopped" },
	{ "count", "it records until it is stopped" },
	{ "container", "it records all; which container a file is of is said by triggers.scope and 'spoor-capture trigger -c'" },
};

const char *cap_options__for_daemon(const char *option)
{
	for (unsigned i = 0; i < sizeof(instead) / sizeof(*instead); i++)
		if (!strcmp(instead[i].option, option))
			return instead[i].instead;
	return "it has nothing like it";
}

static void note_other(void *u, const struct cli_opt *opt)
{
	struct cap_options *o = u;

	if (!o->other && strcmp(opt->name, "daemon") && strcmp(opt->name, "check-config") && strcmp(opt->name, "color"))
		o->other = opt->name;
}

const struct cli cap_cli = {
	.tool = "spoor-capture",
	.usage = "-w FILE [options]\n-w FILE [options] -- COMMAND [ARGUMENT...]\n"
		 "-w FILE --driver ptrace [options] -p PID\n"
		 "--daemon CONFIG\n"
		 "trigger|status|reload|stop [options]",
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
		"spoor-capture -w web.spoor -c web1 -s 80,port:80=4KiB,tty=whole\twith what is asked of it, and what is "
		"typed in it\n"
		"spoor-capture -w build.spoor --only-command -- make\ta command and what it "
		"starts\n"
		"spoor-capture -w all.spoor -r rules\trules run live, alerts on the screen\n"
		"spoor-capture -w - -f 'proc.name = sshd' | spoor-replay -\twatch a program live\n"
		"spoor-capture --daemon /etc/spoor/spoor-capture.conf\tthe flight recorder\n"
		"spoor-capture trigger -c web1 --before 5m\thave it write down the last minutes of web1",
	.opts = opts,
	.stop_at_first = true,
	.given = note_other,
};
