// SPDX-License-Identifier: Apache-2.0
/*
 * Lines of the control socket on hostile bytes. What is taken obeys the limits that are promised; what is not says why.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/trigger/control_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct eng_control_request *r)
{
	const struct eng_trigger_request *t = &r->trigger;

	if (r->command > CONTROL_STOP || r->playbooks > PLAYBOOKS_RESUME)
		abort();
	if (r->command != CONTROL_TRIGGER) {
		if (t->container || r->wait)
			abort();
		return;
	}
	if (strlen(t->container) > 256 || strlen(t->reason) > 4096 || strlen(t->rule) > 512 || strlen(t->pod) > 512 ||
	    t->before_ns > ENG_TRIGGER_SPAN_MAX_NS || t->after_ns > ENG_TRIGGER_SPAN_MAX_NS)
		abort();
	if (t->host != (!*t->container && !*t->pod))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct eng_control_request r = { 0 };
	struct err err = { 0 };
	char *exact = malloc(size ? size : 1);	/* so that a read past the end is one past an allocation */

	memcpy(exact, data, size);
	if (!eng_control_request__parse(exact, size, &r, &err)) {
		check(&r);
		eng_control_request__done(&r);
	} else if (!*err.msg) {
		abort();
	}
	free(exact);
	return 0;
}
