/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dns_row - what is read from bytes to and from port 53: questions and answers, as events.
 *
 * The kernel's side keeps more of these bytes than of others and hands over the socket with them;
 * the row goes behind that of the call.
 */
#ifndef CAP_DNS_ROW_H
#define CAP_DNS_ROW_H

#include "capture/bpf/record.h"
#include "engine/dns/dns_message.h"
#include "format/batch/batch.h"

#define CAP_DNS_ASKED 256u		/* questions whose answers are waited for */

struct cap_parts;

struct cap_dns {
	bool found;			/* the last record had a message */
	struct eng_dns msg;
	int64_t fd;
	uint8_t server[19];		/* PT_SOCKADDR */
	uint32_t n_server;
	uint64_t latency;		/* ns; 0: not known */
	struct cap_asked { uint64_t who, ts; } asked[CAP_DNS_ASKED];
};

/* Look into the bytes of a record; sets found. */
void cap_dns__look(struct cap_dns *d, const struct cap_parts *p);
/* Append the row of what was found. ts: the call's. Negative if there is no room. */
int cap_dns__row(const struct cap_dns *d, const struct cap_record *r, uint64_t ts, unsigned cpu,
		 struct fmt_batch *b);

#endif
