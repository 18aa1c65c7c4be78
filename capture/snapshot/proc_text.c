// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/bpf/record.h"
#include "capture/snapshot/proc_text.h"

long cap_proc__slurp(int dirfd, const char *path, char *buf, size_t max)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t r = 0;

	if (fd < 0)
		return -1;
	while (n < max && ((r = read(fd, buf + n, max - n)) > 0 || (r < 0 && errno == EINTR)))
		n += r > 0 ? (size_t)r : 0;
	close(fd);
	if (r < 0 && !n)
		return -1;
	buf[n] = 0;
	return (long)n;
}

static char *keep(struct arena *mem, const char *buf, long n)
{
	return n < 0 ? NULL : arena__strndup(mem, buf, (size_t)n);
}

void cap_proc_text__read(struct cap_proc_text *t, uint32_t pid, uint32_t env_len,
			 struct arena *mem)
{
	char path[64], buf[CAP_ARGS_MAX + 1];
	long page = sysconf(_SC_PAGESIZE) / 1024, n;
	unsigned long size, rss;
	int dir;

	memset(t, 0, sizeof(*t));
	snprintf(path, sizeof(path), "/proc/%u", pid);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	n = cap_proc__slurp(dir, "cmdline", buf, CAP_ARGS_MAX);
	t->cmdline = keep(mem, buf, n);
	t->n_cmdline = n > 0 ? (uint32_t)n : 0;
	n = cap_proc__slurp(dir, "environ", buf, env_len < CAP_ENV_MAX ? env_len : CAP_ENV_MAX);
	t->environ_cut = n > 0 && n == (long)env_len;
	t->environ = keep(mem, buf, n);
	t->n_environ = n > 0 ? (uint32_t)n : 0;
	n = cap_proc__slurp(dir, "cgroup", buf, CAP_ARGS_MAX);
	t->cgroup = keep(mem, buf, n);
	if (cap_proc__slurp(dir, "statm", buf, 256) > 0 &&
	    sscanf(buf, "%lu %lu", &size, &rss) == 2) {
		t->vm_size = size * (unsigned long)page;
		t->vm_rss = rss * (unsigned long)page;
	}
	close(dir);
}
