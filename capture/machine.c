// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "capture/machine.h"
#include "format/base/cli.h"

/* PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" of os-release(5). */
static void read_os(char *os, size_t size)
{
	char line[256];
	FILE *f = fopen("/etc/os-release", "re");

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
	struct utsname u;
	struct sysinfo s;
	struct tm tm;

	memset(m, 0, sizeof(*m));
	if (!uname(&u)) {
		snprintf(m->hostname, sizeof(m->hostname), "%s", u.nodename);
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
