// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "capture/serve/serve_internal.h"

#define BACKLOG 64

static bool is_loopback(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
	return a->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

static int resolve_unix(struct cap_serve *s, const char *path, struct err *err)
{
	struct sockaddr_un *u = (struct sockaddr_un *)&s->addr;

	if (*path != '/' || strlen(path) >= sizeof(u->sun_path))
		return err__set(err, -EINVAL, "'%s' is no socket to listen on: unix: and a whole path of at most %zu bytes",
				s->o.listen, sizeof(u->sun_path) - 1);
	u->sun_family = AF_UNIX;
	strcpy(u->sun_path, path);
	s->addr_len = sizeof(*u);
	s->is_unix = true;
	return 0;
}

int serve__resolve(struct cap_serve *s, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV }, *list;
	const char *listen_on = s->o.listen, *colon;
	char *host = s->host;
	size_t n;
	int rc;

	if (!strncmp(listen_on, "unix:", 5))
		return resolve_unix(s, listen_on + 5, err);
	colon = strrchr(listen_on, ':');
	n = colon ? (size_t)(colon - listen_on) : 0;
	if (!n || n >= sizeof(s->host) || !colon[1])
		return err__set(err, -EINVAL, "'%s' is no address to listen on: HOST:PORT or unix:/PATH", listen_on);
	if (*listen_on == '[' && colon[-1] == ']')
		listen_on++, n -= 2;
	memcpy(host, listen_on, n);
	host[n] = 0;
	rc = getaddrinfo(host, colon + 1, &hints, &list);
	if (rc)
		return err__set(err, -EINVAL, "cannot listen on '%s': %s", s->o.listen, gai_strerror(rc));
	memcpy(&s->addr, list->ai_addr, list->ai_addrlen);
	s->addr_len = list->ai_addrlen;
	s->is_loopback = is_loopback(list->ai_addr);
	freeaddrinfo(list);
	return 0;
}

/* A socket that nobody listens on any more is one that a crash has left behind. */
static int remove_stale(const struct cap_serve *s)
{
	const char *path = ((const struct sockaddr_un *)&s->addr)->sun_path;
	struct stat st;
	int fd, rc;

	if (lstat(path, &st))
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	rc = connect(fd, (const struct sockaddr *)&s->addr, s->addr_len) == 0 || errno == EAGAIN ? -EADDRINUSE : 0;
	close(fd);
	return rc ? rc : unlink(path) ? -errno : 0;
}

static int bind_it(struct cap_serve *s)
{
	const struct sockaddr *a = (const struct sockaddr *)&s->addr;
	int on = 1, rc = 0;

	if (!s->is_unix) {
		setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
		return bind(s->fd, a, s->addr_len) ? -errno : 0;
	}
	rc = remove_stale(s);
	if (rc)
		return rc;
	/* The file takes the mode of the socket: nobody gets in before it has an owner's. */
	if (fchmod(s->fd, 0) || bind(s->fd, a, s->addr_len))
		return -errno;
	s->bound = true;
	return chmod(((const struct sockaddr_un *)a)->sun_path, s->o.socket_mode) ? -errno : 0;
}

int serve__listen(struct cap_serve *s, struct err *err)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);
	int rc = 0;

	s->fd = socket(s->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		rc = -errno;
	if (!rc)
		rc = bind_it(s);
	if (!rc && (listen(s->fd, BACKLOG) || getsockname(s->fd, (struct sockaddr *)&a, &n)))
		rc = -errno;
	if (rc)
		return err__set(err, rc, "cannot listen on %s: %s", s->o.listen, strerror(-rc));
	if (!s->is_unix)
		s->port = ntohs(a.ss_family == AF_INET ? ((struct sockaddr_in *)&a)->sin_port
						       : ((struct sockaddr_in6 *)&a)->sin6_port);
	return 0;
}

void serve__peer(const struct sockaddr *a, char text[64])
{
	strcpy(text, "unix");
	if (a && a->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)a)->sin_addr, text, 64);
	else if (a && a->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)a)->sin6_addr, text, 64);
}
