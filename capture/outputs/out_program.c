// SPDX-License-Identifier: Apache-2.0
/*
 * Alerts to a program: one that runs on and reads them line by line, or one that is started for each. It gets the alert
 * on its standard input only; nothing of the alert is in its arguments or its environment.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/outputs/out_output.h"

#define END_GRACE_NS 1000000000ull	/* between the end of its input and SIGKILL, even if all ends */

extern char **environ;

struct program {
	const char *argv[4];		/* with shell: sh -c COMMAND */
	char *const *run;
	pid_t pid;			/* 0: none */
	int pidfd, in;			/* in: the write end of its standard input, -1: closed */
	struct buf line;
};

static int program__open(struct output *o, struct err *err)
{
	struct program *p = xcalloc(1, sizeof(*p));
	const char *const *c = o->o.command;

	o->state = p;
	p->pidfd = p->in = -1;
	if (!c[0] || !*c[0])
		return err__set(err, -EINVAL, "output '%s': a program needs a command", o->o.name);
	if (o->o.shell) {
		if (c[1])
			return err__set(err, -EINVAL, "output '%s': the shell takes one text as its command", o->o.name);
		p->argv[0] = "/bin/sh";
		p->argv[1] = "-c";
		p->argv[2] = c[0];
		p->run = (char *const *)p->argv;
		return 0;
	}
	p->run = (char *const *)c;
	if (c[0][0] != '/')
		return err__set(err, -EINVAL, "output '%s': name the program by its whole path, not '%s'", o->o.name, c[0]);
	if (access(c[0], X_OK))
		return err__set(err, -errno, "output '%s': cannot run '%s': %s", o->o.name, c[0], strerror(errno));
	return 0;
}

/* --- Starting and ending ------------------------------------------------------------------------------ */

static int spawn(struct program *p, int in)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&fa);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	posix_spawn_file_actions_adddup2(&fa, in, 0);
	posix_spawn_file_actions_adddup2(&fa, 2, 1);	/* our standard output may be the alerts' */
	posix_spawn_file_actions_addclosefrom_np(&fa, 3);
	rc = posix_spawn(&p->pid, p->run[0], &fa, &attr, p->run, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&fa);
	if (rc)
		p->pid = 0;
	return -rc;
}

static int program__start(struct program *p)
{
	int fd[2], rc;

	if (pipe2(fd, O_CLOEXEC))
		return -errno;
	rc = spawn(p, fd[0]);
	close(fd[0]);
	if (rc) {
		close(fd[1]);
		return rc;
	}
	fcntl(fd[1], F_SETFL, O_NONBLOCK);
	p->in = fd[1];
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	return 0;
}

/* Has it ended, or does it until the deadline? Its status if so. o: who may be to end before that; NULL: nobody. */
static bool ended(const struct output *o, struct program *p, uint64_t deadline_ns, int *status)
{
	uint64_t now;

	for (;;) {
		struct pollfd fd = { .fd = p->pidfd, .events = POLLIN };

		if (waitpid(p->pid, status, WNOHANG) == p->pid)
			return true;
		now = out_now();
		if (now >= deadline_ns || (o && atomic_load(&o->abandon)))
			return false;
		/* Without a pidfd (-1) this is a pause. */
		poll(&fd, 1, deadline_ns - now < 100000000 ? (int)((deadline_ns - now) / 1000000) + 1 : p->pidfd < 0 ? 5 : 100);
	}
}

static void forget(struct program *p)
{
	if (p->in >= 0)
		close(p->in);
	if (p->pidfd >= 0)
		close(p->pidfd);
	p->in = p->pidfd = -1;
	p->pid = 0;
}

/* End it and what it has started. One that does not even die (its disk hangs) is left behind. */
static void kill_it(struct program *p)
{
	if (!p->pid)
		return;
	kill(-p->pid, SIGKILL);
	for (int i = 0; i < 200 && waitpid(p->pid, NULL, WNOHANG) == 0; i++)
		poll(NULL, 0, 5);
	forget(p);
}

static const char *status_text(int status, char text[64])
{
	if (WIFSIGNALED(status))
		snprintf(text, 64, "killed by signal %d", WTERMSIG(status));
	else
		snprintf(text, 64, "ended with status %d", WEXITSTATUS(status));
	return text;
}

/* --- Delivering ---------------------------------------------------------------------------------------- */

static enum out_verdict deliver_once(struct output *o, struct program *p, struct out_try *t)
{
	uint64_t deadline = out_now() + o->o.timeout_ns;
	int rc = program__start(p), status = 0;
	size_t done = 0;
	char text[64];

	if (rc)
		return out_try__say(t, OUT_RETRY, "cannot start %s: %s", p->run[0], strerror(-rc));
	rc = out_write(o, p->in, p->line.p, p->line.len, &done, deadline);
	close(p->in);
	p->in = -1;
	if (rc != -ECANCELED && ended(o, p, deadline, &status)) {
		forget(p);
		/* One that ended well need not have read its input. */
		if (status == 0)
			return OUT_OK;
		return out_try__say(t, OUT_REFUSED, "%s %s", p->run[0], status_text(status, text));
	}
	kill_it(p);
	return out_try__say(t, OUT_REFUSED, "%s %s and was killed", p->run[0],
			    atomic_load(&o->abandon) ? "was not done when the output ended" : "took too long");
}

static enum out_verdict deliver_line(struct output *o, struct program *p, struct out_try *t)
{
	size_t done = 0;
	char text[64];
	int rc, status;

	if (p->pid && waitpid(p->pid, &status, WNOHANG) == p->pid) {
		forget(p);
		return out_try__say(t, OUT_RETRY, "%s %s", p->run[0], status_text(status, text));
	}
	if (!p->pid) {
		rc = program__start(p);
		if (rc)
			return out_try__say(t, OUT_RETRY, "cannot start %s: %s", p->run[0], strerror(-rc));
	}
	rc = out_write(o, p->in, p->line.p, p->line.len, &done, out_now() + o->o.timeout_ns);
	if (!rc)
		return OUT_OK;
	kill_it(p);	/* a new one does not know where the line broke off, and need not */
	if (rc == -ETIMEDOUT)
		return out_try__say(t, OUT_RETRY, "%s does not read its input and was killed", p->run[0]);
	return out_try__say(t, OUT_RETRY, "%s: %s", p->run[0], strerror(-rc));
}

static enum out_verdict program__deliver(struct output *o, const struct out_record *r, struct out_try *t)
{
	struct program *p = o->state;

	p->line.len = 0;
	out_line(o, r, &p->line);
	return o->o.per_alert ? deliver_once(o, p, t) : deliver_line(o, p, t);
}

/*
 * It may read what is in the pipe to its end, which counts as delivered, then it goes: in the time of a delivery, or what is left of
 * that in which all outputs end. In the thread that has started it: others may not end it (privilege.h).
 */
static void program__leave(struct output *o)
{
	struct program *p = o->state;
	uint64_t from = out_now();
	int status;

	if (!p->pid)
		return;
	close(p->in);
	p->in = -1;
	if (ended(NULL, p, from + END_GRACE_NS, &status) || ended(o, p, from + o->o.timeout_ns, &status))
		forget(p);
	else
		kill_it(p);
}

static void program__close(struct output *o)
{
	struct program *p = o->state;

	if (!p)
		return;
	buf__done(&p->line);
	free(p);
}

const struct out_ops out_program_ops = {
	.open = program__open, .deliver = program__deliver, .leave = program__leave, .close = program__close
};
