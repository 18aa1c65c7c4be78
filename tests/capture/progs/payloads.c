// SPDX-License-Identifier: Apache-2.0
/*
 * payloads DIR - moves 3,000 bytes at a time through files, pipes, a terminal and sockets, by every kind
 * of call, for recordings with exceptions to the snap length. Prints "FD WHAT" for each. The UDP port to use is
 * in DIR/port; the files are DIR/in/a, in/deep/b, inner (a name that begins like "in"), outside.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>

#define N 3000

static char data[N];

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static void say(int fd, const char *what)
{
	printf("%d %s\n", fd, what);
}

static int file(const char *name, const char *what)
{
	struct iovec v[2] = { { data, 1000 }, { data + 1000, N - 1000 } };
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);

	must(fd >= 0, name);
	say(fd, what);
	must(write(fd, data, N) == N, "write");
	must(pread(fd, data, N, 0) == N, "pread");
	must(writev(fd, v, 2) == N, "writev");
	must(preadv(fd, v, 2, 0) == N, "preadv");
	return fd;
}

static void terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), fd;
	struct termios t;

	must(master >= 0 && !grantpt(master) && !unlockpt(master), "a terminal");
	fd = open(ptsname(master), O_RDWR | O_NOCTTY);
	must(fd >= 0 && !tcgetattr(fd, &t), "its other end");
	cfmakeraw(&t);
	must(!tcsetattr(fd, TCSANOW, &t), "raw");
	say(fd, "tty");
	must(write(fd, data, N) == N, "to the terminal");
}

static int udp(struct sockaddr_in *a)
{
	socklen_t n = sizeof(*a);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	*a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	must(fd >= 0 && !bind(fd, (struct sockaddr *)a, sizeof(*a)) &&
	     !getsockname(fd, (struct sockaddr *)a, &n), "a socket");
	return fd;
}

/* One that the caller names at each call, and one that the socket is connected to. */
static void sockets(const char *port_file)
{
	struct sockaddr_in at, other;
	struct iovec v = { data, N };
	struct msghdr m = { .msg_name = &at, .msg_namelen = sizeof(at), .msg_iov = &v, .msg_iovlen = 1 };
	int port, to, from = udp(&other), fd;
	FILE *f = fopen(port_file, "r");

	must(f && fscanf(f, "%d", &port) == 1, port_file);
	fclose(f);
	to = socket(AF_INET, SOCK_DGRAM, 0);
	at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	must(!bind(to, (struct sockaddr *)&at, sizeof(at)), "the port");
	say(from, "named");
	must(sendto(from, data, N, 0, (struct sockaddr *)&at, sizeof(at)) == N, "sendto");
	must(sendmsg(from, &m, 0) == N, "sendmsg");
	say(to, "bound");
	must(recv(to, data, N, 0) == N && recv(to, data, N, 0) == N, "recv");
	fd = udp(&(struct sockaddr_in){ 0 });
	must(!connect(fd, (struct sockaddr *)&at, sizeof(at)), "connect");
	say(fd, "connected");
	must(write(fd, data, N) == N, "write");
	say(socket(AF_INET, SOCK_DGRAM, 0), "unused");
	fd = udp(&at);
	say(fd, "elsewhere");
	must(sendto(fd, data, N, 0, (struct sockaddr *)&at, sizeof(at)) == N, "sendto");
}

int main(int argc, char **argv)
{
	int p[2], fd;

	if (argc != 2 || chdir(argv[1]))
		return 2;
	memset(data, 'x', N);
	mkdir("in", 0700);
	mkdir("in/deep", 0700);
	fd = file("in/a", "in");
	file("in/deep/b", "below");
	file("inner", "inner");
	file("outside", "outside");
	must(!rename("in/a", "moved"), "rename");
	must(write(fd, data, 2000) == 2000, "the renamed file");
	must(!rename("outside", "in/a"), "rename");
	must(!pipe(p), "pipe");
	say(p[0], "out-of-pipe");
	say(p[1], "pipe");
	must(write(p[1], data, N) == N, "to the pipe");
	must(dup2(p[1], 100) == 100 && read(p[0], data, N) == N, "dup2");
	say(100, "hundred");
	must(write(100, data, N) == N, "to descriptor 100");
	terminal();
	sockets("port");
	return 0;
}
