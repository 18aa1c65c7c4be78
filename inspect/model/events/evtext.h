/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evtext - what an event says in words: paths, results, addresses, and numbers as people read them.
 *
 * Everything is appended as found; the screen makes it safe.
 */
#ifndef INS_EVTEXT_H
#define INS_EVTEXT_H

#include "engine/state/state.h"

/*
 * Append the path that a parameter holds, absolute: relative ones are taken from the directory's
 * descriptor or the working directory. False if the event carries none.
 */
bool ins_ctx__path(const struct eng_ctx *ctx, unsigned param, struct buf *out);
/* Does the event work on this file, by a descriptor, by a path, or by executing it? */
bool ins_ctx__names_file(const struct eng_ctx *ctx, const char *path, size_t n,
			 struct buf *scratch);

/*
 * A connect that failed leaves its socket without addresses: append the one that was asked for
 * ("->192.0.2.7:443", or a path) and put it into the tuple's server side. False if the event is no
 * such call or has no address.
 */
bool ins_ctx__refused_peer(const struct eng_ctx *ctx, struct eng_tuple *ret, struct buf *name);

/* "web:443", "[::1]:80", or the path of a unix socket; server: that side, else the client's. */
void ins_tuple__text(const struct eng_tuple *t, bool server, struct buf *out);
/* "tcp", "udp", "unix", ... */
const char *ins_tuple__proto(const struct eng_tuple *t, uint8_t fd_type);

/* Wait status in few letters: "0", "3", "KILL", "SEGV+" (with core). */
const char *ins_status__text(int32_t status, char buf[16]);
/* A terminal's device number: "pts/0", "tty1"; "" for 0. */
const char *ins_tty__text(uint32_t dev, char buf[16]);
/* A duration in at most 6 columns: "340ns", "1.2ms", "59.9s", "12m03", "5h07m", "12d4h". */
const char *ins_dur__text(uint64_t ns, char buf[16]);
/* A count or size in at most 5 columns: "999", "1.2k", "35M". */
const char *ins_short__text(uint64_t n, char buf[16]);

#endif
