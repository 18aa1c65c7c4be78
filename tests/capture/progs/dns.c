// SPDX-License-Identifier: Apache-2.0
/*
 * dns: in a network of its own, a name server that answers, and clients that ask it in every way;
 * then a connection to what was answered. Prints the jq conditions that the events must satisfy.
 */
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int server;
static struct sockaddr_in at = { .sin_family = AF_INET };
static uint16_t ids = 100;

static void __attribute__((format(printf, 1, 2))) expect(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
}

static int lo_up(void)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int s = socket(AF_INET, SOCK_DGRAM, 0), e = ioctl(s, SIOCSIFFLAGS, &r);

	close(s);
	return e;
}

static size_t put_question(unsigned char *b, const char *host, int type)
{
	size_t n = 12;

	memset(b, 0, 12);
	ids++;
	b[0] = (unsigned char)(ids >> 8);
	b[1] = (unsigned char)ids;
	b[2] = 1;
	b[5] = 1;
	for (const char *p = host; *p; p += p[strcspn(p, ".")] != 0 ? strcspn(p, ".") + 1 : strlen(p)) {
		size_t len = strcspn(p, ".");

		b[n++] = (unsigned char)len;
		memcpy(b + n, p, len);
		n += len;
	}
	memcpy(b + n, (unsigned char[]){ 0, 0, (unsigned char)type, 0, 1 }, 5);
	return n + 5;
}

/* The server's part: an alias and two addresses for A, none for anything else. */
static void answer(int s, unsigned char *b, size_t n, struct sockaddr_in *to, int last)
{
	b[2] = 0x81;
	b[3] = b[n - 3] == 1 ? 0x80 : 0x83;
	if (b[n - 3] == 1) {
		b[7] = 3;
		memcpy(b + n, "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3cdn\xc0\x0c", 18);
		n += 18;
		for (int i = 0; i < 2; i++, n += 16) {
			memcpy(b + n, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x7f\0\0", 15);
			b[n + 15] = (unsigned char)(last + i);
		}
	}
	sendto(s, b, n, 0, (struct sockaddr *)to, sizeof(*to));
}

static void serve(int last)
{
	struct sockaddr_in from;
	unsigned char b[512];
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(server, b, 400, 0, (struct sockaddr *)&from, &len);

	if (n > 16)
		answer(server, b, (size_t)n, &from, last);
}

static int client(int connected)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0);

	if (connected)
		connect(s, (struct sockaddr *)&at, sizeof(at));
	return s;
}

static void tell(const char *name, int last)
{
	expect(".type == \"dns\" and .process.pid == %d and .args.name == \"%s\" and .args.qtype == "
	       "\"A\" and .args.answer == false and .args.server == \"127.0.0.1:53\" and .args.id == "
	       "\"0x%x\"", getpid(), name, ids);
	expect(".type == \"dns\" and .process.pid == %d and .args.name == \"%s\" and .args.answer == true "
	       "and .args.rcode == 0 and .args.addresses == [\"127.0.0.%d\", \"127.0.0.%d\"] and "
	       ".args.latency > 0", getpid(), name, last, last + 1);
}

int main(void)
{
	unsigned char b[512];
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(443) };
	struct iovec v = { b, 0 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	int s;

	if (unshare(CLONE_NEWNET) || lo_up())
		return 77;
	at.sin_port = htons(53);
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	server = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(server, (struct sockaddr *)&at, sizeof(at)))
		return 77;

	s = client(1);			/* as glibc does it, and with what is longer than is kept */
	send(s, b, put_question(b, "a-name-that-is-long-enough-to-need-more-than-eighty-bytes.with-its-"
				"answer.example.com", 1), 0);
	serve(10);
	recv(s, b, sizeof(b), 0);
	tell("a-name-that-is-long-enough-to-need-more-than-eighty-bytes.with-its-answer.example.com",
	     10);
	s = client(0);			/* as musl does it */
	sendto(s, b, put_question(b, "sendto.example", 1), 0, (struct sockaddr *)&at, sizeof(at));
	serve(20);
	recvfrom(s, b, sizeof(b), 0, NULL, NULL);
	tell("sendto.example", 20);
	s = client(1);			/* as Go does it */
	if (write(s, b, put_question(b, "write.example", 1)) < 0)
		return 1;
	serve(30);
	if (read(s, b, sizeof(b)) < 0)
		return 1;
	tell("write.example", 30);
	s = client(1);
	v.iov_len = put_question(b, "sendmsg.example", 1);
	sendmsg(s, &m, 0);
	serve(40);
	v.iov_len = sizeof(b);
	recvmsg(s, &m, 0);
	tell("sendmsg.example", 40);
	s = client(1);
	send(s, b, put_question(b, "nowhere.example", 28), 0);
	serve(0);
	recv(s, b, sizeof(b), 0);
	expect(".type == \"dns\" and .process.pid == %d and .args.name == \"nowhere.example\" and "
	       ".args.qtype == \"AAAA\" and .args.answer == true and .args.rcode == 3", getpid());
	/* What is no message says nothing. */
	send(s, "\0\1\1\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1", 18, 0);
	s = client(0);
	peer.sin_addr.s_addr = htonl(0x7f00001f);	/* 127.0.0.31: the second address of one */
	connect(s, (struct sockaddr *)&peer, sizeof(peer));
	return 0;
}
