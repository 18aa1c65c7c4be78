// SPDX-License-Identifier: Apache-2.0
/* Freezing, thawing and killing: cgroup v2 (freeze, kill: Documentation/admin-guide/cgroup-v2.rst) and the v1 freezer. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "capture/act/act.h"

#define WAIT_NS 2000000000ull		/* for the kernel to do it */
#define START_SLACK_NS 2000000000ull	/* recorder and we have not read the clocks at the same moment */

static int put_file(const char *dir, const char *name, const char *text)
{
	char path[4352];
	int fd, r = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		r = -errno;
	close(fd);
	return r;
}

static int get_file(const char *dir, const char *name, char *text, size_t size)
{
	char path[4352];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, size - 1);
	if (n < 0)
		n = -errno;
	else
		text[n] = 0;
	close(fd);
	return n < 0 ? (int)n : 0;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
}

static bool v2_has(const char *dir, const char *line)
{
	char text[512];

	return !get_file(dir, "cgroup.events", text, sizeof(text)) && strstr(text, line);
}

/* Written again and again: a v1 group stays "FREEZING" while tasks come in. */
static int set_v1(const char *dir, bool frozen)
{
	const char *want = frozen ? "FROZEN" : "THAWED";
	uint64_t until = act_clock() + WAIT_NS;
	char text[64];
	int r;

	do {
		r = put_file(dir, "freezer.state", want);
		if (r)
			return r;
		if (!get_file(dir, "freezer.state", text, sizeof(text)) && !strncmp(text, want, 6))
			return 0;
		nap();
	} while (act_clock() < until);
	return -ETIMEDOUT;
}

static int set_v2(const char *dir, bool frozen)
{
	uint64_t until = act_clock() + WAIT_NS;
	int r = put_file(dir, "cgroup.freeze", frozen ? "1" : "0");

	while (!r && !v2_has(dir, frozen ? "frozen 1" : "frozen 0")) {
		if (act_clock() > until)
			return -ETIMEDOUT;
		nap();
	}
	return r;
}

/* Its group in the unified tree, if its processes are there and the file, which may be newer than the kernel, too: 0, or why not. */
static int in_v2(const struct pb_target *t, const char *file, char dir[4096], struct err *err)
{
	char path[4352];

	if (act_cgroup__find(t, ACT_V2, dir, err) || !v2_has(dir, "populated 1"))
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/%s", dir, file);
	return access(path, W_OK) ? -errno : 0;
}

static bool in_v1(const struct pb_target *t, char dir[4096])
{
	struct err err = { 0 };

	return !act_cgroup__find(t, ACT_FREEZER, dir, &err);
}

int act_freeze__set(const struct pb_target *t, bool frozen, struct buf *text, struct err *err)
{
	const char *verb = frozen ? "frozen" : "thawed";
	char dir[4096];
	int r2 = in_v2(t, "cgroup.freeze", dir, err), r1 = -ENOENT;

	if (!r2)
		r2 = set_v2(dir, frozen);
	if ((r2 || !frozen) && in_v1(t, dir))	/* a runtime may have frozen it there */
		r1 = set_v1(dir, frozen);
	if (r2 && r1) {
		if (err->code)
			return err->code;
		r1 = r1 == -ENOENT ? r2 : r1;
		return err__set(err, r1, "container %s is not %s: %s", t->container, verb, act_why(r1, ACT_ON_GROUP));
	}
	*err = (struct err){ 0 };
	buf__printf(text, "%s by %s", verb, !r2 ? "cgroup v2" : "the v1 freezer");
	return 0;
}

/* --- killing ----------------------------------------------------------------------------------------------- */

/* Signal all that is in the tree. How many there were, negative on an error. */
static int kill_all(const char *dir)
{
	char *roots[] = { (char *)dir, NULL }, path[4352], line[32];
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL);
	FTSENT *e;
	int n = 0;

	while (tree && (e = fts_read(tree))) {
		FILE *f;

		if (e->fts_info != FTS_D)
			continue;
		snprintf(path, sizeof(path), "%.4000s/cgroup.procs", e->fts_path);
		f = fopen(path, "re");
		while (f && fgets(line, sizeof(line), f)) {
			long pid = atol(line);

			if (pid > 1 && pid != getpid()) {
				kill((pid_t)pid, SIGKILL);
				n++;
			}
		}
		if (f)
			fclose(f);
	}
	if (tree)
		fts_close(tree);
	return n;
}

/* Frozen, nothing forks and no number is used again while it is signalled; the thaw lets them die. */
static int kill_frozen(const char *dir, int (*set)(const char *dir, bool frozen), bool *ret_any)
{
	uint64_t until = act_clock() + WAIT_NS;
	int n, r;

	do {
		r = set(dir, true);
		if (r == -EROFS || r == -EACCES)
			return r;
		n = kill_all(dir);
		set(dir, false);
		if (!n)
			return 0;
		*ret_any = true;
		nap();
	} while (act_clock() < until);
	return -ETIMEDOUT;
}

int act_kill__container(const struct pb_target *t, struct buf *text, struct err *err)
{
	const char *how = "cgroup.kill";
	uint64_t until = act_clock() + WAIT_NS;
	char dir[4096], v1[4096];
	bool has_v1 = in_v1(t, v1), any = false;
	int r = in_v2(t, "cgroup.kill", dir, err);

	if (!r) {
		any = true;
		r = put_file(dir, "cgroup.kill", "1");
		if (!r && has_v1)
			set_v1(v1, false);	/* what is frozen there does not die */
		while (!r && v2_has(dir, "populated 1")) {
			r = act_clock() > until ? -ETIMEDOUT : 0;
			nap();
		}
	} else if (r != -EROFS && !in_v2(t, "cgroup.freeze", dir, err)) {
		how = "signals to the frozen group";
		r = kill_frozen(dir, set_v2, &any);
	} else if (has_v1) {
		how = "signals to the frozen v1 group";
		r = kill_frozen(v1, set_v1, &any);
	} else if (r != -EROFS) {
		return err->code ? err->code : err__set(err, -ENOENT, "container %s has no processes", t->container);
	}
	if (r)
		return err__set(err, r, "container %s is not killed: %s", t->container, act_why(r, ACT_ON_GROUP));
	*err = (struct err){ 0 };
	if (any)
		buf__printf(text, "killed by %s", how);
	else
		buf__puts(text, "it had no processes any more");
	return 0;
}

/* When the process began, by CLOCK_BOOTTIME: field 22 of /proc/PID/stat, behind the name and its last parenthesis. 0: gone. */
static uint64_t start_of(int64_t pid)
{
	char dir[64], text[1024], *at;
	unsigned long long ticks;

	snprintf(dir, sizeof(dir), "/proc/%lld", (long long)pid);
	if (get_file(dir, "stat", text, sizeof(text)) || !(at = strrchr(text, ')')))
		return 0;
	if (sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &ticks) != 1)
		return 0;
	return ticks * (1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* Is it still in the container of the alert; of what is in none, is it still outside? */
static bool same_container(const struct pb_target *t)
{
	char dir[64], text[8192], id[65];
	bool in = false;

	snprintf(dir, sizeof(dir), "/proc/%lld", (long long)t->pid);
	if (get_file(dir, "cgroup", text, sizeof(text)))
		return false;
	for (char *line = text, *end; *line; line = end) {
		const char *at = strchr(line, '/');

		end = line + strcspn(line, "\n");
		end += *end == '\n' ? (*end = 0, 1) : 0;
		if (at && eng_container_from_cgroup(at, id, NULL, NULL)) {
			in = true;
			if (t->container && !strcmp(id, t->container))
				return true;
		}
	}
	return !t->container && !in;
}

int act_kill__process(const struct pb_target *t, int64_t boot_offset, struct buf *text, struct err *err)
{
	int fd = (int)syscall(SYS_pidfd_open, (pid_t)t->pid, 0), r = 0;
	uint64_t began, start;

	if (fd < 0 && errno == ESRCH) {
		buf__printf(text, "it had ended already");
		return 0;
	}
	if (fd < 0)
		return err__set(err, -errno, "process %lld: %s", (long long)t->pid, strerror(errno));
	began = start_of(t->pid);	/* the descriptor holds the process: what is looked at now is it, or it is gone */
	start = began + (uint64_t)boot_offset;
	if (!t->start_ns || !began)
		r = err__set(err, -ESRCH, "process %lld: when it began is not known, so it may be another by now", (long long)t->pid);
	else if (start > t->start_ns + START_SLACK_NS || start + START_SLACK_NS < t->start_ns || !same_container(t))
		r = err__set(err, -ESRCH, "process %lld is another by now: the number was used again", (long long)t->pid);
	else if (syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) < 0)
		r = err__set(err, -errno, "process %lld: %s", (long long)t->pid, strerror(errno));
	else
		buf__printf(text, "killed");
	close(fd);
	return r;
}
