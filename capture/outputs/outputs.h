/* SPDX-License-Identifier: Apache-2.0 */
/*
 * outputs - where alerts go: one hub, any number of outputs, each with a queue and a thread of its own.
 *
 * cap_outputs__send never waits for an output: it copies the alert once, puts a reference into the queue of each output
 * that wants it, and returns. What a full queue has no room for is counted and said. An output that fails is tried again
 * with growing pauses while the others go on. With a spool (a folder) alerts survive a restart: delivered is what the
 * output has confirmed, so after a crash some may come twice; each carries an id by which they can be told.
 *
 * Ownership: everything given is copied.
 * Threads:   send and reopen from any thread; everything else from one.
 * Input:     what an alert says is untrusted (names, paths, arguments of programs that were watched): it is never part of
 *            a command line, a header, or an address; in NATS subjects only after being reduced to letters and digits.
 */
#ifndef CAP_OUTPUTS_H
#define CAP_OUTPUTS_H

#include "capture/http/http_client.h"
#include "capture/metrics/metrics.h"
#include "engine/rules/rules.h"

#define CAP_OUT_ALERT_MAX (1u << 20)	/* bytes of one alert's JSON; a longer one is refused and counted */

struct cap_out_alert {
	uint64_t time_ns;		/* of the event, since the epoch */
	enum eng_priority priority;
	const char *rule, *source;	/* "" if there is none */
	const char *container;		/* id, "" for the host */
	const char *const *tags;
	unsigned n_tags;
	const char *json;		/* one object without newline: Falco's alert */
	size_t json_len;
	const char *text;		/* one line without newline */
	size_t text_len;
};

enum cap_out_kind {
	CAP_OUT_STDOUT, CAP_OUT_FILE, CAP_OUT_SYSLOG, CAP_OUT_PROGRAM, CAP_OUT_HTTP, CAP_OUT_NATS
};

enum cap_out_format { CAP_OUT_JSON, CAP_OUT_TEXT };

/* What an output is. Zeroed fields mean the defaults that are named here. */
struct cap_out_opts {
	enum cap_out_kind kind;
	const char *name;		/* in messages and metrics; unique in a hub; letters, digits, '-', '_', '.' */

	/* which alerts */
	bool has_min_priority;
	enum eng_priority min_priority;	/* this severe or more */
	const char *const *tags;	/* any of them; none: all alerts */
	unsigned n_tags;
	const char *rule;		/* glob over the rule's name; NULL: all */
	const char *source;		/* "syscall", "k8s_audit"; NULL: all */
	double rate;			/* alerts a second on the long run; 0: no limit */
	unsigned burst;			/* at once; 0: 10 times rate, at least 1 */

	/* how */
	enum cap_out_format format;	/* stdout, file, syslog, program */
	uint64_t timeout_ns;		/* of one delivery; 0: 10 s */
	uint64_t give_up_ns;		/* an alert that cannot be delivered for so long is given up; 0: 10 min, with a spool 24 h; UINT64_MAX: never */
	uint64_t retry_min_ns, retry_max_ns;	/* pauses between tries; 0: 500 ms and 1 min */
	uint32_t queue_len;		/* alerts in memory; 0: 10,000 */
	size_t queue_bytes;		/* their bytes; 0: 16 MiB */
	const char *spool_dir;		/* folder of the queue on disk; NULL: none */
	uint64_t spool_bytes;		/* its size at most; 0: 64 MiB */
	bool spool_no_sync;		/* leave writing to the disk to the kernel: a power cut may lose the last seconds */

	const char *path;		/* file: its name. syslog: the socket, NULL: /dev/log */
	uint32_t file_mode;		/* file: of a new one; 0: 0640 */
	const char *address;		/* syslog: udp://HOST:PORT or tcp://HOST:PORT instead of path */
	const char *facility;		/* syslog: "daemon" (default), "auth", "local0", ... */
	const char *const *command;	/* program: argument vector, NULL at its end; with shell: one element */
	bool shell;			/* program: run command[0] by /bin/sh -c */
	bool per_alert;			/* program: started for each alert; else once, alerts one a line */
	const char *url;		/* http; nats: nats://HOST:PORT[,...] or tls://... */
	const char *const *headers;	/* http: "Name: value" */
	unsigned n_headers;
	struct cap_http_opts http;	/* http: TLS, token file, proxy. nats: ca, cert, key (files), no_verify, token_file */
	const char *subject;		/* nats: template; NULL: "falco.{priority}.{rule}" */
	const char *user, *password_file, *creds_file;	/* nats */
};

/* What became of the alerts that an output was to have. */
struct cap_out_counts {
	uint64_t delivered;
	uint64_t limited;		/* over the rate limit */
	uint64_t dropped;		/* no room in the queue, or over CAP_OUT_ALERT_MAX */
	uint64_t refused;		/* the other side will never take it */
	uint64_t given_up;		/* not delivered in time, or not when the hub was stopped */
	uint64_t damaged;		/* could not be read back from the spool */
	uint64_t errors;		/* tries that failed */
	uint64_t waiting;		/* in memory and in the spool */
	bool failing;			/* the last try failed */
};

struct cap_outputs;

/* metrics: where to register, or NULL; must outlive the hub. */
struct cap_outputs *cap_outputs__new(struct cap_metrics *metrics);
/* 0, or negative with err: what cannot be right (name, URL, glob) or cannot be used (file, spool). Before start. */
int cap_outputs__add(struct cap_outputs *h, const struct cap_out_opts *o, struct err *err);
/* The same check without use: no file is made, no spool opened. */
int cap_out_opts__check(const struct cap_out_opts *o, struct err *err);
int cap_outputs__start(struct cap_outputs *h, struct err *err);
/*
 * Let the outputs deliver what waits for at most grace_ns, then end their threads. What is not delivered stays in the spools; of
 * those without one it is counted and logged.
 */
void cap_outputs__stop(struct cap_outputs *h, uint64_t grace_ns);
/* NULL is fine. Stops at once if it was not stopped. */
void cap_outputs__free(struct cap_outputs *h);

/* Never waits. Alerts sent before start wait in the queues. */
void cap_outputs__send(struct cap_outputs *h, const struct cap_out_alert *a);
/*
 * Others instead of those that run, without losing an alert: a hub of what is to be, to which they are added. Those that are
 * to go on as they are, with what they have in their queues, are kept by name. When it has been started, it takes over:
 * later alerts go to the new ones, the old have grace_ns to deliver what waits. A spool goes over to the one that has the
 * same folder. Until then cap_outputs__free leaves everything as it was.
 */
struct cap_outputs *cap_outputs__successor(struct cap_outputs *h);
bool cap_outputs__keep(struct cap_outputs *fresh, const char *name);	/* false: there is none of that name */
void cap_outputs__take_over(struct cap_outputs *fresh, uint64_t grace_ns);	/* frees it */

/* Files are opened anew before the next alert (log rotation). */
void cap_outputs__reopen(struct cap_outputs *h);

unsigned cap_outputs__n(const struct cap_outputs *h);
const char *cap_outputs__name(const struct cap_outputs *h, unsigned i);
void cap_outputs__counts(struct cap_outputs *h, unsigned i, struct cap_out_counts *ret);

const char *cap_out_kind__name(enum cap_out_kind k);

#endif
