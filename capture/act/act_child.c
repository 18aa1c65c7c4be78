// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture/act/act.h"
#include "capture/act/act_child.h"

#define POLL_MS 100
#define PATHS "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct pipes {
	pid_t pid;
	int in, out;			/* -1: closed */
	const char *p;			/* what it is still to read */
	size_t left;
};

static char **make_env(char *const *more)
{
	static const char *const base[] = { "PATH=" PATHS, "LANG=C.UTF-8", "HOME=/" };
	unsigned n = 0, k = 0;
	char **env;

	while (more && more[n])
		n++;
	env = xcalloc(n + 4, sizeof(*env));
	for (; k < 3; k++)
		env[k] = (char *)base[k];
	if (n)
		memcpy(env + k, more, n * sizeof(*env));
	return env;
}

/* Where the program is; it need not be there. */
static char *find(const char *name, bool search)
{
	const char *dir = PATHS;

	while (search && !strchr(name, '/') && *dir) {
		size_t n = strcspn(dir, ":");
		char *path = xasprintf("%.*s/%s", (int)n, dir, name);

		if (!access(path, X_OK))
			return path;
		free(path);
		dir += n + (dir[n] == ':');
	}
	return xstrdup(name);
}

/* Between fork and exec, in a process of several threads: system calls only. Ends with the error in the pipe. */
static void __attribute__((noreturn)) become(const char *path, char *const *argv, char *const *env, int in, int out, bool errors, int tell)
{
	sigset_t none;
	int e;

	sigemptyset(&none);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && (!errors || dup2(out, 2) >= 0) && dup2(tell, 3) >= 0) {
		syscall(SYS_close_range, 4u, ~0u, 0);
		fcntl(3, F_SETFD, FD_CLOEXEC);
		execve(path, argv, env);
	}
	e = errno;
	if (write(3, &e, sizeof(e)) < 0)
		_exit(126);
	_exit(127);
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int start(struct pipes *c, const struct act_child *what, struct err *err)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, tell[2] = { -1, -1 }, e = 0, r = 0;
	char **env = make_env(what->env), *path = find(what->argv[0], what->search);

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(tell, O_CLOEXEC) || (c->pid = fork()) < 0)
		r = err__set(err, -errno, "%s: %s", path, strerror(errno));
	else if (!c->pid)
		become(path, what->argv, env, in[0], out[1], what->with_errors, tell[1]);
	shut(&in[0]);
	shut(&out[1]);
	shut(&tell[1]);
	if (!r && read(tell[0], &e, sizeof(e)) == sizeof(e)) {
		waitpid(c->pid, NULL, 0);
		r = err__set(err, -e, "cannot run %s: %s", path, strerror(e));
	}
	shut(&tell[0]);
	c->in = in[1];
	c->out = out[0];
	free(path);
	free(env);
	if (r) {
		shut(&c->in);
		shut(&c->out);
		return r;
	}
	fcntl(c->in, F_SETFL, O_NONBLOCK);
	fcntl(c->out, F_SETFL, O_NONBLOCK);
	return 0;
}

static void feed(struct pipes *c)
{
	ssize_t n = c->left ? write(c->in, c->p, c->left) : 0;

	if (n > 0) {
		c->p += n;
		c->left -= (size_t)n;
	}
	if (!c->left || (n < 0 && errno != EAGAIN && errno != EINTR))
		shut(&c->in);
}

/* Whether something came. */
static bool listen_to(struct pipes *c, struct act_child *what)
{
	char b[4096];
	ssize_t n = read(c->out, b, sizeof(b));
	size_t room = what->max - what->said.len;

	if (n > 0)
		buf__add(&what->said, b, (size_t)n < room ? (size_t)n : room);
	else if (!n || (errno != EAGAIN && errno != EINTR))
		shut(&c->out);
	return n > 0;
}

static void kill_it(struct pipes *c, int *status)
{
	kill(-c->pid, SIGKILL);
	kill(c->pid, SIGKILL);
	waitpid(c->pid, status, 0);
}

/* Until it has ended, whoever still holds its output. */
static int attend(struct pipes *c, struct act_child *what)
{
	uint64_t until = act_clock() + what->timeout;

	while (waitpid(c->pid, &what->status, WNOHANG) != c->pid) {
		struct pollfd p[2] = { { c->in, POLLOUT, 0 }, { c->out, POLLIN, 0 } };

		if (act_clock() > until || (what->stop && *what->stop)) {
			kill_it(c, &what->status);
			return act_clock() > until ? -ETIMEDOUT : -ECANCELED;
		}
		poll(p, 2, c->in < 0 && c->out < 0 ? 5 : POLL_MS);
		if (c->in >= 0 && p[0].revents)
			feed(c);
		if (c->out >= 0 && p[1].revents)
			listen_to(c, what);
	}
	while (c->out >= 0 && what->said.len < what->max && listen_to(c, what))
		;				/* what is left in the pipe */
	return 0;
}

/* SIGPIPE is this thread's own affair: it reads the write's error instead. */
int act_child__run(struct act_child *what, struct err *err)
{
	struct pipes c = { .in = -1, .out = -1, .p = what->input, .left = what->input ? strlen(what->input) : 0 };
	sigset_t sigpipe, old;
	int r = start(&c, what, err);

	if (r)
		return r;
	sigemptyset(&sigpipe);
	sigaddset(&sigpipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &sigpipe, &old);
	r = attend(&c, what);
	shut(&c.in);
	shut(&c.out);
	sigtimedwait(&sigpipe, NULL, &(struct timespec){ 0 });
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return r ? err__set(err, r, "%s: killed, since %s", what->argv[0], r == -ETIMEDOUT ? "it took too long" : "the recorder ends") : 0;
}
