// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/command.h"

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Without privilege a filter may only be installed by who cannot gain any: seccomp(2). */
static int install(const struct sock_fprog *filter)
{
	if (!filter || !syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter))
		return 0;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
			       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter)
		       ? -1
		       : 0;
}

/* In the child: wait for the go, then become the program. */
static void __attribute__((noreturn)) become(int go, int failed, char **argv,
					     const struct sock_fprog *filter)
{
	sigset_t none;
	char c;
	int e;

	while (read(go, &c, 1) < 0 && errno == EINTR)
		;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	if (!install(filter))
		execvp(argv[0], argv);
	e = errno;
	if (write(failed, &e, sizeof(e)) < 0)
		_exit(126);
	_exit(127);
}

int cap_command__prepare(struct cap_command *c, char **argv, const struct sock_fprog *filter,
			 struct err *err)
{
	int go[2], failed[2];

	*c = (struct cap_command){ .go = -1, .failed = -1 };
	if (pipe2(go, O_CLOEXEC))
		return err__set(err, -errno, "cannot make a pipe: %s", strerror(errno));
	if (pipe2(failed, O_CLOEXEC)) {
		close(go[0]);
		close(go[1]);
		return err__set(err, -errno, "cannot make a pipe: %s", strerror(errno));
	}
	c->pid = fork();
	if (!c->pid) {
		close(go[1]);
		close(failed[0]);
		become(go[0], failed[1], argv, filter);
	}
	close(go[0]);
	close(failed[1]);
	c->go = go[1];
	c->failed = failed[0];
	if (c->pid > 0)
		return 0;
	c->pid = 0;
	cap_command__done(c);
	return err__set(err, -errno, "cannot start '%s': %s", argv[0], strerror(errno));
}

int cap_command__release(struct cap_command *c, const char *name, struct err *err)
{
	int e = 0;
	ssize_t n;

	close_fd(&c->go);
	while ((n = read(c->failed, &e, sizeof(e))) < 0 && errno == EINTR)
		;
	close_fd(&c->failed);
	return n == sizeof(e) ? err__set(err, -e, "cannot execute '%s': %s", name, strerror(e)) : 0;
}

bool cap_command__ended(struct cap_command *c)
{
	if (c->pid && !c->ended && !c->traced && waitpid(c->pid, &c->status, WNOHANG) == c->pid)
		c->ended = true;
	return c->ended;
}

void cap_command__done(struct cap_command *c)
{
	if (c->pid > 0 && c->go >= 0) {	/* it still waits */
		kill(c->pid, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	close_fd(&c->go);
	close_fd(&c->failed);
}
