// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "capture/containers/runtime.h"
#include "capture/machine.h"
#include "format/base/cli.h"

static const char *root = "/";		/* borrowed: an argument's or the configuration's */

int cap_machine__set_root(const char *dir, struct err *err)
{
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0) {
		err__file(err, dir);
		return err__set(err, -errno, "the machine's root: %s: mount it there, or name another folder", strerror(errno));
	}
	close(fd);
	root = dir;
	return 0;
}

int cap_machine__root(void)
{
	return open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

int cap_machine__open(const char *path)
{
	int dir = cap_machine__root(), fd = dir < 0 ? -1 : cap_root__open(dir, path);

	if (dir >= 0)
		close(dir);
	return fd;
}

void cap_machine__name(char name[256])
{
	const char *node = getenv("NODE_NAME");

	*name = '\0';
	if (node && *node)
		snprintf(name, 256, "%s", node);
	else if (!gethostname(name, 255))
		name[255] = '\0';
}

/* PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" of os-release(5). */
static void read_os(char *os, size_t size)
{
	char line[256];
	int fd = cap_machine__open("/etc/os-release");
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "PRETTY_NAME=", 12))
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(os, size, "%s", line + 12 + (line[12] == '"'));
		os[strcspn(os, "\"")] = 0;
	}
	if (f)
		fclose(f);
}

void cap_machine__meta(struct fmt_meta *m, uint64_t start_ns)
{
	time_t t = (time_t)(start_ns / 1000000000u);
	char name[256];
	struct utsname u;
	struct sysinfo s;
	struct tm tm;

	memset(m, 0, sizeof(*m));
	cap_machine__name(name);
	snprintf(m->hostname, sizeof(m->hostname), "%.*s", (int)sizeof(m->hostname) - 1, name);
	if (!uname(&u)) {
		snprintf(m->kernel, sizeof(m->kernel), "%s %s", u.release, u.version);
		snprintf(m->arch, sizeof(m->arch), "%.31s", u.machine);
	}
	snprintf(m->tool, sizeof(m->tool), "spoor-capture %s", spoor_version);
	snprintf(m->driver, sizeof(m->driver), "bpf");
	read_os(m->os, sizeof(m->os));
	m->n_cpus = (uint32_t)sysconf(_SC_NPROCESSORS_CONF);
	if (!sysinfo(&s))
		m->memory = (uint64_t)s.totalram * s.mem_unit;
	m->start_ns = start_ns;
	if (localtime_r(&t, &tm))
		m->utc_offset = (int32_t)tm.tm_gmtoff;
}
