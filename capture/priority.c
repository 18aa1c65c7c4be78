// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/priority.h"
#include "capture/privilege.h"
#include "capture/thread.h"
#include "format/base/log.h"

#define RECORDER_NICE -10
#define REALTIME 1			/* the lowest: who needs more says so with a higher one */

void cap_priority__nice(void)
{
	setpriority(PRIO_PROCESS, 0, RECORDER_NICE);
}

/* --- why not ------------------------------------------------------------------------------------ */

/* With cgroup v1 and CONFIG_RT_GROUP_SCHED a group has none of the real-time threads' time unless it was given some. */
static bool group_without_share(char *ret, size_t size)
{
	char line[1024], path[1200];
	FILE *f = fopen("/proc/thread-self/cgroup", "re");
	long long us = -1;

	*path = '\0';
	while (f && fgets(line, sizeof(line), f)) {
		char *controllers = strchr(line, ':'), *dir = controllers ? strchr(controllers + 1, ':') : NULL;

		line[strcspn(line, "\n")] = '\0';
		if (!dir || (strncmp(controllers, ":cpu:", 5) && strncmp(controllers, ":cpu,", 5)))
			continue;
		dir[0] = '\0';
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s%s/cpu.rt_runtime_us", controllers + 1, dir + 1);
	}
	if (f)
		fclose(f);
	f = *path ? fopen(path, "re") : NULL;
	if (f && fscanf(f, "%lld", &us) != 1)
		us = -1;
	if (f)
		fclose(f);
	if (us)
		return false;
	snprintf(ret, size, "the recorder's control group has no time for it (0 in %.160s)", path);
	return true;
}

static bool is_filtered(void)
{
	char line[256];
	FILE *f = fopen("/proc/thread-self/status", "re");
	int mode = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Seccomp: %d", &mode) == 1)
			break;
	if (f)
		fclose(f);
	return mode;
}

/* Of a real-time priority; the kernel says EPERM for any of these. */
static void say_why(int error, char *ret, size_t size)
{
	struct rlimit limit = { 0 };

	getrlimit(RLIMIT_RTPRIO, &limit);
	if (error != EPERM)
		snprintf(ret, size, "the kernel refuses it: %s", strerror(error));
	else if (!cap_privilege__has(CAP_SYS_NICE) && limit.rlim_cur < REALTIME)
		snprintf(ret, size, "it needs CAP_SYS_NICE, or an RLIMIT_RTPRIO of %d", REALTIME);
	else if (group_without_share(ret, size))
		return;
	else if (is_filtered())
		snprintf(ret, size, "a filter of system calls forbids it (RestrictRealtime= of a unit)");
	else
		snprintf(ret, size, "the recorder's control group has no time for it (CONFIG_RT_GROUP_SCHED)");
}

/* --- one thread's ----------------------------------------------------------------------------------- */

static void *help(void *arg)
{
	struct cap_realtime *r = arg;
	struct sched_param p = { .sched_priority = REALTIME };

	while (sem_wait(&r->decided))
		;
	if (r->wanted && sched_setscheduler(r->thread, SCHED_RR | SCHED_RESET_ON_FORK, &p))
		say_why(errno, r->refused, sizeof(r->refused));
	return NULL;
}

void cap_realtime__prepare(struct cap_realtime *r)
{
	int error;

	*r = (struct cap_realtime){ .thread = (pid_t)syscall(SYS_gettid) };
	sem_init(&r->decided, 0, 0);
	error = -cap_thread__start(&r->helper, help, r);
	r->prepared = !error;
	if (error)
		snprintf(r->refused, sizeof(r->refused), "no thread to be had: %s", strerror(error));
}

static void decide(struct cap_realtime *r, bool wanted)
{
	if (!r->prepared)
		return;
	r->prepared = false;
	r->wanted = wanted;
	sem_post(&r->decided);
	pthread_join(r->helper, NULL);
	sem_destroy(&r->decided);
}

void cap_realtime__begin(struct cap_realtime *r)
{
	decide(r, true);
	if (*r->refused)
		log_warn("no real-time priority for the recording: %s; where processors are scarce events may be lost",
			 r->refused);
}

void cap_realtime__cancel(struct cap_realtime *r)
{
	decide(r, false);
}

void cap_priority__of(pid_t thread, struct cap_priority *ret)
{
	static const char *const policies[] = { "SCHED_OTHER", "SCHED_FIFO", "SCHED_RR", "SCHED_BATCH", "", "SCHED_IDLE",
						"SCHED_DEADLINE", "SCHED_EXT" };
	struct sched_param p = { 0 };
	int policy = sched_getscheduler(thread) & ~SCHED_RESET_ON_FORK;

	sched_getparam(thread, &p);
	*ret = (struct cap_priority){ .policy = policy >= 0 && policy < 8 ? policies[policy] : "",
				      .realtime = p.sched_priority,
				      .nice = getpriority(PRIO_PROCESS, (id_t)thread) };
}

void cap_priority__mutex(pthread_mutex_t *m)
{
	pthread_mutexattr_t a;

	pthread_mutexattr_init(&a);
	pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(m, &a);
	pthread_mutexattr_destroy(&a);
}
