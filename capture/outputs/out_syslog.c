// SPDX-License-Identifier: Apache-2.0
/*
 * Alerts to syslog: the machine's own by its socket, in the form that syslog(3) sends (RFC 3164 without host name), or
 * another one's by UDP (RFC 5426) or TCP with counted octets (RFC 6587, 3.4.1) in the form of RFC 5424.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "capture/machine.h"
#include "capture/outputs/out_output.h"
#include "format/base/text.h"

#define MESSAGE_MAX 8192	/* what syslog daemons take by default; a longer message is cut */
#define CUT " [cut]"

enum transport { LOCAL, UDP, TCP };

struct sink {
	enum transport transport;
	int fd;
	unsigned facility;
	char host[256], port[32];
	char machine[256];
	struct buf msg;
};

static const struct {
	const char *name;
	int value;
} facilities[] = {
	{ "kern", LOG_KERN }, { "user", LOG_USER }, { "mail", LOG_MAIL }, { "daemon", LOG_DAEMON }, { "auth", LOG_AUTH },
	{ "syslog", LOG_SYSLOG }, { "lpr", LOG_LPR }, { "news", LOG_NEWS }, { "uucp", LOG_UUCP }, { "cron", LOG_CRON },
	{ "authpriv", LOG_AUTHPRIV }, { "ftp", LOG_FTP }, { "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 },
	{ "local2", LOG_LOCAL2 }, { "local3", LOG_LOCAL3 }, { "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 },
	{ "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },
};

static int find_facility(struct sink *s, const char *name, struct err *err)
{
	for (size_t i = 0; i < sizeof(facilities) / sizeof(*facilities); i++)
		if (!strcmp(facilities[i].name, name)) {
			s->facility = (unsigned)facilities[i].value;
			return 0;
		}
	return err__set(err, -EINVAL, "'%s' is no facility of syslog: daemon, auth, authpriv, user, local0 to local7, ...",
			name);
}

/* udp://HOST:PORT, tcp://HOST:PORT; an IPv6 address in brackets. */
static int split_address(struct sink *s, const char *address, struct err *err)
{
	const char *host = address + 6, *colon;
	size_t n;

	if (!strncmp(address, "udp://", 6))
		s->transport = UDP;
	else if (!strncmp(address, "tcp://", 6))
		s->transport = TCP;
	else
		goto wrong;
	colon = strrchr(host, ':');
	if (!colon || colon == host || !colon[1] || strlen(colon + 1) >= sizeof(s->port))
		goto wrong;
	n = (size_t)(colon - host);
	if (*host == '[' && colon[-1] == ']')
		host++, n -= 2;
	if (n >= sizeof(s->host))
		goto wrong;
	memcpy(s->host, host, n);
	strcpy(s->port, colon + 1);
	return 0;
wrong:
	return err__set(err, -EINVAL, "'%s' is no address of a syslog: udp://HOST:PORT or tcp://HOST:PORT", address);
}

static int syslog__open(struct output *o, struct err *err)
{
	struct sink *s = xcalloc(1, sizeof(*s));
	int rc;

	o->state = s;
	s->fd = -1;
	if (!o->o.path)
		o->o.path = "/dev/log";
	cap_machine__name(s->machine);
	if (!*s->machine)
		strcpy(s->machine, "-");
	rc = find_facility(s, o->o.facility ? o->o.facility : "daemon", err);
	if (!rc && strlen(o->o.path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		rc = err__set(err, -EINVAL, "the path of a socket is shorter: '%s'", o->o.path);
	if (!rc && o->o.address)
		rc = split_address(s, o->o.address, err);
	return rc;
}

/* --- Connecting ------------------------------------------------------------------------------------- */

static int connect_local(struct output *o, struct sink *s)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	strncpy(a.sun_path, o->o.path, sizeof(a.sun_path) - 1);
	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return s->fd < 0 || connect(s->fd, (struct sockaddr *)&a, sizeof(a)) ? -errno : 0;
}

/* Wait until fd can be written to, at most until the deadline. */
static int wait_writable(struct output *o, int fd, uint64_t deadline_ns)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	while (!atomic_load(&o->abandon) && out_now() < deadline_ns)
		if (poll(&p, 1, 100) > 0)
			return 0;
	return atomic_load(&o->abandon) ? -ECANCELED : -ETIMEDOUT;
}

static int connect_one(struct output *o, struct sink *s, const struct addrinfo *a)
{
	socklen_t n = sizeof(int);
	int rc = 0, e = 0;

	s->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
	if (s->fd < 0)
		return -errno;
	if (connect(s->fd, a->ai_addr, a->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		rc = -errno;
	if (!rc)
		rc = wait_writable(o, s->fd, out_now() + o->o.timeout_ns);
	if (!rc)
		rc = getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &e, &n) ? -errno : -e;
	return rc;
}

static void hang_up(struct sink *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}

static int connect_remote(struct output *o, struct sink *s)
{
	struct addrinfo hints = { .ai_socktype = s->transport == UDP ? SOCK_DGRAM : SOCK_STREAM }, *list;
	int rc;

	if (getaddrinfo(s->host, s->port, &hints, &list))
		return -EHOSTUNREACH;
	rc = -EHOSTUNREACH;
	for (const struct addrinfo *a = list; a && rc && rc != -ECANCELED; a = a->ai_next) {
		hang_up(s);
		rc = connect_one(o, s, a);
	}
	freeaddrinfo(list);
	return rc;
}

/* --- Messages --------------------------------------------------------------------------------------- */

static void add_head(const struct output *o, struct sink *s, const struct out_record *r)
{
	unsigned pri = s->facility | (unsigned)r->priority;	/* Falco's priorities are syslog's severities */
	time_t sec = (time_t)(r->time_ns / 1000000000ull);
	char when[40];
	struct tm tm;

	(void)o;
	if (s->transport == LOCAL) {
		localtime_r(&sec, &tm);
		strftime(when, sizeof(when), "%b %e %T", &tm);
		buf__printf(&s->msg, "<%u>%s spoor[%d]: ", pri, when, (int)getpid());
		return;
	}
	gmtime_r(&sec, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	buf__printf(&s->msg, "<%u>1 %s.%06uZ %s spoor %d alert - ", pri, when,
		    (unsigned)(r->time_ns % 1000000000ull / 1000), s->machine, (int)getpid());
}

static void make_message(const struct output *o, struct sink *s, const struct out_record *r)
{
	size_t end = MESSAGE_MAX - sizeof(CUT);

	s->msg.len = 0;
	add_head(o, s, r);
	out_line(o, r, &s->msg);
	s->msg.len--;	/* the newline */
	if (s->msg.len > end) {
		while (end && (s->msg.p[end] & 0xc0) == 0x80)
			end--;
		s->msg.len = end;
		buf__puts(&s->msg, CUT);
	}
	if (s->transport == TCP) {
		char count[16];
		int n = snprintf(count, sizeof(count), "%zu ", s->msg.len);

		buf__reserve(&s->msg, (size_t)n);
		memmove(s->msg.p + n, s->msg.p, s->msg.len);
		memcpy(s->msg.p, count, (size_t)n);
		s->msg.len += (size_t)n;
	}
}

static int send_message(struct output *o, struct sink *s)
{
	uint64_t deadline = out_now() + o->o.timeout_ns;
	size_t done = 0;
	int rc = 0;

	while (!rc && done < s->msg.len) {
		ssize_t n = send(s->fd, s->msg.p + done, s->msg.len - done, MSG_NOSIGNAL);

		if (n >= 0)
			done += (size_t)n;
		else if (errno == EAGAIN || errno == ENOBUFS)
			rc = wait_writable(o, s->fd, deadline);
		else if (errno != EINTR)
			rc = -errno;
	}
	return rc;
}

/* The other side has hung up: what is sent now would be taken by our kernel and lost without an error. */
static bool is_dead(const struct sink *s)
{
	char c;

	return s->transport == TCP && s->fd >= 0 && recv(s->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static enum out_verdict syslog__deliver(struct output *o, const struct out_record *r, struct out_try *t)
{
	struct sink *s = o->state;
	int rc = 0;

	make_message(o, s, r);
	if (is_dead(s))
		hang_up(s);
	/* A daemon that was restarted leaves a dead socket behind: that is tried anew at once. */
	for (int i = 0; i < 2; i++) {
		bool fresh = s->fd < 0;

		if (fresh)
			rc = s->transport == LOCAL ? connect_local(o, s) : connect_remote(o, s);
		if (!rc)
			rc = send_message(o, s);
		if (!rc)
			return OUT_OK;
		hang_up(s);
		if (fresh || rc == -ETIMEDOUT || rc == -ECANCELED)
			break;
		rc = 0;
	}
	return out_try__say(t, OUT_RETRY, "syslog at %s: %s", o->o.address ? o->o.address : o->o.path, strerror(-rc));
}

static void syslog__close(struct output *o)
{
	struct sink *s = o->state;

	if (!s)
		return;
	hang_up(s);
	buf__done(&s->msg);
	free(s);
}

const struct out_ops out_syslog_ops = { .open = syslog__open, .deliver = syslog__deliver, .close = syslog__close };
