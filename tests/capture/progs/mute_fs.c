// SPDX-License-Identifier: Apache-2.0
/*
 * mute_fs DIR - mounts a file system over DIR that answers nothing, for whoever asks, and keeps it until it is killed; what
 * asks it waits as long. Prints "mounted".
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int fd = open("/dev/fuse", O_RDWR);
	char opts[128];

	snprintf(opts, sizeof(opts), "fd=%d,rootmode=40000,user_id=0,group_id=0,allow_other", fd);
	if (argc != 2 || fd < 0 || mount("mute", argv[1], "fuse", 0, opts)) {
		perror("mute_fs");
		return 1;
	}
	puts("mounted");
	fflush(stdout);
	for (;;)
		pause();
}
