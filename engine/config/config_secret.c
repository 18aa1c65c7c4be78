// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/config/config.h"

#define MAX_SECRET 65536u

static int check_file(int fd, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st))
		return err__set(err, -errno, "cannot read it: %s", strerror(errno));
	if (S_ISREG(st.st_mode) && st.st_mode & S_IROTH)
		return err__set(err, -EPERM, "everybody can read this secret: chmod o-r");
	return 0;
}

static int first_line(int fd, char *text, struct err *err)
{
	size_t n = 0;
	ssize_t got = 0;

	while (n < MAX_SECRET && (got = read(fd, text + n, MAX_SECRET - n)) > 0)
		n += (size_t)got;
	if (got < 0)
		return err__set(err, -errno, "cannot read it: %s", strerror(errno));
	if (n == MAX_SECRET)
		return err__set(err, -FMT_E_LIMIT, "too long for a secret");
	text[n] = 0;
	text[strcspn(text, "\r\n")] = 0;
	return *text ? 0 : err__set(err, -FMT_E_VALUE, "there is no secret in it");
}

int cfg_secret__read(const char *path, char **ret, struct err *err)
{
	char text[MAX_SECRET + 1];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), r;

	if (fd < 0) {
		r = err__set(err, -errno, "cannot read it: %s", strerror(errno));
	} else {
		r = check_file(fd, err);
		r = r ? r : first_line(fd, text, err);
		close(fd);
	}
	if (r)
		err__file(err, path);
	else
		*ret = xstrdup(text);
	explicit_bzero(text, sizeof(text));
	return r;
}
