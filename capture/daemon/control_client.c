// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "capture/act/kube/kube.h"
#include "capture/daemon/control_client.h"
#include "capture/daemon/daemon_config.h"
#include "format/base/cli.h"
#include "format/base/log.h"
#include "format/base/text.h"

#define MAX_ANSWER (1u << 20)

struct command {
	const char *socket;
	cJSON *message, *request;
	bool json;
	const char *role;
};

/* --- options ---------------------------------------------------------------------------------- */

static int set_socket(void *u, const char *v, struct err *err)
{
	(void)err;
	((struct command *)u)->socket = v;
	return 0;
}

static int set_container(void *u, const char *v, struct err *err)
{
	(void)err;
	cJSON_AddStringToObject(((struct command *)u)->request, "container", v);
	return 0;
}

static int set_reason(void *u, const char *v, struct err *err)
{
	(void)err;
	cJSON_AddStringToObject(((struct command *)u)->request, "reason", v);
	return 0;
}

static int set_duration(void *u, const char *key, const char *v, struct err *err)
{
	uint64_t ns;
	int r = text__parse_duration(v, &ns, err);

	if (!r)
		cJSON_AddStringToObject(((struct command *)u)->request, key, v);
	return r;
}

static int set_before(void *u, const char *v, struct err *err)
{
	return set_duration(u, "before", v, err);
}

static int set_after(void *u, const char *v, struct err *err)
{
	return set_duration(u, "after", v, err);
}

static int set_wait(void *u, const char *v, struct err *err)
{
	(void)v;
	(void)err;
	cJSON_AddBoolToObject(((struct command *)u)->message, "wait", true);
	return 0;
}

static int set_output(void *u, const char *v, struct err *err)
{
	if (strcmp(v, "text") && strcmp(v, "json"))
		return err__set(err, -FMT_E_VALUE, "'%s': write text or json", v);
	((struct command *)u)->json = !strcmp(v, "json");
	return 0;
}

#define OPT_SOCKET \
	{ 0, "socket", "PATH", \
	  "The daemon's control socket; " CAP_CONTROL_SOCKET " without this option.", set_socket }
#define OPT_OUTPUT { 'o', "output", "text|json", "For people (the default), or the daemon's own answer.", set_output }
#define OPT_END { 0, NULL, NULL, NULL, NULL }

static const struct cli_opt trigger_opts[] = {
	{ 'c', "container", "CONTAINER",
	  "Of this container: an id, the beginning of one, or a name. Without it of the whole host.", set_container },
	{ 0, "before", "TIME", "How much of the past; as configured without this option.", set_before },
	{ 0, "after", "TIME", "How much of the future; as configured without this option.", set_after },
	{ 0, "reason", "TEXT", "Why: it goes into the file.", set_reason },
	{ 0, "wait", NULL, "Return when the file is complete.", set_wait },
	OPT_SOCKET, OPT_OUTPUT, OPT_END,
};
static int set_role(void *u, const char *v, struct err *err)
{
	(void)err;
	((struct command *)u)->role = v;
	return 0;
}

static const struct cli_opt playbooks_opts[] = {
	{ 0, "role", "FILE", "Print the ClusterRole that this file of playbooks needs, and no right more, as YAML. Asks no recorder.",
	  set_role },
	OPT_SOCKET, OPT_OUTPUT, OPT_END,
};
static const struct cli_opt plain_opts[] = { OPT_SOCKET, OPT_OUTPUT, OPT_END };

static const struct cli clis[] = {
	{ .tool = "spoor-capture trigger",
	  .usage = "[-c CONTAINER] [--before TIME] [--after TIME] [--reason TEXT] [--wait]",
	  .about = "Has the flight recorder write a file of what has happened, and of what will. Prints the file's name; "
		   "it has that name when it is complete.",
	  .examples = "spoor-capture trigger -c web1 --reason 'strange load'\tthe last minute of web1, and the next half\n"
		      "spoor-capture trigger --before 5m --after 0 --wait\tthe whole host, what has been, now",
	  .opts = trigger_opts },
	{ .tool = "spoor-capture status",
	  .usage = "[-o json]",
	  .about = "What the flight recorder does: events, losses, the recording thread's priority, memory and its parts, files, rules, outputs.",
	  .opts = plain_opts },
	{ .tool = "spoor-capture reload",
	  .usage = "",
	  .about = "Has the flight recorder read its configuration again. What is wrong is said here, and changes nothing; what holds "
		   "only after a restart is named.",
	  .opts = plain_opts },
	{ .tool = "spoor-capture playbooks",
	  .usage = "status | stop | resume\n--role FILE",
	  .about = "What the flight recorder's playbooks have done; stops them, so that nothing is done any more, and lets them go on. "
		   "What is being done when they are stopped is brought to its end.",
	  .examples = "spoor-capture playbooks stop\tat once, until they are resumed or the recorder starts again\n"
		      "spoor-capture playbooks --role playbooks.yaml | kubectl apply -f -\tthe rights in a cluster\n",
	  .opts = playbooks_opts },
	{ .tool = "spoor-capture stop",
	  .usage = "",
	  .about = "Has the flight recorder complete the files in work, and end.",
	  .opts = plain_opts },
};

static const struct cli *find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(clis) / sizeof(*clis); i++)
		if (!strcmp(strchr(clis[i].tool, ' ') + 1, name))
			return &clis[i];
	return NULL;
}

bool cap_control__is_command(const char *name)
{
	return find_command(name);
}

/* --- asking ----------------------------------------------------------------------------------- */

static int open_socket(const char *path, struct err *err)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd;

	err__file(err, path);
	if (strlen(path) >= sizeof(a.sun_path))
		return err__set(err, -ENAMETOOLONG, "too long for a socket");
	strcpy(a.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	if (fd >= 0)
		close(fd);
	if (errno == ENOENT || errno == ECONNREFUSED)
		return err__set(err, -errno, "no flight recorder listens there: is it running? (spoor-capture --daemon)");
	return err__set(err, -errno, "cannot talk to the flight recorder: %s", strerror(errno));
}

static int talk(int fd, const char *line, struct buf *answer, struct err *err)
{
	size_t n = strlen(line), sent = 0;
	ssize_t m = 0;

	while (sent < n && (m = send(fd, line + sent, n - sent, MSG_NOSIGNAL)) > 0)
		sent += (size_t)m;
	while (m >= 0 && answer->len < MAX_ANSWER && !memchr(answer->p ? answer->p : (void *)"", '\n', answer->len)) {
		buf__reserve(answer, 65536);
		m = read(fd, answer->p + answer->len, 65536);
		if (m <= 0)
			break;
		answer->len += (size_t)m;
	}
	return answer->len ? 0 : err__set(err, -EPIPE, "the flight recorder has not answered: it may be ending");
}

/* --- answers ---------------------------------------------------------------------------------- */

static double number(const cJSON *j, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(j, key);

	return cJSON_IsNumber(v) ? v->valuedouble : 0;
}

static const char *text(const cJSON *j, const char *key)
{
	const cJSON *v = cJSON_GetObjectItemCaseSensitive(j, key);

	return cJSON_IsString(v) ? v->valuestring : "";
}

static void say(const char *key, const char *value)
{
	printf("%-12s", key);
	text__print(stdout, value);
	putchar('\n');
}

static void show_ring(const cJSON *ring)
{
	char bytes[32], max[32], span[32], line[256];

	snprintf(line, sizeof(line), "%s of %s, %s back, in %s", text__size((uint64_t)number(ring, "bytes"), bytes),
		 text__size((uint64_t)number(ring, "max_bytes"), max),
		 text__duration((uint64_t)number(ring, "span_ns"), span), text(ring, "where"));
	say("ring", line);
	if (number(ring, "lost_events") > 0) {
		snprintf(line, sizeof(line), "%s events could not be written",
			 text__count((uint64_t)number(ring, "lost_events"), bytes));
		say("", line);
	}
}

static void show_rules(const cJSON *rules)
{
	char line[640];

	snprintf(line, sizeof(line), "%.0f, since %s", number(rules, "loaded"), text(rules, "since"));
	say("rules", line);
	if (*text(rules, "reload_error"))
		say("", text(rules, "reload_error"));
	if (*text(rules, "reload_note")) {
		snprintf(line, sizeof(line), "not before a restart: %s", text(rules, "reload_note"));
		say("", line);
	}
}

static void show_files(const cJSON *f)
{
	char line[512];

	if (!f) {
		say("files", "none are made: files.directory is not configured");
		return;
	}
	snprintf(line, sizeof(line), "%.0f complete, %.0f being written, %.0f waiting, in %s", number(f, "complete"),
		 number(f, "open"), number(f, "waiting"), text(f, "directory"));
	say("files", line);
	if (number(f, "failed") + number(f, "refused") + number(f, "deleted") <= 0)
		return;
	snprintf(line, sizeof(line), "%.0f refused, %.0f failed, %.0f deleted", number(f, "refused"),
		 number(f, "failed"), number(f, "deleted"));
	say("", line);
}

static void show_outputs(const cJSON *outputs)
{
	const cJSON *o;
	const char *key = "outputs";
	char line[512];

	cJSON_ArrayForEach(o, outputs) {
		snprintf(line, sizeof(line), "%s: %.0f delivered, %.0f waiting, %.0f lost%s", text(o, "name"),
			 number(o, "delivered"), number(o, "waiting"), number(o, "lost"),
			 cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "failing")) ? "; it fails at present" : "");
		say(key, line);
		key = "";
	}
}

static void show_http(const cJSON *h)
{
	char line[512];

	if (!h)
		return;
	snprintf(line, sizeof(line), number(h, "port") > 0 ? "%s, port %.0f" : "%s", text(h, "listen"), number(h, "port"));
	say("http", line);
}

static void show_playbooks(const cJSON *p)
{
	char line[512];

	if (!p)
		return;
	snprintf(line, sizeof(line), "%s; %.0f actions done, %.0f failed; not done: %.0f dry_run, %.0f stopped, %.0f limit, %.0f protected, "
		 "%.0f no_object; %.0f results not recorded", cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(p, "stopped")) ? "stopped" : "active", number(p, "done"),
		 number(p, "failed"), number(p, "dry_run"), number(p, "stopped_actions"), number(p, "limit"), number(p, "protected"),
		 number(p, "no_object"), number(p, "not_recorded"));
	say("playbooks", line);
}

static void show_priority(const cJSON *p)
{
	char line[512];

	if (number(p, "realtime") > 0)
		snprintf(line, sizeof(line), "real-time: %s %.0f", text(p, "policy"), number(p, "realtime"));
	else
		snprintf(line, sizeof(line), "nice %.0f%s%s", number(p, "nice"), *text(p, "refused") ? "; no real-time priority: " : "",
			 text(p, "refused"));
	say("priority", line);
}

static void show_memory(const cJSON *j)
{
	const cJSON *parts = cJSON_GetObjectItemCaseSensitive(j, "memory");
	char a[32], b[32], c[32], d[32], line[256];

	snprintf(line, sizeof(line), "%s: ring %s, the kernel's buffers %s, else %s", text__size((uint64_t)number(j, "memory_bytes"), a),
		 text__size((uint64_t)number(parts, "ring"), b), text__size((uint64_t)number(parts, "buffers"), c),
		 text__size((uint64_t)number(parts, "process"), d));
	say("memory", line);
}

static void show_status(const cJSON *j)
{
	char a[32], b[32], c[32], d[32], line[256];

	snprintf(line, sizeof(line), "process %.0f on %s since %s, version %s", number(j, "pid"), text(j, "host"),
		 text(j, "since"), text(j, "version"));
	say("recorder", line);
	snprintf(line, sizeof(line), "%s, %s lost, longest pause %s, longest round %s", text__count((uint64_t)number(j, "events"), a),
		 text__count((uint64_t)number(j, "lost"), b), text__duration((uint64_t)number(j, "longest_pause_ns"), c),
		 text__duration((uint64_t)number(j, "longest_round_ns"), d));
	say("events", line);
	show_priority(cJSON_GetObjectItemCaseSensitive(j, "priority"));
	say("alerts", text__count((uint64_t)number(j, "alerts"), a));
	show_rules(cJSON_GetObjectItemCaseSensitive(j, "rules"));
	show_ring(cJSON_GetObjectItemCaseSensitive(j, "ring"));
	show_files(cJSON_GetObjectItemCaseSensitive(j, "files"));
	show_outputs(cJSON_GetObjectItemCaseSensitive(j, "outputs"));
	show_http(cJSON_GetObjectItemCaseSensitive(j, "http"));
	show_playbooks(cJSON_GetObjectItemCaseSensitive(j, "playbooks"));
	say("processor", text__duration((uint64_t)number(j, "cpu_ns"), a));
	show_memory(j);
}

static void show(const char *command, const cJSON *j)
{
	if (!strcmp(command, "status")) {
		show_status(j);
	} else if (!strcmp(command, "trigger")) {
		text__print(stdout, text(j, "file"));
		putchar('\n');
	} else if (!strcmp(command, "playbooks")) {
		show_playbooks(cJSON_GetObjectItemCaseSensitive(j, "playbooks"));
	} else if (!strcmp(command, "reload")) {
		printf("%.0f rules\n", number(j, "rules"));
		if (*text(j, "note"))
			printf("not before a restart of the recorder: %s\n", text(j, "note"));
	}
}

static int take_answer(const struct command *c, const char *name, const struct buf *b, struct err *err)
{
	cJSON *j = cJSON_ParseWithLength((char *)b->p, b->len);
	int r = 0;

	if (!cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(j, "ok")))
		r = err__set(err, -FMT_E_VALUE, "%s", *text(j, "error") ? text(j, "error") : "the answer is not understood");
	if (c->json && j)
		fwrite(b->p, 1, b->len, stdout);
	else if (!r)
		show(name, j);
	cJSON_Delete(j);
	return r;
}

static bool takes_word(const char *command, const char *word)
{
	return !strcmp(command, "playbooks") && (!strcmp(word, "status") || !strcmp(word, "stop") || !strcmp(word, "resume"));
}

static int print_role(const char *path)
{
	struct playbook *pb;
	struct err err = { 0 };
	struct buf b = { 0 };

	if (playbook__open(&pb, path, true, &err))
		return EXIT_ASKED;
	act_kube__role(pb, &b);
	fwrite(b.p, 1, b.len, stdout);
	buf__done(&b);
	playbook__unref(pb);
	return cli__finish_stdout();
}

int cap_control__command(int argc, char **argv)
{
	const struct cli *cli = find_command(argv[0]);
	struct command c = { .socket = CAP_CONTROL_SOCKET, .message = cJSON_CreateObject() };
	struct err err = { 0 };
	struct buf answer = { 0 };
	char *line, *with_end;
	int fd, r, first;

	log__tool(cli->tool);
	cJSON_AddStringToObject(c.message, "command", argv[0]);
	c.request = cJSON_AddObjectToObject(c.message, "request");
	first = cli__parse(cli, argc, argv, &c);
	if (c.role) {
		cJSON_Delete(c.message);
		return print_role(c.role);
	}
	if (first == argc - 1 && takes_word(argv[0], argv[first])) {
		cJSON_AddStringToObject(c.request, "do", argv[first]);
	} else if (first < argc) {
		fprintf(stderr, "%s: takes %s: try --help\n", cli->tool, strcmp(argv[0], "playbooks") ? "options only" : "status, stop or resume");
		cJSON_Delete(c.message);
		return EXIT_ASKED;
	}
	line = cJSON_PrintUnformatted(c.message);
	with_end = xasprintf("%s\n", line);
	fd = open_socket(c.socket, &err);
	r = fd < 0 ? fd : talk(fd, with_end, &answer, &err);
	if (!r) {
		err = (struct err){ 0 };
		r = take_answer(&c, argv[0], &answer, &err);
	}
	if (fd >= 0)
		close(fd);
	if (r)
		err__print(cli->tool, &err);
	buf__done(&answer);
	cJSON_free(line);
	free(with_end);
	cJSON_Delete(c.message);
	return r ? EXIT_ASKED : cli__finish_stdout();
}
