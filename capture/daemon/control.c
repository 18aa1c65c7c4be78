// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "capture/daemon/control.h"
#include "format/base/text.h"

struct client {
	int fd;				/* -1: free */
	struct buf in, out;
	size_t sent;
	uint64_t wait;			/* of an answer to come */
	enum { ASKS, WAITS, TAKES } state;
	uint64_t deadline;
};

struct cap_control {
	struct cap_control_ops ops;
	char *path;
	int fd;
	struct client clients[CAP_CONTROL_MAX_CLIENTS];
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void cap_control__error(struct buf *out, const char *fmt, ...)
{
	char msg[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	buf__puts(out, "{\"ok\": false, \"error\": \"");
	text__json(out, msg, strlen(msg));
	buf__puts(out, "\"}");
}

/* --- the socket ------------------------------------------------------------------------------- */

static int set_address(struct sockaddr_un *a, const char *path, struct err *err)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(a->sun_path))
		return err__set(err, -ENAMETOOLONG, "%s: the path of a socket has at most %zu bytes", path,
				sizeof(a->sun_path) - 1);
	strcpy(a->sun_path, path);
	return 0;
}

static bool is_listened_to(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes = !connect(fd, (const struct sockaddr *)a, sizeof(*a)) || errno == EAGAIN;

	close(fd);
	return yes;
}

static int give_to_group(const char *path, const char *name, struct err *err)
{
	struct group *g = name ? getgrnam(name) : NULL;

	if (!name)
		return 0;
	if (!g)
		return err__set(err, -FMT_E_UNKNOWN, "there is no group '%s' for the control socket", name);
	if (chown(path, (uid_t)-1, g->gr_gid) || chmod(path, 0660))
		return err__set(err, -errno, "%s: cannot be given to group %s: %s", path, name, strerror(errno));
	return 0;
}

static int listen_on(struct cap_control *c, const struct cap_control_conf *o, struct err *err)
{
	struct sockaddr_un a;
	struct stat st;
	mode_t old;
	int r = set_address(&a, o->socket, err);

	if (r)
		return r;
	if (!lstat(o->socket, &st) && S_ISSOCK(st.st_mode)) {
		if (is_listened_to(&a))
			return err__set(err, -EADDRINUSE, "%s: a daemon listens there already", o->socket);
		unlink(o->socket);
	}
	c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	old = umask(0177);		/* 0600 from its first moment */
	r = c->fd < 0 || bind(c->fd, (struct sockaddr *)&a, sizeof(a)) || listen(c->fd, 16) ? -errno : 0;
	umask(old);
	if (r)
		return err__set(err, r, "%s: cannot listen there: %s", o->socket, strerror(-r));
	c->path = xstrdup(o->socket);
	return give_to_group(o->socket, o->group, err);
}

int cap_control__open(struct cap_control **ret, const struct cap_control_conf *o, const struct cap_control_ops *ops,
		      struct err *err)
{
	struct cap_control *c = xcalloc(1, sizeof(*c));
	int r;

	c->ops = *ops;
	c->fd = -1;
	for (unsigned i = 0; i < CAP_CONTROL_MAX_CLIENTS; i++)
		c->clients[i].fd = -1;
	r = listen_on(c, o, err);
	if (r)
		cap_control__close(c);
	else
		*ret = c;
	return r;
}

static void drop(struct client *cl)
{
	close(cl->fd);
	buf__done(&cl->in);
	buf__done(&cl->out);
	*cl = (struct client){ .fd = -1 };
}

void cap_control__close(struct cap_control *c)
{
	if (!c)
		return;
	for (unsigned i = 0; i < CAP_CONTROL_MAX_CLIENTS; i++)
		if (c->clients[i].fd >= 0)
			drop(&c->clients[i]);
	if (c->path)
		unlink(c->path);
	if (c->fd >= 0)
		close(c->fd);
	free(c->path);
	free(c);
}

/* --- clients ---------------------------------------------------------------------------------- */

static void take_client(struct cap_control *c, int fd)
{
	for (unsigned i = 0; i < CAP_CONTROL_MAX_CLIENTS; i++) {
		if (c->clients[i].fd >= 0)
			continue;
		c->clients[i].fd = fd;
		c->clients[i].deadline = now_ns() + CAP_CONTROL_IDLE_NS;
		return;
	}
	close(fd);
}

static void take_clients(struct cap_control *c)
{
	int fd;

	while ((fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
		take_client(c, fd);
}

static void begin_answer(struct client *cl)
{
	buf__u8(&cl->out, '\n');
	cl->state = TAKES;
	cl->deadline = now_ns() + CAP_CONTROL_IDLE_NS;
}

static void handle_line(struct cap_control *c, struct client *cl, size_t len)
{
	struct eng_control_request rq;
	struct err err = { 0 };
	struct ucred u = { 0 };
	socklen_t n = sizeof(u);
	struct cap_peer who;
	bool done = true;

	getsockopt(cl->fd, SOL_SOCKET, SO_PEERCRED, &u, &n);
	who = (struct cap_peer){ (uint32_t)u.pid, u.uid };
	if (eng_control_request__parse((char *)cl->in.p, len, &rq, &err)) {
		cap_control__error(&cl->out, "%s", err.msg);
	} else {
		done = c->ops.answer(c->ops.arg, &who, &rq, &cl->wait, &cl->out);
		eng_control_request__done(&rq);
	}
	if (done)
		begin_answer(cl);
	else
		cl->state = WAITS;
}

static void take_request(struct cap_control *c, struct client *cl)
{
	char chunk[4096], *end;
	ssize_t n = read(cl->fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(cl);
		return;
	}
	if (cl->state != ASKS)		/* it has asked: the rest is not looked at */
		return;
	buf__add(&cl->in, chunk, (size_t)n);
	end = memchr(cl->in.p, '\n', cl->in.len);
	if (end) {
		handle_line(c, cl, (size_t)(end - (char *)cl->in.p));
	} else if (cl->in.len > ENG_CONTROL_LINE_MAX) {
		cap_control__error(&cl->out, "a request has at most %u bytes", ENG_CONTROL_LINE_MAX);
		begin_answer(cl);
	}
}

static void send_answer(struct client *cl)
{
	ssize_t n = send(cl->fd, cl->out.p + cl->sent, cl->out.len - cl->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n > 0)
		cl->sent += (size_t)n;
	if (cl->sent == cl->out.len || (n < 0 && errno != EAGAIN && errno != EINTR))
		drop(cl);
}

static void serve_client(struct cap_control *c, struct client *cl, short events)
{
	if (events & (POLLIN | POLLHUP | POLLERR))
		take_request(c, cl);
	if (cl->fd >= 0 && cl->state == WAITS && !c->ops.still_waiting(c->ops.arg, cl->wait, &cl->out))
		begin_answer(cl);
	if (cl->fd >= 0 && cl->state == TAKES)
		send_answer(cl);
	if (cl->fd >= 0 && cl->state != WAITS && now_ns() > cl->deadline)
		drop(cl);
}

unsigned cap_control__fds(struct cap_control *c, struct pollfd *fds)
{
	unsigned n = 0;

	fds[n++] = (struct pollfd){ .fd = c->fd, .events = POLLIN };
	for (unsigned i = 0; i < CAP_CONTROL_MAX_CLIENTS; i++) {
		struct client *cl = &c->clients[i];

		if (cl->fd >= 0)
			fds[n++] = (struct pollfd){ .fd = cl->fd,
						    .events = cl->state == TAKES ? POLLIN | POLLOUT : POLLIN };
	}
	return n;
}

void cap_control__serve(struct cap_control *c, const struct pollfd *fds, unsigned n)
{
	for (unsigned i = 0; i < CAP_CONTROL_MAX_CLIENTS; i++) {
		struct client *cl = &c->clients[i];
		short events = 0;

		for (unsigned j = 1; j < n; j++)
			if (cl->fd >= 0 && fds[j].fd == cl->fd)
				events = fds[j].revents;
		if (cl->fd >= 0)
			serve_client(c, cl, events);
	}
	if (n && fds[0].revents & POLLIN)
		take_clients(c);
}

bool cap_control__waiting(const struct cap_control *c)
{
	for (unsigned i = 0; i < CAP_CONTROL_MAX_CLIENTS; i++)
		if (c->clients[i].fd >= 0)
			return true;
	return false;
}
