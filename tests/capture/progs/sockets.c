// SPDX-License-Identifier: Apache-2.0
/*
 * sockets PATH: opens sockets of several kinds, a unix one bound to PATH, prints the jq conditions that their rows in a
 * keyframe must satisfy, and waits to be killed.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int port_of(int fd)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	getsockname(fd, (struct sockaddr *)&a, &n);
	return ntohs(a.sin_port);
}

static void row(int fd, const char *type, const char *more)
{
	printf(".type == \"state_fd\" and .process.pid == %d and .args.fd == %d and "
	       ".args.type == \"%s\"%s\n", getpid(), fd, type, more);
}

int main(int argc, char **argv)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int s = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0);
	int u = socket(AF_UNIX, SOCK_STREAM, 0), ucl = socket(AF_UNIX, SOCK_STREAM, 0), d, port, p[2];
	char more[512];

	if (argc < 2 || strlen(argv[1]) >= sizeof(un.sun_path))
		return 1;
	strcpy(un.sun_path, argv[1]);
	if (bind(s, (struct sockaddr *)&a, sizeof(a)) || listen(s, 1))
		return 1;
	port = port_of(s);
	a.sin_port = htons((unsigned short)port);
	if (connect(c, (struct sockaddr *)&a, sizeof(a)))
		return 1;
	d = accept(s, NULL, NULL);
	if (bind(u, (struct sockaddr *)&un, sizeof(un)) || listen(u, 1) ||
	    connect(ucl, (struct sockaddr *)&un, sizeof(un)) || pipe(p))
		return 1;
	snprintf(more, sizeof(more), " and .args.role == \"server\" and "
		 "(.args.tuple | endswith(\"127.0.0.1:%d\"))", port);
	row(s, "ipv4_listen", more);
	snprintf(more, sizeof(more), " and .args.role == \"client\" and .args.connected and "
		 ".args.tuple == \"127.0.0.1:%d->127.0.0.1:%d\" and .args.l4 == \"tcp\"", port_of(c), port);
	row(c, "ipv4", more);
	snprintf(more, sizeof(more), " and .args.role == \"server\" and "
		 ".args.tuple == \"127.0.0.1:%d->127.0.0.1:%d\"", port_of(c), port);
	row(d, "ipv4", more);
	snprintf(more, sizeof(more), " and (.args.name | endswith(\" %s\"))", argv[1]);
	row(u, "unix", more);
	row(ucl, "unix", more);
	row(p[0], "fifo", " and (.args.name | startswith(\"pipe:[\"))");
	row(eventfd(0, 0), "event", "");
	row(epoll_create1(0), "eventpoll", " and .args.name == \"anon_inode:[eventpoll]\"");
	fflush(stdout);
	pause();
	return 0;
}
