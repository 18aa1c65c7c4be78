// SPDX-License-Identifier: Apache-2.0
/*
 * make_capture - captures for tests of the tools.
 *
 *   make_capture sections FILE	two captures, one behind the other: process 100 is another one in each
 *   make_capture damaged FILE	three events, the second of which lies about its length
 *   make_capture later FILE	blocks and events that no version knows yet
 *   make_capture filtered FILE	an open that is there for the state only, and the close of what it opened
 *   make_capture old FILE	all versions of the lists, entries and returns, containers of all generations
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scap/scap_maker.h"

static const uint64_t ok, fd3 = 3, pid = 100, fd5 = 5;
static const uint32_t rdonly = 1, zero;

static void open_file(struct buf *f, uint64_t ts)
{
	made_event(f, 0, 3, ts, pid, 8, &fd5, 10, "/etc/motd", 4, &rdonly, 4, &zero, 4, &zero, 8, &ok, -1);
}

static void close_file(struct buf *f, uint64_t ts)
{
	made_event(f, 0, 5, ts, pid, 8, &ok, 8, &fd3, -1);
}

/* A capture in which descriptor 3 of process 100 is /etc/hosts from its list; in the second that process is named otherwise. */
static void section(struct buf *f, const char *comm, uint64_t ts)
{
	struct buf list = { 0 };
	uint8_t *name;

	made_head(f);
	made_process(&list, 9, pid);
	name = memmem(list.p, list.len, "bash", 4);
	memcpy(name, comm, 4);
	made_block(f, made_process_block(9), &list);
	if (*comm == 'b')
		made_fds(f, 2);
	open_file(f, ts);
	close_file(f, ts + 1000);
	buf__done(&list);
}

static void old_forms(struct buf *f)
{
	static const char json[] = "{\"container\":{\"id\":\"0123456789ab\",\"type\":0,\"name\":\"web\"}}";
	static const uint16_t wait4[2] = { 69, 61 };
	struct buf list = { 0 };

	made_head(f);
	for (unsigned version = 1; version <= 9; version++) {
		list.len = 0;
		made_process(&list, version, pid + version - 1);
		made_block(f, made_process_block(version), &list);
	}
	made_fds(f, 1);
	made_fds(f, 2);
	made_event(f, MADE_V1, 228, MADE_T0, 0ull, 13, "0123456789ab", 4, &zero, 4, "web", 8, "nginx:1", -1);
	made_event(f, MADE_V1, 272, MADE_T0, 0ull, (int)sizeof(json), json, -1);
	made_event(f, MADE_LARGE, 402, MADE_T0, 0ull, 4, &zero, 10, "container", (int)sizeof(json), json, -1);
	made_event(f, MADE_LARGE | MADE_FLAGS, 402, MADE_T0, 0ull, 4, &zero, 18, "container_removed", (int)sizeof(json), json, -1);
	made_event(f, MADE_V1 | MADE_FLAGS, 6, MADE_T0 + 10, pid, 8, &fd3, 4, &rdonly, -1);
	made_event(f, MADE_V1, 7, MADE_T0 + 20, pid, 8, &fd3, 3, "abc", -1);
	made_event(f, MADE_V1, 4, MADE_T0 + 21, pid, 8, &fd3, -1);
	made_event(f, MADE_V1, 5, MADE_T0 + 29, pid, 8, &ok, -1);
	made_event(f, 0, 1, MADE_T0 + 30, pid, 2, &wait4[0], 2, &wait4[1], -1);
	made_event(f, MADE_V1, 12, MADE_T0 + 40, pid, -1);
	made_event(f, MADE_V1, 13, MADE_T0 + 50, pid, 8, &ok, 8, "/bin/ls", 3, "-l", 8, &pid, 8, &pid, 8, &fd3, 6, "/root", 8,
		   &pid, -1);
	buf__done(&list);
}

int main(int argc, char **argv)
{
	struct buf f = { 0 }, body = { 0 };
	FILE *out;
	size_t at;

	if (argc != 3)
		return 1;
	if (!strcmp(argv[1], "sections")) {
		section(&f, "bash", MADE_T0);
		section(&f, "cron", MADE_T0 + 1000000);
	} else if (!strcmp(argv[1], "damaged")) {
		section(&f, "bash", MADE_T0);
		at = f.len;
		close_file(&f, MADE_T0 + 2000);
		f.p[at + 8 + 2 + 16] = 1;
		close_file(&f, MADE_T0 + 3000);
	} else if (!strcmp(argv[1], "filtered")) {
		made_head(&f);
		made_event(&f, MADE_FLAGS, 3, MADE_T0, pid, 8, &fd3, 10, "/etc/motd", 4, &rdonly, 4, &zero, 4, &zero, 8, &ok, -1);
		close_file(&f, MADE_T0 + 5);
	} else if (!strcmp(argv[1], "old")) {
		old_forms(&f);
	} else {
		section(&f, "bash", MADE_T0);
		buf__le32(&body, 0);
		made_block(&f, 0x333, &body);
		made_event(&f, 0, 600, MADE_T0 + 2000, pid, -1);
		made_event(&f, 0, 601, MADE_T0 + 2000, pid, -1);
	}
	out = fopen(argv[2], "wb");
	if (!out || fwrite(f.p, f.len, 1, out) != 1 || fclose(out))
		return 1;
	buf__done(&f);
	buf__done(&body);
	return 0;
}
