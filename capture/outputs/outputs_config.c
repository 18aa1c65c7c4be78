// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "capture/outputs/outputs_config.h"
#include "format/base/text.h"

#define KEY(member, kind, name, dflt, doc, ...) CFG_KEY(struct cap_out_conf, member, kind, name, dflt, doc, ##__VA_ARGS__)

static const struct cfg_key keys[] = {
	KEY(name, CFG_STRING, "name", NULL, "What the output is called in messages and metrics: letters, digits, `-`, `_`, `.`.",
	    .required = true),
	KEY(type, CFG_ENUM, "type", NULL, "What it is.", .choices = "stdout|file|syslog|program|http|nats", .required = true),

	KEY(priority, CFG_ENUM, "priority", "debug", "Only alerts as severe as this or more.",
	    .choices = "emergency|alert|critical|error|warning|notice|informational|debug"),
	KEY(tags, CFG_STRINGS, "tags", NULL, "Only alerts of rules with one of these tags."),
	KEY(rule, CFG_STRING, "rule", NULL, "Only alerts of rules whose name matches; `*` and `?` as in file names."),
	KEY(source, CFG_STRING, "source", NULL, "Only alerts of this source: `syscall` or `k8s_audit`."),
	KEY(limit, CFG_NUMBER, "limit", "off", "So many alerts in `limit_time`; further ones are counted, not sent.", .min = 1,
	    .max = 1000000, .off = true),
	KEY(limit_time, CFG_DURATION, "limit_time", "1m", "See `limit`.", .min = 1000000000ull, .max = 86400000000000ull),

	KEY(format, CFG_ENUM, "format", "json", "One line of Falco's JSON, or of text. stdout, file, syslog, program.",
	    .choices = "json|text"),
	KEY(timeout, CFG_DURATION, "timeout", "10s", "Of one delivery; of a program with `per_alert`, of its run.",
	    .min = 100000000ull, .max = 3600000000000ull),
	KEY(give_up, CFG_DURATION, "give_up", "10m", "How long an alert is tried, the time in which no recorder runs included. With a "
	    "`spool` 24h if this is not given; `off` for ever: one that the other side answers with an error holds up all behind it then.", .min = 1000000000ull, .off = true),
	KEY(retry_min, CFG_DURATION, "retry_min", "500ms", "The first pause after a failure; each is twice the one before.",
	    .min = 10000000ull),
	KEY(retry_max, CFG_DURATION, "retry_max", "1m", "The longest pause.", .min = 10000000ull, .max = 3600000000000ull),
	KEY(queue, CFG_NUMBER, "queue", "10000", "Alerts that may wait in memory.", .min = 1, .max = 1000000),
	KEY(queue_bytes, CFG_SIZE, "queue_bytes", "16MiB", "Their bytes.", .min = 65536, .max = 1ull << 32),
	KEY(spool, CFG_PATH, "spool", NULL, "A folder in which alerts wait, so that a restart or a crash loses none. It is made if it "
	    "is not there, and belongs to this output alone."),
	KEY(spool_bytes, CFG_SIZE, "spool_bytes", "64MiB", "What the folder may hold.", .min = 1 << 17, .max = 1ull << 40),
	KEY(spool_sync, CFG_BOOL, "spool_sync", "yes", "Bring alerts to the disk at once, so that a power cut loses none either."),

	KEY(path, CFG_PATH, "path", NULL, "file: its name; opened anew on SIGHUP. syslog: the socket, if it is not `/dev/log`."),
	KEY(mode, CFG_STRING, "mode", "0640", "file: the mode of a new one."),
	KEY(address, CFG_STRING, "address", NULL, "syslog: another machine's, `udp://HOST:PORT` or `tcp://HOST:PORT`."),
	KEY(facility, CFG_STRING, "facility", "daemon", "syslog: `daemon`, `auth`, `local0` ..."),
	KEY(command, CFG_STRINGS, "command", NULL, "program: its whole path and arguments, a list. It reads alerts on its standard "
	    "input, one a line."),
	KEY(shell, CFG_BOOL, "shell", "no", "program: `command` is one text, run by `/bin/sh -c`. Nothing of an alert is in it."),
	KEY(per_alert, CFG_BOOL, "per_alert", "no", "program: started for each alert, and killed after `timeout`. Else it is "
	    "started once, and again when it ends."),
	KEY(url, CFG_STRING, "url", NULL, "http: where to POST, `https://...`. nats: `nats://HOST:PORT` or `tls://HOST:PORT`, several "
	    "with commas."),
	KEY(headers, CFG_PAIRS, "headers", NULL, "http: further headers."),
	KEY(token_file, CFG_PATH, "token_file", NULL, "http: a bearer token, read for each request. nats: a token."),
	KEY(ca, CFG_PATH, "ca", NULL, "http, nats: the authorities that are believed, PEM. Else the system's."),
	KEY(certificate, CFG_PATH, "certificate", NULL, "http, nats: our certificate, PEM."),
	KEY(key, CFG_PATH, "key", NULL, "http, nats: its key."),
	KEY(verify, CFG_BOOL, "verify", "yes", "http, nats: check the server's certificate. `no` lets anybody read and take the "
	    "alerts."),
	KEY(proxy, CFG_STRING, "proxy", NULL, "http: a proxy's URL. Without it none is used, whatever the environment says."),
	KEY(subject, CFG_STRING, "subject", "falco.{priority}.{rule}", "nats: with `{priority}`, `{rule}`, `{source}`, `{container}`; "
	    "of their values letters and digits stay, everything else is `_`."),
	KEY(user, CFG_STRING, "user", NULL, "nats: user."),
	KEY(password_file, CFG_PATH, "password_file", NULL, "nats: a file with the password."),
	KEY(credentials, CFG_PATH, "credentials", NULL, "nats: a file of credentials (JWT and seed)."),
	CFG_END,
};

/* Keys that only some types have; in the order of enum cap_out_kind. */
static const struct {
	const char *key;
	bool has[6];
} belongs[] = {
	{ "format", { 1, 1, 1, 1, 0, 0 } }, { "path", { 0, 1, 1 } }, { "mode", { 0, 1 } }, { "address", { 0, 0, 1 } },
	{ "facility", { 0, 0, 1 } }, { "command", { [3] = 1 } }, { "shell", { [3] = 1 } }, { "per_alert", { [3] = 1 } },
	{ "url", { [4] = 1, 1 } }, { "headers", { [4] = 1 } }, { "token_file", { [4] = 1, 1 } }, { "ca", { [4] = 1, 1 } },
	{ "certificate", { [4] = 1, 1 } }, { "key", { [4] = 1, 1 } }, { "verify", { [4] = 1, 1 } }, { "proxy", { [4] = 1 } },
	{ "subject", { [5] = 1 } }, { "user", { [5] = 1 } }, { "password_file", { [5] = 1 } }, { "credentials", { [5] = 1 } },
};

/* --- From what was read to options ------------------------------------------------------------------------- */

static struct cap_http_opts http_opts(const struct cap_out_conf *c)
{
	return (struct cap_http_opts){
		.ca.file = c->ca, .cert.file = c->certificate, .key.file = c->key, .no_verify = !c->verify,
		.token_file = c->token_file, .proxy = c->proxy
	};
}

static const char *const *header_lines(const struct cap_out_conf *c, struct arena *mem)
{
	const char **lines = arena__zalloc(mem, (c->headers.n + 1) * sizeof(*lines));

	for (uint32_t i = 0; i < c->headers.n; i++) {
		const struct cfg_pair *p = &c->headers.p[i];
		size_t n = strlen(p->name), m = strlen(p->value);
		char *line = arena__alloc(mem, n + m + 3);

		memcpy(line, p->name, n);
		memcpy(line + n, ": ", 2);
		memcpy(line + n + 2, p->value, m + 1);
		lines[i] = line;
	}
	return lines;
}

static const char *const *command_line(const struct cap_out_conf *c, struct arena *mem)
{
	const char **argv = arena__zalloc(mem, (c->command.n + 1) * sizeof(*argv));

	for (uint32_t i = 0; i < c->command.n; i++)
		argv[i] = c->command.p[i];
	return argv;
}

static void to_opts(const struct cap_out_conf *c, struct arena *mem, struct cap_out_opts *o)
{
	*o = (struct cap_out_opts){
		.kind = (enum cap_out_kind)c->type, .name = c->name,
		.has_min_priority = true, .min_priority = (enum eng_priority)c->priority,
		.tags = c->tags.p, .n_tags = c->tags.n, .rule = c->rule, .source = c->source,
		.rate = c->limit ? (double)c->limit / ((double)c->limit_time / 1e9) : 0, .burst = (unsigned)c->limit,
		.format = (enum cap_out_format)c->format, .timeout_ns = c->timeout,
		.give_up_ns = c->give_up ? c->give_up : UINT64_MAX,
		.retry_min_ns = c->retry_min, .retry_max_ns = c->retry_max,
		.queue_len = (uint32_t)c->queue, .queue_bytes = c->queue_bytes,
		.spool_dir = c->spool, .spool_bytes = c->spool_bytes, .spool_no_sync = !c->spool_sync,
		.path = c->path, .address = c->address, .facility = c->facility,
		.command = command_line(c, mem), .shell = c->shell, .per_alert = c->per_alert,
		.url = c->url, .headers = header_lines(c, mem), .n_headers = c->headers.n, .http = http_opts(c),
		.subject = c->subject, .user = c->user, .password_file = c->password_file, .creds_file = c->credentials
	};
	if (c->spool && !c->give_up_given)
		o->give_up_ns = 0;	/* its own default */
	text__parse_mode(c->mode, &o->file_mode);
}

/* --- Checking ---------------------------------------------------------------------------------------------- */

static void check(struct cfg *c, const struct yaml_node *n, void *opts)
{
	struct cap_out_conf *conf = opts;
	struct cap_out_opts o;
	struct arena mem = { 0 };
	struct err err = { 0 };
	unsigned wrong = 0;
	uint32_t mode;

	for (size_t i = 0; i < sizeof(belongs) / sizeof(*belongs); i++)
		if (yaml_node__get(n, belongs[i].key) && !belongs[i].has[conf->type]) {
			cfg__problem(c, cfg__place(n, belongs[i].key), "'%s' is no key of an output of type %s",
				     belongs[i].key, cap_out_kind__name((enum cap_out_kind)conf->type));
			wrong++;
		}
	if (!text__parse_mode(conf->mode, &mode)) {
		cfg__problem(c, cfg__place(n, "mode"), "'%s' is no mode of a file: write it as 0640", conf->mode);
		wrong++;
	}
	conf->give_up_given = yaml_node__get(n, "give_up") != NULL;
	to_opts(conf, &mem, &o);
	if (!wrong && cap_out_opts__check(&o, &err))
		cfg__problem(c, n, "%s%s%s", err.file, *err.file ? ": " : "", err.msg);
	arena__done(&mem);
}

const struct cfg_section cap_out_section = {
	"An output: where alerts go. Each has a queue and a thread of its own; one that is slow or dead holds up nothing but itself.",
	keys, sizeof(struct cap_out_conf), check
};

int cap_outputs__add_conf(struct cap_outputs *h, const struct cap_out_conf *c, struct err *err)
{
	struct cap_out_opts o;
	struct arena mem = { 0 };
	int rc;

	to_opts(c, &mem, &o);
	rc = cap_outputs__add(h, &o, err);
	arena__done(&mem);
	return rc;
}
