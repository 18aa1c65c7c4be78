/* SPDX-License-Identifier: Apache-2.0 */
/* daemon_config - the configuration of the flight recorder: its own sections, and those of its parts. */
#ifndef CAP_DAEMON_CONFIG_H
#define CAP_DAEMON_CONFIG_H

#include "capture/outputs/outputs_config.h"
#include "capture/serve/serve_config.h"
#include "capture/snaplen.h"

#define CAP_CONTROL_SOCKET "/run/spoor/control.sock"

struct cap_capture_conf {
	uint64_t snaplen, environment, buffer;
	bool noise, durations, slow_reads, container_env, realtime;
	const char *host_root;		/* NULL: "/" */
	struct cfg_strings snaplen_for;
	struct cap_snaplen snaps;	/* both, understood */
};

struct cap_rules_conf {
	struct cfg_strings files;
};

struct cap_control_conf {
	const char *socket, *group;
};

/* Which alerts and events make a file: what is not given does not. */
struct cap_triggers_conf {
	bool marked;			/* rules that say `capture: true` */
	int min_priority;		/* 0: off, else enum eng_priority + 1 */
	struct cfg_strings tags, rules;
	bool oom, signal, failure;	/* how a container's end was not well */
	int scope;			/* CAP_SCOPE_* */
	uint64_t before_ns, after_ns, max_before_ns, max_after_ns;
};
enum { CAP_SCOPE_CONTAINER, CAP_SCOPE_HOST };

struct cap_ring_conf {
	uint64_t memory, time_ns, sync_ns;
	const char *directory;
};

struct cap_files_conf {
	const char *directory;		/* NULL: none are made */
	uint64_t rate_files, rate_ns, max_files, max_bytes, max_file_bytes, min_free, max_age_ns, open;
};

struct cap_audit_conf {
	const char *log, *state;	/* NULL: none */
	bool from_start, webhook;
};

struct cap_daemon_conf {
	struct cap_capture_conf capture;
	struct cap_rules_conf rules;
	struct cap_ring_conf ring;
	struct cap_triggers_conf triggers;
	struct cap_files_conf files;
	struct cap_control_conf control;
	struct cfg_list outputs;	/* of struct cap_out_conf */
	struct cap_serve_conf http;
	const char *playbooks;		/* file; NULL: none */
	struct cap_audit_conf audit;
};

extern const struct cfg_section cap_daemon_section;

/*
 * Read a configuration. 0; or negative when anything is wrong with it: then every problem has been printed to stderr as
 * `tool: file:line:column: ...`, with its line, and err says how many. *ret_file owns the strings of *ret, and is the
 * caller's in both cases (NULL: there is none).
 */
int cap_daemon_conf__read(struct cap_daemon_conf *ret, struct cfg **ret_file, const char *path, struct err *err);

#endif
