/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sockaddr - socket addresses as events carry them (PT_SOCKADDR, PT_SOCKTUPLE), read and written as
 * text.
 *
 * The bytes come from a file: lengths are checked, what does not fit is refused.
 */
#ifndef ENG_SOCKADDR_H
#define ENG_SOCKADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct eng_tuple;

enum { SA_UNIX = 1, SA_INET = 2, SA_INET6 = 10 };

struct sock_end {
	uint8_t ip[16];			/* IPv4 in the first 4 bytes */
	uint16_t port;
};

/* One address (dst only) or two. */
struct sock_addrs {
	uint8_t family;			/* SA_*, or another number: nothing else is set then */
	struct sock_end src, dst;
	uint64_t src_ptr, dst_ptr;	/* unix: kernel addresses */
	const char *path;		/* unix: not terminated; borrowed */
	size_t path_len;
};

/* False if the bytes are no address; tuple: two addresses. */
bool sock_addrs__read(struct sock_addrs *a, const void *p, size_t n, bool tuple);

/* Turn IPv4 mapped into IPv6 into plain IPv4: both ends, if both are. */
void sock_addrs__unmap(struct sock_addrs *a, bool tuple);

/* "1.2.3.4:80", "::1:80". */
void sock_end__text(uint8_t family, const struct sock_end *e, struct buf *out);
/*
 * "1.2.3.4:5->6.7.8.9:80"; unix: "SRC->DST path" with kernel addresses in hexadecimal; else "family
 * N".
 */
void sock_addrs__text(const struct sock_addrs *a, bool tuple, struct buf *out);
/* A connection's text from a descriptor's tuple: without ports for icmp and raw. */
void eng_tuple__text(const struct eng_tuple *t, struct buf *out);

#endif
