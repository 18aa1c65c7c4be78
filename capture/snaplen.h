/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snaplen - how many bytes are kept of what a call reads or writes, with exceptions.
 *
 *   list      = [SIZE ,] exception , ...	SIZE: for whatever has no exception
 *   exception = WHAT = SIZE | WHAT = whole	the first that fits a call counts
 *   WHAT      = port:N		a TCP or UDP socket of which one end has the port
 *             | path:/NAMES	the file, or a directory and all below it, as the process sees it
 *             | tty		terminals
 *             | fd:N		the descriptor's number in its process
 *
 * "whole" is what a record can hold of one call, CAP_SNAP_MAX bytes.
 */
#ifndef CAP_SNAPLEN_H
#define CAP_SNAPLEN_H

#include <stdbool.h>

#include "capture/bpf/record.h"
#include "format/base/err.h"

struct cap_snaplen {
	uint32_t bytes;			/* without exception */
	unsigned n;
	struct cap_snap snaps[CAP_SNAPS];
};

/* Add a list to what there is; on failure some of it may have been added. */
int cap_snaplen__add(struct cap_snaplen *s, const char *list, struct err *err);
/* Add one exception. */
int cap_snaplen__except(struct cap_snaplen *s, const char *text, struct err *err);

#define CAP_SNAPLEN_TEXT (CAP_SNAPS * (CAP_SNAP_PATH + 14))
/* Exceptions as a list, sizes in bytes. */
void cap_snaplen__text(const struct cap_snap *snaps, unsigned n, char ret[CAP_SNAPLEN_TEXT]);

/* What is known of the object of a call. */
struct cap_snap_object {
	int fd;				/* -1: none */
	bool tty;
	uint16_t ports[3];		/* 0: none */
	const char *path;		/* as the process sees it; NULL: none */
};
/* How many bytes are kept: as the programs in the kernel decide it. */
uint32_t cap_snaplen__keep(uint32_t bytes, const struct cap_snap *snaps, unsigned n,
			   const struct cap_snap_object *o);

#endif
