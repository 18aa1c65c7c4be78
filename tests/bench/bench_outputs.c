// SPDX-License-Identifier: Apache-2.0
/*
 * What handing an alert to the outputs costs who does it, against writing the same line to a file oneself; and how many alerts
 * a second each output delivers, against that too.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "capture/outputs/outputs.h"
#include "capture/serve/serve.h"

#define N 2000u
#define ROUNDS 7

static const char rule[] = "Sensitive file opened for reading";
static char json[700], text[250];
static struct cap_out_alert alert = {
	.time_ns = 1795773600000000000ull, .priority = PRIO_WARNING, .rule = rule, .source = "syscall",
	.container = "3f2a9c1d7e55", .json = json, .text = text
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), compare);
	return v[ROUNDS / 2];
}

static void make_alert(void)
{
	memset(text, 'x', sizeof(text));
	alert.text_len = sizeof(text);
	alert.json_len = (size_t)snprintf(json, sizeof(json), "{\"hostname\":\"node-1\",\"output\":\"%.*s\",\"priority\":\"Warning\","
		"\"rule\":\"%s\",\"source\":\"syscall\",\"tags\":[],\"time\":\"2026-11-27T10:00:00.000000000Z\","
		"\"output_fields\":{\"container.id\":\"3f2a9c1d7e55\"}}", 240, text, rule);
}

/* ns for a line that is written by who has it. */
static double write_lines(int fd)
{
	double t = now();

	for (unsigned i = 0; i < N; i++)
		if (write(fd, json, alert.json_len) < 0)
			exit(1);
	return (now() - t) / N;
}

/* ns until each of N alerts is handed over (*send), and until all are delivered. */
static double deliver(struct cap_outputs *h, double *send)
{
	struct cap_out_counts c;
	uint64_t before;
	double t;

	cap_outputs__counts(h, 0, &c);
	before = c.delivered;
	t = now();
	for (unsigned i = 0; i < N; i++)
		cap_outputs__send(h, &alert);
	*send = (now() - t) / N;
	do {
		struct timespec pause = { 0, 200000 };

		nanosleep(&pause, NULL);
		cap_outputs__counts(h, 0, &c);
	} while (c.delivered - before < N && now() - t < 60e9);
	return c.delivered - before < N ? -1 : (now() - t) / N;
}

static void row(const char *what, const struct cap_out_opts *o)
{
	double sends[ROUNDS], whole[ROUNDS], writes[ROUNDS];
	struct cap_outputs *h = cap_outputs__new(NULL);
	int fd = open("lines", O_CREAT | O_WRONLY | O_APPEND, 0600);
	struct err err = { 0 };

	if (cap_outputs__add(h, o, &err) || cap_outputs__start(h, &err)) {
		printf("%s: %s\n", what, err.msg);
		goto out;
	}
	for (int i = 0; i < ROUNDS; i++) {
		writes[i] = write_lines(fd);
		whole[i] = deliver(h, &sends[i]);
		if (whole[i] < 0) {
			printf("%s: not delivered within a minute\n", what);
			goto out;
		}
	}
	{
		double s = median(sends), w = median(writes), d = median(whole);

		printf("handing over an alert, %s | %.2f us | %.2f us for write(2) of the line | %.2f\n", what, s / 1e3,
		       w / 1e3, s / w);
		printf("delivering it, %s | %.0f/s | %.0f/s | %.2f\n", what, 1e9 / d, 1e9 / w, w / d);
	}
out:
	cap_outputs__stop(h, 0);
	cap_outputs__free(h);
	close(fd);
}

/* --- Receivers -------------------------------------------------------------------------------------------- */

static void on_alert(void *arg, const struct cap_serve_request *rq, struct cap_serve_reply *re)
{
	(void)arg, (void)rq;
	re->status = 204;
}

static struct cap_serve *server(char url[64])
{
	struct cap_serve *s = NULL;
	struct err err = { 0 };

	if (cap_serve__new(&s, &(struct cap_serve_opts){ .listen = "127.0.0.1:0" }, NULL, &err))
		exit(1);
	cap_serve__route(s, &(struct cap_serve_route){ .method = "POST", .path = "/", .fn = on_alert });
	if (cap_serve__start(s, &err))
		exit(1);
	snprintf(url, 64, "http://127.0.0.1:%u/", cap_serve__port(s));
	return s;
}

static void *swallow(void *arg)
{
	char b[8192];

	while (recv(*(int *)arg, b, sizeof(b), 0) > 0)
		;
	return NULL;
}

static int log_socket(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "log.sock" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (bind(fd, (struct sockaddr *)&a, sizeof(a)))
		exit(1);
	return fd;
}

int main(void)
{
	static const char *const cat[] = { "/bin/sh", "-c", "exec cat >/dev/null", NULL };
	struct cap_serve *s;
	char url[64];
	int fd = log_socket();
	pthread_t t;

	make_alert();
	s = server(url);
	pthread_create(&t, NULL, swallow, &fd);
	row("file", &(struct cap_out_opts){ .kind = CAP_OUT_FILE, .name = "o", .path = "alerts" });
	row("syslog's socket", &(struct cap_out_opts){ .kind = CAP_OUT_SYSLOG, .name = "o", .path = "log.sock" });
	row("program", &(struct cap_out_opts){ .kind = CAP_OUT_PROGRAM, .name = "o", .command = cat });
	row("http", &(struct cap_out_opts){ .kind = CAP_OUT_HTTP, .name = "o", .url = url });
	row("http with spool", &(struct cap_out_opts){ .kind = CAP_OUT_HTTP, .name = "o", .url = url, .spool_dir = "q" });
	if (getenv("SPOOR_BENCH_NATS"))
		row("nats", &(struct cap_out_opts){ .kind = CAP_OUT_NATS, .name = "o", .url = getenv("SPOOR_BENCH_NATS") });
	else
		printf("nats: set SPOOR_BENCH_NATS to a server's URL to measure it\n");
	shutdown(fd, SHUT_RDWR);
	pthread_join(t, NULL);
	close(fd);
	cap_serve__free(s);
	return 0;
}
