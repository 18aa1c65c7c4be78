// SPDX-License-Identifier: Apache-2.0
/*
 * What rules cost: a batch of mixed events through the detector, with state alone, with the rules
 * that ship, and with 100 rules of the usual kinds (files written and read, programs run,
 * connections, each with exceptions).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/alert/alert.h"

#define ROUNDS 9
#define N_PROCS 200u
#define N_PATHS 1500u
#define N_RULES 100u
#define T0 1700000000000000000u

static uint32_t seed = 1;

static uint32_t rnd(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)((uint64_t)(seed >> 4) * n >> 28);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* --- events ----------------------------------------------------------------------------------- */

static void begin(struct fmt_batch *b, uint16_t type, uint32_t pid, int64_t res)
{
	fmt_batch__begin(b, type, T0 + b->n * 1000, 500, pid, pid, 0, res);
}

static void str(struct fmt_batch *b, unsigned p, const char *s)
{
	fmt_batch__str(b, p, s, (uint32_t)strlen(s), (uint32_t)strlen(s));
}

static const char *path(uint32_t n)
{
	static const char *const dirs[] = { "/usr/lib/x86_64-linux-gnu", "/usr/share/zoneinfo",
					   "/proc/self",
					    "/srv/www/htdocs", "/var/cache/app", "/etc/ssl/certs" };
	static char text[96];

	snprintf(text, sizeof(text), "%s/object-%u.dat", dirs[n % 6], n);
	return text;
}

static void add_open(struct fmt_batch *b, uint32_t pid)
{
	bool fails = rnd(10) < 3;
	const char *name = path(rnd(N_PATHS));

	begin(b, EV_openat, pid, fails ? -2 : (int64_t)(3 + rnd(20)));
	fmt_batch__int(b, P_openat_dirfd, (uint64_t)-100);
	str(b, P_openat_name, name);
	fmt_batch__int(b, P_openat_flags, rnd(20) ? FDF_RDONLY : FDF_WRONLY);
	if (!fails)
		str(b, P_openat_path, name);
	fmt_batch__end(b);
}

static void add_exec(struct fmt_batch *b, uint32_t pid)
{
	static const char *const names[] = { "sh", "ls", "grep", "python3", "sed", "node", "cc1" };
	const char *name = names[rnd(7)];
	char exe[32];

	snprintf(exe, sizeof(exe), "/usr/bin/%s", name);
	begin(b, EV_execve, pid, 0);
	str(b, P_execve_exe, name);
	fmt_batch__str(b, P_execve_args, "-c\0/usr/share/app/run --verbose\0", 33, 33);
	str(b, P_execve_comm, name);
	str(b, P_execve_trusted_exepath, exe);
	fmt_batch__int(b, P_execve_uid, 0);
	fmt_batch__end(b);
}

static void add_io(struct fmt_batch *b, uint32_t pid)
{
	static const uint16_t types[] = { EV_read, EV_write, EV_close };
	uint16_t type = types[rnd(3)];

	begin(b, type, pid, 64);
	fmt_batch__int(b, type == EV_read ? P_read_fd : type == EV_write ? P_write_fd : P_close_fd,
		       3 + rnd(20));
	fmt_batch__end(b);
}

/*
 * The mix of a busy machine: mostly reading, writing and asking, an open in ten, an exec in a
 * hundred.
 */
static struct fmt_batch *make_batch(void)
{
	static const uint16_t plain[] = { EV_newfstatat, EV_mmap, EV_lseek, EV_poll, EV_brk,
					 EV_access };
	struct fmt_batch *b;

	fmt_batch__new(&b);
	while (b->n < FMT_BATCH_MAX_EVENTS && !fmt_batch__full(b)) {
		uint32_t pid = 1000 + rnd(N_PROCS), kind = rnd(100);

		if (kind < 1) {
			add_exec(b, pid);
		} else if (kind < 12) {
			add_open(b, pid);
		} else if (kind < 60) {
			add_io(b, pid);
		} else {
			begin(b, plain[rnd(6)], pid, 0);
			fmt_batch__end(b);
		}
	}
	return b;
}

/* --- rules ------------------------------------------------------------------------------------ */

static void put_rule(struct buf *out, unsigned n)
{
	static const char *const conditions[] = {
		"evt.type in (open, openat, openat2) and evt.is_open_write = true and fd.num >= 0 "
		"and fd.typechar = f and fd.name startswith /etc/app%1$u/ and not proc.name in "
		"(apt, dpkg, rpm%1$u) and not (proc.pname = tool%1$u and fd.name endswith .conf)",
		"evt.type in (open, openat, openat2) and evt.is_open_read = true and fd.num >= 0 "
		"and (fd.name in (/etc/secret%1$u, /root/key%1$u) or fd.name contains "
		"/.vault%1$u/) and not proc.name in (sshd, cat%1$u)",
		"evt.type in (execve, execveat) and (proc.name in (tool%1$u, nc, ncat) or "
		"proc.cmdline contains \"--reverse-shell%1$u\") and not proc.aname[2] = cron%1$u "
		"and container.id != host",
		"evt.type in (execve, execveat) and proc.exepath startswith /tmp/%1$u and not "
		"proc.pname in (make, cmake)",
		"evt.type = connect and fd.sport = %1$u and not fd.snet in (10.0.0.0/8, "
		"192.168.0.0/16)",
		"evt.type in (rename, renameat, unlink, unlinkat) and evt.arg.path startswith "
		"/var/log/app%1$u",
	};

	buf__printf(out, "- rule: rule %u\n  desc: d\n  condition: ", n);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	buf__printf(out, conditions[n % 6], n);
#pragma GCC diagnostic pop
	buf__puts(out, "\n  output: o\n  priority: INFO\n");
}

static struct eng_ruleset *generated(void)
{
	struct eng_ruleset *rs;
	struct buf text = { 0 };
	struct err err = { 0 };

	for (unsigned i = 0; i < N_RULES; i++)
		put_rule(&text, i);
	eng_ruleset__new(&rs);
	if (eng_ruleset__load_text(rs, "generated", (char *)text.p, text.len, &err) < 0 ||
	    eng_ruleset__compile(rs, &err) < 0) {
		err__print("bench_engine", &err);
		exit(1);
	}
	buf__done(&text);
	return rs;
}

static struct eng_ruleset *shipped(unsigned *ret_n)
{
	const char *src = getenv("SPOOR_SRC");
	char *file = xasprintf("%s/rules", src ? src : ".");
	struct eng_ruleset *rs;
	struct err err = { 0 };

	eng_ruleset__new(&rs);
	if (eng_ruleset__load(rs, file, &err) < 0 || eng_ruleset__compile(rs, &err) < 0) {
		err__print("bench_engine", &err);
		exit(1);
	}
	eng_ruleset__rules(rs, ret_n);
	free(file);
	return rs;
}

/* --- measuring -------------------------------------------------------------------------------- */

static double feed(const struct fmt_batch *b, const struct eng_ruleset *rs)
{
	struct eng_detector_opts o = { .sz = sizeof(o) };
	struct eng_detector *d;
	struct eng_state *st;
	double t;

	eng_state__new(&st);
	eng_detector__new(&d, rs, st, &o);
	eng_detector__feed(d, b, false, 0, b->n);	/* once to know the processes */
	t = now();
	eng_detector__feed(d, b, false, 0, b->n);
	t = (now() - t) / b->n;
	eng_detector__free(d);
	eng_state__free(st);
	return t;
}

int main(void)
{
	struct fmt_batch *b = make_batch();
	unsigned n_shipped;
	struct eng_ruleset *sets[3] = { NULL, shipped(&n_shipped), generated() };
	double best[3] = { 1e18, 1e18, 1e18 };

	for (unsigned r = 0; r < ROUNDS; r++) {
		for (unsigned i = 0; i < 3; i++) {
			double t = feed(b, sets[i]);

			if (t < best[i])
				best[i] = t;
		}
	}
	printf("an event through state and the %u shipped rules | %.1f ns | %.1f ns state alone | "
	       "%.2f\n", n_shipped,
	       best[1], best[0], best[1] / best[0]);
	printf("an event through state and %u generated rules | %.1f ns | %.1f ns state alone | "
	       "%.2f\n", N_RULES,
	       best[2], best[0], best[2] / best[0]);
	printf("Mixed events in memory: %.1f million a second with the shipped rules, %.1f with %u "
	       "generated ones.\n",
	       1e3 / best[1], 1e3 / best[2], N_RULES);
	for (unsigned i = 0; i < 3; i++)
		eng_ruleset__free(sets[i]);
	fmt_batch__free(b);
	return 0;
}
