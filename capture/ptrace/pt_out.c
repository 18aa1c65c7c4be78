// SPDX-License-Identifier: Apache-2.0
/* Records in the making; memory of traced threads. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "capture/ptrace/pt.h"

#define WAIT_US 200u
#define PAGE 4096u

uint64_t pt_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* --- memory ------------------------------------------------------------------------------------ */

/* Where process_vm_readv is not allowed, by a filter for example. */
static size_t read_mem(uint32_t tid, uint64_t addr, void *to, size_t n)
{
	char path[40];
	ssize_t r;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/mem", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	r = pread(fd, to, n, (off_t)addr);
	close(fd);
	return r > 0 ? (size_t)r : 0;
}

size_t pt_read(uint32_t tid, uint64_t addr, void *to, size_t n)
{
	struct iovec local = { to, n }, remote = { (void *)(uintptr_t)addr, n };
	ssize_t r = n ? process_vm_readv((pid_t)tid, &local, 1, &remote, 1, 0) : 0;

	if (r == (ssize_t)n || !n)
		return n;
	return r > 0 ? (size_t)r : read_mem(tid, addr, to, n);
}

/* --- records ----------------------------------------------------------------------------------- */

bool pt_out__open(struct pt_out *o, const bool *stop)
{
	uint64_t head = o->ring->head;

	while (head - __atomic_load_n(&o->ring->tail, __ATOMIC_ACQUIRE) > o->room) {
		if (__atomic_load_n(stop, __ATOMIC_RELAXED)) {
			o->ring->lost++;	/* the one that reads has other things to do */
			o->ring->lost_last = pt_now();
			return false;
		}
		usleep(WAIT_US);
	}
	o->rec = (uint8_t *)o->ring + CAP_RING_CTL + (head & o->mask);
	o->off = sizeof(struct cap_record);
	o->n = 0;
	return true;
}

void pt_out__begin(struct pt_out *o, void *rec)
{
	*o = (struct pt_out){ .rec = rec, .off = sizeof(struct cap_record) };
}

void pt_out__num(struct pt_out *o, uint64_t v)
{
	if (o->off + 8 > CAP_RECORD_MAX || o->n >= CAP_MAX_NUMS)
		return;
	memcpy(o->rec + o->off, &v, 8);
	o->off += 8;
	o->n++;
}

/* Room for a blob of n bytes; where its bytes go. */
static uint8_t *blob_at(struct pt_out *o, size_t n)
{
	return o->off + sizeof(struct cap_blob) + n + 8 <= CAP_RECORD_MAX
		       ? o->rec + o->off + sizeof(struct cap_blob)
		       : NULL;
}

static void blob_end(struct pt_out *o, enum cap_tag tag, size_t n, uint64_t full)
{
	struct cap_blob b = { .tag = tag, .len = n & 0xffffff,
			      .full = full > UINT32_MAX ? UINT32_MAX : (uint32_t)full };

	memcpy(o->rec + o->off, &b, sizeof(b));
	o->off += (uint32_t)(sizeof(b) + ((n + 7) & ~(size_t)7));
}

void pt_out__blob(struct pt_out *o, enum cap_tag tag, const void *p, size_t n, size_t full)
{
	uint8_t *at = blob_at(o, n);

	if (!at)
		return;
	memcpy(at, p, n);
	blob_end(o, tag, n, full);
}

void pt_out__str(struct pt_out *o, enum cap_tag tag, const char *s)
{
	pt_out__blob(o, tag, s, strlen(s), strlen(s));
}

void pt_out__user_mem(struct pt_out *o, enum cap_tag tag, uint32_t tid, uint64_t addr, uint64_t n,
		      uint64_t full, size_t max)
{
	uint8_t *at;

	if (n > max)
		n = max;
	at = blob_at(o, n);
	if (!at)
		return;
	if (!addr || pt_read(tid, addr, at, n) != n)
		n = 0;
	blob_end(o, tag, n, full);
}

/* Page by page: the one behind the string's last may not be there. */
void pt_out__user_str(struct pt_out *o, enum cap_tag tag, uint32_t tid, uint64_t addr)
{
	uint8_t *at = blob_at(o, CAP_STR_MAX + 1), *nul = NULL;
	size_t n = 0;

	if (!at || !addr)
		return;
	while (n <= CAP_STR_MAX && !nul) {
		size_t step = PAGE - ((addr + n) & (PAGE - 1)), got;

		if (step > CAP_STR_MAX + 1 - n)
			step = CAP_STR_MAX + 1 - n;
		got = pt_read(tid, addr + n, at + n, step);
		nul = memchr(at + n, 0, got);
		if (got != step && !nul)
			return;
		n += got;
	}
	n = nul ? (size_t)(nul - at) : CAP_STR_MAX;
	blob_end(o, tag, n, n < CAP_STR_MAX ? n : n + 1);
}

void pt_take_off(const char **path, const char *root)
{
	size_t n = root ? strlen(root) : 0;

	if (n > 1 && !strncmp(*path, root, n) && ((*path)[n] == '/' || !(*path)[n]))
		*path = (*path)[n] ? *path + n : "/";
}

#define ANON_INODE_FS_MAGIC 0x09041934u	/* include/uapi/linux/magic.h */

void pt_out__path(struct pt_out *o, enum cap_tag tag, const char *path, const char *root)
{
	pt_out__object(o, tag, path, root, NULL);
}

/* Names from the last to the first, each with NUL. */
void pt_out__object(struct pt_out *o, enum cap_tag tag, const char *path, const char *root,
		    const struct stat *st)
{
	static const char deleted[] = " (deleted)";
	struct cap_path head = { .ino = st ? st->st_ino : 0, .dev = st ? (uint32_t)st->st_dev : 0 };
	size_t n, len = 0;
	uint8_t *at;

	pt_take_off(&path, root);
	if (!strncmp(path, "/memfd:", 7))	/* in no directory, whatever /proc shows */
		path++;
	if (!strncmp(path, "anon_inode:", 11)) {
		head.magic = ANON_INODE_FS_MAGIC;
		path += 11;
	}
	n = strlen(path);
	at = blob_at(o, sizeof(head) + n + 2);
	if (!at)
		return;
	if (n > sizeof(deleted) && !strcmp(path + n - sizeof(deleted) + 1, deleted)) {
		head.flags |= CAP_PATH_DELETED;
		n -= sizeof(deleted) - 1;
	}
	if (*path != '/') {		/* pipe:[1], memfd:name */
		head.flags = CAP_PATH_PSEUDO;
		memcpy(at + sizeof(head), path, n);
		len = n;
	}
	while (*path == '/' && n) {
		size_t start = n;

		while (path[start - 1] != '/')
			start--;
		if (start < n) {
			memcpy(at + sizeof(head) + len, path + start, n - start);
			len += n - start;
			at[sizeof(head) + len++] = 0;
		}
		n = start - 1;
	}
	memcpy(at, &head, sizeof(head));
	blob_end(o, tag, sizeof(head) + len, sizeof(head) + len);
}

void pt_out__close(struct pt_out *o, uint16_t event, uint64_t ts, uint64_t dur, int64_t res,
		   const struct pt_thread *t, unsigned abi)
{
	struct cap_record r = { .ts = ts, .dur = dur, .res = res,
				.pid_tid = (uint64_t)t->pid << 32 | t->tid, .type = event,
				.n_nums = (uint8_t)o->n, .abi = (uint8_t)abi, .len = o->off };

	memcpy(o->rec, &r, sizeof(r));
	if (o->ring)
		__atomic_store_n(&o->ring->head, o->ring->head + o->off, __ATOMIC_RELEASE);
}
