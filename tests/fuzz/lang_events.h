/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lang_events - a few events of several kinds for the fuzzers of conditions and outputs, made once.
 */
#ifndef FUZZ_LANG_EVENTS_H
#define FUZZ_LANG_EVENTS_H

#include <string.h>

#include "engine/state/state.h"

#define LANG_T0 1700000000000000000u

static void lang__begin(struct fmt_batch *b, uint16_t type, uint32_t pid, int64_t res)
{
	fmt_batch__begin(b, type, LANG_T0 + b->n, 5, pid, pid, 1, res);
}

static void lang__str(struct fmt_batch *b, unsigned p, const char *s)
{
	fmt_batch__str(b, p, s, (uint32_t)strlen(s), (uint32_t)strlen(s));
}

static void lang__open(struct fmt_batch *b, uint32_t pid, const char *path, int64_t fd)
{
	lang__begin(b, EV_openat, pid, fd);
	fmt_batch__int(b, P_openat_dirfd, (uint64_t)-100);
	lang__str(b, P_openat_name, path);
	fmt_batch__int(b, P_openat_flags, FDF_RDONLY | FDF_CREAT);
	if (fd >= 0)
		lang__str(b, P_openat_path, path);
	fmt_batch__end(b);
}

/* Two processes, files, a socket, an exec, payloads. */
static struct fmt_batch *lang_events__new(void)
{
	struct fmt_batch *b;

	fmt_batch__new(&b);
	lang__begin(b, EV_state_thread, 7, 0);
	fmt_batch__int(b, P_state_thread_ptid, 1);
	lang__str(b, P_state_thread_comm, "bash");
	lang__str(b, P_state_thread_exe, "bash");
	fmt_batch__str(b, P_state_thread_args, "-c\0x y\0", 7, 7);
	fmt_batch__str(b, P_state_thread_env, "PATH=/bin\0", 10, 10);
	fmt_batch__end(b);
	lang__open(b, 7, "/etc/shadow", 3);
	lang__open(b, 7, "/etc/\xff\x1b[31m", -2);
	lang__begin(b, EV_write, 7, 4);
	fmt_batch__int(b, P_write_fd, 3);
	fmt_batch__bytes(b, P_write_data, "ro\0t", 4, 4);
	fmt_batch__end(b);
	lang__begin(b, EV_connect, 7, 0);
	fmt_batch__str(b, P_connect_tuple, "\x02\x0a\0\0\x05\x10\x27\x7f\0\0\x01\xbb\x01", 13, 13);
	fmt_batch__int(b, P_connect_fd, 4);
	fmt_batch__end(b);
	lang__begin(b, EV_execve, 7, 0);
	lang__str(b, P_execve_exe, "wget");
	fmt_batch__str(b, P_execve_args, "-q\0http://x\0", 12, 12);
	lang__str(b, P_execve_comm, "wget");
	lang__str(b, P_execve_trusted_exepath, "/usr/bin/wget");
	fmt_batch__end(b);
	lang__begin(b, EV_getpid, 9, 9);
	fmt_batch__end(b);
	return b;
}

#endif
