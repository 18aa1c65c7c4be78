// SPDX-License-Identifier: Apache-2.0
/*
 * make_act - does what a playbook says to a container, without an alert.
 *
 *   make_act do PLAYBOOKS CONTAINER-ID PID START	the actions of the first playbook, a line each: "freeze: done: ..." or "freeze: failed: ...".
 *						START: when the process began, s since the epoch.
 *						The pod and node are those of POD_NS, POD_NAME, POD_UID, NODE
 *   make_act talk CONTAINER-ID PORT-FILE [REACHABLE...]
 *						a server on 127.0.0.1, its port into the file; once somebody has talked a while, cut the
 *						container's network and say when the last byte came, ms after the plan was handed over; then
 *						restore it and say whether bytes come again
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "capture/act/act.h"
#include "format/base/text.h"

static const char *pin_dir;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "make_act: %s: %s\n", what, why);
	exit(1);
}

static void print(void *arg, const struct act_result *r)
{
	(void)arg;
	struct buf b = { 0 };

	text__safe(&b, r->text, strlen(r->text));
	printf("%s: %s: %.*s\n", r->step->action->info->name, r->error ? "failed" : "done", (int)b.len, (char *)b.p);
	buf__done(&b);
	fflush(stdout);
}

static struct act *begin(void)
{
	struct act_opts o = { .on_result = print, .pin_dir = pin_dir };
	struct act *a;
	struct err err = { 0 };

	if (act__new(&a, &o, &err))
		die("begin", err.msg);
	return a;
}

static char *copy(struct arena *mem, const char *s)
{
	return arena__strndup(mem, s, strlen(s));
}

/* As if no field were in them. */
static void add_args(struct pb_step *s, const struct pb_action_opts *o, struct arena *mem)
{
	const struct cfg_pairs *pairs[2] = { &o->labels, &o->annotations };
	static const char *const names[2] = { "labels", "annotations" };

	s->args = arena__zalloc(mem, (o->args.n + pairs[0]->n + pairs[1]->n + 1) * sizeof(*s->args));
	for (uint32_t k = 0; k < o->args.n; k++)
		s->args[s->n_args++] = (struct pb_arg){ "args", NULL, o->args.p[k] };
	if (o->body)
		s->args[s->n_args++] = (struct pb_arg){ "body", NULL, o->body };
	for (unsigned i = 0; i < 2; i++)
		for (uint32_t k = 0; k < pairs[i]->n; k++)
			s->args[s->n_args++] = (struct pb_arg){ names[i], pairs[i]->p[k].name, pairs[i]->p[k].value };
}

static const char *given(const char *name)
{
	const char *s = getenv(name);

	return s && *s ? s : NULL;
}

/* All actions of the first playbook, whatever it asks of alerts. */
static struct pb_plan *plan(struct playbook *pb, const char *id, long pid, uint64_t start)
{
	struct pb_plan *p = xcalloc(1, sizeof(*p));
	const struct pb_entry *e = &pb->entries[0];
	char shown[65];

	snprintf(shown, sizeof(shown), "%.*s", (int)eng_container__id_len(id, strlen(id)), id);
	p->pb = playbook__ref(pb);
	p->rule = "none";
	p->message = getenv("MESSAGE") ? getenv("MESSAGE") : "none";
	p->json = "{\"rule\":\"none\"}";
	p->priority = PRIO_WARNING;
	p->ts = 1764252187002000000u;
	p->num = 7;
	p->target = (struct pb_target){ .pid = pid, .start_ns = start * 1000000000ull, .container = copy(&p->mem, shown),
					.full_id = copy(&p->mem, id), .ns = getenv("POD_NS"), .pod = getenv("POD_NAME"),
					.pod_uid = given("POD_UID"), .node = getenv("NODE") };
	p->parts = arena__zalloc(&p->mem, sizeof(*p->parts));
	p->n_parts = 1;
	p->parts[0] = (struct pb_part){ .entry = e, .n_steps = e->n_actions,
					.steps = arena__zalloc(&p->mem, e->n_actions * sizeof(struct pb_step)) };
	for (uint32_t i = 0; i < e->n_actions; i++) {
		struct pb_step *s = &p->parts[0].steps[i];

		s->action = &e->actions[i];
		s->object = "";
		add_args(s, e->actions[i].o, &p->mem);
	}
	return p;
}

static void submit(struct act *a, const char *text, const char *id)
{
	struct playbook *pb;
	struct err err = { 0 };

	if (playbook__parse(&pb, "p", text, strlen(text), true, &err))
		die("playbook", err.msg);
	act__submit(a, plan(pb, id, 0, 0));
	playbook__unref(pb);
}

static int do_all(char **argv)
{
	struct playbook *pb;
	struct err err = { 0 };
	struct act *a;

	if (playbook__open(&pb, argv[0], true, &err))
		return 1;
	a = begin();
	act__submit(a, plan(pb, argv[1], atol(argv[2]), strtoull(argv[3], NULL, 10)));
	if (!act__drain(a, 90000000000ull))
		die("drain", "it takes too long");
	act__free(a);
	playbook__unref(pb);
	return 0;
}

/* --- talking ----------------------------------------------------------------------------------------------- */

static int listen_on(const char *port_file)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), c;
	FILE *f;

	if (bind(fd, (struct sockaddr *)&sa, sizeof(sa)) || listen(fd, 5) || getsockname(fd, (struct sockaddr *)&sa, &len))
		die("listen", strerror(errno));
	f = fopen(port_file, "w");
	fprintf(f, "%u\n", ntohs(sa.sin_port));
	fclose(f);
	if (poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, 60000) != 1)
		die("accept", "nobody comes");
	c = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	close(fd);
	return c;
}

/* Read until nothing has come for quiet_ms, or enough bytes or time; when the last byte came, 0: none. */
static uint64_t hear(int fd, int quiet_ms, size_t enough, uint64_t max_ns)
{
	uint64_t last = 0, until = act_clock() + max_ns;
	char b[4096];
	size_t n = 0;

	while (n < enough && act_clock() < until && poll(&(struct pollfd){ fd, POLLIN, 0 }, 1, quiet_ms) == 1) {
		ssize_t got = read(fd, b, sizeof(b));

		if (got <= 0)
			die("read", "the connection ended");
		n += (size_t)got;
		last = act_clock();
	}
	return last;
}

static int talk(int argc, char **argv)
{
	int fd = listen_on(argv[1]);
	struct act *a = begin();
	struct buf b = { 0 };
	uint64_t start, last;

	if (!hear(fd, 5000, 100, 20000000000ull))
		die("talk", "nothing is said");
	buf__puts(&b, "playbooks: [{name: p, actions: [{do: cut_network, reachable: [");
	for (int i = 2; i < argc; i++)
		buf__printf(&b, "%s\"%s\"", i > 2 ? ", " : "", argv[i]);
	buf__puts(&b, "]}]}]");
	buf__u8(&b, 0);
	start = act_clock();
	submit(a, (char *)b.p, argv[0]);
	last = hear(fd, 700, SIZE_MAX, 2000000000ull);
	if (last > start + 1500000000ull)
		printf("still talking\n");
	else
		printf("silent after %.3f ms\n", last > start ? (double)(last - start) / 1e6 : 0.0);
	submit(a, "playbooks: [{name: p, actions: [{do: restore_network}]}]", argv[0]);
	printf("%s\n", hear(fd, 10000, 100, 15000000000ull) ? "talking again" : "silent for good");
	act__free(a);
	buf__done(&b);
	return 0;
}

int main(int argc, char **argv)
{
	pin_dir = getenv("PIN_DIR");
	if (argc == 6 && !strcmp(argv[1], "do"))
		return do_all(argv + 2);
	if (argc >= 4 && !strcmp(argv[1], "talk"))
		return talk(argc - 2, argv + 2);
	die("usage", "see the source");
	return 1;
}
