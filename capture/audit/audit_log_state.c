// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/audit/audit_log_state.h"
#include "format/base/alloc.h"

#define HASHED (64u << 10)	/* of a long line its end is enough */

uint64_t audit_place__hash(const char *line, uint64_t len)
{
	uint64_t h = 0xcbf29ce484222325ull, from = len > HASHED ? len - HASHED : 0;

	for (uint64_t k = from; k < len; k++)
		h = (h ^ (uint8_t)line[k]) * 0x100000001b3ull;
	return h;
}

bool audit_place__holds(const struct audit_place *p, int fd)
{
	uint64_t len = p->line_len > HASHED ? HASHED : p->line_len;
	struct stat st;
	char *line;
	bool same;

	if (fstat(fd, &st) || (uint64_t)st.st_ino != p->ino || (uint64_t)st.st_dev != p->dev ||
	    (uint64_t)st.st_size < p->offset || len > p->offset)
		return false;
	line = xmalloc(len + 1);
	same = pread(fd, line, len, (off_t)(p->offset - len)) == (ssize_t)len &&
	       (!len || audit_place__hash(line, len) == p->line_hash);
	free(line);
	return same;
}

int audit_place__load(const char *path, struct audit_place *ret, struct err *err)
{
	struct audit_place p = { 0 };
	FILE *f = fopen(path, "re");
	int r = 0;

	if (!f && errno == ENOENT)
		return 1;
	if (!f)
		r = err__set(err, -errno, "cannot read what was recorded: %s", err__text(-errno));
	else if (fscanf(f, "spoor-audit-log 1 %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNx64, &p.dev, &p.ino,
			&p.offset, &p.line_len, &p.line_hash) != 5 || p.offset > INT64_MAX || p.line_len > p.offset)
		r = err__set(err, -FMT_E_CORRUPT, "does not say how far the log was recorded: remove it to begin anew");
	err__file(err, path);
	if (f)
		fclose(f);
	if (!r)
		*ret = p;
	return r;
}

int audit_place__save(const char *path, const struct audit_place *p, struct err *err)
{
	char *tmp = xasprintf("%s.new", path), line[160];
	int n = snprintf(line, sizeof(line), "spoor-audit-log 1 %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIx64 "\n",
			 p->dev, p->ino, p->offset, p->line_len, p->line_hash);
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600), r = fd < 0 ? -errno : 0;

	if (!r && write(fd, line, (size_t)n) != n)
		r = errno ? -errno : -ENOSPC;
	if (fd >= 0)
		close(fd);
	if (!r && rename(tmp, path))
		r = -errno;
	if (r) {
		err__set(err, r, "cannot remember what was recorded: %s", err__text(r));
		err__file(err, path);
	}
	free(tmp);
	return r;
}
