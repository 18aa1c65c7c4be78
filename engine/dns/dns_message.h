/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_message - questions and answers of the Domain Name System (RFC 1035, RFC 3596), as far as they
 * tell which addresses a name has.
 *
 * The bytes are a stranger's: everything is bounded, and what does not parse is no message.
 */
#ifndef ENG_DNS_MESSAGE_H
#define ENG_DNS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENG_DNS_NAME_MAX 1024u		/* of a name as text: 255 bytes, each at most \DDD */
#define ENG_DNS_ADDRS 16u		/* addresses kept of one answer */

struct eng_dns_addr {
	uint8_t len;			/* 4 or 16 */
	uint8_t ip[16];
};

struct eng_dns {
	uint16_t id;
	bool answer;
	bool cut;			/* the message was not kept whole, or says so itself */
	uint8_t rcode;			/* 0 no error, 3 no such name ... */
	uint16_t type;			/* of the question: 1 A, 28 AAAA ... */
	uint16_t n_name;
	/* without the final dot; bytes that are no letters of a host name as \DDD */
	char name[ENG_DNS_NAME_MAX];
	uint8_t n_addrs;
	struct eng_dns_addr addrs[ENG_DNS_ADDRS];
};

/*
 * Read a message of n bytes, of which its sender has sent `full`. False if these bytes are none, or
 * have no question. What an answer lists behind the end of the bytes is left out (cut).
 */
bool eng_dns__parse(struct eng_dns *ret, const uint8_t *p, size_t n, size_t full);
/* The name of a question's type; buf is used for those without a name. */
const char *eng_dns__type(uint16_t type, char buf[16]);

#endif
