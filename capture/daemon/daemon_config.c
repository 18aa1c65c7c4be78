// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "capture/bpf/record.h"
#include "capture/daemon/daemon_config.h"
#include "format/base/log.h"

#define S 1000000000ull
#define H (3600 * S)

static void check_capture(struct cfg *c, const struct yaml_node *n, void *opts)
{
	struct cap_capture_conf *o = opts;
	struct err err = { 0 };

	o->snaps = (struct cap_snaplen){ .bytes = (uint32_t)o->snaplen };
	for (uint32_t i = 0; i < o->snaplen_for.n && !err.code; i++)
		if (cap_snaplen__except(&o->snaps, o->snaplen_for.p[i], &err))
			cfg__problem(c, cfg__place(n, "snaplen_for"), "%s", err.msg);
}

static const struct cfg_key capture_keys[] = {
	CFG_KEY(struct cap_capture_conf, snaplen, CFG_SIZE, "snaplen", "80",
		"How many of the bytes that a call reads or writes are kept; 0 keeps none.", .max = CAP_SNAP_MAX),
	CFG_KEY(struct cap_capture_conf, snaplen_for, CFG_STRINGS, "snaplen_for", NULL,
		"Exceptions to it, each WHAT=SIZE, of which the first that fits a call counts. WHAT is port:N, for sockets of which one "
		"end has this port; path:/NAMES, for a file or all below a directory, as the process sees its path; tty, for "
		"terminals; fd:N, for descriptors of this number. The size may be whole: as much as is kept of one call, 64KiB."),
	CFG_KEY(struct cap_capture_conf, environment, CFG_SIZE, "environment", "4096",
		"How many bytes of the environment that a program is started with are kept; 0 keeps none.",
		.max = CAP_ENV_MAX),
	CFG_KEY(struct cap_capture_conf, container_env, CFG_BOOL, "container_env", "false",
		"Keep the environment that containers are made with, which may hold secrets."),
	CFG_KEY(struct cap_capture_conf, noise, CFG_BOOL, "noise", "false",
		"Record the calls that say little too (futex, clock_gettime, epoll_wait ...), which are "
		"otherwise only counted."),
	CFG_KEY(struct cap_capture_conf, durations, CFG_BOOL, "durations", "true",
		"Record how long each call took. false: nothing runs when a call begins, only when it returns, which costs the "
		"recorded programs about half as much; exit and exit_group are recorded when the thread ends, and on kernels before 6.11 "
		"an execveat that succeeds as an execve."),
	CFG_KEY(struct cap_capture_conf, buffer, CFG_SIZE, "buffer", NULL,
		"Size of the buffer of each processor between kernel and recorder. Without this key 8MiB, or "
		"less on machines with more than 16 processors. A larger one outlasts longer bursts.",
		.min = 512 << 10, .max = 1 << 30),
	CFG_KEY(struct cap_capture_conf, realtime, CFG_BOOL, "realtime", "true",
		"Give the thread that empties these buffers the lowest real-time priority (SCHED_RR 1), so that it does not wait for a "
		"processor behind containers that want it, and nothing is lost. It takes one processor at most, and of that what the kernel "
		"leaves to real-time threads (sched_rt_runtime_us, 95 %). false, or where the kernel refuses it: nice -10, which "
		"weighs within a control group only. status says what is in force, and why."),
	CFG_KEY(struct cap_capture_conf, host_root, CFG_PATH, "host_root", NULL,
		"Where the machine's root is mounted, if the recorder runs in a container: `/host`. The files of container runtimes, and the "
		"machine's users, are read below it."),
	CFG_KEY(struct cap_capture_conf, slow_reads, CFG_BOOL, "slow_reads", "false",
		"Let BPF helpers read the kernel's memory, as on kernels before 6.2: slower."),
	CFG_END,
};
static const struct cfg_section capture_section = {
	"What is recorded of each event.", capture_keys, sizeof(struct cap_capture_conf), check_capture
};

static const struct cfg_key rules_keys[] = {
	CFG_KEY(struct cap_rules_conf, files, CFG_PATHS, "files", NULL,
		"Rule files, and folders of .yaml files, in the order in which they are loaded. Without any, nothing is "
		"matched, and files are made only when somebody asks."),
	CFG_END,
};
static const struct cfg_section rules_section = {
	"The rules that run on what is recorded.", rules_keys,
	sizeof(struct cap_rules_conf), NULL
};

static const struct cfg_key ring_keys[] = {
	CFG_KEY(struct cap_ring_conf, memory, CFG_SIZE, "size", "256MiB",
		"How much is kept, compressed, in memory or on disk. The bound is hard; the oldest goes first.",
		.min = 4 << 20),
	CFG_KEY(struct cap_ring_conf, time_ns, CFG_DURATION, "time", NULL,
		"What is older need not be kept. Without this key, as much as there is room for.", .min = S),
	CFG_KEY(struct cap_ring_conf, directory, CFG_PATH, "directory", NULL,
		"Keep the ring in files of this folder instead of memory: then it outlives a crash of the daemon and "
		"of the machine. Each file is a trace that every tool reads. The folder is made if the one above it exists."),
	CFG_KEY(struct cap_ring_conf, sync_ns, CFG_DURATION, "sync", "1s",
		"With directory: what is older than this has reached the disk; off leaves that to the kernel.",
		.min = 1000000, .off = true),
	CFG_END,
};
static const struct cfg_section ring_section = {
	"The flight recorder's memory: what happened last.", ring_keys, sizeof(struct cap_ring_conf), NULL
};

#define PRIORITIES "off|emergency|alert|critical|error|warning|notice|informational|debug"

static void check_triggers(struct cfg *c, const struct yaml_node *n, void *opts)
{
	const struct cap_triggers_conf *t = opts;

	if (t->before_ns > t->max_before_ns)
		cfg__problem(c, cfg__place(n, "before"), "before is more than max_before allows");
	if (t->after_ns > t->max_after_ns)
		cfg__problem(c, cfg__place(n, "after"), "after is more than max_after allows");
}

static const struct cfg_key triggers_keys[] = {
	CFG_KEY(struct cap_triggers_conf, marked, CFG_BOOL, "marked_rules", "true",
		"Alerts of rules that say `capture: true`; their `capture_duration` is how much of the future is kept."),
	CFG_KEY(struct cap_triggers_conf, min_priority, CFG_ENUM, "min_priority", "off",
		"Alerts of this priority and more severe ones.", .choices = PRIORITIES),
	CFG_KEY(struct cap_triggers_conf, tags, CFG_STRINGS, "tags", NULL, "Alerts of rules with any of these tags."),
	CFG_KEY(struct cap_triggers_conf, rules, CFG_STRINGS, "rules", NULL,
		"Alerts of these rules; * stands for any text."),
	CFG_KEY(struct cap_triggers_conf, oom, CFG_BOOL, "container_oom", "false",
		"The end of a container that failed after the kernel had killed a process of it for want of memory."),
	CFG_KEY(struct cap_triggers_conf, signal, CFG_BOOL, "container_killed", "false",
		"The end of a container whose first process died of a signal."),
	CFG_KEY(struct cap_triggers_conf, failure, CFG_BOOL, "container_failed", "false",
		"The end of a container whose first process exited with a status other than 0."),
	CFG_KEY(struct cap_triggers_conf, scope, CFG_ENUM, "scope", "container",
		"What goes into the file: the container, with its ancestors and what of the host concerns it, or the whole "
		"host. What happened outside containers is always of the host.",
		.choices = "container|host"),
	CFG_KEY(struct cap_triggers_conf, before_ns, CFG_DURATION, "before", "60s", "How much of the past is kept."),
	CFG_KEY(struct cap_triggers_conf, after_ns, CFG_DURATION, "after", "30s",
		"How much of the future is kept. When it fires again meanwhile, the file is extended."),
	CFG_KEY(struct cap_triggers_conf, max_before_ns, CFG_DURATION, "max_before", "1h",
		"How much of the past anybody may ask for.", .min = S),
	CFG_KEY(struct cap_triggers_conf, max_after_ns, CFG_DURATION, "max_after", "10m",
		"How much of the future anybody, or a rule, may ask for.", .min = S, .max = 24 * H),
	CFG_END,
};
static const struct cfg_section triggers_section = {
	"What makes a file, besides who asks for one. An alert does if any of these keys names its rule.",
	triggers_keys, sizeof(struct cap_triggers_conf), check_triggers
};

static const struct cfg_key files_keys[] = {
	CFG_KEY(struct cap_files_conf, directory, CFG_PATH, "directory", NULL,
		"Where they go: HOST--CONTAINER--RULE--TIME-ID.spoor, with .part behind it until the file is complete. The folder is "
		"made if the one above it exists. Without this key no files are made."),
	CFG_KEY(struct cap_files_conf, rate_files, CFG_NUMBER, "per_source", "6",
		"At most so many of one container and rule within per_source_time.", .min = 1, .off = true),
	CFG_KEY(struct cap_files_conf, rate_ns, CFG_DURATION, "per_source_time", "10m", "See per_source.", .min = S),
	CFG_KEY(struct cap_files_conf, max_files, CFG_NUMBER, "max_files", "1000",
		"So many are kept; the oldest go first, never one that is being written, or beside which a file with .keep "
		"behind its name is.", .min = 1, .off = true),
	CFG_KEY(struct cap_files_conf, max_bytes, CFG_SIZE, "max_bytes", "4GiB", "So much is kept, in all.",
		.min = 1 << 20, .off = true),
	CFG_KEY(struct cap_files_conf, max_file_bytes, CFG_SIZE, "max_file_bytes", "512MiB",
		"A file that would be larger ends there.", .min = 1 << 20, .off = true),
	CFG_KEY(struct cap_files_conf, min_free, CFG_SIZE, "min_free", "512MiB", "So much of the disk stays free.",
		.min = 1, .off = true),
	CFG_KEY(struct cap_files_conf, max_age_ns, CFG_DURATION, "max_age", "off", "What is older is deleted.",
		.min = 60 * S, .off = true),
	CFG_KEY(struct cap_files_conf, open, CFG_NUMBER, "max_open", "16",
		"Files that are written at once; further ones wait.", .min = 1, .max = 256),
	CFG_END,
};
static const struct cfg_section files_section = {
	"The files that are made, and how many of them are kept. What is refused or deleted is logged and counted.", files_keys,
	sizeof(struct cap_files_conf), NULL
};

static const struct cfg_key audit_keys[] = {
	CFG_KEY(struct cap_audit_conf, log, CFG_PATH, "log", NULL,
		"The API server's audit log on this machine: it is followed while it grows, also when it is rotated."),
	CFG_KEY(struct cap_audit_conf, state, CFG_PATH, "state", NULL,
		"A file that remembers how far the log has been recorded, so that after a restart nothing is missing and nothing "
		"comes twice."),
	CFG_KEY(struct cap_audit_conf, from_start, CFG_BOOL, "from_start", "false",
		"Without a state: record what the log holds already, too."),
	CFG_KEY(struct cap_audit_conf, webhook, CFG_BOOL, "webhook", "false",
		"Take what an API server's audit webhook sends, at /k8s-audit of the HTTP server."),
	CFG_END,
};
static const struct cfg_section audit_section = {
	"The audit log of Kubernetes, as a second source of events: rules of source k8s_audit run on it.", audit_keys,
	sizeof(struct cap_audit_conf), NULL
};

static const struct cfg_key control_keys[] = {
	CFG_KEY(struct cap_control_conf, socket, CFG_PATH, "socket", CAP_CONTROL_SOCKET,
		"The socket that `spoor-capture trigger`, status, reload and stop talk to."),
	CFG_KEY(struct cap_control_conf, group, CFG_STRING, "group", NULL,
		"Members of this group may use the socket, as root may."),
	CFG_END,
};
static const struct cfg_section control_section = { "How the daemon is spoken to.", control_keys,
						    sizeof(struct cap_control_conf), NULL };

static const struct cfg_key keys[] = {
	CFG_KEY(struct cap_daemon_conf, capture, CFG_SECTION, "capture", NULL, "What is recorded of each event.",
		.section = &capture_section),
	CFG_KEY(struct cap_daemon_conf, rules, CFG_SECTION, "rules", NULL, "The rules that run on it.",
		.section = &rules_section),
	CFG_KEY(struct cap_daemon_conf, ring, CFG_SECTION, "ring", NULL, "The memory of what happened last.",
		.section = &ring_section),
	CFG_KEY(struct cap_daemon_conf, triggers, CFG_SECTION, "triggers", NULL, "What makes files of it.",
		.section = &triggers_section),
	CFG_KEY(struct cap_daemon_conf, files, CFG_SECTION, "files", NULL, "Those files.", .section = &files_section),
	CFG_KEY(struct cap_daemon_conf, outputs, CFG_SECTIONS, "outputs", NULL,
		"Where alerts go. Without this key to standard output, as JSON.", .section = &cap_out_section),
	CFG_KEY(struct cap_daemon_conf, http, CFG_SECTION, "http", NULL, "The HTTP server.",
		.section = &cap_serve_section),
	CFG_KEY(struct cap_daemon_conf, playbooks, CFG_PATH, "playbooks", NULL,
		"A file of playbooks: what alerts lead to. Its keys are in the documentation, PLAYBOOKS.md."),
	CFG_KEY(struct cap_daemon_conf, audit, CFG_SECTION, "audit", NULL, "The audit log of Kubernetes.",
		.section = &audit_section),
	CFG_KEY(struct cap_daemon_conf, control, CFG_SECTION, "control", NULL, "How the daemon is spoken to.",
		.section = &control_section),
	CFG_END,
};

static void check_all(struct cfg *c, const struct yaml_node *n, void *opts)
{
	const struct cap_daemon_conf *o = opts;

	if (o->audit.webhook && !o->http.listen)
		cfg__problem(c, cfg__place(n, "audit"), "webhook needs the HTTP server: http.listen");
}

const struct cfg_section cap_daemon_section = {
	"The configuration is YAML: sections, each a mapping of keys. All of them may be left out. Sizes are written as 64KiB, "
	"256MiB, 1GiB, durations as 500ms, 30s, 1m30s, 2h; a bare number is bytes, or seconds. A relative path begins "
	"at the folder of the configuration.",
	keys, sizeof(struct cap_daemon_conf), check_all
};

static void print_problems(const struct cfg *c)
{
	for (unsigned i = 0; cfg__problem_at(c, i); i++)
		err__print(log__tool_name(), cfg__problem_at(c, i));
}

int cap_daemon_conf__read(struct cap_daemon_conf *ret, struct cfg **ret_file, const char *path, struct err *err)
{
	int r = cfg__open(ret_file, path, err);
	unsigned n;

	if (r)
		return r;
	cfg__read(*ret_file, cfg__root(*ret_file), &cap_daemon_section, ret);
	n = cfg__n_problems(*ret_file);
	if (!n)
		return 0;
	print_problems(*ret_file);
	err__file(err, path);
	return err__set(err, -FMT_E_VALUE, "%u %s; the first in line %u: %s", n, n == 1 ? "error" : "errors",
			cfg__problem_at(*ret_file, 0)->line, cfg__problem_at(*ret_file, 0)->msg);
}
