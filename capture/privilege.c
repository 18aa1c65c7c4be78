// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/openat2.h>
#include <string.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capture/privilege.h"
#include "format/base/log.h"
#include "format/base/sandbox.h"

#ifndef CAP_PERFMON			/* Linux 5.8 */
#define CAP_PERFMON 38
#define CAP_BPF 39
#endif

struct caps {
	struct __user_cap_data_struct d[2];
};

static bool get(struct caps *c)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };

	memset(c, 0, sizeof(*c));
	return !syscall(SYS_capget, &h, c->d);
}

static bool has(const struct caps *c, unsigned cap)
{
	return c->d[cap / 32].effective >> cap % 32 & 1;
}

bool cap_privilege__has(unsigned cap)
{
	struct caps c;

	return get(&c) && has(&c, cap);
}

void cap_privilege__warn(void)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT };
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof(how));
	struct caps c;

	if (fd >= 0)
		close(fd);
	else if (errno == ENOSYS || errno == EPERM)
		log_warn("names of containers and of their users stay unknown: a filter of system calls forbids openat2 "
			 "(RestrictSUIDSGID= or DynamicUser= of a unit, an old seccomp profile)");
	if (!get(&c))
		return;
	if (!has(&c, CAP_SYS_PTRACE))
		log_warn("without CAP_SYS_PTRACE environments of other users' processes that run "
			 "already, and users of containers, stay unknown");
	if (!has(&c, CAP_DAC_READ_SEARCH) && geteuid())
		log_warn("without CAP_DAC_READ_SEARCH names of containers stay unknown: their "
			 "runtimes' files are root's");
}

void cap_privilege__drop(bool command)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	uint64_t keep = 1ull << CAP_BPF | 1ull << CAP_PERFMON | 1ull << CAP_SYS_PTRACE |
			1ull << CAP_DAC_READ_SEARCH | (command ? 1ull << CAP_KILL : 0);
	struct caps c;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned cap = 0; cap < 64 && prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!(keep >> cap & 1))
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);	/* if we may: CAP_SETPCAP */
	if (!get(&c))
		return;
	for (unsigned i = 0; i < 2; i++) {
		c.d[i].permitted &= (uint32_t)(keep >> 32 * i);
		c.d[i].effective = c.d[i].permitted;
		c.d[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &h, c.d))
		log_warn("privileges that are not needed could not be given up");
}

void cap_privilege__confine(enum cap_role role, const char *folder)
{
	static const struct sandbox roles[] = {
		[CAP_ROLE_RECORD] = { .who = "the recording", .anywhere = true, .may = SANDBOX_BPF | SANDBOX_SIGNALS },
		[CAP_ROLE_TRACE] = { .who = "the tracing", .anywhere = true, .may = SANDBOX_TRACING | SANDBOX_UNIX },
		[CAP_ROLE_DAEMON] = { .who = "the daemon's recording", .anywhere = true,
				       .may = SANDBOX_BPF | SANDBOX_UNIX | SANDBOX_FOLDERS },
		[CAP_ROLE_NAMES] = { .who = "the reader of runtimes' files", .anywhere = true },
		[CAP_ROLE_STORE] = { .who = "a writer of logs", .anywhere = true, .may = SANDBOX_FOLDERS },
		[CAP_ROLE_KEEP] = { .who = "a writer of files", .may = SANDBOX_FOLDERS },
		[CAP_ROLE_SERVE] = { .who = "the HTTP server", .may = SANDBOX_UNIX },
		[CAP_ROLE_SEND] = { .who = "a sender of alerts", .may = SANDBOX_NETWORK },
	};
	struct sandbox s = roles[role];

	s.write_in[0] = folder;
	if (!(sandbox__enter(&s) & SANDBOX_CALLS))
		log_debug("the kernel has no seccomp filters: the recorder's own calls are not confined");
}
