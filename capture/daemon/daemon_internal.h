/* SPDX-License-Identifier: Apache-2.0 */
/* daemon_internal - what the files of the daemon share. */
#ifndef CAP_DAEMON_INTERNAL_H
#define CAP_DAEMON_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>

#include "capture/audit/audit_hook.h"
#include "capture/audit/audit_log.h"
#include "capture/daemon/control.h"
#include "capture/daemon/daemon.h"
#include "capture/daemon/daemon_config.h"
#include "capture/daemon/daemon_playbooks.h"
#include "capture/daemon/post.h"
#include "capture/daemon/trigger_rules.h"
#include "capture/keep/keep.h"
#include "capture/metrics/metrics.h"
#include "capture/outputs/outputs_config.h"
#include "capture/priority.h"
#include "capture/record/recorder.h"
#include "capture/ring/ring.h"
#include "capture/serve/serve_routes.h"
#include "engine/trigger/trigger_request.h"

#define CAP_OUTPUTS_GRACE_NS 5000000000u	/* for outputs, when they end */
#define CAP_MAX_ASKED 256u		/* files that are asked for in one round */

/* Somebody wants a file: what is known of it in the recording thread. */
struct cap_request {
	const char *by;			/* constant: alert, container_end, socket, signal, http, playbook */
	char *who, *reason, *rule, *container, *alert;	/* owned; container: full id, "" for the host; alert: its JSON */
	bool recorded;			/* the alert is a row of the recording */
	int priority;			/* enum eng_priority, -1: none */
	uint64_t time;			/* ns since the epoch */
	uint64_t before_ns, after_ns;
	uint32_t tid, pid;		/* whose event it was, 0: nobody's */
};

struct cap_daemon {
	const char *config_path;
	struct cap_daemon_conf conf;
	struct cfg *file, *reloaded;	/* own the strings of conf: of what is settled at the start, of all else if not NULL */
	char host[256];
	char *own;			/* full id of the container that we are in; NULL: none. Settled at the start */

	/* the recording thread's */
	struct cap_recorder *rec;
	struct cap_live live;
	struct cap_scope scope;		/* the whole machine */
	struct cap_rule_trigger *rule_triggers;
	struct cap_realtime realtime;	/* settled before there are rounds */
	struct cap_request asked[CAP_MAX_ASKED];
	unsigned n_asked;

	/* everybody's */
	struct cap_ring *ring;
	uint64_t buffer_bytes, buffer_resident;	/* of the kernel, see cap_driver__memory; settled at the start */
	struct cap_keep *keep;		/* NULL: no files are made */
	struct cap_metrics *metrics;
	struct cap_outputs *outputs;
	struct cap_serve *serve;	/* NULL: not asked for */
	struct cap_audit_queue *audit;
	struct cap_audit_log *audit_log;
	_Atomic bool audited;		/* there is a source for it */
	struct cap_playbooks *playbooks;	/* NULL: none are configured */
	struct cap_post post;
	_Atomic bool stop;
	_Atomic uint64_t rounds, round_at;	/* how many, when the last one was (CLOCK_MONOTONIC) */
	_Atomic uint64_t longest_round;	/* ns of processor time */
	_Atomic uint64_t alerts, too_many;	/* too_many: triggers that found no room in their round */

	/* the manager's */
	pthread_t manager;
	bool managed;			/* it runs */
	int signals;			/* signalfd */
	struct cap_control *control;
	uint64_t started_ns, rules_loaded_ns;	/* since the epoch */
	unsigned n_rules;
	char reload_error[1024];	/* of the last reload, "" if it went well */
	char reload_note[512];		/* what of the configuration holds only after a restart, "" if nothing */
};

/* --- daemon_trigger.c: in the recording thread ------------------------------------------------ */

/* What the recorder calls. */
void cap_daemon__on_alert(void *arg, const struct cap_live_alert *a);
void cap_daemon__on_container_end(void *arg, const struct eng_ctx *ctx);
/* Have files made of what was asked for in this round. */
void cap_daemon__fire(struct cap_daemon *d);
/*
 * Have one made at once; rq's strings stay the caller's. *ret_file: the file's name, the caller's to free. Negative: refused, and
 * err says why. ret_id, for cap_keep, may be NULL.
 */
int cap_daemon__make_file(struct cap_daemon *d, const struct cap_request *rq, char **ret_file, uint64_t *ret_id,
			  struct err *err);
/*
 * The full id of the container that is meant, by id, beginning of one, name, or pod: -FMT_E_UNKNOWN, -FMT_E_VALUE if there are
 * several.
 */
int cap_daemon__find_container(struct cap_daemon *d, const struct eng_trigger_request *rq, char **ret, struct err *err);

/* --- daemon_ask.c: in any other thread -------------------------------------------------------- */

/* The same, from a thread that is not the recording one, with what somebody said; alert: its JSON, "" if none. */
int cap_daemon__ask(struct cap_daemon *d, const char *by, const char *who, const struct eng_trigger_request *a,
		    const char *alert, char **ret_file, uint64_t *ret_id, struct err *err);

/* --- daemon_folders.c ------------------------------------------------------------------------- */

/*
 * Can the folders of files, ring and control socket be written to, and is there the machine's root, which is what is used from
 * then on? make: those are made whose parent there is.
 */
int cap_daemon__folders(const struct cap_daemon_conf *o, bool make, struct err *err);

/* --- daemon_reload.c: in the manager's thread ------------------------------------------------- */

/* Read the configuration again; what is wrong changes nothing, and is in d->reload_error. */
int cap_daemon__reload(struct cap_daemon *d, struct err *err);
/* What an error says, with its place. */
void cap_daemon__error_text(const struct err *e, char *buf, size_t size);

/* --- daemon_manager.c, daemon_status.c -------------------------------------------------------- */

/* Make what the manager listens to, and block its signals in all threads to come; then begin; end. */
int cap_daemon__manage(struct cap_daemon *d, struct err *err);
int cap_daemon__manage_begin(struct cap_daemon *d, struct err *err);
void cap_daemon__manage_end(struct cap_daemon *d);
int cap_daemon__load_rules(const struct cap_rules_conf *o, struct eng_ruleset **ret, struct err *err);
void cap_daemon__status(struct cap_daemon *d, struct buf *out);
/* What has been recorded, asked for from another thread; false: the recording has ended. */
bool cap_daemon__recorded(struct cap_daemon *d, struct cap_recorder_stats *ret);

/* --- daemon_metrics.c ------------------------------------------------------------------------- */

void cap_daemon__show_metrics(struct cap_daemon *d);
uint64_t cap_daemon__processor_ns(void);
/* What the recorder takes, in bytes, each counted once: its own, the kernel's buffers and tables, and the ring if it is in memory. */
struct cap_daemon_memory {
	uint64_t process, buffers, ring;
};
struct cap_daemon_memory cap_daemon__memory(struct cap_daemon *d);

/* --- daemon_parts.c: files, outputs, the HTTP server ------------------------------------------ */

struct cap_keep_opts cap_daemon__keep_opts(const struct cap_daemon *d, const struct cap_files_conf *c);
struct cap_audit_log_opts cap_daemon__audit_opts(const struct cap_daemon_conf *c);
/*
 * The outputs of a configuration; in a successor those that are as in `before` are kept. file, before_file: whether they
 * say anything of outputs. before may be NULL.
 */
int cap_daemon__add_outputs(struct cap_outputs *h, const struct cap_daemon_conf *c, const struct cfg *file,
			    const struct cap_daemon_conf *before, const struct cfg *before_file, struct err *err);
/* The server of a configuration, not started; *ret is NULL if there is none. */
int cap_daemon__make_server(struct cap_daemon *d, const struct cap_daemon_conf *c, struct cap_serve **ret, struct err *err);

/* Before the recorder, whose start gives privileges up; then begin; end. */
int cap_daemon__parts(struct cap_daemon *d, struct err *err);
void cap_daemon__put_out(struct cap_daemon *d, const struct cap_live_alert *a, const char *container);
int cap_daemon__parts_begin(struct cap_daemon *d, struct err *err);
void cap_daemon__sources_end(struct cap_daemon *d);
void cap_daemon__parts_end(struct cap_daemon *d);
void cap_daemon__parts_free(struct cap_daemon *d);

#endif
