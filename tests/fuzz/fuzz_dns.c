// SPDX-License-Identifier: Apache-2.0
/* DNS messages of strangers: what is read stays within its bounds. */
#include <assert.h>
#include <string.h>

#include "engine/dns/dns_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eng_dns d;
	char buf[16];

	if (!eng_dns__parse(&d, data, size, size + (size ? data[0] & 1 : 0)))
		return 0;
	assert(d.n_name < ENG_DNS_NAME_MAX && d.n_addrs <= ENG_DNS_ADDRS);
	for (unsigned i = 0; i < d.n_name; i++)
		assert(d.name[i] > ' ' && d.name[i] < 127);
	for (unsigned i = 0; i < d.n_addrs; i++)
		assert(d.addrs[i].len == 4 || d.addrs[i].len == 16);
	assert(*eng_dns__type(d.type, buf));
	return 0;
}
