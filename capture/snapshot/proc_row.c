// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/bpf/record.h"
#include "capture/snapshot/proc_row.h"

static void add(struct fmt_batch *b, unsigned param, const char *s, size_t n, size_t full)
{
	fmt_batch__str(b, param, s, (uint32_t)n, (uint32_t)full);
}

void cap_proc_row__text(struct fmt_batch *b, const struct cap_proc_text *t,
			struct cap_hierarchies *h, struct buf *scratch)
{
	if (t->cmdline) {
		size_t n = strnlen(t->cmdline, t->n_cmdline), rest = n < t->n_cmdline ? n + 1 : n;
		/* there is more, it is not known how much */
		size_t cut = t->n_cmdline == CAP_ARGS_MAX;

		add(b, P_state_thread_exe, t->cmdline, n, n);
		add(b, P_state_thread_args, t->cmdline + rest, t->n_cmdline - rest,
		    t->n_cmdline - rest + cut);
	}
	if (t->environ)
		add(b, P_state_thread_env, t->environ, t->n_environ,
		    t->n_environ + t->environ_cut);
	if (t->cgroup) {
		scratch->len = 0;
		cap_hierarchies__list(h, t->cgroup, scratch);
		add(b, P_state_thread_cgroups, (const char *)scratch->p, scratch->len,
		    scratch->len);
	}
	fmt_batch__int(b, P_state_thread_vm_size, t->vm_size);
	fmt_batch__int(b, P_state_thread_vm_rss, t->vm_rss);
}

/* The numbers of a line "Key:\t1 2 3" of /proc/PID/status: how many were read, at most max. */
static unsigned numbers(const char *status, const char *key, int base, uint64_t *v, unsigned max)
{
	const char *p = strstr(status, key);
	unsigned n = 0;

	if (!p)
		return 0;
	p += strlen(key);
	while (n < max && *p && *p != '\n') {
		char *end;

		v[n] = strtoull(p, &end, base);
		if (end == p)
			break;
		n++;
		p = end;
	}
	return n;
}

/* A number of a line; the last one of those that are listed by namespace is the innermost's. */
static void last_number(struct fmt_batch *b, unsigned param, const char *status, const char *key)
{
	uint64_t v[33];
	unsigned n = numbers(status, key, 10, v, 33);

	if (n)
		fmt_batch__int(b, param, v[n - 1]);
}

static void ids(struct fmt_batch *b, const char *status, const char *key, unsigned real,
		unsigned effective)
{
	uint64_t v[4];

	if (numbers(status, key, 10, v, 4) < 2)
		return;
	fmt_batch__int(b, real, v[0]);
	fmt_batch__int(b, effective, v[1]);
}

static void capability(struct fmt_batch *b, unsigned param, const char *status, const char *key)
{
	uint64_t v;

	if (numbers(status, key, 16, &v, 1))
		fmt_batch__int(b, param, v);
}

static void from_status(struct fmt_batch *b, const char *status)
{
	const char *name = strstr(status, "Name:\t");
	uint64_t ppid;

	if (name)
		add(b, P_state_thread_comm, name + 6, strcspn(name + 6, "\n"),
		    strcspn(name + 6, "\n"));
	if (numbers(status, "\nPPid:", 10, &ppid, 1)) {
		fmt_batch__int(b, P_state_thread_ptid, ppid);
		fmt_batch__int(b, P_state_thread_real_ptid, ppid);
	}
	ids(b, status, "\nUid:", P_state_thread_uid, P_state_thread_euid);
	ids(b, status, "\nGid:", P_state_thread_gid, P_state_thread_egid);
	last_number(b, P_state_thread_vtid, status, "\nNSpid:");
	last_number(b, P_state_thread_vpid, status, "\nNStgid:");
	last_number(b, P_state_thread_vpgid, status, "\nNSpgid:");
	capability(b, P_state_thread_cap_inheritable, status, "\nCapInh:");
	capability(b, P_state_thread_cap_permitted, status, "\nCapPrm:");
	capability(b, P_state_thread_cap_effective, status, "\nCapEff:");
}

/*
 * "PID (NAME) STATE PPID PGRP SESSION TTY ... STARTTIME": fields are counted from behind the name,
 * which may hold anything.
 */
static void from_stat(struct fmt_batch *b, const char *stat, uint64_t boot_ns)
{
	const char *p = strrchr(stat, ')');
	long pgrp, session, tty;
	unsigned long long start;

	if (!p || sscanf(p + 1,
			 " %*c %*d %ld %ld %ld %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d "
			 "%*d %llu",
			 &pgrp, &session, &tty, &start) != 4)
		return;
	fmt_batch__int(b, P_state_thread_pgid, (uint64_t)pgrp);
	fmt_batch__int(b, P_state_thread_sid, (uint64_t)session);
	fmt_batch__int(b, P_state_thread_tty, (uint32_t)tty);
	fmt_batch__int(b, P_state_thread_start,
		       boot_ns + start * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK)));
}

static void from_links(struct fmt_batch *b, int dir)
{
	static const struct { const char *link; unsigned param; } links[] = {
		{ "exe", P_state_thread_exepath }, { "cwd", P_state_thread_cwd },
		{ "root", P_state_thread_root },
	};
	char path[4096];

	for (unsigned i = 0; i < sizeof(links) / sizeof(*links); i++) {
		ssize_t n = readlinkat(dir, links[i].link, path, sizeof(path));

		if (n > 0)
			add(b, links[i].param, path, (size_t)n, (size_t)n);
	}
}

void cap_proc_row__add(struct fmt_batch *b, uint64_t ts, uint32_t pid, uint64_t boot_ns,
		       struct cap_hierarchies *h, struct buf *scratch, struct arena *mem)
{
	char path[64], status[8192], stat[2048];
	struct cap_proc_text text;
	int dir;

	snprintf(path, sizeof(path), "/proc/%u", pid);
	dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return;
	if (cap_proc__slurp(dir, "status", status, sizeof(status) - 1) > 0 &&
	    cap_proc__slurp(dir, "stat", stat, sizeof(stat) - 1) > 0 &&
	    fmt_batch__begin(b, EV_state_thread, ts, 0, pid, pid, 0, 0) >= 0) {
		from_status(b, status);
		from_stat(b, stat, boot_ns);
		from_links(b, dir);
		cap_proc_text__read(&text, pid, CAP_ENV_DEFAULT, mem);
		cap_proc_row__text(b, &text, h, scratch);
		fmt_batch__end(b);
	}
	close(dir);
}

void cap_proc_row__each(void (*fn)(void *arg, uint32_t pid), void *arg)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (isdigit((unsigned char)*e->d_name))
			fn(arg, (uint32_t)strtoul(e->d_name, NULL, 10));
	if (d)
		closedir(d);
}
