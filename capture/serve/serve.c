// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "capture/privilege.h"
#include "capture/serve/serve_internal.h"
#include "capture/thread.h"
#include "engine/config/config.h"
#include "format/base/log.h"
#include "format/base/text.h"

#define PEM_MAX (1u << 20)
#define IDLE_S 10		/* of a connection that says nothing */
#define CONNECTION_MEMORY 32768	/* request line and headers */
#define SWEEP_MS 500
#define DRAIN_NS 1000000000u
#define DRAIN_LOOK_MS 20

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* --- Making ---------------------------------------------------------------------------------------- */

static const char *keep(struct cap_serve *s, const char *text)
{
	return text ? arena__strndup(&s->mem, text, strlen(text)) : NULL;
}

static int read_text(const char *path, char **ret, struct err *err)
{
	struct buf b = { 0 };
	ssize_t n = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = fd < 0 ? -errno : 0;

	while (!rc && b.len <= PEM_MAX) {
		buf__reserve(&b, 4096);
		n = read(fd, b.p + b.len, 4096);
		if (n <= 0)
			break;
		b.len += (size_t)n;
	}
	if (!rc && n < 0)
		rc = -errno;
	if (!rc && b.len > PEM_MAX)
		rc = -EFBIG;
	if (fd >= 0)
		close(fd);
	if (rc) {
		err__file(err, path);
		err__set(err, rc, "cannot read it: %s", strerror(-rc));
	} else {
		*ret = xmemdup0(b.p, b.len);
	}
	buf__done(&b);
	return rc;
}

static int read_files(struct cap_serve *s, struct err *err)
{
	const struct cap_serve_opts *o = &s->o;
	int rc = 0;

	if (!o->cert_file != !o->key_file)
		return err__set(err, -EINVAL, "TLS needs a certificate and a key, both");
	if (o->client_ca_file && !o->cert_file)
		return err__set(err, -EINVAL, "certificates of clients need TLS: a certificate and a key");
	if (o->token_file)
		rc = cfg_secret__read(o->token_file, &s->token, err);
	if (!rc && o->cert_file)
		rc = read_text(o->cert_file, &s->cert, err);
	if (!rc && o->key_file)
		rc = read_text(o->key_file, &s->key, err);
	if (!rc && o->client_ca_file)
		rc = read_text(o->client_ca_file, &s->client_ca, err);
	return rc;
}

static int check_lock(struct cap_serve *s, struct err *err)
{
	if (s->is_unix || s->is_loopback)
		return 0;
	if (!s->token && !s->client_ca)
		return err__set(err, -EPERM, "%s can be reached from other machines: that needs a token, or TLS with the authority "
				"of the clients' certificates", s->o.listen);
	if (s->token && !s->cert)
		log_warn("%s: without TLS the token can be read on the network", s->o.listen);
	return 0;
}

int cap_serve__new(struct cap_serve **ret, const struct cap_serve_opts *o, struct cap_metrics *metrics, struct err *err)
{
	struct cap_serve *s = xcalloc(1, sizeof(*s));
	int rc;

	s->fd = -1;
	s->metrics = metrics;
	s->o = *o;
	s->o.listen = keep(s, o->listen ? o->listen : "127.0.0.1:9376");
	s->o.token_file = keep(s, o->token_file);
	s->o.cert_file = keep(s, o->cert_file);
	s->o.key_file = keep(s, o->key_file);
	s->o.client_ca_file = keep(s, o->client_ca_file);
	if (!s->o.max_connections)
		s->o.max_connections = 64;
	if (!s->o.time_ns)
		s->o.time_ns = CAP_SERVE_TIME_NS;
	if (!s->o.socket_mode)
		s->o.socket_mode = 0660;
	rc = serve__resolve(s, err);
	if (!rc)
		rc = read_files(s, err);
	if (!rc)
		rc = check_lock(s, err);
	if (rc) {
		cap_serve__free(s);
		return rc;
	}
	*ret = s;
	return 0;
}

void cap_serve__route(struct cap_serve *s, const struct cap_serve_route *r)
{
	struct cap_serve_route *to;

	s->routes = xgrow(s->routes, &s->cap_routes, s->n_routes + 1, sizeof(*s->routes));
	to = &s->routes[s->n_routes++];
	*to = *r;
	to->method = keep(s, r->method);
	to->path = keep(s, r->path);
	if (!to->max_body)
		to->max_body = CAP_SERVE_BODY_MAX;
}

/* --- Connections, and the time they may take --------------------------------------------------------- */

static void on_connection(void *arg, struct MHD_Connection *c, void **own, enum MHD_ConnectionNotificationCode what)
{
	struct cap_serve *s = arg;
	struct serve_conn *k = *own;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		k = xcalloc(1, sizeof(*k));
		k->fd = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
		k->since_ns = now_ns();
		k->next = s->conns;
		if (k->next)
			k->next->prev = k;
		s->conns = k;
		*own = k;
	} else if (k) {
		if (k->prev)
			k->prev->next = k->next;
		else
			s->conns = k->next;
		if (k->next)
			k->next->prev = k->prev;
		free(k);
		*own = NULL;
	}
}

/* Who sends one byte every few seconds is never idle: what takes too long in all is cut off. */
static void sweep(struct cap_serve *s)
{
	uint64_t now = now_ns();

	for (struct serve_conn *k = s->conns; k; k = k->next)
		if (!k->cut && now - k->since_ns > s->o.time_ns) {
			k->cut = true;
			shutdown(k->fd, SHUT_RDWR);
		}
}

/* In the server's thread: another one has the socket now. */
static void drain(struct cap_serve *s)
{
	uint64_t until = now_ns() + DRAIN_NS;
	int fd = MHD_quiesce_daemon(s->daemon);

	if (fd >= 0)
		close(fd);
	while (s->conns && now_ns() < until && MHD_run_wait(s->daemon, DRAIN_LOOK_MS) == MHD_YES)
		sweep(s);
}

static void *run(void *arg)
{
	struct cap_serve *s = arg;

	cap_privilege__confine(CAP_ROLE_SERVE, NULL);
	while (!atomic_load(&s->stop)) {
		if (MHD_run_wait(s->daemon, SWEEP_MS) != MHD_YES) {
			log_error("the server on %s has ended", s->o.listen);
			break;
		}
		sweep(s);
	}
	if (s->drain)
		drain(s);
	return NULL;
}

/* MHD's own messages: of connections that break, which are the other side's business. */
static void on_log(void *arg, const char *fmt, va_list ap)
{
	char msg[256];
	size_t n;

	(void)arg;
	vsnprintf(msg, sizeof(msg), fmt, ap);
	n = strlen(msg);
	if (n && msg[n - 1] == '\n')
		msg[n - 1] = 0;
	log_debug("http: %s", msg);
}

static int start_daemon(struct cap_serve *s, struct err *err)
{
	struct MHD_OptionItem tls[4] = { { MHD_OPTION_END, 0, NULL } };
	unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG | (s->cert ? MHD_USE_TLS : 0);
	int n = 0;

	if (s->cert) {
		tls[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, s->cert };
		tls[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, s->key };
		if (s->client_ca)
			tls[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_TRUST, 0, s->client_ca };
		tls[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	}
	s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, serve__on_request, s,
		MHD_OPTION_EXTERNAL_LOGGER, on_log, s,
		MHD_OPTION_LISTEN_SOCKET, s->fd,
		MHD_OPTION_CONNECTION_LIMIT, s->o.max_connections,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, s->is_unix ? 0 : (s->o.max_connections + 1) / 2,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
		MHD_OPTION_NOTIFY_COMPLETED, serve__on_done, s,
		MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
		MHD_OPTION_ARRAY, tls,
		MHD_OPTION_END);
	if (!s->daemon)
		return err__set(err, -EINVAL, "cannot serve on %s%s", s->o.listen,
				s->cert ? ": is the key that of the certificate, both PEM?" : "");
	s->fd = -1;
	return 0;
}

static int start(struct cap_serve *s, struct err *err)
{
	int rc = start_daemon(s, err);

	if (rc)
		return rc;
	rc = cap_thread__start(&s->thread, run, s);
	if (rc)
		return err__set(err, rc, "cannot start the thread of the server: %s", strerror(-rc));
	s->started = true;
	return 0;
}

int cap_serve__start(struct cap_serve *s, struct err *err)
{
	int rc = serve__listen(s, err);

	return rc ? rc : start(s, err);
}

/* --- In the place of another --------------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

bool cap_serve__same(const struct cap_serve *a, const struct cap_serve *b)
{
	bool same = a && b && !strcmp(a->o.listen, b->o.listen) && a->o.socket_mode == b->o.socket_mode &&
		    a->o.max_connections == b->o.max_connections && a->o.time_ns == b->o.time_ns &&
		    same_text(a->token, b->token) && same_text(a->cert, b->cert) && same_text(a->key, b->key) &&
		    same_text(a->client_ca, b->client_ca) && a->n_routes == b->n_routes;

	for (size_t i = 0; same && i < a->n_routes; i++)
		same = !strcmp(a->routes[i].path, b->routes[i].path) && !strcmp(a->routes[i].method, b->routes[i].method);
	return same;
}

int cap_serve__start_beside(struct cap_serve *s, struct cap_serve *before, struct err *err)
{
	const union MHD_DaemonInfo *info;

	if (!before || strcmp(s->o.listen, before->o.listen))
		return cap_serve__start(s, err);
	info = MHD_get_daemon_info(before->daemon, MHD_DAEMON_INFO_LISTEN_FD);
	s->fd = info ? fcntl(info->listen_fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (s->fd < 0)
		return err__set(err, -EMFILE, "cannot listen on %s: no more descriptors", s->o.listen);
	s->port = before->port;
	return start(s, err);
}

void cap_serve__take_over(struct cap_serve *s, struct cap_serve *before)
{
	if (!before)
		return;
	if (s && !strcmp(s->o.listen, before->o.listen)) {
		s->bound = before->bound;
		before->bound = false;
		if (s->bound)
			chmod(((struct sockaddr_un *)&s->addr)->sun_path, s->o.socket_mode);
	}
	before->drain = true;
	cap_serve__free(before);
}

void cap_serve__free(struct cap_serve *s)
{
	if (!s)
		return;
	atomic_store(&s->stop, true);
	if (s->started)
		pthread_join(s->thread, NULL);
	if (s->daemon)
		MHD_stop_daemon(s->daemon);
	if (s->fd >= 0)
		close(s->fd);
	if (s->bound)
		unlink(((struct sockaddr_un *)&s->addr)->sun_path);
	if (s->token)
		explicit_bzero(s->token, strlen(s->token));
	if (s->key)
		explicit_bzero(s->key, strlen(s->key));
	free(s->token);
	free(s->cert);
	free(s->key);
	free(s->client_ca);
	free(s->routes);
	arena__done(&s->mem);
	free(s);
}

unsigned cap_serve__port(const struct cap_serve *s)
{
	return s->port;
}

void cap_serve_reply__error(struct cap_serve_reply *re, unsigned status, const char *fmt, ...)
{
	char msg[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	re->status = status;
	re->body.len = 0;
	buf__puts(&re->body, "{\"error\": \"");
	text__json(&re->body, msg, strlen(msg));
	buf__puts(&re->body, "\"}\n");
}
