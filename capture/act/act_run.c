// SPDX-License-Identifier: Apache-2.0
/* A program, with the alert on its standard input. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/act/act.h"
#include "format/base/text.h"

#define MAX_SAID 4096			/* bytes of its output that are kept; it may say more */
#define SHOWN 200
#define POLL_MS 100

struct child {
	pid_t pid;
	int in, out;			/* -1: closed */
	const char *p;			/* what it is still to read */
	size_t left;
	char said[MAX_SAID];
	size_t n_said;
};

/* The program, its arguments, NULL; borrowed texts. */
static char **make_argv(const struct pb_step *s)
{
	char **argv = xcalloc(s->n_args + 2, sizeof(*argv));
	unsigned n = 0;

	argv[n++] = (char *)s->action->o->program;
	for (uint32_t i = 0; i < s->n_args; i++)
		if (!strcmp(s->args[i].name, "args"))
			argv[n++] = (char *)s->args[i].value;
	return argv;
}

/* Between fork and exec, in a process of several threads: system calls only. Ends with the error in the pipe. */
static void __attribute__((noreturn)) become(char **argv, int in, int out, int tell)
{
	static const char *const env[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/", NULL };
	sigset_t none;
	int e;

	sigemptyset(&none);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(out, 2) >= 0 && dup2(tell, 3) >= 0) {
		syscall(SYS_close_range, 4u, ~0u, 0);
		fcntl(3, F_SETFD, FD_CLOEXEC);
		execve(argv[0], argv, (char **)env);
	}
	e = errno;
	if (write(3, &e, sizeof(e)) < 0)
		_exit(126);
	_exit(127);
}

static int start(struct child *c, char **argv, struct err *err)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, tell[2] = { -1, -1 }, e = 0, r = 0;

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(tell, O_CLOEXEC) || (c->pid = fork()) < 0)
		r = err__set(err, -errno, "%s: %s", argv[0], strerror(errno));
	else if (!c->pid)
		become(argv, in[0], out[1], tell[1]);
	if (in[0] >= 0)
		close(in[0]);
	if (out[1] >= 0)
		close(out[1]);
	if (tell[1] >= 0)
		close(tell[1]);
	if (!r && read(tell[0], &e, sizeof(e)) == sizeof(e)) {
		waitpid(c->pid, NULL, 0);
		r = err__set(err, -e, "cannot run %s: %s", argv[0], strerror(e));
	}
	if (tell[0] >= 0)
		close(tell[0]);
	c->in = in[1];
	c->out = out[0];
	if (r) {
		close(c->in);
		close(c->out);
		return r;
	}
	fcntl(c->in, F_SETFL, O_NONBLOCK);
	fcntl(c->out, F_SETFL, O_NONBLOCK);
	return 0;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void feed(struct child *c)
{
	ssize_t n = write(c->in, c->p, c->left);

	if (n > 0) {
		c->p += n;
		c->left -= (size_t)n;
	}
	if (!c->left || (n < 0 && errno != EAGAIN && errno != EINTR))
		shut(&c->in);
}

static void listen_to(struct child *c)
{
	char spill[4096];
	bool full = c->n_said == MAX_SAID;
	ssize_t n = full ? read(c->out, spill, sizeof(spill)) : read(c->out, c->said + c->n_said, MAX_SAID - c->n_said);

	if (n > 0)
		c->n_said += full ? 0 : (size_t)n;
	else if (!n || (errno != EAGAIN && errno != EINTR))
		shut(&c->out);
}

/* It has ended, whoever still holds its output. */
static bool has_ended(struct child *c, int *status)
{
	return waitpid(c->pid, status, WNOHANG) == c->pid;
}

/* SIGPIPE is this thread's own affair: it reads the write's error instead. */
static int attend(struct child *c, uint64_t timeout, const atomic_bool *stop, int *ret_status)
{
	uint64_t until = act_clock() + timeout;
	int r = 0;
	sigset_t sigpipe;

	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &sigpipe, NULL);
	while (!has_ended(c, ret_status)) {
		struct pollfd p[2] = { { c->in, POLLOUT, 0 }, { c->out, POLLIN, 0 } };

		if (act_clock() > until || *stop) {
			r = *stop ? -ECANCELED : -ETIMEDOUT;
			kill(-c->pid, SIGKILL);
			kill(c->pid, SIGKILL);
			waitpid(c->pid, ret_status, 0);
			break;
		}
		poll(p, 2, c->in < 0 && c->out < 0 ? 5 : POLL_MS);
		if (c->in >= 0 && p[0].revents)
			feed(c);
		if (c->out >= 0 && p[1].revents)
			listen_to(c);
	}
	while (c->out >= 0 && c->n_said < MAX_SAID) {	/* what is left in the pipe, without waiting */
		size_t before = c->n_said;

		listen_to(c);
		if (c->n_said == before)
			break;
	}
	sigtimedwait(&sigpipe, NULL, &(struct timespec){ 0 });
	return r;
}

int act_run__program(const struct pb_plan *p, const struct pb_step *s, const atomic_bool *stop, struct buf *text, struct err *err)
{
	struct child *c = xcalloc(1, sizeof(*c));
	char **argv = make_argv(s);
	int status = 0, r = start(c, argv, err);

	if (r)
		goto out;
	c->p = p->json;
	c->left = strlen(p->json);
	r = attend(c, s->action->o->timeout, stop, &status);
	shut(&c->in);
	shut(&c->out);
	text__safe(text, c->said, c->n_said > SHOWN ? SHOWN : c->n_said);
	buf__u8(text, 0);
	text->len--;
	if (r)
		err__set(err, r, "%s: killed, since %s. It said: %s", argv[0], r == -ETIMEDOUT ? "it took too long" : "the recorder ends",
			 (char *)text->p);
	else if (WIFSIGNALED(status))
		r = err__set(err, -EINTR, "%s: ended by signal %d. It said: %s", argv[0], WTERMSIG(status), (char *)text->p);
	else if (WEXITSTATUS(status))
		r = err__set(err, -EIO, "%s: exit code %d. It said: %s", argv[0], WEXITSTATUS(status), (char *)text->p);
	if (!r && !text->len)
		buf__puts(text, "exit code 0");
out:
	free(argv);
	free(c);
	return r;
}
