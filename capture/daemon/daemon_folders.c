// SPDX-License-Identifier: Apache-2.0
/* The folders that the daemon writes to: looked at before anything is started, so that what is wrong is said at once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/daemon/daemon_internal.h"
#include "capture/machine.h"

static char *folder_above(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	while (n && path[n - 1] != '/')
		n--;
	while (n > 1 && path[n - 1] == '/')
		n--;
	return n ? xmemdup0(path, n) : xstrdup(".");
}

static int check_writable(const char *path, const char *key, struct err *err)
{
	struct stat st;

	if (stat(path, &st))
		return err__set(err, -errno, "%s: %s", key, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return err__set(err, -ENOTDIR, "%s: this is no folder: remove it, or name another", key);
	if (access(path, W_OK | X_OK))
		return err__set(err, -errno, "%s: cannot be written to: %s: change that, or name another folder", key,
				strerror(errno));
	return 0;
}

/* The folder itself may be missing, what is above it may not: a name with a mistake in it makes no tree. */
static int look_at(const char *path, const char *key, mode_t mode, bool make, struct err *err)
{
	char *above = folder_above(path);
	struct stat st;
	int r;

	if (!stat(path, &st) || errno != ENOENT)
		r = check_writable(path, key, err);
	else if (stat(above, &st))
		r = err__set(err, -errno, "%s: there is no such folder, nor the one that it should be in: make it with mkdir -p, "
			     "or name another", key);
	else if (!make)
		r = check_writable(above, key, err);
	else
		r = mkdir(path, mode) ? err__set(err, -errno, "%s: cannot be made: %s", key, strerror(errno)) : 0;
	if (r)
		err__file(err, path);
	free(above);
	return r;
}

int cap_daemon__folders(const struct cap_daemon_conf *o, bool make, struct err *err)
{
	char *control = folder_above(o->control.socket);
	int r = look_at(control, "control.socket", 0755, make, err);

	if (!r && o->capture.host_root)
		r = cap_machine__set_root(o->capture.host_root, err);
	if (!r && o->files.directory)
		r = look_at(o->files.directory, "files.directory", 0750, make, err);
	if (!r && o->ring.directory)
		r = look_at(o->ring.directory, "ring.directory", 0750, make, err);
	free(control);
	return r;
}
