// SPDX-License-Identifier: Apache-2.0
/* What /proc tells of a traced thread. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/snapshot/proc_text.h"
#include "capture/ptrace/pt.h"
#include "format/base/alloc.h"

static const char *line_of(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	return p ? p + strlen(key) : "";
}

/* The last number of a line: that of the innermost namespace. */
static uint32_t last_of(const char *line)
{
	uint32_t v = 0;
	char *end;

	for (const char *p = line; *p && *p != '\n'; p = end) {
		unsigned long n = strtoul(p, &end, 10);

		if (end == p)
			break;
		v = (uint32_t)n;
	}
	return v;
}

static void ids(const char *line, uint32_t *real, uint32_t *effective)
{
	char *end;

	*real = (uint32_t)strtoul(line, &end, 10);
	*effective = (uint32_t)strtoul(end, NULL, 10);
}

static void from_stat(struct pt_status *s, const char *stat)
{
	const char *p = strrchr(stat, ')');	/* the name may hold anything */
	unsigned pgrp = 0, tty = 0, cpu = 0;
	unsigned long long start = 0;

	if (p && sscanf(p + 1,
			" %*c %*d %u %*d %u %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
			"%llu %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %u",
			&pgrp, &tty, &start, &cpu) == 4) {
		s->cpu = cpu;
		s->pgid = pgrp;
		s->tty = tty;
		s->start = start * (1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK));
	}
}

bool pt_status__read(struct pt_status *s, uint32_t tid)
{
	char path[40], text[8192];
	const char *name;

	memset(s, 0, sizeof(*s));
	s->vtid = s->vpid = s->pid = tid;
	snprintf(path, sizeof(path), "/proc/%u/status", tid);
	if (cap_proc__slurp(AT_FDCWD, path, text, sizeof(text) - 1) <= 0)
		return false;
	name = line_of(text, "Name:\t");
	snprintf(s->comm, sizeof(s->comm), "%.*s", (int)strcspn(name, "\n"), name);
	s->pid = last_of(line_of(text, "\nTgid:"));
	s->ppid = last_of(line_of(text, "\nPPid:"));
	s->vtid = last_of(line_of(text, "\nNSpid:"));
	s->vpid = last_of(line_of(text, "\nNStgid:"));
	s->vpgid = last_of(line_of(text, "\nNSpgid:"));
	ids(line_of(text, "\nUid:"), &s->uid, &s->euid);
	ids(line_of(text, "\nGid:"), &s->gid, &s->egid);
	s->cap_inheritable = strtoull(line_of(text, "\nCapInh:"), NULL, 16);
	s->cap_permitted = strtoull(line_of(text, "\nCapPrm:"), NULL, 16);
	s->cap_effective = strtoull(line_of(text, "\nCapEff:"), NULL, 16);
	snprintf(path, sizeof(path), "/proc/%u/stat", tid);
	if (cap_proc__slurp(AT_FDCWD, path, text, sizeof(text) - 1) > 0)
		from_stat(s, text);
	return true;
}

bool pt_link(uint32_t tid, const char *name, char *to, size_t size)
{
	char path[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/%s", tid, name);
	n = readlink(path, to, size - 1);
	if (n <= 0)
		return false;
	to[n] = 0;
	return true;
}

void pt_thread__look_at_root(struct pt_thread *t)
{
	char root[4096];

	free(t->root);
	t->root = pt_link(t->tid, "root", root, sizeof(root)) && strcmp(root, "/") ? xstrdup(root)
										   : NULL;
}

int pt_thread__pidfd(struct pt_thread *t)
{
	if (t->pidfd == -1) {
		t->pidfd = (int)syscall(SYS_pidfd_open, t->pid, 0);
		if (t->pidfd < 0)
			t->pidfd = -2;
	}
	return t->pidfd;
}
