// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "format/base/alloc.h"
#include "format/base/log.h"
#include "format/file/trace_out.h"
#include "engine/sink/out_file.h"

struct out_file {
	char *path;			/* as it will be called; NULL: written in place */
	char *part;			/* as it is called meanwhile */
	char *name;			/* for messages */
	int fd;				/* for fsync */
	bool replace;
};

static const int deadly[] = { SIGINT, SIGTERM, SIGHUP };
#define N_DEADLY (sizeof(deadly) / sizeof(*deadly))

/* The one file that a signal has to remove. Set and cleared while the signals are blocked. */
static char *volatile doomed;

/* unlink, write and raise are safe within a handler. */
static void on_deadly(int sig)
{
	static const char msg[] = ": interrupted; no output was written\n";
	const char *tool = log__tool_name();

	if (doomed) {
		unlink(doomed);
		if (write(STDERR_FILENO, tool, strlen(tool)) < 0 || write(STDERR_FILENO, msg, sizeof(msg) - 1) < 0)
			doomed = NULL;
	}
	signal(sig, SIG_DFL);
	raise(sig);
}

void out_file__on_deadly(void)
{
	if (doomed)
		unlink(doomed);
}

static void block_deadly(sigset_t *before)
{
	sigset_t block;

	sigemptyset(&block);
	for (size_t k = 0; k < N_DEADLY; k++)
		sigaddset(&block, deadly[k]);
	sigprocmask(SIG_BLOCK, &block, before);
}

/* Let signals remove this file; NULL: none any more. */
static void watch(char *part)
{
	struct sigaction sa = { .sa_handler = on_deadly }, old;
	sigset_t before;

	block_deadly(&before);
	sigprocmask(SIG_BLOCK, NULL, &sa.sa_mask);
	doomed = part;
	for (size_t k = 0; k < N_DEADLY && part; k++)
		if (!sigaction(deadly[k], NULL, &old) && old.sa_handler == SIG_DFL)
			sigaction(deadly[k], &sa, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

/* Is the file at path open as one of these, or one of them? */
static int refuse_inputs(const struct stat *out, const char *const *inputs, struct err *err)
{
	struct stat in;

	for (; inputs && *inputs; inputs++)
		if (strcmp(*inputs, "-") && !stat(*inputs, &in) && in.st_dev == out->st_dev && in.st_ino == out->st_ino)
			return err__set(err, -EINVAL, "is the input itself: name another file for the output");
	return 0;
}

/* A new file beside the one that it will be. */
static int open_part(struct out_file *f, struct err *err)
{
	mode_t mask = umask(0);
	sigset_t before;
	int r;

	umask(mask);
	signal(SIGXFSZ, SIG_IGN);	/* then a limit on the size of files is an error of write */
	f->part = xasprintf("%s.part-XXXXXX", f->path);
	block_deadly(&before);		/* there is no moment in which the file is there and not watched */
	f->fd = mkostemp(f->part, O_CLOEXEC);
	r = f->fd < 0 ? -errno : 0;
	if (r == 0)
		watch(f->part);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (r < 0) {
		free(f->part);
		f->part = NULL;
		return err__set(err, r, "cannot write there: %s", err__text(r));
	}
	fchmod(f->fd, 0640 & ~mask);
	return 0;
}

static int open_existing(struct out_file *f, const char *path, const struct stat *st, bool force,
			 const char *const *inputs, struct err *err)
{
	int r = refuse_inputs(st, inputs, err);

	if (r < 0)
		return r;
	if (S_ISDIR(st->st_mode))
		return err__set(err, -EISDIR, "is a folder: name a file");
	if (!S_ISREG(st->st_mode)) {
		f->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return f->fd < 0 ? err__set(err, -errno, "cannot write: %s", err__text(-errno)) : 0;
	}
	if (st->st_size && !force)
		return err__set(err, -EEXIST, "the file exists; '--force' replaces it");
	f->replace = true;
	f->path = realpath(path, NULL);		/* a link goes on pointing at it */
	if (!f->path)
		return err__set(err, -errno, "cannot write: %s", err__text(-errno));
	return open_part(f, err);
}

static int open_path(struct out_file *f, const char *path, bool force, const char *const *inputs, struct err *err)
{
	struct stat st;

	if (!strcmp(path, "-")) {
		f->fd = dup(STDOUT_FILENO);
		return f->fd < 0 ? err__set(err, -errno, "%s", err__text(-errno)) : 0;
	}
	if (!stat(path, &st))
		return open_existing(f, path, &st, force, inputs, err);
	f->path = xstrdup(path);
	return open_part(f, err);
}

static void file_free(struct out_file *f)
{
	free(f->path);
	free(f->part);
	free(f->name);
	free(f);
}

int out_file__open(struct out_file **ret, const char *path, bool force, const char *const *inputs, int *ret_fd,
		   struct err *err)
{
	struct out_file *f = xcalloc(1, sizeof(*f));
	int fd, r = open_path(f, path, force, inputs, err);

	f->name = xstrdup(strcmp(path, "-") ? path : "stdout");
	fd = r < 0 ? -1 : dup(f->fd);
	if (r == 0 && fd < 0)
		r = err__set(err, -errno, "%s", err__text(-errno));
	if (r < 0) {
		err__file(err, f->name);
		if (f->part)
			out_file__abort(f);
		else
			file_free(f);
		return r;
	}
	*ret = f;
	*ret_fd = fd;
	return 0;
}

const char *out_file__name(const struct out_file *f)
{
	return f->name;
}

void out_file__say_nothing_left(const struct out_file *f, int code, struct err *err)
{
	if (!err || code <= -FMT_E_FORMAT || !f->part)
		return;
	*err = (struct err){ 0 };
	err__set(err, code, "%s; nothing was written", err__text(code));
	err__file(err, f->name);
}

/* Without replace, a file that has come up meanwhile is left alone: link does not replace, rename would. */
static int give_name(struct out_file *f, struct err *err)
{
	if (f->replace)
		return rename(f->part, f->path) ? err__set(err, -errno, "cannot rename: %s", err__text(-errno)) : 0;
	if (link(f->part, f->path) == 0) {
		unlink(f->part);
		return 0;
	}
	if (errno == EEXIST)
		return err__set(err, -EEXIST, "a file of this name was made meanwhile; '--force' replaces it");
	/* a file system without links */
	return rename(f->part, f->path) ? err__set(err, -errno, "cannot rename: %s", err__text(-errno)) : 0;
}

int out_file__commit(struct out_file *f, struct err *err)
{
	int r = 0;

	if (!f->part) {
		close(f->fd);
		file_free(f);
		return 0;
	}
	if (fsync(f->fd) && errno != EINVAL && errno != EROFS)
		r = err__set(err, -errno, "%s", err__text(-errno));
	if (r == 0)
		r = give_name(f, err);
	if (r < 0) {
		err__file(err, f->name);
		out_file__abort(f);
		return r;
	}
	watch(NULL);
	close(f->fd);
	trace_out__sync_folder(f->path);
	file_free(f);
	return 0;
}

void out_file__abort(struct out_file *f)
{
	if (!f)
		return;
	if (f->part)
		unlink(f->part);	/* and then there is nothing to be removed by a signal */
	watch(NULL);
	if (f->fd >= 0)
		close(f->fd);
	file_free(f);
}
