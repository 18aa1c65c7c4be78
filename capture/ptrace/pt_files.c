// SPDX-License-Identifier: Apache-2.0
/* What a process had open before it was traced. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/ptrace/pt.h"
#include "format/base/alloc.h"
#include "format/schema/schema.h"

static int file_record(struct pt_thread *t, const char *num, void *rec,
		       int (*fn)(void *arg, const struct cap_record *r), void *arg)
{
	char path[64], file[4096];
	uint32_t fd = (uint32_t)strtoul(num, NULL, 10);
	unsigned long flags = 0;
	struct pt_out o;
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/fdinfo/%u", t->pid, fd);
	f = fopen(path, "re");
	if (f) {
		if (fscanf(f, "pos: %*s flags: %lo", &flags) != 1)
			flags = 0;
		fclose(f);
	}
	snprintf(path, sizeof(path), "/proc/%u/fd/%u", t->pid, fd);
	if (stat(path, &st) || !pt_link(t->pid, path + strlen("/proc/") +
					strcspn(path + strlen("/proc/"), "/") + 1, file,
					sizeof(file)))
		return 0;
	pt_out__begin(&o, rec);
	pt_out__num(&o, fd);
	pt_out__num(&o, flags);
	pt_out__num(&o, st.st_mode);
	pt_out__num(&o, st.st_dev);
	pt_out__num(&o, st.st_ino);
	pt_out__num(&o, t->pid);	/* one table, as far as we look */
	pt_out__path(&o, TAG_PATH, file, t->root);
	if (S_ISSOCK(st.st_mode))
		pt_sock(t, &o, (int)fd);
	pt_out__close(&o, EV_state_fd, pt_now(), 0, 0, t, 0);
	return fn(arg, rec);
}

int pt_files(uint32_t pid, int (*fn)(void *arg, const struct cap_record *r), void *arg)
{
	struct pt_thread self = { .tid = pid, .pid = pid, .pidfd = -1 };
	void *rec = xmalloc(CAP_RECORD_MAX);
	struct dirent *e;
	char path[40];
	int r = 0;
	DIR *d;

	pt_thread__look_at_root(&self);
	snprintf(path, sizeof(path), "/proc/%u/fd", pid);
	d = opendir(path);
	while (d && !r && (e = readdir(d)))
		if (*e->d_name != '.')
			r = file_record(&self, e->d_name, rec, fn, arg);
	if (d)
		closedir(d);
	if (self.pidfd >= 0)
		close(self.pidfd);
	free(self.root);
	free(rec);
	return r;
}
