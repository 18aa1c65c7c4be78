// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "inspect/ui/report/save.h"

int ins_save__new_file(const char *path, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	if (errno == EEXIST)
		return err__set(err, -EEXIST, "%s exists: give another name", path);
	if (errno == EACCES)
		return err__set(err, -EACCES, "%s: no permission; with a trace open, files can be made only in "
				"its folder, the one you started in, and the one for temporary files", path);
	return err__set(err, -errno, "%s: %s", path, strerror(errno));
}

int ins_save__write(int fd, const char *path, const void *p, size_t n, struct err *err)
{
	const char *at = p;

	while (n) {
		ssize_t r = write(fd, at, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return err__set(err, -(r ? errno : EIO), "%s: %s", path,
					strerror(r ? errno : EIO));
		at += r;
		n -= (size_t)r;
	}
	return 0;
}
