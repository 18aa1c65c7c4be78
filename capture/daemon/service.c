// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "capture/daemon/service.h"
#include "format/base/log.h"
#include "format/base/text.h"

static struct sockaddr_un manager;
static socklen_t manager_len;		/* 0: there is none */
static uint64_t watchdog_ns;

static void take_socket(const char *path)
{
	size_t n = path ? strlen(path) : 0;

	if (!n || n >= sizeof(manager.sun_path) || (*path != '/' && *path != '@'))
		return;
	manager.sun_family = AF_UNIX;
	memcpy(manager.sun_path, path, n + 1);
	if (*path == '@')
		manager.sun_path[0] = 0;	/* the abstract namespace: unix(7) */
	manager_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

/* sd_watchdog_enabled(3): WATCHDOG_PID, if it is there, says for whom WATCHDOG_USEC is. */
static void take_watchdog(const char *usec, const char *pid)
{
	uint64_t us, p;

	if (!usec || text__parse_u64(usec, UINT64_MAX / 1000, &us, NULL))
		return;
	if (pid && (text__parse_u64(pid, INT32_MAX, &p, NULL) || p != (uint64_t)getpid()))
		return;
	watchdog_ns = us * 1000 / 2;
}

void cap_service__init(void)
{
	take_socket(getenv("NOTIFY_SOCKET"));
	take_watchdog(getenv("WATCHDOG_USEC"), getenv("WATCHDOG_PID"));
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void cap_service__tell(const char *fmt, ...)
{
	char msg[1024];
	va_list ap;
	int fd;

	if (!manager_len)
		return;
	va_start(ap, fmt);
	vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || sendto(fd, msg, strlen(msg), MSG_NOSIGNAL | MSG_DONTWAIT,
			     (struct sockaddr *)&manager, manager_len) < 0)
		log_warn("cannot tell the service manager '%s': %s", msg, strerror(errno));
	if (fd >= 0)
		close(fd);
}

void cap_service__reloading(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	cap_service__tell("RELOADING=1\nMONOTONIC_USEC=%llu",
			  (unsigned long long)t.tv_sec * 1000000u + (unsigned long long)t.tv_nsec / 1000u);
}

uint64_t cap_service__watchdog_ns(void)
{
	return watchdog_ns;
}
