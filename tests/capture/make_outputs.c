// SPDX-License-Identifier: Apache-2.0
/*
 * make_outputs CONFIG - outputs and the HTTP server of a configuration (`outputs:`, `http:`) without a recording.
 * Commands are read from standard input, a line each; the counts of all outputs are printed at the end, or by `counts`.
 *
 *   send N [PRIORITY [RULE]]    N alerts, numbered on
 *   wait NAME COUNT N SECONDS   until a count (delivered, dropped, ...) is at least N; else exit 1
 *   quiet NAME SECONDS          until nothing waits
 *   reload FILE                 the outputs of another configuration instead, where they are not the same
 *   reopen, counts, touch FILE, sleep SECONDS, kill (SIGKILL to itself)
 *   ready FILE                  until it is there, a minute at most
 *   stop SECONDS                with so much grace; the end of the input does it with 5
 *   port FILE                   write the port of the HTTP server
 *
 * make_outputs --reference prints what the keys mean, as docs/OUTPUTS.md has it.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/outputs/outputs_config.h"
#include "capture/serve/serve_config.h"
#include "capture/serve/serve_routes.h"
#include "format/base/log.h"
#include "format/base/text.h"

struct config {
	struct cfg_list outputs;
	struct cap_serve_conf http;
};

static const struct cfg_key keys[] = {
	CFG_KEY(struct config, outputs, CFG_SECTIONS, "outputs", NULL, "Outputs.", .section = &cap_out_section),
	CFG_KEY(struct config, http, CFG_SECTION, "http", NULL, "Server.", .section = &cap_serve_section),
	CFG_END,
};
static const struct cfg_section root = { "Test.", keys, sizeof(struct config), NULL };

static struct config conf;
static struct cfg *conf_file;
static struct cap_metrics *metrics;
static struct cap_outputs *hub;
static struct cap_serve *server;
static unsigned n_sent;

static int fail(const struct err *err)
{
	err__print("make_outputs", err);
	exit(1);
}

static const struct {
	const char *name;
	size_t at;
} count_names[] = {
	{ "delivered", offsetof(struct cap_out_counts, delivered) }, { "limited", offsetof(struct cap_out_counts, limited) },
	{ "dropped", offsetof(struct cap_out_counts, dropped) }, { "refused", offsetof(struct cap_out_counts, refused) },
	{ "given_up", offsetof(struct cap_out_counts, given_up) }, { "damaged", offsetof(struct cap_out_counts, damaged) },
	{ "errors", offsetof(struct cap_out_counts, errors) }, { "waiting", offsetof(struct cap_out_counts, waiting) },
};
#define N_NAMES (sizeof(count_names) / sizeof(*count_names))

static unsigned find_output(const char *name)
{
	for (unsigned i = 0; i < cap_outputs__n(hub); i++)
		if (!strcmp(cap_outputs__name(hub, i), name))
			return i;
	fprintf(stderr, "no output %s\n", name);
	exit(1);
}

static uint64_t count_of(const char *name, const char *what)
{
	struct cap_out_counts c;

	cap_outputs__counts(hub, find_output(name), &c);
	for (size_t i = 0; i < N_NAMES; i++)
		if (!strcmp(count_names[i].name, what))
			return *(uint64_t *)((char *)&c + count_names[i].at);
	fprintf(stderr, "no count %s\n", what);
	exit(1);
}

static void print_counts(void)
{
	for (unsigned i = 0; i < cap_outputs__n(hub); i++) {
		fprintf(stderr, "counts %s", cap_outputs__name(hub, i));
		for (size_t k = 0; k < N_NAMES; k++) {
			uint64_t n = count_of(cap_outputs__name(hub, i), count_names[k].name);

			if (n)
				fprintf(stderr, " %s=%" PRIu64, count_names[k].name, n);
		}
		fprintf(stderr, "\n");
	}
}

static void send_one(const char *priority, const char *rule)
{
	static const char *const tags[] = { "network", "shell" };
	struct cap_out_alert a = {
		.time_ns = 1795773600000000000ull + n_sent * 1000000ull, .rule = rule, .source = "syscall",
		.container = "3f2a9c1d7e55", .tags = tags, .n_tags = 2
	};
	char json[1024], text[256];

	if (eng_priority__parse(priority, &a.priority))
		exit(1);
	a.json_len = (size_t)snprintf(json, sizeof(json), "{\"hostname\":\"node-1\",\"output\":\"alert %u\",\"output_fields\":"
		"{\"n\":%u,\"container.id\":\"3f2a9c1d7e55\"},\"priority\":\"%s\",\"rule\":\"%s\",\"source\":\"syscall\","
		"\"tags\":[\"network\",\"shell\"],\"time\":\"2026-11-27T10:00:00.%03u000000Z\"}", n_sent, n_sent,
		eng_priority__name(a.priority), rule, n_sent % 1000);
	a.text_len = (size_t)snprintf(text, sizeof(text), "10:00:00.%03u: %s alert %u", n_sent % 1000,
				      eng_priority__name(a.priority), n_sent);
	a.json = json;
	a.text = text;
	n_sent++;
	cap_outputs__send(hub, &a);
}

static void wait_for(const char *name, const char *what, uint64_t n, bool most, double seconds)
{
	for (int i = 0; i < seconds * 100; i++) {
		uint64_t now = count_of(name, what);

		if (most ? now <= n : now >= n)
			return;
		usleep(10000);
	}
	fprintf(stderr, "waited %g s for %s of %s to be %s %" PRIu64 "\n", seconds, what, name, most ? "at most" : "at least", n);
	print_counts();
	exit(1);
}

static const struct cap_out_conf *same_entry(const struct cap_out_conf *c)
{
	for (uint32_t i = 0; i < conf.outputs.n; i++) {
		const struct cap_out_conf *old = (const struct cap_out_conf *)conf.outputs.p + i;

		if (!cfg_section__differs(&cap_out_section, old, c, NULL))
			return old;
	}
	return NULL;
}

static void reload(const char *path)
{
	struct config next = { 0 };
	struct cfg *file = NULL;
	struct err err = { 0 };
	struct cap_outputs *fresh = cap_outputs__successor(hub);
	int rc = cfg__open(&file, path, &err);

	if (!rc) {
		cfg__read(file, cfg__root(file), &root, &next);
		rc = cfg__result(file, &err);
	}
	for (uint32_t i = 0; i < next.outputs.n && !rc; i++) {
		const struct cap_out_conf *c = (const struct cap_out_conf *)next.outputs.p + i;

		if (!same_entry(c) || !cap_outputs__keep(fresh, c->name))
			rc = cap_outputs__add_conf(fresh, c, &err);
	}
	rc = rc ? rc : cap_outputs__start(fresh, &err);
	if (rc) {
		fprintf(stderr, "not reloaded: %s: %s\n", err.file, err.msg);
		cap_outputs__free(fresh);
		cfg__free(file);
		return;
	}
	cap_outputs__take_over(fresh, 5000000000ull);
	cfg__free(conf_file);
	conf_file = file;
	conf = next;
}

static void do_line(char *line)
{
	char word[64] = "", a[256] = "", b[64] = "", c[64] = "", d[64] = "";
	int at = 0, n = sscanf(line, "%63s %255s %63s %n%63s %63s", word, a, b, &at, c, d);

	if (!strcmp(word, "send")) {
		line[strcspn(line, "\n")] = 0;
		for (int i = atoi(a); i > 0; i--)
			send_one(n > 2 ? b : "Warning", n > 3 ? line + at : "Test rule");
	} else if (!strcmp(word, "reload")) {
		reload(a);
	} else if (!strcmp(word, "wait")) {
		wait_for(a, b, strtoull(c, NULL, 10), false, atof(d));
	} else if (!strcmp(word, "quiet")) {
		wait_for(a, "waiting", 0, true, atof(b));
	} else if (!strcmp(word, "reopen")) {
		cap_outputs__reopen(hub);
	} else if (!strcmp(word, "counts")) {
		print_counts();
	} else if (!strcmp(word, "touch")) {
		close(open(a, O_CREAT | O_WRONLY, 0600));
	} else if (!strcmp(word, "ready")) {
		for (int i = 0; i < 6000 && access(a, F_OK); i++)
			usleep(10000);
	} else if (!strcmp(word, "sleep")) {
		usleep((useconds_t)(atof(a) * 1e6));
	} else if (!strcmp(word, "kill")) {
		kill(getpid(), SIGKILL);
	} else if (!strcmp(word, "stop")) {
		cap_outputs__stop(hub, (uint64_t)(atof(a) * 1e9));
	} else if (!strcmp(word, "port")) {
		FILE *f = fopen(a, "w");

		fprintf(f, "%u\n", cap_serve__port(server));
		fclose(f);
	}
}

/* --- The server's routes ------------------------------------------------------------------------------------- */

static void on_trigger(void *arg, const struct eng_trigger_request *rq, const char *json, size_t len,
		       struct cap_serve_reply *re)
{
	char before[32] = "-", after[32] = "-";

	(void)arg, (void)json;
	if (!strcmp(rq->container, "unknown")) {
		cap_serve_reply__error(re, 404, "no container '%s'", rq->container);
		return;
	}
	if (!strcmp(rq->container, "busy")) {
		cap_serve_reply__error(re, 429, "too many");
		re->retry_after_s = 7;
		return;
	}
	if (rq->has_before)
		text__duration(rq->before_ns, before);
	if (rq->has_after)
		text__duration(rq->after_ns, after);
	buf__printf(&re->body, "{\"form\": \"%s\", \"container\": \"%s\", \"pod\": \"%s\", \"rule\": \"%s\", \"reason\": \"%s\", "
		    "\"before\": \"%s\", \"after\": \"%s\", \"host\": %s, \"bytes\": %zu}\n", eng_trigger_form__name(rq->form),
		    rq->container, rq->pod, rq->rule, rq->reason, before, after, rq->host ? "true" : "false", len);
}

static bool healthy(void *arg, char why[128])
{
	if (access(arg, F_OK))
		return true;
	strcpy(why, "unwell");
	return false;
}

static void start_server(const struct cap_serve_conf *c, char *sick)
{
	struct cap_serve_opts o;
	struct err err = { 0 };

	cap_serve_conf__opts(c, &o);
	if (cap_serve__new(&server, &o, metrics, &err))
		fail(&err);
	cap_serve__add_metrics(server, metrics);
	cap_serve__add_health(server, "/healthz", healthy, sick);
	cap_serve__add_trigger(server, on_trigger, NULL);
	if (cap_serve__start(server, &err))
		fail(&err);
}

static int print_reference(void)
{
	struct buf b = { 0 };

	if (cfg_section__verify(&root, NULL))
		return 1;
	buf__puts(&b, "### An entry of `outputs:`\n\n");
	cfg_section__doc(&cap_out_section, CFG_DOC_MARKDOWN, &b);
	buf__puts(&b, "\n### `http:`\n\n");
	cfg_section__doc(&cap_serve_section, CFG_DOC_MARKDOWN, &b);
	fwrite(b.p, 1, b.len, stdout);
	buf__done(&b);
	return 0;
}

int main(int argc, char **argv)
{
	struct err err = { 0 };
	char line[1024], *sick;

	if (argc != 2)
		return 1;
	if (!strcmp(argv[1], "--reference"))
		return print_reference();
	log__set_level(LOG_WARN_);
	log__tool("make_outputs");
	sick = xasprintf("%s.sick", argv[1]);
	if (cfg__open(&conf_file, argv[1], &err))
		fail(&err);
	cfg__read(conf_file, cfg__root(conf_file), &root, &conf);
	if (cfg__result(conf_file, &err))
		fail(&err);
	metrics = cap_metrics__new();
	hub = cap_outputs__new(metrics);
	for (uint32_t i = 0; i < conf.outputs.n; i++)
		if (cap_outputs__add_conf(hub, (struct cap_out_conf *)conf.outputs.p + i, &err))
			fail(&err);
	if (conf.http.listen)
		start_server(&conf.http, sick);
	if (cap_outputs__start(hub, &err))
		fail(&err);
	while (fgets(line, sizeof(line), stdin))
		do_line(line);
	cap_outputs__stop(hub, 5000000000ull);
	print_counts();
	cap_serve__free(server);
	cap_outputs__free(hub);
	cap_metrics__free(metrics);
	cfg__free(conf_file);
	free(sick);
	return 0;
}
